"""An owner's sdkconfig over a board: what is taken over, what is refused and with which words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from simulator.boards import Board, load_board
from simulator.boards.schema import CanPins, FactoryReset, Task
from simulator.boards.sdkconfig import with_sdkconfig
from simulator.errors import DescriptionError, UsageError
from tests.signatures.signing_keys import V1, V1_PEM, V2_PEM


@pytest.fixture
def apply(tmp_path: Path):
    """Return a function that lays a text over a board as its sdkconfig."""

    def applied(text: str, board_id: str = "GENERIC-OTA") -> Board:
        file = tmp_path / "sdkconfig"
        file.write_text(text, encoding="utf-8")
        return with_sdkconfig(load_board(board_id), file)

    return applied


@pytest.fixture
def said(apply, tmp_path: Path):
    """Return a function that returns the problems of a text."""

    def problems(text: str, board_id: str = "GENERIC-OTA") -> list[str]:
        with pytest.raises(DescriptionError) as caught:
            apply(text, board_id)
        return [line.replace(f"{tmp_path}/", "") for line in str(caught.value).splitlines()]

    return problems


# As Kconfig of the pinned revision writes it: an option that is off is empty, not absent.
OWN_BUILD = """\
#
# Automatically generated file; DO NOT EDIT.
#
CONFIG_TOOLPREFIX="xtensa-esp32-elf-"
CONFIG_LOG_BOOTLOADER_LEVEL_ERROR=
CONFIG_LOG_BOOTLOADER_LEVEL_INFO=y
CONFIG_LOG_BOOTLOADER_LEVEL=3
CONFIG_APP_ROLLBACK_ENABLE=y
CONFIG_FLASHMODE_QIO=y
CONFIG_FLASHMODE_DIO=
CONFIG_ESPTOOLPY_FLASHMODE="dio"
CONFIG_ESPTOOLPY_FLASHFREQ_80M=y
CONFIG_ESPTOOLPY_FLASHFREQ="80m"
CONFIG_ESPTOOLPY_FLASHSIZE_4MB=
CONFIG_ESPTOOLPY_FLASHSIZE_16MB=y
CONFIG_ESPTOOLPY_FLASHSIZE="16MB"
CONFIG_PARTITION_TABLE_OFFSET=0x8000
CONFIG_BT_ENABLED=
CONFIG_ESP32_PHY_INIT_DATA_IN_PARTITION=y
CONFIG_LOG_DEFAULT_LEVEL_VERBOSE=y
CONFIG_LOG_DEFAULT_LEVEL=5
CONFIG_LUA_RTOS_FIRMWARE_ESP32_THING_OTA=y
CONFIG_LUA_RTOS_FIRMWARE_GENERIC=
CONFIG_LUA_RTOS_USE_OTA=y
CONFIG_LUA_RTOS_OTA_SERVER_NAME="ota.example.org"
CONFIG_LUA_RTOS_USE_FACTORY_PARTITION=y
CONFIG_LUA_RTOS_READ_FLASH_UNIQUE_ID=y
CONFIG_LUA_RTOS_LED_ACT=-1
CONFIG_LUA_RTOS_CONSOLE_UART0=y
CONFIG_LUA_RTOS_CONSOLE_BR_57600=y
CONFIG_LUA_RTOS_CONSOLE_BR_115200=
CONFIG_LUA_RTOS_CONSOLE_BUFFER_LEN=2048
CONFIG_LUA_RTOS_PART_NVS_SIZE=16384
CONFIG_LUA_RTOS_PART_STORAGE_SIZE=1048576
CONFIG_LUA_RTOS_USE_ROM_FS=y
CONFIG_LUA_RTOS_USE_RAM_FS=
CONFIG_LUA_RTOS_USE_SPIFFS=
CONFIG_LUA_RTOS_USE_LFS=y
CONFIG_LUA_RTOS_USE_FAT=y
CONFIG_LUA_RTOS_LFS_BLOCK_SIZE=8192
CONFIG_LUA_RTOS_POWER_BUS_PIN=27
CONFIG_LUA_RTOS_CAN_TX_GPIO5=y
CONFIG_LUA_RTOS_CAN_RX_GPIO35=y
CONFIG_LUA_RTOS_SPI2_CS=17
CONFIG_LUA_RTOS_UART1_RX=36
CONFIG_LUA_RTOS_LUA_STACK_SIZE=20480
CONFIG_LUA_RTOS_LUA_TASK_PRIORITY=3
CONFIG_LUA_RTOS_LUA_THREAD_STACK_SIZE=10240
CONFIG_LUA_RTOS_LUA_THREAD_CPU=0
CONFIG_LUA_RTOS_LUA_USE_LOCKS=y
CONFIG_LUA_RTOS_LUA_USE_JIT_BYTECODE_OPTIMIZER=y
"""


def test_a_whole_build_is_taken_over(apply) -> None:
    board = apply(OWN_BUILD, "ESP32-THING")
    base = load_board("ESP32-THING")
    assert board == replace(
        base,
        firmware="ESP32-THING-OTA",
        subtype="OTA",
        bootloader_log_level="INFO",
        rollback=True,
        flash_mode="qio",
        flash_freq="80m",
        flash_size_bytes=0x1000000,
        bluetooth=False,
        phy_init=True,
        log_level="DEBUG",
        ota=True,
        ota_server="ota.example.org",
        factory_partition=True,
        read_flash_eui=True,
        console=replace(base.console, baud=57600, receive_queue_bytes=2048),
        nvs_size_bytes=16384,
        storage_size_bytes=1048576,
        other_filesystems=("romfs",),  # no FAT: the board has no card slot
        filesystem="lfs",
        lfs_block_size_bytes=8192,
        pins=replace(
            base.pins,
            led=None,
            power_bus=27,
            can=CanPins(tx=5, rx=35),
            spi2=replace(base.pins.spi2, cs=17),
            uart1=replace(base.pins.uart1, rx=36),
        ),
        interpreter=Task(stack_size_bytes=20480, priority=3, core=0),
        lua_thread=Task(stack_size_bytes=10240, priority=20, core=0),
        lua_locks=False,
    )
    assert board.documented_id == "ESP32THING-OTA"
    assert board.partition_csv() == (
        "# Lua RTOS Partition Table\n"
        "# Name,Type,SubType,Offset,Size\n"
        "nvs,data,nvs,0x9000,0x4000\n"
        "storage,data,65,0xd000,0x100000\n"
        "phy_init,data,phy,0x10d000,0x1000\n"
        "otadata,data,ota,0x10e000,0x2000\n"
        "factory,0,0,0x130000,0x4f0000\n"
        "ota_0,0,ota_0,0x620000,0x4f0000\n"
        "ota_1,0,ota_1,0xb10000,0x4f0000\n"
    )


@pytest.mark.parametrize("text", ["", "\n# only a comment\n", "CONFIG_FREERTOS_HZ=1000\nCONFIG_ESPTOOLPY_PORT=\n"])
def test_what_is_not_mentioned_stays(apply, text: str) -> None:
    assert apply(text) == load_board("GENERIC-OTA")


def test_a_board_of_ones_own_has_a_brand_and_a_type(apply) -> None:
    board = apply(
        "CONFIG_LUA_RTOS_FIRMWARE_ACME_ONE=y\n"
        'CONFIG_LUA_RTOS_BOARD_BRAND="ACME"\n'
        'CONFIG_LUA_RTOS_BOARD_TYPE="ONE"\n'
        'CONFIG_LUA_RTOS_BOARD_SUBTYPE=""\n'
    )
    assert (board.brand, board.type, board.subtype, board.documented_id) == ("ACME", "ONE", "", "ACME-ONE")
    assert board.firmware == "ACME-ONE"
    assert board.ota_firmware_id == "ACME-ONE"


def test_identity_given_in_words_wins_over_the_selected_firmware(apply) -> None:
    board = apply(
        'CONFIG_LUA_RTOS_BOARD_SUBTYPE="TEST"\n'
        "CONFIG_LUA_RTOS_FIRMWARE_WHITECAT_ESP32_N1_OTA=y\n"
        'CONFIG_LUA_RTOS_FIRMWARE="MY-N1"\n'
    )
    assert (board.firmware, board.documented_id) == ("MY-N1", "N1ESP32-TEST")


@pytest.mark.parametrize(
    ("option", "documented"),
    [
        ("WHITECAT_ESP32_N1_OTA", "N1ESP32-OTA"),
        ("TTGO_LORA32_OTA", "TTGO-LORA32-OTA"),  # as firmwares.h has it, not as the stock build selects it
        ("TRAVIS_ESP32_EVB_OTA", "ESP32-EVB-OTA"),
        ("WHITECAT_ESP32_LORA_GW", ""),
    ],
)
def test_the_selected_firmware_gives_the_identity(apply, option: str, documented: str) -> None:
    board = apply(f"CONFIG_LUA_RTOS_FIRMWARE_{option}=y\n")
    assert (board.firmware, board.documented_id) == (option.replace("_", "-"), documented)
    assert board.catalogue_id == documented


def test_without_ota_there_is_no_factory_option(apply) -> None:
    text = "# CONFIG_LUA_RTOS_USE_OTA is not set\nCONFIG_LUA_RTOS_USE_FACTORY_PARTITION=y\n"
    board = apply(text)
    assert (board.ota, board.factory_partition) == (False, False)
    assert [entry.label for entry in board.partition_table()] == ["nvs", "storage", "factory"]


def test_the_summary_of_a_choice_counts_when_no_member_is_on(apply) -> None:
    board = apply('CONFIG_ESPTOOLPY_FLASHSIZE="8MB"\nCONFIG_LOG_DEFAULT_LEVEL=3\nCONFIG_LOG_DEFAULT_LEVEL_INFO=\n')
    assert (board.flash_size_bytes, board.log_level) == (0x800000, "INFO")


def test_escapes_and_windows_line_ends_are_read(apply) -> None:
    assert apply('CONFIG_LUA_RTOS_BOARD_TYPE="A\\/B"\r\nCONFIG_LUA_RTOS_USE_OTA=n\r\n').type == "A/B"


def test_rollback_and_anti_rollback_are_taken_over(apply) -> None:
    board = apply(
        "CONFIG_APP_ROLLBACK_ENABLE=y\n"
        "CONFIG_APP_ANTI_ROLLBACK=y\n"
        "CONFIG_APP_SECURE_VERSION=3\n"
        "CONFIG_APP_SECURE_VERSION_SIZE_EFUSE_FIELD=16\n"
    )
    assert board == replace(
        load_board("GENERIC-OTA"), rollback=True, anti_rollback=True, secure_version=3, secure_version_bits=16
    )


def test_options_are_known_by_the_names_of_later_releases(apply) -> None:
    board = apply(
        "CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y\n"
        "CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK=y\n"
        "CONFIG_BOOTLOADER_APP_SECURE_VERSION=2\n"
        "CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD=8\n"
    )
    assert (board.rollback, board.anti_rollback, board.secure_version, board.secure_version_bits) == (True, True, 2, 8)


def test_pins_that_are_watched_at_a_reset_are_taken_over(apply) -> None:
    board = apply(
        "CONFIG_BOOTLOADER_FACTORY_RESET=y\n"
        "CONFIG_BOOTLOADER_NUM_PIN_FACTORY_RESET=25\n"
        'CONFIG_BOOTLOADER_DATA_FACTORY_RESET="nvs, storage"\n'
        "CONFIG_BOOTLOADER_OTA_DATA_ERASE=y\n"
        "CONFIG_BOOTLOADER_APP_TEST=y\n"
        "CONFIG_BOOTLOADER_NUM_PIN_APP_TEST=26\n"
        "CONFIG_BOOTLOADER_HOLD_TIME_GPIO=3\n"
    )
    assert board.factory_reset == FactoryReset(pin=25, labels="nvs, storage", erases_otadata=True)
    assert (board.test_app_pin, board.hold_s) == (26, 3)


def test_pins_that_are_watched_at_a_reset_have_the_numbers_of_kconfig(apply) -> None:
    board = apply("CONFIG_BOOTLOADER_FACTORY_RESET=y\nCONFIG_BOOTLOADER_APP_TEST=y\n")
    assert (board.factory_reset, board.test_app_pin, board.hold_s) == (FactoryReset(pin=4, labels="nvs"), 18, 5)


@pytest.mark.parametrize("option", ["SECURE_BOOT_SIGNING_KEY", "SECURE_BOOT_VERIFICATION_KEY"])
def test_secure_boot_v1_brings_the_public_key_of_the_file_next_to_the_sdkconfig(
    apply, tmp_path: Path, option: str
) -> None:
    (tmp_path / "key").write_bytes(V1_PEM if "SIGNING" in option else V1.public.data)
    board = apply(f'CONFIG_SECURE_BOOT_ENABLED=y\nCONFIG_{option}="key"\n')
    assert (board.secure_boot, board.secure_boot_key) == ("v1", V1.public.data.hex())


def test_secure_boot_v2_comes_with_the_bootloader_that_has_it(apply, tmp_path: Path) -> None:
    generic = load_board("GENERIC-OTA")
    file = tmp_path / "sdkconfig"
    file.write_text("CONFIG_SECURE_BOOT_V2_ENABLED=y\n", encoding="utf-8")
    board = with_sdkconfig(replace(generic, chip=replace(generic.chip, revision=3)), file)
    assert (board.secure_boot, board.secure_boot_key, board.bootloader) == ("v2", "", "v5.2")


def test_secure_boot_v2_is_refused_for_a_chip_that_has_it_not(said) -> None:
    assert said("CONFIG_SECURE_BOOT_V2_ENABLED=y\n") == [
        'sdkconfig:1: secure_boot = "v2" needs a chip of revision 3 and a bootloader of release v5.2'
    ]


P384 = ec.derive_private_key(1, ec.SECP384R1()).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file or directory"),
        (P384, "names no key: this key is none for secure boot, which has ECDSA on NIST P-256 (v1) and RSA-3072 (v2)"),
        (V2_PEM, "is an RSA key, but secure boot v1 takes ECDSA on NIST P-256"),
    ],
)
def test_a_key_that_is_none_is_reported_where_the_sdkconfig_names_it(
    said, tmp_path: Path, content: bytes | None, why: str
) -> None:
    if content is not None:
        (tmp_path / "key.pem").write_bytes(content)
    line = 'CONFIG_SECURE_BOOT_SIGNING_KEY="key.pem"'
    assert said(f"CONFIG_SECURE_BOOT_ENABLED=y\n{line}\n") == [f"sdkconfig:2: {line} {why}"]


SERVER = (
    "should be in quotes, a host name alone, such as ota.example.org; scheme, port and path have no place in it, "
    "because the firmware always speaks TLS to port 443"
)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('CONFIG_LUA_RTOS_OTA_SERVER_NAME="https://ota.example.org"', SERVER),
        ('CONFIG_LUA_RTOS_OTA_SERVER_NAME="ota.example.org/x"', SERVER),
        ("CONFIG_LUA_RTOS_OTA_SERVER_NAME=ota.example.org", SERVER),
        ("CONFIG_LUA_RTOS_OTA_SERVER_NAME=", SERVER),
        ("CONFIG_LUA_RTOS_USE_OTA=yes", "should be y or n"),
        (
            "CONFIG_LUA_RTOS_PART_NVS_SIZE=512",
            "should be a whole number from 1024 to 4194304, a multiple of 4",
        ),
        (
            "CONFIG_LUA_RTOS_PART_STORAGE_SIZE=512K",
            "should be a whole number from 1024 to 4194304, a multiple of 4",
        ),
        ("CONFIG_LUA_RTOS_PART_NVS_SIZE=", "should be a whole number from 1024 to 4194304, a multiple of 4"),
        ("CONFIG_LUA_RTOS_LED_ACT=40", "should be a whole number from 0 to 39, or -1 for none"),
        ("CONFIG_LUA_RTOS_I2C0_SCL=-1", "should be a whole number from 0 to 39"),
        ("CONFIG_LUA_RTOS_LUA_THREAD_PRIORITY=2", "should be a whole number from 3 to 25"),
        ('CONFIG_ESPTOOLPY_FLASHSIZE="3MB"', 'should be one of "1MB", "2MB", "4MB", "8MB", "16MB"'),
        ("CONFIG_LOG_DEFAULT_LEVEL=9", "should be one of 0, 1, 2, 3, 4, 5"),
        (
            'CONFIG_LUA_RTOS_BOARD_TYPE="A B"',
            "should be in quotes, printable ASCII without spaces, quotes and backslashes",
        ),
        (
            "CONFIG_LUA_RTOS_FIRMWARE_ESP32_THNG=y",
            "names no firmware of Lua RTOS; did you mean CONFIG_LUA_RTOS_FIRMWARE_ESP32_THING?; "
            "one of your own also needs CONFIG_LUA_RTOS_BOARD_TYPE",
        ),
        (
            "CONFIG_PARTITION_TABLE_OFFSET=0x9000",
            "can only be 0x8000: the simulator's bootloader looks for the partition table there",
        ),
        (
            "CONFIG_SECURE_BOOT_ENABLED=y",
            "needs the file of the key, in CONFIG_SECURE_BOOT_SIGNING_KEY or CONFIG_SECURE_BOOT_VERIFICATION_KEY",
        ),
        ("CONFIG_FLASH_ENCRYPTION_ENABLED=y", "can only be n: flash encryption is not simulated"),
        ("CONFIG_SECURE_FLASH_ENC_ENABLED=y", "can only be n: flash encryption is not simulated"),
        (
            "CONFIG_SECURE_SIGNED_APPS_NO_SECURE_BOOT=y",
            "can only be n: signed apps are simulated together with secure boot only",
        ),
        ("CONFIG_EFUSE_SECURE_VERSION_EMULATE=y", "can only be n: the simulator has real eFuses, as its boards have"),
        ("CONFIG_APP_SECURE_VERSION=33", "should be a whole number from 0 to 32"),
        ("CONFIG_BOOTLOADER_HOLD_TIME_GPIO=9", "should be a whole number from 1 to 8"),
        ("CONFIG_LUA_RTOS_LUA_USE_NUM_64BIT=y", "can only be n: the simulator's Lua has numbers of 32 bits"),
        ("CONFIG_LUA_RTOS_FAT_ROOT_FS=y", "can only be n: the simulator's root file system is SPIFFS or LFS"),
    ],
)
def test_a_bad_value_is_reported_with_its_line_and_what_is_allowed(said, line: str, why: str) -> None:
    assert said(f"# one\n\n{line}\n") == [f"sdkconfig:3: {line} {why}"]


def test_every_bad_value_is_reported_in_the_order_of_the_file(said) -> None:
    text = """\
CONFIG_LUA_RTOS_LUA_TASK_CPU=2
export CONFIG_X=y
CONFIG_ESPTOOLPY_FLASHSIZE_2MB=y
CONFIG_ESPTOOLPY_FLASHSIZE_4MB=y
CONFIG_LUA_RTOS_FIRMWARE_GENERIC=y
CONFIG_LUA_RTOS_FIRMWARE_M5STACK=y
CONFIG_LUA_RTOS_PART_NVS_SIZE=0
"""
    assert said(text) == [
        "sdkconfig:1: CONFIG_LUA_RTOS_LUA_TASK_CPU=2 should be a whole number from 0 to 1",
        "sdkconfig:2: 'export CONFIG_X=y' is no line of an sdkconfig, which are CONFIG_NAME=value and comments",
        "sdkconfig:4: CONFIG_ESPTOOLPY_FLASHSIZE_4MB=y cannot be on together with CONFIG_ESPTOOLPY_FLASHSIZE_2MB",
        "sdkconfig:6: CONFIG_LUA_RTOS_FIRMWARE_M5STACK=y cannot be on together with CONFIG_LUA_RTOS_FIRMWARE_GENERIC",
        "sdkconfig:7: CONFIG_LUA_RTOS_PART_NVS_SIZE=0 should be a whole number from 1024 to 4194304, a multiple of 4",
    ]


def test_sizes_that_do_not_fit_together_are_reported_at_the_one_to_change(said) -> None:
    text = "CONFIG_LUA_RTOS_PART_STORAGE_SIZE=4194304\nCONFIG_ESPTOOLPY_FLASHSIZE_2MB=y\n"
    assert said(text) == [
        "sdkconfig:1: no room for 2 app partitions of at least 64 KiB: the data partitions end at 0x411000 of "
        "2 MiB flash"
    ]


def test_an_sdkconfig_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    board = load_board("GENERIC")
    with pytest.raises(UsageError, match=r"sdkconfig .*nothing: No such file or directory"):
        with_sdkconfig(board, tmp_path / "nothing")
    (tmp_path / "flash.bin").write_bytes(b"\xff" * 16)
    with pytest.raises(UsageError, match=r"sdkconfig .*flash\.bin: not a text file"):
        with_sdkconfig(board, tmp_path / "flash.bin")
