"""Boards with secure boot: what is burned at the first boot, and which updates the app and the bootloader take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.boards import Board
from simulator.device.manufacture import with_secure_boot
from simulator.firmware import SMALLEST_IMAGE_BYTES, build_for, first_manifest, next_manifest
from simulator.signatures import SIGNATURE_SECTOR_BYTES, SIGNATURE_V1_BYTES, SigningKey
from simulator.testing import scripted
from tests.device.stage import JOIN, Stage, on_stage
from tests.device.updates import (
    ENDING,
    FACTORY,
    RETURNED,
    SERVER,
    TALKATIVE,
    UPDATE,
    app_slots,
    error_line,
    offers,
    select_entries,
    watch,
    without_times,
)
from tests.signatures.signing_keys import OTHER_V1, OTHER_V2, V1, V2

BOTH = pytest.mark.parametrize("key", [V1, V2], ids=["v1", "v2"])
OTHER = {V1: OTHER_V1, V2: OTHER_V2}


def built(board: Board, key: SigningKey | None) -> bytes:
    """Return the firmware after the one that a new ``board`` has."""
    return build_for(board, next_manifest(first_manifest(board)), size_bytes=SMALLEST_IMAGE_BYTES, key=key)


def play_update(image: bytes, key: SigningKey, board: Board = TALKATIVE) -> tuple[Stage, str]:
    """Let a new board with secure boot ask for an update; return the stage and what the call printed at the end."""

    async def play(stage: Stage) -> tuple[Stage, str]:
        stage.world.add_server(SERVER, scripted(offers(image)))
        done = await watch(stage)
        return stage, without_times(done.printed).partition(ENDING)[2].partition("ets J")[0]

    return on_stage(play, board=with_secure_boot(board, key), script=UPDATE, key=key)


@BOTH
def test_the_first_boot_burns_the_key_and_locks_the_chip(key: SigningKey) -> None:
    async def play(stage: Stage) -> Stage:
        await stage.boot()
        stage.board.receive(b"os.exit()\r")
        await stage.board.finished()
        return stage

    stage = on_stage(play, board=with_secure_boot(FACTORY, key), key=key)
    burned = stage.of_kind("efuse.burn")
    names = [event["field"] for event in burned]
    assert names[0] == "BLOCK2"
    assert ("ABS_DONE_0" if key is V1 else "ABS_DONE_1") in names
    assert {"JTAG_DISABLE", "CONSOLE_DEBUG_DISABLE", "WR_DIS"} <= set(names)
    assert len(set(names)) == len(names), "the second boot burns nothing more"
    assert [event["value"] for event in burned if event["field"] == "BLOCK2"] == [None], "no log has a key in it"
    assert [boot.label for boot in stage.board.boots] == ["factory", "factory"]


@BOTH
def test_an_update_with_a_good_signature_is_accepted_and_runs(key: SigningKey) -> None:
    image = built(with_secure_boot(TALKATIVE, key), key)
    stage, said = play_update(image, key)
    assert said == "Changing boot partition ...\r\r\nUpdated\r\r\nRestarting ...\r\r\n"
    assert [boot.label for boot in stage.board.boots] == ["factory", "ota_0"]
    assert app_slots(stage)["ota_0"] == image.rstrip(b"\xff")


def faulty(fault: str, key: SigningKey) -> bytes:
    """Return an update that a board with secure boot must not take."""
    board = with_secure_boot(TALKATIVE, key)
    if fault == "unsigned":
        return built(board, None)
    data = bytearray(built(board, OTHER[key] if fault == "other key" else key))
    if fault == "contents":
        data[0x1000] ^= 0x10
    if fault == "signature":
        data[20 - (SIGNATURE_V1_BYTES if key is V1 else SIGNATURE_SECTOR_BYTES)] ^= 0x10
    return bytes(data)


@BOTH
@pytest.mark.parametrize("fault", ["unsigned", "signature", "other key", "contents"])
def test_an_update_without_a_good_signature_is_refused_and_the_old_firmware_goes_on(
    key: SigningKey, fault: str
) -> None:
    stage, said = play_update(faulty(fault, key), key)
    assert said.endswith(f"Failed\r\r\n{RETURNED}"), said
    failure = stage.of_kind("ota.fail")[0]
    assert failure["why"] == "verification"
    assert failure["esp_err"] == 0x1503
    printed = "".join(error_line(*line.split(": ", 1)) for line in failure["log"])
    assert said == f"{printed}Failed\r\r\n{RETURNED}"
    assert failure["log"], "the device says why"
    assert (select_entries(stage), [boot.label for boot in stage.board.boots]) == ([None, None], ["factory"])


@BOTH
def test_the_lines_about_a_bad_signature_are_those_of_the_device(key: SigningKey) -> None:
    for fault, last in (("contents", "esp_image: Checksum failed."), ("signature", "esp_image: Secure boot signature")):
        stage, _ = play_update(faulty(fault, key), key)
        assert stage.of_kind("ota.fail")[0]["log"][-1].startswith(last)


@BOTH
def test_a_build_without_log_says_no_more_than_failed_and_its_events_say_why(key: SigningKey) -> None:
    stage, said = play_update(faulty("other key", key), key, FACTORY)
    assert said == f"Failed\r\r\n{RETURNED}"
    assert stage.of_kind("ota.fail")[0]["log"]


@BOTH
def test_a_slot_that_is_tampered_with_afterwards_does_not_boot_and_the_reason_is_told(key: SigningKey) -> None:
    image = built(with_secure_boot(FACTORY, key), key)

    async def play(stage: Stage) -> Stage:
        stage.world.add_server(SERVER, scripted(offers(image)))
        await stage.boot()
        await stage.type(b"net.ota()\r")
        slot = stage.board.partition_table().ota_slots[0]
        sector = slot.offset + (len(image) - 1) // 4096 * 4096
        data = bytearray(stage.board.chip.read(sector, 4096))
        data[20 if key is V2 else (len(image) - 20) % 4096] ^= 1
        stage.board.chip.erase(sector, 4096)
        stage.board.chip.program(sector, bytes(data))
        await stage.type(b"os.exit()\r")
        return stage

    board = replace(with_secure_boot(FACTORY, key), bootloader_log_level="ERROR")
    stage = on_stage(play, board=board, script=JOIN, key=key)
    assert [boot.label for boot in stage.board.boots] == ["factory", "ota_0", "factory"]
    last = stage.of_kind("boot.bootloader")[-1]
    assert "ota_0 cannot start: Secure " in last["why"]
    assert last["why"].endswith("verification failed; factory is started")
    assert any("esp_image: Secure boot signature verification failed" in line for line in last["lines"])
