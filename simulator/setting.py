"""What a run begins with: what a user wants (`Request`) becomes a board, its flash and what is published (`Setting`).

Reads every file that the user named, and says what is wrong with any of them before anything runs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from simulator.boards import Board, load_board
from simulator.boards.schema import Profile
from simulator.device.manufacture import (
    AUTORUN,
    Files,
    check_fits,
    folder_files,
    new_chip,
    put_files,
    stock_files,
    with_secure_boot,
)
from simulator.dump import DEFAULT_BOARD, read_dump
from simulator.efuse_file import efuses_beside, read_efuse_file
from simulator.efuses import Efuses
from simulator.errors import FormatError, UsageError
from simulator.firmware import DEFAULT_IMAGE_BYTES, Manifest, build_for, first_manifest, next_manifest, read_manifest
from simulator.flash.chip import SECTOR_BYTES, FlashChip
from simulator.flash.partition import partition_table_on
from simulator.flash.timing import TYPICAL, FlashTiming
from simulator.flash_file import read_flash_file, read_wear
from simulator.hardware import GPIOS
from simulator.network.redirect import ServerAddress
from simulator.ota_protocol import Firmware
from simulator.signatures import SigningKey
from simulator.units import NS_PER_S

if TYPE_CHECKING:
    from simulator.faults import Fault
    from simulator.hardware.parts import PartDescription

Publish = Path | Literal["auto", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user wants. Paths are those of the host; durations are simulated nanoseconds."""

    name: str | None = None
    """What the events call the board; None: ``b0``."""
    board: str | None = None
    """None: what the flash says, else `DEFAULT_BOARD`."""
    sdkconfig: Path | None = None
    factory_partition: bool | None = None
    """None: yes, on boards with OTA, unless an sdkconfig says otherwise."""
    script: Path | None = None
    """A Lua file that becomes ``/autorun.lua``, or a folder that becomes the whole file system."""
    chunk: str | None = None
    files: tuple[tuple[str, bytes], ...] = ()
    """More files, by their absolute path on the board."""
    arguments: tuple[str, ...] = ()
    flash: Path | None = None
    efuses: Path | None = None
    """None: those beside the flash file."""
    profile: Profile | None = None
    """Of the firmware of a new board, and of the one that is published. None: stock, and as before."""
    key: SigningKey | None = None
    """Signs both; a new board has secure boot then."""
    faults: tuple[Fault, ...] = ()
    """What goes wrong."""
    authority: Path | None = None
    """The certificate that hardened firmware trusts; None: that of the built-in server."""
    holds: tuple[tuple[int, int], ...] = ()
    """Pins that are held low when power comes on, and for how long."""
    hardware: tuple[Path, ...] = ()
    """Descriptions of what is around the board."""
    parts: tuple[str, ...] = ()
    """More of it, in the words of a command line."""
    described: tuple[PartDescription, ...] = ()
    """More of it, read already."""
    flash_timing: FlashTiming = TYPICAL
    access_points: tuple[tuple[str, str], ...] = ()
    lora_key: str = ""
    """If given there is a LoRaWAN network, which lets in every node with this key."""
    server: ServerAddress | None = None
    publish: Publish = "auto"
    seed: int = 0
    speed: float | None = None
    timeout_ns: int = 60 * NS_PER_S
    events: Path | None = None
    capture: Path | None = None
    """A file for Wireshark."""
    screenshot: Path | None = None
    """Where to save what is on the board's displays at the end."""
    vcd: Path | None = None
    """Where the logic trace of the pins goes."""
    bootloader_log_level: str | None = None
    image_bytes: int = DEFAULT_IMAGE_BYTES
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChip:
    """How the flash chip of a new board without secure boot is made."""

    files: Files
    """What the user wants on it."""
    is_whole: bool
    """Whether those are all files, or come on top of the stock ones."""
    image_bytes: int
    profile: Profile | None
    """Of the firmware; None: that of the board."""

    def make(self, board: Board, *, key: SigningKey | None = None) -> tuple[FlashChip, Manifest]:
        """Return the chip, and the manifest of the firmware on it. Raises `UsageError` if something does not fit."""
        manifest = first_manifest(board, profile=self.profile)
        files = self.files if self.is_whole else {**stock_files(), **self.files}
        return new_chip(board, manifest, files, image_bytes=self.image_bytes, key=key), manifest


@dataclass(slots=True)
class Setting:
    """A board, its chip and the firmware to publish, before the world begins."""

    board: Board
    chip: FlashChip
    installed: Manifest | None
    """Of the firmware that the first boot starts; None if it starts none of ours."""
    secure_version: int
    """Of the same firmware."""
    efuses: Efuses | None
    """Of a chip that was used before; None if it is a new one."""
    made: NewChip | None = None
    """How the chip was made, if that is all there is to know of it."""
    firmware: Firmware | None = None
    is_next_firmware: bool = False
    """Whether it is what follows, of the same size, from how the chip was made."""
    authority: bytes = b""
    parts: tuple[PartDescription, ...] = ()
    """Besides those that are on every such board."""
    hardware: dict[Path, Mapping[str, bytes]] = field(default_factory=dict)
    """The descriptions of a part of them: by path, what each and the files that it names hold."""
    inputs: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of what was read from the files that a user named and may edit, by their paths."""
    remarks: tuple[str, ...] = ()


def prepare(request: Request) -> Setting:
    """Return what the user asked for, put together. Raises `LuaTwinError` for what is wrong with it, and OSError."""
    for gpio, _ in request.holds:
        if gpio not in GPIOS:
            raise UsageError(f"--hold GPIO{gpio}: there is no such pin; the ESP32 has 0 to 23, 25 to 27 and 32 to 39")
    files = _files(request)
    inputs = {path: sha256(data).hexdigest() for path, data in files.items()}
    efuses = _efuses(request)
    if efuses is not None:
        inputs["efuses"] = sha256(efuses.to_bytes()).hexdigest()
    if request.flash is not None and request.flash.exists():
        setting = _existing_board(request, request.flash, efuses, files, inputs)
    else:
        if request.flash is not None:
            _check_writable(request.flash)
        setting = _new_board(request, efuses, files, inputs)
    setting.chip.timing = request.flash_timing
    if request.authority is not None:
        setting.authority = _read_authority(request.authority)
        inputs["authority"] = sha256(setting.authority).hexdigest()
    if request.hardware or request.parts or request.described:
        setting.parts, setting.hardware = put_around(
            setting.board, request.hardware, request.parts, described=request.described
        )
        for contents in setting.hardware.values():
            inputs.update((name, sha256(data).hexdigest()) for name, data in contents.items())
    if request.vcd is not None:
        _check_writable(request.vcd)
    setting.firmware = _firmware_to_publish(request, setting)
    if setting.firmware is not None:
        inputs["published"] = sha256(setting.firmware.image).hexdigest()
    setting.sources = {str(path): sha256(data).hexdigest() for path, data in _sources(request, files, setting)}
    return setting


def _sources(request: Request, files: Files, setting: Setting) -> Iterator[tuple[Path, bytes]]:
    """Yield the files that a user named, but those that a run itself changes, and what was in them."""
    if request.chunk is None and request.script is not None:
        for path, data in files.items():
            yield (request.script / path[1:] if request.script.is_dir() else request.script), data
    if request.authority is not None:
        yield request.authority, setting.authority
    for contents in setting.hardware.values():
        yield from ((Path(name), data) for name, data in contents.items())
    if isinstance(request.publish, Path) and setting.firmware is not None:
        yield request.publish, setting.firmware.image


def _read_authority(path: Path) -> bytes:
    """Return the certificate in a PEM file. Raises `UsageError` if there is none, and OSError."""
    import ssl  # costly to import, and most runs have no need of it

    from simulator.network.tls import checking_client_context

    data = path.read_bytes()
    try:
        checking_client_context(data)
    except ssl.SSLError as error:
        raise UsageError(f"--ca {path}: there is no certificate in it (PEM)") from error
    return data


def put_around(
    board: Board,
    hardware: Sequence[Path],
    parts: Sequence[str],
    read_bytes: Callable[[Path], bytes] = Path.read_bytes,
    *,
    described: Sequence[PartDescription] = (),
) -> tuple[tuple[PartDescription, ...], dict[Path, Mapping[str, bytes]]]:
    """Return what a user wants around a board, each part by a name of its own, and what was read for it."""
    from simulator.descriptions import board_hardware, parse_part, read_hardware  # slow to import

    found: list[PartDescription] = []
    contents: dict[Path, Mapping[str, bytes]] = {}
    taken = {part.name: f"on every {board.id}" for part in board_hardware(board)}
    for part in described:
        if part.name in taken:
            raise UsageError(f"there is a part {part.name!r} {taken[part.name]}; give yours another name")
        taken[part.name] = "in the scenario"
        found.append(part)
    for path in hardware:
        read = read_hardware(path, read_bytes)
        contents[path] = read.inputs
        for part in read.parts:
            if part.name in taken:
                raise UsageError(f"{path}: there is a part {part.name!r} {taken[part.name]}; give this another name")
            taken[part.name] = f"in {path}"
            found.append(part)
    for text in parts:
        found.append(parse_part(text, taken=taken))
        taken[found[-1].name] = f"from --part {text}"
    return tuple(found), contents


def _efuses(request: Request) -> Efuses | None:
    """Return the eFuses of a chip that was used before; None if it is a new one."""
    if request.efuses is not None:
        if request.efuses.exists():
            return read_efuse_file(request.efuses)
        _check_writable(request.efuses)
    elif request.flash is not None and request.flash.exists():
        return efuses_beside(request.flash)
    return None


def _existing_board(
    request: Request, path: Path, efuses: Efuses | None, files: Files, inputs: dict[str, str]
) -> Setting:
    """Return the board of a flash file, which the user may have named, with ``files`` put onto it."""
    contents = read_flash_file(path)
    inputs["flash"] = sha256(contents).hexdigest()
    try:
        dump = read_dump(contents, board=_board_asked_for(request), efuses=efuses)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    wear = read_wear(path, sector_count=len(contents) // SECTOR_BYTES)
    chip = FlashChip(len(contents), contents, erase_counts=wear or ())
    if files and dump.manifest is not None:
        put_files(chip, dump.board, files)
    remarks = tuple(f"{path}: {text}" for text in dump.remarks)
    return Setting(dump.board, chip, dump.manifest, dump.secure_version, efuses=efuses, inputs=inputs, remarks=remarks)


def _new_board(request: Request, efuses: Efuses | None, files: Files, inputs: dict[str, str]) -> Setting:
    board = _board_asked_for(request) or load_board(DEFAULT_BOARD)
    if board.ota:
        factory = request.factory_partition
        if factory is None:
            factory = board.factory_partition or request.sdkconfig is None
        board = dataclasses.replace(board, factory_partition=factory)
    if request.key is not None and board.secure_boot == "none":
        board = with_secure_boot(board, request.key)
    elif request.key is None and board.secure_boot != "none":
        has = f"{board.id} has secure boot {board.secure_boot}"
        raise UsageError(f"{has}, so its firmware needs a key to sign it with: --secure-boot KEY.pem")
    made = NewChip(
        files=files,
        is_whole=request.script is not None and request.script.is_dir(),
        image_bytes=request.image_bytes,
        profile=request.profile,
    )
    chip, manifest = made.make(board, key=request.key)
    setting = Setting(board, chip, manifest, board.secure_version, efuses=efuses, inputs=inputs)
    if request.key is None:  # which is nobody else's business
        setting.made = made
    return setting


def _board_asked_for(request: Request) -> Board | None:
    board = None if request.board is None else load_board(request.board)
    if request.sdkconfig is not None:
        from simulator.boards.sdkconfig import with_sdkconfig  # most boards are as they come

        board = with_sdkconfig(board or load_board(DEFAULT_BOARD), request.sdkconfig)
    return board


def _files(request: Request) -> Files:
    """Return what the user wants on the board's file system."""
    more = dict(request.files)
    if request.chunk is not None:
        return {AUTORUN: request.chunk.encode() + b"\n", **more}
    if request.script is None:
        return more
    if request.script.is_dir():
        return {**folder_files(request.script), **more}
    return {AUTORUN: request.script.read_bytes(), **more}


def _check_writable(path: Path) -> None:
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")


def _firmware_to_publish(request: Request, setting: Setting) -> Firmware | None:
    """Return what the built-in server offers: a given image, the next firmware for the board, or what it has."""
    if request.server is not None:
        return None
    board, installed = setting.board, setting.installed
    if isinstance(request.publish, Path):
        return _given_firmware(request.publish, board, setting.chip)
    if installed is None or not installed.ids:
        return None
    can_sign = request.key is not None or installed.secure_boot == "none"
    if request.publish == "auto" and not can_sign:
        text = "nothing newer is published: without --secure-boot KEY.pem there is no key to sign it with"
        setting.remarks = (*setting.remarks, text)
    if request.publish == "none" or not board.ota or not can_sign:
        return Firmware.of(installed, b"")
    setting.is_next_firmware = setting.made is not None
    return next_firmware(setting, installed, request.profile, image_bytes=request.image_bytes, key=request.key)


def next_firmware(
    setting: Setting, installed: Manifest, profile: Profile | None, *, image_bytes: int, key: SigningKey | None = None
) -> Firmware:
    """Return the firmware after the one that is installed, for the same board. Raises `UsageError` for a wrong key."""
    manifest = next_manifest(installed, profile=profile)
    if key is not None:
        if installed.secure_boot == "none":
            raise UsageError("--secure-boot: the firmware in the flash was built without secure boot")
        manifest = manifest.signed_with(key.public)
    image = build_for(
        setting.board,
        manifest,
        size_bytes=image_bytes,
        secure_version=max(setting.board.secure_version, setting.secure_version),
        key=key,
    )
    return Firmware.of(manifest, image)


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
