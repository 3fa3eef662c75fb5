"""cjson.util on a board. What is expected here is what the file of the firmware's image printed."""

from __future__ import annotations

import pytest

from tests.device.stage import printed_by

UTIL = 'local json, util = require "cjson", require "cjson.util" '


def said(code: str, **options: str) -> str:
    return printed_by(UTIL + code, **options).replace("\r", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("{1, 2, {a = 1}}", '{\n  1,\n  2,\n  {\n    ["a"] = 1\n  }\n}'),
        ("{1, 2, {}}, false", "{ 1, 2, {  } }"),
        ("{[3] = 1, [1] = 2}, false", "{ 2, nil, 1 }"),
        ("{[9] = 2}, false", "{ [9] = 2 }"),
        ("{[-1] = 1}, false", "{  }"),
        ("json.null", "json.null"),
        ("nil", "nil"),
        ("print", '"<function>"'),
        ("1.5", "1.5"),
        ("'a\\n\\0'", '"a\\\n\\0"'),
    ],
)
def test_values_are_shown_as_lua_would_read_them(value: str, text: str) -> None:
    assert said(f"print(util.serialise_value({value}))") == f"{text}\n"


def test_what_nests_too_deep_is_cut() -> None:
    script = "local t = {} local c = t for i = 1, 60 do c[1] = {} c = c[1] end print(util.serialise_value(t, false))"
    shown = said(script)
    assert shown.count("{ ") == 50
    assert "Cannot serialise any further: too many nested tables }" in shown


def test_tables_are_compared_by_what_is_in_them() -> None:
    pairs = "{1, {2}}, {1, {2}}", "{1}, {1, 2}", "{1, 2}, {1}", "0/0, 0/0", "1, '1'", "{a = false}, {a = false}"
    calls = ", ".join(f"util.compare_values({pair})" for pair in pairs)
    assert said(f"print({calls})") == "true\tfalse\tfalse\ttrue\tfalse\ttrue\n"


def test_files_are_read_and_written_whole() -> None:
    script = """
        util.file_save("/x", "data") print(util.file_load("/x")) util.file_save(nil, "out\\n")
        print(pcall(util.file_load, "/none")) print(util.run_script("x = 5").x, pcall(util.run_script, "x = = "))
    """
    assert said(script).splitlines() == [
        "data",
        "out",
        "false\t/lib/lua/cjson/util.lua:108: Unable to read '/none': /none: No such file or directory",
        "5\tfalse\t/lib/lua/cjson/util.lua:257: Invalid syntax.",
    ]


def test_tests_are_run_printed_and_counted() -> None:
    script = """
        util.run_test_group{
            {"head", print, {"in"}},
            {"good", math.max, {1, 2}, true, {2}},
            {"bad", function() error("e", 0) end, {}, true, {3}},
        }
        print(util.run_test_summary())
    """
    assert said(script).splitlines() == [
        *("==> head", "in", ""),
        *("==> Test [1] good: PASS", "[Input] { 1, 2 }", "[Received:success] { 2 }", ""),
        "==> Test [2] bad: FAIL",
        *("[Input] {  }", "[Expected:success] { 3 }", '[Received:error] { "e" }', ""),
        "1\t2",
    ]


def test_a_file_of_the_same_name_on_the_board_comes_first() -> None:
    assert printed_by('print(require "cjson.util")', files={"/lib/lua/cjson/util.lua": "return 'mine'"}) == "mine\r\n"
