"""The journal hears from NVS and file systems when a call has returned: what is then stored has to stay."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.filesystem import FileSystem
from simulator.filesystem import format as format_file_system
from simulator.flash import Commit, FlashChip, Journal, PartitionView
from simulator.formats.partition_table import Partition
from simulator.nvs import Nvs

PARTITION = Partition(label="storage", type=1, subtype=0x81, offset=0x10000, size=0x10000)


def journalled() -> tuple[PartitionView, Journal]:
    chip = FlashChip()
    chip.journal = journal = Journal(chip.snapshot())
    return PartitionView(chip, PARTITION), journal


def commits_of(journal: Journal, action: Callable[[], object]) -> int:
    """Return how often something was committed by ``action``, each time when all that it wrote was in the journal."""
    before = len(journal.commits)
    action()
    made = journal.commits[before:]
    assert all(commit.address == PARTITION.offset for commit in made)
    if made:
        assert made[-1] == Commit(len(journal.operations), PARTITION.offset)
    return len(made)


def test_a_value_of_nvs_is_committed_when_it_is_set_or_erased() -> None:
    view, journal = journalled()
    nvs = Nvs(view)
    nvs.init()
    handle = nvs.open("space")
    assert commits_of(journal, lambda: handle.set_u8("number", 1)) == 1
    assert commits_of(journal, lambda: handle.set_str("text", "x")) == 1
    assert commits_of(journal, lambda: handle.set_blob("blob", bytes(100))) == 1
    assert commits_of(journal, lambda: handle.get_blob("blob")) == 0
    assert commits_of(journal, lambda: handle.erase_key("number")) == 1
    assert commits_of(journal, handle.erase_all) == 1


@pytest.mark.parametrize(("kind", "page"), [("spiffs", 256), ("lfs", 128)])
def test_a_file_is_committed_when_it_is_closed_and_what_is_done_to_names_at_once(kind: str, page: int) -> None:
    view, journal = journalled()
    fs: FileSystem = format_file_system(view, kind, block_size=4096, page_size=page)  # type: ignore[arg-type]
    assert commits_of(journal, lambda: fs.mkdir("/d")) == 1
    file = fs.open("/d/f", "w")
    file.write(b"data")
    assert commits_of(journal, file.flush) == 1
    assert commits_of(journal, file.close) == 1
    assert commits_of(journal, lambda: fs.read_file("/d/f")) == 0
    assert commits_of(journal, lambda: fs.rename("/d/f", "/d/g")) == 1
    assert commits_of(journal, lambda: fs.remove("/d/g")) == 1
    assert commits_of(journal, lambda: fs.rmdir("/d")) == 1
    assert commits_of(journal, fs.format) == 1


def test_a_new_file_is_committed_when_it_is_opened_but_only_spiffs_writes_into_it_before_it_is_closed() -> None:
    found = {}
    for kind, page in (("spiffs", 256), ("lfs", 128)):
        view, journal = journalled()
        fs = format_file_system(view, kind, block_size=4096, page_size=page)  # type: ignore[arg-type]

        def write(fs: FileSystem = fs) -> None:
            fs.open("/f", "w").write(b"data")

        found[kind] = commits_of(journal, write)
    assert found == {"spiffs": 2, "lfs": 1}
