"""HTTP/1.1 for every server of ours: one connection on one trio stream, h11 inside.

Does not know what is served, nor whether the stream is encrypted, virtual or real, and keeps no connection alive. The
client side is in `simulator.network`. Read `simulator.http.connection`.
"""

from __future__ import annotations

from simulator.http.connection import (
    DEFAULT_LIMITS,
    Ending,
    Exchange,
    Handler,
    Limits,
    RawResponse,
    Request,
    Response,
    reset,
    serve_connection,
)

__all__ = [
    "DEFAULT_LIMITS",
    "Ending",
    "Exchange",
    "Handler",
    "Limits",
    "RawResponse",
    "Request",
    "Response",
    "reset",
    "serve_connection",
]
