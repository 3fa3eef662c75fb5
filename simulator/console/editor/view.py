"""One file on the screen: cursor, selection, scrolling, and what is drawn.

Theory of operation: every line of the file takes one row; lines longer than the screen are looked at through a margin
that moves in steps of four columns. The last row is the status line. A change redraws the line that the cursor is on
if that is enough, else everything.
"""

from __future__ import annotations

from typing import Final

from simulator.console import screen
from simulator.console.editor.text import TAB_COLUMNS, Text
from simulator.console.screen import BOLD_REVERSED, ERASE_TO_END_OF_LINE, PLAIN, Size

SELECTED: Final = b"\x1b[7m\x1b[1m"
_MARGIN_STEP: Final = 4
_STATUS_COLUMNS: Final = 20
"""Of the status line, from the right: the part that changes."""
_HELP_COLUMNS: Final = 12
_TAB, _CR, _LF = 0x09, 0x0D, 0x0A


class View:
    """A text and how it is looked at. ``size`` is that of the terminal; rows count without the status line."""

    def __init__(self, name: bytes, text: Text, size: Size, *, is_new: bool = False) -> None:
        self.name = name
        self.text = text
        self.is_new = is_new
        """Whether it has no file yet, so that saving asks for a name."""
        self.rows = size.rows - 1
        self.columns = size.columns
        self.cursor = 0
        self.wanted_column = 0
        """In bytes: where the cursor was last moved to in a line, which shorter lines do not change."""
        self.anchor: int | None = None
        """Where the selection began."""
        self.needs_screen = True
        self.needs_line = False
        self._top = 0
        self._margin = 0

    # -- where the cursor is --------------------------------------------------------------------------------------

    @property
    def line_start(self) -> int:
        """Where the cursor's line begins."""
        return self.text.line_start(self.cursor)

    @property
    def line_number(self) -> int:
        """The number of the cursor's line, from 0."""
        return self.text.line_number(self.cursor)

    @property
    def screen_column(self) -> int:
        """The cursor's column in the file, from 0."""
        return self.text.column(self.line_start, self.cursor)

    def selection(self) -> tuple[int, int] | None:
        """Return where the selected text begins and ends."""
        if self.anchor is None or self.anchor == self.cursor:
            return None
        return min(self.anchor, self.cursor), max(self.anchor, self.cursor)

    def selected(self) -> bytes:
        """Return the selected text."""
        start, end = self.selection() or (0, 0)
        return bytes(self.text.data[start:end])

    # -- moving ---------------------------------------------------------------------------------------------------

    def select(self, selecting: bool) -> None:
        """Begin, continue or end a selection, before the cursor moves."""
        self.needs_screen |= selecting or self.anchor is not None
        self.anchor = None if not selecting else self.cursor if self.anchor is None else self.anchor

    def put(self, position: int) -> None:
        """Put the cursor somewhere, and remember the column."""
        start = self.text.line_start(position)
        self.wanted_column = position - start
        self.put_in_line(start)

    def put_in_line(self, start: int) -> None:
        """Put the cursor in the line at ``start``, as near to the wanted column as it is long."""
        self.cursor = start + min(self.wanted_column, self.text.line_length(start))
        self._adjust()

    def jump(self, position: int, *, center: bool = False) -> None:
        """Put the cursor anywhere in the text; a jump that scrolls can put it in the middle of the screen.

        Forward in the last line it goes to the end of that, wherever it should.
        """
        last_line = self.text.line_start(len(self.text))
        if position > max(self.cursor, last_line):
            position = last_line + self.text.line_length(last_line)
        self.cursor = position
        if self.scroll() and center:
            self._top = max(0, self.line_number - int(self.rows / 2))

    def scroll(self) -> bool:
        """Let the cursor's line be on the screen; return whether that had to be done."""
        line, before = self.line_number, self._top
        self._top = max(min(self._top, line), line - self.rows + 1)
        self.needs_screen |= self._top != before
        return self._top != before

    def scroll_by_one(self) -> None:
        """Scroll down by a line if the cursor is below the screen."""
        if self.line_number >= self._top + self.rows:
            self._top += 1

    def go_to_page(self, lines: int) -> None:
        """Move cursor and screen by up to so many lines, up if negative; a page up near the start goes to it."""
        line = self.line_number
        if lines < 0 and line < -lines:
            start, self._top = 0, 0
        else:
            moved = max(lines, -line) if lines < 0 else min(lines, self.text.line_number(len(self.text)) - line)
            start = self.text.line_at(line + moved) or 0
            self._top = max(0, self._top + moved)
        self.needs_screen = True
        self.put_in_line(start)

    def go_to_top(self) -> None:
        """Put the cursor at the start of the text."""
        self._top = self._margin = self.cursor = self.wanted_column = 0
        self.needs_screen = True

    def _adjust(self) -> None:
        """Let the cursor's column be on the screen."""
        column, before = self.screen_column, self._margin
        while column < self._margin:
            self._margin = max(0, self._margin - _MARGIN_STEP)
        while column - self._margin >= self.columns:
            self._margin += _MARGIN_STEP
        self.needs_screen |= self._margin != before

    # -- drawing --------------------------------------------------------------------------------------------------

    def draw(self) -> bytes:
        """Return what brings the screen up to date."""
        if self.needs_screen:
            drawn = self.draw_screen() + self.draw_status_line()
        elif self.needs_line:
            drawn = screen.go_to(0, self.line_number - self._top) + self._line(self.line_start, is_full=False)
            drawn += self._draw_position()
        else:
            drawn = self._draw_position()
        self.needs_screen = self.needs_line = False
        return drawn + screen.go_to(self.screen_column - self._margin, self.line_number - self._top)

    def draw_screen(self) -> bytes:
        """Return all rows but the status line."""
        drawn = bytearray(screen.go_to(0, 0) + PLAIN)
        start = self.text.line_at(self._top)
        for _ in range(self.rows):
            if start is None:
                drawn += ERASE_TO_END_OF_LINE + b"\r\n"
            else:
                drawn += self._line(start, is_full=True)
                start = self.text.next_line(start)
        return bytes(drawn)

    def draw_status_line(self) -> bytes:
        """Return the status line with the name."""
        width = self.columns - _HELP_COLUMNS - _STATUS_COLUMNS
        name = self.name[:width].ljust(width) if width >= 0 else self.name.rjust(-width)
        return screen.go_to(0, self.rows) + BOLD_REVERSED + name + b"Ctrl+Y=Help " + self._position()

    def _draw_position(self) -> bytes:
        return screen.go_to(self.columns - _STATUS_COLUMNS, self.rows) + BOLD_REVERSED + self._position()

    def _position(self) -> bytes:
        mark = b"*" if self.text.is_dirty else b" "
        place = b"%b Ln %-6dCol %-4d" % (mark, self.line_number + 1, self.screen_column + 1)
        return place + ERASE_TO_END_OF_LINE + PLAIN

    def message(self, text: bytes) -> bytes:
        """Return a text in place of the status line."""
        return screen.go_to(0, self.rows) + BOLD_REVERSED + text + ERASE_TO_END_OF_LINE + PLAIN

    def _line(self, start: int, *, is_full: bool) -> bytes:
        """Return a line, cut to the screen; ``is_full`` if the cursor shall go on to the next row."""
        drawn, column, last = bytearray(), 0, self.columns + self._margin
        selection, is_marked = self.selection(), False
        position = start
        while column < last:
            if column >= self._margin and selection is not None:
                if not is_marked and selection[0] <= position < selection[1]:
                    drawn += SELECTED
                    is_marked = True
                elif is_marked and position >= selection[1]:
                    drawn += PLAIN
                    is_marked = False
            byte = self.text.data[position] if position < len(self.text) else _LF
            if byte in (_CR, _LF):
                break
            width = min(TAB_COLUMNS - column % TAB_COLUMNS, last - column) if byte == _TAB else 1
            shown = b" " * width if byte == _TAB else bytes((byte,))
            drawn += shown[max(0, self._margin - column) :]
            column += width
            position += 1
        if column < last:
            drawn += ERASE_TO_END_OF_LINE + (b"\r\n" if is_full else b"")
        return bytes(drawn) + (PLAIN if is_marked else b"")
