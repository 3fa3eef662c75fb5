"""Lay an owner's build over a board: the options of a real Lua RTOS ``sdkconfig``.

An option that the file does not mention stays as the board has it; one that is there and empty, or ``is not set``, is
off. Taken over is what a build decides: identity, flash layout, updates, file systems, logs, console, Lua's tasks and
the pin map. What is soldered to the board stays: chip, Ethernet, LoRa, card slot, display. An option that the
simulator cannot follow is refused, not ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, get_args

from simulator.boards.construct import DoubtError, construct, declared_fields, declared_parts
from simulator.boards.ids import did_you_mean, option_form
from simulator.boards.load import board_ids, load_board
from simulator.boards.partitions import CombinationError
from simulator.boards.schema import Board, FactoryReset
from simulator.errors import DescriptionError, Problem, UsageError
from simulator.signatures import SigningKey, load_key
from simulator.units import MIB

_LINE: Final = re.compile(r"CONFIG_(?P<option>\w+)=(?P<value>.*)|# CONFIG_(?P<unset>\w+) is not set")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')

_SPI_PINS: Final = {"CS": "cs", "MISO": "miso", "MOSI": "mosi", "CLK": "clk"}

# Option to field of `Board`. The type of the field says how the value is written, its limit what is allowed.
_OPTIONS: Final = {
    "LUA_RTOS_BOARD_BRAND": "brand",
    "LUA_RTOS_BOARD_TYPE": "type",
    "LUA_RTOS_BOARD_SUBTYPE": "subtype",
    "LUA_RTOS_FIRMWARE": "firmware",
    "LUA_RTOS_USE_OTA": "ota",
    "LUA_RTOS_OTA_SERVER_NAME": "ota_server",
    "LUA_RTOS_USE_FACTORY_PARTITION": "factory_partition",
    "LUA_RTOS_PART_NVS_SIZE": "nvs_size_bytes",
    "LUA_RTOS_PART_STORAGE_SIZE": "storage_size_bytes",
    "ESP32_PHY_INIT_DATA_IN_PARTITION": "phy_init",
    "APP_ROLLBACK_ENABLE": "rollback",
    "APP_ANTI_ROLLBACK": "anti_rollback",
    "APP_SECURE_VERSION": "secure_version",
    "APP_SECURE_VERSION_SIZE_EFUSE_FIELD": "secure_version_bits",
    "BOOTLOADER_HOLD_TIME_GPIO": "hold_s",
    "LUA_RTOS_SPIFFS_LOG_PAGE_SIZE": "spiffs_page_size_bytes",
    "LUA_RTOS_SPIFFS_LOG_BLOCK_SIZE": "spiffs_block_size_bytes",
    "LUA_RTOS_LFS_BLOCK_SIZE": "lfs_block_size_bytes",
    "LUA_RTOS_LFS_READ_SIZE": "lfs_read_size_bytes",
    "LUA_RTOS_LFS_PROG_SIZE": "lfs_program_size_bytes",
    "LUA_RTOS_CONSOLE_BUFFER_LEN": "console.receive_queue_bytes",
    "LUA_RTOS_LUA_STACK_SIZE": "interpreter.stack_size_bytes",
    "LUA_RTOS_LUA_TASK_PRIORITY": "interpreter.priority",
    "LUA_RTOS_LUA_TASK_CPU": "interpreter.core",
    "LUA_RTOS_LUA_THREAD_STACK_SIZE": "lua_thread.stack_size_bytes",
    "LUA_RTOS_LUA_THREAD_PRIORITY": "lua_thread.priority",
    "LUA_RTOS_LUA_THREAD_CPU": "lua_thread.core",
    "LUA_RTOS_LUA_USE_LOCKS": "lua_locks",
    "LUA_RTOS_READ_FLASH_UNIQUE_ID": "read_flash_eui",
    "LUA_RTOS_USE_SSH_SERVER": "ssh",
    "BT_ENABLED": "bluetooth",
    "ULP_COPROC_RESERVE_MEM": "ulp_memory_bytes",
    "LUA_RTOS_LED_ACT": "pins.led",
    "LUA_RTOS_POWER_BUS_PIN": "pins.power_bus",
    **{f"LUA_RTOS_I2C{n}_{pin.upper()}": f"pins.i2c{n}.{pin}" for n in (0, 1) for pin in ("scl", "sda")},
    **{f"LUA_RTOS_SPI{n}_{name}": f"pins.spi{n}.{pin}" for n in (2, 3) for name, pin in _SPI_PINS.items()},
    **{f"LUA_RTOS_UART{n}_{pin.upper()}": f"pins.uart{n}.{pin}" for n in (0, 1, 2) for pin in ("rx", "tx")},
}


# What later releases of ESP-IDF call options of the pinned one.
_LATER_NAMES: Final = {
    "BOOTLOADER_APP_ROLLBACK_ENABLE": "APP_ROLLBACK_ENABLE",
    "BOOTLOADER_APP_ANTI_ROLLBACK": "APP_ANTI_ROLLBACK",
    "BOOTLOADER_APP_SECURE_VERSION": "APP_SECURE_VERSION",
    "BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD": "APP_SECURE_VERSION_SIZE_EFUSE_FIELD",
    "BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE": "EFUSE_SECURE_VERSION_EMULATE",
    "SECURE_BOOT_V1_ENABLED": "SECURE_BOOT_ENABLED",
    "SECURE_FLASH_ENC_ENABLED": "FLASH_ENCRYPTION_ENABLED",
}

_FACTORY_RESET: Final = {
    "BOOTLOADER_NUM_PIN_FACTORY_RESET": "pin",
    "BOOTLOADER_DATA_FACTORY_RESET": "labels",
    "BOOTLOADER_OTA_DATA_ERASE": "erases_otadata",
}
_DEFAULT_TEST_APP_PIN: Final = 18


@dataclass(frozen=True, slots=True)
class _Choice:
    """Options of which at most one is on; which one ``decides`` a field.

    ``summary`` is the option in which Kconfig repeats the outcome. It counts only where no member is on: the build
    looks at the members.
    """

    decides: str
    members: Mapping[str, Any]
    summary: str = ""
    summary_values: Mapping[str, Any] = field(default_factory=dict)


_FLASH_SIZES: Final = {f"{megabytes}MB": megabytes * MIB for megabytes in (1, 2, 4, 8, 16)}
_FLASH_MODES: Final = ("qio", "qout", "dio", "dout")
_FLASH_FREQS: Final = ("80m", "40m", "26m", "20m")
# In order of ESP-IDF's numbers for them. Lua RTOS has the same syslog mask for the last two.
_LOG_LEVELS: Final = {
    "NONE": "NONE",
    "ERROR": "ERROR",
    "WARN": "WARN",
    "INFO": "INFO",
    "DEBUG": "DEBUG",
    "VERBOSE": "DEBUG",
}
_LOG_NUMBERS: Final = {str(number): level for number, level in enumerate(_LOG_LEVELS.values())}

_CHOICES: Final = (
    _Choice(
        "flash_size_bytes",
        {f"ESPTOOLPY_FLASHSIZE_{name}": size for name, size in _FLASH_SIZES.items()},
        "ESPTOOLPY_FLASHSIZE",
        {f'"{name}"': size for name, size in _FLASH_SIZES.items()},
    ),
    _Choice(
        "flash_mode",
        {f"FLASHMODE_{mode.upper()}": mode for mode in _FLASH_MODES},
        "ESPTOOLPY_FLASHMODE",
        {f'"{mode}"': mode for mode in _FLASH_MODES},
    ),
    _Choice(
        "flash_freq",
        {f"ESPTOOLPY_FLASHFREQ_{freq.upper()}": freq for freq in _FLASH_FREQS},
        "ESPTOOLPY_FLASHFREQ",
        {f'"{freq}"': freq for freq in _FLASH_FREQS},
    ),
    _Choice(
        "log_level",
        {f"LOG_DEFAULT_LEVEL_{name}": level for name, level in _LOG_LEVELS.items()},
        "LOG_DEFAULT_LEVEL",
        _LOG_NUMBERS,
    ),
    _Choice(
        "bootloader_log_level",
        {f"LOG_BOOTLOADER_LEVEL_{name}": level for name, level in _LOG_LEVELS.items()},
        "LOG_BOOTLOADER_LEVEL",
        _LOG_NUMBERS,
    ),
    _Choice("filesystem", {"LUA_RTOS_USE_SPIFFS": "spiffs", "LUA_RTOS_USE_LFS": "lfs"}),
    _Choice("console.uart", {f"LUA_RTOS_CONSOLE_UART{n}": n for n in (0, 1, 2)}),
    _Choice("console.baud", {f"LUA_RTOS_CONSOLE_BR_{baud}": baud for baud in (57600, 115200)}),
    _Choice("pins.can.tx", {f"LUA_RTOS_CAN_TX_GPIO{pin}": pin for pin in (5, 12, 25)}),
    _Choice("pins.can.rx", {f"LUA_RTOS_CAN_RX_GPIO{pin}": pin for pin in (4, 14, 35)}),
)

_OTHER_FILESYSTEMS: Final = {
    "LUA_RTOS_USE_RAM_FS": "ramfs",
    "LUA_RTOS_USE_ROM_FS": "romfs",
    "LUA_RTOS_USE_FAT": "fat",
}

_NO_ROOT: Final = ("n", "the simulator's root file system is SPIFFS or LFS")
# The one value of an option that the simulator can follow, and why.
_FIXED: Final = {
    "PARTITION_TABLE_OFFSET": ("0x8000", "the simulator's bootloader looks for the partition table there"),
    "SECURE_SIGNED_APPS_NO_SECURE_BOOT": ("n", "signed apps are simulated together with secure boot only"),
    "EFUSE_SECURE_VERSION_EMULATE": ("n", "the simulator has real eFuses, as its boards have"),
    "FLASH_ENCRYPTION_ENABLED": ("n", "flash encryption is not simulated"),
    "LUA_RTOS_LUA_USE_NUM_64BIT": ("n", "the simulator's Lua has numbers of 32 bits"),
    "LUA_RTOS_USE_NONE_FLASH_STORAGE_FS": _NO_ROOT,
    "LUA_RTOS_RAM_FS_ROOT_FS": _NO_ROOT,
    "LUA_RTOS_ROM_FS_ROOT_FS": _NO_ROOT,
    "LUA_RTOS_FAT_ROOT_FS": _NO_ROOT,
}


def with_sdkconfig(board: Board, path: Path) -> Board:
    """Return ``board`` as built with the sdkconfig at ``path``.

    Raises `UsageError` if there is no such file, `DescriptionError` with every value that cannot be taken over.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise UsageError(f"sdkconfig {path}: {reason}") from error
    reader = _Reader(path, board)
    reader.read(text)
    return reader.board()


@dataclass(frozen=True, slots=True)
class _Setting:
    """An option with its value as written."""

    option: str
    value: str
    line: int

    @property
    def is_on(self) -> bool:
        return self.value == "y"


class _Reader:
    """Collects what the file changes, with the line of each change, and everything that is wrong with it."""

    def __init__(self, path: Path, base: Board) -> None:
        self._path = path
        self._base = base
        self._settings: dict[str, _Setting] = {}
        self._changes: dict[str, Any] = {}
        self._lines: dict[str, int] = {}
        self._problems: list[Problem] = []

    def read(self, text: str) -> None:
        self._parse(text)
        self._take_firmware()
        for option, name in _OPTIONS.items():
            if setting := self._settings.get(option):
                self._take_value(setting, name)
        for choice in _CHOICES:
            self._take_choice(choice)
        self._take_filesystems()
        self._take_pins_held_at_reset()
        self._take_secure_boot()
        for option, (value, reason) in _FIXED.items():
            setting = self._settings.get(option)
            if setting and (setting.value or "n") != value:
                self._refuse(setting, f"can only be {value}: {reason}")
        self._follow_dependencies()

    def board(self) -> Board:
        try:
            if not self._problems:
                built: Board = _replaced(self._base, self._changes)
                return built
        except CombinationError as error:
            self._problems.append(Problem(path=self._path, line=self._lines.get(error.field, 0), message=str(error)))
        raise DescriptionError(sorted(self._problems, key=lambda problem: problem.line))

    def _parse(self, text: str) -> None:
        for number, line in enumerate(text.splitlines(), start=1):
            stripped = line.strip()
            if match := _LINE.fullmatch(stripped):
                option = match["option"] or match["unset"]
                setting = _Setting(option, "n" if match["unset"] else match["value"], number)
                self._settings[_LATER_NAMES.get(option, option)] = setting
            elif stripped and not stripped.startswith("#"):
                message = f"{stripped!r} is no line of an sdkconfig, which are CONFIG_NAME=value and comments"
                self._problems.append(Problem(path=self._path, line=number, message=message))

    def _take_firmware(self) -> None:
        prefix = option_form("")
        chosen = [item for item in self._settings.values() if item.option.startswith(prefix) and item.is_on]
        for extra in chosen[1:]:
            self._refuse(extra, f"cannot be on together with CONFIG_{chosen[0].option}")
        if not chosen:
            return
        by_option = {option_form(board_id): board_id for board_id in board_ids()}
        setting = chosen[0]
        if setting.option in by_option:
            stock = load_board(by_option[setting.option])
            # What firmwares.h says of it, which is not always what the stock build of that name answers.
            type_ = stock.type if stock.catalogue_type is None else stock.catalogue_type
            for name, value in (
                ("firmware", stock.id),
                ("brand", ""),
                ("type", type_),
                ("subtype", stock.subtype),
                ("catalogue_type", None),
            ):
                self._change(name, value, setting.line)
        elif "LUA_RTOS_BOARD_TYPE" in self._settings:
            self._change("firmware", setting.option.removeprefix(prefix).replace("_", "-"), setting.line)
        else:
            hint = did_you_mean(f"CONFIG_{setting.option}", (f"CONFIG_{option}" for option in by_option))
            self._refuse(
                setting, f"names no firmware of Lua RTOS{hint}; one of your own also needs CONFIG_LUA_RTOS_BOARD_TYPE"
            )

    def _take_value(self, setting: _Setting, name: str) -> None:
        declared = _declared(name)
        try:
            self._change(name, construct(declared, _read_value(setting.value, declared)), setting.line)
        except DoubtError:
            self._refuse(setting, f"should be {_allowed(declared)}")

    def _take_choice(self, choice: _Choice) -> None:
        on = [item for option in choice.members if (item := self._settings.get(option)) and item.is_on]
        summary = self._settings.get(choice.summary)
        if summary and summary.value not in choice.summary_values:
            self._refuse(summary, f"should be one of {', '.join(choice.summary_values)}")
        elif on:
            for extra in on[1:]:
                self._refuse(extra, f"cannot be on together with CONFIG_{on[0].option}")
            self._change(choice.decides, choice.members[on[0].option], on[0].line)
        elif summary:
            self._change(choice.decides, choice.summary_values[summary.value], summary.line)

    def _take_filesystems(self) -> None:
        names: set[str] = set(self._base.other_filesystems)
        for option, name in _OTHER_FILESYSTEMS.items():
            if setting := self._settings.get(option):
                # FAT has a mount entry only if there is also a card interface (Lua RTOS sys/mount.c).
                there = setting.is_on and (name != "fat" or self._base.sd is not None)
                names = names | {name} if there else names - {name}
        self._change("other_filesystems", tuple(name for name in _OTHER_FILESYSTEMS.values() if name in names), 0)

    def _take_pins_held_at_reset(self) -> None:
        factory, test = (self._settings.get(f"BOOTLOADER_{name}") for name in ("FACTORY_RESET", "APP_TEST"))
        if factory:
            self._change("factory_reset", self._factory_reset() if factory.is_on else None, factory.line)
        if test:
            pin = self._settings.get("BOOTLOADER_NUM_PIN_APP_TEST")
            self._change("test_app_pin", _DEFAULT_TEST_APP_PIN if test.is_on else None, test.line)
            if pin and test.is_on:
                self._take_value(pin, "test_app_pin")

    def _factory_reset(self) -> FactoryReset:
        values: dict[str, Any] = {}
        for option, name in _FACTORY_RESET.items():
            if setting := self._settings.get(option):
                declared = declared_fields(FactoryReset)[name]
                try:
                    values[name] = construct(declared, _read_value(setting.value, declared))
                except DoubtError:
                    self._refuse(setting, f"should be {_allowed(declared)}")
        return FactoryReset(**values)

    def _take_secure_boot(self) -> None:
        v1, v2 = (self._settings.get(option) for option in ("SECURE_BOOT_ENABLED", "SECURE_BOOT_V2_ENABLED"))
        enabled = v2 if v2 and v2.is_on else v1
        if not enabled:
            return
        scheme = "none" if not enabled.is_on else "v2" if enabled is v2 else "v1"
        self._change("secure_boot", scheme, enabled.line)
        self._change("secure_boot_key", "", enabled.line)
        if scheme == "v2":
            self._change("bootloader", "v5.2", enabled.line)  # no older one has the option
        elif scheme == "v1":
            self._take_key(enabled)

    def _take_key(self, enabled: _Setting) -> None:
        """Take over the public key that the build links in, from the file that it takes it from."""
        options = ("SECURE_BOOT_SIGNING_KEY", "SECURE_BOOT_VERIFICATION_KEY")
        setting = next((item for option in options if (item := self._settings.get(option))), None)
        quoted = _QUOTED.fullmatch(setting.value) if setting else None
        if setting is None or quoted is None:
            self._refuse(setting or enabled, f"needs the file of the key, in CONFIG_{' or CONFIG_'.join(options)}")
            return
        try:
            key = load_key((self._path.parent / quoted[1]).read_bytes())
        except OSError as error:
            self._refuse(setting, f"cannot be read: {error.strerror}")
        except UsageError as error:
            self._refuse(setting, f"names no key: {error}")
        else:
            public = key.public if isinstance(key, SigningKey) else key
            if public.scheme == "v1":
                self._change("secure_boot_key", public.data.hex(), setting.line)
            else:
                self._refuse(setting, "is an RSA key, but secure boot v1 takes ECDSA on NIST P-256")

    def _follow_dependencies(self) -> None:
        if not self._changes.get("ota", self._base.ota):
            self._change("factory_partition", False, 0)  # the option exists only together with OTA
        optimizer = self._settings.get("LUA_RTOS_LUA_USE_JIT_BYTECODE_OPTIMIZER")
        if optimizer and optimizer.is_on:
            self._change("lua_locks", False, optimizer.line)

    def _change(self, name: str, value: Any, line: int) -> None:
        self._changes[name] = value
        self._lines[name] = line

    def _refuse(self, setting: _Setting, why: str) -> None:
        message = f"CONFIG_{setting.option}={setting.value} {why}"
        self._problems.append(Problem(path=self._path, line=setting.line, message=message))


def _declared(name: str) -> Any:
    """Return the declared type of the field ``name``, which may lead through tables: ``pins.led``."""
    declared: Any = Board
    for step in name.split("."):
        declared = declared_fields(declared)[step]
    return declared


def _read_value(text: str, declared: Any) -> Any:
    """Return the value that Kconfig writes as ``text`` for a field of that type. Raises `DoubtError`."""
    parts = list(declared_parts(declared))
    if bool in parts and text in {"y", "n", ""}:
        return text == "y"
    if str in parts and (quoted := _QUOTED.fullmatch(text)):
        return re.sub(r"\\(.)", r"\1", quoted[1])
    if int in parts:
        try:
            number = int(text, 0)
        except ValueError:
            raise DoubtError from None
        return None if number == -1 and type(None) in parts else number
    raise DoubtError


def _allowed(declared: Any) -> str:
    parts = list(declared_parts(declared))
    if bool in parts:
        return "y or n"
    limit = next(str(part) for part in parts if not isinstance(part, type) and not get_args(part))
    if str in parts:
        return f"in quotes, {limit}"
    return f"{limit}, or -1 for none" if type(None) in parts else limit


def _replaced(table: Any, changes: Mapping[str, Any]) -> Any:
    """Return ``table`` with fields replaced all at once, so that only the outcome has to make sense."""
    own: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for name, value in changes.items():
        head, _, rest = name.partition(".")
        if rest:
            inner.setdefault(head, {})[rest] = value
        else:
            own[head] = value
    for head, nested in inner.items():
        own[head] = _replaced(getattr(table, head), nested)
    return replace(table, **own)
