"""``multipart/form-data`` as libcurl 7.54.1 writes it (``lib/formdata.c``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

_TYPES: Final = {
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".txt": "text/plain",
    ".html": "text/html",
    ".xml": "application/xml",
}


class Field(NamedTuple):
    """A field. ``path`` is that of a file, whose content it holds; ``type`` a content type that is to be named."""

    name: bytes
    content: bytes
    path: bytes | None = None
    type: str | None = None


class Form:
    """A form. One without fields is empty, and has no end either."""

    def __init__(self, boundary: str, fields: list[Field]) -> None:
        self.boundary = boundary
        self._runs: list[tuple[bytes, bool]] = []
        """What is sent one after the other, and whether it is read from a file."""
        text = b""
        for field in fields:
            text += b"--%s\r\n" % boundary.encode() + _head(field)
            if field.path is None:
                text += field.content
            else:
                self._runs += [(text, False), (field.content, True)]
                text = b""
            text += b"\r\n"
        if fields:
            self._runs.append((text + b"--%s--\r\n" % boundary.encode(), False))

    @property
    def size(self) -> int:
        """How many bytes it is."""
        return sum(len(data) for data, _ in self._runs)

    def pieces(self, size_max: int) -> Iterator[bytes]:
        """Yield it in pieces as they are sent: one ends at ``size_max``, and where a file begins or ends."""
        for data, _ in self._runs:
            for first in range(0, len(data), size_max):
                yield data[first : first + size_max]


def _head(field: Field) -> bytes:
    extra = b""
    if field.path is not None:
        name = field.path.rstrip(b"/").rpartition(b"/")[2]
        extra = b'; filename="%s"' % name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    content_type = field.type if field.path is None else _type_of(field.path)
    if content_type is not None:
        extra += b"\r\nContent-Type: " + content_type.encode()
    return b'Content-Disposition: form-data; name="%s"%s\r\n\r\n' % (field.name, extra)


def _type_of(path: bytes) -> str:
    lower = path.decode("latin-1").lower()
    return next((name for ending, name in _TYPES.items() if lower.endswith(ending)), "application/octet-stream")
