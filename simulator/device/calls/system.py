"""os: identity, clock, log, memory and restart."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.boards import Board
from simulator.boot.reset import ResetReason
from simulator.c_numbers import int32
from simulator.console import Log, mask_of_levels
from simulator.console.banner import VERSION
from simulator.console.screen import CLEAR
from simulator.device.calls import CallGroup, bytes_of, call, text_of
from simulator.device.calls.console import ConsoleCalls
from simulator.device.heap import Heap
from simulator.device.log_file import LogFile
from simulator.device.log_server import LogServer
from simulator.device.outcome import Outcome, Restart
from simulator.device.panic import abort_text, exception_text
from simulator.firmware import Manifest
from simulator.formats.partition_table import Partition, PartitionTable
from simulator.hardware import Locks
from simulator.units import NS_PER_MS, NS_PER_S
from simulator.vm.exceptions import LuaError

Result = tuple[Any, ...]


@dataclass(slots=True)
class DeviceClock:
    """What the board believes the time to be. It runs on in RTC hardware through every reset but a power-on.

    ``offset_ns`` is added to the world's time to give that since 1970.
    """

    offset_ns: int = 0

    def epoch(self, now_ns: int) -> int:
        """Return Unix seconds."""
        return (self.offset_ns + now_ns) // NS_PER_S

    def set(self, epoch: int, now_ns: int) -> None:
        """Let the second ``epoch`` begin now."""
        self.offset_ns = epoch * NS_PER_S - now_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the app knows about itself and the chip it runs on."""

    board: Board
    manifest: Manifest
    table: PartitionTable
    running: Partition
    reset_reason: ResetReason
    boot_count: int
    flash_unique_id: bytes
    started_ns: int
    """When this run of the app began, in the world's time."""


class SystemCalls(CallGroup):
    """``os`` without files and console. ``boot_partition`` tells what the next boot selects, as otadata stands."""

    def __init__(
        self,
        identity: Identity,
        heap: Heap,
        log: Log,
        log_file: LogFile,
        log_server: LogServer | None,
        console: ConsoleCalls,
        clock: DeviceClock,
        *,
        locks: Locks,
        boot_partition: Callable[[], Partition | None],
    ) -> None:
        self._identity = identity
        self._heap = heap
        self._log = log
        self._log_file = log_file
        self._console = console
        self._clock = clock
        self._started_ns = identity.started_ns
        self._locks = locks
        self._boot_partition = boot_partition
        self._log_server = log_server

    # -- identity -------------------------------------------------------------------------------------------------

    @call("os.board")
    def _board(self) -> Result:
        manifest = self._identity.manifest
        # The brand is compiled in as an empty string on every stock build.
        return (manifest.type.encode(), manifest.subtype.encode(), manifest.brand.encode())

    @call("os.version")
    def _version(self) -> Result:
        manifest = self._identity.manifest
        return (b"Lua RTOS", VERSION.encode(), manifest.build_time, manifest.commit.encode())

    @call("os.cpu")
    def _cpu(self) -> Result:
        revision = self._identity.board.chip.revision
        return (f"ESP32 rev {revision}{f' rev A{revision}' if revision else ''}".encode(),)

    @call("os.flashEUI")
    def _flash_eui(self) -> Result:
        if not self._identity.board.read_flash_eui:
            return (None,)
        return (self._identity.flash_unique_id.hex().encode(),)

    @call("os.bootcount")
    def _bootcount(self) -> Result:
        return (self._identity.boot_count,)

    @call("os.resetreason")
    def _resetreason(self) -> Result:
        return (int(self._identity.reset_reason),)

    @call("os.luainterpreter")
    def _luainterpreter(self) -> Result:
        return (self._console.scripts_done,)

    @call("os.partitions")
    def _partitions(self) -> None:
        boot = self._boot_partition()
        rows = ["TYPE:SUB\t ADDRESS\t  LENGTH\tENC\tLABEL\n"]
        entries = self._identity.table.entries
        for partition in [p for p in entries if p.is_app] + [p for p in entries if p.type == 1]:
            row = f"0x{partition.type:02x}:0x{partition.subtype:02x}\t{partition.offset:8d}\t{partition.size:8d}"
            row += f"\t{'Y' if partition.encrypted else 'N'}\t{partition.label}"
            if partition.is_app:
                row += " < boot" if partition == boot else ""
                row += " < running" if partition == self._identity.running else ""
            rows.append(row + "\n")
        self._console.write("".join(rows).encode())

    # -- memory ---------------------------------------------------------------------------------------------------

    @call("os.free_memory")
    def _free_memory(self) -> Result:
        return (self._heap.free_bytes,)

    @call("os.stats_print")
    def _stats(self) -> None:
        self._console.write(b"Free mem: %d\n" % self._heap.free_bytes)
        self._console.write(b"Free mem min: %d\n" % self._heap.least_free_bytes)

    # -- time -----------------------------------------------------------------------------------------------------

    @call("os.now")
    def _now(self) -> Result:
        return (int32(self._clock.epoch(self.kernel.now_ns())),)

    @call("os.clock")
    def _os_clock(self) -> Result:
        # CPU time since boot, as a single-precision float with steps of one millisecond.
        return ((self.kernel.now_ns() - self._started_ns) // NS_PER_MS / 1000,)

    @call("os.mktime")
    def _mktime(self, year: int, month: int, day: int, hour: int, minute: int, second: int) -> Result:
        years, months = divmod(month - 1, 12)
        try:
            epoch = calendar.timegm((year + years, months + 1, 1, 0, 0, 0))
        except (ValueError, OverflowError):
            return (None,)
        epoch += ((day - 1) * 24 + hour) * 3600 + minute * 60 + second
        return (epoch if epoch == int32(epoch) else None,)

    @call("os.settime")
    def _settime(self, epoch: int) -> None:
        self._clock.set(epoch, self.kernel.now_ns())

    def _uptime_parts(self) -> tuple[str, int, int, int, int]:
        now_ns = self.kernel.now_ns()
        seconds = (now_ns - self._started_ns) // NS_PER_S
        minutes, secs = divmod(seconds, 60)
        hours, mins = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        of_day = self._clock.epoch(now_ns) // 60
        return (f"{of_day // 60 % 24:02d}:{of_day % 60:02d}", days, hours, mins, secs)

    @call("os.uptime")
    def _uptime(self) -> Result:
        current, *parts = self._uptime_parts()
        return (current.encode(), *parts)

    @call("os.print_uptime")
    def _print_uptime(self) -> None:
        current, days, hours, mins, secs = self._uptime_parts()
        count = "" if days == 0 else f"{days} day "
        self._console.write(f"{current} up {count}{hours:2d}:{mins:02d}:{secs:02d}\r\n".encode())

    # -- log ------------------------------------------------------------------------------------------------------

    @call("os.loglevel")
    def _loglevel(self, *levels: int) -> Result | None:
        if not levels:
            return (self._log.mask,)
        try:
            self._log.mask = mask_of_levels(levels)
        except ValueError as error:
            raise LuaError(str(error)) from error
        return None

    @call("os.logcons")
    def _logcons(self, to_console: bool | None = None) -> Result | None:
        if to_console is None:
            return (self._log.to_console,)
        self._log.to_console = to_console
        self._log_file.reopen()
        return None

    @call("os.syslog")
    def _syslog(self, message: bytes, level: int) -> None:
        self._console.log(level, message)

    @call("os.rsyslog")
    async def _rsyslog(self, host: bytes | None = None) -> Result:
        server = self._log_server
        assert server is not None  # builds without one have no such function
        if host is not None:
            await server.choose(text_of(host))
        return (None if server.host is None else bytes_of(server.host),)

    @call("os.clear")
    def _clear(self) -> None:
        self._console.write(CLEAR)

    @call("os.locks")
    def _list_locks(self) -> None:
        self._console.write("".join(f"{line}\r\n" for line in self._locks.listing()).encode())

    # -- the end --------------------------------------------------------------------------------------------------

    def _end(self, outcome: Outcome) -> Any:
        return self.kernel.end(outcome)

    @call("os.exit")
    def _exit(self, clean: bool) -> Any:
        if clean:
            return self._end(Restart(forgets=True))
        return self._end(Restart(panic=abort_text(self._identity.manifest)))

    @call("lua.crash")
    def _crash(self, address: int) -> Any:
        """Read from an address at which there is no memory."""
        return self._end(Restart(panic=exception_text(self._identity.manifest, "LoadProhibited", address=address)))

    @call("os.factoryreset")
    def _factoryreset(self) -> Any:
        if self._identity.table.otadata is None:
            raise LuaError("OTA partition not found, reset to factory settings is not possible")
        # It passes the absolute address as an offset into the partition, which is refused, and nobody looks.
        return self._end(Restart())
