"""The long form of the property tests: ``python -m tests.fuzz --examples 200000``, or ``make fuzz``.

Prints a line for each target: how many examples it got, how long that took, and what was found. Exits with 1 if
anything was.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.targets import TARGETS, Target


def run(target: Target, examples: int, random_seed: int) -> tuple[int, str]:
    """Give ``target`` so many examples; return how many it got, and what went wrong in the smallest failing one."""
    count = 0

    @seed(random_seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(target.strategy)
    def property_(example: Any) -> None:
        nonlocal count
        count += 1
        target.check(example)

    try:
        property_()
    except Exception:
        return count, traceback.format_exc()
    return count, ""


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description="Hostile bytes for everything that reads bytes.")
    parser.add_argument("--examples", type=int, default=200_000, help="in total (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the examples (default: %(default)s)")
    parser.add_argument("--only", metavar="NAME", help="one target: " + ", ".join(target.name for target in TARGETS))
    options = parser.parse_args()
    total, failed = 0, False
    for target in TARGETS:
        if options.only not in (None, target.name):
            continue
        wanted = options.examples if options.only else options.examples * target.share // 100
        started = time.monotonic()
        count, found = run(target, wanted, options.seed)
        total += count
        failed |= bool(found)
        verdict = "FAILED" if found else "ok"
        sys.stdout.write(f"{target.name:26} {count:8} examples {time.monotonic() - started:8.1f} s  {verdict}\n{found}")
        sys.stdout.flush()
    sys.stdout.write(f"{total} examples in total\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
