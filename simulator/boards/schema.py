"""`Board`: everything the simulator knows about one firmware on one kind of board, as an immutable value.

The dataclasses below are both the value and the schema. A board file (TOML) has the same keys, one table per nested
class; `load` reads it, `construct` builds it, and `validate` has pydantic judge it and say what is wrong with it.
"Not there" is ``None`` here and a key left out in a file; upstream's Kconfig writes -1.

Names of options (``CONFIG_...``) and ranges are those of ``components/sys/Kconfig`` of Lua-RTOS-ESP32 at 6b455df4
and of ESP-IDF at cc9b06d4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from simulator.boards.ids import documented_form
from simulator.boards.limits import Range, Text, ToldApartBy
from simulator.boards.partitions import CombinationError, csv_text, generate
from simulator.formats.partition_table import PartitionTable
from simulator.units import MIB

Gpio = Annotated[int, Range(0, 39)]
I2cPort = Annotated[int, Range(0, 1)]
SpiPort = Annotated[int, Range(1, 3)]
# The partition that follows must start at a multiple of 4 (gen_esp32part.py).
PartitionSize = Annotated[int, Range(1024, 4 * MIB, step=4)]
LfsUnit = Annotated[int, Range(64, 65536)]
StackSize = Annotated[int, Range(1024, 40960)]
Priority = Annotated[int, Range(3, 25)]
Core = Annotated[int, Range(0, 1)]
Words = Annotated[str, Text(r"[ -~]+", "words in printable ASCII")]
BoardName = Annotated[str, Text(r"[!#-\[\]-~]*", "printable ASCII without spaces, quotes and backslashes")]
FirmwareId = Annotated[str, Text(r"[A-Za-z0-9._-]+", "an id of letters, digits, '.', '_' and '-'")]
HostName = Annotated[
    str,
    Text(
        r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*",
        "a host name alone, such as ota.example.org; scheme, port and path have no place in it, "
        "because the firmware always speaks TLS to port 443",
    ),
]
Labels = Annotated[str, Text(r"[!-~ ]{1,64}", "labels of data partitions, with commas or blanks between them")]
PublicKey = Annotated[
    str,
    Text(
        r"([0-9a-f]{128})?",
        "128 hexadecimal digits in lower case: the 64 bytes that espsecure extract-public-key --version 1 writes",
    ),
]
Profile = Literal["stock", "hardened"]
LogLevel = Literal["NONE", "ERROR", "WARN", "INFO", "DEBUG"]


class Table:
    """What all tables of a board file share: no key that is not declared, no value of another type."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "strict": True,
        "use_attribute_docstrings": True,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip(Table):
    """The ESP32 itself, as ``os.cpu()`` and the boot banner describe it (Lua RTOS ``drivers/cpu.c``)."""

    model: Literal["ESP32"]
    revision: Annotated[int, Range(0, 3)]
    cores: Annotated[int, Range(1, 2)]
    cpu_mhz: Literal[80, 160, 240]
    embedded_flash: bool = False
    wifi: bool = False
    bluetooth_le: bool = False
    bluetooth_classic: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        """What the banner appends to its cpu line, in its order and words."""
        told = {
            "flash memory": self.embedded_flash,
            "2.4GHz WiFi": self.wifi,
            "Bluetooth LE": self.bluetooth_le,
            "Bluetooth Classic": self.bluetooth_classic,
        }
        return tuple(words for words, there in told.items() if there)


@dataclass(frozen=True, slots=True, kw_only=True)
class Psram(Table):
    """External RAM, initialised at boot and available through malloc (``CONFIG_SPIRAM_*``)."""

    size_bytes: Annotated[int, Range(2 * MIB, 4 * MIB, step=2 * MIB)]
    speed_mhz: Literal[40, 80]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usb(Table):
    """The serial adapter on the board, as host tools look for it."""

    vid_pid: Annotated[str, Text(r"[0-9A-F]{4}:[0-9A-F]{4}", "two times four hexadecimal digits, such as 10C4:EA60")]
    port_pattern: str = ""
    """Regular expression that picks the console's port where the adapter has several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryReset(Table):
    """What the bootloader erases when a pin is held low at a reset (CONFIG_BOOTLOADER_FACTORY_RESET)."""

    pin: Gpio = 4
    """CONFIG_BOOTLOADER_NUM_PIN_FACTORY_RESET."""
    labels: Labels = "nvs"
    """CONFIG_BOOTLOADER_DATA_FACTORY_RESET: the data partitions."""
    erases_otadata: bool = False
    """CONFIG_BOOTLOADER_OTA_DATA_ERASE: the factory app starts then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Console(Table):
    """The UART that the Lua console is on; always 8N1."""

    uart: Annotated[int, Range(0, 2)]
    baud: Literal[57600, 115200]
    receive_queue_bytes: Annotated[int, Range(32, 2048)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Table):
    """FreeRTOS parameters of a task that runs Lua."""

    stack_size_bytes: StackSize
    priority: Priority
    core: Core


@dataclass(frozen=True, slots=True, kw_only=True)
class I2cPins(Table):
    """GPIO numbers of an I2C port."""

    scl: Gpio
    sda: Gpio


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiPins(Table):
    """GPIO numbers of an SPI port; ``cs`` is its default chip select."""

    cs: Gpio | None = None
    miso: Gpio
    mosi: Gpio
    clk: Gpio


@dataclass(frozen=True, slots=True, kw_only=True)
class UartPins(Table):
    """GPIO numbers of a UART."""

    rx: Gpio
    tx: Gpio


@dataclass(frozen=True, slots=True, kw_only=True)
class CanPins(Table):
    """GPIO numbers of the CAN controller."""

    tx: Gpio
    rx: Gpio


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins(Table):
    """The pin map that Lua RTOS starts with."""

    led: Gpio | None = None
    """Activity LED: made an output and driven low right after system init (Lua RTOS ``sys/main.c``)."""
    power_bus: Gpio | None = None
    """Output that feeds the peripherals that are on the power bus."""
    i2c0: I2cPins
    i2c1: I2cPins
    spi2: SpiPins
    spi3: SpiPins
    uart0: UartPins
    uart1: UartPins
    uart2: UartPins
    can: CanPins


@dataclass(frozen=True, slots=True, kw_only=True)
class RmiiEthernet(Table):
    """Ethernet by the ESP32's own MAC and a PHY chip."""

    interface: Literal["rmii"]
    phy: Literal["LAN8720", "TLK110"]
    phy_address: Annotated[int, Range(0, 31)]
    mdc: Gpio
    mdio: Gpio
    power: Gpio | None = None
    clock: Literal["external GPIO0", "GPIO17 out"]
    """Who makes the 50 MHz clock, and the pin it is on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiEthernet(Table):
    """Ethernet by a controller on an SPI port (Lua RTOS ``drivers/ENC424J600.c``)."""

    interface: Literal["spi"]
    spi: SpiPort
    cs: Gpio
    interrupt: Gpio
    speed_hz: Annotated[int, Range(1_000_000, 14_000_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora(Table):
    """A LoRa transceiver: SX1272 and SX1276 are nodes, SX1301 is a gateway's."""

    chip: Literal["SX1272", "SX1276", "SX1301"]
    spi: SpiPort
    cs: Gpio
    reset: Gpio | None = None
    dio: tuple[Gpio, ...] = ()
    """GPIOs of DIO0, DIO1, DIO2, as far as they are connected."""
    band: Literal["EU868", "US915"] | None = None
    power_bus: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SdSpi(Table):
    """An SD card slot on an SPI port."""

    interface: Literal["spi"]
    spi: SpiPort
    cs: Gpio
    power_bus: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SdMmc(Table):
    """An SD card slot on the MMC host."""

    interface: Literal["mmc"]
    lines: Literal[1, 4]
    card_detect: Gpio | None = None
    write_protect: Gpio | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchPanel(Table):
    """The touch controller of a display."""

    spi: SpiPort
    cs: Gpio


@dataclass(frozen=True, slots=True, kw_only=True)
class Display(Table):
    """Where ``gdisplay`` expects a display, on SPI or on I2C; whether one is plugged in is another matter."""

    spi: SpiPort
    cs: Gpio
    reset: Gpio | None = None
    command: Gpio
    backlight: Gpio | None = None
    touch: TouchPanel | None = None
    i2c: I2cPort = 0
    power_bus: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalGpio(Table):
    """A port expander on SPI."""

    chip: Literal["MCP23S17"]
    spi: SpiPort
    cs: Gpio
    interrupt_a: Gpio | None = None
    interrupt_b: Gpio | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalAdc(Table):
    """An analogue-to-digital converter on I2C."""

    chip: Literal["ADS1015", "ADS1115"]
    i2c: I2cPort


@dataclass(frozen=True, slots=True, kw_only=True)
class Board(Table):
    """One firmware of Lua RTOS on the board it was made for. Load one with `simulator.boards.load_board`."""

    # Who it is
    id: FirmwareId
    """Source form of the id: the name of the board file, as under ``boards/`` of Lua RTOS."""
    description: Words
    manufacturer: Words
    brand: BoardName = ""
    """Third value of ``os.board()`` and prefix of the documented id; empty on every stock build."""
    type: BoardName
    """First value of ``os.board()``; the banner's ``board type``."""
    subtype: BoardName = ""
    """Second value of ``os.board()``."""
    firmware: FirmwareId
    """CONFIG_LUA_RTOS_FIRMWARE, compiled in. The id, unless the sdkconfig selects another firmware than its name."""
    catalogue_type: BoardName | None = None
    """The type in ``boards.json``, where that differs from what this build answers."""

    # Chip and memory
    chip: Chip
    flash_size_bytes: Literal[0x100000, 0x200000, 0x400000, 0x800000, 0x1000000]
    flash_mode: Literal["qio", "qout", "dio", "dout"]
    flash_freq: Literal["20m", "26m", "40m", "80m"]
    psram: Psram | None = None
    ulp_memory_bytes: Annotated[int, Range(0, 8176)] = 0
    """CONFIG_ULP_COPROC_RESERVE_MEM: what a program of the coprocessor can take; 0 in builds without it."""

    # Flash layout and updates
    ota: bool = False
    """CONFIG_LUA_RTOS_USE_OTA: two app slots and ``net.ota()``; without it one app, in ``factory``."""
    factory_partition: bool = False
    """CONFIG_LUA_RTOS_USE_FACTORY_PARTITION: a third app slot; only with ``ota``. Off in all stock builds."""
    phy_init: bool = False
    """CONFIG_ESP32_PHY_INIT_DATA_IN_PARTITION."""
    nvs_size_bytes: PartitionSize
    storage_size_bytes: PartitionSize
    ota_server: HostName
    """CONFIG_LUA_RTOS_OTA_SERVER_NAME."""
    ota_id_form: Literal["documented", "source"] = "documented"
    """Which form of its id the device sends to the OTA server."""
    bootloader: Literal["v4.0", "v5.2"] = "v4.0"
    """Release of the ESP-IDF bootloader in flash; stock Lua RTOS has v4.0."""
    profile: Profile = "stock"
    """Lua RTOS as it is, or with updates as they should be; hardened firmware is always built with ``rollback``."""
    rollback: bool = False
    """CONFIG_APP_ROLLBACK_ENABLE: an update that is not confirmed is undone at the next reset."""
    anti_rollback: bool = False
    """CONFIG_APP_ANTI_ROLLBACK: an app starts only if its secure version is at least that of the eFuses."""
    secure_version: Annotated[int, Range(0, 32)] = 0
    """CONFIG_APP_SECURE_VERSION of the firmware that is built for the board."""
    secure_version_bits: Annotated[int, Range(1, 32)] = 32
    """CONFIG_APP_SECURE_VERSION_SIZE_EFUSE_FIELD: how many bits of the eFuse field count."""
    factory_reset: FactoryReset | None = None
    test_app_pin: Gpio | None = None
    """CONFIG_BOOTLOADER_NUM_PIN_APP_TEST: held low at a reset it starts the app in the partition ``test``."""
    hold_s: Annotated[int, Range(1, 8)] = 5
    """CONFIG_BOOTLOADER_HOLD_TIME_GPIO: for how long; the watchdog ends the bootloader after nine seconds."""
    secure_boot: Literal["none", "v1", "v2"] = "none"
    """CONFIG_SECURE_BOOT_ENABLED (v1), CONFIG_SECURE_BOOT_V2_ENABLED: only signed apps start and become updates."""
    secure_boot_key: PublicKey = ""
    """The key that signatures of v1 are verified with; in v2 its digest is in the eFuses."""

    # File systems
    filesystem: Literal["spiffs", "lfs"]
    """The root file system, in the ``storage`` partition."""
    other_filesystems: tuple[Literal["ramfs", "romfs", "fat"], ...] = ()
    """What else is compiled in and can be mounted."""
    fs_image: Literal["default", "g1"] = "default"
    """Folder under ``components/fs_images`` that a new board's file system is made from."""
    spiffs_page_size_bytes: Annotated[int, Range(256, 2048, step=256)]
    spiffs_block_size_bytes: Annotated[int, Range(4096, 65536, step=4096)]
    lfs_block_size_bytes: LfsUnit
    lfs_read_size_bytes: LfsUnit
    lfs_program_size_bytes: LfsUnit

    # Logs, console, Lua
    log_level: LogLevel
    """CONFIG_LOG_DEFAULT_LEVEL: the first syslog mask and the compile-time limit of ESP-IDF's own log."""
    bootloader_log_level: LogLevel
    console: Console
    interpreter: Task
    lua_thread: Task
    """What ``thread.start`` uses for arguments that are left out."""
    lua_locks: bool = True
    """A lock around the Lua core; off where the JIT bytecode optimizer is on."""
    read_flash_eui: bool = False
    """CONFIG_LUA_RTOS_READ_FLASH_UNIQUE_ID: ``os.flashEUI()`` has an answer."""
    ssh: bool = False
    bluetooth: bool = False

    # On the board
    pins: Pins
    ethernet: Annotated[RmiiEthernet | SpiEthernet, ToldApartBy("interface")] | None = None
    lora: Lora | None = None
    sd: Annotated[SdSpi | SdMmc, ToldApartBy("interface")] | None = None
    display: Display | None = None
    external_gpio: ExternalGpio | None = None
    external_adc: ExternalAdc | None = None
    hardware: tuple[Words, ...] = ()
    """Files that describe what else is on the board: buttons, lights, sensors. Beside the board file or in boards/."""
    adc_vref_mv: Annotated[int, Range(1000, 1200)]
    usb: Usb | None = None
    upload_baud: Annotated[int, Range(9600, 4_000_000)]
    """Baud rate of esptool in the board's ``make flash``."""

    def __post_init__(self) -> None:
        if self.factory_partition and not self.ota:
            raise CombinationError(
                "factory_partition", "factory_partition needs ota = true: without OTA the one app is in factory anyway"
            )
        if self.anti_rollback and not self.rollback:
            raise CombinationError("anti_rollback", "anti_rollback needs rollback = true")
        if self.secure_version > self.secure_version_bits:
            message = f"secure_version = {self.secure_version} does not fit into {self.secure_version_bits} bits"
            raise CombinationError("secure_version", message)
        if (self.secure_boot == "v1") is not bool(self.secure_boot_key):
            raise CombinationError("secure_boot_key", 'secure_boot_key is for secure_boot = "v1", which needs it')
        if self.secure_boot == "v2" and (self.chip.revision < 3 or self.bootloader == "v4.0"):
            raise CombinationError(
                "secure_boot", 'secure_boot = "v2" needs a chip of revision 3 and a bootloader of release v5.2'
            )
        self.partition_table()

    @property
    def documented_id(self) -> str:
        """``[brand-]type[-subtype]``: what this build calls itself through ``os.board()``; can be empty."""
        return documented_form(self.brand, self.type, self.subtype)

    @property
    def catalogue_id(self) -> str:
        """The documented form by ``boards.json``, whatever the build answers."""
        type_ = self.type if self.catalogue_type is None else self.catalogue_type
        return documented_form(self.brand, type_, self.subtype)

    @property
    def ota_firmware_id(self) -> str:
        """The ``firmware`` argument of the device's request to its OTA server."""
        return self.documented_id if self.ota_id_form == "documented" else self.firmware

    def partition_table(self, factory: bool | None = None) -> PartitionTable:
        """Return the table that Lua RTOS's build generates; ``factory`` overrides ``factory_partition``.

        Raises `CombinationError`, a `UsageError`, if the flash is too small for it.
        """
        return generate(
            flash_size_bytes=self.flash_size_bytes,
            nvs_size_bytes=self.nvs_size_bytes,
            storage_size_bytes=self.storage_size_bytes,
            filesystem=self.filesystem,
            phy_init=self.phy_init,
            ota=self.ota,
            factory=self.factory_partition if factory is None else factory,
        )

    def partition_csv(self, factory: bool | None = None) -> str:
        """Return `partition_table` as the ``partitions.csv`` of the build."""
        return csv_text(self.partition_table(factory))
