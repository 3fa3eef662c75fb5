"""One board under power: from reset to reset, ROM, bootloader, app.

What a board *is* outlives every reset: its flash chip, its RTC memory, its eFuses with its MAC address. Everything
else is made anew each time, and which app runs is whatever the bootloader finds in flash. `Device.run` is the power:
while it runs the board has it, and cancelling it pulls the plug, between any two of the things that take time.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import trio

from simulator.airwaves import Airwaves
from simulator.boards import Board
from simulator.boot import BootConfig, BootOutcome, Esp32, Pause, start_bootloader
from simulator.boot.bootloader_image import BOOTLOADER_AREA_BYTES, BOOTLOADER_OFFSET, boot_config_of
from simulator.boot.log import BootLine, LogLevel, render_line
from simulator.boot.reset import NORMAL_BOOT_MODE, STRAPS, ResetReason
from simulator.boot.rom import ROM_WATCHDOG_NS, RomEnding, start_rom
from simulator.device.app import App
from simulator.device.blackout import Blackout
from simulator.device.calls.system import Identity
from simulator.device.deep_sleep import sleep_deeply
from simulator.device.outcome import DeepSleep, Hang, Outcome, Restart
from simulator.device.panic import BROWNOUT_TEXT
from simulator.device.rtc_memory import RtcMemory
from simulator.device.state import NetworkState, RecentOperation, ThreadState
from simulator.device.uart import Uart
from simulator.efuses import Efuses, Fuse
from simulator.errors import FormatError, UsageError
from simulator.events import EventLog
from simulator.firmware import read_manifest
from simulator.flash import Cut, FaultyFlashChip, faulty
from simulator.flash.chip import FlashChip, FlashOperation
from simulator.flash.partition import partition_table_on
from simulator.formats.otadata import ERASED_ENTRY, OTADATA_BYTES, OtaData
from simulator.formats.partition_table import Partition, PartitionTable
from simulator.hardware import GPIOS, Bench
from simulator.network import NetworkInterface, vanish
from simulator.rng import Rng
from simulator.units import MIB, NS_PER_MS, NS_PER_S
from simulator.wifi import Air, EthernetPort

if TYPE_CHECKING:
    import ssl

ROM_BAUD: Final = 115_200
BOOT_ATTEMPTS_MAX: Final = 3
"""After so many resets in a row without an app the board counts as bricked; a real one goes on for ever."""

CONSOLE_KEPT_BYTES: Final = MIB
"""So much of its console at least is kept; a script, and a defect of ``net.ota``, can print for ever."""

RECENT_OPERATIONS: Final = 5

_BOOTLOADER_START_MS: Final = 29
"""What the CPU's counter shows when the bootloader prints its first line."""

_ESPRESSIF_OUI: Final = bytes.fromhex("30aea4")
_WINBOND_UNIQUE_ID_PREFIX: Final = bytes.fromhex("d664")
_KEY_BLOCKS: Final = frozenset({Fuse.BLOCK1, Fuse.BLOCK2})


@dataclass(frozen=True, slots=True)
class BootRecord:
    """One start of an app."""

    reason: ResetReason
    label: str
    offset: int
    commit: str
    firmware: str
    """The documented id of the firmware."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a board is plugged into and stands in."""

    air: Air
    airwaves: Airwaves
    interface: NetworkInterface
    port: EthernetPort
    bench: Bench
    trust: Callable[[], ssl.SSLContext]
    """Makes what a hardened firmware knows of its update server's authority."""
    events: EventLog
    rng: Rng
    now_ns: Callable[[], int]


class Device:
    """A board with power. ``arguments`` are what the script gets; ``bootloader_log_level`` raises the board's own.

    ``efuses`` are those of a chip that exists; without them, and if they have no MAC address, it is a new one.

    ``console`` is what the board has sent, if need be only the last `CONSOLE_KEPT_BYTES` or more. Wait for `idle` to
    know that the scripts have run and nothing is left to do, for `stuck` to know that nothing will happen any more,
    or with `finished` for whichever comes; ``boots`` and ``script_errors`` tell how it went.
    """

    def __init__(
        self,
        name: str,
        board: Board,
        chip: FlashChip,
        surroundings: Surroundings,
        *,
        efuses: Efuses | None = None,
        arguments: tuple[str, ...] = (),
        bootloader_log_level: str | None = None,
    ) -> None:
        self.name = name
        self.board = board
        self.chip = chip
        self.console = bytearray()
        self.boots: list[BootRecord] = []
        self.script_errors: list[str] = []
        self.idle = trio.Event()
        self.stuck = trio.Event()
        self.why_stuck = ""
        self.is_bricked = False
        """Whether the bootloader found nothing to start, again and again."""
        self.on_console: Callable[[bytes], None] | None = None
        self._surroundings = surroundings
        self._arguments = arguments
        self._bootloader_log_level = LogLevel[bootloader_log_level or board.bootloader_log_level]
        identity = surroundings.rng.child("identity")
        mac = _ESPRESSIF_OUI + identity.bytes(3)
        self.efuses = efuses or Efuses.manufactured(mac, board.chip.revision)
        """What is burned stays so over every reset, and over the end of the world if somebody keeps them."""
        if not any(self.efuses.mac):
            self.efuses.burn_identity(mac, board.chip.revision)
        self.base_mac = self.efuses.mac
        self.flash_unique_id = _WINBOND_UNIQUE_ID_PREFIX + identity.bytes(6)
        self._rtc = RtcMemory()
        self._app: App | None = None
        self._uart = self._new_uart()
        self.is_off = trio.Event()
        """Set when it has no power and has come to rest; a new one each time that power comes."""
        self.is_off.set()
        self._power: trio.CancelScope | None = None
        self.gpio0_low = False
        """Whether somebody pulls GPIO0 low, which makes the ROM wait for esptool if it is so at a reset."""
        self._held_until_ns: dict[int, float] = {}
        self.recent_operations: deque[RecentOperation] = deque(maxlen=RECENT_OPERATIONS)
        """The last ones on its flash chip."""
        self._flash_alarms: dict[int, list[Callable[[], None]]] = {}
        self.trouble = ""
        """What went wrong with the last update, in words; empty if nothing did."""
        self._boot_mode = NORMAL_BOOT_MODE
        self._random = surroundings.rng.child("random number generator")
        self._is_released = trio.Event()
        self._is_released.set()
        self._until_reset = trio.CancelScope()
        self._until_brownout = trio.CancelScope()
        self._blackout: Blackout | None = None
        self._runs = False
        """Whether its code is at work, or unwinding because the power has gone."""
        self._was_cut = False
        self._failed_boot_reason = ResetReason.SW_RESET
        self._why_not = ""
        self._otadata_partition: Partition | None = None
        self._otadata: OtaData | None = None

    # -- from outside ---------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Send bytes to the board's console, as a terminal does. Until it has dealt with them it is not idle."""
        if self._app is not None:
            self.idle = _unset(self.idle)
            self._app.receive(data)

    def hold(self, gpio: int, duration_ns: int | None = None) -> None:
        """Connect a pin to ground from now on, as a button does: for so long, or until `let_go`.

        The chip sees it at a reset: its strapping pins, and those that the bootloader is built to watch. Raises
        `UsageError` for a pin that the chip does not have.
        """
        if gpio not in GPIOS:
            raise UsageError(f"there is no GPIO{gpio}; the ESP32 has 0 to 23, 25 to 27 and 32 to 39")
        self._held_until_ns[gpio] = math.inf if duration_ns is None else self._now_ns() + duration_ns

    def let_go(self, gpio: int) -> None:
        """End what `hold` began. Harmless if nobody holds the pin."""
        self._held_until_ns.pop(gpio, None)

    def _is_low(self, gpio: int) -> bool:
        if (gpio == 0 and self.gpio0_low) or self._held_until_ns.get(gpio, 0) > self._now_ns():
            return True
        return self.bench.is_held_low(gpio)

    async def finished(self) -> bool:
        """Return when the board is idle (True) or stuck (False)."""
        async with trio.open_nursery() as nursery:

            async def wait_until(event: trio.Event) -> None:
                await event.wait()
                nursery.cancel_scope.cancel()

            nursery.start_soon(wait_until, self.idle)
            nursery.start_soon(wait_until, self.stuck)
        return not self.stuck.is_set()

    @property
    def ethernet(self) -> EthernetPort:
        """Its socket for a network cable: ``unplug`` it, or ``plug`` it into a network such as ``world.air.lan``.

        There is one at every board, but only the firmware of some has a driver for what is behind it.
        """
        return self._surroundings.port

    @property
    def bench(self) -> Bench:
        """What is around the board: wires and parts."""
        return self._surroundings.bench

    def where(self) -> str:
        """Return where the Lua code was last seen, such as ``/autorun.lua:12``; empty if nowhere."""
        return self._app.where() if self._app is not None else ""

    @property
    def runs_app(self) -> bool:
        """Whether an app has been started and has not ended."""
        return self._app is not None

    def threads(self) -> list[ThreadState]:
        """Return what each Lua thread is doing; none if no app runs."""
        return self._app.threads() if self._app is not None else []

    def network(self) -> NetworkState | None:
        """Return how it stands with WiFi and Ethernet; None if no app runs, or has not got that far."""
        return self._app.network() if self._app is not None else None

    @property
    def byte_ns(self) -> int:
        """The simulated nanoseconds that a byte takes on the wire of its console."""
        return self._uart.byte_ns

    def partition_table(self) -> PartitionTable:
        """Return the table as the app reads it from flash."""
        return partition_table_on(self.chip)

    # -- the power ------------------------------------------------------------------------------------------------

    def power_on(self, nursery: trio.Nursery) -> None:
        """Give the board power; `run` becomes a task of ``nursery``."""
        assert self._power is None, "it has power"
        self._power = trio.CancelScope()
        was_off, self.is_off = self.is_off, trio.Event()
        self.idle, self.stuck = _unset(self.idle), _unset(self.stuck)
        self.is_bricked = False

        async def powered(scope: trio.CancelScope, is_off: trio.Event) -> None:
            await was_off.wait()
            with scope:
                await self.run()
            is_off.set()

        nursery.start_soon(powered, self._power, self.is_off, name=self.name)

    @property
    def has_power(self) -> bool:
        """Whether it has power."""
        return self._power is not None

    def power_off(self) -> None:
        """Pull the plug. Harmless without power.

        Who wants to write to its flash then waits for `is_off`.
        """
        if self._power is not None:
            self._black_out()
            self._power.cancel()
            self._power = None

    def power_cut(self, cut: Cut | None = None) -> None:
        """The power goes, at a flash operation if there is a ``cut``: in the middle of whatever the board does.

        Nothing that its code still does is seen, kept or sent. Harmless without power.
        """
        if self._power is not None:
            at = None if cut is None else str(cut)
            self._surroundings.events.emit(self.name, "power.cut", cut=at)  # even if it is being reset at this moment
            self._was_cut = True
            self.idle, self.stuck = _unset(self.idle), _unset(self.stuck)
            self.power_off()

    def brown_out(self) -> None:
        """The voltage drops for a moment. Harmless without power.

        An app hears of it from the chip's detector, says so and restarts. ROM and bootloader have not switched that on;
        then, and in deep sleep, the chip starts as if power had come on.
        """
        if self._power is None or not self._is_released.is_set():
            return
        if self._app is None:
            self.hold_in_reset()
            self.release_from_reset()
        else:
            self.idle = _unset(self.idle)
            self._black_out()
            self._until_brownout.cancel()

    def cut_at(self, cut: Cut, then: Callable[[], None]) -> None:
        """Let the power of the flash chip go at an operation that is still to come.

        ``then`` is called at that moment and has to call `power_cut` or `brown_out`, which say what becomes of the
        rest of the board.
        """
        faulty(self.chip).cut_at(cut, then)

    @property
    def cuts_to_come(self) -> tuple[Cut, ...]:
        """The cuts at operations that there have not been yet."""
        return self.chip.cuts_to_come if isinstance(self.chip, FaultyFlashChip) else ()

    def forget_faults(self) -> None:
        """Let nothing go wrong any more that was to go wrong at a flash operation. What is wrong stays so."""
        if isinstance(self.chip, FaultyFlashChip):
            self.chip.forget_what_is_to_come()

    def _black_out(self) -> None:
        """Let the code of the board have no effect any more, until it has come to rest."""
        vanish(self._surroundings.interface)
        if self._blackout is None and self._runs:
            self._blackout = Blackout(self.chip, self.efuses)
            if self._app is not None:
                self._app.halt()

    def _end_blackout(self) -> None:
        """The code of the board has come to rest."""
        if self._blackout is not None:
            self._blackout.end()
            self._blackout = None

    def hold_in_reset(self) -> None:
        """Pull the EN pin low, as a reset button does: everything but the flash chip loses its state at once."""
        if self._is_released.is_set():
            self._is_released = trio.Event()
            self._black_out()
            self.idle, self.stuck = _unset(self.idle), _unset(self.stuck)
            self.is_bricked = False
            self._until_reset.cancel()

    def release_from_reset(self) -> None:
        """Let EN go high: the chip starts as if power had come on. Harmless if it is high."""
        if not self._is_released.is_set():
            self._latch_strapping_pins()
            self._is_released.set()

    def _latch_strapping_pins(self) -> None:
        self._boot_mode = NORMAL_BOOT_MODE
        for gpio, strap in STRAPS.items():
            if self._is_low(gpio):
                self._boot_mode &= ~strap

    async def run(self) -> None:
        """Power on, and stay on until cancelled."""
        self._emit("power.on")
        self._runs, self._was_cut = True, False
        self._latch_strapping_pins()
        self.chip.on_operation = self._flash_operation
        self.efuses.on_burn = self._efuse_burned
        try:
            while True:
                await self._is_released.wait()
                self._end_blackout()
                self.chip.take_busy_ns()  # what it was busy with when the power went is cut off, too
                with trio.CancelScope() as self._until_reset:
                    await self._run_from_power_on()
                self._app = None
                self._end_blackout()
        finally:
            self._app = None
            self._end_blackout()
            self._runs = False
            self.chip.on_operation = self.efuses.on_burn = None
            if not self._was_cut:
                self._emit("power.off")

    async def _run_from_power_on(self) -> None:
        """Run from one time that the chip gets power, or EN goes high, to the next."""
        self._rtc = RtcMemory()
        self._rtc.clock.set(0, self._now_ns())
        reason = ResetReason.POWERON_RESET
        attempts = 0
        while True:
            self._emit("reset", reason=int(reason), name=reason.name)
            boot = await self._boot(reason)
            if boot is None:
                attempts += 1
                if attempts == BOOT_ATTEMPTS_MAX:
                    self.is_bricked = True
                    await self._hang(f"nothing bootable in {attempts} attempts: {self._why_not}")
                reason = self._failed_boot_reason
                if reason.latches_strapping:
                    self._latch_strapping_pins()
                continue
            attempts = 0
            outcome = await self._run_app(reason, boot)
            self._app = None
            match outcome:
                case DeepSleep():
                    await self._let_uart_finish()
                    self._rtc.wakeup = await sleep_deeply(outcome, self.bench, self._now_ns)
                    reason = ResetReason.DEEPSLEEP_RESET
                case Restart(reason, panic):
                    self._uart.write_raw(panic)
                    await self._let_uart_finish()
                case Hang(why):
                    await self._hang(why)

    async def _hang(self, why: str) -> None:
        self.why_stuck = why
        self.stuck.set()
        await trio.sleep_forever()

    async def _let_uart_finish(self) -> None:
        await trio.sleep(self._uart.drain_ns() / NS_PER_S)

    async def _boot(self, reason: ResetReason) -> BootOutcome | None:
        """Run ROM and bootloader. None if they found nothing to start; the chip then resets itself."""
        self._uart = self._new_uart()
        self._find_otadata()
        began_ns = self._now_ns()
        esp32 = self._esp32(reason)
        rom = start_rom(self.chip, esp32)
        wait_ns = self._uart.write_raw("".join(f"{line}\r\n" for line in rom.lines).encode())
        self._emit("boot.rom", lines=list(rom.lines))
        await trio.sleep((wait_ns + self.chip.take_busy_ns()) / NS_PER_S)
        if rom.ending is RomEnding.DOWNLOAD:
            await trio.sleep_forever()  # until the next reset: its loader is not simulated
        if rom.ending is not RomEnding.BOOTLOADER:
            self._failed_boot_reason = ResetReason.RTCWDT_RTC_RESET
            self._why_not = f"the ROM {rom.ending.value}"
            await trio.sleep(max(0, began_ns + ROM_WATCHDOG_NS - self._now_ns()) / NS_PER_S)
            return None
        work = start_bootloader(self.chip, self._boot_config(), esp32)
        lines: list[str] = []
        started_ns = self._now_ns()
        owed_ns = 0
        for step in work:
            owed_ns += self.chip.take_busy_ns()
            if isinstance(step, Pause):
                owed_ns += step.duration_ns
            elif step is not None and step.level <= self._bootloader_log_level:
                lines.append(str(step))
                owed_ns += self._print_boot_line(step, started_ns, owed_ns)
            if owed_ns >= NS_PER_MS:
                await trio.sleep(owed_ns / NS_PER_S)
                owed_ns = 0
        await trio.sleep((owed_ns + self.chip.take_busy_ns()) / NS_PER_S)
        outcome = work.result
        self._emit("boot.bootloader", lines=lines, label=outcome.label, why=outcome.why)
        if outcome.partition is None:
            self._failed_boot_reason = ResetReason.SW_RESET
            self._why_not = outcome.why
            return None
        return outcome

    def _print_boot_line(self, line: BootLine, started_ns: int, owed_ns: int) -> int:
        """Print a line with its time stamp; return the nanoseconds that the bootloader has to wait for the UART."""
        time_ms = _BOOTLOADER_START_MS + (self._now_ns() + owed_ns - started_ns) // NS_PER_MS
        return self._uart.write_raw(render_line(line, time_ms).encode(), ahead_ns=owed_ns)

    def _boot_config(self) -> BootConfig:
        """Return how the bootloader in flash was built. One that is none of ours does as the board's would."""
        area = self.chip.read(BOOTLOADER_OFFSET, BOOTLOADER_AREA_BYTES)
        return boot_config_of(area) or BootConfig.for_board(self.board)

    def _esp32(self, reason: ResetReason) -> Esp32:
        return Esp32(
            efuses=self.efuses,
            revision=self.board.chip.revision * 100,
            reset_reason=reason,
            boot_mode=self._boot_mode,
            is_low=self._is_low,
            random_bytes=self._random.bytes,
        )

    async def _run_app(self, reason: ResetReason, boot: BootOutcome) -> Outcome:
        assert boot.partition is not None
        assert boot.image is not None
        label, offset = boot.partition.label, boot.partition.offset
        try:
            manifest = read_manifest(boot.image, board=self.board)
        except FormatError as error:
            self._emit("boot.app", label=label, offset=offset, commit=None)
            return Hang(f"the app in {label} cannot run here: {error}")
        self._emit("boot.app", label=label, offset=offset, commit=manifest.commit)
        self.boots.append(BootRecord(reason, label, offset, manifest.commit, manifest.documented_id))
        self._rtc.start(reason)
        board = manifest.apply(self.board)
        where = self._surroundings
        self._app = App(
            Identity(
                board=board,
                manifest=manifest,
                table=self.partition_table(),
                running=boot.partition,
                reset_reason=reason,
                boot_count=self._rtc.boot_count,
                flash_unique_id=self.flash_unique_id,
                started_ns=self._now_ns(),
            ),
            chip=self.chip,
            uart=self._uart,
            rtc=self._rtc,
            air=where.air,
            airwaves=where.airwaves,
            interface=where.interface,
            trust=where.trust,
            port=where.port,
            bench=where.bench,
            rng=where.rng.child("app", str(len(self.boots))),
            efuses=self.efuses,
            now_ns=where.now_ns,
            emit=self._emit,
            idle=self._became_idle,
            over=self._black_out,
            lua_error=self._lua_failed,
            arguments=self._arguments,
        )
        with trio.CancelScope() as self._until_brownout:
            outcome = await self._app.run()
        self._end_blackout()
        return Restart(panic=BROWNOUT_TEXT) if self._until_brownout.cancel_called else outcome

    # -- what is heard of it --------------------------------------------------------------------------------------

    def _became_idle(self) -> None:
        if self._blackout is None:
            self.idle.set()

    def _lua_failed(self, text: str, origin: str) -> None:
        if origin != "prompt" and self._blackout is None:
            self.script_errors.append(text.removeprefix("lua: "))

    def _new_uart(self) -> Uart:
        return Uart(baud=ROM_BAUD, now_ns=self._surroundings.now_ns, heard=self._heard)

    def _heard(self, wire: bytes) -> None:
        if self._blackout is not None:
            return
        self.console += wire
        if len(self.console) > 2 * CONSOLE_KEPT_BYTES:
            del self.console[:-CONSOLE_KEPT_BYTES]
        if self.on_console is not None:
            self.on_console(wire)
        if self._surroundings.events.wanted:
            self._emit("console", text=wire.decode("utf-8", "backslashreplace"))

    def after_flash_operation(self, number: int, then: Callable[[], None]) -> None:
        """Call ``then`` once the chip has carried out its operation ``number``, counted from 0 over its life here."""
        self._flash_alarms.setdefault(number, []).append(then)

    def _flash_operation(self, operation: FlashOperation) -> None:
        if self._flash_alarms:
            for alarm in self._flash_alarms.pop(self.chip.operation_count - 1, ()):
                alarm()
        self.recent_operations.append(operation[:4])
        if not self._surroundings.events.wanted:
            return
        if operation.kind == "erase":
            self._emit("flash.erase", addr=operation.address, len=operation.length)
        else:
            digest = hashlib.sha256(operation.data).hexdigest()
            self._emit("flash.write", addr=operation.address, len=operation.length, sha256=digest)
        otadata = self._otadata_partition
        if otadata is not None and otadata.offset <= operation.address < otadata.end:
            self._tell_otadata()

    def _efuse_burned(self, fuse: Fuse) -> None:
        """Tell what was burned; of a key only that it was."""
        value = None if fuse in _KEY_BLOCKS else self.efuses.read(fuse)
        self._emit("efuse.burn", field=fuse.name, value=value)

    def _find_otadata(self) -> None:
        """Note where otadata is and what it holds, so that a change can be told."""
        partition = self.partition_table().otadata
        if partition is None or partition.end > self.chip.size_bytes or partition.size < OTADATA_BYTES:
            self._otadata_partition = self._otadata = None
        else:
            self._otadata_partition, self._otadata = partition, self._read_otadata(partition)

    def _read_otadata(self, partition: Partition) -> OtaData:
        return OtaData.from_bytes(self.chip.read(partition.offset, OTADATA_BYTES))

    def _tell_otadata(self) -> None:
        assert self._otadata_partition is not None
        otadata = self._read_otadata(self._otadata_partition)
        if otadata != self._otadata:
            self._otadata = otadata
            self._emit("otadata", entries=otadata_fields(otadata))

    def _now_ns(self) -> int:
        return self._surroundings.now_ns()

    def _emit(self, kind: str, **fields: Any) -> None:
        if self._blackout is not None:
            return
        if kind == "ota.check":
            self.trouble = ""
        elif kind == "ota.fail":
            self.trouble = f"net.ota(): {fields['why']}"
        self._surroundings.events.emit(self.name, kind, **fields)


def _unset(event: trio.Event) -> trio.Event:
    """Return an event that is not set: this one, if somebody may still wait for it."""
    return trio.Event() if event.is_set() else event


def otadata_fields(otadata: OtaData) -> list[dict[str, Any] | None]:
    """Return both select entries as an event shows them; None for an erased one."""
    return [
        None
        if entry == ERASED_ENTRY
        else {"seq": entry.ota_seq, "state": entry.state_name, "crc_good": entry.is_crc_good}
        for entry in otadata.entries
    ]
