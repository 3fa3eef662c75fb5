"""Scenarios in a world: every step does what it says, and a failure shows why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.play import Outcome, Verdict
from simulator.units import NS_PER_S

Played = Callable[[str], Verdict]

JOIN = """
  net.wf.setup(net.wf.mode.STA, 'luatwin', 'virtual-wifi') net.wf.start(false)
  while not net.connected() do tmr.sleepms(100) end
"""
OTA = f"{JOIN}  print('commit', os.version()) net.ota()\n"


def failure_lines(verdict: Verdict) -> list[str]:
    assert verdict.failure is not None, "it passed"
    return list(verdict.failure.lines())


def assert_passed(verdict: Verdict) -> None:
    assert verdict.failure is None, "\n".join(failure_lines(verdict))
    assert verdict.outcome is Outcome.PASSED


# -- waiting ----------------------------------------------------------------------------------------------------------


def test_an_update_over_the_air_is_seen_from_the_console_to_the_select_entry(played: Played) -> None:
    verdict = played(
        f"lua: |{OTA}"
        """\
steps:
  - wait-event: boot.app
  - expect-boot: {slot: factory, commit: installed}
  - wait-serial: commit
  - wait-event: ota.end
  - wait-event: {kind: boot.app, label: ota_0}
  - expect-boot: {slot: ota_0, commit: published, reset: SW_CPU_RESET}
  - expect-exit: 0
"""
    )
    assert_passed(verdict)
    assert [result.is_ok for result in verdict.steps] == [True] * 7
    assert [boot.label for boot in verdict.report.boots] == ["factory", "ota_0"]


def test_a_text_that_came_during_a_delay_is_still_there(played: Played) -> None:
    assert_passed(played("lua: print('early')\nsteps:\n  - delay: 5s\n  - wait-serial: early\n    timeout: 1ns\n"))


def test_a_wait_takes_no_longer_than_it_takes(played: Played) -> None:
    verdict = played(
        "lua: tmr.delayms(2000) print('done')\nsteps:\n  - wait-serial: done\n    timeout: 1h\ntimeout: 2h\n"
    )
    assert_passed(verdict)
    assert 2 * NS_PER_S < verdict.report.simulated_ns < 3 * NS_PER_S


def test_what_is_typed_is_answered(played: Played) -> None:
    verdict = played(
        r"""
steps:
  - wait-serial: "/ > "
  - write-serial: "print(6 * 7)\r"
  - wait-serial-regex: "^42$"
  - write-serial: [112, 114, 105, 110, 116, 40, 49, 41, 13]
  - wait-serial: "\n1\n"
"""
    )
    assert_passed(verdict)


def test_a_failed_wait_shows_what_came_near_and_the_last_lines(played: Played) -> None:
    verdict = played("lua: print('Hello wrld') print('bye')\nsteps:\n  - wait-serial: Hello world\n    timeout: 3s\n")
    assert verdict.outcome is Outcome.FAILED
    assert verdict.place.endswith("some.scenario.yaml:7:5")
    first, nearest, said, *console = failure_lines(verdict)
    assert first == "b0 did not print 'Hello world' within 3.000 s (at 3.000 s of simulated time)"
    assert nearest.startswith("  nearest: 'Hello wrld' at 1")
    assert said == "  b0 printed last:"
    assert console[-4:-1] == ["  | bye", "  | ", "  | / > "]
    assert console[-1] == "  it is idle; at a reset factory (commit 6b455df4) would start"


def test_a_failed_wait_tells_of_a_text_that_came_too_early(played: Played) -> None:
    verdict = played("lua: print('one') print('two')\nsteps: [{wait-serial: two}, {wait-serial: one, timeout: 1s}]\n")
    assert any("before what the step before has found" in line for line in failure_lines(verdict))


def test_a_failed_wait_tells_of_another_case_and_of_another_board(played: Played) -> None:
    verdict = played(
        "boards: {a: {lua: print('READY')}, b: {lua: print('ready')}}\nsteps: [{wait-serial: ready, timeout: 2s}]\n"
    )
    told = failure_lines(verdict)
    assert any(line.startswith("  only upper and lower case differ: 'READY'") for line in told)
    assert "  b has printed it" not in told  # said only where nothing of the board's own came near


def test_a_failed_wait_for_an_event_shows_the_nearest(played: Played) -> None:
    verdict = played("steps: [{wait-event: {kind: boot.app, label: ota_1}, timeout: 5s}]\n")
    first, nearest, *_ = failure_lines(verdict)
    assert first.startswith("there was no event boot.app label='ota_1' within 5.000 s")
    assert nearest.startswith("  nearest: boot.app label='factory' offset=65536")
    verdict = played("steps: [{wait-event: boot.ap, timeout: 5s}]\n")
    assert failure_lines(verdict)[1] == "  there was no boot.ap at all; did you mean boot.app?"


def test_a_wait_without_a_timeout_ends_with_the_scenario_and_is_a_failure(played: Played) -> None:
    verdict = played("timeout: 10s\nsteps: [{wait-serial: never}]\n")
    assert verdict.outcome is Outcome.FAILED
    assert failure_lines(verdict)[0] == (
        "b0 did not print 'never' within 10.000 s that the scenario has (at 10.000 s of simulated time)"
    )


def test_a_limit_is_a_limit_where_nothing_was_waited_for(played: Played) -> None:
    verdict = played("timeout: 10s\nsteps: [{delay: 6s}, {delay: 6s}]\n")
    assert (verdict.outcome, verdict.outcome.exit_code) == (Outcome.LIMIT, 42)


def test_a_script_error_is_told_with_the_failure_that_it_explains(played: Played) -> None:
    verdict = played("lua: |\n  local a\n  a.b = 1\nsteps: [{wait-serial: done, timeout: 2s}]\n")
    assert any(line.startswith("  script error: /autorun.lua:2:") for line in failure_lines(verdict))
    assert verdict.failure is not None
    (error,) = verdict.failure.lua_errors
    assert (error.path.name, error.line) == ("some.scenario.yaml", 7)
    assert "  see " + f"{error.path}:7" in failure_lines(verdict)


def test_a_script_error_is_looked_up_in_the_file_it_comes_from(played: Played, tmp_path: Path) -> None:
    (tmp_path / "app.lua").write_text("require 'part'")
    (tmp_path / "other.lua").write_text("local x = 1\nerror('no')")
    files = "files: {/lib/share/lua/part.lua: other.lua, /inline.lua: {text: \"error('inline')\"}}"
    failure = played(f"script: app.lua\n{files}\nsteps: [{{wait-serial: done, timeout: 2s}}]\n").failure
    assert failure is not None
    assert [(error.path.name, error.line) for error in failure.lua_errors] == [("other.lua", 2)]
    run = "lua: dofile('/inline.lua')"
    failure = played(f"{run}\n{files}\nsteps: [{{wait-serial: done, timeout: 2s}}]\n").failure
    assert failure is not None
    assert [(error.path.name, error.line) for error in failure.lua_errors] == [("some.scenario.yaml", 6)]


def test_a_failure_shows_what_the_board_was_like(played: Played) -> None:
    told = failure_lines(played("lua: nvs.write('a', 'b', 1)\nsteps: [{wait-serial: done, timeout: 2s}]\n"))
    assert told[-2] == "  it is idle; at a reset factory (commit 6b455df4) would start"
    assert told[-1].startswith("  last on the flash: #")
    assert told[-1].endswith("(nvs)")


# -- hardware ---------------------------------------------------------------------------------------------------------

BLINK = """
hardware: {lamp: {type: led, pin: 26}, go: {type: pushbutton, pin: 4, pull: true}}
lua: |
  pio.pin.setdir(pio.OUTPUT, 26) pio.pin.setdir(pio.INPUT, 4)
  while true do pio.pin.setval(1 - pio.pin.getval(4), 26) tmr.delayms(10) end
"""


def test_a_button_is_pressed_and_a_lamp_goes_on(played: Played) -> None:
    assert_passed(
        played(
            BLINK
            + """\
steps:
  - delay: 2s
  - expect-pin: {part-id: lamp, pin: A, value: 0}
  - set-control: {part-id: go, control: pressed, value: 1}
  - wait-pin: {part-id: esp, name: GPIO26, value: 1}
    timeout: 50ms
  - expect-pin: {gpio: 26, expected: 1}
  - set-control: {part-id: go, name: pressed, value: 0}
  - expect-pin: {part-id: lamp, name: pin, value: 0}
    timeout: 50ms
"""
        )
    )


def test_a_pin_that_is_not_as_expected_is_named(played: Played) -> None:
    verdict = played(BLINK + "steps: [{delay: 2s}, {expect-pin: {part-id: lamp, name: A, value: 1}}]\n")
    assert failure_lines(verdict)[0] == "GPIO26 is 0, not 1 (at 2.000 s of simulated time)"
    verdict = played(BLINK + "steps: [{wait-pin: {gpio: 26, value: 1}, timeout: 3s}]\n")
    assert failure_lines(verdict)[0].startswith("GPIO26 did not become 1 within 3.000 s")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            "set-control: {part-id: gone, name: pressed, value: 1}",
            "there is no part 'gone' on this board; parts: ",
        ),
        ("set-control: {part-id: go, name: pushed, value: 1}", "part 'go' (pushbutton) has no control 'pushed'"),
        ("expect-pin: {part-id: lamp, name: C, value: 1}", "part 'lamp' (led) has no pin 'C'; it has pin"),
        ("expect-pin: {part-id: esp, name: VIN, value: 1}", "the chip has no pin 'VIN'"),
        ("take-screenshot: {part-id: lamp, save-to: a.png}", "part 'lamp' (led) is no display"),
        ("power: on", "b0 has power"),
        ("server: {publish: next}", "nothing is published"),
        ("expect-boot: {commit: published}", "no app has started yet"),
    ],
)
def test_a_step_that_names_what_is_not_there_is_a_mistake_in_the_file(step: str, said: str, played: Played) -> None:
    verdict = played(f"{BLINK}steps: [{{{step}}}]\n")
    assert failure_lines(verdict)[0].startswith(said)
    assert verdict.outcome is (Outcome.FAILED if "expect-boot" in step else Outcome.BROKEN)


def test_a_display_is_compared_with_a_picture(played: Played, tmp_path: Path) -> None:
    oled = """
hardware: {oled: {type: ssd1306, scl: 21, sda: 25}}
lua: |
  gdisplay.attach(gdisplay.SSD1306_128_64, gdisplay.LANDSCAPE, false, 0x3c)
  gdisplay.setfont(gdisplay.FONT_DEFAULT) gdisplay.write({10, 10}, 'hello')
  print('drawn')
"""
    assert_passed(
        played(
            oled + "steps: [{wait-serial: drawn}, {delay: 1s}, {take-screenshot: {part-id: oled, save-to: a.png}}]\n"
        )
    )
    assert_passed(
        played(oled + "steps: [{delay: 3s}, {take-screenshot: {part-id: oled, compare-with: a.png}}]\n"),
    )
    other = oled.replace("hello", "jello")
    verdict = played(other + "steps: [{delay: 3s}, {take-screenshot: {part-id: oled, compare-with: a.png}}]\n")
    assert failure_lines(verdict)[0].startswith("the display is not as in a.png: at x=")


def test_a_touch_panel_is_tapped(played: Played) -> None:
    panel = "hardware: {panel: {type: touch-panel, clk: 18, mosi: 23, miso: 19, cs: 5}}\n"
    assert_passed(
        played(
            panel
            + """\
steps:
  - touch: {part-id: panel, x: 10, y: 20}
  - wait-event: {kind: pin, part: panel, control: pressed, value: 1}
  - wait-event: {kind: pin, part: panel, control: pressed, value: 0}
    timeout: 50ms
  - touch-press: {part-id: panel, x: 30, y: 40}
  - touch-move: {part-id: panel, x: 31, y: 40}
  - touch-release: {part-id: panel}
  - wait-event: {kind: pin, part: panel, control: x, value: 31}
  - wait-event: {kind: pin, part: panel, control: pressed, value: 0}
"""
        )
    )


# -- what is stored ---------------------------------------------------------------------------------------------------

STORE = """
lua: |
  local f = io.open('/notes.txt', 'w') f:write('one\\ntwo\\n') f:close()
  nvs.write('app', 'count', 3) nvs.write('app', 'name', 'kitchen') nvs.write('app', 'half', 0.5)
  nvs.write('app', 'on', true)
  print('stored')
files: {/data.txt: {text: "42"}}
"""


def test_files_and_values_are_read_from_the_flash(played: Played) -> None:
    assert_passed(
        played(
            STORE
            + r"""
steps:
  - wait-serial: stored
  - expect-file: /notes.txt
  - expect-file: {path: /notes.txt, equals: "one\ntwo\n", size: 8}
  - expect-file: {path: /notes.txt, contains: two, matches: "^two$"}
  - expect-file: {path: /data.txt, equals: "42"}
  - expect-file: {path: /gone.txt, exists: false}
  - expect-nvs: {namespace: app, key: count, value: 3}
  - expect-nvs: {namespace: app, key: name, value: kitchen}
  - expect-nvs: {namespace: app, key: half, value: 0.5}
  - expect-nvs: {namespace: app, key: "on", value: true}
  - expect-nvs: {namespace: app, key: gone, exists: false}
"""
        )
    )


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("expect-file: /note.txt", "there is no /note.txt in the flash; did you mean /notes.txt?"),
        ("expect-file: {path: /notes.txt, exists: false}", "there is /notes.txt in the flash"),
        (
            "expect-file: {path: /notes.txt, contains: three}",
            "/notes.txt does not contain 'three'; it is",
        ),
        ("expect-file: {path: /notes.txt, equals: one}", r"/notes.txt is 'one\ntwo\n', not 'one'"),
        ("expect-file: {path: /notes.txt, matches: ^t$}", "/notes.txt does not match '^t$'"),
        ("expect-file: {path: /notes.txt, size: 9}", "/notes.txt has 8 B, not 9 B"),
        ("expect-nvs: {namespace: app, key: count, value: 4}", "app.count is 3, not 4"),
        ("expect-nvs: {namespace: app, key: cuont}", "there is no app.cuont in NVS; did you mean count?"),
        ("expect-nvs: {namespace: app, key: count, exists: false}", "there is app.count = 3 in NVS"),
        ("expect-boot: ota_0", "the app in factory runs, not the one in ota_0"),
        ("expect-boot: {commit: abc}", "commit 6b455df4965c2242754a80896562e254ba0ee528 runs, not abc"),
        ("expect-boot: {reset: SW_CPU_RESET}", "it was started by POWERON_RESET, not SW_CPU_RESET"),
        ("expect-boot: {state: valid}", "no select entry counts, so none has the state valid"),
        ("expect-exit: 1", "luatwin run would exit with 0, not 1"),
    ],
)
def test_what_is_not_as_expected_is_told_with_what_is(step: str, said: str, played: Played) -> None:
    verdict = played(f"{STORE}steps: [{{wait-serial: stored}}, {{{step}}}]\n")
    assert failure_lines(verdict)[0].startswith(said)
    assert verdict.outcome is Outcome.FAILED


def test_an_expectation_with_a_timeout_may_come_true_later(played: Played) -> None:
    late = "lua: tmr.delayms(1000) nvs.write('app', 'count', 3)\n"
    step = "expect-nvs: {namespace: app, key: count, value: 3}"
    assert_passed(played(f"{late}steps: [{{{step}, timeout: 5s}}]\n"))
    verdict = played(f"{late}steps: [{{{step}, timeout: 500ms}}]\n")
    assert failure_lines(verdict)[0].startswith("there is no app.count in NVS within 500.000 ms")


def test_an_exit_code_is_that_of_run(played: Played) -> None:
    assert_passed(played("lua: error('no')\nsteps: [{expect-exit: 1}]\n"))
    verdict = played("lua: error('no')\nsteps: [{expect-exit: 0}]\n")
    assert failure_lines(verdict)[0].startswith("luatwin run would exit with 1, not 0: /autorun.lua:1: no")
    verdict = played("lua: while true do tmr.delayms(10) end\nsteps: [{expect-exit: 0, timeout: 5s}]\n")
    assert failure_lines(verdict)[0].startswith("b0 did not come to rest within 5.000 s")


# -- power, faults, server --------------------------------------------------------------------------------------------


def test_power_and_reset_start_the_board_again(played: Played) -> None:
    verdict = played(
        """\
lua: print('up')
steps:
  - wait-serial: up
  - power: off
  - delay: 1s
  - power: on
  - wait-serial: up
  - power: cut
  - wait-serial: up
  - reset:
  - wait-serial: up
  - reset: 2s
  - wait-serial: up
"""
    )
    assert_passed(verdict)
    assert [boot.reason.name for boot in verdict.report.boots] == ["POWERON_RESET"] * 5


def test_a_cut_is_seen_and_a_brownout_is_told_by_the_board(played: Played) -> None:
    verdict = played(
        """\
lua: print('up')
steps:
  - wait-serial: up
  - power: cut
  - wait-event: power.cut
  - wait-serial: up
  - power: brownout
  - wait-serial: Brownout detector was triggered
  - wait-serial: up
"""
    )
    assert_passed(verdict)
    assert len(verdict.report.boots) == 3


def test_a_board_without_power_is_told(played: Played) -> None:
    verdict = played("steps: [{power: off}, {wait-serial: up, timeout: 1s}]\n")
    assert "  b0 has no power" in failure_lines(verdict)


def test_faults_happen_with_the_step_and_are_lifted(played: Played) -> None:
    assert_passed(
        played(
            """\
lua: net.wf.setup(net.wf.mode.STA, 'luatwin', 'virtual-wifi') net.wf.start()
steps:
  - wait-event: wifi.got_ip
  - wifi: ap-down
  - wait-event: wifi.disconnected
  - fault: none
  - wait-event: {kind: fault, name: ap-down, what: end}
  - net: dns-nxdomain+1s
  - wait-event: {kind: fault, name: dns-nxdomain, what: end}
"""
        )
    )


def test_the_server_stops_starts_and_responds_as_it_is_told(played: Played) -> None:
    verdict = played(
        f"lua: |{JOIN}  while true do print('asking') pcall(net.ota) tmr.delayms(500) end"
        """
publish: none
steps:
  - server: {respond: http-500}
  - wait-event: {kind: net.response, status: 500}
  - fault: none
  - wait-serial: No new firmware available
  - server: stop
  - wait-event: {kind: ota.fail, why: CannotConnect}
  - server: start
  - wait-serial: No new firmware available
"""
    )
    assert_passed(verdict)


def test_an_update_is_published_while_boards_run(played: Played) -> None:
    verdict = played(
        f"lua: |{OTA}"
        """
steps:
  - wait-event: {kind: boot.app, label: ota_0}
  - server: {publish: next}
  - power: cut
  - wait-event: {kind: boot.app, label: ota_1}
  - expect-boot: {slot: ota_1, commit: published}
"""
    )
    assert_passed(verdict)


# -- several ----------------------------------------------------------------------------------------------------------


def test_steps_are_repeated(played: Played) -> None:
    verdict = played(
        "lua: for n = 1, 9 do print('tick') tmr.delayms(100) end\n"
        "steps: [{repeat: {times: 9, steps: [{wait-serial: tick}]}}, {wait-serial: tick, timeout: 1s}]\n"
    )
    assert verdict.outcome is Outcome.FAILED
    assert [result.is_ok for result in verdict.steps] == [*[True] * 9, False]


def test_parallel_branches_wait_each_for_its_own(played: Played) -> None:
    assert_passed(
        played(
            """\
lua: print('one') tmr.delayms(100) print('two') tmr.delayms(100) print('three')
steps:
  - parallel:
      - [{wait-serial: two}]
      - [{wait-serial: one}]
  - wait-serial: three
"""
        )
    )


def test_a_branch_that_fails_ends_the_others(played: Played) -> None:
    verdict = played("steps:\n  - parallel:\n      - [{delay: 50s}]\n      - [{wait-serial: never, timeout: 2s}]\n")
    assert failure_lines(verdict)[0].startswith("b0 did not print 'never' within 2.000 s")
    assert verdict.report.simulated_ns < 3 * NS_PER_S


def test_what_holds_steps_can_have_a_timeout_and_tells_where_it_was(played: Played) -> None:
    verdict = played("steps:\n  - parallel: [[{delay: 5s}]]\n    timeout: 2s\n    name: both\n")
    first, at, *_ = failure_lines(verdict)
    assert (first, at) == (
        "both did not end within 2.000 s (at 2.000 s of simulated time)",
        "  was at line 6: delay: 5s",
    )
    verdict = played("timeout: 4s\nsteps:\n  - parallel: [[{wait-serial: never}]]\n")
    assert failure_lines(verdict)[0].startswith("b0 did not print 'never' within 4.000 s that the scenario has")


def test_boards_of_a_fleet_are_spoken_to_by_name(played: Played) -> None:
    verdict = played(
        """\
boards:
  kitchen: {lua: "print('I am', ...)", arguments: [kitchen]}
  cellar: {lua: "tmr.delayms(300) print('I am', ...)", arguments: [cellar], board: GENERIC-OTA}
steps:
  - wait-serial: I am
    board: all
  - wait-event: boot.app
    board: cellar
    timeout: 1s
"""
    )
    assert verdict.failure is not None
    assert verdict.failure.board == "cellar"
    assert [result.board for result in verdict.steps] == ["kitchen", "cellar", "cellar"]
    assert b"I am\tkitchen" in verdict.consoles["kitchen"]
    assert b"I am\tcellar" in verdict.consoles["cellar"]


def test_an_event_of_all_boards_is_one_of_each(played: Played) -> None:
    verdict = played(
        """\
boards: {quick: {}, slow: {boot-log: DEBUG}}
steps:
  - wait-event: boot.app
    board: all
  - expect-boot: factory
    board: all
"""
    )
    assert_passed(verdict)
    assert verdict.steps[0].board == "quick"
    assert verdict.steps[0].ended_ns < verdict.steps[1].ended_ns


def test_the_same_scenario_goes_the_same_way_twice(played: Played) -> None:
    text = "boards: {a: {lua: print(math.random(1000))}, b: {lua: print(math.random(1000))}}\nsteps: [{delay: 3s}]\n"
    first, second = played(text), played(text)
    assert first.consoles == second.consoles
    assert first.steps == second.steps
