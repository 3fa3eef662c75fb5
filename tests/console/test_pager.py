"""os.more: pages, the status line, and terminals that do not say how large they are."""

from __future__ import annotations

from simulator.console.pager import page_through
from tests.console.programs import Typist

ASKED = b"\x1b[s\x1b[999;999H\x1b[6n\x1b[u"
CLEARED = b"\x1b[2J\x1b[1;1H"
STATUS = b"\x1b[7;1H\x1b[1m\x1b[7m/f: any key for next page, q for exit\x1b[K\x1b[0m"
LINES = b"".join(b"line %d\n" % number for number in range(1, 13))


def test_a_terminal_without_a_size_gets_everything_at_once():
    typist = Typist(page_through(b"/f", LINES))
    assert typist.output == ASKED + CLEARED + LINES
    assert typist.is_over


def test_a_short_file_needs_no_key():
    typist = Typist(page_through(b"/f", b"1\n2\n3"), size=(6, 80))
    assert typist.output == ASKED + CLEARED + b"1\n2\n3"
    assert typist.is_over


def test_a_page_ends_before_the_line_feed_of_its_last_row_and_the_next_begins_with_it():
    typist = Typist(page_through(b"/f", LINES), size=(6, 80))
    assert typist.output == ASKED + CLEARED + b"line 1\nline 2\nline 3\nline 4\nline 5" + ASKED + STATUS
    assert typist.type(b" ") == CLEARED + b"\nline 6\nline 7\nline 8\nline 9\nline 10" + ASKED + STATUS
    assert typist.type(b"x") == CLEARED + b"\nline 11\nline 12\n"
    assert typist.is_over


def test_q_ends_it_and_clears_the_status_line():
    for key in (b"q", b"Q"):
        typist = Typist(page_through(b"/f", LINES), size=(6, 80))
        assert typist.type(key) == ASKED + b"\x1b[7;1H\x1b[K\x1b[0m"
        assert typist.is_over


def test_a_file_that_ends_with_its_page_still_waits_for_a_key():
    typist = Typist(page_through(b"/f", b"1\n2\n3\n"), size=(4, 80))
    assert typist.output.endswith(b"q for exit\x1b[K\x1b[0m")
    assert typist.type(b" ") == CLEARED + b"\n"
    assert typist.is_over
