"""A board with secure boot and updates that espsecure signed, from the command line as an owner would do it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.formats import EspErr
from simulator.signatures import SIGNATURE_SECTOR_BYTES
from tests.helpers import luatwin, run_python
from tests.signatures.signing_keys import V1_PEM, V2_PEM

pytestmark = pytest.mark.real

OTA = "lua/demo/ota.lua"
SMALL = ("--image-size", "32K")
V2_END = 1196
"""Where the signature ends in the block of secure boot v2, which begins the last sector; a CRC follows."""


VERSIONS = ("1", "2")


@pytest.fixture(params=VERSIONS, ids=["v1", "v2"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(version: str, tmp_path: Path) -> Path:
    """A board that was switched on once with secure boot, and the next firmware, signed by espsecure."""
    (tmp_path / "key.pem").write_bytes(V1_PEM if version == "1" else V2_PEM)
    assert luatwin("image", "build", tmp_path / "first.bin", "--size", "32K", "--sign", tmp_path / "key.pem").code == 0
    built = luatwin("image", "build", tmp_path / "next.bin", "--size", "32K", "--after", tmp_path / "first.bin")
    assert built.code == 0, built.err
    signing = run_python(
        *("-m", "espsecure", "sign-data", "--version", version, "--keyfile", tmp_path / "key.pem"),
        *("--output", tmp_path / "signed.bin", tmp_path / "next.bin"),
    )
    assert signing.returncode == 0, signing.stdout + signing.stderr
    run = luatwin("run", *SMALL, "--flash", tmp_path / "flash.bin", "--secure-boot", tmp_path / "key.pem", "-e", "")
    assert run.code == 0, run.err
    return tmp_path


def test_an_update_that_espsecure_signed_is_accepted_and_boots(folder: Path) -> None:
    update = luatwin("run", "--flash", folder / "flash.bin", "--publish", folder / "signed.bin", "--json", OTA).result
    assert [boot["label"] for boot in update["boots"]] == ["factory", "ota_0"]
    assert "Updated\r\r\nRestarting ...\r\r\n" in update["console"]
    assert luatwin("boot", folder / "flash.bin", "--json").result["label"] == "ota_0"


def test_one_flipped_bit_in_the_signature_and_the_update_is_refused_and_the_old_firmware_runs_on(folder: Path) -> None:
    data = bytearray((folder / "signed.bin").read_bytes())
    end_of_signature = len(data) if len(data) % SIGNATURE_SECTOR_BYTES else len(data) - SIGNATURE_SECTOR_BYTES + V2_END
    data[end_of_signature - 20] ^= 1
    (folder / "flipped.bin").write_bytes(data)
    refused = luatwin(
        *("run", "--flash", folder / "flash.bin", "--publish", folder / "flipped.bin"),
        *("--events", folder / "events", "--json", OTA),
    ).result
    assert [boot["label"] for boot in refused["boots"]] == ["factory"]
    assert "Ending OTA update ...\r\r\nFailed\r\r\nthis board is up to date\r\n" in refused["console"]
    events = [json.loads(line) for line in (folder / "events").read_text().splitlines()]
    (failure,) = [event for event in events if event["kind"] == "ota.fail"]
    assert (failure["why"], failure["esp_err"]) == ("verification", EspErr.ESP_ERR_OTA_VALIDATE_FAILED)
    assert failure["log"] == ["esp_image: Secure boot signature verification failed"]
    assert luatwin("boot", folder / "flash.bin", "--json").result["label"] == "factory"
