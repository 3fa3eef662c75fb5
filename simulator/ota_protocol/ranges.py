"""Parts of an image: what ``Range`` and ``If-Range`` ask for (RFC 9110, sections 13 and 14), so that a client resumes.

Boards with the stock firmware never ask. One range is served; of several, none, which a server is free to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_RANGE: Final = re.compile(r"bytes=(?:(?P<first>\d{1,18})-(?P<last>\d{1,18})?|-(?P<suffix>\d{1,18}))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes from ``first`` up to, but not including, ``end`` of something with ``size`` bytes."""

    first: int
    end: int
    size: int

    @property
    def content_range(self) -> str:
        """The value of the header ``Content-Range``."""
        return f"bytes {self.first}-{self.end - 1}/{self.size}"


class UnsatisfiableRangeError(ValueError):
    """The range lies behind the end."""


def requested_part(wanted: str | None, if_range: str | None, *, etag: str, size: int) -> Part | None:
    """Return the part that a request with these headers gets; None if it gets the whole.

    ``if_range`` asks for the whole if what the client has a part of is not ``etag`` any more. What cannot be read is
    ignored. Raises `UnsatisfiableRangeError`.
    """
    match = _RANGE.fullmatch(wanted.strip()) if wanted is not None else None
    if match is None or (if_range is not None and if_range.strip() != etag):
        return None
    if match["suffix"] is not None:
        first, end = max(size - int(match["suffix"]), 0), size
    else:
        first = int(match["first"])
        last = int(match["last"]) if match["last"] is not None else size - 1
        if last < first < size:
            return None
        end = min(last + 1, size)
    if first >= end:
        raise UnsatisfiableRangeError(wanted)
    return Part(first, end, size)
