"""Bytecode as scripts have it: dumped and loaded, with modes and names, and told from what is not ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.formats.lua_bytecode import BytecodeError, Chunk
from simulator.vm import dumps
from simulator.vm.bytecode import FIRMWARE, compile_stripped, renamed
from tests.vm.lua_host import Host, files


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host() as host:
        yield host


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("load(string.dump(function(...) return ... end))(1, 2)", "1\t2"),
        ("load(string.dump(function() return debug.getinfo(1, 'S').short_src end), 'other')()", "stdin"),
        ("load(string.dump(function() return debug.getinfo(1, 'l').currentline end, true))()", "-1"),
        ("load(string.dump(load('return x')), 'n', 'b', {x = 7})()", "7"),
        ("load(string.dump(function() end), 'n', 't')", "nil\tattempt to load a binary chunk (mode is 't')"),
        ("load('return 1', 'n', 'b')", "nil\tattempt to load a text chunk (mode is 'b')"),
        ("load(function() return nil end, 'n', 'b')", "nil\tattempt to load a text chunk (mode is 'b')"),
        ("load('', 'n', 'bt') ~= nil", "true"),
        (
            "pcall(load(string.dump(function() local x = nil + 1 end, true)))",
            "false\t?:-1: attempt to perform arithmetic on a nil value",
        ),
        ("pcall(string.dump, print)", "false\tunable to dump given function"),
        ("string.dump(function() end):byte(13, 17)", "4\t4\t4\t4\t4"),
        ("load('\\27Lua')", "nil\tbinary string: truncated precompiled chunk"),
        ("load('\\27Lux', '@f')", "nil\tf: not a precompiled chunk"),
        ("load('\\27Lua\\x52', '=g')", "nil\tg: version mismatch in precompiled chunk"),
        ("load('\\27Lua\\x52', 'h')", "nil\th: version mismatch in precompiled chunk"),
        ("load(string.gmatch('\\27L', '.'))", "nil\t(load): truncated precompiled chunk"),
    ],
)
def test_bytecode_is_loaded_by_the_rules_of_lua(host: Host, expression: str, text: str) -> None:
    assert host.eval(expression) == text


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_bytecode_may_come_in_pieces(host: Host, size: int) -> None:
    host.run(
        f"""
        local code = string.dump(function(x) return x * 2 end)
        f = load(function() local piece = code:sub(1, {size}) code = code:sub({size} + 1) return piece end, 'n', 'b')
    """.replace("\n", " ")
    )
    assert host.eval("f(21)") == "42"


def test_what_goes_wrong_in_a_reader_is_what_load_says(host: Host) -> None:
    host.run("function failing(first) return coroutine.wrap(function() coroutine.yield(first) error('no', 0) end) end")
    assert host.eval("load(failing('return '))") == "nil\tno"
    assert host.eval("load(failing('\\27Lua'))") == "nil\tno"
    assert host.eval("load(function() return {} end)") == "nil\tstdin:1: reader function must return a string"


def test_a_closure_of_a_stripped_function_of_a_script_is_none_of_the_firmware_s(host: Host) -> None:
    host.run("f = load(string.dump(function(n) while n > 0 do n = n - 1 end return debug.traceback() end, true))")
    host.type("=f(100000)")
    assert len(host.asked(b"tick")) > 10
    assert "\t?: in function 'f'" in host.shown


def test_files_may_hold_bytecode() -> None:
    dumped = dumps.from_host(compile_stripped(b"return 'compiled', ...", b"=x"))
    with Host({**files(), b"fs.load": (True, dumped), b"fs.readable": (True, True)}) as host:
        assert host.eval("dofile('/x.luac')") == "compiled"
        assert host.eval("loadfile('/x.luac', 'b')(1)") == "compiled\t1"
        assert host.eval("loadfile('/x.luac', 't')") == "nil\tattempt to load a binary chunk (mode is 't')"
        assert host.eval("require('y')") == "compiled"
    with Host({**files(), b"fs.load": (True, dumped[:-1])}) as host:
        assert host.eval("loadfile('/x.luac')") == "nil\t/x.luac: truncated precompiled chunk"


# -- what is let through ----------------------------------------------------------------------------------------------

SOURCE = b"local t = {...} for i = 1, #t do t[i] = t[i] * 2 end return function() return t, 'a text' end"
STRIPPED = dumps.from_host(compile_stripped(SOURCE, b"=x"))


@pytest.fixture
def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dumps, "_known", type(dumps._known)())


def test_bytecode_of_this_process_is_known() -> None:
    assert dumps.from_host(dumps.to_host(STRIPPED)) == STRIPPED


@pytest.mark.usefixtures("another_process")
def test_bytecode_of_another_process_is_known_by_its_source() -> None:
    with pytest.raises(PermissionError):
        dumps.to_host(STRIPPED)
    sealed = dumps.sealed(STRIPPED, SOURCE)
    assert sealed.startswith(STRIPPED)
    assert dumps.to_host(sealed) == compile_stripped(SOURCE, b"=x")


@pytest.mark.usefixtures("another_process")
def test_no_changed_byte_gets_through() -> None:
    sealed = dumps.sealed(STRIPPED, SOURCE)
    for at in range(len(sealed)):
        damaged = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises((PermissionError, BytecodeError)):
            dumps.to_host(damaged)
    for other in (b"return 1", b"x = = 1", b"", b"return " + b"1" * (1 << 21)):
        with pytest.raises(PermissionError):
            dumps.to_host(dumps.sealed(STRIPPED, other))


def test_only_so_much_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dumps, "_known", type(dumps._known)())
    monkeypatch.setattr(dumps, "_KNOWN_MAX", 3)
    made = [dumps.from_host(compile_stripped(b"return %d" % number, b"=x")) for number in range(4)]
    with pytest.raises(PermissionError):
        dumps.to_host(made[0])
    assert dumps.to_host(made[1])


def test_stripping_forgets_the_name_and_keeps_the_trust() -> None:
    stripped = dumps.stripped(dumps.from_host(compile_stripped(b"return function() end", b"@n")))
    assert Chunk.from_bytes(stripped).main.name is None
    assert dumps.to_host(stripped)


def test_our_own_chunks_have_their_name_in_every_function() -> None:
    chunk = Chunk.from_bytes(renamed(compile_stripped(b"return function() end", b"=x"), FIRMWARE), size_t_bytes=8)
    assert (chunk.main.name, chunk.main.functions[0].name) == (FIRMWARE, FIRMWARE)
