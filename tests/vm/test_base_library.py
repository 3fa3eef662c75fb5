"""Lua's own libraries as the board has them: numbers, rotables, globals, chunks, time, and io on a real file system."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.boards import load_board
from simulator.vm.machine import Answer, Request
from tests.vm.lua_host import Host, files, run


@pytest.fixture(scope="module")
def shared() -> Iterator[Host]:
    """A machine for expressions that change nothing."""
    with Host() as host:
        yield host


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as host:
        yield host


# -- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("1/3", "0.3333333"),
        ("10/2", "5.0"),
        ("7//2", "3"),
        ("2^31", "2.147484e+09"),
        ("2^53", "9.007199e+15"),
        ("1e15", "1e+15"),
        ("1e100", "inf"),
        ("math.pi", "3.141593"),
        ("math.maxinteger, math.mininteger", "2147483647\t-2147483648"),
        ("2147483647 + 1", "-2147483648"),
        ("0xFFFFFFFF, 0x80000000", "-1\t-2147483648"),
        ("4294967295", "4.294967e+09"),
        ("16777217.0", "1.677722e+07"),
        ("3.0", "3.0"),
        ("1 << 31, 1 << 32", "-2147483648\t0"),
        ("string.format('%d %5.2f %x', 3.0, 2.5, 255)", "3  2.50 ff"),
        ("tostring(nil), tostring(true), -0.0", "nil\ttrue\t-0.0"),
    ],
)
def test_numbers_are_the_board_s(shared: Host, expression: str, text: str) -> None:
    assert shared.eval(expression) == text


# -- globals and rotables ---------------------------------------------------------------------------------------------

BAD_KEY = "stdin:1: bad argument #2 to '__index' (string expected, got boolean)"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("type(net), type(net.wf), type(net.error), type(os), type(string), type(pio)", "\t".join(["rotable"] * 6)),
        ("type(io), type(package), type(_G)", "table\ttable\ttable"),
        ("net == net, net ~= os, rawequal(net, net)", "true\ttrue\ttrue"),
        ("net.no_such_name, net[1], net[true]", "nil\tnil\tnil"),
        ("require 'net' == net, package.loaded.net", "true\tnil"),
        ("require 'io' == io, package.loaded.io == io", "true\ttrue"),
        ("#net.error, #net.wf.mode", "15\t4"),
        ("rawlen(net.wf.mode)", "4"),
        ("select('#', next(net.wf.mode)), type(next(net.wf.mode))", "2\tstring"),
        ("getmetatable(net), getmetatable('') == string, string.__index == string", "nil\ttrue\ttrue"),
        ("net.error.NotAvailable, net.wf.error.CannotConnect", "150994944\t134217729"),
        ("os.LOG_ERR, os.LOG_ALL, tmr.TMR3, thread.RecursiveLock", "3\t255\t3\t1"),
        ("rawget(_G, 'print'), getmetatable(_G) == _G, _VERSION", "nil\ttrue\tLua 5.3"),
        ("_G[1], _G.no_such_name", "nil\tnil"),
        ("select(2, pcall(function() return _G[true] end))", BAD_KEY),
        ("unpack, loadstring, bit32, dolua, table.maxn", "\t".join(["nil"] * 5)),
        ("math.pow, math.log10, math.cosh, math.ldexp", "\t".join(["nil"] * 4)),
        ("os.rmdir, os.reboot, net.url, net.ip", "\t".join(["nil"] * 4)),
        ("package.config", "/\n;\n?\n!\n-"),
    ],
)  # fmt: skip
def test_globals_and_rotables(shared: Host, expression: str, text: str) -> None:
    assert shared.eval(expression).rstrip("\n") == text


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("net.x = 1", "stdin:1: attempt to index a rotable value (global 'net')"),
        ("net = 1", "stdin:1: attempt to index a rotable value (global 'net')"),
        ("pio = 1", "stdin:1: attempt to index a rotable value (global 'pio')"),
        ("net.wf.STA = 1", "stdin:1: attempt to index a rotable value (field 'wf')"),
        ("_G[nil] = 1", "stdin:1: table index is nil"),
        ("rawlen(5)", "stdin:1: bad argument #1 to 'rawlen' (table, rotable, or string expected)"),
        ("pairs(5)", "stdin:1: bad argument #1 to 'pairs' (table or rotable expected, got number)"),
        ("pairs()", "stdin:1: bad argument #1 to 'pairs' (table or rotable expected, got no value)"),
        ("next(nil)", "stdin:1: bad argument #1 to 'next' (table or rotable expected, got nil)"),
        ("rawget(net, 'x')", "stdin:1: bad argument #1 to 'rawget' (table expected, got rotable)"),
        ("local _ = net .. 'x'", "stdin:1: attempt to concatenate a rotable value (global 'net')"),
        ("net()", "stdin:1: attempt to call a rotable value (global 'net')"),
    ],
)
def test_what_rotables_refuse(host: Host, code: str, message: str) -> None:
    host.run(code)
    assert host.errors[0].partition("\n")[0] == message


def test_pairs_lists_everything_the_firmware_has_and_of_g_what_is_not_built_in(host: Host) -> None:
    names = "auth error mode powersave scan setup start startsc startwps stat stop timecheck wpstype"
    host.run("local t = {} for k in pairs(net.wf) do t[#t + 1] = k end table.sort(t) print(table.concat(t, ' '))")
    assert host.shown == f"{names}\n"
    host.run("mine = 1")
    assert "print" not in host.run("for k in pairs(_G) do print(k) end").split()
    assert "mine" in host.written.decode().split()


def test_a_built_in_function_can_be_replaced_by_a_global(host: Host) -> None:
    host.run("print = function(...) io.write('mine ', ..., '\\n') end")
    assert host.run("print('x')") == "mine x\n"
    assert host.run("=1") == "mine 1\n", "the prompt prints with it, too"


def test_only_ethernet_builds_have_net_en() -> None:
    with Host(board=load_board("GENERIC-OTA")) as host:
        assert host.eval("net.en, net.curl, net.tu") == "nil\tnil\tnil"
    with Host(board=load_board("WESP32")) as host:
        assert host.eval("type(net.en), net.en.error.NotSetup") == "rotable\t503316481"


def test_addresses_are_the_same_in_every_run() -> None:
    code = "print({}, print, net, coroutine.create(print), io.stdout) local t = {} print(t, t, ('%s'):format(t))"
    shown = run(code)
    assert shown == run(code)
    first, second = shown.splitlines()
    assert first.startswith("table: 0x3ff")
    assert len({word for word in first.split() if word.startswith("0x")}) == 4
    assert len(set(second.split("\t"))) == 1


# -- chunks -----------------------------------------------------------------------------------------------------------


def test_files_are_text_with_an_optional_mark_and_first_line(host: Host) -> None:
    host.replies = files(plain="return ...", bang="#!/bin/lua\nreturn 'bang', debug.getinfo(1, 'l').currentline")
    assert host.eval("loadfile('/plain.lua')(1, 2)") == "1\t2"
    assert host.eval("dofile('/bang.lua')") == "bang\t2"
    assert host.eval("loadfile('/no.lua')") == "nil\tcannot open /no.lua: No such file or directory"
    assert host.eval("loadfile('/plain.lua', 't', {x = 1}) ~= nil") == "true"
    host.replies = {b"fs.load": (True, b"\xef\xbb\xbfreturn 'marked'")}
    assert host.eval("dofile('/x.lua')") == "marked"


def test_a_module_is_loaded_once(host: Host) -> None:
    host.replies = files(mine="COUNT = (COUNT or 0) + 1 return {name = ..., file = select(2, ...)}")
    assert host.eval("require('mine') == require('mine'), COUNT, require('mine').name, require('mine').file") == (
        "true\t1\tmine\t./mine.lua"
    )
    host.run("package.preload.other = function(...) return ... end")
    assert host.eval("require 'other'") == "other"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("'a.b', '/?.lua'", "/a/b.lua"),
        ("'a-%-b', '/?', '-%-', '%1'", "/a%1b"),
        ("'a.b', '/?', ''", "/a.b"),
        ("'a', '/x;/y/?'", "/y/a"),
    ],
)
def test_a_module_is_searched_for_by_its_templates(host: Host, arguments: str, found: str) -> None:
    host.replies = {b"fs.readable": lambda request: (True, request[1] == found.encode())}
    assert host.eval(f"select('#', package.searchpath({arguments})), package.searchpath({arguments})") == f"1\t{found}"


def test_an_unfinished_long_comment_is_an_unfinished_long_string(shared: Host) -> None:
    assert shared.eval("load('--[[ x')") == (
        'nil\t[string "--[[ x"]:1: unfinished long string (starting at line 1) near <eof>'
    )


# -- time -------------------------------------------------------------------------------------------------------------

EPOCHS = st.integers(-(2**31), 2**31 - 1)


def epoch_of(request: Request) -> Answer:
    year, month, day, hour, minute, second = request[1:]
    moment = datetime.datetime(year, month, day, tzinfo=datetime.UTC)
    return (True, int((moment + datetime.timedelta(hours=hour, minutes=minute, seconds=second)).timestamp()))


@settings(derandomize=True, max_examples=50)
@given(epoch=EPOCHS)
def test_dates_are_those_of_the_calendar(shared: Host, epoch: int) -> None:
    moment = datetime.datetime.fromtimestamp(epoch, datetime.UTC)
    shown = shared.eval(f"os.date('%Y-%m-%d %H:%M:%S %j %a %b', {epoch})")
    assert shown == moment.strftime("%Y-%m-%d %H:%M:%S %j %a %b")
    fields = shared.eval(
        f"(function(t) return t.year, t.month, t.day, t.hour, t.wday, t.yday end)(os.date('*t', {epoch}))"
    )
    weekday = moment.isoweekday() % 7 + 1
    assert fields == "\t".join(
        map(str, (moment.year, moment.month, moment.day, moment.hour, weekday, moment.timetuple().tm_yday))
    )


@settings(derandomize=True, max_examples=30)
@given(epoch=EPOCHS.filter(lambda epoch: epoch != -1))
def test_time_undoes_date(shared: Host, epoch: int) -> None:
    shared.replies = {b"os.mktime": epoch_of}
    assert shared.eval(f"os.time(os.date('*t', {epoch}))") == str(epoch)


def test_the_time_table_is_normalised(host: Host) -> None:
    host.replies = {b"os.mktime": (True, 86400 + 3600)}
    host.run("T = {year = 1970, month = 1, day = 1, hour = 25} os.time(T)")
    assert host.asked(b"os.mktime") == [(1970, 1, 1, 25, 0, 0)]
    assert host.eval("T.day, T.hour, T.isdst") == "2\t1\tfalse"


# -- debug ------------------------------------------------------------------------------------------------------------


def test_a_value_is_kept_with_userdata_and_with_nothing_else(host: Host) -> None:
    host.run("M = thread.createmutex()")
    assert host.eval("debug.getuservalue(M), debug.setuservalue(M, 'x') == M, debug.getuservalue(M)") == "nil\ttrue\tx"
    assert host.eval("debug.getuservalue({}), debug.getuservalue(1)") == "nil\tnil"
    host.run("debug.setuservalue({}, 1)")
    assert host.errors[0].startswith("stdin:1: bad argument #1 to 'setuservalue' (userdata expected, got table)")


def test_upvalues_of_c_functions_have_an_identity(host: Host) -> None:
    host.run("F = string.gmatch('x', 'x')")
    assert host.eval("debug.upvalueid(F, 1) == debug.upvalueid(F, 1), type(debug.upvalueid(F, 1))") == "true\tuserdata"
    host.run("local n = -debug.upvalueid(F, 1)")
    assert host.errors[0].startswith("stdin:1: attempt to perform arithmetic on a userdata value")
    host.run("math.abs(debug.upvalueid(F, 1))")
    assert host.errors[0].startswith("stdin:1: bad argument #1 to 'abs' (number expected, got light userdata)")
    host.run("os.time(debug.upvalueid(F, 1))")
    assert host.errors[0].startswith("stdin:1: bad argument #1 to 'time' (table expected, got light userdata)")
