"""otadata: the two select entries that say which app slot boots (``esp_ota_select_entry_t``).

The data/ota partition has two sectors, one entry at the start of each, so that one survives while the other is
rewritten::

    partition + 0x0000  entry [0], the rest of the sector 0xFF
    partition + 0x1000  entry [1], the rest of the sector 0xFF

     0          4                           24          28          32
    +----------+---------------------------+-----------+-----------+
    | ota_seq  | seq_label (20, unused)    | ota_state | crc       |
    +----------+---------------------------+-----------+-----------+

``crc`` covers ``ota_seq`` only: a flipped state or label is believed. The rules of this module (`SelectEntry.is_valid`,
`OtaData.active`, `OtaData.next_write`) are those of ``bootloader_common.c`` and ``esp_ota_ops.c``, which share them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Final

from simulator.errors import FormatError
from simulator.formats.crc import rom_crc32
from simulator.formats.esp_err import EspErr

ENTRY_BYTES: Final = 32
OTADATA_SECTOR_BYTES: Final = 4096
OTADATA_BYTES: Final = 2 * OTADATA_SECTOR_BYTES
ERASED_SEQ: Final = 0xFFFFFFFF
BLANK_LABEL: Final = b"\xff" * 20

_LAYOUT: Final = struct.Struct("<I20sII")


class ImageState(IntEnum):
    """The state of an app slot, as its select entry tells it."""

    NEW = 0
    """Not booted yet; a rollback build watches its first boot."""
    PENDING_VERIFY = 1
    """Booted once and not confirmed yet."""
    VALID = 2
    """Confirmed."""
    INVALID = 3
    """The app declared itself bad: never selected."""
    ABORTED = 4
    """Reset before it was confirmed: never selected."""
    UNDEFINED = 0xFFFFFFFF
    """Nobody watches: what a build without rollback writes, and what erased flash says."""


_REFUSED: Final = frozenset({ImageState.INVALID, ImageState.ABORTED})


@lru_cache(maxsize=256)
def select_crc(ota_seq: int) -> int:
    """Return the ``crc`` that makes an entry with ``ota_seq`` good."""
    return rom_crc32(ota_seq.to_bytes(4, "little"))


class OtaDataFault(Enum):
    """Why bytes are no otadata. There is one reason only: every bit pattern of the right length is otadata."""

    TRUNCATED = "truncated"


class OtaDataError(FormatError):
    """The bytes are too few for two select entries."""


@dataclass(frozen=True, slots=True)
class SelectEntry:
    """One select entry, good or not. ``ota_state`` is one of `ImageState` unless the flash is damaged."""

    ota_seq: int
    ota_state: int
    crc: int
    seq_label: bytes = BLANK_LABEL

    @classmethod
    def make(cls, ota_seq: int, ota_state: int, seq_label: bytes = BLANK_LABEL) -> SelectEntry:
        """Return an entry with a good CRC."""
        return cls(ota_seq, ota_state, select_crc(ota_seq), seq_label)

    @classmethod
    def from_bytes(cls, data: bytes) -> SelectEntry:
        """Read the entry at the start of ``data``. Raises `OtaDataError` if there are fewer than 32 bytes."""
        if len(data) < ENTRY_BYTES:
            raise OtaDataError(
                f"a select entry needs {ENTRY_BYTES} bytes, there are {len(data)}",
                reason=OtaDataFault.TRUNCATED,
                offset=len(data),
                esp_err=EspErr.ESP_ERR_INVALID_SIZE,
            )
        ota_seq, label, state, crc = _LAYOUT.unpack_from(data)
        return cls(ota_seq, state, crc, label)

    def to_bytes(self) -> bytes:
        """Return the 32 bytes."""
        return _LAYOUT.pack(self.ota_seq, self.seq_label, self.ota_state, self.crc)

    @property
    def is_crc_good(self) -> bool:
        """Whether ``crc`` fits ``ota_seq``. An erased entry's does not."""
        return self.crc == select_crc(self.ota_seq)

    @property
    def is_initial(self) -> bool:
        """Whether nobody has written the entry, as far as the bootloader can tell: erased, or with a wrong CRC."""
        return self.ota_seq == ERASED_SEQ or not self.is_crc_good

    @property
    def is_invalid(self) -> bool:
        """Whether it can never be selected: erased, INVALID or ABORTED. The CRC is not looked at."""
        return self.ota_seq == ERASED_SEQ or self.ota_state in _REFUSED

    @property
    def is_valid(self) -> bool:
        """Whether it can be selected."""
        return not self.is_invalid and self.is_crc_good

    @property
    def state_name(self) -> str:
        """The name of the state, or its number in hex if it has none."""
        try:
            return ImageState(self.ota_state).name
        except ValueError:
            return f"0x{self.ota_state:08x}"

    def slot(self, slot_count: int) -> int:
        """Return the index of the app slot it selects among ``slot_count``; sequence 0 wraps as in C."""
        return ((self.ota_seq - 1) & 0xFFFFFFFF) % slot_count


ERASED_ENTRY: Final = SelectEntry(ERASED_SEQ, ImageState.UNDEFINED, 0xFFFFFFFF)


def active_index(entries: tuple[SelectEntry, SelectEntry], eligible: tuple[bool, bool]) -> int | None:
    """Return the index of the eligible entry with the larger sequence number, [0] if equal, None if there is none."""
    first, second = eligible
    if first and second:
        return 0 if entries[0].ota_seq >= entries[1].ota_seq else 1
    return 0 if first else 1 if second else None


@dataclass(frozen=True, slots=True)
class OtaData:
    """Both select entries."""

    entries: tuple[SelectEntry, SelectEntry] = (ERASED_ENTRY, ERASED_ENTRY)

    @classmethod
    def from_bytes(cls, data: bytes) -> OtaData:
        """Read the otadata partition. Raises `OtaDataError` if the data ends before the second entry does."""
        return cls((SelectEntry.from_bytes(data), SelectEntry.from_bytes(data[OTADATA_SECTOR_BYTES:])))

    def to_bytes(self) -> bytes:
        """Return both sectors, 8192 bytes."""
        return b"".join(entry.to_bytes().ljust(OTADATA_SECTOR_BYTES, b"\xff") for entry in self.entries)

    def active(self) -> int | None:
        """Return the index of the entry that counts: valid, with the larger sequence number; None if there is none."""
        first, second = self.entries
        return active_index(self.entries, (first.is_valid, second.is_valid))

    @property
    def active_entry(self) -> SelectEntry | None:
        """The entry that counts."""
        index = self.active()
        return None if index is None else self.entries[index]

    def next_write(self, slot: int, slot_count: int, *, rollback: bool) -> tuple[int, SelectEntry]:
        """Return which entry ``esp_ota_set_boot_partition`` rewrites for ``slot`` of ``slot_count``, and with what.

        The new sequence number is the smallest one of that slot that is **not below** the active one, and goes into
        the other entry. So selecting the slot that is active already writes the same number a second time, and
        entry [0] wins from then on. The label bytes of the rewritten entry are kept.
        """
        state = ImageState.NEW if rollback else ImageState.UNDEFINED
        active = self.active()
        if active is None:
            return 0, replace(SelectEntry.make(slot + 1, state), seq_label=self.entries[0].seq_label)
        active_seq = self.entries[active].ota_seq
        first_seq = (slot + 1) % slot_count
        rounds = max(0, -((first_seq - active_seq) // slot_count))
        target = 1 - active
        entry = SelectEntry.make((first_seq + rounds * slot_count) & 0xFFFFFFFF, state, self.entries[target].seq_label)
        return target, entry

    def with_entry(self, index: int, entry: SelectEntry) -> OtaData:
        """Return the otadata with entry ``index`` replaced."""
        return OtaData((entry, self.entries[1]) if index == 0 else (self.entries[0], entry))
