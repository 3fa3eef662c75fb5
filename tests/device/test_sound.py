"""sound, as a script has it, with a loudspeaker."""

from __future__ import annotations

import pytest

from tests.device.stage import Stage, staged
from tests.device.test_pins_and_pulses import error_of, lines

SPEAKER = {"type": "buzzer", "name": "speaker", "pin": 26}


@pytest.mark.parametrize(
    ("call", "text"),
    [
        *((f"sound.attach({kind}, 26)", "620756993:invalid tone generator") for kind in (0, 3, -1)),
        ("sound.attach(sound.PWM)", "bad argument #2 to 'attach' (number expected, got no value)"),
        *((f"sound.attach(1, 26):playnote({n!r}, 4)", "620756994:invalid note") for n in ("", "H4", "a4", "C#1664")),
        ("sound.attach(1, 26):playnote('A4')", "bad argument #2 to 'playnote' (number expected, got no value)"),
        ("sound.attach(1, 26):playnote({}, 4)", "bad argument #1 to 'playnote' (string expected, got table)"),
        ("sound.attach(1, 26):playtone(0, 10)", "117440516:invalid frequency"),
        ("sound.attach(1, 26):playtone(100000, 10)", "117440516:invalid frequency"),
        ("sound.attach(1, 26):playnote('A4', -6)", "117440516:invalid frequency"),
        *((f"sound.attach(1, 26):setvolume({volume})", "620756998:invalid volume") for volume in (-0.1, 1.1)),
        ("sound.attach(1, 0):playtone(440, 10)", "620756992:tone generator not setup"),
        ("sound.attach(sound.DAC, 27):playtone(440, 10)", "620756992:tone generator not setup"),
        ("sound.attach(sound.DAC, 27):setvolume(2)", "620756992:tone generator not setup"),
        ("p = pwm.attach(26, 50, 0) sound.attach(1, 26):playnote('A4', 4)", "620756992:tone generator not setup"),
        ("s = sound.attach(1, 26) pwm.attach(26, 50, 0)", "gpio26 is used by pwm0"),
        ("s = sound.attach(2, 26) pwm.attach(26, 50, 0)", "gpio26 is used by sound0"),
        ("s = sound.attach(1, 26) s.playtone({}, 1, 1)",
         "bad argument #1 to 'playtone' (sound.device expected, got table)"),
    ],
)  # fmt: skip
def test_sound_refuses_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text


@staged(
    board="GENERIC",
    parts=[SPEAKER],
    script="""
        local s = sound.attach(sound.PWM, 26)
        local function took(f, ...)
          local t = os.clock() f(s, ...) return math.floor((os.clock() - t) * 100 + 0.5) * 10
        end
        print(took(s.playtone, 1000, 300))
        print(took(s.playnote, "A4", 4), took(s.playnote, "C8", 5), took(s.playnote, "F#2.", 5))
        print(took(s.playnote, "Bb1", 3), took(s.playsilence, "4"), took(s.playsilence, "2."), took(s.playsilence, 8))
        s:timesignature(3, 8, 240) print(took(s.playnote, "G4", 4), took(s.playnote, "E16", 6))
    """,
)
async def test_notes_have_their_pitch_and_their_length(stage: Stage) -> None:
    printed = (await stage.boot()).split("Executing /autorun.lua ...\r\n")[1]
    assert printed.split("\r\n")[:4] == ["300", "500\t250\t1500", "2000\t500\t1500\t250", "500\t130"]
    heard = [event["hertz"] for event in stage.of_parts()]
    assert heard == [1000, 0, 440, 0, 523, 0, 741, 0, 233, 0, 392, 0, 1321, 0], "as near as the timer gets"


@staged(board="GENERIC", parts=[SPEAKER], script="local s = sound.attach(sound.PWM, 26) s:playtone(5000, 100)")
async def test_high_tones_are_silent_because_the_duty_stays_that_of_a_finer_resolution(stage: Stage) -> None:
    await stage.boot()
    assert [event["hertz"] for event in stage.of_parts()] == []
    assert [event["level"] for event in stage.of_kind("pin") if event.get("gpio") == 26] == [1, 0]


def test_a_tone_keeps_other_threads_running() -> None:
    script = """
        local s, n = sound.attach(1, 26), 0
        thread.start(function() for i = 1, 30 do n = n + 1 tmr.sleepms(10) end end)
        s:playtone(440, 200) print(n)
    """
    assert lines(script)[0] in ("20", "21")


@staged(
    board="GENERIC",
    parts=[SPEAKER],
    script="""
        s = sound.attach(sound.PWM, 26)
        t = thread.start(function() s:playtone(440, 1000) end) tmr.sleepms(100) thread.stop(t) tmr.sleepms(2000)
        print("still playing") s:detach() s:detach() sound.attach(1, 26).detach(5)
        print(pcall(s.playsilence, s, "8"), pcall(s.playtone, s, 440, 1))
    """,
)
async def test_a_tone_whose_thread_is_stopped_goes_on_until_the_device_is_given_up(stage: Stage) -> None:
    printed = (await stage.boot()).split("Executing /autorun.lua ...\r\n")[1]
    assert printed.startswith("still playing\r\ntrue\tfalse\t620756992:tone generator not setup\r\n")
    times = [event["at"] for event in stage.of_kind("pin") if event.get("gpio") == 26 and "period" in event]
    assert len(times) == 1
    assert [event["hertz"] for event in stage.of_parts()] == [440, 0]


@pytest.mark.parametrize(
    "call", ['s:playnote("A", 4)', 's:playnote("A.", 4)', 's:playsilence("x")', "s:timesignature(4, 4, 0)"]
)
def test_a_length_of_nothing_crashes_the_chip(call: str) -> None:
    @staged(
        board="GENERIC", script=f"if os.resetreason() == 1 then local s = sound.attach(1, 26) {call} print 'never' end"
    )
    async def play(stage: Stage) -> None:
        console = await stage.boot()
        assert "panic'ed (IntegerDivideByZero)" in console
        assert "never" not in console
        assert len(stage.board.boots) == 2

    play()


@staged(
    board="GENERIC",
    parts=[SPEAKER],
    script="""
        local s = sound.attach(sound.DAC, 26) s:setvolume(0.5)
        local t = os.clock() s:playtone(1000, 200) s:playtone(500, 101) print(os.clock() - t)
        tmr.sleepms(100)
    """,
)
async def test_the_converter_plays_whole_periods_and_its_buffers_are_filled_ahead(stage: Stage) -> None:
    printed = (await stage.boot()).split("Executing /autorun.lua ...\r\n")[1]
    assert abs(float(printed.split("\r\n")[0]) - 0.292) < 0.002, "ten milliseconds are still to be played"
    waves = [event for event in stage.of_kind("pin") if event.get("gpio") == 26]
    assert [event.get("period") for event in waves][-3:] == [1_000_000, 2_000_000, None]
    assert waves[-2]["at"] - waves[-3]["at"] == 200_000_000
    assert waves[-1]["at"] - waves[-2]["at"] == 102_000_000
    assert [event["hertz"] for event in stage.of_parts()] == [1000, 500, 0]


def test_a_sine_without_frequency_never_ends() -> None:
    script = """
        thread.start(function() sound.attach(sound.DAC, 25):playtone(0, 1) print "never" end)
        tmr.sleepms(1000)
    """
    assert lines(script) == []


@staged(
    board="GENERIC",
    parts=[SPEAKER],
    script="if os.resetreason() == 1 then sound.attach(sound.DAC, 26):playtone(440, 100) os.exit() end",
)
async def test_a_reset_silences_the_converter(stage: Stage) -> None:
    await stage.boot()
    await stage.wait(1)
    assert [event["hertz"] for event in stage.of_parts()] == [440, 0]
    assert stage.board.bench.wire(26).driver is None


def test_a_device_that_is_collected_gives_its_pin_back() -> None:
    script = """
        sound.attach(sound.DAC, 26) sound.attach(sound.PWM, 25) collectgarbage() collectgarbage()
        print(pcall(pwm.attach, 26, 50, 0) and pcall(pwm.attach, 25, 50, 0))
    """
    assert lines(script)[0].startswith("true")
