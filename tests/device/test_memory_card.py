"""A memory card on a board: mounting it, its files, its pins, the log and the history on it."""

from __future__ import annotations

import dataclasses

import pytest

from simulator.boards import load_board
from simulator.errors import UsageError
from simulator.hardware.parts.memory_card import SdCard
from simulator.world import World, run_in_world
from tests.device.stage import Stage, printed_by, staged

EVB = load_board("ESP32-EVB")  # the MMC host, one line
M5STACK = load_board("M5STACK")  # SPI
DEVKIT = dataclasses.replace(load_board("N1ESP32-DEVKIT"), log_level="ERROR")
CARD = {"type": "sd-card", "name": "sd", "size_mb": 8, "files": {"/hello.lua": "print('hello', ...)", "/a/b.txt": "x"}}
QUIET = "os.loglevel(os.LOG_ERR) "
MOUNT = QUIET + "fs.mount('/sd', 'fat') "
CAPACITY = 8 * 1024 * 1024 // 512


@pytest.mark.parametrize(
    ("board", "where"),
    [(EVB, "mmc0"), (M5STACK, "spi3, cs=GPIO4"), (DEVKIT, "spi2, cs=GPIO21")],
    ids=["ESP32-EVB", "M5STACK", "N1ESP32-DEVKIT"],
)
def test_mounting_describes_the_card_in_the_log(board, where):
    script = "os.loglevel(os.LOG_INFO) fs.mount('/sd', 'fat') fs.umount('/sd')"
    assert printed_by(script, board=board, parts=[CARD]) == (
        f"sd is at {where}\r\r\n"
        "sd name TWIN\r\r\n"
        "sd type SDSC\r\r\n"
        "sd working at default speed\r\r\n"
        "sd size 0.01 GB\r\r\n"
        f"sd CSD ver=0, sector_size=512, capacity={CAPACITY} read_bl_len=9\r\r\n"
        "sd SCR sd_spec=2, bus_width=5\r\r\n"
        "fat mounted on /sd\r\r\n"
        "fat unmounted\r\r\n"
    )


@pytest.mark.parametrize(
    ("parts", "error"), [([], 263), ([{**CARD, "inserted": 0}], 263)], ids=["no card", "card beside the slot"]
)
def test_a_card_that_cannot_be_mounted_is_only_told_to_the_log(parts, error):
    script = "os.loglevel(os.LOG_INFO) print(select('#', fs.mount('/sd', 'fat'))) print(os.exists('/sd'))"
    assert printed_by(script, board=EVB, parts=parts) == (
        f"sd is at mmc0\r\r\nfat can't mounted (error {error})\r\r\nfat unmounted\r\r\n0\r\nfalse\r\n"
    )


def test_a_card_without_a_volume_cannot_be_mounted():
    async def main(world: World) -> str:
        board = world.new_board(EVB, script="os.loglevel(os.LOG_INFO) fs.mount('/sd', 'fat')")
        world.attach(board, CARD)
        card = board.bench.part("sd")
        assert isinstance(card, SdCard)
        card.write(0, bytes(512))
        world.power_on(board)
        await board.finished()
        return board.console.decode()

    assert "sd is at mmc0\r\r\nfat can't mounted (error -1)\r\r\nfat unmounted\r\r\n" in run_in_world(main)


def test_a_board_without_a_slot_has_no_such_file_system():
    assert printed_by(QUIET + "print(pcall(fs.mount, '/sd', 'fat'))") == "false\tnon-existent file system\r\n"


def test_files_on_a_card():
    script = (
        MOUNT
        + """
        os.settime(12, 30, 10, 5, 6, 2021)
        local f = io.open('/sd/Notes.txt', 'w') f:write('one\\ntwo') f:close()
        for line in io.lines('/sd/notes.TXT') do print(line) end
        print(os.mkdir('/sd/dir'), os.rename('/sd/Notes.txt', '/sd/dir/n.txt'), os.remove('/sd/a/b.txt'))
        os.ls('/sd')
        os.ls('/sd/dir')
        dofile('/sd/hello.lua')
        print(io.attributes('/sd/hello.lua').size, '[' .. io.attributes('/sd/hello.lua').type .. ']')
        print(os.df('/sd'))
        print(io.open('/sd/dir'))
    """
    )
    # The card's own files are of 1980: who made it had no clock.
    assert printed_by(script, board=EVB, parts=[CARD]).splitlines() == [
        *("one", "two"),
        "true\ttrue\ttrue",
        "f\t      19\tTue Jan  1 00:00:00 1980\thello.lua",
        "d\t       -\tTue Jan  1 00:00:00 1980\ta",
        "d\t       -\tThu May  6 12:30:10 2021\tdir",
        "f\t       7\tThu May  6 12:30:10 2021\tn.txt",
        "hello",
        "19\t[]",  # the mode of FAT is none that the firmware compares with
        "8318976\t8323072",
        "nil\t/sd/dir: No such file or directory\t2",
    ]


@staged(board=EVB, parts=[CARD], script=MOUNT)
async def test_a_script_on_a_card_does_not_run_by_its_name(stage: Stage) -> None:
    await stage.boot()
    answer = await stage.type(b"/sd/hello.lua\r")
    assert answer.startswith("/sd/hello.lua\r\nstdin:1: unexpected symbol near '/'")
    assert await stage.type(b"do /sd/hello.lua\r") == "do /sd/hello.lua\r\nhello\r\n/ > "


@staged(board=EVB, parts=[CARD], script=MOUNT)
async def test_what_is_on_a_card_survives_resets_and_power_cuts(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"f = io.open('/sd/kept', 'w') f:write('x') f:close()\r")
    await stage.type(b"os.exit()\r")
    stage.board.power_off()
    await stage.boot()
    assert await stage.type(b"cat /sd/kept\r") == "cat /sd/kept\r\nx/ > "


@staged(board=EVB, parts=[CARD], script=MOUNT)
async def test_a_card_that_is_pulled_out_cannot_be_read_any_more(stage: Stage) -> None:
    await stage.boot()
    stage.board.bench.part("sd").set_control("inserted", 0)
    answer = await stage.type(b"io.open('/sd/hello.lua')\r")
    assert answer == "io.open('/sd/hello.lua')\r\nnil\t/sd/hello.lua: I/O error\t5\r\n/ > "


@staged(board=EVB, parts=[CARD], script=MOUNT)
async def test_a_card_is_formatted_with_small_clusters(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"os.loglevel(os.LOG_INFO) mkfs = 1\r")
    await stage.type(b"mkfs /sd\r")
    told = await stage.type(b"y")
    assert told.startswith(
        "\r\nFormatting /sd as fat file system ...\r\r\nfat unmounted\r\r\nsd is at mmc0\r\r\nsd name"
    )
    assert told.endswith("fat mounted on /sd\r\r\n/ > ")
    assert told.count("fat mounted on /sd") == 2
    listed = await stage.type(b"ls /sd\r")
    assert listed.startswith("ls /sd\r\nf\t       7\t")
    assert listed.endswith("\thistory\r\n/ > ")  # of this line alone


# -- pins -------------------------------------------------------------------------------------------------------------


def test_the_card_holds_its_pins_while_it_is_mounted():
    script = (
        MOUNT
        + """
        print(pcall(pwm.attach, pio.GPIO4, 1000, 0.5))
        os.locks()
        fs.umount('/sd')
        print((pcall(pwm.attach, pio.GPIO4, 1000, 0.5)))
        fs.mount('/sd', 'fat')
        print(os.exists('/sd'))
    """
    )
    text = printed_by(script, board=M5STACK, parts=[CARD])
    assert "false\tgpio4 is used by system0\r\n" in text
    assert "  gpio4 locked by system0 (SD Card - CS)\r\r\n" in text
    assert text.endswith("true\r\nfalse\r\n")  # a pin that is taken ends the mount without a word


# -- log and history --------------------------------------------------------------------------------------------------


@staged(board=EVB, parts=[CARD], script=MOUNT)
async def test_the_log_goes_to_the_card_from_the_next_time_it_is_opened(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"os.syslog('too early')\r")
    assert "No such file or directory" in await stage.type(b"os.dmesg()\r")
    await stage.type(b"os.logcons(true)\r")
    await stage.type(b"os.syslog('first')\r")
    await stage.type(b"os.logcons(false)\r")
    await stage.type(b"os.syslog('second')\r")
    # What came since it was opened last is not in its length yet.
    answer = await stage.type(b"cat /sd/log/messages.log\r")
    assert answer == "cat /sd/log/messages.log\r\nfirst\r\r\n\r\n/ > "
    await stage.type(b"os.logcons(true)\r")
    # The trimming looks behind the end of the text, so what the console needed stays.
    assert (await stage.type(b"dmesg\r")).endswith("first\r\r\n\r\nsecond\r\n/ > ")


@staged(board=EVB, parts=[CARD], script=MOUNT)
async def test_the_history_is_on_the_card(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"x = 1\r")
    assert await stage.type(b"cat /sd/history\r") == "cat /sd/history\r\n\r\nx = 1\r\ncat /sd/history/ > "


# -- the part ---------------------------------------------------------------------------------------------------------


def test_there_is_room_for_one_card():
    with pytest.raises(UsageError, match="there is a card in the slot: 'sd'"):
        printed_by("", board=EVB, parts=[CARD, {**CARD, "name": "other"}])


def test_a_card_has_a_size_that_cards_have():
    with pytest.raises(UsageError, match=r"sd\.size_mb = 0 should be a whole number from 1 to 32768"):
        printed_by("", board=EVB, parts=[{**CARD, "size_mb": 0}])
