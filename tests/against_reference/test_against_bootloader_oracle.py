"""Our bootloader against answers of a real one: ESP-IDF v5.2-dev behind the real mask ROM, run in an emulator.

What the rows mean is described in ``data/README.md``. Their logs lack the lines of the start, the partition listing,
the segments and the random number generator, so those are left out of ours too before they are compared.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from simulator.boot import boot
from simulator.formats import ImageState, SelectEntry
from simulator.formats.partition_table import TABLE_OFFSET
from tests.against_reference.golden import golden

SECTOR = 4096
NOT_IN_THE_ROWS = re.compile(
    r"I boot: (ESP-IDF |compile time |Multicore bootloader|chip revision: |Enabling RNG |Disabling RNG "
    r"|Partition Table:|## |[ \d]\d |End of partition table)"
    r"|I boot\.esp32: SPI |I esp_image: segment "
)


@dataclass(frozen=True)
class Bench:
    """The pieces that flash images are put together from, and one blank flash to do it in."""

    images: dict[str, bytes]
    tables: dict[bool, bytes]
    offsets: dict[str, int]
    blank: bytearray

    def disagreement(self, parts: dict[int, bytes], row: dict[str, Any]) -> str | None:
        """Boot a flash of ``parts`` and return in what it differs from the row's result, None if in nothing."""
        for offset, part in parts.items():
            self.blank[offset : offset + len(part)] = part
        result = boot(self.blank, "v5.2")
        for offset, part in parts.items():
            self.blank[offset : offset + len(part)] = b"\xff" * len(part)
        otadata = self.offsets["otadata"]
        ours = {
            "loaded": None if result.offset is None else hex(result.offset),
            "log": [line for line in result.log if not NOT_IN_THE_ROWS.match(line)],
            "otadata_after": [result.flash[start : start + 32].hex() for start in (otadata, otadata + SECTOR)],
        }
        return None if ours == row["result"] else f"{row}\nours: {ours}"


@pytest.fixture(scope="module")
def bench() -> Bench:
    base = json.loads(golden("base.json"))
    return Bench(
        images={name: zlib.decompress(base64.b64decode(text)) for name, text in base["images_zlib_b64"].items()},
        tables={
            True: bytes.fromhex(base["partition_table_with_factory_hex"]),
            False: bytes.fromhex(base["partition_table_without_factory_hex"]),
        },
        offsets=base["offsets"],
        blank=bytearray(b"\xff" * base["flash_size"]),
    )


def rows(name: str) -> Iterator[dict[str, Any]]:
    for line in golden(name).splitlines():
        yield json.loads(line)


def select_entry(description: dict[str, Any] | None) -> bytes:
    if description is None:
        return b"\xff" * 32
    entry = SelectEntry.make(description["seq"], ImageState[description["state"]])
    broken = SelectEntry(entry.ota_seq, entry.ota_state, entry.crc ^ bool(description.get("bad_crc")))
    return broken.to_bytes()


def test_otadata_decides_as_in_the_real_bootloader(bench: Bench) -> None:
    otadata = bench.offsets["otadata"]
    found = []
    for row in rows("otadata.jsonl"):
        first, second = (select_entry(entry) for entry in row["otadata"])
        parts = {
            TABLE_OFFSET: bench.tables[row["factory"] != "absent"],
            otadata: first,
            otadata + SECTOR: second,
        }
        for label, letter in (("factory", "F"), ("ota_0", "0"), ("ota_1", "1")):
            if row[label] not in {"absent", "erased"}:
                name = letter if row[label] == "valid" else f"{letter}_{row[label]}"
                parts[bench.offsets[label]] = bench.images[name]
        found.append(bench.disagreement(parts, row))
    assert len(found) >= 650
    assert [text for text in found if text] == []


def test_broken_images_are_refused_as_by_the_real_bootloader(bench: Bench) -> None:
    otadata = bench.offsets["otadata"]
    found = []
    for row in rows("image.jsonl"):
        image = bytearray(bench.images["0"])
        if row["kind"] == "truncate":
            image = image[: row["mutation"]]
        else:
            for offset, value in row["mutation"]:
                image[offset] = value
        parts = {
            TABLE_OFFSET: bench.tables[False],
            otadata: SelectEntry.make(1, ImageState.UNDEFINED).to_bytes(),
            bench.offsets["ota_0"]: bytes(image),
            bench.offsets["ota_1"]: bench.images["1"],
        }
        found.append(bench.disagreement(parts, row))
    assert len(found) >= 205
    assert [text for text in found if text] == []


def test_broken_tables_are_read_as_by_the_real_bootloader(bench: Bench) -> None:
    md5_row = 5 * 32
    found = []
    for row in rows("ptable.jsonl"):
        table = bytearray(bench.tables[True])
        for offset, value in row["mutation"]:
            table[offset] = value
        if row["kind"] == "ptable_md5fix":
            table[md5_row + 16 : md5_row + 32] = hashlib.md5(table[:md5_row]).digest()
        parts = {TABLE_OFFSET: bytes(table)}
        for label, letter in (("factory", "F"), ("ota_0", "0"), ("ota_1", "1")):
            parts[bench.offsets[label]] = bench.images[letter]
        found.append(bench.disagreement(parts, row))
    assert len(found) >= 618
    assert [text for text in found if text] == []
