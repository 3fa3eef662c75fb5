from __future__ import annotations

import pytest

from simulator.formats.crc import rom_crc32
from simulator.formats.otadata import (
    BLANK_LABEL,
    ERASED_ENTRY,
    ImageState,
    OtaData,
    OtaDataError,
    SelectEntry,
    select_crc,
)

N, P, V, I, A, U = (  # noqa: E741 (the letters of the reference)
    ImageState.NEW,
    ImageState.PENDING_VERIFY,
    ImageState.VALID,
    ImageState.INVALID,
    ImageState.ABORTED,
    ImageState.UNDEFINED,
)
E = None

CRC_VECTORS = {
    0: 0xFFFFFFFF,
    1: 0x4743989A,
    2: 0x55F63774,
    3: 0xED4A5011,
    4: 0x709D68A8,
    5: 0xC8210FCD,
    6: 0xDA94A023,
    7: 0x6228C746,
    8: 0x3A4BD710,
    9: 0x82F7B075,
    10: 0x90421F9B,
    16: 0xAFE6A860,
    100: 0x4BBB9FAB,
    256: 0xFE3D95C8,
    65536: 0xE6E4CEBE,
    0xFFFFFFFE: 0x99F8B879,
    0xFFFFFFFF: 0x2144DF1C,
}


def entry(description: tuple[int, ImageState] | None) -> SelectEntry:
    return ERASED_ENTRY if description is None else SelectEntry.make(*description)


def otadata(first: tuple[int, ImageState] | None, second: tuple[int, ImageState] | None) -> OtaData:
    return OtaData((entry(first), entry(second)))


@pytest.mark.parametrize(("ota_seq", "crc"), CRC_VECTORS.items())
def test_crc_is_that_of_the_mask_rom(ota_seq: int, crc: int) -> None:
    assert select_crc(ota_seq) == crc
    assert rom_crc32(ota_seq.to_bytes(4, "little")) == crc


@pytest.mark.parametrize(
    ("select_entry", "hex_bytes"),
    [
        (SelectEntry.make(1, V), "01000000" + "ff" * 20 + "02000000" + "9a984347"),
        (SelectEntry.make(2, U), "02000000" + "ff" * 20 + "ffffffff" + "7437f655"),
        (SelectEntry.make(2, N), "02000000" + "ff" * 20 + "00000000" + "7437f655"),
        (ERASED_ENTRY, "ff" * 32),
    ],
)
def test_entry_has_the_bytes_of_the_reference_both_ways(select_entry: SelectEntry, hex_bytes: str) -> None:
    assert select_entry.to_bytes().hex() == hex_bytes
    assert SelectEntry.from_bytes(bytes.fromhex(hex_bytes)) == select_entry


def test_erased_entry_is_invalid_and_its_crc_is_never_good() -> None:
    assert ERASED_ENTRY.is_invalid
    assert ERASED_ENTRY.is_initial
    assert not ERASED_ENTRY.is_crc_good


def test_sequence_zero_with_an_erased_crc_is_a_valid_entry_of_the_last_slot() -> None:
    zero = SelectEntry.from_bytes(bytes(4) + b"\xff" * 28)
    assert zero.is_valid
    assert zero.slot(2) == 1


@pytest.mark.parametrize("state", [I, A])
def test_invalid_and_aborted_are_refused_whatever_the_crc_says(state: ImageState) -> None:
    good = SelectEntry.make(1, state)
    bad = SelectEntry(1, state, good.crc ^ 1)
    assert good.is_invalid
    assert bad.is_invalid
    assert bad.is_initial


def test_wrong_crc_is_not_invalid_but_not_valid_either() -> None:
    broken = SelectEntry(1, U, 0)
    assert not broken.is_invalid
    assert not broken.is_valid
    assert broken.is_initial


def test_state_without_a_name_is_believed_and_shown_in_hex() -> None:
    odd = SelectEntry.make(1, 0x12345678)
    assert odd.is_valid
    assert odd.state_name == "0x12345678"
    assert SelectEntry.make(1, V).state_name == "VALID"


@pytest.mark.parametrize(
    ("data", "active"),
    [
        (otadata(E, E), None),
        (otadata((1, U), E), 0),
        (otadata(E, (1, U)), 1),
        (otadata((1, V), (2, U)), 1),
        (otadata((3, U), (2, U)), 0),
        (otadata((1, U), (1, U)), 0),
        (otadata((2, A), E), None),
        (otadata((0xFFFFFFFE, U), (1, V)), 0),
        (OtaData((SelectEntry.make(1, V), SelectEntry(9, U, 0))), 0),
    ],
)
def test_active_is_the_valid_entry_with_the_larger_sequence(data: OtaData, active: int | None) -> None:
    assert data.active() == active
    assert data.active_entry == (None if active is None else data.entries[active])


WRITE_TABLE = [
    # before [0] / [1], what selecting ota_0 writes, what selecting ota_1 writes: (entry, ota_seq)
    (E, E, (0, 1), (0, 2)),
    ((1, V), E, (1, 1), (1, 2)),
    ((1, V), (2, U), (0, 3), (0, 2)),
    ((3, U), (2, U), (1, 3), (1, 4)),
    ((3, U), (4, U), (0, 5), (0, 4)),
    ((1, U), (1, U), (1, 1), (1, 2)),
    ((2, A), E, (0, 1), (0, 2)),
    ((5, I), (4, V), (0, 5), (0, 4)),
    ((1, V), (2, A), (1, 1), (1, 2)),
    ((7, P), (8, N), (0, 9), (0, 8)),
]


@pytest.mark.parametrize(("first", "second", "ota_0", "ota_1"), WRITE_TABLE)
@pytest.mark.parametrize("rollback", [False, True])
def test_selecting_a_slot_writes_what_the_reference_table_says(
    first: tuple[int, ImageState] | None,
    second: tuple[int, ImageState] | None,
    ota_0: tuple[int, int],
    ota_1: tuple[int, int],
    rollback: bool,
) -> None:
    before = otadata(first, second)
    for slot, (index, ota_seq) in enumerate((ota_0, ota_1)):
        expected = SelectEntry.make(ota_seq, N if rollback else U)
        assert before.next_write(slot, 2, rollback=rollback) == (index, expected)


@pytest.mark.parametrize("slot_count", [1, 2, 3, 16])
@pytest.mark.parametrize("active_seq", [1, 2, 15, 16, 17, 1000])
def test_written_sequence_is_the_smallest_of_its_slot_not_below_the_active_one(
    slot_count: int, active_seq: int
) -> None:
    for slot in range(slot_count):
        _, written = otadata((active_seq, V), E).next_write(slot, slot_count, rollback=False)
        assert written.ota_seq == next(
            seq for seq in range(active_seq, active_seq + 17) if SelectEntry.make(seq, U).slot(slot_count) == slot
        )


def test_label_of_the_rewritten_entry_is_kept() -> None:
    labels = (b"first label in here.", b"other label in here.")
    before = OtaData((SelectEntry.make(1, V, labels[0]), SelectEntry(2, A, 0, labels[1])))
    assert before.next_write(1, 2, rollback=False)[1].seq_label == labels[1]
    erased = OtaData((SelectEntry(0xFFFFFFFF, U, 0xFFFFFFFF, labels[0]), ERASED_ENTRY))
    assert erased.next_write(0, 2, rollback=False)[1].seq_label == labels[0]
    assert SelectEntry.make(1, V).seq_label == BLANK_LABEL


def test_otadata_survives_the_way_to_bytes_and_back() -> None:
    data = otadata((3, N), (2, A))
    as_bytes = data.to_bytes()
    assert len(as_bytes) == 0x2000
    assert OtaData.from_bytes(as_bytes) == data
    assert OtaData.from_bytes(as_bytes + b"trailing") == data
    assert OtaData.from_bytes(as_bytes[:0x1020]) == data


@pytest.mark.parametrize("length", [0, 31, 32, 0x1000, 0x101F])
def test_too_few_bytes_are_refused(length: int) -> None:
    with pytest.raises(OtaDataError):
        OtaData.from_bytes(bytes(length))
