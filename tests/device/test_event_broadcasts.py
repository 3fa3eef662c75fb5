"""event, as a script has it."""

from __future__ import annotations

import pytest

from tests.device.test_pins_and_pulses import error_of, lines


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("event.create():broadcast(1)", "bad argument #1 to 'broadcast' (boolean expected, got number)"),
        ("event.create().wait()", "bad argument #1 to 'wait' (event.ins expected, got no value)"),
        ("event.create().done({})", "bad argument #1 to 'done' (event.ins expected, got table)"),
    ],
)
def test_events_refuse_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text


def test_a_broadcast_reaches_those_who_wait_and_can_wait_until_they_are_done() -> None:
    script = """
        local e = event.create()
        for i = 1, 2 do
          thread.start(function()
            while true do print(i, e:wait()) tmr.sleepms(10 * i) print(i, "done") e:done() end
          end)
        end
        tmr.sleepms(1) print(e:broadcast(true), e:pending())
    """
    out = lines(script)
    assert sorted(out[:2]) == ["1\ttrue", "2\ttrue"]
    assert out[2:] == ["1\tdone", "2\tdone", "true\tfalse"]


def test_a_broadcast_that_waits_is_pending_until_everybody_is_done() -> None:
    script = """
        local e = event.create()
        thread.start(function() e:wait() tmr.sleepms(50) e:done() end) tmr.sleepms(1)
        print(e:pending())
        thread.start(function() print("sent", e:broadcast(true)) end)
        tmr.sleepms(20) print(e:pending()) tmr.sleepms(100) print(e:pending())
    """
    assert lines(script) == ["false", "true", "sent\ttrue", "false"]


def test_a_broadcast_is_lost_where_nobody_has_waited_yet() -> None:
    script = """
        local e = event.create()
        print(e:broadcast(), e:broadcast(true))
        thread.start(function() tmr.sleepms(10) print(e:wait()) end) tmr.sleepms(100)
        print "lost" e:broadcast() tmr.sleepms(10)
    """
    assert lines(script) == ["true\ttrue", "lost", "true"]


def test_a_second_broadcast_waits_until_the_first_has_been_taken() -> None:
    script = """
        local e = event.create()
        thread.start(function() e:wait() tmr.sleepms(100) print "again" e:wait() print "twice" end)
        tmr.sleepms(10)
        e:broadcast() tmr.sleepms(10) e:broadcast() print "room for one" e:broadcast() print "waited" tmr.sleepms(10)
    """
    assert lines(script) == ["room for one", "again", "twice", "waited"]


def test_disabling_ends_the_waiting_of_all_and_waits_until_they_are_done() -> None:
    script = """
        local e = event.create()
        thread.start(function() print("woken", e:wait()) tmr.sleepms(50) print "done" e:done() end) tmr.sleepms(1)
        e:disable() print(e:wait(), e:broadcast(), e:broadcast(true))
        e:enable() print(e:broadcast())
    """
    assert lines(script) == ["woken\tfalse", "done", "false\tfalse\tfalse", "true"]


def test_messages_are_taken_in_order_even_when_the_event_works_again() -> None:
    script = """
        local e = event.create()
        thread.start(function() e:wait() tmr.sleepms(50) print(e:wait()) print(e:wait()) e:done() end)
        tmr.sleepms(1) e:broadcast() tmr.sleepms(1) e:broadcast()
        thread.start(function() e:disable() print "disabled" end) tmr.sleepms(10) e:enable() tmr.sleepms(100)
    """
    assert lines(script) == ["true", "false", "disabled"]


def test_who_ends_without_being_done_holds_up_those_who_broadcast() -> None:
    script = """
        local e = event.create()
        thread.start(function() e:wait() end) tmr.sleepms(1)
        e:broadcast() tmr.sleepms(1) print(e:broadcast())
        thread.start(function() e:broadcast() print "never" end) tmr.sleepms(1000)
    """
    assert lines(script) == ["true"]


def test_those_behind_a_listener_that_left_hear_nothing_until_somebody_takes_its_place() -> None:
    script = """
        local e = event.create()
        thread.start(function() e:wait() tmr.sleepms(10) e:done() end) tmr.sleepms(1)
        thread.start(function() while true do print(e:wait()) end end) tmr.sleepms(1)
        e:broadcast() tmr.sleepms(20) print "the first one has left"
        e:broadcast() tmr.sleepms(1) print "nothing"
        thread.start(function() e:wait() end) tmr.sleepms(1)
        e:broadcast() tmr.sleepms(1)
    """
    assert lines(script) == ["true", "the first one has left", "nothing", "true"]


def test_who_waits_again_behind_a_listener_that_left_has_a_second_place() -> None:
    script = """
        local e = event.create()
        thread.start(function() e:wait() e:done() end) tmr.sleepms(1)
        thread.start(function() while true do tmr.sleepms(10) e:wait() print "heard" end end) tmr.sleepms(20)
        e:broadcast() tmr.sleepms(20) e:broadcast() tmr.sleepms(20) print "the old place is full"
        thread.start(function() e:broadcast() print "never" end) tmr.sleepms(100)
    """
    assert lines(script) == ["heard", "heard", "the old place is full", "heard"]


def test_who_is_done_behind_one_that_left_is_not_noticed() -> None:
    script = """
        local e = event.create()
        for i = 1, 2 do thread.start(function() e:wait() tmr.sleepms(10 * i) e:done() print(i) end) tmr.sleepms(1) end
        thread.start(function() e:broadcast(true) print "never" end)
        tmr.sleepms(1000) print(e:pending())
    """
    assert lines(script) == ["1", "2", "true"]


def test_an_event_that_nobody_has_any_more_is_forgotten() -> None:
    script = """
        for i = 1, 100 do local e = event.create() e:broadcast() e = nil collectgarbage() end
        print(event.create():broadcast())
    """
    assert lines(script) == ["true"]
