"""The partition table: ESP-IDF's binary form, and its CSV form both ways.

The table lies at flash 0x8000, at most 0xC00 bytes: 96 rows of 32 bytes, little-endian
(``esp_flash_data_types.h``)::

     0       2      3        4          8          12                   28        32
    +-------+------+---------+----------+----------+--------------------+---------+
    | AA 50 | type | subtype | offset   | size     | label (16)         | flags   |   a partition
    +-------+------+---------+----------+----------+--------------------+---------+
    | EB EB | FF x 14                              | MD5 of all rows before (16)  |   at most one, optional
    +-------+--------------------------------------+------------------------------+
    | FF x 32                                                                     |   the end
    +-----------------------------------------------------------------------------+

Bit 0 of ``flags`` is *encrypted*. A label may fill its 16 bytes without a NUL. An erased table is valid, and empty.

Three readers see three things. The bootloader (`PartitionTable.from_bytes`) checks the MD5 and that every partition
lies on the chip; it checks neither overlaps nor alignment. The app (`PartitionTable.as_read_by_app`) stops at the
first row that is no partition and checks nothing. The generator (`PartitionTable.from_csv`) has the rules that a
person must keep (``gen_esp32part.py`` of the pinned revision).
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Final

from simulator.errors import DescriptionError, FormatError, Problem
from simulator.formats._text import decode_field, encode_field
from simulator.formats.esp_err import EspErr

TABLE_OFFSET: Final = 0x8000
TABLE_BYTES: Final = 0xC00
TABLE_SECTOR_BYTES: Final = 0x1000
ROW_BYTES: Final = 32
MAX_ROWS: Final = TABLE_BYTES // ROW_BYTES
FIRST_FREE_OFFSET: Final = TABLE_OFFSET + TABLE_SECTOR_BYTES

TYPE_APP: Final = 0x00
TYPE_DATA: Final = 0x01
SUBTYPE_FACTORY: Final = 0x00
SUBTYPE_OTA_0: Final = 0x10
SUBTYPE_TEST: Final = 0x20
SUBTYPE_OTADATA: Final = 0x00
SUBTYPE_PHY: Final = 0x01
SUBTYPE_NVS: Final = 0x02
SUBTYPE_NVS_KEYS: Final = 0x04
SUBTYPE_EFUSE: Final = 0x05
MAX_OTA_SLOTS: Final = 16

_ROW: Final = struct.Struct("<HBBII16sI")
_MAGIC_PARTITION: Final = 0x50AA
_MAGIC_MD5: Final = 0xEBEB
_MAGIC_END: Final = 0xFFFF
_MD5_PREFIX: Final = b"\xeb\xeb" + b"\xff" * 14
_FLAG_ENCRYPTED: Final = 1

_TYPES: Final = {"app": TYPE_APP, "data": TYPE_DATA}
_SUBTYPES: Final[Mapping[int, Mapping[str, int]]] = {
    TYPE_APP: {
        "factory": SUBTYPE_FACTORY,
        "test": SUBTYPE_TEST,
        **{f"ota_{slot}": SUBTYPE_OTA_0 + slot for slot in range(MAX_OTA_SLOTS)},
    },
    TYPE_DATA: {
        "ota": SUBTYPE_OTADATA,
        "phy": SUBTYPE_PHY,
        "nvs": SUBTYPE_NVS,
        "coredump": 0x03,
        "nvs_keys": SUBTYPE_NVS_KEYS,
        "efuse": SUBTYPE_EFUSE,
        "esphttpd": 0x80,
        "fat": 0x81,
        "spiffs": 0x82,
    },
}
_ALIGNMENT: Final = {TYPE_APP: 0x10000}
_ALIGNMENT_OF_OTHERS: Final = 4

_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)
_UNKNOWN_VARIABLE: Final = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


class PartitionTableFault(Enum):
    """Why bytes are no partition table."""

    BEYOND_CHIP = "a partition ends beyond the flash chip"
    SECOND_MD5 = "two MD5 rows"
    WRONG_MD5 = "the MD5 does not fit"
    BAD_MAGIC = "a row has an unknown magic number"
    NO_END = "no row ends the table"
    TOO_MANY = "more rows than fit"


class PartitionTableError(FormatError):
    """Bytes that the bootloader refuses as a partition table; the message is the bootloader's own."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One entry of the table. Offsets and sizes are in bytes; ``label`` has one character per byte, at most 16."""

    label: str
    type: int
    subtype: int
    offset: int
    size: int
    encrypted: bool = False
    other_flags: int = 0
    """The flag bits besides *encrypted*, as they lie in flash; no bit of them means anything at this revision."""

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.offset + self.size

    @property
    def is_app(self) -> bool:
        """Whether an app can lie in it."""
        return self.type == TYPE_APP

    @property
    def ota_slot(self) -> int | None:
        """The index of the app slot (0 for ota_0), None if it is not one of ota_0 to ota_15."""
        if self.type == TYPE_APP and SUBTYPE_OTA_0 <= self.subtype < SUBTYPE_OTA_0 + MAX_OTA_SLOTS:
            return self.subtype - SUBTYPE_OTA_0
        return None

    @property
    def type_name(self) -> str:
        """The CSV keyword of the type, or its number in decimal."""
        return _keyword(self.type, _TYPES)

    @property
    def subtype_name(self) -> str:
        """The CSV keyword of the subtype, or its number in decimal."""
        return _keyword(self.subtype, _SUBTYPES.get(self.type, {}))

    @classmethod
    def from_row(cls, row: bytes) -> Partition:
        """Read one 32-byte row whatever its magic number is."""
        _, type_, subtype, offset, size, label, flags = _ROW.unpack(row)
        return cls(
            decode_field(label),
            type_,
            subtype,
            offset,
            size,
            encrypted=bool(flags & _FLAG_ENCRYPTED),
            other_flags=flags & ~_FLAG_ENCRYPTED,
        )

    def to_row(self) -> bytes:
        """Return the 32-byte row."""
        return _ROW.pack(
            _MAGIC_PARTITION,
            self.type,
            self.subtype,
            self.offset,
            self.size,
            encode_field(self.label, 16),
            self.encrypted * _FLAG_ENCRYPTED | self.other_flags,
        )

    def to_csv(self) -> str:
        """Return the line of the CSV form, without line end."""
        return ",".join(
            (
                self.label,
                self.type_name,
                self.subtype_name,
                f"0x{self.offset:x}",
                _format_size(self.size),
                "encrypted" if self.encrypted else "",
            )
        )


@dataclass(frozen=True, slots=True)
class PartitionTable:
    """The partitions in table order, which is the order in which ESP-IDF searches them."""

    entries: tuple[Partition, ...] = ()

    def __iter__(self) -> Iterator[Partition]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @classmethod
    def from_bytes(cls, data: bytes, *, chip_size_bytes: int = 1 << 32) -> PartitionTable:
        """Read a table as the bootloader does (``esp_partition_table_basic_verify`` in ``flash_partitions.c``).

        ``data`` starts with the first row; anything behind the end row is ignored. Raises `PartitionTableError`
        with the bootloader's text and code for the first fault in row order. If the MD5 row is not the last one, it
        takes the place of a partition and the last partition is missed, as on the device.
        """
        md5_seen = False
        for index in range(min(MAX_ROWS, len(data) // ROW_BYTES)):
            position = index * ROW_BYTES
            row = data[position : position + ROW_BYTES]
            magic, type_, subtype, offset, size, _, _ = _ROW.unpack(row)
            if magic == _MAGIC_PARTITION:
                if offset > chip_size_bytes or (offset + size) & 0xFFFFFFFF > chip_size_bytes:
                    raise PartitionTableError(
                        f"partition {index} invalid - offset 0x{offset:x} size 0x{size:x} exceeds flash chip size "
                        f"0x{chip_size_bytes:x}",
                        reason=PartitionTableFault.BEYOND_CHIP,
                        offset=position,
                        esp_err=EspErr.ESP_ERR_INVALID_SIZE,
                    )
            elif magic == _MAGIC_MD5:
                if md5_seen:
                    raise _table_error("Only one MD5 checksum is allowed", PartitionTableFault.SECOND_MD5, position)
                if row[16:] != _md5(data[:position]):
                    raise _table_error("Incorrect MD5 checksum", PartitionTableFault.WRONG_MD5, position)
                md5_seen = True
            elif magic == _MAGIC_END and type_ == 0xFF and subtype == 0xFF:
                count = index - md5_seen
                return cls(tuple(Partition.from_row(data[i : i + ROW_BYTES]) for i in range(0, count * ROW_BYTES, 32)))
            else:
                message = f"partition {index} invalid magic number 0x{magic:x}"
                raise _table_error(message, PartitionTableFault.BAD_MAGIC, position)
        message = "partition table has no terminating entry, not valid"
        raise _table_error(message, PartitionTableFault.NO_END, min(len(data), TABLE_BYTES))

    @classmethod
    def as_read_by_app(cls, data: bytes) -> PartitionTable:
        """Read a table as a running app does (``load_partitions`` in ``partition.c``): up to the first other row."""
        entries: list[Partition] = []
        for position in range(0, min(TABLE_BYTES, len(data)) - ROW_BYTES + 1, ROW_BYTES):
            row = data[position : position + ROW_BYTES]
            if _ROW.unpack(row)[0] != _MAGIC_PARTITION:
                break
            entries.append(Partition.from_row(row))
        return cls(tuple(entries))

    def to_bytes(self, *, md5: bool = True) -> bytes:
        """Return the 0xC00 bytes, with the MD5 row unless ``md5`` is false.

        Raises `PartitionTableError` if there are more than 94 partitions (95 without MD5).
        """
        rows = b"".join(partition.to_row() for partition in self.entries)
        if md5:
            rows += _MD5_PREFIX + _md5(rows)
        if len(rows) >= TABLE_BYTES:
            message = f"Binary partition table length ({len(rows)}) longer than max"
            raise _table_error(message, PartitionTableFault.TOO_MANY, TABLE_BYTES)
        return rows.ljust(TABLE_BYTES, b"\xff")

    @classmethod
    def from_csv(
        cls,
        text: str,
        path: Path | str = "partitions.csv",
        *,
        variables: Mapping[str, str] | None = None,
        secure: bool = False,
        flash_size_bytes: int | None = None,
    ) -> PartitionTable:
        """Read ESP-IDF's CSV. ``variables`` are what ``$NAME`` and ``${NAME}`` stand for, comments included.

        A name that is no variable stays as it is, but at the start of a line it is a mistake.

        ``secure`` also asks for aligned sizes, ``flash_size_bytes`` that everything fits. Raises `DescriptionError`
        with every problem found; each has the meaning, and nearly the words, of the generator's own message.
        """
        return _CsvReader(str(path), variables or {}).read(text, secure=secure, flash_size_bytes=flash_size_bytes)

    def to_csv(self) -> str:
        """Return the CSV form as the generator prints it for a binary table."""
        header = ("# Espressif ESP32 Partition Table", "# Name, Type, SubType, Offset, Size, Flags")
        return "\n".join((*header, *(partition.to_csv() for partition in self.entries))) + "\n"

    def find(self, label: str) -> Partition | None:
        """Return the first partition with that label."""
        return next((partition for partition in self.entries if partition.label == label), None)

    def first(self, type_: int, subtype: int | None = None, label: str | None = None) -> Partition | None:
        """Return the first partition of that type, of ``subtype`` and ``label`` if they are given.

        This is ``esp_partition_find_first``, whose "any" is subtype 0xFF and label NULL.
        """
        for partition in self.entries:
            if (
                partition.type == type_
                and (subtype is None or partition.subtype == subtype)
                and (label is None or partition.label == label)
            ):
                return partition
        return None

    @property
    def app_partitions(self) -> tuple[Partition, ...]:
        """Every partition of type app, in table order."""
        return tuple(partition for partition in self.entries if partition.is_app)

    @property
    def factory(self) -> Partition | None:
        """The factory app partition."""
        return self.first(TYPE_APP, SUBTYPE_FACTORY)

    @property
    def otadata(self) -> Partition | None:
        """The partition of the two select entries."""
        return self.first(TYPE_DATA, SUBTYPE_OTADATA)

    @property
    def ota_slots(self) -> tuple[Partition, ...]:
        """The app slots that an app counts: ota_0, ota_1 and so on up to the first that is missing."""
        slots: list[Partition] = []
        for subtype in range(SUBTYPE_OTA_0, SUBTYPE_OTA_0 + MAX_OTA_SLOTS):
            slot = self.first(TYPE_APP, subtype)
            if slot is None:
                break
            slots.append(slot)
        return tuple(slots)

    def warnings(self) -> list[str]:
        """Return what the generator warns of: a label that names a type or subtype that the partition has not."""
        found: list[str] = []
        for partition in self.entries:
            of_type = f"this partition's type (0x{partition.type:x})"
            if _TYPES.get(partition.label, partition.type) != partition.type:
                found.append(
                    f"Partition has name '{partition.label}' which is a partition type, but does not match {of_type}. "
                    "Mistake in partition table?"
                )
            named = [subtypes[partition.label] for subtypes in _SUBTYPES.values() if partition.label in subtypes]
            if named and _SUBTYPES.get(partition.type, {}).get(partition.label) != partition.subtype:
                found.append(
                    f"Partition has name '{partition.label}' which is a partition subtype, but this partition has "
                    f"non-matching type 0x{partition.type:x} and subtype 0x{partition.subtype:x}. "
                    "Mistake in partition table?"
                )
        return found


def _md5(rows: bytes) -> bytes:
    return hashlib.md5(rows, usedforsecurity=False).digest()


def _table_error(message: str, reason: PartitionTableFault, offset: int) -> PartitionTableError:
    return PartitionTableError(message, reason=reason, offset=offset, esp_err=EspErr.ESP_ERR_INVALID_STATE)


def _keyword(value: int, keywords: Mapping[str, int]) -> str:
    return next((word for word, number in keywords.items() if number == value), str(value))


def _format_size(size: int) -> str:
    for unit, suffix in ((0x100000, "M"), (0x400, "K")):
        if size % unit == 0:
            return f"{size // unit}{suffix}"
    return f"0x{size:x}"


class _CsvProblem(Exception):  # noqa: N818 (never leaves this module)
    """One mistake in one line; the text is complete but for the place."""


@dataclass(slots=True)
class _Line:
    """One partition line, with what it leaves out still open."""

    number: int
    name: str
    """The whole of it; the label is what of it fits."""
    type: int
    subtype: int
    offset: int | None
    size: int
    encrypted: bool

    def to_partition(self, offset: int) -> Partition:
        # The generator cuts a name at 16 bytes, not characters, and only when it packs the row.
        label = self.name.encode()[:16].decode("latin-1")
        return Partition(label, self.type, self.subtype, offset, self.size, self.encrypted)


@dataclass(slots=True)
class _CsvReader:
    """One pass over a CSV text; keeps every problem so that one run reports them all."""

    path: str
    variables: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def read(self, text: str, *, secure: bool, flash_size_bytes: int | None) -> PartitionTable:
        lines = list(self._parse_lines(text))
        placed = self._place(lines)
        if not self.problems:
            self._check(placed, secure=secure)
            self._check_names(lines)
            if flash_size_bytes is not None and placed:
                self._check_fits(max((partition for _, partition in placed), key=_offset), flash_size_bytes)
        if self.problems:
            raise DescriptionError(self.problems)
        return PartitionTable(tuple(partition for _, partition in placed))

    def _report(self, line: int, message: str) -> None:
        self.problems.append(Problem(path=self.path, line=line, message=message))

    def _parse_lines(self, text: str) -> Iterator[_Line]:
        for number, raw in enumerate(text.splitlines(), start=1):
            try:
                line = self._expand(raw).strip()
                if line and not line.startswith("#"):
                    yield _parse_line(number, line)
            except _CsvProblem as problem:
                self._report(number, str(problem))

    def _expand(self, line: str) -> str:
        """Replace ``$NAME`` and ``${NAME}`` as Python's ``os.path.expandvars`` does."""
        line = _VARIABLE.sub(lambda match: self.variables.get(match[1] or match[2], match[0]), line)
        if unknown := _UNKNOWN_VARIABLE.match(line):
            raise _CsvProblem(f"unknown variable '{unknown[1]}'")
        return line

    def _place(self, lines: list[_Line]) -> list[tuple[int, Partition]]:
        """Fill in the offsets left out and the negative sizes, in file order; return (line number, partition)."""
        placed: list[tuple[int, Partition]] = []
        free = FIRST_FREE_OFFSET
        for line in lines:
            offset = line.offset
            if offset is None:
                offset = free + -free % _ALIGNMENT.get(line.type, _ALIGNMENT_OF_OTHERS)
            elif offset < free:
                self._report(
                    line.number,
                    f"Partitions overlap. Partition at line {line.number} sets offset 0x{offset:x}. "
                    f"Previous partition ends 0x{free:x}"
                    if placed
                    else f"First partition offset 0x{offset:x} overlaps end of partition table 0x{free:x}",
                )
            partition = line.to_partition(offset)
            if partition.size < 0:
                partition = replace(partition, size=-partition.size - offset)
            placed.append((line.number, partition))
            free = partition.end
        return placed

    def _check(self, placed: list[tuple[int, Partition]], *, secure: bool) -> None:
        for number, partition in placed:
            align = _ALIGNMENT.get(partition.type, _ALIGNMENT_OF_OTHERS)
            prefix = f"Partition {partition.label} invalid:"
            if partition.offset % align:
                self._report(number, f"{prefix} Offset 0x{partition.offset:x} is not aligned to 0x{align:x}")
            if secure and partition.size % align:
                self._report(number, f"{prefix} Size 0x{partition.size:x} is not aligned to 0x{align:x}")
            if not (0 <= partition.size < 1 << 32 and partition.offset < 1 << 32):
                self._report(
                    number, f"{prefix} Offset 0x{partition.offset:x} or size {partition.size} is no 32-bit number"
                )

    def _check_names(self, lines: list[_Line]) -> None:
        names = Counter(line.name for line in lines)
        for line in lines:
            if names[line.name] > 1:
                self._report(line.number, "Partition names must be unique")

    def _check_fits(self, last: Partition, flash_size_bytes: int) -> None:
        used = last.end
        if used > flash_size_bytes:
            self._report(
                0,
                f"Partitions occupy {used / 0x100000:.1f}MB of flash ({used} bytes) which does not fit in "
                f"configured flash size {flash_size_bytes // 0x100000}MB",
            )


def _offset(partition: Partition) -> int:
    return partition.offset


def _parse_line(number: int, line: str) -> _Line:
    name, type_text, subtype_text, offset_text, size_text, flags_text = (
        part.strip() for part in (line + ",,,,,").split(",")[:6]
    )
    if not type_text:
        raise _CsvProblem("Field 'type' can't be left empty.")
    type_ = _parse_byte("type", type_text, _TYPES)
    subtype = _parse_byte("subtype", subtype_text, _SUBTYPES.get(type_, {})) if subtype_text else 0
    offset = _parse_number(offset_text) if offset_text else None
    if not size_text:
        raise _CsvProblem("Size field can't be empty")
    size = _parse_number(size_text)
    flags = [flag for flag in flags_text.split(":") if flag]
    for flag in flags:
        if flag != "encrypted":
            raise _CsvProblem(f"CSV flag column contains unknown flag '{flag}'")
    if offset is not None and offset < 0:
        raise _CsvProblem(f"Invalid field value {offset_text}")
    return _Line(number, name, type_, subtype, offset, size, encrypted=bool(flags))


def _parse_byte(name: str, text: str, keywords: Mapping[str, int]) -> int:
    value = _parse_number(text, keywords)
    if not 0 <= value <= 0xFF:
        raise _CsvProblem(f"Field '{name}' is one byte; {text} does not fit")
    return value


def _parse_number(text: str, keywords: Mapping[str, int] | None = None) -> int:
    """Return a number as Python writes it, with suffix k or m, or one of ``keywords``."""
    for suffix, factor in (("k", 0x400), ("m", 0x100000)):
        if text.lower().endswith(suffix):
            return _parse_number(text[:-1], keywords) * factor
    try:
        return int(text, 0)
    except ValueError:
        if not keywords:
            raise _CsvProblem(f"Invalid field value {text}") from None
        if text.lower() not in keywords:
            raise _CsvProblem(f"Value '{text}' is not valid. Known keywords: {', '.join(keywords)}") from None
        return keywords[text.lower()]
