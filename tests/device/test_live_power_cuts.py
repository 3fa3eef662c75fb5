"""Power that goes in the middle of a flash operation: nothing of the board is seen until it comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import cycle
from typing import Any

import pytest
import trio

from simulator.boards import load_board
from simulator.boot.reset import ResetReason
from simulator.device.manufacture import with_secure_boot
from simulator.efuses import Fuse
from simulator.events import Event
from simulator.faults import Fault
from simulator.faults.fault import power_cut
from simulator.flash import SECTOR_BYTES, Cut, FlashChip, FlashOperation, Journal, apply_cut, parse_cut
from simulator.testing import Client, scripted
from simulator.units import NS_PER_S
from tests.device.stage import JOIN, PROMPT, Stage, on_stage, staged, two_slots
from tests.device.updates import FACTORY, IMAGE, NEW, OLD, app_slots, head
from tests.signatures.signing_keys import V1, V2

HOW = ("before", "torn:0.5", "torn:0.5:bits", "torn:0.5:zeros", "torn:0.5:weak", "after")

BUSY = """\
if pio then pio.pin.setdir(pio.OUTPUT, pio.GPIO26) end
for i = 1, 2 do
  if nvs then nvs.write("busy", "round", i) end
  local file = io.open("/f" .. i, "w")
  file:write(("x"):rep(300))
  file:close()
  if pio then pio.pin.sethigh(pio.GPIO26) pio.pin.setlow(pio.GPIO26) end
  print("wrote", i)
end
os.remove("/f1")
print("done")
"""
"""Writes to NVS and file system, moves a pin and prints, without ever waiting."""

UPDATE = f"{JOIN}\nprint('result', net.ota())\n"


def operations_of(board: Any = FACTORY, script: str | None = None, **options: Any) -> list[FlashOperation]:
    """Return what a new board does to its flash until it is idle."""

    async def play(stage: Stage) -> list[FlashOperation]:
        chip = stage.board.chip
        chip.journal = journal = Journal(chip.snapshot())
        stage.world.publish(IMAGE)
        await stage.boot()
        return journal.operations

    return on_stage(play, board=board, script=script, **options)


def cut_at(cut: Cut | str, board: Any = FACTORY, script: str | None = None, **options: Any) -> Stage:
    """Cut the power of a new board at an operation, let it come back, and wait until the board is idle."""
    fault = power_cut(parse_cut(cut) if isinstance(cut, str) else cut)

    async def play(stage: Stage) -> Stage:
        stage.world.publish(IMAGE)
        await recover(stage, fault)
        return stage

    return on_stage(play, board=board, script=script, **options)


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(200):
        while not condition():
            await trio.sleep(0.01)


async def recover(stage: Stage, fault: Fault | str) -> None:
    """Power on with a fault that takes the power away once, and wait until the board is idle after that.

    Nothing comes out of the console meanwhile.
    """
    sent: dict[str, int] = {}
    stage.world.events.subscribe(lambda event: sent.update({event["kind"]: len(stage.board.console)}))
    stage.world.inject(fault)
    stage.power_on()
    await until(lambda: bool(stage.of_kind("power.cut")) and stage.board.has_power)
    assert sent["power.cut"] == sent["power.on"]
    assert await stage.board.finished(), stage.board.why_stuck


def meanwhile(stage: Stage) -> list[Event]:
    """What is seen of the board from the moment when its power went until it came back."""
    kinds = [event["kind"] for event in stage.events]
    gone = kinds.index("power.cut")
    back = kinds.index("power.on", gone)
    return [event for event in stage.events[gone + 1 : back] if event["board"] == stage.board.name]


def otadata_operations(operations: Iterable[FlashOperation]) -> list[FlashOperation]:
    partition = FACTORY.partition_table().otadata
    assert partition is not None
    return [operation for operation in operations if partition.offset <= operation.address < partition.end]


# -- nothing is seen --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", ["N1ESP32-OTA", "WHITECAT-ESP32-LORA-GW"])
def test_wherever_it_goes_nothing_is_seen_until_it_comes_back_and_then_all_is_done(board: str) -> None:
    operations = operations_of(board, BUSY)
    assert len(operations) > 20
    for operation, how in zip(operations, cycle(HOW), strict=False):
        stage = cut_at(f"{operation.index}:{how}", board, BUSY)
        assert [event for event in meanwhile(stage) if event["kind"] != "pin" or event["by"] is not None] == []
        assert stage.console.count("Executing /autorun.lua") <= 2
        assert stage.console.endswith("wrote\t2\r\ndone\r\n\r\n/ > ")


def test_what_the_script_does_after_the_operation_that_was_cut_does_not_happen() -> None:
    """The write, the pins and the line are requests that the kernel carries out in a row, without waiting."""
    script = """
local file = io.open("/f", "a")
file:write("x") file:flush()
pio.pin.setdir(pio.OUTPUT, pio.GPIO26) pio.pin.sethigh(pio.GPIO26) print("after") nvs.write("a", "b", 1)
"""
    before = operations_of(script="")
    first = len(before)
    stage = cut_at(Cut(first, "torn"), script=script)
    gone = [event["kind"] for event in stage.events].index("power.cut")
    assert not any("after" in str(event) for event in stage.events[:gone])
    assert meanwhile(stage) == []
    levels = [event["gpio"] for event in stage.events[:gone] if event["kind"] == "pin" and event.get("by") == "chip"]
    assert 26 not in levels


@pytest.mark.parametrize("how", HOW)
def test_the_flash_is_what_the_cut_leaves(how: str) -> None:
    operations = operations_of(script=BUSY)
    operation = operations[len(operations) // 2]
    cut = parse_cut(f"{operation.index}:{how}")

    async def play(stage: Stage) -> None:
        chip = stage.board.chip
        chip.journal = journal = Journal(chip.snapshot())
        stage.world.inject(power_cut(cut))
        stage.power_on()
        await until(lambda: bool(stage.of_kind("power.cut")))
        await stage.board.is_off.wait()
        *_, last = journal.states()
        assert chip.snapshot() == (last if how == "after" else apply_cut(last, operation, cut))

    on_stage(play, board=FACTORY, script=BUSY)


def test_whoever_is_connected_hears_no_goodbye() -> None:
    """The power goes in the middle of a download; the server finds out when nobody acknowledges."""
    operations = operations_of(script=UPDATE)
    in_slot = [operation.index for operation in operations if operation.address >= app_offset()]
    stage = cut_at(f"{in_slot[len(in_slot) // 2]}:torn:0.5", script=UPDATE)
    assert meanwhile(stage) == []
    assert not stage.of_kind("ota.fail")
    assert len(stage.of_kind("ota.begin")) == 2


def app_offset() -> int:
    return min(partition.offset for partition in FACTORY.partition_table().app_partitions)


@pytest.mark.parametrize("key", [V1, V2], ids=["v1", "v2"])
def test_no_efuse_is_burned_after_the_power_has_gone(key: Any) -> None:
    """Enabling secure boot the bootloader writes to flash and burns eFuses, and does both again if need be."""
    board = with_secure_boot(FACTORY, key)
    operations = operations_of(board, key=key)
    for operation in operations[:12]:
        for how in ("before", "torn:0.5", "after"):
            stage = cut_at(f"{operation.index}:{how}", board, key=key)
            assert meanwhile(stage) == []
            burned = [event["field"] for event in stage.of_kind("efuse.burn")]
            assert len(set(burned)) == len(burned), "what was burned is burned, and nothing else was"
            assert stage.board.efuses.read(Fuse.ABS_DONE_0 if key is V1 else Fuse.ABS_DONE_1)
            assert stage.console.endswith(PROMPT)


# -- everywhere -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", HOW)
def test_the_bootloader_can_be_cut_while_it_writes_otadata(how: str) -> None:
    """A board without a factory app notes at its first boot which slot it starts."""
    board = two_slots()
    writes = operations_of(board)[:2]
    assert [operation.kind for operation in writes] == ["erase", "program"]
    for operation in writes:
        stage = cut_at(f"{operation.index}:{how}", board)
        assert stage.kinds("power", "boot.bootloader")[:3] == ["power.on", "power.cut", "power.on"]
        assert [boot.label for boot in stage.board.boots] == ["ota_0"]
        assert stage.console.endswith(PROMPT)


@pytest.mark.parametrize("profile", ["stock", "hardened"])
@pytest.mark.parametrize("how", HOW)
def test_an_update_can_be_cut_while_it_is_selected(how: str, profile: Any) -> None:
    """Otadata's erase and the entry that follows: the old app starts or the new one, which is then the last."""
    operations = operations_of(script=UPDATE, profile=profile)
    selecting = [op for op in otadata_operations(operations) if op.index > len(operations) // 2]
    assert [operation.kind for operation in selecting[:2]] == ["erase", "program"]
    for operation in selecting[:2]:
        stage = cut_at(f"{operation.index}:{how}", script=UPDATE, profile=profile)
        assert stage.board.boots[-1].commit in (OLD.commit, NEW.commit)
        assert app_slots(stage)["ota_0"] == IMAGE.rstrip(b"\xff")


# -- when it comes back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "away_s"), [("power-cut@flash-op:20", 1), ("power-cut@flash-op:20+90s", 90)])
def test_power_stays_away_as_long_as_it_is_said(fault: str, away_s: float) -> None:
    async def play(stage: Stage) -> Stage:
        await recover(stage, fault)
        return stage

    stage = on_stage(play, script=BUSY)
    times = {event["kind"]: event["t"] for event in stage.events if event["kind"].startswith("power")}
    assert times["power.on"] - times["power.cut"] == away_s * NS_PER_S
    assert stage.of_kind("power.cut") == [{"cut": "20:before"}]
    assert [(e["name"], e["what"]) for e in stage.events if e["kind"] == "fault"] == [
        ("power-cut", "begin"), ("power-cut", "end"),
    ]  # fmt: skip


def test_several_cuts_can_follow_each_other_and_each_operation_has_its_number() -> None:
    async def play(stage: Stage) -> Stage:
        for number in (10, 11, 25):
            stage.world.inject(power_cut(Cut(number, "torn")))
        stage.power_on()
        await until(lambda: len(stage.of_kind("power.cut")) == 3 and stage.board.has_power)
        assert await stage.board.finished()
        return stage

    stage = on_stage(play, script=BUSY)
    assert [event["cut"] for event in stage.of_kind("power.cut")] == ["10:torn:0.5", "11:torn:0.5", "25:torn:0.5"]
    assert stage.console.endswith("done\r\n\r\n/ > ")


@staged(script=BUSY)
async def test_the_chip_is_an_ordinary_one_again_when_all_is_over(stage: Stage) -> None:
    await recover(stage, "power-cut@flash-op:20:torn:0.5")
    assert type(stage.board.chip) is FlashChip


@staged(script="while true do tmr.sleepms(7) print('x') end")
async def test_power_can_be_cut_at_a_time_too(stage: Stage) -> None:
    stage.world.inject("power-cut@3s")
    stage.power_on()
    await trio.sleep(3.5)
    assert [event["t"] for event in stage.events if event["kind"] == "power.cut"] == [3 * NS_PER_S]
    assert meanwhile_so_far(stage) == []
    await trio.sleep(1)
    assert stage.kinds("power") == ["power.on", "power.cut", "power.on"]


def meanwhile_so_far(stage: Stage) -> list[Event]:
    gone = [event["kind"] for event in stage.events].index("power.cut")
    return [event for event in stage.events[gone + 1 :] if event["board"] == stage.board.name]


@staged(script=BUSY)
async def test_a_cut_that_was_lifted_does_not_come(stage: Stage) -> None:
    stage.world.inject("power-cut@flash-op:20")
    stage.world.lift_faults()
    assert (await stage.boot()).endswith("done\r\n\r\n/ > ")
    assert stage.kinds("power") == ["power.on"]


@staged(script=BUSY)
async def test_lifting_a_cut_gives_power_back(stage: Stage) -> None:
    stage.world.inject("power-cut@flash-op:20+1000s")
    stage.power_on()
    await trio.sleep(10)
    assert not stage.board.has_power
    stage.world.lift_faults()
    assert await stage.board.finished()
    assert stage.seconds < 20


# -- brownout ---------------------------------------------------------------------------------------------------------

BROWNOUT = "\r\nBrownout detector was triggered\r\n\r\n"
REASON = "print('reset', os.resetreason(), os.bootcount())\n"


@staged(script=REASON + BUSY)
async def test_an_app_says_that_the_detector_was_triggered_and_restarts(stage: Stage) -> None:
    stage.world.inject("brownout@flash-op:20:torn:0.5")
    console = await stage.boot()
    await until(lambda: len(stage.board.boots) == 2)
    assert await stage.board.finished()
    console = stage.console
    before, _, after = console.partition(BROWNOUT)
    assert "done" not in before
    assert after.startswith("ets Jun  8 2016 00:22:57\r\n\r\nrst:0xc (SW_CPU_RESET)")
    assert after.endswith("done\r\n\r\n/ > ")
    assert "reset\t1\t1" in before
    assert "reset\t12\t" in after
    assert stage.kinds("power") == ["power.on"]


@staged(board=two_slots())
async def test_before_the_app_has_switched_the_detector_on_the_chip_just_starts_again(stage: Stage) -> None:
    stage.world.inject("brownout@flash-op:0:torn:0.5")
    assert BROWNOUT not in await stage.boot()
    assert [event["name"] for event in stage.of_kind("reset")] == ["POWERON_RESET"] * 2
    assert [boot.reason for boot in stage.board.boots] == [ResetReason.POWERON_RESET]


@staged(script=REASON + BUSY)
async def test_the_reset_button_starts_the_chip_as_if_power_had_come_on_and_the_flash_does_what_it_has_begun(
    stage: Stage,
) -> None:
    stage.world.inject("reset@flash-op:20:after")
    await stage.boot()
    while len(stage.board.boots) < 2:
        await trio.sleep(0.1)
    assert await stage.board.finished()
    assert [boot.reason for boot in stage.board.boots] == [ResetReason.POWERON_RESET] * 2
    assert stage.console.count("reset\t1\t1\r\n") == 2
    assert stage.kinds("power") == ["power.on"]
    assert BROWNOUT not in stage.console


@staged()
async def test_the_reset_button_of_a_board_without_power_does_nothing(stage: Stage) -> None:
    stage.world.inject("reset@1s")
    await stage.wait(2)
    assert (await stage.boot()).endswith(PROMPT)
    stage.board.chip.program(0x1000, b"\0")
    stage.board.power_off()
    await stage.board.is_off.wait()
    assert stage.board.chip.read(0x1000, 1) == b"\0"


@staged()
async def test_a_board_without_power_cannot_brown_out(stage: Stage) -> None:
    stage.board.brown_out()
    stage.board.power_cut()
    assert (await stage.boot()).endswith(PROMPT)
    assert stage.kinds("power", "reset") == ["power.on", "reset"]


@staged()
async def test_what_code_still_says_and_burns_after_the_power_has_gone_is_neither_said_nor_burned(stage: Stage) -> None:
    console = await stage.boot()
    board = stage.board
    board.power_cut()
    board._uart.write(b"late")
    board.efuses.burn(Fuse.JTAG_DISABLE, 1)
    board.chip.program(0x1000, b"\0")
    assert board.efuses.read(Fuse.JTAG_DISABLE)
    await board.is_off.wait()
    assert stage.console == console
    assert not board.efuses.read(Fuse.JTAG_DISABLE)
    assert not stage.of_kind("efuse.burn")
    assert stage.kinds()[-1] == "power.cut"
    assert (await stage.boot()).startswith(console)


@staged()
async def test_when_a_power_cut_is_over_power_does_not_come_to_a_board_that_had_none(stage: Stage) -> None:
    stage.world.inject("power-cut@1s")
    await trio.sleep(5)
    assert not stage.board.has_power
    await stage.boot()
    stage.world.inject("power-cut@10s+1s")
    await trio.sleep(4)
    stage.board.power_off()
    await trio.sleep(10)
    assert not stage.board.has_power


# -- other ends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["no power", "reset button", "restart"])
def test_a_file_that_was_not_written_to_flash_when_the_chip_stopped_is_not_written_by_the_stopping(fate: str) -> None:
    """A download waits for more, with what has come in the file's buffer; unwinding, its code closes the file."""
    restart = "thread.start(function() tmr.sleep(5) os.exit(true) end)" if fate == "restart" else ""
    download = "pcall(net.http.download, 'files.example', '/', 'text/plain', '/got')"
    script = f"{JOIN} if not io.open('/got') then {restart} {download} end"

    async def serve(client: Client) -> None:
        await client.receive_request()
        await client.send(head(Content_Type="text/plain", Content_Length=1000) + b"half")
        await trio.sleep_forever()

    async def play(stage: Stage) -> str:
        board = stage.board
        stage.world.add_server("files.example", scripted(serve))
        stage.power_on()
        await trio.sleep(4)
        assert stage.of_kind("fs.write"), stage.console
        match fate:
            case "no power":
                board.power_off()
                stage.power_on()
            case "reset button":
                board.hold_in_reset()
                board.release_from_reset()
        await trio.sleep(4)
        assert len(board.boots) == 2
        return await stage.type(b"print(io.open('/got'):read('*a'))\r")

    assert on_stage(play, script=script, board=FACTORY).endswith("\r\n\r\n/ > ")


# -- sectors that fail ------------------------------------------------------------------------------------------------

WRITE_AND_READ = """
local good = 0
for i = 1, 6 do
  local file = io.open("/f" .. i, "w")
  if file then file:write((tostring(i)):rep(3000)) file:close() end
end
for i = 1, 6 do
  local file = io.open("/f" .. i)
  if file and file:read("a") == (tostring(i)):rep(3000) then good = good + 1 end
end
print(good)
"""


def whole_files(board: str, fault: str) -> tuple[int, int]:
    """Return how many of six files a board can read back, and the sector that failed meanwhile, -1 if none did."""

    async def play(stage: Stage) -> tuple[int, int]:
        stage.world.inject(fault)
        good = int((await stage.printed()).strip())
        chosen = [event["sector"] for event in stage.events if event["kind"] == "fault" and "sector" in event]
        return good, chosen[0] if chosen else -1

    return on_stage(play, board=board, script=WRITE_AND_READ)


@pytest.mark.parametrize("flaw", ["stuck-sector", "worn-sector"])
def test_littlefs_reads_back_what_it_writes_and_moves_away_from_a_sector_that_fails(flaw: str) -> None:
    """Except from its first two blocks, where its root has to be."""
    board = "WHITECAT-ESP32-LORA-GW"
    storage = load_board(board).partition_table().find("storage")
    assert storage is not None
    root = storage.offset // SECTOR_BYTES
    found = [whole_files(board, f"{flaw}@flash-op:{number}") for number in range(0, 48, 2)]
    elsewhere = [good for good, sector in found if sector > root + 1]
    assert len(elsewhere) >= 6
    assert set(elsewhere) == {6}
    assert min(good for good, _ in found) < 6


def test_spiffs_does_not_notice_a_sector_that_fails() -> None:
    """It has no checksums: the files that the sector was to hold are gone, and the board goes on."""
    good = [whole_files("N1ESP32-OTA", f"stuck-sector@flash-op:{number}")[0] for number in range(5, 60, 6)]
    assert min(good) < 6


# -- while it is held in reset ----------------------------------------------------------------------------------------


@staged()
async def test_a_board_that_is_held_in_reset_can_be_flashed_and_lose_its_power(stage: Stage) -> None:
    await stage.boot()
    stage.board.hold_in_reset()
    await trio.sleep(1)
    stage.board.chip.program(stage.board.chip.size_bytes - 4, b"\0")
    assert stage.board.chip.read(stage.board.chip.size_bytes - 4, 2) == b"\0\xff"
    stage.board.brown_out()  # nothing to see: it does not run
    stage.board.power_cut()
    await stage.board.is_off.wait()
    assert stage.board.chip.read(stage.board.chip.size_bytes - 4, 2) == b"\0\xff"
    stage.board.release_from_reset()
    await stage.boot()
    assert stage.kinds("power", "boot.app") == ["power.on", "boot.app", "power.cut", "power.on", "boot.app"]
