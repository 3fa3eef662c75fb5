from __future__ import annotations

import pytest

from simulator.flash import DangerousWriteError, FlashArgumentError, FlashChip, PartitionView, WriteGuard
from simulator.formats import EspErr, Partition

STORAGE = Partition("storage", 1, 0x40, 0xF000, 0x12000)
RUNNING = Partition("factory", 0, 0, 0x100000, 0x10000)


@pytest.fixture
def chip() -> FlashChip:
    return FlashChip()


@pytest.fixture
def view(chip: FlashChip) -> PartitionView:
    return PartitionView(chip, STORAGE)


def code_of(call: object, *args: object) -> EspErr:
    assert callable(call)
    with pytest.raises(FlashArgumentError) as error:
        call(*args)
    return error.value.code


def test_offsets_count_from_the_partition(chip: FlashChip, view: PartitionView) -> None:
    view.program(4, b"data")
    assert chip.read(0xF004, 4) == b"data"
    assert view.read(3, 6) == b"\xffdata\xff"
    view.erase(0, 0x1000)
    assert view.read(4, 4) == b"\xff" * 4
    assert view.size_bytes == 0x12000


def test_read_and_write_judge_the_offset_then_the_size(view: PartitionView) -> None:
    assert code_of(view.read, 0x12001, 0) == EspErr.ESP_ERR_INVALID_ARG
    assert code_of(view.program, 0x12001, b"") == EspErr.ESP_ERR_INVALID_ARG
    assert code_of(view.read, 0x12000, 1) == EspErr.ESP_ERR_INVALID_SIZE
    assert code_of(view.program, 0x11FFF, b"ab") == EspErr.ESP_ERR_INVALID_SIZE
    assert view.read(0x12000, 0) == b""


def test_erase_judges_offset_size_and_then_their_alignment_size_first(view: PartitionView) -> None:
    assert code_of(view.erase, 0x12001, 0x1000) == EspErr.ESP_ERR_INVALID_ARG
    assert code_of(view.erase, 0x11001, 0x1000) == EspErr.ESP_ERR_INVALID_SIZE
    assert code_of(view.erase, 1, 1) == EspErr.ESP_ERR_INVALID_SIZE
    assert code_of(view.erase, 1, 0x1000) == EspErr.ESP_ERR_INVALID_ARG


def test_erase_commands_follow_the_alignment_of_the_chip_not_of_the_partition(view: PartitionView) -> None:
    assert list(view.erase_commands(0, 0x12000)) == [(0, 0x1000), (0x1000, 0x10000), (0x11000, 0x1000)]


def test_encrypted_partition_can_be_erased_but_neither_read_nor_written(chip: FlashChip) -> None:
    view = PartitionView(chip, Partition("secret", 1, 2, 0x20000, 0x1000, encrypted=True))
    assert code_of(view.read, 0, 1) == EspErr.ESP_ERR_NOT_SUPPORTED
    assert code_of(view.program, 0, b"a") == EspErr.ESP_ERR_NOT_SUPPORTED
    assert code_of(view.read, 0, 0x1001) == EspErr.ESP_ERR_INVALID_SIZE
    view.erase(0, 0x1000)


def test_partition_beyond_the_chip_fails_in_the_driver(chip: FlashChip) -> None:
    view = PartitionView(chip, Partition("far", 1, 2, 0x3FF000, 0x2000))
    assert code_of(view.read, 0x1000, 1) == EspErr.ESP_ERR_INVALID_SIZE


@pytest.mark.parametrize(
    ("address", "length", "allowed"),
    [
        (0x8C00, 0, False),
        (0x1000, 4, False),
        (0x8C01, 4, True),
        (0xFF000, 0x1000, True),
        (0xFF000, 0x1001, False),
        (0x10FFFF, 1, False),
        (0x110000, 1, True),
    ],
)
def test_guard_protects_bootloader_table_and_running_app(address: int, length: int, allowed: bool) -> None:
    guard = WriteGuard(RUNNING)
    if allowed:
        guard.check(address, length)
    else:
        with pytest.raises(DangerousWriteError):
            guard.check(address, length)


def test_guarded_view_changes_nothing_that_is_dangerous(chip: FlashChip) -> None:
    own = PartitionView(chip, RUNNING, guard=WriteGuard(RUNNING))
    with pytest.raises(DangerousWriteError):
        own.erase(0, 0x1000)
    with pytest.raises(DangerousWriteError):
        own.program(0, b"\0")
    assert own.read(0, 1) == b"\xff"
    assert chip.operation_count == 0
    other = PartitionView(chip, STORAGE, guard=WriteGuard(RUNNING))
    other.erase(0, 0x1000)
    other.program(0, b"\0")
    PartitionView(chip, STORAGE, guard=WriteGuard(None)).program(1, b"\0")
    assert chip.operation_count == 3
