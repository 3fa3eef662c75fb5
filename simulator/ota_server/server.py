"""The server: a connection in, a question, a decision, the firmware out."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import trio

from simulator.events import EventLog
from simulator.http import DEFAULT_LIMITS, Limits, Request, Response, serve_connection
from simulator.ota_protocol import METHOD_NOT_ALLOWED, METHODS, Catalogue, Decision, Question, decide

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
    ) -> None:
        self._catalogue = catalogue
        self._ssl_context = ssl_context
        self._events = events
        self._limits = limits
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
            tls = trio.SSLStream(stream, self._ssl_context, server_side=True)
            await serve_connection(tls, self._answer, self._limits)
        finally:
            self._open_connections -= 1

    def statistics(self) -> Statistics:
        """Return what the server is doing and has done."""
        return Statistics(open_connections=self._open_connections, answers=self._answers, offers=self._offers)

    async def _answer(self, request: Request) -> Response:
        content_type = request.header("content-type")
        question = Question(method=request.method, target=request.target, content_type=content_type, body=request.body)
        decision = decide(question, self._catalogue)
        response = _response(decision)
        self._answers += 1
        self._offers += decision.offer is not None
        self._record(request, decision, response)
        return response

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


def _response(decision: Decision) -> Response:
    """Return the response that carries ``decision``. Where there is no firmware, the body tells people why."""
    if decision.offer is not None:
        return Response(
            status=decision.status,
            reason=decision.reason,
            headers=(("Content-Type", "application/octet-stream"),),
            body=decision.offer.image,
        )
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    if decision.status == METHOD_NOT_ALLOWED:
        headers.append(("Allow", ", ".join(METHODS)))
    text = f"{decision.reason}: {decision.why}\n"
    return Response(status=decision.status, reason=decision.reason, headers=tuple(headers), body=text.encode())
