"""Making a board: what the factory puts into a new flash chip, and putting files on a board that exists.

A new chip holds, from the bottom up, the bootloader, the partition table, an empty NVS, the file system with the
board's files, an empty otadata, and the first firmware in the app slot that the table starts with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from simulator.boards import Board
from simulator.boot import BootConfig, build_bootloader_image
from simulator.boot.bootloader_image import BOOTLOADER_OFFSET
from simulator.device.file_systems import storage_partition, storage_sizes
from simulator.errors import UsageError
from simulator.filesystem import FileSystemError, build_file_system, mount
from simulator.firmware import Manifest, build_for
from simulator.firmware.build import SPI_MODES, SPI_SPEEDS
from simulator.flash import FlashChip, PartitionView
from simulator.flash.chip import FlashSnapshot
from simulator.flash.partition import partition_table_on
from simulator.formats.partition_table import TABLE_OFFSET, Partition, PartitionTable
from simulator.resources import data_dir
from simulator.signatures import SigningKey
from simulator.units import format_size

AUTORUN: Final = "/autorun.lua"
"""The script that a board runs after ``/system.lua``: what it is for."""

Files = Mapping[str, bytes]


def stock_files() -> dict[str, bytes]:
    """Return the scripts that every new board has: those of the top-level folder ``lua``, by absolute path.

    Its folder ``library`` is for editors, not for boards.
    """
    files = folder_files(data_dir("lua"), pattern="*.lua")
    return {path: data for path, data in files.items() if not path.startswith("/library/")}


def folder_files(folder: Path, *, pattern: str = "*") -> dict[str, bytes]:
    """Return the files below ``folder`` by the absolute path they get on the board, in alphabetical order."""
    paths = sorted(path for path in folder.rglob(pattern) if path.is_file())
    return {"/" + path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def new_chip(
    board: Board, manifest: Manifest, files: Files, *, image_bytes: int, key: SigningKey | None = None
) -> FlashChip:
    """Return the flash chip of a new ``board`` with the firmware of ``manifest``, of about ``image_bytes``.

    ``key`` signs what the secure boot of the board asks to be signed. Boards of the same kind share what they hold.
    Raises `UsageError` if firmware or files do not fit, or ``key`` is not what the board needs.
    """
    check_key(board, key)
    return FlashChip.from_snapshot(_manufactured(board, manifest, tuple(files.items()), image_bytes, key))


def with_secure_boot(board: Board, key: SigningKey) -> Board:
    """Return ``board`` as it has to be for firmware that is signed with ``key``.

    Secure boot v2 takes a chip of revision 3 and a bootloader that knows of it.
    """
    if key.scheme == "v1":
        return replace(board, secure_boot="v1", secure_boot_key=key.public.data.hex())
    chip = replace(board.chip, revision=3)
    return replace(board, secure_boot="v2", secure_boot_key="", chip=chip, bootloader="v5.2")


def check_key(board: Board, key: SigningKey | None) -> None:
    """Raise `UsageError` if ``key`` cannot sign the firmware of ``board``."""
    if key is None:
        if board.secure_boot != "none":
            raise UsageError(
                f"the board has secure boot {board.secure_boot}, so its firmware needs a key to sign it with"
            )
    elif board.secure_boot != key.scheme:
        has = "no secure boot" if board.secure_boot == "none" else f"secure boot {board.secure_boot}"
        raise UsageError(f"the key is for secure boot {key.scheme}, and the board has {has}")
    elif key.scheme == "v1" and key.public.data.hex() != board.secure_boot_key:
        raise UsageError("the key is not the one that the board verifies signatures with")


@lru_cache(maxsize=32)
def _manufactured(
    board: Board,
    manifest: Manifest,
    files: tuple[tuple[str, bytes], ...],
    image_bytes: int,
    key: SigningKey | None,
) -> FlashSnapshot:
    table = board.partition_table()
    chip = FlashChip(board.flash_size_bytes)
    bootloader = build_bootloader_image(
        replace(BootConfig.for_board(board), rollback=manifest.rollback),
        spi_mode=SPI_MODES[board.flash_mode],
        spi_speed=SPI_SPEEDS[board.flash_freq],
        flash_size=board.flash_size_bytes,
        key=key,
    )
    chip.program(BOOTLOADER_OFFSET, bootloader)
    table_data = table.to_bytes()
    chip.program(TABLE_OFFSET, key.sign(table_data) if key is not None and key.scheme == "v1" else table_data)
    slot = first_app_slot(table)
    image = build_for(board, manifest, size_bytes=image_bytes, key=key)
    check_fits(image, slot)
    chip.program(slot.offset, image)
    storage = storage_partition(board, table)
    if storage is not None:
        try:
            contents_of_storage = build_file_system(
                dict(files), board.filesystem, size_bytes=storage.size, **storage_sizes(board)
            )
        except FileSystemError as error:
            raise UsageError(f"the files do not fit into the board's file system: {error.text}") from error
        chip.program(storage.offset, contents_of_storage)
    return chip.snapshot()


def first_app_slot(table: PartitionTable) -> Partition:
    """Return the slot that a new board's firmware is flashed to: ``factory`` if there is one, else ``ota_0``."""
    slot = table.factory or table.ota_slots[0]
    assert slot is not None
    return slot


def check_fits(image: bytes, slot: Partition) -> None:
    """Raise `UsageError` if ``image`` is larger than ``slot``."""
    if len(image) > slot.size:
        raise UsageError(
            f"the image has {format_size(len(image))}; the slot {slot.label} has room for {format_size(slot.size)}"
        )


def put_files(chip: FlashChip, board: Board, files: Files) -> None:
    """Write ``files`` into the file system of a board that exists, over what is there under the same names.

    Raises `UsageError` if there is no file system, or no room.
    """
    table = partition_table_on(chip)
    partition = storage_partition(board, table)
    if partition is None:
        raise UsageError(f"the flash has no {board.filesystem} partition for the script")
    try:
        root = mount(PartitionView(chip, partition), board.filesystem, **storage_sizes(board))
        for path, data in files.items():
            root.write_file(path, data)
        root.unmount()
    except FileSystemError as error:
        raise UsageError(f"the script does not fit into the board's file system: {error.text}") from error
    chip.take_busy_ns()  # what was done from outside costs the board no time
