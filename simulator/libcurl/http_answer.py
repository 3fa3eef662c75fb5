"""What libcurl 7.54.1 understands of an answer by HTTP, which is more than HTTP is (``lib/http.c``, ``transfer.c``).

An answer that does not begin as HTTP is all body (HTTP/0.9). Lines may end with LF alone. What follows on the answer is
told of and dropped.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from simulator.libcurl.c_text import leading_integer
from simulator.libcurl.chunks import Chunks, ChunksError
from simulator.libcurl.easy import UNKNOWN, Easy
from simulator.libcurl.failure import CurlError, Failure

BUFFER_BYTES: Final = 4096
"""``CURL_MAX_WRITE_SIZE`` of ``curl.h``: so much is read, decoded and sent at once."""
HEADER_BYTES_MAX: Final = 102400
"""``CURL_MAX_HTTP_HEADER``: no line is longer."""
_PREFIX: Final = b"HTTP/"

_FIRST_LINE: Final = re.compile(rb"\s*HTTP/\s*([+-]?\d+)\.\s*([+-]?\d+)\s*([+-]?\d+)")
_FIRST_LINE_2: Final = re.compile(rb"\s*HTTP/2\s*([+-]?\d+)")
_FIRST_LINE_BARE: Final = re.compile(rb"\s*HTTP\s*([+-]?\d{1,3})")
_HTTP_10, _HTTP_11 = 10, 11
_ZLIB_OR_GZIP: Final = 32 + zlib.MAX_WBITS
_CODINGS: Final = (
    (b"identity", None),
    (b"deflate", zlib.MAX_WBITS),
    (b"gzip", _ZLIB_OR_GZIP),
    (b"x-gzip", _ZLIB_OR_GZIP),
)
"""What a body may be packed with, and what zlib calls that."""


class Receiver(Protocol):
    """Who gets what has been received."""

    header: bytearray

    def take_body(self, data: bytes) -> None:
        """Take a piece of the body. Raises `CurlError`."""


class _Rest(NamedTuple):
    """What is left when the header is over.

    ``mistaken`` was taken for a line of the header and is body. ``counted`` is how many bytes of body are counted.
    """

    body: bytes
    mistaken: bytes
    counted: int


class Answer:
    """The answer to one request, fed as it arrives. ``path`` is what was asked for."""

    def __init__(self, easy: Easy, receiver: Receiver, *, path: str, is_form: bool, has_login: bool) -> None:
        self.is_receiving = True
        self.awaits_continue = False
        """Whether a form is held back until the server wants it."""
        self.is_refused = False
        """Whether the server has said that it does not want the form."""
        self.closes = False
        """Whether the connection is to be closed behind it."""
        self._easy = easy
        self._receiver = receiver
        self._path = path
        self._is_form = is_form
        self._has_login = has_login
        self._in_header = True
        self._line = b""
        self._line_count = 0
        self._code = 0
        self._header_bytes = self._provisional_bytes = 0
        self._version = 0
        self._ignores_length = False
        self._size_max = UNKNOWN
        self._body_pieces = 0
        self._chunks: Chunks | None = None
        self._decoder: _Decoder | None = None
        self._is_login_refused = False

    @property
    def bytes_wanted(self) -> int:
        """How much is read at once: not more than belongs to the answer, as far as that is known."""
        easy = self._easy
        if self._in_header or easy.size == UNKNOWN:
            return BUFFER_BYTES
        return min(BUFFER_BYTES, easy.size - easy.received)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing has come that counts."""
        heard = self._easy.received + self._header_bytes - self._provisional_bytes
        return heard <= 0 and not self._is_login_refused

    def feed(self, data: bytes) -> None:
        """Take what has arrived, ``b""`` for the end. Raises `CurlError`."""
        is_end = not data
        if not is_end or not self._body_pieces:
            rest = self._read_header(data) if self._in_header else _Rest(data, b"", len(data))
            if rest is not None and (rest.counted or is_end):
                self._read_body(rest)
        if is_end:
            self.is_receiving = False

    def check_end(self) -> None:
        """Raise `CurlError` if the answer has ended before its last chunk."""
        if self._chunks is not None and not self._chunks.is_over:
            raise self._easy.fail(Failure.PARTIAL_FILE, "transfer closed with outstanding read data remaining")

    # -- the header -----------------------------------------------------------------------------------------------

    def _read_header(self, data: bytes) -> _Rest | None:
        """Read lines; return what is behind the last one, or None if there is more to come or nothing behind it."""
        position = 0
        while True:
            end = data.find(b"\n", position) + 1
            piece = data[position : end or len(data)]
            if len(self._line) + len(piece) > HEADER_BYTES_MAX:
                text = f"Avoided giant realloc for header (max is {HEADER_BYTES_MAX})!"
                raise self._easy.fail(Failure.OUT_OF_MEMORY, text)
            self._line += piece
            rest = data[end:] if end else b""
            if self._is_no_header():
                self._in_header = False
                return _Rest(rest, self._line, len(rest) or len(piece))
            if not end:
                return None
            line, self._line = self._line, b""
            if line[:1] in (b"\n", b"\r"):
                if self._end_block(line, len(rest)):
                    return _Rest(rest, b"", len(rest)) if self.is_receiving else None
            elif not self._take_line(line):
                return _Rest(rest, b"", len(rest))
            position = end
            if data[position : position + 1] in (b"", b"\0"):
                return None

    def _is_no_header(self) -> bool:
        return not self._line_count and len(self._line) > len(_PREFIX) and not _has_prefix(self._line)

    def _take_line(self, line: bytes) -> bool:
        """Take a line; return whether it is one of a header at all."""
        self._line_count += 1
        if self._line_count == 1 and not self._take_first_line(line):
            self._in_header = False
            return False
        self._heed(line)
        self._easy.show(b"< ", line)
        self._deliver(line)
        return True

    def _deliver(self, line: bytes) -> None:
        self._receiver.header += line
        self._header_bytes += len(line)

    def _take_first_line(self, line: bytes) -> bool:
        found = _FIRST_LINE.match(line)
        if found:
            major, minor, code = map(int, found.groups())
            self._version, self._code = 10 * major + minor, code
        elif second := _FIRST_LINE_2.match(line):
            self._version, self._code = 20, int(second[1])
        else:
            self._version = _HTTP_10
            bare = _FIRST_LINE_BARE.match(line)
            if not bare and not _has_prefix(line):
                return False
            self._code = int(bare[1]) if bare else 200
        if self._version == _HTTP_10:
            self._easy.info("HTTP 1.0, assume close after body")
            self.closes = True
        if self._code in (204, 304):
            self._easy.size = self._size_max = 0
            self._ignores_length = True
        return True

    def _heed(self, line: bytes) -> None:
        """Do what a line of the header says."""
        name, colon, value = line.partition(b":")
        match name.lower() + colon:
            case b"content-length:" if not self._ignores_length:
                self._heed_length(leading_integer(value)[0])
            case b"connection:" if self._version == _HTTP_10 and b"keep-alive" in value.lower():
                self.closes = False
                self._easy.info("HTTP/1.0 connection set to keep alive!")
            case b"connection:" if b"close" in value.lower():
                self.closes = True
            case b"transfer-encoding:":
                self._heed_transfer_coding(value)
            case b"content-encoding:":
                self._heed_coding(value.lstrip())
            case b"www-authenticate:" if self._code == 401 and self._has_login:
                if value.strip().lower().startswith(b"basic"):
                    self._easy.info("Authentication problem. Ignoring this.")
                    self._is_login_refused = True

    def _heed_length(self, size: int) -> None:
        easy = self._easy
        if easy.settings.bytes_max and size > easy.settings.bytes_max:
            raise easy.fail(Failure.FILESIZE_EXCEEDED, "Maximum file size exceeded")
        if size >= 0:
            easy.size = self._size_max = easy.counts.down_total = size
        else:
            self.closes = True
            easy.info(f"Negative content-length: {size}, closing after transfer")

    def _heed_transfer_coding(self, value: bytes) -> None:
        while True:
            value = value.lstrip(b" \t\n\v\f\r,")
            if value[:7].lower() == b"chunked":
                self._chunks = Chunks(self._decode, self._deliver)
                value = value[7:]
            if self._decoder is not None:
                return
            length = self._heed_coding(value)
            if not length:
                return
            value = value[length:]

    def _heed_coding(self, value: bytes) -> int:
        """Decode the body so, if ``value`` begins with the name of a coding; return how long that is."""
        for name, window_bits in _CODINGS:
            if value[: len(name)].lower() == name:
                self._decoder = None if window_bits is None else _Decoder(window_bits)
                return len(name)
        return 0

    def _end_block(self, line: bytes, rest_bytes: int) -> bool:
        """Take an empty line; return whether no other header follows."""
        easy = self._easy
        end = 2 if line.startswith(b"\r\n") else 1
        is_provisional = 100 <= self._code <= 199
        if is_provisional and self._code != 101:
            self._line_count = 0
            if self._code == 100:
                self.awaits_continue = False
        else:
            self._in_header = False
            is_without_end = easy.size == UNKNOWN and self._chunks is None and not self.closes
            if not is_provisional and is_without_end and self._version == _HTTP_11:
                easy.info("no chunk, no close, no size. Assume close to signal end")
                self.closes = True
        self._deliver(line[:end])
        self._provisional_bytes = self._header_bytes if is_provisional else 0
        if self._code >= 300 and self._is_form and not self.closes:
            easy.info("HTTP error before end of send, stop sending")
            self.closes = self.is_refused = True
            self.awaits_continue = False
        if self._in_header:
            return False
        if self._chunks is not None:
            self._size_max = easy.size = UNKNOWN
        length = None if easy.size == UNKNOWN else easy.size
        easy.surroundings.emit("net.response", status=self._code, length=length)
        if length is not None:
            easy.counts.down_total = self._size_max = length
        self.is_receiving = self._size_max != 0
        easy.show(b"< ", line[:end])
        if not self.is_receiving and rest_bytes:
            easy.info(
                f"Excess found in a non pipelined read: excess = {rest_bytes} url = {self._path} (zero-length body)"
            )
        return True

    # -- the body -------------------------------------------------------------------------------------------------

    def _read_body(self, rest: _Rest) -> None:
        easy = self._easy
        self._body_pieces += 1
        size = self._read_chunks(rest.body) if self._chunks is not None else rest.counted
        easy.received += len(rest.mistaken)
        if self._size_max != UNKNOWN and easy.received + size >= self._size_max:
            excess = easy.received + size - self._size_max
            if excess:
                easy.info(
                    f"Excess found in a non pipelined read: excess = {excess}, size = {easy.size}, "
                    f"maxdownload = {self._size_max}, bytecount = {easy.received}"
                )
            size = max(self._size_max - easy.received, 0)
            self.is_receiving = False
        easy.received += size
        easy.counts.down = easy.received
        if self._chunks is None:
            if rest.mistaken:
                self._receiver.take_body(rest.mistaken)
            if rest.body:
                self._decode(rest.body[:size])

    def _read_chunks(self, data: bytes) -> int:
        assert self._chunks is not None
        try:
            size = self._chunks.feed(data)
        except ChunksError as error:
            raise self._easy.fail(Failure.RECV_ERROR, f"{error} in chunked-encoding") from error
        except CurlError as error:
            raise self._easy.fail(Failure.WRITE_ERROR, "Failed writing data") from error
        if self._chunks.has_ended:
            self.is_receiving = False
            if self._chunks.left_over:
                self._easy.info(f"Leftovers after chunking: {self._chunks.left_over} bytes")
        return size

    def _decode(self, data: bytes) -> None:
        if self._decoder is None:
            self._receiver.take_body(data)
            return
        try:
            for piece in self._decoder.decode(data):
                self._receiver.take_body(piece)
        except zlib.error as error:
            why = str(error).rpartition(": ")[2]
            text = f"Error while processing content unencoding: {why}"
            raise self._easy.fail(Failure.BAD_CONTENT_ENCODING, text) from error


def _has_prefix(line: bytes) -> bool:
    return line[: len(_PREFIX)].upper() == _PREFIX


class _Decoder:
    """Unpacks a body. What is not packed with a header is tried again as if it had none (``content_encoding.c``)."""

    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._unpacker = zlib.decompressobj(window_bits)

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what ``data`` holds. Raises `zlib.error`."""
        if self._unpacker.eof:
            self._unpacker = zlib.decompressobj(self._window_bits)
        may_restart = True
        while data:
            try:
                piece = self._unpacker.decompress(data, BUFFER_BYTES)
            except zlib.error:
                if not may_restart:
                    raise
                self._unpacker, may_restart = zlib.decompressobj(-zlib.MAX_WBITS), False
                continue
            may_restart = False
            yield piece
            data = b"" if self._unpacker.eof else self._unpacker.unconsumed_tail
