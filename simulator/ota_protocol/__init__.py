"""The update protocol of Lua RTOS: what a board asks and what a server answers, without moving a byte.

`decide` takes a request apart and looks the firmware up in a `Catalogue`; serving it is `simulator.ota_server`, and
what a board makes of the answer is the device's. Read `simulator.ota_protocol.decision`.
"""

from __future__ import annotations

from simulator.ota_protocol.decision import Catalogue, Decision, Firmware, Question, decide

__all__ = ["Catalogue", "Decision", "Firmware", "Question", "decide"]
