"""``luatwin run`` as a user types it."""

from __future__ import annotations

import json
import re
import threading

import pytest
from PIL import Image

from simulator.testing import small_firmware
from tests.helpers import luatwin

OTA = "lua/demo/ota.lua"
SMALL = ("--image-size", "16K")


def after_boot(console: str) -> str:
    """Return what the script printed: the console from the line before it to the prompt."""
    return console.partition("Executing /autorun.lua ...\r\n")[2].rpartition("\r\n/ > ")[0]


def test_the_limit_of_real_time_does_not_outlive_the_run():
    """It ends the process, which may be that of many runs."""
    before = threading.active_count()
    assert luatwin("run", *SMALL, "--wall-timeout", "1h", "-e", "").code == 0
    assert threading.active_count() == before


def test_numbers_are_those_of_the_board():
    finished = luatwin("run", *SMALL, "-e", "print(1/3, 1<<31, 2147483647+1)")
    assert finished.code == 0
    assert after_boot(finished.out) == "0.3333333\t-2147483648\t-2147483648\r\n"


def test_the_console_shows_rom_banner_and_prompt_in_their_order():
    out = luatwin("run", *SMALL, "-e", "print('hello')").out
    expected = [
        "ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n",
        "entry 0x40080764\r\n",
        "Booting Lua RTOS...\r\r\n\x1b[2J\x1b[1;1H  /\\       /\\\r\r\n",
        "Running from factory partition\r\r\nboard type N1ESP32\r\r\n\r\n",
        "Lua RTOS beta 0.1 powered by Lua 5.3.4\r\n\r\n",
        "Executing /system.lua ...\r\nExecuting /autorun.lua ...\r\nhello\r\n\r\n/ > ",
    ]
    position = 0
    for text in expected:
        position = out.index(text, position) + len(text)
    assert position == len(out)


def test_a_bootloader_at_info_level_says_what_it_does():
    out = luatwin("run", *SMALL, "--boot-log", "info", "-e", "").out
    assert re.search(r"\x1b\[0;32mI \(\d+\) boot: Defaulting to factory image\x1b\[0m\r\n", out)
    assert re.search(r"I \(\d+\) boot: Loaded app from partition at offset 0xa0000", out)


def test_without_a_factory_slot_a_new_board_starts_from_ota_0():
    result = luatwin("run", *SMALL, "--no-factory", "--json", "-e", "").result
    assert result["running"] == "ota_0"


def test_a_board_without_ota_has_one_app_and_refuses_to_update():
    result = luatwin("run", *SMALL, "--board", "N1ESP32", "--json", "-e", "print(pcall(net.ota))").result
    assert result["running"] == "factory"
    assert "false\t150994958:OTA is not enabled in this build" in result["console"]


def test_os_board_tells_the_three_values():
    result = luatwin("run", *SMALL, "--board", "ESP32THING-OTA", "--json", "-e", "print(os.board())").result
    assert after_boot(result["console"]) == "ESP32THING\tOTA\t\r\n"


def test_arguments_after_two_dashes_reach_the_script():
    finished = luatwin("run", *SMALL, "-e", "print(...)", "--", "one", "two words")
    assert after_boot(finished.out) == "one\ttwo words\r\n"


def test_a_lora_network_lets_in_who_has_the_key():
    key = "796B86B4C9DC0252FA32457B1315E284"
    keys = f"lora.setDevEui('02') lora.setAppEui('01') lora.setAppKey('{key}')"
    script = f"lora.attach(868) {keys} lora.join() print('joined')"
    arguments = ("run", *SMALL, "--board", "TTGO-LORA32", "-e", script)
    assert after_boot(luatwin(*arguments, "--lora-key", key).out).endswith("joined\r\n")
    assert "100663299:not joined" in luatwin(*arguments).err


def test_a_folder_becomes_the_whole_file_system(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "greet.lua").write_text("return 'from a module'")
    (tmp_path / "autorun.lua").write_text("package.path = '/lib/?.lua' print(require('greet')) os.ls('/')")
    out = luatwin("run", *SMALL, tmp_path).out
    assert "from a module\r\n" in out
    assert "system.lua" not in out


# -- what can go wrong ------------------------------------------------------------------------------------------------


def test_a_run_time_error_is_shown_with_its_traceback_and_exits_with_1():
    finished = luatwin("run", *SMALL, "-e", "error('boom')")
    assert finished.code == 1
    assert "lua: /autorun.lua:1: boom\r\nstack traceback:\r\n\t[C]: in global 'error'\r\n" in finished.out
    assert "script error: /autorun.lua:1: boom" in finished.err


def test_a_syntax_error_exits_with_1():
    finished = luatwin("run", *SMALL, "-e", "x = = 1")
    assert finished.code == 1
    assert "lua: /autorun.lua:1: unexpected symbol near '='\r\n\r" in finished.out


def test_an_error_in_a_lua_thread_exits_with_1():
    finished = luatwin("run", *SMALL, "-e", "thread.start(function() error('late') end)")
    assert finished.code == 1
    assert "/autorun.lua:1: late\r\n\r" in finished.out


def test_an_error_that_the_boards_log_hides_is_still_told(tmp_path):
    (tmp_path / "autorun.lua").write_text("error('hidden')")  # no system.lua: the log level stays NONE
    finished = luatwin("run", *SMALL, tmp_path)
    assert finished.code == 1
    assert "hidden" not in finished.out
    assert "script error: /autorun.lua:1: hidden" in finished.err


@pytest.mark.parametrize("chunk", ["while true do end", "while true do pcall(tmr.delayms, 10) end"])
def test_a_script_without_end_stops_at_the_time_limit(chunk):
    finished = luatwin("run", *SMALL, "-e", chunk, "--timeout", "2s")
    assert finished.code == 42
    assert "still running after 2.000 s of simulated time" in finished.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--board", "N1ESP23-OTA"], "did you mean N1ESP32-OTA?"),
        (["nowhere.lua"], "nowhere.lua: there is no such script or folder"),
        (["--timeout", "soon"], "'soon' is not a time"),
        (["--speed", "fast"], "--speed 'fast': write max, or a positive number"),
        (["--server", "http://localhost"], "a board speaks only TLS"),
        (["--ap", ":secret"], "write SSID or SSID:PASSWORD"),
        (["--ap", "home:short"], "a password has 8 to 63 characters"),
        (["--lora-key", "12"], "--lora-key '12': an AppKey has 32 hexadecimal digits"),
        (["--publish", "nowhere.bin"], "nowhere.bin: No such file or directory"),
        (["--publish", OTA], "this is no ESP32 image"),
        (["--image-size", "2M"], "the slot factory has room for"),
        (["--flash", "nowhere/f.bin"], "there is no folder nowhere"),
        (["--flash", OTA], "are no flash file"),
        (["--sdkconfig", "nowhere"], "nowhere"),
        (["--screenshot", "nowhere/s.png"], "--screenshot nowhere/s.png: there is no folder nowhere"),
    ],
)
def test_what_a_user_got_wrong_is_named_and_exits_with_2(arguments, message):
    finished = luatwin("run", *SMALL, *arguments, *([] if "nowhere.lua" in arguments else ["-e", ""]))
    assert finished.code == 2
    assert message in finished.err
    assert len(finished.err.splitlines()) <= 3
    assert "Traceback" not in finished.err
    assert finished.out == ""


def test_a_bad_sdkconfig_value_is_named_with_its_line(tmp_path):
    path = tmp_path / "sdkconfig"
    path.write_text('CONFIG_LUA_RTOS_USE_OTA=y\nCONFIG_LUA_RTOS_OTA_SERVER_NAME="https://x/y"\n')
    finished = luatwin("run", "--sdkconfig", path, "-e", "")
    assert finished.code == 2
    assert f"{path}:2" in finished.err


def test_a_flash_file_that_does_not_fit_stays_as_it_was(tmp_path):
    path = tmp_path / "f.bin"
    path.write_bytes(b"not a flash")
    assert luatwin("run", "--flash", path, "-e", "").code == 2
    assert path.read_bytes() == b"not a flash"


def test_an_image_too_large_for_the_slot_is_refused(tmp_path):
    image = tmp_path / "image.bin"
    assert luatwin("image", "build", image, "--size", "1700K").code == 0
    finished = luatwin("run", *SMALL, "--publish", image, "-e", "")
    assert finished.code == 2
    assert "the slot ota_0 has room for" in finished.err


# -- flash that is kept -----------------------------------------------------------------------------------------------


def test_files_written_by_a_script_are_there_in_the_next_run(tmp_path):
    flash = tmp_path / "f.bin"
    write = "local f = io.open('/note.txt', 'w') f:write('kept') f:close()"
    assert luatwin("run", *SMALL, "--flash", flash, "-e", write).code == 0
    assert "kept\r\n" in luatwin("run", *SMALL, "--flash", flash, "-e", "os.cat('/note.txt') print()").out


def test_a_broken_flash_is_a_bricked_board_and_exits_with_3(tmp_path):
    flash = tmp_path / "f.bin"
    flash.write_bytes(b"\xff" * (4 << 20))
    finished = luatwin("run", "--flash", flash)
    assert finished.code == 3
    assert "flash read err, 1000" in finished.out
    assert "nothing bootable" in finished.err


def test_published_firmware_that_is_installed_is_nothing_new(tmp_path):
    image = tmp_path / "image.bin"
    image.write_bytes(small_firmware())
    finished = luatwin("run", OTA, *SMALL, "--publish", image)
    assert finished.code == 0
    assert "No new firmware available" in finished.out


def test_the_event_log_begins_with_its_header_and_ends_with_the_outcome(tmp_path):
    events = tmp_path / "events.ndjson"
    assert luatwin("run", *SMALL, "--events", events, "--seed", "5", "-e", "print(1)").code == 0
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    assert lines[0]["kind"] == "header"
    assert lines[0]["seed"] == 5
    assert lines[1] == {"n": 0, "t": 0, "board": "b0", "kind": "power.on"}
    assert [event["n"] for event in lines[1:]] == list(range(len(lines) - 1))
    assert lines[-1]["kind"] == "end"
    assert lines[-1]["outcome"] == "idle"
    kinds = {event["kind"] for event in lines}
    assert {"reset", "boot.rom", "boot.bootloader", "boot.app", "console"} <= kinds


def test_what_is_on_the_display_at_the_end_is_saved_as_a_picture(tmp_path):
    picture = tmp_path / "screen.png"
    draw = "gdisplay.attach(gdisplay.ST7735, gdisplay.PORTRAIT) gdisplay.clear({255, 0, 0})"
    finished = luatwin("run", *SMALL, "--screenshot", picture, "-e", draw)
    assert (finished.code, finished.err) == (0, "")
    with Image.open(picture) as image:
        assert image.size == (128, 160)
        assert image.getcolors() == [(128 * 160, (255, 0, 0))]


def test_a_second_display_has_a_picture_of_its_own(tmp_path):
    draw = "gdisplay.attach(gdisplay.ST7735)"
    assert (
        luatwin("run", *SMALL, "--board", "WEMOS-ESP32-OLED", "--screenshot", tmp_path / "s.png", "-e", draw).code == 0
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s-display-2.png", "s.png"]


def test_without_a_display_there_is_no_picture(tmp_path):
    finished = luatwin("run", *SMALL, "--screenshot", tmp_path / "s.png", "-e", "")
    assert finished.code == 0
    assert finished.err == f"luatwin: --screenshot {tmp_path}/s.png: nothing has been shown on a display\n"
    assert list(tmp_path.iterdir()) == []


def test_where_pictures_and_events_go_is_no_part_of_what_the_log_says(tmp_path):
    logs = [tmp_path / "a.ndjson", tmp_path / "b.ndjson"]
    draw = "gdisplay.attach(gdisplay.ILI9341) gdisplay.circle(50, 50, 20)"
    for log, options in zip(logs, ([], [f"--screenshot={tmp_path / 'a.png'}"]), strict=True):
        luatwin("run", *SMALL, "--events", log, *options, "-e", draw)
    assert logs[0].read_bytes() == logs[1].read_bytes()
