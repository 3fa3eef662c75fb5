"""What a program with preloaded modem lines asks, and the answers."""

from __future__ import annotations

import socket
import sys

import pytest
import trio

from simulator.serial_port import AutoReset, serve_lines
from simulator.serial_port.modem_lines import answer
from tests.serial_port.test_auto_reset import Pins


def test_requests_change_the_lines_and_tell_what_they_are():
    pins = Pins()
    lines = AutoReset(pins)
    story = [(b"g\0", 0), (b"+\3", 3), (b"-\2", 1), (b"s\2", 2), (b"+\1", 3), (b"g\3", 3), (b"-\3", 0)]
    for request, expected in story:
        assert answer(request, lines) == bytes((expected,)), request
    assert (lines.dtr, lines.rts) == (False, False)


def test_the_pulse_of_the_whitecat_tools_is_a_reset():
    pins = Pins()
    lines = AutoReset(pins)
    for request in (b"-\2", b"-\1", b"-\2", b"+\2", b"-\2"):
        answer(request, lines)
    assert pins.story == ["held", "boot"]


@pytest.mark.real
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract sockets, and nothing else needs them")
def test_programs_are_answered_one_after_the_other_whatever_they_send():
    lines = AutoReset(Pins())

    async def main() -> list[bytes]:
        answers = []
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_lines, "/dev/pts/none", lines)
            for request in (b"+\1", b"?", b"g\0"):
                with trio.socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as channel:
                    await channel.connect("\0luatwin/dev/pts/none")
                    await channel.send(request)
                    answers.append(await channel.recv(10))
            nursery.cancel_scope.cancel()
        return answers

    assert trio.run(main) == [b"\1", b"", b"\1"]
