"""compile and decompile on a board, and what becomes of the files."""

from __future__ import annotations

import pytest

from simulator.vm import dumps
from tests.device.stage import Stage, on_stage, printed_by, staged

HELLO = "local name = ...\nreturn 'hello ' .. (name or 'world')"

LISTING = """
main <hello.lua:0,0> (7 instructions at 0x3ffb8e30)
0+ params, 3 slots, 1 upvalue, 1 local, 2 constants, 0 functions
\t1\t[1]\tVARARG   \t0 2
\t2\t[2]\tLOADK    \t1 -1\t; "hello "
\t3\t[2]\tTESTSET  \t2 0 1
\t4\t[2]\tJMP      \t0 1\t; to 6
\t5\t[2]\tLOADK    \t2 -2\t; "world"
\t6\t[2]\tCONCAT   \t1 1 2
\t7\t[2]\tRETURN   \t1 2
\t8\t[2]\tRETURN   \t0 1
""".replace("(7", "(8")
CONSTANTS = """\
constants (2) for 0x3ffb8e30:
\t1\t"hello "
\t2\t"world"
locals (1) for 0x3ffb8e30:
\t0\tname\t2\t9
upvalues (1) for 0x3ffb8e30:
\t0\t_ENV\t1\t0
"""


def results(*calls: str) -> str:
    script = "\n".join(f"print({call})" for call in calls)
    return printed_by(script, files={"/hello.lua": HELLO, "/bad.lua": "x = = 1"}).replace("\r\n", "\n")


def test_a_compiled_script_runs_like_its_source():
    assert (
        results(
            "compile('hello.lua')",
            "dofile('hello.luac'), loadfile('/hello.luac')('board')",
            "compile('hello.lua', '/other')",
            "dofile('other'), pcall(error)",
            "io.open('hello.luac'):read(4) == '\\27Lua'",
        )
        == "\nhello world\thello board\n\nhello world\tfalse\tnil\ntrue\n"
    )


def test_bytecode_has_the_sizes_of_the_board():
    assert (
        results(
            "compile('hello.lua')",
            "#string.dump(loadfile('hello.lua'), true)",
            "io.open('hello.luac'):read(17):byte(13, 17)",
        )
        == "\n115\n4\t4\t4\t4\t4\n"
    )


def test_what_is_wrong_is_printed_and_no_error():
    assert results("select('#', compile('no.lua'))") == "luac: cannot open no.lua: No such file or directory\n0\n"
    assert results("compile('bad.lua')") == "luac: bad.lua:1: unexpected symbol near '='\n\n"
    assert results("compile('hello.lua', '/no/x')") == "luac: cannot open /no/x: No such file or directory\n\n"
    assert results("pcall(compile, 'a', 'a')") == "false\ta and a are identical. Can't compile.\n"
    assert results("pcall(compile)") == "false\tbad argument #1 to '?' (string expected, got no value)\n"


def test_a_listing_is_that_of_luac_and_the_second_is_a_full_one():
    assert results("decompile('hello.lua')") == LISTING + "\n"
    assert results("decompile('hello.lua')", "decompile('hello.lua')") == LISTING + "\n" + LISTING + CONSTANTS + "\n"


def test_a_listing_leaves_the_bytecode_behind_and_whoever_compiles_later_gets_one_too():
    assert results("decompile('hello.lua')", "dofile('luac.out')").endswith("\nhello world\n")
    assert LISTING in results("decompile('bad.lua')", "decompile('hello.lua')", "compile('hello.lua')")
    stripped = (
        LISTING.replace("hello.lua", "?").replace("[1]", "[-]").replace("[2]", "[-]").replace("1 local,", "0 locals,")
    )
    assert results("compile('hello.lua')", "decompile('hello.luac')") == f"\n{stripped}\n"


@staged(files={"/hello.lua": HELLO})
async def test_the_shell_compiles_and_runs(stage: Stage) -> None:
    await stage.boot()
    assert await stage.type(b"luac hello.lua hello.luac\r") == "luac hello.lua hello.luac\r\n/ > "
    assert await stage.type(b"hello.luac\r") == "hello.luac\r\nhello world\r\n/ > "
    assert await stage.type(b"luad hello.lua\r") == f"luad hello.lua\n{LISTING}/ > ".replace("\n", "\r\n")


def test_a_compiled_script_runs_in_a_later_process_and_a_dumped_function_does_not(monkeypatch):
    script = """
        if os.exists('/hello.luac') then
          print(loadfile('/hello.luac') ~= nil, loadfile('/dumped'))
        else
          compile('/hello.lua')
          io.open('/dumped', 'w'):write(string.dump(loadfile('/hello.lua'))):close()
          print('made')
        end
    """

    async def play(stage: Stage) -> None:
        assert await stage.printed() == "made\r\n"
        stage.board.power_off()
        monkeypatch.setattr(dumps, "_known", type(dumps._known)())
        assert await stage.printed() == (
            "true\tnil\t/dumped: not made by LuaTwin, which runs no other: precompiled chunk\r\n"
        )

    on_stage(play, script=script, files={"/hello.lua": HELLO})


@pytest.mark.parametrize("kind", ["spiffs", "lfs"])
def test_a_large_script_compiles(kind):
    source = "".join(f"function f{number}(x) return x + {number} end\n" for number in range(300))
    board = {"spiffs": "GENERIC", "lfs": "WHITECAT-ESP32-LORA-GW"}[kind]
    script = "compile('big.lua') dofile('big.luac') print(f299(1))"
    assert printed_by(script, files={"/big.lua": source}, board=board) == "300\r\n"
