"""The power of a board: resets and their reasons, what each keeps, deep sleep, panics, boards that do not boot."""

from __future__ import annotations

import re

import pytest
import trio

from simulator.boot.bootloader_image import BOOTLOADER_OFFSET
from simulator.boot.reset import ResetReason
from simulator.device.device import BOOT_ATTEMPTS_MAX
from simulator.device.manufacture import first_app_slot
from simulator.formats.image import Segment, build_image
from simulator.formats.partition_table import TABLE_OFFSET
from tests.device.stage import JOIN, PROMPT, ROM, Stage, on_stage, printed, staged, two_slots

STATE = "print(os.resetreason(), os.bootcount(), os.time() - 1669989664, io.open('/note') ~= nil)"
"""Prints the reset reason, the boot counter, the seconds since the clock was set, and whether there is a file."""


def reasons(stage: Stage) -> list[ResetReason]:
    return [boot.reason for boot in stage.board.boots]


# -- power ------------------------------------------------------------------------------------------------------------


@staged(script=STATE)
async def test_power_that_comes_again_keeps_flash_and_loses_the_rest(stage: Stage) -> None:
    assert await stage.printed() == "1\t1\t0\tfalse\r\n"
    await stage.type(b"io.open('/note', 'w'):close()\r")
    await stage.type(b"os.settime(12, 0, 0, 1, 1, 2030)\r")
    await trio.sleep(100)
    stage.board.power_off()
    await trio.sleep(100)
    assert await stage.printed() == "1\t1\t0\ttrue\r\n"
    assert reasons(stage) == [ResetReason.POWERON_RESET] * 2
    assert stage.kinds("power") == ["power.on", "power.off", "power.on"]


@staged()
async def test_power_can_come_back_at_once(stage: Stage) -> None:
    await stage.boot()
    stage.board.power_off()
    await stage.boot()
    assert stage.kinds("power", "boot.app") == ["power.on", "boot.app", "power.off", "power.on", "boot.app"]
    assert await stage.type(b"1\r") == "1\r\n1\r\n/ > "


@staged(script="while true do end")
async def test_power_can_go_whatever_a_script_does(stage: Stage) -> None:
    stage.power_on()
    await trio.sleep(5)
    stage.board.power_off()
    stage.board.power_off()  # harmless
    await stage.board.is_off.wait()
    length = len(stage.board.console)
    stage.board.receive(b"\x03")
    await trio.sleep(5)
    assert len(stage.board.console) == length
    assert not stage.board.idle.is_set()


@staged()
async def test_power_can_go_at_every_moment_of_a_boot(stage: Stage) -> None:
    for milliseconds in range(0, 200, 7):
        stage.power_on()
        await trio.sleep(milliseconds / 1000)
        stage.board.power_off()
        await stage.board.is_off.wait()
    assert PROMPT in await stage.boot()


def test_a_board_that_has_power_gets_no_second_power():
    async def play(stage: Stage) -> None:
        stage.power_on()
        with pytest.raises(AssertionError):
            stage.power_on()

    on_stage(play)


@staged(script=f"{JOIN}\nlocal t = tmr.attach(1000, print) t:start() thread.start(function() tmr.sleep(1e9//1) end)")
async def test_nothing_of_a_board_goes_on_without_power(stage: Stage) -> None:
    stage.power_on()
    await trio.sleep(10)
    (point,) = stage.world.air
    assert len(point.stations) == 1
    stage.board.power_off()
    await stage.board.is_off.wait()
    events = len(stage.events)
    assert len(point.stations) == 0
    assert not stage.world.network.interface("b0").is_up
    await trio.sleep(1000)
    assert len(stage.events) == events


# -- resets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["os.exit()", "os.exit(0)", "os.exit(true)", "exit", "reboot", "os.factoryreset()"])
def test_a_restart_prints_nothing_and_keeps_the_clock(call):
    async def play(stage: Stage) -> None:
        assert await stage.printed() == "1\t1\t0\tfalse\r\n"
        await trio.sleep(99)
        answer = await stage.type(call.encode() + b"\r")
        assert answer.startswith(f"{call}\r\n{ROM}0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n")
        assert re.fullmatch(r"12\t1\t(99|100)\tfalse\r\n", printed(answer))

    on_stage(play, script=STATE)


@staged(board="N1ESP32")
async def test_without_otadata_there_are_no_factory_settings(stage: Stage) -> None:
    await stage.boot()
    answer = await stage.type(b"os.factoryreset()\r")
    assert "stdin:1: OTA partition not found, reset to factory settings is not possible\r\n" in answer


@staged(board=two_slots())
async def test_a_factory_reset_leaves_otadata_alone(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"os.factoryreset()\r")
    assert len(stage.of_kind("otadata")) == 1  # the one of the first boot


@pytest.mark.parametrize("call", ["os.exit(1)", "os.exit(false)"])
def test_an_exit_with_a_code_is_a_panic(call):
    async def play(stage: Stage) -> None:
        await stage.boot()
        answer = await stage.type(call.encode() + b"\r")
        panic, _, rest = answer.partition(ROM)
        assert re.fullmatch(
            re.escape(f"{call}\r\n")
            + r"abort\(\) was called at PC 0x[0-9a-f]{8} on core 0\r\n"
            + r"\r\nELF file SHA256: [0-9a-f]{64}\r\n"
            + r"\r\nBacktrace: 0x[0-9a-f]{8}:0x[0-9a-f]{8} 0x[0-9a-f]{8}:0x[0-9a-f]{8}\r\n"
            + r"\r\nRebooting\.\.\.\r\n",
            panic,
        )
        assert rest.startswith("0xc (SW_CPU_RESET)")
        assert reasons(stage) == [1, 12]

    on_stage(play)


@staged(script=STATE)
async def test_deep_sleep_keeps_the_boot_counter_and_the_clock(stage: Stage) -> None:
    await stage.boot()
    for count, slept in ((2, 1000), (3, 2000)):
        before = stage.seconds
        stage.board.receive(b"os.sleep(1000)\r")
        await trio.sleep(500)
        stage.board.receive(b"1\r")  # nobody hears it
        await stage.board.finished()
        assert stage.seconds - before == pytest.approx(1000, abs=1)
        assert re.fullmatch(rf"5\t{count}\t{slept // 1000}00[0-3]\tfalse\r\n", printed(stage.console))
    assert "os.sleep(1000)\r\n" + ROM + "0x5 (DEEPSLEEP_RESET)" in stage.console
    await stage.type(b"os.exit()\r")
    assert printed(stage.console).startswith("12\t1\t200")
    assert reasons(stage) == [1, 5, 5, 12]


@staged(script=JOIN)
async def test_a_restart_leaves_the_access_point_without_a_word(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"os.exit()\r")
    assert stage.kinds("wifi.", "reset") == [
        "reset",
        *("wifi.start", "wifi.auth", "wifi.connected", "wifi.got_ip"),
        "reset",
        *("wifi.start", "wifi.auth", "wifi.connected", "wifi.got_ip"),
    ]


@staged(script="print(('x'):rep(2000)) os.exit()", files={"/system.lua": ""})
async def test_a_restart_waits_until_everything_is_sent(stage: Stage) -> None:
    stage.power_on()
    while len(stage.of_kind("reset")) < 2:
        await trio.sleep(0.001)
    sent = stage.console.index("x\r\n") + 3
    assert stage.seconds > sent * 10 / 115_200


# -- boards that do not boot ------------------------------------------------------------------------------------------


@staged()
async def test_without_a_bootloader_the_watchdog_resets_again_and_again(stage: Stage) -> None:
    stage.board.chip.erase(BOOTLOADER_OFFSET, 4096)
    stage.power_on()
    assert not await stage.board.finished()
    assert stage.board.is_bricked
    assert stage.board.why_stuck == (
        f"nothing bootable in {BOOT_ATTEMPTS_MAX} attempts: the ROM tries until the RTC watchdog resets the chip"
    )
    cold, *warm = stage.console.split("ets Jun  8 2016 00:22:57\r\n\r\n")[1:]
    end = ",boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nflash read err, 1000\r\nets_main.c 371 \r\n"
    assert cold == "rst:0x1 (POWERON_RESET)" + end
    assert warm == ["rst:0x10 (RTCWDT_RTC_RESET)" + end] * (BOOT_ATTEMPTS_MAX - 1)
    assert stage.seconds == pytest.approx(0.4 * BOOT_ATTEMPTS_MAX, abs=0.01)
    assert [event["name"] for event in stage.of_kind("reset")] == ["POWERON_RESET"] + ["RTCWDT_RTC_RESET"] * 2


@staged(board=two_slots())
async def test_without_an_app_the_bootloader_resets_again_and_again(stage: Stage) -> None:
    for slot in stage.board.partition_table().app_partitions:
        stage.board.chip.erase(slot.offset, 4096)
    stage.power_on()
    assert not await stage.board.finished()
    assert stage.board.is_bricked
    assert [event["name"] for event in stage.of_kind("reset")] == ["POWERON_RESET"] + ["SW_RESET"] * 2
    assert [event["label"] for event in stage.of_kind("boot.bootloader")] == [None] * 3


@staged()
async def test_a_broken_partition_table_is_the_end_too(stage: Stage) -> None:
    stage.board.chip.erase(TABLE_OFFSET, 4096)
    stage.power_on()
    assert not await stage.board.finished()
    assert stage.board.is_bricked


@staged()
async def test_a_bricked_board_that_is_flashed_again_boots(stage: Stage) -> None:
    snapshot = stage.board.chip.snapshot()
    stage.board.chip.erase(BOOTLOADER_OFFSET, 4096)
    stage.power_on()
    assert not await stage.board.finished()
    stage.board.power_off()
    stage.board.chip.restore(snapshot)
    assert (await stage.boot()).endswith(PROMPT)
    assert not stage.board.is_bricked


@staged()
async def test_boots_that_fail_are_counted_anew_after_one_that_succeeds(stage: Stage) -> None:
    slot, chip = first_app_slot(stage.board.partition_table()), stage.board.chip
    snapshot = chip.snapshot()
    chip.erase(slot.offset, slot.size)
    stage.power_on()
    while len(stage.of_kind("reset")) < BOOT_ATTEMPTS_MAX:
        await trio.sleep(0.001)
    chip.restore(snapshot)
    assert await stage.board.finished()
    chip.erase(slot.offset, slot.size)
    await stage.type(b"os.exit()\r")
    assert stage.board.is_bricked
    assert len(stage.of_kind("reset")) == 2 * BOOT_ATTEMPTS_MAX


@staged()
async def test_an_app_of_somebody_else_boots_and_cannot_run_here(stage: Stage) -> None:
    slot = first_app_slot(stage.board.partition_table())
    stage.board.chip.erase(slot.offset, slot.size)
    stage.board.chip.program(slot.offset, build_image([Segment(0x40080400, b"blinky" * 100)], entry=0x40080400))
    stage.power_on()
    assert not await stage.board.finished()
    assert not stage.board.is_bricked
    assert stage.board.why_stuck.startswith("the app in factory cannot run here: ")
    assert stage.of_kind("boot.app") == [{"label": "factory", "offset": slot.offset, "commit": None}]


@staged()
async def test_the_addresses_of_the_last_panic_are_known_until_a_restart_that_forgets_them(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"os.exit(1)\r")
    printed_frames = re.findall(r"Backtrace: (0x[0-9a-f:x ]+)\r", stage.console)[0]
    assert await stage.type(b"_ = cpu.backtrace(true)\r") == (
        f"_ = cpu.backtrace(true)\r\nBacktrace: {printed_frames}\r\r\n/ > "
    )
    pc, sp = printed_frames.split()[1].split(":")
    said = await stage.type(b"= #_, string.format('0x%08x 0x%08x', _[2].pc, _[2].sp)\r")
    assert f"\r\n2\t{pc} {sp}\r\n" in said
    await stage.type(b"os.exit()\r")
    assert "\r\nBacktrace: none\r\r\n/ > " in await stage.type(b"cpu.backtrace(true)\r")


@staged()
async def test_without_power_the_addresses_are_lost(stage: Stage) -> None:
    await stage.boot()
    await stage.type(b"os.exit(1)\r")
    stage.board.power_off()
    await stage.board.is_off.wait()
    await stage.boot()
    assert "\r\nBacktrace: none\r\r\n/ > " in await stage.type(b"cpu.backtrace(true)\r")
