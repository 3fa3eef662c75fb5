"""How a server misbehaves, fault by fault (`simulator.faults`): its certificate, its decision, its answer.

`Conduct` holds the faults that are in force. A fault at a position of the image is *due*: it comes into force when the
image has been sent so far, whatever connection sends it. One that strikes is spent then.
"""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Callable, Iterator
from typing import Final

from simulator.faults import AtByte, AtShare, Fault, FaultKind
from simulator.http import Ending, RawResponse, Response
from simulator.ota_protocol import Decision
from simulator.ota_server.forgery import for_another_board, installed, older
from simulator.ota_server.tls import made_credentials, server_context

PIECE_BYTES: Final = 4096
"""How much of an image is sent at once, so that a fault can come in between."""
SLOW_BYTES_PER_S: Final = 16 * 1024
DRIP_S: Final = 1.0
EXTRA_BYTES: Final = 4096
"""By how much ``wrong-length`` is wrong."""
HUGE_BYTES: Final = 16 * 1024 * 1024
PORTAL_URL: Final = "http://portal.example/login"
PORTAL_PAGE: Final = b"<!DOCTYPE html><title>Welcome</title><p>Please log in to use this network.</p>\n"

_STRIKES: Final = {
    "truncate-clean": Ending.CUT,
    "truncate-reset": Ending.RESET,
    "tcp-reset": Ending.RESET,
}

_ANSWERS: Final = {
    "http-500": Response(status=500, reason="Internal Server Error", body=b"Internal Server Error\n"),
    "http-404": Response(status=404, reason="Not Found", body=b"Not Found\n"),
    "redirect": Response(status=302, reason="Found", headers=(("Location", PORTAL_URL),)),
    "empty-200": Response(status=200, reason="OK", headers=(("Content-Type", "application/octet-stream"),)),
    "wrong-content-type": Response(
        status=200, reason="OK", headers=(("Content-Type", "text/html; charset=utf-8"),), body=PORTAL_PAGE
    ),
}
"""What is answered to everybody, whatever is asked."""


class Conduct:
    """The faults of one server. ``struck`` is told of each that is due, and makes it `begin`."""

    def __init__(self) -> None:
        self._lasting: dict[str, FaultKind] = {}
        self._due: list[Fault] = []
        self._strikes: list[FaultKind] = []
        self.struck: Callable[[Fault], None] = lambda fault: self.begin(fault.kind)

    def add_due(self, fault: Fault) -> None:
        """Let ``fault``, which has a position, come into force when the image has been sent so far.

        It may be one of any layer: ``struck`` knows what to do.
        """
        self._due.append(fault)

    def begin(self, kind: FaultKind) -> None:
        """Let a fault be in force from now on, or strike what is sent next."""
        if kind.lasts:
            self._lasting[kind.name] = kind
        else:
            self._strikes.append(kind)

    def end(self, kind: FaultKind) -> None:
        """Take a lasting fault back."""
        self._lasting.pop(kind.name, None)

    def forget(self) -> None:
        """Let nothing come into force that is due, and nothing strike that was to."""
        self._due.clear()
        self._strikes.clear()

    def has(self, name: str) -> bool:
        """Whether a lasting fault is in force."""
        return name in self._lasting

    # -- the three places where a server can be wrong ------------------------------------------------------------

    def context(self, usual: ssl.SSLContext, names: tuple[str, ...]) -> ssl.SSLContext:
        """Return the TLS context for a connection that comes in now, to a server with these names."""
        if self.has("tls-expired"):
            return server_context(made_credentials(*names, flaw="expired"))
        if self.has("tls-wrong-host"):
            return server_context(made_credentials(*names, flaw="wrong-host"))
        if self.has("tls-untrusted"):
            return server_context(made_credentials(*names, flaw="untrusted"))
        if self.has("tls-too-new"):
            return server_context(made_credentials(*names), speaks="newest")
        return usual

    def decide(self, decision: Decision) -> Decision:
        """Return what is decided instead of ``decision``."""
        offer = decision.offer
        if offer is None:
            return decision
        if self.has("wrong-board"):
            return dataclasses.replace(decision, offer=for_another_board(offer))
        if self.has("downgrade"):
            return dataclasses.replace(decision, offer=older(offer))
        if self.has("replay") and decision.commit is not None:
            return dataclasses.replace(decision, offer=installed(offer, decision.commit))
        return decision

    def shape(self, response: Response, *, image: bytes | None) -> Response | RawResponse:
        """Return what is sent instead of ``response``, which is ``image`` or a part of it up to its end, if any.

        A response without a fault is returned as it is.
        """
        for name, answer in _ANSWERS.items():
            if self.has(name):
                return answer
        if image is None or not (self._lasting or self._due or self._strikes):
            return response
        return RawResponse(chunks=self._chunks(response, len(image)))

    def _chunks(self, response: Response, size_bytes: int) -> Iterator[tuple[float, bytes] | Ending]:
        yield 0.0, self._head(response)
        chunked = self.has("chunked")
        for item in self._body(response.body, size_bytes):
            if isinstance(item, Ending):
                yield item
                return
            pause_s, data = item
            yield pause_s, b"%x\r\n%b\r\n" % (len(data), data) if chunked else data
        if chunked:
            yield 0.0, b"0\r\n\r\n"
        if self.has("huge"):
            for _ in range(len(response.body), HUGE_BYTES, PIECE_BYTES):
                yield 0.0, bytes(PIECE_BYTES)

    def _head(self, response: Response) -> bytes:
        length = HUGE_BYTES if self.has("huge") else len(response.body)
        headers = list(response.headers)
        if self.has("chunked"):
            headers.append(("Transfer-Encoding", "chunked"))
        elif not self.has("no-length"):
            headers.append(("Content-Length", str(length + EXTRA_BYTES if self.has("wrong-length") else length)))
        headers.append(("Connection", "close"))
        lower = self.has("lower-case-headers")
        lines = [f"{name.lower() if lower else name}: {value}" for name, value in headers]
        return "\r\n".join([f"HTTP/1.1 {response.status} {response.reason}", *lines, "", ""]).encode("latin-1")

    def _body(self, body: bytes, size_bytes: int) -> Iterator[tuple[float, bytes] | Ending]:
        """Yield the body piece by piece, with what comes in between at its position."""
        first = size_bytes - len(body)
        at = 0
        while at < len(body):
            for fault in self._due_at(first + at, size_bytes):
                self._due.remove(fault)
                self.struck(fault)
            flipped = False
            while self._strikes:
                strike = self._strikes.pop(0)
                if strike.name in _STRIKES:
                    yield _STRIKES[strike.name]
                    return
                flipped = True
            size = 1 if self.has("drip") else PIECE_BYTES
            size = min([size, *(offset - first - at for offset in self._positions(size_bytes) if offset > first + at)])
            piece = body[at : at + size]
            if flipped:
                piece = bytes([piece[0] ^ 0x01]) + piece[1:]
            pause_s = DRIP_S if self.has("drip") else size / SLOW_BYTES_PER_S if self.has("slow") else 0.0
            yield pause_s, piece
            at += len(piece)

    def _positions(self, size_bytes: int) -> list[int]:
        return [position_of(fault, size_bytes) for fault in self._due]

    def _due_at(self, offset: int, size_bytes: int) -> list[Fault]:
        return [fault for fault in self._due if position_of(fault, size_bytes) <= offset]


def position_of(fault: Fault, size_bytes: int) -> int:
    """Return at which byte of an image a fault with a position comes into force."""
    assert isinstance(fault.when, AtShare | AtByte)
    return fault.when.offset(size_bytes)
