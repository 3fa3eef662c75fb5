from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.units import NS_PER_S
from simulator.wifi import DhcpClient, DhcpState, Lan, Lease
from simulator.wifi.dhcp_client import LEASE_FOREVER_S, LeaseTimers, discover_ticks, request_ticks

MS = 1_000_000
MAC = "24:0a:c4:00:00:01"


class Bench:
    """A client and what became of its addresses; `delivers` is the link."""

    def __init__(self, epoch_ns: int = 0) -> None:
        self.delivers = True
        self.history: list[tuple[int, str]] = []
        self.now_ns = epoch_ns
        self.client = DhcpClient(
            MAC, epoch_ns, bound=self._bound, released=self._released, delivers=lambda: self.delivers
        )

    def _bound(self, lease: Lease) -> None:
        self.history.append((self.now_ns, lease.address))

    def _released(self) -> None:
        self.history.append((self.now_ns, ""))

    def run(self, until_ns: int) -> None:
        while (due_ns := self.client.deadline_ns) is not None and due_ns <= until_ns:
            self.now_ns = due_ns
            self.client.advance(due_ns)
        self.now_ns = until_ns


@pytest.mark.parametrize(
    ("start_ms", "bound_ms"),
    [(0, 1000), (459, 1000), (460, 1500), (499, 1500), (960, 2000)],
)
def test_the_check_of_the_address_ends_at_the_second_tick_after_the_ack(start_ms: int, bound_ms: int) -> None:
    bench = Bench()
    bench.client.start(Lan("10.0.0.0/24", dhcp_reply_ns=20 * MS), start_ms * MS)
    bench.run(10 * NS_PER_S)
    assert bench.history == [(bound_ms * MS, "10.0.0.2")]
    assert bench.client.state is DhcpState.BOUND


@given(st.integers(0, 10**10), st.integers(0, 10**10))
def test_an_address_takes_one_exchange_and_half_to_one_second(epoch_ns: int, after_ns: int) -> None:
    bench = Bench(epoch_ns)
    lan = Lan("10.0.0.0/24")
    bench.client.start(lan, epoch_ns + after_ns)
    bench.run(epoch_ns + after_ns + 5 * NS_PER_S)
    took_ns = bench.history[0][0] - (epoch_ns + after_ns)
    assert 500 * MS <= took_ns - 2 * lan.dhcp_reply_ns <= 1000 * MS


def test_waits_double_and_end_at_fifteen_and_sixty_seconds() -> None:
    assert [discover_ticks(tries) / 2 for tries in range(1, 9)] == [0.5, 1, 2, 4, 8, 15, 15, 15]
    assert [request_ticks(tries) / 2 for tries in range(1, 8)] == [2, 4, 8, 16, 32, 60, 60]


def test_a_silent_server_is_asked_for_ever() -> None:
    bench = Bench()
    bench.client.start(Lan("10.0.0.0/24", dhcp=False), 0)
    times_ms: list[int] = []
    while len(times_ms) < 7:
        assert bench.client.deadline_ns is not None
        times_ms.append(bench.client.deadline_ns // MS)
        bench.run(bench.client.deadline_ns)
    assert times_ms == [500, 1500, 3500, 7500, 15500, 30500, 45500]
    assert bench.client.state is DhcpState.SELECTING


def test_a_server_that_comes_late_is_found_at_the_next_try() -> None:
    bench = Bench()
    lan = Lan("10.0.0.0/24", dhcp=False)
    bench.client.start(lan, 0)
    bench.run(2 * NS_PER_S)
    lan.dhcp = True
    bench.run(10 * NS_PER_S)
    assert bench.history == [(4_500 * MS, "10.0.0.2")]


def test_a_slow_server_is_heard_although_the_question_was_repeated() -> None:
    bench = Bench()
    bench.client.start(Lan("10.0.0.0/24", dhcp_reply_ns=1_200 * MS), 0)
    bench.run(10 * NS_PER_S)
    assert bench.history == [(3_000 * MS, "10.0.0.2")]


def test_an_exhausted_pool_is_silence() -> None:
    bench = Bench()
    lan = Lan("10.0.0.0/24", pool=("10.0.0.9", "10.0.0.9"))
    assert lan.acknowledge("other", "10.0.0.9", 0)
    bench.client.start(lan, 0)
    bench.run(60 * NS_PER_S)
    assert bench.history == []


def test_a_lost_link_loses_messages_and_the_repetition_mends_it() -> None:
    bench = Bench()
    bench.client.start(Lan("10.0.0.0/24"), 0)
    bench.delivers = False
    bench.run(1 * NS_PER_S)
    assert bench.client.state is DhcpState.REQUESTING
    bench.delivers = True
    bench.run(10 * NS_PER_S)
    assert [address for _, address in bench.history] == ["10.0.0.2"]


def test_an_unanswered_request_is_repeated_and_then_all_begins_anew() -> None:
    bench = Bench()
    bench.client.start(Lan("10.0.0.0/24"), 0)
    bench.run(10 * MS)
    bench.delivers = False
    bench.run(300 * NS_PER_S)
    assert bench.history == []
    assert bench.client.state is DhcpState.SELECTING


def test_an_address_that_somebody_has_is_declined_and_another_is_asked_for() -> None:
    bench = Bench()
    lan = Lan("10.0.0.0/24")
    lan.occupy("10.0.0.2")
    bench.client.start(lan, 0)
    bench.run(9 * NS_PER_S)
    assert bench.client.state is DhcpState.BACKING_OFF
    bench.run(20 * NS_PER_S)
    assert [address for _, address in bench.history] == ["10.0.0.3"]
    assert bench.history[0][0] == 11_000 * MS


def test_a_lease_is_renewed_at_half_its_time_without_losing_the_address() -> None:
    bench = Bench()
    bench.client.start(Lan("10.0.0.0/24", lease_s=600), 0)
    bench.run(1_000 * NS_PER_S)
    assert [(time_ns // NS_PER_S, address) for time_ns, address in bench.history] == [
        (1, "10.0.0.2"),
        (301, "10.0.0.2"),
        (601, "10.0.0.2"),
        (901, "10.0.0.2"),
    ]


def test_a_lease_that_nobody_prolongs_is_over_at_its_end() -> None:
    bench = Bench()
    lan = Lan("10.0.0.0/24", lease_s=600)
    bench.client.start(lan, 0)
    bench.run(2 * NS_PER_S)
    lan.dhcp = False
    bench.run(599 * NS_PER_S)
    assert bench.client.state is DhcpState.REBINDING
    bench.run(700 * NS_PER_S)
    assert [(time_ns // NS_PER_S, address) for time_ns, address in bench.history] == [(1, "10.0.0.2"), (601, "")]
    lan.dhcp = True
    bench.run(800 * NS_PER_S)
    assert bench.history[-1][1] == "10.0.0.2"


def test_a_refused_renewal_takes_the_address_at_once() -> None:
    bench = Bench()
    lan = Lan("10.0.0.0/24", lease_s=600)
    bench.client.start(lan, 0)
    bench.run(2 * NS_PER_S)
    lan.release(MAC)
    assert lan.acknowledge("other", "10.0.0.2", bench.now_ns)
    bench.run(310 * NS_PER_S)
    assert [address for _, address in bench.history] == ["10.0.0.2", "", "10.0.0.3"]


@pytest.mark.parametrize(
    ("lease_s", "renew_s", "rebind_s", "expiry_s"),
    [
        (7200, 3600, 6300, 7200),
        (86_400, 43_200, 75_600 - 65_536, 86_400 - 65_536),
        (65_536, 32_768, 57_344, 120),
        (131_072, 60, 114_688 - 65_536, 120),
        (LEASE_FOREVER_S, 0, 0, 0),
        (0, 60, 105, 120),
    ],
)
def test_lease_times_are_counted_in_sixteen_bits(lease_s: int, renew_s: int, rebind_s: int, expiry_s: int) -> None:
    assert LeaseTimers.of(lease_s) == LeaseTimers(renew_s, rebind_s, expiry_s)


def test_a_stopped_client_does_nothing_more() -> None:
    bench = Bench()
    bench.client.start(Lan("10.0.0.0/24"), 0)
    bench.client.stop()
    assert bench.client.deadline_ns is None
    bench.run(100 * NS_PER_S)
    assert bench.history == []
