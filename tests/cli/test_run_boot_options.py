"""``luatwin run`` with boards that burn eFuses, verify signatures and watch pins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.efuse_file import read_efuse_file
from simulator.efuses import Efuses, Fuse
from tests.helpers import Finished, luatwin
from tests.signatures.signing_keys import OTHER_V1_PEM, V1, V1_PEM, V2_PEM

OTA = "lua/demo/ota.lua"
SMALL = ("--image-size", "32K")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with keys."""
    for name, data in (("v1", V1_PEM), ("v2", V2_PEM), ("other", OTHER_V1_PEM), ("public", V1.public.data)):
        (tmp_path / f"{name}.pem").write_bytes(data)
    return tmp_path


def run(*arguments: str | Path) -> Finished:
    return luatwin("run", *SMALL, *arguments)


@pytest.mark.parametrize("scheme", ["v1", "v2"])
def test_a_board_with_secure_boot_updates_itself_and_stays_secure_from_run_to_run(scheme: str, files: Path) -> None:
    flash, key = files / "flash.bin", files / f"{scheme}.pem"
    first = run("--flash", flash, "--secure-boot", key, "--json", OTA).result
    assert [boot["label"] for boot in first["boots"]] == ["factory", "ota_0"]
    efuses = files / "flash.bin.efuse"
    assert read_efuse_file(efuses).read(Fuse.ABS_DONE_0 if scheme == "v1" else Fuse.ABS_DONE_1) == 1
    before = efuses.read_bytes()
    again = run("--flash", flash, "--secure-boot", key, "--json", OTA).result
    assert [boot["label"] for boot in again["boots"]] == ["ota_0", "ota_1"]
    assert efuses.read_bytes() == before


def test_without_the_key_nothing_newer_is_published_and_that_is_said(files: Path) -> None:
    flash = files / "flash.bin"
    run("--flash", flash, "--secure-boot", files / "v1.pem", "-e", "")
    finished = run("--flash", flash, OTA)
    assert (
        finished.err
        == "luatwin: nothing newer is published: without --secure-boot KEY.pem there is no key to sign it with\n"
    )
    assert "No new firmware available" in finished.out


def test_a_board_with_secure_boot_refuses_an_image_that_is_published_without_a_good_signature(files: Path) -> None:
    flash, image = files / "flash.bin", files / "next.bin"
    run("--flash", flash, "--secure-boot", files / "v1.pem", "-e", "")
    built: list[str | Path] = ["image", "build", image, "--size", "32K", "--commit", "1" * 40]
    assert luatwin(*built, "--sign", files / "other.pem").code == 0
    refused = run("--flash", flash, "--publish", image, "--events", files / "events", "--json", OTA).result
    assert [boot["label"] for boot in refused["boots"]] == ["factory"]
    assert "Failed\r\r\n" in refused["console"]
    events = [json.loads(line) for line in (files / "events").read_text().splitlines()]
    failure = next(event for event in events if event["kind"] == "ota.fail")
    assert "esp_image: Secure boot signature verification failed" in failure["log"]
    assert luatwin(*built, "--sign", files / "v1.pem").code == 0
    assert run("--flash", flash, "--publish", image, "--json", OTA).result["running"] == "ota_0"


def test_efuses_of_a_board_that_burns_nothing_are_not_kept(tmp_path: Path) -> None:
    run("--flash", tmp_path / "flash.bin", "-e", "")
    assert not (tmp_path / "flash.bin.efuse").exists()


def test_efuses_that_are_named_are_kept_and_used_again(tmp_path: Path) -> None:
    file = tmp_path / "chip"
    run("--efuse", file, "--seed", "7", "-e", "")
    efuses = read_efuse_file(file)
    assert efuses.is_mac_good
    run("--efuse", file, "--seed", "8", "--events", tmp_path / "events", "-e", "")
    assert read_efuse_file(file).mac == efuses.mac
    header = json.loads((tmp_path / "events").read_text().splitlines()[0])
    assert "efuses" in header["inputs"]


def test_a_chip_that_was_used_with_a_higher_secure_version_does_not_start_an_older_firmware(tmp_path: Path) -> None:
    (tmp_path / "sdkconfig").write_text("CONFIG_APP_ROLLBACK_ENABLE=y\nCONFIG_APP_ANTI_ROLLBACK=y\n")
    efuses = Efuses()
    efuses.burn_secure_version(1)
    (tmp_path / "chip").write_bytes(efuses.to_bytes())
    board = ("--sdkconfig", tmp_path / "sdkconfig", "--efuse", tmp_path / "chip", "-e", "")
    refused = run(*board)
    assert refused.code == 3
    assert "ota_0 has a lower secure version than the eFuses" in refused.err
    with (tmp_path / "sdkconfig").open("a") as text:
        text.write("CONFIG_APP_SECURE_VERSION=1\n")
    assert run(*board).code == 0


def test_a_pin_that_is_held_at_power_on_resets_the_board_to_factory(tmp_path: Path) -> None:
    (tmp_path / "sdkconfig").write_text(
        "CONFIG_BOOTLOADER_FACTORY_RESET=y\nCONFIG_LUA_RTOS_USE_FACTORY_PARTITION=y\nCONFIG_BOOTLOADER_OTA_DATA_ERASE=y\n"
    )
    flash, count = tmp_path / "flash.bin", 'nvs.write("a", "b", 1)'
    assert run("--flash", flash, "--sdkconfig", tmp_path / "sdkconfig", OTA).code == 0
    assert run("--flash", flash, "--json", "-e", count).result["running"] == "ota_0"
    asked = ("--flash", flash, "--json", "-e", 'print(nvs.exists("a", "b"))')
    assert "\r\ntrue\r\n" in run("--hold", "GPIO4:4s", *asked).result["console"]
    held = run("--hold", "gpio4:6s", *asked).result
    assert "\r\nfalse\r\n" in held["console"]
    assert held["running"] == "factory"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hold", "GPIO4"], "--hold 'GPIO4': write a pin and for how long it is held, such as GPIO4:6s"),
        (["--hold", "LED:1s"], "--hold 'LED:1s': write a pin and for how long it is held, such as GPIO4:6s"),
        (["--hold", "4:soon"], "'soon' is not a time"),
        (["--hold", "24:1s"], "--hold GPIO24: there is no such pin; the ESP32 has 0 to 23, 25 to 27 and 32 to 39"),
        (
            ["--secure-boot", "{tmp}/public.pem"],
            "{tmp}/public.pem: this is a public key; signing takes the private one",
        ),
        (["--secure-boot", "{tmp}/none.pem"], "{tmp}/none.pem: No such file or directory"),
        (["--efuse", "{tmp}/v1.pem"], "{tmp}/v1.pem: 227 bytes are no eFuse file; it has 288"),
        (["--efuse", "{tmp}/no/chip"], "{tmp}/no/chip: there is no folder {tmp}/no"),
        (
            ["--sdkconfig", "{tmp}/sdkconfig"],
            "WHITECAT-ESP32-N1-OTA has secure boot v1, so its firmware needs a key to sign it with: --secure-boot",
        ),
        (
            ["--sdkconfig", "{tmp}/sdkconfig", "--secure-boot", "{tmp}/v2.pem"],
            "the key is for secure boot v2, and the board has secure boot v1",
        ),
        (
            ["--flash", "{tmp}/flash.bin", "--secure-boot", "{tmp}/v1.pem"],
            "--secure-boot: the firmware in the flash was built without secure boot",
        ),
    ],
)
def test_what_does_not_make_sense_is_said_before_anything_runs(options: list[str], message: str, files: Path) -> None:
    (files / "sdkconfig").write_text('CONFIG_SECURE_BOOT_ENABLED=y\nCONFIG_SECURE_BOOT_SIGNING_KEY="v1.pem"\n')
    if "{tmp}/flash.bin" in options:
        run("--flash", files / "flash.bin", "-e", "")
    finished = run(*(option.format(tmp=files) for option in options), "-e", "print(1)")
    assert finished.code == 2
    assert finished.err.startswith(f"luatwin: {message.format(tmp=files)}")
    assert finished.out == ""
