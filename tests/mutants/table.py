"""The table of ``docs/mutants.md``: written by ``make mutants``, read by the tests that hold it true."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tests.mutants.catalogue import MUTANTS, SECTIONS
from tests.mutants.checks import CHECKS
from tests.mutants.mutant import ROOT, Mutant

PAGE: Final = ROOT / "docs" / "mutants.md"

Row = dict[str, str]
"""Who found a defect, by check; empty if that check did not."""

_MISSED: Final = "no"
_ROW: Final = re.compile(r"^\| `([\w-]+)`<br>(.*) \|$", re.MULTILINE)

_HEAD: Final = """\
# Seeded defects

Does anything notice when the code that must not fail is wrong? Here are {count} defects that a programmer could have
made in it, one at a time, and what found each. They are in `tests/mutants/`: each is a snippet of a module and what
stands there instead. A process of its own compiles the module with the change and runs a check on it. No file of
`simulator/` is touched, and nothing of this is in what is installed.

- **Test** is the narrowest test that fails. There has to be one for every defect, and it has to fail by what it
  asserts: code that does not run at all does not count.
- **Sweep** is which small sweeps find something broken (`tests/mutants/sweeps.py`): a stock and a hardened update, one
  of a board that runs from another slot than the selected one, values in NVS while garbage is collected, files on
  littlefs and on SPIFFS, each with the power cut before, in the middle of and after every flash operation. There is
  one for {swept} of the defects. A sweep looks at what becomes of a board, so it misses what needs more than a cut to
  show (damage, an attack, a firmware that is bad), and what a second line of defence makes good.

`make mutants` runs all of it and writes this page; `tests/mutants/test_mutants.py` keeps snippets and table current
and repeats a sample.
"""


def render(rows: Mapping[str, Row]) -> str:
    """Return the page for what was found."""
    parts = [_HEAD.format(count=len(MUTANTS), swept=sum(bool(row["sweep"]) for row in rows.values()))]
    for title, mutants in SECTIONS.items():
        parts.append(f"\n## {title}\n\n| Defect | In | {' | '.join(map(str.capitalize, CHECKS))} |\n")
        parts.append(f"|{' --- |' * (2 + len(CHECKS))}\n")
        parts += [_line(mutant, rows[mutant.name]) for mutant in mutants]
    return "".join(parts)


def read(page: str) -> dict[str, Row]:
    """Return what a page says was found."""
    rows = {}
    for name, rest in _ROW.findall(page):
        cells = rest.split(" | ")[2:]
        rows[name] = {
            check: "" if cell == _MISSED else cell.strip("`") for check, cell in zip(CHECKS, cells, strict=True)
        }
    return rows


def _line(mutant: Mutant, row: Row) -> str:
    test, sweep = (row[check] or _MISSED for check in CHECKS)
    return f"| `{mutant.name}`<br>{mutant.wrong} | `{mutant.file}` | `{test}` | {sweep} |\n"
