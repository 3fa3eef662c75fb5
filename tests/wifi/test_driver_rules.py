from __future__ import annotations

import pytest

from simulator.wifi import EventHandler, NetEvent, Status, StatusWord, SystemEvent
from simulator.wifi.driver import ETH_AVAILABLE, RECONNECT_PAUSE_NS, SPI_ETH_AVAILABLE, WIFI_AVAILABLE, callback_of

E = SystemEvent


def handler(flags: Status = Status.NONE) -> tuple[StatusWord, EventHandler]:
    status = StatusWord()
    status.change(set_=flags)
    return status, EventHandler(status)


def test_a_question_for_several_flags_means_all_of_them() -> None:
    status, _ = handler(Status.WIFI_CONNECTED)
    assert not status.has(WIFI_AVAILABLE)
    status.change(set_=Status.WIFI_HAS_IP)
    assert status.has(WIFI_AVAILABLE)
    assert not status.had(WIFI_AVAILABLE)


@pytest.mark.parametrize(
    ("flags", "available"),
    [
        (WIFI_AVAILABLE, True),
        (SPI_ETH_AVAILABLE, True),
        (ETH_AVAILABLE, True),
        (Status.WIFI_CONNECTED | Status.ETH_HAS_IP, False),
        (Status.WIFI_HAS_IP | Status.WIFI_STARTED | Status.TCPIP_INITED, False),
        (Status.NONE, False),
    ],
)
def test_the_network_is_available_if_one_interface_is_connected_with_an_address(flags: Status, available: bool) -> None:
    assert handler(flags)[0].network_available is available


def test_an_address_survives_a_disconnect_but_not_its_loss() -> None:
    status, driver = handler(Status.WIFI_STARTED)
    for event in (E.STA_CONNECTED, E.STA_GOT_IP, E.STA_DISCONNECTED):
        driver.react(event)
    assert status.flags == Status.WIFI_STARTED | Status.WIFI_HAS_IP
    driver.react(E.STA_LOST_IP)
    assert status.flags == Status.WIFI_STARTED


@pytest.mark.parametrize("event", [E.STA_START, E.STA_STOP])
def test_starting_and_stopping_clear_both(event: SystemEvent) -> None:
    status, driver = handler(WIFI_AVAILABLE | Status.WIFI_SETUP)
    reaction = driver.react(event)
    assert status.flags == Status.WIFI_SETUP
    assert reaction.connect is (event is E.STA_START)


def test_an_asynchronous_start_reconnects_for_ever() -> None:
    _, driver = handler(Status.WIFI_STARTED)
    for _ in range(50):
        reaction = driver.react(E.STA_DISCONNECTED)
        assert (reaction.connect, reaction.pause_ns, reaction.bits) == (True, RECONNECT_PAUSE_NS, NetEvent.NONE)
    assert driver.retries == 0


def test_a_synchronous_start_gives_up_at_the_fourth_disconnect() -> None:
    _, driver = handler(Status.WIFI_STARTED | Status.WIFI_SYNC)
    assert [driver.react(E.STA_DISCONNECTED).connect for _ in range(3)] == [True] * 3
    last = driver.react(E.STA_DISCONNECTED)
    assert (last.connect, last.pause_ns, last.bits) == (False, 0, NetEvent.WIFI_CANT_CONNECT)
    assert driver.retries == 0


def test_failures_left_over_from_a_success_count_at_the_next_start() -> None:
    status, driver = handler(Status.WIFI_STARTED | Status.WIFI_SYNC)
    for event in (E.STA_DISCONNECTED, E.STA_DISCONNECTED, E.STA_CONNECTED, E.STA_GOT_IP):
        driver.react(event)
    assert driver.retries == 2
    assert driver.react(E.STA_DISCONNECTED).connect
    assert driver.react(E.STA_DISCONNECTED).bits is NetEvent.WIFI_CANT_CONNECT
    assert status.has(Status.WIFI_HAS_IP)


def test_a_disconnect_of_a_stopped_driver_is_not_mended() -> None:
    _, driver = handler(Status.WIFI_CONNECTED)
    reaction = driver.react(E.STA_DISCONNECTED)
    assert (reaction.connect, reaction.pause_ns) == (False, 0)


@pytest.mark.parametrize(
    ("event", "bits"),
    [
        (E.SCAN_DONE, NetEvent.WIFI_SCAN_END),
        (E.STA_GOT_IP, NetEvent.WIFI_CONNECTED),
        (E.GOT_IP6, NetEvent.WIFI_CONNECTED),
        (E.ETH_GOT_IP, NetEvent.ETH_CONNECTED),
        (E.ETH_DISCONNECTED, NetEvent.ETH_CANT_CONNECT),
        (E.SPI_ETH_GOT_IP, NetEvent.SPI_ETH_CONNECTED),
        (E.SPI_ETH_DISCONNECTED, NetEvent.ETH_CANT_CONNECT),
        (E.STA_CONNECTED, NetEvent.NONE),
        (E.AP_START, NetEvent.NONE),
    ],
)
def test_messages_set_the_bits_that_the_firmware_sets(event: SystemEvent, bits: NetEvent) -> None:
    assert handler()[1].react(event).bits == bits


def test_stopping_an_access_point_uninstalls_the_driver_in_its_own_eyes() -> None:
    status, driver = handler(Status.WIFI_INITED | Status.WIFI_SETUP | Status.WIFI_CONNECTED)
    driver.react(E.AP_STOP)
    assert status.flags == Status.WIFI_SETUP


def told(events: list[SystemEvent], flags: Status = Status.WIFI_STARTED) -> list[tuple[str, str] | None]:
    status, driver = handler(flags)
    answers = []
    for event in events:
        driver.react(event)
        answers.append(callback_of(event, status))
    return answers


def test_scripts_are_told_up_at_the_address_and_down_at_the_disconnect() -> None:
    assert told([E.STA_START, E.STA_CONNECTED, E.GOT_IP6, E.STA_GOT_IP, E.STA_DISCONNECTED, E.STA_STOP]) == [
        None,
        None,
        None,
        ("wf", "up"),
        ("wf", "down"),
        None,
    ]


def test_a_reconnect_is_told_at_the_association_because_the_address_was_kept() -> None:
    first = [E.STA_CONNECTED, E.STA_GOT_IP, E.STA_DISCONNECTED]
    assert told([*first, E.STA_CONNECTED, E.STA_GOT_IP])[3:] == [("wf", "up"), None]
    assert told([*first, E.STA_LOST_IP, E.STA_CONNECTED, E.STA_GOT_IP])[4:] == [None, ("wf", "up")]


def test_ethernet_is_told_for_rmii_and_never_for_spi() -> None:
    assert told([E.ETH_START, E.ETH_CONNECTED, E.ETH_GOT_IP, E.ETH_DISCONNECTED])[2:] == [("en", "up"), ("en", "down")]
    assert told([E.SPI_ETH_START, E.SPI_ETH_CONNECTED, E.SPI_ETH_GOT_IP, E.SPI_ETH_DISCONNECTED]) == [None] * 4


def test_a_flag_that_changes_meanwhile_hides_the_change_from_the_script() -> None:
    status, driver = handler(Status.WIFI_STARTED)
    for event in (E.STA_CONNECTED, E.STA_GOT_IP, E.STA_DISCONNECTED):
        driver.react(event)
    status.change(set_=Status.ETH_SYNC)
    assert callback_of(E.STA_DISCONNECTED, status) is None
