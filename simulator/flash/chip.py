"""The SPI NOR flash chip of a board.

What it is like
    Erasing sets every bit of a sector; programming only clears bits (``new = old AND data``), and programming a byte
    twice is legal: NVS, SPIFFS and ESP-IDF's own driver rely on it.

How it is kept
    One entry per 4 KiB sector. A sector is immutable ``bytes`` until it is programmed; then it becomes a private
    ``bytearray``, and taking a snapshot freezes it again. Chips and snapshots that hold the same image therefore
    share its sectors, and a snapshot costs a few microseconds. A chip that has not changed since a snapshot shares all
    of it, the list of sectors too: then a board whose flash is only read costs next to nothing.

What it tells
    Every erase command and every program call is one *operation*, numbered from 0. `FlashChip.journal` keeps them,
    `FlashChip.on_operation` hears of them, and `FlashChip.take_busy_ns` says how long the chip was busy. It never
    waits itself.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol, Self

from simulator.flash.timing import TYPICAL, FlashTiming
from simulator.formats.esp_err import EspErr, EspError
from simulator.units import MIB

SECTOR_BYTES: Final = 4096
BLOCK_BYTES: Final = 65536
"""The larger erase unit of ESP-IDF's driver."""
CACHE_LIMIT: Final = 16 * MIB
"""The flash cache can map no address from here on."""
UNMAPPED_WORD: Final = bytes.fromhex("adbaadba")
"""What the CPU reads through a cache entry that maps nothing, 0xBAADBAAD as a little-endian word."""

_SECTORS_PER_BLOCK: Final = BLOCK_BYTES // SECTOR_BYTES
_OFFSET_MASK: Final = SECTOR_BYTES - 1
_SECTOR_SHIFT: Final = 12
_ERASED_SECTOR: Final = b"\xff" * SECTOR_BYTES
_ERASED_BLOCK: Final = (_ERASED_SECTOR,) * _SECTORS_PER_BLOCK


class FlashArgumentError(EspError):
    """The driver refused the arguments, nothing was done. ``code`` is what the ESP-IDF function returns."""


class FlashOperation(NamedTuple):
    """One command that changed the chip."""

    index: int  # type: ignore[assignment]  # hides the method of tuples, which nobody misses
    """Counts from 0 since the chip was made."""
    kind: Literal["erase", "program"]
    address: int
    length: int
    data: bytes
    """What was programmed; empty for an erase."""


class MappedBytes(NamedTuple):
    """A range of a chip as it was at one moment, not yet copied: ``bytes(range)`` copies it.

    Good as a key. Chips and snapshots share sectors, and a sector knows its hash once it was computed.
    """

    sectors: tuple[bytes, ...]
    offset: int
    """Of the first byte in the first sector."""
    length: int

    def __bytes__(self) -> bytes:
        return _join(self.sectors, self.offset, self.length)


class OperationRecorder(Protocol):
    """What `FlashChip.journal` may be."""

    def record(self, operation: FlashOperation) -> None:
        """Take note of an operation that was just carried out."""

    def commit(self, address: int) -> None:
        """Take note that what is stored in the partition at ``address`` now has to survive any power cut."""


@dataclass(frozen=True, slots=True)
class FlashSnapshot:
    """The whole state of a chip at one moment. Cheap to take and to keep; equal if contents and wear are."""

    sectors: tuple[bytes, ...]
    erase_counts: bytes
    """One unsigned 32-bit number per sector, in the machine's byte order."""
    weak: tuple[tuple[int, bytes], ...] = ()
    """The sectors with weak bits, by their index, and which bits those are: see `simulator.flash.damage`.

    To a chip that cannot fail they are what ``sectors`` says.
    """

    @property
    def size_bytes(self) -> int:
        """The size of the chip."""
        return len(self.sectors) * SECTOR_BYTES

    def to_bytes(self) -> bytes:
        """Return the contents of the chip."""
        return b"".join(self.sectors)


def erase_commands(address: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield the address and length of each command with which ESP-IDF erases a range of whole sectors.

    ``spi_flash_erase_range`` uses the 64 KiB command wherever it is aligned and so much is left.
    """
    end = address + length
    while address < end:
        size = BLOCK_BYTES if address % BLOCK_BYTES == 0 and end - address >= BLOCK_BYTES else SECTOR_BYTES
        yield address, size
        address += size


class FlashChip:
    """A NOR flash chip of ``size_bytes``, erased where ``contents`` ends, that has gone through ``erase_counts``.

    Errors are `FlashArgumentError` with the codes of ``spi_flash_*`` (``flash_ops.c``); a refused call changes
    nothing and takes no time.
    """

    _damage: object
    """Only a chip that can fail uses it; it has the place so that it can become one (`simulator.flash.faulty_chip`)."""

    __slots__ = (
        "_busy_ns",
        "_damage",
        "_erase_counts",
        "_private",
        "_sectors",
        "_unchanged",
        "journal",
        "on_operation",
        "operation_count",
        "size_bytes",
        "timing",
    )

    def __init__(
        self,
        size_bytes: int = 4 * MIB,
        contents: bytes = b"",
        *,
        timing: FlashTiming = TYPICAL,
        erase_counts: Sequence[int] = (),
    ) -> None:
        if size_bytes <= 0 or size_bytes % SECTOR_BYTES:
            raise ValueError(f"a chip has whole sectors of {SECTOR_BYTES} bytes, not {size_bytes} bytes")
        if len(contents) > size_bytes:
            raise ValueError(f"{len(contents)} bytes do not fit a chip of {size_bytes}")
        sector_count = size_bytes // SECTOR_BYTES
        self.size_bytes = size_bytes
        self.timing = timing
        self.operation_count = 0
        self.journal: OperationRecorder | None = None
        self.on_operation: Callable[[FlashOperation], None] | None = None
        self._busy_ns = 0
        self._unchanged: FlashSnapshot | None = None
        """The snapshot that the chip shares everything with; None once it has changed."""
        self._erase_counts: array[int] | memoryview[int] = array("I", erase_counts or bytes(4 * sector_count))
        if len(self._erase_counts) != sector_count:
            raise ValueError(f"{len(erase_counts)} erase counts are not those of {sector_count} sectors")
        self._private: set[int] = set()
        sectors: list[bytes | bytearray] = [
            share_erased(contents[start : start + SECTOR_BYTES]) for start in range(0, len(contents), SECTOR_BYTES)
        ]
        self._sectors: list[bytes | bytearray] | tuple[bytes, ...]
        self._sectors = sectors + [_ERASED_SECTOR] * (sector_count - len(sectors))

    @classmethod
    def from_snapshot(cls, snapshot: FlashSnapshot, *, timing: FlashTiming = TYPICAL) -> Self:
        """Return a new chip in the state of ``snapshot``, sharing its sectors."""
        chip = cls(snapshot.size_bytes, timing=timing)
        chip.restore(snapshot)
        return chip

    def snapshot(self) -> FlashSnapshot:
        """Return the state of the chip: contents and wear, not the count of operations."""
        snapshot = self._unchanged
        if snapshot is None:
            snapshot = FlashSnapshot(self._freeze(0, len(self._sectors)), self._erase_counts.tobytes())
            self._share(snapshot)
        return snapshot

    def restore(self, snapshot: FlashSnapshot) -> None:
        """Go back to the state of ``snapshot``, which is of a chip of the same size. No operation, no time."""
        if snapshot.size_bytes != self.size_bytes:
            raise ValueError(f"the snapshot is of a chip of {snapshot.size_bytes} bytes, not {self.size_bytes}")
        self._share(snapshot)

    def _share(self, snapshot: FlashSnapshot) -> None:
        self._unchanged = snapshot
        self._sectors = snapshot.sectors
        self._erase_counts = memoryview(snapshot.erase_counts).cast("I")
        self._private.clear()

    def to_bytes(self) -> bytes:
        """Return the contents of the whole chip. Takes no simulated time."""
        return b"".join(self._sectors)

    def erase_count(self, sector: int) -> int:
        """Return how often ``sector`` (an index) was erased."""
        return self._erase_counts[sector]

    @property
    def erase_counts(self) -> tuple[int, ...]:
        """How often each sector was erased."""
        return tuple(self._erase_counts)

    def take_busy_ns(self) -> int:
        """Return the simulated time that reads and operations took since the last call."""
        busy_ns = self._busy_ns
        self._busy_ns = 0
        return busy_ns

    def read(self, address: int, length: int) -> bytes:
        """Return ``length`` bytes. Raises ``ESP_ERR_INVALID_SIZE`` if they reach beyond the chip."""
        self._check_range(address, length)
        self._busy_ns += length * self.timing.read_byte_ns
        return self._contents(address, length)

    def read_mapped(self, address: int, length: int) -> bytes:
        """Return ``length`` bytes as the CPU sees them through the cache while it checks an image.

        Never fails: the cache asks for any address. Beyond the chip, up to 16 MB, it reads as erased (the reference
        answers come from such a chip); from there on as the word 0xBAADBAAD, which a cache entry gives that maps
        nothing.
        """
        self._busy_ns += length * self.timing.verify_byte_ns
        end = address + length
        if end <= self.size_bytes:
            return self._contents(address, length)
        parts: list[bytes] = []
        if address < self.size_bytes:
            parts.append(self._contents(address, self.size_bytes - address))
            address = self.size_bytes
        if address < CACHE_LIMIT:
            erased = min(end, CACHE_LIMIT) - address
            parts.append(b"\xff" * erased)
            address += erased
        if address < end:
            phase = address % 4
            parts.append((UNMAPPED_WORD * ((end - address + phase) // 4 + 1))[phase : phase + end - address])
        return b"".join(parts)

    def map(self, address: int, length: int) -> MappedBytes:
        """Return what `read_mapped` returns, in the same simulated time, without copying it."""
        if address + length > self.size_bytes:
            data = self.read_mapped(address, length)
            return MappedBytes(tuple(data[at : at + SECTOR_BYTES] for at in range(0, length, SECTOR_BYTES)), 0, length)
        self._busy_ns += length * self.timing.verify_byte_ns
        first, stop = address >> _SECTOR_SHIFT, (address + length + _OFFSET_MASK) >> _SECTOR_SHIFT
        return MappedBytes(self._freeze(first, stop), address & _OFFSET_MASK, length)

    def program(self, address: int, data: bytes) -> None:
        """Clear the bits of ``data`` that are 0. Raises ``ESP_ERR_INVALID_SIZE`` if it reaches beyond the chip."""
        length = len(data)
        self._check_range(address, length)
        if not length:
            return
        offset = address & _OFFSET_MASK
        if offset + length <= SECTOR_BYTES:
            self._program_sector(address >> _SECTOR_SHIFT, offset, data)
        else:
            self._program_range(address, data)
        self._busy_ns += self.timing.program_ns(address, length)
        self._finish("program", address, length, data)

    def erase(self, address: int, length: int) -> None:
        """Set every bit of whole sectors, in 64 KiB commands where that is possible: one operation for each command.

        Raises ``ESP_ERR_INVALID_ARG`` if the address is not that of a sector, ``ESP_ERR_INVALID_SIZE`` if the length
        is not one of whole sectors or reaches beyond the chip.
        """
        self._check_erase(address, length)
        for start, size in erase_commands(address, length):
            first = start >> _SECTOR_SHIFT
            count = size >> _SECTOR_SHIFT
            self._own_sectors()[first : first + count] = _ERASED_BLOCK[:count]
            for index in range(first, first + count):
                self._erase_counts[index] += 1
            self._private.difference_update(range(first, first + count))
            self._busy_ns += self.timing.erase_ns(size)
            self._finish("erase", start, size, b"")

    def _check_erase(self, address: int, length: int) -> None:
        if address % SECTOR_BYTES:
            raise FlashArgumentError(EspErr.ESP_ERR_INVALID_ARG, f"erase address 0x{address:x} is not that of a sector")
        if length % SECTOR_BYTES:
            raise FlashArgumentError(EspErr.ESP_ERR_INVALID_SIZE, f"erase length 0x{length:x} is not one of sectors")
        self._check_range(address, length)

    def _check_range(self, address: int, length: int) -> None:
        if address < 0 or length < 0 or address + length > self.size_bytes:
            message = f"0x{length:x} bytes at 0x{address:x} reach beyond the chip (0x{self.size_bytes:x})"
            raise FlashArgumentError(EspErr.ESP_ERR_INVALID_SIZE, message)

    def _contents(self, address: int, length: int) -> bytes:
        first, stop = address >> _SECTOR_SHIFT, (address + length + _OFFSET_MASK) >> _SECTOR_SHIFT
        return _join(self._sectors[first:stop], address & _OFFSET_MASK, length)

    def _own_sectors(self) -> list[bytes | bytearray]:
        """Return the sectors to be changed: sectors and wear are the chip's own from now on."""
        if isinstance(self._sectors, tuple):
            self._unchanged = None
            self._sectors = list(self._sectors)
            self._erase_counts = array("I", self._erase_counts)
        return self._sectors

    def _freeze(self, first: int, stop: int) -> tuple[bytes, ...]:
        """Return sectors, none of which is private any more."""
        for index in self._private.intersection(range(first, stop)):
            self._own_sectors()[index] = bytes(self._sectors[index])
            self._private.discard(index)
        # Every one of them is bytes now, which the type of the list cannot say.
        return tuple(self._sectors[first:stop])  # type: ignore[arg-type]

    def _program_range(self, address: int, data: bytes) -> None:
        index = address >> _SECTOR_SHIFT
        offset = address & _OFFSET_MASK
        done = SECTOR_BYTES - offset
        self._program_sector(index, offset, data[:done])
        for start in range(done, len(data), SECTOR_BYTES):
            index += 1
            self._program_sector(index, 0, data[start : start + SECTOR_BYTES])

    def _program_sector(self, index: int, offset: int, data: bytes) -> None:
        sectors = self._own_sectors()
        sector = sectors[index]
        length = len(data)
        if sector is _ERASED_SECTOR and length == SECTOR_BYTES:
            sectors[index] = share_erased(data)
            return
        if isinstance(sector, bytes):
            sector = sectors[index] = bytearray(sector)
            self._private.add(index)
        end = offset + length
        old = sector[offset:end]
        if old == _ERASED_SECTOR[:length]:
            sector[offset:end] = data
        else:
            merged = int.from_bytes(old, "little") & int.from_bytes(data, "little")
            sector[offset:end] = merged.to_bytes(length, "little")

    def _finish(self, kind: Literal["erase", "program"], address: int, length: int, data: bytes) -> None:
        index = self.operation_count
        self.operation_count = index + 1
        if self.journal is None and self.on_operation is None:
            return
        operation = FlashOperation(index, kind, address, length, bytes(data))
        if self.journal is not None:
            self.journal.record(operation)
        if self.on_operation is not None:
            self.on_operation(operation)


def _join(sectors: Sequence[bytes | bytearray], offset: int, length: int) -> bytes:
    """Return ``length`` bytes from ``offset`` in the first of ``sectors``, which end in the last of them."""
    end = offset + length
    if end <= SECTOR_BYTES:
        return bytes(sectors[0][offset:end]) if length else b""
    # Cut before joining: a whole image is copied once.
    last = sectors[-1][: (end - 1) % SECTOR_BYTES + 1]
    return b"".join((sectors[0][offset:], *sectors[1:-1], last))


def share_erased(sector: bytes) -> bytes:
    """Return ``sector`` filled up, as the one shared object if it is erased."""
    if len(sector) < SECTOR_BYTES:
        sector = sector.ljust(SECTOR_BYTES, b"\xff")
    return _ERASED_SECTOR if sector == _ERASED_SECTOR else bytes(sector)
