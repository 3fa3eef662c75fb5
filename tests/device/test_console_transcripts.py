"""What the device's own interpreter, line editor and shell answered, byte for byte.

Each case is an interaction that was recorded by running the firmware's sources; the section is that of the reference
it is from. What is typed ends as written here, and the answer is all that comes over the wire until the board waits
again, echo and prompt included.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import pytest

from simulator.boards import load_board
from tests.device.stage import Stage, on_stage

TALKATIVE = dataclasses.replace(load_board("N1ESP32-OTA"), log_level="ERROR")
FILES = {
    "/system.lua": "",
    "/autorun.lua": "",
    "/err.lua": 'error("boom")',
    "/plain.txt": "one\ntwo",
    "/args.lua": "print(...)",
}
P = "/ > "
CHUNK_END = "\t[C]: in ?\r\n\r"
TRACE = "stack traceback:\r\n"


class Transcript(NamedTuple):
    """An interaction; ``before`` is what was typed earlier in the same session."""

    section: str
    typed: bytes
    wire: str
    before: tuple[bytes, ...] = ()


def line(section: str, text: str, answer: str, *, before: tuple[str, ...] = ()) -> Transcript:
    """A line that is typed at the prompt and echoed, its answer, and the next prompt."""
    return Transcript(
        section, text.encode() + b"\r", f"{text}\r\n{answer}{P}", tuple(typed.encode() + b"\r" for typed in before)
    )


def failed_require(name: str) -> str:
    tried = [f"/lib/share/lua/{name}.lua", f"/lib/share/lua/{name}/init.lua", f"/lib/lua/{name}.lua"]
    tried += [f"/lib/lua/{name}/init.lua", f"./{name}.lua", f"./{name}/init.lua"]
    tried += [f"/lib/lua/{name}.so", "/lib/lua/loadall.so", f"./{name}.so"]
    files = "".join(f"\r\n\tno file '{path}'" for path in tried)
    return f"module '{name}' not found:\r\n\tno field package.preload['{name}']{files}\r\n"


TRANSCRIPTS = (
    # -- echo of the line editor
    Transcript("8.3", b"abc\x7f", "abc\r/ > ab\x1b[0K\r\x1b[6C"),
    Transcript("8.3", b"ab\x01X", "ab\r/ > ab\x1b[0K\r\x1b[4C\r/ > Xab\x1b[0K\r\x1b[5C"),
    Transcript("8.3", b"abc\x15", "abc\r/ > \x1b[0K\r\x1b[4C"),
    Transcript("8.3", b"abc\x03", "abc\r\n\r\n/ > "),
    Transcript("8.3", b"\r", "\r\n/ > "),
    # -- numbers of 32 bits
    line("10.2", "1/3", "0.3333333\r\n"),
    line("10.2", "10/2", "5.0\r\n"),
    line("10.2", "7//2", "3\r\n"),
    line("10.2", "2^31", "2.147484e+09\r\n"),
    line("10.2", "2^53", "9.007199e+15\r\n"),
    line("10.2", "1e15", "1e+15\r\n"),
    line("10.2", "1e100", "inf\r\n"),
    line("10.2", "math.pi", "3.141593\r\n"),
    line("10.2", "math.maxinteger", "2147483647\r\n"),
    line("10.2", "math.maxinteger+1", "-2147483648\r\n"),
    # -- statements and expressions
    line("10.4", "1+1", "2\r\n"),
    Transcript("10.4", b"function f()\r", "function f()\r\n>> "),
    Transcript("10.4", b'return 1, nil, "a"\r', 'return 1, nil, "a"\r\n>> ', (b"function f()\r",)),
    line("10.4", "f()", "1\tnil\ta\r\n", before=("function f()", 'return 1, nil, "a"', "end")),
    line("10.4", "for i=1,3 do print(i) end", "1\r\n2\r\n3\r\n"),
    line("10.4", 'pcall(error,"x")', "false\tx\r\n"),
    # -- terminals that send CR LF
    Transcript("10.5", b'print("a","b")\r\n', 'print("a","b")\r\na\tb\r\n/ > \r\n'),
    Transcript("10.5", b"print(1)\r\n", "print(1)\r\n1\r\n/ > \r\n", (b'print("a","b")\r\n',)),
    Transcript("10.5", b"=5\r\n", "=5\r\nstdin:2: unexpected symbol near '='\r\n\r/ > \r\n", (b"\n",)),
    # -- errors
    line(
        "11.4",
        'error("x")',
        f"stdin:1: x\r\n{TRACE}\t[C]: in global 'error'\r\n\tstdin:1: in main chunk\r\n{CHUNK_END}",
    ),
    line("11.4", 'error("x",0)', f"x\r\n{TRACE}\t[C]: in global 'error'\r\n\tstdin:1: in main chunk\r\n{CHUNK_END}"),
    line("11.4", "x = = 1", "stdin:1: unexpected symbol near '='\r\n\r"),
    line(
        "11.4",
        "foo()",
        f"stdin:1: attempt to call a nil value (global 'foo')\r\n{TRACE}\tstdin:1: in main chunk\r\n{CHUNK_END}",
    ),
    line(
        "11.4",
        "f()",
        f"stdin:1: boom\r\n{TRACE}"
        f"\t[C]: in global 'error'\r\n\tstdin:1: in function 'f'\r\n\t(...tail calls...)\r\n{CHUNK_END}",
        before=('function f() error("boom") end',),
    ),
    line(
        "11.4",
        'dofile("no.lua")',
        "cannot open no.lua: No such file or directory\r\n"
        f"{TRACE}\t[C]: in global 'dofile'\r\n\tstdin:1: in main chunk\r\n{CHUNK_END}",
    ),
    line(
        "11.4",
        "os.rename(nil,1)",
        "stdin:1: bad argument #1 to 'rename' (string expected, got nil)\r\n"
        f"{TRACE}\t[C]: in field 'rename'\r\n\tstdin:1: in main chunk\r\n{CHUNK_END}",
    ),
    line(
        "5.4",
        "require('nomod')",
        f"stdin:1: {failed_require('nomod')}{TRACE}"
        f"\t[C]: in function 'require'\r\n\tstdin:1: in main chunk\r\n{CHUNK_END}",
    ),
    # -- the shell
    line("13.3", "pwd", "/\r\r\n"),
    line("13.3", "cd nope", "nope: Not a directory\r\r\n"),
    line("13.3", "rm nofile", "nofile: No such file or directory\r\r\n"),
    line("13.3", "mv a b", "No such file or directory\r\r\n"),
    line("13.3", "cat", "usage: cat filename\r\r\n"),
    line("13.3", "cat plain.txt", "one\r\ntwo"),
    line("13.3", "do x", "cannot open x: No such file or directory\r\r\n"),
    line("13.3", "do err.lua", "err.lua:1: boom\r\r\n"),
    line("13.3", "clear", "\x1b[2J\x1b[1;1H"),
    line("13.3", "dmesg", "logging disabled or not available\r\r\n"),
    line("13.3", "df /nope", "can't get free space of /nope\r\r\n"),
    line("13.3", "ls missing-name", ""),
    line("13.1", "do local x=1 end", "cannot open local: No such file or directory\r\r\n"),
    Transcript("13.5", b"do\r", "do\r\nusage: do [lua script]\r\r\n>> ", (b"if true then\r",)),
    # -- a script by its name
    line(
        "13.4",
        "err.lua",
        f"err.lua:1: boom\r\n{TRACE}\t[C]: in global 'error'\r\n\terr.lua:1: in main chunk\r\n"
        f"\t[C]: in global 'dofile'\r\n\tstdin:1: in main chunk\r\n{CHUNK_END}",
    ),
    line("13.4", "args.lua a b", "a\tb\r\n"),
    Transcript("13.4", b"args.lua\r\n", "args.lua\r\na\r\n/ > \r\n", (b"\n",)),
)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda each: f"{each.section} {each.typed!r}")
def test_the_board_answers_as_was_recorded(transcript: Transcript) -> None:
    async def play(stage: Stage) -> None:
        await stage.boot()
        for typed in transcript.before:
            await stage.type(typed)
        assert await stage.type(transcript.typed) == transcript.wire

    on_stage(play, board=TALKATIVE, files=FILES)


def test_there_are_enough_of_them_and_each_is_another() -> None:
    assert len(set(TRANSCRIPTS)) == len(TRANSCRIPTS) >= 40


def test_ctrl_c_breaks_a_loop() -> None:
    async def play(stage: Stage) -> None:
        await stage.boot()
        before = len(stage.board.console)
        stage.board.receive(b"while true do end\r")
        await stage.wait(1)
        await stage.type(b"\x03")
        assert stage.board.console[before:].decode() == (
            f"while true do end\r\ninterrupted!\r\n{TRACE}\tstdin:1: in main chunk\r\n{CHUNK_END}{P}"
        )

    on_stage(play, board=TALKATIVE, files=FILES)
