"""``luatwin serve``."""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from ssl import TLSVersion
from typing import Any, Final, get_args

import click
import trio

from simulator.cli.listening import address_of, listen
from simulator.cli.options import Settings, verbose_option
from simulator.errors import UsageError
from simulator.events import Event, EventLog
from simulator.faults import Always, AtByte, AtShare, parse_fault
from simulator.network.tls import stock_tls_version
from simulator.ota_protocol import Catalogue
from simulator.ota_server import (
    AccessLog,
    Conduct,
    Credentials,
    Metrics,
    OtaServer,
    Policy,
    RateLimit,
    Rollout,
    WatchedFolder,
    load_credentials,
    made_credentials,
    parse_networks,
    server_context,
)
from simulator.ota_server.connections import CONNECTIONS_MAX
from simulator.ota_server.records import LogFormat
from simulator.ota_server.tls import DEFAULT_NAMES, TlsRange
from simulator.units import NS_PER_S, format_duration, parse_duration

DEFAULT_PORT: Final = 8443
_FILES_BESIDE_CONNECTIONS: Final = 64

_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option("--firmware", "folder", type=_FILE, required=True, metavar="DIR", help="A folder of images (*.bin)."),
    click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0 for boards."),
    click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True,
                 help="0 takes a free one."),
    click.option("--cert", type=_FILE, metavar="FILE", help="A certificate chain (PEM); one is made if none is given."),
    click.option("--key", type=_FILE, metavar="FILE", help="Its key (PEM)."),
    click.option("--authority-out", type=_FILE, metavar="FILE",
                 help="Write the authority of the made certificate (PEM): what clients that check have to trust."),
    click.option("--legacy-tls", "speaks", flag_value="legacy", help="TLS 1.1 with a real board's ciphers, alone."),
    click.option("--modern-tls", "speaks", flag_value="modern", help="TLS 1.2 and newer.  [default: 1.1 and newer]"),
    click.option("--rollout", metavar="PERCENT", help="Offer updates to this share of the addresses, such as 10%."),
    click.option("--boards", "boards_file", type=_FILE, metavar="FILE",
                 help="Addresses and networks that get updates in any case, one a line. Read again when it changes."),
    click.option("--rate-limit", metavar="N/s|m|h", help="How often an address may ask, such as 20/m."),
    click.option("--max-connections", type=click.IntRange(1), default=CONNECTIONS_MAX, show_default=True,
                 help="Who waits longest without asking has to go if more come."),
    click.option("--access-log", type=_FILE, metavar="FILE", help="Append a line for each connection."),
    click.option("--log-format", type=click.Choice(get_args(LogFormat)), default="combined", show_default=True,
                 help="As web servers do, or JSON."),
    click.option("--grace", default="30s", show_default=True, metavar="TIME",
                 help="How long downloads may go on after Ctrl-C; a second one ends them."),
    click.option("--fault", "faults", multiple=True, metavar="NAME[@WHEN]",
                 help="Misbehave, see luatwin faults (repeatable)."),
)  # fmt: skip


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@_with_options
@verbose_option
@click.pass_obj
def serve(settings: Settings, /, folder: Path, host: str, port: int, speaks: TlsRange | None, **options: Any) -> None:
    """Serve the firmware in a folder to virtual and real boards, until Ctrl-C.

    A board asks for the firmware of its id; of several, the one that was built last is offered. The folder is looked at
    again and again; an image counts when it is whole. /metrics has counts for Prometheus. With -v every question and
    its answer is on stderr.
    """
    names = tuple(dict.fromkeys((*DEFAULT_NAMES, host)))
    credentials = _credentials(options["cert"], options["key"], names)
    if options["authority_out"] is not None:
        _write_authority(options["authority_out"], credentials)
    catalogue = Catalogue()
    watched = WatchedFolder(folder, catalogue, _say)
    events = EventLog(time.monotonic_ns)
    if settings.verbose:
        events.subscribe(_say_answer)
    metrics = Metrics()
    policy = Policy(
        rollout=_rollout(options["rollout"], options["boards_file"]),
        rate_limit=RateLimit.parse(options["rate_limit"]) if options["rate_limit"] else None,
        connections_max=options["max_connections"],
        metrics=metrics,
    )
    grace_s = parse_duration(options["grace"]) / NS_PER_S
    conduct = _conduct(options["faults"]) if options["faults"] else None
    _allow_files(options["max_connections"])
    with ExitStack() as stack:
        recorders: list[Callable[..., None]] = [metrics]
        if options["access_log"] is not None:
            file = stack.enter_context(_open_log(options["access_log"]))
            recorders.append(AccessLog(file, options["log_format"], lambda: datetime.now().astimezone()))
        server = OtaServer(
            catalogue,
            server_context(credentials, speaks=speaks or "any"),
            events=events,
            conduct=conduct,
            names=names,
            policy=policy,
            record=lambda record: [recorder(record) for recorder in recorders].clear(),
        )
        count = len(catalogue.offers)
        trio.run(
            _serve, server, watched, host, port, f"{count} firmware{'s' if count > 1 else ''} from {folder}", grace_s
        )


async def _serve(server: OtaServer, watched: WatchedFolder, host: str, port: int, what: str, grace_s: float) -> None:
    listeners = await listen(host, port)
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watched.watch)
            stop = trio.CancelScope()
            nursery.start_soon(_accept, server, listeners, nursery, stop)
            if stock_tls_version() is not TLSVersion.TLSv1_1:
                _say("this host's OpenSSL cannot do TLS 1.1, so real boards cannot connect")
            _say(f"serving {what} on https://{address_of(host, listeners)}")
            await anext(signals)
            stop.cancel()
            server.connections.dismiss_waiting()
            if len(server.connections):
                limit = format_duration(round(grace_s * NS_PER_S))
                _say(f"finishing {len(server.connections)} downloads, for {limit} at most")
                with trio.move_on_after(grace_s):
                    await _until_either(server.finish, lambda: anext(signals))
            nursery.cancel_scope.cancel()


async def _accept(server: OtaServer, listeners: Any, handlers: trio.Nursery, stop: trio.CancelScope) -> None:
    """Accept connections until told to stop; those that are open go on."""
    with stop:
        await trio.serve_listeners(server.serve_stream, list(listeners), handler_nursery=handlers)


async def _until_either(one: Callable[[], Any], other: Callable[[], Any]) -> None:
    async with trio.open_nursery() as nursery:

        async def run(wait: Callable[[], Any]) -> None:
            await wait()
            nursery.cancel_scope.cancel()

        nursery.start_soon(run, one)
        nursery.start_soon(run, other)


# -- options ----------------------------------------------------------------------------------------------------------


def _credentials(cert: Path | None, key: Path | None, names: tuple[str, ...]) -> Credentials:
    if cert and key:
        return load_credentials(cert, key)
    if cert or key:
        raise UsageError("--cert and --key belong together; give both, or neither for a made certificate")
    return made_credentials(*names)


def _write_authority(path: Path, credentials: Credentials) -> None:
    if not credentials.authority:
        raise UsageError("--authority-out: the certificate is yours, so is its authority")
    path.write_bytes(credentials.authority)


def _rollout(percent: str | None, boards_file: Path | None) -> Callable[[], Rollout]:
    """Return what tells who gets an update now. Raises `UsageError` for what cannot be meant."""
    share = 1.0 if percent is None and boards_file is None else 0.0
    if percent is not None:
        number = percent.removesuffix("%")
        if not number.replace(".", "", 1).isdecimal() or float(number) > 100:
            raise UsageError(f"--rollout {percent!r}: write a share of the addresses, such as 10%")
        share = float(number) / 100
    if boards_file is None:
        fixed = Rollout(share)
        return lambda: fixed
    return _BoardsFile(boards_file, share).rollout


class _BoardsFile:
    """The file with addresses, read again when it changes; one with a mistake in it changes nothing."""

    def __init__(self, path: Path, share: float) -> None:
        self._path = path
        self._share = share
        self._changed_ns = path.stat().st_mtime_ns
        self._rollout = self._read()

    def rollout(self) -> Rollout:
        try:
            changed_ns = self._path.stat().st_mtime_ns
            if changed_ns != self._changed_ns:
                self._changed_ns = changed_ns
                self._rollout = self._read()
        except (OSError, UsageError) as error:
            _say(f"still the boards from before: {error}")
        return self._rollout

    def _read(self) -> Rollout:
        lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        return Rollout(self._share, parse_networks(lines, str(self._path)))


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


def _open_log(path: Path) -> Any:
    return path.open("a", encoding="utf-8", errors="backslashreplace")


def _allow_files(connections: int) -> None:
    """Let the process have as many sockets open as there may be connections, as far as the host allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _FILES_BESIDE_CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def _say_answer(event: Event) -> None:
    if event["kind"] == "server.request":
        _say(f"{event['method']} {event['target']}")
    else:
        what = f"commit {event['commit']}" if "commit" in event else event["why"]
        _say(f"  {event['status']}, {event['length']} bytes: {what}")


def _say(message: str) -> None:
    click.echo(f"luatwin serve: {message}", err=True)
