"""Results as one page that needs nothing else: for each failure its steps over time, the console, and the flash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from simulator import __version__
from simulator.board_state import BoardState
from simulator.play import Failure, Verdict
from simulator.suite.result import Result
from simulator.units import format_duration, format_size

_CONSOLE_SHOWN: Final = 20_000
_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1a1a1a; }
h2 { border-top: 1px solid #ccc; padding-top: 1rem; font-size: 1.1rem; }
table { border-collapse: collapse; } td, th { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top; }
pre { background: #f4f4f4; padding: .8rem; overflow: auto; max-height: 30rem; }
.pass { color: #1a7f37; } .fail, .error, .bricked, .bug { color: #cf222e; } .limit { color: #9a6700; }
.time { position: relative; height: 1.1rem; width: 30rem; background: #f4f4f4; }
.time i { position: absolute; top: 0; bottom: 0; min-width: 2px; background: #4a90d9; }
.time i.bad { background: #cf222e; }
.flash { display: flex; height: 2rem; border: 1px solid #888; }
.flash div { border-right: 1px solid #888; overflow: hidden; font-size: .7rem; padding: 0 2px; white-space: nowrap; }
@media (prefers-color-scheme: dark) { body { background: #16181d; color: #ddd; } pre, .time { background: #23262d; } }
"""


def html_report(results: Sequence[Result], *, wall_s: float) -> str:
    """Return the page."""
    failed = [result for result in results if not result.is_passed]
    body = [
        f"<h1>{len(results) - len(failed)} of {len(results)} scenarios passed</h1>",
        f"<p>LuaTwin {escape(__version__)}, {wall_s:.1f} s</p>",
        "<table><tr><th>result</th><th>scenario</th><th>simulated</th><th>real</th></tr>",
        *(_row(number, result) for number, result in enumerate(results)),
        "</table>",
    ]
    for number, result in enumerate(results):
        if not result.is_passed:
            body += _details(number, result)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>LuaTwin scenarios</title>'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _row(number: int, result: Result) -> str:
    title = escape(result.item.title)
    shown = title if result.is_passed else f'<a href="#r{number}">{title}</a>'
    simulated = format_duration(result.verdict.report.simulated_ns) if result.verdict is not None else ""
    return (
        f'<tr><td class="{result.word}">{result.word}</td><td>{shown}</td>'
        f"<td>{simulated}</td><td>{result.wall_s:.2f} s</td></tr>"
    )


def _details(number: int, result: Result) -> Iterator[str]:
    yield f'<h2 id="r{number}"><span class="{result.word}">{result.word}</span> {escape(result.place)}</h2>'
    yield f"<pre>{escape(chr(10).join(result.lines()))}</pre>"
    yield f"<p>To repeat: <code>{escape(result.command)}</code></p>"
    verdict = result.verdict
    if verdict is None or verdict.failure is None:
        return
    yield from _timeline(verdict)
    if verdict.failure.state is not None:
        yield from _state(verdict.failure, verdict.failure.state)
    for name, console in verdict.consoles.items():
        text = console.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
        yield f"<h3>Console of {escape(name)}</h3><pre>{escape(_printable(text[-_CONSOLE_SHOWN:]))}</pre>"


def _timeline(verdict: Verdict) -> Iterator[str]:
    whole_ns = max((step.ended_ns for step in verdict.steps), default=0) or 1
    yield "<h3>Steps</h3><table>"
    for step in verdict.steps:
        left, width = step.began_ns / whole_ns * 100, (step.ended_ns - step.began_ns) / whole_ns * 100
        bad = "" if step.is_ok else ' class="bad"'
        yield (
            f"<tr><td>{step.step.place.line}</td><td>{escape(str(step.step))}</td><td>{escape(step.board)}</td>"
            f"<td>{format_duration(step.ended_ns)}</td>"
            f'<td><div class="time"><i{bad} style="left:{left:.2f}%;width:{width:.2f}%"></i></div></td></tr>'
        )
    yield "</table>"


def _state(failure: Failure, state: BoardState) -> Iterator[str]:
    yield f"<h3>Flash of {escape(failure.board)}</h3>"
    whole = sum(area.size_bytes for area in state.areas) or 1
    yield '<div class="flash">'
    for area in state.areas:
        share, used = area.size_bytes / whole * 100, area.used_share * 100
        fill = f"linear-gradient(to right, #9cc5ee {used:.0f}%, transparent {used:.0f}%)"
        about = f"{area.name}: {format_size(area.size_bytes)} at 0x{area.offset:x}, {used:.0f}% used. {area.content}"
        yield (
            f'<div style="flex:{share:.3f};background:{fill}" title="{escape(about, quote=True)}">'
            f"{escape(area.name)}</div>"
        )
    yield "</div><table>"
    yield from (
        f"<tr><td>{escape(area.name)}</td><td>{escape(area.content)}</td></tr>" for area in state.areas if area.content
    )
    yield "</table>"
    yield "".join(f"<p>{escape(line)}</p>" for line in state.otadata)
    boot = state.next_boot
    yield f"<p>At a reset {escape(boot.label or 'nothing')} would start. {escape(boot.why)}</p>"
    yield f"<h3>Last on the flash</h3><pre>{escape(chr(10).join(state.operations))}</pre>"
    told = "\n".join(
        f"{format_duration(event['t'])} {event['board']} {event['kind']} "
        + " ".join(f"{name}={value}" for name, value in event.items() if name not in ("n", "t", "board", "kind"))[:160]
        for event in state.events
    )
    yield f"<h3>Last events</h3><pre>{escape(_printable(told))}</pre>"


def _printable(text: str) -> str:
    """Return a text in which control characters can be seen."""
    return "".join(
        character if character >= " " or character == "\n" else f"\\x{ord(character):02x}" for character in text
    )
