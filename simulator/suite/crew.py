"""Several processes, each of which plays one case; and the real time that each may take."""

from __future__ import annotations

import multiprocessing
import re
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Final

from simulator.play.player import LINES_SHOWN
from simulator.suite.items import Item
from simulator.suite.result import BUG_EXIT_CODE, Result
from simulator.suite.worker import warm_up, work
from simulator.units import NS_PER_S

LIMIT_EXIT_CODE: Final = 42
FAILURE_FILE: Final = "failure.txt"
CONSOLE_SUFFIX: Final = ".console"
WARM_UP_FROM: Final = 2
"""With so many cases for each process that works at once it pays to do once what they share."""


@dataclass(slots=True)
class _Worker:
    """A process at work on the item with this number."""

    number: int
    item: Item
    process: multiprocessing.process.BaseProcess
    connection: Connection
    console: Path
    began_s: float
    deadline_s: float
    limit_s: float
    step: str = "before the first step"


@dataclass(slots=True, kw_only=True)
class Crew:
    """Plays items, ``jobs`` at once. Each may take ``wall_timeout_ns`` of real time, or what its file says.

    ``artefacts`` is a folder in which every case that fails leaves what there is to see.
    """

    jobs: int
    wall_timeout_ns: int
    artefacts: Path | None = None
    _workers: list[_Worker] = field(default_factory=list, init=False)

    def play(self, items: Sequence[Item]) -> Generator[Result, None, None]:
        """Yield how each item went, in their order, as soon as all before it are done.

        Whoever takes no more results ends the processes by closing this iterator.
        """
        cases = [item.case for item in items if item.case is not None]
        if len(cases) > WARM_UP_FROM * self.jobs:
            warm_up(cases)
        waiting = deque(enumerate(items))
        done: dict[int, Result] = {}
        next_number = 0
        with tempfile.TemporaryDirectory(prefix="luatwin-") as folder:
            try:
                while next_number < len(items):
                    while waiting and len(self._workers) < self.jobs:
                        self._begin(*waiting.popleft(), Path(folder), done)
                    while next_number in done:
                        yield done.pop(next_number)
                        next_number += 1
                    if self._workers:
                        done.update(self._hear())
            finally:
                for worker in self._workers:
                    _end(worker)
                self._workers.clear()

    def _begin(self, number: int, item: Item, folder: Path, done: dict[int, Result]) -> None:
        if item.scenario is None or item.case is None:
            done[number] = Result(item=item, exit_code=2, error=item.error)
            return
        here, there = multiprocessing.Pipe(duplex=False)
        console = folder / f"{number}.console"
        limit_s = (item.scenario.wall_timeout_ns or self.wall_timeout_ns) / NS_PER_S
        folder_for_it = artefact_folder(self.artefacts, item)
        process = _process(there, item.scenario, item.case, console, folder_for_it, name=item.title)
        with warnings.catch_warnings():
            # Of a process with several threads that is copied: ours has one, and what a host of ours has is not used.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        there.close()
        now_s = time.monotonic()
        self._workers.append(_Worker(number, item, process, here, console, now_s, now_s + limit_s, limit_s))

    def _hear(self) -> Iterator[tuple[int, Result]]:
        """Wait until a worker has something to say or has no time left; yield the results of those that are done."""
        first_s = min(worker.deadline_s for worker in self._workers)
        ready = wait([worker.connection for worker in self._workers], max(0.0, first_s - time.monotonic()))
        now_s = time.monotonic()
        for worker in tuple(self._workers):
            result = None
            if worker.connection in ready:
                result = _received(worker, now_s)
            elif now_s >= worker.deadline_s:
                result = _overdue(worker, now_s)
            if result is not None:
                _leave(result, artefact_folder(self.artefacts, worker.item))
                _end(worker)
                self._workers.remove(worker)
                yield worker.number, result


def artefact_folder(artefacts: Path | None, item: Item) -> Path | None:
    """Return where an item leaves what there is to see; None if nobody wants it."""
    if artefacts is None:
        return None
    return artefacts / re.sub(r"[^\w.]+", "-", item.title).strip("-.")


def _leave(result: Result, folder: Path | None) -> None:
    """Leave what there is to say of a failure, and the consoles, beside what its process has left."""
    if folder is None or result.is_passed:
        return
    folder.mkdir(parents=True, exist_ok=True)
    lines = [result.place, *result.lines(), f"to repeat: {result.command}"]
    (folder / FAILURE_FILE).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for board, console in (result.verdict.consoles if result.verdict is not None else {}).items():
        (folder / f"{board}{CONSOLE_SUFFIX}").write_bytes(console)


def _received(worker: _Worker, now_s: float) -> Result | None:
    """Take what a worker says; None if it goes on."""
    wall_s = now_s - worker.began_s
    try:
        kind, what = worker.connection.recv()
    except EOFError:
        worker.process.join()
        error = f"the process ended with {worker.process.exitcode} at {worker.step}"
        return Result(item=worker.item, wall_s=wall_s, exit_code=BUG_EXIT_CODE, error=error)
    match kind:
        case "step":
            worker.step = what
            return None
        case "verdict":
            return Result.of(worker.item, what, wall_s)
        case "error":
            return Result(item=worker.item, wall_s=wall_s, exit_code=2, error=what)
        case _:
            return Result(item=worker.item, wall_s=wall_s, exit_code=BUG_EXIT_CODE, error=what)


def _overdue(worker: _Worker, now_s: float) -> Result:
    """Return what is to be said of a worker whose time is up."""
    error = [f"still running after {worker.limit_s:g} s of real time, at {worker.step}"]
    printed = worker.console.read_bytes().decode("utf-8", "backslashreplace") if worker.console.exists() else ""
    lines = [line.rstrip("\r") for line in printed.rstrip().split("\n")][-LINES_SHOWN:]
    if printed.strip():
        error += ["  the first board printed last:", *(f"  | {line}" for line in lines)]
    return Result(item=worker.item, wall_s=now_s - worker.began_s, exit_code=LIMIT_EXIT_CODE, error="\n".join(error))


def _end(worker: _Worker) -> None:
    worker.connection.close()
    if worker.process.is_alive():
        worker.process.join(0.2)  # one that has said all is about to end
    if worker.process.is_alive():
        worker.process.kill()
    worker.process.join()
    worker.process.close()


def _process(*arguments: object, name: str) -> multiprocessing.process.BaseProcess:
    """Return a process for `work`: a copy of this one, which has everything imported, where that is possible."""
    if "fork" in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("fork").Process(target=work, args=arguments, name=name, daemon=True)
    return multiprocessing.get_context("spawn").Process(target=work, args=arguments, name=name, daemon=True)
