"""The server: a connection in, a question, a decision, the firmware out."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import trio

from simulator.events import EventLog
from simulator.http import DEFAULT_LIMITS, Limits, RawResponse, Request, Response, serve_connection
from simulator.ota_protocol import (
    METHOD_NOT_ALLOWED,
    METHODS,
    Catalogue,
    Decision,
    Firmware,
    Question,
    UnsatisfiableRangeError,
    decide,
    requested_part,
)
from simulator.ota_server.conduct import Conduct

_OCTET_STREAM: Final = ("Content-Type", "application/octet-stream")
_ASKS_FOR_MORE: Final = ("range", "want-repr-digest")
"""A client with one of these headers understands more than the stock firmware, which gets exactly what it expects."""

EVENT_BOARD: Final = "server"
"""What stands in the field ``board`` of the server's events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What the server is doing and has done since it was made."""

    open_connections: int
    answers: int
    offers: int
    """Answers that were a firmware."""


class OtaServer:
    """Serves the firmware of ``catalogue``, on as many listeners as wanted, to any number of clients at a time.

    A ``conduct`` makes it misbehave; ``names`` are then those that its made certificates are for.

    Events: ``server.request`` (method, target, firmware, commit) and ``server.response`` (status, length, commit of
    the firmware sent, or why there is none).
    """

    def __init__(
        self,
        catalogue: Catalogue,
        ssl_context: ssl.SSLContext,
        *,
        events: EventLog | None = None,
        limits: Limits = DEFAULT_LIMITS,
        conduct: Conduct | None = None,
        names: tuple[str, ...] = (),
    ) -> None:
        self._catalogue = catalogue
        self._ssl_context = ssl_context
        self._events = events
        self._limits = limits
        self.conduct = conduct
        self._names = names
        self._open_connections = 0
        self._answers = 0
        self._offers = 0

    async def serve(self, listeners: Sequence[trio.abc.Listener[trio.abc.Stream]]) -> None:
        """Serve what ``listeners`` accept until cancelled, then close them and the connections."""
        await trio.serve_listeners(self.serve_stream, list(listeners))

    async def serve_stream(self, stream: trio.abc.Stream) -> None:
        """Serve one client on a plain stream: TLS, one request, close_notify, close."""
        self._open_connections += 1
        try:
            context = self._ssl_context
            if self.conduct is not None:
                context = self.conduct.context(context, self._names)
            tls = trio.SSLStream(stream, context, server_side=True)
            await serve_connection(tls, self._answer, self._limits)
        finally:
            self._open_connections -= 1

    def statistics(self) -> Statistics:
        """Return what the server is doing and has done."""
        return Statistics(open_connections=self._open_connections, answers=self._answers, offers=self._offers)

    async def _answer(self, request: Request) -> Response | RawResponse:
        content_type = request.header("content-type")
        question = Question(method=request.method, target=request.target, content_type=content_type, body=request.body)
        decision = decide(question, self._catalogue)
        if self.conduct is not None:
            decision = self.conduct.decide(decision)
        response = _response(decision, request)
        self._answers += 1
        self._offers += decision.offer is not None
        self._record(request, decision, response)
        if self.conduct is None:
            return response
        is_image = decision.offer is not None and response.status in (200, 206)
        return self.conduct.shape(response, image=decision.offer.image if decision.offer and is_image else None)

    def _record(self, request: Request, decision: Decision, response: Response) -> None:
        if self._events is None or not self._events.wanted:
            return
        self._events.emit(
            EVENT_BOARD,
            "server.request",
            method=request.method,
            target=request.target,
            firmware=decision.firmware_id,
            commit=decision.commit,
        )
        outcome = {"commit": decision.offer.commit} if decision.offer else {"why": decision.why}
        self._events.emit(EVENT_BOARD, "server.response", status=response.status, length=len(response.body), **outcome)


def _resumable(offer: Firmware, request: Request) -> Response:
    """Return the image, or the part of it that is asked for, with its digest and a tag to resume by."""
    etag = f'"{offer.sha256.hex()}"'
    common = (
        _OCTET_STREAM,
        ("Accept-Ranges", "bytes"),
        ("ETag", etag),
        ("Repr-Digest", f"sha-256=:{b64encode(offer.sha256).decode()}:"),
    )
    size = len(offer.image)
    try:
        part = requested_part(request.header("range"), request.header("if-range"), etag=etag, size=size)
    except UnsatisfiableRangeError:
        headers = (("Content-Range", f"bytes */{size}"), ("Content-Type", "text/plain; charset=utf-8"))
        body = f"Range Not Satisfiable: the image has {size} bytes\n".encode()
        return Response(status=416, reason="Range Not Satisfiable", headers=headers, body=body)
    if part is None:
        return Response(status=200, reason="OK", headers=common, body=offer.image)
    return Response(
        status=206,
        reason="Partial Content",
        headers=(*common, ("Content-Range", part.content_range)),
        body=offer.image[part.first : part.end],
    )


def _response(decision: Decision, request: Request) -> Response:
    """Return the response that carries ``decision``. Where there is no firmware, the body tells people why."""
    if decision.offer is not None:
        if any(request.header(name) is not None for name in _ASKS_FOR_MORE):
            return _resumable(decision.offer, request)
        return Response(
            status=decision.status, reason=decision.reason, headers=(_OCTET_STREAM,), body=decision.offer.image
        )
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    if decision.status == METHOD_NOT_ALLOWED:
        headers.append(("Allow", ", ".join(METHODS)))
    text = f"{decision.reason}: {decision.why}\n"
    return Response(status=decision.status, reason=decision.reason, headers=tuple(headers), body=text.encode())
