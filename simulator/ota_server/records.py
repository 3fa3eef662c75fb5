"""What is kept of the exchanges of a server: an access log, and counts for Prometheus."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TextIO

from simulator.ota_protocol import Catalogue

LogFormat = Literal["combined", "json"]
_UNSAFE: Final = {ord(character): f"\\x{ord(character):02x}" for character in map(chr, (*range(32), 34, 92, 127))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One connection that is over. ``status`` is None if there was no answer, ``method`` None if no question."""

    address: str
    tls: str | None
    method: str | None
    target: str | None
    agent: str | None
    status: int | None
    sent_bytes: int
    complete: bool
    seconds: float
    firmware: str | None
    commit: str | None
    offered: str | None


class AccessLog:
    """Writes a line for each record, in the combined format of web servers or as JSON."""

    def __init__(self, file: TextIO, form: LogFormat, now: Callable[[], datetime]) -> None:
        self._file = file
        self._form = form
        self._now = now

    def __call__(self, record: Record) -> None:
        """Write a record down, at once."""
        line = self._json(record) if self._form == "json" else self._combined(record)
        self._file.write(line + "\n")
        self._file.flush()

    def _combined(self, record: Record) -> str:
        when = self._now().strftime("%d/%b/%Y:%H:%M:%S %z")
        question = "-" if record.method is None else f"{record.method} {_safe(record.target or '')} HTTP/1.1"
        status = "-" if record.status is None else record.status
        agent = "-" if record.agent is None else _safe(record.agent)
        return f'{record.address} - - [{when}] "{question}" {status} {record.sent_bytes} "-" "{agent}"'

    def _json(self, record: Record) -> str:
        fields = {name: getattr(record, name) for name in Record.__dataclass_fields__}
        return json.dumps(
            {"time": self._now().isoformat(timespec="milliseconds"), **fields, "seconds": round(record.seconds, 3)}
        )


def _safe(text: str) -> str:
    """Return what a client sent so that it cannot end the line, or the quotes around it."""
    return text.translate(_UNSAFE)


class Metrics:
    """Counts records, and tells what it counted in the text format of Prometheus."""

    def __init__(self) -> None:
        self._answers: Counter[str] = Counter()
        self._downloads: Counter[str] = Counter()
        self._sent_bytes = 0
        self._without_question = 0

    def __call__(self, record: Record) -> None:
        """Count a record."""
        self._sent_bytes += record.sent_bytes
        if record.status is None:
            self._without_question += 1
        else:
            self._answers[str(record.status)] += 1
        if record.offered is not None:
            self._downloads["complete" if record.complete else "broken"] += 1

    def text(self, *, open_connections: int, evicted: int, catalogue: Catalogue) -> str:
        """Return the page that Prometheus reads."""
        rows = [
            *_family("luatwin_ota_answers_total", "counter", "Answers by status.", "status", self._answers),
            *_family("luatwin_ota_downloads_total", "counter", "Images sent, by how it ended.", "end", self._downloads),
            *_single("luatwin_ota_sent_bytes_total", "counter", "Bytes of bodies.", self._sent_bytes),
            *_single(
                "luatwin_ota_silent_connections_total",
                "counter",
                "Connections without an answer.",
                self._without_question,
            ),
            *_single(
                "luatwin_ota_evicted_connections_total", "counter", "Connections that gave way to others.", evicted
            ),
            *_single("luatwin_ota_open_connections", "gauge", "Connections now.", open_connections),
            "# HELP luatwin_ota_firmware What is on offer.",
            "# TYPE luatwin_ota_firmware gauge",
            *(
                f'luatwin_ota_firmware{{firmware="{firmware_id}",commit="{offer.commit}"}} {len(offer.image)}'
                for offer in catalogue.offers
                for firmware_id in offer.ids
            ),
        ]
        return "\n".join(rows) + "\n"


def _family(name: str, kind: str, text: str, label: str, counts: Counter[str]) -> list[str]:
    rows = [f'{name}{{{label}="{value}"}} {count}' for value, count in sorted(counts.items())]
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *rows]


def _single(name: str, kind: str, text: str, count: int) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}", f"{name} {count}"]
