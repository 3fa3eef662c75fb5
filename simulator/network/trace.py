"""What happens on a connection, told as events of the world's log.

Both HTTP transports report their steps to the request extension ``"trace"`` by httpcore's names; `event_trace` makes
``net.connect``, ``net.tls``, ``net.request``, ``net.response`` and ``net.close`` of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import trio

Trace: TypeAlias = Callable[[str, dict[str, Any]], Awaitable[None]]
"""Called with the name of a step, such as ``connection.connect_tcp.started``, and what belongs to it."""


def event_trace(emit: Callable[..., None]) -> Trace:
    """Return a trace for one request that calls ``emit(kind, **fields)``.

    A step that fails has the field ``error`` with the name of what went wrong.
    """
    peer: dict[str, Any] = {}

    async def trace(name: str, info: dict[str, Any]) -> None:
        step, _, state = name.rpartition(".")
        failure = {"error": type(info["exception"]).__name__} if state == "failed" else {}
        match step, state:
            case "connection.connect_tcp", "started":
                peer.update(host=info["host"], port=info["port"])
            case "connection.connect_tcp", _:
                emit("net.connect", **peer, **failure)
            case "connection.start_tls", "complete":
                emit("net.tls", version=_tls_version(info["return_value"]))
            case "connection.start_tls", "failed":
                emit("net.tls", **failure)
            case "http11.send_request_headers", "started":
                request = info["request"]
                emit("net.request", method=_text(request.method), target=_text(_target(request)))
            case "http11.receive_response_headers", "complete":
                _, status, _, headers = info["return_value"]
                emit("net.response", status=status, length=_content_length(headers))
            case "http11.receive_response_headers", "failed":
                emit("net.response", **failure)
            case "http11.response_closed", "complete":
                emit("net.close")
            case _:
                pass

    return trace


def _tls_version(stream: Any) -> str | None:
    tls = stream if isinstance(stream, trio.SSLStream) else stream.get_extra_info("ssl_object")
    version: str | None = tls.version()
    return version


def _target(request: Any) -> bytes | str:
    """Return the target of a request of httpx (stock transport) or of httpcore."""
    target: bytes | str = (
        request.extensions.get("target") or getattr(request.url, "raw_path", None) or request.url.target
    )
    return target


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _content_length(headers: Any) -> int | None:
    for name, value in headers:
        if _text(name).lower() == "content-length" and value.isdigit():
            return int(value)
    return None
