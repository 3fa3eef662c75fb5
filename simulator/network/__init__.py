"""The network: one interface (`NetworkInterface`), implemented in memory and on the host's sockets.

Start with `simulator.network.interface`. `simulator.network.virtual` is the world's own network, with links that have
latency, bandwidth and loss; `simulator.network.real` is the same on real sockets, with `simulator.network.clock` so
that virtual time waits for them. `simulator.network.http_backend` and `simulator.network.stock_http` put httpx on top,
and are imported from there: httpx costs start-up time that many commands do not need. No HTTP server is here
(`simulator.http`), and no radio (`simulator.wifi`).
"""

from __future__ import annotations

from simulator.network._virtual_stream import VirtualStream
from simulator.network.clock import WorldClock
from simulator.network.interface import (
    CannotConnectError,
    Connection,
    ConnectRefusedError,
    ConnectTimedOutError,
    Datagrams,
    Endpoint,
    LinkDatagrams,
    LinkDownError,
    NameNotFoundError,
    NetworkError,
    NetworkInterface,
    PingNotPermittedError,
    vanish,
)
from simulator.network.real import RealInterface
from simulator.network.virtual import VirtualInterface, VirtualListener, VirtualNetwork

__all__ = [
    "CannotConnectError",
    "ConnectRefusedError",
    "ConnectTimedOutError",
    "Connection",
    "Datagrams",
    "Endpoint",
    "LinkDatagrams",
    "LinkDownError",
    "NameNotFoundError",
    "NetworkError",
    "NetworkInterface",
    "PingNotPermittedError",
    "RealInterface",
    "VirtualInterface",
    "VirtualListener",
    "VirtualNetwork",
    "VirtualStream",
    "WorldClock",
    "vanish",
]
