"""net.service.sntp: the clock, set by a time server (lwIP's ``apps/sntp/sntp.c``, by ``net_service_sntp.inc``)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import trio

from simulator.device.calls import CallGroup, call, text_of
from simulator.device.calls.system import DeviceClock
from simulator.network import Datagrams, LinkDownError, NameNotFoundError, NetworkInterface

NTP_PORT: Final = 123
REQUEST: Final = b"\x23" + bytes(47)
"""Version 4, mode client, and nothing else."""
RECEIVE_TIMEOUT_S: Final = 15.0
RETRY_S_MAX: Final = 150.0
"""``SNTP_RECV_TIMEOUT`` is also the first pause after a failure, which doubles up to ``SNTP_RETRY_TIMEOUT_MAX``."""
UPDATE_S: Final = 3600.0
"""``SNTP_UPDATE_DELAY``."""

_SERVER_MODES: Final = {4, 5}
_UNIX_EPOCH_IN_NTP: Final = 2_208_988_800  # seconds from 1900 to 1970 (RFC 868)
_SECONDS: Final = struct.Struct("!40xI4x")

Result = tuple[Any, ...]


def time_in(answer: bytes) -> int | None:
    """Return the Unix time in an answer of a time server; None if it tells none (RFC 4330, section 5)."""
    if len(answer) != _SECONDS.size or answer[0] & 7 not in _SERVER_MODES or answer[1] == 0:
        return None
    (seconds,) = _SECONDS.unpack(answer)
    return int(seconds) - _UNIX_EPOCH_IN_NTP


class SntpCalls(CallGroup):
    """``net.service.sntp``. A session lives until it is stopped or the board is reset; ``nursery`` lives as long."""

    def __init__(
        self, interface: NetworkInterface, clock: DeviceClock, now_ns: Callable[[], int], nursery: trio.Nursery
    ) -> None:
        self._interface = interface
        self._clock = clock
        self._now_ns = now_ns
        self._nursery = nursery
        self._session: trio.CancelScope | None = None

    @call("net.service.sntp.start")
    def _start(self, server: bytes) -> None:
        if self._session is None:
            self._session = trio.CancelScope()
            self._nursery.start_soon(self._poll, text_of(server), self._session)

    @call("net.service.sntp.stop")
    def _stop(self) -> None:
        if self._session is not None:
            self._session.cancel()
            self._session = None

    @call("net.service.sntp.running")
    def _running(self) -> Result:
        return (self._session is not None,)

    async def _poll(self, server: str, session: trio.CancelScope) -> None:
        """Ask again and again, whatever comes of it."""
        retry_s = RECEIVE_TIMEOUT_S
        socket = self._interface.open_datagrams()
        try:
            with session:
                while True:
                    epoch = await self._ask(server, socket)
                    if epoch is not None:
                        self._clock.set(epoch, self._now_ns())
                        retry_s = RECEIVE_TIMEOUT_S
                        await trio.sleep(UPDATE_S)
                    else:
                        await trio.sleep(retry_s)
                        retry_s = min(2 * retry_s, RETRY_S_MAX)
        finally:
            socket.close()

    async def _ask(self, server: str, socket: Datagrams) -> int | None:
        with suppress(NameNotFoundError, LinkDownError), trio.move_on_after(RECEIVE_TIMEOUT_S):
            address, *_ = await self._interface.resolve(server)
            await socket.send_to(REQUEST, (address, NTP_PORT))
            answer, _ = await socket.receive_from()
            return time_in(answer)
        return None
