"""The io library on files in memory: formats, positions, failures, and the console as a file."""

from __future__ import annotations

from collections.abc import Iterator
from io import SEEK_CUR, SEEK_END, SEEK_SET, BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.vm.machine import Answer, Request
from tests.vm.lua_host import DONE, Host, Reply


class MemoryFiles:
    """Files by path, and those that are open by number."""

    def __init__(self) -> None:
        self.files: dict[bytes, BytesIO] = {}
        self.open: dict[int, BytesIO] = {}
        self.readable: dict[int, bool] = {}

    @property
    def replies(self) -> dict[bytes, Reply]:
        names = ("open", "read", "write", "seek", "flush", "close", "stat")
        return {f"fs.{name}".encode(): getattr(self, f"fs_{name}") for name in names}

    def fs_open(self, request: Request) -> Answer:
        _, path, mode = request
        if mode.startswith(b"r") and path not in self.files:
            return (True, None, path + b": No such file or directory", 2)
        if mode.startswith(b"w") or path not in self.files:
            self.files[path] = BytesIO()
        file = self.files[path]
        file.seek(0, SEEK_END if mode.startswith(b"a") else SEEK_SET)
        handle = len(self.open) + 3
        self.open[handle] = file
        self.readable[handle] = mode.startswith(b"r") or b"+" in mode
        return (True, handle)

    def fs_read(self, request: Request) -> Answer:
        _, handle, length = request
        if not self.readable[handle]:
            return (True, None, b"Bad file number", 9)
        return (True, self.open[handle].read(length))

    def fs_write(self, request: Request) -> Answer:
        return (True, self.open[request[1]].write(request[2]))

    def fs_seek(self, request: Request) -> Answer:
        _, handle, whence, offset = request
        how = {b"set": SEEK_SET, b"cur": SEEK_CUR, b"end": SEEK_END}[whence]
        return (True, self.open[handle].seek(offset, how))

    def fs_flush(self, request: Request) -> Answer:
        return (*DONE, True)

    def fs_close(self, request: Request) -> Answer:
        return (*DONE, True)

    def fs_stat(self, request: Request) -> Answer:
        file = self.files.get(request[1])
        return (True, None) if file is None else (True, b"file", len(file.getvalue()))


@pytest.fixture
def disk() -> MemoryFiles:
    return MemoryFiles()


@pytest.fixture
def host(disk: MemoryFiles) -> Iterator[Host]:
    with Host(disk.replies) as host:
        yield host


def lua_text(data: bytes) -> str:
    return '"' + "".join(f"\\{byte:03d}" for byte in data) + '"'


#: What "n" reads of a text, and what it leaves: as liolib.c does it, nothing is given back.
NUMERALS = {
    "12 rest": ("12", " rest"),
    "-3.5e2x": ("-350.0", "x"),
    "0x1Fz": ("31", "z"),
    "0x.8p1 ": ("1.0", " "),
    "  7\n8": ("7", "\n8"),
    "abc": ("nil", "abc"),
    "1e+": ("nil", ""),
    "+": ("nil", ""),
    "0x": ("nil", ""),
    ".5.5": ("0.5", ".5"),
    "1..2": ("1.0", ".2"),
    "- 5": ("nil", " 5"),
    "0x1p": ("nil", ""),
    "1e5e5": ("100000.0", "e5"),
    "99999999999": ("1e+11", ""),
    "": ("nil", ""),
}


@pytest.mark.parametrize("text", NUMERALS)
def test_numbers_are_read_as_liolib_reads_them(host: Host, disk: MemoryFiles, text: str) -> None:
    disk.files[b"n"] = BytesIO(text.encode())
    number, rest = NUMERALS[text]
    assert host.run("local f = io.open('n') print(f:read('n')) io.write(f:read('a'))") == f"{number}\n{rest}"


def test_formats(host: Host, disk: MemoryFiles) -> None:
    disk.files[b"f"] = BytesIO(b"one\ntwo\n\nfour")
    host.run("F = io.open('f')")
    assert host.eval("F:read()") == "one"
    assert host.eval("F:read('L')") == "two\n"
    assert host.eval("F:read(0), F:read('l')") == "\t"
    assert host.eval("F:read(2, '*l', 'l')") == "fo\tur\tnil"
    assert host.eval("F:read('a'), F:read(0), F:read(1), F:read('l')") == "\tnil\tnil\tnil"


def test_lines_close_the_file_that_they_opened(host: Host, disk: MemoryFiles) -> None:
    disk.files[b"f"] = BytesIO(b"one\ntwo")
    assert host.run("for line in io.lines('f') do print(line) end") == "one\ntwo\n"
    assert host.asked(b"fs.close") == [(3,)]
    assert host.run("for a, b in io.lines('f', 1, 2) do print(a, b) end") == "o\tne\n\n\ttw\no\tnil\n"
    assert host.run("local l = io.lines('f') l() l() l() print(pcall(l))") == "false\tfile is already closed\n"
    assert (
        host.run("local f = io.open('f') for l in f:lines('L') do io.write(l) end print(io.type(f))")
        == "one\ntwofile\n"
    )


def test_writing_goes_on_where_reading_stopped(host: Host, disk: MemoryFiles) -> None:
    disk.files[b"f"] = BytesIO(b"one\ntwo\nthree\n")
    host.run("local f = io.open('f', 'r+') f:read() f:write('TWO') f:close()")
    assert disk.files[b"f"].getvalue() == b"one\nTWO\nthree\n"


def test_writing_returns_the_file_and_takes_numbers_as_c_prints_them(host: Host, disk: MemoryFiles) -> None:
    assert host.eval("io.type(io.open('f', 'w'):write('a', 1, 2.5, 3.0, 1/3))") == "file"
    assert disk.files[b"f"].getvalue() == b"a12.530.3333333"


def test_positions(host: Host, disk: MemoryFiles) -> None:
    disk.files[b"f"] = BytesIO(b"0123456789")
    host.run("F = io.open('f')")
    assert host.eval("F:seek(), F:read(3), F:seek(), F:seek('cur', -1), F:read(2)") == "0\t012\t3\t2\t23"
    assert host.eval("F:seek('end'), F:seek('set', 4), F:read(1)") == "10\t4\t4"


@settings(derandomize=True, max_examples=40, deadline=None)
@given(lines=st.lists(st.binary(max_size=700).map(lambda line: line.replace(b"\n", b"")), min_size=1, max_size=6))
def test_any_lines_come_back_as_they_were_written(lines: list[bytes]) -> None:
    disk = MemoryFiles()
    with Host(disk.replies) as host:
        texts = ", ".join(lua_text(line + b"\n") for line in lines)
        host.run(f"local f = io.open('f', 'w') f:write({texts}) f:close()")
        assert disk.files[b"f"].getvalue() == b"".join(line + b"\n" for line in lines)
        host.run("for line in io.lines('f') do io.write(#line, ' ') end")
        assert host.written.split() == [b"%d" % len(line) for line in lines]
        host.run("local _ = io.write(io.open('f'):read('a'))")
        assert host.written == disk.files[b"f"].getvalue()


def test_a_closed_file_refuses_everything(host: Host) -> None:
    host.run("F = io.open('f', 'w') F:close()")
    assert host.eval("tostring(F), io.type(F), io.type(5)") == "file (closed)\tclosed file\tnil"
    for call in ("F:read()", "F:write('x')", "F:seek()", "F:lines()", "F:flush()", "F:close()", "io.output(F)"):
        host.run(f"local _ = {call}")
        assert host.errors[0].startswith("stdin:1: attempt to use a closed file\n"), call


def test_failures_of_the_file_system_are_results_or_errors(host: Host, disk: MemoryFiles) -> None:
    assert host.eval("io.open('no')") == "nil\tno: No such file or directory\t2"
    host.run("io.lines('no')")
    assert host.errors[0].startswith("stdin:1: cannot open file 'no' (No such file or directory)\n")
    host.run("io.input('no')")
    assert host.errors[0].startswith("stdin:1: cannot open file 'no' (No such file or directory)\n")
    assert host.eval("io.open('f', 'w'):read()") == "nil\tBad file number\t9"
    assert host.eval("io.attributes('no'), io.attributes('f').type, io.attributes('f').size") == "nil\tfile\t0"


def test_the_default_files_can_be_others(host: Host, disk: MemoryFiles) -> None:
    host.run("io.output('out') io.write('x', 5) io.close() io.output(io.stdout)")
    assert disk.files[b"out"].getvalue() == b"x5"
    host.run("io.input('out') print(io.read('a')) io.input():close()")
    assert host.written == b"x5\n"
    host.run("io.read()")
    assert host.errors[0].startswith("stdin:1: standard input file is closed\n")


def test_a_file_that_nobody_needs_is_closed(host: Host, disk: MemoryFiles) -> None:
    host.run("io.open('f', 'w') collectgarbage() collectgarbage()")
    assert host.asked(b"fs.close") == [(3,)]


def test_the_console_reads_a_line_up_to_cr_and_echoes_it(host: Host) -> None:
    host.type("LINE = io.read()", until=b"console.read")
    for key in (b"h", b"i", b"\n"):
        host.go_on((True, key), until=b"console.read")
    host.go_on((True, b"\r"))
    assert host.eval("LINE == 'hi\\n'") == "true"


def test_the_console_is_no_file_to_close_or_to_seek_in(host: Host) -> None:
    assert host.eval("io.stdout:close()") == "nil\tcannot close standard file"
    assert host.eval("io.stdin:seek()") == "nil\tIllegal seek\t29"
    assert host.eval("io.stdout:setvbuf('no'), io.stdout:flush(), io.flush()") == "true\ttrue\ttrue"
    assert host.run("io.stderr:write('e') io.stdout:write('o', 1)") == "eo1"


def test_opening_returns_the_file_alone_or_why_not(host: Host) -> None:
    assert host.eval("select('#', io.open('/f', 'w'))") == "1"
    assert host.eval("io.open('/g')") == "nil\t/g: No such file or directory\t2"


def test_lines_take_so_many_formats(host: Host) -> None:
    host.run("F = io.open('/f', 'w')")
    host.run("F:lines(table.unpack({}, 1, 251))")
    assert host.errors[0].startswith("stdin:1: bad argument #251 to 'lines' (too many arguments)")
    assert host.eval("type(F:lines(table.unpack({}, 1, 250)))") == "function"
