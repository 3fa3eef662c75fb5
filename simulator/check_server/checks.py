"""The order of the questions, and which answers are needed for which rows."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Final

import trio

from simulator.boards import Board
from simulator.check_server import rules
from simulator.check_server.probe import Answer, Shake, ask, shake_hands
from simulator.check_server.rules import Finding, Verdict
from simulator.firmware import find_manifest
from simulator.network.redirect import ServerAddress
from simulator.network.tls import any_server_context, board_client_context

OLD_COMMIT: Final = "0" * 40
"""A commit that nothing was ever built from: every firmware is newer."""


async def check_server(
    server: ServerAddress,
    board: Board,
    *,
    firmware_id: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Finding]:
    """Ask ``server`` what a ``board`` would, with its own firmware id or another, and return a row for each thing seen.

    ``progress`` hears what is being done.
    """
    progress("connecting")
    try:
        stock = await shake_hands(server, board_client_context())
    except OSError as error:
        return [
            Finding("address", Verdict.FAILS, str(error.strerror or error), "", "is the server up, is that its port?")
        ]
    findings = [Finding("address", Verdict.OK, f"{server.host}:{server.port}")]
    name, context, seen = await _fall_back(server, stock, findings)
    findings += rules.certificate(seen)
    if context is None:
        return findings
    wanted = firmware_id or board.ota_firmware_id

    async def question(target: str) -> Answer | None:
        try:
            return await ask(server, context, target, name=name)
        except (OSError, trio.BrokenResourceError, trio.TooSlowError):
            return None

    progress("asking for a firmware")
    answer = await question(f"/?firmware={wanted}&commit={OLD_COMMIT}")
    if answer is None:
        findings.append(Finding("status", Verdict.FAILS, "the connection broke", "a board prints nothing then"))
        return findings
    findings += rules.firmware_answer(answer)
    if answer.status == 200:
        findings += rules.image(answer, board)
        progress("asking with the newest commit")
        manifest = find_manifest(answer.body)
        again = await question(f"/?firmware={wanted}&commit={manifest.commit}") if manifest else None
        findings.append(rules.newest(again, manifest))
    progress("asking without a commit")
    bad = await question(f"/?firmware={wanted}")
    if bad is not None:
        findings.append(rules.bad_question(bad))
    return findings


async def _fall_back(
    server: ServerAddress, stock: Shake, findings: list[Finding]
) -> tuple[str | None, ssl.SSLContext | None, Shake | None]:
    """Find a way to talk to a server that a board cannot talk to, so that the rest can be looked at."""
    if stock.worked:
        findings += rules.tls(stock, None, None)
        return None, board_client_context(), stock
    named = await shake_hands(server, board_client_context(), name=server.host)
    modern = named if named.worked else await shake_hands(server, any_server_context(), name=server.host)
    findings += rules.tls(stock, named, modern)
    if not modern.worked:
        return None, None, None
    return server.host, board_client_context() if named.worked else any_server_context(), modern
