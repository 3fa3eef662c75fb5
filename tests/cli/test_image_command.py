"""`luatwin image`: what it builds is what it was asked for, and what it tells is what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.firmware import read_manifest
from simulator.formats import AppImage, Segment, build_image
from tests.firmware.linked_image import lua_rtos
from tests.helpers import luatwin
from tests.signatures.signing_keys import OTHER_V1_PEM, V1, V1_PEM, V2, V2_PEM

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    """The firmware that a new board of the default kind has."""
    file = tmp_path / "factory.bin"
    assert luatwin("image", "build", file, "--size", "64K").code == 0
    return file


def test_builds_a_sound_image_of_the_board_named(tmp_path: Path) -> None:
    file = tmp_path / "thing.bin"
    built = luatwin("image", "build", file, "--board", "ESP32-THING-OTA", "--json").result
    image = AppImage.from_bytes(file.read_bytes())
    assert built["length"] == image.length == file.stat().st_size == 1024 * 1024
    assert built["manifest"]["board"] == read_manifest(image).board == "ESP32-THING-OTA"


def test_the_same_build_is_the_same_bytes(firmware: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.bin"
    assert luatwin("image", "build", again, "--size", "65536").code == 0
    assert again.read_bytes() == firmware.read_bytes()


def test_says_in_one_line_what_was_built(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    said = luatwin("image", "build", file, "--commit", COMMIT, "--size", "0x10000").out
    assert said == f"{file}: N1ESP32-OTA, commit {COMMIT}, {file.stat().st_size} bytes\n"


def test_the_firmware_after_another_is_of_the_same_board_and_newer(firmware: Path, tmp_path: Path) -> None:
    file = tmp_path / "next.bin"
    assert luatwin("image", "build", file, "--after", firmware, "--board", "GENERIC").code == 0
    old, new = read_manifest(firmware.read_bytes()), read_manifest(file.read_bytes())
    assert new.board == old.board
    assert new.commit != old.commit
    assert new.build_time > old.build_time


def test_an_image_is_signed_for_the_secure_boot_of_its_key(tmp_path: Path) -> None:
    for key, pem in ((V1, V1_PEM), (V2, V2_PEM)):
        file, key_file = tmp_path / f"{key.scheme}.bin", tmp_path / f"{key.scheme}.pem"
        key_file.write_bytes(pem)
        built = luatwin("image", "build", file, "--sign", key_file, "--size", "64K", "--json").result
        data = file.read_bytes()
        assert built["manifest"]["secure_boot"] == key.scheme
        assert data == key.sign(data[: AppImage.from_bytes(data).length])
        after = tmp_path / "next.bin"
        assert luatwin("image", "build", after, "--after", file, "--sign", key_file, "--size", "64K").code == 0
        assert read_manifest(after.read_bytes()).secure_boot == key.scheme


def test_a_key_that_the_firmware_before_does_not_trust_is_refused(tmp_path: Path) -> None:
    for name, pem in (("one", V1_PEM), ("other", OTHER_V1_PEM), ("v2", V2_PEM)):
        (tmp_path / name).write_bytes(pem)
    file, after = tmp_path / "one.bin", tmp_path / "next.bin"
    assert luatwin("image", "build", file, "--sign", tmp_path / "one", "--size", "64K").code == 0
    refused = luatwin("image", "build", after, "--after", file, "--sign", tmp_path / "other")
    assert (refused.code, refused.err) == (
        2,
        "luatwin: the key is not the one that the firmware verifies signatures with\n",
    )
    refused = luatwin("image", "build", after, "--after", file, "--sign", tmp_path / "v2")
    assert (refused.code, refused.err) == (
        2,
        "luatwin: the key is for secure boot v2, the firmware for secure boot v1\n",
    )
    assert not after.exists()


def test_an_image_has_the_secure_version_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    assert luatwin("image", "build", file, "--secure-version", "7", "--size", "64K").code == 0
    assert luatwin("image", "info", file, "--json").result["app_descriptor"]["secure_version"] == 7


def test_tells_everything_that_is_in_an_image(firmware: Path) -> None:
    told = luatwin("image", "info", firmware, "--json").result
    image = AppImage.from_bytes(firmware.read_bytes())
    assert told["image"]["checksum"] == image.checksum
    assert image.digest is not None
    assert told["image"]["digest"] == image.digest.hex()
    assert told["header"]["entry"] == image.entry
    assert [(row["load_address"], row["length"]) for row in told["segments"]] == [
        (segment.load_address, len(segment.data)) for segment in image.segments
    ]
    for row, segment in zip(told["segments"], image.segments, strict=True):
        assert firmware.read_bytes()[row["data_offset"] :][: row["length"]] == segment.data
    assert told["app_descriptor"]["project_name"] == "lua_rtos"
    assert told["manifest"]["commit"] == read_manifest(image).commit


def test_shows_people_addresses_in_hex_and_times_as_dates(firmware: Path) -> None:
    lines = {" ".join(line.split()) for line in luatwin("image", "info", firmware).out.splitlines()}
    assert {"header", "segments", "app descriptor", "manifest"} <= lines
    assert {"magic 0xe9", "entry 0x40080400", "spi mode DIO", "flash size 4 MiB", "ota yes"} <= lines
    assert "build time 1669989664 (2022-12-02 14:01:04 UTC)" in lines


def test_an_image_of_a_real_board_has_neither_manifest_nor_secrets(tmp_path: Path) -> None:
    file = tmp_path / "real.bin"
    file.write_bytes(build_image([Segment(0x3FFB0000, b"data")], entry=0x40080000, hash_appended=False) + b"\xff" * 7)
    told = luatwin("image", "info", file, "--json").result
    assert (told["app_descriptor"], told["manifest"], told["image"]["digest"]) == (None, None, None)
    assert told["image"]["bytes_behind_it"] == 7
    shown = luatwin("image", "info", file).out
    assert "manifest: none" in shown
    assert "none appended" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "{tmp}/a.bin", "--board", "N1ESP32-OTB"], "luatwin: unknown board 'N1ESP32-OTB'; did you mean"),
        (["build", "{tmp}/a.bin", "--commit", "abc"], "luatwin: --commit abc: a commit is 40 hexadecimal digits"),
        (["build", "{tmp}/a.bin", "--size", "big"], "luatwin: 'big' is not a size"),
        (["build", "{tmp}/a.bin", "--size", "1K"], "luatwin: an image of 1 KiB is too small"),
        (["build", "{tmp}/a.bin", "--size", "8M"], "luatwin: --size 8M: too large for the board's app slots; ota_0"),
        (["build", "{tmp}/no/a.bin"], "luatwin: {tmp}/no/a.bin: No such file or directory"),
        (["build", "{tmp}/a.bin", "--after", "{tmp}/no.bin"], "luatwin: {tmp}/no.bin: No such file or directory"),
        (["build", "{tmp}/a.bin", "--profile", "soft"], "luatwin image build: Invalid value for '--profile'"),
        (
            ["build", "{tmp}/a.bin", "--secure-version", "33"],
            "luatwin image build: Invalid value for",
        ),
        (["build", "{tmp}/a.bin", "--sign", "{tmp}/text"], "luatwin: {tmp}/text: this is no key in PEM form"),
        (["build", "{tmp}/a.bin", "--sign", "{tmp}/key"], "luatwin: {tmp}/key: this is a public key; signing takes"),
        (["info", "{tmp}/no.bin"], "luatwin: {tmp}/no.bin: No such file or directory"),
        (["info", "{tmp}/text"], "luatwin: magic byte is 0x23, not 0xe9: this is no ESP32 image"),
        (["info", "{tmp}"], "luatwin image info: Invalid value for 'FILE'"),
    ],
)
def test_bad_input_is_said_in_one_line_and_exits_with_2(arguments: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("# This is a text and no image.\n")
    (tmp_path / "key").write_bytes(V1.public.data)
    finished = luatwin("image", *(argument.format(tmp=tmp_path) for argument in arguments))
    assert finished.code == 2
    assert finished.err.startswith(message.format(tmp=tmp_path))
    assert finished.out == ""
    assert not (tmp_path / "a.bin").exists()


def test_a_damaged_image_names_the_fault(firmware: Path) -> None:
    data = bytearray(firmware.read_bytes())
    data[5000] ^= 1
    firmware.write_bytes(data)
    finished = luatwin("image", "info", firmware)
    assert finished.code == 2
    assert finished.err.startswith("luatwin: checksum is 0x")


def test_a_real_build_is_recognised_and_what_had_to_be_assumed_is_said(tmp_path: Path) -> None:
    file = tmp_path / "lua_rtos.bin"
    file.write_bytes(lua_rtos())
    told = luatwin("image", "info", file, "--json").result
    assert told["manifest"]["firmware"] == "WHITECAT-ESP32-N1-OTA"
    assert "board type N1ESP32" in told["recognised"]["found"]
    assert "log level NONE" in told["recognised"]["assumed"]
    out = luatwin("image", "info", file).out
    assert "firmware WHITECAT-ESP32-N1-OTA, board type N1ESP32" in " ".join(out.split())
    assert "recognised" not in luatwin("image", "info", firmware_of_ours(tmp_path), "--json").result


def firmware_of_ours(tmp_path: Path) -> Path:
    file = tmp_path / "ours.bin"
    assert luatwin("image", "build", file, "--size", "64K").code == 0
    return file
