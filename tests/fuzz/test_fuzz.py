"""The short form: a few examples for everything that reads bytes. The long form is ``make fuzz``."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import run
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name.replace(" ", "-"))
def test_hostile_bytes_get_a_verdict_and_no_exception(target: Target) -> None:
    @settings(max_examples=20 + target.share, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def property_(data: Any) -> None:
        target.check(data.draw(target.strategy))

    property_()


def planted(example: int) -> None:
    """Have a mistake that few examples meet."""
    assert example % 1_000 != 7, f"{example} is not wanted"


def test_the_long_form_gives_as_many_examples_as_it_says_and_finds_what_there_is() -> None:
    numbers = st.integers(0, 1 << 60)
    assert run(Target("sound", numbers, lambda _: None, 100), 2_500, 0) == (2_500, "")
    count, found = run(Target("planted", numbers, planted, 100), 20_000, 0)
    assert count < 20_000
    assert "7 is not wanted" in found
