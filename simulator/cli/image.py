"""``luatwin image``: build a firmware image, and tell what is in one."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, get_args

import click
from rich.padding import Padding
from rich.text import Text

from simulator.boards import load_board
from simulator.boards.schema import Profile
from simulator.boards.sdkconfig import with_sdkconfig
from simulator.cli.options import Group, board_options, json_option, read_signing_key, verbose_option
from simulator.cli.output import fact_table, plain_table, print_json, rich_console
from simulator.errors import UsageError
from simulator.firmware import (
    DEFAULT_IMAGE_BYTES,
    Manifest,
    build_for,
    embedded_manifest,
    find_manifest,
    first_manifest,
    next_manifest,
    read_manifest,
    recognise,
)
from simulator.formats import AppDescriptor, AppImage, ImageHeader, SpiMode, SpiSpeed
from simulator.formats.image import HEADER_BYTES, SEGMENT_HEADER_BYTES, flash_size_bytes
from simulator.formats.memory_map import LoadKind, load_kind
from simulator.units import format_size, parse_size

_USES: Final = {
    LoadKind.MAP: "mapped through the cache",
    LoadKind.LOAD: "copied to RAM",
    LoadKind.LOAD_RTC: "copied to RTC RAM",
    LoadKind.SKIP: "padding",
}


@click.group(cls=Group)
@verbose_option
def image() -> None:
    """Build a firmware image, or tell what is in one."""


@image.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@board_options
@click.option("--after", type=click.Path(path_type=Path), metavar="IMAGE", help="The firmware that follows this one.")
@click.option("--commit", metavar="HEX", help="The commit it says it was built from: 40 hexadecimal digits.")
@click.option(
    "--profile", type=click.Choice(get_args(Profile)), help="[default: the board's, or as the firmware of --after]"
)
@click.option(
    "--secure-version", type=click.IntRange(0, 32), metavar="N", help="For anti-rollback, over the board's own."
)
@click.option(
    "--sign",
    "key_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="KEY.pem",
    help="Sign it for a board with secure boot: v1 with an ECDSA key, v2 with an RSA key.",
)
@click.option("--size", default=format_size(DEFAULT_IMAGE_BYTES).replace(" ", ""), show_default=True)
@json_option
@verbose_option
def build(
    file: Path,
    board: str,
    sdkconfig: Path | None,
    after: Path | None,
    commit: str | None,
    profile: Profile | None,
    secure_version: int | None,
    key_file: Path | None,
    size: str,
    as_json: bool,
) -> None:
    """Write the firmware image of a board to FILE.

    It is a valid ESP32 image; what makes it a firmware of the twin is a manifest behind the app descriptor. Without
    --after and --commit it is the one that a new board is made with. With --after, the board and its options are those
    of the image named.
    """
    key = read_signing_key(key_file)
    if after:
        manifest = next_manifest(read_manifest(after.read_bytes()), profile=profile)
        hardware = load_board(manifest.board)
    else:
        hardware = load_board(board)
        if sdkconfig:
            hardware = with_sdkconfig(hardware, sdkconfig)
        manifest = first_manifest(hardware, profile=profile)
    if key:
        manifest = manifest.signed_with(key.public)
    if commit:
        if not re.fullmatch(r"[0-9a-f]{40}", commit):
            raise UsageError(f"--commit {commit}: a commit is 40 hexadecimal digits, in lower case")
        manifest = dataclasses.replace(manifest, commit=commit)
    slot = min(hardware.partition_table().app_partitions, key=lambda partition: partition.size)
    size_bytes = parse_size(size)
    if size_bytes > slot.size:
        fits = f"{slot.label} of {hardware.id} has {format_size(slot.size)}"
        raise UsageError(f"--size {size}: too large for the board's app slots; {fits}")
    data = build_for(hardware, manifest, size_bytes=size_bytes, secure_version=secure_version, key=key)
    file.write_bytes(data)
    if as_json:
        digest = hashlib.sha256(data).hexdigest()
        print_json({"file": str(file), "length": len(data), "sha256": digest, "manifest": _fields(manifest)})
    else:
        click.echo(
            f"{file}: {manifest.documented_id or manifest.firmware}, commit {manifest.commit}, {len(data)} bytes"
        )


@image.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@verbose_option
def info(file: Path, as_json: bool) -> None:
    """Tell everything that is in the image in FILE.

    An image that is not sound is an error that names its first fault, a wrong checksum or digest included.
    """
    data = file.read_bytes()
    parts = describe_image(AppImage.from_bytes(data), file_bytes=len(data))
    if as_json:
        print_json(parts)
        return
    console = rich_console()
    for part, content in parts.items():
        heading = Text(_spaced(part), "bold")
        if not content:
            console.print(Text.assemble(heading, ": none"))
            continue
        console.print(heading)
        if isinstance(content, list):
            table = plain_table(*map(_spaced, content[0]))
            for row in content:
                table.add_row(*(_readable(key, value) for key, value in row.items()))
        else:
            table = fact_table({_spaced(key): _readable(key, value) for key, value in content.items()})
        console.print(Padding(table, (0, 0, 1, 2), expand=False))


def describe_image(image: AppImage, *, file_bytes: int) -> dict[str, Any]:
    """Return all there is to know about a sound image at the start of a file of ``file_bytes``, part by part."""
    header = _fields(image.header)
    header["flash_size"] = flash_size_bytes(image.header.flash_size)
    for name, names in (("spi_mode", SpiMode), ("spi_speed", SpiSpeed)):
        if header[name] in list(names):
            header[name] = names(header[name]).name
    descriptor, manifest = image.app_descriptor, find_manifest(image)
    parts: dict[str, Any] = {
        "image": {
            "length": image.length,
            "bytes_behind_it": file_bytes - image.length,
            "checksum": image.checksum,
            "digest": image.digest.hex() if image.digest else None,
        },
        "header": header,
        "segments": _segments(image),
        "app_descriptor": _fields(descriptor) if descriptor else None,
        "manifest": _fields(manifest) if manifest else None,
    }
    recognition = recognise(image) if manifest and embedded_manifest(image) is None else None
    if recognition is not None:
        parts["recognised"] = {"found": list(recognition.found), "assumed": list(recognition.assumed)}
    return parts


def _segments(image: AppImage) -> list[dict[str, Any]]:
    offset = HEADER_BYTES
    segments: list[dict[str, Any]] = []
    for segment in image.segments:
        offset += SEGMENT_HEADER_BYTES
        segments.append(
            {
                "load_address": segment.load_address,
                "length": len(segment.data),
                "data_offset": offset,
                "use": _USES[load_kind(segment.load_address)],
            }
        )
        offset += len(segment.data)
    return segments


def _fields(value: ImageHeader | AppDescriptor | Manifest) -> dict[str, Any]:
    """Return the fields of a dataclass as JSON values; bytes are hexadecimal."""
    fields = dataclasses.asdict(value).items()
    return {name: content.hex() if isinstance(content, bytes) else content for name, content in fields}


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _readable(name: str, value: Any) -> str:
    match name:
        case "checksum" | "digest" if value is not None:
            return f"{value:#04x} (right)" if isinstance(value, int) else f"{value} (right)"
        case "digest":
            return "none appended"
        case "entry" | "load_address":
            return f"{value:#010x}"
        case "magic" | "wp_pin":
            return f"{value:#04x}"
        case "found" | "assumed":
            return ", ".join(value)
        case "data_offset":
            return f"{value:#x}"
        case "flash_size":
            return format_size(value)
        case "build_time":
            return f"{value} ({datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC)"
        case "ota" | "rollback" | "anti_rollback":
            return "yes" if value else "no"
        case _:
            return str(value)
