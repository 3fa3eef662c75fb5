"""``luatwin run``: power on one board, run a script on it, until it is done."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simulator.cli.board_console import BoardConsole
from simulator.cli.options import json_option, say, verbose_option
from simulator.cli.remarks import remarks_of
from simulator.cli.session_options import build_request, cut_option, session_options
from simulator.errors import UsageError
from simulator.units import NS_PER_S, parse_duration

if TYPE_CHECKING:
    from simulator.session import Report
    from simulator.setting import Request

DEFAULT_WALL_TIMEOUT: Final = "10m"
_LIMIT_EXIT_CODE: Final = 42
_DIFFERS_EXIT_CODE: Final = 1


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("script", required=False, type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, metavar="[-- ARG...]")
@click.option("-e", "chunk", metavar="CHUNK", help="Run this Lua code instead of a file.")
@session_options
@cut_option
@click.option("--speed", default="max", show_default=True, help="max, or simulated seconds per second.")
@click.option("--timeout", default="60s", show_default=True, help="Limit in simulated time; exits with 42.")
@click.option(
    "--wall-timeout", help=f"Limit in real time; exits with 42.  [default: {DEFAULT_WALL_TIMEOUT} at speed max]"
)
@click.option(
    "--chaos",
    "chaos_seed",
    type=int,
    metavar="SEED",
    help="Let things go wrong at random, and then check as with --survive; the seed decides what.",
)
@click.option(
    "--survive",
    is_flag=True,
    help="When all is over, lift every fault and check that the board is whole; exits with 3 if it is not.",
)
@click.option(
    "--check-determinism",
    "runs_twice",
    is_flag=True,
    help="Run it once more in another process, and name the first event that differs; exits with 1 if any does.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but what the board says.")
@json_option
@verbose_option
def run(
    script: Path | None,
    arguments: tuple[str, ...],
    chunk: str | None,
    wall_timeout: str | None,
    chaos_seed: int | None,
    survive: bool,
    runs_twice: bool,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Power on a board and run SCRIPT on it as /autorun.lua until it has ended and the board is idle.

    A folder becomes the board's whole file system. The board's console is stdout, byte for byte.
    """
    if chunk is not None and script is not None:
        arguments = (str(script), *arguments)
        script = None
    if script is not None and not script.exists():
        raise UsageError(f"{script}: there is no such script or folder")
    from simulator.session import run_session

    request = build_request(script=script, chunk=chunk, arguments=arguments, **options)
    if wall_timeout is None and request.speed is None:
        wall_timeout = DEFAULT_WALL_TIMEOUT
    console = BoardConsole()
    heard, remark = _discard if as_json else console.write, _discard if quiet else say
    with _limit(None if wall_timeout is None else parse_duration(wall_timeout)):
        if survive or chaos_seed is not None:
            from simulator.cli.chaos import run_once

            return run_once(request, chaos_seed, heard=heard, tell=remark, as_json=as_json)
        run_it = partial(run_session, heard=heard, remark=remark)
        report, again = _twice(request, run_it) if runs_twice else (run_it(request), None)
    console.flush()
    if as_json:
        from simulator.cli.output import print_json  # with rich, which takes time to import

        print_json({**report.to_json(), **({} if again is None else {"again": again})})
    if not quiet:
        for line in remarks_of(report):
            say(line)
        if report.explanation:
            say(f"to repeat: {_command(request, report)}")
        if again is not None:
            say(_words(again))
    return report.exit_code if again is None or again["is_same"] else _DIFFERS_EXIT_CODE


def _twice(request: Request, run_it: Callable[[Request], Report]) -> tuple[Report, dict[str, Any]]:
    from simulator.cli.twice import run_twice  # starts a process

    return run_twice(request, run_it)


def _words(again: dict[str, Any]) -> str:
    if again["is_same"]:
        return f"the same in another process: {again['events']} events, sha256 {again['sha256']}"
    return f"not the same in another process: {again['difference']['words']}"


def _command(request: Request, report: Report) -> str:
    """Return the command that repeats a failed run, also if that has changed its flash file."""
    changed = request.flash is not None and report.flash.operations > 0
    recording = request.events if changed and request.events is not None else report.recording
    words = request.argv if recording is None else ("replay", str(recording))
    return shlex.join(["luatwin", *words])


def _discard(_data: bytes | str) -> None:
    """Hear nothing; the report has it."""


@contextmanager
def _limit(duration_ns: int | None) -> Iterator[None]:
    """End the process if the block takes longer, whatever it is doing: no hook reaches one long C call of Lua."""
    if duration_ns is None:
        yield
        return
    limit_s = duration_ns / NS_PER_S

    def end() -> None:
        with suppress(Exception):
            sys.stdout.flush()
        sys.stderr.write(f"luatwin: still running after {limit_s:g} s of real time (--wall-timeout)\n")
        sys.stderr.flush()
        os._exit(_LIMIT_EXIT_CODE)

    timer = threading.Timer(limit_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
