"""bt: Bluetooth LE (``components/lua/modules/bluetooth``, ``components/sys/drivers/bluetooth.c`` and
``bluetooth_eddystone.c``), on the host stack of ESP-IDF as ``btm_ble_gap.c`` has it.

Advertising and scanning go on by themselves and keep nobody waiting. Beacons are advertised in turn by a task that
never ends: every 200 ms it starts or stops the one advertising that the chip can do, whoever else started it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar, Final

from simulator.bluetooth import Advertiser, AdvertisingType, Scanner, eddystone
from simulator.bluetooth.advertiser import CHANNELS, DATA_BYTES_MAX
from simulator.bluetooth.air import SAME_DESK_RSSI_DBM
from simulator.device.calls import call
from simulator.device.calls.timers import CallbackQueue
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import Kernel
from simulator.device.net_stack import interface_mac
from simulator.hardware.bench import Appointment
from simulator.units import NS_PER_MS, NS_PER_US
from simulator.vm.exceptions import DriverError

BLE: Final = 1
MODE_MAX: Final = 3
REPORTS_WAITING_MAX: Final = 10
BEACON_TURN_NS: Final = 200 * NS_PER_MS

TX_POWER_DBM_MIN, TX_POWER_DBM_MAX = -100, 20
ENCODED_URL_BYTES_MAX: Final = 16
"""The seventeenth byte is written, and then refused."""

_BLUETOOTH_INTERFACE: Final = 2
_INTERVAL_UNIT_NS: Final = 625 * NS_PER_US
_INTERVAL_UNITS: Final = range(0x20, 0x4001)
"""``BTM_BLE_ADV_INT_MIN`` to ``BTM_BLE_ADV_INT_MAX``."""
_BEACON_INTERVAL_UNITS: Final = 250
_OWN_PUBLIC: Final = frozenset({0, 2})
"""``bt.ownaddr``: a random address was never set, and of the private ones Public stays public."""
_ALL_CHANNELS: Final = 7
_TYPES: Final = frozenset(map(int, AdvertisingType))

_SETUP_NS: Final = 300 * NS_PER_MS  # controller and Bluedroid, our estimate
_COMMAND_NS: Final = 2 * NS_PER_MS  # there and back through the tasks of the host stack, our estimate


@dataclass(slots=True)
class _Beacon:
    data: bytes
    is_started: bool = False


class BtDriver(Driver):
    """The controller, and the beacons."""

    name: ClassVar[str] = "bt"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        radio = self.shared.radio
        self._air = radio.airwaves.bluetooth
        self._rng = radio.rng.child("bluetooth")
        self._address = interface_mac(radio.base_mac, _BLUETOOTH_INTERFACE)
        self._is_set_up = False
        self._advertiser: Advertiser | None = None
        self._scanner: Scanner | None = None
        self._window: Appointment | None = None
        self._callback = 0
        self._reports: CallbackQueue
        self._beacons: dict[int, _Beacon] = {}
        self._handles = count(1)
        self._turn: Appointment | None = None
        self._in_turn = 0

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts: the functions and beacons of the old one are gone, the chip goes on."""
        super().connect(kernel)
        self._callback = 0
        self._beacons.clear()
        self._reports = self.shared.new_queue("bt", limit=REPORTS_WAITING_MAX)

    def close(self) -> None:
        """The chip is reset."""
        if self._advertiser is not None:
            self._air.remove(self._advertiser)
        for appointment in (self._window, self._turn):
            if appointment is not None:
                appointment.cancelled = True

    def _setup(self, mode: int) -> None:
        """``bt_setup``: the first call counts."""
        if self._is_set_up:
            return
        if not 0 <= mode <= MODE_MAX:
            raise DriverError("bt", "InvalidMode")
        self.shared.pay(_SETUP_NS)
        if mode != BLE:  # all boards are built for BLE alone
            raise DriverError("bt", "CannotSetup")
        self._is_set_up = True
        self.shared.radio.emit("bt.attach", address=self._address)

    def _check_set_up(self) -> None:
        if not self._is_set_up:
            raise DriverError("bt", "NotSetup")

    @call("bt.invalid")
    def _invalid(self, why: bytes) -> None:
        raise DriverError("bt", "InvalidArgument", why.decode())

    @call("bt.attach")
    def _attach(self, mode: int) -> None:
        self._setup(mode)

    # -- advertising ----------------------------------------------------------------------------------------------

    @call("bt.advertise.start")
    def _advertise(
        self, min_ms: int, max_ms: int, kind: int, own: int, peer: bytes, channels: int, data: bytes
    ) -> None:
        units_min, units_max = (ms * NS_PER_MS // _INTERVAL_UNIT_NS & 0xFFFF for ms in (min_ms, max_ms))
        if len(data) >= DATA_BYTES_MAX:
            raise DriverError("bt", "AdvTooLong")
        self._check_set_up()
        self.shared.pay(_COMMAND_NS)
        is_valid = (
            units_min in _INTERVAL_UNITS
            and units_max in _INTERVAL_UNITS
            and units_min <= units_max
            and own in _OWN_PUBLIC
            and kind in _TYPES
            and 1 <= channels <= _ALL_CHANNELS
        )
        if not is_valid:
            raise DriverError("bt", "CannotStartAdv")
        self._start_advertising(units_min, AdvertisingType(kind), channels, data, self.shared.now_ns(), peer)

    @call("bt.advertise.stop")
    def _stop(self) -> None:
        self._check_set_up()
        self.shared.pay(_COMMAND_NS)
        self._stop_advertising()

    def _start_advertising(
        self, units: int, kind: AdvertisingType, channels: int, data: bytes, begin_ns: int, peer: bytes = b""
    ) -> None:
        """Advertise, in place of what was advertised before."""
        before = self._advertiser
        if before is not None:
            self._air.remove(before)
        now = self._advertiser = self._air.add(
            Advertiser(
                self._address,
                data,
                interval_ns=units * _INTERVAL_UNIT_NS,
                begin_ns=begin_ns,
                rng=self._rng,
                rssi_dbm=SAME_DESK_RSSI_DBM,
                kind=kind,
                channels=tuple(channel for bit, channel in enumerate(CHANNELS) if channels >> bit & 1),
                peer=peer.hex(":"),
            )
        )
        if before is None or _visible(before) != _visible(now):
            self.shared.radio.emit(
                "bt.advertise",
                address=now.address,
                type=kind.name,
                interval_ms=now.interval_ns / NS_PER_MS,
                channels=list(now.channels),
                data=now.data.hex(),
            )

    def _stop_advertising(self) -> None:
        if self._advertiser is not None:
            self._air.remove(self._advertiser)
            self._advertiser = None
            self.shared.radio.emit("bt.advertise.stop", address=self._address)

    # -- scanning -------------------------------------------------------------------------------------------------

    @call("bt.scan.start")
    def _scan(self) -> tuple[Any, ...]:
        self._check_set_up()
        self.shared.pay(_COMMAND_NS)
        # From now on the new function gets the reports, also if the chip refuses because it scans already.
        self._callback = self.shared.new_callback_id()
        if self._scanner is not None:
            return (self._callback, str(DriverError("bt", "CannotStartScan")).encode())
        self._scanner = Scanner(self._air, self._address, self.shared.now_ns())
        self._await_window()
        self.shared.radio.emit("bt.scan.start")
        return (self._callback, b"")

    @call("bt.scan.stop")
    def _stop_scan(self) -> None:
        self._check_set_up()
        self.shared.pay(_COMMAND_NS)
        if self._scanner is None:
            raise DriverError("bt", "CannotStopScan")
        self._scanner = None
        self.shared.radio.emit("bt.scan.stop")

    def _await_window(self) -> None:
        assert self._scanner is not None
        self._window = self.shared.bench.at(self._scanner.due_ns, self._close_window, in_background=True)

    def _close_window(self, _now_ns: int) -> None:
        if self._scanner is None:
            return
        for pdu in self._scanner.close_window():
            self._report(pdu.advertiser)
        self._await_window()

    def _report(self, advertiser: Advertiser) -> None:
        data, rssi_dbm = advertiser.data, advertiser.rssi_dbm
        frame = eddystone.decode(data)
        self.shared.radio.emit(
            "bt.report", address=advertiser.address, type=advertiser.kind.name, rssi=rssi_dbm, data=data.hex()
        )
        values: list[Any] = [rssi_dbm, data]
        if frame is not None:
            values += [frame.tx_power, 10 ** ((frame.tx_power - rssi_dbm) / 20) / 100]
        match frame:
            case eddystone.Uid():
                values += [frame.namespace, frame.instance]
            case eddystone.Url():
                values += [frame.url]
        if self._callback:
            self._reports.put(self._callback, *values)

    # -- beacons --------------------------------------------------------------------------------------------------

    @call("bt.beacon.uid")
    def _uid(self, tx_power: int, namespace: bytes, instance: bytes) -> tuple[Any, ...]:
        if not TX_POWER_DBM_MIN <= tx_power <= TX_POWER_DBM_MAX:
            raise DriverError("bt", "InvalidTxPower")
        return self._add_beacon(eddystone.uid_frame(tx_power, namespace, instance))

    @call("bt.beacon.url")
    def _url(self, tx_power: int, url: bytes) -> tuple[Any, ...]:
        self._begin_beacons()
        prefix, encoded = eddystone.encode_url(url)
        if len(encoded) > ENCODED_URL_BYTES_MAX:
            raise DriverError("bt", "InvalidArgument", "not enough space to encode url")
        # The frame is as long as one with a full URL, with zeros behind this one.
        return self._add_beacon(eddystone.url_frame(tx_power, prefix, encoded).ljust(DATA_BYTES_MAX, b"\0"))

    @call("bt.beacon.start")
    def _start_beacon(self, handle: int) -> None:
        self._beacons[handle].is_started = True

    @call("bt.beacon.stop")
    def _stop_beacon(self, handle: int) -> None:
        self._beacons[handle].is_started = False

    @call("bt.beacon.remove")
    def _remove_beacon(self, handle: int) -> None:
        self._beacons.pop(handle, None)

    def _add_beacon(self, data: bytes) -> tuple[Any, ...]:
        self._begin_beacons()
        handle = next(self._handles)
        self._beacons[handle] = _Beacon(data)
        return (handle,)

    def _begin_beacons(self) -> None:
        """Attach, and let the task run, when a beacon is made for the first time."""
        if self._turn is None:
            self._setup(BLE)
            self._take_turn(self.shared.now_ns())

    def _take_turn(self, now_ns: int) -> None:
        """Let the task do what it does every 200 ms: the next beacon, and after the last one nothing."""
        handle = next((handle for handle in self._beacons if handle > self._in_turn), 0)
        is_pause, self._in_turn = self._in_turn > 0 and not handle, handle
        beacon = self._beacons.get(handle)
        if beacon is not None and beacon.is_started:
            kind = AdvertisingType.NONCONN_IND
            self._start_advertising(_BEACON_INTERVAL_UNITS, kind, _ALL_CHANNELS, beacon.data, now_ns)
        elif not is_pause:
            self._stop_advertising()
        self._turn = self.shared.bench.at(now_ns + BEACON_TURN_NS, self._take_turn, in_background=True)


def _visible(advertiser: Advertiser) -> tuple[object, ...]:
    """Return what others can tell of an advertiser, besides the moment when it began."""
    return (advertiser.data, advertiser.kind, advertiser.interval_ns, advertiser.channels, advertiser.peer)
