"""A mail as libquickmail 0.1.25 writes it, piece by piece (``components/quickmail/quickmail.c``)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from simulator.rng import Rng

PIECE_BYTES_MAX: Final = 4096
"""What libcurl asks for at once."""
TEXT_PIECE_BYTES: Final = 256
LINE_BYTES: Final = 744
"""How many bytes of a file make a line, which has 992 characters."""
_GROUP_BYTES: Final = 3


@dataclass(frozen=True, slots=True)
class Letter:
    """What a script says of a mail. ``seconds`` is the time of day; attachments are paths and contents."""

    user: bytes
    to: list[bytes]
    copies: list[bytes]
    subject: bytes
    text: bytes
    attachments: list[tuple[bytes, bytes]]
    seconds: float


def compose(letter: Letter, rng: Rng) -> Iterator[bytes]:
    """Yield a mail; ``rng`` makes up what separates its parts."""
    boundary = b"".join(
        b"%d" % rng.integer(0, 9) if sign == ord("0") else bytes([sign])
        for sign in b"=PART=SEPARATOR=_0000_0000_0000_0000_0000_0000_="
    )
    head = _head(letter, boundary)
    for first in range(0, len(head), PIECE_BYTES_MAX):
        yield head[first : first + PIECE_BYTES_MAX]
    yield (b"Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\nContent-Disposition: inline\r\n\r\n")
    for first in range(0, len(letter.text), TEXT_PIECE_BYTES):
        yield letter.text[first : first + TEXT_PIECE_BYTES]
    for path, content in letter.attachments:
        name = path.rpartition(b"/")[2]
        yield (
            b'\r\n--%s\r\nContent-Type: application/octet-stream; Name="%s"\r\n'
            b'Content-Disposition: attachment; filename="%s"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        ) % (boundary, name, name)
        for first in range(0, len(content), LINE_BYTES):
            yield _line(content[first : first + LINE_BYTES])
    if letter.attachments:
        yield b"\r\n--%s--\r\n" % boundary


def _head(letter: Letter, boundary: bytes) -> bytes:
    lines = [b"User-Agent: libquickmail v0.1.25"]
    if int(letter.seconds):
        moment = datetime.fromtimestamp(int(letter.seconds), UTC)
        lines.append(f"Date: {moment:%a, %d %b %Y %H:%M:%S %z}".encode())
    if letter.user:
        lines.append(b"From: <%s>" % letter.user)
    for name, addresses in ((b"To", letter.to), (b"Cc", letter.copies)):
        listed = b",\r\n\t".join(b"<%s>" % address for address in addresses if address)
        if listed:
            lines.append(b"%s: %s" % (name, listed))
    lines += [b"Subject: " + letter.subject, b"Importance: Low", b"X-Priority: 5", b"X-MSMail-Priority: Low"]
    if letter.attachments:
        lines += [
            b"MIME-Version: 1.0",
            b'Content-Type: multipart/mixed; boundary="%s"' % boundary,
            b"",
            b"This is a multipart message in MIME format.",
            b"",
            b"--" + boundary,
        ]
    return b"".join(b"%s\r\n" % line for line in lines)


def _line(data: bytes) -> bytes:
    """Return a line of base64. What fills up the last group is left over from the group before it."""
    missing = -len(data) % _GROUP_BYTES
    group = data[-_GROUP_BYTES + missing :] if missing else b""
    before = data[: len(data) - len(group)][-_GROUP_BYTES:] or bytes(_GROUP_BYTES)
    text = base64.b64encode(data + before[len(group) :] if missing else data)
    return (text[: len(text) - missing] + b"=" * missing if missing else text) + b"\r\n"
