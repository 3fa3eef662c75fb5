"""lora: LoRaWAN (``components/lua/modules/middleware/lora.c``, ``components/lora/node/lmic/lora_lmic.c``).

A node is `simulator.lora.mac` with the firmware's own state around it, some of which outlives deep sleep. One lock
serves all functions: while a Lua thread joins or sends, the others wait. A thread that is stopped meanwhile keeps it.

What the stack tells is kept as bits until somebody waits for them, so an event that nobody waited for ends the next
wait at once: after a failed attempt to join the stack goes on trying, and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any, ClassVar, Final

import trio

from simulator.boards.schema import Lora
from simulator.console import Level
from simulator.device.calls import call, text_of
from simulator.device.calls.timers import CallbackQueue
from simulator.device.drivers.lora_gateway import FREQUENCIES_HZ, RATES, SingleChannelGateway
from simulator.device.drivers.shared import Driver, Shared
from simulator.device.drivers.spi import SpiDriver
from simulator.device.kernel import Kernel
from simulator.hardware import Unit
from simulator.lora import DataRate, Mac, MacEvent, Transmission
from simulator.lora.frames import EUI_BYTES, KEY_BYTES, Session
from simulator.units import NS_PER_MS, NS_PER_S
from simulator.vm.exceptions import DriverError, LuaError

BAND_EU868: Final = 868
SPEED_HZ: Final = 10_000_000
RADIO_RESET_NS: Final = 6 * NS_PER_MS
"""A millisecond low, five until it answers (``radio_init``)."""

TASK_PRIORITY: Final = 21
TASK_CORE: Final = 0
TASK_STACK_BYTES: Final = 2048
"""CONFIG_LUA_RTOS_LORA_TASK_PRIORITY, _CPU and _STACK_SIZE of the boards; it also runs the callback."""

_SETUP_RATE: Final = DataRate.SF7
_RX2_RATE: Final = DataRate.SF9
_MESSAGE_MASK: Final = 0xFFFF_FFFF
_RTC_VARIABLE: Final = "lora"
_OWNER: Final = Unit("lora", 0)


class Bits(Flag):
    """What the stack has told and nobody has taken yet."""

    NONE = 0
    JOINED = auto()
    JOIN_DENIED = auto()
    TX_COMPLETE = auto()
    ACK_NOT_RECEIVED = auto()


@dataclass(slots=True)
class Retained:
    """What is in RTC memory: the session, and how many frames the scripts have sent."""

    dev_addr: int = 0
    nwk_skey: bytes = bytes(KEY_BYTES)
    app_skey: bytes = bytes(KEY_BYTES)
    messages: int = 0

    @property
    def session(self) -> Session | None:
        """The session; None if a part of it is missing."""
        whole = self.dev_addr and any(self.nwk_skey) and any(self.app_skey)
        return Session(self.dev_addr, self.nwk_skey, self.app_skey) if whole else None


class BenchClock:
    """The time of the board, for the stack. What nobody waits for is no reason to go on with the run."""

    def __init__(self, shared: Shared, is_awaited: Callable[[], bool]) -> None:
        self._shared = shared
        self._is_awaited = is_awaited

    def now_ns(self) -> int:
        """See `simulator.lora.mac.Clock`."""
        return self._shared.now_ns()

    def at(self, time_ns: int, fire: Callable[[int], None]) -> Callable[[], None]:
        """See `simulator.lora.mac.Clock`."""
        appointment = self._shared.bench.at(time_ns, fire, in_background=not self._is_awaited())

        def cancel() -> None:
            appointment.cancelled = True

        return cancel


class LoraDriver(Driver):
    """A node, or a gateway."""

    name: ClassVar[str] = "lora"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._app_eui = bytes(EUI_BYTES)
        self._dev_eui = self.shared.identity.flash_unique_id if self.shared.board.read_flash_eui else bytes(EUI_BYTES)
        self._app_key = bytes(KEY_BYTES)
        self._retained: Retained = self.shared.rtc.variables.setdefault(_RTC_VARIABLE, Retained())
        self._mac: Mac | None = None
        self._adr = False
        self._rate = DataRate.SF12
        self._is_session_set = False
        self._bits = Bits.NONE
        self._told = trio.lowlevel.ParkingLot()
        self._awaited = Bits.NONE
        self._callback = 0
        self._received: CallbackQueue
        self._mutex: trio.Semaphore
        self._gateway: SingleChannelGateway | None = None

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts: its functions and whoever held the lock are gone, the stack goes on."""
        super().connect(kernel)
        self._callback = 0
        self._awaited = Bits.NONE
        self._mutex = trio.Semaphore(1)
        self._received = self.shared.new_queue(
            "lmic", stack_bytes=TASK_STACK_BYTES, priority=TASK_PRIORITY, core=TASK_CORE,
            returned=lambda: self._set(Bits.TX_COMPLETE),
        )  # fmt: skip

    def close(self) -> None:
        """The chip is reset."""
        if self._mac is not None:
            self._mac.stop()
        self._stop_gateway()

    def _stop_gateway(self) -> None:
        if self._gateway is not None:
            self._gateway.stop()
            self._gateway = None

    @property
    def join_keys(self) -> tuple[bytes, bytes, bytes]:
        """See `simulator.lora.mac.Credentials`."""
        return self._app_eui, self._dev_eui, self._app_key

    @property
    def _radio(self) -> Lora:
        lora = self.shared.board.lora
        assert lora is not None, "a build without a radio has no lora"
        return lora

    @call("lora.node")
    def _check_node(self) -> None:
        if self._gateway is not None:
            raise DriverError("lora", "NotAllowed", "only allowed for nodes")

    @call("lora.refuse")
    def _refuse(self, name: bytes, why: bytes) -> None:
        raise DriverError("lora", name.decode(), why.decode())

    @call("lora.chip")
    def _chip(self) -> tuple[Any, ...]:
        return (self._radio.chip.encode(),)

    # -- setting up -----------------------------------------------------------------------------------------------

    @call("lora.attach")
    async def _attach(self, band: int) -> None:
        self._check_band(band)
        self._stop_gateway()
        await self._mutex.acquire()
        try:
            if self._mac is None:
                self._log(f"lora: setup, band {band}")
                await self._set_up()
        finally:
            self._mutex.release()

    def _check_band(self, band: int) -> None:
        if self._radio.band != "EU868":
            raise LuaError(f"lora.attach: the band {self._radio.band} is not simulated yet")
        if band != BAND_EU868:
            raise DriverError("lora", "InvalidBand")

    @property
    def _control_pins(self) -> list[tuple[Unit, str]]:
        """The pins of the radio besides those of its bus, with their tags. A reset by the power bus needs none."""
        radio = self._radio
        pins = [(Unit("gpio", gpio), f"DIO{number}") for number, gpio in enumerate(radio.dio)]
        if radio.reset is not None and self.shared.board.pins.power_bus is None:
            pins.insert(0, (Unit("gpio", radio.reset), "RST"))
        return pins

    async def _set_up(self) -> None:
        radio = self._radio
        self.shared.driver(SpiDriver).setup(radio.spi, radio.cs, SPEED_HZ)
        self.shared.locks.take(_OWNER, *self._control_pins)
        self.shared.log(f"lmic is at spi{radio.spi}, pin cs=GPIO{radio.cs}")
        started_ns = self.shared.now_ns()
        await self._reset_radio()
        world = self.shared.radio
        self._mac = Mac(
            self.shared.radio.base_mac.hex(":"),
            world.airwaves.lora,
            BenchClock(self.shared, lambda: bool(self._awaited)),
            world.rng.child("lora"),
            self,
            started_ns=started_ns,
            told=self._hear,
            debug=self._log,
            sent=self._tell_of_frame,
            received=self._tell_of_downlink,
        )
        session = self._retained.session
        if session is not None:
            self._log("lora: restore session from RTC")
            self._mac.begin_session(session)
            self._is_session_set = True
        self._mac.listen_second_at(_RX2_RATE)
        self._rate = _SETUP_RATE
        self._mac.set_rate(_SETUP_RATE)

    async def _reset_radio(self) -> None:
        if self._radio.power_bus:
            bus = self.shared.power_bus
            bus.off()
            for wait_ns in bus.on():
                await trio.sleep(wait_ns / NS_PER_S)
        await trio.sleep(RADIO_RESET_NS / NS_PER_S)

    def _log(self, text: str) -> None:
        self.shared.console.log(Level.DEBUG, text.encode())

    def _tell_of_frame(self, frame: Transmission) -> None:
        self.shared.radio.emit(
            "lora.transmit",
            frequency=frame.frequency_hz,
            rate=str(frame.modulation),
            length=len(frame.data),
            airtime_us=(frame.end_ns - frame.begin_ns) // 1000,
        )

    def _tell_of_downlink(self, frame: Transmission) -> None:
        self.shared.radio.emit(
            "lora.receive",
            frequency=frame.frequency_hz,
            rate=str(frame.modulation),
            length=len(frame.data),
            rssi=frame.rssi_dbm,
        )

    @call("lora.gateway")
    async def _become_gateway(self, band: int, host: bytes, port: int, frequency_hz: int, rate: int) -> None:
        """``lora_gw_setup``."""
        log, radio, network = self.shared.log, self._radio, self.shared.network
        log("lora gw: starting")
        self._check_band(band)
        if rate not in RATES:
            raise DriverError("lora", "InvalidDataRate")
        if frequency_hz not in FREQUENCIES_HZ:
            raise DriverError("lora", "InvalidFreq")
        log(f"lora gw: dr={rate}, sf={12 - rate}, freq={frequency_hz / 1e6:.1f} MHz")
        self.shared.driver(SpiDriver).setup(radio.spi, radio.cs, SPEED_HZ)
        self.shared.locks.take(_OWNER, *self._control_pins)
        log(f"lora gw: single gateway at spi{radio.spi}, pin cs=GPIO{radio.cs}")
        for number, gpio in enumerate(radio.dio):
            log(f"lora gw: DIO{number} IRQ attached, at pin GPIO{gpio}")
        log("lora gw: waiting for network")
        if not await network.driver.wait_for_network():
            raise DriverError("lora", "CannotSetup", "no network connection available")
        log("lora gw: network available")
        try:
            address = await network.driver.lookup(text_of(host))
        except DriverError as error:
            why = "can't resolve network coordinator hostname / port"
            raise DriverError("lora", "CannotSetup", why) from error
        log(f"lora gw: network coordinator set to {text_of(host)}:{port}")
        mac = bytes.fromhex(network.driver.wf_stat().mac.replace(":", ""))
        eui = mac[:3] + b"\xff\xfe" + mac[3:]
        log(f"lora gw: gateway EUI {eui.hex()}")
        await self._reset_radio()
        self._stop_gateway()
        self._gateway = SingleChannelGateway(self.shared, network, (address, port), eui)
        self._gateway.tune(FREQUENCIES_HZ.index(frequency_hz), rate)
        log("lora gw: started")

    # -- what the stack tells -------------------------------------------------------------------------------------

    def _hear(self, event: MacEvent) -> None:
        """``onEvent``."""
        mac = self._mac
        assert mac is not None
        match event:
            case MacEvent.JOINED:
                session = mac.session
                assert session is not None
                self._is_session_set = True
                kept = self._retained
                kept.dev_addr, kept.nwk_skey, kept.app_skey = session.dev_addr, session.nwk_skey, session.app_skey
                self._set(Bits.JOINED)
            case MacEvent.JOIN_FAILED:
                self._is_session_set = False
                self._set(Bits.JOIN_DENIED)
            case MacEvent.REJOIN_FAILED:
                self._is_session_set = False
            case MacEvent.TX_COMPLETE if mac.is_confirmed:
                self._set(Bits.TX_COMPLETE if mac.was_acknowledged else Bits.NONE)
                self._set(Bits.ACK_NOT_RECEIVED if mac.was_refused else Bits.NONE)
            case MacEvent.TX_COMPLETE if mac.payload_down and self._callback:
                self._received.put(self._callback, 1, mac.payload_down)  # always port 1; complete when it returns
            case MacEvent.TX_COMPLETE:
                self._set(Bits.TX_COMPLETE)

    def _set(self, bits: Bits) -> None:
        self._bits |= bits
        if bits & self._awaited:
            self._awaited = Bits.NONE
        self._told.unpark_all()

    async def _wait_for(self, wanted: Bits) -> Bits:
        """Take some of the bits, as soon as there is one of them."""
        self._awaited = wanted
        try:
            while not self._bits & wanted:
                await self._told.park()
        finally:
            self._awaited = Bits.NONE
        found = self._bits & wanted
        self._bits &= ~wanted
        return found

    # -- what scripts call ----------------------------------------------------------------------------------------

    async def _enter(self) -> Mac:
        """Take the lock, and return the stack. Whoever calls gives the lock back."""
        await self._mutex.acquire()
        if self._mac is None:
            self._mutex.release()
            raise DriverError("lora", "NotSetup")
        self._mac.enter()
        return self._mac

    @call("lora.set")
    async def _set_key(self, name: bytes, value: bytes) -> None:
        await self._enter()
        self._mutex.release()
        match name:
            case b"setDevAddr":
                self._retained.dev_addr = int.from_bytes(value, "big")
            case b"setNwksKey":
                self._retained.nwk_skey = value
            case b"setAppsKey":
                self._retained.app_skey = value
            case b"setAppEui":
                self._app_eui = value
            case b"setAppKey":
                self._app_key = value
            case b"setDevEui" if self.shared.board.read_flash_eui:
                raise DriverError("lora", "InvalidArgument", "in this board DevEui is assigned automatically")
            case b"setDevEui":
                self._dev_eui = value

    @call("lora.setDr")
    async def _set_rate(self, rate: int) -> None:
        mac = await self._enter()
        self._rate = DataRate(rate)
        if not self._adr:
            mac.set_rate(self._rate)
        self._mutex.release()

    @call("lora.setAdr")
    async def _set_adr(self, on: bool) -> None:
        mac = await self._enter()
        self._adr = mac.adr = on
        self._mutex.release()

    @call("lora.setReTx")
    async def _set_attempts(self, count: int) -> None:
        mac = await self._enter()
        mac.attempts = count
        self._mutex.release()

    @call("lora.get")
    async def _get(self, name: bytes) -> tuple[Any, ...]:
        """Return a setting, also before `attach`."""
        await self._mutex.acquire()
        self._mutex.release()
        mac = self._mac
        match name:
            case b"getDevAddr":
                return (self._retained.dev_addr.to_bytes(4, "big"),)
            case b"getDevEui":
                return (self._dev_eui,)
            case b"getAppEui":
                return (self._app_eui,)
            case b"getDr":
                return (int(self._rate),)
            case b"getAdr":
                return (mac is not None and mac.adr,)
            case _:
                return (0 if mac is None else mac.attempts,)

    @call("lora.join")
    async def _join(self) -> None:
        mac = await self._enter()
        if self._retained.session is not None:
            self._mutex.release()
            return
        if not all(map(any, self.join_keys)):
            self._mutex.release()
            raise DriverError("lora", "KeysNotConfigured")
        self._retained.messages = 0
        if not self._adr:
            mac.set_rate(self._rate)
        self._awaited = Bits.JOINED
        mac.join()
        found = await self._wait_for(Bits.JOINED | Bits.JOIN_DENIED)
        self._mutex.release()
        if Bits.JOINED not in found:
            raise DriverError("lora", "NotJoined")

    @call("lora.tx")
    async def _send(self, confirmed: bool, port: int, payload: bytes) -> None:
        mac = await self._enter()
        session = self._retained.session
        if session is None:
            self._mutex.release()
            raise DriverError("lora", "NotJoined" if all(map(any, self.join_keys)) else "KeysNotConfigured")
        if not self._is_session_set:
            mac.begin_session(session)
            self._is_session_set = True
        self._retained.messages = mac.counter_up = self._retained.messages + 1 & _MESSAGE_MASK
        if not self._adr:
            mac.set_rate(self._rate)
        self._awaited = Bits.TX_COMPLETE
        mac.send(port, payload, confirmed=confirmed)
        found = await self._wait_for(Bits.TX_COMPLETE | Bits.ACK_NOT_RECEIVED)
        self._mutex.release()
        if Bits.TX_COMPLETE not in found:
            raise DriverError("lora", "TransmissionFail")

    @call("lora.whenReceived")
    async def _when_received(self) -> tuple[Any, ...]:
        await self._mutex.acquire()
        self._callback = self.shared.new_callback_id()
        self._mutex.release()
        return (self._callback,)
