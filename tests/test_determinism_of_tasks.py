"""The order of tasks is a function of the seed, in this process and in every other."""

from __future__ import annotations

import contextlib
from importlib import import_module

import pytest
import trio

from simulator.determinism import deterministic_scheduling
from simulator.errors import SimulatorInternalError
from tests.helpers import run_python, run_virtual

TASKS, TURNS = 7, 12


async def order_of_tasks() -> str:
    """Return who ran when, for tasks that are woken by the loop, by a deadline they share, and by one event."""
    order: list[str] = []
    gate = trio.Event()

    async def take_turns(name: str) -> None:
        for turn in range(TURNS):
            order.append(name)
            await (trio.lowlevel.checkpoint() if turn % 2 else trio.sleep(1))
        await gate.wait()
        order.append(name.upper())

    async with trio.open_nursery() as nursery:
        for number in range(TASKS):
            nursery.start_soon(take_turns, "abcdefg"[number])
        await trio.sleep(TURNS)
        gate.set()
    return "".join(order)


def order_in_another_process(seed: int, hash_seed: int) -> str:
    program = (
        "from tests.helpers import run_virtual; from tests.test_determinism_of_tasks import order_of_tasks\n"
        f"print(run_virtual(order_of_tasks, seed={seed}))"
    )
    finished = run_python("-c", program, PYTHONHASHSEED=str(hash_seed))
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


def test_the_same_seed_gives_the_same_order_in_two_processes() -> None:
    first, second = (order_in_another_process(seed=3, hash_seed=hash_seed) for hash_seed in (1, 2))
    assert len(first) == TASKS * (TURNS + 1)
    assert first == second == run_virtual(order_of_tasks, seed=3)


def test_another_seed_gives_another_order() -> None:
    assert len({run_virtual(order_of_tasks, seed=seed) for seed in range(5)}) == 5


def test_the_order_does_not_depend_on_what_ran_before() -> None:
    before = run_virtual(order_of_tasks)
    run_virtual(order_of_tasks, seed=99)
    assert run_virtual(order_of_tasks) == before


def test_trio_is_left_as_it_was_even_after_an_error() -> None:
    scheduler = import_module("trio._core._run")
    flag, state = scheduler._ALLOW_DETERMINISTIC_SCHEDULING, scheduler._r.getstate()
    with contextlib.suppress(ZeroDivisionError), deterministic_scheduling(5):
        assert scheduler._ALLOW_DETERMINISTIC_SCHEDULING
        raise ZeroDivisionError
    assert (scheduler._ALLOW_DETERMINISTIC_SCHEDULING, scheduler._r.getstate()) == (flag, state)


def test_a_trio_without_the_private_names_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING")
    with pytest.raises(SimulatorInternalError, match="no run would repeat"), deterministic_scheduling(0):
        pass
