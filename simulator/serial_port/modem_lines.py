"""The lines DTR and RTS of a pseudo-terminal, for programs that have ``modem_lines.c`` preloaded.

Linux gives a pseudo-terminal no modem lines. What the program asks for comes here instead, over an abstract socket
named after the terminal, so that neither side has to be told a name: an operation and the lines, answered with the
lines as they are then.
"""

from __future__ import annotations

import socket
import sys
from typing import Final

import trio

from simulator.serial_port.auto_reset import AutoReset

_NAME: Final = "\0luatwin"
_REQUEST_BYTES: Final = 2
_DTR, _RTS = 1, 2


def answer(request: bytes, lines: AutoReset) -> bytes:
    """Carry out a request: ``g`` asks, ``s`` sets both, ``+`` and ``-`` turn on and off those in the second byte.

    RTS changes before DTR, as the kernel's drivers for adapters have it no other way round.
    """
    operation, mask = request[:1], request[1]
    for bit, set_line in ((_RTS, lines.set_rts), (_DTR, lines.set_dtr)):
        if operation == b"s":
            set_line(bool(mask & bit))
        elif operation in b"+-" and mask & bit:
            set_line(operation == b"+")
    return bytes((_DTR * lines.dtr | _RTS * lines.rts,))


async def serve_lines(
    terminal: str, lines: AutoReset, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Answer the programs that have ``terminal`` open, until cancelled. Only Linux has such sockets."""
    if sys.platform != "linux":
        task_status.started()
        return
    with trio.socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        await listener.bind(_NAME + terminal)
        listener.listen()
        task_status.started()
        while True:
            channel, _ = await listener.accept()
            with channel:
                request = await channel.recv(_REQUEST_BYTES)
                if len(request) == _REQUEST_BYTES:
                    await channel.send(answer(request, lines))
