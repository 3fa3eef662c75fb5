"""What a board costs that only sleeps: its Python objects, its Lua state and its share of the flash.

Measured in a process of its own as the growth of resident memory, after some boards have already brought in what all
of them share.
"""

from __future__ import annotations

import gc
import resource
import sys
from multiprocessing import get_context
from pathlib import Path

import trio

from benchmarks.report import Row, at_most
from benchmarks.setting import Setting
from benchmarks.timing import Effort
from simulator.firmware import DEFAULT_IMAGE_BYTES
from simulator.units import KIB
from simulator.world import World, run_in_world

_PARKED_AFTER_S = 60


def measure(effort: Effort) -> list[Row]:
    with get_context("spawn").Pool(1) as pool:
        growth_bytes = pool.apply(parked_bytes, (effort.boards,))
    return [
        Row(
            what="memory of a board parked in tmr.sleep",
            value=growth_bytes / effort.boards / 1000,
            unit="KB",
            aim=at_most(150),
            detail=f"resident memory, {effort.boards} boards in one world",
        )
    ]


def parked_bytes(count: int) -> int:
    """Return by how many bytes this process grows with ``count`` more boards that sleep."""
    setting = Setting(b"tmr.sleep(1000000)", DEFAULT_IMAGE_BYTES)

    async def main(world: World) -> int:
        used = 0
        for boards in (count, count):
            before, used = used, await _resident_with(world, setting, boards)
        return used - before

    return run_in_world(main)


async def _resident_with(world: World, setting: Setting, count: int) -> int:
    setting.power_on(world, count)
    await trio.sleep(_PARKED_AFTER_S)
    gc.collect()
    return resident_bytes()


def resident_bytes() -> int:
    """Return the resident memory of this process; where the system does not tell, the most it ever had."""
    statm = Path("/proc/self/statm")
    if statm.is_file():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * KIB
