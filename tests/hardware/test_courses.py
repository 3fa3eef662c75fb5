"""What controls are set to over time."""

from __future__ import annotations

import pytest

from simulator.errors import UsageError
from simulator.hardware.courses import Course, Ramp, Sine, Steps
from tests.hardware.clock import Table

S = 10**9


def seen(course: Course, end_ns: int) -> list[tuple[int, object]]:
    """Every moment at which a course is looked at until the end, and its value there."""
    moments: list[tuple[int, object]] = [(0, course.at(0))]
    at_ns = course.next_ns(0)
    while at_ns is not None and at_ns <= end_ns:
        moments.append((at_ns, course.at(at_ns)))
        at_ns = course.next_ns(at_ns)
    return moments


def test_steps_hold_until_the_next() -> None:
    course = Steps((S, 3 * S), (5, 7))
    assert seen(course, 10 * S) == [(0, None), (S, 5), (3 * S, 7)]
    assert (course.at(2 * S), course.at(99 * S)) == (5, 7)
    assert not course.is_endless


def test_steps_begin_again() -> None:
    course = Steps((0, S), (1, 0), repeat_ns=3 * S)
    assert seen(course, 7 * S) == [(0, 1), (S, 0), (3 * S, 1), (4 * S, 0), (6 * S, 1), (7 * S, 0)]
    assert course.is_endless


def test_before_the_first_step_of_a_round_the_last_of_the_one_before_holds() -> None:
    course = Steps((S,), (9,), repeat_ns=2 * S)
    assert (course.at(0), course.at(S), course.at(2 * S)) == (None, 9, 9)
    assert course.next_ns(S) == 3 * S


def test_a_ramp_is_looked_at_on_its_way_and_at_its_end() -> None:
    course = Ramp(0, 10, start_ns=S, over_ns=2 * S, every_ns=1_500_000_000)
    assert seen(course, 10 * S) == [(0, 0), (2_500_000_000, 7.5), (3 * S, 10)]
    assert (course.at(S), course.at(2 * S), course.at(9 * S)) == (0, 5, 10)


def test_a_sine_goes_up_first() -> None:
    course = Sine(20, 5, period_ns=4 * S, every_ns=S)
    assert [value for _, value in seen(course, 4 * S)] == pytest.approx([20, 25, 20, 15, 20])


def followed(control: str, course: Course, **part: object) -> Table:
    table = Table({"type": "potentiometer", "name": "p", "pin": 36, **part})
    table["p"].courses = {control: course}
    table["p"].begin()
    return table


def test_a_part_follows_its_course_and_the_pin_with_it() -> None:
    table = followed("position", Steps((S, 2 * S), (0.5, 1)))
    table.wait_ms(1000)
    assert table.bench.wire(36).millivolts == 1650
    table.wait_ms(5000)
    assert table.bench.wire(36).millivolts == 3300
    # Each at its own moment, however late anybody looks.
    assert [(event["part"], event["value"]) for event in table.events if event.get("control")] == [("p", 0.5), ("p", 1)]


def test_who_sets_a_control_ends_its_course() -> None:
    table = followed("position", Ramp(0, 1, start_ns=0, over_ns=10 * S, every_ns=S // 10))
    table.wait_ms(1000)
    assert table["p"].values["position"] == pytest.approx(0.1)
    table["p"].set_control("position", 0.9)
    table.wait_ms(5000)
    assert table["p"].values["position"] == 0.9
    # The small steps of a ramp are no events.
    assert [event["value"] for event in table.events if event.get("control")] == [0.9]


@pytest.mark.parametrize(
    ("course", "waits"),
    [
        (Steps((S,), (1,)), True),
        (Ramp(0, 1, start_ns=0, over_ns=S, every_ns=S), True),
        (Steps((S,), (1,), repeat_ns=S + 1), False),
        (Steps((S,), (1,), keeps_waiting=False), False),
        (Sine(0.5, 0.5, period_ns=S, every_ns=S), False),
    ],
)
def test_a_board_waits_for_what_comes_to_an_end(course: Course, waits: bool) -> None:
    assert followed("position", course).bench.is_quiet is not waits


def test_a_course_that_leaves_the_range_is_refused_when_it_does() -> None:
    table = followed("position", Steps((S,), (7,)))
    with pytest.raises(UsageError, match=r"part 'p' \(potentiometer\): position = 7 is not a number from 0 to 1"):
        table.wait_ms(1000)


def test_texts_are_sent_when_their_time_has_come() -> None:
    table = Table({"type": "uart-peer", "name": "u", "rx": 12, "send": {"steps": {0: "a", "1s": "b\\n"}}})
    heard = bytearray()
    table.bench.wire(12).on_serial.append(lambda data, _form, _at_ns: heard.extend(data))
    table.wait_ms(2)
    assert heard == b"a"
    table.wait_ms(1100)
    assert heard == b"ab\n"
