"""``make repeat``: one busy scenario, again and again, with every Python that is there: one hash.

The long form of `test_determinism`. Each Python that is new enough gets an environment of its own below ``.venv``, with
the exact Lua; in each, several processes, every one with another order of its sets, run the scenario many times and
tell the digest of each event log. Exits with 1 unless all digests are the same.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHATTER, DEMO = ((ROOT / name).read_text() for name in ("tests/data/busy.lua", "lua/demo/ota.lua"))
FAULTS = ("weak-signal@1s+3s", "truncate-clean@30%", "ap-down@60%+5s", "power-cut@flash-op:40:torn:0.5", "brownout@80%")
RUNS, PROCESSES = 1000, 10
OLDEST = (3, 11)


def digests(runs: int) -> Counter[str]:
    """Run the scenario so often in this process and return how often each digest of the log came."""
    from simulator.events import Event
    from simulator.faults import parse_fault
    from simulator.recording import LogLines
    from simulator.session import Stage, run_setting
    from simulator.setting import Request, prepare

    found: Counter[str] = Counter()
    request = Request(
        chunk=CHATTER + DEMO, image_bytes=32768, profile="hardened", seed=7, faults=tuple(map(parse_fault, FAULTS))
    )

    @contextmanager
    def listen(stage: Stage) -> Iterator[None]:
        lines = LogLines()

        def hear(event: Event) -> None:
            lines.line(event)

        unsubscribe = stage.world.events.subscribe(hear)
        yield
        unsubscribe()
        found[lines.sha256] += 1

    for _ in range(runs):
        run_setting(request, prepare(request), heard=lambda _data: None, observe=listen)
    return found


def interpreters() -> dict[str, Path]:
    """Return a Python of every version that is there and new enough, by its version."""
    names = [f"python3.{minor}" for minor in range(OLDEST[1], 20)]
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    candidates = [Path(sys.executable), *(folder / name for name in names for folder in folders)]
    candidates += sorted((Path.home() / ".pyenv" / "versions").glob("*/bin/python3"))
    found: dict[str, Path] = {}
    for candidate in candidates:
        if candidate.is_file():
            version = said(candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
            if version and tuple(map(int, version.split("."))) >= OLDEST:
                found.setdefault(version, candidate)
    return found


def said(*command: str | Path) -> str:
    """Return what a command prints; nothing if it fails."""
    finished = subprocess.run([str(word) for word in command], capture_output=True, encoding="utf-8", check=False)
    return finished.stdout.strip() if finished.returncode == 0 else ""


def environment_of(version: str, python: Path) -> Path:
    """Return the Python of an environment for ``version`` in which the simulator is installed."""
    if python == Path(sys.executable):
        return python
    folder = Path(sys.prefix) / "repeat" / version
    inside = folder / "bin" / "python"
    if not inside.is_file():
        subprocess.run([str(python), "-m", "venv", str(folder)], check=True)
    subprocess.run([str(inside), "-m", "simulator.install"], cwd=ROOT, check=True)
    return inside


def run_elsewhere(python: Path, runs: int) -> Counter[str]:
    """Return the digests of ``runs`` runs in several processes of ``python``."""
    found: Counter[str] = Counter()
    processes = min(PROCESSES, runs)
    for number in range(processes):
        share = runs // processes + (number < runs % processes)
        finished = subprocess.run(
            [str(python), "-m", "tests.repeat", "--here", str(share)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(number + 1)},
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        )
        found.update(json.loads(finished.stdout))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.repeat", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="with each Python")
    parser.add_argument("--here", type=int, help="only so often, in this process, for programs")
    arguments = parser.parse_args()
    if arguments.here is not None:
        sys.stdout.write(json.dumps(digests(arguments.here)))
        return 0
    everything: set[str] = set()
    for version, python in interpreters().items():
        found = run_elsewhere(environment_of(version, python), arguments.runs)
        everything |= set(found)
        sys.stdout.write(f"Python {version}: {found.total()} runs with the hash {', '.join(found)}\n")
        sys.stdout.flush()
    verdict = "one hash" if len(everything) == 1 else f"{len(everything)} hashes: the runs were not the same"
    sys.stdout.write(f"{verdict}\n")
    return 0 if len(everything) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
