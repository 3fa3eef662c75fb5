"""captivedns: the name server for who joins the board's access point (``components/captivedns/captivedns.c``).

It answers every question with the board's own address, whatever was asked for, and goes on until it is stopped or the
chip is reset.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address
from typing import Any, ClassVar, Final

import trio

from simulator.device.calls import call
from simulator.device.drivers.shared import Driver
from simulator.network import Datagrams, LinkDownError
from simulator.network.dns import DNS_PORT
from simulator.vm.exceptions import DriverError
from simulator.wifi import WifiMode

_HEADER: Final = struct.Struct("!HBBHHHH")
_RESPONSE: Final = 0x80
_RESPONSE_OR_OPCODE: Final = 0xF8
_ANSWER: Final = struct.Struct("!HHHIH4s")
_NAME_OF_THE_QUESTION: Final = 0xC00C
_TYPE_A: Final = 1
_CLASS_IN: Final = 1


def captive_answer(query: bytes, address: str) -> bytes | None:
    """Return the answer that ``address`` has the name in ``query``; None to whatever is no query with one question.

    What type of record it asks for does not matter, and what follows the question stays where it was.
    """
    if len(query) < _HEADER.size:
        return None
    number, flags, more_flags, questions, *others = _HEADER.unpack_from(query)
    if flags & _RESPONSE_OR_OPCODE or questions != 1 or any(others):
        return None
    header = _HEADER.pack(number, flags | _RESPONSE, more_flags, 1, 1, 0, 0)
    record = _ANSWER.pack(_NAME_OF_THE_QUESTION, _TYPE_A, _CLASS_IN, 0, 4, IPv4Address(address).packed)
    return header + query[_HEADER.size :] + record


class CaptivednsDriver(Driver):
    """The service, of which there is one."""

    name: ClassVar[str] = "captivedns"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._socket: Datagrams | None = None
        self._address = ""

    def close(self) -> None:
        """The chip is reset."""
        self._stop()

    @call("captivedns.start")
    async def _start(self) -> tuple[bytes] | None:
        """Begin, if the board is an access point; returns what is wrong."""
        network = self.shared.network
        if not await network.driver.wait_for_network():
            raise DriverError("net", "NotAvailable")
        mode = network.driver.wf_mode
        if mode is WifiMode.NULL:
            return (b"couldn't get wifi mode",)
        if not mode.has_access_point:
            return (b"wrong wifi mode",)
        self._address = network.driver.access_point_address
        if self._socket is None:
            try:
                self._socket = network.interface.open_datagrams(DNS_PORT)
            except OSError:
                return (b"couldn't start captivedns service",)
            network.nursery.start_soon(self._serve, self._socket, name="captivedns")
        return None

    @call("captivedns.stop")
    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @call("captivedns.running")
    def _running(self) -> tuple[bool]:
        return (self._socket is not None,)

    async def _serve(self, socket: Datagrams) -> None:
        try:
            while True:
                query, sender = await socket.receive_from()
                answer = captive_answer(query, self._address)
                if answer is not None:
                    try:
                        await socket.send_to(answer, sender)
                    except LinkDownError:
                        continue
                    self.shared.network.emit("net.captivedns", client=sender[0])
        except trio.ClosedResourceError:
            return
