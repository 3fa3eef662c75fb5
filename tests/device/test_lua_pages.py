"""What the web server makes of a page, with the firmware's mistakes."""

from __future__ import annotations

import pytest

from simulator.device.drivers.lua_pages import EndlessPageError, preprocess

HEAD = "do\nlocal print = net.service.http.print_chunk\n"


def program(page: str) -> str:
    made = preprocess(page.encode()).decode()
    assert made.startswith(HEAD)
    assert made.endswith("end")
    return made.removeprefix(HEAD).removesuffix("end")


@pytest.mark.parametrize(
    ("page", "made"),
    [
        ("", ""),
        ("one\ntwo", 'print("one")\nprint("two")\n'),
        ("\n\n", ""),
        ('say "hi"', 'print("say \\"hi\\"")\n'),
        ("a\r\nb", 'print("a")\nprint("b")\n'),
        ("<?lua\nprint(1)\n?>\n", "\nprint(1)\n"),
        ("<b><?lua print(1) ?></b>", 'print("<b>")\n print(1) \nprint("</b>")\n'),
        ("<?lua a() ?>x", ' a() \nprint("x")\n'),
        ("2 < 3", 'print("2 < 3")\n'),
        ("ok? yes", 'print("ok? yes")\n'),
        ("t<?lua if a < b then ?>y<?lua end ?>", 'print("t")\n if a < b then \nprint("y")\n end \nprint("")\n'),
    ],
)
def test_text_is_printed_and_code_stays(page: str, made: str) -> None:
    assert program(page) == made


@pytest.mark.parametrize(
    ("page", "made"),
    [
        ("<?lua if a < b then ?>", ' if a \nprint("< b then \nprint("")\n'),
        ('"quoted"', '\\"print("quoted\\"")\n'),
        ('a?"', 'print("a\\"\\"")\n'),
        ("a?\nb", 'print("a")\nprint("b")\n'),
        ("?????????x<?lua a() ?>y", 'print("?????????x a() y")\n'),
    ],
)
def test_mistakes_are_made_like_the_firmware(page: str, made: str) -> None:
    assert program(page) == made


def test_a_carriage_return_behind_what_may_be_a_mark_is_looked_at_for_ever() -> None:
    with pytest.raises(EndlessPageError):
        preprocess(b"really?\r\n")
