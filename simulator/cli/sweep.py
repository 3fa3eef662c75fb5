"""``luatwin sweep``: cut the power at every flash operation of a run."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from simulator.cli.options import json_option, say, verbose_option, words_without
from simulator.cli.output import fact_table, plain_table, print_json, progress_bar, rich_console
from simulator.cli.session_options import build_request, session_options
from simulator.errors import UsageError
from simulator.flash.cut import PATTERNS, SHARES, Pattern, parse_cut

if TYPE_CHECKING:
    from simulator.setting import Request
    from simulator.sweep import Cuts, Failure, Plan, Progress, Sweep, SweepReport, Verdict

_KINDS_SHOWN: Final = 10
_SCENARIO_SUFFIXES: Final = (".yaml", ".yml")
_OWN_PARAMETERS: Final = frozenset(
    {
        *("script", "depth", "window", "operations", "shares", "patterns", "cuts", "label"),
        *("chaos_seeds", "first_seed", "jobs", "no_pruning", "quiet", "as_json", "verbose"),
    }
)
_OWN_FLAGS: Final = frozenset({"--json", "-q", "--quiet", "--no-pruning"})
_OWN_OPTIONS: Final = ("--cuts", "--window", "--ops", "--torn", "--pattern", "--cut", "--case", "--jobs", "-j")
_RARE: Final = ("falls back", "half")
_COLUMNS: Final = {
    "old": "starts old",
    "new": "starts new",
    "falls back": "falls back",
    "half": "starts half",
    "none": "bricked",
    "lost": "data lost",
    "completed": "recovers",
    "broken": "broken",
}


@click.command()
@click.argument("script", required=False, metavar="SCENARIO", type=click.Path(path_type=Path))
@click.argument("arguments", nargs=-1, metavar="[-- ARG...]")
@click.option("-e", "chunk", metavar="CHUNK", help="Run this Lua code instead of a file.")
@session_options
@click.option("--timeout", default="60s", show_default=True, help="Limit of each run in simulated time.")
@click.option(
    "--cuts",
    "depth",
    type=click.Choice(("1", "2")),
    default="1",
    show_default=True,
    help="Cut once; or once more, everywhere in the run that begins after the first cut.",
)
@click.option(
    "--window",
    type=click.Choice(("all", "activation")),
    default="all",
    show_default=True,
    help="Where to cut first: everywhere, or from the last byte of the update to its first start.",
)
@click.option("--ops", "operations", metavar="A-B", help="Cut these flash operations and no others.")
@click.option(
    "--torn",
    "shares",
    default=",".join(map(str, SHARES)),
    show_default=True,
    metavar="SHARE,...",
    help="How far torn operations came, from 0 to 1.",
)
@click.option(
    "--pattern",
    "patterns",
    multiple=True,
    type=click.Choice(PATTERNS),
    default=("prefix",),
    show_default=True,
    help="What torn operations leave (repeatable).",
)
@click.option(
    "--cut",
    "cuts",
    multiple=True,
    metavar="OP:PHASE",
    help="Examine only this cut, such as 1742:torn:0.5, and tell all about it; a second one after a comma.",
)
@click.option(
    "-j", "--jobs", type=click.IntRange(1, 256), metavar="N", help="Work in so many processes.  [default: one per core]"
)
@click.option("--case", "label", metavar="LABEL", help="Of a scenario file that makes several cases, only this one.")
@click.option(
    "--chaos",
    "chaos_seeds",
    type=click.IntRange(min=1),
    metavar="N",
    help="Instead of single cuts: so many runs in which random things go wrong, as run --chaos SEED does.",
)
@click.option("--from", "first_seed", type=int, default=0, show_default=True, metavar="SEED", help="The first of them.")
@click.option("--no-pruning", is_flag=True, help="Compute every state, even if it is known what it comes to.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@json_option
@verbose_option
def sweep(
    script: Path | None,
    arguments: tuple[str, ...],
    chunk: str | None,
    depth: str,
    window: Any,
    operations: str | None,
    shares: str,
    patterns: tuple[Pattern, ...],
    cuts: tuple[str, ...],
    jobs: int | None,
    label: str | None,
    chaos_seeds: int | None,
    first_seed: int,
    no_pruning: bool,
    quiet: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Run SCENARIO, then cut the power at every flash operation: before it, in the middle of it and after it.

    SCENARIO is a script or a folder, as for run, or a scenario file, of which the board counts and not the steps. After
    each cut the board must start the old app or the new one, have all files and keys that were committed, and end as
    without the cut. Exits with 3 if it does not.
    """
    if chunk is not None and script is not None:
        arguments = (str(script), *arguments)
        script = None
    if script is None and chunk is None and options.get("flash") is None:
        raise UsageError("what is to be swept? Give a script, a folder, a scenario file, -e CHUNK or --flash FILE")
    if script is not None and not script.exists():
        raise UsageError(f"{script}: there is no such script, folder or scenario file")
    from simulator.sweep import Plan, Sweep, Torn, parse_operations

    paths = [tuple(map(parse_cut, text.split(","))) for text in cuts]
    plan = Plan(depth=int(depth), window=window, operations=parse_operations(operations) if operations else None)
    torn = Torn(_shares(shares), patterns)
    is_scenario = script is not None and script.suffix in _SCENARIO_SUFFIXES
    if script is not None and is_scenario:
        requests = _cases(script, label)
    elif label is not None:
        raise UsageError("--case: only a scenario file has cases")
    else:
        requests = {"": build_request(script=script, chunk=chunk, arguments=arguments, **options)}
    if chaos_seeds is not None:
        from simulator.cli.chaos import run_campaigns

        if paths:
            raise UsageError("--cut: --chaos draws the cuts itself")
        seeds = range(first_seed, first_seed + chaos_seeds)
        of_file = script is not None and script.suffix in _SCENARIO_SUFFIXES
        count = jobs or os.cpu_count() or 1
        return run_campaigns(requests, seeds, of_file=of_file, jobs=count, quiet=quiet, as_json=as_json)
    results: dict[str, dict[str, Any]] = {}
    codes: list[int] = []
    for name, request in requests.items():
        case = name if len(requests) > 1 else None
        if case is not None and not as_json:
            click.echo(f"case {case}:")
        found = Sweep(request, torn=torn, prunes=not no_pruning)
        for remark in () if quiet else found.remarks:
            say(remark)
        if paths:
            verdicts = [found.examine(path) for path in paths]
            codes.append(3 if any(failure.problems for failure, _ in verdicts) else 0)
            results[name] = {"cuts": [_verdict_json(failure, verdict) for failure, verdict in verdicts]}
            if not as_json:
                _show_verdicts(verdicts, is_scenario=is_scenario)
        else:
            report = _run(found, plan, jobs or os.cpu_count() or 1, quiet=quiet)
            codes.append(report.exit_code)
            results[name] = report.to_json()
            if not as_json:
                _show(report, case)
    if as_json:
        print_json(results[name] if len(results) == 1 else {"cases": results})
    return max(codes)


def _cases(path: Path, label: str | None) -> dict[str, Request]:
    """Return what the board of each case of a scenario file begins with, by the label of the case."""
    from simulator.scenario import read_scenario

    context = click.get_current_context()
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if given and parameter.name not in _OWN_PARAMETERS:
            raise UsageError(f"{parameter.opts[-1]}: {path} says what its board is")
    cases = read_scenario(path).cases
    chosen = [case for case in cases if label in (None, case.label)]
    if not chosen:
        raise UsageError(f"--case {label!r}: {path} has {', '.join(repr(case.label) for case in cases)}")
    if any(len(case.boards) > 1 for case in chosen):
        raise UsageError(f"{path}: a sweep is of one board, and this scenario has more")
    return {case.label: case.request for case in chosen}


def _shares(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = (-1.0,)
    if not all(0 <= share <= 1 for share in shares):
        raise UsageError(f"--torn {text!r}: write shares from 0 to 1, such as 0.25,0.5")
    return shares


def _run(found: Sweep, plan: Plan, jobs: int, *, quiet: bool) -> SweepReport:
    """Sweep, with a bar on stderr if that is a terminal, and tell in the end how fast that was."""
    bar = progress_bar("{task.fields[cuts]:,} cuts, {task.fields[rate]:,.0f}/s", quiet=quiet)
    shown = bar.add_task("", total=None, cuts=0, rate=0.0)
    started_s = time.monotonic()

    def show(progress: Progress) -> None:
        bar.start()  # not before the workers are there: they are copies of this process, without its threads
        bar.update(
            shown,
            description=f"{progress.broken} broken" if progress.broken else "nothing broken",
            total=progress.total,
            completed=progress.done,
            cuts=progress.cuts,
            rate=progress.cuts / (time.monotonic() - started_s),
        )

    try:
        report = found.run(plan, jobs=jobs, progress=show)
    finally:
        bar.stop()
    if not quiet:
        elapsed_s = time.monotonic() - started_s
        say(f"{report.cuts:,} cuts in {elapsed_s:.1f} s, {report.cuts / elapsed_s:,.0f}/s")
    return report


def _show(report: SweepReport, case: str | None) -> None:
    console = rich_console()
    for number, tally in enumerate(report.levels, 1):
        columns = {what: name for what, name in _COLUMNS.items() if what not in _RARE or tally.total(what)}
        table = plain_table("changes", "operations", "cuts", *columns.values())
        for column in table.columns[1:]:
            column.justify = "right"
        for label, row in sorted(tally.rows.items()):
            table.add_row(label, *(f"{row[what]:,}" for what in ("operations", "cuts", *columns)))
        if number > 1:
            console.print("\nafter a second cut:")
        console.print(table)
    console.print()
    facts = {
        "operations": f"{report.operations:,}{_which(report)}",
        "cuts": f"{report.cuts:,}",
        "different boots": f"{report.boots:,}",
        "different recoveries": f"{report.recoveries:,}",
        "bricked": f"{report.total('none') + report.total('half'):,}",
        "data lost": f"{report.total('lost'):,}",
    }
    if report.total("in part"):
        facts["changed in part"] = f"{report.total('in part'):,} (a file under way, on SPIFFS)"
    facts["broken"] = f"{report.broken:,}"
    console.print(fact_table(facts))
    kinds: dict[tuple[str, ...], list[Failure]] = {}
    for failure in report.failures:
        kinds.setdefault(failure.problems, []).append(failure)
    for failures in list(kinds.values())[:_KINDS_SHOWN]:
        click.echo()
        for line in _failure_lines(
            failures, case
        ):  # not broken into lines of the terminal's width: one is to be pasted
            click.echo(line)
    if len(kinds) > _KINDS_SHOWN:
        click.echo(f"\nand {len(kinds) - _KINDS_SHOWN} more kinds of failures; --json has all")


def _which(report: SweepReport) -> str:
    numbers = report.numbers
    return "" if len(numbers) == report.operations else f", of which {numbers[0]} to {numbers[-1]} were cut"


def _failure_lines(failures: list[Failure], case: str | None) -> Iterator[str]:
    """Yield what is to be said of failures with the same problems."""
    from simulator.sweep import cuts_text

    first = failures[0]
    yield from first.problems
    also = f", and {len(failures) - 1:,} more" if len(failures) > 1 else ""
    yield f"  after {cuts_text(first.cuts)}, {first.operation}{also}"
    yield f"  boots {first.boots}"
    yield f"  {shlex.join(_again(first.cuts, case))}"


def _again(cuts: Cuts, case: str | None) -> list[str]:
    """Return the command that examines one cut of the sweep that this command is."""
    from simulator.sweep import cuts_text

    before, behind = words_without(_OWN_FLAGS, _OWN_OPTIONS)
    chosen = [] if case is None else ["--case", case]
    return ["luatwin", *before, *chosen, "--cut", cuts_text(cuts), *behind]


def _live(cuts: Cuts) -> list[str]:
    """Return the command that cuts the power of a board that can be watched, instead of looking at what is left."""
    before, behind = words_without(_OWN_FLAGS, _OWN_OPTIONS)
    before[before.index("sweep")] = "run"
    return ["luatwin", *before, "--cut", str(cuts[0]), *behind]


def _show_verdicts(verdicts: list[tuple[Failure, Verdict]], *, is_scenario: bool) -> None:
    """Tell all about some cuts."""
    from simulator.sweep import cuts_text

    console = rich_console()
    for failure, verdict in verdicts:
        click.echo(f"{cuts_text(failure.cuts)}: {failure.operation}")
        console.print(fact_table(dict(_verdict_facts(failure, verdict))))
        if len(failure.cuts) == 1 and not is_scenario:
            click.echo(f"to watch it: {shlex.join(_live(failure.cuts))}")


def _verdict_facts(failure: Failure, verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "boots", failure.boots
    losses = [*verdict.losses, *verdict.in_part]
    yield "stored", "\n".join(f"{loss.name} {loss.what}" for loss in losses) or "all that was committed"
    recovery = verdict.recovery
    if recovery is not None:
        yield "then", ", ".join(recovery.boots) + f"; {recovery.ending.value} with commit {recovery.commit}"
    if failure.problems:
        yield "broken", "\n".join((*failure.problems, *(recovery.explanation if recovery is not None else ())))


def _verdict_json(failure: Failure, verdict: Verdict) -> dict[str, Any]:
    from simulator.sweep import cuts_text

    recovery = verdict.recovery
    return {
        "cut": cuts_text(failure.cuts),
        "operation": failure.operation,
        "boots": failure.boots,
        "starts": verdict.boot.starts.value,
        "label": verdict.boot.label,
        "lost": [f"{loss.name} {loss.what}" for loss in verdict.losses],
        "in_part": [f"{loss.name} {loss.what}" for loss in verdict.in_part],
        "recovery": None
        if recovery is None
        else {
            "outcome": recovery.ending.value,
            "boots": list(recovery.boots),
            "commit": recovery.commit,
            "script_errors": list(recovery.script_errors),
            "explanation": list(recovery.explanation),
        },
        "problems": list(failure.problems),
    }
