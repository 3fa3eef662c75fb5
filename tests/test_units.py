"""The little languages in which people write times and sizes."""

from __future__ import annotations

import pytest

from simulator.errors import UsageError
from simulator.units import format_duration, format_size, parse_duration, parse_size, write_duration


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("3", 3_000_000_000),
        ("250ms", 250_000_000),
        ("1.5s", 1_500_000_000),
        ("7us", 7_000),
        ("12ns", 12),
        ("2m", 120_000_000_000),
        ("1h30m", 5_400_000_000_000),
    ],
)
def test_reads_a_time(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "s", "1 s", "-1s", "1d", "1s!", "ms5", "1.2.3s", "٣s"])
def test_refuses_what_is_no_time_and_names_it(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0),
        ("010", 10),
        ("65536", 65536),
        ("0x10000", 65536),
        ("0X10B", 267),
        ("64k", 65536),
        ("512KiB", 524288),
        ("1M", 1048576),
        ("4MB", 4194304),
        ("100B", 100),
    ],
)
def test_reads_a_size(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "K", "1.5M", "-1", "1G", "0x", "1 M", "big"])
def test_refuses_what_is_no_size_and_names_it(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size"):
        parse_size(text)


def test_writes_sizes_and_times_for_people() -> None:
    assert [format_size(size) for size in (0, 100, 4096, 4 << 20, 1000000)] == [
        "0 B",
        "100 B",
        "4 KiB",
        "4 MiB",
        "1000000 B",
    ]
    assert [format_duration(time) for time in (1_234_000_000, 45_000_000, 1_500)] == [
        "1.234 s",
        "45.000 ms",
        "1.500 us",
    ]


@pytest.mark.parametrize(
    ("duration_ns", "text"), [(0, "0s"), (90_000_000_000, "90s"), (1_500_000_000, "1500ms"), (7_001, "7001ns")]
)
def test_writes_a_time_exactly_so_that_it_can_be_read_again(duration_ns: int, text: str) -> None:
    assert write_duration(duration_ns) == text
    assert parse_duration(text) == duration_ns
