"""One run of the app: Lua RTOS from the moment the bootloader jumps to it until the next reset.

Everything here is made anew at each reset; what outlives one is handed in (flash, RTC memory, the radio's world).
The order of what is printed is that of ``components/sys/sys/sys_init.c``; its texts are `simulator.console.banner`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import trio

from simulator.airwaves import Airwaves
from simulator.boards import Board
from simulator.boot import V4_0, V5_2, BootLine, LogLevel, SecureBoot, render_line
from simulator.boot.ota import Ota
from simulator.boot.secure_boot import app_check
from simulator.console import MASK_AT_BOOT, Level, Log, banner
from simulator.device.calls import CallGroup, collect
from simulator.device.calls.checksums import ChecksumCalls
from simulator.device.calls.console import ConsoleCalls
from simulator.device.calls.files import FileCalls
from simulator.device.calls.http_client import HttpClientCalls
from simulator.device.calls.net import NetCalls
from simulator.device.calls.numbers import NumberCalls
from simulator.device.calls.nvs import NvsCalls
from simulator.device.calls.ota import OtaCalls
from simulator.device.calls.programs import ProgramCalls
from simulator.device.calls.running_app import RunningAppCalls
from simulator.device.calls.sntp import SntpCalls
from simulator.device.calls.sockets import SocketCalls
from simulator.device.calls.system import Identity, SystemCalls
from simulator.device.calls.threads import MAIN_ID, ThreadCalls
from simulator.device.calls.timers import TimerCalls
from simulator.device.calls.transfer import TransferCalls
from simulator.device.drivers import Drivers
from simulator.device.drivers.shared import Network, Radio, Shared
from simulator.device.file_systems import FileSystemDriver, FlashDriver, RamDriver, RomDriver
from simulator.device.heap import Heap
from simulator.device.history_file import HistoryFile
from simulator.device.kernel import Kernel, Task
from simulator.device.log_file import LogFile
from simulator.device.log_server import LogServer
from simulator.device.mounts import Mounts
from simulator.device.net_driver import NetDriver
from simulator.device.outcome import Outcome, Rerun, Restart
from simulator.device.panic import abort_text, backtrace_of
from simulator.device.rand import Rand
from simulator.device.rtc_memory import RtcMemory
from simulator.device.state import NetworkState, ThreadState
from simulator.device.uart import Uart
from simulator.device.wifi_memory import NvsWifiMemory
from simulator.efuses import Efuses, Fuse, mac_crc8
from simulator.firmware import Manifest
from simulator.flash import FlashChip
from simulator.formats.partition_table import Partition, PartitionTable
from simulator.hardware import Bench, Locks
from simulator.network import NetworkInterface
from simulator.rng import Rng
from simulator.units import NS_PER_MS, NS_PER_S
from simulator.vm.api_builds import CONDITIONS
from simulator.wifi import Air, EthernetPort

if TYPE_CHECKING:
    import ssl

_BOOTING_PAUSE_S: Final = 0.1
_NETWORK_POLL_NS: Final = 100 * NS_PER_MS  # how often to look whether the network has come to rest


def slots_of(manifest: Manifest, chip: FlashChip, table: PartitionTable, running: Partition, efuses: Efuses) -> Ota:
    """Return the OTA calls of an app that was built as ``manifest`` says."""
    secure_boot = SecureBoot.of(manifest.secure_boot, manifest.secure_boot_key)
    # Only a later release has secure boot v2; everything else is from the one that Lua RTOS is built with.
    revision = V5_2 if manifest.secure_boot == "v2" else V4_0
    return Ota(
        chip,
        table,
        running,
        rollback=manifest.rollback,
        anti_rollback=manifest.anti_rollback,
        secure_version_bits=manifest.secure_version_bits,
        efuses=efuses,
        signature=app_check(secure_boot, revision=revision, efuses=efuses),
        revision=revision,
    )


def _file_system_drivers(
    board: Board, chip: FlashChip, bench: Bench, locks: Callable[[], Locks], now_s: Callable[[], int]
) -> dict[str, FileSystemDriver]:
    """Return the drivers that the firmware of a board has, by name."""
    drivers: dict[str, FileSystemDriver] = {board.filesystem: FlashDriver(board, chip)}
    if "ramfs" in board.other_filesystems:
        drivers["ramfs"] = RamDriver()
    if "romfs" in board.other_filesystems:
        drivers["romfs"] = RomDriver()
    if "fat" in board.other_filesystems:
        # Most boards have no slot for a card.
        from simulator.device.memory_card import CardDriver

        drivers["fat"] = CardDriver(board, bench, locks, now_s)
    return drivers


class App:
    """Lua RTOS on one board. ``emit`` writes the board's events; ``idle`` is called when nothing is left to do.

    ``over`` is called when the chip is reset: what follows is no code of the board, but its unwinding.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        chip: FlashChip,
        uart: Uart,
        rtc: RtcMemory,
        air: Air,
        airwaves: Airwaves,
        interface: NetworkInterface,
        trust: Callable[[], ssl.SSLContext],
        port: EthernetPort,
        bench: Bench,
        rng: Rng,
        efuses: Efuses,
        now_ns: Callable[[], int],
        emit: Callable[..., None],
        idle: Callable[[], None],
        over: Callable[[], None],
        lua_error: Callable[[str, str], None],
        arguments: tuple[str, ...] = (),
    ) -> None:
        self.identity = identity
        self.kernel: Kernel | None = None
        self._chip = chip
        self._uart = uart
        self._rtc = rtc
        self._clock = rtc.clock
        self._air = air
        self._interface = interface
        self._trust = trust
        self._port = port
        self._rng = rng
        self._efuses = efuses
        self._now_ns = now_ns
        self._emit = emit
        self._idle = idle
        self._over = over
        self._lua_error = lua_error
        self._log = Log(MASK_AT_BOOT[identity.board.log_level])
        self._slots = slots_of(identity.manifest, chip, identity.table, identity.running, efuses)
        drivers = _file_system_drivers(
            identity.board, chip, bench, lambda: self._drivers.shared.locks, lambda: rtc.clock.epoch(self._time_ns())
        )
        self._mounts = Mounts(drivers, lambda *line: self._console.log(*line))
        self._console = ConsoleCalls(
            uart,
            self._log,
            arguments=arguments,
            history=HistoryFile(self._mounts),
            is_script=lambda path: self._files.is_runnable(path),
            report=self._report,
        )
        self._log_file = LogFile(self._mounts, self._log)
        self._files = FileCalls(self._mounts, self._console, emit=emit)
        self._threads: ThreadCalls
        self._timers = TimerCalls(identity.board)
        self._rand = Rand()  # of lua_main, which goes on when the interpreter starts again
        self._nvs = NvsCalls(identity, chip, emit)
        self._bench = bench
        radio = Radio(airwaves, efuses.mac, rng, emit)
        shared = Shared(identity, bench, self._console, radio, rtc=rtc)
        self._drivers = Drivers(shared)
        self._net: NetCalls
        self._sntp: SntpCalls
        self._log_server: LogServer | None
        self._sockets: SocketCalls
        self._driver: NetDriver

    def receive(self, data: bytes) -> None:
        """Bytes arrive at the console."""
        self._console.receive(data)
        if self.kernel is not None:
            self.kernel.wake()

    def halt(self) -> None:
        """The power has gone: begin nothing any more."""
        if self.kernel is not None:
            self.kernel.halt()

    def _time_ns(self) -> int:
        """Return the time of the Lua thread that runs now, which may be ahead of the world's."""
        return self._now_ns() if self.kernel is None else self.kernel.now_ns()

    def where(self) -> str:
        """Return where the Lua code was last seen, ``autorun.lua:12``, or nothing."""
        tasks = self.kernel.tasks.values() if self.kernel is not None else ()
        return next((task.where for task in tasks if task.where), "")

    def threads(self) -> list[ThreadState]:
        """Return the Lua threads, those of the running script first. There is no code of theirs running now."""
        kernel = self.kernel
        if kernel is None:
            return []
        return [
            ThreadState(task.name, task.lua.kind, kernel.doing(task), tuple(kernel.machine.stack(task.lua)))
            for task in kernel.tasks.values()
        ]

    def network(self) -> NetworkState | None:
        """Return what the network driver knows; None before there is one."""
        return self._driver.state() if self.kernel is not None else None

    async def run(self) -> Outcome:
        """Start up, run the interpreter, and return how it ended."""
        outcome = await self._run()
        if isinstance(outcome, Restart) and (outcome.panic or outcome.forgets):
            self._rtc.backtrace = backtrace_of(outcome.panic)
        return outcome

    async def _run(self) -> Outcome:
        if not self._efuses.is_mac_good:
            return Restart(panic=self._bad_mac_text())
        fatal = self._nvs.init()
        if fatal is not None:
            return fatal
        await trio.sleep(self._chip.take_busy_ns() / NS_PER_S)
        board, manifest = self.identity.board, self.identity.manifest
        if self._clock.epoch(self._now_ns()) < manifest.build_time:
            self._clock.set(manifest.build_time, self._now_ns())
        self._uart.set_baud(board.console.baud)
        await self._print(banner.BOOTING)
        await trio.sleep(_BOOTING_PAUSE_S)
        await self._print(banner.CLEAR_SCREEN)
        await self._print(
            banner.banner(
                build_time=manifest.build_time,
                commit=manifest.commit,
                partition=self.identity.running.label,
                board_type=manifest.type,
            )
        )
        chip = board.chip
        await self._log_line(
            Level.INFO,
            banner.cpu_message(
                model=chip.model,
                revision=chip.revision,
                frequency_mhz=chip.cpu_mhz,
                cores=chip.cores,
                features=chip.features,
            ),
        )
        if board.read_flash_eui:
            await self._log_line(Level.INFO, banner.flash_eui_message(self.identity.flash_unique_id))
        await self._mount_root()
        await self._print(banner.LINE)
        async with trio.open_nursery() as nursery:
            self._driver = NetDriver(
                nursery=nursery,
                air=self._air,
                interface=self._interface,
                rng=self._rng,
                emit=self._emit,
                base_mac=self._efuses.mac,
                ethernet=board.ethernet.interface if board.ethernet is not None else None,
                port=self._port,
                wifi_memory=(
                    NvsWifiMemory(self._nvs.nvs, self._emit)
                    if CONDITIONS["wifi_nvs"](board) and self._nvs.nvs is not None
                    else None
                ),
            )
            self._log_server = (
                LogServer(self._driver, self._interface, self._log, self._console, nursery)
                if CONDITIONS["rsyslog"](board)
                else None
            )
            self._net = NetCalls(self._driver, self._console)
            self._sntp = SntpCalls(self._interface, self._clock, self._now_ns, nursery)
            self._sockets = SocketCalls(self._interface, self._clock, nursery, self._driver)
            self._drivers.shared.network = Network(
                self._interface,
                self._driver,
                self._files,
                nursery,
                self._emit,
                lambda: self._clock.epoch(self._now_ns()),
            )
            try:
                outcome: Outcome = Rerun()
                while isinstance(outcome, Rerun):
                    outcome = await self._interpret()
            finally:
                self._bench.clock, self._bench.on_deadline = self._now_ns, lambda: None
                self._drivers.close()
                await self._sockets.aclose()
                await self._driver.aclose()
                nursery.cancel_scope.cancel()
        return outcome

    def _bad_mac_text(self) -> bytes:
        """Return what an app prints that is on a chip with a damaged MAC address (``system_api.c``)."""
        burned, right = self._efuses.read(Fuse.MAC_CRC), mac_crc8(self._efuses.mac)
        text = f"Base MAC address from BLK0 of EFUSE CRC error, efuse_crc = 0x{burned:02x}; calc_crc = 0x{right:02x}"
        line = BootLine(LogLevel.ERROR, "system_api", text)
        said = render_line(line, 0).encode() if line.level <= LogLevel[self.identity.board.log_level] else b""
        return said + abort_text(self.identity.manifest)

    async def _interpret(self) -> Outcome:
        """Run one Lua state. It ends with a reset; or with the interpreter, which then starts again in place."""
        board = self.identity.board
        heap = Heap(board)
        machine = heap.machine
        system = SystemCalls(
            self.identity,
            heap,
            self._log,
            self._log_file,
            self._log_server,
            self._console,
            self._clock,
            locks=self._drivers.shared.locks,
            boot_partition=self._slots.boot_partition,
        )
        ota = self._ota_calls()
        running_app = RunningAppCalls(self.identity, self._chip, self._slots, self._console, self._emit)
        http_client = HttpClientCalls(self.identity, self._interface, self._console, self._files, self._emit)
        programs = ProgramCalls(self._console, self._files, self._log_file, self._clock, self._rng.child("passwd"))
        threads = self._threads = ThreadCalls(board, heap, self._console, programs, self._emit)
        groups: tuple[CallGroup, ...] = (
            self._console, self._files, ChecksumCalls(self._files), TransferCalls(self._console, self._files),
            programs, system, self._timers, threads, NumberCalls(),
            self._net, self._nvs, ota, running_app, http_client, self._sntp, self._sockets,
        )  # fmt: skip
        task = board.interpreter
        try:
            async with trio.open_nursery() as nursery:
                kernel = self.kernel = Kernel(
                    machine,
                    collect(*groups),
                    find=self._drivers.call,
                    around=self._bench,
                    has_lock=board.lua_locks,
                    nursery=nursery,
                    now_ns=self._now_ns,
                    on_end=self._task_ended,
                    on_idle=self._check_idle,
                )
                for group in groups:
                    group.connect(kernel)
                self._drivers.connect(kernel)
                self._bench.clock, self._bench.on_deadline = kernel.now_ns, kernel.wake
                kernel.start(
                    "main",
                    MAIN_ID,
                    name="lua_main",
                    priority=task.priority,
                    core=task.core,
                    stack_bytes=task.stack_size_bytes,
                    rand=self._rand,
                )
                outcome = await kernel.run()
                if not isinstance(outcome, Rerun):
                    self._over()
                nursery.cancel_scope.cancel()
        finally:
            machine.close()
        return outcome

    def _ota_calls(self) -> CallGroup:
        """Return the calls for updates of the profile that the firmware was built with."""
        if self.identity.manifest.profile == "stock":
            return OtaCalls(
                *(self.identity, self._chip, self._slots, self._driver, self._interface, self._console),
                *(self._rng, self._emit),
            )
        from simulator.device.calls.hardened_ota import HardenedOtaCalls  # most firmware is stock

        return HardenedOtaCalls(
            *(self.identity, self._chip, self._slots, self._driver, self._interface, self._console),
            *(self._nvs.nvs, self._trust, self._rng, self._emit),
        )

    def _task_ended(self, task: Task, ok: bool, message: bytes) -> None:
        assert self.kernel is not None
        if task.lua.kind == "callback":
            for queue in (*self._timers.queues, self._net.queue):
                if queue is not None and queue.ended(task):
                    return
            self._drivers.shared.ended(task)
        elif task.lua.kind == "main":
            self._console.write(self._log.error(message + b"\n"))
            self._report(message.decode("utf-8", "replace"), "prompt")
            self.kernel.end(Rerun())
        else:
            self._threads.ended(task, why="returned" if ok else "error")

    def _report(self, text: str, origin: str) -> None:
        self._emit("lua.error", text=text, origin=origin)
        self._lua_error(text, origin)

    def _check_idle(self) -> None:
        """Tell when the scripts have run, nothing is under way, and only input could bring more.

        A Lua thread that is suspended or waits for a mutex will not go on by itself, so it keeps nobody waiting.
        """
        kernel = self.kernel
        assert kernel is not None
        if self._console.waits_for_input and kernel.is_quiet and self._bench.is_quiet and self._drivers.is_quiet:
            if self._driver.settled or not (self._net.has_callback or self._driver.is_provisioning):
                self._idle()
            else:
                kernel.at(self._now_ns() + _NETWORK_POLL_NS, lambda: None)

    async def _print(self, data: bytes) -> None:
        wait_ns = self._uart.write(data)
        if wait_ns:
            await trio.sleep(wait_ns / NS_PER_S)

    async def _log_line(self, level: int, message: bytes) -> None:
        await self._print(self._log.write(level, message))

    async def _mount_root(self) -> None:
        """Mount the ``storage`` partition at ``/``, formatting it first if it holds no file system."""
        for level, message in self._mounts.steps("/", self.identity.board.filesystem):
            await trio.sleep(self._mounts.take_busy_ns() / NS_PER_S)
            await self._log_line(level, message)
