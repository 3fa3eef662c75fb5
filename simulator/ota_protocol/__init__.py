"""The update protocol of Lua RTOS: what a board asks and what a server answers, without moving a byte.

`decide` takes a request apart and looks the firmware up in a `Catalogue`; serving it is `simulator.ota_server`, and
what a board makes of the answer is the device's. Read `simulator.ota_protocol.decision`.
"""

from __future__ import annotations

from simulator.ota_protocol.catalogue import Catalogue, Firmware
from simulator.ota_protocol.decision import (
    METHOD_NOT_ALLOWED,
    METHODS,
    MISSING_OR_BAD_ARGUMENTS,
    NO_NEW_FIRMWARE,
    NOT_FOUND,
    OK,
    Decision,
    Question,
    decide,
)
from simulator.ota_protocol.ranges import Part, UnsatisfiableRangeError, requested_part

__all__ = [
    "METHODS",
    "METHOD_NOT_ALLOWED",
    "MISSING_OR_BAD_ARGUMENTS",
    "NOT_FOUND",
    "NO_NEW_FIRMWARE",
    "OK",
    "Catalogue",
    "Decision",
    "Firmware",
    "Part",
    "Question",
    "UnsatisfiableRangeError",
    "decide",
    "requested_part",
]
