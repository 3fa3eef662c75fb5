from __future__ import annotations

from dataclasses import dataclass

import pytest

from simulator.console.history import History
from simulator.console.line_editor import LineEditor, Outcome, continuation_prompt, main_prompt
from simulator.console.newline import to_wire

PROMPT = b"/ > "
ESC = b"\x1b"


@dataclass
class FileInMemory:
    """A history file on a mounted FAT; content None is a board without one."""

    content: bytes | None = b""

    def read(self) -> bytes | None:
        return self.content

    def append(self, data: bytes) -> None:
        if self.content is not None:
            self.content += data

    def clear(self) -> None:
        self.content = None if self.content is None else b""


def redraw(text: bytes, cursor: int, prompt: bytes = PROMPT) -> bytes:
    return b"\r" + prompt + text + b"\x1b[0K\r\x1b[%dC" % (len(prompt) + cursor)


def typed(data: bytes, *, prompt: bytes = PROMPT, history: History | None = None, password: bool = False) -> bytes:
    """What is written while ``data`` is typed, without the prompt at the start."""
    output, taken = LineEditor(prompt, history=history, password=password).feed_all(data)
    assert taken == len(data)
    return output


def line_of(data: bytes, history: History | None = None) -> bytes:
    editor = LineEditor(PROMPT, history=history)
    editor.feed_all(data + b"\r")
    assert editor.outcome is Outcome.LINE
    return editor.line


def test_prompt_comes_first() -> None:
    assert LineEditor(PROMPT).start() == b"/ > "


@pytest.mark.parametrize(
    ("keys", "wire"),
    [
        (b"abc\x08", b"abc\r/ > ab\x1b[0K\r\x1b[6C"),
        (b"ab\x01X", b"ab\r/ > ab\x1b[0K\r\x1b[4C\r/ > Xab\x1b[0K\r\x1b[5C"),
        (b"abc\x15", b"abc\r/ > \x1b[0K\r\x1b[4C"),
        (b"abc\x03", b"abc\r\n"),
        (b"\r", b"\r\n"),
    ],
)
def test_echo_transcripts_of_the_reference(keys: bytes, wire: bytes) -> None:
    assert to_wire(typed(keys)) == wire


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        pytest.param(b"ab\x08", b"a", 1, id="backspace 08"),
        pytest.param(b"ab\x7f", b"a", 1, id="backspace 7F"),
        pytest.param(b"ab\x02\x7f", b"b", 0, id="backspace inside"),
        pytest.param(b"ab\x01", b"ab", 0, id="home ^A"),
        pytest.param(b"ab\x1b[H", b"ab", 0, id="home ESC [ H"),
        pytest.param(b"ab\x1bOH", b"ab", 0, id="home ESC O H"),
        pytest.param(b"ab\x01\x05", b"ab", 2, id="end ^E"),
        pytest.param(b"ab\x01\x1b[F", b"ab", 2, id="end ESC [ F"),
        pytest.param(b"ab\x01\x1bOF", b"ab", 2, id="end ESC O F"),
        pytest.param(b"ab\x02", b"ab", 1, id="left ^B"),
        pytest.param(b"ab\x1b[D", b"ab", 1, id="left arrow"),
        pytest.param(b"ab\x01\x06", b"ab", 1, id="right ^F"),
        pytest.param(b"ab\x01\x1b[C", b"ab", 1, id="right arrow"),
        pytest.param(b"ab\x01\x1b[3~", b"b", 0, id="delete"),
        pytest.param(b"abc\x02\x0b", b"ab", 2, id="delete to end ^K"),
        pytest.param(b"abc\x0b", b"abc", 3, id="delete to end at the end redraws"),
        pytest.param(b"abc\x02\x15", b"", 0, id="delete line ^U"),
        pytest.param(b"a bc  \x17", b"a ", 2, id="delete word ^W"),
        pytest.param(b"one two\x02\x02\x17", b"one wo", 4, id="delete word up to the cursor"),
        pytest.param(b"\x17", b"", 0, id="delete word of an empty line redraws"),
        pytest.param(b"abc\x02\x14", b"acb", 2, id="swap ^T before the last stays"),
        pytest.param(b"abc\x01\x06\x14", b"bac", 2, id="swap ^T advances"),
        pytest.param(b"a\x01b", b"ba", 1, id="insert inside"),
        pytest.param(b"ab\x1b[A", b"ab", 2, id="up without history"),
        pytest.param(b"ab\x1b[B", b"ab", 2, id="down without history"),
        pytest.param(b"ab\x04", b"ab", 2, id="^D at the end of a text"),
    ],
)
def test_every_editing_key_ends_in_a_redraw_of_text_and_cursor(keys: bytes, text: bytes, cursor: int) -> None:
    output = typed(keys)
    if keys.endswith(b"\x04"):
        assert output == b"ab", "nothing to the right of the cursor, nothing to draw"
    else:
        assert output.endswith(redraw(text, cursor))
    assert line_of(keys) == text


def test_control_d_deletes_at_the_cursor_and_leaves_on_an_empty_line() -> None:
    assert typed(b"ab\x01\x04").endswith(redraw(b"b", 0))
    editor = LineEditor(PROMPT)
    assert editor.feed(0x04) == b"\n"
    assert editor.outcome is Outcome.END_OF_INPUT


def test_control_l_clears_the_screen_and_redraws() -> None:
    assert typed(b"ab\x0c") == b"ab\x1b[H\x1b[2J" + redraw(b"ab", 2)


@pytest.mark.parametrize(
    "key", [b"\x08", b"\x7f", b"\x01", b"\x05", b"\x02", b"\x06", b"\x1b[3~", b"\x14", b"\x1b[D", b"\x1b[C"]
)
def test_a_key_with_nothing_to_do_writes_nothing(key: bytes) -> None:
    assert typed(key) == b""


@pytest.mark.parametrize("key", [b"\x10", b"\x0e"])
def test_control_p_and_control_n_are_ignored(key: bytes) -> None:
    assert typed(b"a" + key) == b"a"
    assert line_of(b"a" + key) == b"a"


@pytest.mark.parametrize("byte", [b"\t", b"\x00", b"\n", b"\x07", b"\x1f", b"\x80", b"\xff", "é".encode()])
def test_every_other_byte_is_text_and_echoed_as_it_is(byte: bytes) -> None:
    assert typed(byte) == byte


def test_lf_is_text_that_the_wire_shows_as_cr_lf() -> None:
    assert to_wire(typed(b"a\n")) == b"a\r\n"
    assert line_of(b"a\nb") == b"a\nb"


def test_a_typed_nul_hides_the_rest_of_the_line_from_its_readers() -> None:
    assert line_of(b"ab\0cd") == b"ab"


@pytest.mark.parametrize("sequence", [b"xy", b"[Z", b"OA", b"[5~", b"\r\r", b"\x03\x03", b"[1\x03"])
def test_unknown_escape_sequences_are_swallowed_whatever_their_bytes(sequence: bytes) -> None:
    assert typed(b"a" + ESC + sequence + b"b") == b"ab"


def test_a_longer_escape_sequence_leaves_its_tail_as_text() -> None:
    assert line_of(ESC + b"[200~") == b"0~"


def test_control_c_gives_up_the_line() -> None:
    editor = LineEditor(PROMPT)
    output, taken = editor.feed_all(b"abc\x03more")
    assert (output, taken) == (b"abc\n", 4)
    assert editor.outcome is Outcome.INTERRUPTED


def test_the_line_ends_at_cr_and_leaves_the_rest_for_the_next() -> None:
    editor = LineEditor(PROMPT)
    assert editor.feed_all(b"1+1\r\n2+2\r\n") == (b"1+1\n", 4)
    assert editor.line == b"1+1"


def test_feeding_an_ended_line_is_a_bug_of_ours() -> None:
    editor = LineEditor(PROMPT)
    editor.feed(0x0D)
    with pytest.raises(AssertionError):
        editor.feed(0x0D)


def test_the_256th_character_is_ignored_without_echo() -> None:
    editor = LineEditor(b"")
    editor.feed_all(b"x" * 255)
    assert editor.feed(ord("y")) == b""
    editor.feed(0x0D)
    assert editor.line == b"x" * 255


def test_a_line_as_wide_as_the_assumed_terminal_is_redrawn_and_cut_on_the_left() -> None:
    text = bytes(range(0x21, 0x7F)) * 3
    editor = LineEditor(PROMPT)
    output, _ = editor.feed_all(text[:251])
    assert output == text[:251]
    assert editor.feed(text[251]) == redraw(text[1:252], 251)
    assert editor.feed(text[252]) == redraw(text[2:253], 251)
    assert editor.feed(0x01) == redraw(text[:252], 0)


@pytest.mark.parametrize("length", [256, 300])
def test_a_prompt_wider_than_the_terminal_leaves_no_room_for_text(length: int) -> None:
    prompt = b"p" * length
    assert LineEditor(prompt).feed(ord("x")) == b"\r" + prompt + b"\x1b[0K\r\x1b[255C"


def test_transcript_of_a_command() -> None:
    editor = LineEditor(PROMPT)
    assert to_wire(editor.start() + editor.feed_all(b"1+1\r")[0]) == b"/ > 1+1\r\n"


def test_transcript_of_a_terminal_that_sends_cr_lf() -> None:
    first, second, third = (LineEditor(PROMPT) for _ in range(3))
    shown = first.start() + first.feed_all(b'print("a","b")\r')[0] + b"a\tb\n"
    shown += second.start() + second.feed_all(b"\nprint(1)\r")[0] + b"1\n"
    shown += third.start() + third.feed_all(b"\n")[0]
    assert to_wire(shown) == b'/ > print("a","b")\r\na\tb\r\n/ > \r\nprint(1)\r\n1\r\n/ > \r\n'
    assert second.line == b"\nprint(1)"


def test_transcript_of_an_interrupted_line_at_the_prompt() -> None:
    """The read-eval-print loop adds the second line end before it prompts again."""
    assert to_wire(typed(b"abc\x03") + b"\n" + PROMPT) == b"abc\r\n\r\n/ > "


def test_transcript_of_a_statement_over_several_lines() -> None:
    shown = b"".join(
        prompt + typed(line, prompt=prompt)
        for prompt, line in [(PROMPT, b"function f()\r"), (b">> ", b'return 1, nil, "a"\r'), (b">> ", b"end\r")]
    )
    assert to_wire(shown) == b'/ > function f()\r\n>> return 1, nil, "a"\r\n>> end\r\n'


def test_a_password_is_never_shown() -> None:
    prompt = b"Old Password: "
    assert typed(b"secret", prompt=prompt, password=True) == b""
    assert typed(b"se\x08", prompt=prompt, password=True) == b"\rOld Password: \x1b[0K"
    assert typed(b"secret\r", prompt=prompt, password=True) == b"\n"


def test_a_password_is_not_remembered() -> None:
    file = FileInMemory()
    typed(b"secret\r", history=History(file), password=True)
    assert file.content == b""


def test_accepted_lines_are_appended_with_their_lf_in_front_and_empty_ones_are_not() -> None:
    file = FileInMemory()
    history = History(file)
    for line in (b"one\r", b"\r", b"two\r", b"two\r", b"gone\x03"):
        typed(line, history=history)
    assert file.content == b"\none\ntwo\ntwo"


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        pytest.param(b"\x1b[A", b"two", id="newest first"),
        pytest.param(b"\x1b[A\x1b[A", b"one", id="then older"),
        pytest.param(b"\x1b[A\x1b[A\x1b[A", b"one", id="stays at the oldest"),
        pytest.param(b"\x1b[A\x1b[A\x1b[B", b"two", id="and forwards again"),
        pytest.param(b"\x1b[A\x1b[B", b"", id="empty beyond the newest"),
        pytest.param(b"typed\x1b[A\x1b[B", b"", id="what was typed is lost"),
        pytest.param(b"typed\x1b[B", b"", id="down without having gone up clears"),
        pytest.param(b"\x1b[A!", b"two!", id="the cursor is at the end"),
    ],
)
def test_arrows_walk_the_history(keys: bytes, line: bytes) -> None:
    assert line_of(keys, History(FileInMemory(b"\none\ntwo"))) == line


def test_each_step_redraws() -> None:
    history = History(FileInMemory(b"\none"))
    assert typed(b"\x1b[A\x1b[A\x1b[B", history=history) == redraw(b"one", 3) + redraw(b"one", 3) + redraw(b"", 0)


def test_lines_of_a_cr_lf_terminal_alternate_with_empty_entries() -> None:
    file = FileInMemory()
    history = History(file)
    for line in (b"one\r", b"\ntwo\r"):
        typed(line, history=history)
    up = b"\x1b[A"
    assert [line_of(up * count, History(FileInMemory(file.content))) for count in (1, 2, 3)] == [b"two", b"", b"one"]


def test_an_entry_at_the_very_end_of_the_file_cannot_be_read_and_changes_nothing() -> None:
    assert line_of(b"kept\x1b[A", History(FileInMemory(b"\none\n"))) == b"kept"


def test_a_history_cut_at_the_front_ends_in_an_empty_entry() -> None:
    assert line_of(b"\x1b[A\x1b[A", History(FileInMemory(b"il\none"))) == b""


def test_without_a_file_system_for_it_the_arrows_just_redraw() -> None:
    history = History(FileInMemory(None))
    assert typed(b"ab\x1b[A\x1b[B", history=history) == b"ab" + redraw(b"ab", 2) * 2
    assert line_of(b"ab", history) == b"ab"


def test_switched_off_history_stores_nothing_and_the_arrows_write_nothing() -> None:
    file = FileInMemory(b"\none")
    history = History(file)
    history.enabled = False
    assert typed(b"ab\x1b[A\x1b[B\r", history=history) == b"ab\n"
    assert file.content == b"\none"


def test_prompt_is_the_current_directory_unless_a_script_says_otherwise() -> None:
    assert main_prompt(b"/") == b"/ > "
    assert main_prompt(b"/examples/lua") == b"/examples/lua > "
    assert main_prompt(b"/", b"lua> ") == b"lua> "
    assert main_prompt(b"/", b"x" * 100) == b"x" * 74
    assert continuation_prompt() == b">> "
    assert continuation_prompt(b"... ") == b"... "
