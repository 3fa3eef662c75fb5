from __future__ import annotations

import pytest

from simulator.console.newline import to_wire
from simulator.console.syslog import LOG_ALL, MASK_AT_BOOT, Level, Log, mask_of_levels

EVERYTHING = 0xFF


@pytest.mark.parametrize(
    ("message", "program", "wire"),
    [
        (b"msg\n", b"msg\n\r", b"msg\r\n\r"),
        (b"msg", b"msg\r\n", b"msg\r\r\n"),
        (b"msg\r\n", b"msg\r\n", b"msg\r\r\n"),
        (b"msg\r", b"msg\r\r\n", b"msg\r\r\r\n"),
        (b"msg\n\n", b"msg\n\n", b"msg\r\n\r\n"),
        (b"", b"\r\n", b"\r\r\n"),
        (b"a\nb\n", b"a\nb\n\r", b"a\r\nb\r\n\r"),
    ],
)
def test_line_ends_reach_the_wire_as_the_device_bends_them(message: bytes, program: bytes, wire: bytes) -> None:
    shown = Log(EVERYTHING).write(Level.ERR, message)
    assert shown == program
    assert to_wire(shown) == wire


def test_506_characters_are_shown_in_full() -> None:
    assert Log(EVERYTHING).write(Level.ERR, b"x" * 505 + b"\n") == b"x" * 505 + b"\n\r"
    assert Log(EVERYTHING).write(Level.ERR, b"x" * 506) == b"x" * 506 + b"\r\n"


def test_a_longer_message_is_cut_at_506_characters_and_loses_its_own_line_end() -> None:
    assert Log(EVERYTHING).write(Level.ERR, b"x" * 600 + b"\n") == b"x" * 506 + b"\r\n"


def test_a_cut_that_falls_behind_a_line_end_bends_it_like_any_other() -> None:
    assert Log(EVERYTHING).write(Level.ERR, b"x" * 505 + b"\n" + b"y" * 100) == b"x" * 505 + b"\n\r"


def test_a_message_that_misses_the_buffer_by_one_drags_its_terminator_along() -> None:
    assert Log(EVERYTHING).write(Level.ERR, b"x" * 507) == b"x" * 506 + b"\r\n\0"


def test_a_facility_given_by_a_script_changes_the_room_for_the_message() -> None:
    user_facility = 1 << 3
    assert Log(EVERYTHING).write(user_facility | Level.ERR, b"x" * 600) == b"x" * 507 + b"\r\n"


def test_a_message_ends_at_its_first_nul() -> None:
    assert Log(EVERYTHING).write(Level.ERR, b"seen\0unseen") == b"seen\r\n"


@pytest.mark.parametrize(
    ("build", "mask", "shown"),
    [
        ("NONE", 0x01, "EMERG"),
        ("ERROR", 0x0F, "EMERG ALERT CRIT ERR"),
        ("WARN", 0x1F, "EMERG ALERT CRIT ERR WARNING"),
        ("INFO", 0x7F, "EMERG ALERT CRIT ERR WARNING NOTICE INFO"),
        ("DEBUG", 0xFF, "EMERG ALERT CRIT ERR WARNING NOTICE INFO DEBUG"),
        ("VERBOSE", 0xFF, "EMERG ALERT CRIT ERR WARNING NOTICE INFO DEBUG"),
    ],
)
def test_the_build_decides_which_levels_show_after_boot(build: str, mask: int, shown: str) -> None:
    assert MASK_AT_BOOT[build] == mask
    log = Log(MASK_AT_BOOT[build])
    assert [level.name for level in Level if log.write(level, b"x")] == shown.split()


def test_an_error_report_ends_without_its_last_lf() -> None:
    assert to_wire(Log(0x0F).error(b"stdin:1: x\n")) == b"stdin:1: x\r\n\r"


def test_a_board_built_with_level_none_hides_error_reports() -> None:
    assert Log(MASK_AT_BOOT["NONE"]).error(b"stdin:1: x\n") == b""


@pytest.mark.parametrize("mask", [0x01, 0xFF])
def test_with_the_log_off_the_console_errors_come_unmasked_uncut_and_with_a_plain_line_end(mask: int) -> None:
    log = Log(mask)
    log.to_console = False
    assert to_wire(log.error(b"x" * 600 + b"\n")) == b"x" * 600 + b"\r\n"
    assert log.write(Level.EMERG, b"other messages") == b""


@pytest.mark.parametrize(
    ("levels", "mask"),
    [
        ([Level.EMERG], 0x01),
        ([Level.ERR], 0x0F),
        ([Level.INFO], 0x7F),
        ([Level.DEBUG], 0xFF),
        ([LOG_ALL], 0xFF),
        ([Level.EMERG, Level.CRIT], 0x07),
        ([Level.CRIT, Level.EMERG], 0x07),
    ],
)
def test_loglevel_admits_everything_up_to_each_argument(levels: list[int], mask: int) -> None:
    assert mask_of_levels(levels) == mask


@pytest.mark.parametrize("level", [-1, 8, 254, 256])
def test_loglevel_refuses_other_numbers(level: int) -> None:
    with pytest.raises(ValueError, match=r"^invalid flag$"):
        mask_of_levels([Level.ERR, level])
