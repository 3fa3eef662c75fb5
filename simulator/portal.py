"""A captive portal: the server that every name leads to for those who have not logged in at a hotel or a café.

It speaks HTTP and, with a certificate of its own that is for no other name, HTTPS, and sends whoever asks for anything
to its login page. That names lead here is `simulator.network.VirtualNetwork.portals`.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import trio

from simulator.http import Request, Response, serve_connection
from simulator.network import VirtualInterface
from simulator.network.interface import HTTP_PORT, HTTPS_PORT
from simulator.ota_server import made_credentials, server_context
from simulator.ota_server.conduct import PORTAL_PAGE, PORTAL_URL

PORTAL_NAME: Final = urlsplit(PORTAL_URL).netloc

_SENT_TO_LOGIN: Final = Response(status=302, reason="Found", headers=(("Location", PORTAL_URL),))
_LOGIN: Final = Response(
    status=200, reason="OK", headers=(("Content-Type", "text/html; charset=utf-8"),), body=PORTAL_PAGE
)


async def serve_portal(host: VirtualInterface) -> None:
    """Serve the portal on ``host`` until cancelled."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, _serve_plain, [host.listen(HTTP_PORT)])
        nursery.start_soon(trio.serve_listeners, _serve_tls, [host.listen(HTTPS_PORT)])


async def _serve_plain(stream: trio.abc.Stream) -> None:
    await serve_connection(stream, _answer)


async def _serve_tls(stream: trio.abc.Stream) -> None:
    context = server_context(made_credentials(PORTAL_NAME))
    await serve_connection(trio.SSLStream(stream, context, server_side=True), _answer)


async def _answer(request: Request) -> Response:
    asked_for = f"http://{request.header('host')}{request.target}"
    return _LOGIN if asked_for == PORTAL_URL else _SENT_TO_LOGIN
