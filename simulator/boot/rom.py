"""The mask ROM: what it prints after a reset, and whether it gets as far as starting the bootloader.

The ROM checks less than the bootloader does: magic number and checksum of the image at 0x1000, on chip revision 3
also its chip id, never its digest. Texts are those of the two mask ROMs, "ets Jun  8 2016" (chip revision 0 to 2)
and "ets Jul 29 2019" (revision 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from simulator.boot.bootloader_image import BOOTLOADER_OFFSET
from simulator.boot.reset import (
    NORMAL_BOOT_MODE,
    STRAP_GPIO15,
    ResetReason,
    boot_mode_name,
    is_download,
    is_flash_boot,
)
from simulator.flash.chip import FlashChip
from simulator.formats.image import (
    CHIP_ID_ESP32,
    HEADER_BYTES,
    IMAGE_MAGIC,
    MAX_SEGMENTS,
    SEGMENT_HEADER_BYTES,
    ImageHeader,
    checksum,
    padding_length,
    parse_segment_header,
)
from simulator.units import NS_PER_MS, NS_PER_S

ROM_WATCHDOG_NS: Final = 400 * NS_PER_MS
"""How long the RTC watchdog lets the ROM try."""

_ECO3: Final = 3
_MODES: Final = ("QIO", "QOUT", "DIO", "DOUT", "FAST_RD", "SLOW_RD")
_CLOCK_DIVIDERS: Final = {0x0: 2, 0x1: 3, 0x2: 4, 0xF: 1}
_UART_CHARACTER_NS: Final = 10 * NS_PER_S // 115_200


class RomEnding(Enum):
    """What the ROM does after its last line."""

    BOOTLOADER = "starts the bootloader"
    DOWNLOAD = "waits for esptool"
    INTERPRETER = "offers its BASIC; the RTC watchdog resets the chip unless a key is pressed"
    WATCHDOG = "tries until the RTC watchdog resets the chip"


@dataclass(frozen=True, slots=True)
class RomOutcome:
    """The ROM's lines, without line ends (each is followed by CR LF on the wire), and what it does then."""

    lines: tuple[str, ...]
    ending: RomEnding


def start_rom(
    chip: FlashChip,
    reset_reason: ResetReason = ResetReason.POWERON_RESET,
    *,
    boot_mode: int = NORMAL_BOOT_MODE,
    chip_revision: int = 1,
    has_interpreter: bool = True,
) -> RomOutcome:
    """Return what the ROM does after a reset.

    ``boot_mode`` is the latched strapping value, ``chip_revision`` 0 to 3; ``has_interpreter`` is false when the
    eFuse CONSOLE_DEBUG_DISABLE is burned.
    """
    is_eco3 = chip_revision >= _ECO3
    banner = "ets Jul 29 2019 12:21:46" if is_eco3 else "ets Jun  8 2016 00:22:57"
    reset_line = f"rst:0x{reset_reason:x} ({reset_reason.name}),boot:0x{boot_mode:x} ({boot_mode_name(boot_mode)})"
    lines = [banner, "", reset_line]
    if is_download(boot_mode):
        return RomOutcome((*lines, "waiting for download"), RomEnding.DOWNLOAD)
    if not is_flash_boot(boot_mode):
        # The other modes look for a flash chip or a host that no board of ours has.
        return RomOutcome(tuple(lines), RomEnding.WATCHDOG)
    ending = _load_bootloader(chip, lines, is_eco3=is_eco3, has_interpreter=has_interpreter)
    return RomOutcome(tuple(lines) if boot_mode & STRAP_GPIO15 else (), ending)


def _load_bootloader(chip: FlashChip, lines: list[str], *, is_eco3: bool, has_interpreter: bool) -> RomEnding:
    """Add the lines that follow the reset line."""
    start = chip.read_mapped(BOOTLOADER_OFFSET, HEADER_BYTES)
    header = ImageHeader.from_bytes(start)
    if header.magic != IMAGE_MAGIC:
        if is_eco3:
            _repeat(lines, f"invalid header: 0x{int.from_bytes(start[:4], 'little'):08x}")
        else:
            lines += (f"flash read err, {BOOTLOADER_OFFSET:x}", "ets_main.c 371 ")
        return RomEnding.WATCHDOG
    if is_eco3 and header.chip_id != CHIP_ID_ESP32:
        _repeat(lines, f"wrong chip id 0x{header.chip_id:04x}")
        return RomEnding.WATCHDOG

    clk_q, d_cs0, hd_wp = header.pin_drive
    mode = _MODES[min(header.spi_mode, len(_MODES) - 1)]
    lines += (
        f"configsip: 0, SPIWP:0x{header.wp_pin:02x}",
        f"clk_drv:0x{clk_q & 0xF:02x},q_drv:0x{clk_q >> 4:02x},d_drv:0x{d_cs0 & 0xF:02x},"
        f"cs0_drv:0x{d_cs0 >> 4:02x},hd_drv:0x{hd_wp & 0xF:02x},wp_drv:0x{hd_wp >> 4:02x}",
        f"mode:{mode}, clock div:{_CLOCK_DIVIDERS.get(header.spi_speed, 2)}",
    )
    if header.segment_count > MAX_SEGMENTS:
        return RomEnding.WATCHDOG
    segments: list[bytes] = []
    position = HEADER_BYTES
    for _ in range(header.segment_count):
        load_address, length = parse_segment_header(
            chip.read_mapped(BOOTLOADER_OFFSET + position, SEGMENT_HEADER_BYTES)
        )
        position += SEGMENT_HEADER_BYTES
        lines.append(f"load:0x{load_address:08x},len:{length}")
        if BOOTLOADER_OFFSET + position + length > chip.size_bytes:
            return RomEnding.WATCHDOG  # it copies what is not there over itself
        segments.append(chip.read_mapped(BOOTLOADER_OFFSET + position, length))
        position += length
    stored = chip.read_mapped(BOOTLOADER_OFFSET + position + padding_length(position), 1)[0]
    computed = checksum(segments)
    if computed != stored:
        lines.append(f"csum err:0x{computed:x}!=0x{stored:x}")
        if has_interpreter:
            lines += ("Falling back to built-in command interpreter.", "OK", ">")
            return RomEnding.INTERPRETER
        lines.append("ets_main.c 371 ")
        return RomEnding.WATCHDOG
    lines.append(f"entry 0x{header.entry:08x}")
    return RomEnding.BOOTLOADER


def _repeat(lines: list[str], line: str) -> None:
    """Add ``line`` as often as UART0 can print it before the watchdog ends it."""
    lines += [line] * (ROM_WATCHDOG_NS // (_UART_CHARACTER_NS * len(line + "\r\n")))
