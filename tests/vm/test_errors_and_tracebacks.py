"""What a script and the prompt are told when something fails: the verified transcripts of the device, text by text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.vm.exceptions import DriverError
from tests.vm.lua_host import DONE, Host, files

AT_PROMPT = ("stdin:1: in main chunk", "[C]: in ?")


@pytest.fixture
def host() -> Iterator[Host]:
    offline = str(DriverError("net", "NotAvailable")).encode()
    with Host({**files(err="error('boom')", outer="dofile('/err.lua')"), b"net.ota": (False, offline)}) as host:
        yield host


@pytest.mark.parametrize(
    ("typed", "report"),
    [
        ("error('x')", ["stdin:1: x", "[C]: in global 'error'", *AT_PROMPT]),
        ("error('x', 0)", ["x", "[C]: in global 'error'", *AT_PROMPT]),
        ("foo()", ["stdin:1: attempt to call a nil value (global 'foo')", *AT_PROMPT]),
        (
            "net.ota()",
            ["stdin:1: 150994944:network is not available", "[C]: in field 'ota'", *AT_PROMPT],
        ),
        (
            "dofile('no.lua')",
            [
                "cannot open no.lua: No such file or directory",
                "[C]: in global 'dofile'",
                *AT_PROMPT,
            ],
        ),
        (
            "os.rename(nil,1)",
            [
                "stdin:1: bad argument #1 to 'rename' (string expected, got nil)",
                "[C]: in field 'rename'",
                *AT_PROMPT,
            ],
        ),
        (
            "dofile('/err.lua')",
            [
                "/err.lua:1: boom",
                "[C]: in global 'error'",
                "/err.lua:1: in main chunk",
                "[C]: in global 'dofile'",
                *AT_PROMPT,
            ],
        ),
        (
            "local g = error g('x')",
            ["stdin:1: x", "[C]: in local 'g'", *AT_PROMPT],
        ),
        (
            "io.stdout:seek('bad')",
            [
                "stdin:1: bad argument #1 to 'seek' (invalid option 'bad')",
                "[C]: in method 'seek'",
                *AT_PROMPT,
            ],
        ),
        ("error({})", ["(error object is a table value)", "[C]: in global 'error'", *AT_PROMPT]),
        ("error(nil)", ["(error object is a nil value)", "[C]: in global 'error'", *AT_PROMPT]),
        ("local s = {} .. 'x'", ["stdin:1: attempt to concatenate a table value", *AT_PROMPT]),
        (
            "pcall(function() f = debug.traceback() end) print(f) error(f, 0)",
            [
                "stack traceback:",
                "stdin:1: in function <stdin:1>",
                "[C]: in global 'pcall'",
                "stdin:1: in main chunk",
                "[C]: in ?",
                *("[C]: in global 'error'", *AT_PROMPT),
            ],
        ),
        (
            "debug.getregistry()",
            [
                "stdin:1: debug.getregistry is not simulated yet (it holds the simulator)",
                "[C]: in field 'getregistry'",
                *AT_PROMPT,
            ],
        ),
    ],
)  # fmt: skip
def test_an_error_at_the_prompt_has_a_traceback(host: Host, typed: str, report: list[str]) -> None:
    host.run(typed)
    lines = [line for line in host.errors[0].replace("\n\t", "\n").split("\n") if line != "stack traceback:"]
    assert lines == [line for line in report if line != "stack traceback:"]
    assert "stack traceback:\n\t" in host.errors[0]


@pytest.mark.parametrize(
    ("typed", "report"),
    [
        ("x = = 1", "stdin:1: unexpected symbol near '='"),
        ("error(setmetatable({}, {__tostring = function() return 'an object' end}))", "an object"),
    ],
)
def test_some_errors_have_no_traceback(host: Host, typed: str, report: str) -> None:
    host.run(typed)
    assert host.errors == [report]


def test_a_lua_function_called_alone_is_a_tail_call_and_a_c_function_is_not(host: Host) -> None:
    host.run("function f() error('boom') end")
    host.run("f()")
    assert host.errors == [
        "stdin:1: boom\nstack traceback:\n\t[C]: in global 'error'\n\tstdin:1: in function 'f'\n"
        "\t(...tail calls...)\n\t[C]: in ?"
    ]


@pytest.mark.parametrize("call", ["return net.ota()", "local ota = net.ota return ota(1, 2, 3)"])
def test_a_tail_call_of_the_firmware_leaves_its_caller_on_the_stack(call: str) -> None:
    refusal = {b"net.ota": (False, b"150994944:network is not available")}
    with Host({**refusal, **files(f=f"local function f() {call} end\nlocal ok = {{f()}}")}) as host:
        assert host.eval("pcall(net.ota)") == "false\t150994944:network is not available"
        assert host.eval(f"pcall(function() {call} end)") == "false\tstdin:1: 150994944:network is not available"
        assert host.eval(f"try(function() {call} end, function(...) W = {{...}} end)") == ""
        assert host.eval("W[1], W[2], W[3], W[4]") == "stdin\t1\t150994944\tnetwork is not available"
        kind = "field" if "local" not in call else "local"
        host.run("dofile('/f.lua')")
        assert host.errors == [
            "/f.lua:1: 150994944:network is not available\n"
            "stack traceback:\n"
            f"\t[C]: in {kind} 'ota'\n"
            "\t/f.lua:1: in local 'f'\n"
            "\t/f.lua:2: in main chunk\n"
            "\t[C]: in global 'dofile'\n"
            "\tstdin:1: in main chunk\n"
            "\t[C]: in ?"
        ]


def test_a_tail_call_of_a_script_takes_no_stack(host: Host) -> None:
    assert (
        host.eval("(function(n) if n > 0 then return debug.getinfo(1, 'f').func(n - 1) end return n end)(300000)")
        == "0"
    )
    assert host.eval("select(2, pcall(function() return (function() return debug.traceback() end)() end))") == (
        "stack traceback:\n"
        "\tstdin:1: in function <stdin:1>\n"
        "\t(...tail calls...)\n"
        "\t[C]: in global 'pcall'\n"
        "\tstdin:1: in main chunk\n"
        "\t[C]: in ?"
    )


def test_a_function_is_continued_on_more_lines_and_its_results_are_printed(host: Host) -> None:
    prompts = [host.type("function f()")]
    prompts += [host.go_on((True, line)) for line in (b'return 1, nil, "a"', b"end", b"f()")]
    assert [prompt for _, prompt in prompts] == [b">> ", b">> ", b"/ > ", b"/ > "]
    assert host.written == b"1\tnil\ta\n"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("1+1", "2\n"),
        ("=1+1", "2\n"),
        ("for i=1,3 do print(i) end", "1\n2\n3\n"),
        ('pcall(error,"x")', "false\tx\n"),
        ("nil", "nil\n"),
        ("", ""),
    ],
)
def test_the_prompt_prints_what_an_expression_returns(host: Host, typed: str, shown: str) -> None:
    assert host.run(typed) == shown


def test_a_print_that_fails_is_reported(host: Host) -> None:
    host.run("print = function() error('no', 0) end")
    host.run("=1")
    assert host.errors == ["error calling 'print' (no)"]


def test_boot_scripts_report_with_the_name_of_the_program() -> None:
    replies = {**files(autorun="error('boom')"), b"console.scripts_aborted": (True, False)}
    with Host(replies) as host:
        host.until(b"console.read_line")
        assert host.errors == [
            "lua: /autorun.lua:1: boom\nstack traceback:\n"
            "\t[C]: in global 'error'\n\t/autorun.lua:1: in main chunk\n\t[C]: in ?"
        ]
        assert b"Executing /autorun.lua ...\n" in host.written


def test_an_error_in_a_thread_is_its_message_alone(host: Host) -> None:
    host.run("thread.start(function() error('boom') end) thread.start(function() error({}) end)")
    for thread in host.threads.values():
        host.until(thread=thread)
    assert host.errors == ["stdin:1: boom", "(null)"]


def test_an_error_in_a_callback_is_silent(host: Host) -> None:
    host.replies = {**host.replies, b"tmr.attach_software": (True, 7)}
    host.run("tmr.attach(1, function(t) SEEN = tostring(t):match('^[%a.]+') error('boom') end)")
    assert host.until(thread=host.machine.start("callback", 7))[:2] == (b"thread.end", False)
    assert host.errors == []
    assert host.eval("SEEN") == "tmr.timer"


# -- Ctrl-C -----------------------------------------------------------------------------------------------------------


def test_ctrl_c_in_a_loop(host: Host) -> None:
    host.type("while true do end", until=b"tick")
    host.go_on((False, b"interrupted!"))
    assert host.errors == ["interrupted!\nstack traceback:\n\tstdin:1: in main chunk\n\t[C]: in ?"]


def test_ctrl_c_in_a_sleep_has_a_position(host: Host) -> None:
    host.type("while true do tmr.sleepms(1) end", until=b"tmr.sleep")
    host.go_on((False, b"interrupted!"))
    assert host.errors == [
        "stdin:1: interrupted!\nstack traceback:\n\t[C]: in field 'sleepms'\n\tstdin:1: in main chunk\n\t[C]: in ?"
    ]


def test_a_script_may_catch_ctrl_c_and_go_on(host: Host) -> None:
    host.type("print(pcall(function() while true do end end)) tmr.delayms(1)", until=b"tick")
    assert host.go_on((False, b"interrupted!"), until=b"tmr.delay")[0] == b"tmr.delay"
    assert host.written == b"false\tinterrupted!\n"
    host.go_on(DONE)


# -- try --------------------------------------------------------------------------------------------------------------

CATCH = (
    "function(...) local t = table.pack(...) for i = 1, t.n do t[i] = tostring(t[i]) end"
    " print(table.concat(t, '|')) end"
)


@pytest.mark.parametrize(
    ("f", "caught"),
    [
        ("function() net.ota() end", "stdin|1|150994944|network is not available"),
        ("function() error('boom') end", "stdin|1|nil|boom"),
        ("net.ota", "150994944|nil|nil|150994944:network is not available"),
        ("function() error('x', 0) end", "nil|nil|nil|x"),
        ("function() error('12:rest') end", "stdin|1|12|rest"),
        ("function() error('12 apples: rest') end", "stdin|1|12| rest"),
    ],
)
def test_catch_gets_place_line_code_and_message(host: Host, f: str, caught: str) -> None:
    assert host.run(f"try({f}, {CATCH})") == f"{caught}\n"


def test_try_returns_nothing_and_swallows_what_nobody_catches(host: Host) -> None:
    assert host.run("print(select('#', try(function() net.x() end)), select('#', try(print)))") == "\n0\t0\n"


def test_finally_runs_after_success_and_after_a_catch_but_not_when_catch_fails(host: Host) -> None:
    assert host.run("try(function() end, print, function() print('finally') end)") == "finally\n"
    assert host.run("try(function() net.x() end, function() end, function() print('finally') end)") == "finally\n"
    host.run("try(function() error('first', 0) end, function() error('second') end, print)")
    assert host.shown.startswith("stdin:1: first\nstack traceback:\n\t[C]: in global 'try'\n")


def test_an_error_in_finally_gets_a_new_position(host: Host) -> None:
    host.run("try(print, print, function() error('x', 0) end)")
    assert host.errors[0].startswith("stdin:1: x\n")


def test_nobody_yields_out_of_try(host: Host) -> None:
    host.run("function caught(...) W = {...} end")
    host.run("co = coroutine.wrap(function() try(coroutine.yield, caught) coroutine.yield('after') end)")
    assert host.eval("co()") == "after"
    assert host.eval("W[4], coroutine.isyieldable()") == "attempt to yield across a C-call boundary\tfalse"
    host.run("try(function() try(function() coroutine.isyieldable() end) I = coroutine.isyieldable() end)")
    assert host.eval("I") == "false"
    host.run("co = coroutine.create(function() try(function() tmr.delayms(7) end) end)")
    assert host.eval("coroutine.resume(co)") == "true"
    assert host.asked(b"tmr.delay") == [(b"ms", 7)]


@pytest.mark.parametrize(
    ("body", "handler", "crashes"),
    [
        ("error({})", "", True),
        ("error()", ", print", True),
        ("error(true)", ", print", True),
        ("error('404 not found')", ", print", True),
        ("error('404 not found')", "", False),
        ("error(404)", ", print", False),
        ("error('404: not found')", ", print", False),
        ("error('not found: 404')", ", print", False),
    ],
)
def test_try_ends_the_firmware_where_it_looks_for_what_is_not_there(
    host: Host, body: str, handler: str, crashes: bool
) -> None:
    host.type(f"try(function() {body} end{handler})", until=b"lua.crash")
    assert [request[0] for request in host.requests].count(b"lua.crash") == crashes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "stdin:1: bad argument #1 to 'try' (value expected)"),
        ("5", "stdin:1: bad argument #1 to 'try' (function expected, got number)"),
        ("print, nil", "stdin:1: bad argument #2 to 'try' (function expected, got nil)"),
        ("print, print, 5", "stdin:1: bad argument #3 to 'try' (function expected, got number)"),
    ],
)
def test_try_takes_functions_only(host: Host, arguments: str, message: str) -> None:
    host.run(f"try({arguments})")
    assert host.errors[0].partition("\n")[0] == message


def test_a_module_that_is_not_there_lists_where_it_was_looked_for(host: Host) -> None:
    host.run("require 'nomod'")
    assert host.errors[0] == (
        "stdin:1: module 'nomod' not found:\n\tno field package.preload['nomod']\n"
        "\tno file '/lib/share/lua/nomod.lua'\n\tno file '/lib/share/lua/nomod/init.lua'\n"
        "\tno file '/lib/lua/nomod.lua'\n\tno file '/lib/lua/nomod/init.lua'\n"
        "\tno file './nomod.lua'\n\tno file './nomod/init.lua'\n"
        "\tno file '/lib/lua/nomod.so'\n\tno file '/lib/lua/loadall.so'\n\tno file './nomod.so'\n"
        "stack traceback:\n\t[C]: in function 'require'\n\tstdin:1: in main chunk\n\t[C]: in ?"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("tmr.delayms()", "bad argument #1 to 'delayms' (number expected, got no value)"),
        ("tmr.delayms(nil)", "bad argument #1 to 'delayms' (number expected, got nil)"),
        ("tmr.delayms(1.5)", "bad argument #1 to 'delayms' (number has no integer representation)"),
        ("os.cat({})", "bad argument #1 to 'cat' (string expected, got table)"),
        ("os.cp('a')", "bad argument #2 to 'cp' (string expected, got no value)"),
        ("os.shell(1)", "bad argument #1 to 'shell' (boolean expected, got number)"),
        ("os.time({})", "field 'day' missing in date table"),
        ("os.date('%Ez')", "bad argument #1 to 'date' (invalid conversion specifier '%Ez')"),
        ("net.wf.setup(1)", "bad argument #2 to 'setup' (string expected, got no value)"),
        ("net.unpackip(1, 'x')", "invalid format"),
        ("net.packip('1.2.3')", "net.InvalidIpAddr"),
        ("thread.start(5)", "bad argument #1 to 'start' (function expected, got number)"),
        ("io.open('x', 'q')", "bad argument #2 to 'open' (invalid mode)"),
        ("io.popen('ls')", "'popen' not supported"),
        ("math.random(0)", "bad argument #1 to 'random' (interval is empty)"),
        ("('x'):rep()", "bad argument #1 to 'rep' (number expected, got no value)"),
        ("string.format('%d', 'x')", "bad argument #2 to 'format' (number expected, got string)"),
        ("setmetatable(net, {})", "bad argument #1 to 'setmetatable' (table expected, got rotable)"),
        ("setmetatable(io.stdout, {})", "bad argument #1 to 'setmetatable' (table expected, got FILE*)"),
    ],
)
def test_wrong_arguments_are_told_as_lauxlib_tells_them(host: Host, call: str, message: str) -> None:
    host.run(f"local _ = {call}")
    assert host.errors[0].partition("\n")[0] == f"stdin:1: {message}"
