"""``luatwin serve``."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from ssl import TLSVersion
from typing import Final

import click
import trio

from simulator.cli.listening import address_of, listen
from simulator.cli.options import Settings, verbose_option
from simulator.errors import UsageError
from simulator.events import Event, EventLog
from simulator.faults import Always, AtByte, AtShare, parse_fault
from simulator.network.tls import stock_tls_version
from simulator.ota_server import (
    Conduct,
    Credentials,
    OtaServer,
    load_credentials,
    made_credentials,
    read_folder,
    server_context,
)
from simulator.ota_server.tls import DEFAULT_NAMES

DEFAULT_PORT: Final = 8443

_FILE = click.Path(path_type=Path)


@click.command()
@click.option("--firmware", "folder", type=_FILE, required=True, metavar="DIR", help="A folder of images (*.bin).")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0 for boards.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0 takes a free one."
)
@click.option("--cert", type=_FILE, metavar="FILE", help="A certificate chain (PEM); one is made if none is given.")
@click.option("--key", type=_FILE, metavar="FILE", help="Its key (PEM).")
@click.option(
    "--fault", "faults", multiple=True, metavar="NAME[@WHEN]", help="Misbehave, see luatwin faults (repeatable)."
)
@verbose_option
@click.pass_obj
def serve(
    settings: Settings, folder: Path, host: str, port: int, cert: Path | None, key: Path | None, faults: tuple[str, ...]
) -> None:
    """Serve the firmware in a folder to virtual and real boards, until Ctrl-C.

    A board asks for the firmware of its id; of several, the one that was built last is offered. With -v every question
    and its answer is on stderr.
    """
    credentials = _credentials(cert, key, host)
    catalogue = read_folder(folder)
    events = EventLog(time.monotonic_ns)
    if settings.verbose:
        events.subscribe(_say_answer)
    names = _names(host)
    server = OtaServer(
        catalogue, server_context(credentials), events=events, conduct=_conduct(faults) if faults else None, names=names
    )
    count = len(catalogue.offers)
    trio.run(_serve, server, host, port, f"{count} firmware{'s' if count > 1 else ''} from {folder}")


def _credentials(cert: Path | None, key: Path | None, host: str) -> Credentials:
    if cert and key:
        return load_credentials(cert, key)
    if cert or key:
        raise UsageError("--cert and --key belong together; give both, or neither for a made certificate")
    return made_credentials(*_names(host))


def _names(host: str) -> tuple[str, ...]:
    """Return the names that a certificate for a server on ``host`` should have."""
    return tuple(dict.fromkeys((*DEFAULT_NAMES, host)))


def _conduct(faults: tuple[str, ...]) -> Conduct:
    """Return how the server misbehaves. Raises `UsageError` for what a server cannot do to its clients."""
    conduct = Conduct()
    for text in faults:
        fault = parse_fault(text)
        if not fault.kind.layer.is_of_server or fault.duration_ns is not None:
            raise UsageError(f"--fault {text!r}: a server on a real port can do only what it does itself, and for good")
        if isinstance(fault.when, Always):
            conduct.begin(fault.kind)
        elif isinstance(fault.when, AtShare | AtByte):
            conduct.add_due(fault)
        else:
            raise UsageError(f"--fault {text!r}: a server knows no moment but a place in the image, such as 50%")
    return conduct


async def _serve(server: OtaServer, host: str, port: int, what: str) -> None:
    listeners = await listen(host, port)
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.serve, listeners)
            if stock_tls_version() is not TLSVersion.TLSv1_1:
                _say("this host's OpenSSL cannot do TLS 1.1, so real boards cannot connect")
            _say(f"serving {what} on https://{address_of(host, listeners)}")
            async for _ in signals:
                nursery.cancel_scope.cancel()
                break


def _say_answer(event: Event) -> None:
    if event["kind"] == "server.request":
        _say(f"{event['method']} {event['target']}")
    else:
        what = f"commit {event['commit']}" if "commit" in event else event["why"]
        _say(f"  {event['status']}, {event['length']} bytes: {what}")


def _say(message: str) -> None:
    click.echo(f"luatwin serve: {message}", err=True)
