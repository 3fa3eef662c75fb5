"""The two pins that an adapter pulls: EN, which holds the chip in reset, and GPIO0, which the ROM looks at then."""

from __future__ import annotations

import trio

from tests.device.stage import PROMPT, ROM, staged


@staged(script="print(os.resetreason(), os.bootcount(), os.time() < 1e9)")
async def test_the_reset_button_is_a_power_on_for_the_chip(stage):
    await stage.boot()
    stage.board.hold_in_reset()
    stage.board.release_from_reset()
    await stage.board.finished()
    assert stage.console.count("rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)") == 2
    assert stage.console.count("1\t1\tfalse\r\n") == 2
    assert [boot.reason.name for boot in stage.board.boots] == ["POWERON_RESET"] * 2


@staged(script="settings = 1 while true do end")
async def test_a_reset_ends_what_no_ctrl_c_would_end(stage):
    stage.power_on()
    await trio.sleep(1)
    stage.board.hold_in_reset()
    await trio.sleep(1)
    assert stage.kinds("reset", "boot.app") == ["reset", "boot.app"]
    stage.board.release_from_reset()
    await trio.sleep(0.1)
    stage.board.receive(b"\x04")
    await stage.board.finished()
    assert await stage.type(b"settings\r") == f"settings\r\nnil\r\n{PROMPT}"


@staged()
async def test_a_chip_that_is_held_in_reset_says_nothing_and_hears_nothing(stage):
    await stage.boot()
    stage.board.hold_in_reset()
    await trio.sleep(10)
    before = stage.console
    stage.board.receive(b"print(1)\r")
    await trio.sleep(10)
    assert stage.console == before


@staged()
async def test_a_chip_that_is_held_before_it_gets_power_starts_when_it_is_released(stage):
    stage.board.hold_in_reset()
    stage.power_on()
    await trio.sleep(10)
    assert stage.console == ""
    stage.board.release_from_reset()
    assert await stage.board.finished()
    assert stage.console.startswith(ROM)


@staged()
async def test_with_gpio0_low_at_a_reset_the_rom_waits_for_esptool_until_the_next_one(stage):
    await stage.boot()
    stage.board.gpio0_low = True
    assert await stage.type(b"print(1)\r") == f"print(1)\r\n1\r\n{PROMPT}"
    before = len(stage.console)
    stage.board.hold_in_reset()
    stage.board.release_from_reset()
    stage.board.gpio0_low = False
    await trio.sleep(60)
    assert stage.console[before:] == (
        "ets Jun  8 2016 00:22:57\r\n\r\n"
        "rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\nwaiting for download\r\n"
    )
    stage.board.hold_in_reset()
    stage.board.release_from_reset()
    assert await stage.board.finished()
    assert stage.console.endswith(PROMPT)


@staged(script="os.exit()")
async def test_a_restart_by_software_does_not_look_at_gpio0_again(stage):
    stage.board.gpio0_low = False
    stage.power_on()
    await trio.sleep(0.1)
    stage.board.gpio0_low = True
    await trio.sleep(1)
    assert "rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)" in stage.console
    assert "waiting for download" not in stage.console
