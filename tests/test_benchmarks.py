"""Every benchmark runs and says something plausible. How fast anything is depends on the machine, and is not tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import SUBJECTS
from benchmarks.report import BEGIN, END, README, Row, at_most, table, write_table
from benchmarks.timing import QUICK

#: The least and the most that a unit can sensibly show, on any machine and however little is measured.
PLAUSIBLE = {
    "times the bare limit": (1, 1000),
    "% more": (-90, 1000),
    "of nginx's rate": (0.01, 20),
    "times as fast": (0.2, 10),
    "/s": (0.1, 1e8),
    "KB": (-10_000, 50_000),
    "s": (0.01, 60),
    "ms": (0.001, 60_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_benchmark_measures_something_plausible(subject: str) -> None:
    rows = SUBJECTS[subject](QUICK)
    assert rows
    for row in rows:
        least, most = PLAUSIBLE[row.unit]
        assert least < row.value < most, row


def test_the_table_names_value_aim_and_detail() -> None:
    rows = [
        Row(what="one", value=7.123, unit="ms", aim=at_most(8), detail="of two"),
        Row(what="another", value=123456.7, unit="/s"),
    ]
    assert table(rows).splitlines()[2:] == [
        "| one | 7.12 ms | at most 8 ms | of two |",
        "| another | 123,457 /s |  |  |",
    ]


def test_a_new_table_takes_the_place_of_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_table(readme, "new")
    assert readme.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


def test_a_readme_without_a_place_for_the_table_is_left_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"{BEGIN}\nno end\n")
    with pytest.raises(ValueError, match="lost its markers"):
        write_table(readme, "new")
    assert readme.read_text() == f"{BEGIN}\nno end\n"


def test_the_readme_has_a_place_for_the_table() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
