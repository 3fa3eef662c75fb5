"""``luatwin serial``: UART0 of a board where other people's programs find it, in real time."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import click

from simulator.cli.options import say, verbose_option
from simulator.cli.session_options import build_request, session_options
from simulator.errors import UsageError

if TYPE_CHECKING:
    import trio
    from trio import TaskStatus

    from simulator.device.device import Device
    from simulator.serial_port import Adapter, Host
    from simulator.world import World

    Offer: TypeAlias = Callable[..., Awaitable[None]]
    """Offers an adapter to other programs; started in a nursery, it tells where."""

_NO_LIMIT: Final = "1000000h"


@click.command()
@click.argument("script", required=False, type=click.Path(path_type=Path))
@click.option("--pty", "as_pty", is_flag=True, help="A pseudo-terminal: its name is printed.")
@click.option("--tcp", metavar="HOST:PORT", help="A TCP port with the bytes as they are.")
@click.option("--rfc2217", metavar="HOST:PORT", help="A TCP port with the reset lines, for pyserial and esptool.")
@session_options
@click.option("--speed", default="1", show_default=True, help="Simulated seconds per second.")
@verbose_option
def serial(script: Path | None, as_pty: bool, tcp: str | None, rfc2217: str | None, **options: Any) -> None:
    """Power on a board and offer its UART0 to other programs, one after the other, until Ctrl-C.

    Give one of --pty, --tcp and --rfc2217. SCRIPT, a Lua file or a folder, goes onto the board as with run.
    """
    if [as_pty, tcp is not None, rfc2217 is not None].count(True) != 1:
        raise UsageError("write one of --pty, --tcp HOST:PORT and --rfc2217 HOST:PORT")
    if script is not None and not script.exists():
        raise UsageError(f"{script}: there is no such script or folder")
    from simulator.cli.listening import parse_address
    from simulator.session import run_session

    request = build_request(script=script, timeout=_NO_LIMIT, **options)
    if request.speed is None:
        raise UsageError("--speed max: the other program lives in real time; write a number")
    if tcp is not None:
        offer = _tcp_offer(*parse_address("--tcp", tcp))
    elif rfc2217 is not None:
        offer = _rfc2217_offer(*parse_address("--rfc2217", rfc2217))
    else:
        offer = _offer_pty
    run_session(request, heard=_discard, remark=say, steer=_until_interrupted(offer), ends_when_stuck=False)


def _until_interrupted(offer: Offer) -> Callable[[World, Device], Awaitable[None]]:
    """Return what connects an adapter to a board and offers it until SIGINT or SIGTERM."""

    async def steer(_world: World, device: Device) -> None:
        import trio

        from simulator.serial_port import Adapter

        adapter = Adapter(device)
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with trio.open_nursery() as nursery:
                where = await nursery.start(offer, adapter)
                say(f"UART0 of {device.board.documented_id}, until Ctrl-C: {where}")
                async for _ in signals:
                    nursery.cancel_scope.cancel()
                    break

    return steer


async def _offer_pty(adapter: Adapter, *, task_status: TaskStatus[str]) -> None:
    import trio

    from simulator.serial_port import PseudoTerminal, serve_lines

    with PseudoTerminal() as terminal:
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_lines, terminal.path, adapter.lines)
            task_status.started(terminal.path)
            while True:
                await terminal.opened()
                await adapter.serve(terminal)


def _tcp_offer(host: str, port: int) -> Offer:
    from simulator.serial_port import TcpHost

    return _network_offer(host, port, "socket", lambda stream, _adapter: TcpHost(stream))


def _rfc2217_offer(host: str, port: int) -> Offer:
    from simulator.serial_port import Rfc2217Host

    return _network_offer(host, port, "rfc2217", Rfc2217Host)


def _network_offer(host: str, port: int, scheme: str, connected: Callable[[trio.SocketStream, Adapter], Host]) -> Offer:
    """Return what listens on a port and serves one connection after the other; ``scheme`` is pyserial's for it."""

    async def offer(adapter: Adapter, *, task_status: TaskStatus[str]) -> None:
        from simulator.cli.listening import address_of, listen

        listener, *_ = listeners = await listen(host, port)
        task_status.started(f"{scheme}://{address_of(host, listeners)}")
        while True:
            stream = await listener.accept()
            async with stream:
                await adapter.serve(connected(stream, adapter))

    return offer


def _discard(_data: bytes) -> None:
    """Hear nothing: the adapter does."""
