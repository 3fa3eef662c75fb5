"""``luatwin test``: replay scenario files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simulator.cli.options import json_option, say, verbose_option
from simulator.errors import UsageError
from simulator.units import format_duration, parse_duration

if TYPE_CHECKING:
    from simulator.suite import Crew, Item, Result

DEFAULT_WALL_TIMEOUT: Final = "5m"
_COLOURS: Final = {"pass": "green", "limit": "yellow"}


@click.command()
@click.argument("paths", nargs=-1, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--board", metavar="ID", help="The board, for files that name none.")
@click.option("--script", type=click.Path(path_type=Path), metavar="FILE|DIR", help="Its script, for files without.")
@click.option(
    "--hardware", type=click.Path(path_type=Path), metavar="FILE", help="What is around it, for files that do not say."
)
@click.option(
    "-k", "expression", metavar="WORDS", help="Only those whose path, case or name has these words; with not, and, or."
)
@click.option("--case", "label", metavar="CASE", help="Only the case of this name, of a file with several.")
@click.option("-x", "--exitfirst", "stops", is_flag=True, help="End with the first that fails.")
@click.option("--last-failed", "--lf", "last_failed", is_flag=True, help="Only those that failed last; all if none.")
@click.option(
    "-j", "--jobs", type=click.IntRange(1, 256), metavar="N", help="So many at once.  [default: one per core]"
)
@click.option(
    "--wall-timeout",
    default=DEFAULT_WALL_TIMEOUT,
    show_default=True,
    help="Limit of each in real time, if its file has none.",
)
@click.option("--seed", type=int, help="Seed of everything random, instead of that of the file.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write JUnit XML here.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a page to look at here."
)
@click.option(
    "--artefacts",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Leave event log, consoles and flash of those that fail here.",
)
@click.option("--watch", is_flag=True, help="Play again whenever a file has changed that they use, until Ctrl-C.")
@click.option("--check", "only_check", is_flag=True, help="Read the files, and tell every mistake; play nothing.")
@click.option("--ignore-unsupported", is_flag=True, help="Leave out steps that make no sense here.")
@click.option("--schema", "as_schema", is_flag=True, help="The JSON Schema of scenario files, for an editor.")
@click.option("-q", "--quiet", is_flag=True, help="Tell only of those that fail.")
@json_option
@verbose_option
def test(
    paths: tuple[Path, ...],
    board: str | None,
    script: Path | None,
    hardware: Path | None,
    expression: str | None,
    label: str | None,
    stops: bool,
    last_failed: bool,
    jobs: int | None,
    wall_timeout: str,
    seed: int | None,
    junit: Path | None,
    html: Path | None,
    artefacts: Path | None,
    watch: bool,
    only_check: bool,
    ignore_unsupported: bool,
    as_schema: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Replay the scenario files PATH...; a folder means every *.scenario.yaml below it.

    Exits with 1 if something was not as expected, 2 for a mistake in a file, 3 if a board was bricked, 42 if only time
    ran out.
    """
    if as_schema:
        from simulator.cli.output import print_json
        from simulator.scenario.schema import json_schema

        print_json(json_schema())
        return 0
    if not paths:
        raise UsageError("what is to be played? Give scenario files, or folders with *.scenario.yaml")
    for option, file in (("--junit", junit), ("--html", html)):
        if file is not None and not file.parent.is_dir():
            raise UsageError(f"{option} {file}: there is no folder {file.parent}")
    from simulator.suite import Crew, exit_code_of

    crew = Crew(jobs=jobs or os.cpu_count() or 1, wall_timeout_ns=parse_duration(wall_timeout), artefacts=artefacts)

    def chosen() -> list[Item]:
        items = _found(paths, board, script, hardware, ignore_unsupported=ignore_unsupported)
        items = _chosen(items, expression, label, last_failed=last_failed)
        return items if seed is None else [_seeded(item, seed) for item in items]

    def play(items: Sequence[Item]) -> int:
        began, began_s = datetime.now(UTC), time.monotonic()
        results: list[Result] = []
        for result in _played(crew, items, stops=stops):
            results.append(result)
            if not as_json and not (quiet and result.is_passed):
                _tell(result)
        wall_s = time.monotonic() - began_s
        _keep(results)
        _write(results, began, wall_s, junit=junit, html=html)
        _tell_github(results, wall_s, as_json=as_json)
        if as_json:
            _print_json(results, len(items) - len(results), wall_s)
        else:
            click.secho(_summary(results, len(items), wall_s), bold=True)
        return exit_code_of(results)

    items = chosen()
    if only_check:
        return _check(items, quiet=quiet)
    if not watch:
        return play(items)
    from simulator.suite.watching import Watch

    while True:
        files = Watch(paths, items)
        play(items)
        click.echo("waiting for a change ...")
        files.until_changed()
        items = chosen()


def _played(crew: Crew, items: Sequence[Item], *, stops: bool) -> Iterator[Result]:
    """Yield the results, to the first failure if it ``stops`` there; nothing is at work any more afterwards."""
    with closing(crew.play(items)) as results:
        for result in results:
            yield result
            if stops and not result.is_passed:
                return


def _write(
    results: Sequence[Result], began: datetime, wall_s: float, *, junit: Path | None, html: Path | None
) -> None:  # fmt: skip
    if junit is not None:
        from simulator.suite.junit import junit_xml

        junit.write_bytes(junit_xml(results, began=began, wall_s=wall_s))
    if html is not None:
        from simulator.suite.html_report import html_report

        html.write_text(html_report(results, wall_s=wall_s), encoding="utf-8")


def _tell_github(results: Sequence[Result], wall_s: float, *, as_json: bool) -> None:
    """Mark lines and write the summary of the job, if this is one of GitHub's."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from simulator.suite.github import marks, summary

    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    for mark in marks(results, root=root):
        click.echo(mark, err=as_json)
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if page:
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(summary(results, wall_s=wall_s))


def _print_json(results: Sequence[Result], not_played: int, wall_s: float) -> None:
    from simulator.cli.output import print_json
    from simulator.suite import exit_code_of

    print_json(
        {
            "results": [result.to_json() for result in results],
            "not_played": not_played,
            "wall_s": round(wall_s, 3),
            "exit_code": exit_code_of(results),
        }
    )


def _found(
    paths: Sequence[Path],
    board: str | None,
    script: Path | None,
    hardware: Path | None,
    *,
    ignore_unsupported: bool,
) -> list[Item]:
    """Return everything there is to play. Names of files in options are those of this folder."""
    from simulator.suite import find_items

    given = {
        "board": str(Path(board).absolute()) if board is not None and board.endswith(".toml") else board,
        "script": None if script is None else str(script.absolute()),
        "hardware": None if hardware is None else str(hardware.absolute()),
    }
    options = [
        word
        for name, value in (("board", board), ("script", script), ("hardware", hardware))
        if value is not None
        for word in (f"--{name}", str(value))
    ]
    if ignore_unsupported:
        options.append("--ignore-unsupported")
    return find_items(
        paths,
        ignore_unsupported=ignore_unsupported,
        defaults={name: value for name, value in given.items() if value is not None},
        options=tuple(options),
    )


def _chosen(items: list[Item], expression: str | None, label: str | None, *, last_failed: bool) -> list[Item]:
    from simulator.suite import is_chosen
    from simulator.suite.memory import failed_last, is_remembered

    found = len(items)
    if expression is not None:
        items = [item for item in items if is_chosen(expression, item)]
    if label is not None:
        items = [item for item in items if item.label == label or item.error]
    if not items:
        wanted = f"-k {expression!r}" if expression is not None else f"--case {label!r}"
        raise UsageError(f"{wanted}: none of the {found} cases is meant")
    if last_failed:
        remembered = failed_last(Path.cwd())
        items = [item for item in items if is_remembered(remembered, item)] or items
    return items


def _seeded(item: Item, seed: int) -> Item:
    from dataclasses import replace

    if item.case is None:
        return item
    boards = tuple(replace(plan, request=replace(plan.request, seed=seed)) for plan in item.case.boards)
    case = replace(item.case, boards=boards)
    return replace(item, case=case, options=(*item.options, "--seed", str(seed)))


def _keep(results: Sequence[Result]) -> None:
    from simulator.suite.memory import remember

    try:
        remember(Path.cwd(), results)
    except OSError as error:  # a folder that nobody may write to is no reason to fail
        say(f"{error.filename}: {error.strerror}; --last-failed will not know")


def _check(items: Sequence[Item], *, quiet: bool) -> int:
    wrong = [item for item in items if item.error]
    for item in wrong:
        click.echo(item.error, err=True)
    if not quiet:
        files = len({item.path for item in items})
        what = f"{len(wrong)} with mistakes" if wrong else "all well"
        click.echo(f"{files} scenario file{'s' if files != 1 else ''}: {what}")
    return 2 if wrong else 0


def _tell(result: Result) -> None:
    """Print how an item went: a line if it passed, and what there is to say if not."""
    click.secho(f"{result.word.upper():7}", fg=_COLOURS.get(result.word, "red"), nl=False)
    took = f"{result.wall_s:.2f} s"
    if result.verdict is not None:
        took = f"{format_duration(result.verdict.report.simulated_ns)} simulated, {took}"
    click.echo(f" {result.place} ({took})")
    if not result.is_passed:
        for line in _indented(result):
            click.echo(line)


def _indented(result: Result) -> Iterator[str]:
    yield from (f"        {line}" for line in result.lines())
    yield f"        to repeat: {result.command}"


def _summary(results: Sequence[Result], wanted: int, wall_s: float) -> str:
    words: dict[str, int] = {}
    for result in results:
        words[result.word] = words.get(result.word, 0) + 1
    names: dict[str, Any] = {"pass": "passed", "fail": "failed", "error": "with mistakes", "limit": "out of time"}
    counts = [f"{count} {names.get(word, word)}" for word, count in sorted(words.items(), key=lambda entry: entry[0])]
    if len(results) < wanted:
        counts.append(f"{wanted - len(results)} not played")
    return f"{', '.join(counts)} in {wall_s:.2f} s"
