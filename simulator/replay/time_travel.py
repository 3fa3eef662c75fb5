"""Jumping to any event of a recording and back, in the time that it takes to run a small part of it.

The recording is run once, in a process of its own that leaves checkpoints on the way (`explorer`); a jump runs from the
last checkpoint before the event. Where processes cannot be forked every jump runs the recording from its start.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from bisect import bisect_right
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from simulator.errors import SimulatorInternalError, UsageError
from simulator.recording import Recording
from simulator.replay.explorer import CHECKPOINTS_MAX, receive, send
from simulator.replay.replayer import AtEvent, replay

_PACKAGE: Final = str(Path(__file__).resolve().parents[2])
CAN_FORK: Final = hasattr(os, "fork") and hasattr(socket, "send_fds")


class TimeTravel:
    """A recording, to be moved about in while the block lasts.

    Entering runs it once and compares every event; raises `UsageError` if it is not the same run any more.
    """

    def __init__(self, recording: Recording, *, forks: bool = CAN_FORK) -> None:
        self._recording = recording
        self._forks = forks
        self._checkpoints: dict[int, socket.socket] = {}

    def __enter__(self) -> TimeTravel:
        self._recording.check()
        if self._forks:
            try:
                self._explore()
            except BaseException:
                self._close()
                raise
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._close()

    @property
    def checkpoints(self) -> list[int]:
        """After which events there is one."""
        return list(self._checkpoints)

    def jump(self, n: int) -> dict[str, Any]:
        """Return the board just after the event ``n``, as `simulator.board_state.BoardState` has it for JSON.

        Raises `UsageError` if there is no such event.
        """
        if not 0 <= n < len(self._recording.lines):
            raise UsageError(f"event {n}: {self._recording.path} has the events 0 to {len(self._recording.lines) - 1}")
        places = self.checkpoints
        nearest = bisect_right(places, n) - 1
        if nearest < 0:
            return self._from_the_start(n)
        channel = self._checkpoints[places[nearest]]
        send(channel, n)
        state, _ = receive(channel)
        if state is None:
            raise SimulatorInternalError(f"the checkpoint after event {places[nearest]} has ended")
        return dict(state)

    def _from_the_start(self, n: int) -> dict[str, Any]:
        replayed = replay(self._recording, to=AtEvent(n))
        if replayed.difference is not None:
            raise UsageError(f"{self._recording.path} is another run now: {replayed.difference}")
        assert replayed.state is not None
        return replayed.state.to_json()

    def _explore(self) -> None:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                explorer = subprocess.Popen(
                    [
                        *(sys.executable, "-P", "-c", "from simulator.replay.explorer import main; main()"),
                        *(str(self._recording.path), str(theirs.fileno())),
                    ],
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # Ctrl-C is for us
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [_PACKAGE, *sys.path]))},
                )
            message = self._receive_checkpoints(ours)
        explorer.wait()
        if message is None:
            raise SimulatorInternalError(f"the explorer of {self._recording.path} ended with {explorer.returncode}")
        if "difference" in message:
            raise UsageError(f"{self._recording.path} is another run now: {message['difference']}")

    def _receive_checkpoints(self, channel: socket.socket) -> Any:
        """Take what the explorer leaves behind; return its last message."""
        while True:
            message, descriptor = receive(channel)
            if descriptor is None:
                return message
            self._checkpoints[message["at"]] = socket.socket(fileno=descriptor)
            if len(self._checkpoints) > CHECKPOINTS_MAX:
                for n in self.checkpoints[1::2]:
                    self._checkpoints.pop(n).close()

    def _close(self) -> None:
        for channel in self._checkpoints.values():
            channel.close()
        self._checkpoints.clear()
