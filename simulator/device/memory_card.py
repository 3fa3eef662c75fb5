"""FAT on the memory card in the slot of the board (``components/sys/vfs/fat.c``)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Final

from simulator.boards import Board
from simulator.boards.schema import SdSpi
from simulator.console import Level
from simulator.device.file_systems import LogLine, Steps
from simulator.filesystem import FileSystem, FileSystemError, NotFormattedError
from simulator.filesystem.fat import FatFileSystem
from simulator.filesystem.fat_layout import SECTOR_BYTES
from simulator.hardware import Bench, LockedError, Locks, Unit
from simulator.units import KIB, MIB

if TYPE_CHECKING:
    from simulator.hardware.parts.memory_card import SdCard

ESP_FAIL: Final = -1
ESP_ERR_TIMEOUT: Final = 0x107
"""What a slot without a card answers."""

_GIB: Final = KIB * MIB
_HIGH_CAPACITY_SECTORS: Final = 2 * _GIB // SECTOR_BYTES
_SYSTEM: Final = Unit("system", 0)
_MMC_LINES: Final = {15: "CMD", 14: "CLK", 2: "DAT0", 4: "DAT1", 12: "DAT2", 13: "DAT3"}
_MMC_LINES_OF_ONE: Final = (15, 14, 2)
_READ_BLOCK_BITS, _SPECIFICATION, _BUS_WIDTHS = 9, 2, 5


class CardDriver:
    """Mounts FAT. ``locks`` are asked for when something is mounted; ``now_s`` tells the board's time."""

    can_format = True

    def __init__(self, board: Board, bench: Bench, locks: Callable[[], Locks], now_s: Callable[[], int]) -> None:
        self._board = board
        self._bench = bench
        self._locks = locks
        self._now_s = now_s

    def mount(self, target: str) -> Steps:
        """Lock the pins and mount. A pin that somebody else has ends it without a word."""
        if not self._lock():
            return None
        yield Level.INFO, self._where().encode()
        card = self._bench.memory_card
        error = ESP_FAIL
        try:
            if card is not None and card.is_inserted:
                mounted = FatFileSystem(card, now_s=self._now_s)
                yield from _description(card)
                yield Level.INFO, f"fat mounted on {target}".encode()
                return mounted
            error = ESP_ERR_TIMEOUT
        except (NotFormattedError, FileSystemError):
            pass
        yield Level.INFO, f"fat can't mounted (error {error})".encode()
        yield self._release()
        return None

    def unmount(self, file_system: FileSystem) -> LogLine:
        """Unmount and give the pins back."""
        file_system.unmount()
        return self._release()

    def format(self, file_system: FileSystem, target: str) -> Steps:
        """Unmount, partition and format, unmount again and mount."""
        yield self.unmount(file_system)
        if not self._lock():
            return None
        yield Level.INFO, self._where().encode()
        card = self._bench.memory_card
        try:
            file_system.format()
        except FileSystemError:
            yield Level.INFO, f"fat can't mounted (error {ESP_ERR_TIMEOUT})".encode()
            yield self._release()
            return None
        assert card is not None, "it was formatted"
        yield from _description(card)
        yield Level.INFO, f"fat mounted on {target}".encode()
        yield self._release()
        return (yield from self.mount(target))

    def take_busy_ns(self) -> int:
        """Return how long the card was busy."""
        return 0 if self._bench.memory_card is None else self._bench.memory_card.take_busy_ns()

    # -- the slot -------------------------------------------------------------------------------------------------

    def _pins(self) -> list[tuple[Unit, int, str]]:
        """Return who locks which pins, in order, and as what."""
        sd = self._board.sd
        if isinstance(sd, SdSpi):
            pins = self._board.pins.spi2 if sd.spi == 2 else self._board.pins.spi3
            bus = Unit("spi", sd.spi << 8)
            return [
                (bus, pins.miso, "MISO"),
                (bus, pins.mosi, "MOSI"),
                (bus, pins.clk, "CLK"),
                (_SYSTEM, sd.cs, "SD Card - CS"),
            ]
        assert sd is not None
        lines = _MMC_LINES if sd.lines == 4 else dict.fromkeys(_MMC_LINES_OF_ONE)
        return [(_SYSTEM, gpio, f"SD Card - {_MMC_LINES[gpio]}") for gpio in lines]

    def _lock(self) -> bool:
        try:
            for owner, gpio, tag in self._pins():
                self._locks().take_gpio(owner, gpio, tag)
        except LockedError:
            return False
        return True

    def _release(self) -> LogLine:
        for _, gpio, _ in self._pins():
            self._locks().release_gpio(gpio)
        return Level.INFO, b"fat unmounted"

    def _where(self) -> str:
        sd = self._board.sd
        return f"sd is at spi{sd.spi}, cs=GPIO{sd.cs}" if isinstance(sd, SdSpi) else "sd is at mmc0"


def _description(card: SdCard) -> Generator[LogLine, None, None]:
    is_high_capacity = card.sector_count > _HIGH_CAPACITY_SECTORS
    for text in (
        f"sd name {card.model}",
        f"sd type {'SDHC/SDXC' if is_high_capacity else 'SDSC'}",
        "sd working at default speed",
        f"sd size {card.sector_count * SECTOR_BYTES / _GIB:.2f} GB",
        f"sd CSD ver={int(is_high_capacity)}, sector_size={SECTOR_BYTES}, capacity={card.sector_count} "
        f"read_bl_len={_READ_BLOCK_BITS}",
        f"sd SCR sd_spec={_SPECIFICATION}, bus_width={_BUS_WIDTHS}",
    ):
        yield Level.INFO, text.encode()
