"""How many boards a core can power on: ROM, bootloader, start-up, a script that prints, until the prompt."""

from __future__ import annotations

from benchmarks.report import Row
from benchmarks.setting import Setting
from benchmarks.timing import Effort, median_cpu_s
from simulator.units import KIB


def measure(effort: Effort) -> list[Row]:
    setting = Setting(b'print("hello from " .. os.board())', 64 * KIB)
    count = min(20, effort.boards)
    one_s, many_s = median_cpu_s(effort, setting.run, lambda: setting.run(count))
    return [
        Row(
            what="boards powered on, until idle",
            value=count / many_s,
            unit="/s",
            detail=f"{count} in one world, one core; a world with one takes {one_s * 1e3:.1f} ms",
        )
    ]
