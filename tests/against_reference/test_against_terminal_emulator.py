"""The full-screen commands on a terminal that we did not write: pyte."""

from __future__ import annotations

import pyte
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulator.console import to_wire
from simulator.console.editor import edit
from simulator.console.pager import page_through
from tests.console.programs import FilesInMemory, Typist

ROWS = 8
COLUMNS = 400
"""Wider than any line here gets: a line that fills its row is written without a line end, and what a terminal makes of
that differs."""

KEYS = (
    *(b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[H", b"\x1b[F", b"\x1b[5~", b"\x1b[6~"),
    *(b"\x1b[1;2A", b"\x1b[1;2B", b"\x1b[1;2C", b"\x1b[1;2D", b"\x1b[1;5C", b"\x1b[1;5D", b"\x1b[1;5H", b"\x1b[1;5F"),
    *(b"x", b"y ", b"\t", b"\r", b"\x7f", b"\x1b[3~", b"\x1b[Z", b"\x01", b"\x03", b"\x18", b"\x16", b"\x1a", b"\x12"),
    *(b"\x06x\r", b"\x07", b"\x0c3\r", b"\x13", b"\x0e", b"\x00\x94"),
)
LINES = st.lists(st.sampled_from(["", "x", "  two words", "\tindented", "long " * 8]), max_size=14)
REDRAW = b"\x19 "  # help, and any key


class Terminal:
    """A screen, and what it would look like if it were drawn anew."""

    def __init__(self, typist: Typist) -> None:
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)
        self._typist = typist
        self._show(typist.output)

    def _show(self, output: bytes) -> None:
        self._stream.feed(to_wire(output))

    def type(self, keys: bytes) -> None:
        self._show(self._typist.type(keys))

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]

    @property
    def cursor(self) -> tuple[int, int]:
        return self.screen.cursor.y, self.screen.cursor.x


def editor(text: str) -> tuple[Terminal, FilesInMemory]:
    files = FilesInMemory({b"/f": text.encode()})
    return Terminal(Typist(edit(b"/f", files), size=(ROWS, COLUMNS))), files


def test_a_file_is_seen_as_it_is():
    terminal, _ = editor("one\r\n\ttwo\nthree\n")
    *rows, status = terminal.rows
    assert rows == ["one", "        two", "three", "", "", "", ""]
    assert status.split() == ["/f", "Ctrl+Y=Help", "Ln", "1", "Col", "1"]
    assert terminal.cursor == (0, 0)
    terminal.type(b"\x1b[B\x1b[C\x1b[C")
    assert terminal.cursor == (1, 9)
    assert terminal.rows[-1].endswith("Ln 2     Col 10")


@settings(max_examples=40)
@given(lines=LINES, keys=st.lists(st.sampled_from(KEYS), max_size=25))
def test_what_is_on_the_screen_is_what_a_redraw_would_show(lines, keys):
    terminal, _ = editor("\n".join(lines))
    terminal.type(b"".join(keys))
    assume("Ctrl+Y=Help" in terminal.rows[-1])  # at a question, a redraw would be a character of the answer
    seen, cursor = terminal.rows, terminal.cursor
    terminal.type(REDRAW)
    assert (terminal.rows, terminal.cursor) == (seen, cursor)


@settings(max_examples=40)
@given(lines=LINES, keys=st.lists(st.sampled_from(KEYS[:24]), max_size=25))
def test_undoing_everything_brings_the_file_back(lines, keys):
    text = "\n".join(lines)
    terminal, files = editor(text)
    terminal.type(b"".join(keys) + b"\x1a" * 100 + b"\x1b[1;5Hx\x7f\x13")
    assert files.files[b"/f"] == text.encode()


def test_the_status_line_covers_the_last_line_of_every_page_but_the_first():
    text = b"".join(b"line %d\n" % number for number in range(1, 20))
    typist = Typist(page_through(b"/f", text), size=(ROWS, COLUMNS))
    terminal = Terminal(typist)
    pages = [terminal.rows]
    while not typist.is_over:
        terminal.type(b" ")
        pages.append(terminal.rows)
    status = "/f: any key for next page, q for exit"
    assert pages == [
        [*(f"line {number}" for number in range(1, 8)), status],
        ["", *(f"line {number}" for number in range(8, 14)), status],
        ["", *(f"line {number}" for number in range(15, 20)), "", ""],
    ]
