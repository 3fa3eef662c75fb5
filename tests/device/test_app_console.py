"""The console of a running app, byte for byte: the boot transcripts, the prompt, errors, Ctrl-C, 0x04, the shell."""

from __future__ import annotations

import dataclasses
import re

import pytest
import trio

from simulator.boards import load_board
from simulator.console.control import QUEUE_BYTES
from simulator.device.file_systems import storage_partition
from tests.device.stage import PROMPT, Stage, on_stage, staged

BANNER = (
    "Booting Lua RTOS...\r\r\n"
    "\x1b[2J\x1b[1;1H"
    "  /\\       /\\\r\r\n"
    " /  \\_____/  \\\r\r\n"
    "/_____________\\\r\r\n"
    "W H I T E C A T\r\r\n"
    "\r\r\n"
    "Lua RTOS beta 0.1. Copyright (C) 2015 - 2020 whitecatboard.org\r\r\n"
    "\r\r\n"
    "build 1669989664\r\r\n"
    "commit 6b455df4965c2242754a80896562e254ba0ee528\r\r\n"
    "Running from %s partition\r\r\n"
    "board type %s\r\r\n"
)
INTERPRETER = "Lua RTOS beta 0.1 powered by Lua 5.3.4\r\n"
SCRIPTS = "\r\nExecuting /system.lua ...\r\nExecuting /autorun.lua ...\r\n\r\n"
N1 = load_board("N1ESP32-OTA")
SILENT = {"/system.lua": "", "/autorun.lua": ""}
TALKATIVE = dataclasses.replace(N1, log_level="ERROR")
"""Errors are seen although no script has switched the log on."""


def app(console: str) -> str:
    """Return what the app printed: everything from its first line on."""
    return console[console.index("Booting Lua RTOS...") :]


# -- booting ----------------------------------------------------------------------------------------------------------


@staged(board=N1, files=SILENT)
async def test_a_boot_with_scripts_that_print_nothing(stage: Stage) -> None:
    assert app(await stage.boot()) == BANNER % ("ota_0", "N1ESP32") + "\r\n" + INTERPRETER + SCRIPTS + PROMPT


def erase_storage(stage: Stage) -> None:
    partition = storage_partition(stage.board.board, stage.board.partition_table())
    assert partition is not None
    stage.board.chip.erase(partition.offset, partition.size)


@staged(board="ESP32-CORE-BOARD")
async def test_a_blank_file_system_is_formatted_and_says_so_at_level_error(stage: Stage) -> None:
    erase_storage(stage)
    assert app(await stage.boot()) == (
        BANNER % ("factory", "ESP32COREBOARD")
        + "spiffs no file system detected, formating...\r\r\n"
        + "\r\n"
        + INTERPRETER
        + "\r\n\r\n"
        + PROMPT
    )
    assert stage.seconds > 2
    assert re.fullmatch(r"df\r\n48\d{4}\r\r\n/ > ", await stage.type(b"df\r"))


@staged(board=N1)
async def test_a_blank_file_system_is_formatted_in_silence_at_level_none(stage: Stage) -> None:
    erase_storage(stage)
    assert app(await stage.boot()) == BANNER % ("ota_0", "N1ESP32") + "\r\n" + INTERPRETER + "\r\n\r\n" + PROMPT


@staged(board=dataclasses.replace(N1, log_level="INFO", read_flash_eui=True), files=SILENT)
async def test_a_build_with_level_info_describes_chip_and_file_system(stage: Stage) -> None:
    console = app(await stage.boot())
    assert console == (
        BANNER % ("ota_0", "N1ESP32")
        + "cpu ESP32 rev 1 at 240 Mhz, 2 Cores, 2.4GHz WiFi, Bluetooth LE, Bluetooth Classic\r\r\n"
        + f"flash EUI {stage.board.flash_unique_id.hex()}\r\r\n"
        + "spiffs start address at 0xf000, size 512 Kb\r\r\n"
        + "spiffs mounted on /\r\r\n"
        + "\r\n"
        + INTERPRETER
        + SCRIPTS
        + PROMPT
    )
    assert stage.board.flash_unique_id.hex().startswith("d664")


@staged(board=dataclasses.replace(load_board("WHITECAT-ESP32-LORA-GW"), log_level="INFO"), files=SILENT)
async def test_a_board_with_littlefs_and_without_a_type(stage: Stage) -> None:
    console = app(await stage.boot())
    assert "Running from factory partition\r\r\nboard type \r\r\ncpu ESP32 rev 1 at 240 Mhz" in console
    assert console.endswith(
        "lfs start address at 0xf000, size 512 Kb\r\r\n"
        "lfs 128 blocks, 4096 bytes/block, 1024 bytes/read, 1024 bytes/write\r\r\n"
        "lfs mounted on /\r\r\n\r\n" + INTERPRETER + SCRIPTS + PROMPT
    )


@staged(board=dataclasses.replace(load_board("WHITECAT-ESP32-LORA-GW"), log_level="INFO"))
async def test_a_blank_littlefs_is_formatted(stage: Stage) -> None:
    erase_storage(stage)
    assert "lfs formatting ...\r\r\nlfs mounted on /\r\r\n\r\n" in await stage.boot()


@staged(board=load_board("WHITECAT-ESP32-LORA-GW"), files=SILENT)
async def test_the_stock_gateway_shows_an_empty_board_type(stage: Stage) -> None:
    assert app(await stage.boot()) == BANNER % ("factory", "") + "\r\n" + INTERPRETER + SCRIPTS + PROMPT


@staged(board="ESP32-CORE-BOARD", files={"/system.lua": 'error("plain")', "/autorun.lua": "x = = 1"})
async def test_errors_of_boot_scripts_have_the_name_of_the_program_in_front(stage: Stage) -> None:
    console = await stage.boot()
    assert console.endswith(
        INTERPRETER + "\r\n"
        "Executing /system.lua ...\r\n"
        "lua: /system.lua:1: plain\r\n"
        "stack traceback:\r\n"
        "\t[C]: in global 'error'\r\n"
        "\t/system.lua:1: in main chunk\r\n"
        "\t[C]: in ?\r\n\r"
        "Executing /autorun.lua ...\r\n"
        "lua: /autorun.lua:1: unexpected symbol near '='\r\n\r"
        "\r\n" + PROMPT
    )
    assert [event["origin"] for event in stage.of_kind("lua.error")] == ["script", "script"]
    assert stage.board.script_errors[1] == "/autorun.lua:1: unexpected symbol near '='"


@staged(board=N1, files={"/system.lua": "", "/autorun.lua": "error('hidden')"})
async def test_at_level_none_an_error_is_only_in_the_events(stage: Stage) -> None:
    assert "hidden" not in await stage.boot()
    assert stage.of_kind("lua.error")[0]["text"].startswith("lua: /autorun.lua:1: hidden\n")


# -- 0x04 -------------------------------------------------------------------------------------------------------------


async def until(stage: Stage, text: str) -> None:
    while text not in stage.console:
        await trio.sleep(0.001)


@staged(board=N1, files=SILENT)
async def test_0x04_while_booting_aborts_the_boot_scripts(stage: Stage) -> None:
    stage.power_on()
    await until(stage, "Booting Lua RTOS...\r\r\n")
    stage.board.receive(b"\x04")
    await stage.board.finished()
    first, clear, rest = (BANNER % ("ota_0", "N1ESP32")).partition("\x1b[2J")
    assert app(stage.console) == (
        first
        + "Lua RTOS-booting-ESP32\r\n"
        + clear
        + rest
        + "\r\n"
        + INTERPRETER
        + "Lua RTOS-boot-scripts-aborted-ESP32\r\r\n"
        + PROMPT
    )


@staged(board=N1, files=SILENT)
async def test_what_is_typed_before_the_interpreter_runs_is_lost(stage: Stage) -> None:
    stage.power_on()
    stage.board.receive(b"print(0)\r")  # ROM and bootloader hear nothing
    await until(stage, "Booting Lua RTOS...\r\r\n")
    stage.board.receive(b"print(1)\r\x03")
    await stage.board.finished()
    assert app(stage.console) == BANNER % ("ota_0", "N1ESP32") + "\r\n" + INTERPRETER + SCRIPTS + PROMPT


@staged(board=N1, files={"/system.lua": "", "/autorun.lua": "tmr.sleepms(500) print('done')"})
async def test_what_is_typed_while_the_scripts_run_is_executed_at_the_prompt(stage: Stage) -> None:
    stage.power_on()
    await until(stage, "Executing /autorun.lua")
    stage.board.receive(b"print(1)\rprint(2)\rpri")
    await stage.board.finished()
    assert stage.console.endswith("done\r\n\r\n/ > print(1)\r\n1\r\n/ > print(2)\r\n2\r\n/ > pri")


@staged(board=N1, files={"/system.lua": "", "/autorun.lua": "tmr.sleepms(500)"})
async def test_the_queue_has_room_for_so_much_and_the_rest_is_lost(stage: Stage) -> None:
    stage.power_on()
    await until(stage, "Executing /autorun.lua")
    stage.board.receive(b"print(1)\r" * QUEUE_BYTES)
    await stage.board.finished()
    lines, rest = divmod(QUEUE_BYTES, len(b"print(1)\r"))
    assert stage.console.endswith("/ > print(1)\r\n1\r\n" * lines + "/ > " + "print(1)"[:rest])


@staged(board=N1, files={"/system.lua": "", "/autorun.lua": "tmr.sleepms(500) print('done')"})
async def test_0x04_while_scripts_run_is_answered_and_changes_nothing_yet(stage: Stage) -> None:
    stage.power_on()
    await until(stage, "Executing /autorun.lua ...\r\n")
    stage.board.receive(b"\x04")
    await stage.board.finished()
    assert stage.console.endswith("Executing /autorun.lua ...\r\nLua RTOS-running-ESP32\r\ndone\r\n\r\n/ > ")


@staged()
async def test_0x04_at_the_prompt_does_not_draw_it_again(stage: Stage) -> None:
    await stage.boot()
    assert await stage.type(b"\x04") == "Lua RTOS-running-ESP32\r\n"
    assert await stage.type(b"1\r") == "1\r\n1\r\n/ > "


@staged()
async def test_several_0x04_in_one_burst_have_one_answer(stage: Stage) -> None:
    await stage.boot()
    assert await stage.type(b"\x04\x04\x04") == "Lua RTOS-running-ESP32\r\n"


# -- the prompt -------------------------------------------------------------------------------------------------------

CONVERSATION = [
    (b"1+1\r", "1+1\r\n2\r\n/ > "),
    (b"function f()\r", "function f()\r\n>> "),
    (b'return 1, nil, "a"\r', 'return 1, nil, "a"\r\n>> '),
    (b"end\r", "end\r\n/ > "),
    (b"f()\r", "f()\r\n1\tnil\ta\r\n/ > "),
    (b"for i=1,3 do print(i) end\r", "for i=1,3 do print(i) end\r\n1\r\n2\r\n3\r\n/ > "),
    (b'pcall(error,"x")\r', 'pcall(error,"x")\r\nfalse\tx\r\n/ > '),
    (b"=1/3\r", "=1/3\r\n0.3333333\r\n/ > "),
    (b"\r", "\r\n/ > "),
    (b"_PROMPT = 'lua: '\r", "_PROMPT = 'lua: '\r\nlua: "),
    (b"_PROMPT, _PROMPT2 = nil, 7\r", "_PROMPT, _PROMPT2 = nil, 7\r\n/ > "),
    (b"do\r", "do\r\nusage: do [lua script]\r\r\n/ > "),
    (b"if true then\r", "if true then\r\n7"),
    (b"end\r", "end\r\n/ > "),
]


@staged()
async def test_a_conversation_at_the_prompt(stage: Stage) -> None:
    await stage.boot()
    for keys, answer in CONVERSATION:
        assert await stage.type(keys) == answer


@staged()
async def test_a_terminal_that_sends_cr_lf_leaves_the_lf_for_the_next_line(stage: Stage) -> None:
    await stage.boot()
    assert await stage.type(b'print("a","b")\r\n') == 'print("a","b")\r\na\tb\r\n/ > \r\n'
    assert await stage.type(b"print(1)\r\n") == "print(1)\r\n1\r\n/ > \r\n"
    assert await stage.type(b"=5\r\n") == "=5\r\nstdin:2: unexpected symbol near '='\r\n\r/ > \r\n"
    assert await stage.type(b"error('x')\r\n") == (
        "error('x')\r\n"
        "stdin:2: x\r\n"
        "stack traceback:\r\n"
        "\t[C]: in global 'error'\r\n"
        "\tstdin:2: in main chunk\r\n"
        "\t[C]: in ?\r\n\r/ > \r\n"
    )
    assert await stage.type(b"pwd\r\n") == "pwd\r\n/\r\r\n/ > \r\n"


@pytest.mark.parametrize(
    ("line", "report"),
    [
        (
            'error("x")',
            "stdin:1: x\r\nstack traceback:\r\n\t[C]: in global 'error'\r\n\tstdin:1: in main chunk\r\n\t[C]: in ?",
        ),
        (
            'error("x",0)',
            "x\r\nstack traceback:\r\n\t[C]: in global 'error'\r\n\tstdin:1: in main chunk\r\n\t[C]: in ?",
        ),
        ("x = = 1", "stdin:1: unexpected symbol near '='"),
        (
            "foo()",
            "stdin:1: attempt to call a nil value (global 'foo')\r\n"
            "stack traceback:\r\n\tstdin:1: in main chunk\r\n\t[C]: in ?",
        ),
        (
            'dofile("no.lua")',
            "cannot open no.lua: No such file or directory\r\n"
            "stack traceback:\r\n\t[C]: in global 'dofile'\r\n\tstdin:1: in main chunk\r\n\t[C]: in ?",
        ),
        (
            "os.rename(nil,1)",
            "stdin:1: bad argument #1 to 'rename' (string expected, got nil)\r\n"
            "stack traceback:\r\n\t[C]: in field 'rename'\r\n\tstdin:1: in main chunk\r\n\t[C]: in ?",
        ),
        (
            "net.ota()",
            "stdin:1: 150994944:network is not available\r\n"
            "stack traceback:\r\n\t[C]: in field 'ota'\r\n\tstdin:1: in main chunk\r\n\t[C]: in ?",
        ),
    ],
)
def test_errors_at_the_prompt_have_a_traceback(line, report):
    async def play(stage: Stage) -> None:
        await stage.boot()
        assert await stage.type(line.encode() + b"\r") == f"{line}\r\n{report}\r\n\r/ > "
        assert stage.of_kind("lua.error")[-1]["origin"] == "prompt"
        assert stage.board.script_errors == []

    on_stage(play)


@staged()
async def test_an_error_in_a_function_of_ones_own(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b'function f() error("boom") end\r')
    assert await stage.type(b"f()\r") == (
        "f()\r\n"
        "stdin:1: boom\r\n"
        "stack traceback:\r\n"
        "\t[C]: in global 'error'\r\n"
        "\tstdin:1: in function 'f'\r\n"
        "\t(...tail calls...)\r\n"
        "\t[C]: in ?\r\n\r/ > "
    )


@staged()
async def test_a_report_longer_than_the_log_is_cut(stage: Stage) -> None:
    await stage.boot()
    answer = await stage.type(b"error(('x'):rep(600), 0)\r")
    assert answer == "error(('x'):rep(600), 0)\r\n" + "x" * 506 + "\r\r\n/ > "


@staged()
async def test_with_the_log_off_the_console_errors_come_unmasked_and_uncut(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"os.loglevel(os.LOG_EMERG)\r")
    assert await stage.type(b"error('x')\r") == "error('x')\r\n/ > "
    await stage.type(b"os.logcons(false)\r")
    answer = await stage.type(b"error(('x'):rep(600), 0)\r")
    assert answer.startswith("error(('x'):rep(600), 0)\r\n" + "x" * 600 + "\r\nstack traceback:\r\n")
    assert answer.endswith("\t[C]: in ?\r\n/ > ")


# -- the shell --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("pwd", "/\r\r\n"),
        ("cd nope", "nope: Not a directory\r\r\n"),
        ("rm nofile", "nofile: No such file or directory\r\r\n"),
        ("mv a b", "No such file or directory\r\r\n"),
        ("cat", "usage: cat filename\r\r\n"),
        ("do x", "cannot open x: No such file or directory\r\r\n"),
        ("do err.lua", "err.lua:1: boom\r\r\n"),
        ("do local x = 1 end", "cannot open local: No such file or directory\r\r\n"),
        ("clear", "\x1b[2J\x1b[1;1H"),
        ("dmesg", "logging disabled or not available\r\r\n"),
        ("uptime", "14:01 up  0:00:00\r\r\n"),
        ("ls missing-name", ""),
        ("cat greeting.txt", "hello\r\n"),
        ("ping x", "150994944:network is not available\r\r\n"),
        (
            "err.lua",
            "err.lua:1: boom\r\n"
            "stack traceback:\r\n"
            "\t[C]: in global 'error'\r\n"
            "\terr.lua:1: in main chunk\r\n"
            "\t[C]: in global 'dofile'\r\n"
            "\tstdin:1: in main chunk\r\n"
            "\t[C]: in ?\r\n\r",
        ),
        ("args.lua a b", "a\tb\r\n"),
        ("one two three four five six seven eight nine ten", "stdin:1: syntax error near 'two'\r\n\r"),
    ],
)
def test_shell_commands(line, answer):
    files = {"/err.lua": 'error("boom")', "/args.lua": "print(...)", "/greeting.txt": "hello\n"}

    async def play(stage: Stage) -> None:
        await stage.boot()
        assert await stage.type(line.encode() + b"\r") == f"{line}\r\n{answer}/ > "

    on_stage(play, files=files)


@staged(files={"/pics/cat.txt": ""})
async def test_the_prompt_shows_the_current_directory(stage: Stage) -> None:
    await stage.boot()
    assert await stage.type(b"cd pics\r") == "cd pics\r\n/pics > "
    assert await stage.type(b"cd\r") == "cd\r\n/ > "


@staged()
async def test_without_the_shell_its_words_are_lua(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"os.shell(false)\r")
    assert await stage.type(b"pwd\r") == "pwd\r\nnil\r\n/ > "


@staged(files={"/foo.lua": "print(...)"})
async def test_a_script_named_behind_an_lf_gets_a_wrong_argument(stage: Stage) -> None:
    await stage.boot()
    assert await stage.type(b"foo.lua\r\n") == "foo.lua\r\n\r\n/ > \r\n"
    assert await stage.type(b"foo.lua\r\n") == "foo.lua\r\na\r\n/ > \r\n"


# -- the interpreter restarts in place --------------------------------------------------------------------------------

RESTART = (b"if true then\r", b"pwd\r")
"""A shell command on a continuation line."""


@staged(files={"/system.lua": "os.loglevel(os.LOG_ERR)", "/autorun.lua": "print(kept, os.luainterpreter())"})
async def test_a_shell_command_inside_a_statement_restarts_the_interpreter(stage: Stage) -> None:
    await stage.boot()
    for line in (b"kept = 1\r", b"os.mkdir('/there')\r", b"cd /there\r", b"os.loglevel(3, 7)\r"):
        await stage.type(line)
    assert await stage.type(RESTART[0]) == "if true then\r\n>> "
    assert await stage.type(RESTART[1]) == (
        "pwd\r\n"
        "attempt to concatenate a nil value\r\n\r"
        + INTERPRETER
        + "\r\nExecuting /system.lua ...\r\nExecuting /autorun.lua ...\r\nnil\ttrue\r\n\r\n/there > "
    )
    assert await stage.type(b"os.loglevel()\r") == "os.loglevel()\r\n15\r\n/there > "
    assert stage.of_kind("lua.error")[-1] == {"text": "attempt to concatenate a nil value", "origin": "prompt"}
    assert len(stage.board.boots) == 1


@staged()
async def test_an_interpreter_that_restarts_runs_no_scripts_after_0x04(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"\x04")
    await stage.type(RESTART[0])
    answer = await stage.type(RESTART[1])
    assert answer.endswith(INTERPRETER + "Lua RTOS-boot-scripts-aborted-ESP32\r\r\n/ > ")


@staged()
async def test_threads_timers_and_open_files_end_with_the_interpreter(stage: Stage) -> None:
    await stage.boot()
    for line in (
        b"f = io.open('/note.txt', 'w')\r",
        b"f:write('kept')\r",
        b"m = thread.createmutex() m:lock()\r",
        b"thread.start(function() while true do thread.sleep(1) print('thread') end end)\r",
        b"t = tmr.attach(1000, function() print('timer') end)\r",
        b"t:start()\r",
    ):
        stage.board.receive(line)
        await trio.sleep(0.1)
    await trio.sleep(2)
    assert "thread\r\n" in stage.console
    assert "timer\r\n" in stage.console
    for line in RESTART:
        stage.board.receive(line)
        await trio.sleep(0.1)
    before = len(stage.console)
    await stage.board.finished()
    await trio.sleep(5)
    assert stage.console[before:] == ""
    assert await stage.type(b"cat /note.txt\r") == "cat /note.txt\r\nkept/ > "


# -- Ctrl-C -----------------------------------------------------------------------------------------------------------


async def interrupted(stage: Stage, line: bytes, after_s: float = 1.0, keys: bytes = b"\x03") -> str:
    """Boot, type a line, type Ctrl-C while it runs, and return what comes from then on."""
    await stage.boot()
    stage.board.receive(line + b"\r")
    await trio.sleep(after_s)
    return await stage.type(keys)


@staged()
async def test_ctrl_c_at_the_prompt_throws_the_line_away(stage: Stage) -> None:
    await stage.boot()
    assert await stage.type(b"abc\x03") == "abc\r\n\r\n/ > "
    assert await stage.type(b"1\r") == "1\r\n1\r\n/ > "


@staged()
async def test_ctrl_c_at_the_continuation_prompt_throws_the_statement_away(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"if true then\r")
    assert await stage.type(b"print(1)\x03") == "print(1)\r\n/ > "


@staged()
async def test_ctrl_c_ends_a_loop(stage: Stage) -> None:
    answer = await interrupted(stage, b"while true do end")
    assert answer == "interrupted!\r\nstack traceback:\r\n\tstdin:1: in main chunk\r\n\t[C]: in ?\r\n\r/ > "


@pytest.mark.parametrize("call", ["tmr.sleepms(100000)", "tmr.sleep(100)", "thread.sleep(100)"])
def test_ctrl_c_cuts_a_sleep_short(call):
    async def play(stage: Stage) -> None:
        answer = await interrupted(stage, call.encode())
        name = call.partition(".")[2].partition("(")[0]
        assert answer == (
            "stdin:1: interrupted!\r\n"
            "stack traceback:\r\n"
            f"\t[C]: in field '{name}'\r\n"
            "\tstdin:1: in main chunk\r\n"
            "\t[C]: in ?\r\n\r/ > "
        )
        assert stage.seconds < 5

    on_stage(play)


@pytest.mark.parametrize("call", ["tmr.delayms(3000)", "tmr.delay(3)", 'net.lookup("somewhere.example")'])
def test_ctrl_c_waits_until_a_busy_call_returns(call):
    async def play(stage: Stage) -> None:
        answer = await interrupted(stage, call.encode())
        assert answer.startswith("stdin:1: interrupted!\r\nstack traceback:\r\n\t[C]: in field '")
        assert stage.seconds > 3

    on_stage(play)


@staged()
async def test_ctrl_c_reaches_a_loop_of_short_calls_at_the_next_one(stage: Stage) -> None:
    await interrupted(stage, b"while true do tmr.delayms(10) end")
    assert stage.seconds < 1 + 3


@staged(files={"/system.lua": "", "/autorun.lua": "print(pcall(tmr.sleep, 100)) print('goes on')"})
async def test_a_script_can_catch_ctrl_c_and_go_on(stage: Stage) -> None:
    stage.power_on()
    await until(stage, "Executing /autorun.lua")
    await trio.sleep(1)
    stage.board.receive(b"\x03")
    await stage.board.finished()
    assert stage.console.endswith("false\tinterrupted!\r\ngoes on\r\n\r\n/ > ")
    assert stage.board.script_errors == []


@staged(files={"/autorun.lua": "while true do end"})
async def test_ctrl_c_ends_a_boot_script(stage: Stage) -> None:
    stage.power_on()
    await until(stage, "Executing /autorun.lua")
    await trio.sleep(1)
    stage.board.receive(b"\x03")
    await stage.board.finished()
    assert "lua: interrupted!\r\nstack traceback:\r\n\t/autorun.lua:1: in main chunk\r\n" in stage.console
    assert stage.console.endswith("\r\n\r\r\n/ > ")


@staged(files={"/wait.lua": "tmr.sleep(5) print('waited')"})
async def test_ctrl_c_while_a_shell_command_runs_is_typed_at_the_next_prompt(stage: Stage) -> None:
    assert await interrupted(stage, b"do wait.lua") == "waited\r\n/ > \r\n\r\n/ > "


@staged()
async def test_ctrl_c_does_not_reach_other_lua_threads(stage: Stage) -> None:
    await stage.boot()
    stage.board.receive(b"thread.start(function() thread.sleep(3) print('slept') end) while true do end\r")
    await trio.sleep(1)
    stage.board.receive(b"\x03")
    await stage.board.finished()
    assert stage.console.endswith("[C]: in ?\r\n\r/ > slept\r\n")
    assert stage.seconds > 3


@staged()
async def test_ctrl_c_while_a_key_is_waited_for_does_nothing_until_one_comes(stage: Stage) -> None:
    assert await interrupted(stage, b"io.read(1)") == ""
    assert (await stage.type(b"x")).startswith("stdin:1: interrupted!\r\n")
