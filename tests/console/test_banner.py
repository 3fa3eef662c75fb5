from __future__ import annotations

from simulator.console import banner
from simulator.console.newline import to_wire
from simulator.console.syslog import Log

COMMIT = "6b455df4965c2242754a80896562e254ba0ee528"

LOGO_ON_THE_WIRE = (
    b"\x1b[2J\x1b[1;1H  /\\       /\\\r\r\n /  \\_____/  \\\r\r\n/_____________\\\r\r\nW H I T E C A T\r\r\n\r\r\n"
)


def cpu_message() -> bytes:
    features = ("2.4GHz WiFi", "Bluetooth LE", "Bluetooth Classic")
    return banner.cpu_message(model="ESP32", revision=1, frequency_mhz=240, cores=2, features=features)


def boot_until_interpreter(mask: int, *, board_type: str = "N1ESP32", partition: str = "ota_0") -> bytes:
    """The console of a board with SPIFFS from reset to the interpreter's line, as the device glues it together."""
    log = Log(mask)
    shown = banner.BOOTING + banner.CLEAR_SCREEN
    shown += banner.banner(build_time=1669989664, commit=COMMIT, partition=partition, board_type=board_type)
    shown += log.write(6, cpu_message())
    shown += log.write(6, banner.flash_eui_message(bytes.fromhex("d66420c39b5b2c31")))
    for level, message in banner.spiffs_mount_messages(offset=0xF000, size_bytes=512 * 1024, formatted=False):
        shown += log.write(level, message)
    return to_wire(shown + banner.LINE + banner.INTERPRETER)


def test_boot_of_a_board_with_log_level_none() -> None:
    assert boot_until_interpreter(0x01) == (
        b"Booting Lua RTOS...\r\r\n" + LOGO_ON_THE_WIRE + b"Lua RTOS beta 0.1. Copyright (C) 2015 - 2020 "
        b"whitecatboard.org\r\r\n"
        b"\r\r\n"
        b"build 1669989664\r\r\n"
        b"commit 6b455df4965c2242754a80896562e254ba0ee528\r\r\n"
        b"Running from ota_0 partition\r\r\n"
        b"board type N1ESP32\r\r\n"
        b"\r\n"
        b"Lua RTOS beta 0.1 powered by Lua 5.3.4\r\n"
    )


def test_boot_with_log_level_info_shows_chip_flash_and_file_system() -> None:
    assert boot_until_interpreter(0x7F).endswith(
        b"board type N1ESP32\r\r\n"
        b"cpu ESP32 rev 1 at 240 Mhz, 2 Cores, 2.4GHz WiFi, Bluetooth LE, Bluetooth Classic\r\r\n"
        b"flash EUI d66420c39b5b2c31\r\r\n"
        b"spiffs start address at 0xf000, size 512 Kb\r\r\n"
        b"spiffs mounted on /\r\r\n"
        b"\r\n"
        b"Lua RTOS beta 0.1 powered by Lua 5.3.4\r\n"
    )


def test_a_board_without_type_keeps_the_blank() -> None:
    assert b"board type \r\r\n" in boot_until_interpreter(0x01, board_type="")


def test_a_blank_storage_partition_shows_one_error_on_boards_that_show_errors() -> None:
    log = Log(0x0F)
    messages = banner.spiffs_mount_messages(offset=0xF000, size_bytes=512 * 1024, formatted=True)
    shown = b"".join(log.write(level, message) for level, message in messages)
    assert to_wire(shown) == b"spiffs no file system detected, formating...\r\r\n"


def test_lfs_tells_its_geometry() -> None:
    messages = banner.lfs_mount_messages(
        offset=0xF000, size_bytes=0x80000, block_bytes=4096, read_bytes=1024, program_bytes=1024, formatted=True
    )
    assert [message for _, message in messages] == [
        b"lfs start address at 0xf000, size 512 Kb",
        b"lfs 128 blocks, 4096 bytes/block, 1024 bytes/read, 1024 bytes/write",
        b"lfs formatting ...",
        b"lfs mounted on /",
    ]


def test_one_core_and_no_radio_are_told_as_well() -> None:
    message = banner.cpu_message(model="ESP32", revision=0, frequency_mhz=160, cores=1, features=("flash memory",))
    assert message == b"cpu ESP32 rev 0 at 160 Mhz, 1 Core, flash memory"


def test_boot_scripts_are_announced_in_order() -> None:
    shown = banner.LINE + b"".join(map(banner.executing, banner.BOOT_SCRIPTS)) + banner.LINE
    assert to_wire(shown) == b"\r\nExecuting /system.lua ...\r\nExecuting /autorun.lua ...\r\n\r\n"


def test_aborted_boot_scripts_have_a_line_of_their_own() -> None:
    assert to_wire(banner.BOOT_SCRIPTS_ABORTED) == b"Lua RTOS-boot-scripts-aborted-ESP32\r\r\n"
