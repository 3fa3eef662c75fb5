from __future__ import annotations

import pytest

from simulator.console.newline import to_wire
from simulator.console.shell import COMMANDS, CommandCall, LuaLine, Usage, read, result_text

SCRIPTS = {b"foo.lua", b"foo.luac", b"err.lua", b"x" * 60 + b".lua", b"x" * 61 + b".lua", b".lua"}


def is_regular_file(path: bytes) -> bool:
    return path in SCRIPTS


def reading(line: bytes) -> LuaLine | CommandCall | Usage:
    return read(line, is_regular_file)


def test_the_commands_of_the_firmware() -> None:
    assert " ".join(COMMANDS) == (
        "cat cd clear cp df dir dmesg do edit exit ls luac luad mkdir mkfs more mount mv netstat passwd ping pwd "
        "reboot remove rename rm umount unlink uptime"
    )
    assert (COMMANDS["mkfs"].function, COMMANDS["mkfs"].usage) == ("os.format", "format path")
    assert (COMMANDS["mount"].function, COMMANDS["mount"].required) == ("fs.mount", 2)
    assert COMMANDS["reboot"].function == COMMANDS["exit"].function == "os.exit"


def test_only_commands_without_required_arguments_lack_a_usage() -> None:
    assert all(command.usage for command in COMMANDS.values() if command.required)


@pytest.mark.parametrize(
    ("line", "name", "arguments"),
    [
        (b"pwd", "pwd", ()),
        (b"  cd   /examples ", "cd", (b"/examples",)),
        (b"\nls\r", "ls", ()),
        (b"ping host 5", "ping", (b"host", b"5")),
        (b"mv a b", "mv", (b"a", b"b")),
        (b'cat "a b"', "cat", (b'"a', b'b"')),
        (b"do local x=1 end", "do", (b"local", b"x=1", b"end")),
        (b"more = 5", "more", (b"=", b"5")),
        (b"exit = nil", "exit", (b"=", b"nil")),
        (b"ls 1 2 3 4 5 6 7 8", "ls", (b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8")),
    ],
)
def test_a_line_whose_first_word_is_a_command_is_taken(line: bytes, name: str, arguments: tuple[bytes, ...]) -> None:
    assert reading(line) == CommandCall(COMMANDS[name], arguments)


@pytest.mark.parametrize(
    "line",
    [b"", b"   ", b"ls()", b'cd("/x")', b"lsx", b"l", b"LS", b"print(1)", b"=5", b"ls 1 2 3 4 5 6 7 8 9", b"do\t1"],
)
def test_other_lines_go_to_lua_untouched(line: bytes) -> None:
    assert reading(line) == LuaLine(line)


@pytest.mark.parametrize(
    ("line", "wire"),
    [
        (b"cat", b"usage: cat filename\r\r\n"),
        (b"do", b"usage: do [lua script]\r\r\n"),
        (b"cp a", b"usage: cp from to\r\r\n"),
        (b"mkfs", b"usage: format path\r\r\n"),
        (b"mount /sd", b"usage: target filesystem\r\r\n"),
    ],
)
def test_missing_arguments_show_the_usage(line: bytes, wire: bytes) -> None:
    result = reading(line)
    assert isinstance(result, Usage)
    assert to_wire(result.text) == wire


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        (b"foo.lua", b'dofile("foo.lua")'),
        (b"foo.luac  ", b'dofile("foo.luac")'),
        (b"foo.lua a b", b'assert(loadfile("foo.lua"))("a","b")'),
        (b"foo.lua  a   b  ", b'assert(loadfile("foo.lua"))("a","b")'),
        (b"foo.lua 1 2 3 4 5 6 7 8 9 10", b'assert(loadfile("foo.lua"))("1","2","3","4","5","6","7","8","9","10")'),
        (b'foo.lua a"b', b'assert(loadfile("foo.lua"))("a"b")'),
        (b".lua", b'dofile(".lua")'),
        (b"x" * 60 + b".lua", b'dofile("' + b"x" * 60 + b'.lua")'),
    ],
)
def test_a_script_is_run_by_its_name(line: bytes, becomes: bytes) -> None:
    assert reading(line) == LuaLine(becomes)


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        (b"\nfoo.lua", b'assert(loadfile("foo.lua"))("a")'),
        (b"  foo.lua x", b'assert(loadfile("foo.lua"))("ua","x")'),
        (b"\nfoo.lua b", b'assert(loadfile("foo.lua"))("a","b")'),
    ],
)
def test_something_before_a_script_name_shifts_the_cut_of_its_arguments(line: bytes, becomes: bytes) -> None:
    assert reading(line) == LuaLine(becomes)


@pytest.mark.parametrize("line", [b"no.lua", b"foo.txt", b"x" * 61 + b".lua", b"lua"])
def test_what_is_no_script_goes_to_lua_untouched(line: bytes) -> None:
    assert reading(line) == LuaLine(line)


def test_script_arguments_are_cut_at_250_characters() -> None:
    line = reading(b"foo.lua " + b"a" * 247)
    assert line == LuaLine(b'assert(loadfile("foo.lua"))("' + b"a" * (255 - 29))
    line = reading(b"foo.lua " + b"a" * 200)
    assert line == LuaLine(b'assert(loadfile("foo.lua"))("' + b"a" * 200 + b'")')


def test_the_file_system_is_asked_only_about_possible_scripts() -> None:
    asked = []

    def note(path: bytes) -> bool:
        asked.append(path)
        return False

    for line in (b"print(1)", b"ls", b"foo.lua", b"y.luac 1"):
        read(line, note)
    assert asked == [b"foo.lua", b"y.luac"]


@pytest.mark.parametrize(
    ("name", "results", "wire"),
    [
        pytest.param("pwd", (b"/",), b"/\r\r\n", id="string"),
        pytest.param("cd", (None, b"nope: Not a directory", 20), b"nope: Not a directory\r\r\n", id="nil, message"),
        pytest.param("rm", (None, b"nofile: No such file or directory", 2), b"nofile: No such file or directory\r\r\n"),
        pytest.param("mv", (None, b"No such file or directory", 2), b"No such file or directory\r\r\n"),
        pytest.param(
            "do", (b"cannot open x: No such file or directory",), b"cannot open x: No such file or directory\r\r\n"
        ),
        pytest.param("do", (b"err.lua:1: boom",), b"err.lua:1: boom\r\r\n", id="error"),
        pytest.param("dmesg", (b"logging disabled or not available",), b"logging disabled or not available\r\r\n"),
        pytest.param("df", (400000, 524288), b"400000\r\r\n", id="first of two numbers"),
        pytest.param("do", (1.5,), b"1.5\r\r\n", id="float"),
        pytest.param("do", (1e10,), b"1e+10\r\r\n", id="large float"),
        pytest.param("do", (2.0,), b"2\r\r\n", id="float without fraction has no .0 here"),
        pytest.param("do", (b"cut\0off",), b"cut\r\r\n", id="up to a NUL"),
        pytest.param("mkdir", (True,), b"", id="boolean"),
        pytest.param("ls", (), b"", id="nothing"),
        pytest.param("do", (None,), b"", id="nil"),
        pytest.param("do", (None, 5), b"", id="nil, number"),
        pytest.param("do", (object(),), b"", id="table"),
        pytest.param("luac", (b"cannot open",), b"", id="luac never shows anything"),
    ],
)
def test_the_first_result_is_shown_if_it_is_a_text_or_number(
    name: str, results: tuple[object, ...], wire: bytes
) -> None:
    assert to_wire(result_text(COMMANDS[name], results)) == wire


def test_with_a_prompt_of_its_own_only_messages_after_nil_are_shown() -> None:
    assert result_text(COMMANDS["pwd"], (b"/",), prompt_is_set=True) == b""
    assert result_text(COMMANDS["df"], (4096, 8192), prompt_is_set=True) == b""
    assert (
        result_text(COMMANDS["cd"], (None, b"x: Not a directory", 20), prompt_is_set=True) == b"x: Not a directory\r\n"
    )
