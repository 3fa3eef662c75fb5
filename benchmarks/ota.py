"""A whole update over the air, in units of what no implementation could do without.

The cycle: a new world, power on a board whose flash is manufactured, boot, script, join, HTTPS, 1 MiB to flash,
restart, second boot, and the question that is answered with 471. The limit: one TLS handshake of the same version,
cipher and certificate, and the bytes of the image encrypted, decrypted and hashed, with nothing around them.
"""

from __future__ import annotations

import hashlib
import ssl

from benchmarks.report import Row, at_least, at_most
from benchmarks.setting import Setting
from benchmarks.timing import Effort, median_cpu_s
from simulator.events import Event
from simulator.network.tls import stock_client_context
from simulator.ota_server import made_credentials, server_context
from simulator.recording import LogLines
from simulator.units import KIB, MIB

_RECORD_BYTES = 16 * KIB
_BOARDS_IN_ONE_WORLD = 10


def measure(effort: Effort) -> list[Row]:
    whole = Setting.updating(1 * MIB)
    limit_s, cycle_s, logged_s = median_cpu_s(
        effort, lambda: bare_limit(whole.update.image), whole.run, lambda: _run_with_event_log(whole)
    )
    small = Setting.updating(64 * KIB)
    count = min(_BOARDS_IN_ONE_WORLD, effort.boards)
    (boards_s,) = median_cpu_s(effort, lambda: small.run(count))
    return [
        Row(
            what="OTA of 1 MiB, power on to second boot",
            value=cycle_s / limit_s,
            unit="times the bare limit",
            aim=at_most(8),
            detail=f"{cycle_s * 1e3:.1f} ms; TLS handshake, cipher and SHA-256 alone {limit_s * 1e3:.1f} ms",
        ),
        Row(
            what="the same with an event log",
            value=(logged_s / cycle_s - 1) * 100,
            unit="% more",
            detail=f"{logged_s * 1e3:.1f} ms",
        ),
        Row(
            what="OTA of 64 KiB, power on to second boot",
            value=count / boards_s,
            unit="/s",
            aim=at_least(60),
            detail=f"{count} boards in one world, one core",
        ),
    ]


def bare_limit(image: bytes) -> bytes:
    """Shake hands, send ``image`` through TLS and return its SHA-256."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = stock_client_context().wrap_bio(to_client, to_server)
    server = server_context(made_credentials()).wrap_bio(to_server, to_client, server_side=True)
    waiting = [client, server]
    while waiting:
        end = waiting.pop(0)
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(end)
    digest = hashlib.sha256()
    for start in range(0, len(image), _RECORD_BYTES):
        server.write(image[start : start + _RECORD_BYTES])
        digest.update(client.read(_RECORD_BYTES))
    return digest.digest()


def _run_with_event_log(setting: Setting) -> list[bytes]:
    log = LogLines()
    lines: list[bytes] = []

    def write(event: Event) -> None:
        lines.append(log.line(event))

    setting.run(heard_event=write)
    return lines
