"""A world for tests that are no coroutines: it goes on while a call waits for something, and stands still in between.

The world runs in a thread of its own, and never at the same time as the test: a call hands it something to do and waits
for the answer. So what a test computes costs no simulated time, and the same test gives the same run.
"""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import trio

from simulator.device.device import Device
from simulator.faults import Fault
from simulator.hardware.parts import Part
from simulator.play import near_misses
from simulator.play.record import Console, Cursor, Record, literally, pattern_of
from simulator.session import DEFAULT_PASSWORD, DEFAULT_SSID
from simulator.units import NS_PER_S, format_duration
from simulator.world import World, run_in_world

Result = TypeVar("Result")
Work = Callable[[], Awaitable[Any]]

EXPECT_TIMEOUT_S: Final = 30.0
_LINES_SHOWN: Final = 8


class NotSeenError(AssertionError):
    """What a test expected did not come."""


class LiveWorld:
    """A world and its boards. It has the access point ``luatwin`` with the password ``virtual-wifi``.

    ``world`` is what is behind it; what changes time is to be awaited with `call`.
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed
        self.world: World
        self.record: Record
        self.boards: list[LiveBoard] = []
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="luatwin world", daemon=True)
        self._thread.start()
        self._answer()

    def _run(self) -> None:
        try:
            run_in_world(self._serve, seed=self.seed)
        except BaseException as error:  # whatever it was, the test is to hear of it
            self._answers.put((None, error))
        else:
            self._answers.put((None, None))

    async def _serve(self, world: World) -> None:
        self.world = world
        self.record = Record(world.events)
        world.add_access_point(DEFAULT_SSID, DEFAULT_PASSWORD)
        self._answers.put((None, None))
        while (work := self._work.get()) is not None:  # which stops the world: nothing else of it runs meanwhile
            try:
                self._answers.put((await work(), None))
            except Exception as error:
                self._answers.put((None, error))

    def _answer(self) -> Any:
        result, error = self._answers.get()
        if error is not None:
            raise error
        return result

    def call(self, function: Callable[..., Awaitable[Result]], *arguments: Any) -> Result:
        """Await ``function(*arguments)`` in the world, and return or raise what it does."""
        self._work.put(lambda: function(*arguments))
        result: Result = self._answer()
        return result

    def close(self) -> None:
        """End the world. Every board loses its power."""
        if self._thread.is_alive():
            self._work.put(None)
            self._thread.join()

    # -- what a test does -----------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The simulated seconds since it began."""
        return self.call(self._now)

    async def _now(self) -> float:
        return self.world.now_ns() / NS_PER_S

    def sleep(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.call(trio.sleep, seconds)

    def new_board(self, board: str = "N1ESP32-OTA", *, power: bool = True, **options: Any) -> LiveBoard:
        """Put up a board; ``options`` are those of `World.new_board`: ``script``, ``files``, ``name`` and so on."""

        async def put_up() -> LiveBoard:
            device = self.world.new_board(board, **options)
            if power:
                self.world.power_on(device)
            return LiveBoard(self, device)

        self.boards.append(self.call(put_up))
        return self.boards[-1]

    def inject(self, fault: Fault | str) -> None:
        """Let something go wrong, from now on if it does not say when: ``"ap-down@8s+20s"``."""
        self._do(lambda: self.world.inject(fault))

    def wait_event(self, kind: str, *, timeout: float = EXPECT_TIMEOUT_S, **fields: Any) -> dict[str, Any]:
        """Return the first event of that kind with these fields, which may have happened already.

        Raises `NotSeenError` if there is none within ``timeout`` simulated seconds.
        """

        async def wait() -> dict[str, Any]:
            with trio.move_on_after(timeout):
                while self.record.find_event(Cursor(), kind, fields) is None:
                    await self.record.more()
            found = self.record.find_event(Cursor(), kind, fields)
            if found is not None:
                return self.record.events[found.index - 1]
            wanted = " ".join([kind, *(f"{name}={value!r}" for name, value in fields.items())])
            hints = near_misses.of_event(self.record, Cursor(), kind, fields)
            raise NotSeenError("\n".join([f"there was no event {wanted} within {timeout:g} s", *hints]))

        return self.call(wait)

    def _do(self, action: Callable[[], Result]) -> Result:
        async def act() -> Result:
            return action()

        return self.call(act)


class LiveBoard:
    """A board in a live world. ``device`` is what is behind it.

    ``expect``, ``expect_exact`` and ``write`` are named as those of a ``dut`` of pytest-embedded.
    """

    def __init__(self, live: LiveWorld, device: Device) -> None:
        self.device = device
        self._live = live
        self._cursor = Cursor()

    @property
    def name(self) -> str:
        """What events call it."""
        return self.device.name

    @property
    def console(self) -> str:
        """What it has printed, with the line ends of a terminal as line feeds."""
        return bytes(self.device.console).decode("utf-8", "backslashreplace").replace("\r\n", "\n")

    def expect(self, pattern: str | re.Pattern[str], timeout: float = EXPECT_TIMEOUT_S) -> re.Match[str]:
        """Wait until the board has printed something that matches, after what was found before; return the match.

        Raises `NotSeenError` after ``timeout`` simulated seconds.
        """
        compiled, reach = pattern_of(pattern) if isinstance(pattern, str) else (pattern, pattern_of("")[1])
        return self._live.call(self._expect, compiled, reach, timeout, compiled.pattern)

    def expect_exact(self, text: str, timeout: float = EXPECT_TIMEOUT_S) -> re.Match[str]:
        """Wait until the board has printed ``text``; the rest as `expect`."""
        return self._live.call(self._expect, *literally(text), timeout, text)

    async def _expect(self, pattern: re.Pattern[str], reach: int, timeout: float, wanted: str) -> re.Match[str]:
        console = Console(self._live.record, self._cursor, self.name)
        with trio.move_on_after(timeout):
            while (found := console.find(pattern, reach)) is None:
                await self._live.record.more()
        found = found or console.find(pattern, reach)
        if found is None:
            raise NotSeenError("\n".join(self._not_seen(wanted, timeout)))
        self._cursor.move_to(found)
        match = console.found
        assert match is not None
        return match

    def _not_seen(self, wanted: str, timeout: float) -> list[str]:
        record = self._live.record
        lines = [line for _, line in record.lines(self.name)]
        while lines and not lines[-1].strip():
            lines.pop()
        at = format_duration(self._live.world.now_ns())
        return [
            f"{self.name} did not print {wanted!r} within {timeout:g} s (at {at} of simulated time)",
            *near_misses.of_text(record, self._cursor, self.name, wanted),
            *(f"script error: {error.splitlines()[0]}" for error in self.device.script_errors[-1:]),
            f"{self.name} printed last:",
            *(f"| {line}" for line in lines[-_LINES_SHOWN:]),
        ]

    def write(self, data: str | bytes) -> None:
        """Type into the board's console: bytes as they are, or lines, after each of which Enter is pressed."""
        if isinstance(data, str):
            data = "".join(f"{line}\r" for line in data.splitlines()).encode()
        self._live.call(self._receive, data)

    async def _receive(self, data: bytes) -> None:
        self.device.receive(data)

    def finish(self, timeout: float = EXPECT_TIMEOUT_S) -> None:
        """Wait until the scripts have run and nothing is left to do. Raises `NotSeenError`."""
        self._live.call(self._finish, timeout)

    async def _finish(self, timeout: float) -> None:
        with trio.move_on_after(timeout):
            if await self.device.finished():
                return
        why = self.device.why_stuck or f"still running after {timeout:g} s, at {self.device.where()}"
        raise NotSeenError(f"{self.name} did not come to rest: {why}")

    def power_on(self) -> None:
        """Give it power."""
        self._live.call(self._power_on)

    async def _power_on(self) -> None:
        self._live.world.power_on(self.device)

    def power_off(self) -> None:
        """Pull the plug."""
        self._live.call(self._power_off)

    async def _power_off(self) -> None:
        self.device.power_off()
        await self.device.is_off.wait()

    def reset(self, held_s: float = 0.1) -> None:
        """Press the reset button."""
        self._live.call(self._reset, held_s)

    async def _reset(self, held_s: float) -> None:
        self.device.hold_in_reset()
        await trio.sleep(held_s)
        self.device.release_from_reset()

    def attach(self, part: Part | dict[str, Any]) -> Part:
        """Connect a part, given as such or by its description, and return it."""
        return self._live.call(self._attach, part)

    async def _attach(self, part: Part | dict[str, Any]) -> Part:
        return self._live.world.attach(self.device, part)

    def set_control(self, part: str, name: str, value: float | str) -> None:
        """Set a control of a part, such as the ``pressed`` of a button."""
        self._live.call(self._set_control, part, name, value)

    async def _set_control(self, part: str, name: str, value: float | str) -> None:
        self.device.bench.part(part).set_control(name, value)

    def level(self, gpio: int) -> int:
        """Return the level of a pin now."""
        return self._live.call(self._level, gpio)

    async def _level(self, gpio: int) -> int:
        now_ns = self._live.world.now_ns()
        self.device.bench.advance(now_ns)
        return self.device.bench.wire(gpio).level(now_ns)
