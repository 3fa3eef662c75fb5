from __future__ import annotations

import pytest

from simulator.boot import BootConfig, Esp32, ResetReason, RomEnding, build_bootloader_image, start_rom
from simulator.boot.reset import boot_mode_name, is_download, is_flash_boot
from simulator.boot.revision import V4_0, V5_2, Revision
from simulator.efuses import Fuse
from simulator.flash import FlashChip
from simulator.formats import AppImage, SpiMode, SpiSpeed

CONFIGURATION = [
    "configsip: 0, SPIWP:0xee",
    "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00",
    "mode:DIO, clock div:2",
]
SEGMENTS = [
    "load:0x3fff0018,len:4",
    "load:0x3fff001c,len:6276",
    "load:0x40078000,len:11624",
    "load:0x40080400,len:6648",
]


def chip_with(bootloader: bytes) -> FlashChip:
    chip = FlashChip()
    chip.program(0x1000, bootloader)
    return chip


def changed(offset: int, value: int) -> FlashChip:
    image = bytearray(build_bootloader_image())
    image[offset] = value
    return chip_with(bytes(image))


def test_power_on_prints_the_lines_of_the_reference() -> None:
    outcome = start_rom(chip_with(build_bootloader_image()))
    assert list(outcome.lines) == [
        "ets Jun  8 2016 00:22:57",
        "",
        "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)",
        *CONFIGURATION,
        *SEGMENTS,
        "entry 0x40080764",
    ]
    assert outcome.ending is RomEnding.BOOTLOADER


def test_newer_chip_has_the_newer_rom() -> None:
    assert start_rom(chip_with(build_bootloader_image()), Esp32(revision=300)).lines[0] == "ets Jul 29 2019 12:21:46"


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (ResetReason.SW_RESET, "rst:0x3 (SW_RESET)"),
        (ResetReason.DEEPSLEEP_RESET, "rst:0x5 (DEEPSLEEP_RESET)"),
        (ResetReason.SW_CPU_RESET, "rst:0xc (SW_CPU_RESET)"),
        (ResetReason.RTCWDT_RTC_RESET, "rst:0x10 (RTCWDT_RTC_RESET)"),
    ],
)
def test_reset_reason_is_named(reason: ResetReason, text: str) -> None:
    outcome = start_rom(chip_with(build_bootloader_image()), Esp32(reset_reason=reason, boot_mode=0x37))
    assert outcome.lines[2] == f"{text},boot:0x37 (SPI_FAST_FLASH_BOOT)"


def test_flash_settings_come_from_the_header() -> None:
    image = bytearray(build_bootloader_image(spi_mode=SpiMode.SLOW_READ, spi_speed=SpiSpeed.MHZ_80))
    image[8:12] = b"\x07\x21\x43\x65"
    assert start_rom(chip_with(bytes(image))).lines[3:6] == (
        "configsip: 0, SPIWP:0x07",
        "clk_drv:0x01,q_drv:0x02,d_drv:0x03,cs0_drv:0x04,hd_drv:0x05,wp_drv:0x06",
        "mode:SLOW_RD, clock div:1",
    )


@pytest.mark.parametrize(
    ("speed", "divider"), [(SpiSpeed.MHZ_40, 2), (SpiSpeed.MHZ_26, 3), (SpiSpeed.MHZ_20, 4), (SpiSpeed.MHZ_80, 1)]
)
def test_clock_divider_is_that_of_the_speed(speed: SpiSpeed, divider: int) -> None:
    assert f"mode:DIO, clock div:{divider}" in start_rom(chip_with(build_bootloader_image(spi_speed=speed))).lines


def test_rom_does_not_check_the_digest() -> None:
    image = build_bootloader_image()
    assert start_rom(chip_with(image[:-1] + bytes((image[-1] ^ 1,)))).ending is RomEnding.BOOTLOADER


def test_no_bootloader_on_the_older_rom() -> None:
    outcome = start_rom(FlashChip())
    assert outcome.lines[3:] == ("flash read err, 1000", "ets_main.c 371 ")
    assert outcome.ending is RomEnding.WATCHDOG


@pytest.mark.parametrize(
    ("chip", "line"),
    [
        (FlashChip(), "invalid header: 0xffffffff"),
        (changed(0, 0xEA), "invalid header: 0x200204ea"),
        (changed(12, 2), "wrong chip id 0x0002"),
    ],
)
def test_newer_rom_repeats_its_complaint_until_the_watchdog(chip: FlashChip, line: str) -> None:
    outcome = start_rom(chip, Esp32(revision=300))
    assert set(outcome.lines[3:]) == {line}
    assert 100 < len(outcome.lines) < 300
    assert outcome.ending is RomEnding.WATCHDOG


def test_older_rom_does_not_know_chip_ids() -> None:
    assert start_rom(changed(12, 2)).ending is RomEnding.BOOTLOADER


def test_wrong_checksum_ends_in_the_interpreter_or_at_the_watchdog() -> None:
    stored = AppImage.from_bytes(build_bootloader_image()).checksum
    broken = changed(200, build_bootloader_image()[200] ^ 0x10)
    outcome = start_rom(broken)
    assert list(outcome.lines[3:]) == [
        *CONFIGURATION,
        *SEGMENTS,
        f"csum err:0x{stored ^ 0x10:x}!=0x{stored:x}",
        "Falling back to built-in command interpreter.",
        "OK",
        ">",
    ]
    assert outcome.ending is RomEnding.INTERPRETER
    esp32 = Esp32()
    esp32.efuses.burn(Fuse.CONSOLE_DEBUG_DISABLE, 1)
    fused = start_rom(broken, esp32)
    assert fused.lines[-1] == "ets_main.c 371 "
    assert fused.ending is RomEnding.WATCHDOG


@pytest.mark.parametrize(("offset", "value"), [(1, 17), (1, 255), (31, 0x7F)])
def test_impossible_segments_hang_until_the_watchdog(offset: int, value: int) -> None:
    assert start_rom(changed(offset, value)).ending is RomEnding.WATCHDOG


def test_gpio0_low_waits_for_a_download() -> None:
    outcome = start_rom(FlashChip(), Esp32(boot_mode=0x3))
    assert outcome.lines[2:] == (
        "rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))",
        "waiting for download",
    )
    assert outcome.ending is RomEnding.DOWNLOAD


def test_gpio15_low_silences_the_rom_but_does_not_stop_it() -> None:
    outcome = start_rom(chip_with(build_bootloader_image()), Esp32(boot_mode=0x11))
    assert outcome.lines == ()
    assert outcome.ending is RomEnding.BOOTLOADER


def test_other_boot_modes_find_nothing() -> None:
    outcome = start_rom(chip_with(build_bootloader_image()), Esp32(boot_mode=0x8))
    assert outcome.lines[2] == "rst:0x1 (POWERON_RESET),boot:0x8 (HSPI_FLASH_BOOT)"
    assert outcome.ending is RomEnding.WATCHDOG


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        (0x13, "SPI_FAST_FLASH_BOOT"),
        (0x33, "SPI_FAST_FLASH_BOOT"),
        (0x1F, "SPI_FAST_FLASH_BOOT"),
        (0x08, "HSPI_FLASH_BOOT"),
        (0x0B, "HSPI_FLASH_BOOT"),
        (0x0C, "SPI_FLASH_BOOT"),
        (0x0D, "SDIO_REI_FEO_V1_BOOT"),
        (0x0E, "ATE_BOOT"),
        (0x0F, "UART_BOOT(UART0)"),
        (0x00, "DOWNLOAD_BOOT(UART0/UART1/SDIO_FEI_FEO_V2)"),
        (0x05, "DOWNLOAD_BOOT(UART0/UART1/SDIO_FEI_REO_V2)"),
        (0x02, "DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_FEO_V2)"),
        (0x07, "DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2)"),
        (0x23, "DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2)"),
    ],
)
def test_strapping_values_have_their_names(mode: int, name: str) -> None:
    assert boot_mode_name(mode) == name
    assert is_flash_boot(mode) == (name == "SPI_FAST_FLASH_BOOT")
    assert is_download(mode) == name.startswith("DOWNLOAD")


def test_strapping_pins_are_read_anew_after_some_resets_only() -> None:
    assert [reason.value for reason in ResetReason if reason.latches_strapping] == [0x1, 0xF, 0x10]


@pytest.mark.parametrize("revision", [V4_0, V5_2], ids=["v4.0", "v5.2"])
def test_stock_bootloader_fits_its_place_and_tells_its_version(revision: Revision) -> None:
    image = build_bootloader_image(BootConfig(revision=revision))
    assert len(image) < 0x7000
    assert f"ESP-IDF {revision.version} 2nd stage bootloader".encode() in image
    assert image == build_bootloader_image(BootConfig(revision=revision))
