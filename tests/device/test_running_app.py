"""``ota.*`` of the hardened profile: an update on trial, confirmed, rejected, or reset before it could decide."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from simulator.boards import Board
from simulator.firmware import SMALLEST_IMAGE_BYTES, build_for, first_manifest, next_manifest
from tests.device.stage import JOIN, Stage, on_stage
from tests.device.updates import FACTORY, TALKATIVE, error_line, without_times

Result = TypeVar("Result")

TABLE = FACTORY.partition_table()
UPDATE = f"""\
{JOIN}
print(ota.running(), ota.next(), ota.state(), ota.state("ota_0"), ota.state("ota_1"))
if ota.running() == "factory" and not ota.state("ota_0") then
  net.ota()
end
"""
"""Tells what it sees, and updates once."""


def with_update(play: Callable[[Stage], Awaitable[Result]], after: str = "", board: Board = FACTORY) -> Result:
    """Play with a new hardened board for which there is an update. Both run `UPDATE`, and then ``after``."""
    manifest = next_manifest(first_manifest(board, profile="hardened"))
    image = build_for(board, manifest, size_bytes=SMALLEST_IMAGE_BYTES)

    async def main(stage: Stage) -> Result:
        stage.world.publish(image)
        return await play(stage)

    return on_stage(main, board=board, script=UPDATE + after, profile="hardened")


def updated(after: str, *typed: bytes) -> Stage:
    """Let a board update itself and do ``after``; then type."""

    async def play(stage: Stage) -> Stage:
        await stage.boot()
        for keys in typed:
            await stage.type(keys)
        return stage

    return with_update(play, after)


def boots(stage: Stage) -> list[str]:
    return [boot.label for boot in stage.board.boots]


def states(stage: Stage) -> list[str]:
    """The state of the first select entry in each of the writes of otadata."""
    entries = [event["entries"][0] for event in stage.of_kind("otadata")]
    return [entry["state"] for entry in entries if entry]


CONFIRM = 'if ota.state() == "pending_verify" then ota.confirm() print("confirmed", ota.state()) end\n'
REJECT = 'if ota.state() == "pending_verify" then ota.reject() print("not reached") end\n'
EXIT = b"os.exit()\r"


def test_an_update_that_confirms_itself_stays() -> None:
    stage = updated(CONFIRM, EXIT, EXIT)
    assert boots(stage) == ["factory", "ota_0", "ota_0", "ota_0"]
    assert states(stage) == ["NEW", "PENDING_VERIFY", "VALID"]
    assert "factory\tota_0\tnil\tnil\tnil\r\n" in stage.console
    assert "ota_0\tota_1\tpending_verify\tpending_verify\tnil\r\n" in stage.console
    assert "confirmed\tvalid\r\n" in stage.console
    assert stage.of_kind("ota.confirm") == [{"partition": "ota_0"}]


def test_an_update_that_is_reset_before_it_confirms_is_left_and_the_events_say_why() -> None:
    stage = updated("", EXIT)
    assert boots(stage) == ["factory", "ota_0", "factory"]
    assert states(stage) == ["NEW", "PENDING_VERIFY", "ABORTED"]
    assert stage.of_kind("boot.bootloader")[-1]["why"].startswith(
        "rolled back: ota_0 was started once and reset before it confirmed itself (otadata[0])"
    )
    assert "factory\tota_0\tnil\taborted\tnil\r\n" in stage.console


def test_an_update_that_rejects_itself_restarts_into_the_previous_firmware() -> None:
    stage = updated(REJECT)
    assert boots(stage) == ["factory", "ota_0", "factory"]
    assert states(stage) == ["NEW", "PENDING_VERIFY", "INVALID"]
    assert stage.of_kind("ota.reject") == [{"partition": "ota_0"}]
    assert "not reached" not in stage.console
    assert "factory\tota_0\tnil\tinvalid\tnil\r\n" in stage.console


def test_a_power_cut_while_the_update_is_on_trial_brings_the_previous_firmware_back() -> None:
    async def play(stage: Stage) -> list[str]:
        await stage.boot()
        stage.board.power_off()
        await stage.boot()
        return boots(stage)

    assert with_update(play) == ["factory", "ota_0", "factory"]


def test_without_another_app_there_is_nothing_to_go_back_to() -> None:
    async def play(stage: Stage) -> str:
        await stage.boot()
        factory = TABLE.app_partitions[0]
        stage.board.chip.erase(factory.offset, factory.size)
        return without_times(await stage.type(b"print(pcall(ota.reject))\r"))

    said = with_update(play, board=TALKATIVE)
    assert error_line("esp_ota_ops", "Rollback is not possible, do not have any suitable apps in slots") in said
    assert "false\t5381:ESP_ERR_OTA_ROLLBACK_FAILED\r\n" in said


def test_an_app_that_stands_in_for_the_selected_one_decides_nothing() -> None:
    async def play(stage: Stage) -> str:
        await stage.boot()
        slot = TABLE.ota_slots[0]
        stage.board.chip.erase(slot.offset, slot.size)
        await stage.type(EXIT)
        return await stage.type(b"print(ota.running(), pcall(ota.confirm))\rprint(pcall(ota.reject))\r")

    said = with_update(play, CONFIRM)
    assert "factory\tfalse\t259:ESP_ERR_INVALID_STATE\r\n" in said
    assert "\r\nfalse\t259:ESP_ERR_INVALID_STATE\r\n" in said


def test_a_factory_app_has_nothing_to_confirm() -> None:
    async def play(stage: Stage) -> str:
        return await stage.printed()

    assert on_stage(play, script="print(pcall(ota.confirm))", profile="hardened") == "false\t-1:ESP_FAIL\r\n"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('ota.state("nvs")', "no app slot 'nvs'; there are factory, ota_0, ota_1"),
        ("ota.state({})", "bad argument #1 to 'state' (string expected, got table)"),
    ],
)
def test_a_slot_that_is_not_there_is_named(call: str, message: str) -> None:
    async def play(stage: Stage) -> str:
        return await stage.printed()

    said = on_stage(play, script=f"print(pcall(function() {call} end))", profile="hardened")
    assert said == f"false\t/autorun.lua:1: {message}\r\n"


def test_the_stock_firmware_has_no_such_module() -> None:
    async def play(stage: Stage) -> str:
        return await stage.printed()

    assert on_stage(play, script="print(ota)") == "nil\r\n"
    assert on_stage(play, script="print(ota)", profile="hardened") != "nil\r\n"
