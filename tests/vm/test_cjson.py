"""cjson, with what the firmware has changed in it."""

from __future__ import annotations

import pytest

from simulator.boards import load_board
from tests.vm.lua_host import Host, run

REQUIRE = "local c = require('cjson') "


def shown(code: str) -> str:
    return run(REQUIRE + code).rstrip("\n")


def error_of(code: str) -> str:
    return shown(f"print((select(2, pcall(function() {code} end)):gsub('^stdin:1: ', '')))")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("25.3", "25.299999237061"),
        ("7", "7"),
        ("-2147483648", "-2147483648"),
        ("1e20", "1.0000000200409e+20"),
        ("7.0", "7"),
        ("{}", "{}"),
        ("{1, 'a', true, c.null}", '[1,"a",true,null]'),
        ("{[3] = 1}", "[null,null,1]"),
        ("{x = {1}}", '{"x":[1]}'),
        ("{[1.5] = 1}", '{"1.5":1}'),
        ("{[0] = 1}", '{"0":1}'),
        ("nil", "null"),
        (
            r"'\0\1\8\9\10\11\12\13\31\127\200/\"\\'",
            r'"\u0000\u0001\b\t\n\u000b\f\r\u001f\u007f' + "\\xc8" + r'\/\"\\"',
        ),
    ],
)
def test_values_become_text(value: str, text: str) -> None:
    assert shown(f"print(c.encode({value}))") == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"),
        ("-1", "-1.0"),
        ("[1, 2,3]", "1 2 3.0"),  # only before a blank, a comma, a brace or the end is an integer one
        ('{"a":1}', "1"),
        ("99999999999", "2147483647"),
        ("007", "7"),
        ("0x10", "16.0"),
        ("1e2", "100.0"),
        ("-Infinity", "-inf"),
        ("[]", ""),
        ('"\\u00e9\\ud83d\\ude00\\n\\/"', "é😀\n/"),
        (' {"a" : [ true ] } ', "true"),
        ("null", "userdata: 0x0"),
        ("51\\0garbage", "51"),
    ],
)
def test_text_becomes_values(text: str, value: str) -> None:
    text = text.replace("\\", "\\\\").replace("\\\\0", "\\0")
    script = (
        "local function show(v) if type(v) ~= 'table' then return tostring(v) end local t = {} "
        "for _, x in pairs(v) do t[#t + 1] = show(x) end return table.concat(t, ' ') end "
        f"io.write(show(c.decode('{text}')))"
    )
    with Host() as host:
        host.run(REQUIRE + script)
        assert host.written.decode() == value, host.errors


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("c.encode()", "bad argument #1 to 'encode' (expected 1 argument)"),
        ("c.encode(1, 2)", "bad argument #1 to 'encode' (expected 1 argument)"),
        ("c.decode()", "bad argument #1 to 'decode' (expected 1 argument)"),
        ("c.decode({})", "bad argument #1 to 'decode' (string expected, got table)"),
        ("c.encode(print)", "Cannot serialise function: type not supported"),
        ("c.encode(os)", "Cannot serialise rotable: type not supported"),
        ("c.encode(io.stdout)", "Cannot serialise userdata: type not supported"),
        ("c.encode(0/0)", "Cannot serialise number: must not be NaN or Infinity"),
        ("c.encode({[true] = 1})", "Cannot serialise boolean: table key must be a number or string"),
        ("c.encode({[50] = 1})", "Cannot serialise table: excessively sparse array"),
        ("local t = {} t[1] = t c.encode(t)", "Cannot serialise, excessive nesting (1001)"),
        ("c.decode('[1,2')", "Expected comma or array end but found T_END at character 5"),
        ("c.decode('[1,]')", "Expected value but found T_ARR_END at character 4"),
        ("c.decode('{\"a\" 1}')", "Expected colon but found T_INTEGER at character 6"),
        ("c.decode('{1}')", "Expected object key string but found T_INTEGER at character 2"),
        ("c.decode('{\"a\":1,}')", "Expected object key string but found T_OBJ_END at character 8"),
        ("c.decode('{\"a\":1 2}')", "Expected comma or object end but found T_INTEGER at character 8"),
        ("c.decode('1 x')", "Expected the end but found invalid token at character 3"),
        ("c.decode('\"abc')", "Expected value but found unexpected end of string at character 5"),
        ("c.decode('\"a\\\\x\"')", "Expected value but found invalid escape code at character 3"),
        ("c.decode('\"\\\\ud800\"')", "Expected value but found invalid unicode escape code at character 2"),
        ("c.decode('-')", "Expected value but found invalid number at character 1"),
        ("c.decode('')", "Expected value but found T_END at character 1"),
        ("c.decode('\\0001')", "JSON parser does not support UTF-16 or UTF-32"),
        ("c.decode(('['):rep(1001))", "Found too many nested data structures (1001) at character 1001"),
        ("c.encode_max_depth(0)", "bad argument #1 to 'encode_max_depth' (expected integer between 1 and 2147483647)"),
        ("c.encode_max_depth(1, 2)", "bad argument #2 to 'encode_max_depth' (found too many arguments)"),
        ("c.encode_keep_buffer('x')", "bad argument #1 to 'encode_keep_buffer' (invalid option 'x')"),
        (
            "c.encode_number_precision(15)",
            "bad argument #1 to 'encode_number_precision' (expected integer between 1 and 14)",
        ),
    ],
)  # fmt: skip
def test_errors_are_those_of_the_device(code: str, text: str) -> None:
    assert error_of(code) == text


def test_settings_are_told_and_kept() -> None:
    assert (
        shown("print(c.encode_sparse_array()) print(c.encode_sparse_array(true, 3, 5))") == "false\t2\t10\ntrue\t3\t5"
    )
    assert shown("print(c.encode({[50] = 1}))".join(["c.encode_sparse_array(true) ", ""])) == '{"50":1}'
    assert shown("c.encode_sparse_array(nil, 0) print(#c.encode({[50] = 1}))") == str(1 + 49 * 5 + 1 + 1)
    assert shown("print(c.encode_number_precision(3), c.encode(1.23456))") == "3\t1.23"
    script = "print(c.encode_invalid_numbers(), c.encode_invalid_numbers('on'), c.encode{0/0, 1/0, -1/0})"
    assert shown(script) == "false\ttrue\t[NaN,Infinity,-Infinity]"
    assert shown("print(c.encode_invalid_numbers('null'), c.encode(0/0))") == "null\tnull"
    assert shown("print(c.decode_invalid_numbers('off'), pcall(c.decode, '01'))").startswith("false\tfalse\t")
    assert shown("print(c.decode_max_depth(1), pcall(c.decode, '[[1]]'))").startswith("1\tfalse\t")


def test_a_new_one_has_the_settings_that_all_begin_with() -> None:
    assert shown("c.encode_number_precision(3) print(c.new().encode_number_precision(), c.new()._NAME)") == "14\tcjson"


def test_the_safe_one_is_another_table_and_no_safer() -> None:
    assert shown("local s = require('cjson.safe') print(s == c, pcall(s.decode, '['))").startswith("false\tfalse\t")


def test_it_is_no_global_and_not_in_every_build() -> None:
    assert run("print(cjson, package.preload.cjson ~= nil)") == "nil\ttrue\n"
    with Host(board=load_board("EVK-NINA-W")) as host:
        assert "module 'cjson' not found" in host.run("require('cjson')")
