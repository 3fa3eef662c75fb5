"""How libcurl finds a host, connects and begins TLS (``lib/hostip6.c``, ``lib/connect.c``, ``lib/vtls/mbedtls.c``)."""

from __future__ import annotations

import ssl
from typing import Final

import trio

from simulator.libcurl.easy import Easy
from simulator.libcurl.failure import CurlError, Failure
from simulator.libcurl.handshake import (
    HandshakeFailed,
    authorities_trouble,
    certificate_lines,
    cipher_of,
    client_context,
)
from simulator.libcurl.wire import Wire
from simulator.network import NameNotFoundError

AUTHORITIES: Final = "/certs/ca-certificates.crt"
"""``CURL_CA_BUNDLE`` of ``curl_config.h``."""
FIRST_SOCKET: Final = 54
"""The first descriptor of lwIP (``LWIP_SOCKET_OFFSET``); that of a second socket is the next one."""


class Connector:
    """Makes the connections of one transfer, of which the first counts as the connection to its host."""

    def __init__(self, easy: Easy, nursery: trio.Nursery) -> None:
        self.easy = easy
        self.wires: list[Wire] = []
        self._nursery = nursery
        self._session: ssl.SSLSession | None = None
        """That of the first connection, for the second one to the same host."""

    async def resolve(self, host: str, port: int) -> str:
        """Return the address of a host; the library asks for one. Raises `CurlError`."""
        self.easy.info("timeout on name lookup is not supported")
        try:
            return (await self.easy.surroundings.interface.resolve(host))[0]
        except NameNotFoundError as error:
            self.easy.info(f"getaddrinfo(3) failed for {host}:{port}")
            raise CurlError(Failure.COULDNT_RESOLVE_HOST) from error

    async def begin(self, address: str, port: int) -> Wire:
        """Ask for a connection to an address. Raises `CurlError` if there is no way to it."""
        wire = Wire(self.easy, self._nursery, FIRST_SOCKET + len(self.wires))
        self.easy.info(f"  Trying {address}...")
        self.easy.info("TCP_NODELAY set")
        self.easy.expire(_HAPPY_EYEBALLS_S)
        await wire.begin(address, port)
        if wire.has_failed_at_once:
            self.easy.info(f"Immediate connect fail for {address}: {wire.trouble}")
            await wire.close()
            raise CurlError(Failure.COULDNT_CONNECT)
        self.wires.append(wire)
        return wire

    async def finish(self, wire: Wire, address: str, port: int, shown: str, shown_port: int) -> bool:
        """See whether a connection is there; say so if it is. Raises `CurlError` if there will be none.

        ``shown`` and ``shown_port`` are the host and the port of the URL.
        """
        if wire.is_connected:
            self.easy.info(f"Connected to {shown} ({address}) port {shown_port} (#0)")
            self.easy.surroundings.emit("net.connect", host=shown, port=port)
            return True
        if wire.trouble is None:
            return False
        self.easy.info(f"connect to {address} port {shown_port} failed: {wire.trouble}")
        await wire.close()
        self.wires.remove(wire)
        self.easy.surroundings.emit("net.connect", host=shown, port=port, error="ConnectError")
        raise self.easy.fail(Failure.COULDNT_CONNECT, f"Failed to connect to {shown} port {shown_port}: {wire.trouble}")

    async def begin_tls(self, wire: Wire, host: str, port: int) -> None:
        """Begin a handshake. What is said of it is how it has been set up."""
        easy = self.easy
        trouble = authorities_trouble(easy.surroundings.authorities())
        if trouble is not None:
            easy.info(f"Error reading ca cert file {AUTHORITIES} - mbedTLS: {trouble}")
        easy.info(f"mbedTLS: Connecting to {host}:{port}")
        easy.info("mbedTLS: Set min SSL version to TLS 1.0")
        if self._session is not None:
            easy.info("mbedTLS re-using session")
        await wire.begin_tls(client_context(), host, self._session)

    def finish_tls(self, wire: Wire) -> None:
        """Say how a handshake went that is over. Raises `CurlError`."""
        easy = self.easy
        try:
            tls = wire.tls
        except HandshakeFailed as error:
            easy.surroundings.emit("net.tls", error="ConnectError")
            raise easy.fail(Failure.SSL_CONNECT_ERROR, f"ssl_handshake returned - mbedTLS: {error}") from error
        easy.surroundings.emit("net.tls", version=tls.version())
        easy.info(f"mbedTLS: Handshake complete, cipher is {cipher_of(tls)}")
        certificate = tls.getpeercert(binary_form=True)
        if certificate:
            easy.info("Dumping cert info:\n" + "".join(f"* {line}\n" for line in certificate_lines(certificate)))
        easy.info("SSL connected")
        self._session = tls.session

    async def do_tls(self, wire: Wire, host: str, port: int) -> None:
        """Do a handshake for which everything else waits (``Curl_ssl_connect``). Raises `CurlError`."""
        await self.begin_tls(wire, host, port)
        while not await self.easy.wait(lambda: bool(wire.tls_ended), self.easy.left_s):
            if self.easy.left_s <= 0:
                raise self.easy.fail(Failure.OPERATION_TIMEDOUT, "SSL connection timeout")
        self.finish_tls(wire)

    async def close(self) -> None:
        """Close what is still open, the second socket first."""
        for wire in reversed(self.wires):
            await wire.close()
        self.wires.clear()


_HAPPY_EYEBALLS_S: Final = 0.2
"""After so long another family of addresses would be tried, of which there is none."""
