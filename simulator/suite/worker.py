"""What a process does that plays one case."""

from __future__ import annotations

import dataclasses
import signal
import traceback
from collections import Counter
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from simulator.errors import LuaTwinError
from simulator.play import Failure, Outcome, Verdict, play
from simulator.scenario import Case, Scenario
from simulator.scenario.story import Step

EVENTS_FILE: Final = "events.ndjson"
FLASH_FILE: Final = "flash.bin"

Message = tuple[str, Any]
"""``("step", text)`` for each step that begins, and at the end ``verdict``, ``error`` or ``bug``."""


def warm_up(cases: Iterable[Case]) -> None:
    """Do once what the processes for ``cases``, copies of this one, would each do when a board asks for an update.

    That is to import what it takes, and to make the certificate of the update server that most of them have.
    """
    import simulator.network.http_backend
    import simulator.network.stock_http  # noqa: F401 (that it is there is what counts)
    from simulator.boards import load_board
    from simulator.dump import DEFAULT_BOARD
    from simulator.ota_server import made_credentials, server_context

    servers: Counter[tuple[str, ...]] = Counter()
    for case in cases:
        requests = [plan.request for plan in case.boards]
        if not any(request.sdkconfig or request.server for request in requests):
            boards = {request.board or DEFAULT_BOARD for request in requests}
            servers[tuple(sorted({load_board(board).ota_server for board in boards}))] += 1
    for names, _ in servers.most_common(1):
        server_context(made_credentials(*names))


def work(connection: Connection, scenario: Scenario, case: Case, console: Path, artefacts: Path | None) -> None:
    """Play a case and send how it went. ``console`` gets what the first board prints, for whoever has to end this.

    With a folder for ``artefacts`` a case that fails is played again, to leave its event log and flash there.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that waits for this one is told, too
    try:
        with console.open("wb", buffering=0) as file:

            def heard(data: bytes) -> None:
                file.write(data)

            verdict = play_with_cuts(
                scenario, case, heard=heard, began=lambda step: connection.send(("step", _told(step)))
            )
        if artefacts is not None and verdict.failure is not None:
            artefacts.mkdir(parents=True, exist_ok=True)
            play(scenario, case, events=artefacts / EVENTS_FILE, flash=_new_file(artefacts / FLASH_FILE))
        connection.send(("verdict", verdict))
    except Exception as error:
        cause: BaseException = error
        while isinstance(cause, BaseExceptionGroup) and len(cause.exceptions) == 1:
            cause = cause.exceptions[0]
        is_bug = not isinstance(cause, LuaTwinError)
        connection.send(("bug", traceback.format_exc()) if is_bug else ("error", str(cause)))


def _told(step: Step) -> str:
    return f"line {step.place.line}: {step}"


def _new_file(path: Path) -> Path:
    path.unlink(missing_ok=True)  # or it would be the flash that the board begins with
    return path


def play_with_cuts(scenario: Scenario, case: Case, **how: Any) -> Verdict:
    """Play a case; and if it demands that nothing breaks then, cut the power everywhere. ``how`` is as for `play`."""
    verdict = play(scenario, case, **how)
    if case.sweep_place is None or verdict.outcome is not Outcome.PASSED:
        return verdict
    from simulator.sweep import Plan, Sweep, cuts_text

    report = Sweep(case.request).run(Plan())
    if not report.broken:
        return verdict
    first = report.failures[0]
    failure = Failure(
        place=case.sweep_place,
        what="sweep: true",
        board=case.boards[0].name,
        message=f"{report.broken} of {report.cuts} power cuts break something",
        hints=(f"cut {cuts_text(first.cuts)}, {first.operation}:", *(f"  {problem}" for problem in first.problems)),
        time_ns=verdict.report.simulated_ns,
    )
    return dataclasses.replace(verdict, outcome=Outcome.BRICKED, failure=failure)
