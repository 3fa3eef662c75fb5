"""Does an OTA server work for a real Lua RTOS board? Asks what a board would, and says what it would make of it.

Talks to real servers over the host's sockets, with the limits of the board's own TLS and HTTP client; knows nothing of
boards that run. `simulator.check_server.probe` asks, `simulator.check_server.rules` judges. Read the latter.
"""

from __future__ import annotations

from simulator.check_server.checks import check_server
from simulator.check_server.rules import Finding, Verdict

__all__ = ["Finding", "Verdict", "check_server"]
