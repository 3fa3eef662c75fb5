"""Histories, power cuts and damage that the original NVS went through (see data/README.md): every call of ours returns
the same and writes the same to flash in the same order."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from simulator.flash import FlashChip, FlashOperation, Journal, Nvs, PartitionView
from simulator.formats import EspErr, EspError, Partition
from simulator.formats.nvs import PAGE_BYTES
from simulator.nvs import NvsFatalError, NvsHandle
from tests.helpers import torn
from tests.nvs.crcs import mend_crc

GOLDEN = json.loads(gzip.decompress((Path(__file__).parent / "data" / "nvs-histories.json.gz").read_bytes()))
HISTORIES: list[dict[str, Any]] = GOLDEN["histories"]
Step = list[Any]


class Store:
    """An NVS that answers each step as the original's answers are written down."""

    def __init__(self, chip: FlashChip) -> None:
        self._lines: list[str] = []
        chip.on_operation = self._note
        self._nvs = Nvs(PartitionView(chip, Partition("nvs", 1, 2, 0, chip.size_bytes)))
        self._handle: NvsHandle | None = None

    def _note(self, operation: FlashOperation) -> None:
        data = f" {operation.data.hex()}" if operation.kind == "program" else ""
        self._lines.append(f"{'w' if data else 'e'} {operation.address:x}{data}")

    def answers(self, steps: list[Step]) -> Iterator[str]:
        """Yield the answer to each step, up to the one that kills the device."""
        for kind, *arguments in steps:
            self._lines.clear()
            code = 0
            try:
                self._carry_out(kind, arguments)
            except EspError as error:
                code = int(error.code)
            except NvsFatalError:
                yield "dead"
                return
            digest = hashlib.sha256("\n".join(self._lines).encode()).hexdigest()[:4] if self._lines else ""
            yield f"{code}:{digest}"

    def _carry_out(self, kind: str, arguments: list[Any]) -> None:
        if kind == "init":
            if self._handle is not None:
                self._nvs.deinit()
            self._nvs.init()
        elif kind == "open":
            self._handle = self._nvs.open(arguments[0])
        elif self._handle is None:
            raise EspError(EspErr.ESP_ERR_NVS_INVALID_HANDLE)
        elif kind == "set_str":
            key, length, seed = arguments
            self._handle.set_str(key, "".join(chr(97 + (seed + index * 7) % 26) for index in range(length)))
        elif kind == "set_blob":
            key, length, seed = arguments
            self._handle.set_blob(key, bytes((seed + index * 31) % 256 for index in range(length)))
        else:
            value = getattr(self._handle, kind)(*arguments)
            if kind == "get_u32":
                self._lines.append(f"= {value}")
            elif kind.startswith("get_"):
                self._lines.append(f"= {sum_of(value.encode() if isinstance(value, str) else value)}")


def sum_of(data: bytes) -> str:
    total = 0
    for byte in data:
        total = (total * 31 + byte) % (1 << 32)
    return f"{len(data)} {total}"


@cache
def journal(history: int) -> Journal:
    """Return all flash operations of a history, which are those of the original by the first test."""
    chip = FlashChip(HISTORIES[history]["pages"] * PAGE_BYTES)
    chip.journal = recorded = Journal(chip.snapshot())
    list(Store(chip).answers(HISTORIES[history]["steps"]))
    return recorded


def chip_after(history: int, operations: int) -> FlashChip:
    return FlashChip.from_snapshot(next(islice(journal(history).states(), operations, None)))


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: f"{history['pages']}-pages")
def test_every_step_writes_and_returns_what_the_original_does(history: dict[str, Any]) -> None:
    chip = FlashChip(history["pages"] * PAGE_BYTES)
    assert list(Store(chip).answers(history["steps"])) == history["answers"]


def test_the_histories_collect_garbage_again_and_again() -> None:
    for index in range(len(HISTORIES)):
        assert sum(operation.kind == "erase" for operation in journal(index).operations) >= 4


@pytest.mark.parametrize("cut", GOLDEN["cuts"], ids=lambda cut: f"{cut['history']}-{cut['operation']}-{cut['bytes']}")
def test_a_power_cut_is_recovered_from_as_in_the_original(cut: dict[str, Any]) -> None:
    before = chip_after(cut["history"], cut["operation"]).snapshot()
    operation = journal(cut["history"]).operations[cut["operation"]]
    chip = FlashChip.from_snapshot(torn(before, operation, cut["bytes"]))
    assert list(Store(chip).answers(HISTORIES[cut["history"]]["afterwards"])) == cut["answers"]


@pytest.mark.parametrize("row", GOLDEN["damaged"], ids=lambda row: f"{row['history']}-{row['operation']}")
def test_damage_is_met_as_in_the_original(row: dict[str, Any]) -> None:
    contents = bytearray(chip_after(row["history"], row["operation"]).to_bytes())
    for offset, value, mended in row["changes"]:
        contents[offset] = value
        if mended:
            mend_crc(contents, offset=offset)
    chip = FlashChip(len(contents), bytes(contents))
    assert list(Store(chip).answers(HISTORIES[row["history"]]["afterwards"])) == row["answers"]
