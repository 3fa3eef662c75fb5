"""The same inputs give the same events: in every process, with every board alone or among others."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
import trio

from simulator.boards import load_board
from simulator.events import Event
from simulator.firmware import SMALLEST_IMAGE_BYTES, build_for, first_manifest, next_manifest
from simulator.wifi import AccessPoint, Lan
from simulator.world import World, run_in_world
from tests.helpers import run_luatwin
from tests.repeat import CHATTER, DEMO, digests, run_elsewhere


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("script") / "chatty.lua"
    path.write_text(CHATTER + DEMO + "print('mac ' .. net.wf.stat(true).mac)")
    return path


@cache
def log_of(script: Path, *, seed: int, hash_seed: int) -> bytes:
    """Run the script in a process of its own and return the event log."""
    events = script.with_name("events.ndjson")
    finished = run_luatwin(
        "run", script, "--image-size", "16K", "--seed", str(seed), "--events", events, PYTHONHASHSEED=str(hash_seed)
    )
    assert finished.returncode == 0, finished.stderr
    return events.read_bytes()


def test_two_processes_write_the_same_log_to_the_byte(script: Path) -> None:
    first, second = (log_of(script, seed=5, hash_seed=hash_seed) for hash_seed in (1, 2))
    assert first.count(b"\n") > 300
    assert first == second


def test_another_seed_is_another_board_in_the_same_story(script: Path) -> None:
    first, second = (parse(log_of(script, seed=seed, hash_seed=1)) for seed in (5, 6))

    def of_kind(kind: str, events: Iterable[Event]) -> list[Event]:
        return [event for event in events if event["kind"] == kind]

    assert mac_address(first) != mac_address(second)
    for kind in ("reset", "boot.app", "ota.begin", "ota.activate", "otadata", "end"):
        assert without_times(of_kind(kind, first)) == without_times(of_kind(kind, second))
    assert of_kind("boot.app", first)[-1]["label"] == "ota_0"


def test_a_busy_scenario_has_one_hash_in_every_process() -> None:
    elsewhere = run_elsewhere(Path(sys.executable), 2)
    assert elsewhere.total() == 2
    assert set(elsewhere) == set(digests(1))


def parse(log: bytes) -> list[Event]:
    return [json.loads(line) for line in log.splitlines()[1:]]


def mac_address(events: list[Event]) -> str:
    (line,) = (event["text"] for event in events if event.get("text", "").startswith("mac 30:ae:a4:"))
    return str(line)


def without_times(events: list[Event]) -> list[Event]:
    """Return the events without what differs where times do."""
    return [{key: value for key, value in event.items() if key not in ("n", "t", "log_sha256")} for event in events]


# -- several boards ---------------------------------------------------------------------------------------------------

UPDATE = """
net.wf.setup(net.wf.mode.STA, "%s", "secret-password")
net.wf.start(false)
while not net.connected() do tmr.sleepms(100) end
net.ota()
"""


def played(*powered: str, seed: int) -> dict[str, list[Event]]:
    """Let two boards do much the same, those that are ``powered``; return what happened to each, without ``n``."""
    events: list[Event] = []

    async def main(world: World) -> None:
        world.events.subscribe(events.append)
        kind = load_board("N1ESP32-OTA")
        world.publish(build_for(kind, next_manifest(first_manifest(kind)), size_bytes=SMALLEST_IMAGE_BYTES))
        for name in ("b0", "b1"):
            lan = Lan(f"10.0.{name[1]}.0/24")
            world.air.add(AccessPoint(f"home of {name}", "secret-password", lan=lan))
            world.new_board(
                kind, name=name, script=CHATTER + UPDATE % f"home of {name}", image_bytes=SMALLEST_IMAGE_BYTES
            )
        boards = [board for board in world.boards if board.name in powered]
        for board in boards:
            world.power_on(board)
        for board in boards:
            assert await board.finished()
        await trio.sleep(60 - trio.current_time())

    run_in_world(main, seed=seed)
    return {
        name: [{key: value for key, value in event.items() if key != "n"} for event in events if event["board"] == name]
        for name in powered
    }


@pytest.mark.parametrize("seed", range(3))
def test_two_boards_do_not_disturb_each_other(seed: int) -> None:
    together = played("b0", "b1", seed=seed)
    alone = {**played("b0", seed=seed), **played("b1", seed=seed)}
    for name in ("b0", "b1"):
        assert together[name] == alone[name]
