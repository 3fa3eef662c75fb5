"""The board's files as scripts see them: os on files and folders, io on the flash, what is left after a power cut."""

from __future__ import annotations

import pytest

from simulator.boards import load_board
from simulator.device.file_systems import storage_partition
from tests.device.stage import Stage, on_stage, printed_by, staged

NO_DATE = " " * 24
EVERY_KIND = pytest.mark.parametrize("board", ["N1ESP32-OTA", "WHITECAT-ESP32-LORA-GW-OTA"], ids=["spiffs", "lfs"])

FILES = {"/notes/a.txt": "alpha", "/notes/b.txt": "beta\n", "/notes/deep/c.txt": "", "/d.lua": "print('d')"}


def results(*calls: str, **options: object) -> list[str]:
    """Return what each call returns, as print shows it; all on one board with `FILES`."""
    script = "\n".join(f"print({call})" for call in calls)
    return printed_by(script, files=FILES, **options).splitlines()


def listing(*rows: tuple[str, int | None]) -> str:
    return "".join(
        f"d\t       -\t{NO_DATE}\t{name}\r\n" if size is None else f"f\t{size:8d}\t{NO_DATE}\t{name}\r\n"
        for name, size in rows
    )


# -- os ---------------------------------------------------------------------------------------------------------------


@EVERY_KIND
def test_the_current_directory(board):
    assert results(
        "os.pwd()",
        "select('#', os.cd('notes')), os.pwd()",
        "os.cd('deep'), os.pwd()",
        "os.cd('../../notes//./deep'), os.pwd()",
        "os.cd('nope')",
        "os.cd('/d.lua')",
        "os.pwd()",
        "os.cd(), os.pwd()",
        "os.cd('..'), os.pwd()",
        board=board,
    ) == [
        "/",
        "0\t/notes",
        "nil\t/notes/deep",
        "nil\t/notes/deep",
        "nil\tnope: Not a directory\t20",
        "nil\t/d.lua: Not a directory\t20",
        "/notes/deep",
        "nil\t/",
        "nil\t/",
    ]


@EVERY_KIND
def test_making_finding_and_removing(board):
    assert results(
        "os.mkdir('new')",
        "os.mkdir('new')",
        "os.exists('new'), os.exists('/notes/a.txt'), os.exists('/'), os.exists('nope')",
        "os.remove('new'), os.exists('new')",
        "os.remove('nope')",
        "os.remove('/notes/a.txt'), os.exists('/notes/a.txt')",
        board=board,
    ) == [
        "true",
        "nil\tnew: File exists\t17",
        "true\ttrue\ttrue\tfalse",
        "true\tfalse",
        "nil\tnope: No such file or directory\t2",
        "true\tfalse",
    ]


@EVERY_KIND
def test_a_folder_with_something_in_it_is_not_removed(board):
    (answer,) = results("os.remove('/notes')", board=board)
    assert answer.startswith("nil\t/notes: Directory not empty\t90")


@EVERY_KIND
def test_copying_and_renaming(board):
    script = """
        print(os.cp('/notes/a.txt', '/copy.txt')) os.cat('/copy.txt') print()
        print(os.cp('/copy.txt', '//./copy.txt')) os.cat('/copy.txt') print()
        print(os.cp('/nope', '/x')) print(os.exists('/x'))
        print(os.rename('/copy.txt', '/moved.txt')) os.cat('/moved.txt') print(os.exists('/copy.txt'))
        print(os.rename('/nope', '/x'))
    """
    assert printed_by(script, files=FILES, board=board).splitlines() == [
        *("true", "alpha", "true", "alpha"),
        *("nil\t/nope: No such file or directory\t2", "false"),
        *("true", "alphafalse"),
        "nil\tNo such file or directory\t2",
    ]


@EVERY_KIND
def test_a_listing(board):
    script = "os.ls('/notes') print() print(select('#', os.ls('/notes/nope')))"
    expected = listing(("a.txt", 5), ("b.txt", 5), ("deep", None))
    lines = printed_by(script, files=FILES, board=board).splitlines(keepends=True)
    assert sorted(lines[:-2]) == sorted(expected.splitlines(keepends=True))
    assert lines[-2:] == ["\r\n", "0\r\n"]


def test_a_listing_of_the_root_begins_with_what_is_mounted_except_the_devices():
    text = printed_by("os.loglevel(os.LOG_ERR) fs.mount('/ram', 'ramfs') os.ls()", files=FILES)
    assert text.startswith(listing(("ram", None)))
    assert "\tdev\r\n" not in text
    assert f"{NO_DATE}\tautorun.lua\r\n" in text
    assert listing(("notes", None)) in text


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("/notes/*.txt", "a.txt b.txt"), ("/notes/a*", "a.txt"), ("/notes/*xt*", "a.txt b.txt"), ("/notes/*", None)],
)
def test_a_listing_by_pattern(pattern, names):
    found = {line.split("\t")[3] for line in printed_by(f"os.ls('{pattern}')", files=FILES).splitlines()}
    assert found == (set(names.split()) if names else {"a.txt", "b.txt", "deep"})


def test_removing_by_pattern_takes_the_names_from_one_folder_and_the_files_from_another():
    script = """
        print(select('#', os.remove('/notes/*.txt')))
        print(os.exists('/notes/a.txt'), os.exists('/notes/b.txt'))
        os.cd('/notes')
        print(select('#', os.remove('*.txt')))
        print(os.exists('/notes/a.txt'), os.exists('/notes/b.txt'))
        print(os.remove('*.txt'))
        os.cd('/')
    """
    assert printed_by(script, files=FILES).splitlines() == [
        "0",  # nothing of these names in the current folder, which counts as success
        "true\ttrue",
        "0",
        "false\tfalse",
        "nil\t*.txt: No such file or directory\t2",
    ]


def test_cat_prints_the_bytes_of_a_file():
    script = "os.cat('/notes/b.txt') print(os.cat('/nope'))"
    assert printed_by(script, files=FILES) == "beta\r\nnil\t/nope: No such file or directory\t2\r\n"


@pytest.mark.parametrize(
    ("board", "result"), [("N1ESP32-OTA", ""), ("WHITECAT-ESP32-LORA-GW-OTA", "nil\t/notes: Is a directory\t21")]
)
def test_cat_of_a_directory_prints_nothing_and_only_littlefs_calls_it_a_failure(board, result):
    assert printed_by("print(os.cat('/notes'))", files=FILES, board=board) == f"{result}\r\n"


@EVERY_KIND
def test_free_space(board):
    script = """
        local free, total = os.df()
        print(free < total, math.type(free), free == os.df('/'), select('#', os.df('/notes')))
        local file = io.open('/big', 'w') file:write(('x'):rep(50000)) file:close()
        print(free - os.df() >= 50000)
    """
    text = printed_by(script, files=FILES, board=board)
    assert text == "can't get free space of /notes\r\r\ntrue\tinteger\ttrue\t0\r\ntrue\r\n"


FORMATTING_MESSAGES = {
    "spiffs": (
        "spiffs unmounted\r\r\n"
        "spiffs start address at 0xf000, size 512 Kb\r\r\n"
        "spiffs mounted on /\r\r\n"
        "spiffs creating root folder\r\r\n"
    ),
    "lfs": (
        "lfs unmounted\r\r\n"
        "lfs start address at 0xf000, size 512 Kb\r\r\n"
        "lfs 128 blocks, 4096 bytes/block, 1024 bytes/read, 1024 bytes/write\r\r\n"
        "lfs mounted on /\r\r\n"
    ),
}
ASKING = "\r\x1b[2KAll data in / will be erased. Continue? [y/n]: "


@EVERY_KIND
def test_formatting(board):
    async def play(stage: Stage) -> None:
        await stage.boot()
        kind = stage.board.board.filesystem
        assert await stage.type(b"os.format('/')\r") == "os.format('/')\r\n" + ASKING
        assert await stage.type(b"x") == ASKING
        assert await stage.type(b"n") == "\r\nFormatting canceled\r\r\n/ > "
        assert await stage.type(b"os.exists('/d.lua')\r") == "os.exists('/d.lua')\r\ntrue\r\n/ > "
        await stage.type(b"mkfs /\r")
        told = await stage.type(b"Y")
        assert told == f"\r\nFormatting / as {kind} file system ...\r\r\n{FORMATTING_MESSAGES[kind]}/ > "
        assert await stage.type(b"os.exists('/d.lua')\r") == "os.exists('/d.lua')\r\nfalse\r\n/ > "
        answer = await stage.type(b"os.format('/notes')\r")
        assert answer == "os.format('/notes')\r\n/notes can't be formatted\r\r\n/ > "
        await stage.type(b"os.exit()\r")
        assert stage.console.endswith("powered by Lua 5.3.4\r\n\r\n\r\n/ > ")

    on_stage(play, board=board, files=FILES)


@EVERY_KIND
def test_the_console_can_be_copied_to_a_file(board):
    async def play(stage: Stage) -> None:
        await stage.boot()
        await stage.type(b"os.stdout('/log.txt')\r")
        await stage.type(b"print('kept')\r")
        await stage.type(b"\x04")
        await stage.type(b"os.stdout()\r")
        await stage.type(b"print('not kept')\r")
        assert await stage.type(b"for line in io.lines('/log.txt') do print(#line, line) end\r") == (
            "for line in io.lines('/log.txt') do print(#line, line) end\r\n5\t/ > print('kept')\r\r\n".replace(
                "5\t", "18\t"
            )
            + "5\tkept\r\r\n"
            + "16\t/ > os.stdout()\r\r\n"
            + "/ > "
        )

    on_stage(play, board=board)


def test_a_copy_that_cannot_be_written_is_no_error():
    script = "print(select('#', os.stdout('/no/such/folder/x'))) print('goes on') os.stdout() os.stdout()"
    assert printed_by(script, board="WHITECAT-ESP32-LORA-GW") == "0\r\ngoes on\r\n"


@staged(script="os.stdout('/log') print(('x'):rep(30000)) os.stdout() print('done')", files={"/big": "x" * 465_000})
async def test_a_copy_that_fills_the_flash_is_no_error(stage: Stage) -> None:
    assert (await stage.printed()).endswith("done\r\n")


# -- io ---------------------------------------------------------------------------------------------------------------


@EVERY_KIND
def test_a_file_is_written_read_and_added_to(board):
    script = """
        local f = io.open('/f', 'w') print(f:write('one\\n', 2, '\\n') == f, f:seek()) f:close()
        f = io.open('/f', 'a') f:write('three') f:close()
        for line in io.lines('/f') do print(line) end
        f = io.open('/f') print(f:read('n'), f:read('l'), f:read(1), f:seek('set', 4), f:read('a')) f:close()
        print(io.open('/nope')) print(pcall(f.read, f))
    """
    assert printed_by(script, board=board).splitlines() == [
        *("true\t6", "one", "2", "three"),
        "nil\tone\t2\t4\t2",
        "three",
        "nil\t/nope: No such file or directory\t2",
        "false\tattempt to use a closed file",
    ]


@EVERY_KIND
def test_what_is_not_closed_when_the_power_goes_may_be_lost_and_the_rest_is_not(board):
    async def play(stage: Stage) -> None:
        await stage.boot()
        await stage.type(b"f = io.open('/closed', 'w') f:write('safe') f:close()\r")
        await stage.type(b"g = io.open('/open', 'w') g:write('lost')\r")
        stage.board.power_off()
        await stage.boot()
        assert await stage.type(b"cat /closed\r") == "cat /closed\r\nsafe/ > "
        assert await stage.type(b"cat /open\r") in ("cat /open\r\n/ > ", "cat /open\r\nlost/ > ")

    on_stage(play, board=board)


@EVERY_KIND
def test_a_full_file_system_is_an_error_and_stays_sound(board):
    script = """
        local f, ok, text, code = io.open('/big', 'w')
        for n = 1, 200 do
          ok, text, code = f:write(('x'):rep(4096))
          if not ok then break end
        end
        print(ok, text, code) f:close()
        print(os.remove('/big'), os.exists('/d.lua'))
    """
    text = printed_by(script, files=FILES, board=board)
    assert text == "nil\tNo space left on device\t28\r\ntrue\ttrue\r\n"


@EVERY_KIND
def test_writing_takes_the_time_of_the_flash(board):
    script = """
        local began = os.clock()
        local f = io.open('/big', 'w') f:write(('x'):rep(50000)) f:close()
        print(os.clock() - began > 0.15)
    """
    assert printed_by(script, board=board) == "true\r\n"


@staged(script="io.open('/note', 'w'):close() io.open('/note', 'a+'):close() io.open('/note'):close()")
async def test_writing_to_files_is_an_event(stage: Stage) -> None:
    await stage.boot()
    assert stage.of_kind("fs.write") == [{"path": "/note", "mode": "w"}, {"path": "/note", "mode": "a+"}]


# -- no file system ---------------------------------------------------------------------------------------------------


@staged(board=load_board("ESP32-CORE-BOARD"))
async def test_a_board_whose_table_has_no_storage_has_no_files(stage: Stage) -> None:
    table = stage.board.partition_table()
    storage = storage_partition(stage.board.board, table)
    assert storage is not None
    without = type(table)(tuple(entry for entry in table.entries if entry != storage))
    stage.board.chip.erase(0x8000, 4096)
    stage.board.chip.program(0x8000, without.to_bytes())
    console = await stage.boot()
    assert "spiffs can't find a valid partition\r\r\n" in console
    assert console.endswith("powered by Lua 5.3.4\r\n\r\n\r\n/ > ")
    for line, answer in {
        "os.exists('/x')": "false\r\n",
        "io.open('/x', 'w')": "nil\t/x: No such file or directory\t2\r\n",
        "os.mkdir('/x')": "nil\t/x: No such file or directory\t2\r\n",
        "os.remove('/x')": "nil\t/x: No such file or directory\t2\r\n",
        "os.rename('/x', '/y')": "nil\tNo such file or directory\t2\r\n",
        "os.cd('/x')": "nil\t/x: Not a directory\t20\r\n",
        "os.df()": "can't get free space of /\r\r\n",
        "os.format('/')": "/ can't be formatted\r\r\n",
        "os.ls('/')": "nil\t/: No such file or directory\t2\r\n",
        "os.stdout('/x')": "",
    }.items():
        assert await stage.type(f"{line}\r".encode()) == f"{line}\r\n{answer}/ > "


@EVERY_KIND
def test_a_temporary_name_is_that_of_a_new_empty_file(board):
    assert results(
        "pcall(os.tmpname)",
        "os.mkdir('/tmp'), os.tmpname(), os.tmpname(), os.tmpname()",
        "io.attributes('/tmp/lua_000001').size",
        board=board,
    ) == [
        "false\tunable to generate a unique filename",
        "true\t/tmp/lua_000001\t/tmp/lua_a00001\t/tmp/lua_b00001",
        "0",
    ]


def test_a_temporary_file_wants_a_folder_and_has_no_name():
    script = """
        print(io.tmpfile())
        fs.mount("/tmp", "ramfs")
        local one, two = io.tmpfile(), io.tmpfile()
        one:write("abc") two:write("d") one:seek("set")
        print(one:read("a"), two:seek("end"), os.ls("/tmp"))
    """
    lines = printed_by(script).replace("\r", "").splitlines()
    assert (lines[0], lines[-1]) == ("nil\tNo such file or directory\t2", "abc\t1")
