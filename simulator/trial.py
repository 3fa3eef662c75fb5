"""Tries a fault with a profile and says in a few words how it ended: what the table of faults in the docs is made of.

The board runs ``lua/demo/ota.lua`` once with each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, get_args

from simulator.boards.schema import Profile
from simulator.faults import FAULTS, Fault, parse_fault
from simulator.firmware import first_manifest, next_manifest
from simulator.resources import data_dir
from simulator.session import RESTARTS_TOLD, Ending, Report, run_session
from simulator.setting import Request
from simulator.units import KIB, NS_PER_S

IMAGE_BYTES: Final = 64 * KIB
LIMIT_NS: Final = 180 * NS_PER_S
"""A board that is not done by then never will be."""
PROFILES: Final[tuple[Profile, ...]] = get_args(Profile)
TRIED: Final = (*FAULTS, "ap-down@50%+15s", "blackhole@50%+20s")
"""Every fault as it is without a word more, and those that make a difference when they pass."""

_LIMIT: Final = "3 minutes"
_CALL: Final = "net.ota(): "
_ASKED: Final = "Connecting to https://"
_ORDINARY: Final = re.compile(
    r"Current firmware commit|(Running|Writing) partition|Begin OTA|Chunk written successfully|Ending OTA|"
    r"this board is up to date|Restarting|/ >|ota\.whitecatboard"
)
"""Lines of an update that say nothing about a failure."""


class Row(NamedTuple):
    """One fault and how it ends with each profile."""

    fault: str
    words: dict[Profile, str]


def try_faults(faults: Iterable[str] = TRIED) -> Iterator[Row]:
    """Try faults, written as users write them, one after the other. Raises `UsageError` for one that is none."""
    for text in faults:
        fault = parse_fault(text)
        yield Row(text, {profile: words_of(run_with(fault, profile)) for profile in PROFILES})


def run_with(fault: Fault | None, profile: Profile) -> Report:
    """Let a new board run the demo that updates it, while ``fault`` is in the way."""
    request = Request(
        script=data_dir("lua") / "demo" / "ota.lua",
        profile=profile,
        faults=() if fault is None else (fault,),
        image_bytes=IMAGE_BYTES,
        timeout_ns=LIMIT_NS,
    )
    return run_session(request, heard=lambda _data: None)


def words_of(report: Report) -> str:
    """Return how a run ended: which firmware runs, and what the board had to say."""
    restarts = len(report.boots) - 1
    if report.ending is Ending.TIMEOUT and restarts >= RESTARTS_TOLD:
        return "restarts for ever"
    if report.ending is Ending.TIMEOUT:
        return f"hangs; {report.trouble.removeprefix(_CALL)}" if report.trouble else f"not done after {_LIMIT}"
    return f"{_runs(report)}; {_says(report)}" if not _is_updated(report) else _updated(report)


def _is_updated(report: Report) -> bool:
    last, wanted = report.boots[-1], next_manifest(first_manifest(report.board))
    return (last.commit, last.firmware) == (wanted.commit, wanted.documented_id)


def _updated(report: Report) -> str:
    extra = len(report.boots) - 2
    return "updated" if extra == 0 else f"updated, after {extra} more restart{'s' if extra > 1 else ''}"


def _runs(report: Report) -> str:
    if report.boots[-1].commit == report.boots[0].commit:
        crashed = len(report.boots) - 1
        return "keeps the old firmware" if not crashed else "keeps the old firmware after a crash"
    return "runs a firmware that it should not"


def _says(report: Report) -> str:
    if report.script_errors:
        return f"error {report.script_errors[0].splitlines()[0].partition(': ')[2]}"
    asked, _, console = report.console.decode("utf-8", "replace").rpartition(_ASKED)
    lines = [line.strip() for line in re.split(r"[\r\n]+", console)] if asked else []
    told = [line for line in lines if line and not _ORDINARY.match(line)]
    if told and not told[-1].startswith("not updated"):
        return f"prints {told[-1]!r}"
    return report.trouble.removeprefix(_CALL) or "says nothing"
