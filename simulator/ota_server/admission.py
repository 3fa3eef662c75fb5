"""Who gets an update, and who may ask how often: a staged rollout, and a limit for each address.

All that a server knows of a Lua RTOS board is its address, so the share of a rollout is a share of addresses. Which are
in it depends on the commit: another update begins with other boards, and one that is in a share stays in a larger one.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from simulator.errors import UsageError

ADDRESSES_REMEMBERED: Final = 10_000
_PERIODS_S: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Rollout:
    """Offers an update to a ``share`` (0 to 1) of all addresses, and to those in ``networks`` in any case."""

    share: float = 1.0
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def includes(self, address: str, commit: str) -> bool:
        """Return whether the board at ``address`` is to get the firmware built from ``commit``."""
        if self.share >= 1 or any(_contains(network, address) for network in self.networks):
            return True
        digest = hashlib.sha256(f"{commit} {address}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < self.share * 2**64


def parse_networks(lines: Iterable[str], where: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the addresses and networks in ``lines``, one a line; ``#`` begins a comment. Raises `UsageError`."""
    networks = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text:
            try:
                networks.append(ip_network(text, strict=False))
            except ValueError as error:
                raise UsageError(
                    f"{where}:{number}: {text!r} is no address and no network such as 10.0.0.0/8"
                ) from error
    return tuple(networks)


class RateLimit:
    """Lets each address ask ``count`` times in ``period_s``, at once or spread, and no more (a token bucket each)."""

    def __init__(self, count: int, period_s: float) -> None:
        self._count = count
        self._refill_per_s = count / period_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @classmethod
    def parse(cls, text: str) -> RateLimit:
        """Take ``20/m`` apart: how often, and in a second, minute or hour. Raises `UsageError`."""
        count, _, period = text.partition("/")
        if not count.isdecimal() or int(count) == 0 or period not in _PERIODS_S:
            raise UsageError(f"--rate-limit {text!r}: write how often in a second, minute or hour, such as 20/m")
        return cls(int(count), _PERIODS_S[period])

    def allows(self, address: str, now_s: float) -> bool:
        """Return whether ``address`` may ask now, and count it."""
        left, since_s = self._buckets.pop(address, (float(self._count), now_s))
        left = min(self._count, left + (now_s - since_s) * self._refill_per_s)
        allowed = left >= 1
        self._buckets[address] = (left - 1 if allowed else left, now_s)
        if len(self._buckets) > ADDRESSES_REMEMBERED:
            self._buckets.popitem(last=False)
        return allowed


def _contains(network: IPv4Network | IPv6Network, address: str) -> bool:
    try:
        return ip_address(address) in network
    except ValueError:
        return False
