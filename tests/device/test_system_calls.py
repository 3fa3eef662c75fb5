"""os without files: who the board is, its clock, its log, its memory, and what it prints about itself."""

from __future__ import annotations

import dataclasses
import re

import pytest
import trio

from simulator.boards import load_board
from simulator.console import MASK_AT_BOOT
from tests.device.stage import Stage, printed_by, staged, two_slots

BUILT = 1669989664  # 2 December 2022, 14:01:04
COMMIT = "6b455df4965c2242754a80896562e254ba0ee528"
N1 = load_board("N1ESP32-OTA")

MEMBERS = """
    date difftime clock remove rename time settime tmpname exit execute setlocale getenv factoryreset partitions passwd
    uptime locks exists stdout clear cpu board sleep version ls cd pwd mkdir logcons loglevel syslog rsyslog stats
    format history shell cp cat more dmesg run luarunning luainterpreter resetreason bootcount flashEUI edit df
    LOG_EMERG LOG_ALERT LOG_CRIT LOG_ERR LOG_WARNING LOG_NOTICE LOG_INFO LOG_DEBUG LOG_ALL
"""


def error(call: str, **options: object) -> str:
    """Return the error that a call raises, without its position."""
    text = printed_by(f"print(pcall(function() {call} end))", **options)
    before, after = "false\t/autorun.lua:1: ", "\r\n"
    assert text.startswith(before), text
    assert text.endswith(after), text
    return text[len(before) : -len(after)]


# -- who it is --------------------------------------------------------------------------------------------------------


def test_os_has_these_members_and_no_others():
    assert sorted(printed_by("for name in pairs(os) do print(name) end").split()) == sorted(MEMBERS.split())


def test_log_levels_are_constants():
    names = ["EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG", "ALL"]
    script = "print(" + ", ".join(f"os.LOG_{name}" for name in names) + ")"
    assert printed_by(script) == "0\t1\t2\t3\t4\t5\t6\t7\t255\r\n"


@pytest.mark.parametrize(
    ("board", "values"),
    [
        ("GENERIC", "GENERIC||"),
        ("GENERIC-OTA", "GENERIC|OTA|"),
        ("WHITECAT-ESP32-N1-OTA", "N1ESP32|OTA|"),
        ("WHITECAT-ESP32-LORA-GW", "||"),
        ("M5STACK-OTA", "M5STACK-OTA||"),
        ("ESP32-THING-OTA", "ESP32THING|OTA|"),
    ],
)
def test_os_board(board, values):
    assert (
        printed_by("print(table.concat({os.board()}, '|'), select('#', os.board()))", board=board) == f"{values}\t3\r\n"
    )


def test_os_version():
    assert printed_by("print(os.version())") == f"Lua RTOS\tbeta 0.1\t{BUILT}\t{COMMIT}\r\n"


@pytest.mark.parametrize(
    ("revision", "text"), [(0, "ESP32 rev 0"), (1, "ESP32 rev 1 rev A1"), (3, "ESP32 rev 3 rev A3")]
)
def test_os_cpu(revision, text):
    board = dataclasses.replace(N1, chip=dataclasses.replace(N1.chip, revision=revision))
    assert printed_by("print(os.cpu())", board=board) == f"{text}\r\n"


@staged(board=dataclasses.replace(N1, read_flash_eui=True), script="print(os.flashEUI())")
async def test_the_flash_id_of_a_build_that_reads_it(stage: Stage) -> None:
    assert await stage.printed() == stage.board.flash_unique_id.hex() + "\r\n"


def test_the_flash_id_of_a_build_that_does_not_read_it():
    assert printed_by("print(os.flashEUI())", board=dataclasses.replace(N1, read_flash_eui=False)) == "nil\r\n"


def test_state_of_the_interpreter():
    script = "print(os.luarunning(), os.luainterpreter(), os.bootcount(), os.resetreason())"
    assert printed_by(script) == "true\tfalse\t1\t1\r\n"


@staged()
async def test_at_the_prompt_the_interpreter_is_there(stage: Stage) -> None:
    await stage.boot()
    assert await stage.type(b"os.luainterpreter()\r") == "os.luainterpreter()\r\ntrue\r\n/ > "


HEADER = "TYPE:SUB\t ADDRESS\t  LENGTH\tENC\tLABEL"
DATA = [
    "0x01:0x02\t   36864\t   24576\tN\tnvs",
    "0x01:0x40\t   61440\t  524288\tN\tstorage",
]


def test_partitions_of_a_board_with_two_slots():
    assert printed_by("os.partitions()", board=two_slots()).splitlines() == [
        HEADER,
        "0x00:0x10\t  655360\t 1769472\tN\tota_0 < boot < running",
        "0x00:0x11\t 2424832\t 1769472\tN\tota_1",
        *DATA,
        "0x01:0x00\t  585728\t    8192\tN\totadata",
    ]


def test_partitions_of_a_board_without_ota():
    rows = printed_by("os.partitions()", board="N1ESP32").splitlines()
    assert rows == [HEADER, "0x00:0x00\t  589824\t 3604480\tN\tfactory < running", *DATA]


# -- the clock --------------------------------------------------------------------------------------------------------


def test_the_clock_begins_with_the_build():
    assert printed_by(f"print(os.time() - {BUILT} < 2, os.date('%d %b %Y'))") == "true\t02 Dec 2022\r\n"


def test_the_clock_runs():
    assert printed_by("local began = os.time() tmr.sleep(3600) print(os.time() - began)") == "3600\r\n"


@pytest.mark.parametrize(
    "call",
    [
        "os.settime(12, 30, 15, 6, 7, 2021)",
        "os.settime(12, 30, 15, 6, 7, 2021, 0)",
        "os.settime({hour = 12, min = 30, sec = 15, month = 6, day = 7, year = 2021})",
    ],
)
def test_the_clock_can_be_set(call):
    script = f"print({call}) tmr.sleepms(900) print(os.date('%d.%m.%Y %H:%M:%S')) tmr.sleepms(200) print(os.date('%S'))"
    assert printed_by(script).splitlines() == ["1623069015", "07.06.2021 12:30:15", "16"]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("os.settime(12, 30, 15, 6, 7, 4000)", "parameters given cannot be set as system time"),
        ("os.settime(12, 30, 15, 6, 7)", "bad argument #6 to 'settime' (number expected, got no value)"),
        ("os.settime({year = 2020, month = 1})", "field 'day' missing in date table"),
        ("os.settime('now')", "bad argument #1 to 'settime' (table expected, got string)"),
        ("os.time({year = 2020, month = 1.5, day = 1})", "field 'month' is not an integer"),
        ("os.time({year = 4000, month = 1, day = 1})", "time result cannot be represented in this installation"),
        ("os.date('%Ez')", "bad argument #1 to 'date' (invalid conversion specifier '%Ez')"),
        ("os.sleep()", "bad argument #1 to 'sleep' (number expected, got no value)"),
        ("os.loglevel(8)", "invalid flag"),
        ("os.loglevel(3, -1)", "invalid flag"),
        ("os.shell(1)", "bad argument #1 to 'shell' (boolean expected, got number)"),
        ("os.dmesg()", "logging disabled or not available"),
        ("os.tmpname()", "unable to generate a unique filename"),
    ],
)
def test_errors(call, text):
    assert error(call) == text


def test_time_and_its_table_are_each_others_inverse():
    script = """
        local t = {year = 2024, month = 14, day = -3, hour = 25}
        local epoch = os.time(t)
        print(epoch, t.year, t.month, t.day, t.hour, t.min, t.sec, t.isdst, t.wday, t.yday)
        print(os.time(os.date('*t', epoch)) == epoch, os.difftime(epoch, epoch - 90))
    """
    assert printed_by(script).splitlines() == ["1738112400\t2025\t1\t29\t1\t0\t0\tfalse\t4\t29", "true\t90.0"]


def test_the_processor_clock_has_milliseconds():
    assert printed_by("tmr.sleepus(1234500) local c = os.clock() print(c * 1000 // 1 == c * 1000)") == "true\r\n"


#: tmr.sleep counts microseconds in 32 bits, which is 71 minutes.
SLEEP = "local function sleep(s) while s > 0 do tmr.sleep(math.min(s, 3600)) s = s - 3600 end end"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "14:01 up  0:00:00"),
        (3723, "15:03 up  1:02:03"),
        (86_400, "14:01 up 1 day  0:00:00"),
        (3 * 86_400 + 36_000, "00:01 up 3 day 10:00:00"),
    ],
)
def test_uptime(seconds, text):
    assert printed_by(f"{SLEEP} sleep({seconds}) os.uptime()") == f"{text}\r\r\n"


def test_uptime_as_a_table():
    script = f"""
        {SLEEP} sleep(90061)
        local t = os.uptime(true)
        print(t.current, t.days, t.hours, t.mins, t.secs)
    """
    assert printed_by(script) == "15:02\t1\t1\t1\t1\r\n"


# -- the log ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["NONE", "ERROR", "WARN", "INFO", "DEBUG"])
def test_the_mask_after_boot_is_that_of_the_build(level):
    board = dataclasses.replace(N1, log_level=level)
    assert printed_by("print(os.loglevel())", board=board, files={"/system.lua": ""}) == f"{MASK_AT_BOOT[level]}\r\n"


def test_levels_add_up():
    script = (
        "for _, levels in ipairs {{0}, {1, 5}, {255}} do os.loglevel(table.unpack(levels)) print(os.loglevel()) end"
    )
    assert printed_by(script).split() == ["1", "63", "255"]


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        ("msg", "msg\r\r\n"),
        ("msg\\r\\n", "msg\r\r\n"),
        ("msg\\n", "msg\r\n\r"),
        ("msg\\n\\n", "msg\r\n\r\n"),
        ("msg\\r", "msg\r\r\r\n"),
    ],
)
def test_a_message_of_the_log_on_the_wire(message, wire):
    assert printed_by(f"os.syslog('{message}')") == wire


def test_the_mask_decides_what_is_shown_of_the_log():
    script = """
        os.loglevel(os.LOG_WARNING)
        for level = 0, 7 do os.syslog(tostring(level), level) end
        os.logcons(false) print(os.logcons()) os.syslog('unseen', 0)
        os.logcons(true) print(os.logcons())
    """
    assert printed_by(script) == "".join(f"{level}\r\r\n" for level in range(5)) + "false\r\ntrue\r\n"


# -- the rest ---------------------------------------------------------------------------------------------------------


def test_switches():
    script = """
        for _, name in ipairs {'shell', 'history', 'logcons'} do
          local before = os[name]()
          print(name, before, select('#', os[name](false)), os[name]())
          os[name](before)
        end
    """
    assert printed_by(script).splitlines() == [
        "shell\ttrue\t0\tfalse",
        "history\ttrue\t0\tfalse",
        "logcons\ttrue\t0\tfalse",
    ]


def test_memory():
    script = """
        local before = os.stats('mem')
        local t = {} for i = 1, 1000 do t[i] = {} end
        print(before - os.stats('mem') > 20000, math.type(before))
        t = nil
        print(before - os.stats('mem') < 5000)
        os.stats()
    """
    found = re.fullmatch(r"true\tinteger\r\ntrue\r\nFree mem: (\d+)\r\nFree mem min: (\d+)\r\n", printed_by(script))
    assert found
    free, least = map(int, found.groups())
    assert least < free - 15_000


def test_little_things():
    script = """
        print(os.getenv('PATH'), os.getenv('HOME'), select('#', os.execute('rm -rf /')))
        print(os.setlocale(), os.setlocale('de'))
        os.clear()
        os.run("print('run')")
    """
    assert printed_by(script) == "/\tnil\t0\r\nC\tnil\r\n\x1b[2J\x1b[1;1Hrun\r\n"


@staged(script="print(...)", arguments=("one", "two words"))
async def test_arguments_of_the_script(stage: Stage) -> None:
    assert await stage.printed() == "one\ttwo words\r\n"


@staged(script="os.sleep(-5)")
async def test_a_negative_sleep_is_none(stage: Stage) -> None:
    stage.power_on()
    await trio.sleep(5)
    assert len(stage.board.boots) > 2


@staged(script="if os.resetreason() == 1 then try(function() error({}) end) end print('started again')")
async def test_an_error_that_is_no_text_ends_the_firmware_in_try(stage: Stage) -> None:
    await stage.boot()
    assert "Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.\r\n" in stage.console
    assert stage.console.endswith("started again\r\n\r\n/ > ")
    assert [boot.reason.name for boot in stage.board.boots] == ["POWERON_RESET", "SW_CPU_RESET"]
