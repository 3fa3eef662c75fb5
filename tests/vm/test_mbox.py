"""mbox: a mail box taken apart."""

from __future__ import annotations

from tests.vm.lua_host import run

BOX = (
    'From a\\nFrom: \\"Me\\" <me@here>\\nTo: you\\nTo: them\\nX: long\\n  line\\n\\nHello\\n\\n'
    "From b\\nSubject: two\\n\\nBye"
)


def shown(code: str) -> str:
    return run(f'local mbox = require("mbox") local box = "{BOX}" {code}').rstrip("\n")


def test_a_box_is_a_list_of_messages_with_headers_and_a_body() -> None:
    script = "local m = mbox.parse(box) local a, b = m[1], m[2] "
    script += "print(#m, a.headers.to, a.headers.x, a.body, b.headers.subject, b.body)"
    assert shown(script) == "2\tyou, them\tlong line\tHello\ttwo\tBye"


def test_a_sender_has_a_name_and_an_address() -> None:
    script = "for _, from in ipairs{'\"Me\" <me@here>', 'me@here', '<me@here>', ''} do print(mbox.parse_from(from)) end"
    assert shown(script).splitlines() == ["Me\tme@here", "me@here\tme@here", "me@here\tme@here", "\t"]


def test_a_message_may_lack_headers_or_a_body() -> None:
    assert shown("print(mbox.split_message('\\nbody'))") == "\tbody"
    assert shown("print((mbox.split_message('A: b')))") == "A: b"
    assert shown("print(mbox.parse_header('Name:  value'))") == "Name\tvalue"
