from __future__ import annotations

from typing import Any

from simulator.wifi import Emac, EthernetPort, Lan, SpiEthernet, SystemEvent

MS = 1_000_000
E = SystemEvent


def emac(recorder: Any, port: EthernetPort) -> Emac:
    controller = Emac(port, post=recorder.post, emit=recorder.emit)
    controller.install()
    return controller


def test_rmii_sees_a_link_at_the_first_check_after_it_has_negotiated(recorder: Any) -> None:
    controller = emac(recorder, EthernetPort(Lan()))
    controller.start(100 * MS)
    assert controller.deadline_ns == 2_100 * MS
    assert controller.is_settling
    controller.advance(2_100 * MS)
    assert recorder.posted == [E.ETH_START, E.ETH_CONNECTED]
    assert controller.deadline_ns is None
    assert not controller.is_settling
    assert recorder.kinds() == ["eth.start", "eth.connected"]


def test_rmii_without_a_cable_has_nothing_to_look_for(recorder: Any) -> None:
    controller = emac(recorder, EthernetPort())
    controller.start(0)
    assert controller.deadline_ns is None
    assert recorder.posted == [E.ETH_START]


def test_rmii_finds_a_cable_that_comes_later_and_the_loss_of_it(recorder: Any) -> None:
    port = EthernetPort()
    controller = emac(recorder, port)
    controller.start(0)
    port.plug(lan := Lan())
    controller.cable_changed(2_700 * MS)
    times_ms = []
    while controller.deadline_ns is not None:
        times_ms.append(controller.deadline_ns // MS)
        controller.advance(controller.deadline_ns)
    assert times_ms == [4_000, 6_000]
    assert controller.last_lan is lan
    port.unplug()
    controller.cable_changed(7_000 * MS)
    controller.advance(8_000 * MS)
    assert recorder.posted == [E.ETH_START, E.ETH_CONNECTED, E.ETH_DISCONNECTED]
    assert controller.deadline_ns is None


def test_rmii_notices_a_cable_that_was_out_between_two_checks(recorder: Any) -> None:
    port = EthernetPort(Lan())
    controller = emac(recorder, port)
    controller.start(0)
    controller.advance(2_000 * MS)
    port.unplug()
    controller.cable_changed(2_100 * MS)
    assert not controller.passes_bytes
    port.plug(Lan())
    controller.cable_changed(2_200 * MS)
    assert not controller.passes_bytes
    controller.advance(10_000 * MS)
    assert controller.passes_bytes
    assert recorder.posted[1:] == [E.ETH_CONNECTED, E.ETH_DISCONNECTED, E.ETH_CONNECTED]


def test_rmii_reports_a_lost_link_when_it_is_stopped_even_if_there_was_none(recorder: Any) -> None:
    controller = emac(recorder, EthernetPort())
    controller.stop()
    assert recorder.posted == []
    controller.start(0)
    controller.start(1)
    controller.stop()
    controller.stop()
    assert recorder.posted == [E.ETH_START, E.ETH_DISCONNECTED, E.ETH_STOP]
    controller.start(2)
    assert recorder.posted[-1] is E.ETH_START


def test_rmii_without_a_phy_does_nothing_and_says_nothing(recorder: Any) -> None:
    controller = Emac(EthernetPort(Lan(), phy=False), post=recorder.post, emit=recorder.emit)
    assert not controller.install()
    controller.start(0)
    assert recorder.posted == []


def test_spi_interrupts_when_the_link_has_negotiated_and_when_it_goes(recorder: Any) -> None:
    port = EthernetPort(Lan())
    controller = SpiEthernet(port, post=recorder.post, emit=recorder.emit)
    controller.start(0)
    assert controller.deadline_ns is None
    controller.attach(10 * MS)
    assert controller.deadline_ns == 1_510 * MS
    controller.advance(1_510 * MS)
    assert controller.deadline_ns is None
    port.unplug()
    controller.cable_changed(2_000 * MS)
    assert recorder.posted == [E.SPI_ETH_START, E.SPI_ETH_CONNECTED, E.SPI_ETH_DISCONNECTED]
    port.plug(Lan())
    controller.cable_changed(3_000 * MS)
    assert controller.is_settling
    controller.advance(4_500 * MS)
    assert recorder.posted[-1] is E.SPI_ETH_CONNECTED


def test_plugging_is_told_to_the_subscribers_until_they_leave() -> None:
    port, heard = EthernetPort(), []
    leave = port.subscribe(lambda: heard.append(port.lan))
    port.plug(lan := Lan())
    port.unplug()
    leave()
    port.plug(lan)
    assert heard == [lan, None]
