"""One board, one script, until it is done: what ``luatwin run`` and ``luatwin repl`` have in common.

Turns what a user asked for (`simulator.setting.Request`) into a world with a board in it, and what happened into a
`Report`. The flash file is read before anything runs and written once at the end, in one step; so it is as before or
whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeAlias

import trio

from simulator.boards import Board
from simulator.device.device import BootRecord, Device
from simulator.efuse_file import efuse_file, write_efuse_file
from simulator.efuses import Efuses
from simulator.flash.chip import SECTOR_BYTES, FlashChip
from simulator.flash.partition import partition_table_on
from simulator.flash.timing import ENDURANCE_ERASES
from simulator.flash_file import write_flash_file, write_wear
from simulator.screenshots import check_folder, save_screenshots
from simulator.setting import Request, Setting, prepare
from simulator.units import NS_PER_S, format_duration
from simulator.world import World, run_in_world

DEFAULT_SSID: Final = "luatwin"
DEFAULT_PASSWORD: Final = "virtual-wifi"  # noqa: S105 (of the access point that is there if nobody asks for another)

RESTARTS_TOLD: Final = 3
"""From so many restarts on a board that does not come to rest may be in a loop of them."""


class Ending(Enum):
    """Why a run is over. The value is what the report and the last event call it."""

    IDLE = "idle"
    """The scripts have run and nothing is left to do."""
    TIMEOUT = "timeout"
    """The simulated time is up."""
    STUCK = "stuck"
    """The board cannot go on: it does not boot, or its app is no Lua RTOS."""
    STOPPED = "stopped"
    """Whoever looked on has seen enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashUse:
    """What a run did to the flash chip."""

    operations: int
    """Erase commands and program calls."""
    erased_sectors: int
    busiest_sector: int
    """The one that was erased most often in its life."""
    busiest_erases: int
    busiest_partition: str | None
    """Where that is."""

    @classmethod
    def of(cls, chip: FlashChip, *, operations_before: int, erases_before: int) -> FlashUse:
        """Return what was done to ``chip`` since it had done that much."""
        counts = chip.erase_counts
        busiest = max(range(len(counts)), key=counts.__getitem__)
        address = busiest * SECTOR_BYTES
        inside = (entry.label for entry in partition_table_on(chip) if entry.offset <= address < entry.end)
        return cls(
            operations=chip.operation_count - operations_before,
            erased_sectors=sum(counts) - erases_before,
            busiest_sector=busiest,
            busiest_erases=counts[busiest],
            busiest_partition=next(inside, None),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        worn = {
            "sector": self.busiest_sector,
            "address": self.busiest_sector * SECTOR_BYTES,
            "partition": self.busiest_partition,
            "erases": self.busiest_erases,
            "share_of_life": self.busiest_erases / ENDURANCE_ERASES,
        }
        return {
            "operations": self.operations,
            "erased_sectors": self.erased_sectors,
            "busiest_sector": worn if self.busiest_erases else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How it went."""

    ending: Ending
    board: Board
    console: bytes
    boots: tuple[BootRecord, ...]
    script_errors: tuple[str, ...]
    why: str
    where: str
    """Where the Lua code was last seen."""
    trouble: str
    """What went wrong with the last update; empty if nothing did."""
    simulated_ns: int
    bricked: bool
    flash: FlashUse
    remarks: tuple[str, ...]
    """What is to be said of the flash file that was given."""
    explanation: tuple[str, ...] = ()
    """If it ended otherwise than it should: when, what the board did last, and what a reset starts."""
    recording: Path | None = None
    """Where the beginning of a failed run was kept, because the files that it began with have changed."""

    @property
    def exit_code(self) -> int:
        """What the command exits with."""
        if self.ending is Ending.STUCK:
            return 3 if self.bricked else 2
        if self.ending is Ending.TIMEOUT:
            return 42
        return 1 if self.script_errors else 0

    def to_json(self) -> dict[str, Any]:
        """Return the report as ``--json`` prints it."""
        running = self.boots[-1] if self.boots else None
        return {
            "outcome": self.ending.value,
            "exit_code": self.exit_code,
            "board": self.board.documented_id,
            "running": running.label if running else None,
            "commit": running.commit if running else None,
            "boots": [
                {"reset": boot.reason.name, "label": boot.label, "offset": boot.offset, "commit": boot.commit}
                for boot in self.boots
            ],
            "script_errors": list(self.script_errors),
            "why": self.why or None,
            "trouble": self.trouble or None,
            "simulated_s": self.simulated_ns / NS_PER_S,
            "flash": self.flash.to_json(),
            "remarks": list(self.remarks),
            "explanation": list(self.explanation),
            "console": self.console.decode("utf-8", "replace"),
        }


Steer: TypeAlias = Callable[[World, Device], Awaitable[None]]
"""Does what there is to do with a board while it runs; the run ends when it returns."""

Observe: TypeAlias = Callable[["Stage"], AbstractContextManager[object]]
"""Looks on while a run lasts; it is entered before the board gets power."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A run as an observer sees it."""

    world: World
    device: Device
    stop: Stop
    """Ends the run, at the next thing that takes time."""


def run_session(
    request: Request,
    *,
    heard: Callable[[bytes], None],
    remark: Callable[[str], None] = lambda _text: None,
    steer: Steer | None = None,
    ends_when_stuck: bool = True,
    setting: Setting | None = None,
) -> Report:
    """Run a board as ``request`` says and return the report. ``heard`` gets the console's bytes as they are sent.

    ``remark`` hears what is to be said of the flash file, before anything runs, and of a screenshot, at the end.
    Without ``steer`` the run ends when the board is idle; with it, when ``steer`` returns; and in any case when the
    board is stuck, if that ``ends_when_stuck``. ``setting`` is what the request was prepared to before, perhaps with
    another chip. Raises `LuaTwinError` for what is wrong with the request, before anything runs.
    """
    if request.screenshot is not None:
        check_folder(request.screenshot)
    if setting is None:
        setting = prepare(request)
    for text in setting.remarks:
        remark(text)
    kept = _Beginning(request, setting)
    try:
        report = run_setting(request, setting, heard=heard, remark=remark, steer=steer, ends_when_stuck=ends_when_stuck)
    finally:
        if request.flash is not None:
            write_flash_file(request.flash, setting.chip.to_bytes())
            write_wear(request.flash, setting.chip.erase_counts)
        _keep_efuses(request, setting.efuses)
    return replace(report, recording=kept.write(request, setting)) if report.exit_code and steer is None else report


class _Beginning:
    """What a run began with that it may itself change: its flash and eFuses."""

    def __init__(self, request: Request, setting: Setting) -> None:
        if request.flash is not None:
            self._chip, self._operation_count = setting.chip.snapshot(), setting.chip.operation_count
            self._efuses = setting.efuses and setting.efuses.copy()

    def write(self, request: Request, setting: Setting) -> Path | None:
        """Write a recording without events beside the flash file, if that has changed and there is no other one."""
        if request.flash is None or request.events is not None or setting.chip.snapshot() == self._chip:
            return None
        from simulator.recording import EventFile

        path = request.flash.with_name(request.flash.name + ".failed.ndjson")
        chip = FlashChip.from_snapshot(self._chip)
        chip.operation_count = self._operation_count
        with EventFile(path, request, replace(setting, chip=chip, efuses=self._efuses)):
            return path


def run_setting(
    request: Request,
    setting: Setting,
    *,
    heard: Callable[[bytes], None],
    remark: Callable[[str], None] = lambda _text: None,
    steer: Steer | None = None,
    observe: Observe | None = None,
    ends_when_stuck: bool = True,
) -> Report:
    """Run what was prepared, and write all but the flash file and the eFuses; the rest as `run_session`."""
    chip = setting.chip
    operations_before, erases_before = chip.operation_count, sum(chip.erase_counts)

    async def main(world: World) -> Report:
        for ssid, password in request.access_points or ((DEFAULT_SSID, DEFAULT_PASSWORD),):
            world.add_access_point(ssid, password)
        if request.lora_key:
            world.add_lora_network(any_app_key=request.lora_key)
        if setting.firmware is not None:
            world.catalogue.publish(setting.firmware)
        device = world.add_board(
            setting.board,
            chip,
            name=request.name,
            efuses=setting.efuses,
            arguments=request.arguments,
            bootloader_log_level=request.bootloader_log_level,
        )
        with ExitStack() as stack:
            if request.events is not None:
                from simulator.recording import EventFile  # slow to import, and many runs keep none

                # Before the device has eFuses, which may have got their identity from the seed.
                file = stack.enter_context(EventFile(request.events, request, setting, is_steered=steer is not None))
                stack.callback(world.events.subscribe(file.write))
            stop = Stop()
            if observe is not None:
                stack.enter_context(observe(Stage(world, device, stop)))
            setting.efuses = device.efuses
            device.on_console = heard
            for fault in request.faults:
                world.inject(fault)
            for gpio, duration_ns in request.holds:
                device.hold(gpio, duration_ns)
            if request.capture is not None:
                stack.enter_context(world.capture(stack.enter_context(request.capture.open("wb"))))
            for part in setting.parts:
                device.bench.attach(part.make())
            if request.vcd is not None:
                stack.enter_context(_logic_trace(request.vcd, device))
            world.power_on(device)
            ending = await _until_the_end(request, world, device, steer, stop, ends_when_stuck=ends_when_stuck)
            if stop.then is not None:
                await stop.then(world, device)
            if request.screenshot is not None and not save_screenshots(request.screenshot, device.bench):
                remark(f"--screenshot {request.screenshot}: nothing has been shown on a display")
            for cut in device.cuts_to_come:
                remark(f"the power cut at {cut} did not come: there were {chip.operation_count} flash operations")
            use = FlashUse.of(chip, operations_before=operations_before, erases_before=erases_before)
            report = _report(ending, device, world, use, setting.remarks)
            if report.exit_code and ending is not Ending.STOPPED:
                from simulator.explain import explain  # what most runs have no need of

                report = replace(report, explanation=explain(device, world.now_ns()))
            world.events.emit(device.name, "end", outcome=ending.value, exit_code=report.exit_code)
        return report

    return run_in_world(
        main, seed=request.seed, speed=request.speed, server=request.server, authority=setting.authority
    )


@contextmanager
def _logic_trace(path: Path, device: Device) -> Iterator[None]:
    """Note every edge on the wires around a board, and write them when the run is over, however it ends."""
    from simulator.hardware.trace import Trace

    trace = Trace(device.bench)
    try:
        yield
    finally:
        with path.open("w", encoding="ascii", newline="\n") as file:
            file.writelines(f"{line}\n" for line in trace.vcd())


def _keep_efuses(request: Request, efuses: Efuses | None) -> None:
    """Write the eFuses last: if that fails, secure boot is enabled once more instead of the board being bricked."""
    if efuses is None:
        return
    if request.efuses is not None:
        write_efuse_file(request.efuses, efuses)
    elif request.flash is not None and efuses.is_changed:
        write_efuse_file(efuse_file(request.flash), efuses)


class Stop:
    """Ends a run when it is called; the run is what lasts inside ``scope``."""

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self.was_called = False
        self.then: Steer | None = None
        """Who gets the board, which has power, when the run has ended, before it is reported."""

    def __call__(self) -> None:
        """End the run."""
        self.was_called = True
        self.scope.cancel()


async def _until_the_end(
    request: Request,
    world: World,
    device: Device,
    steer: Steer | None,
    stop: Stop,
    *,
    ends_when_stuck: bool,
) -> Ending:
    ending = Ending.TIMEOUT

    async def watch(event: Callable[[], trio.Event], then: Ending, scope: trio.CancelScope) -> None:
        nonlocal ending
        await event().wait()
        ending = then
        scope.cancel()

    stop.scope.deadline = trio.current_time() + request.timeout_ns / NS_PER_S
    with stop.scope:
        async with trio.open_nursery() as nursery:
            if ends_when_stuck:
                nursery.start_soon(watch, lambda: device.stuck, Ending.STUCK, nursery.cancel_scope)
            if steer is None:
                nursery.start_soon(watch, lambda: device.idle, Ending.IDLE, nursery.cancel_scope)
            else:
                await steer(world, device)
                ending = Ending.IDLE
                nursery.cancel_scope.cancel()
    return Ending.STOPPED if stop.was_called else ending


def _report(ending: Ending, device: Device, world: World, flash: FlashUse, remarks: tuple[str, ...]) -> Report:
    why = device.why_stuck
    where = device.where()
    if ending is Ending.TIMEOUT:
        why = _what_goes_on(device, world)
    return Report(
        ending=ending,
        board=device.board,
        console=bytes(device.console),
        boots=tuple(device.boots),
        script_errors=tuple(device.script_errors),
        why=why,
        where=where,
        trouble=device.trouble,
        simulated_ns=world.now_ns(),
        bricked=device.is_bricked,
        flash=flash,
        remarks=remarks,
    )


def _what_goes_on(device: Device, world: World) -> str:
    """Return a sentence on a board that has not come to rest."""
    parts = [f"still running after {format_duration(world.now_ns())} of simulated time"]
    restarts = len(device.boots) - 1
    if restarts >= RESTARTS_TOLD:
        parts.append(f"it has restarted {restarts} times")
    if device.trouble:
        parts.append(device.trouble)
    return "; ".join(parts)
