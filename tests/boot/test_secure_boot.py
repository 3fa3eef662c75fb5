"""With secure boot nothing unsigned starts, nothing unsigned becomes an update, and the chip is locked for ever."""

from __future__ import annotations

import pytest

from simulator.boot import (
    V4_0,
    V5_2,
    BootOutcome,
    Ending,
    Esp32,
    Ota,
    Revision,
    RomEnding,
    find_boot_config,
    run_bootloader,
    start_bootloader,
    start_rom,
)
from simulator.boot.bootloader_image import BOOTLOADER_AREA_BYTES, BOOTLOADER_OFFSET
from simulator.boot.log import LogLevel, render_line
from simulator.boot.secure_boot import app_check
from simulator.efuses import READ_PROTECT_BLOCK2, WRITE_PROTECT_BLOCK2, Fuse
from simulator.flash import FlashChip
from simulator.formats import AppImage, EspErr, EspError, ImageState, build_image
from simulator.formats.partition_table import TABLE_BYTES, TABLE_OFFSET
from simulator.signatures import IV_BYTES, SIGNATURE_SECTOR_BYTES, SIGNATURE_V1_BYTES, SigningKey
from tests.boot.secure_flash import config_for, esp32_for, flipped, secure_chip, signed
from tests.boot.two_slots import OTA_0, OTA_1, WITHOUT_FACTORY, entry, small_image
from tests.signatures.signing_keys import OTHER_V1, OTHER_V2, V1, V2

BUILDS = [(V1, V4_0), (V1, V5_2), (V2, V5_2)]
EVERY_BUILD = pytest.mark.parametrize(("key", "revision"), BUILDS, ids=["v1-v4.0", "v1-v5.2", "v2-v5.2"])
BOTH_SCHEMES = pytest.mark.parametrize("key", [V1, V2], ids=["v1", "v2"])
OTHER = {"v1": OTHER_V1, "v2": OTHER_V2}


def run(chip: FlashChip, key: SigningKey, esp32: Esp32, revision: Revision | None = None) -> BootOutcome:
    return run_bootloader(chip, config_for(key, revision), esp32)


def lines(outcome: BootOutcome, *, without: str = "I esp_image: segment") -> list[str]:
    log = [str(line) for line in outcome.log]
    return [line for line in log[log.index("I boot: End of partition table") + 1 :] if not line.startswith(without)]


def locked(
    key: SigningKey, images: dict[str, bytes] | None = None, revision: Revision | None = None
) -> tuple[FlashChip, Esp32]:
    """Return a chip on which secure boot has been enabled by a first boot; only then it gets ``images``."""
    chip, esp32 = secure_chip(key, config=config_for(key, revision)), esp32_for(key)
    assert run(chip, key, esp32, revision).label == "ota_0"
    for label, image in (images or {}).items():
        partition = WITHOUT_FACTORY.find(label)
        assert partition is not None
        chip.erase(partition.offset, partition.size)
        chip.program(partition.offset, image)
    return chip, esp32


# --- the first boot


def test_first_boot_with_v1_burns_a_key_that_nobody_can_read_and_writes_a_digest() -> None:
    chip, esp32 = secure_chip(V1), esp32_for(V1)
    outcome = run(chip, V1, esp32)
    assert lines(outcome) == [
        "I boot: No factory image, trying OTA 0",
        "I esp_image: Verifying image signature...",
        "I boot: Loaded app from partition at offset 0xa0000",
        "I boot: Set actual ota_seq=1 in otadata[0]",
        "I secure_boot: Generating new secure boot key...",
        "I secure_boot: Generating secure boot digest...",
        "I secure_boot: Digest generation complete.",
        "I boot: Checking secure boot...",
        "I secure_boot: Read & write protecting new key...",
        "I secure_boot: blowing secure boot efuse...",
        "I secure_boot: Disable JTAG...",
        "I secure_boot: Disable ROM BASIC interpreter fallback...",
        "I secure_boot: secure boot is now enabled for bootloader image",
        "I boot: Disabling RNG early entropy source...",
    ]
    efuses = esp32.efuses
    for fuse in (Fuse.ABS_DONE_0, Fuse.JTAG_DISABLE, Fuse.CONSOLE_DEBUG_DISABLE):
        assert efuses.read(fuse) == 1
    assert efuses.read(Fuse.ABS_DONE_1) == 0
    assert efuses.block2() == bytes(32)
    assert efuses.secure_boot_key() != bytes(32)
    assert chip.read(0, IV_BYTES) == bytes(range(1, IV_BYTES + 1))
    assert start_rom(chip, esp32).ending is RomEnding.BOOTLOADER


def test_first_boot_with_v2_burns_the_digest_of_the_key_that_signed_the_bootloader() -> None:
    chip, esp32 = secure_chip(V2), esp32_for(V2)
    log = lines(run(chip, V2, esp32))
    assert "I secure_boot_v2: Secure boot digests absent, generating.." in log
    assert log[-2:] == [
        "I secure_boot_v2: Secure boot permanently enabled",
        "I boot: Disabling RNG early entropy source...",
    ]
    assert esp32.efuses.block2() == V2.public.data
    assert esp32.efuses.read(Fuse.ABS_DONE_1) == 1
    esp32.efuses.burn(Fuse.RD_DIS, READ_PROTECT_BLOCK2)
    assert esp32.efuses.block2() == V2.public.data, "the digest cannot be hidden any more"


@EVERY_BUILD
def test_later_boots_burn_nothing_and_write_nothing(key: SigningKey, revision: Revision) -> None:
    chip, esp32 = locked(key, revision=revision)
    before, operations = esp32.efuses.to_bytes(), chip.operation_count
    outcome = run(chip, key, esp32, revision)
    assert outcome.label == "ota_0"
    assert any("already enabled" in line for line in lines(outcome))
    assert (esp32.efuses.to_bytes(), chip.operation_count) == (before, operations)


@EVERY_BUILD
def test_nothing_is_burned_before_a_signed_app_was_found(key: SigningKey, revision: Revision) -> None:
    chip = secure_chip(key, {"ota_0": small_image(), "ota_1": signed(OTHER_V1, small_image())})
    esp32 = esp32_for(key)
    assert run(chip, key, esp32, revision).ending is Ending.RESET
    assert not esp32.efuses.is_changed


def test_a_key_that_was_burned_beforehand_is_used_if_it_is_protected() -> None:
    chip, esp32 = secure_chip(V1), esp32_for(V1)
    esp32.efuses.burn(Fuse.BLOCK2, 4711)
    esp32.efuses.burn(Fuse.RD_DIS, READ_PROTECT_BLOCK2)
    esp32.efuses.burn(Fuse.WR_DIS, WRITE_PROTECT_BLOCK2)
    outcome = run(chip, V1, esp32)
    assert "W secure_boot: Using pre-loaded secure boot key in EFUSE block 2" in lines(outcome)
    assert esp32.efuses.secure_boot_key() == (4711).to_bytes(32, "big")
    assert start_rom(chip, esp32).ending is RomEnding.BOOTLOADER


@pytest.mark.parametrize(("fuse", "missing"), [(Fuse.RD_DIS, "write"), (Fuse.WR_DIS, "read")])
def test_a_key_that_is_half_protected_ends_in_abort(fuse: Fuse, missing: str) -> None:
    chip, esp32 = secure_chip(V1), esp32_for(V1)
    esp32.efuses.burn(fuse, READ_PROTECT_BLOCK2 if fuse is Fuse.RD_DIS else WRITE_PROTECT_BLOCK2)
    outcome = run(chip, V1, esp32)
    assert outcome.ending is Ending.EXCEPTION
    assert lines(outcome)[-2:] == [
        f"E secure_boot: Pre-loaded key is not {missing} protected. Refusing to blow secure boot efuse.",
        "E boot: FAILED TO ENABLE SECURE BOOT (259).",
    ]
    assert "aborts" in outcome.why


@pytest.mark.parametrize(
    ("key", "scheme", "line"),
    [
        (V1, 2, "E secure_boot: Unknown/unsupported CODING_SCHEME value 0x2"),
        (V2, 1, "E secure_boot_v2: No coding schemes are supported in secure boot v2.(Detected scheme: 0x1)"),
    ],
    ids=["v1", "v2"],
)
def test_a_coding_scheme_that_is_not_supported_starts_no_app(key: SigningKey, scheme: int, line: str) -> None:
    chip, esp32 = secure_chip(key), esp32_for(key)
    esp32.efuses.burn(Fuse.CODING_SCHEME, scheme)
    outcome = run(chip, key, esp32)
    assert outcome.ending is Ending.RESET
    assert line in lines(outcome)
    assert any(text.startswith("E boot: ") and "(262)" in text for text in lines(outcome))


def test_first_boot_with_v2_refuses_an_app_of_another_key_than_the_bootloaders() -> None:
    image = signed(OTHER_V2, small_image())
    chip, esp32 = secure_chip(V2, {"ota_0": image, "ota_1": image}), esp32_for(V2)
    outcome = run(chip, V2, esp32)
    assert "E secure_boot_v2: No application key digest matches the bootloader key digest." in lines(outcome)
    assert outcome.ending is Ending.RESET
    assert not esp32.efuses.is_changed


def test_first_boot_with_v2_needs_a_signed_bootloader() -> None:
    chip, esp32 = secure_chip(V2), esp32_for(V2)
    bootloader = AppImage.from_bytes(chip.read(BOOTLOADER_OFFSET, BOOTLOADER_AREA_BYTES))
    signature_at = BOOTLOADER_OFFSET + -(-bootloader.length // SIGNATURE_SECTOR_BYTES) * SIGNATURE_SECTOR_BYTES
    chip.erase(signature_at, SIGNATURE_SECTOR_BYTES)
    outcome = run(chip, V2, esp32)
    assert "E secure_boot_v2: bootloader image appears invalid! error 8194" in lines(outcome)
    assert not esp32.efuses.is_changed


@EVERY_BUILD
def test_a_power_cut_at_any_step_of_the_first_boot_is_made_good_by_the_next(
    key: SigningKey, revision: Revision
) -> None:
    config = config_for(key, revision)
    whole = len(list(start_bootloader(secure_chip(key, config=config), config, esp32_for(key))))
    for cut in range(whole):
        chip, esp32 = secure_chip(key, config=config), esp32_for(key)
        for _, _ in zip(range(cut), start_bootloader(chip, config, esp32), strict=False):
            pass
        assert start_rom(chip, esp32).ending is RomEnding.BOOTLOADER, cut
        assert run(chip, key, esp32, revision).label == "ota_0", cut
        assert start_rom(chip, esp32).ending is RomEnding.BOOTLOADER, cut


# --- what the bootloader refuses


@EVERY_BUILD
def test_an_unsigned_app_is_passed_over_and_said_to_be_sound(key: SigningKey, revision: Revision) -> None:
    chip, esp32 = locked(key, {"ota_0": small_image()}, revision)
    outcome = run(chip, key, esp32, revision)
    log = lines(outcome)
    at = log.index("E esp_image: Secure boot signature verification failed")
    assert log[at : at + 4] == [
        "E esp_image: Secure boot signature verification failed",
        "I esp_image: Calculating simple hash to check for corruption...",
        "W esp_image: image valid, signature bad",
        "E boot: OTA app partition slot 0 is not bootable",
    ]
    assert outcome.label == "ota_1"
    assert outcome.why.startswith("otadata[0] selects ota_0")
    assert outcome.why.endswith("ota_1 is started")


@EVERY_BUILD
def test_an_app_of_another_key_is_refused(key: SigningKey, revision: Revision) -> None:
    chip, esp32 = locked(key, {"ota_0": signed(OTHER[key.scheme], small_image())}, revision)
    outcome = run(chip, key, esp32, revision)
    assert "W esp_image: image valid, signature bad" in lines(outcome)
    assert outcome.label == "ota_1"


@EVERY_BUILD
def test_every_bit_of_a_signed_app_counts(key: SigningKey, revision: Revision) -> None:
    image = signed(key, small_image("2"))
    filler = len(small_image("2"))
    spots = {0, 1, 2, 8, 23, 24, 28, 40, filler - 33, filler - 1, filler}
    sector = len(image) - SIGNATURE_SECTOR_BYTES
    spots |= {filler + 4, filler + 40} if key is V1 else {sector, sector + 900}
    for spot in spots:
        chip, esp32 = locked(key, {"ota_0": flipped(image, spot)}, revision)
        assert run(chip, key, esp32, revision).label == "ota_1", spot


@EVERY_BUILD
def test_two_flips_that_the_checksum_does_not_see_are_called_corruption(key: SigningKey, revision: Revision) -> None:
    image = signed(key, small_image())
    chip, esp32 = locked(key, {"ota_0": flipped(flipped(image, 100), 101)}, revision)
    log = lines(run(chip, key, esp32, revision))
    at = log.index("I esp_image: Calculating simple hash to check for corruption...")
    assert log[at + 1 : at + 3] == [
        "E esp_image: Image hash failed - image is corrupt",
        "W esp_image: image corrupted on flash",
    ]


@EVERY_BUILD
def test_an_image_without_a_digest_of_its_own_is_as_good_if_it_is_signed(key: SigningKey, revision: Revision) -> None:
    plain = AppImage.from_bytes(small_image())
    image = build_image(plain.segments, entry=0x40080400, hash_appended=False)
    chip, esp32 = locked(key, {"ota_0": signed(key, image)}, revision)
    assert run(chip, key, esp32, revision).label == "ota_0"
    chip, esp32 = locked(key, {"ota_0": image}, revision)
    assert "W esp_image: image corrupted on flash" in lines(run(chip, key, esp32, revision))


def test_a_block_of_an_unknown_version_is_named() -> None:
    image = small_image()
    chip, esp32 = locked(V1, {"ota_0": image + b"\1" + bytes(67)})
    assert "E secure_boot: image has invalid signature version field 0x00000001" in lines(run(chip, V1, esp32))


@pytest.mark.parametrize(
    ("spot", "line"),
    [
        (0, "No signature block magic byte found at signature sector (found 0xe6 not 0xe7). Image not V2 signed?"),
        (1196, "Sig block 0 invalid: Stored CRC ends"),
        (5000, "Sig block 0 invalid: Image digest does not match"),
    ],
)
def test_the_rom_says_past_the_log_what_is_wrong_with_a_block(spot: int, line: str) -> None:
    image = bytearray(signed(V2, small_image()))
    if spot == 5000:
        image[len(small_image()) + 1] = 0  # in the filler
    else:
        image[spot - SIGNATURE_SECTOR_BYTES] ^= 1
    chip, esp32 = locked(V2, {"ota_0": bytes(image)})
    outcome = run(chip, V2, esp32)
    assert line in lines(outcome)
    raw = next(entry for entry in outcome.log if str(entry) == line)
    assert raw.level is LogLevel.NONE
    assert render_line(raw, 123) == f"{line}\r\n"


def test_an_unsigned_partition_table_stops_the_older_bootloader_only() -> None:
    for revision in (V4_0, V5_2):
        chip, esp32 = locked(V1, revision=revision)
        chip.program(TABLE_OFFSET + TABLE_BYTES, bytes(SIGNATURE_V1_BYTES))
        outcome = run(chip, V1, esp32, revision)
        if revision is V4_0:
            assert [str(line) for line in outcome.log][-3:] == [
                "I boot: Verifying partition table signature...",
                "E boot: Failed to verify partition table signature.",
                "E boot: load partition table error!",
            ]
            assert outcome.ending is Ending.RESET
        else:
            assert outcome.label == "ota_0"


def test_until_it_is_locked_a_chip_takes_an_unsigned_table() -> None:
    chip, esp32 = secure_chip(V1), esp32_for(V1)
    chip.program(TABLE_OFFSET + TABLE_BYTES, bytes(SIGNATURE_V1_BYTES))
    assert run(chip, V1, esp32).label == "ota_0"


# --- what the ROM refuses


def test_the_rom_with_v2_prints_the_lines_of_real_chips() -> None:
    chip, esp32 = locked(V2)
    outcome = start_rom(chip, esp32)
    assert outcome.lines[5:] == (
        "mode:2, clock div:2",
        "secure boot v2 enabled",
        "secure boot verification succeeded",
        "load:0x3fff0030 len:0x1bc8",
        "load:0x40078000 len:0x3454",
        "load:0x40080400 len:0x4",
        "load:0x40080404 len:0xf14",
        "entry 0x4008063c",
    )


def test_the_rom_with_v2_refuses_a_bootloader_of_another_key() -> None:
    chip, esp32 = locked(V2)
    other = secure_chip(OTHER_V2).read(BOOTLOADER_OFFSET, BOOTLOADER_AREA_BYTES)
    chip.erase(BOOTLOADER_OFFSET, BOOTLOADER_AREA_BYTES)
    chip.program(BOOTLOADER_OFFSET, other)
    outcome = start_rom(chip, esp32)
    assert outcome.ending is RomEnding.WATCHDOG
    assert outcome.lines[-3:] == ("secure boot v2 enabled", "secure boot verification failed", "ets_main.c 371 ")


def test_an_older_chip_knows_nothing_of_v2() -> None:
    chip, esp32 = locked(V2)
    esp32.revision = 0
    assert "secure boot v2 enabled" not in start_rom(chip, esp32).lines


@pytest.mark.parametrize(("revision", "last"), [(0, "ets_main.c 371 "), (300, "Secure boot check fail")])
@pytest.mark.parametrize("address", [0, IV_BYTES, BOOTLOADER_OFFSET + 0x2000])
def test_the_rom_with_v1_refuses_what_does_not_fit_the_digest(revision: int, last: str, address: int) -> None:
    chip, esp32 = locked(V1)
    esp32.revision = revision
    changed = bytearray(chip.to_bytes())
    changed[address] ^= 0x10
    changed[address + 1] ^= 0x10  # so that the checksum does not see it
    outcome = start_rom(FlashChip(len(changed), bytes(changed)), esp32)
    assert outcome.ending is RomEnding.WATCHDOG
    assert outcome.lines[-1] == last
    assert "ecure boot check fail" in "\n".join(outcome.lines[-2:])
    assert not any(line.startswith("entry") for line in outcome.lines)


@pytest.mark.parametrize("revision", [0, 300])
def test_a_disabled_download_mode_is_one_of_chip_revision_3(revision: int) -> None:
    esp32 = Esp32(boot_mode=0x3, revision=revision)
    esp32.efuses.burn(Fuse.UART_DOWNLOAD_DIS, 1)
    outcome = start_rom(FlashChip(), esp32)
    assert (outcome.ending is RomEnding.DOWNLOAD) is (revision == 0)


# --- updates


def update(chip: FlashChip, esp32: Esp32, key: SigningKey, image: bytes, revision: Revision) -> tuple[str, list[str]]:
    """Let the app in ota_0 write ``image`` to ota_1 and select it; return what came of it, and the lines."""
    secure_boot = config_for(key, revision).secure_boot
    signature = app_check(secure_boot, revision=revision, efuses=esp32.efuses)
    ota = Ota(chip, WITHOUT_FACTORY, OTA_0, signature=signature, revision=revision, efuses=esp32.efuses)
    update = ota.begin(OTA_1).run()
    for start in range(0, len(image), 1024):
        update.write(image[start : start + 1024])
    printed: list[str] = []
    try:
        for work in (update.end, lambda: ota.set_boot_partition(OTA_1)):
            for step in work():
                printed += [str(step)] if step is not None else []
    except EspError as error:
        return error.code.name, printed
    return "selected", printed


@EVERY_BUILD
def test_a_signed_update_is_accepted_and_boots(key: SigningKey, revision: Revision) -> None:
    chip, esp32 = locked(key, revision=revision)
    came_of_it, printed = update(chip, esp32, key, signed(key, small_image("3")), revision)
    assert came_of_it == "selected"
    assert printed.count("I esp_image: Verifying image signature...") == 2
    assert run(chip, key, esp32, revision).label == "ota_1"


@EVERY_BUILD
@pytest.mark.parametrize("kind", ["unsigned", "other key", "flipped signature", "flipped filler"])
def test_any_other_update_is_refused_and_the_old_app_goes_on(key: SigningKey, revision: Revision, kind: str) -> None:
    plain = small_image("3")
    good = signed(key, plain)
    at = len(plain) + 10 if key is V1 else len(good) - SIGNATURE_SECTOR_BYTES + 900
    image = {
        "unsigned": plain,
        "other key": signed(OTHER[key.scheme], plain),
        "flipped signature": flipped(good, at),
        "flipped filler": flipped(good, len(plain) + 4),
    }[kind]
    chip, esp32 = locked(key, revision=revision)
    came_of_it, printed = update(chip, esp32, key, image, revision)
    assert came_of_it == EspErr.ESP_ERR_OTA_VALIDATE_FAILED.name
    assert printed[-3:] == [
        "E esp_image: Secure boot signature verification failed",
        "I esp_image: Calculating simple hash to check for corruption...",
        "W esp_image: image valid, signature bad",
    ]
    assert run(chip, key, esp32, revision).label == "ota_0"


def test_an_app_with_v2_on_a_chip_without_a_digest_refuses_everything() -> None:
    chip, esp32 = secure_chip(V2), esp32_for(V2)
    came_of_it, printed = update(chip, esp32, V2, signed(V2, small_image()), V5_2)
    assert came_of_it == EspErr.ESP_ERR_OTA_VALIDATE_FAILED.name
    assert "E secure_boot_v2: Could not read secure boot digests!" in printed


def test_an_app_says_what_mbedtls_answers_to_a_signature_that_does_not_fit() -> None:
    chip, esp32 = locked(V2)
    image = bytearray(signed(V2, small_image()))
    image[len(small_image()) + 1] = 0
    _, printed = update(chip, esp32, V2, bytes(image), V5_2)
    assert "E secure_boot_v2_rsa: Failed mbedtls_rsa_rsassa_pss_verify, err: -17280" in printed


@BOTH_SCHEMES
def test_rollback_to_an_unsigned_app_is_not_possible(key: SigningKey) -> None:
    chip, esp32 = locked(key, {"ota_1": small_image()})
    revision = config_for(key).revision
    signature = app_check(config_for(key).secure_boot, revision=revision, efuses=esp32.efuses)
    chip.erase(0x8F000, 0x2000)
    for index, select in enumerate((entry(3, ImageState.PENDING_VERIFY), entry(2, ImageState.VALID))):
        chip.program(0x8F000 + 0x1000 * index, select.to_bytes())
    ota = Ota(chip, WITHOUT_FACTORY, OTA_0, rollback=True, signature=signature, revision=revision, efuses=esp32.efuses)
    assert not ota.is_rollback_possible().run()


# --- the bootloader in flash tells what it was built with


@EVERY_BUILD
def test_the_bootloader_in_flash_tells_how_it_was_built(key: SigningKey, revision: Revision) -> None:
    config = config_for(key, revision, rollback=True, anti_rollback=True, secure_version_bits=16, test_app_pin=0)
    assert find_boot_config(secure_chip(key, config=config).to_bytes()) == config
