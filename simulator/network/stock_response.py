"""How the stock firmware reads an HTTP response: bytes in, what it understood out. No bytes are moved here.

Theory of operation (``net_http_get`` and ``net_http_read_line`` in Lua RTOS, ``components/sys/drivers/net_http.c``).
A line is read byte by byte until a line feed, the end of a 2048-byte buffer, or a read that fails; it is good if it
ends with CR LF. ``strtok`` then splits it, so leading separators are skipped and a zero byte ends the text. Only the
exact names ``Content-Type`` and ``Content-Length`` mean anything, and the first character of a value is dropped unseen.
The headers of any code but 200 are left unread. What the firmware cannot make sense of has one of three ends: an error
(`StockHttpError`), a null pointer (`StockPanicError`), or an answer in which nothing was filled in (``code`` None).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

LINE_BYTES_MAX: Final = 2048
"""Size of the line buffer; CR LF counts."""
OCTET_STREAM: Final = "application/octet-stream"

_INT_MIN: Final = -(2**31)
_INT_MAX: Final = 2**31 - 1
_INTEGER: Final = re.compile(rb"[ \t\n\v\f\r]*([+-]?[0-9]+)")


class StockFailure(Enum):
    """Why the firmware's HTTP client gives up. The value is the name of the ``net`` driver's exception."""

    NAME_CANNOT_BE_RESOLVED = "NameCannotBeResolved"
    CANNOT_CONNECT = "CannotConnect"
    CANNOT_CONNECT_SSL = "CannotConnectSSL"
    INVALID_RESPONSE = "InvalidResponse"
    INVALID_CONTENT = "InvalidContent"


class StockHttpError(Exception):
    """The firmware's HTTP client reports ``failure``, with ``extra`` as the detail in parentheses (or ``""``)."""

    def __init__(self, failure: StockFailure, extra: str = "") -> None:
        super().__init__(f"{failure.value} ({extra})" if extra else failure.value)
        self.failure = failure
        self.extra = extra


class StockPanicError(Exception):
    """The firmware follows a null pointer here: on the device the CPU raises an exception and the board restarts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockAnswer:
    """What the firmware has in its hands when it stops reading headers.

    ``code`` is None if no status line could be read: the device then looks at a structure that was never filled in,
    and most likely sees neither 200 nor 470 nor 471. ``content_length`` is None under the same rule: no such header.
    ``content_type`` and ``headers`` are as the firmware saw them, that is without the first character of the value.
    """

    code: int | None
    content_length: int | None = None
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class StockResponseParser:
    """Reads one response up to the body. Feed it what arrives until it returns the answer.

    ``expected_type`` is the content type that is acceptable; None accepts all.
    """

    def __init__(self, expected_type: str | None = OCTET_STREAM) -> None:
        self._expected_type = expected_type
        self._buffer = b""
        self._code: int | None = None
        self._headers: list[tuple[str, str]] = []

    @property
    def leftover(self) -> bytes:
        """What was fed and not read: after the answer to a 200, the beginning of the body."""
        return self._buffer

    def feed(self, data: bytes) -> StockAnswer | None:
        """Read on with ``data``; None means that more is needed.

        Raises `StockHttpError` with INVALID_RESPONSE or INVALID_CONTENT, and `StockPanicError`.
        """
        self._buffer += data
        while True:
            end = self._buffer.find(b"\n", 0, LINE_BYTES_MAX) + 1
            if end == 0 and len(self._buffer) < LINE_BYTES_MAX:
                return None
            answer = self._take_line(end or LINE_BYTES_MAX)
            if answer is not None:
                return answer

    def feed_end(self) -> StockAnswer:
        """No more bytes can be read; what is there is the last line. Raises as `feed`."""
        answer = self._take_line(len(self._buffer))
        assert answer is not None, "a line without its end either ends the response or is an error"
        return answer

    def _take_line(self, length: int) -> StockAnswer | None:
        line, self._buffer = self._buffer[:length], self._buffer[length:]
        text = line[:-2].split(b"\0", 1)[0] if line.endswith(b"\r\n") else None
        if self._code is None:
            return self._take_status_line(text)
        if text is None:
            raise StockHttpError(StockFailure.INVALID_RESPONSE, "http response")
        if len(line) > 2:
            self._take_header(text)
            return None
        return self._answer()

    def _take_status_line(self, text: bytes | None) -> StockAnswer | None:
        if not text:
            return StockAnswer(code=None)
        protocol, _, rest = text.lstrip(b"/").partition(b"/")
        if protocol != b"HTTP":
            raise StockHttpError(StockFailure.INVALID_RESPONSE, "not HTTP protocol")
        tokens = [token for token in rest.split(b" ") if token]
        if len(tokens) < 2:
            raise StockPanicError("the status line has no code")
        self._code = atoi(tokens[1])
        return None if self._code == 200 else self._answer()

    def _take_header(self, text: bytes) -> None:
        name, _, rest = text.lstrip(b":").partition(b":")
        self._headers.append((name.decode("latin-1"), rest[1:].decode("latin-1")))
        if name in (b"Content-Type", b"Content-Length") and not rest:
            raise StockPanicError(f"the header {name.decode()} has no value")
        if name == b"Content-Type":
            self._check_content_type(rest[1:].decode("latin-1"))

    def _check_content_type(self, got: str) -> None:
        expected = self._expected_type
        if expected is not None and got != expected and not got.startswith(f"{expected};"):
            extra = f"Content-Type is '{got}', expected '{expected}'"
            raise StockHttpError(StockFailure.INVALID_CONTENT, extra)

    def _answer(self) -> StockAnswer:
        seen = dict(self._headers)  # the last of several wins
        length = seen.get("Content-Length")
        return StockAnswer(
            code=self._code,
            content_length=None if length is None else atoi(length.encode("latin-1")),
            content_type=seen.get("Content-Type"),
            headers=tuple(self._headers),
        )


def atoi(text: bytes) -> int:
    """Return what C's ``atoi`` makes of ``text`` on the device: its leading digits, or 0; within 32 bits."""
    found = _INTEGER.match(text)
    return max(_INT_MIN, min(_INT_MAX, int(found[1]))) if found else 0
