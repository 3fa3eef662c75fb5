"""One board, one script, until it is done: what ``luatwin run`` and ``luatwin repl`` have in common.

Turns what a user asked for (`Request`) into a world with a board in it, and what happened into a `Report`. The flash
file is read before anything runs and written once at the end, in one step; so it is as before or whole.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

import trio

from simulator import __version__
from simulator.boards import Board, load_board
from simulator.device.device import BootRecord, Device
from simulator.device.manufacture import AUTORUN, Files, check_fits, folder_files, new_chip, put_files, stock_files
from simulator.dump import DEFAULT_BOARD, read_dump
from simulator.errors import FormatError, UsageError
from simulator.events import Event, to_json_line
from simulator.firmware import (
    DEFAULT_IMAGE_BYTES,
    Manifest,
    build_for,
    first_manifest,
    next_manifest,
    read_manifest,
)
from simulator.flash.chip import SECTOR_BYTES, FlashChip
from simulator.flash.partition import partition_table_on
from simulator.flash.timing import ENDURANCE_ERASES, TYPICAL, FlashTiming
from simulator.flash_file import read_flash_file, read_wear, write_flash_file, write_wear
from simulator.network.redirect import ServerAddress
from simulator.ota_protocol import Firmware
from simulator.units import NS_PER_S, format_duration
from simulator.world import World, run_in_world

DEFAULT_SSID: Final = "luatwin"
DEFAULT_PASSWORD: Final = "virtual-wifi"  # noqa: S105 (of the access point that is there if nobody asks for another)

EVENT_FORMAT: Final = 1

Publish = Path | Literal["auto", "none"]


class Ending(Enum):
    """Why a run is over. The value is what the report and the last event call it."""

    IDLE = "idle"
    """The scripts have run and nothing is left to do."""
    TIMEOUT = "timeout"
    """The simulated time is up."""
    STUCK = "stuck"
    """The board cannot go on: it does not boot, or its app is no Lua RTOS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user wants. Paths are those of the host; durations are simulated nanoseconds."""

    board: str | None = None
    """None: what the flash says, else `DEFAULT_BOARD`."""
    sdkconfig: Path | None = None
    factory_partition: bool | None = None
    """None: yes, on boards with OTA, unless an sdkconfig says otherwise."""
    script: Path | None = None
    """A Lua file that becomes ``/autorun.lua``, or a folder that becomes the whole file system."""
    chunk: str | None = None
    arguments: tuple[str, ...] = ()
    flash: Path | None = None
    flash_timing: FlashTiming = TYPICAL
    access_points: tuple[tuple[str, str], ...] = ()
    server: ServerAddress | None = None
    publish: Publish = "auto"
    seed: int = 0
    speed: float | None = None
    timeout_ns: int = 60 * NS_PER_S
    events: Path | None = None
    bootloader_log_level: str | None = None
    image_bytes: int = DEFAULT_IMAGE_BYTES
    argv: tuple[str, ...] = ()


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
    simulated_ns: int
    bricked: bool
    flash: FlashUse
    remarks: tuple[str, ...]
    """What is to be said of the flash file that was given."""

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
            "simulated_s": self.simulated_ns / NS_PER_S,
            "flash": self.flash.to_json(),
            "remarks": list(self.remarks),
            "console": self.console.decode("utf-8", "replace"),
        }


@dataclass(slots=True)
class _Setting:
    """The board, its chip and the firmware to publish, before the world begins."""

    board: Board
    chip: FlashChip
    installed: Manifest | None
    """Of the firmware that the first boot starts; None if it starts none of ours."""
    firmware: Firmware | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def run_session(
    request: Request,
    *,
    heard: Callable[[bytes], None],
    remark: Callable[[str], None] = lambda _text: None,
    steer: Callable[[World, Device], Awaitable[None]] | None = None,
    ends_when_stuck: bool = True,
) -> Report:
    """Run a board as ``request`` says and return the report. ``heard`` gets the console's bytes as they are sent.

    ``remark`` hears, before anything runs, what is to be said of the flash file. Without ``steer`` the run ends when
    the board is idle; with it, when ``steer`` returns; and in any case when the board is stuck, if that
    ``ends_when_stuck``. Raises `LuaTwinError` for what is wrong with the request,
    before anything runs.
    """
    setting = _prepare(request)
    chip = setting.chip
    operations_before, erases_before = chip.operation_count, sum(chip.erase_counts)
    for text in setting.remarks:
        remark(text)

    async def main(world: World) -> Report:
        for ssid, password in request.access_points or ((DEFAULT_SSID, DEFAULT_PASSWORD),):
            world.add_access_point(ssid, password)
        if setting.firmware is not None:
            world.catalogue.publish(setting.firmware)
        device = world.add_board(
            setting.board,
            chip,
            arguments=request.arguments,
            bootloader_log_level=request.bootloader_log_level,
        )
        device.on_console = heard
        with ExitStack() as stack:
            if request.events is not None:
                stack.enter_context(_event_file(request, world, setting.inputs))
            world.power_on(device)
            ending = await _until_the_end(request, world, device, steer, ends_when_stuck=ends_when_stuck)
            use = FlashUse.of(chip, operations_before=operations_before, erases_before=erases_before)
            report = _report(ending, device, world, use, setting.remarks)
            world.events.emit(device.name, "end", outcome=ending.value, exit_code=report.exit_code)
        return report

    try:
        return run_in_world(main, seed=request.seed, speed=request.speed, server=request.server)
    finally:
        if request.flash is not None:
            write_flash_file(request.flash, chip.to_bytes())
            write_wear(request.flash, chip.erase_counts)


async def _until_the_end(
    request: Request,
    world: World,
    device: Device,
    steer: Callable[[World, Device], Awaitable[None]] | None,
    *,
    ends_when_stuck: bool,
) -> Ending:
    ending = Ending.TIMEOUT

    async def watch(event: Callable[[], trio.Event], then: Ending, scope: trio.CancelScope) -> None:
        nonlocal ending
        await event().wait()
        ending = then
        scope.cancel()

    with trio.move_on_after(request.timeout_ns / NS_PER_S):
        async with trio.open_nursery() as nursery:
            if ends_when_stuck:
                nursery.start_soon(watch, lambda: device.stuck, Ending.STUCK, nursery.cancel_scope)
            if steer is None:
                nursery.start_soon(watch, lambda: device.idle, Ending.IDLE, nursery.cancel_scope)
            else:
                await steer(world, device)
                ending = Ending.IDLE
                nursery.cancel_scope.cancel()
    return ending


def _report(ending: Ending, device: Device, world: World, flash: FlashUse, remarks: tuple[str, ...]) -> Report:
    why = device.why_stuck
    where = device.where()
    if ending is Ending.TIMEOUT:
        why = f"still running after {format_duration(world.now_ns())} of simulated time"
    return Report(
        ending=ending,
        board=device.board,
        console=bytes(device.console),
        boots=tuple(device.boots),
        script_errors=tuple(device.script_errors),
        why=why,
        where=where,
        simulated_ns=world.now_ns(),
        bricked=device.is_bricked,
        flash=flash,
        remarks=remarks,
    )


# -- before ---------------------------------------------------------------------------------------------------------


def _prepare(request: Request) -> _Setting:
    files = _files(request)
    inputs = {path: sha256(data).hexdigest() for path, data in files.items()}
    if request.flash is not None and request.flash.exists():
        setting = _existing_board(request, request.flash, files, inputs)
    else:
        if request.flash is not None:
            _check_writable(request.flash)
        setting = _new_board(request, files, inputs)
    setting.chip.timing = request.flash_timing
    setting.firmware = _firmware_to_publish(request, setting)
    if setting.firmware is not None:
        inputs["published"] = sha256(setting.firmware.image).hexdigest()
    return setting


def _existing_board(request: Request, path: Path, files: Files, inputs: dict[str, str]) -> _Setting:
    """Return the board of a flash file, which the user may have named, with ``files`` put onto it."""
    contents = read_flash_file(path)
    inputs["flash"] = sha256(contents).hexdigest()
    try:
        dump = read_dump(contents, board=_board_asked_for(request))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    wear = read_wear(path, sector_count=len(contents) // SECTOR_BYTES)
    chip = FlashChip(len(contents), contents, erase_counts=wear or ())
    if files and dump.manifest is not None:
        put_files(chip, dump.board, files)
    remarks = tuple(f"{path}: {text}" for text in dump.remarks)
    return _Setting(dump.board, chip, dump.manifest, inputs=inputs, remarks=remarks)


def _new_board(request: Request, files: Files, inputs: dict[str, str]) -> _Setting:
    board = _board_asked_for(request) or load_board(DEFAULT_BOARD)
    if board.ota:
        factory = request.factory_partition
        if factory is None:
            factory = board.factory_partition or request.sdkconfig is None
        board = dataclasses.replace(board, factory_partition=factory)
    whole = files if request.script is not None and request.script.is_dir() else {**stock_files(), **files}
    manifest = first_manifest(board)
    chip = new_chip(board, manifest, whole, image_bytes=request.image_bytes)
    return _Setting(board, chip, manifest, inputs=inputs)


def _board_asked_for(request: Request) -> Board | None:
    board = None if request.board is None else load_board(request.board)
    if request.sdkconfig is not None:
        board = (board or load_board(DEFAULT_BOARD)).with_sdkconfig(request.sdkconfig)
    return board


def _files(request: Request) -> Files:
    """Return what the user wants on the board's file system."""
    if request.chunk is not None:
        return {AUTORUN: request.chunk.encode() + b"\n"}
    if request.script is None:
        return {}
    if request.script.is_dir():
        return folder_files(request.script)
    return {AUTORUN: request.script.read_bytes()}


def _check_writable(path: Path) -> None:
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")


def _firmware_to_publish(request: Request, setting: _Setting) -> Firmware | None:
    """Return what the built-in server offers: a given image, the next firmware for the board, or what it has."""
    if request.server is not None:
        return None
    board, installed = setting.board, setting.installed
    if isinstance(request.publish, Path):
        return _given_firmware(request.publish, board, setting.chip)
    if installed is None:
        return None
    manifest = next_manifest(installed) if request.publish == "auto" else installed
    image = b""
    if request.publish == "auto" and board.ota:
        image = build_for(board, manifest, size_bytes=request.image_bytes)
    return Firmware.of(manifest, image) if manifest.ids else None


def _given_firmware(path: Path, board: Board, chip: FlashChip) -> Firmware:
    """Return the firmware in a file, once it is known to be one and to fit."""
    image = path.read_bytes()
    try:
        firmware = Firmware.of(read_manifest(image), image)
    except FormatError as error:
        raise UsageError(f"--publish {path}: {error}") from error
    slots = partition_table_on(chip).ota_slots
    if board.ota and slots:
        check_fits(image, min(slots, key=lambda slot: slot.size))
    return firmware


# -- after ----------------------------------------------------------------------------------------------------------


class _event_file:  # noqa: N801 (used like a function)
    """Writes the events of a world to a file, header first, while the block runs."""

    def __init__(self, request: Request, world: World, inputs: dict[str, str]) -> None:
        assert request.events is not None
        self._path = request.events
        self._world = world
        self._header: Event = {
            "kind": "header",
            "format": EVENT_FORMAT,
            "version": __version__,
            "seed": request.seed,
            "argv": list(request.argv),
            "inputs": inputs,
        }

    def __enter__(self) -> None:
        self._file = self._path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
        self._write(self._header)
        self._unsubscribe = self._world.events.subscribe(self._write)

    def _write(self, event: Event) -> None:
        self._file.write(to_json_line(event) + "\n")

    def __exit__(self, *_: object) -> None:
        self._unsubscribe()
        self._file.close()
