"""The groups that a board's sockets are in (``igmp.c``, and ``lwip_socket_register_membership`` in ``sockets.c``)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from ipaddress import IPv4Address
from typing import Final, NamedTuple

from simulator.device.net_driver import NetDriver
from simulator.network import NetworkInterface
from simulator.network.virtual import ALL_SYSTEMS
from simulator.wifi import NO_ADDRESS

MEMBERSHIPS_MAX: Final = 10
"""``LWIP_SOCKET_MAX_MEMBERSHIPS``: as many as there are sockets, all together."""


class _Membership(NamedTuple):
    socket: Hashable
    address: str
    group: str


class Memberships:
    """Which socket has joined which group. It leaves them when it is closed."""

    def __init__(self, interface: NetworkInterface, driver: NetDriver) -> None:
        self._interface = interface
        self._driver = driver
        self._registered: list[_Membership] = []

    def join(self, socket: Hashable, address: str, group: str) -> bool:
        """Let ``socket`` be in ``group`` on the interface with ``address``, or on all. Returns whether that works.

        An attempt that fails takes a place all the same, as there.
        """
        if len(self._registered) >= MEMBERSHIPS_MAX:
            return False
        self._registered.append(_Membership(socket, address, group))
        joined = list(self._interfaces(address, group))
        for is_access_point in joined:
            self._interface.join_group(group, as_access_point=is_access_point)
        return bool(joined)

    def drop(self, socket: Hashable, address: str, group: str) -> bool:
        """Take it out of a group, in which it need not be itself. Returns whether somebody was."""
        membership = _Membership(socket, address, group)
        if membership in self._registered:
            self._registered.remove(membership)
        return self._leave(address, group)

    def forget(self, socket: Hashable) -> None:
        """``socket`` is closed."""
        for membership in tuple(self._registered):
            if membership.socket is socket:
                self._registered.remove(membership)
                self._leave(membership.address, membership.group)

    def _leave(self, address: str, group: str) -> bool:
        left = [
            self._interface.leave_group(group, as_access_point=is_access_point)
            for is_access_point in self._interfaces(address, group)
        ]
        return any(left)

    def _interfaces(self, address: str, group: str) -> Iterator[bool]:
        """Yield for each interface with ``address`` whether it is that of the own access point."""
        if not IPv4Address(group).is_multicast or group == ALL_SYSTEMS:
            return
        found = set()
        for own, is_access_point in self._driver.own_interfaces:
            if address in (NO_ADDRESS, own) and is_access_point not in found:
                found.add(is_access_point)
                yield is_access_point
