"""Our bootloader against 84,672 decisions of the one that Lua RTOS builds (ESP-IDF v4.0-dev-59).

Every pair of 28 kinds of select entries, with every combination of absent, broken and good factory, ota_0 and ota_1,
in four configurations. The schema is inside ``data/boot-decisions.json.gz``, which was compared with the C sources,
executed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from simulator.boot import BootConfig, Ending, Esp32, build_bootloader_image, run_bootloader
from simulator.efuses import Efuses
from simulator.flash import FlashChip, FlashOperation, FlashSnapshot
from simulator.formats import AppDescriptor, ImageState, Partition, PartitionTable, Segment, SelectEntry, build_image
from simulator.formats.partition_table import TABLE_OFFSET
from tests.against_reference.golden import golden

LABELS = ("factory", "ota_0", "ota_1")
STATES = ("absent", "invalid", "valid")
CONFIGS = ("no_rollback", "rollback", "anti_rollback_fuse0", "anti_rollback_fuse2")
SUBTYPES = {"factory": 0, "ota_0": 0x10, "ota_1": 0x11}
SECTOR = 4096


@pytest.fixture(scope="module")
def decisions() -> Any:
    return json.loads(golden("boot-decisions.json"))


def flash_with(layout: dict[str, Any], presence: tuple[str, ...], versions: dict[str, int]) -> FlashSnapshot:
    """Return a flash with blank otadata and a table of everything that is not absent."""
    chip = FlashChip(layout["flash_size"])
    chip.program(0x1000, build_bootloader_image())
    partitions = [
        Partition("nvs", 1, 2, *layout["nvs"]),
        Partition("otadata", 1, 0, *layout["otadata"]),
    ]
    for label, state in zip(LABELS, presence, strict=True):
        if state != "absent":
            partition = Partition(label, 0, SUBTYPES[label], *layout[label])
            partitions.append(partition)
            if state == "valid":
                descriptor = AppDescriptor(secure_version=versions.get(label, 0))
                image = build_image([Segment(0x3F400020, descriptor.to_bytes())], entry=0x40080400)
                chip.program(partition.offset, image)
    chip.program(TABLE_OFFSET, PartitionTable(tuple(partitions)).to_bytes())
    return chip.snapshot()


def otadata_writes(operations: list[FlashOperation], otadata_offset: int) -> Iterator[list[Any]]:
    """Yield the writes in the form of the reference; each is an erase of the sector and a program of the entry."""
    for erase, program in zip(operations[::2], operations[1::2], strict=True):
        assert (erase.kind, program.kind, program.address) == ("erase", "program", erase.address)
        entry = SelectEntry.from_bytes(program.data)
        assert entry.seq_label == b"\xff" * 20
        sector = (erase.address - otadata_offset) // SECTOR
        yield [sector, entry.ota_seq, ImageState(entry.ota_state).name, f"{entry.crc:08x}"]


def lines_after_table(log: list[str]) -> list[str]:
    """Return the lines behind the partition listing, with one mark for a run of segment lines."""
    lines: list[str] = []
    for line in log[log.index("I boot: End of partition table") + 1 :]:
        if not line.startswith("I esp_image: segment"):
            lines.append(line)
        elif lines[-1:] != ["@segments"]:
            lines.append("@segments")
    return lines


@pytest.mark.parametrize("config_name", CONFIGS)
@pytest.mark.parametrize("presence", list(product(STATES, repeat=3)), ids="-".join)
def test_every_pair_of_select_entries_is_decided_as_by_the_real_bootloader(
    decisions: Any, config_name: str, presence: tuple[str, ...]
) -> None:
    settings = decisions["configs"][config_name]
    versions = settings.get("secure_version", {})
    config = BootConfig(
        rollback=settings["APP_ROLLBACK_ENABLE"],
        anti_rollback=settings["APP_ANTI_ROLLBACK"],
    )
    efuses = Efuses()
    efuses.burn_secure_version(versions.get("efuse", 0))
    layout = decisions["layout"]
    otadata_offset = layout["otadata"][0]
    flash = flash_with(layout, presence, versions)
    kinds = [bytes.fromhex(kind["hex"]) for kind in decisions["entry_kinds"]]
    expected_rows = decisions["cases"][config_name]["|".join(presence)]

    chip = FlashChip.from_snapshot(flash)
    differences = []
    for (i, first), (j, second) in product(enumerate(kinds), repeat=2):
        chip.restore(flash)
        chip.on_operation = None
        chip.program(otadata_offset, first)
        chip.program(otadata_offset + SECTOR, second)
        operations: list[FlashOperation] = []
        chip.on_operation = operations.append
        outcome = run_bootloader(chip, config, Esp32(efuses=efuses.copy()))

        expected = decisions["results"][expected_rows[i][j]]
        ours = {
            "boot": "crash" if outcome.ending is Ending.EXCEPTION else outcome.label,
            "writes": list(otadata_writes(operations, otadata_offset)),
            "fuse": list(outcome.burned),
            "log": lines_after_table([str(line) for line in outcome.log]),
        }
        theirs = {**expected, "log": [decisions["strings"][index] for index in expected["log"]]}
        if ours != theirs:
            differences.append(f"otadata kinds {i}, {j}:\ntheirs {theirs}\nours   {ours}")
    assert len(kinds) == 28
    assert differences == []
