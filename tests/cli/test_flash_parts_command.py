"""`luatwin flash extract` and `merge`: files, values, tables and areas out of a flash and back, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.boards import Board, load_board
from simulator.filesystem import mount
from simulator.filesystem.memory import MemoryFlash
from simulator.flash_file import wear_file, write_flash_file, write_wear
from simulator.flash_parts import find_part, read_files, read_values
from simulator.formats import PartitionTable
from simulator.formats.partition_table import TABLE_OFFSET
from simulator.nvs import Nvs
from simulator.testing import TWO_SLOTS, build_flash, small_firmware
from simulator.units import MIB
from tests.firmware.linked_image import dump_of, lua_rtos
from tests.helpers import luatwin

BOARD = load_board("WHITECAT-ESP32-N1-OTA")
LORA_GATEWAY = load_board("WHITECAT-ESP32-LORA-GW-OTA")
FILES: dict[str, bytes | None] = {
    "/autorun.lua": b"print(1)\n",
    "/empty": None,
    "/lib": None,
    "/lib/deep": None,
    "/lib/deep/a.bin": bytes(range(256)) * 40,
    "/zero": b"",
}
PARTS = ("bootloader", "partition-table", "nvs", "storage", "otadata", "ota_0", "ota_1")


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """The flash of a real board, with values in its NVS."""
    contents = bytearray(dump_of(BOARD, {"ota_0": lua_rtos(), "ota_1": lua_rtos(commit="1" * 40)}, files=FILES))
    nvs = MemoryFlash(0x6000)
    store = Nvs(nvs)
    store.init()
    with store.open("wifi") as handle:
        handle.set_str("ssid", "home")
        handle.set_blob("key", b"\x00\xff" * 100)
    contents[0x9000:0xF000] = nvs.to_bytes()
    file = tmp_path / "dump.bin"
    write_flash_file(file, bytes(contents))
    return file


def done(*arguments: str | Path) -> str:
    finished = luatwin("flash", *arguments)
    assert finished.code == 0, finished.err
    return finished.out


def folder_of(path: Path) -> dict[str, bytes | None]:
    return {
        "/" + entry.relative_to(path).as_posix(): entry.read_bytes() if entry.is_file() else None
        for entry in sorted(path.rglob("*"))
    }


def test_all_parts_taken_out_and_put_together_again_are_the_same_flash(dump: Path, tmp_path: Path) -> None:
    for part in PARTS:
        done("extract", dump, part, tmp_path / f"{part}.bin")
    again = tmp_path / "again.bin"
    # The table first: it says where the others go.
    order = ("partition-table", *(part for part in PARTS if part != "partition-table"))
    done("merge", again, *(f"{part}={tmp_path}/{part}.bin" for part in order))
    assert again.read_bytes() == dump.read_bytes()


def test_a_folder_gets_the_files_of_the_file_system(dump: Path, tmp_path: Path) -> None:
    assert done("extract", dump, "storage", f"{tmp_path}/out/") == f"{tmp_path}/out: 3 files of a spiffs file system\n"
    assert folder_of(tmp_path / "out") == FILES
    (tmp_path / "there").mkdir()
    done("extract", dump, "storage", tmp_path / "there")
    assert folder_of(tmp_path / "there") == FILES


@pytest.mark.parametrize("chosen", [BOARD, LORA_GATEWAY], ids=lambda board: board.filesystem)
def test_a_folder_becomes_a_file_system_of_the_boards_kind_and_sizes(chosen: Board, tmp_path: Path) -> None:
    file = tmp_path / "f.bin"
    firmware = lua_rtos(type_=chosen.type, subtype=chosen.subtype, firmware=chosen.firmware)
    contents = bytearray(dump_of(chosen, {"ota_0": firmware}))
    _, partition = find_part(bytes(contents), "storage")
    assert partition is not None
    contents[partition.offset : partition.end] = b"\xff" * partition.size  # so that nothing tells but the firmware
    write_flash_file(file, bytes(contents))
    for path, data in FILES.items():
        target = tmp_path / "in" / path[1:]
        (target if data is None else target.parent).mkdir(parents=True, exist_ok=True)
        if data is not None:
            target.write_bytes(data)
    said = done("merge", file, f"storage={tmp_path}/in")
    assert said == f"{tmp_path}/in: 3 files in a {chosen.filesystem} file system at 0x{partition.offset:x}\n"
    stored = read_files(file.read_bytes(), partition)
    assert stored is not None
    assert stored.files == FILES
    assert stored.layout.block_size == (
        chosen.spiffs_block_size_bytes if chosen.filesystem == "spiffs" else chosen.lfs_block_size_bytes
    )


def test_a_file_system_that_is_there_keeps_its_sizes(tmp_path: Path) -> None:
    board = replace(BOARD, spiffs_block_size_bytes=16384, spiffs_page_size_bytes=512)
    file = tmp_path / "f.bin"
    write_flash_file(file, dump_of(board, {"ota_0": lua_rtos()}))
    (tmp_path / "in").mkdir()
    done("merge", file, f"storage={tmp_path}/in")
    _, partition = find_part(file.read_bytes(), "storage")
    assert partition is not None
    stored = read_files(file.read_bytes(), partition)
    assert stored is not None
    assert (stored.layout.block_size, stored.layout.page_size, stored.files) == (16384, 512, {})


def test_the_board_runs_what_was_merged(dump: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "autorun.lua").write_text("print('merged', nvs.read('app', 'count'))")
    (tmp_path / "in" / "system.lua").write_text("os.loglevel(os.LOG_ERR)")
    assert luatwin("run", "--flash", dump, "-e", "nvs.write('app', 'count', 42)").code == 0
    assert "app: count (blob)" in done("info", dump)
    done("extract", dump, "nvs", tmp_path / "nvs.csv")
    done("merge", dump, f"storage={tmp_path}/in", f"nvs={tmp_path}/nvs.csv")
    assert "merged\t42" in luatwin("run", "--flash", dump).out


# -- CSV --------------------------------------------------------------------------------------------------------------


def test_the_partition_table_goes_out_and_in_as_csv(dump: Path, tmp_path: Path) -> None:
    before = dump.read_bytes()
    assert (
        done("extract", dump, "partition-table", tmp_path / "t.csv") == f"{tmp_path}/t.csv: 5 partitions from 0x8000\n"
    )
    assert (tmp_path / "t.csv").read_text() == BOARD.partition_table().to_csv()
    done("merge", dump, f"partition-table={tmp_path}/t.csv")
    assert dump.read_bytes() == before
    (tmp_path / "t.csv").write_text("nvs,data,nvs,0x9000,\n")
    finished = luatwin("flash", "merge", dump, f"partition-table={tmp_path}/t.csv")
    assert (finished.code, finished.err) == (2, f"luatwin: {tmp_path}/t.csv:1: Size field can't be empty\n")


def test_the_values_of_nvs_go_out_and_in_as_csv(dump: Path, tmp_path: Path) -> None:
    done("extract", dump, "nvs", tmp_path / "nvs.csv")
    text = (tmp_path / "nvs.csv").read_text()
    assert "wifi,namespace,,\nssid,data,string,home\n" in text
    (tmp_path / "nvs.csv").write_text(text.replace("home", "garden"))
    assert done("merge", dump, f"nvs={tmp_path}/nvs.csv") == f"{tmp_path}/nvs.csv: 2 values at 0x9000\n"
    _, partition = find_part(dump.read_bytes(), "nvs")
    assert partition is not None
    values, fault = read_values(dump.read_bytes(), partition)
    assert (fault, {value.key: value.value for value in values}) == ("", {"ssid": "garden", "key": b"\x00\xff" * 100})


def test_info_names_the_files_and_the_keys_but_not_the_values(dump: Path) -> None:
    lines = [" ".join(line.split()) for line in done("info", dump).splitlines()]
    assert "spiffs, blocks of 8 KiB, pages of 256 B" in lines
    assert "10240 /lib/deep/a.bin" in lines
    assert "/empty/" in lines
    assert "wifi: ssid (string), key (blob)" in lines
    told = luatwin("flash", "info", dump, "--json").result
    assert {entry["path"]: entry["size"] for entry in told["storage"]["files"]} == {
        path: None if data is None else len(data) for path, data in FILES.items()
    }
    assert told["nvs"][0]["keys"][0] == {"namespace": "wifi", "key": "ssid", "type": "string"}
    assert "home" not in str(told)


# -- what is odd ------------------------------------------------------------------------------------------------------


def test_a_partition_that_begins_in_the_middle_of_a_sector_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    table = PartitionTable.from_csv("a,data,nvs,0x9000,0x1800\nb,data,64,0xa800,0x1000\nf,app,factory,0x10000,1M\n")
    file, part = tmp_path / "f.bin", tmp_path / "b.bin"
    write_flash_file(file, build_flash({"a": b"\x11" * 0x1800, "f": small_firmware()}, table))
    before = file.read_bytes()
    part.write_bytes(b"\x22" * 0x1000)
    done("merge", file, f"b={part}")
    assert file.read_bytes() == before[:0xA800] + b"\x22" * 0x1000 + before[0xB800:]


def test_names_that_lead_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "f.bin"
    contents = bytearray(dump_of(BOARD, {"ota_0": lua_rtos()}, files={"/a": b"x"}))
    storage = MemoryFlash(BOARD.storage_size_bytes)
    storage.program(0, bytes(contents[0xF000:0x8F000]))
    mount(storage, "spiffs", block_size=8192, page_size=256).rename("/a", "/../evil")
    contents[0xF000:0x8F000] = storage.to_bytes()
    write_flash_file(file, bytes(contents))
    finished = luatwin("flash", "extract", file, "storage", f"{tmp_path}/out/")
    assert (finished.code, finished.err) == (2, "luatwin: '/../evil' is no name for a file on this computer\n")
    assert not (tmp_path / "evil").exists()


def test_merging_wears_the_chip_if_anybody_counts(dump: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.bin"
    part.write_bytes(b"\x55" * 5000)
    done("merge", dump, f"nvs={part}")
    assert not wear_file(dump).exists()
    write_wear(dump, [0] * 9 + [7] + [0] * 1014)
    done("merge", dump, f"nvs={part}")
    counts = luatwin("flash", "map", dump, "--json").result["erase_counts"]
    assert counts[8:17] == [0, 8, 1, 1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["extract", "{dump}", "ota_0", "{tmp}/out/"],
            "ota_0 holds no file system, so there are no files for the folder",
        ),
        (["extract", "{dump}", "bootloader", "{tmp}/out/"], "bootloader holds no file system"),
        (
            ["extract", "{dump}", "partition-tabel", "{tmp}/x"],
            "no part 'partition-tabel'; did you mean 'partition-table'?",
        ),
        (["merge", "{dump}", "ota_0={tmp}"], "ota_0 holds no file system of Lua RTOS, so it takes no folder"),
        (["merge", "{dump}", "bootloader={tmp}"], "bootloader={tmp}: bootloader takes no folder"),
        (["merge", "{dump}", "storage={tmp}/big"], "storage cannot hold these files: No space left on device"),
        (
            ["merge", "{dump}", "nvs={tmp}/wrong.csv"],
            "{tmp}/wrong.csv:1: the first line is not key,type,encoding,value",
        ),
        (
            ["merge", "{dump}", "bootloader={tmp}/large.bin"],
            "bootloader={tmp}/large.bin: 600000 bytes do not fit; bootloader has",
        ),
    ],
)
def test_what_does_not_go_is_said_in_one_line_and_changes_nothing(
    arguments: list[str], message: str, dump: Path, tmp_path: Path
) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "a").write_bytes(bytes(600_000))
    (tmp_path / "large.bin").write_bytes(bytes(600_000))
    (tmp_path / "wrong.csv").write_text("a,b\n")
    before = dump.read_bytes()
    finished = luatwin("flash", *(argument.format(dump=dump, tmp=tmp_path) for argument in arguments))
    assert finished.code == 2
    assert finished.err.startswith("luatwin: " + message.format(tmp=tmp_path))
    assert dump.read_bytes() == before


def test_a_partition_beyond_the_flash_is_named(tmp_path: Path) -> None:
    file = tmp_path / "f.bin"
    contents = bytearray(build_flash({}, TWO_SLOTS, size_bytes=4 * MIB)[: 2 * MIB])
    file.write_bytes(contents)
    assert PartitionTable.as_read_by_app(bytes(contents[TABLE_OFFSET:])).find("ota_1") is not None
    finished = luatwin("flash", "extract", file, "ota_1", tmp_path / "x")
    assert finished.code == 2
    assert "exceeds flash chip size" in finished.err
