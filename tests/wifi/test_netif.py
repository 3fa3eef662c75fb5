from __future__ import annotations

from typing import Any

import pytest

from simulator.units import NS_PER_S
from simulator.wifi import Lan, SystemEvent
from simulator.wifi.netif import (
    ACCESS_POINT_NETIF,
    IP_LOST_NS,
    RMII_NETIF,
    SPI_NETIF,
    STATION_NETIF,
    DhcpStatus,
    IpInfo,
    Netif,
    NetifKind,
    link_local_address,
)

MAC = "24:0a:c4:00:00:01"
STATIC = IpInfo("10.0.0.77", "255.255.255.0", "10.0.0.1")
LEASED = IpInfo("10.0.0.2", "255.255.255.0", "10.0.0.1")
LAN = "10.0.0.0/24"
S = NS_PER_S


class Bench:
    def __init__(self, recorder: Any, kind: NetifKind = STATION_NETIF) -> None:
        self.recorder = recorder
        self.lan = Lan(LAN)
        self.netif = Netif(kind, MAC, 0, post=recorder.post, emit=recorder.emit, delivers=lambda: True)
        self.netif.start()

    def run(self, until_ns: int) -> None:
        self.netif.advance(until_ns)


def test_an_interface_that_is_down_shows_zeros_and_waits_for_nothing(recorder: Any) -> None:
    netif = Bench(recorder).netif
    assert (netif.info, netif.address, netif.ip6, netif.is_waiting) == (IpInfo(), "0.0.0.0", "", False)
    assert netif.deadline_ns is None


def test_a_lease_is_announced_once(recorder: Any) -> None:
    bench = Bench(recorder)
    bench.netif.link_up(bench.lan, 0)
    assert bench.netif.is_waiting
    bench.run(50_000 * S)
    assert recorder.posted == [SystemEvent.STA_GOT_IP]
    assert recorder.emitted == [("wifi.got_ip", {"ip": "10.0.0.2", "netmask": "255.255.255.0", "gw": "10.0.0.1"})]
    assert bench.netif.info == LEASED
    assert bench.netif.dns == ("10.0.0.1",)
    assert not bench.netif.is_waiting


def test_losing_the_link_clears_a_lease_at_once_and_tells_it_after_two_minutes(recorder: Any) -> None:
    bench = Bench(recorder)
    bench.netif.link_up(bench.lan, 0)
    bench.run(2 * S)
    bench.netif.link_down(10 * S)
    assert bench.netif.info == IpInfo()
    assert bench.netif.dhcp_status is DhcpStatus.INIT
    bench.run(10 * S + IP_LOST_NS - 1)
    assert SystemEvent.STA_LOST_IP not in recorder.posted
    bench.run(10 * S + IP_LOST_NS)
    assert recorder.posted[-1] is SystemEvent.STA_LOST_IP
    assert recorder.kinds()[-1] == "wifi.lost_ip"


def test_an_address_in_time_keeps_the_loss_from_being_told(recorder: Any) -> None:
    bench = Bench(recorder)
    bench.netif.link_up(bench.lan, 0)
    bench.run(2 * S)
    bench.netif.link_down(10 * S)
    bench.netif.link_up(bench.lan, 128 * S)
    bench.run(400 * S)
    assert recorder.posted == [SystemEvent.STA_GOT_IP, SystemEvent.STA_GOT_IP]


def test_the_loss_is_told_if_the_new_address_comes_too_late(recorder: Any) -> None:
    bench = Bench(recorder)
    bench.netif.link_up(bench.lan, 0)
    bench.run(2 * S)
    bench.netif.link_down(10 * S)
    bench.run(129 * S + 900_000_000)
    bench.netif.link_up(bench.lan, 129 * S + 900_000_000)
    bench.run(400 * S)
    assert recorder.posted == [SystemEvent.STA_GOT_IP, SystemEvent.STA_LOST_IP, SystemEvent.STA_GOT_IP]


def test_a_static_address_is_announced_at_every_link_and_survives_its_loss(recorder: Any) -> None:
    bench = Bench(recorder)
    bench.netif.set_static(STATIC, ("8.8.8.8", "8.8.4.4"), 0)
    assert recorder.posted == []
    for up_ns in (0, 20 * S):
        bench.netif.link_up(bench.lan, up_ns)
        assert bench.netif.address == "10.0.0.77"
        bench.netif.link_down(up_ns + 10 * S)
        assert bench.netif.address == "0.0.0.0"
        assert bench.netif.info == STATIC
    assert recorder.posted == [SystemEvent.STA_GOT_IP] * 2
    assert bench.netif.dns == ("8.8.8.8", "8.8.4.4")


def test_a_static_address_replaces_a_lease_while_connected(recorder: Any) -> None:
    bench = Bench(recorder)
    bench.netif.link_up(bench.lan, 0)
    bench.run(2 * S)
    bench.netif.set_static(STATIC, (), 3 * S)
    assert bench.netif.address == "10.0.0.77"
    assert recorder.posted == [SystemEvent.STA_GOT_IP] * 2
    bench.run(400 * S)
    assert recorder.posted == [SystemEvent.STA_GOT_IP] * 2, "the timer of the lost address finds one"


def test_after_a_lease_has_run_out_the_same_address_is_not_announced_again(recorder: Any) -> None:
    bench = Bench(recorder)
    bench.lan = Lan(LAN, lease_s=600)
    bench.netif.link_up(bench.lan, 0)
    bench.run(2 * S)
    bench.lan.dhcp = False
    bench.run(620 * S)
    assert bench.netif.address == "0.0.0.0"
    bench.run(740 * S)
    assert recorder.posted == [SystemEvent.STA_GOT_IP, SystemEvent.STA_LOST_IP]
    bench.lan.dhcp = True
    bench.run(800 * S)
    assert bench.netif.address == "10.0.0.2"
    assert recorder.posted == [SystemEvent.STA_GOT_IP, SystemEvent.STA_LOST_IP]


@pytest.mark.parametrize(("created_ms", "valid_ms"), [(0, 2000), (1, 2000), (999, 2000), (1000, 3000)])
def test_an_ipv6_address_is_valid_at_the_second_tick(recorder: Any, created_ms: int, valid_ms: int) -> None:
    bench = Bench(recorder)
    bench.lan.dhcp = False
    bench.netif.link_up(bench.lan, created_ms * 1_000_000)
    bench.netif.create_link_local(created_ms * 1_000_000)
    bench.run(valid_ms * 1_000_000 - 1)
    assert bench.netif.ip6 == ""
    bench.run(valid_ms * 1_000_000)
    assert bench.netif.ip6 == "fe80:0000:0000:0000:260a:c4ff:fe00:0001"
    assert recorder.posted == [SystemEvent.GOT_IP6]


@pytest.mark.parametrize(("down_ms", "told"), [(900, False), (1100, True)])
def test_an_ipv6_address_that_was_asked_for_comes_even_if_the_link_goes(
    recorder: Any, down_ms: int, told: bool
) -> None:
    bench = Bench(recorder)
    bench.netif.link_up(bench.lan, 0)
    bench.netif.create_link_local(0)
    bench.run(down_ms * 1_000_000)
    bench.netif.link_down(down_ms * 1_000_000)
    bench.run(5 * S)
    assert (SystemEvent.GOT_IP6 in recorder.posted) is told
    assert bench.netif.ip6 == ""


def test_an_interface_that_is_down_or_removed_gets_no_ipv6_address(recorder: Any) -> None:
    bench = Bench(recorder)
    bench.netif.create_link_local(0)
    assert bench.netif.deadline_ns is None
    bench.netif.link_up(bench.lan, 0)
    bench.netif.create_link_local(0)
    bench.netif.link_down(1_500_000_000)
    bench.netif.stop()
    bench.run(3 * S)
    assert SystemEvent.GOT_IP6 not in recorder.posted


def test_the_wired_interfaces_differ_in_what_they_tell(recorder: Any) -> None:
    rmii, spi = Bench(recorder, RMII_NETIF), Bench(recorder, SPI_NETIF)
    for bench in (rmii, spi):
        recorder.posted.clear()
        bench.netif.link_up(bench.lan, 0)
        bench.netif.create_link_local(0)
        bench.run(3 * S)
        bench.netif.link_down(4 * S)
        bench.run(200 * S)
        expected = [SystemEvent.ETH_GOT_IP, SystemEvent.GOT_IP6] if bench is rmii else [SystemEvent.SPI_ETH_GOT_IP]
        assert recorder.posted == expected
    assert recorder.kinds() == ["eth.got_ip", "eth.got_ip"]


def test_an_access_point_has_its_address_from_the_start_and_only_shows_ipv6_while_up(recorder: Any) -> None:
    stored = IpInfo("192.168.4.1", "255.255.255.0", "192.168.4.1")
    netif = Netif(
        ACCESS_POINT_NETIF, MAC, 0, post=recorder.post, emit=recorder.emit, delivers=lambda: True, stored=stored
    )
    assert netif.info == stored
    netif.serve()
    netif.create_link_local(0)
    netif.advance(2 * S)
    assert netif.info == stored
    assert netif.ip6
    netif.cease()
    assert netif.info == stored
    assert not netif.ip6
    assert recorder.posted == [SystemEvent.GOT_IP6]


def test_link_local_addresses_follow_from_the_mac() -> None:
    assert link_local_address("30:ae:a4:c3:86:94") == "fe80:0000:0000:0000:32ae:a4ff:fec3:8694"
