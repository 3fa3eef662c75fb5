"""One question, one decision.

A board sends ``GET /?firmware=<id>&commit=<commit>``: the id in the documented form (``N1ESP32-OTA``) or the source
form (``WHITECAT-ESP32-N1-OTA``), and the commit its firmware was built from. The server it was written for is a PHP
script, and the same arguments mean the same here:

* GET or POST; in the query, in a body of type ``application/x-www-form-urlencoded``, or mixed: the body wins;
* names and values are case-sensitive, ``+`` and ``%XX`` are decoded;
* of several arguments of one name the last wins, and other arguments are ignored.

====== ======================================================================================
status meaning
====== ======================================================================================
200    the newest firmware for that id, as ``application/octet-stream``
470    an argument is missing or malformed, or there is no firmware of that id
471    the board has the newest firmware already
404    a path other than ``/``
405    a method other than GET and POST
====== ======================================================================================

A commit is 7 to 40 hexadecimal digits in any case. Git abbreviates, so two commits are equal if one begins with the
other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from simulator.ota_protocol.catalogue import Catalogue, Firmware

OK: Final = 200
NOT_FOUND: Final = 404
METHOD_NOT_ALLOWED: Final = 405
MISSING_OR_BAD_ARGUMENTS: Final = 470
NO_NEW_FIRMWARE: Final = 471

REASONS: Final = {
    OK: "OK",
    NOT_FOUND: "Not Found",
    METHOD_NOT_ALLOWED: "Method Not Allowed",
    MISSING_OR_BAD_ARGUMENTS: "Missing or bad arguments",
    NO_NEW_FIRMWARE: "No new firmware available",
}
METHODS: Final = ("GET", "POST")
FORM_TYPE: Final = "application/x-www-form-urlencoded"
_ARGUMENTS_MAX: Final = 1000
"""PHP's ``max_input_vars``."""
_TARGET: Final = re.compile(r"(https?://[^/?]*)?/?(\?(?P<query>.*))?", re.DOTALL | re.IGNORECASE)
"""The path ``/`` with or without a query, alone or behind the name of a server as a proxy would send it."""
_FIRMWARE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_COMMIT: Final = re.compile(r"[0-9A-Fa-f]{7,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request as it arrived: ``target`` with its query, ``content_type`` as in the header (None: no such header)."""

    method: str
    target: str
    content_type: str | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer. ``firmware_id`` and ``commit`` are what the board said (None: nothing), whether good or not.

    ``why`` says in words why there is no firmware; ``offer`` is the firmware to send with a 200, and only then.
    """

    status: int
    why: str = ""
    firmware_id: str | None = None
    commit: str | None = None
    offer: Firmware | None = None

    @property
    def reason(self) -> str:
        """The reason phrase of the status line."""
        return REASONS[self.status]


def decide(question: Question, catalogue: Catalogue) -> Decision:
    """Answer ``question`` from ``catalogue``."""
    target = _TARGET.fullmatch(question.target)
    if target is None:
        return Decision(status=NOT_FOUND, why="there is nothing but /")
    if question.method not in METHODS:
        return Decision(status=METHOD_NOT_ALLOWED, why=f"{question.method} is neither GET nor POST")
    try:
        arguments = _arguments(question, target["query"] or "")
    except ValueError:
        return Decision(status=MISSING_OR_BAD_ARGUMENTS, why=f"more than {_ARGUMENTS_MAX} arguments")
    firmware_id, commit = arguments.get("firmware"), arguments.get("commit")

    def answer(status: int, why: str = "", offer: Firmware | None = None) -> Decision:
        return Decision(status=status, why=why, firmware_id=firmware_id, commit=commit, offer=offer)

    if firmware_id is None or commit is None:
        missing = "firmware" if firmware_id is None else "commit"
        return answer(MISSING_OR_BAD_ARGUMENTS, f"the argument {missing!r} is missing")
    if not _FIRMWARE_ID.fullmatch(firmware_id):
        return answer(MISSING_OR_BAD_ARGUMENTS, f"{firmware_id!r} is no firmware id")
    if not _COMMIT.fullmatch(commit):
        return answer(MISSING_OR_BAD_ARGUMENTS, f"{commit!r} is no commit; write 7 to 40 hexadecimal digits")
    newest = catalogue.newest(firmware_id)
    if newest is None:
        return answer(MISSING_OR_BAD_ARGUMENTS, f"there is no firmware {firmware_id!r}")
    if _is_same_commit(commit, newest.commit):
        return answer(NO_NEW_FIRMWARE, f"{newest.commit} is the newest firmware")
    return answer(OK, offer=newest)


def _arguments(question: Question, query: str) -> dict[str, str]:
    """Return the arguments by name. Raises `ValueError` if there are too many."""
    sources = [query]
    media_type = (question.content_type or "").partition(";")[0].strip().lower()
    if question.method == "POST" and media_type == FORM_TYPE:
        sources.append(question.body.decode("latin-1"))
    return {
        name: value
        for source in sources
        for name, value in parse_qsl(source, keep_blank_values=True, max_num_fields=_ARGUMENTS_MAX)
    }


def _is_same_commit(one: str, other: str) -> bool:
    one, other = one.lower(), other.lower()
    return one.startswith(other) or other.startswith(one)
