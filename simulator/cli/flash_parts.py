"""``luatwin flash extract`` and ``merge``: partitions, files and values out of a flash file, and into one."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

import click

from simulator.cli.options import verbose_option
from simulator.errors import UsageError
from simulator.flash import SECTOR_BYTES
from simulator.flash_file import CHIP_SIZES, read_flash_file, read_wear, write_flash_file, write_wear
from simulator.flash_parts import (
    PARTITION_TABLE,
    Area,
    build_files,
    build_values,
    find_part,
    is_nvs,
    read_files,
    read_values,
)
from simulator.formats import AppImage, Partition, PartitionTable
from simulator.nvs import from_csv, to_csv
from simulator.units import format_size, parse_size

_CSV: Final = ".csv"


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("part")
@click.argument("output", metavar="OUTPUT")
@click.option("--image", "only_image", is_flag=True, help="Only the firmware image in it, without what lies behind.")
@verbose_option
def extract(file: Path, part: str, output: str, only_image: bool) -> None:
    """Write a PART of the flash in FILE to OUTPUT.

    PART is the label of a partition, bootloader, or partition-table. An OUTPUT that is a folder, or ends with a slash,
    gets the files of a file system; one that ends with .csv gets the partition table or the values of an NVS in
    ESP-IDF's CSV.
    """
    contents = read_flash_file(file)
    area, partition = find_part(contents, part)
    path = Path(output)
    if path.is_dir() or output.endswith("/"):
        click.echo(_extract_files(contents, part, partition, path))
        return
    if path.suffix == _CSV and (area == PARTITION_TABLE or is_nvs(partition)):
        text, what = _csv_of(contents, partition)
        path.write_text(text, encoding="utf-8", errors="surrogateescape", newline="\n")
        click.echo(f"{path}: {what} from 0x{area.offset:x}")
        return
    data = contents[area.offset : area.end]
    if only_image:
        data = data[: AppImage.from_bytes(data).length]
    path.write_bytes(data)
    click.echo(f"{path}: {len(data)} bytes from 0x{area.offset:x}")


def _extract_files(contents: bytes, part: str, partition: Partition | None, folder: Path) -> str:
    stored = read_files(contents, partition) if partition else None
    if stored is None:
        raise UsageError(f"{part} holds no file system, so there are no files for the folder {folder}")
    if stored.damage:
        raise UsageError(f"{part}: the file system is damaged: {stored.damage}")
    for name, data in stored.files.items():
        path = folder / _host_path(name)
        (path if data is None else path.parent).mkdir(parents=True, exist_ok=True)
        if data is not None:
            path.write_bytes(data)
    count = sum(data is not None for data in stored.files.values())
    return f"{folder}: {count} file{'s' * (count != 1)} of a {stored.layout.kind} file system"


def _host_path(name: str) -> PurePosixPath:
    """Return a path of the board as one below a folder. Raises `UsageError` if it would lead out of it."""
    path = PurePosixPath(name.lstrip("/"))
    if not path.parts or ".." in path.parts or "\0" in name or "\\" in name:
        raise UsageError(f"{name!r} is no name for a file on this computer")
    return path


def _csv_of(contents: bytes, partition: Partition | None) -> tuple[str, str]:
    if partition is None:
        table = PartitionTable.from_bytes(
            contents[PARTITION_TABLE.offset : PARTITION_TABLE.end], chip_size_bytes=len(contents)
        )
        return table.to_csv(), f"{len(table)} partitions"
    values, fault = read_values(contents, partition)
    if fault:
        raise UsageError(f"{partition.label}: {fault}")
    return to_csv(values), f"{len(values)} value{'s' * (len(values) != 1)}"


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("parts", nargs=-1, required=True, metavar="PLACE=INPUT...")
@click.option("--size", default="4MiB", show_default=True, help="Of FILE, if it is not there yet.")
@verbose_option
def merge(file: Path, parts: tuple[str, ...], size: str) -> None:
    """Put files into the flash in FILE, which is made if it is not there.

    PLACE is the label of a partition, bootloader or partition-table, which is erased first, or an address, from which
    on as many sectors are erased as INPUT needs. A folder becomes the file system of its partition; a .csv file
    becomes the partition table or an NVS. The parts go in one after the other, so that a partition table can come
    before what it names; FILE changes only if all of them fit.
    """
    if file.exists():
        contents = bytearray(read_flash_file(file))
    else:
        size_bytes = parse_size(size)
        if size_bytes not in CHIP_SIZES:
            raise UsageError(f"--size {size}: there are chips of {', '.join(map(format_size, CHIP_SIZES))}")
        contents = bytearray(b"\xff" * size_bytes)
    wear = read_wear(file, sector_count=len(contents) // SECTOR_BYTES)
    said = []
    for part in parts:
        area, data, line = _part(bytes(contents), part)
        contents[area.offset : area.end] = data.ljust(area.size_bytes, b"\xff")
        said.append(line)
        if wear is not None:
            for sector in area.sectors:
                wear[sector] += 1
    write_flash_file(file, bytes(contents))
    if wear is not None:
        write_wear(file, wear)
    for line in said:
        click.echo(line)


def _part(contents: bytes, part: str) -> tuple[Area, bytes, str]:
    """Return where one ``PLACE=INPUT`` goes, what goes there, and the line that says so."""
    place, equals, name = part.partition("=")
    if not place or not equals or not name:
        raise UsageError(f"{part!r}: write PLACE=INPUT, such as ota_0=firmware.bin or 0x8000=table.bin")
    path = Path(name)
    if place[0].isdigit():
        return _raw_at(contents, part, parse_size(place), path)
    area, partition = find_part(contents, place)
    if path.is_dir():
        if partition is None:
            raise UsageError(f"{part}: {place} takes no folder")
        files = _folder(path)
        data, layout = build_files(contents, partition, files)
        count = sum(content is not None for content in files.values())
        line = f"{name}: {count} file{'s' * (count != 1)} in a {layout.kind} file system at 0x{area.offset:x}"
        return area, data, line
    if path.suffix == _CSV and area == PARTITION_TABLE:
        table = PartitionTable.from_csv(path.read_text(encoding="utf-8"), path, flash_size_bytes=len(contents))
        return area, table.to_bytes(), f"{name}: {len(table)} partitions at 0x{area.offset:x}"
    if path.suffix == _CSV and partition is not None and is_nvs(partition):
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        values = from_csv(text, path, read_file=lambda beside: (path.parent / beside).read_bytes())
        line = f"{name}: {len(values)} value{'s' * (len(values) != 1)} at 0x{area.offset:x}"
        return area, build_values(partition, values), line
    data = path.read_bytes()
    if len(data) > area.size_bytes:
        what = f"the partition {place}" if partition else place
        raise UsageError(f"{part}: {len(data)} bytes do not fit; {what} has {area.size_bytes} bytes")
    return area, data, f"{name}: {len(data)} bytes at 0x{area.offset:x}"


def _raw_at(contents: bytes, part: str, offset: int, path: Path) -> tuple[Area, bytes, str]:
    data = path.read_bytes()
    if offset % SECTOR_BYTES:
        raise UsageError(f"{part}: 0x{offset:x} is not the address of a sector of {format_size(SECTOR_BYTES)}")
    room = max(0, len(contents) - offset)
    if len(data) > room:
        raise UsageError(f"{part}: {len(data)} bytes do not fit; the flash from there on has {room} bytes")
    area = Area("", "", offset, -(-len(data) // SECTOR_BYTES) * SECTOR_BYTES)
    return area, data, f"{path}: {len(data)} bytes at 0x{offset:x}"


def _folder(folder: Path) -> dict[str, bytes | None]:
    """Return what is below ``folder`` by the path it gets on the board; None is a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() or path.is_dir())
    return {"/" + path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes() for path in paths}
