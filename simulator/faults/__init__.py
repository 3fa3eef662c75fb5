"""What can go wrong, by name: the catalogue of faults, and how a user writes one.

Knows the names, not how a fault is made to happen: that is `simulator.injection` for a board and the world around it,
and `simulator.ota_server.conduct` for what a server does. Read `simulator.faults.catalogue`.
"""

from __future__ import annotations

from simulator.faults.catalogue import FAULTS, FaultKind, Layer
from simulator.faults.fault import (
    Always,
    AtByte,
    AtCut,
    AtFlashOp,
    AtShare,
    AtTime,
    Fault,
    Moment,
    Position,
    parse_fault,
)

__all__ = [
    "FAULTS",
    "Always",
    "AtByte",
    "AtCut",
    "AtFlashOp",
    "AtShare",
    "AtTime",
    "Fault",
    "FaultKind",
    "Layer",
    "Moment",
    "Position",
    "parse_fault",
]
