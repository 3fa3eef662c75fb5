"""A memory card in the slot of the board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from simulator.errors import UsageError
from simulator.filesystem import FileSystemError
from simulator.filesystem.fat import FatFileSystem
from simulator.filesystem.fat_layout import SECTOR_BYTES, format_card
from simulator.filesystem.interface import Errno
from simulator.hardware.parts.part import Control, Limits, Part
from simulator.units import MIB, NS_PER_US

SIZE_MB_MAX: Final = 32 * 1024
"""What an SDHC card can have."""
_SIZE_MB_MIN: Final = 1
_BLANK: Final = bytes(SECTOR_BYTES)

READ_NS: Final = 300 * NS_PER_US
WRITE_NS: Final = 800 * NS_PER_US
"""Of a sector at 20 MHz over one line, with what the card needs to find or program it (our estimate)."""


@dataclass(kw_only=True, eq=False)
class SdCard(Part):
    """An SD card of ``size_mb`` MiB, new from the shop with a FAT volume and with ``files``, text by absolute path.

    Only sectors that were written take memory. What is on it stays through every reset of the board.
    """

    type_name: ClassVar[str] = "sd-card"
    controls: ClassVar[Mapping[str, Control]] = {"inserted": Control("whether it is in the slot", 1, 0, 1)}

    size_mb: Annotated[int, Limits(_SIZE_MB_MIN, SIZE_MB_MAX)] = 64
    model: str = "TWIN"
    """The name in the card's identification register."""
    files: Mapping[str, str] = field(default_factory=dict)
    sector_count: int = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sector_count = self.size_mb * MIB // SECTOR_BYTES
        self._sectors: dict[int, bytes] = {}
        self._busy_ns = 0
        format_card(self)
        self._put_files()

    def _put_files(self) -> None:
        if not self.files:
            return
        volume = FatFileSystem(self, now_s=lambda: 0)
        made = {""}
        for path, text in self.files.items():
            folders = path.split("/")[:-1]
            for depth in range(1, len(folders) + 1):
                folder = "/".join(folders[:depth])
                if folder not in made:
                    made.add(folder)
                    volume.mkdir(folder)
            volume.write_file(path, text.encode())
        self.take_busy_ns()

    def connect(self) -> None:
        """Go into the slot. Raises `UsageError` if there is a card in it."""
        if self.bench.memory_card is not None:
            raise UsageError(f"part {self.name!r}: there is a card in the slot: {self.bench.memory_card.name!r}")
        self.bench.memory_card = self

    # -- what is on it --------------------------------------------------------------------------------------------

    @property
    def is_inserted(self) -> bool:
        """Whether it is in the slot."""
        return bool(self.values["inserted"])

    def read(self, sector: int, count: int = 1) -> bytes:
        """Return the bytes of sectors; `FileSystemError` EIO without a card in the slot."""
        self._require(sector, count)
        self._busy_ns += READ_NS * count
        return b"".join(self._sectors.get(number, _BLANK) for number in range(sector, sector + count))

    def write(self, sector: int, data: bytes) -> None:
        """Replace sectors; `FileSystemError` EIO without a card in the slot."""
        count = len(data) // SECTOR_BYTES
        self._require(sector, count)
        self._busy_ns += WRITE_NS * count
        for index in range(count):
            content = data[index * SECTOR_BYTES : (index + 1) * SECTOR_BYTES]
            if content == _BLANK:
                self._sectors.pop(sector + index, None)
            else:
                self._sectors[sector + index] = content

    def _require(self, sector: int, count: int) -> None:
        if not self.is_inserted or sector + count > self.sector_count:
            raise FileSystemError(Errno.EIO)

    def take_busy_ns(self) -> int:
        """Return the nanoseconds that it was busy since it was last asked."""
        busy_ns, self._busy_ns = self._busy_ns, 0
        return busy_ns

    def to_bytes(self) -> bytes:
        """Return everything that is on it."""
        return b"".join(self._sectors.get(number, _BLANK) for number in range(self.sector_count))
