"""``luatwin replay``: run a recorded run again, and prove that it is the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from simulator import __version__
from simulator.cli.options import json_option, verbose_option
from simulator.units import format_duration

if TYPE_CHECKING:
    from simulator.replay import Replayed

_DIFFERS_EXIT_CODE: Final = 1


@click.command()
@click.argument("events", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@verbose_option
def replay(events: Path, as_json: bool) -> int:
    """Run again what EVENTS has recorded (luatwin run --events EVENTS), from what it holds, and compare every event.

    Exits with 1 if any differs, and names the first. No file is changed.
    """
    from simulator.recording import Recording
    from simulator.replay import replay as replay_recording

    recording = Recording.read(events)
    for path in recording.changed_sources():
        _say(f"{path} has changed since; this runs what it was then")
    if recording.version != __version__:
        _say(f"{events} is of LuaTwin {recording.version}, this is {__version__}: the two may differ")
    replayed = replay_recording(recording)
    if as_json:
        from simulator.cli.output import print_json

        print_json(replayed.to_json())
    elif replayed.difference is None:
        _say_same(replayed, is_whole=recording.is_whole)
    else:
        click.echo(f"another run: {replayed.difference}")
    return 0 if replayed.difference is None else _DIFFERS_EXIT_CODE


def _say_same(replayed: Replayed, *, is_whole: bool) -> None:
    ended = f"ended: {replayed.report.ending.value}" if is_whole else "it was recorded no further"
    click.echo(
        f"the same run: {replayed.event_count} events in {format_duration(replayed.simulated_ns)} of simulated time, "
        f"{ended}"
    )
    click.echo(f"sha256 of the log: {replayed.sha256}")


def _say(line: str) -> None:
    click.echo(f"luatwin: {line}", err=True)
