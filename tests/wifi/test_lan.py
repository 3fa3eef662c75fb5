from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import UsageError
from simulator.units import NS_PER_S
from simulator.wifi import Lan, pack_ip, unpack_ip

A, B = "aa:00:00:00:00:01", "aa:00:00:00:00:02"


@pytest.mark.parametrize(
    ("address", "packed"),
    [("192.168.1.10", 167880896), ("192.168.1.200", -939415360), ("255.255.255.0", 16777215), ("8.8.8.8", 134744072)],
)
def test_packs_addresses_as_net_packip_does(address: str, packed: int) -> None:
    assert pack_ip(address) == packed
    assert unpack_ip(packed) == address


@given(st.ip_addresses(v=4).map(str))
def test_packing_and_unpacking_are_inverse(address: str) -> None:
    assert unpack_ip(pack_ip(address)) == address


def test_router_is_the_first_host_and_lends_the_others() -> None:
    lease = Lan("10.1.2.0/29").offer(A, 0)
    assert lease is not None
    assert (lease.address, lease.netmask, lease.gateway, lease.dns) == (
        "10.1.2.2",
        "255.255.255.248",
        "10.1.2.1",
        ("10.1.2.1",),
    )


def test_a_client_keeps_its_address_and_no_other_gets_it() -> None:
    lan = Lan("10.0.0.0/29")
    assert lan.acknowledge(A, "10.0.0.2", 0)
    assert lan.acknowledge(B, "10.0.0.2", 0) is None
    again, other = lan.offer(A, 0), lan.offer(B, 0)
    assert again is not None
    assert other is not None
    assert (again.address, other.address) == ("10.0.0.2", "10.0.0.3")


def test_an_exhausted_pool_offers_nothing_until_a_lease_is_over() -> None:
    lan = Lan("10.0.0.0/24", pool=("10.0.0.9", "10.0.0.9"), lease_s=60)
    assert lan.acknowledge(A, "10.0.0.9", 0)
    assert lan.offer(B, 59 * NS_PER_S) is None
    assert lan.offer(B, 60 * NS_PER_S) is not None
    assert lan.acknowledge(B, "10.0.0.9", 60 * NS_PER_S)
    assert lan.offer(A, 60 * NS_PER_S) is None


def test_a_released_address_is_free_and_a_declined_one_is_not() -> None:
    lan = Lan("10.0.0.0/24", pool=("10.0.0.8", "10.0.0.9"))
    for address, give_back in (("10.0.0.8", lan.decline), ("10.0.0.9", lan.release)):
        assert lan.acknowledge(A, address, 0)
        give_back(A)
    offers = [lan.offer(B, 0), lan.offer(B, 0)]
    assert [offer.address for offer in offers if offer] == ["10.0.0.9", "10.0.0.9"]


def test_refuses_addresses_outside_the_pool() -> None:
    assert Lan("10.0.0.0/24", pool=("10.0.0.8", "10.0.0.9")).acknowledge(A, "10.0.0.7", 0) is None


@pytest.mark.parametrize(
    ("network", "options", "word"),
    [
        ("10.0.0.0/99", {}, "10.0.0.0/99"),
        ("home", {}, "home"),
        ("10.0.0.0/24", {"gateway": "10.0.1.1"}, "10.0.1.1"),
        ("10.0.0.0/24", {"pool": ("10.0.0.9", "10.0.0.8")}, "before it begins"),
        ("10.0.0.0/32", {}, "10.0.0.0/32"),
    ],
)
def test_networks_that_cannot_be_are_refused_by_name(network: str, options: dict[str, object], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        Lan(network, **options)  # type: ignore[arg-type]


def test_a_wrong_address_or_router_leads_nowhere() -> None:
    lan = Lan("10.0.0.0/24")
    assert lan.reaches("10.0.0.77", "10.0.0.1")
    assert not lan.reaches("10.0.1.77", "10.0.0.1")
    assert not lan.reaches("10.0.0.77", "10.0.0.254")
    assert not Lan("10.0.0.0/24", uplink=False).reaches("10.0.0.77", "10.0.0.1")
