"""The hardware of a board as far as scripts can tell: pins, buses, converters, and the parts around it.

A model: it has state but no clock, is synchronous, and is told the time. It knows nothing of Lua; what the drivers of
Lua RTOS make of it, with their errors, is `simulator.device.drivers`. Read `bench` first, then `wire`, `gpio` and
`parts`. (`parts` and `trace` are no part of this entrance: most boards have nothing around them.)
"""

from simulator.hardware.bench import GPIOS, OUTPUTS, Bench
from simulator.hardware.locks import LockedError, Locks, Unit
from simulator.hardware.wire import SUPPLY_MV, Strength, Watcher, Wave, Wire, pull_of

__all__ = [
    "GPIOS",
    "OUTPUTS",
    "SUPPLY_MV",
    "Bench",
    "LockedError",
    "Locks",
    "Strength",
    "Unit",
    "Watcher",
    "Wave",
    "Wire",
    "pull_of",
]
