"""ulp, as a script has it. Of the stock builds one has room for a program."""

from __future__ import annotations

import struct

import pytest

from tests.device.stage import Stage, on_stage, printed_by

BOARD = "TRAVIS-ESP32-EVB-OTA"
MAGIC = 0x00706C75


def program(text: bytes = b"\1\0\0\0\2\0\0\0", data: bytes = b"\3\0\4\0", bss: int = 4, magic: int = MAGIC) -> bytes:
    """A program as the coprocessor's tools make it."""
    return struct.pack("<IHHHH", magic, 12, len(text), len(data), bss) + text + data


def printed(script: str, contents: bytes = program(), board: str = BOARD) -> list[str]:
    """What a script prints on a board that has a file ``/p``, without positions."""
    files = {"/p": contents, "/system.lua": ""}
    return printed_by(script, board=board, files=files).replace("/autorun.lua:1: ", "").split("\r\n")[:-1]


@pytest.mark.parametrize(
    ("contents", "arguments", "text"),
    [
        (b"", "'/p'", "486539265:can't load ulp binary: invalid size"),
        (program()[:11], "'/p'", "486539265:can't load ulp binary: invalid size"),
        (program(magic=1), "'/p'", "486539267:can't load ulp binary: invalid binary"),
        (program() + b"more", "'/p'", "486539265:can't load ulp binary: invalid size"),
        (program(), "'/p', 129", "486539266:can't load ulp binary: invalid load addr"),
        (program(), "'/p', -1", "486539266:can't load ulp binary: invalid load addr"),
        (program(), "'/p', 128", "486539265:can't load ulp binary: invalid size"),
        (program(bytes(500)), "'/p'", "cannot load binary file, maximum allowed size is 512"),
        (program(), "{}", "bad argument #1 to 'load' (string expected, got table)"),
    ],
)
def test_programs_are_refused_in_the_words_of_the_device(contents: bytes, arguments: str, text: str) -> None:
    assert printed(f"print(select(2, pcall(function() ulp.load({arguments}) end)))", contents) == [text]


def test_a_file_that_is_not_there_is_no_error_but_a_result() -> None:
    assert printed("print(ulp.load('/nothing'))") == ["nil\t/nothing: No such file or directory\t2"]


def test_most_builds_have_no_room_for_a_program() -> None:
    assert printed("print(select(2, pcall(function() ulp.load('/p') end)))", board="GENERIC") == [
        "cannot load binary file, maximum allowed size is 0"
    ]


def test_variables_of_a_program_are_words_of_which_sixteen_bits_count() -> None:
    script = """
        ulp.valueat(0x50000010, 0xffff) print(ulp.load("/p", 1))
        for a = 0, 0x14, 4 do io.write(ulp.valueat(0x50000000 + a), " ") end print()
        local v = ulp.assign(0x50000004) print(v:address(), v:value())
        v:value(0x12345) print(v:value(), ulp.valueat(v:address()))
        v:address(0x5000000c) print(v:address(), v:value(), v)
        print(ulp.run(), ulp.run(1), ulp.settimer(1000, 2), ulp.stop())
    """
    lines = printed(script)
    assert lines[:5] == ["", "0 1 2 3 0 0 ", "1342177284\t1", "9029\t9029", lines[4]]
    assert lines[4].startswith("1342177292\t3\tulp.var: 0x")
    assert lines[5:] == ["nil\tnil\tnil"]


def test_memory_outlives_every_reset_but_that_of_power() -> None:
    script = """
        if cpu.resetreason() == cpu.RESET_POWERON then ulp.valueat(0x50000100, 42) os.exit() end
        if cpu.resetreason() == cpu.RESET_SW_CPU then cpu.sleep(1) end
        print(cpu.resetreason(), ulp.valueat(0x50000100))
    """
    assert printed(script) == ["5\t42"]

    async def play(stage: Stage) -> str:
        await stage.boot()
        stage.board.power_off()
        return await stage.printed()

    assert on_stage(play, script="print(ulp.valueat(0x50000100)) ulp.valueat(0x50000100, 42)", board=BOARD) == "0\r\n"


@pytest.mark.parametrize(
    ("call", "reason", "address"),
    [
        ("ulp.valueat(0)", "LoadProhibited", 0),
        ("ulp.valueat(0x50002000, 1)", "StoreProhibited", 0x50002000),
        ("ulp.assign(-4):value()", "LoadProhibited", 0xFFFFFFFC),
        ("ulp.assign(0x50000002):value(1)", "LoadStoreAlignment", 0x50000002),
    ],
)
def test_other_addresses_stop_the_processor(call: str, reason: str, address: int) -> None:
    console = on_stage(Stage.boot, board=BOARD, script=f"if os.resetreason() == 1 then {call} end")
    assert f"panic'ed ({reason})" in console
    assert f"EXCVADDR: 0x{address:08x}" in console


def test_the_converter_is_set_up_as_for_a_script() -> None:
    script = """
        ulp.enableadc(0) ulp.enableadc(36, 9, 0, 1100) os.locks()
        print(pcall(ulp.enableadc, 8)) print(pcall(ulp.enableadc, 0, 8)) print(pcall(ulp.enableadc, 0, 0, 1))
    """
    lines = printed(script)
    assert "  gpio36 locked by adc0\r" in lines
    assert lines[-3:] == [
        "false\t16777217:invalid channel",
        "false\t16777218:invalid resolution",
        "false\t16777222:vref value setup not allowed for this ADC",
    ]
