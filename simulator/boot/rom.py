"""The mask ROM: what it prints after a reset, and whether it gets as far as starting the bootloader.

The ROM checks less than the bootloader does: magic number and checksum of the image at 0x1000, on chip revision 3
also its chip id, never its digest; and what secure boot asks for, if the eFuses enable it. Texts are those of the two
mask ROMs, "ets Jun  8 2016" (chip revision 0 to 2) and "ets Jul 29 2019" (revision 3).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Final

from simulator.boot.bootloader_image import BOOTLOADER_OFFSET
from simulator.boot.esp32 import Esp32
from simulator.boot.reset import STRAP_GPIO15, boot_mode_name, is_download, is_flash_boot
from simulator.boot.secure_boot import read_block_v2, rom_verdict_v2, verify_digest_v1
from simulator.efuses import Fuse
from simulator.flash.chip import FlashChip
from simulator.formats.image import (
    CHIP_ID_ESP32,
    DIGEST_BYTES,
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

_GIVES_UP: Final = "ets_main.c 371 "
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


def start_rom(chip: FlashChip, esp32: Esp32 | None = None) -> RomOutcome:
    """Return what the ROM does after a reset; without ``esp32`` it is a blank one after power-on."""
    esp32 = Esp32() if esp32 is None else esp32
    banner = "ets Jul 29 2019 12:21:46" if esp32.is_eco3 else "ets Jun  8 2016 00:22:57"
    reason, mode = esp32.reset_reason, esp32.boot_mode
    reset_line = f"rst:0x{reason:x} ({reason.name}),boot:0x{mode:x} ({boot_mode_name(mode)})"
    lines = [banner, "", reset_line]
    if is_download(mode):
        if esp32.is_eco3 and esp32.efuses.read(Fuse.UART_DOWNLOAD_DIS):
            return RomOutcome(tuple(lines), RomEnding.WATCHDOG)  # what it says about it is not documented
        return RomOutcome((*lines, "waiting for download"), RomEnding.DOWNLOAD)
    if not is_flash_boot(mode):
        # The other modes look for a flash chip or a host that no board of ours has.
        return RomOutcome(tuple(lines), RomEnding.WATCHDOG)
    ending = _load_bootloader(chip, esp32, lines)
    return RomOutcome(tuple(lines) if mode & STRAP_GPIO15 else (), ending)


def _load_bootloader(chip: FlashChip, esp32: Esp32, lines: list[str]) -> RomEnding:
    """Add the lines that follow the reset line."""
    start = chip.read_mapped(BOOTLOADER_OFFSET, HEADER_BYTES)
    header = ImageHeader.from_bytes(start)
    if header.magic != IMAGE_MAGIC:
        if esp32.is_eco3:
            _repeat(lines, f"invalid header: 0x{int.from_bytes(start[:4], 'little'):08x}")
        else:
            lines += (f"flash read err, {BOOTLOADER_OFFSET:x}", _GIVES_UP)
        return RomEnding.WATCHDOG
    if esp32.is_eco3 and header.chip_id != CHIP_ID_ESP32:
        _repeat(lines, f"wrong chip id 0x{header.chip_id:04x}")
        return RomEnding.WATCHDOG

    has_v2 = esp32.is_eco3 and bool(esp32.efuses.read(Fuse.ABS_DONE_1))
    clk_q, d_cs0, hd_wp = header.pin_drive
    mode_index = min(header.spi_mode, len(_MODES) - 1)
    lines += (
        f"configsip: 0, SPIWP:0x{header.wp_pin:02x}",
        f"clk_drv:0x{clk_q & 0xF:02x},q_drv:0x{clk_q >> 4:02x},d_drv:0x{d_cs0 & 0xF:02x},"
        f"cs0_drv:0x{d_cs0 >> 4:02x},hd_drv:0x{hd_wp & 0xF:02x},wp_drv:0x{hd_wp >> 4:02x}",
        # The code for secure boot v2 prints numbers where the older code has names.
        f"mode:{mode_index if has_v2 else _MODES[mode_index]}, clock div:{_CLOCK_DIVIDERS.get(header.spi_speed, 2)}",
    )
    if header.segment_count > MAX_SEGMENTS:
        return RomEnding.WATCHDOG
    segments: list[tuple[int, bytes]] = []
    position = HEADER_BYTES
    for _ in range(header.segment_count):
        load_address, length = parse_segment_header(
            chip.read_mapped(BOOTLOADER_OFFSET + position, SEGMENT_HEADER_BYTES)
        )
        position += SEGMENT_HEADER_BYTES
        if not has_v2:
            lines.append(f"load:0x{load_address:08x},len:{length}")
        if BOOTLOADER_OFFSET + position + length > chip.size_bytes:
            return RomEnding.WATCHDOG  # it copies what is not there over itself
        segments.append((load_address, chip.read_mapped(BOOTLOADER_OFFSET + position, length)))
        position += length
    position += padding_length(position) + 1
    if has_v2:
        if not _verify_v2(chip, esp32, position + (DIGEST_BYTES if header.hash_appended else 0), lines):
            return RomEnding.WATCHDOG
        lines += (f"load:0x{load_address:08x} len:0x{len(data):x}" for load_address, data in segments)
    stored = chip.read_mapped(BOOTLOADER_OFFSET + position - 1, 1)[0]
    computed = checksum(data for _, data in segments)
    if computed != stored:
        lines.append(f"csum err:0x{computed:x}!=0x{stored:x}")
        if not esp32.efuses.read(Fuse.CONSOLE_DEBUG_DISABLE):
            lines += ("Falling back to built-in command interpreter.", "OK", ">")
            return RomEnding.INTERPRETER
        lines.append(_GIVES_UP)
        return RomEnding.WATCHDOG
    if esp32.efuses.read(Fuse.ABS_DONE_0) and not has_v2 and not verify_digest_v1(chip, position, esp32.efuses):
        lines += ("Secure boot check fail",) if esp32.is_eco3 else ("secure boot check fail", _GIVES_UP)
        return RomEnding.WATCHDOG
    lines.append(f"entry 0x{header.entry:08x}")
    return RomEnding.BOOTLOADER


def _verify_v2(chip: FlashChip, esp32: Esp32, length: int, lines: list[str]) -> bool:
    """Verify the signature behind a bootloader image of ``length`` bytes, and add what is printed about it."""
    hasher = hashlib.sha256(chip.read_mapped(BOOTLOADER_OFFSET, length))
    block, digest = read_block_v2(chip, BOOTLOADER_OFFSET + length, hasher)
    refusal = rom_verdict_v2(block, digest, esp32.efuses.block2())
    lines.append("secure boot v2 enabled")
    if refusal is None:
        lines.append("secure boot verification succeeded")
        return True
    lines += filter(None, (refusal, "secure boot verification failed", _GIVES_UP))
    return False


def _repeat(lines: list[str], line: str) -> None:
    """Add ``line`` as often as UART0 can print it before the watchdog ends it."""
    lines += [line] * (ROM_WATCHDOG_NS // (_UART_CHARACTER_NS * len(line + "\r\n")))
