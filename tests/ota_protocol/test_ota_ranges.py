"""``Range`` and ``If-Range``: which part of an image a client gets."""

from __future__ import annotations

import pytest

from simulator.ota_protocol import Part, UnsatisfiableRangeError, requested_part

TAG = '"abc"'


def part(wanted: str | None, if_range: str | None = None, size: int = 1000) -> Part | None:
    return requested_part(wanted, if_range, etag=TAG, size=size)


@pytest.mark.parametrize(
    ("wanted", "content_range"),
    [
        ("bytes=0-", "bytes 0-999/1000"),
        ("bytes=500-", "bytes 500-999/1000"),
        ("bytes=999-", "bytes 999-999/1000"),
        ("bytes=10-19", "bytes 10-19/1000"),
        ("bytes=10-5000", "bytes 10-999/1000"),
        ("bytes=-1", "bytes 999-999/1000"),
        ("bytes=-5000", "bytes 0-999/1000"),
        (" Bytes=7-7 ", "bytes 7-7/1000"),
    ],
)
def test_one_range_is_served(wanted: str, content_range: str) -> None:
    found = part(wanted)
    assert found is not None
    assert found.content_range == content_range
    assert 0 <= found.first < found.end <= found.size


@pytest.mark.parametrize("wanted", [None, "", "bytes", "bytes=", "bytes=-", "bytes=1-2,4-5", "lines=1-2", "bytes=9-3"])
def test_what_cannot_be_read_is_ignored_and_the_whole_is_sent(wanted: str | None) -> None:
    assert part(wanted) is None


def test_a_part_of_something_else_is_of_no_use() -> None:
    assert part("bytes=500-", TAG) is not None
    assert part("bytes=500-", '"other"') is None


@pytest.mark.parametrize("wanted", ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_behind_the_end_cannot_be_served(wanted: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        part(wanted)


def test_nothing_has_no_part() -> None:
    with pytest.raises(UnsatisfiableRangeError):
        part("bytes=0-", size=0)
