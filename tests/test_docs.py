"""The numbers in the documentation are those of the tests."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from math import prod
from types import ModuleType
from typing import Any

from simulator.boards import all_boards
from tests.against_reference import (
    test_against_espefuse,
    test_against_espsecure,
    test_against_esptool,
    test_against_esptool_merge,
    test_against_gen_esp32part,
    test_against_littlefs_tool,
    test_against_nvs_tools,
    test_updates_signed_by_espsecure,
)
from tests.against_reference.golden import golden
from tests.filesystem import test_spiffs_golden
from tests.fuzz.targets import TARGETS
from tests.helpers import ROOT
from tests.nvs import test_nvs_golden

FORMATS = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def rows(*, columns: int) -> dict[str, list[str]]:
    """Return the cells of the tables with so many columns, by that of the first one, without the headlines."""
    lines = re.findall(r"^\| (.*) \|$", FORMATS, re.MULTILINE)
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    found = [row for row in cells if len(row) == columns and not row[0].startswith("---")]
    return {row[0]: row[1:] for row in found[1:]}


# -- what the tests are given -----------------------------------------------------------------------------------------


def functions_of(module: ModuleType) -> dict[str, Callable[..., None]]:
    return {name: value for name, value in vars(module).items() if name.startswith("test_")}


def marked(test: Callable[..., None]) -> int:
    """Return how many cases the parameters of a test are."""
    marks = getattr(test, "pytestmark", [])
    return prod(len(list(mark.args[1])) for mark in marks if mark.name == "parametrize")


def cases(module: ModuleType, name: str) -> int:
    (test,) = (test for each, test in functions_of(module).items() if each.startswith(f"test_{name}"))
    return marked(test)


def calling(module: ModuleType, words: str) -> int:
    """Return how many tests of a module have ``words`` in their code."""
    return sum(words in inspect.getsource(test) for test in functions_of(module).values())


def generator_rows(*, accepted: bool) -> list[Any]:
    lines = [json.loads(line) for line in golden("gen-esp32part.jsonl").splitlines()]
    return [row for row in lines if (row["exit"] == 0) == accepted]


def decisions() -> int:
    data = json.loads(golden("boot-decisions.json"))
    return sum(len(row) for config in data["cases"].values() for pairs in config.values() for row in pairs)


def nvs_values() -> int:
    tools = test_against_nvs_tools
    return len({*tools.INTEGERS, *tools.TEXTS, *tools.SMALL_BLOBS, *tools.LARGE_BLOBS, *tools.MANY})


def nvs_dump() -> int:
    tools = test_against_nvs_tools
    return len([*tools.INTEGERS, *tools.TEXTS, *tools.SMALL_BLOBS, *tools.LARGE_BLOBS[:3]])


# -- what the tables say ----------------------------------------------------------------------------------------------


def numbers_by_format() -> Iterator[tuple[str, list[int]]]:
    """Yield the name of each format and the numbers that its row has, from left to right."""
    tables, taken = 2 * len(all_boards()), len(generator_rows(accepted=True))
    generator = test_against_gen_esp32part
    wrong = cases(generator, "a_wrong_file"), cases(generator, "a_wrong_binary_table")
    yield "partition table, binary and CSV", [tables, tables, *wrong]
    refused = len(generator_rows(accepted=False))
    yield "partition table as Lua RTOS builds it", [tables, taken - tables, refused, tables]
    made = calling(test_against_esptool, "image_by_esptool(")
    seen = [cases(test_against_esptool, name) for name in ("esptool_accepts", "segments_of_the_bootloader")]
    yield "image: header, segments, checksum, digest, app descriptor", [made, sum(seen, 1)]
    merged = cases(test_against_esptool_merge, "parts_taken_out")
    yield "whole flash", [merged, merged]
    signed = [cases(test_against_espsecure, f"we_accept_what_espsecure_signs_for_v{version}") for version in (1, 2)]
    ours = [cases(test_against_espsecure, name) for name in ("we_can_sign", "the_digest_of_the_bootloader")]
    yield "signatures of secure boot v1 and v2", [sum(signed), *ours]
    versions, updates = len(test_updates_signed_by_espsecure.VERSIONS), functions_of(test_updates_signed_by_espsecure)
    yield "signed updates", [versions * len(updates), versions, versions]
    read_by_espefuse = sum(name.startswith("test_espefuse") for name in functions_of(test_against_espefuse))
    yield "eFuses", [len(functions_of(test_against_espefuse)) - read_by_espefuse, read_by_espefuse]
    nvs = cases(test_against_nvs_tools, "reads_what"), nvs_values(), cases(test_against_nvs_tools, "goes_on")
    yield "NVS, pages and CSV", [*nvs, nvs_dump()]
    golden_nvs = test_nvs_golden.GOLDEN
    steps = sum(len(history["steps"]) for history in golden_nvs["histories"])
    rows = [len(golden_nvs["cuts"]), len(golden_nvs["damaged"]), steps, len(golden_nvs["histories"])]
    yield "NVS, every flash operation", rows
    images, histories = len(list(test_spiffs_golden.DATA.glob("*.img.gz"))), test_spiffs_golden.histories()
    same = cases(test_spiffs_golden, "the_same_writes")
    steps = sum(len(history["steps"]) for history in histories)
    yield "SPIFFS", [images, len(test_spiffs_golden.FILES), same, steps, len(histories)]
    boards = len(test_against_littlefs_tool.BOARDS)
    yield "littlefs", [boards, len(test_against_littlefs_tool.FILES), boards]
    rows = [len(golden(f"{name}.jsonl").splitlines()) for name in ("otadata", "image", "ptable")]
    yield "otadata, image and table at a boot, v5.2", rows
    yield "otadata at a boot, v4.0, with rollback and anti-rollback", [decisions()]


def numbers_in(text: str) -> list[int]:
    """Return the numbers of things in a text: no versions, no names in code."""
    plain = re.sub(r"`[^`]*`|\bv\d[\w.]*", "", text)
    return [int(number.replace(",", "")) for number in re.findall(r"\d+(?:,\d{3})*", plain)]


def test_every_number_in_the_table_of_formats_is_that_of_the_tests() -> None:
    said = {name: numbers_in(theirs + ours) for name, (_, theirs, ours, _) in rows(columns=5).items()}
    assert said == dict(numbers_by_format())


def test_the_table_of_formats_names_tests_that_exist() -> None:
    for *_, test in rows(columns=5).values():
        assert len(list((ROOT / "tests").rglob(f"{test.strip('`')}.py"))) == 1, test


def test_every_target_of_the_long_run_is_in_the_table_and_the_total_is_right() -> None:
    """The counts are those of a run by hand; a target that is new since is missed here."""
    said = {name: int(count.replace(",", "")) for name, (count, _) in rows(columns=3).items()}
    assert set(said) == {target.name for target in TARGETS} | {"total"}
    total = said.pop("total")
    assert total == sum(said.values()) >= 200_000
    assert [said[target.name] for target in TARGETS] == [total * target.share // 100 for target in TARGETS]
    assert f"{total:,} hostile inputs" in FORMATS
    assert f"{total:,} hostile inputs" in README
