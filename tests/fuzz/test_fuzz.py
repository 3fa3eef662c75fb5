"""The short form: a few examples for everything that reads bytes. The long form is ``make fuzz``."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name.replace(" ", "-"))
def test_hostile_bytes_get_a_verdict_and_no_exception(target: Target) -> None:
    @settings(max_examples=20 + target.share, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def property_(data: Any) -> None:
        target.check(data.draw(target.strategy))

    property_()
