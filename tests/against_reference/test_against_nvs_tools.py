"""What Espressif's partition generator writes is what our NVS reads, and our CSV is what it reads."""

from __future__ import annotations

import base64
import csv
import importlib.util
from pathlib import Path

import pytest

from simulator.flash import FlashChip, Nvs, PartitionView
from simulator.formats import Partition
from simulator.formats.nvs import INTEGER_TYPES
from simulator.nvs import NvsEntry, from_csv, to_csv
from tests.helpers import run_python

pytestmark = pytest.mark.real

PATTERN = bytes(range(256))

INTEGERS = [
    NvsEntry("integers", f"{name}_{which}", name, value)
    for name, type_ in INTEGER_TYPES.items()
    for which, value in (
        ("min", -(1 << (8 * (type_ & 0x0F) - 1)) if type_ & 0x10 else 0),
        ("max", (1 << (8 * (type_ & 0x0F) - bool(type_ & 0x10))) - 1),
    )
]
TEXTS = [NvsEntry("texts", f"t{size}", "string", "x" * size) for size in (0, 1, 30, 31, 32, 33, 63, 64, 1000, 1900)] + [
    NvsEntry("texts", "utf8", "string", 'größe, "quoted"\nand a second line')
]
SMALL_BLOBS = [NvsEntry("blobs", f"b{size}", "blob", (PATTERN * 8)[:size]) for size in (1, 31, 32, 33, 400, 1984)]
LARGE_BLOBS = [
    NvsEntry("blobs", f"b{size}", "blob", (PATTERN * 64)[:size]) for size in (3967, 3968, 4000, 4001, 9000, 15000)
]
MANY = [NvsEntry(f"n{number % 40}", f"k{number}", "u32", number) for number in range(600)]


def generate(folder: Path, text: str, size_bytes: int, version: int) -> bytes:
    assert importlib.util.find_spec("esp_idf_nvs_partition_gen"), (
        "esp_idf_nvs_partition_gen is not installed; it is in the package esp-idf-nvs-partition-gen of the extra dev"
    )
    (folder / "values.csv").write_text(text, encoding="utf-8")
    finished = run_python(
        *("-m", "esp_idf_nvs_partition_gen", "generate", folder / "values.csv", "out.bin", hex(size_bytes)),
        *("--version", str(version), "--outdir", folder),
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return (folder / "out.bin").read_bytes()


def start(contents: bytes) -> tuple[FlashChip, Nvs]:
    chip = FlashChip(len(contents), contents)
    nvs = Nvs(PartitionView(chip, Partition("nvs", 1, 2, 0, len(contents))))
    nvs.init()
    return chip, nvs


def by_key(entries: list[NvsEntry]) -> dict[tuple[str, str], NvsEntry]:
    return {(entry.namespace, entry.key): entry for entry in entries}


@pytest.mark.parametrize(
    ("entries", "size_bytes", "version"),
    [
        pytest.param(INTEGERS + TEXTS + SMALL_BLOBS, 0x6000, 2, id="every type, v2"),
        pytest.param(INTEGERS + TEXTS + SMALL_BLOBS, 0x6000, 1, id="every type, v1"),
        pytest.param(INTEGERS + LARGE_BLOBS, 0x10000, 2, id="blobs over pages"),
        pytest.param(sorted(MANY, key=lambda entry: entry.namespace), 0x8000, 2, id="many keys"),
    ],
)
def test_reads_what_the_generator_wrote(tmp_path, entries, size_bytes, version):
    contents = generate(tmp_path, to_csv(entries), size_bytes, version)
    assert len(contents) == size_bytes
    chip, nvs = start(contents)
    assert list(nvs.entries()) == entries
    assert chip.operation_count == 0
    for entry in entries:
        handle = nvs.open(entry.namespace, read_only=True)
        getter = {"string": "get_str", "blob": "get_blob"}.get(entry.type, f"get_{entry.type}")
        assert getattr(handle, getter)(entry.key) == entry.value, entry.key


@pytest.mark.parametrize("version", [1, 2])
def test_goes_on_where_the_generator_stopped(tmp_path, version):
    entries = INTEGERS + TEXTS + SMALL_BLOBS
    chip, nvs = start(generate(tmp_path, to_csv(entries), 0x8000, version))
    for turn in range(3):
        for entry in entries:
            nvs.put(entry)
        nvs.open("new").set_u8("turn", turn)
    expected = by_key([*entries, NvsEntry("new", "turn", "u8", 2)])
    assert by_key(list(nvs.entries())) == expected
    assert by_key(list(start(chip.to_bytes())[1].entries())) == expected


def test_a_dump_of_ours_goes_through_the_generator_and_back(tmp_path):
    _, nvs = start(b"\xff" * 0x10000)
    for entry in INTEGERS + TEXTS + SMALL_BLOBS + LARGE_BLOBS[:3]:
        nvs.put(entry)
    dump = list(nvs.entries())
    _, other = start(generate(tmp_path, to_csv(dump), 0x10000, 2))
    assert list(other.entries()) == dump


def test_every_encoding_means_the_same_to_both(tmp_path):
    (tmp_path / "blob.bin").write_bytes(PATTERN)
    (tmp_path / "blob.hex").write_text(PATTERN.hex())
    (tmp_path / "text.txt").write_text("a text in a file")
    rows = [
        ("key", "type", "encoding", "value"),
        ("ns", "namespace", "", ""),
        ("binary", "data", "binary", "as it is"),
        ("hex", "data", "hex2bin", PATTERN.hex()),
        ("base64", "data", "base64", base64.b64encode(PATTERN).decode()),
        ("text", "data", "string", "a text"),
        ("file_binary", "file", "binary", str(tmp_path / "blob.bin")),
        ("file_hex", "file", "hex2bin", str(tmp_path / "blob.hex")),
        ("file_text", "file", "string", str(tmp_path / "text.txt")),
    ]
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    text = (tmp_path / "rows.csv").read_text()
    _, nvs = start(generate(tmp_path, text, 0x4000, 2))
    assert from_csv(text, read_file=lambda name: Path(name).read_bytes()) == list(nvs.entries())
