r"""What the Whitecat tools say to a board, written from their protocol: a peer that shares nothing with ours.

The same client talks to a board in virtual time, over a pseudo-terminal or over a socket; it only needs a `Wire`.
It reads as the tools read: it sees a prompt when the line feed behind its own carriage return has completed the line.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
import termios
from dataclasses import dataclass, field
from typing import Final, Protocol

import trio

from simulator.device.device import Device

CHUNK_BYTES: Final = 255
DRAIN_S: Final = 0.2
BYTE_TIMEOUT_S: Final = 2.0
BOOT_TIMEOUT_S: Final = 4.0

_PROMPT: Final = re.compile(rb"/.*>.*", re.DOTALL)


class Wire(Protocol):
    """Bytes to and from a board."""

    async def send(self, data: bytes) -> None:
        """Send all of ``data``."""

    async def receive(self) -> bytes:
        """Return the next bytes, at least one."""


class DeviceWire:
    """The wire of a board in the same world: what the board sends from now on can be received here."""

    def __init__(self, board: Device) -> None:
        self._board = board
        self._heard = bytearray()
        self._arrival = trio.Event()
        board.on_console = self._hear

    def _hear(self, wire: bytes) -> None:
        self._heard += wire
        self._arrival.set()

    async def send(self, data: bytes) -> None:
        self._board.receive(data)

    async def receive(self) -> bytes:
        while not self._heard:
            self._arrival = trio.Event()
            await self._arrival.wait()
        data = bytes(self._heard)
        self._heard.clear()
        return data


class TerminalWire:
    """The wire of a terminal that is open, and its line RTS; wait for `reset` to pulse it as the tools do."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        os.set_blocking(terminal, False)

    async def send(self, data: bytes) -> None:
        while data:
            await trio.lowlevel.wait_writable(self._terminal)
            data = data[os.write(self._terminal, data) :]

    async def receive(self) -> bytes:
        await trio.lowlevel.wait_readable(self._terminal)
        return os.read(self._terminal, 4096)

    def set_line(self, line: int, on: bool) -> None:
        fcntl.ioctl(self._terminal, termios.TIOCMBIS if on else termios.TIOCMBIC, struct.pack("i", line))

    async def reset(self) -> None:
        for on in (False, True, False):
            self.set_line(termios.TIOCM_RTS, on)
            await trio.sleep(0.01)


@dataclass
class Whitecat:
    """The client. `trio.TooSlowError` if the board does not answer in time, `AssertionError` if it answers wrong.

    ``transcript`` is what the board sent, except what was drained.
    """

    wire: Wire
    transcript: bytearray = field(default_factory=bytearray)
    _buffer: bytearray = field(default_factory=bytearray)

    async def exactly(self, count: int, timeout_s: float = BYTE_TIMEOUT_S) -> bytes:
        """Return so many bytes; the limit is for each of them."""
        while len(self._buffer) < count:
            with trio.fail_after(timeout_s):
                self._buffer += await self.wire.receive()
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        self.transcript += taken
        return taken

    async def byte(self, timeout_s: float = BYTE_TIMEOUT_S) -> int:
        return (await self.exactly(1, timeout_s))[0]

    async def line(self, timeout_s: float = BYTE_TIMEOUT_S) -> bytes:
        """Return the next line without its LF and without any CR."""
        line = bytearray()
        while (byte := await self.byte(timeout_s)) != ord("\n"):
            line.append(byte)
        return bytes(line.replace(b"\r", b""))

    async def line_up_to_cr(self) -> bytes:
        line = bytearray()
        while (byte := await self.byte()) != ord("\r"):
            line.append(byte)
        return bytes(line)

    async def drain(self) -> None:
        """Let 200 ms pass and forget what came."""
        with trio.move_on_after(DRAIN_S):
            while True:
                await self.wire.receive()
        self._buffer.clear()

    async def wait_for_boot(self) -> list[bytes]:
        """Stop the boot scripts of a board that has just been reset; return the lines up to the one that says so."""
        lines = []
        with trio.fail_after(BOOT_TIMEOUT_S):
            while True:
                lines.append(await self.line(BOOT_TIMEOUT_S))
                if b"Booting Lua RTOS..." in lines[-1]:
                    await self.wire.send(b"\x04")
                if lines[-1] == b"Lua RTOS-boot-scripts-aborted-ESP32":
                    break
        await self.drain()
        await self.wire.send(b"os.shell(false)\r\n")
        await self.drain()
        return lines

    async def command(self, text: str) -> bytes:
        """Send a line and return what it printed."""
        await self.wire.send(text.encode() + b"\r\n")
        echo = await self.line()
        assert echo == text.encode()
        answer: list[bytes] = []
        while not _PROMPT.fullmatch(line := await self.line()):
            answer.append(line)
        return b"\r\n".join(answer)

    async def board(self) -> tuple[bytes, ...]:
        """Return type, subtype and brand."""
        return (
            await self.command("do local type = os.board();print(type); end"),
            await self.command(
                'do local _,subtype = os.board();if (not (subtype == nil)) then print(subtype); else print(""); end end'
            ),
            await self.command(
                'do local _,_,brand = os.board();if (not (brand == nil)) then print(brand); else print(""); end end'
            ),
        )

    async def list(self, path: str) -> list[tuple[bytes, ...]]:
        """Return type, size, date and name of each entry, each with its padding."""
        lines = (await self.command(f'os.ls("{path}")')).split(b"\r\n")
        return [tuple(line.split(b"\t")) for line in lines if line.count(b"\t") == 3]

    async def upload(self, path: str, data: bytes) -> None:
        await self.drain()
        command = f'io.receive("{path}")'
        await self.wire.send(command.encode() + b"\r")
        assert await self.line_up_to_cr() == command.encode()
        await self._send_chunks(data)
        assert await self.line() == b"true"
        await self.drain()

    async def _send_chunks(self, data: bytes) -> None:
        while True:
            while await self.line() != b"C":
                pass
            chunk, data = data[:CHUNK_BYTES], data[CHUNK_BYTES:]
            await self.wire.send(bytes((len(chunk),)))
            if not chunk:
                return
            await self.wire.send(chunk)

    async def download(self, path: str) -> bytes:
        command = f'io.send("{path}")'
        await self.wire.send(command.encode() + b"\r")
        assert await self.line() == command.encode()
        data = bytearray()
        while True:
            await self.wire.send(b"C\n")
            length = await self.byte()
            if length == 0:
                break
            data += await self.exactly(length)
        await self.drain()
        return bytes(data)

    async def run(self, code: bytes) -> None:
        """Send a text with ``os.run``; it has been sent when this returns, not run."""
        await self.wire.send(b"os.run()\r")
        await self._send_chunks(code)
