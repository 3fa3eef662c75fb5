"""How the web server makes a Lua program of a page with ``<?lua ... ?>`` in it (``components/http/preprocessor.c``).

Text becomes calls of ``print``, a line each, and code stays as it is. It is done character by character, with one
automaton for both marks, and that shows:

* what looks like the begin of a mark is kept back, and if it is none it goes out as text, within code, too: unless
  text was under way before the code, a ``<`` or ``?`` in code spoils the page;
* a character that follows such a begin decides how it goes out: before a quotation mark it becomes one itself;
* a carriage return there is looked at for ever.
"""

from __future__ import annotations

from typing import Final

BEGIN: Final = b"<?lua"
END: Final = b"?>"
_HEAD: Final = b"do\nlocal print = net.service.http.print_chunk\n"
_CR, _LF, _QUOTE = b"\r", b"\n", b'"'


class EndlessPageError(Exception):
    """The firmware never comes to an end with this page."""


class _Writer:
    """The program so far, and whether a call of ``print`` is open in it."""

    def __init__(self) -> None:
        self.program = bytearray(_HEAD)
        self.is_open = False
        """Whether the device believes that a call is open. Within code it is wrong about that."""
        self.is_text = False
        self.needs_line = False

    def put(self, character: bytes) -> None:
        """Write a character of text; the end of a line ends the call."""
        if character == _LF:
            self.close()
        elif character == _QUOTE:
            self.program += b'\\"'
        else:
            if not self.is_open:
                self.program += b"\n" if self.needs_line else b""
                self.needs_line = False
                self.program += b'print("'
                self.is_open = self.is_text = True
            self.program += character

    def close(self) -> None:
        """End the call."""
        if self.is_open:
            self.program += b'")\n'
            self.is_open = self.is_text = False


def preprocess(page: bytes) -> bytes:
    """Return the program for ``page``. Raises `EndlessPageError`."""
    writer = _Writer()
    begun = ended = depth = 0
    pending: list[bytes] = []
    is_code = False
    for code in page:
        character = bytes([code])
        if begun < len(BEGIN) and code == BEGIN[begun]:
            depth += 1
            begun += 1
            pending.append(character)
            if begun == len(BEGIN):
                is_code, writer.needs_line, pending = True, True, []
                if depth > 1 and writer.is_text:
                    writer.program += b'")\n'
                    writer.is_open = True
            continue
        if ended < len(END) and code == END[ended]:
            depth -= 1
            ended += 1
            pending.append(character)
            if ended == len(END):
                is_code, writer.needs_line, pending = False, True, []
                if depth > 0 and writer.is_text:
                    writer.program += b'\nprint("'
                    writer.is_open = True
            continue
        begun = ended = 0
        for kept in pending:
            if character == _CR:
                raise EndlessPageError
            writer.put(character if character in (_LF, _QUOTE) else kept)
        pending = []
        if is_code:
            writer.program += character
        elif character != _CR:
            writer.put(character)
    if writer.is_open:
        writer.program += b'")\n'
    return bytes(writer.program + b"end")
