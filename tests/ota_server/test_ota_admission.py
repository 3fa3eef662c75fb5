"""Who gets an update, and how often an address may ask."""

from __future__ import annotations

import pytest

from simulator.errors import UsageError
from simulator.ota_server import RateLimit, Rollout, parse_networks

ADDRESSES = [f"10.0.{high}.{low}" for high in range(40) for low in range(1, 251)]


def included(share: float, commit: str) -> set[str]:
    return {address for address in ADDRESSES if Rollout(share).includes(address, commit)}


def test_a_rollout_reaches_about_its_share_of_the_addresses() -> None:
    for share in (0.01, 0.1, 0.5):
        assert abs(len(included(share, "abc")) / len(ADDRESSES) - share) < 0.02
    assert included(0, "abc") == set()
    assert included(1, "abc") == set(ADDRESSES)


def test_whoever_is_in_a_share_stays_in_a_larger_one_and_the_next_update_begins_with_others() -> None:
    assert included(0.1, "abc") < included(0.5, "abc")
    assert len(included(0.1, "abc") & included(0.1, "def")) < len(ADDRESSES) * 0.02


def test_named_boards_are_in_whatever_the_share_is() -> None:
    networks = parse_networks(
        ["# the lab", "", "10.0.7.0/24", "192.168.1.9  # the one on my desk", "fe80::/10"], "list"
    )
    rollout = Rollout(0, networks)
    assert rollout.includes("10.0.7.200", "abc")
    assert rollout.includes("192.168.1.9", "abc")
    assert rollout.includes("fe80::1", "abc")
    assert not rollout.includes("192.168.1.8", "abc")
    assert not rollout.includes("unknown", "abc")


def test_a_line_that_is_no_address_is_named() -> None:
    with pytest.raises(
        UsageError, match=r"^list:2: '10\.0\.0\.300' is no address and no network such as 10\.0\.0\.0/8$"
    ):
        parse_networks(["10.0.0.1", "10.0.0.300"], "list")


def test_an_address_may_ask_so_often_and_then_again_after_a_while() -> None:
    limit = RateLimit.parse("3/m")
    assert [limit.allows("a", 0.0) for _ in range(5)] == [True, True, True, False, False]
    assert limit.allows("b", 0.0), "others are not concerned"
    assert not limit.allows("a", 19.0)
    assert limit.allows("a", 20.0)
    assert [limit.allows("a", 1000.0) for _ in range(4)] == [True, True, True, False]


def test_a_flood_of_addresses_costs_no_more_memory_than_the_limit() -> None:
    limit = RateLimit(1, 60)
    for number in range(30_000):
        assert limit.allows(str(number), 0.0)
    assert len(limit._buckets) == 10_000


@pytest.mark.parametrize("text", ["", "3", "3/d", "0/m", "x/m", "-1/s", "3/m/s"])
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write how often in a second, minute or hour, such as 20/m"):
        RateLimit.parse(text)
