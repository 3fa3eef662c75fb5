"""``os.more`` and ``os.dmesg``: a file page by page (``more`` of ``components/lua/modules/sys/loslib_adds.inc``)."""

from __future__ import annotations

from simulator.console import screen
from simulator.console.program import READ, Program


def page_through(path: bytes, content: bytes) -> Program[None]:
    """Show ``content``, and after each screen wait for a key; q ends it. Without a size of the terminal nothing stops.

    The key is asked for before the line feed of the last line is written, so each further page begins with it.
    """
    rows = (yield from screen.size()).rows
    yield screen.CLEAR
    lines_a_page = rows - 1
    begin, lines = 0, 0
    at = content.find(b"\n")
    while at >= 0:
        lines += 1
        if lines == lines_a_page:
            yield content[begin:at]
            begin, lines = at, 0
            yield from screen.status_line(path + b": any key for next page, q for exit")
            if (yield READ) in (b"q", b"Q"):
                yield from screen.clear_status_line()
                return
            yield screen.CLEAR
        at = content.find(b"\n", at + 1)
    yield content[begin:]
