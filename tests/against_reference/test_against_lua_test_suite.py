"""The test suite of Lua 5.3 on a virtual board: all of it that makes sense there.

`tests.lua_suite` fetches it. What is left out, and why, is `LEFT_OUT`, `SHORT`, `SKIPPED_BY_THE_SUITE` and `CUTS`;
docs/lua-test-suite.md shows the same.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from simulator.boards import load_board
from simulator.device import heap
from simulator.units import MIB
from tests.device.stage import Stage, on_stage, printed
from tests.helpers import ROOT
from tests.lua_suite import folder

pytestmark = [pytest.mark.real, pytest.mark.slow]  # fetches the suite

DOCUMENT = ROOT / "docs" / "lua-test-suite.md"
#: It has PSRAM, since the suite wants more memory than the others have; and littlefs, on which a file can be renamed to
#: one that is there, as everywhere but on SPIFFS.
BOARD = dataclasses.replace(load_board("ESP-WROVER-KIT"), filesystem="lfs")

TEST_LIBRARY = "needs the test library in C"

#: Whole files that do not run, and why.
LEFT_OUT = {
    "all.lua": "runs the others and checks what they return, which is done here",
    "api.lua": TEST_LIBRARY,
    "code.lua": TEST_LIBRARY,
    "heavy.lua": "fills all memory on purpose, and takes hours",
    "main.lua": "tests the command line of the program lua",
}

#: Files that others load.
HELPERS = {"bwcoercion.lua"}

#: Files whose long form wants more memory than the 4 MiB of any board: it runs on one with a thousand.
ROOMY = {"big.lua", "constructs.lua", "errors.lua", "gc.lua"}

#: Files that run in the suite's own short form, and why.
SHORT = {"verybig.lua": "the long form compiles a file that it writes in 270,000 pieces, which takes half a minute"}

#: What files return in the end.
RETURNED = {
    "attrib.lua": "27",
    "big.lua": "a",
    "calls.lua": "deep",
    "events.lua": "12",
    "locals.lua": "5",
    "verybig.lua": "10",
}

#: What the suite itself says it skips.
SKIPPED_BY_THE_SUITE = {
    "attrib.lua": ["cannot load dynamic library"],
    "coroutine.lua": [
        "testC not active: skipping yield/hook tests",
        "testC not active: skipping coroutine API tests",
    ],
    "events.lua": ["testC not active: skipping tests for userdata equality"],
    "gc.lua": ["testC not active: skipping userdata GC tests"],
    "literals.lua": ["pt_BR locale not available: skipping decimal point tests"],
    "nextvar.lua": [
        "testC not active: skipping tests for table sizes",
        "testC not active: skipping tests for table library on non-tables",
    ],
}

END = "the end of the file"
HOOKS = "debug.sethook is not simulated"
NOT_SEARCHED = "the libraries are not searched for the name of a function: how it was called is what it is called"

#: What is cut out of a file: how it begins, how it ends, and why.
CUTS: dict[str, list[tuple[str, str, str]]] = {
    "calls.lua": [
        ("  _ENV.tostring = nil", '  assert(st == false and string.find(msg, "attempt to call a nil value"))',
         "the base functions are not in _G, so print finds tostring when _G.tostring is nil"),
    ],
    "db.lua": [
        ("test([[if", "test([[for i=1,4 do a=1 end]], {1,1,1,1,1})", HOOKS),
        ("do   -- test hook presence in debug info", "a[assert] and a[debug.getlocal] and not a[print])",
         HOOKS),
        ("local n, v = debug.getlocal(0, 1)", "assert(not debug.getlocal(0, 0))",
         "what a built-in function was called with is not shown"),
        ("debug.sethook(nil);", "debug.sethook(nil);", HOOKS),
        ("X = nil\na = {}", "assert(XX == 12)", HOOKS),
        ('  debug.sethook(aux, "r")', "  assert(foo == nil)", HOOKS),
        ("-- testing count hooks", "debug.sethook()\n", HOOKS),
        ("local b = {}\ndebug.sethook", "assert(b == 2)   -- two tail calls", HOOKS),
        ("-- 'A' should be visible to debugger", "assert(a == 2)   -- ensure all two lines where hooked", HOOKS),
        ('assert(string.find(debug.traceback("hi", 0)', "'debug.traceback'\"))", NOT_SEARCHED),
        ("do  -- C-function names in traceback", "\nend", NOT_SEARCHED),
        ('debug.sethook(co, foo, "lcr")', "\n", HOOKS),
        ("assert(debug.gethook(co) == foo)\nassert(#tr == 2", "l.currentline)", HOOKS),
        ("assert(#tr == 4", "assert(debug.gethook(co) == foo)", HOOKS),
        ("function f(i) if i==0", 't[1] = "\'error\'"\nchecktraceback(co, t)', NOT_SEARCHED),
        ("  debug.sethook(function () end", "\n", HOOKS),
        ("assert(type(debug.getregistry()", "\n", "the registry is the simulator's"),
    ],
    "errors.lua": [
        ("checkmessage(\"table.sort({1,2,3}, table.sort)\", \"'table.sort'\")",
         "checkmessage(\"string.gsub('s', 's', setmetatable)\", \"'setmetatable'\")",
         NOT_SEARCHED),
    ],
    "files.lua": [
        ('  local f = assert(io.open(file, "w"))', "  assert(os.remove(file))",
         "on littlefs a file that is open does not show what is written through another handle"),
        ("if not _port then\n  local progname", "or v[3] == z)\n    end\n  end\nend",
         "there is no other program to start"),
    ],
    "nextvar.lua": [
        ('assert(print==find("print") and print == find1("print"))', 'assert(assert==find1("assert"))',
         "the base functions are not in _G, so pairs does not list them"),
        ("function table.maxn (t)", "table.maxn = nil",
         "the table of the table functions is read-only"),
    ],
}  # fmt: skip


@pytest.fixture(scope="session")
def suite() -> Path:
    """The folder of the suite's files."""
    return folder()


def cut(name: str, source: str) -> str:
    """Return a file of the suite without its cuts; the lines keep their numbers."""
    for first, last, _ in CUTS.get(name, ()):
        begin = source.index(first)
        end = len(source) if last is END else source.index(last, begin) + len(last)
        source = source[:begin] + "\n" * source.count("\n", begin, end) + source[end:]
    return source


NAMES = {
    *("all.lua", "api.lua", "attrib.lua", "big.lua", "bitwise.lua", "bwcoercion.lua", "calls.lua", "closure.lua"),
    *("code.lua", "constructs.lua", "coroutine.lua", "db.lua", "errors.lua", "events.lua", "files.lua", "gc.lua"),
    *("goto.lua", "heavy.lua", "literals.lua", "locals.lua", "main.lua", "math.lua", "nextvar.lua", "pm.lua"),
    *("sort.lua", "strings.lua", "tpack.lua", "utf8.lua", "vararg.lua", "verybig.lua"),
}


def test_these_are_the_files_of_the_suite(suite):
    assert {path.name for path in suite.glob("*.lua")} == NAMES


#: Runs a file and prints what the suite skipped and what the file returned, each on a line of its own.
RUN = """\
_port, _soft = false, {soft}
local skipped = {{}}
function Message(text) skipped[#skipped + 1] = text:match("^[%s>]*(.-)[%s<]*$") end
os.mkdir("/tmp") os.mkdir("/libs") os.mkdir("/libs/P1")
local run = assert(loadfile("/{name}"))
if {yields} then run = coroutine.wrap(run) assert(run() == "b") end
local result = run()
io.output(io.stdout)
print("\\npassed") print(table.concat(skipped, "; ")) print(result == deep and deep and "deep" or result)
"""


def passes(suite: Path, name: str) -> None:
    """Run a file of the suite on a board, and see to it that it passes."""

    async def play(stage: Stage) -> str:
        return printed(await stage.boot())

    files = {f"/{other}": (suite / other).read_bytes() for other in HELPERS}
    files[f"/{name}"] = cut(name, (suite / name).read_text("latin-1")).encode("latin-1")
    script = RUN.format(name=name, soft=str(name in SHORT).lower(), yields=str(name == "big.lua").lower())
    console = on_stage(play, board=BOARD, script=script, files=files)
    skipped, returned = "; ".join(SKIPPED_BY_THE_SUITE.get(name, ())), RETURNED.get(name, "nil")
    assert console.endswith(f"\r\npassed\r\n{skipped}\r\n{returned}\r\n"), console[-2000:]


@pytest.mark.parametrize("name", sorted(NAMES - LEFT_OUT.keys() - HELPERS - ROOMY))
def test_a_file_of_the_suite_passes_on_a_board(suite, name):
    passes(suite, name)


@pytest.mark.parametrize("name", sorted(ROOMY))
def test_a_file_of_the_suite_passes_on_a_board_with_more_memory(suite, name, monkeypatch):
    monkeypatch.setattr(heap, "PSRAM_BYTES", 1000 * MIB)
    passes(suite, name)


def test_the_document_tells_what_is_left_out_and_nothing_else():
    told = {line.strip() for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")}
    reasons = {(name, why) for name, cuts in CUTS.items() for _, _, why in cuts}
    skipped = {(name, what) for name, whats in SKIPPED_BY_THE_SUITE.items() for what in whats}
    everything = *LEFT_OUT.items(), *SHORT.items(), *skipped, *reasons
    assert told == {f"| `{name}` | {why} |" for name, why in everything}
