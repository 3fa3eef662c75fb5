"""How long a flash chip is busy with a command: figures from data sheets, in nanoseconds.

The ROM driver programs at most 32 bytes in one command, and no command crosses a page (``esp_rom_spiflash_write``).
Reading is bound by the SPI clock, about 10 MB/s; checking an image also by the SHA engine,
about 400 ms for a megabyte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from simulator.units import NS_PER_MS, NS_PER_US

PAGE_BYTES: Final = 256
PROGRAM_COMMAND_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashTiming:
    """What each command takes."""

    sector_erase_ns: int
    """4 KiB."""
    block_erase_ns: int
    """64 KiB."""
    program_command_ns: int = 30 * NS_PER_US
    """To start one program command of up to 32 bytes."""
    program_byte_ns: int = 2_500
    read_byte_ns: int = 100
    verify_byte_ns: int = 400
    """To read a byte through the cache and take it into a checksum and digest."""

    def program_ns(self, address: int, length: int) -> int:
        """Return the time to program ``length`` bytes from ``address``."""
        in_first_page = min(length, PAGE_BYTES - address % PAGE_BYTES)
        commands = -(-in_first_page // PROGRAM_COMMAND_BYTES) - (in_first_page - length) // PROGRAM_COMMAND_BYTES
        return commands * self.program_command_ns + length * self.program_byte_ns

    def erase_ns(self, length: int) -> int:
        """Return the time of one erase command over ``length`` bytes, a sector or a 64 KiB block."""
        return self.block_erase_ns if length > 4096 else self.sector_erase_ns


W25Q32JV_TYPICAL: Final = FlashTiming(sector_erase_ns=45 * NS_PER_MS, block_erase_ns=150 * NS_PER_MS)
W25Q32JV_MAXIMUM: Final = FlashTiming(
    sector_erase_ns=400 * NS_PER_MS,
    block_erase_ns=2000 * NS_PER_MS,
    program_command_ns=50 * NS_PER_US,
    program_byte_ns=12_000,
)
W25Q32FV_TYPICAL: Final = FlashTiming(sector_erase_ns=60 * NS_PER_MS, block_erase_ns=150 * NS_PER_MS)
W25Q32FV_MAXIMUM: Final = FlashTiming(
    sector_erase_ns=400 * NS_PER_MS,
    block_erase_ns=1000 * NS_PER_MS,
    program_command_ns=50 * NS_PER_US,
    program_byte_ns=12_000,
)
GD25Q32C_TYPICAL: Final = FlashTiming(sector_erase_ns=50 * NS_PER_MS, block_erase_ns=200 * NS_PER_MS)
GD25Q32C_MAXIMUM: Final = FlashTiming(
    sector_erase_ns=400 * NS_PER_MS,
    block_erase_ns=2000 * NS_PER_MS,
    program_command_ns=50 * NS_PER_US,
    program_byte_ns=12_000,
)
TYPICAL: Final = W25Q32JV_TYPICAL

Figures = Literal["typical", "max"]
PARTS: Final[Mapping[str, Mapping[Figures, FlashTiming]]] = {
    "W25Q32JV": {"typical": W25Q32JV_TYPICAL, "max": W25Q32JV_MAXIMUM},
    "W25Q32FV": {"typical": W25Q32FV_TYPICAL, "max": W25Q32FV_MAXIMUM},
    "GD25Q32C": {"typical": GD25Q32C_TYPICAL, "max": GD25Q32C_MAXIMUM},
}
"""The flash chips on ESP32 modules, by part number: what their data sheets call typical, and what they promise."""

ENDURANCE_ERASES: Final = 100_000
"""So often a sector of any of them can be erased."""
