"""The hardware of a board as far as scripts can tell: pins, buses, converters, and the parts around it.

A model: it has state but no clock, is synchronous, and is told the time. It knows nothing of Lua; what the drivers of
Lua RTOS make of it, with their errors, is `simulator.device.drivers`. Read `bench` first, then `wire`, `gpio` and
`parts`.
"""

from simulator.hardware.bench import GPIOS, OUTPUTS, Bench
from simulator.hardware.locks import LockedError, Locks, Unit
from simulator.hardware.parts import PARTS, Control, Part, make_part
from simulator.hardware.trace import Trace
from simulator.hardware.wire import SUPPLY_MV, Wave, Wire

__all__ = [
    "GPIOS",
    "OUTPUTS",
    "PARTS",
    "SUPPLY_MV",
    "Bench",
    "Control",
    "LockedError",
    "Locks",
    "Part",
    "Trace",
    "Unit",
    "Wave",
    "Wire",
    "make_part",
]
