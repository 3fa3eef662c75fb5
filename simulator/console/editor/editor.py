"""The commands of the editor, and the loop that reads keys.

Several files can be open; they are a ring, and each new one comes after the current one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, Protocol

from simulator.console import screen
from simulator.console.editor.keys import Key, Stroke, read_key
from simulator.console.editor.text import Text
from simulator.console.editor.view import View
from simulator.console.program import READ, Pause, Program
from simulator.console.screen import BOLD_REVERSED, ERASE_TO_END_OF_LINE, PLAIN
from simulator.filesystem import FileSystemError

ERROR_SHOWN_S: Final = 5
"""How long an error stays in the status line."""
INDENTATION: Final = b"  "
LINE_END: Final = b"\r\n"

_BELL: Final = b"\a"
_ERASE_BELOW: Final = b"\x1b[0J"
_RUB_OUT: Final = b"\b \b"
_FIRST_CHARACTER, _LAST_CHARACTER, _LAST_BYTE = 0x20, 0x7F, 0xFF

_HELP: Final = """\
Editor Command Summary
======================

<up>         Move one line up (*)         Ctrl+N  New editor
<down>       Move one line down (*)       Ctrl+O  Open file
<left>       Move one character left (*)  Ctrl+S  Save file
<right>      Move one character right (*) Ctrl+W  Close file
<pgup>       Move one page up (*)         Ctrl+Q  Quit
<pgdn>       Move one page down (*)       Ctrl+P  Pipe command
Ctrl+<left>  Move to previous word (*)    Ctrl+A  Select all
Ctrl+<right> Move to next word (*)        Ctrl+C  Copy selection to clipboard
<home>       Move to start of line (*)    Ctrl+X  Cut selection to clipboard
<end>        Move to end of line (*)      Ctrl+V  Paste from clipboard
Ctrl+<home>  Move to start of file (*)    Ctrl+Z  Undo
Ctrl+<end>   Move to end of file (*)      Ctrl+R  Redo
<backspace>  Delete previous character    Ctrl+F  Find text
<delete>     Delete current character     Ctrl+G  Find next
Ctrl+<tab>   Next editor                  Ctrl+L  Goto line
<tab>        Indent selection             Ctrl+T  Toggle auto-indent
Shift+<tab>  Unindent selection           Ctrl+Y Help

(*) Extends selection if combined with Shift
Press any key to continue...""".replace("\n", "\r\n").encode()


class EditorFiles(Protocol):
    """The files as the editor needs them. Both raise `FileSystemError`."""

    def read(self, path: bytes) -> bytes:
        """Return all of a file."""

    def write(self, path: bytes, data: bytes) -> None:
        """Create or replace a file."""


def edit(path: bytes, files: EditorFiles) -> Program[bool]:
    """Let the user edit a file, which must be there, and return whether anything was saved."""
    try:
        content = files.read(path)
    except FileSystemError as error:
        yield b"%b: %b\n" % (path, error.text.encode())
        return False
    editor = _Editor(files, (yield from screen.size()))
    editor.add(path, content)
    return (yield from editor.run())


class _Editor:
    """The open files, and what they share."""

    def __init__(self, files: EditorFiles, size: screen.Size) -> None:
        self._files = files
        self._size = size
        self._views: list[View] = []
        self._index = -1
        self._untitled = 0
        self._clipboard = b""
        self._wanted: bytes | None = None
        """The text that was looked for last."""
        self._indents = True
        self._has_saved = False
        self._is_done = False

    @property
    def _view(self) -> View:
        return self._views[self._index]

    def add(self, name: bytes, content: bytes, *, is_new: bool = False) -> None:
        """Put a file behind the current one, and make it the current one."""
        self._index += 1
        self._views.insert(self._index, View(name, Text(content), self._size, is_new=is_new))

    def _add_untitled(self) -> None:
        self._untitled += 1
        self.add(b"Untitled-%d" % self._untitled, b"", is_new=True)

    def run(self) -> Program[bool]:
        """Read keys until the user leaves; return whether anything was saved."""
        while True:
            self._is_done, self._view.needs_screen = False, True
            while not self._is_done:
                yield self._view.draw()
                yield from self._do((yield from read_key()))
            if (yield from self._may_leave()):
                break
        yield screen.go_to(0, self._size.rows) + PLAIN + ERASE_TO_END_OF_LINE
        return self._has_saved

    def _do(self, stroke: Stroke) -> Program[None]:
        key, shift, ctrl = stroke
        if isinstance(key, int):
            if _FIRST_CHARACTER <= key <= _LAST_CHARACTER:
                self._insert(bytes((key,)))
            elif key in self._CONTROLS:
                yield from self._CONTROLS[key](self)
        elif key in self._MOVES:
            plain, with_ctrl = self._MOVES[key]
            (with_ctrl if ctrl else plain)(self, shift)
        elif key in self._EDITS:
            self._EDITS[key](self)
        elif key is Key.TAB:
            if ctrl:
                self._index = (self._index + 1) % len(self._views)
                self._view.needs_screen = True
            elif shift:
                self._unindent()
            else:
                self._indent()

    # -- asking ---------------------------------------------------------------------------------------------------

    def _prompt(self, question: bytes) -> Program[bytes]:
        """Return what is typed in the status line, beginning with what is selected; empty after ESC."""
        room = self._size.columns - len(question) - 1
        answer = bytearray(self._view.selected())
        if len(answer) >= room:
            answer.clear()
        yield screen.go_to(0, self._view.rows) + BOLD_REVERSED + question + ERASE_TO_END_OF_LINE + bytes(answer)
        while True:
            key, _, _ = yield from read_key()
            if key is Key.ESCAPE or key is Key.ENTER:
                self._view.needs_screen = True
                return b"" if key is Key.ESCAPE else bytes(answer)
            if key is Key.BACKSPACE and answer:
                yield _RUB_OUT
                answer.pop()
            elif isinstance(key, int) and _FIRST_CHARACTER <= key <= _LAST_BYTE and len(answer) < room:
                yield bytes((key,))
                answer.append(key)

    def _confirm(self, question: bytes) -> Program[bool]:
        yield self._view.message(question)
        return (yield READ) in (b"y", b"Y")

    def _show_error(self, doing: bytes, error: FileSystemError) -> Program[None]:
        yield self._view.message(b"Error %d %b (%b)" % (error.errno, doing, error.text.encode()))
        yield Pause(ERROR_SHOWN_S)

    def _may_close(self, view: View) -> Program[bool]:
        if not view.text.is_dirty:
            return True
        return (yield from self._confirm(b"Close %b without saving changes (y/n)? " % view.name))

    def _may_leave(self) -> Program[bool]:
        for view in self._views[self._index :] + self._views[: self._index]:
            if not (yield from self._may_close(view)):
                return False
        return True

    # -- moving ---------------------------------------------------------------------------------------------------

    def _up(self, shift: bool) -> None:
        self._to_line(self._view.text.previous_line(self._view.cursor), shift)

    def _down(self, shift: bool) -> None:
        self._to_line(self._view.text.next_line(self._view.cursor), shift)

    def _to_line(self, start: int | None, shift: bool) -> None:
        view = self._view
        view.select(shift)
        if start is not None:
            view.put_in_line(start)
            view.scroll()

    def _left(self, shift: bool) -> None:
        view = self._view
        view.select(shift)
        start = view.line_start
        if view.cursor > start:
            view.put(view.cursor - 1)
        elif (previous := view.text.previous_line(start)) is not None:
            view.put(previous + view.text.line_length(previous))
            view.scroll()

    def _right(self, shift: bool) -> None:
        view = self._view
        view.select(shift)
        start = view.line_start
        if view.cursor < start + view.text.line_length(start):
            view.put(view.cursor + 1)
        elif (following := view.text.next_line(start)) is not None:
            view.put(following)
            view.scroll()

    def _word_left(self, shift: bool) -> None:
        view = self._view
        view.select(shift)
        line, position, data = view.line_number, view.cursor, view.text.data
        while position > 0 and not _is_of_word(data[position - 1]):
            position -= 1
        while position > 0 and _is_of_word(data[position - 1]):
            position -= 1
        view.put(position)
        view.needs_screen |= view.line_number != line
        view.scroll()

    def _word_right(self, shift: bool) -> None:
        view = self._view
        view.select(shift)
        line, position, data = view.line_number, view.cursor, view.text.data
        while position < len(data) and not _is_of_word(data[position]):
            position += 1
        while position < len(data) and _is_of_word(data[position]):
            position += 1
        view.put(position)
        view.needs_screen |= view.line_number != line
        view.scroll_by_one()

    def _home(self, shift: bool) -> None:
        self._view.select(shift)
        self._view.put(self._view.line_start)

    def _end(self, shift: bool) -> None:
        view = self._view
        view.select(shift)
        view.put(view.line_start + view.text.line_length(view.line_start))

    def _top(self, shift: bool) -> None:
        self._view.select(shift)
        self._view.go_to_top()

    def _bottom(self, shift: bool) -> None:
        view = self._view
        view.select(shift)
        view.put(len(view.text))
        view.scroll()

    def _page_up(self, shift: bool) -> None:
        self._view.select(shift)
        self._view.go_to_page(-self._view.rows)

    def _page_down(self, shift: bool) -> None:
        self._view.select(shift)
        self._view.go_to_page(self._view.rows)

    # -- changing -------------------------------------------------------------------------------------------------

    def _erase_selection(self) -> bool:
        view = self._view
        selection = view.selection()
        if selection is None:
            return False
        start, end = selection
        view.jump(start)
        view.text.replace(start, end - start, b"")
        view.anchor = None
        view.needs_screen = True
        return True

    def _insert(self, character: bytes) -> None:
        view = self._view
        self._erase_selection()
        view.text.replace(view.cursor, 0, character)
        view.put(view.cursor + 1)
        view.needs_line = True

    def _new_line(self) -> None:
        view = self._view
        self._erase_selection()
        above = view.line_start
        view.text.replace(view.cursor, 0, LINE_END)
        position = view.cursor + len(LINE_END)
        while self._indents and (blank := bytes(view.text.data[above : above + 1])) in (b" ", b"\t"):
            view.text.replace(position, 0, blank)
            position += 1
            above += 1
        view.put(position)
        view.needs_screen = True
        view.scroll()

    def _backspace(self) -> None:
        view = self._view
        if self._erase_selection() or view.cursor == 0:
            return
        position = view.cursor - 1
        joins = view.cursor == view.line_start
        view.text.replace(position, 1, b"")
        if joins and view.text.data[position - 1 : position] == b"\r":
            position -= 1
            view.text.replace(position, 1, b"")
        view.cursor = position
        view.needs_screen |= joins
        view.needs_line = True
        view.scroll()
        view.put(position)

    def _delete(self) -> None:
        view = self._view
        if self._erase_selection() or view.cursor == len(view.text):
            return
        erased = view.text.data[view.cursor]
        view.text.replace(view.cursor, 1, b"")
        if erased == LINE_END[0] and view.cursor < len(view.text):
            erased = view.text.data[view.cursor]
            if erased == LINE_END[1]:
                view.text.replace(view.cursor, 1, b"")
        view.needs_screen |= erased == LINE_END[1]
        view.needs_line = True

    def _indent(self) -> None:
        selected = self._view.selected()
        if not selected:
            self._insert(b"\t")
            return
        self._replace_selection(b"".join(INDENTATION + line for line in selected.splitlines(keepends=True)))

    def _unindent(self) -> None:
        selected = self._view.selected()
        lines = [line.removeprefix(INDENTATION) for line in selected.splitlines(keepends=True)]
        if b"".join(lines) != selected:
            self._replace_selection(b"".join(lines))

    def _replace_selection(self, new: bytes) -> None:
        """Replace what is selected, and let the end of the selection move along."""
        view = self._view
        selection = view.selection()
        assert selection is not None
        assert view.anchor is not None
        start, end = selection
        view.text.replace(start, end - start, new)
        longer = len(new) - (end - start)
        if view.anchor < view.cursor:
            view.put(view.cursor + longer)
        else:
            view.anchor += longer
            view.put(view.cursor)
        view.needs_screen = True

    # -- commands -------------------------------------------------------------------------------------------------

    def _select_all(self) -> Program[None]:
        view = self._view
        view.anchor, view.needs_screen = 0, True
        view.jump(len(view.text))
        yield b""

    def _copy(self) -> Program[None]:
        self._clipboard = self._view.selected() or self._clipboard
        yield b""

    def _cut(self) -> Program[None]:
        yield from self._copy()
        self._erase_selection()

    def _paste(self) -> Program[None]:
        view = self._view
        self._erase_selection()
        view.text.replace(view.cursor, 0, self._clipboard)
        view.jump(view.cursor + len(self._clipboard))
        view.needs_screen = True
        yield b""

    def _undo(self) -> Program[None]:
        view = self._view
        at = view.text.last_change
        if at is not None:
            view.jump(at)
            view.text.undo()
            self._changed()
        yield b""

    def _redo(self) -> Program[None]:
        at = self._view.text.redo()
        if at is not None:
            self._view.jump(at)
            self._changed()
        yield b""

    def _changed(self) -> None:
        view = self._view
        view.anchor, view.needs_screen = None, True
        view.wanted_column = view.cursor - view.line_start

    def _find(self) -> Program[None]:
        wanted = yield from self._prompt(b"Find: ")
        if wanted:
            self._wanted = wanted
            yield from self._find_next()

    def _find_next(self) -> Program[None]:
        if self._wanted is None:
            return
        view = self._view
        end = view.text.data.find(b"\0", view.cursor)  # it is looked for as in a C string
        at = view.text.data.find(self._wanted, view.cursor, len(view.text) if end < 0 else end)
        if at >= 0:
            view.anchor = at
            view.jump(at + len(self._wanted), center=True)
        else:
            yield _BELL
        view.needs_screen = True

    def _go_to_line(self) -> Program[None]:
        view = self._view
        view.anchor = None
        answer = yield from self._prompt(b"Goto line: ")
        if answer:
            number = screen.number_in(answer)
            start = view.text.line_at(number - 1) if number > 0 else None
            if start is None:
                yield _BELL
            else:
                view.jump(start, center=True)
        view.needs_screen = True

    def _toggle_indents(self) -> Program[None]:
        self._indents = not self._indents
        yield b""

    def _help(self) -> Program[None]:
        yield screen.go_to(0, 0) + _ERASE_BELOW + _HELP
        yield from read_key()
        yield self._view.draw_screen() + self._view.draw_status_line()

    def _new(self) -> Program[None]:
        self._add_untitled()
        yield b""

    def _open(self) -> Program[None]:
        name = yield from self._prompt(b"Open file: ")
        if not name:
            return
        for index, view in enumerate(self._views):
            if view.name == name:
                self._index = index
                break
        else:
            try:
                self.add(name, self._files.read(name))
            except FileSystemError as error:
                yield from self._show_error(b"opening " + name, error)
        self._view.needs_screen = True

    def _save(self) -> Program[None]:
        view = self._view
        self._has_saved = True
        if not view.text.is_dirty and not view.is_new:
            return
        if view.is_new:
            name = yield from self._prompt(b"Save as: ")
            view.needs_screen = True
            if not name or not (yield from self._confirm(b"Overwrite %b (y/n)? " % name)):
                return
            view.name, view.is_new = name, False
        try:
            self._files.write(view.name, bytes(view.text.data))
            view.text.saved()
        except FileSystemError as error:
            yield from self._show_error(b"saving document", error)
        view.needs_screen = True

    def _close(self) -> Program[None]:
        if (yield from self._may_close(self._view)):
            del self._views[self._index]
            if self._views:
                self._index = (self._index - 1) % len(self._views)
            else:
                self._index = -1
                self._add_untitled()
        self._view.needs_screen = True

    def _quit(self) -> Program[None]:
        self._is_done = True
        yield b""

    _MOVES: ClassVar[Mapping[Key, tuple[Callable[[_Editor, bool], None], Callable[[_Editor, bool], None]]]] = {
        Key.UP: (_up, _up),
        Key.DOWN: (_down, _down),
        Key.LEFT: (_left, _word_left),
        Key.RIGHT: (_right, _word_right),
        Key.HOME: (_home, _top),
        Key.END: (_end, _bottom),
        Key.PAGE_UP: (_page_up, _page_up),
        Key.PAGE_DOWN: (_page_down, _page_down),
    }
    _EDITS: ClassVar[Mapping[Key, Callable[[_Editor], None]]] = {
        Key.ENTER: _new_line,
        Key.BACKSPACE: _backspace,
        Key.DELETE: _delete,
    }
    _CONTROLS: ClassVar[Mapping[int, Callable[[_Editor], Program[None]]]] = {
        0x01: _select_all,  # ^A
        0x03: _copy,  # ^C, where it arrives as data
        0x06: _find,  # ^F
        0x07: _find_next,  # ^G
        0x0C: _go_to_line,  # ^L
        0x0E: _new,  # ^N
        0x0F: _open,  # ^O
        0x11: _quit,  # ^Q
        0x12: _redo,  # ^R
        0x13: _save,  # ^S
        0x14: _toggle_indents,  # ^T
        0x16: _paste,  # ^V
        0x17: _close,  # ^W
        0x18: _cut,  # ^X
        0x19: _help,  # ^Y
        0x1A: _undo,  # ^Z
    }


def _is_of_word(byte: int) -> bool:
    return bytes((byte,)).isalnum()
