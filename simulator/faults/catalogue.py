"""The faults by name.

A fault *lasts* if it is a state (the access point is off) that stays until it is taken back; otherwise it *strikes*
once (a connection is cut) and what comes after is as it should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple


class Layer(Enum):
    """Where a fault is. Those of TLS and server also exist on a server for real boards, the others only in a world."""

    RADIO = "radio"
    NETWORK = "network"
    TLS = "TLS"
    SERVER = "server"
    POWER = "power"
    FLASH = "flash"

    @property
    def is_of_server(self) -> bool:
        """Whether a server alone can do it."""
        return self in (Layer.TLS, Layer.SERVER)


class FaultKind(NamedTuple):
    """One of the faults. ``when`` is what is meant if nobody says when; empty: from the beginning.

    ``duration`` is how long it lasts if nobody says how long; empty: for good.
    """

    name: str
    layer: Layer
    lasts: bool
    summary: str
    when: str = ""
    duration: str = ""


_RADIO, _NETWORK, _TLS, _SERVER = Layer.RADIO, Layer.NETWORK, Layer.TLS, Layer.SERVER
_POWER, _FLASH = Layer.POWER, Layer.FLASH

_KINDS: Final = (
    FaultKind("ap-down", _RADIO, True, "every access point is off", "50%"),
    FaultKind("weak-signal", _RADIO, True, "every access point is received with -90 dBm: slow, and a seventh is lost"),
    FaultKind("auth-fail", _RADIO, True, "the access points have another password than the board"),
    FaultKind("dhcp-timeout", _RADIO, True, "nobody hands out addresses"),
    FaultKind("dns-nxdomain", _NETWORK, True, "the name of the server does not exist"),
    FaultKind("dns-wrong", _NETWORK, True, "the name leads to somebody else's server, which has firmware of its own"),
    FaultKind("captive-portal", _NETWORK, True, "every name leads to a portal with its own certificate: log in first"),
    FaultKind("tcp-refused", _NETWORK, True, "nobody listens at the server's port"),
    FaultKind("blackhole", _NETWORK, True, "nothing that is sent to the server or by it arrives", "50%"),
    FaultKind("tcp-reset", _SERVER, False, "the connection is reset", "0%"),
    FaultKind("slow", _SERVER, True, "the image comes with 16 KiB/s"),
    FaultKind("drip", _SERVER, True, "from there on the image comes with one byte a second", "50%"),
    FaultKind("tls-expired", _TLS, True, "the server's certificate has expired"),
    FaultKind("tls-wrong-host", _TLS, True, "the certificate is for another name"),
    FaultKind("tls-untrusted", _TLS, True, "the certificate is signed by an authority that nobody knows"),
    FaultKind("tls-too-new", _TLS, True, "the server speaks TLS 1.3 only"),
    FaultKind("truncate-clean", _SERVER, False, "the server closes TCP in the middle of the image, TLS not", "50%"),
    FaultKind("truncate-reset", _SERVER, False, "the server resets the connection in the middle of the image", "50%"),
    FaultKind("wrong-length", _SERVER, True, "Content-Length is 4096 too large; then the server closes in due form"),
    FaultKind("no-length", _SERVER, True, "there is no Content-Length; the image ends with the connection"),
    FaultKind("chunked", _SERVER, True, "the image comes with Transfer-Encoding: chunked"),
    FaultKind("lower-case-headers", _SERVER, True, "the names of the headers are in lower case, as HTTP allows"),
    FaultKind("wrong-content-type", _SERVER, True, "the answer is a page of text/html, as of a captive portal"),
    FaultKind("redirect", _SERVER, True, "302: the server sends the board to another URL"),
    FaultKind("http-500", _SERVER, True, "500 Internal Server Error"),
    FaultKind("http-404", _SERVER, True, "404 Not Found"),
    FaultKind("empty-200", _SERVER, True, "200 with Content-Length: 0"),
    FaultKind("huge", _SERVER, True, "the image is followed by zeros, 16 MiB in all"),
    FaultKind("corrupt-byte", _SERVER, False, "one bit of the image is flipped on the way", "50%"),
    FaultKind("wrong-board", _SERVER, True, "the image is for another board"),
    FaultKind("downgrade", _SERVER, True, "the image is older than what is installed"),
    FaultKind("replay", _SERVER, True, "the image is the one that is installed"),
    FaultKind("power-cut", _POWER, True, "the power goes, and comes back after a second", "50%", "1s"),
    FaultKind("reset", _POWER, False, "somebody presses the reset button", "50%"),
    FaultKind("brownout", _POWER, False, "the voltage drops for a moment", "50%"),
    FaultKind(
        "stuck-sector", _FLASH, True, "the sector of flash that is worked on next does not change any more", "50%"
    ),
    FaultKind("worn-sector", _FLASH, True, "some bits of the sector of flash that is erased next stay 0", "50%"),
    FaultKind("read-disturb", _FLASH, True, "every hundredth reading of a sector of flash clears one of its bits"),
)

FAULTS: Final[Mapping[str, FaultKind]] = {kind.name: kind for kind in _KINDS}
"""Name to kind."""
