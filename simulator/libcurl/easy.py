"""One transfer as libcurl drives it: time, waiting, progress and what it says of itself (``lib/multi.c``).

libcurl goes from state to state in *passes*. A pass does what can be done without waiting; between two passes it waits
until a socket is ready, a timer of its own is over, or a second has gone by. At the end of every step of a pass it
calls the callback for the progress, which on this device takes a tenth of a second each time. That is how long the
steps take that can be seen, and so they are all here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf
from typing import Final, TypeAlias

import trio

from simulator.libcurl.failure import CurlError, Failure
from simulator.network import NetworkInterface

CONNECT_TIMEOUT_S: Final = 300
"""``DEFAULT_CONNECT_TIMEOUT``: for the connection and the log-in, if no other limit is set."""
LAP_S: Final = 1.0
"""``curl_multi_wait`` in ``easy_transfer`` waits no longer than that."""
UNKNOWN: Final = -1

Progress: TypeAlias = Callable[[float, "Counts"], Awaitable[bool]]
"""Called with the seconds since the start; returns whether the transfer is to be given up."""


@dataclass(slots=True)
class Counts:
    """What a callback for the progress is told: bytes received and sent, and how many there are in all if known."""

    down: int = 0
    down_total: int = 0
    up: int = 0
    up_total: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a handle that are the same for every protocol. 0 means no limit.

    ``tells_sockets`` is whether callbacks that print open and close the sockets.
    """

    timeout_s: int
    bytes_max: int
    is_verbose: bool
    tells_sockets: bool
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a transfer meets of the board: its interface, its console, its event log, and a file that it may have.

    ``authorities`` is what is in the file with certificates that libcurl reads (``CURL_CA_BUNDLE``), None without one.
    """

    interface: NetworkInterface
    write: Callable[[bytes], None]
    emit: Callable[..., None]
    authorities: Callable[[], bytes | None]


class Easy:
    """The handle of a transfer. It begins when the handle is made."""

    def __init__(self, settings: Settings, surroundings: Surroundings) -> None:
        self.settings = settings
        self.surroundings = surroundings
        self.counts = Counts()
        self.size = 0
        """How many bytes are announced, or `UNKNOWN`."""
        self.received = 0
        self.is_connecting = True
        """Until something is asked for: as long the limit for connections holds."""
        self._began = self._pass_began = trio.current_time()
        self._timers: list[float] = []
        self._bell = trio.Event()
        if settings.timeout_s:
            self.expire(settings.timeout_s)

    # -- what it says ---------------------------------------------------------------------------------------------

    def info(self, text: str) -> None:
        """Say something, as far as that is wanted."""
        self.show(b"* ", f"{text}\n".encode("latin-1", "replace"))

    def show(self, mark: bytes, data: bytes) -> None:
        """Print what went (``> ``) or came (``< ``)."""
        if self.settings.is_verbose:
            self.surroundings.write(mark + data)

    def say_socket(self, text: str) -> None:
        """Print what the callbacks for sockets print."""
        if self.settings.is_verbose and self.settings.tells_sockets:
            self.surroundings.write(f"== {text}\r\n".encode())

    def fail(self, failure: Failure, text: str) -> CurlError:
        """Say why it fails, and return the error to raise."""
        self.info(text)
        return CurlError(failure)

    # -- time -----------------------------------------------------------------------------------------------------

    @property
    def elapsed_s(self) -> float:
        """The time since the start."""
        return trio.current_time() - self._began

    def expire(self, delay_s: float) -> None:
        """Begin a pass after that time at the latest."""
        self._timers.append(trio.current_time() + delay_s)

    def ring(self) -> None:
        """Somewhere a socket has changed."""
        self._bell.set()
        self._bell = trio.Event()

    @property
    def left_s(self) -> float:
        """How much time there is still."""
        limit_s = self.settings.timeout_s or (CONNECT_TIMEOUT_S if self.is_connecting else inf)
        return limit_s - self.elapsed_s

    async def update(self) -> None:
        """Call the callback for the progress (``Curl_pgrsUpdate``). Raises `CurlError` if it gives the transfer up."""
        progress = self.settings.progress
        if progress is not None and await progress(self.elapsed_s, self.counts):
            raise self.fail(Failure.ABORTED_BY_CALLBACK, "Callback aborted")

    async def next_pass(self, is_ready: Callable[[], bool], *, over: str = "Operation timed out") -> None:
        """End a pass and begin the next one, when ``is_ready`` or something else makes it worth while.

        Raises `CurlError` if the time is over; ``over`` is what to call that.
        """
        await self.update()
        self._timers = [timer for timer in self._timers if timer > self._pass_began]
        now = trio.current_time()
        await self.wait(is_ready, min([LAP_S, *(max(timer - now, 0) for timer in self._timers)]))
        self._pass_began = trio.current_time()
        self.check_time(over)

    async def wait(self, is_ready: Callable[[], bool], limit_s: float) -> bool:
        """Wait so long for ``is_ready``, and return whether it is."""
        deadline = trio.current_time() + limit_s
        while not is_ready():
            with trio.move_on_at(deadline) as scope:
                await self._bell.wait()
            if scope.cancelled_caught:
                return is_ready()
        return True

    def check_time(self, over: str = "Operation timed out") -> None:
        """Raise `CurlError` if the time is over."""
        if self.left_s > 0:
            return
        text = f"{over} after {self.elapsed_s * 1000:.0f} milliseconds"
        if over == "Operation timed out":
            of_all = "" if self.size == UNKNOWN else f" out of {self.size}"
            text += f" with {self.received}{of_all} bytes received"
        raise self.fail(Failure.OPERATION_TIMEDOUT, text)
