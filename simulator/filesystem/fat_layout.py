"""FAT as it lies on a card: boot sector, partition table, geometry, directory entries, names.

FAT12, FAT16 and FAT32 with long names, by Microsoft's specification and as ChaN's FatFs R0.13c of ESP-IDF reads and
makes them (``components/fatfs/src/ff.c``) with Lua RTOS's settings: code page 437 in the API, names of up to 64
characters, sectors of 512 bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

SECTOR_BYTES: Final = 512
ENTRY_BYTES: Final = 32
LONG_NAME_MAX: Final = 64
"""CONFIG_FATFS_MAX_LFN of every board with a card."""
CODE_PAGE: Final = "cp437"
"""CONFIG_FATFS_CODEPAGE of every board with a card."""

READ_ONLY, HIDDEN, SYSTEM, VOLUME_LABEL, DIRECTORY, ARCHIVE = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
LONG_NAME: Final = READ_ONLY | HIDDEN | SYSTEM | VOLUME_LABEL
FREE, END_OF_DIRECTORY = 0xE5, 0x00
LOWER_CASE_BODY, LOWER_CASE_EXTENSION = 0x08, 0x10

_SIGNATURE_OFFSET: Final = 510
_SIGNATURE: Final = b"\x55\xaa"
_JUMPS: Final = b"\xe9\xeb\xe8"
_BOOT: Final = struct.Struct("<3s8sHBHBHHBHHHII")  # up to BPB_TotSec32
_BOOT_32: Final = struct.Struct("<IHHIHH12x")
_EXTENDED: Final = struct.Struct("<BBBI11s8s")
_MEDIA: Final = 0xF8
_PARTITIONS_OFFSET: Final = 446
_PARTITION: Final = struct.Struct("<B3sB3sII")
_PARTITION_COUNT: Final = 4
_FIRST_PARTITION_SECTOR: Final = 63
_FS_INFO: Final = struct.Struct("<I480xIII12xI")
_FS_INFO_SIGNATURES: Final = (0x41615252, 0x61417272, 0xAA550000)
FS_INFO_SECTOR: Final = 1

FAT12_CLUSTERS_MAX, FAT16_CLUSTERS_MAX = 0xFF5, 0xFFF5
_FAT16_CLUSTER_STEPS: Final = (1, 4, 16, 64, 256, 512)
_STEP_SECTORS: Final = 0x1000
_ROOT_ENTRIES: Final = 512
_AUTOMATIC_CLUSTER_SECTORS_MAX: Final = 64


class SectorDevice(Protocol):
    """A card. Both functions raise `FileSystemError` EIO when it does not answer."""

    sector_count: int

    def read(self, sector: int, count: int = 1) -> bytes:
        """Return the bytes of sectors."""

    def write(self, sector: int, data: bytes) -> None:
        """Replace sectors by ``data``, whose length is a multiple of theirs."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the parts of a volume are; sectors count from the start of the card."""

    bits: int
    """Of an entry in the allocation table: 12, 16 or 32."""
    start: int
    sectors: int
    cluster_sectors: int
    reserved_sectors: int
    fats: int
    fat_sectors: int
    root_entries: int
    root_cluster: int

    @property
    def fat_start(self) -> int:
        """The first sector of the first allocation table."""
        return self.start + self.reserved_sectors

    @property
    def root_start(self) -> int:
        """The first sector of the root directory, where that is not a chain of clusters."""
        return self.fat_start + self.fats * self.fat_sectors

    @property
    def data_start(self) -> int:
        """The first sector of cluster 2."""
        return self.root_start + self.root_entries * ENTRY_BYTES // SECTOR_BYTES

    @property
    def clusters(self) -> int:
        """How many clusters there are; their numbers begin with 2."""
        return (self.sectors - (self.data_start - self.start)) // self.cluster_sectors

    @property
    def cluster_bytes(self) -> int:
        """Bytes of a cluster."""
        return self.cluster_sectors * SECTOR_BYTES

    def sector_of(self, cluster: int) -> int:
        """Return the first sector of a cluster."""
        return self.data_start + (cluster - 2) * self.cluster_sectors


def find_volume(device: SectorDevice) -> Geometry | None:
    """Return the volume of a card: one that covers all of it, or the first partition that is one."""
    first = device.read(0)
    found = parse_boot_sector(first, 0)
    if found is not None or first[_SIGNATURE_OFFSET:] != _SIGNATURE:
        return found
    for number in range(_PARTITION_COUNT):
        *_, start, _ = _PARTITION.unpack_from(first, _PARTITIONS_OFFSET + number * _PARTITION.size)
        if 0 < start < device.sector_count:
            found = parse_boot_sector(device.read(start), start)
            if found is not None:
                return found
    return None


def parse_boot_sector(sector: bytes, start: int) -> Geometry | None:
    """Return the volume that a boot sector describes, None if it is none that FatFs would mount."""
    if sector[_SIGNATURE_OFFSET:] != _SIGNATURE or sector[0] not in _JUMPS:
        return None
    (
        _,
        _,
        sector_bytes,
        cluster_sectors,
        reserved,
        fats,
        root_entries,
        sectors_16,
        _,
        fat_sectors_16,
        _,
        _,
        _,
        sectors,
    ) = _BOOT.unpack_from(sector)
    fat_sectors_32, _, _, root_cluster, _, _ = _BOOT_32.unpack_from(sector, _BOOT.size)
    geometry = Geometry(
        bits=0,
        start=start,
        sectors=sectors_16 or sectors,
        cluster_sectors=cluster_sectors,
        reserved_sectors=reserved,
        fats=fats,
        fat_sectors=fat_sectors_16 or fat_sectors_32,
        root_entries=root_entries,
        root_cluster=0,
    )
    is_sound = (
        sector_bytes == SECTOR_BYTES
        and fats in (1, 2)
        and cluster_sectors > 0
        and cluster_sectors & (cluster_sectors - 1) == 0
        and reserved > 0
        and root_entries % (SECTOR_BYTES // ENTRY_BYTES) == 0
        and geometry.clusters > 0
    )
    if not is_sound:
        return None
    bits = 12 if geometry.clusters <= FAT12_CLUSTERS_MAX else 16 if geometry.clusters <= FAT16_CLUSTERS_MAX else 32
    needed = (geometry.clusters + 2) * bits // 8
    if (bits == 32) is (root_entries != 0) or geometry.fat_sectors * SECTOR_BYTES < needed:
        return None
    return _replaced(geometry, bits=bits, root_cluster=root_cluster if bits == 32 else 0)


def _replaced(geometry: Geometry, *, bits: int, root_cluster: int) -> Geometry:
    return Geometry(
        bits,
        geometry.start,
        geometry.sectors,
        geometry.cluster_sectors,
        geometry.reserved_sectors,
        geometry.fats,
        geometry.fat_sectors,
        geometry.root_entries,
        root_cluster,
    )


def choose_geometry(card_sectors: int, *, cluster_sectors: int = 0) -> Geometry | None:
    """Return the volume that ``f_fdisk`` and ``f_mkfs`` make of a whole card: FAT16, FAT12 if that is too small for
    it, FAT32 if too large; None for a card that is too small.

    ``cluster_sectors`` 0 chooses by size; ESP-IDF asks for one sector.
    """
    start, sectors = _FIRST_PARTITION_SECTOR, card_sectors - _FIRST_PARTITION_SECTOR
    wanted = cluster_sectors or 1 << sum(step <= sectors // _STEP_SECTORS for step in _FAT16_CLUSTER_STEPS)
    while True:
        clusters = sectors // wanted
        bits = 12 if clusters <= FAT12_CLUSTERS_MAX else 16
        table_bytes = (clusters * 3 + 1) // 2 + 3 if bits == 12 else clusters * 2 + 4
        found = Geometry(bits, start, sectors, wanted, 1, 1, -(-table_bytes // SECTOR_BYTES), _ROOT_ENTRIES, 0)
        if found.clusters < 16:
            return None
        if bits == 12 or found.clusters <= FAT16_CLUSTERS_MAX:
            return found
        if cluster_sectors == 0 and wanted * 2 <= _AUTOMATIC_CLUSTER_SECTORS_MAX:
            wanted *= 2
            continue
        table_bytes = clusters * 4 + 8
        return Geometry(32, start, sectors, wanted, 32, 1, -(-table_bytes // SECTOR_BYTES), 0, 2)


def format_card(device: SectorDevice, *, cluster_sectors: int = 0, stamp: int = 0) -> Geometry | None:
    """Write a partition table and an empty volume; None if the card is too small. ``stamp`` is its serial number."""
    geometry = choose_geometry(device.sector_count, cluster_sectors=cluster_sectors)
    if geometry is None:
        return None
    table = bytearray(SECTOR_BYTES)
    kind = {12: 0x01, 16: 0x06, 32: 0x0C}[geometry.bits]
    _PARTITION.pack_into(
        table, _PARTITIONS_OFFSET, 0, b"\x01\x01\x00", kind, b"\xfe\xff\xff", geometry.start, geometry.sectors
    )
    table[_SIGNATURE_OFFSET:] = _SIGNATURE
    device.write(0, bytes(table))
    boot = _boot_sector(geometry, stamp)
    device.write(geometry.start, boot)
    if geometry.bits == 32:
        info = fs_info(free=geometry.clusters - 1, last=2)
        for offset in (0, 6):
            device.write(geometry.start + offset, boot)
            device.write(geometry.start + offset + FS_INFO_SECTOR, info)
    end = geometry.data_start + (geometry.cluster_sectors if geometry.bits == 32 else 0)
    blank = bytes(SECTOR_BYTES)
    for sector in range(geometry.fat_start, end):
        device.write(sector, blank)
    first = bytearray(blank)
    head = {12: b"\xf8\xff\xff", 16: b"\xf8\xff\xff\xff", 32: b"\xf8\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x0f"}
    first[: len(head[geometry.bits])] = head[geometry.bits]
    for number in range(geometry.fats):
        device.write(geometry.fat_start + number * geometry.fat_sectors, bytes(first))
    return geometry


def _boot_sector(geometry: Geometry, stamp: int) -> bytes:
    sector = bytearray(SECTOR_BYTES)
    is_small, is_32 = geometry.sectors < 0x10000, geometry.bits == 32
    _BOOT.pack_into(
        sector, 0, b"\xeb\xfe\x90", b"MSDOS5.0", SECTOR_BYTES, geometry.cluster_sectors, geometry.reserved_sectors,
        geometry.fats, geometry.root_entries, geometry.sectors if is_small else 0, _MEDIA,
        0 if is_32 else geometry.fat_sectors, 63, 255, geometry.start, 0 if is_small else geometry.sectors,
    )  # fmt: skip
    offset = _BOOT.size
    if is_32:
        _BOOT_32.pack_into(sector, offset, geometry.fat_sectors, 0, 0, geometry.root_cluster, FS_INFO_SECTOR, 6)
        offset += _BOOT_32.size
    kind = b"FAT32   " if is_32 else b"FAT     "
    _EXTENDED.pack_into(sector, offset, 0x80, 0, 0x29, stamp, b"NO NAME    ", kind)
    sector[_SIGNATURE_OFFSET:] = _SIGNATURE
    return bytes(sector)


def fs_info(*, free: int, last: int) -> bytes:
    """Return the sector in which FAT32 keeps the number of free clusters and the one that was allocated last."""
    lead, structure, trail = _FS_INFO_SIGNATURES
    return _FS_INFO.pack(lead, structure, free, last, trail)


def free_in_fs_info(sector: bytes, geometry: Geometry) -> int | None:
    """Return the number of free clusters that such a sector says, None if it says none that can be."""
    lead, structure, free, _, trail = _FS_INFO.unpack(sector)
    if (lead, structure, trail) != _FS_INFO_SIGNATURES or free > geometry.clusters:
        return None
    return int(free)


# -- directory entries ------------------------------------------------------------------------------------------------

_SHORT: Final = struct.Struct(
    "<11sBB5xHHHHHI"
)  # name, attributes, case, access date, cluster, time, date, cluster, size
_LONG: Final = struct.Struct("<B10sBBB12sH4s")
_LONG_CHARACTERS: Final = 13
_LAST_LONG: Final = 0x40


class ShortEntry(NamedTuple):
    """The entry of a file or directory, without its long name. ``written`` is date and time as FAT packs them."""

    name: bytes
    attributes: int
    case: int
    cluster: int
    size: int
    written: int

    @classmethod
    def unpack(cls, data: bytes) -> ShortEntry:
        """Read it from its 32 bytes."""
        name, attributes, case, _, high, time, date, low, size = _SHORT.unpack(data)
        return cls(name, attributes, case, high << 16 | low, size, date << 16 | time)

    def pack(self) -> bytes:
        """Return its 32 bytes."""
        date, time = divmod(self.written, 1 << 16)
        high, low = divmod(self.cluster, 1 << 16)
        return _SHORT.pack(self.name, self.attributes, self.case, 0, high, time, date, low, self.size)

    @property
    def text(self) -> str:
        """The name as it is shown if there is no long one."""
        raw = b"\xe5" + self.name[1:] if self.name[:1] == b"\x05" else self.name
        body, extension = (part.rstrip(b" ").decode(CODE_PAGE) for part in (raw[:8], raw[8:]))
        body = body.lower() if self.case & LOWER_CASE_BODY else body
        extension = extension.lower() if self.case & LOWER_CASE_EXTENSION else extension
        return f"{body}.{extension}" if extension else body


def checksum_of(short: bytes) -> int:
    """Return what the entries of a long name say of the short one."""
    total = 0
    for byte in short:
        total = ((total >> 1 | total << 7) + byte) & 0xFF
    return total


def long_entries(name: str, short: bytes) -> list[bytes]:
    """Return the entries of a long name, as they come before the short one."""
    data = name.encode("utf-16-le")
    count = -(-len(name) // _LONG_CHARACTERS)
    room = count * _LONG_CHARACTERS * 2
    data = (data + b"\0\0").ljust(room, b"\xff")[:room]
    entries = []
    for number in range(count, 0, -1):
        part = data[(number - 1) * 26 : number * 26]
        order = number | (_LAST_LONG if number == count else 0)
        entries.append(_LONG.pack(order, part[:10], LONG_NAME, 0, checksum_of(short), part[10:22], 0, part[22:]))
    return entries


class LongName:
    """Puts a long name together from its entries, which come last part first."""

    def __init__(self) -> None:
        self._expected = 0
        self._checksum = 0
        self._data = b""

    def take(self, data: bytes) -> None:
        """Take an entry; one that does not fit the last loses the name."""
        order, first, _, _, checksum, second, _, third = _LONG.unpack(data)
        if order & _LAST_LONG:
            self._expected, self._checksum, self._data = order & ~_LAST_LONG, checksum, b""
        if order & ~_LAST_LONG != self._expected or checksum != self._checksum or not self._expected:
            self._expected, self._checksum = 0, -1
            return
        self._data = first + second + third + self._data
        self._expected -= 1

    def finish(self, short: bytes) -> str | None:
        """Return the name for the short entry that follows, None if there is none or it cannot be shown."""
        data, self._data = self._data, b""
        if not data or self._expected or self._checksum != checksum_of(short):
            return None
        name = data.decode("utf-16-le", "replace").partition("\0")[0].rstrip("\uffff")
        try:
            name.encode(CODE_PAGE)
        except UnicodeEncodeError:
            return None
        return name


# -- names ------------------------------------------------------------------------------------------------------------

_REFUSED: Final = frozenset('"*:<>?|\x7f')
_REPLACED: Final = frozenset("+,;=[]")


class NewName(NamedTuple):
    """A name as a script gives it, and what of it goes into a short entry."""

    long: str
    short: bytes
    case: int
    needs_long: bool
    is_lossy: bool
    """Whether another name could have the same short one, which then gets a number."""


def parse_name(text: str) -> NewName | None:
    """Take a name apart as FatFs does; None for one that it refuses."""
    long = text.rstrip(" .")
    if not long or len(long) > LONG_NAME_MAX or any(char in _REFUSED or char < " " for char in long):
        return None
    stripped = long.lstrip(" .")
    lossy = needs_long = stripped != long
    body, dot, extension = stripped.rpartition(".")
    if not dot:
        body, extension = stripped, ""
    parts, cases = [], []
    for part, room in ((body, 8), (extension, 3)):
        kept = part.replace(" ", "").replace(".", "")
        lossy |= kept != part or len(kept) > room
        short = bytearray()
        for char in kept[:room]:
            upper = char.upper() if len(char.upper()) == 1 else char
            encoded = upper.encode(CODE_PAGE, "replace")
            needs_long |= ord(char) >= 0x80
            if char in _REPLACED or encoded == b"?":
                encoded, lossy = b"_", True
            short += encoded
        has_lower = any("a" <= char <= "z" for char in kept)
        has_upper = any("A" <= char <= "Z" for char in kept)
        needs_long |= has_lower and has_upper
        parts.append(bytes(short).ljust(room))
        cases.append(has_lower)
    needs_long |= lossy
    name = parts[0] + parts[1]
    name = b"\x05" + name[1:] if name[0] == FREE else name
    case = 0 if needs_long else cases[0] * LOWER_CASE_BODY | cases[1] * LOWER_CASE_EXTENSION
    return NewName(long, name, case, needs_long, lossy)


def numbered(short: bytes, long: str, number: int) -> bytes:
    """Return the short name with ``~`` and a number, from the sixth on with a hash of the long name."""
    if number > 5:
        value = number
        for char in long:
            code = ord(char)
            for _ in range(16):
                value = value << 1 | code & 1
                code >>= 1
                if value & 0x10000:
                    value ^= 0x11021
        number = value
    tail = b"~%X" % number
    body = short[:8].rstrip(b" ")[: 8 - len(tail)]
    return (body + tail).ljust(8) + short[8:]


# -- time -------------------------------------------------------------------------------------------------------------

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR: Final = 1980


def pack_time(epoch_s: int) -> int:
    """Return a time as FAT keeps it, in steps of two seconds; before 1980 the year is 1980."""
    when = _EPOCH + timedelta(seconds=epoch_s)
    year = max(0, when.year - _FIRST_YEAR)
    date = year << 9 | when.month << 5 | when.day
    return date << 16 | when.hour << 11 | when.minute << 5 | when.second >> 1


def unpack_time(written: int) -> int:
    """Return seconds since 1970, however impossible the date: months and days carry over, as in ``mktime``."""
    date, time = divmod(written, 1 << 16)
    months = (date >> 5 & 15) - 1 + 12 * (_FIRST_YEAR + (date >> 9))
    first = datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
    when = first + timedelta(days=(date & 31) - 1, hours=time >> 11, minutes=time >> 5 & 63, seconds=(time & 31) * 2)
    return int((when - _EPOCH).total_seconds())
