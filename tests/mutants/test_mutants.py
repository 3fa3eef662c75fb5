"""The catalogue of defects is current, the table says what is in it, and a sample of them is found."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.mutants.__main__ import Kept
from tests.mutants.catalogue import MUTANTS, SECTIONS
from tests.mutants.checks import Finding, Verdict, run_sweeps, run_test
from tests.mutants.mutant import ROOT, Mutant
from tests.mutants.table import PAGE, read, render

#: One of each section and what is most important; all of them takes `make mutants` some minutes.
SAMPLE = (
    "rollback-marks-the-other-entry",
    "both-entries-erased-first",
    "noted-before-it-is-there",
    "nvs-old-value-kept",
    "spiffs-deleted-before-moved",
    "rtc-stack-kept-over-a-restart",
)

each_mutant = pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))


@cache
def functions_in(path: Path) -> list[str]:
    """Return the names of the functions of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_every_defect_has_a_name_of_its_own() -> None:
    assert len(MUTANTS) == sum(map(len, SECTIONS.values())) >= 30


@each_mutant
def test_every_snippet_is_in_its_file_exactly_once_and_the_changed_code_is_python(mutant: Mutant) -> None:
    source = mutant.path.read_text(encoding="utf-8")
    changed = mutant.apply(source)
    assert changed != source
    ast.parse(changed)


@each_mutant
def test_the_test_of_every_defect_exists(mutant: Mutant) -> None:
    path, _, name = mutant.test.partition("::")
    assert functions_in(ROOT / "tests" / path).count(name.partition("[")[0]) == 1


def test_the_table_is_what_the_catalogue_says_and_no_defect_survives() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = read(page)
    assert {name: row["test"] for name, row in rows.items()} == {name: each.test for name, each in MUTANTS.items()}
    assert render(rows) == page, "make mutants writes it anew"


def test_a_run_that_was_stopped_goes_on_unless_a_file_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "build" / "kept.json"
    found, missed = Finding(Verdict.FOUND, "values"), Finding(Verdict.MISSED)
    kept = Kept(path)
    kept.add("tie-reversed", "test", found)
    kept.add("tie-reversed", "sweep", missed)
    assert Kept(path).findings == {"tie-reversed": {"test": found, "sweep": missed}}
    path.write_text(path.read_text(encoding="utf-8").replace('{"files": "', '{"files": "0'), encoding="utf-8")
    assert Kept(path).findings == {}


def test_a_snippet_that_is_not_there_is_told() -> None:
    mutant = MUTANTS["tie-reversed"]
    with pytest.raises(ValueError, match=r"tie-reversed: 0 times in formats/otadata.py, not once: "):
        mutant.apply("def active_index(): ...")


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_the_defects_of_a_sample_are_found_by_their_tests(name: str) -> None:
    assert run_test(MUTANTS[name].test, name).verdict is Verdict.FOUND


@pytest.mark.real
@pytest.mark.slow
def test_without_a_defect_nothing_is_found_and_a_test_that_is_not_there_finds_nothing_either() -> None:
    test = MUTANTS["tie-reversed"].test
    assert run_test(test, "-").verdict is Verdict.MISSED
    assert run_test(f"{test}_or_so", "-").verdict is Verdict.BROKEN
    assert run_sweeps("-", "values").verdict is Verdict.MISSED


@pytest.mark.real
@pytest.mark.slow
def test_a_value_that_is_erased_before_the_new_one_is_written_is_found_by_a_sweep_too() -> None:
    assert run_sweeps("nvs-old-blob-erased-first", "values").by == "values"
