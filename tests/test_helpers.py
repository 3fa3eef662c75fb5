"""The helpers do what the other tests rely on."""

from __future__ import annotations

import time

import trio

from tests.helpers import ROOT, run_process, run_python, run_virtual


async def sleep_a_day() -> float:
    started = trio.current_time()
    await trio.sleep(86_400)
    return trio.current_time() - started


def test_virtual_time_passes_at_no_cost() -> None:
    started = time.perf_counter()
    assert run_virtual(sleep_a_day) == 86_400
    assert time.perf_counter() - started < 1


def test_a_process_returns_its_exit_code_and_both_outputs() -> None:
    finished = run_python("-c", "import os, sys; print(os.environ['WORD']); sys.exit('no')", WORD="ja")
    assert (finished.returncode, finished.stdout, finished.stderr) == (1, "ja\n", "no\n")


def test_a_process_starts_in_the_root_without_input() -> None:
    finished = run_process("sh", "-c", "pwd; cat")
    assert finished.stdout == f"{ROOT}\n"
