"""Which filters are for which topics, as the firmware has it."""

from __future__ import annotations

import pytest

from simulator.mqtt import topic_matches


@pytest.mark.parametrize(
    ("filter_", "topic"),
    [
        *(("a/b", "a/b"), ("#", "a/b"), ("a/#", "a/b/c"), ("a/#", "a"), ("a/+", "a/b"), ("a/+", "a/")),
        *(("+/b", "a/b"), ("+/b", "/b"), ("+", "a"), ("+/+", "a/b"), ("a/+/c", "a/b/c"), ("a/+/#", "a/b/c")),
        *(("$SYS/#", "$SYS/x"), ("$SYS/+", "$SYS/x"), ("/#", "/a"), ("+/#", "a/b")),
    ],
)  # fmt: skip
def test_is_for_it(filter_: str, topic: str) -> None:
    assert topic_matches(filter_.encode(), topic.encode())


@pytest.mark.parametrize(
    ("filter_", "topic"),
    [
        *(("a/b", "a"), ("a", "a/b"), ("a/b", "a/c"), ("a/+", "a/b/c"), ("+", "a/b"), ("+", "/a"), ("a/b/#", "a")),
        *(("#", "$SYS/x"), ("+/x", "$SYS/x"), ("$SYS/#", "a"), ("a/#/b", "a/x/b"), ("", "a"), ("a", ""), ("#", "")),
        ("a/+/#", "a/b"),  # for MQTT it is, as is the next
        ("a/#", "a/"),
    ],
)  # fmt: skip
def test_is_not_for_it(filter_: str, topic: str) -> None:
    assert not topic_matches(filter_.encode(), topic.encode())
