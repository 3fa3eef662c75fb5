"""Our partition tables against ESP-IDF's own generator, both ways, and its complaints against ours.

Two generators are asked. Version 1.5, of today's ESP-IDF, runs here; the package ``esp-test-utils`` carries it. Version
1.2 is the one that Lua RTOS builds with; its answers are in ``data/gen-esp32part.jsonl.gz``.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import io
import json
import re
import runpy
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulator.boards import all_boards, load_board
from simulator.errors import DescriptionError
from simulator.formats import PartitionTable, PartitionTableError
from simulator.units import MIB
from tests.against_reference.golden import golden

ROWS: list[dict[str, Any]] = [json.loads(line) for line in golden("gen-esp32part.jsonl").splitlines()]
LAYOUTS = [
    pytest.param(board, factory, id=f"{board.id}-{'with' if factory else 'without'}-factory")
    for board in all_boards()
    for factory in (False, True)
]

#: What the generator complains of, by what we say of it.
MEANINGS = {
    "Size field can't be empty": r"Size field can't be empty",
    "Field 'type' can't be left empty": r"Field 'type' can't be left empty",
    "is not valid. Known keywords": r"is not valid\. Known keywords",
    "Invalid field value": r"Invalid field value",
    "unknown flag": r"unknown flag",
    "unknown variable": r"unknown variable",
    "overlap": r"overlap",
    "is not aligned to": r"is not aligned to",
    "must be unique": r"must be unique",
    "does not fit in configured flash size": r"does not fit in configured flash size",
    "longer than max": r"longer than max",
}
#: We see these at the first look at a line; the generator fails later, or crashes when it packs the row.
SEEN_EARLIER = ("is one byte", "is no 32-bit number", "Invalid field value -")

WRONG_FILES = {
    "a,data,nvs,0x9000,": "Size field can't be empty",
    "a,,nvs,0x9000,0x3000": "Field 'type' can't be left empty.",
    "a,app,foo,0x10000,0x1000": "Value 'foo' is not valid. Known keywords: factory, test",
    "a,data,nvs,0x9000,1Q": "Invalid field value 1Q",
    "a,data,nvs,010,0x3000": "Invalid field value 010",
    "a,data,nvs,0x9000,0x3000,foo": "CSV flag column contains unknown flag 'foo'",
    "$FOO,data,nvs,0x9000,0x3000": "unknown variable 'FOO'",
    "a,data,nvs,0x8000,0x3000": "overlap",
    "a,data,nvs,0x9000,0x3000\nb,data,phy,0xb000,0x1000": "Partitions overlap.",
    "a,app,factory,0x11000,0x10000": "Offset 0x11000 is not aligned to 0x10000",
    "a,data,nvs,0x9000,0x3000\na,data,phy,0xc000,0x1000": "Partition names must be unique",
    "a,app,factory,0x10000,5M": "which does not fit in configured flash size 4MB",
    "\n".join(f"p{number},0x40,0,,4K" for number in range(95)): "Binary partition table length (3072) longer than",
}


@dataclass(frozen=True)
class Ran:
    """What the generator answered; ``out`` is the file it wrote."""

    code: int
    out: bytes
    says: str


def generator(input_file: Path, *options: str) -> Ran:
    """Run the generator that is installed, as its command line would."""
    found = importlib.util.find_spec("esptest")
    assert found is not None, "gen_esp32part is missing: pip install 'esp-test-utils>=0.6.5,<0.7'"
    assert found.origin is not None
    output = input_file.with_suffix(".out")
    output.unlink(missing_ok=True)
    arguments, said, code = sys.argv, io.StringIO(), 0
    sys.argv = ["gen_esp32part.py", "-q", *options, str(input_file), str(output)]
    script = Path(found.origin).parent / "utility" / "gen_esp32part.py"
    with contextlib.redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its input open
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as exited:
            code = int(exited.code or 0)
        finally:
            sys.argv = arguments
    return Ran(code, output.read_bytes() if code == 0 else b"", said.getvalue())


def ours(csv: str, options: list[str]) -> tuple[bytes | None, list[str], str]:
    """Return our binary table, its warnings, and what is wrong with the CSV."""
    size = int(options[options.index("--flash-size") + 1][:-2]) * MIB if "--flash-size" in options else None
    try:
        table = PartitionTable.from_csv(csv, secure="--secure" in options, flash_size_bytes=size)
        return table.to_bytes(md5="--disable-md5sum" not in options), table.warnings(), ""
    except (DescriptionError, PartitionTableError) as error:
        return None, [], str(error)


@pytest.mark.parametrize(("board", "factory"), LAYOUTS)
def test_table_of_every_board_is_that_of_the_generator_byte_for_byte_in_both_directions(
    board: Any, factory: bool, tmp_path: Path
) -> None:
    table = board.partition_table(factory)
    csv, binary = tmp_path / "partitions.csv", tmp_path / "table.bin"
    csv.write_text(board.partition_csv(factory))
    built = generator(csv, "--flash-size", f"{board.flash_size_bytes // MIB}MB")
    assert (built.code, built.out) == (0, table.to_bytes()), built.says
    binary.write_bytes(table.to_bytes())
    read = generator(binary)
    _, theirs = read.out.decode().split("\n", 1)  # their headline changed its words
    assert theirs == table.to_csv().split("\n", 1)[1]
    assert PartitionTable.from_csv(read.out.decode()) == PartitionTable.from_bytes(built.out) == table


@pytest.mark.parametrize(("board", "factory"), LAYOUTS)
def test_table_of_every_board_is_that_of_lua_rtos_build_byte_for_byte_in_both_directions(
    board: Any, factory: bool
) -> None:
    row = next(row for row in ROWS if row.get("board") == board.id and row["factory"] == factory)
    table = board.partition_table(factory)
    assert board.partition_csv(factory) == row["csv"]
    assert table.to_bytes() == base64.b64decode(row["table"]).ljust(0xC00, b"\xff")
    assert table.to_csv() == row["back"]


def test_files_that_the_generator_of_lua_rtos_takes_become_the_same_bytes_and_warnings() -> None:
    accepted = [row for row in ROWS if row["exit"] == 0]
    different = []
    for row in accepted:
        table, warns, says = ours(row["csv"], row["options"])
        theirs = base64.b64decode(row["table"]).ljust(0xC00, b"\xff")
        warned = re.findall(r"^WARNING: (.*)$", row["says"], re.MULTILINE)
        if (table, warns) != (theirs, warned):
            different.append((row, says))
    assert different == []
    assert len(accepted) >= 491


def test_files_that_the_generator_of_lua_rtos_refuses_are_refused_for_the_same_reason() -> None:
    refused = [row for row in ROWS if row["exit"] != 0]
    different = []
    met = set()
    for row in refused:
        table, _, says = ours(row["csv"], row["options"])
        theirs = {meaning for meaning, words in MEANINGS.items() if re.search(words, row["says"])}
        crashed = row["exit"] == 1
        met |= theirs
        same = bool(theirs) and all(re.search(MEANINGS[meaning], says) for meaning in theirs)
        if table is not None or not (same or any(words in says for words in SEEN_EARLIER)) or crashed == bool(theirs):
            different.append((row["csv"], row["says"], says))
    assert different == []
    assert len(refused) >= 649
    assert met == set(MEANINGS)


@pytest.mark.parametrize(("csv", "words"), WRONG_FILES.items())
def test_a_wrong_file_is_refused_today_and_by_us_in_the_same_words(csv: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "partitions.csv"
    file.write_text(csv)
    options = ["--flash-size", "4MB"] if "5M" in csv else []
    theirs = generator(file, *options)
    table, _, says = ours(csv, options)
    assert (theirs.code, table) == (2, None)
    assert words in theirs.says
    assert words in says


@pytest.mark.parametrize(
    ("changes", "length", "theirs", "ours_"),
    [
        ({5: 1}, 0xC00, "MD5 checksums don't match!", "Incorrect MD5 checksum"),
        ({33: 0x51}, 0xC00, "Invalid magic bytes", "partition 1 invalid magic number 0x51aa"),
        ({}, 192, "missing an end-of-table marker", "no terminating entry"),
        ({}, 200, "must be a multiple of 32 bytes", "no terminating entry"),
    ],
)
def test_a_wrong_binary_table_is_refused_by_the_generator_and_by_the_bootloader(
    changes: dict[int, int], length: int, theirs: str, ours_: str, tmp_path: Path
) -> None:
    table = bytearray(load_board("N1ESP32-OTA").partition_table().to_bytes()[:length])
    for offset, value in changes.items():
        table[offset] = value
    file = tmp_path / "table.bin"
    file.write_bytes(table)
    refused = generator(file)
    assert refused.code == 2
    assert theirs in refused.says
    with pytest.raises(PartitionTableError, match=ours_):
        PartitionTable.from_bytes(bytes(table))
