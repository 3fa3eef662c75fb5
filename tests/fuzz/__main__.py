"""The long form of the property tests: ``python -m tests.fuzz --examples 200000``, or ``make fuzz``.

Prints a line for each target: how many examples it got, how long that took, and what was found; in the end how many
there were and how much memory that took. Exits with 1 if anything was found, or if one example takes longer than a
minute: then with the places in the code where it is.
"""

from __future__ import annotations

import argparse
import faulthandler
import resource
import sys
import time
import traceback
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.targets import TARGETS, Target

BATCH: Final = 1_000
_EXAMPLE_S_MAX: Final = 60


def run(target: Target, examples: int, random_seed: int) -> tuple[int, str]:
    """Give ``target`` so many examples; return how many it got, and what went wrong in the smallest failing one.

    In batches, for Hypothesis remembers every example of a run, and the more it remembers the slower it gets.
    """
    count, found = 0, ""
    for batch, start in enumerate(range(0, examples, BATCH)):
        done, found = _run_batch(target, min(BATCH, examples - start), random_seed * 100_000 + batch)
        count += done
        if found:
            break
    return count, found


def _run_batch(target: Target, examples: int, random_seed: int) -> tuple[int, str]:
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
        # A library in C that has no end hears of no exception.
        faulthandler.dump_traceback_later(_EXAMPLE_S_MAX, exit=True)
        target.check(example)

    try:
        property_()
    except Exception:
        return count, traceback.format_exc()
    finally:
        faulthandler.cancel_dump_traceback_later()
    return count, ""


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description="Hostile bytes for everything that reads bytes.")
    parser.add_argument("--examples", type=int, default=200_000, help="in total (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the examples (default: %(default)s)")
    parser.add_argument("--only", metavar="NAME", help="one target: " + ", ".join(target.name for target in TARGETS))
    options = parser.parse_args()
    faulthandler.enable()  # for a library in C that ends the process
    total, failed = 0, False
    all_started = time.monotonic()
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
    memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.monotonic() - all_started
    sys.stdout.write(f"{'total':26} {total:8} examples {seconds:8.1f} s  {memory_mib:.0f} MiB of memory at most\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
