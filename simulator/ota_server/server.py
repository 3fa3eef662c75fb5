"""The server: a connection in, a question, a decision, the firmware out."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import trio

from simulator.events import EventLog
from simulator.http import DEFAULT_LIMITS, Exchange, Limits, RawResponse, Request, Response, serve_connection
from simulator.ota_protocol import (
    METHOD_NOT_ALLOWED,
    METHODS,
    NO_NEW_FIRMWARE,
    Catalogue,
    Decision,
    Firmware,
    Question,
    UnsatisfiableRangeError,
    decide,
    requested_part,
)
from simulator.ota_server.admission import RateLimit, Rollout
from simulator.ota_server.conduct import Conduct
from simulator.ota_server.connections import CONNECTIONS_MAX, Connection, Connections
from simulator.ota_server.records import Metrics, Record

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an owner may set. Without a word everybody gets the newest firmware, as often as he asks."""

    rollout: Callable[[], Rollout] = Rollout
    rate_limit: RateLimit | None = None
    connections_max: int = CONNECTIONS_MAX
    metrics: Metrics | None = None
    """Served as ``/metrics``."""


DEFAULT_POLICY: Final = Policy()
METRICS_TARGET: Final = "/metrics"


class OtaServer:
    """Serves the firmware of ``catalogue``, on as many listeners as wanted, to any number of clients at a time.

    A ``conduct`` makes it misbehave; ``names`` are then those that its made certificates are for. ``policy`` says who
    gets what and how often, and ``record`` hears of every connection that is over.

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
        policy: Policy = DEFAULT_POLICY,
        record: Callable[[Record], None] | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._ssl_context = ssl_context
        self._events = events
        self._limits = limits
        self.conduct = conduct
        self._names = names
        self._policy = policy
        self._record_connection = record
        self.connections = Connections(policy.connections_max)
        self._answers = 0
        self._offers = 0

    async def serve(self, listeners: Sequence[trio.abc.Listener[trio.abc.Stream]]) -> None:
        """Serve what ``listeners`` accept until cancelled, then close them and the connections."""
        await trio.serve_listeners(self.serve_stream, list(listeners))

    async def serve_stream(self, stream: trio.abc.Stream) -> None:
        """Serve one client on a plain stream: TLS, one request, close_notify, close."""
        context = self._ssl_context
        if self.conduct is not None:
            context = self.conduct.context(context, self._names)
        visit = _Visit(self, stream, trio.SSLStream(stream, context, server_side=True))
        with self.connections.admit() as visit.connection:
            await serve_connection(visit.tls, visit.answer, self._limits, visit.exchange)
        if self._record_connection is not None:
            self._record_connection(visit.record())

    async def finish(self) -> None:
        """Close the connections of those that have not asked for anything, and wait until the others have all."""
        self.connections.dismiss_waiting()
        await self.connections.wait_empty()

    def statistics(self) -> Statistics:
        """Return what the server is doing and has done."""
        return Statistics(open_connections=len(self.connections), answers=self._answers, offers=self._offers)

    def decide(self, request: Request, address: str) -> Decision:
        """Return what is decided about a request that comes from ``address``."""
        content_type = request.header("content-type")
        question = Question(method=request.method, target=request.target, content_type=content_type, body=request.body)
        decision = decide(question, self._catalogue)
        offer = decision.offer
        if offer is not None and not self._policy.rollout().includes(address, offer.commit):
            why = f"{offer.commit} is not yet for {address}"
            decision = replace(decision, status=NO_NEW_FIRMWARE, why=why, offer=None)
        return decision if self.conduct is None else self.conduct.decide(decision)

    def respond(self, request: Request, decision: Decision) -> Response | RawResponse:
        """Return the answer that carries ``decision``."""
        response = _response(decision, request)
        self._answers += 1
        self._offers += decision.offer is not None
        self._record(request, decision, response)
        if self.conduct is None:
            return response
        is_image = decision.offer is not None and response.status in (200, 206)
        return self.conduct.shape(response, image=decision.offer.image if decision.offer and is_image else None)

    def refusal(self, address: str) -> Response | None:
        """Return the answer to an address that asks too often, None if it does not."""
        limit = self._policy.rate_limit
        if limit is None or limit.allows(address, trio.current_time()):
            return None
        headers = (("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "60"))
        return Response(status=429, reason="Too Many Requests", headers=headers, body=b"Too Many Requests\n")

    def page(self, request: Request) -> Response | None:
        """Return the page of counts if that is what is asked for."""
        metrics = self._policy.metrics
        if metrics is None or request.method != "GET" or request.target != METRICS_TARGET:
            return None
        text = metrics.text(
            open_connections=len(self.connections), evicted=self.connections.evicted, catalogue=self._catalogue
        )
        headers = (("Content-Type", "text/plain; version=0.0.4; charset=utf-8"),)
        return Response(status=200, reason="OK", headers=headers, body=text.encode())

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


class _Visit:
    """One connection to the server."""

    connection: Connection

    def __init__(self, server: OtaServer, stream: trio.abc.Stream, tls: trio.SSLStream[trio.abc.Stream]) -> None:
        self._server = server
        self._address = _address_of(stream)
        self._began_s = trio.current_time()
        self._decision: Decision | None = None
        self.tls = tls
        self.exchange = Exchange()

    async def answer(self, request: Request) -> Response | RawResponse:
        self.connection.asked()
        other = self._server.page(request) or self._server.refusal(self._address)
        if other is not None:
            return other
        self._decision = self._server.decide(request, self._address)
        return self._server.respond(request, self._decision)

    def record(self) -> Record:
        exchange, request, decision = self.exchange, self.exchange.request, self._decision
        return Record(
            address=self._address,
            tls=self.tls.version() if request is not None else None,
            method=request.method if request else None,
            target=request.target if request else None,
            agent=request.header("user-agent") if request else None,
            status=exchange.status,
            sent_bytes=exchange.sent_bytes,
            complete=exchange.complete,
            seconds=trio.current_time() - self._began_s,
            firmware=decision.firmware_id if decision else None,
            commit=decision.commit if decision else None,
            offered=decision.offer.commit if decision and decision.offer else None,
        )


def _address_of(stream: trio.abc.Stream) -> str:
    """Return the address at the other end, of a real connection or a virtual one."""
    if isinstance(stream, trio.SocketStream):
        with suppress(OSError):  # it is gone already
            return str(stream.socket.getpeername()[0])
    remote = getattr(stream, "remote", None)
    return str(remote[0]) if remote else "unknown"


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
