"""A board on a table with what it needs around it: what the tests of the device room have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import trio

from simulator.boards import Board, load_board
from simulator.boards.schema import Profile
from simulator.device.device import Device
from simulator.events import Event
from simulator.firmware import SMALLEST_IMAGE_BYTES
from simulator.signatures import SigningKey
from simulator.world import World, run_in_world

SSID, PASSWORD = "home", "secret-password"
ROM = "ets Jun  8 2016 00:22:57\r\n\r\nrst:"
PROMPT = "/ > "

JOIN = f"""\
net.wf.setup(net.wf.mode.STA, "{SSID}", "{PASSWORD}")
net.wf.start(false)
while not net.connected() do tmr.sleepms(10) end
"""
"""Lua that joins the access point of the stage; three lines."""

_LIMIT_S = 1_000_000
"""No test goes on for longer, in simulated time."""

Result = TypeVar("Result")


@dataclass
class Stage:
    """What a test gets: a world with one access point and one board, and everything that happens in it."""

    world: World
    board: Device
    events: list[Event]

    @property
    def console(self) -> str:
        """What the board has sent."""
        return self.board.console.decode("utf-8", "backslashreplace")

    @property
    def seconds(self) -> float:
        """The simulated time."""
        return self.world.now_ns() / 1e9

    def power_on(self) -> None:
        self.world.power_on(self.board)

    async def boot(self) -> str:
        """Power on, wait until the scripts have run, and return the console."""
        self.power_on()
        assert await self.board.finished(), self.board.why_stuck
        return self.console

    async def printed(self) -> str:
        """Boot and return what ``/autorun.lua`` printed."""
        return printed(await self.boot())

    async def wait(self, seconds: float) -> None:
        """Let simulated time pass."""
        await trio.sleep(seconds)

    async def type(self, keys: bytes) -> str:
        """Type, wait until the board has dealt with it, and return what it sent meanwhile."""
        before = len(self.board.console)
        self.board.receive(keys)
        await self.board.finished()
        return self.board.console[before:].decode("utf-8", "backslashreplace")

    def kinds(self, *prefixes: str) -> list[str]:
        """The kinds of the board's events, of all or of those that begin so; a run of equal ones counts as one."""
        kinds = [event["kind"] for event in self.events if event["board"] == self.board.name]
        kinds = [kind for kind in kinds if not prefixes or kind.startswith(prefixes)]
        return [kind for previous, kind in zip(["", *kinds], kinds, strict=False) if kind != previous]

    def of_kind(self, kind: str) -> list[Event]:
        """The board's events of one kind, without what all events have."""
        return [
            {key: value for key, value in event.items() if key not in {"n", "t", "board", "kind"}}
            for event in self.events
            if event["board"] == self.board.name and event["kind"] == kind
        ]

    def of_parts(self) -> list[Event]:
        """What could be seen of the parts on its bench."""
        return [event for event in self.of_kind("pin") if "part" in event]


def printed(console: str) -> str:
    """Return what ``/autorun.lua`` printed the last time, from the line that names it to the prompt."""
    return console.rpartition("Executing /autorun.lua ...\r\n")[2].partition("\r\n/ > ")[0]


def on_stage(
    play: Callable[[Stage], Awaitable[Result]],
    *,
    board: Board | str = "N1ESP32-OTA",
    script: str | None = None,
    files: Mapping[str, str | bytes] | None = None,
    arguments: tuple[str, ...] = (),
    parts: Iterable[Mapping[str, Any]] = (),
    profile: Profile | None = None,
    key: SigningKey | None = None,
    seed: int = 0,
) -> Result:
    """Run ``play`` with a new board, which has no power yet."""

    async def main(world: World) -> Result:
        world.add_access_point(SSID, PASSWORD)
        device = world.new_board(
            board,
            script=script,
            files=files,
            arguments=arguments,
            image_bytes=SMALLEST_IMAGE_BYTES,
            profile=profile,
            key=key,
        )
        for part in parts:
            world.attach(device, part)
        events: list[Event] = []
        world.events.subscribe(events.append)
        with trio.fail_after(_LIMIT_S):
            return await play(Stage(world, device, events))

    return run_in_world(main, seed=seed)


def staged(**options: Any) -> Callable[[Callable[[Stage], Awaitable[None]]], Callable[[], None]]:
    """Make a test of an async function that gets a stage; the options are those of `on_stage`."""

    def decorate(test: Callable[[Stage], Awaitable[None]]) -> Callable[[], None]:
        def run() -> None:
            on_stage(test, **options)

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run

    return decorate


def printed_by(script: str, **options: Any) -> str:
    """Return what ``script`` prints on a new board; the options are those of `on_stage`."""
    return on_stage(Stage.printed, script=script, **options)


def two_slots(board: str = "N1ESP32-OTA") -> Board:
    """Return a board as its file has it, that is without a factory slot."""
    return load_board(board)
