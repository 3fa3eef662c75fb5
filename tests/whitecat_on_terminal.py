"""A host program: uses a board on the terminal that it is told as the Whitecat tools do, and prints what it found.

It is started with the modem lines of ``simulator/serial_port/modem_lines.c`` preloaded, and imports them nowhere.
"""

from __future__ import annotations

import json
import os
import sys
import termios

import trio

from tests.whitecat import TerminalWire, Whitecat

SIZES = (0, 1, 254, 255, 256, 100_000)


async def use(path: str) -> dict[str, object]:
    terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
    wire = TerminalWire(terminal)
    for line in (termios.TIOCM_RTS, termios.TIOCM_DTR):  # the order of libserialport
        wire.set_line(line, False)
    client = Whitecat(wire)
    await client.drain()
    await wire.reset()
    boot = await client.wait_for_boot()
    intact = []
    for size in SIZES:
        data = (bytes(range(256)) * (size // 256 + 1))[:size]
        await client.upload(f"/f{size}", data)
        if await client.download(f"/f{size}") == data:
            intact.append(size)
        if size % 255 == 0:
            await trio.sleep(2)  # the board waits in vain for another request
    return {
        "first line": boot[0].decode(),
        "last line": boot[-1].decode(),
        "board": [word.decode() for word in await client.board()],
        "intact": intact,
        "files": {name.decode(): int(size) for kind, size, _, name in await client.list("/") if kind == b"f"},
    }


if __name__ == "__main__":
    json.dump(trio.run(use, sys.argv[1]), sys.stdout)
