"""A flash that comes from elsewhere: which board it is of, which firmware is in it, and what of that is a guess.

Bytes in, a `Dump` out. A flash of the twin tells all in its manifest; the dump of a real board (``esptool read-flash 0
ALL``) has what `simulator.firmware.recognise` finds in its app, and bootloader, table and file system tell the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from simulator.boards import Board, load_board
from simulator.boards.partitions import STORAGE_SUBTYPES
from simulator.boot import BootConfig, boot, find_boot_config
from simulator.boot.bootloader_image import BOOTLOADER_AREA_BYTES, BOOTLOADER_OFFSET
from simulator.boot.revision import REVISIONS, RevisionName
from simulator.efuses import Efuses
from simulator.errors import FormatError, UsageError
from simulator.filesystem import FileSystemKind, FileSystemLayout, detect
from simulator.filesystem.memory import MemoryFlash
from simulator.firmware import Manifest, app_name, embedded_manifest, recognise
from simulator.formats import AppImage, Partition, PartitionTable
from simulator.formats.partition_table import TABLE_BYTES, TABLE_OFFSET, TYPE_DATA
from simulator.units import format_size

DEFAULT_BOARD: Final = "N1ESP32-OTA"
"""What a flash is taken for that does not tell."""

_IDF_VERSION: Final = re.compile(rb"(?<![-.\w])v(\d+)\.\d+[-.\w]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """What is known of a flash."""

    board: Board
    manifest: Manifest | None
    """Of the firmware that the next boot starts; None if nothing starts, or no Lua RTOS."""
    secure_version: int
    """What its app descriptor says, 0 without one: no update may have a lower one."""
    remarks: tuple[str, ...]
    """What a user should know: what was recognised in a flash that the twin did not make, and what was assumed."""


def read_dump(
    contents: bytes,
    *,
    board: Board | None = None,
    default_board: str = DEFAULT_BOARD,
    efuses: Efuses | None = None,
) -> Dump:
    """Return what is known of a flash chip with these ``contents``, which has the size of some chip.

    ``board`` is the board that the user says it is of; without it the firmware tells, and if that does not know,
    ``default_board`` it is, with the chip's size. ``efuses`` are those of the chip, if they are known; they stay as
    they are. Raises `UsageError` if ``board`` has a chip of another size.
    """
    if board is not None and board.flash_size_bytes != len(contents):
        raise UsageError(
            f"the flash has {format_size(len(contents))}, but {board.id} has {format_size(board.flash_size_bytes)}; "
            "without --board it is taken from the flash"
        )
    app = boot(contents, boot_config_in(contents, board), efuses=efuses.copy() if efuses else None)
    image = None if app.offset is None else _image(contents[app.offset :])
    manifest, remarks = (None, []) if image is None else _firmware(image, str(app.label))
    return Dump(
        board=board or _fitted(_board(manifest, default_board), contents, remarks),
        manifest=manifest,
        secure_version=image.app_descriptor.secure_version if image and image.app_descriptor else 0,
        remarks=tuple(remarks),
    )


def _firmware(image: AppImage, label: str) -> tuple[Manifest | None, list[str]]:
    try:
        manifest = embedded_manifest(image)
    except FormatError as error:
        return None, [f"{label}: {error}"]
    if manifest is not None:
        return manifest, []
    recognition = recognise(image)
    if recognition is None:
        return None, [f"{label} holds {app_name(image)}, which is no Lua RTOS"]
    found, assumed = ", ".join(recognition.found), ", ".join(recognition.assumed)
    return recognition.manifest, [f"{label} holds {found}", f"assumed: {assumed}"]


def _image(data: bytes) -> AppImage | None:
    try:
        return AppImage.from_bytes(data)
    except FormatError:  # the bootloader of v4.0 is content with less
        return None


def _board(manifest: Manifest | None, default_board: str) -> Board:
    if manifest is not None:
        try:
            return load_board(manifest.board)
        except UsageError:  # made with a board file that is not among the shipped ones
            pass
    return load_board(default_board)


def _fitted(board: Board, contents: bytes, remarks: list[str]) -> Board:
    """Return ``board`` with what the flash itself says about chip, bootloader and file system."""
    changes: dict[str, Any] = {"flash_size_bytes": len(contents)}
    revision = bootloader_in(contents)
    if revision is not None:
        changes["bootloader"] = revision
    config = find_boot_config(contents)
    if config is not None and config.secure_boot is not None and config.secure_boot.scheme == "v2":
        changes["chip"] = replace(board.chip, revision=3)  # no other chip has it
    partition = storage_in(contents)
    if partition is not None:
        kind = storage_kind(partition)
        changes["filesystem"] = kind
        data = contents[partition.offset : partition.end]
        layout = detect_in(contents, partition)
        if layout is not None and layout.kind == kind:
            changes |= _sizes(layout)
        elif data != b"\xff" * len(data):
            remarks.append(f"{partition.label} holds no {kind} file system that can be read; the board will format it")
    return replace(board, **changes)


def _sizes(layout: FileSystemLayout) -> dict[str, int]:
    if layout.kind == "spiffs":
        return {"spiffs_block_size_bytes": layout.block_size, "spiffs_page_size_bytes": layout.page_size}
    return {"lfs_block_size_bytes": layout.block_size}


def storage_in(contents: bytes) -> Partition | None:
    """Return the partition in a flash that a driver of Lua RTOS takes for its root file system, as far as it fits."""
    table = PartitionTable.as_read_by_app(contents[TABLE_OFFSET:][:TABLE_BYTES])
    found = (table.first(TYPE_DATA, subtype) for subtype in STORAGE_SUBTYPES.values())
    return next((partition for partition in found if partition and partition.end <= len(contents)), None)


def storage_kind(partition: Partition) -> FileSystemKind:
    """Return which driver takes a partition for its own. Raises LookupError if none does."""
    kinds = {(TYPE_DATA, subtype): kind for kind, subtype in STORAGE_SUBTYPES.items()}
    return cast("FileSystemKind", kinds[partition.type, partition.subtype])


def detect_in(contents: bytes, partition: Partition) -> FileSystemLayout | None:
    """Return the file system in a partition of a flash, None if there is none."""
    return detect(copy_of(contents, partition))


def copy_of(contents: bytes, partition: Partition) -> MemoryFlash:
    """Return the part of a flash that a partition covers, to be changed without harm."""
    data = contents[partition.offset : partition.end]
    flash = MemoryFlash(len(data))
    flash.program(0, data)
    return flash


def boot_config_in(contents: bytes, board: Board | None = None) -> BootConfig:
    """Return how the bootloader in a flash was built.

    Ours says all of it, another its version, and the rest is as for ``board``.
    """
    config = find_boot_config(contents) or (BootConfig.for_board(board) if board is not None else None)
    return config or BootConfig(revision=REVISIONS[bootloader_in(contents) or "v4.0"])


def bootloader_in(contents: bytes) -> RevisionName | None:
    """Return which of the bootloaders that the twin knows is nearest to the one in a flash; None if that is silent."""
    area = contents[BOOTLOADER_OFFSET:][:BOOTLOADER_AREA_BYTES]
    version = _IDF_VERSION.search(area)
    if version is None:
        return None
    major = int(version[1][:3])
    known = {int(name[1:].partition(".")[0]): name for name in REVISIONS}
    return cast("RevisionName", known[min(known, key=lambda each: abs(each - major))])
