"""``luatwin repl``: the board's console in this terminal, in real time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simulator.cli.options import verbose_option
from simulator.cli.session_options import build_request, session_options
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.device.device import Device
    from simulator.world import World

ESCAPE_KEY: Final = 0x1D
"""Ctrl-], as in telnet and miniterm: leave, whatever the board is doing."""
_READ_BYTES: Final = 256
_NO_LIMIT: Final = "1000000h"


@click.command()
@click.argument("script", required=False, type=click.Path(path_type=Path))
@session_options
@click.option("--speed", default="1", show_default=True, help="Simulated seconds per second.")
@verbose_option
def repl(script: Path | None, **options: Any) -> int:
    """Power on a board and connect this terminal to its console. Ctrl-] leaves.

    SCRIPT, a Lua file or a folder, goes onto the board as with run. What is piped in is typed, and the end of the
    pipe waits until the board is idle.
    """
    if script is not None and not script.exists():
        raise UsageError(f"{script}: there is no such script or folder")
    from simulator.session import run_session

    request = build_request(script=script, timeout=_NO_LIMIT, **options)
    if request.speed is None:
        raise UsageError("--speed max: a person cannot type that fast; write a number")
    interactive = sys.stdin.isatty()
    if interactive:
        click.echo("luatwin: Ctrl-] leaves", err=True)
    output = sys.stdout.buffer

    def heard(data: bytes) -> None:
        output.write(data)
        output.flush()

    with raw_terminal() if interactive else nullcontext():
        report = run_session(
            request,
            heard=heard,
            remark=lambda line: click.echo(f"luatwin: {line}\r", err=True),
            steer=type_interactively if interactive else type_all,
        )
    click.echo(err=interactive)
    return 0 if interactive else report.exit_code


async def type_interactively(_world: World, device: Device) -> None:
    """Send what is typed to the board until the escape key."""
    import trio

    while True:
        await trio.lowlevel.wait_readable(sys.stdin)
        typed = os.read(sys.stdin.fileno(), _READ_BYTES)
        if not typed:
            return
        before, escape, _ = typed.partition(bytes((ESCAPE_KEY,)))
        device.receive(before)
        if escape:
            return


async def type_all(_world: World, device: Device) -> None:
    """Wait for the prompt, send what is piped in, and wait until the board is done with it."""
    await device.idle.wait()
    for line in sys.stdin.buffer:
        device.receive(line.rstrip(b"\r\n") + b"\r")
        await device.idle.wait()


@contextmanager
def raw_terminal() -> Iterator[None]:
    """Let every key through, Ctrl-C included, as a serial terminal does."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
