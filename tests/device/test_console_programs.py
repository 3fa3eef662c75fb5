"""The commands that have the console to themselves, on a board: os.edit, os.more, os.dmesg, os.passwd; the history."""

from __future__ import annotations

import re

from simulator.console.md5_crypt import hash_password
from tests.device.stage import Stage, printed_by, staged

ASKED = "\x1b[s\x1b[999;999H\x1b[6n\x1b[u"
CLEARED = "\x1b[2J\x1b[1;1H"
SIZE = b"\x1b[24;80R"


async def asked(stage: Stage, keys: bytes, *, times: int = 1) -> str:
    """Type a command that asks for the size, answer so many times, and return what came after the first question."""
    before = len(stage.board.console)
    stage.board.receive(keys)
    for _ in range(times):
        while not stage.board.console.endswith(ASKED.encode()):
            await stage.wait(0.001)
        stage.board.receive(SIZE)
        await stage.wait(0.01)
    await stage.board.finished()
    return stage.board.console[before:].decode().partition(ASKED)[2]


@staged()
async def test_a_file_is_written_with_the_editor_and_run(stage: Stage) -> None:
    await stage.boot()
    assert (await asked(stage, b"edit /new.lua\r")).startswith("\x1b[1;1H\x1b[0m\x1b[K\r\r\n")
    await stage.type(b"print(1 + 1)")
    assert "/new.lua" in await stage.type(b"\x13")
    assert await stage.type(b"\x11") == f"\x1b[25;1H\x1b[0m\x1b[K{CLEARED}/ > "
    assert await stage.type(b"/new.lua\r") == "/new.lua\r\n2\r\n/ > "


@staged()
async def test_a_file_that_the_editor_made_is_gone_if_nothing_was_saved(stage: Stage) -> None:
    await stage.boot()
    await asked(stage, b"edit /new.lua\r")
    assert await stage.type(b"\x11") == f"\x1b[25;1H\x1b[0m\x1b[K{CLEARED}/ > "
    assert await stage.type(b"os.exists('/new.lua')\r") == "os.exists('/new.lua')\r\nfalse\r\n/ > "


@staged(files={"/notes/a.txt": "x"})
async def test_what_cannot_be_edited(stage: Stage) -> None:
    await stage.boot()
    assert await stage.type(b"edit\r") == "edit\r\nusage: edit [filename]\r\r\n/ > "
    assert await stage.type(b"edit /notes\r") == "edit /notes\r\n/notes: Is a directory\r\r\n/ > "
    answer = await stage.type(b"os.edit('/notes')\r")
    assert answer == "os.edit('/notes')\r\nnil\t/notes: Is a directory\t21\r\n/ > "


@staged(script="os.loglevel(os.LOG_ERR) fs.mount('/ram', 'ramfs')")
async def test_a_full_file_system_is_told_in_the_editor_for_five_seconds(stage: Stage) -> None:
    await stage.boot()
    await asked(stage, b"edit /ram/f\r")
    for _ in range(40):
        await stage.type(b"x" * 128 + b"\r")
    began_s = stage.seconds
    assert "Error 28 saving document (No space left on device)" in await stage.type(b"\x13")
    assert 5 <= stage.seconds - began_s < 5.5


@staged(files={"/f": "x"})
async def test_where_no_terminal_answers_the_question_takes_until_the_fourth_new_second(stage: Stage) -> None:
    await stage.boot()
    began_s = stage.seconds
    assert await stage.type(b"more /f\r") == f"more /f\r\n{ASKED}{CLEARED}x/ > "
    assert 3 < stage.seconds - began_s < 4.1
    assert abs(stage.seconds - round(stage.seconds)) < 0.3  # the clock was set when the app began


@staged(files={"/f": "".join(f"line {number}\n" for number in range(1, 31))})
async def test_a_file_is_shown_page_by_page(stage: Stage) -> None:
    await stage.boot()
    page = await asked(stage, b"more /f\r", times=2)
    status = "\x1b[25;1H\x1b[1m\x1b[7m/f: any key for next page, q for exit\x1b[K\x1b[0m"
    assert page.endswith("\r\nline 23" + ASKED + status)
    assert (await stage.type(b" ")).endswith("line 30\r\n/ > ")


def test_what_cannot_be_shown():
    assert printed_by("print(os.more('/nope')) print(pcall(os.dmesg)) print(pcall(os.more))") == (
        "nil\t/nope: No such file or directory\t2\r\n"
        "false\tlogging disabled or not available\r\n"
        "false\tbad argument #1 to '?' (string expected, got no value)\r\n"
    )


@staged()
async def test_ctrl_c_is_a_key_to_an_editor_from_the_shell_and_interrupts_one_from_a_script_when_it_ends(
    stage: Stage,
) -> None:
    await stage.boot()
    await asked(stage, b"edit /a\r")
    assert await stage.type(b"\x03\x11") != ""
    assert stage.console.endswith("/ > ")
    await asked(stage, b"os.edit('/a')\r")
    await stage.type(b"\x03")
    assert (await stage.type(b"\x11")).endswith(
        f"{CLEARED}stdin:1: interrupted!\r\nstack traceback:\r\n"
        "\t[C]: in field 'edit'\r\n\tstdin:1: in main chunk\r\n\t[C]: in ?\r\n\r/ > "
    )


@staged(script="thread.start(function() tmr.sleepms(3000) print('meanwhile') end)")
async def test_other_threads_go_on_while_the_editor_waits(stage: Stage) -> None:
    stage.power_on()
    await stage.wait(1)
    await asked(stage, b"edit /a\r")
    await stage.wait(3)
    assert "meanwhile\r\n" in stage.console


# -- passwd -----------------------------------------------------------------------------------------------------------


@staged()
async def test_a_password_is_stored_as_a_hash_and_has_to_be_known_to_be_changed(stage: Stage) -> None:
    await stage.boot()
    assert await stage.type(b"passwd\r") == "passwd\r\nNew Password: "
    assert await stage.type(b"secret\r") == "\r\nRetype New Password: "
    assert await stage.type(b"secret\r") == "\r\n/ > "
    stored = re.search(r"\$1\$\S{8}\$\S{22}", await stage.type(b"cat /etc/passwd\r"))
    assert stored is not None
    assert hash_password(b"secret", stored[0].encode()) == stored[0].encode()
    assert await stage.type(b"passwd\r") == "passwd\r\nOld Password: "
    assert await stage.type(b"wrong\r") == "\r\ntry again\r\r\n/ > "


@staged()
async def test_the_dialogue_without_an_answer_leaves_an_empty_file(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"passwd\r\r")
    answer = await stage.type(b"io.attributes('/etc/passwd').size\r")
    assert answer == "io.attributes('/etc/passwd').size\r\n0\r\n/ > "


# -- history ----------------------------------------------------------------------------------------------------------

UP, DOWN = b"\x1b[A", b"\x1b[B"


def redrawn(text: str) -> str:
    return f"\r/ > {text}\x1b[0K\r\x1b[{4 + len(text)}C"


@staged()
async def test_without_a_place_for_it_there_is_no_history(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"print(1)\r")
    assert await stage.type(UP) == redrawn("")


@staged(script="os.loglevel(os.LOG_ERR) fs.mount('/ram', 'ramfs')")
async def test_lines_are_kept_in_a_file_in_ram(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"x = 1\rx = 2\r")
    assert await stage.type(UP) == redrawn("x = 2")
    assert await stage.type(UP) == redrawn("x = 1")
    assert await stage.type(DOWN + DOWN) == redrawn("x = 2") + redrawn("")
    assert await stage.type(b"cat /ram/history\r") == "cat /ram/history\r\n\r\nx = 1\r\nx = 2\r\ncat /ram/history/ > "


@staged(script="os.loglevel(os.LOG_ERR) fs.mount('/ram', 'ramfs')")
async def test_switching_the_history_off_removes_the_file(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"x = 1\r")
    await stage.type(b"os.history(false)\r")
    assert await stage.type(b"os.exists('/ram/history')\r") == "os.exists('/ram/history')\r\nfalse\r\n/ > "
    assert await stage.type(UP) == ""
    await stage.type(b"os.history(true)\r")
    assert await stage.type(UP) == redrawn("")  # this line came too early to be kept


@staged(script="os.loglevel(os.LOG_ERR) fs.mount('/ram', 'ramfs')")
async def test_a_full_file_system_keeps_the_newest_lines(stage: Stage) -> None:
    await stage.boot()
    for number in range(200):
        await stage.type(f"x{number} = 'some text to fill the space'\r".encode())
    content = await stage.type(b"cat /ram/history\r")
    assert "x199 = " in content
    assert "x1 = " not in content
    assert await stage.type(UP + UP) == redrawn("cat /ram/history") + redrawn("x199 = 'some text to fill the space'")


@staged()
async def test_debug_reads_commands_that_end_with_a_line_feed_and_echoes_nothing(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"x = 1\r")
    assert await stage.type(b"debug.debug()\r") == "debug.debug()\r\nlua_debug> "
    assert await stage.type(b"x = 2") == ""
    assert await stage.type(b"\r") == ""
    assert await stage.type(b"\n") == "lua_debug> "
    assert await stage.type(b"print(x) y = = 1\n") == ("(debug command):1: unexpected symbol near '='\r\nlua_debug> ")
    assert await stage.type(b"print(x)\n") == "2\r\nlua_debug> "
    assert await stage.type(b"error('no')\n") == "(debug command):1: no\r\nlua_debug> "
    assert await stage.type(b"error({})\n") == "(null)\r\nlua_debug> "
    assert await stage.type(b"--" + b"-" * 247) == "lua_debug> "  # as many bytes as its buffer holds
    assert await stage.type(b"\ncont\n") == "lua_debug> / > "
