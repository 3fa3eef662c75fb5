from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from simulator.device.net_driver import InterfaceStat, NetDriver
from simulator.device.net_stack import Ethernet
from simulator.network import NameNotFoundError, VirtualNetwork
from simulator.rng import Rng
from simulator.vm.exceptions import DriverError
from simulator.wifi import (
    BEACON_TIMEOUT_NS,
    AccessPoint,
    Air,
    EthernetPort,
    Lan,
    NetEvent,
    Status,
    SystemEvent,
    WifiMode,
    pack_ip,
)
from simulator.wifi.netif import IP_LOST_NS
from simulator.wifi.radio import SILENCE
from simulator.wifi.scan import SCAN_NS
from tests.helpers import run_virtual

BASE_MAC = bytes.fromhex("240ac4000001")
MAC = "24:0a:c4:00:00:01"
SCAN_S = SCAN_NS / 1e9
BEACON_TIMEOUT_S = BEACON_TIMEOUT_NS / 1e9
IP_LOST_S = IP_LOST_NS / 1e9
FOURTH_DISCONNECT_S = 4 * SCAN_S + 3 * 0.2
JOIN_S = 0.120 + 0.560 + 0.050
"""Scan of channel 1, key, and the three exchanges."""


class Board:
    """A board in a world of its own: the driver, and what happened to it."""

    def __init__(self, driver: NetDriver, air: Air, network: VirtualNetwork) -> None:
        self.driver = driver
        self.air = air
        self.network = network
        self.interface = network.interface("board")
        self.events: list[tuple[float, str, dict[str, Any]]] = []

    def kinds(self) -> list[str]:
        return [kind for _, kind, _ in self.events]

    def times(self, kind: str) -> list[float]:
        return [round(time, 6) for time, happened, _ in self.events if happened == kind]

    def has(self, flag: Status) -> bool:
        return flag in self.driver.status

    async def join(self, *address: str, sync: bool = True) -> None:
        await self.driver.wf_setup_station("home", "password", *map(pack_ip, address))
        await self.driver.wf_start(sync)


@asynccontextmanager
async def a_board(
    *points: AccessPoint,
    ethernet: Ethernet | None = None,
    port: EthernetPort | None = None,
    seed: int = 0,
    **options: Any,
) -> AsyncIterator[Board]:
    air, rng = Air(), Rng(seed)
    for point in points:
        air.add(point)
    network = VirtualNetwork(rng.child("network"))
    network.add_host("server.example", "93.184.216.34")

    def emit(kind: str, /, **fields: object) -> None:
        board.events.append((trio.current_time(), kind, fields))

    async with trio.open_nursery() as nursery:
        driver = NetDriver(
            nursery=nursery,
            air=air,
            interface=network.interface("board"),
            rng=rng.child("radio"),
            emit=emit,
            base_mac=BASE_MAC,
            ethernet=ethernet,
            port=port,
            **options,
        )
        board = Board(driver, air, network)
        yield board
        await driver.aclose()


def ignore(kind: str, /, **fields: object) -> None:
    """Take the events of a board that the test is not about."""


def home(**options: Any) -> AccessPoint:
    return AccessPoint("home", "password", **options)


def virtually(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Make a test of an async function, run in virtual time."""

    def run() -> None:
        run_virtual(test)

    run.__name__ = test.__name__
    return run


async def elapsed(work: Awaitable[object]) -> float:
    began = trio.current_time()
    await work
    return round(trio.current_time() - began, 6)


async def failure(work: Awaitable[object]) -> str:
    """Return the text that a script gets, and fail if there is none."""
    with pytest.raises(DriverError) as caught:
        await work
    return str(caught.value)


# Joining -------------------------------------------------------------------------------------------------------------


@virtually
async def test_a_synchronous_start_returns_when_the_address_is_there() -> None:
    async with a_board(home()) as board:
        assert await elapsed(board.join()) == 1.5
        assert board.driver.connected()
        assert board.kinds() == ["wifi.start", "wifi.auth", "wifi.connected", "wifi.got_ip"]
        assert board.times("wifi.connected") == [round(JOIN_S, 6)]
        assert board.interface.address == "192.168.1.2"
        assert board.driver.wf_stat() == InterfaceStat(MAC, "192.168.1.2", "255.255.255.0", "192.168.1.1", "")
        assert board.driver.dns_servers == ("192.168.1.1",)
        assert not board.has(Status.WIFI_SYNC)


@virtually
async def test_an_asynchronous_start_returns_at_once_and_the_rest_follows() -> None:
    async with a_board(home()) as board:
        assert await elapsed(board.join(sync=False)) == 0
        assert board.has(Status.WIFI_STARTED)
        assert not board.driver.connected()
        assert not board.driver.settled
        await trio.sleep(1.499)
        assert board.has(Status.WIFI_CONNECTED)
        assert not board.driver.connected()
        await trio.sleep(0.002)
        assert board.driver.connected()
        await trio.sleep(1)
        assert board.driver.settled
        assert board.driver.wf_stat().ip6 == "fe80:0000:0000:0000:260a:c4ff:fe00:0001"


@virtually
async def test_an_absent_ssid_fails_a_synchronous_start_at_the_fourth_disconnect() -> None:
    async with a_board() as board:
        began = trio.current_time()
        assert await failure(board.join()) == "134217729:can't connect, review your SSID / password"
        assert round(trio.current_time() - began, 6) == round(FOURTH_DISCONNECT_S, 6)
        assert board.kinds().count("wifi.disconnected") == 4
        assert board.events[1][2]["reason_name"] == "NO_AP_FOUND"
        assert board.driver.settled


@virtually
async def test_after_that_failure_the_driver_is_stuck_until_it_is_stopped() -> None:
    async with a_board() as board:
        await failure(board.join())
        assert board.has(Status.WIFI_STARTED | Status.WIFI_SYNC)
        board.air.add(home())
        assert await elapsed(board.driver.wf_start(True)) == 0
        await trio.sleep(10)
        assert not board.driver.connected()
        await board.driver.wf_stop()
        await board.driver.wf_start(True)
        assert board.driver.connected()


@virtually
async def test_a_wrong_password_fails_in_the_handshake() -> None:
    async with a_board(home()) as board:
        await board.driver.wf_setup_station("home", "wrong password")
        took_s = await elapsed(failure(board.driver.wf_start(True)))
        assert took_s == pytest.approx(0.560 + 4 * (0.120 + 0.020 + 3.1) + 3 * 0.2)
        reasons = [fields for _, kind, fields in board.events if kind == "wifi.disconnected"]
        assert [(fields["reason"], fields["reason_name"]) for fields in reasons] == [(15, "4WAY_HANDSHAKE_TIMEOUT")] * 4


@virtually
async def test_an_asynchronous_start_retries_for_ever_and_never_settles() -> None:
    async with a_board() as board:
        await board.join(sync=False)
        await trio.sleep(100)
        period_s = SCAN_S + 0.2
        assert len(board.times("wifi.disconnected")) == int((100 + 0.2) / period_s)
        assert board.times("wifi.disconnected")[:2] == [round(SCAN_S, 6), round(2 * SCAN_S + 0.2, 6)]
        assert not board.driver.settled
        await board.driver.wf_stop()
        assert board.driver.settled


@virtually
async def test_failures_before_a_success_count_at_the_next_start() -> None:
    async with a_board() as board:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(board.join)
            await trio.sleep(2 * SCAN_S + 0.3)
            board.air.add(home())
        assert board.driver.connected()
        await board.driver.wf_stop()
        (point,) = board.air
        board.air.remove(point)
        await trio.sleep(10)
        assert await board.driver.wait_for_network(0.001)
        assert await elapsed(failure(board.driver.wf_start(True))) == round(2 * SCAN_S + 0.2, 6)


@virtually
async def test_a_static_address_is_there_with_the_connection() -> None:
    async with a_board(home()) as board:
        assert await elapsed(board.join("192.168.1.77", "255.255.255.0", "192.168.1.1")) == round(JOIN_S, 6)
        assert board.driver.connected()
        assert board.driver.wf_stat().ip == board.interface.address == "192.168.1.77"
        assert board.driver.dns_servers == ("8.8.8.8", "8.8.4.4")


@virtually
async def test_two_of_three_static_values_are_none() -> None:
    async with a_board(home()) as board:
        await board.join("192.168.1.77", "255.255.255.0")
        assert board.driver.wf_stat().ip == "192.168.1.2"


@virtually
async def test_a_static_address_of_another_network_is_available_and_leads_nowhere() -> None:
    async with a_board(home()) as board:
        await board.join("10.0.0.5", "255.0.0.0", "10.0.0.1")
        assert board.driver.connected()
        run = await board.driver.ping("93.184.216.34", count=1)
        async for _ in run:
            pass
        assert run.summary().received == 0


@virtually
async def test_where_nobody_lends_addresses_a_synchronous_start_ends_with_ipv6() -> None:
    async with a_board(home(lan=Lan("10.0.0.0/24", dhcp=False))) as board:
        assert await elapsed(board.join()) == 2.0
        assert not board.driver.connected()
        assert board.driver.wf_stat().ip6
        await trio.sleep(1000)
        assert not board.driver.connected()
        assert not board.driver.settled


@virtually
async def test_a_stale_bit_makes_the_next_synchronous_start_return_at_once() -> None:
    async with a_board(home()) as board:
        await board.join()
        await trio.sleep(2)
        assert board.driver.event_bits == NetEvent.WIFI_CONNECTED
        await board.driver.wf_stop()
        assert await elapsed(board.driver.wf_start(True)) == 0
        assert not board.driver.connected()


@virtually
async def test_starting_or_stopping_what_is_not_set_up_is_an_error() -> None:
    async with a_board() as board:
        for call in (board.driver.wf_start(), board.driver.wf_stop()):
            assert await failure(call) == "134217732:wifi is not setup"
        assert board.driver.wf_stat() == InterfaceStat()
        assert board.driver.settled


@virtually
async def test_a_station_without_an_ssid_waits_for_ever() -> None:
    async with a_board(home()) as board:
        await board.driver.wf_setup_station("", "")
        with trio.move_on_after(1000) as patience:
            await board.driver.wf_start(True)
        assert patience.cancelled_caught
        assert board.driver.settled


@virtually
async def test_stopping_disconnects_in_due_form_before_it_returns() -> None:
    point = home()
    async with a_board(point) as board:
        await board.join()
        assert list(point.stations) == [MAC]
        await board.driver.wf_stop()
        assert not board.driver.connected()
        assert board.kinds()[-2:] == ["wifi.disconnected", "wifi.stop"]
        assert not point.stations
        assert not board.interface.is_up
        assert board.driver.wf_stat() == InterfaceStat()
        assert not board.has(Status.WIFI_HAS_IP)


# Losing the access point ---------------------------------------------------------------------------------------------


@virtually
async def test_a_lost_access_point_is_noticed_after_its_beacons_and_looked_for_ever_after() -> None:
    point = home()
    async with a_board(point) as board:
        await board.join()
        lost_at = trio.current_time()
        board.air.switch_off(point)
        await trio.sleep(BEACON_TIMEOUT_S - 0.001)
        assert board.driver.connected()
        assert board.interface.link.loss == SILENCE.loss
        await trio.sleep(0.002)
        assert not board.driver.connected()
        assert not board.interface.is_up
        assert board.driver.wf_stat() == InterfaceStat(MAC)
        assert board.has(Status.WIFI_HAS_IP)
        await trio.sleep(60)
        first, second = board.times("wifi.disconnected")[:2]
        assert first - lost_at == pytest.approx(BEACON_TIMEOUT_S)
        assert second - first == pytest.approx(0.2 + SCAN_S)


@virtually
async def test_within_two_minutes_the_network_is_available_before_the_address() -> None:
    point = home()
    async with a_board(point) as board:
        await board.join()
        board.air.switch_off(point)
        await trio.sleep(60)
        board.air.switch_on(point)
        while len(board.times("wifi.connected")) < 2:
            await trio.sleep(0.01)
        assert board.driver.connected()
        assert not board.interface.is_up
        await trio.sleep(2)
        assert board.interface.address == "192.168.1.2"
        assert "wifi.lost_ip" not in board.kinds()


@virtually
async def test_after_two_minutes_it_is_available_only_with_the_address() -> None:
    point = home()
    async with a_board(point) as board:
        await board.join()
        board.air.switch_off(point)
        await trio.sleep(BEACON_TIMEOUT_S + IP_LOST_S + 1)
        assert not board.has(Status.WIFI_HAS_IP)
        assert "wifi.lost_ip" in board.kinds()
        board.air.switch_on(point)
        while len(board.times("wifi.connected")) < 2:
            await trio.sleep(0.01)
        assert not board.driver.connected()
        await trio.sleep(2)
        assert board.driver.connected()


@virtually
async def test_open_connections_break_when_the_loss_is_noticed_and_stall_before() -> None:
    point = home()
    async with a_board(point) as board:
        await board.join()
        listener = board.network.interface("server.example").listen(80)
        stream = await board.interface.connect("93.184.216.34", 80)
        server = await listener.accept()
        board.air.switch_off(point)
        await server.send_all(b"too late")
        began = trio.current_time()
        with pytest.raises(trio.BrokenResourceError):
            await stream.receive_some(1)
        assert trio.current_time() - began == pytest.approx(BEACON_TIMEOUT_S)


@virtually
async def test_the_link_follows_the_signal() -> None:
    point = home(rssi_dbm=-40)
    async with a_board(point) as board:
        await board.join()
        near_s_per_byte = board.interface.link.seconds_per_byte
        board.air.set_rssi(point, -90)
        assert board.interface.link.seconds_per_byte > near_s_per_byte
        assert board.interface.link.loss > 0
        board.air.set_rssi(point, -120)
        assert board.interface.link.loss == 1
        assert not board.driver.settled
        board.air.set_rssi(point, -40)
        await trio.sleep(60)
        assert board.kinds().count("wifi.disconnected") == 0
        assert board.interface.link.seconds_per_byte == near_s_per_byte


# Callbacks -----------------------------------------------------------------------------------------------------------


@virtually
async def test_scripts_hear_of_up_at_the_address_and_of_down_two_hundred_ms_after_the_loss() -> None:
    point = home()
    heard: list[tuple[str, str, float]] = []
    async with a_board(point) as board:

        async def callback(interface: str, change: str) -> None:
            heard.append((interface, change, round(trio.current_time(), 6)))

        board.driver.set_lua_callback(callback)
        await board.join()
        await trio.sleep(0.1)
        board.air.switch_off(point)
        await trio.sleep(20)
        board.air.switch_on(point)
        await trio.sleep(20)
        down_at = round(1.6 + BEACON_TIMEOUT_S + 0.2, 6)
        assert heard[:2] == [("wf", "up", 1.5), ("wf", "down", down_at)]
        assert heard[2][:2] == ("wf", "up")
        assert heard[2][2] == board.times("wifi.connected")[1], "at the association, before the address"
        assert len(heard) == 3


@virtually
async def test_every_further_registration_calls_once_more_until_the_slots_are_full() -> None:
    heard: list[str] = []
    async with a_board(home()) as board:

        async def first(interface: str, change: str) -> None:
            heard.append("first")

        async def second(interface: str, change: str) -> None:
            heard.append("second")

        async def third(interface: str, change: str) -> None:
            heard.append("third")

        async def of_the_firmware(event: SystemEvent) -> None:
            heard.append("firmware")

        board.driver.register_callback(of_the_firmware)
        heard.clear()
        board.driver.set_lua_callback(first)
        board.driver.set_lua_callback(second)
        with pytest.raises(DriverError, match="150994946:no more callbacks available"):
            board.driver.set_lua_callback(third)
        await board.join()
        await trio.sleep(0.1)
        assert [who for who in heard if who != "firmware"] == ["third", "third"]


@virtually
async def test_there_are_three_slots() -> None:
    async def nothing(event: SystemEvent) -> None:
        pass

    async with a_board() as board:
        for _ in range(3):
            board.driver.register_callback(nothing)
        with pytest.raises(DriverError):
            board.driver.register_callback(nothing)


@virtually
async def test_a_slow_callback_holds_up_every_later_message_reconnects_included() -> None:
    point = home()
    async with a_board(point) as board:

        async def slow(interface: str, change: str) -> None:
            if change == "down":
                await trio.sleep(100)

        board.driver.set_lua_callback(slow)
        await board.join()
        board.air.switch_off(point)
        await trio.sleep(BEACON_TIMEOUT_S + 10)
        board.air.switch_on(point)
        await trio.sleep(80)
        assert len(board.times("wifi.disconnected")) == 2, "the attempt that was under way, and no other"
        assert not board.driver.settled
        await trio.sleep(20)
        assert board.driver.connected()


@virtually
async def test_a_callback_may_use_the_driver() -> None:
    async with a_board(home()) as board:
        done = trio.Event()

        async def stop(interface: str, change: str) -> None:
            if change == "up":
                await board.driver.wf_stop()
                done.set()

        board.driver.set_lua_callback(stop)
        await board.join(sync=False)
        await done.wait()
        await trio.sleep(1)
        assert not board.driver.connected()
        assert board.driver.settled


# Scanning ------------------------------------------------------------------------------------------------------------


@virtually
async def test_scanning_needs_no_set_up_and_leaves_nothing_behind() -> None:
    async with a_board(home(channel=6, rssi_dbm=-61), AccessPoint("cafe", channel=1, rssi_dbm=-70)) as board:
        began = trio.current_time()
        records = await board.driver.wf_scan()
        assert round(trio.current_time() - began, 6) == round(0.010 + SCAN_S, 6)
        assert [(r.ssid, r.rssi, r.auth, r.ch1, r.ch2) for r in records] == [
            ("home", -61, 3, 6, 0),
            ("cafe", -70, 0, 1, 0),
        ]
        assert board.driver.status == Status.TCPIP_INITED
        assert board.driver.event_bits == NetEvent.NONE
        assert board.kinds() == ["wifi.start", "wifi.scan", "wifi.stop"]


@virtually
async def test_scanning_while_connected_keeps_the_connection() -> None:
    async with a_board(home()) as board:
        await board.join()
        assert len(await board.driver.wf_scan()) == 1
        assert board.driver.connected()


@virtually
async def test_scanning_while_it_tries_to_connect_is_an_error() -> None:
    async with a_board() as board:
        await board.join(sync=False)
        await trio.sleep(1)
        assert await failure(board.driver.wf_scan()) == "134217736:internal state error"
        await trio.sleep(SCAN_S - 1 + 0.1)
        began = trio.current_time()
        assert await failure(board.driver.wf_scan()) == "134217736:internal state error"
        assert trio.current_time() - began == pytest.approx(0.1), "aborted by the reconnect"


@virtually
async def test_scanning_what_is_set_up_but_not_started_connects_instead() -> None:
    async with a_board(home()) as board:
        await board.driver.wf_setup_station("home", "password")
        assert await failure(board.driver.wf_scan()) == "134217736:internal state error"
        await trio.sleep(5)
        assert board.driver.connected()
        assert not board.has(Status.WIFI_STARTED)


@virtually
async def test_scanning_as_an_access_point_ends_being_one() -> None:
    async with a_board(home()) as board:
        await board.driver.wf_setup_ap(WifiMode.AP, "board", "password")
        await board.driver.wf_start()
        assert [record.ssid for record in await board.driver.wf_scan()] == ["home"]
        assert [point.ssid for point in board.air] == ["home"]
        assert not board.has(Status.WIFI_STARTED)
        assert board.has(Status.WIFI_INITED)


# Being an access point -----------------------------------------------------------------------------------------------


@virtually
async def test_an_access_point_is_never_available_but_shows_its_address() -> None:
    async with a_board() as board:
        await board.driver.wf_setup_ap(WifiMode.AP, "board", "password", channel=6, hidden=True)
        assert await elapsed(board.driver.wf_start(True)) == 0
        (point,) = board.air
        assert (point.ssid, point.channel, point.hidden, point.bssid) == ("board", 6, True, "24:0a:c4:00:00:02")
        assert board.driver.wf_stat() == InterfaceStat(
            "24:0a:c4:00:00:02", "192.168.4.1", "255.255.255.0", "192.168.4.1"
        )
        await trio.sleep(5)
        assert not board.driver.connected()
        assert board.driver.event_bits == NetEvent.WIFI_CONNECTED, "by its IPv6 address"
        assert await elapsed(board.driver.wait_for_network()) == 0
        assert board.driver.settled


@virtually
async def test_short_passwords_and_missing_names_are_refused() -> None:
    async with a_board() as board:
        for mode in (WifiMode.AP, WifiMode.APSTA):
            text = await failure(board.driver.wf_setup_ap(mode, "board", "1234567"))
            assert text == ("134217741:invalid password (if provided the password must have more than 7 characters)")
        assert await failure(board.driver.wf_setup_ap(WifiMode.AP, "", "")) == "134217740:invalid SSID"
        assert await failure(board.driver.wf_start()) == "134217732:wifi is not setup"


@virtually
async def test_both_modes_at_once_show_the_station_which_nobody_configured() -> None:
    async with a_board(home()) as board:
        await board.driver.wf_setup_ap(WifiMode.APSTA, "board", "password")
        await board.driver.wf_start()
        await trio.sleep(10)
        assert board.driver.wf_stat() == InterfaceStat(MAC)
        assert "wifi.auth" not in board.kinds()
        assert board.driver.settled


@virtually
async def test_changing_the_mode_stops_what_was_running() -> None:
    async with a_board(home()) as board:
        await board.join()
        await board.driver.wf_setup_ap(WifiMode.AP, "board", "password")
        assert not board.driver.connected()
        assert not board.has(Status.WIFI_STARTED)
        await board.driver.wf_start()
        assert [point.ssid for point in board.air] == ["home", "board"]
        await board.join()
        assert [point.ssid for point in board.air] == ["home"]
        assert board.driver.connected()


@virtually
async def test_one_board_can_join_another() -> None:
    async with a_board() as first:
        await first.driver.wf_setup_ap(WifiMode.AP, "board", "password")
        await first.driver.wf_start()
        (point,) = first.air
        async with trio.open_nursery() as nursery:
            second = NetDriver(
                nursery=nursery,
                air=first.air,
                interface=first.network.interface("second"),
                rng=Rng(1),
                emit=ignore,
                base_mac=bytes.fromhex("240ac4000011"),
            )
            await second.wf_setup_station("board", "password")
            await second.wf_start(True)
            assert second.wf_stat().ip == "192.168.4.2"
            assert list(point.stations) == ["24:0a:c4:00:00:11"]
            with pytest.raises(NameNotFoundError):
                await first.network.interface("second").resolve("server.example")  # nothing is behind it
            assert await first.network.interface("second").ping("192.168.4.1", 32, 1) is not None
            await second.aclose()
        assert not point.stations


# Ethernet ------------------------------------------------------------------------------------------------------------


@virtually
async def test_rmii_waits_for_an_address() -> None:
    port = EthernetPort(Lan("10.0.0.0/24"))
    async with a_board(ethernet="rmii", port=port) as board:
        await board.driver.en_setup()
        assert board.driver.en_stat() == InterfaceStat()
        assert await elapsed(board.driver.en_start(True)) == 3.0
        assert board.driver.connected()
        assert board.driver.en_stat() == InterfaceStat("24:0a:c4:00:00:04", "10.0.0.2", "255.255.255.0", "10.0.0.1", "")
        assert board.interface.address == "10.0.0.2"
        assert board.kinds() == ["eth.start", "eth.connected", "eth.got_ip"]
        await trio.sleep(3)
        assert board.driver.settled


@virtually
async def test_rmii_without_a_cable_fails_after_ten_seconds_and_finds_one_later() -> None:
    port = EthernetPort()
    async with a_board(ethernet="rmii", port=port) as board:
        await board.driver.en_setup()
        began = trio.current_time()
        assert await failure(board.driver.en_start(True)) == "503316483:can't connect check cable"
        assert trio.current_time() - began == 10
        assert board.driver.settled
        port.plug(Lan("10.0.0.0/24"))
        assert not board.driver.settled
        await trio.sleep(6)
        assert board.driver.connected()
        port.unplug()
        assert board.interface.link.loss == 1
        await trio.sleep(2.1)
        assert not board.driver.connected()
        assert not board.interface.is_up


@virtually
async def test_rmii_with_a_static_address_and_its_second_set_up() -> None:
    async with a_board(ethernet="rmii", port=EthernetPort(Lan("10.0.0.0/24"))) as board:
        static = (pack_ip("10.0.0.9"), pack_ip("255.255.255.0"), pack_ip("10.0.0.1"))
        await board.driver.en_setup(*static, pack_ip("10.0.0.1"))
        await board.driver.en_setup(pack_ip("10.0.0.10"), *static[1:])
        assert await elapsed(board.driver.en_start(True)) == 2.0
        assert board.driver.en_stat().ip == "10.0.0.9"
        assert board.driver.dns_servers == ("10.0.0.1", "8.8.4.4")


@virtually
async def test_stopping_rmii_leaves_a_bit_that_fails_the_next_synchronous_start() -> None:
    async with a_board(ethernet="rmii", port=EthernetPort(Lan("10.0.0.0/24"))) as board:
        await board.driver.en_setup()
        await board.driver.en_start(True)
        await board.driver.en_stop()
        assert not board.driver.connected()
        assert NetEvent.ETH_CANT_CONNECT in board.driver.event_bits
        assert await elapsed(failure(board.driver.en_start(True))) == 0
        await trio.sleep(5)
        assert board.driver.connected()


@virtually
async def test_a_board_built_for_a_phy_that_it_lacks_says_nothing_until_it_waits_in_vain() -> None:
    async with a_board(ethernet="rmii", port=EthernetPort(Lan(), phy=False)) as board:
        await board.driver.en_setup()
        await board.driver.en_start()
        assert board.kinds() == []
        assert await elapsed(failure(board.driver.en_start(True))) == 10


@pytest.mark.parametrize(
    ("ethernet", "text"), [("rmii", "503316481:ethernet is not setup"), ("spi", "352321537:ethernet is not setup")]
)
def test_ethernet_has_to_be_set_up(ethernet: Ethernet, text: str) -> None:
    async def main() -> None:
        async with a_board(ethernet=ethernet) as board:
            for call in (board.driver.en_start(), board.driver.en_stop()):
                assert await failure(call) == text

    run_virtual(main)


@virtually
async def test_spi_never_waits_and_its_stop_changes_only_a_flag() -> None:
    async with a_board(ethernet="spi", port=EthernetPort(Lan("10.0.0.0/24"))) as board:
        await board.driver.en_setup()
        assert await elapsed(board.driver.en_start(True)) == 0
        await trio.sleep(5)
        assert board.driver.connected()
        assert board.driver.en_stat().mac == "00:04:a3:00:00:01"
        await board.driver.en_stop()
        assert board.driver.connected()
        await board.driver.en_start()
        assert not board.driver.connected(), "the flags are cleared, and the link does not change"
        await trio.sleep(60)
        assert not board.driver.connected()
        assert board.driver.settled


@virtually
async def test_spi_applies_a_new_address_at_every_set_up_and_calls_no_script() -> None:
    heard: list[str] = []
    async with a_board(ethernet="spi", port=EthernetPort(Lan("10.0.0.0/24"))) as board:

        async def callback(interface: str, change: str) -> None:
            heard.append(interface)

        board.driver.set_lua_callback(callback)
        await board.driver.en_setup()
        await board.driver.en_start()
        await trio.sleep(5)
        await board.driver.en_setup(pack_ip("10.0.0.9"), pack_ip("255.255.255.0"), pack_ip("10.0.0.1"))
        assert board.driver.en_stat().ip == board.interface.address == "10.0.0.9"
        assert heard == []


@virtually
async def test_the_uplink_that_came_first_stays_until_it_is_lost() -> None:
    point = home()
    port = EthernetPort(Lan("10.0.0.0/24"))
    async with a_board(point, ethernet="rmii", port=port) as board:
        await board.driver.en_setup()
        await board.driver.en_start(True)
        await board.join()
        assert board.interface.address == "10.0.0.2"
        port.unplug()
        await trio.sleep(3)
        assert board.interface.address == "192.168.1.2"
        assert board.driver.connected()


# Waiting, names, ping ------------------------------------------------------------------------------------------------


@virtually
async def test_before_any_set_up_a_lookup_waits_twenty_seconds_and_fails() -> None:
    async with a_board() as board:
        began = trio.current_time()
        assert await failure(board.driver.lookup("server.example")) == "150994944:network is not available"
        assert trio.current_time() - began == 20


@virtually
async def test_without_an_access_point_a_lookup_takes_four_waits_and_three_pauses() -> None:
    async with a_board() as board:
        await board.join(sync=False)
        began = trio.current_time()
        assert await failure(board.driver.lookup("server.example")) == "150994948:name cannot be resolved"
        assert trio.current_time() - began == pytest.approx(4 * 20 + 3 * 0.5)


@virtually
async def test_a_lookup_waits_for_the_connection() -> None:
    async with a_board(home()) as board:
        await board.join(sync=False)
        assert await board.driver.lookup("server.example") == "93.184.216.34"
        assert 1.5 <= trio.current_time() < 2


@virtually
async def test_a_failed_synchronous_start_fails_a_lookup_that_waits() -> None:
    async with a_board() as board:
        await board.driver.wf_setup_station("absent", "password")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(failure, board.driver.wf_start(True))
            text = await failure(board.driver.lookup("server.example"))
        assert text == "150994944:network is not available"
        assert trio.current_time() == pytest.approx(FOURTH_DISCONNECT_S)


@virtually
async def test_an_unknown_name_is_asked_for_four_times() -> None:
    async with a_board(home()) as board:
        await board.join()
        began = trio.current_time()
        assert await failure(board.driver.lookup("nowhere.example")) == "150994948:name cannot be resolved"
        assert 1.5 <= trio.current_time() - began < 2


@virtually
async def test_addresses_need_no_name_server() -> None:
    async with a_board(home()) as board:
        await board.join()
        assert await board.driver.lookup("10.9.8.7") == "10.9.8.7"


@virtually
async def test_a_wait_that_times_out_counts_as_success_and_a_stale_bit_is_taken() -> None:
    async with a_board(home()) as board:
        await board.driver.wf_setup_station("absent", "password")
        assert await board.driver.wait_for_network()
        assert trio.current_time() == 20
        await board.join()
        await trio.sleep(2)
        await board.driver.wf_stop()
        assert board.driver.event_bits == NetEvent.WIFI_CONNECTED
        assert await elapsed(board.driver.wait_for_network()) == 0
        assert not board.driver.event_bits


@virtually
async def test_ping_counts_replies_and_pauses_after_each() -> None:
    async with a_board(home()) as board:
        await board.join()
        began = trio.current_time()
        run = await board.driver.ping("server.example", count=3)
        replies = [outcome async for outcome in run]
        assert (run.address, run.size_bytes) == ("93.184.216.34", 32)
        assert [reply.sequence for reply in replies] == [1, 2, 3]
        assert all(reply.size_bytes == 60 for reply in replies)  # type: ignore[union-attr]
        summary = run.summary()
        assert (summary.transmitted, summary.received, summary.loss_percent) == (3, 3, 0.0)
        assert summary.min_ms == summary.max_ms == pytest.approx(summary.avg_ms) == pytest.approx(24.03, abs=0.1)
        assert summary.stddev_ms == pytest.approx(0)
        assert 3 < trio.current_time() - began < 3.2


@virtually
async def test_ping_reports_timeouts_and_can_be_interrupted() -> None:
    async with a_board(home()) as board:
        await board.join()
        run = await board.driver.ping("10.9.8.7", count=5, interval_s=2, size_bytes=100, timeout_s=3)
        outcomes = []
        async for outcome in run:
            outcomes.append((outcome.sequence, trio.current_time()))
            if outcome.sequence == 2:
                run.interrupt()
        first, second = (time for _, time in outcomes)
        assert second - first == 5
        assert trio.current_time() - second == 2
        assert (run.summary().transmitted, run.summary().received, run.summary().loss_percent) == (2, 0, 100.0)


@virtually
async def test_ping_needs_a_network_and_a_name() -> None:
    async with a_board(home()) as board:
        assert await failure(board.driver.ping("server.example")) == "150994944:network is not available"
        await board.join()
        assert await failure(board.driver.ping("nowhere.example")) == "150994948:name cannot be resolved"


@virtually
async def test_ping_goes_on_without_a_link() -> None:
    async with a_board(home()) as board:
        await board.join()
        run = await board.driver.ping("93.184.216.34", count=2)
        await board.driver.wf_stop()
        assert [type(outcome).__name__ async for outcome in run] == ["PingTimeout", "PingTimeout"]


# Power and order -----------------------------------------------------------------------------------------------------


@virtually
async def test_power_off_leaves_air_wire_and_network_clean() -> None:
    point, port = home(), EthernetPort()
    async with a_board(point, ethernet="rmii", port=port) as board:
        await board.driver.en_setup()
        await board.join()
        await board.driver.aclose()
        assert not point.stations
        assert not board.interface.is_up
        events = len(board.events)
        board.air.switch_off(point)
        port.plug(Lan())
        await trio.sleep(100)
        assert len(board.events) == events


@virtually
async def test_cancelling_the_nursery_is_power_off_too() -> None:
    point = home()
    air = Air()
    air.add(point)
    network = VirtualNetwork(Rng(0))
    async with trio.open_nursery() as nursery:
        driver = NetDriver(
            nursery=nursery,
            air=air,
            interface=network.interface("board"),
            rng=Rng(0),
            emit=ignore,
            base_mac=BASE_MAC,
        )
        await driver.wf_setup_station("home", "password")
        await driver.wf_start(True)
        assert list(point.stations) == [MAC]
        nursery.cancel_scope.cancel()
    assert not point.stations
    assert not network.interface("board").is_up


@virtually
async def test_power_off_before_anything_began_is_nothing() -> None:
    async with a_board() as board:
        await board.driver.aclose()
        assert board.events == []


@pytest.mark.parametrize("rssi_dbm", [-50, -93])
def test_the_same_seed_gives_the_same_story(rssi_dbm: int) -> None:
    async def story(seed: int) -> list[tuple[float, str, dict[str, Any]]]:
        point = home(rssi_dbm=rssi_dbm)
        async with a_board(point, ethernet="rmii", port=EthernetPort(Lan("10.0.0.0/24")), seed=seed) as board:
            await board.driver.en_setup()
            await board.driver.en_start()
            await board.join(sync=False)
            await trio.sleep(30)
            board.air.switch_off(point)
            await trio.sleep(200)
            board.air.switch_on(point)
            await trio.sleep(60)
            return board.events

    stories = [run_virtual(story, 7, seed=order) for order in (1, 1, 2)]
    assert stories[0] == stories[1] == stories[2]
    assert len(stories[0]) > 20
