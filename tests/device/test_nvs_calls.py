"""nvs: what scripts store, where it lies in flash, and how long it lives."""

from __future__ import annotations

import pytest
import trio

from simulator.flash import Nvs, PartitionView
from simulator.formats import PartitionTable
from simulator.formats.nvs import Item, ItemType, PageHeader, PageState
from simulator.formats.partition_table import TABLE_BYTES, TABLE_OFFSET, TABLE_SECTOR_BYTES
from simulator.nvs import NvsEntry
from tests.device.stage import ROM, Stage, on_stage, printed_by, staged
from tests.helpers import luatwin

SMALL = ("--board", "ESP32-CORE-BOARD-OTA")
LONG = "sixteen_letters_"
PROBE = 'print(nvs.exists("ns", "key"), nvs.rm("ns", "key"), select("#", nvs.read("ns", "key", 1)))'
CORRUPT_HEAP = "CORRUPT HEAP: multi_heap.c:477 detected at 0x"


def stored(stage: Stage) -> list[NvsEntry]:
    """Return what is in the board's NVS, as the next start will find it."""
    partition = stage.board.partition_table().find("nvs")
    assert partition is not None
    nvs = Nvs(PartitionView(stage.board.chip, partition))
    nvs.init()
    return list(nvs.entries())


def write_partition(stage: Stage, contents: bytes) -> None:
    partition = stage.board.partition_table().find("nvs")
    assert partition is not None
    stage.board.chip.erase(partition.offset, partition.size)
    stage.board.chip.program(partition.offset, contents)


def printed_lines(script: str) -> list[str]:
    return printed_by(script).replace("\r", "").splitlines()


# -- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("7", "integer\t7"),
        ("1 << 31", "integer\t-2147483648"),
        ("1.5", "float\t1.5"),
        ("3.0", "float\t3.0"),
        ("true", "nil\ttrue"),
        ("false", "nil\tfalse"),
        ("'text'", "nil\ttext"),
        ("''", "nil\t"),
        ("'up to\\0here'", "nil\tup to"),
        ("'\\xff\\x80'", "nil\t\\xff\\x80"),
        ("('x'):rep(5000):len()", "integer\t5000"),
        ("nil", "nil\tnil"),
    ],
)
def test_a_value_comes_back_with_its_type(value, shown):
    script = f'nvs.write("ns", "key", {value}) local v = nvs.read("ns", "key", "default") print(math.type(v), v)'
    assert printed_lines(script) == [shown]


def test_a_text_over_two_pages_comes_back():
    assert printed_lines('nvs.write("n", "k", ("x"):rep(6000)) print(#nvs.read("n", "k"))') == ["6000"]


def test_nil_is_a_value():
    script = """
        print(nvs.exists("ns", "key"))
        nvs.write("ns", "key", nil)
        print(nvs.exists("ns", "key"), nvs.read("ns", "key", "default"))
    """
    assert printed_lines(script) == ["false", "true\tnil"]


def test_write_returns_nothing_and_read_takes_numbers_as_names():
    script = 'print(select("#", nvs.write(1, 2, 3))) print(nvs.read("1", 2))'
    assert printed_lines(script) == ["0", "3"]


@staged(
    script="""
        nvs.write("ns", "integer", -2)
        nvs.write("ns", "number", 1.5)
        nvs.write("ns", "boolean", true)
        nvs.write("ns", "nil", nil)
        nvs.write("ns", "string", "text")
    """
)
async def test_values_are_blobs_with_a_tag(stage):
    await stage.boot()
    assert stored(stage) == [
        NvsEntry("ns", "integer", "blob", b"\x01\xfe\xff\xff\xff"),
        NvsEntry("ns", "number", "blob", b"\x02\x00\x00\xc0\x3f"),
        NvsEntry("ns", "boolean", "blob", b"\x03\x01\x00\x00\x00"),
        NvsEntry("ns", "nil", "blob", b"\x04\x00"),
        NvsEntry("ns", "string", "blob", b"\x05text\x00"),
    ]
    assert stage.of_kind("nvs.set") == [
        {"namespace": "ns", "key": kind, "type": kind} for kind in ("integer", "number", "boolean", "nil", "string")
    ]


def test_blobs_of_others_are_read_as_far_as_they_go():
    contents = {"unknown": b"\x09abc", "empty": b"", "short": b"\x01\x05", "no_end": b"\x05text"}

    async def play(stage: Stage) -> str:
        partition = stage.board.partition_table().find("nvs")
        assert partition is not None
        nvs = Nvs(PartitionView(stage.board.chip, partition))
        nvs.init()
        for key, blob in contents.items():
            nvs.put(NvsEntry("ns", key, "blob", blob))
        nvs.put(NvsEntry("ns", "number", "u8", 5))
        return await stage.printed()

    script = """
        for _, key in ipairs {"unknown", "empty", "short", "no_end"} do
            print(key, nvs.read("ns", key, "default"), (nvs.read("ns", key)))
        end
        print(nvs.exists("ns", "number"), nvs.read("ns", "number", "default"))
    """
    assert on_stage(play, script=script).replace("\r", "").splitlines() == [
        "unknown\tdefault\tunknown",  # an unknown tag: whatever argument is the last one
        "empty\tdefault\tempty",
        "short\t5\t5",
        "no_end\ttext\ttext",
        "false\tdefault",
    ]


# -- what is not there, and what is wrong -----------------------------------------------------------------------------


def test_a_missing_value_is_the_default_or_an_error():
    script = """
        nvs.write("ns", "key", 1)
        for _, names in ipairs {{"ns", "other"}, {"none", "key"}} do
            print(nvs.read(names[1], names[2], "default"), nvs.read(names[1], names[2], nil))
            print(pcall(nvs.read, names[1], names[2]))
            print(pcall(nvs.read, names[1], names[2], 1, 2))
            print(nvs.exists(names[1], names[2]), nvs.rm(names[1], names[2]))
        end
    """
    missing = "false\t261:key not found"
    assert printed_lines(script) == ["default\tnil", missing, missing, "false\tfalse"] * 2


@staged(script='print(nvs.exists("ns", "key"), nvs.rm("ns", "key"))')
async def test_removing_from_a_namespace_that_is_not_there_creates_it(stage):
    assert await stage.printed() == "false\tfalse\r\n"
    assert stage.of_kind("nvs.erase") == []
    writes = [event for event in stage.of_kind("flash.write") if 0x9000 <= event["addr"] < 0xF000]
    assert [event["addr"] for event in writes] == [0x9000, 0x9040, 0x9020]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("nvs.write('ns', 'key')", "missing arguments"),
        ("nvs.write('ns', 'key', 1, 2)", "missing arguments"),
        ("nvs.write()", "missing arguments"),
        ("nvs.write({}, 'key', 1)", "bad argument #1 to 'write' (string expected, got table)"),
        ("nvs.write('ns', nil, 1)", "bad argument #2 to 'write' (string expected, got nil)"),
        ("nvs.write('ns', 'key', {})", "value of unsupported type"),
        ("nvs.write('ns', 'key', print)", "value of unsupported type"),
        ("nvs.read('ns')", "missing arguments"),
        ("nvs.read('ns', true)", "bad argument #2 to 'read' (string expected, got boolean)"),
        ("nvs.read('ns', 'key')", "261:key not found"),
        ("nvs.exists('ns')", "missing arguments"),
        ("nvs.rm('ns')", "missing arguments"),
        ("nvs.rm(nil, 'key')", "bad argument #1 to 'rm' (string expected, got nil)"),
    ],
)
def test_errors_have_the_known_texts_and_the_position_of_the_call(call, text):
    finished = luatwin("run", *SMALL, "-e", call)
    assert finished.code == 1
    assert f"script error: /autorun.lua:1: {text}\n" in finished.err


def test_reading_after_a_removal_fails_once_in_spite_of_a_default():
    """Removing erases one chunk of the blob; reading finds that out too late for the default, and erases the rest."""
    script = """
        nvs.write("ns", "key", 1)
        print(nvs.rm("ns", "key"))
        print(pcall(nvs.read, "ns", "key", "default"))
        print(nvs.read("ns", "key", "default"))
        nvs.write("ns", "key", 2)
        print(nvs.rm("ns", "key"), nvs.exists("ns", "key"), nvs.read("ns", "key", "default"))
    """
    assert printed_lines(script) == ["true", "false\t261:key not found", "default", "true\tfalse\tdefault"]


@staged(script='nvs.write("ns", "key", 1) nvs.rm("ns", "key")')
async def test_a_removal_is_told(stage):
    await stage.boot()
    assert stage.of_kind("nvs.erase") == [{"namespace": "ns", "key": "key"}]


def test_names_that_are_too_long_are_just_not_found():
    script = f"""
        print(select("#", nvs.read("ns", "{LONG}", 1)), nvs.exists("{LONG}", "key"), nvs.rm("{LONG}", "key"))
    """
    assert printed_lines(script) == ["1\tfalse\tfalse"]


@pytest.mark.parametrize(
    "call",
    [
        f"nvs.write('{LONG}', 'key', 1)",
        f"nvs.write('ns', '{LONG}', 1)",
        "nvs.write('ns', 'key', ('x'):rep(20000))",  # more than five pages
    ],
    ids=["namespace", "key", "value"],
)
def test_a_write_that_fails_without_a_text_gives_memory_back_twice(call):
    async def play(stage: Stage) -> tuple[str, list[int]]:
        await stage.boot()
        return stage.console, [int(boot.reason) for boot in stage.board.boots]

    once = f'if not nvs.exists("test", "done") then nvs.write("test", "done", true) {call} end print("again")'
    console, reasons = on_stage(play, script=once)
    assert reasons == [1, 12]  # power-on, then the panic
    panic = console[console.index(CORRUPT_HEAP) :]
    assert "\r\nabort() was called at PC 0x" in panic
    assert "\r\nRebooting...\r\n" in panic
    assert console.endswith("again\r\n\r\n/ > ")


@staged(script=PROBE)
async def test_a_board_without_the_partition_has_no_values(stage):
    chip = stage.board.chip
    renamed = chip.read(TABLE_OFFSET, TABLE_BYTES).replace(b"nvs", b"NVS")
    table = PartitionTable.as_read_by_app(renamed)
    chip.erase(TABLE_OFFSET, TABLE_SECTOR_BYTES)
    chip.program(TABLE_OFFSET, table.to_bytes())
    assert await stage.printed() == "false\tfalse\t0\r\n"


# -- how long they live -----------------------------------------------------------------------------------------------


COUNTING = """
    local count = nvs.read("boots", "count", 0) + 1
    nvs.write("boots", "count", count)
    print("boot " .. count)
"""


@staged(script=COUNTING + "if count < 4 then os.exit() end")
async def test_values_survive_restarts(stage):
    await stage.boot()
    assert len(stage.board.boots) == 4
    assert "boot 4\r" in stage.console


@staged(script=COUNTING + "if count < 3 then os.sleep(5) end")
async def test_values_survive_deep_sleep(stage):
    await stage.boot()
    assert "boot 3\r" in stage.console


@staged(script=COUNTING)
async def test_values_survive_the_power_being_cut(stage):
    for boot in (1, 2, 3):
        await stage.boot()
        assert f"boot {boot}\r" in stage.console
        stage.board.power_off()


@staged(script=COUNTING)
async def test_values_are_those_in_flash_whoever_put_them_there(stage):
    await stage.boot()
    earlier = stage.board.chip.snapshot()
    for boot in (2, 3):
        stage.board.power_off()
        assert f"boot {boot}\r" in (await stage.boot()).rpartition(ROM)[2]
    stage.board.power_off()
    stage.board.chip.restore(earlier)
    assert "boot 2\r" in (await stage.boot()).rpartition(ROM)[2]


@staged(script='nvs.write("ns", "key", 1) while true do nvs.write("ns", "key", nvs.read("ns", "key") + 1) end')
async def test_flash_operations_take_time(stage):
    stage.power_on()
    await trio.sleep(5)
    stage.board.power_off()
    (entry,) = stored(stage)
    assert isinstance(entry.value, bytes)
    count = int.from_bytes(entry.value[1:], "little")
    assert 1000 < count < 5000  # about a millisecond and a half each, and 45 more for a collection every 40


def test_run_with_a_flash_file_twice(tmp_path):
    flash = tmp_path / "flash.bin"
    for boot in (1, 2):
        finished = luatwin("run", *SMALL, "--flash", flash, "-e", COUNTING.replace("\n", " "))
        assert finished.code == 0, finished.err
        assert f"boot {boot}\r" in finished.out


# -- a damaged partition ----------------------------------------------------------------------------------------------


@staged(script=PROBE)
async def test_an_nvs_of_a_later_version_is_as_good_as_none(stage):
    write_partition(stage, PageHeader.make(PageState.ACTIVE, 0, 0xFD).to_bytes())
    assert await stage.printed() == "false\tfalse\t0\r\n"


@staged()
async def test_an_nvs_that_fails_an_assertion_restarts_the_board_for_ever(stage):
    item = Item.make(1, ItemType.U8, b"key", b"\x01", span=0)
    page = PageHeader.make(PageState.FULL, 0, 0xFE).to_bytes() + b"\xfe" + b"\xff" * 31 + item.to_bytes()
    write_partition(stage, page)
    stage.power_on()
    await trio.sleep(3)
    assert stage.console.count("abort() was called") > 3
    assert "Booting Lua RTOS" not in stage.console
