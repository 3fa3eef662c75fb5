"""The options that ``run`` and ``repl`` share, and how they become a `simulator.setting.Request`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from simulator.boards.schema import Profile
from simulator.cli.options import board_options, read_signing_key
from simulator.errors import UsageError
from simulator.firmware import DEFAULT_IMAGE_BYTES
from simulator.flash.timing import PARTS, Figures
from simulator.network.redirect import ServerAddress
from simulator.setting import Request
from simulator.units import format_size, parse_duration, parse_size

F = TypeVar("F", bound=Callable[..., Any])

_WRITTEN = ("--events", "--screenshot")
_LOG_LEVELS = ("NONE", "ERROR", "WARN", "INFO", "DEBUG")

_OPTIONS = (
    click.option(
        "--factory/--no-factory", "factory_partition", default=None,
        help="Make a new board with or without a factory slot next to its two OTA slots.  [default: with]",
    ),
    click.option("--flash", type=click.Path(dir_okay=False, path_type=Path),
                 help="Use and keep this raw flash file, which may be the dump of a real board."),
    click.option("--efuse", "efuses", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                 help="Use and keep these eFuses.  [default: FILE.efuse beside --flash, if anything is burned]"),
    click.option("--profile", type=click.Choice(get_args(Profile)),
                 help="Of a new board's firmware and of the one that is published.  [default: stock]"),
    click.option("--secure-boot", "key_file", type=click.Path(dir_okay=False, path_type=Path), metavar="KEY.pem",
                 help="Sign both for a board with secure boot: v1 with an ECDSA key, v2 with an RSA key."),
    click.option("--ca", "authority", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                 help="Whom hardened firmware trusts (PEM).  [default: the built-in server]"),
    click.option("--fault", "faults", multiple=True, metavar="NAME[@WHEN]",
                 help="Let something go wrong, see luatwin faults (repeatable)."),
    click.option("--hold", "holds", multiple=True, metavar="GPIO:TIME",
                 help="Hold a pin low from power-on, such as GPIO4:6s (repeatable)."),
    click.option("--hardware", multiple=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                 help="Parts around the board, described in YAML (repeatable); see luatwin parts."),
    click.option("--part", "parts", multiple=True, metavar="TYPE:PIN...",
                 help="One more part, such as led:26 or pushbutton:4:pull=true (repeatable)."),
    click.option("--flash-part", type=click.Choice(list(PARTS), case_sensitive=False), default="W25Q32JV",
                 show_default=True, help="The flash chip whose data sheet tells how long it is busy."),
    click.option("--flash-timing", type=click.Choice(("typical", "max")), default="typical", show_default=True,
                 help="Which of its figures drive simulated time."),
    click.option("--ap", "access_points", multiple=True, metavar="SSID[:PASSWORD]",
                 help="An access point (repeatable).  [default: luatwin:virtual-wifi]"),
    click.option("--lora-key", default="", metavar="APPKEY",
                 help="Put up a LoRaWAN network that lets in every node with this key (32 hexadecimal digits)."),
    click.option("--server", default="built-in", show_default=True,
                 help="Update server: built-in, or https://HOST[:PORT]."),
    click.option(
        "--publish", default="auto", show_default=True, metavar="FILE|auto|none",
        help="What the built-in server offers; auto builds the next firmware for the board.",
    ),
    click.option("--image-size", default=format_size(DEFAULT_IMAGE_BYTES).replace(" ", ""), show_default=True,
                 metavar="SIZE", help="Size of the firmware images that are built."),
    click.option("--boot-log", "bootloader_log_level", type=click.Choice(_LOG_LEVELS, case_sensitive=False),
                 help="Log level of the bootloader, over the board's own."),
    click.option("--seed", type=int, default=0, show_default=True, help="Seed of everything random."),
    click.option("--capture", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                 help="Write what the network carries, for Wireshark (pcapng)."),
    click.option("--events", type=click.Path(dir_okay=False, path_type=Path),
                 help="Write the event log here (NDJSON)."),
    click.option("--screenshot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png",
                 help="Save what is on the board's display at the end."),
    click.option("--vcd", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                 help="Write the logic trace of the pins here, for GTKWave and PulseView."),
)  # fmt: skip


def cut_option(function: F) -> F:
    """Add the option that cuts the power once at a flash operation."""
    return click.option(
        "--cut",
        "cuts",
        multiple=True,
        metavar="OP:PHASE",
        help="Cut the power for a second at a flash operation, such as 1742:torn:0.5: --fault power-cut (repeatable).",
    )(function)


def session_options(function: F) -> F:
    """Add the shared options to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return board_options(function, of_flash=True)


def build_request(
    *,
    access_points: tuple[str, ...],
    server: str,
    publish: str,
    image_size: str,
    bootloader_log_level: str | None,
    flash_part: str,
    flash_timing: Figures,
    key_file: Path | None,
    holds: tuple[str, ...],
    faults: tuple[str, ...],
    cuts: tuple[str, ...] = (),
    speed: str = "max",
    timeout: str | None = None,
    lora_key: str = "",
    **others: Any,
) -> Request:
    """Return the request that the options stand for. Raises `UsageError`."""
    if timeout is not None:
        others["timeout_ns"] = parse_duration(timeout)
    return Request(
        access_points=tuple(_access_point(text) for text in access_points),
        lora_key=_lora_key(lora_key),
        server=None if server == "built-in" else ServerAddress.parse(server),
        publish=Path(publish) if publish not in ("auto", "none") else publish,  # type: ignore[arg-type]
        image_bytes=parse_size(image_size),
        bootloader_log_level=bootloader_log_level.upper() if bootloader_log_level else None,
        flash_timing=PARTS[flash_part][flash_timing],
        key=read_signing_key(key_file),
        faults=(*_faults(faults), *power_cuts(cuts)),
        holds=tuple(_hold(text) for text in holds),
        speed=_speed(speed),
        argv=_inputs_of(sys.argv[1:]),
        **others,
    )


def _inputs_of(arguments: list[str]) -> tuple[str, ...]:
    """Return the command line without the files that are written: where the log goes is no part of what it says."""
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if skip or argument.startswith(tuple(f"{option}=" for option in _WRITTEN)):
            skip = False
        elif argument in _WRITTEN:
            skip = True
        else:
            kept.append(argument)
    return tuple(kept)


def _access_point(text: str) -> tuple[str, str]:
    ssid, _, password = text.partition(":")
    if not ssid:
        raise UsageError(f"--ap {text!r}: write SSID or SSID:PASSWORD")
    return ssid, password


def _faults(texts: tuple[str, ...]) -> tuple[Any, ...]:
    if not texts:
        return ()
    from simulator.faults import parse_fault  # most runs have none

    return tuple(parse_fault(text) for text in texts)


def power_cuts(texts: tuple[str, ...]) -> tuple[Any, ...]:
    """Return the faults that ``--cut`` stands for. Raises `UsageError`."""
    if not texts:
        return ()
    from simulator.faults.fault import power_cut
    from simulator.flash import parse_cut

    try:
        return tuple(power_cut(parse_cut(text)) for text in texts)
    except UsageError as error:
        raise UsageError(f"--cut {error}") from error


def _hold(text: str) -> tuple[int, int]:
    pin, _, duration = text.partition(":")
    number = pin.upper().removeprefix("GPIO")
    if not number.isdecimal() or not duration:
        raise UsageError(f"--hold {text!r}: write a pin and for how long it is held, such as GPIO4:6s")
    return int(number), parse_duration(duration)


def _lora_key(text: str) -> str:
    if text and not re.fullmatch("[0-9A-Fa-f]{32}", text):
        raise UsageError(f"--lora-key {text!r}: an AppKey has 32 hexadecimal digits")
    return text


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e6:
        raise UsageError(f"--speed {text!r}: write max, or a positive number (1 is real time)")
    return speed
