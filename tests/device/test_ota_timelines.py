"""One update after the other on one board: which slot boots, and what stands in otadata, as the reference has it."""

from __future__ import annotations

import dataclasses

import trio

from simulator.boards import Board, load_board
from simulator.boot.reset import ResetReason
from simulator.firmware import SMALLEST_IMAGE_BYTES, Manifest, build_for, first_manifest, next_manifest
from simulator.testing import Client, scripted
from tests.device.stage import JOIN, Stage, staged
from tests.device.updates import (
    COMMIT,
    CONNECTING,
    PIECE,
    SERVER,
    app_slots,
    begin,
    error_line,
    installed,
    octets,
    offers,
    progress,
    select_entries,
    without_times,
)

TWO_SLOTS = load_board("N1ESP32-OTA")
WITH_FACTORY = dataclasses.replace(TWO_SLOTS, factory_partition=True)
ROLLBACK = load_board("M5STACK-OTA")

OTA = b"net.ota()\r"
JOINED = {"/autorun.lua": JOIN}


def images(board: Board, count: int) -> list[bytes]:
    """Return the images of the ``count`` firmwares that follow the first."""
    manifest: Manifest = first_manifest(board)
    built = []
    for _ in range(count):
        manifest = next_manifest(manifest)
        built.append(build_for(board, manifest, size_bytes=SMALLEST_IMAGE_BYTES))
    return built


def state(stage: Stage) -> tuple[str, list[str | None]]:
    """Return the label of the slot that runs, and both select entries."""
    return stage.board.boots[-1].label, select_entries(stage)


async def boot_with(stage: Stage, *updates: bytes) -> None:
    """Power on, with a server that offers one of ``updates`` after the other."""
    stage.world.add_server(SERVER, scripted(*map(offers, updates)))
    await stage.boot()


@staged(board=TWO_SLOTS, script=JOIN)
async def test_two_slots_take_turns(stage: Stage) -> None:
    updates = images(TWO_SLOTS, 3)
    await boot_with(stage, *updates)
    assert state(stage) == ("ota_0", ["1 VALID", None])
    await stage.type(OTA)
    assert state(stage) == ("ota_1", ["1 VALID", "2 UNDEFINED"])
    assert app_slots(stage) == {"ota_0": installed(TWO_SLOTS), "ota_1": updates[0]}
    await stage.type(OTA)
    assert state(stage) == ("ota_0", ["3 UNDEFINED", "2 UNDEFINED"])
    assert app_slots(stage) == {"ota_0": updates[1], "ota_1": updates[0]}
    await stage.type(OTA)
    assert state(stage) == ("ota_1", ["3 UNDEFINED", "4 UNDEFINED"])
    assert [boot.reason for boot in stage.board.boots] == [1, 12, 12, 12]

    slot = stage.board.partition_table().ota_slots[1]
    stage.board.chip.erase(slot.offset, 4096)
    for _ in range(2):
        await stage.type(b"os.exit()\r")
        assert state(stage) == ("ota_0", ["3 UNDEFINED", "4 UNDEFINED"])


@staged(board=WITH_FACTORY, script=JOIN)
async def test_a_factory_app_is_never_written_and_boots_when_the_slots_fail(stage: Stage) -> None:
    updates = images(WITH_FACTORY, 3)
    await boot_with(stage, *updates)
    assert state(stage) == ("factory", [None, None])
    await stage.type(OTA)
    assert state(stage) == ("ota_0", ["1 UNDEFINED", None])
    await stage.type(OTA)
    assert state(stage) == ("ota_1", ["1 UNDEFINED", "2 UNDEFINED"])
    await stage.type(OTA)
    assert state(stage) == ("ota_0", ["3 UNDEFINED", "2 UNDEFINED"])
    assert app_slots(stage) == {"factory": installed(WITH_FACTORY), "ota_0": updates[2], "ota_1": updates[1]}

    slot = stage.board.partition_table().ota_slots[0]
    stage.board.chip.erase(slot.offset, 4096)
    await stage.type(b"os.exit()\r")
    assert state(stage) == ("factory", ["3 UNDEFINED", "2 UNDEFINED"])


@staged(board=ROLLBACK, script=JOIN)
async def test_an_update_that_nobody_confirms_is_gone_after_the_next_reset(stage: Stage) -> None:
    first, second, third = images(ROLLBACK, 3)
    await boot_with(stage, first, second, third)
    assert state(stage) == ("ota_0", ["1 VALID", None])
    await stage.type(OTA)
    assert state(stage) == ("ota_1", ["1 VALID", "2 PENDING_VERIFY"])

    commit = stage.board.boots[-1].commit
    running, target = reversed(stage.board.partition_table().ota_slots)
    refused = await stage.type(OTA)
    text = "Running app has not confirmed state (ESP_OTA_IMG_PENDING_VERIFY)"
    assert without_times(refused) == (
        "net.ota()\r\n"
        + CONNECTING
        + COMMIT.replace(first_manifest(ROLLBACK).commit, commit)
        + begin(running, target)
        + error_line("esp_ota_ops", text)
        + "Failed, error 5382\r\r\n/ > "
    )
    assert state(stage) == ("ota_1", ["1 VALID", "2 PENDING_VERIFY"])
    assert app_slots(stage)["ota_0"] == installed(ROLLBACK)

    await stage.type(b"os.exit()\r")
    assert state(stage) == ("ota_0", ["1 VALID", "2 ABORTED"])
    await stage.type(OTA)
    assert state(stage) == ("ota_1", ["1 VALID", "2 PENDING_VERIFY"])
    assert app_slots(stage)["ota_1"] == third


@staged(board=ROLLBACK, script=JOIN)
async def test_waking_from_deep_sleep_is_a_reset_that_rolls_back_too(stage: Stage) -> None:
    await boot_with(stage, *images(ROLLBACK, 1))
    await stage.type(OTA)
    await stage.type(b"os.sleep(1)\r")
    assert [(boot.reason, boot.label) for boot in stage.board.boots] == [
        (ResetReason.POWERON_RESET, "ota_0"),
        (ResetReason.SW_CPU_RESET, "ota_1"),
        (ResetReason.DEEPSLEEP_RESET, "ota_0"),
    ]


@staged(board=ROLLBACK, script=JOIN)
async def test_every_change_of_otadata_is_an_event(stage: Stage) -> None:
    await boot_with(stage, *images(ROLLBACK, 1))
    await stage.type(OTA)
    await stage.type(b"os.exit()\r")
    states = [
        [entry and f"{entry['seq']} {entry['state']}" for entry in event["entries"]]
        for event in stage.of_kind("otadata")
    ]
    assert states == [
        ["1 VALID", None],
        ["1 VALID", "2 NEW"],
        ["1 VALID", None],
        ["1 VALID", "2 PENDING_VERIFY"],
        ["1 VALID", None],
        ["1 VALID", "2 ABORTED"],
    ]


@staged(board=WITH_FACTORY, script=f"{JOIN}\nif os.resetreason() == 1 then net.ota() end")
async def test_power_lost_in_the_download_leaves_the_old_firmware_and_no_trace_on_the_network(stage: Stage) -> None:
    (image,) = images(WITH_FACTORY, 1)
    heard: list[bytes] = []

    async def sends_half_and_listens(client: Client) -> None:
        await client.receive_request()
        await client.send(octets(len(image)), image[: 4 * PIECE])
        heard.append(await client.receive_request())

    stage.world.add_server(SERVER, scripted(sends_half_and_listens, offers(image)))
    stage.power_on()
    while not stage.console.endswith(progress(4 * PIECE)):
        await trio.sleep(0.1)
    stage.board.power_off()
    await trio.sleep(60)
    assert heard == []
    assert stage.kinds()[-1] == "power.off"
    assert "net.close" not in stage.kinds()
    assert state(stage) == ("factory", [None, None])
    assert app_slots(stage)["ota_0"] == image[: 4 * PIECE]

    await stage.boot()
    assert [(boot.reason, boot.label) for boot in stage.board.boots] == [(1, "factory"), (1, "factory"), (12, "ota_0")]
    assert app_slots(stage)["ota_0"] == image
