"""os.edit, command by command, by ``components/sys/editor/edit.c``. A real terminal looks on in against_reference."""

from __future__ import annotations

import pytest

from simulator.console.editor import edit
from tests.console.programs import FilesInMemory, Typist

ASKED = b"\x1b[s\x1b[999;999H\x1b[6n\x1b[u"
UP, DOWN, RIGHT, LEFT, HOME, END = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[H", b"\x1b[F"
SAVE, QUIT, UNDO, REDO, COPY, CUT, PASTE, ALL = b"\x13", b"\x11", b"\x1a", b"\x12", b"\x03", b"\x18", b"\x16", b"\x01"
FIND, FIND_NEXT, GO_TO, NEW, OPEN, CLOSE, HELP, INDENTS = (
    b"\x06",
    b"\x07",
    b"\x0c",
    b"\x0e",
    b"\x0f",
    b"\x17",
    b"\x19",
    b"\x14",
)
SHIFT_RIGHT, SHIFT_DOWN, SHIFT_END = b"\x1b[1;2C", b"\x1b[1;2B", b"\x1b[1;2F"
CTRL_RIGHT, CTRL_LEFT, CTRL_HOME, CTRL_END = b"\x1b[1;5C", b"\x1b[1;5D", b"\x1b[1;5H", b"\x1b[1;5F"


class Editor:
    """An editor on a terminal of 10 rows and 60 columns."""

    def __init__(self, text: bytes = b"", *, size: tuple[int, int] | None = (10, 60)) -> None:
        self.files = FilesInMemory({b"/f": text})
        self.typist = Typist(edit(b"/f", self.files), size=size)

    def type(self, keys: bytes) -> bytes:
        return self.typist.type(keys)

    def saved(self, keys: bytes) -> bytes:
        """Type, save, and return what is in the file then."""
        self.type(keys + SAVE)
        return self.files.files[b"/f"]


def status(name: bytes, mark: bytes, line: int, column: int) -> bytes:
    place = b"%b Ln %-6dCol %-4d\x1b[K\x1b[0m" % (mark, line, column)
    return b"\x1b[10;1H\x1b[1m\x1b[7m" + name.ljust(28) + b"Ctrl+Y=Help " + place


def test_it_asks_for_the_size_and_draws_the_file_and_a_status_line():
    editor = Editor(b"one\r\n\ttwo\r\n")
    assert editor.typist.output == (
        ASKED
        + b"\x1b[1;1H\x1b[0m"
        + b"one\x1b[K\r\n        two\x1b[K\r\n\x1b[K\r\n"
        + b"\x1b[K\r\n" * 6
        + status(b"/f", b" ", 1, 1)
        + b"\x1b[1;1H"
    )


def test_a_character_redraws_its_line_and_the_position():
    editor = Editor(b"ac")
    editor.type(RIGHT)
    assert editor.type(b"b") == (
        b"\x1b[1;1Habc\x1b[K\x1b[10;41H\x1b[1m\x1b[7m* Ln 1     Col 3   \x1b[K\x1b[0m\x1b[1;3H"
    )


def test_quitting_clears_the_line_below_the_status_line():
    editor = Editor(b"x")
    assert editor.type(QUIT) == b"\x1b[11;1H\x1b[0m\x1b[K"
    assert editor.typist.result is False


def test_a_changed_file_is_asked_for_and_only_yes_leaves_it():
    editor = Editor(b"x")
    editor.type(b"y")
    question = b"\x1b[10;1H\x1b[1m\x1b[7mClose /f without saving changes (y/n)? \x1b[K\x1b[0m"
    assert editor.type(QUIT) == question
    assert editor.type(b"n").startswith(b"\x1b[1;1H\x1b[0myx")
    assert editor.type(QUIT + b"Y") == question + b"\x1b[11;1H\x1b[0m\x1b[K"
    assert editor.files.files == {b"/f": b"x"}


def test_saving_what_was_not_changed_writes_nothing_and_counts_as_saved():
    editor = Editor(b"x")
    editor.files.unwritable.add(b"/f")
    editor.type(SAVE + QUIT)
    assert editor.typist.result is True


def test_an_error_of_saving_stays_for_five_seconds():
    editor = Editor(b"x")
    editor.files.unwritable.add(b"/f")
    text = editor.type(b"y" + SAVE)
    assert b"\x1b[1m\x1b[7mError 28 saving document (No space left on device)\x1b[K\x1b[0m" in text
    assert editor.typist.pauses == [5]


@pytest.mark.parametrize(
    ("before", "keys", "after"),
    [
        (b"", b"print(1)", b"print(1)"),
        (b"", b"a\rb", b"a\r\nb"),
        (b"", b"a\nb", b"a\r\nb"),
        (b"  a", END + b"\rb", b"  a\r\n  b"),
        (b"\ta", END + b"\r", b"\ta\r\n\t"),
        (b"  a", INDENTS + END + b"\rb", b"  a\r\nb"),
        (b"ab", RIGHT + b"\x7f", b"b"),
        (b"ab", b"\x1b[3~", b"b"),
        (b"a\r\nb", DOWN + b"\x08", b"ab"),
        (b"a\r\nb", END + b"\x1b[3~", b"ab"),
        (b"a\nb", DOWN + b"\x7f", b"ab"),
        (b"ab", END + b"\x1b[3~", b"ab"),
        (b"ab", b"\x7f", b"ab"),
        (b"ab", SHIFT_RIGHT + b"x", b"xb"),
        (b"ab\ncd\nef", SHIFT_DOWN + b"\x1b[3~", b"cd\nef"),
        (b"ab", b"\t", b"\tab"),
        (b"ab\ncd\nef", SHIFT_DOWN + SHIFT_RIGHT + b"\t", b"  ab\n  cd\nef"),
        (b"  ab\n  cd\nef", SHIFT_DOWN + SHIFT_END + b"\x1b[Z", b"ab\ncd\nef"),
        (b"ab\ncd", SHIFT_DOWN + b"\x1b[Z", b"ab\ncd"),
        (b"ab\ncd", SHIFT_DOWN + COPY + CTRL_END + PASTE, b"ab\ncdab\n"),
        (b"ab\ncd", SHIFT_DOWN + CUT + CTRL_END + PASTE, b"cdab\n"),
        (b"ab", ALL + b"x", b"x"),
        (b"ab", b"xy" + UNDO, b"ab"),
        (b"ab", b"x" + RIGHT + b"y" + UNDO, b"xab"),
        (b"ab", b"xy" + UNDO + REDO, b"xyab"),
        (b"ab", END + b"\x7f\x7f" + UNDO, b"ab"),
        (b"abc", b"\x1b[3~\x1b[3~" + UNDO, b"abc"),
        (b"a", UNDO + REDO + b"x", b"xa"),
        (b"one two", CTRL_RIGHT + b"|", b"one| two"),
        (b"one two", END + CTRL_LEFT + b"|", b"one |two"),
        (b"one\ntwo", CTRL_RIGHT + CTRL_RIGHT + b"|", b"one\ntwo|"),
        (b"ab\ncd", CTRL_END + b"|" + CTRL_HOME + b"^", b"^ab\ncd|"),
        (b"long\nx\nlong", END + DOWN + DOWN + b"|", b"long\nx\nlong|"),
        (b"ab\ncd", END + RIGHT + b"|", b"ab\n|cd"),
        (b"ab\ncd", DOWN + LEFT + b"|", b"ab|\ncd"),
        (b"a\xc3\xa9", END + b"\xc3\xa9b", b"a\xc3\xa9b"),  # bytes above ASCII are no keys
        (b"ab", b"\x1b[5;2~", b"2~ab"),  # modifiers of numbered keys are not known
        (b"ab", b"\x1b[15~\x1b[[Ax", b"xab"),  # F5, F1
        (b"ab", b"\xe0\x4d|", b"a|b"),
        (b"ab", b"\x00\xbdx", b"xb"),
    ],
)  # fmt: skip
def test_editing(before, keys, after):
    assert Editor(before).saved(keys) == after


def test_finding_marks_what_is_found_and_goes_on_behind_it():
    editor = Editor(b"one two one\ntwo one\nend")
    editor.type(FIND + b"one\r")
    assert editor.saved(b"ONE") == b"ONE two one\ntwo one\nend"
    assert editor.saved(FIND_NEXT + b"ONE" + FIND_NEXT + b"ONE") == b"ONE two ONE\ntwo ONE\nend"
    assert b"\a" in editor.type(FIND_NEXT)


def test_found_in_the_last_line_the_cursor_goes_to_its_end():
    assert Editor(b"first\none two").saved(FIND + b"one\r" + b"x") == b"first\nx"


def test_a_search_can_be_given_up_and_begins_with_what_is_selected():
    editor = Editor(b"ab ab\n")
    assert editor.type(SHIFT_RIGHT + FIND).endswith(b"\x1b[1m\x1b[7mFind: \x1b[Ka")
    assert editor.type(b"\x7fb") == b"\b \bb"
    editor.type(b"\r")
    assert editor.saved(b"X") == b"aX ab\n"
    assert editor.type(FIND + b"\x1b\x1b").count(b"\x1b[1;1H\x1b[0m") == 1


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (b"2", b"a\n|b\nc"),
        (b"3", b"a\nb\n|c"),
        (b"0", b"|a\nb\nc"),
        (b"9", b"|a\nb\nc"),
        (b"x", b"|a\nb\nc"),
    ],
)
def test_going_to_a_line(answer, after):
    assert Editor(b"a\nb\nc").saved(GO_TO + answer + b"\r" + b"|") == after


def test_a_line_that_is_not_there_rings_the_bell():
    assert b"\a" in Editor(b"a").type(GO_TO + b"5\r")


def test_long_lines_are_looked_at_in_steps_of_four_columns():
    editor = Editor(b"0123456789" * 8)
    text = editor.type(END)
    assert text.startswith(b"\x1b[1;1H\x1b[0m" + b"456789" + b"0123456789" * 5 + b"\x1b[K\r\n" + b"\x1b[K\r\n")
    assert text.endswith(b"Col 81  \x1b[K\x1b[0m\x1b[1;57H")


def test_pages():
    text = b"".join(b"%d\n" % number for number in range(1, 31))
    editor = Editor(text)
    assert b"\x1b[0m10\x1b[K" in editor.type(b"\x1b[6~")
    assert b"\x1b[0m19\x1b[K" in editor.type(b"\x1b[6~")
    assert b"\x1b[0m10\x1b[K" in editor.type(b"\x1b[5~")
    assert b"\x1b[0m1\x1b[K" in editor.type(b"\x1b[5~")
    assert editor.saved(b"|").startswith(b"|1\n")


def test_several_files():
    editor = Editor(b"first")
    editor.files.files[b"/g"] = b"second"
    assert status(b"/g", b" ", 1, 1) in editor.type(OPEN + b"/g\r")
    editor.type(b"x")
    assert status(b"/f", b" ", 1, 1) in editor.type(b"\x00\x94")  # ctrl tab
    assert status(b"/g", b"*", 1, 2) in editor.type(OPEN + b"/g\r")
    editor.type(SAVE)
    assert editor.files.files[b"/g"] == b"xsecond"
    assert status(b"/f", b" ", 1, 1) in editor.type(CLOSE)
    assert status(b"Untitled-1", b" ", 1, 1) in editor.type(CLOSE)
    assert b"Error 2 opening /nope (No such file or directory)" in editor.type(OPEN + b"/nope\r")


def test_an_untitled_file_asks_for_its_name_and_before_it_writes():
    editor = Editor(b"first")
    editor.type(NEW + b"text")
    assert editor.type(SAVE).endswith(b"Save as: \x1b[K")
    assert editor.type(b"/new\r").endswith(b"Overwrite /new (y/n)? \x1b[K\x1b[0m")
    editor.type(b"n" + SAVE + b"/new\ry")
    assert editor.files.files[b"/new"] == b"text"


def test_the_help_goes_with_any_key():
    editor = Editor(b"x")
    text = editor.type(HELP)
    assert text.startswith(b"\x1b[1;1H\x1b[0JEditor Command Summary\r\n======================\r\n\r\n<up>         Move")
    assert text.endswith(b"\r\n(*) Extends selection if combined with Shift\r\nPress any key to continue...")
    assert editor.type(b" ").startswith(b"\x1b[1;1H\x1b[0mx\x1b[K")
    assert editor.saved(b"y") == b"yx"


def test_a_terminal_without_a_size_shows_next_to_nothing_but_edits():
    editor = Editor(b"ab", size=None)
    assert editor.saved(b"x\x1b[6~\x1b[5~" + END + b"y" + GO_TO + b"\x1b\x1b") == b"xaby"


def test_a_file_that_cannot_be_read_is_told_and_not_edited():
    typist = Typist(edit(b"/nope", FilesInMemory({})))
    assert typist.output == b"/nope: No such file or directory\n"
    assert typist.result is False
