"""The log as a server on the network gets it (``components/sys/unix/syslog.c``, ``CONFIG_LUA_RTOS_USE_RSYSLOG``)."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Final

import trio

from simulator.console import Log
from simulator.device.calls.console import ConsoleCalls
from simulator.device.net_driver import NetDriver
from simulator.network import Datagrams, Endpoint, LinkDownError, NameNotFoundError, NetworkInterface
from simulator.wifi.events import SystemEvent

PORT: Final = 514
"""``CONFIG_LUA_RTOS_RSYSLOG_PORT``, UDP."""
DEFAULT_HOST: Final = "0.0.0.0"  # noqa: S104 (CONFIG_LUA_RTOS_RSYSLOG_SERVER)
"""Stands for no server at all."""


class LogServer:
    """Sends what is logged to ``host`` while there is a network; messages of other times are lost.

    Its callback takes one of the three slots of ``driver``. ``host`` is None until there has been a network.
    """

    def __init__(
        self,
        driver: NetDriver,
        interface: NetworkInterface,
        log: Log,
        console: ConsoleCalls,
        nursery: trio.Nursery,
    ) -> None:
        self.host: str | None = None
        self._driver = driver
        self._interface = interface
        self._log = log
        self._console = console
        self._nursery = nursery
        self._queue: trio.MemorySendChannel[bytes] | None = None
        driver.register_callback(self._network_changed)

    async def choose(self, host: str) -> None:
        """``syslog_setloghost``: from now on send to ``host``, a name or an address."""
        self.host = host
        await self._reconnect()

    async def _network_changed(self, event: SystemEvent) -> None:
        del event
        if self._driver.connected() != (self._queue is not None):
            await self._reconnect()

    async def _reconnect(self) -> None:
        self._close()
        if not self._driver.connected():
            return
        if self.host is None:
            self.host = DEFAULT_HOST
        host = self.host
        if host in ("", DEFAULT_HOST):
            return
        try:
            address = (await self._interface.resolve(host))[0]
        except (NameNotFoundError, LinkDownError):
            await self._console.write_from_task(f"could not resolve host {host}\n")
            return
        self._close()  # the other task may have been here while this one waited
        self._queue, messages = trio.open_memory_channel[bytes](math.inf)
        self._log.server = self._queue.send_nowait
        self._nursery.start_soon(_carry, messages, self._interface.open_datagrams(), (address, PORT))

    def _close(self) -> None:
        if self._queue is not None:
            self._queue.close()
        self._queue = self._log.server = None


async def _carry(messages: trio.MemoryReceiveChannel[bytes], socket: Datagrams, server: Endpoint) -> None:
    try:
        async for message in messages:
            with suppress(LinkDownError):
                await socket.send_to(message, server)
    finally:
        socket.close()
