"""``python -m benchmarks``: measure everything, print the table and write it into the README.

With names of subjects, or with ``--quick``, it only prints.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Final

from benchmarks import flash, lua, memory, ota, power_on, replay, scenarios, serving, start, sweep
from benchmarks.report import README, Row, machine, table, write_table
from benchmarks.timing import FULL, QUICK, Effort

SUBJECTS: Final[dict[str, Callable[[Effort], list[Row]]]] = {
    "ota": ota.measure,
    "power_on": power_on.measure,
    "memory": memory.measure,
    "start": start.measure,
    "lua": lua.measure,
    "flash": flash.measure,
    "serving": serving.measure,
    "sweep": sweep.measure,
    "scenarios": scenarios.measure,
    "replay": replay.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("subjects", nargs="*", choices=[*SUBJECTS, []], metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--quick", action="store_true", help="measure as little as possible")
    arguments = parser.parse_args()
    effort = QUICK if arguments.quick else FULL
    rows = [row for name in arguments.subjects or SUBJECTS for row in SUBJECTS[name](effort)]
    text = f"{machine()}\n\n{table(rows)}"
    print(text)
    if not arguments.subjects and not arguments.quick:
        write_table(README, text)


if __name__ == "__main__":
    main()
