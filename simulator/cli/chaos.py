"""Random faults for ``run --chaos`` and ``sweep --chaos``, and ``run --survive``: one run or many, and what broke."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from simulator.cli.options import say, words_without
from simulator.cli.output import fact_table, print_json, progress_bar, rich_console
from simulator.units import NS_PER_S

if TYPE_CHECKING:
    from simulator.chaos import Plan
    from simulator.setting import Request
    from simulator.survival import Arena, CampaignReport, SeedResult

_FAILURES_SHRUNK: Final = 5
_SHRUNK: Final = "the same breaks with less, found in {runs} runs: {faults}"
_PROMISES: Final = {"boots": "bricked, or half an app", "keeps": "data lost", "recovers": "no update any more"}

_OWN_FLAGS: Final = frozenset({"--survive", "--json", "-q", "--quiet", "-v", "--verbose", "--no-pruning"})
"""Those of ``run`` and ``sweep`` that a command which repeats a failure does not need."""
_OWN_OPTIONS: Final = (
    *("--chaos", "--from", "--fault", "--cut", "--jobs", "-j", "--wall-timeout", "--events"),
    *("--cuts", "--window", "--ops", "--torn", "--pattern", "--case"),
)


def run_once(
    request: Request,
    seed: int | None,
    *,
    heard: Callable[[bytes], None],
    tell: Callable[[str], None],
    as_json: bool,
) -> int:
    """Run a board through the faults of ``request`` and those of ``seed``, and tell how it came through."""
    from simulator.chaos import draw_plan, options_of
    from simulator.survival import Arena, smallest_plan

    arena = Arena(request)
    for remark in arena.remarks:
        tell(remark)
    plan = request.faults if seed is None else (*request.faults, *draw_plan(seed, arena.course))
    if seed is not None:
        tell(f"chaos {seed}: {shlex.join(options_of(plan))}")
    survival = arena.run_as_asked(plan, heard=heard)
    for remark in survival.remarks:
        tell(remark)
    smallest = plan
    if survival.broken:
        for broken in survival.broken:
            tell(f"broken {broken}")
        for line in survival.broken[0].explanation:
            tell(line)
        smallest, runs = smallest_plan(arena, plan, survival.broken)
        if smallest != plan:
            tell(_SHRUNK.format(runs=runs, faults=_faults(smallest)))
        tell(f"to repeat: {_again(smallest)}")
    else:
        updates = ", and updates itself" if arena.updates else ""
        tell(f"survived: the board starts a whole app, has all that was committed{updates}")
    if as_json:
        chaos = {
            "seed": seed,
            "plan": [fault.text for fault in plan],
            "broken": [broken.to_json() for broken in survival.broken],
            "remarks": survival.remarks,
            "smallest": [fault.text for fault in smallest] if survival.broken else None,
            "again": _again(smallest) if survival.broken else None,
        }
        print_json({**survival.report.to_json(), "exit_code": 3 if survival.broken else 0, "chaos": chaos})
    return 3 if survival.broken else 0


def run_campaigns(
    requests: Mapping[str, Request], seeds: range, *, of_file: bool, jobs: int, quiet: bool, as_json: bool
) -> int:
    """Run each board through a plan for each seed, and tell how many it came through.

    The boards are those of the cases of a scenario file, by their labels, if they are ``of_file``.
    """
    results: dict[str, Any] = {}
    codes: list[int] = []
    for label, request in requests.items():
        if len(requests) > 1 and not as_json:
            click.echo(f"case {label}:")
        case = label if of_file else None
        report = _run_campaign(request, seeds, case=case, jobs=jobs, quiet=quiet, shows=not as_json)
        results[label] = report.to_json()
        codes.append(report.exit_code)
    if as_json:
        print_json(results[label] if len(results) == 1 else {"cases": results})
    return max(codes)


def _run_campaign(
    request: Request, seeds: range, *, case: str | None, jobs: int, quiet: bool, shows: bool
) -> CampaignReport:
    from simulator.survival import Arena, CampaignReport, run_seeds

    started_s = time.monotonic()
    arena = Arena(request)
    report = CampaignReport()
    for result in _with_a_bar(run_seeds(arena, seeds, jobs=jobs, always=request.faults), len(seeds), quiet=quiet):
        report.add(result)
    if shows:
        rich_console().print(fact_table(_facts(report)))
        for result in report.failures[:_FAILURES_SHRUNK]:
            _show_failure(arena, result, case)
        if len(report.failures) > _FAILURES_SHRUNK:
            click.echo(f"\nand {len(report.failures) - _FAILURES_SHRUNK:,} more; --json has them")
    if not quiet:
        elapsed_s = time.monotonic() - started_s
        say(f"{report.seeds:,} seeds in {elapsed_s:.1f} s, {report.seeds / elapsed_s:.1f}/s")
    return report


def _with_a_bar(results: Iterable[SeedResult], total: int, *, quiet: bool) -> Iterable[SeedResult]:
    """Yield ``results``, with a bar on stderr if that is a terminal."""
    bar = progress_bar(quiet=quiet)
    shown, broken = bar.add_task("", total=total), 0
    try:
        for result in results:
            bar.start()  # not before the workers are there: they are copies of this process, without its threads
            broken += bool(result.broken)
            bar.update(shown, advance=1, description=f"{broken} broken" if broken else "nothing broken")
            yield result
    finally:
        bar.stop()


def _facts(report: CampaignReport) -> dict[str, str]:
    facts = {
        "seeds": f"{report.seeds:,}",
        "faults planned": f"{report.faults.total():,}, of {len(report.faults)} kinds",
        "boots": f"{report.boots:,}",
        "simulated": f"{report.simulated_ns / NS_PER_S / 3600:,.1f} hours",
        **{words: f"{report.broken(promise):,}" for promise, words in _PROMISES.items()},
    }
    if report.unrest:
        facts["hung until the power was cut"] = "\n".join(
            f"{count:,}: {why}" for why, count in report.unrest.most_common()
        )
    if report.in_part:
        facts["changed in part"] = f"{report.in_part:,} (a file under way, on SPIFFS)"
    return facts


def _show_failure(arena: Arena, result: SeedResult, case: str | None) -> None:
    from simulator.survival import smallest_plan

    click.echo(f"\nseed {result.seed}:")
    for broken in result.broken:
        click.echo(f"  {broken}")
    for line in result.broken[0].explanation:
        click.echo(f"    {line}")
    smallest, runs = smallest_plan(arena, result.plan, result.broken)
    if smallest != result.plan:
        click.echo(f"  {_SHRUNK.format(runs=runs, faults=_faults(smallest))}")
    click.echo(f"  {_again(smallest) if case is None else _again_from_file(case, result.seed)}")


def _faults(plan: Plan) -> str:
    return " ".join(fault.text for fault in plan) or "without any fault"


def _again(plan: Plan) -> str:
    """Return the command that runs the board of this command through a plan."""
    from simulator.chaos import options_of

    before, behind = words_without(_OWN_FLAGS, _OWN_OPTIONS)
    return shlex.join(["luatwin", "run", *before[1:], *options_of(plan), "--survive", *behind])


def _again_from_file(case: str, seed: int) -> str:
    """Return the command that runs the board of one case of a scenario file through the plan of one seed."""
    before, _ = words_without(_OWN_FLAGS, _OWN_OPTIONS)
    return shlex.join(["luatwin", *before, "--case", case, "--chaos", "1", "--from", str(seed)])
