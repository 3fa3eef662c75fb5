"""A replay stops at any event and at any time, and shows the board as it is then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulator.board_state import BoardState, board_state
from simulator.events import Event
from simulator.recording import LogLines, Recording
from simulator.replay import AtEvent, AtTime, replay
from simulator.session import Stage, run_setting
from simulator.units import NS_PER_MS, NS_PER_S
from tests.helpers import ROOT, luatwin

OTA = (ROOT / "lua" / "demo" / "ota.lua").read_text()
BUSY = """
thread.start(function()
  local words = {"c", "a", "b"}
  table.sort(words, function(a, b)
    tmr.sleepms(100)
    return a < b
  end)
end)
local lock = thread.createmutex()
thread.start(function() lock:lock() thread.sleepms(700) end)
local waiting = thread.start(function()
  thread.sleepms(10)
  lock:lock()
end)
local ticks = 0
local timer = tmr.attach(200, function(t) ticks = ticks + 1 if ticks == 5 then t:detach() end end)
timer:start()
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """An update, with other Lua threads around it."""
    folder = tmp_path_factory.mktemp("recording")
    script, events = folder / "a.lua", folder / "events.ndjson"
    script.write_text(BUSY + OTA)
    assert luatwin("run", script, "--image-size", "32K", "--events", events).code == 0
    return Recording.read(events)


def first(recording: Recording, kind: str, *, after: int = -1) -> int:
    """Return the number of the first event of a kind."""
    return next(n for n in range(after + 1, len(recording.lines)) if f'"kind": "{kind}"'.encode() in recording.lines[n])


def state_at(recording: Recording, n: int) -> BoardState:
    replayed = replay(recording, to=AtEvent(n))
    assert replayed.difference is None
    assert replayed.event_count == n + 1
    assert replayed.state is not None
    return replayed.state


def test_looking_at_every_event_changes_nothing(recording: Recording) -> None:
    lines: list[bytes] = []
    states: list[BoardState] = []

    @contextmanager
    def look_at_everything(stage: Stage) -> Iterator[None]:
        log = LogLines()

        def look(event: Event) -> None:
            lines.append(log.line(event))
            states.append(board_state(stage.device, event["t"], [event]))

        unsubscribe = stage.world.events.subscribe(look)
        yield
        unsubscribe()

    request, setting = recording.restored()
    run_setting(request, setting, heard=lambda _data: None, observe=look_at_everything)
    assert tuple(lines) == recording.lines
    stacks = {position for state in states for thread in state.threads for position in thread.stack}
    assert {"/autorun.lua:5", "/autorun.lua:4", "/autorun.lua:13"} <= stacks
    doings = {thread.doing.partition(" until ")[0] for state in states for thread in state.threads}
    assert doings == {"runs", "sleeps", "waits", "waits for an answer", "is ready"}


def test_what_starts_next_changes_with_otadata(recording: Recording) -> None:
    written = first(recording, "otadata")
    assert recording.event(written - 1)["kind"] == "flash.write"  # which did it
    before, after = state_at(recording, written - 2), state_at(recording, written)
    assert (before.running, before.next_boot.label) == ("factory", "factory")
    assert before.otadata[0] == "Entry 0 is erased."
    assert (after.running, after.next_boot.label) == ("factory", "ota_0")
    assert after.otadata[0].startswith("Entry 0 has sequence 1 and selects ota_0")
    assert after.next_boot.commit == recording.event(first(recording, "boot.app", after=written))["commit"]
    assert after.operations[-1].endswith("(otadata)")


def test_the_board_is_shown_before_and_after_the_app_runs(recording: Recording) -> None:
    boots = state_at(recording, first(recording, "boot.rom"))
    assert (boots.stage, boots.running, boots.network, boots.threads) == ("boots", None, None, ())
    restarted = state_at(recording, first(recording, "boot.app", after=first(recording, "otadata")))
    assert restarted.boot_count == 1  # the app has not been started yet
    end = state_at(recording, len(recording.lines) - 1)
    assert (end.stage, end.running, end.boot_count) == ("is idle", "ota_0", 2)
    assert end.reset == "SW_CPU_RESET"


def test_the_network_is_shown(recording: Recording) -> None:
    network = state_at(recording, first(recording, "ota.begin")).network
    assert network is not None
    assert (network.wifi_mode, network.station, network.ssid, network.rssi_dbm) == ("STA", "run", "luatwin", -50)
    assert network.addresses == {"station": "192.168.1.2"}


@pytest.mark.parametrize("time_ns", [0, 1, 150 * NS_PER_MS, 300 * NS_PER_MS, 2 * NS_PER_S])
def test_at_a_time_everything_until_then_has_happened_and_nothing_after(time_ns: int, recording: Recording) -> None:
    replayed = replay(recording, to=AtTime(time_ns))
    times = [recording.event(n)["t"] for n in range(len(recording.lines))]
    assert replayed.event_count == sum(time <= time_ns for time in times)
    assert replayed.state is not None
    assert replayed.state.time_ns == time_ns


def test_a_time_after_the_end_shows_the_end(recording: Recording) -> None:
    replayed = replay(recording, to=AtTime(10_000 * NS_PER_S))
    assert replayed.state is not None
    assert replayed.state.stage == "is idle"
    assert replayed.state.n == len(recording.lines) - 1


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_draws_the_board(recording: Recording) -> None:
    begun = first(recording, "flash.write", after=first(recording, "ota.begin"))
    out = luatwin("replay", recording.path, "--to-event", str(begun)).out
    assert out.startswith("N1ESP32-OTA at ")
    for text in (
        f"after event {begun}: it runs its app",
        "factory          app/factory  0xa0000   1152 KiB  █░░░░░░░░░░░░░░░  runs, boots next  N1ESP32-OTA 6b455df4",
        "a reset starts  factory (commit 6b455df4): otadata is erased and selects nothing; factory is started",
        "WiFi            mode STA, station run to luatwin, joined with -50 dBm",
        "  Entry 0 is erased.",
        "  lua_main waits for an answer, at /autorun.lua:",
        " program of 1024 bytes at 0x1c0000 (ota_0)",
        f"  #{begun} ",
    ):
        assert text in out


def test_the_state_comes_as_json_too(recording: Recording) -> None:
    state = luatwin("replay", recording.path, "--to", "1s", "--json").result["state"]
    assert state["time_ns"] == NS_PER_S
    assert state["running"] == "factory"
    assert {area["name"] for area in state["areas"]} >= {"bootloader", "otadata", "ota_1"}
    assert state["threads"][0]["name"] == "lua_main"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "1s", "--to-event", "1"], "--to and --to-event: write one of them"),
        (["--to", "soon"], "'soon' is not a time"),
        (["--to-event", "99999"], "--to-event 99999: the last event of "),
        (["--to-event", "-1"], "-1 is not in the range x>=0"),
    ],
)
def test_a_moment_that_is_none_is_refused(arguments: list[str], message: str, recording: Recording) -> None:
    finished = luatwin("replay", recording.path, *arguments)
    assert finished.code == 2
    assert message in finished.err


def test_a_difference_before_the_moment_is_told_instead(recording: Recording, tmp_path: Path) -> None:
    other = tmp_path / "events"
    other.write_bytes(recording.path.read_bytes().replace(b"tmr.sleepms(100)", b"tmr.sleepms(101)", 1))
    finished = luatwin("replay", other, "--to-event", str(len(recording.lines) - 1))
    assert finished.code == 1
    assert finished.out.startswith("another run: event ")
