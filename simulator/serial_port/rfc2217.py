"""RFC 2217: a serial port with its settings and lines over Telnet, as pyserial and esptool speak it.

`ComPort` is the protocol without a socket. Settings are taken note of and answered; only the lines and the purges do
something, since speed and format of the board's UART are what the firmware makes them. The modem inputs of the adapter
are not connected.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Final, Protocol

import trio

from simulator.serial_port.auto_reset import AutoReset
from simulator.serial_port.tcp import RECEIVE_BYTES

_IAC, _DONT, _DO, _WONT, _WILL, _SB, _SE = 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0xFA, 0xF0
_IAC_BYTE: Final = bytes((_IAC,))
_BINARY, _ECHO, _SUPPRESS_GO_AHEAD, _COM_PORT = 0x00, 0x01, 0x03, 0x2C

_WE_CAN: Final = frozenset({_BINARY, _ECHO, _SUPPRESS_GO_AHEAD, _COM_PORT})
"""ECHO only so that a Telnet client does not do it; what is echoed the board sends anyway."""
_THEY_CAN: Final = frozenset({_BINARY, _SUPPRESS_GO_AHEAD, _COM_PORT})

_SIGNATURE: Final = b"LuaTwin"
_ANSWER: Final = 100
"""Added to a command, it makes the answer to it."""
_NOTIFY_MODEM_STATE: Final = 107


class _Command(IntEnum):
    SIGNATURE = 0
    BAUD_RATE = 1
    DATA_SIZE = 2
    PARITY = 3
    STOP_SIZE = 4
    CONTROL = 5
    LINE_STATE_MASK = 10
    MODEM_STATE_MASK = 11
    PURGE_DATA = 12


class _Control(IntEnum):
    FLOW_CONTROL = 0  # asks, as the other two words without a verb
    NO_FLOW_CONTROL = 1
    BREAK = 4
    BREAK_OFF = 6
    DTR = 7
    DTR_ON = 8
    DTR_OFF = 9
    RTS = 10
    RTS_ON = 11
    RTS_OFF = 12
    INBOUND_FLOW_CONTROL = 13
    NO_INBOUND_FLOW_CONTROL = 14


_PURGE_TO_HOST, _PURGE_TO_BOARD = 1, 2  # bits


class Port(Protocol):
    """The adapter, as this protocol sees it."""

    lines: AutoReset

    def purge_to_host(self) -> None:
        """Forget what the client has not yet got."""

    def purge_to_board(self) -> None:
        """Forget what is not yet on the wire."""


class ComPort:
    """One connection: bytes from the client in, bytes for the board out. Send what `answers` returns whenever it may
    have changed: in the beginning, which is when it holds the server's offers, and after each `receive`.
    """

    def __init__(self, port: Port) -> None:
        self._port = port
        self._incomplete = b""
        self._we_do = {_ECHO, _SUPPRESS_GO_AHEAD, _COM_PORT}
        self._they_do = {_BINARY, _COM_PORT}
        self._answers = bytearray()
        for verb, options in ((_WILL, self._we_do), (_DO, self._they_do)):
            for option in sorted(options):
                self._answers += bytes((_IAC, verb, option))
        self._settings: dict[int, bytes] = {
            _Command.BAUD_RATE: (115_200).to_bytes(4, "big"),
            _Command.DATA_SIZE: b"\x08",
            _Command.PARITY: b"\x01",
            _Command.STOP_SIZE: b"\x01",
        }

    def answers(self) -> bytes:
        """Return what has to be sent, once."""
        answers = bytes(self._answers)
        self._answers.clear()
        return answers

    def encode(self, data: bytes) -> bytes:
        """Return what the connection carries for bytes from the board."""
        return data.replace(_IAC_BYTE, 2 * _IAC_BYTE)

    def receive(self, data: bytes) -> bytes:
        """Carry out what the client says, and return the bytes for the board."""
        data = self._incomplete + data
        for_board = bytearray()
        start = 0
        while True:
            at = data.find(_IAC_BYTE, start)
            for_board += data[start : at if at >= 0 else len(data)]
            end = _end_of_command(data, at) if at >= 0 else len(data)
            if at < 0 or end is None:
                self._incomplete = data[at:] if at >= 0 else b""
                return bytes(for_board)
            for_board += self._carry_out(data[at:end])
            start = end

    def _carry_out(self, command: bytes) -> bytes:
        """Do what a whole Telnet command says; return what it means for the board."""
        match command[1]:
            case verb if verb == _IAC:
                return _IAC_BYTE
            case verb if verb in (_DO, _DONT):
                self._agree(verb == _DO, command[2], self._we_do, _WE_CAN, yes=_WILL, no=_WONT)
            case verb if verb in (_WILL, _WONT):
                self._agree(verb == _WILL, command[2], self._they_do, _THEY_CAN, yes=_DO, no=_DONT)
            case verb if verb == _SB and command[2] == _COM_PORT:
                self._com_port(command[3], command[4:-2].replace(2 * _IAC_BYTE, _IAC_BYTE))
        return b""

    def _agree(self, wanted: bool, option: int, done: set[int], can: frozenset[int], *, yes: int, no: int) -> None:
        """Take up a wish as far as possible, and answer it unless that is how things are."""
        if wanted and option not in done:
            if option in can:
                done.add(option)
            self._answers += bytes((_IAC, yes if option in can else no, option))
        elif not wanted and option in done:
            done.discard(option)
            self._answers += bytes((_IAC, no, option))

    def _com_port(self, command: int, value: bytes) -> None:
        if command in self._settings:
            if any(value):  # zero asks
                self._settings[command] = value
            self._answer(command, self._settings[command])
        elif command == _Command.SIGNATURE and not value:
            self._answer(command, _SIGNATURE)
        elif command == _Command.CONTROL and value:
            self._answer(command, bytes((self._control(value[0]),)))
        elif command == _Command.PURGE_DATA and value:
            if value[0] & _PURGE_TO_HOST:
                self._port.purge_to_host()
            if value[0] & _PURGE_TO_BOARD:
                self._port.purge_to_board()
            self._answer(command, value)
        elif command in (_Command.LINE_STATE_MASK, _Command.MODEM_STATE_MASK):
            self._answer(command, value)
            if command == _Command.MODEM_STATE_MASK:
                self._answers += _suboption(_NOTIFY_MODEM_STATE, b"\0")

    def _control(self, value: int) -> int:
        """Carry out a control command and return the value of the answer, which is the same unless it asks."""
        lines = self._port.lines
        match value:
            case _Control.DTR_ON | _Control.DTR_OFF:
                lines.set_dtr(value == _Control.DTR_ON)
            case _Control.RTS_ON | _Control.RTS_OFF:
                lines.set_rts(value == _Control.RTS_ON)
            case _Control.DTR:
                return _Control.DTR_ON if lines.dtr else _Control.DTR_OFF
            case _Control.RTS:
                return _Control.RTS_ON if lines.rts else _Control.RTS_OFF
            case _Control.FLOW_CONTROL:
                return _Control.NO_FLOW_CONTROL
            case _Control.INBOUND_FLOW_CONTROL:
                return _Control.NO_INBOUND_FLOW_CONTROL
            case _Control.BREAK:
                return _Control.BREAK_OFF
        return value

    def _answer(self, command: int, value: bytes) -> None:
        self._answers += _suboption(command + _ANSWER, value)


def _suboption(code: int, value: bytes) -> bytes:
    doubled = value.replace(_IAC_BYTE, 2 * _IAC_BYTE)
    return bytes((_IAC, _SB, _COM_PORT, code)) + doubled + bytes((_IAC, _SE))


def _end_of_command(data: bytes, at: int) -> int | None:
    """Return where the Telnet command at ``at`` ends; None if it is not all there."""
    if at + 1 == len(data):
        return None
    verb = data[at + 1]
    if verb == _SB:
        end = at + 2
        while end + 1 < len(data):
            if data[end] != _IAC:
                end += 1
            elif data[end + 1] == _SE:
                return end + 2
            else:
                end += 2
        return None
    end = at + (3 if verb in (_DO, _DONT, _WILL, _WONT) else 2)
    return end if end <= len(data) else None


class Rfc2217Host:
    """A `Host` on a socket that speaks RFC 2217."""

    def __init__(self, stream: trio.SocketStream, port: Port) -> None:
        self._stream = stream
        self._protocol = ComPort(port)
        self._turn = trio.Lock()

    async def _write(self, encode: Callable[[], bytes]) -> None:
        async with self._turn:
            await self._stream.send_all(encode())

    async def receive(self) -> bytes:
        """See `Host.receive`."""
        data = b""
        while not data:
            await self._write(self._protocol.answers)
            received = bytes(await self._stream.receive_some(RECEIVE_BYTES))
            if not received:
                return b""
            data = self._protocol.receive(received)
        await self._write(self._protocol.answers)
        return data

    async def send(self, data: bytes) -> None:
        """See `Host.send`."""
        await self._write(lambda: self._protocol.encode(data))
