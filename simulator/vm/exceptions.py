"""What a Lua script gets when a driver fails: every exception of every Lua RTOS driver, and the two error classes.

A driver registers a number (``components/sys/sys/driver.h``) and a list of exceptions; each exception has an offset
and a text. The code that a script sees is ``driver id << 24 | offset`` and the error is always a *string*,
``<code>:<text>`` or ``<code>:<text> (<detail>)``; the position prefix is Lua's business, not ours
(``components/lua/modules/sys/error.c``). Spelling, including ``NotEnoughtMemory`` and three d's in ``adddress``, is
the device's.

A handler that cannot do what a script asked raises `DriverError`; where the firmware calls plain ``luaL_error`` it
raises `LuaError`. Nothing else in the simulator knows a code by number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

EXTRA_LENGTH_MAX: Final = 179
"""Characters of detail that survive (``components/lua/modules/sys/error.c``)."""


class Driver(NamedTuple):
    """A driver's number and its exceptions, name to (offset, text), in the order in which the firmware has them."""

    name: str
    id: int
    exceptions: dict[str, tuple[int, str]]

    def code(self, exception: str) -> int:
        """Return the code of ``exception``; raises `KeyError` for a name that the driver does not have."""
        return self.id << 24 | self.exceptions[exception][0]

    def text(self, exception: str) -> str:
        """Return the text the device prints for ``exception``; raises `KeyError` for an unknown name.

        The device searches by offset, and the compiler emits the entries in reverse: where an offset is there twice
        (14 of ``gdisplay``), the text of the later entry is found for both.
        """
        offset = self.exceptions[exception][0]
        return next(text for other, text in reversed(self.exceptions.values()) if other == offset)


class LuaError(Exception):
    """A plain Lua error text (``luaL_error``): no code, and no position until Lua adds one."""


class DriverError(Exception):
    """An exception of a driver, as ``luaL_driver_error`` and ``luaL_exception`` raise it.

    ``driver`` and ``name`` are those of `DRIVERS` (anything else is a bug of ours: `KeyError`); ``extra`` is the
    detail that goes into parentheses, cut as on the device. ``code`` is what the module's ``error`` table holds.
    """

    def __init__(self, driver: str, name: str, extra: str = "") -> None:
        entry = DRIVERS[driver]
        self.driver = driver
        self.name = name
        self.extra = extra[:EXTRA_LENGTH_MAX]
        self.code = entry.code(name)
        text = f"{self.code}:{entry.text(name)}"
        super().__init__(f"{text} ({self.extra})" if self.extra else text)

    def __reduce__(self) -> tuple[type[DriverError], tuple[str, str, str]]:
        return DriverError, (self.driver, self.name, self.extra)


def error_table(driver: str) -> dict[str, int]:
    """Return what a module's ``error`` table holds for ``driver``: exception name to code, in the firmware's order."""
    entry = DRIVERS[driver]
    return {name: entry.code(name) for name in entry.exceptions}


_DRIVERS: Final = (
    Driver(
        "adc",  # components/sys/drivers/adc.c
        1,
        {
            "InvalidUnit": (0, "invalid unit"),
            "InvalidChannel": (1, "invalid channel"),
            "InvalidResolution": (2, "invalid resolution"),
            "NotEnoughtMemory": (3, "not enough memory"),
            "InvalidPin": (4, "invalid pin"),
            "MaxSetupNotAllowed": (5, "max value setup not allowed for this ADC"),
            "VrefSetupNotAllowed": (6, "vref value setup not allowed for this ADC"),
            "InvalidMax": (7, "invalid max value"),
            "CannotCalibrate": (8, "calibration is not allowed for this ADC"),
            "CalibrationError": (9, "calibration error"),
        },
    ),
    Driver(
        "gpio",  # components/sys/drivers/gpio.c
        2,
        {
            "InvalidPinDirection": (0, "invalid pin direction"),
            "InvalidPin": (1, "invalid pin"),
            "InvalidPort": (2, "invalid port"),
            "NotEnoughtMemory": (3, "not enough memory"),
            "PullUpNotAllowed": (4, "pull-up not allowed"),
            "PullDownNotAllowed": (5, "pull-down not allowed"),
            "InterruptNotAllowed": (6, "interrupt not allowed"),
            "PullUpDownNotAllowed": (7, "pull-up or pull-down not allowed"),
        },
    ),
    Driver(
        "i2c",  # components/sys/drivers/i2c.c
        3,
        {
            "CannotSetup": (0, "can't setup"),
            "NotSetup": (1, "is not setup"),
            "InvalidUnit": (2, "invalid unit"),
            "InvalidOperation": (3, "invalid operation"),
            "NotEnoughtMemory": (4, "not enough memory"),
            "InvalidTransaction": (5, "invalid transaction"),
            "AckNotReceived": (6, "not ack received"),
            "Timeout": (7, "timeout"),
            "PinNowAllowed": (8, "pin not allowed"),
            "CannotChangePinMap": (10, "cannot change pin map once the I2C unit has an attached device"),
            "NoMoreDevicesAllowed": (11, "no more devices allowed"),
        },
    ),
    Driver(
        "uart",  # components/sys/drivers/uart.c
        4,
        {
            "CannotSetup": (0, "can't setup"),
            "InvalidUnit": (1, "invalid unit"),
            "InvalidDataBits": (2, "invalid data bits"),
            "InvalidParity": (3, "invalid parity"),
            "InvalidStopBits": (4, "invalid stop bits"),
            "NotEnoughtMemory": (5, "not enough memory"),
            "NotSetup": (6, "is not setup"),
            "PinNowAllowed": (7, "pin not allowed"),
            "CannotChangePinMap": (8, "cannot change pin map once the UART unit has an attached device"),
        },
    ),
    Driver(
        "spi",  # components/sys/drivers/spi.c
        5,
        {
            "InvalidMode": (0, "invalid mode"),
            "InvalidUnit": (1, "invalid unit"),
            "SlaveNotAllowed": (2, "slave mode not allowed"),
            "NotEnoughtMemory": (3, "not enough memory"),
            "PinNowAllowed": (4, "pin not allowed"),
            "NoMoreDevicesAllowed": (5, "no more devices allowed"),
            "InvalidDevice": (6, "invalid device"),
            "DeviceNotSetup": (7, "is not set up"),
            "DeviceNotSelected": (8, "device is not selected"),
            "CannotChangePinMap": (9, "cannot change pin map once the SPI unit has an attached device"),
        },
    ),
    Driver(
        "lora",  # components/lora/node/lmic/lora_lmic.c
        6,
        {
            "KeysNotConfigured": (0, "keys are not configured"),
            "JoinDenied": (1, "join denied"),
            "UnexpectedResponse": (2, "unexpected response"),
            "NotJoined": (3, "not joined"),
            "NotSetup": (4, "not setup"),
            "NotEnoughtMemory": (5, "not enough memory"),
            "CannotSetup": (7, "can't setup"),
            "TransmissionFail": (8, "transmission fail ack not received"),
            "InvalidArgument": (9, "invalid argument"),
            "InvalidDataRate": (10, "invalid data rate for your location"),
            "InvalidBand": (11, "invalid band for your location"),
            "NotAllowed": (12, "not allowed"),
            "InvalidFreq": (13, "invalid frequency for your location"),
        },
    ),
    Driver(
        "pwm",  # components/sys/drivers/pwm.c
        7,
        {
            "CannotSetup": (0, "can't setup"),
            "InvalidUnit": (1, "invalid unit"),
            "InvalidChannel": (2, "invalid channel"),
            "InvalidDuty": (3, "invalid duty"),
            "InvalidFrequency": (4, "invalid frequency"),
        },
    ),
    Driver(
        "wifi",  # components/sys/drivers/wifi.c
        8,
        {
            "CannotSetup": (0, "can't setup"),
            "CannotConnect": (1, "can't connect, review your SSID / password"),
            "GeneralFail": (2, "general fail"),
            "NotEnoughtMemory": (3, "not enough memory"),
            "NotSetup": (4, "wifi is not setup"),
            "NotStarted": (5, "wifi is not started"),
            "InterfaceError": (6, "interface error"),
            "ModeError": (7, "mode error"),
            "InternalError": (8, "internal state error"),
            "InternalControlBlockError": (9, "internal control block of station or soft-AP error"),
            "InternalNVSError": (10, "internal NVS module error"),
            "InvalidMac": (11, "invalid mac address"),
            "InvalidSSID": (12, "invalid SSID"),
            "InvalidPassword": (13, "invalid password"),
            "Timeout": (14, "timeout"),
            "RFClosed": (15, "is in sleep state(RF closed) / wakeup fail"),
            "InvalidArg": (16, "invalid argument"),
            "NotSupport": (17, "wifi API is not supported yet"),
            "NotStopped": (18, "driver was not stopped"),
        },
    ),
    Driver(
        "net",  # components/sys/drivers/net.c
        9,
        {
            "NotAvailable": (0, "network is not available"),
            "InvalidIpAddr": (1, "invalid IP adddress"),
            "NoMoreCallbacksAvailable": (2, "no more callbacks available"),
            "CallbackNotFound": (3, "callback not found"),
            "NameCannotBeResolved": (4, "name cannot be resolved"),
            "CannotCreateSocket": (5, "cannot create socket"),
            "CannotSetupSocket": (6, "cannot setup socket"),
            "CannotConnect": (7, "cannot connect to server"),
            "CannotCreateSSL": (8, "cannot create SSL"),
            "CannotConnectSSL": (9, "cannot connect SSL"),
            "NotEnoughtMemory": (10, "not enough memory"),
            "InvalidResponse": (11, "invalid response"),
            "InvalidContent": (12, "invalid content"),
            "NoOTA": (13, "OTA partition not found"),
            "OTANotEnabled": (14, "OTA is not enabled in this build"),
        },
    ),
    Driver(
        "sensor",  # components/sys/drivers/sensor.c
        10,
        {
            "CannotSetup": (0, "can't setup"),
            "Timeout": (1, "timeout"),
            "NotEnoughtMemory": (2, "not enough memory"),
            "SetupUndefined": (3, "setup function is not defined"),
            "AcquireUndefined": (4, "acquire function is not defined"),
            "SetUndefined": (5, "set function is not defined"),
            "NotFound": (6, "not found"),
            "InterfaceNotSupported": (7, "interface not supported"),
            "NotSetup": (8, "sensor is not setup"),
            "InvalidAddress": (9, "invalid address"),
            "NoMoreCallbacks": (10, "no more callbacks available"),
            "InvalidData": (11, "invalid data"),
            "NoCallbacksAlowed": (12, "callbacks not allowed for this sensor"),
            "InvalidValue": (13, "invalid value"),
            "SensorDetached": (14, "sensor detached"),
        },
    ),
    Driver(
        "owire",  # components/sys/drivers/owire.c
        11,
        {
            "CannotSetup": (0, "can't setup"),
            "InvalidChannel": (1, "invalid channel"),
        },
    ),
    Driver(
        "mqtt",  # components/lua/modules/middleware/mqtt.c
        12,
        {
            "CannotCreateClient": (0, "can't create client"),
            "CannotSetCallbacks": (1, "can't set callbacks"),
            "CannotConnect": (2, "can't connect"),
            "CannotSubscribeToTopic": (3, "can't subscribe to topic"),
            "CannotPublishToTopic": (4, "can't publish to topic"),
            "CannotDisconnect": (5, "can't disconnect"),
            "NotEnoughMemory": (6, "not enough memory"),
        },
    ),
    Driver(
        "servo",  # components/sys/drivers/servo.c
        13,
        {
            "CannotSetup": (0, "can't setup"),
            "NotEnoughtMemory": (1, "not enough memory"),
        },
    ),
    Driver(
        "thread",  # components/lua/modules/sys/thread.c
        14,
        {
            "NotEnoughtMemory": (0, "not enough memory"),
            "NotAllowed": (1, "not allowed"),
            "NonExistentThread": (2, "non-existent thread"),
            "CannotStart": (3, "cannot start thread"),
            "InvalidStackSize": (4, "invalid stack size"),
            "InvalidPriority": (5, "invalid priority"),
            "InvalidCPUAffinity": (6, "invalid CPU affinity"),
            "CannotMonitorAsTable": (7, "you can't monitor thread as table"),
            "InvalidThreadId": (8, "invalid thread id"),
            "GetTaskList": (9, "cannot get tasklist"),
        },
    ),
    Driver(
        "pwbus",  # components/sys/drivers/power_bus.c
        15,
        {
            "InvalidPin": (0, "invalid pin"),
        },
    ),
    Driver(
        "nzr",  # components/sys/drivers/nzr.c
        16,
        {
            "NotEnoughtMemory": (0, "not enough memory"),
            "InvalidUnit": (1, "invalid unit"),
        },
    ),
    Driver(
        "neopixel",  # components/sys/drivers/neopixel.c
        17,
        {
            "NotEnoughtMemory": (0, "not enough memory"),
            "InvalidUnit": (1, "invalid unit"),
            "InvalidPixel": (2, "invalid pixel"),
            "InvalidController": (4, "invalid controller"),
            "InvalidRGBComponent": (5, "invalid RGB component"),
            "InvalidBrightness": (6, "invalid brightness"),
        },
    ),
    Driver(
        "stepper",  # components/sys/drivers/stepper.c
        18,
        {
            "NotEnoughtMemory": (0, "not enough memory"),
            "InvalidUnit": (1, "invalid unit"),
            "NoMoreUnits": (2, "no more units available"),
            "UnitNotSetup": (3, "unit is not setup"),
            "InvalidPin": (4, "invalid pin"),
            "InvalidDirection": (5, "invalid direction"),
            "InvalidAcceleration": (6, "invalid acceleration"),
        },
    ),
    Driver(
        "sdisplay",  # components/sdisplay/sdisplay.c
        19,
        {
            "InvalidChipset": (0, "invalid chipset"),
            "TimeOut": (1, "timeout"),
            "InvalidBrightness": (2, "invalid brightness"),
            "NotEnoughMemory": (3, "not enough memory"),
            "InvalidDigits": (4, "invalid digits"),
        },
    ),
    Driver(
        "event",  # components/lua/modules/sys/event.c
        20,
        {
            "NotEnoughtMemory": (0, "not enough memory"),
        },
    ),
    Driver(
        "spi_eth",  # components/sys/drivers/spi_eth.c
        21,
        {
            "CannotSetup": (0, "can't setup"),
            "NotSetup": (1, "ethernet is not setup"),
            "NotStarted": (2, "ethernet is not started"),
            "CannotConnect": (3, "can't connect check cable"),
            "InvalidArg": (4, "invalid argument"),
        },
    ),
    Driver(
        "can",  # components/sys/drivers/can.c
        22,
        {
            "NotEnoughtMemory": (0, "not enough memory"),
            "InvalidFrameLength": (1, "invalid frame length"),
            "InvalidUnit": (2, "invalid unit"),
            "NoMoreFiltersAllowed": (3, "no more filters allowed"),
            "InvalidFilter": (4, "invalid filter"),
            "NotSetup": (5, "is not setup"),
            "CannotStart": (6, "can't start"),
            "GatewayNotStarted": (7, "gateway not started"),
            "InvalidArg": (8, "invalid argument"),
            "NotSupport": (9, "can API is not supported yet"),
            "TransmitFail": (10, "error transmitting message"),
            "InvalidState": (11, "invalid state"),
            "TransmitTimeout": (12, "timeout transmitting message"),
        },
    ),
    Driver(
        "system",  # components/sys/drivers/system.c
        23,
        {
            "LockError": (0, "lock error"),
        },
    ),
    Driver(
        "gdisplay",  # components/gdisplay/gdisplay.c
        24,
        {
            "InvalidChipset": (0, "invalid chipset"),
            "InvalidColor": (1, "invalid color"),
            "NotSetup": (2, "is not setup"),
            "ColorRequired": (3, "color required"),
            "PointRequired": (4, "point required"),
            "NotEnoughtMemory": (5, "not enough memory"),
            "InvalidRadius": (6, "radius must be > 0"),
            "InvalidFont": (7, "invalid font"),
            "ImageError": (8, "image error"),
            "OutOfScreen": (9, "out of screen"),
            "InvalidOrientation": (10, "invalid orientation"),
            "MissingFileName": (11, "missing file name"),
            "ProcessingError": (12, "image processing error"),
            "BooleanRequired": (13, "boolean required"),
            "TouchNotSupported": (14, "touch pad not supported in this display"),
            "CannotSetup": (14, "can't setup"),
            "QREncodeError": (16, "qrcode encode error"),
        },
    ),
    Driver(
        "timer",  # components/sys/drivers/timer.c
        25,
        {
            "InvalidUnit": (0, "invalid unit"),
            "NotEnoughtMemory": (1, "not enough memory"),
            "NoMoreTimers": (2, "no more timers available"),
            "InvalidPeriod": (3, "invalid period"),
            "NotSetup": (4, "is not setup"),
        },
    ),
    Driver(
        "encoder",  # components/sys/drivers/encoder.c
        26,
        {
            "NotEnoughtMemory": (0, "not enough memory"),
            "InvalidPin": (1, "invalid pin"),
        },
    ),
    Driver(
        "mdns",  # components/lua/modules/net/net_service_mdns.inc
        27,
        {
            "CannotCreateService": (0, "can't initialize"),
            "CannotStop": (1, "can't stop"),
            "CannotResolveHost": (2, "can't resolve host"),
            "CannotFindService": (3, "can't find service"),
            "CannotAddService": (4, "can't add service"),
            "CannotRemoveService": (5, "can't remove service"),
            "HostnameTooLong": (6, "hostname too long"),
            "InstanceTooLong": (7, "instance name too long"),
            "ServiceTooLong": (8, "service name too long"),
            "ProtocolTooLong": (9, "protocol name too long"),
        },
    ),
    Driver(
        "cpu",  # components/lua/modules/hw/cpu.c
        28,
        {
            "CannotWakeOnExt0": (0, "can't wake on EXT0"),
            "CannotWakeOnExt1": (1, "can't wake on EXT1"),
            "CannotWakeOnTimer": (2, "can't wake on timer"),
            "CannotWakeOnTouch": (3, "can't wake on touch"),
            "CannotWakeOnULP": (4, "can't wake on ULP"),
            "CannotSetWatchpoint": (5, "can't set Watchpoint"),
            "CPUSpeedInvalid": (6, "invalid CPU speed"),
            "CannotSetCPUSpeed": (7, "can't set CPU speed"),
            "CannotResetWatchdog": (8, "can't reset watchdog"),
            "CannotDelWatchdog": (9, "can't del watchdog"),
            "CannotAddWatchdog": (10, "can't add watchdog"),
        },
    ),
    Driver(
        "ulp",  # components/lua/modules/hw/ulp.c
        29,
        {
            "CannotLoadBinary": (0, "can't load ulp binary"),
            "CannotLoadBinarySize": (1, "can't load ulp binary: invalid size"),
            "CannotLoadBinaryArg": (2, "can't load ulp binary: invalid load addr"),
            "CannotLoadBinaryMagic": (3, "can't load ulp binary: invalid binary"),
            "CannotRunBinary": (4, "can't run ulp binary"),
            "CannotSetTimer1": (5, "can't set timer 1"),
            "CannotSetTimer2": (6, "can't set timer 2"),
            "CannotSetTimer3": (7, "can't set timer 3"),
            "CannotSetTimer4": (8, "can't set timer 4"),
        },
    ),
    Driver(
        "eth",  # components/sys/drivers/eth.c
        30,
        {
            "CannotSetup": (0, "can't setup"),
            "NotSetup": (1, "ethernet is not setup"),
            "NotStarted": (2, "ethernet is not started"),
            "CannotConnect": (3, "can't connect check cable"),
            "InvalidArg": (4, "invalid argument"),
        },
    ),
    Driver(
        "bt",  # components/sys/drivers/bluetooth.c
        31,
        {
            "CannotSetup": (0, "can't setup"),
            "InvalidMode": (1, "invalid mode"),
            "NotSetup": (2, "is not setup"),
            "NotEnoughtMemory": (3, "not enough memory"),
            "InvalidArgument": (4, "invalid argument"),
            "InvalidBeacon": (5, "invalid beacon"),
            "CannotStartScan": (6, "can't start scanning"),
            "CannotStopScan": (7, "can't stop scanning"),
            "CannotStartAdv": (8, "can't start advertising"),
            "CannotStopAdv": (9, "can't start advertising"),
            "InvalidTxPower": (10, "invalid tx power"),
            "AdvTooLong": (11, "advertising data must be less then 31 bytes"),
        },
    ),
    Driver(
        "touch",  # components/lua/modules/hw/touch.c
        32,
        {
            "CannotSetFsmMode": (0, "can't set FSM mode"),
            "CannotSetGroupMask": (1, "can't set group mask"),
            "CannotSetTriggerSource": (2, "can't set trigger source"),
            "CannotSetThreshold": (3, "can't set threshold"),
        },
    ),
    Driver(
        "rcswitch",  # components/rc-switch/rc-switch.c
        33,
        {
            "CannotStartThread": (0, "can't start rcswitch listen thread"),
        },
    ),
    Driver(
        "rmt",  # components/sys/drivers/rmt.c
        34,
        {
            "InvalidPulseRange": (0, "invalid pulse range"),
            "NoMoreRMT": (2, "no more channels available"),
            "InvalidPin": (3, "invalid pin"),
            "Timeout": (4, "timeout"),
            "InvalidIdleLevel": (5, "invalid idle level"),
            "InvalidTimeout": (6, "invalid timeout"),
            "InvalidFilterTicks": (7, "invalid filter ticks"),
            "InvalidIdleThreshold": (8, "invalid idle threshold"),
        },
    ),
    Driver(
        "rtc",  # components/sys/drivers/rtc.c
        35,
        {
            "NotEnoughMemory": (0, "not enough memory"),
            "Empty": (1, "empty memory"),
            "TypeNotAllowed": (2, "type not allowed"),
        },
    ),
    Driver(
        "sound",  # components/sound/sound.c
        37,
        {
            "NoToneGen": (0, "tone generator not setup"),
            "InvalidToneGen": (1, "invalid tone generator"),
            "InvalidNote": (2, "invalid note"),
            "NotEnoughtMemory": (4, "not enough memory"),
            "InvalidPin": (5, "invalid pin"),
            "InvalidVolume": (6, "invalid volume"),
            "InvalidSampleRate": (7, "invalid sample rate"),
            "InvalidDacDevice": (8, "invalid dac device"),
        },
    ),
    Driver(
        "http",  # components/lua/modules/net/net_http.inc
        38,
        {
            "OutputAlreadyExists": (0, "output file already exists, aborting"),
            "CannotOpen": (1, "can't open output file for writing"),
            "CannotWrite": (2, "can't write to output file"),
        },
    ),
)

DRIVERS: Final[Mapping[str, Driver]] = {driver.name: driver for driver in _DRIVERS}
"""Every driver by name, ordered by number. Number 36 is not used."""

ERROR_TABLES: Final[Mapping[str, str]] = {
    "net.error": "net",
    "net.wf.error": "wifi",
    "net.en.error": "eth",
    "net.http.error": "http",
    "net.service.mdns.error": "mdns",
    **{
        f"{driver}.error": driver
        for driver in (
            "thread",
            "event",
            "cpu",
            "adc",
            "i2c",
            "pwm",
            "servo",
            "spi",
            "sensor",
            "stepper",
            "ulp",
            "can",
            "rcswitch",
            "gdisplay",
            "neopixel",
            "sdisplay",
            "mqtt",
            "lora",
            "rtc",
            "touch",
        )
    },
}
"""Which driver's exceptions a module shows to scripts: path of the table to driver name.

``net.en.error`` is that of ``spi_eth`` on a build for SPI Ethernet. ``tmr`` (driver ``timer``), ``pio`` (``gpio``),
``uart``, ``bt`` and the drivers without a module of their own show none.
"""
