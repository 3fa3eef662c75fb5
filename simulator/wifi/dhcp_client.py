"""The DHCP client of a device: lwIP's, with Espressif's changes.

Source: ``src/core/ipv4/dhcp.c`` and ``src/include/lwip/dhcp.h`` of Espressif's lwIP fork at fe9a58cb, the revision
that ESP-IDF cc9b06d4 contains, with ``DHCP_DOES_ARP_CHECK`` on. Every wait there is counted by two timers that run
since the TCP/IP stack was initialised, one of 0.5 s and one of 1 s, so a wait of n ticks lasts between n-1 and n of
them. That is why the check of the offered address takes between 0.5 and 1 s: it is two waits of one tick, the first
of which has already begun.

::

    SELECTING --offer--> REQUESTING --ack--> CHECKING --no answer, twice--> BOUND
        ^  ^                 | nak               | answer                    | T1        ^ ack
        |  +-- 0.5 to 15 s   v                   v                           v           |
        +------------- (discover again) <--- BACKING_OFF (10 s)          RENEWING --T2--> REBINDING
                                                                             lease over: discover again

How it takes part in time is `wifi.timed`. The server answers when it is asked; the answer is held back for as long as
the network takes, and there is none if the link swallows a message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from simulator.units import NS_PER_MS, NS_PER_S
from simulator.wifi.lan import Lan, Lease
from simulator.wifi.timed import earliest

FINE_TICK_NS: Final = 500 * NS_PER_MS
"""``DHCP_FINE_TIMER_MSECS``."""

COARSE_TICK_NS: Final = NS_PER_S
"""``DHCP_COARSE_TIMER_SECS`` with ``ESP_DHCP``."""

LEASE_FOREVER_S: Final = 0xFFFFFFFF

_TRIES_THAT_DOUBLE: Final = 5
_TRIES_OF_REQUEST: Final = 5
_ARP_PROBES: Final = 2
_DECLINE_TICKS: Final = 20
_RETRY_S_MIN: Final = 3
_LEASE_OF_ZERO_S: Final = 120


class DhcpState(Enum):
    """``dhcp->state``."""

    OFF = auto()
    SELECTING = auto()
    REQUESTING = auto()
    CHECKING = auto()
    BACKING_OFF = auto()
    BOUND = auto()
    RENEWING = auto()
    REBINDING = auto()

    @property
    def holds_address(self) -> bool:
        """Whether the interface has the address of a lease (``dhcp_supplied_address``)."""
        return self in (DhcpState.BOUND, DhcpState.RENEWING, DhcpState.REBINDING)


@dataclass(frozen=True, slots=True)
class LeaseTimers:
    """Seconds after which a client renews (T1), rebinds (T2) and gives up (T0) an address; 0 means never."""

    renew_s: int
    rebind_s: int
    expiry_s: int

    @classmethod
    def of(cls, lease_s: int) -> LeaseTimers:
        """Return the timers for a lease of ``lease_s`` as this revision of lwIP counts them: in 16 bits.

        A lease of a day is therefore rebound after 10,064 s, because seven eighths of it do not fit.
        """
        if lease_s == LEASE_FOREVER_S:
            return cls(0, 0, 0)
        expiry_s = lease_s & 0xFFFF or _LEASE_OF_ZERO_S
        return cls(
            renew_s=lease_s // 2 & 0xFFFF or expiry_s // 2,
            rebind_s=lease_s * 7 // 8 & 0xFFFF or expiry_s // 8 * 7,
            expiry_s=expiry_s,
        )


def discover_ticks(tries: int) -> int:
    """Return how many fine ticks an offer is waited for after DISCOVER number ``tries``: 0.5, 1, 2, 4, 8, 15, 15 s."""
    return 1 << tries - 1 if tries <= _TRIES_THAT_DOUBLE else 30


def request_ticks(tries: int) -> int:
    """Return how many fine ticks an ACK is waited for after REQUEST number ``tries``: 2, 4, 8, 16, 32, 60 s."""
    return 1 << tries + 1 if tries <= _TRIES_THAT_DOUBLE else 120


class DhcpClient:
    """The client of one interface.

    ``mac`` is who it is to the server, ``epoch_ns`` when the stack's timers began to run. ``bound`` is called with
    the lease when the interface gets an address, also after a renewal; ``released`` when it loses the address because
    nobody prolonged it. ``delivers`` is asked once for each exchange with the server whether it gets through.
    """

    def __init__(
        self,
        mac: str,
        epoch_ns: int,
        *,
        bound: Callable[[Lease], None],
        released: Callable[[], None],
        delivers: Callable[[], bool],
    ) -> None:
        self._mac = mac
        self._epoch_ns = epoch_ns
        self._bound = bound
        self._released = released
        self._delivers = delivers
        self._lan: Lan | None = None
        self._lease: Lease | None = None
        self._tries = 0
        self._timeout_ns: int | None = None
        self._reply: tuple[int, Lease | None] | None = None
        self._renew_ns: int | None = None
        self._rebind_ns: int | None = None
        self._expiry_ns: int | None = None
        self.state = DhcpState.OFF

    @property
    def deadline_ns(self) -> int | None:
        """When `advance` has something to do, if nothing else happens before."""
        if self.state is DhcpState.OFF:
            return None
        reply_ns = self._reply[0] if self._reply is not None else None
        return earliest((reply_ns, self._timeout_ns, self._renew_ns, self._rebind_ns, self._expiry_ns))

    def start(self, lan: Lan, now_ns: int) -> None:
        """Look for an address on ``lan`` (``dhcp_start``), forgetting everything before."""
        self.stop()
        self._lan = lan
        self._discover(now_ns)

    def stop(self) -> None:
        """Stop, without a word to the server (``dhcp_stop``)."""
        self._lan = None
        self._drop_lease()
        self._enter(DhcpState.OFF)

    def advance(self, now_ns: int) -> None:
        """Do everything that is due until ``now_ns``."""
        while (due_ns := self.deadline_ns) is not None and due_ns <= now_ns:
            if self._reply is not None and self._reply[0] == due_ns:
                _, lease = self._reply
                self._reply = None
                self._receive(lease, due_ns)
            elif self._expiry_ns == due_ns:
                self._expire(due_ns)
            elif self._rebind_ns == due_ns:
                self._prolong(DhcpState.REBINDING, due_ns)
            elif self._renew_ns == due_ns:
                self._prolong(DhcpState.RENEWING, due_ns)
            else:
                self._timeout_ns = None
                self._time_out(due_ns)

    def _enter(self, state: DhcpState) -> None:
        """Change the state; as in ``dhcp_set_state``, the count of tries starts again only if it is another one."""
        if state is not self.state:
            self.state = state
            self._tries = 0
            self._timeout_ns = None
            self._reply = None

    def _wait(self, ticks: int, now_ns: int) -> None:
        self._tries += 1
        self._timeout_ns = self._tick(FINE_TICK_NS, ticks, now_ns)

    def _tick(self, period_ns: int, count: int, now_ns: int) -> int:
        """Return when the timer of ``period_ns`` ticks the ``count``-th time after ``now_ns``."""
        return self._epoch_ns + ((now_ns - self._epoch_ns) // period_ns + count) * period_ns

    def _listening_server(self) -> Lan | None:
        """Return the server if a message sent now reaches it; None while the answer to an earlier one is under way.

        Messages that are repeated keep their transaction number, so the first answer serves them all.
        """
        lan = self._lan
        if self._reply is not None or lan is None or not lan.dhcp or not self._delivers():
            return None
        return lan

    def _discover(self, now_ns: int) -> None:
        self._enter(DhcpState.SELECTING)
        server = self._listening_server()
        if server is not None:
            lease = server.offer(self._mac, now_ns)
            if lease is not None:  # with an empty pool it stays silent
                self._reply = (now_ns + server.dhcp_reply_ns, lease)
        self._wait(discover_ticks(self._tries + 1), now_ns)

    def _request(self, lease: Lease, now_ns: int) -> None:
        self._enter(DhcpState.REQUESTING)
        self._lease = lease
        self._ask_for(lease, now_ns)
        self._wait(request_ticks(self._tries + 1), now_ns)

    def _ask_for(self, lease: Lease, now_ns: int) -> None:
        server = self._listening_server()
        if server is not None:
            answer = server.acknowledge(self._mac, lease.address, now_ns)
            self._reply = (now_ns + server.dhcp_reply_ns, answer)

    def _check(self, now_ns: int) -> None:
        """Ask with ARP whether somebody has the address; whoever does answers at once."""
        self._enter(DhcpState.CHECKING)
        lan = self._lan
        if lan is not None and lan.answers_arp(self._held.address):
            lan.decline(self._mac)
            self._enter(DhcpState.BACKING_OFF)
            self._wait(_DECLINE_TICKS, now_ns)
        else:
            self._wait(1, now_ns)

    def _prolong(self, state: DhcpState, now_ns: int) -> None:
        """Ask to keep the address (T1: its server, T2: anybody), and come back at half of what is left."""
        self._enter(state)
        self._ask_for(self._held, now_ns)
        if state is DhcpState.RENEWING:
            self._renew_ns = self._half_way(self._rebind_ns, now_ns)
        else:
            self._renew_ns = None
            self._rebind_ns = self._half_way(self._expiry_ns, now_ns)

    def _half_way(self, end_ns: int | None, now_ns: int) -> int | None:
        if end_ns is None:
            return None
        half_s = (end_ns - now_ns) // NS_PER_S // 2
        return self._after_s(half_s, now_ns) if half_s >= _RETRY_S_MIN else None

    def _receive(self, lease: Lease | None, now_ns: int) -> None:
        if lease is None:
            self._refused(now_ns)
        elif self.state is DhcpState.SELECTING:
            self._request(lease, now_ns)
        elif self.state is DhcpState.REQUESTING:
            self._lease = lease
            self._check(now_ns)
        elif self.state in (DhcpState.RENEWING, DhcpState.REBINDING):
            self._bind(lease, now_ns)

    def _refused(self, now_ns: int) -> None:
        """React to a DHCPNAK: the address is gone, begin anew."""
        held = self.state.holds_address
        self._drop_lease()
        self._enter(DhcpState.BACKING_OFF)
        if held:
            self._released()
        self._discover(now_ns)

    def _time_out(self, now_ns: int) -> None:
        if self.state in (DhcpState.SELECTING, DhcpState.BACKING_OFF):
            self._discover(now_ns)
        elif self.state is DhcpState.REQUESTING:
            if self._tries <= _TRIES_OF_REQUEST:
                self._request(self._held, now_ns)
            else:
                self._discover(now_ns)
        elif self._tries < _ARP_PROBES:
            self._check(now_ns)
        else:
            self._bind(self._held, now_ns)

    def _bind(self, lease: Lease, now_ns: int) -> None:
        self._enter(DhcpState.BOUND)
        self._lease = lease
        timers = LeaseTimers.of(lease.lease_s)
        self._renew_ns = self._after_s(timers.renew_s, now_ns)
        self._rebind_ns = self._after_s(timers.rebind_s, now_ns)
        self._expiry_ns = self._after_s(timers.expiry_s, now_ns)
        self._bound(lease)

    def _after_s(self, seconds: int, now_ns: int) -> int | None:
        return self._tick(COARSE_TICK_NS, seconds, now_ns) if seconds else None

    def _expire(self, now_ns: int) -> None:
        lan = self._lan
        if lan is not None:
            lan.release(self._mac)
        self._drop_lease()
        self._enter(DhcpState.OFF)
        self._released()
        self._discover(now_ns)

    def _drop_lease(self) -> None:
        self._lease = None
        self._renew_ns = self._rebind_ns = self._expiry_ns = None

    @property
    def _held(self) -> Lease:
        assert self._lease is not None, f"no lease in {self.state}"
        return self._lease
