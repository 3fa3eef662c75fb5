"""The process that runs a recording once and leaves copies of itself on the way: the other side of `time_travel`.

It is a new interpreter, since a process with threads should not fork: `main` with the file and the descriptor of a
socket as arguments. At every boot, and whenever so much work has been
done since, it forks: the child is a *checkpoint*, which holds the run as it is there and waits; memory is shared until
one of them writes. A checkpoint that is asked for an event forks again: that child, a *runner*, goes on with the run to
the event, answers, and is gone; so a checkpoint stays what it is. Whoever finds the other end of its socket closed
ends.

Messages are JSON with their length before them. The explorer tells of each checkpoint (``at``, with its socket), and
last that it is through (``events``) or what differed. A checkpoint is sent the number of an event, and answers with the
state of the board.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

from simulator.board_state import board_state
from simulator.events import Event
from simulator.recording import LogLines, Recording
from simulator.replay.replayer import EVENTS_SHOWN, Difference
from simulator.session import Stage, run_setting

CHECKPOINTS_MAX: Final = 24
"""So many at most; if there are more, every second one is given up and the rest get twice as far apart."""
_FIRST_INTERVAL_S: Final = 0.02
"""Of CPU time between two checkpoints, at first."""
_LENGTH: Final = struct.Struct("<I")


def send(channel: socket.socket, message: Any, *, descriptor: int | None = None) -> None:
    """Send a message, and a file descriptor with it."""
    data = json.dumps(message).encode()
    head = _LENGTH.pack(len(data))
    if descriptor is None:
        channel.sendall(head + data)
    else:
        socket.send_fds(channel, [head], [descriptor])
        channel.sendall(data)


def receive(channel: socket.socket) -> tuple[Any, int | None]:
    """Return the next message, and the file descriptor that came with it; twice None if the other side has gone."""
    head, descriptors, _, _ = socket.recv_fds(channel, _LENGTH.size, 1)
    if not head:
        return None, None
    data = _exactly(channel, _LENGTH.unpack(head)[0])
    return json.loads(data) if data else None, descriptors[0] if descriptors else None


def _exactly(channel: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = channel.recv(length - len(data))
        if not more:
            return b""
        data += more
    return data


class Explorer:
    """Runs a recording, as the process that explores it first, then as a checkpoint and as a runner."""

    def __init__(self, recording: Recording, channel: socket.socket) -> None:
        self._recording = recording
        self._channel = channel
        """Leads to who explores; in a checkpoint and its runners to who asks."""
        self._target: int | None = None
        """The event that a runner goes to; None while exploring."""
        self._lines = LogLines()
        self._count = 0
        self._checkpoints = 0
        self._interval_s = _FIRST_INTERVAL_S
        self._last_s = time.process_time()

    def run(self) -> NoReturn:
        """Run to the end, or as a runner to an event, and end the process."""
        request, setting = self._recording.restored()
        gc.collect()
        gc.freeze()  # what is there now is not touched by any collection, and stays shared
        run_setting(request, setting, heard=lambda _data: None, observe=self._look_on)
        self._end({"events": self._count})

    @contextmanager
    def _look_on(self, stage: Stage) -> Iterator[None]:
        unsubscribe = stage.world.events.subscribe(partial(self._hear, stage))
        try:
            yield
        finally:
            unsubscribe()

    def _hear(self, stage: Stage, event: Event) -> None:
        if self._count == len(self._recording.lines):
            self._end({"events": self._count})  # it was recorded no further
        line = self._lines.line(event)
        if line != self._recording.lines[self._count]:
            difference = Difference(self._recording.event(self._count), json.loads(line))
            self._end({"difference": str(difference)})
        self._count += 1
        if self._target is None and self._is_place_for_checkpoint(event):
            self._leave_checkpoint(event["n"])
        if self._target == event["n"]:
            events = [self._recording.event(n) for n in range(max(0, self._count - EVENTS_SHOWN), self._count)]
            self._end(board_state(stage.device, event["t"], events).to_json())

    def _is_place_for_checkpoint(self, event: Event) -> bool:
        worked_s = time.process_time() - self._last_s
        return event["kind"] == "reset" or worked_s >= self._interval_s

    def _leave_checkpoint(self, n: int) -> None:
        """Fork a checkpoint. Returns in the explorer, and in the runners of the checkpoint."""
        self._checkpoints += 1
        if self._checkpoints > CHECKPOINTS_MAX:
            self._checkpoints = CHECKPOINTS_MAX // 2
            self._interval_s *= 2
        theirs, ours = socket.socketpair()
        if os.fork() == 0:
            self._channel.close()
            theirs.close()
            self._channel = ours
            self._wait()
            return
        ours.close()
        send(self._channel, {"at": n}, descriptor=theirs.fileno())
        theirs.close()
        self._last_s = time.process_time()

    def _wait(self) -> None:
        """Be a checkpoint until nobody asks any more. Returns in every runner."""
        while (target := receive(self._channel)[0]) is not None:
            runner = os.fork()
            if runner == 0:
                self._target = target
                return
            os.waitpid(runner, 0)
        os._exit(0)

    def _end(self, message: Any) -> NoReturn:
        send(self._channel, message)
        os._exit(0)


def main() -> NoReturn:
    """Explore the recording named on the command line for who is at the other end of the socket."""
    _, path, descriptor = sys.argv
    Explorer(Recording.read(Path(path)), socket.socket(fileno=int(descriptor))).run()
