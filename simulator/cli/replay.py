"""``luatwin replay``: run a recorded run again, and prove that it is the same."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from simulator import __version__
from simulator.cli.board_console import BoardConsole
from simulator.cli.moment import print_state
from simulator.cli.options import json_option, say, verbose_option
from simulator.cli.output import print_json, rich_console
from simulator.cli.remarks import remarks_of
from simulator.cli.session_options import cut_option, power_cuts
from simulator.errors import UsageError
from simulator.units import format_duration, parse_duration

if TYPE_CHECKING:
    from simulator.board_state import BoardState
    from simulator.device.device import Device
    from simulator.replay import Moment, Replayed
    from simulator.world import World

_DIFFERS_EXIT_CODE: Final = 1


@click.command()
@click.argument("events", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--to", "to_time", metavar="TIME", help="Stop at this simulated time, such as 12.5s, and show the board.")
@click.option("--to-event", type=click.IntRange(min=0), metavar="N", help="Stop after the event with this number.")
@cut_option
@click.option("--prompt", "opens_prompt", is_flag=True, help="Connect this terminal to the board there, in real time.")
@click.option("--console", "shows_console", is_flag=True, help="Show what the board says meanwhile.")
@json_option
@verbose_option
def replay(
    events: Path,
    to_time: str | None,
    to_event: int | None,
    cuts: tuple[str, ...],
    opens_prompt: bool,
    shows_console: bool,
    as_json: bool,
) -> int:
    """Run again what EVENTS has recorded (luatwin run --events EVENTS), from what it holds, and compare every event.

    Exits with 1 if any differs, and names the first; with --cut, which makes it another run, as that run does. No file
    is changed.
    """
    from simulator.recording import Recording
    from simulator.replay import replay as replay_recording

    to = _moment(to_time, to_event)
    recording = Recording.read(events)
    for path in recording.changed_sources():
        say(f"{path} has changed since; this runs what it was then")
    if recording.version != __version__:
        say(f"{events} is of LuaTwin {recording.version}, this is {__version__}: the two may differ")
    if to_event is not None and to_event >= len(recording.lines):
        raise UsageError(f"--to-event {to_event}: the last event of {events} is {len(recording.lines) - 1}")
    if opens_prompt and as_json:
        raise UsageError("--prompt --json: write one of them; the board's console would be in the middle of the object")
    console = BoardConsole()
    only_runs = bool(cuts) or not recording.lines
    shows_console = (shows_console or only_runs) and to is None and not as_json
    replayed = replay_recording(
        recording,
        to=to,
        faults=power_cuts(cuts),
        heard=console.write if shows_console else lambda _data: None,
        remark=say,
        then=partial(_open_prompt, console) if opens_prompt else None,
    )
    console.flush()
    if opens_prompt and replayed.state is not None:
        return 0
    if as_json:
        print_json({**replayed.to_json(), "report": replayed.report.to_json()} if only_runs else replayed.to_json())
    elif replayed.state is not None:
        print_state(rich_console(), replayed.state)
    elif only_runs:
        if replayed.difference is not None:
            say(f"from here on it is another run: {replayed.difference}")
        for line in remarks_of(replayed.report):
            say(line)
    elif replayed.difference is not None:
        click.echo(f"another run: {replayed.difference}")
    else:
        _say_same(replayed, is_whole=recording.is_whole)
    if only_runs and to is None:
        return replayed.report.exit_code
    return 0 if replayed.difference is None or only_runs else _DIFFERS_EXIT_CODE


async def _open_prompt(console: BoardConsole, state: BoardState, world: World, device: Device) -> None:
    """Show the board, let it go on in real time, and type what is typed until the escape key."""
    from simulator.cli.repl import raw_terminal, type_all, type_interactively

    print_state(rich_console(), state)
    sys.stdout.flush()  # what the board says goes around its buffer
    interactive = sys.stdin.isatty()
    device.on_console = console.write
    with raw_terminal() if interactive else nullcontext():
        if interactive:
            say("Ctrl-] leaves\r")  # and from now on every key is the board's
        world.set_speed(1.0 if interactive else None)
        await (type_interactively if interactive else type_all)(world, device)


def _moment(to_time: str | None, to_event: int | None) -> Moment | None:
    from simulator.replay import AtEvent, AtTime

    if to_time is not None and to_event is not None:
        raise UsageError("--to and --to-event: write one of them")
    if to_event is not None:
        return AtEvent(to_event)
    return None if to_time is None else AtTime(parse_duration(to_time))


def _say_same(replayed: Replayed, *, is_whole: bool) -> None:
    ended = f"ended: {replayed.report.ending.value}" if is_whole else "it was recorded no further"
    click.echo(
        f"the same run: {replayed.event_count} events in {format_duration(replayed.simulated_ns)} of simulated time, "
        f"{ended}"
    )
    click.echo(f"sha256 of the log: {replayed.sha256}")
