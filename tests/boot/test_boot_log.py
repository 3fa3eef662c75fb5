from __future__ import annotations

import pytest

from simulator.boot import BootLine, LogLevel, Steps, render_line
from simulator.boot.log import BootLog
from simulator.boot.steps import Work, steps


@pytest.mark.parametrize(
    ("level", "wire"),
    [
        (LogLevel.ERROR, "\x1b[0;31mE (29) boot: text\x1b[0m\r\n"),
        (LogLevel.WARN, "\x1b[0;33mW (29) boot: text\x1b[0m\r\n"),
        (LogLevel.INFO, "\x1b[0;32mI (29) boot: text\x1b[0m\r\n"),
        (LogLevel.DEBUG, "D (29) boot: text\r\n"),
        (LogLevel.VERBOSE, "V (29) boot: text\r\n"),
    ],
)
def test_line_has_the_colour_of_its_level_on_the_wire(level: LogLevel, wire: str) -> None:
    assert render_line(BootLine(level, "boot", "text"), 29) == wire


def test_colour_can_be_left_out() -> None:
    assert render_line(BootLine(LogLevel.INFO, "boot", "text"), 104, colour=False) == "I (104) boot: text\r\n"


def test_line_as_text_has_neither_colour_nor_time() -> None:
    log = BootLog()
    shown = [log.error("a", "1"), log.warn("b", "2"), log.info("c", "3")]
    assert [str(line) for line in shown] == ["E a: 1", "W b: 2", "I c: 3"]
    assert log.lines == shown


def test_steps_do_nothing_before_they_are_asked_and_have_their_result_at_the_end() -> None:
    done: list[str] = []

    @steps
    def work(name: str) -> Work[str]:
        done.append(name)
        yield None
        done.append("end")
        return name

    pieces: Steps[str] = work("first")
    assert done == []
    iterator = iter(pieces)
    assert next(iterator) is None
    assert done == ["first"]
    assert list(iterator) == []
    assert pieces.result == "first"
    assert work("second").run() == "second"


def test_steps_can_be_part_of_other_steps() -> None:
    @steps
    def inner() -> Work[int]:
        yield None
        return 7

    @steps
    def outer() -> Work[int]:
        return (yield from inner()) + 1

    assert outer().run() == 8
