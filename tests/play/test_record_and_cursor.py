"""Waiting is exact: one cursor over one record, however the text came."""

from __future__ import annotations

import pytest

from simulator.events import EventLog
from simulator.play.record import KEPT_CHARACTERS, Console, Cursor, Record, literally, pattern_of


class Story:
    """A record into which a test writes."""

    def __init__(self) -> None:
        self.time_ns = 0
        self.log = EventLog(lambda: self.time_ns)
        self.record = Record(self.log)
        self.cursor = Cursor()

    def prints(self, *chunks: str, board: str = "b0") -> None:
        for chunk in chunks:
            self.time_ns += 1
            self.log.emit(board, "console", text=chunk)

    def finds(self, text: str, board: str = "b0") -> bool:
        return self._moves(Console(self.record, self.cursor, board).find(*literally(text)))

    def matches(self, regex: str) -> bool:
        return self._moves(Console(self.record, self.cursor, "b0").find(*pattern_of(regex)))

    def sees(self, kind: str, **fields: object) -> bool:
        return self._moves(self.record.find_event(self.cursor, kind, fields))

    def _moves(self, found: Cursor | None) -> bool:
        if found is not None:
            self.cursor.move_to(found)
        return found is not None


@pytest.fixture
def story() -> Story:
    return Story()


def test_quick_waits_one_after_the_other_miss_nothing(story: Story) -> None:
    story.prints(*(f"Count {number}\r\n" for number in range(6)))
    assert all(story.finds(f"Count {number}") for number in range(6))


def test_two_lines_that_come_at_once_are_two_finds(story: Story) -> None:
    story.prints("Fetching http://example.org... HTTP 200\r\n<title>Example Domain</title>\r\n")
    assert story.finds("HTTP 200")
    assert story.finds("<title>Example Domain</title>")


def test_what_has_been_found_is_not_found_again(story: Story) -> None:
    story.prints("ready\r\n")
    assert story.finds("ready")
    assert not story.finds("ready")
    assert not story.finds("read")


def test_a_text_is_found_however_it_is_cut_into_pieces(story: Story) -> None:
    story.prints("he", "l", "lo\r", "\nwo", "rld")
    assert story.finds("hello\nworld")
    assert not story.finds("d")


def test_a_piece_that_comes_while_waiting_completes_what_came_before(story: Story) -> None:
    console = Console(story.record, story.cursor, "b0")
    story.prints("hel")
    assert console.find(*literally("hello")) is None
    story.prints("lo world")
    found = console.find(*literally("hello"))
    assert found == Cursor(1, 2)


def test_order_counts_between_text_and_events(story: Story) -> None:
    story.prints("one\r\n")
    story.log.emit("b0", "boot.app", label="ota_0")
    story.prints("two\r\n")
    assert story.sees("boot.app", label="ota_0")
    assert not story.finds("one")
    assert story.finds("two")
    assert not story.sees("boot.app")


def test_a_chunk_of_which_a_part_was_found_is_no_event_any_more(story: Story) -> None:
    story.prints("one two", "three")
    assert story.finds("one")
    assert story.sees("console")
    assert not story.finds("two")
    assert story.cursor == Cursor(2)


def test_boards_share_the_order_but_not_the_text(story: Story) -> None:
    story.prints("one ", board="a")
    story.prints("two", board="b")
    story.prints("three", board="a")
    assert not story.finds("two", board="a")
    assert story.finds("one three", board="a")
    assert not story.finds("two", board="b")


def test_the_lines_of_a_regular_expression_are_those_of_a_terminal(story: Story) -> None:
    story.prints("temperature 21.5\r\nhumidity 40\r\n")
    assert story.matches(r"^temperature \d+\.\d$")
    assert story.matches(r"^humidity (\d+)$")


def test_an_event_needs_every_field_that_is_asked_for(story: Story) -> None:
    story.log.emit("b0", "boot.app", label="factory", offset=65536)
    story.log.emit("b1", "boot.app", label="ota_0", offset=65536)
    assert not story.sees("boot.app", label="ota_0", board="b0")
    assert story.sees("boot.app", label="ota_0", offset=65536)
    assert story.cursor == Cursor(2)


def test_a_board_that_prints_for_ever_is_not_kept_for_ever(story: Story) -> None:
    console = Console(story.record, story.cursor, "b0")
    for number in range(300):
        story.prints(f"{number} {'x' * 1000}\r\n")
        assert console.find(*literally("found 299")) is None
    assert len(console.text) < 3 * KEPT_CHARACTERS
    story.prints("fou", "nd 299!")
    assert console.find(*literally("found 299")) == Cursor(301, 6)


def test_lines_know_when_they_were_printed(story: Story) -> None:
    story.prints("one\r\ntw", "o\r\nthr")
    assert story.record.lines("b0") == [(1, "one"), (2, "two"), (2, "thr")]
    assert story.finds("tw")
    assert story.record.lines("b0", story.cursor) == [(1, "one"), (1, "tw")]
