"""On which line of a TOML file each key stands; tomllib does not say.

Works on text that tomllib has accepted, and so only has to find its way, not to check anything. Used once something
is wrong with a file, never before.
"""

from __future__ import annotations

import re
from typing import Final

KeyPath = tuple[str | int, ...]
"""The keys and list positions that lead to a value: ``("pins", "i2c0", "scl")``, ``("using", 1)``."""

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'  # longest alternatives first; a multi-line string may end in two quotes of its own
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^\n,\]}#]+")


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line, counted from 1, of every table, key and list item of the TOML document ``text``."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    """A cursor over the document; every method starts and ends at the edge of what it is named after."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.lines: dict[KeyPath, int] = {}
        self._list_sizes: dict[KeyPath, int] = {}  # of the lists that [[headers]] make

    def document(self) -> None:
        prefix: KeyPath = ()
        self._skip(_BLANK)
        while self.position < len(self.text):
            if self.text[self.position] == "[":
                prefix = self._header()
            else:
                self._assignment(prefix)
            self._skip(_BLANK)

    def _header(self) -> KeyPath:
        brackets = 2 if self.text.startswith("[[", self.position) else 1
        line = self._line()
        self.position += brackets
        keys = self._dotted_key()
        self.position += brackets
        path: KeyPath = ()
        for number, key in enumerate(keys, start=1):
            path = (*path, key)
            self.lines.setdefault(path, line)
            if brackets == 2 and number == len(keys):
                self._list_sizes[path] = self._list_sizes.get(path, 0) + 1
            if path in self._list_sizes:
                path = (*path, self._list_sizes[path] - 1)
                self.lines.setdefault(path, line)
        return path

    def _assignment(self, prefix: KeyPath) -> None:
        line = self._line()
        path = prefix
        for key in self._dotted_key():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.position += 1  # "="
        self._skip(_SPACE)
        self._value(path)

    def _dotted_key(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            if self.text[self.position] in "\"'":
                keys.append(_unquoted(self._take(_STRING)))
            else:
                keys.append(self._take(_BARE_KEY))
            self._skip(_SPACE)
            if self.text[self.position] != ".":
                return keys
            self.position += 1

    def _value(self, path: KeyPath) -> None:
        first = self.text[self.position]
        if first == "[":
            self._sequence(path, "]")
        elif first == "{":
            self._sequence(path, "}")
        else:
            self._take(_STRING if first in "\"'" else _SCALAR)

    def _sequence(self, path: KeyPath, end: str) -> None:
        """A list, or an inline table, whose items are assignments."""
        self.position += 1
        index = 0
        self._skip(_BLANK)
        while self.text[self.position] != end:
            if end == "}":
                self._assignment(path)
            else:
                self.lines[(*path, index)] = self._line()
                self._value((*path, index))
            index += 1
            self._skip(_BLANK)
            if self.text[self.position] == ",":
                self.position += 1
                self._skip(_BLANK)
        self.position += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.position)
        assert match, f"not a TOML document at character {self.position}"
        self.position = match.end()
        return match[0]

    def _line(self) -> int:
        return self.text.count("\n", 0, self.position) + 1


def _unquoted(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    import tomllib  # knows the escapes

    return str(tomllib.loads(f"key = {key}")["key"])
