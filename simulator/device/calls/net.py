"""net: what scripts ask of WiFi, Ethernet, names and ping. The drivers themselves are `simulator.device.net_driver`."""

from __future__ import annotations

from typing import Any

from simulator.console import Level
from simulator.device.calls import CallGroup, bytes_of, call, text_of
from simulator.device.calls.console import ConsoleCalls
from simulator.device.calls.timers import CallbackQueue
from simulator.device.kernel import Kernel
from simulator.device.net_driver import InterfaceStat, NetDriver
from simulator.device.net_ping import PingReply
from simulator.vm.exceptions import DriverError
from simulator.wifi import WifiMode

Result = tuple[Any, ...]

EVENT_TASK_PRIORITY = 20
EVENT_TASK_STACK_BYTES = 8192
"""CONFIG_SYSTEM_EVENT_TASK_STACK_SIZE of the boards; callbacks of ``net.callback`` run in that task."""


class NetCalls(CallGroup):
    """``net``, ``net.wf`` and ``net.en``, without ``net.ota``."""

    def __init__(self, driver: NetDriver, console: ConsoleCalls) -> None:
        self._driver = driver
        self._console = console
        self.has_callback = False
        self.queue: CallbackQueue | None = None
        """The task that runs the callback."""

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts: nothing is called back until it registers a function."""
        super().connect(kernel)
        if self.queue is not None:
            self.queue.abandon()
        self.has_callback = False
        self.queue = CallbackQueue(kernel, "event task", EVENT_TASK_PRIORITY, 0, EVENT_TASK_STACK_BYTES)

    # -- net ------------------------------------------------------------------------------------------------------

    @call("net.exception")
    def _exception(self, driver: bytes, name: bytes) -> Result:
        return (str(DriverError(driver.decode(), name.decode())).encode(),)

    @call("net.connected")
    def _connected(self) -> Result:
        return (self._driver.connected(),)

    @call("net.lookup")
    async def _lookup(self, name: bytes) -> Result:
        return ((await self._driver.lookup(text_of(name))).encode(),)

    @call("net.callback")
    def _callback(self, id_: int) -> None:
        self.has_callback = True

        async def changed(interface: str, change: str) -> None:
            # The event task waits until the function has returned: a slow one stalls all network events.
            queue = self.queue
            assert queue is not None
            queue.put(id_, interface.encode(), change.encode())
            while not queue.idle:
                await queue.drained.wait()

        self._driver.set_lua_callback(changed)

    @call("net.ping")
    async def _ping(self, name: bytes, count: int, interval_s: int, size_bytes: int, timeout_s: int) -> None:
        run = await self._driver.ping(text_of(name), count, interval_s, size_bytes, timeout_s)
        write, interrupts = self._console.write_from_task, self._console.interrupts
        await write(f"PING {text_of(name)} ({run.address}): {run.size_bytes} data bytes\r\n")
        with interrupts(run.interrupt):
            async for outcome in run:
                if isinstance(outcome, PingReply):
                    await write(
                        f"{outcome.size_bytes} bytes from {outcome.address}: icmp_seq={outcome.sequence} "
                        f"time={outcome.time_ms:.3f} ms\r\n"
                    )
                else:
                    await write(f"Request timeout for icmp_seq {outcome.sequence}\r\n")
        summary = run.summary()
        await write(
            f"{summary.transmitted} packets transmitted, {summary.received} packets received, "
            f"{summary.loss_percent:.1f}% packet loss\r\n"
        )
        if summary.received:
            await write(
                f"round-trip min/avg/max/stddev = {summary.min_ms:.3f}/{summary.avg_ms:.3f}/{summary.max_ms:.3f}/"
                f"{summary.stddev_ms:.3f} ms\r\n"
            )

    # -- net.wf ---------------------------------------------------------------------------------------------------

    @call("net.wf.setup")
    async def _wf_setup(self, mode: int, ssid: bytes, password: bytes, *address: int) -> None:
        if mode != WifiMode.STA:
            raise DriverError("wifi", "InvalidArg")
        await self._driver.wf_setup_station(text_of(ssid), text_of(password), *address)
        self._console.log(Level.DEBUG, b"wpa2 enterprise disabled\n")

    @call("net.wf.setup_ap")
    async def _wf_setup_ap(
        self, mode: int, ssid: bytes, password: bytes, powersave: int, channel: int, hidden: bool
    ) -> None:
        await self._driver.wf_setup_ap(
            WifiMode(mode), text_of(ssid), text_of(password), powersave, channel, hidden=hidden
        )

    @call("net.wf.start")
    async def _wf_start(self, asynchronous: bool) -> None:
        await self._driver.wf_start(sync=not asynchronous)

    @call("net.wf.stop")
    async def _wf_stop(self) -> None:
        await self._driver.wf_stop()

    @call("net.wf.scan")
    async def _wf_scan(self) -> Result:
        values: list[Any] = []
        for record in await self._driver.wf_scan():
            ssid = bytes_of(record.ssid)
            values += [ssid, record.rssi, record.auth, record.ch1, record.ch2]
        return tuple(values)

    @call("net.wf.stat")
    def _wf_stat(self) -> Result:
        return _stat(self._driver.wf_stat())

    # -- net.en ---------------------------------------------------------------------------------------------------

    @call("net.en.setup")
    async def _en_setup(self, *address: int) -> None:
        await self._driver.en_setup(*address)

    @call("net.en.start")
    async def _en_start(self, asynchronous: bool) -> None:
        await self._driver.en_start(sync=not asynchronous)

    @call("net.en.stop")
    async def _en_stop(self) -> None:
        await self._driver.en_stop()

    @call("net.en.stat")
    def _en_stat(self) -> Result:
        return _stat(self._driver.en_stat())


def _stat(stat: InterfaceStat) -> Result:
    return tuple(text.encode() for text in (stat.mac, stat.ip, stat.netmask, stat.gw, stat.ip6))
