"""The mount table: the fs module, and the files of os and io on what is mounted."""

from __future__ import annotations

import dataclasses

import pytest

from simulator.boards import load_board
from tests.device.stage import Stage, printed_by, staged

USED = "target is used by other file system, or the file system has an invalid superblock"
QUIET = "os.loglevel(os.LOG_ERR) "
RAM = QUIET + "fs.mount('/ram', 'ramfs') "


def test_mounting_and_unmounting_tells_the_log():
    assert printed_by("os.loglevel(os.LOG_INFO) fs.mount('/ram', 'ramfs') fs.umount('/ram')") == (
        "ramfs size 4 Kb, block size 128 bytes\r\r\nramfs mounted on /ram\r\r\nramfs unmounted\r\r\n"
    )


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("fs.mount('', 'ramfs')", "target is empty"),
        ("fs.mount('/x', 'ext4')", "non-existent file system"),
        ("fs.mount('/x', '')", "non-existent file system"),
        ("fs.mount('/x', 'romfs')", "non-existent file system"),
        ("fs.mount('/x', 'ramfs')", "target is mounted"),
        ("fs.mount('/', 'spiffs')", "target is mounted"),
        ("fs.umount('/ram') fs.mount('/', 'ramfs')", USED),
        ("fs.umount('/ram') fs.mount('/dev', 'ramfs')", USED),
        ("fs.mount('/a/b', 'ramfs')", "Not a directory"),
        (f"fs.mount('/{'x' * 64}', 'ramfs')", "File or path name too long"),
        ("fs.umount('')", "target is empty"),
        ("fs.umount('/nope')", "target is not a mount point"),
        ("fs.umount('/')", "not allowed"),
        ("fs.umount('/dev')", "Device or resource busy"),
        ("fs.umount('/a/b')", "Not a directory"),
    ],
)  # fmt: skip
def test_what_the_table_refuses(call, text):
    assert printed_by(f"{RAM} print(pcall(function() {call} end))") == f"false\t/autorun.lua:1: {text}\r\n"


def test_the_arguments_are_checked():
    script = "print(pcall(fs.mount, '/x')) print(pcall(fs.umount))"
    assert printed_by(script) == (
        "false\tbad argument #2 to '?' (string expected, got no value)\r\n"
        "false\tbad argument #1 to '?' (string expected, got no value)\r\n"
    )


def test_files_on_a_mount_point():
    script = (
        RAM
        + """
        local f = io.open('/ram/a.txt', 'w') f:write('one\\ntwo\\n') f:close()
        for line in io.lines('/ram/a.txt') do print(line) end
        print(os.mkdir('/ram/d'), os.cp('/ram/a.txt', '/ram/d/b.txt'), os.rename('/ram/d/b.txt', '/ram/c.txt'))
        os.cd('/ram')
        print(os.pwd(), os.exists('c.txt'), io.attributes('c.txt').size, io.attributes('d').type)
        os.ls()
        print(os.df('/ram'))
        print(os.remove('a.txt'), os.remove('c.txt'), os.remove('/ram/d'))
        os.cd('/')
        print(os.df('/ram'))
    """
    )
    assert printed_by(script).splitlines() == [
        *("one", "two"),
        "true\ttrue\ttrue",
        "/ram\ttrue\t8\tdirectory",
        f"f\t       8\t{' ' * 24}\ta.txt",
        f"d\t       -\t{' ' * 24}\td",
        f"f\t       8\t{' ' * 24}\tc.txt",
        "3734\t4096",
        "true\ttrue\ttrue",
        "4084\t4096",  # what a rename forgets
    ]


def test_a_file_cannot_be_renamed_from_one_file_system_to_another():
    assert printed_by(RAM + "print(os.rename('/autorun.lua', '/ram/a.lua'))") == "nil\tCross-device link\t18\r\n"


def test_what_was_in_ram_is_gone_after_unmounting_and_after_formatting():
    script = (
        RAM
        + """
        io.open('/ram/f', 'w'):close()
        fs.umount('/ram')
        print(os.exists('/ram/f'), os.exists('/ram'))
        fs.mount('/other', 'ramfs')
        print(os.exists('/other/f'), os.exists('/other'))
    """
    )
    assert printed_by(script) == "false\tfalse\r\nfalse\ttrue\r\n"


@staged(script=RAM + "f = io.open('/ram/f', 'w') f:write('x')")
async def test_the_file_system_in_ram_can_be_formatted(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"os.loglevel(os.LOG_INFO)\r")
    await stage.type(b"mkfs /ram\r")
    assert await stage.type(b"y") == (
        "\r\nFormatting /ram as ramfs file system ...\r\r\n"
        "ramfs unmounted\r\r\n"
        "ramfs size 4 Kb, block size 128 bytes\r\r\n"
        "ramfs mounted on /ram\r\r\n/ > "
    )
    assert await stage.type(b"os.exists('/ram/f'), f:write('y')\r") == (
        "os.exists('/ram/f'), f:write('y')\r\nfalse\tnil\tBad file number\t9\r\n/ > "
    )


@staged(script=QUIET)
async def test_the_shell_mounts_and_unmounts(stage: Stage) -> None:
    await stage.boot()
    assert await stage.type(b"mount /ram\r") == "mount /ram\r\nusage: target filesystem\r\r\n/ > "
    assert await stage.type(b"mount /ram ramfs\r") == "mount /ram ramfs\r\n/ > "
    assert await stage.type(b"mount /ram ramfs\r") == "mount /ram ramfs\r\ntarget is mounted\r\r\n/ > "
    with_history = 4096 - (15 + len("history")) - 12 - (7 + 128)
    assert await stage.type(b"df /ram\r") == f"df /ram\r\n{with_history}\r\r\n/ > "
    assert await stage.type(b"umount /ram\r") == "umount /ram\r\n/ > "
    assert await stage.type(b"umount /ram\r") == "umount /ram\r\ntarget is not a mount point\r\r\n/ > "


def test_a_script_on_a_mount_point_runs_by_its_name():
    script = RAM + "local f = io.open('/ram/a.lua', 'w') f:write('print(...)') f:close() dofile('/ram/a.lua')"

    async def play(stage: Stage) -> None:
        await stage.boot()
        assert await stage.type(b"/ram/a.lua x\r") == "/ram/a.lua x\r\nx\r\n/ > "

    staged(script=script)(play)()


def test_the_root_can_be_unmounted_and_mounted_elsewhere():
    script = (
        QUIET
        + """
        fs.umount('/')
        print(os.exists('/autorun.lua'), io.open('/x', 'w'))
        fs.mount('/flash', 'spiffs')
        print(os.exists('/flash/autorun.lua'), os.exists('/autorun.lua'))
    """
    )
    assert printed_by(script) == "false\tnil\t/x: No such file or directory\t2\r\ntrue\tfalse\r\n"


def test_a_failure_with_the_lock_held_keeps_every_other_thread_from_the_files():
    script = (
        QUIET
        + """
        thread.start(function()
          pcall(fs.mount, '/a/b', 'ramfs')
          print('culprit', os.exists('/autorun.lua'))
        end)
        thread.start(function()
          tmr.sleepms(50)
          print('other', os.pwd())
          print('never', os.exists('/autorun.lua'))
        end)
        tmr.sleepms(200)
        print('main', os.pwd())
    """
    )
    assert printed_by(script) == "culprit\ttrue\r\nother\t/\r\nmain\t/\r\n"


M5STACK = dataclasses.replace(load_board("M5STACK"), log_level="ERROR")


def test_the_read_only_file_system_of_the_builds_that_have_it_is_empty():
    script = (
        QUIET
        + """
        fs.mount('/rom', 'romfs')
        print(os.exists('/rom'), os.exists('/rom/x'), os.df('/rom'))
        print(io.open('/rom/x', 'w')) print(io.open('/rom/x')) print(os.mkdir('/rom/d')) print(os.remove('/rom/x'))
        os.format('/rom')
    """
    )
    assert printed_by(script, board=M5STACK).splitlines() == [
        "true\tfalse\t0\t0",
        "nil\t/rom/x: Read-only file system\t30",
        "nil\t/rom/x: No such file or directory\t2",
        "nil\t/rom/d: Read-only file system\t30",
        "nil\t/rom/x: No such file or directory\t2",
        "/rom can't be formatted",
        "",  # the line ends CR CR LF
    ]
