"""What Lua RTOS's network driver decides: flags, event bits, and its answer to every message of the event task.

Sources: ``components/sys/sys/status.h`` and ``status.c`` (flags), ``components/sys/drivers/net.h`` (bits),
``components/sys/drivers/net.c`` (the event handler), ``components/lua/modules/net/net.c`` (what `net.callback` is
told), all of Lua RTOS 6b455df4. Decisions only: the waiting, the calls of the radio and the callbacks are
`device.net_driver`'s.

Four things here explain most of what surprises people on the device:

- HAS_IP is not cleared when the access point is lost, only when the address has been lost for 120 s.
- The bit WIFI_CONNECTED is also set by an IPv6 address, of any interface, and stays until somebody waits for it.
- A failure is final only for a synchronous start, and only at the fourth disconnect; the count outlives a success.
- `net.callback` compares the flags with those before the *last change of any flag*, and looks at the Ethernet flags
  of the RMII driver even where the Ethernet is SPI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from simulator.units import NS_PER_MS
from simulator.wifi.events import SystemEvent

CONNECT_RETRIES: Final = 2
"""``WIFI_CONNECT_RETRIES``; tested with ``>``."""

RECONNECT_PAUSE_NS: Final = 200 * NS_PER_MS
"""The pause before a reconnect, during which the event task does nothing else."""

CALLBACKS_MAX: Final = 3
"""``MAX_NET_EVENT_CALLBACKS``."""


class Status(IntFlag):
    """The status word, as far as it is about the network. A question for several flags means all of them."""

    NONE = 0
    TCPIP_INITED = 1 << 8
    WIFI_INITED = 1 << 9
    WIFI_SETUP = 1 << 10
    WIFI_SYNC = 1 << 11
    WIFI_STARTED = 1 << 12
    WIFI_CONNECTED = 1 << 13
    WIFI_HAS_IP = 1 << 14
    SPI_ETH_SETUP = 1 << 15
    SPI_ETH_SYNC = 1 << 16
    SPI_ETH_STARTED = 1 << 17
    SPI_ETH_CONNECTED = 1 << 18
    SPI_ETH_HAS_IP = 1 << 19
    ETH_SETUP = 1 << 20
    ETH_SYNC = 1 << 21
    ETH_STARTED = 1 << 22
    ETH_CONNECTED = 1 << 23
    ETH_HAS_IP = 1 << 24


class NetEvent(IntFlag):
    """The bits of the event group ``netEvent``. A bit stays until a waiter takes it."""

    NONE = 0
    WIFI_SCAN_END = 1 << 0
    WIFI_CONNECTED = 1 << 1
    WIFI_CANT_CONNECT = 1 << 2
    SPI_ETH_CONNECTED = 1 << 3
    SPI_ETH_CANT_CONNECT = 1 << 4
    ETH_CONNECTED = 1 << 5
    ETH_CANT_CONNECT = 1 << 6


ANY_CONNECTED: Final = NetEvent.WIFI_CONNECTED | NetEvent.SPI_ETH_CONNECTED | NetEvent.ETH_CONNECTED
ANY_CANT_CONNECT: Final = NetEvent.WIFI_CANT_CONNECT | NetEvent.SPI_ETH_CANT_CONNECT | NetEvent.ETH_CANT_CONNECT

WIFI_AVAILABLE: Final = Status.WIFI_CONNECTED | Status.WIFI_HAS_IP
SPI_ETH_AVAILABLE: Final = Status.SPI_ETH_CONNECTED | Status.SPI_ETH_HAS_IP
ETH_AVAILABLE: Final = Status.ETH_CONNECTED | Status.ETH_HAS_IP


class StatusWord:
    """The flags and what they were before the last change (``status_set``, ``status_get``, ``status_get_prev``)."""

    __slots__ = ("flags", "previous")

    def __init__(self) -> None:
        self.flags = Status.NONE
        self.previous = Status.NONE

    def change(self, *, set_: Status = Status.NONE, clear: Status = Status.NONE) -> None:
        """Set some flags, then clear others."""
        self.previous = self.flags
        self.flags = (self.flags | set_) & ~clear

    def has(self, mask: Status) -> bool:
        """Return whether all flags of ``mask`` are set."""
        return self.flags & mask == mask

    def had(self, mask: Status) -> bool:
        """Return whether all flags of ``mask`` were set before the last change."""
        return self.previous & mask == mask

    @property
    def network_available(self) -> bool:
        """``NETWORK_AVAILABLE``: some interface is connected and has an address. An access point never counts."""
        return self.has(WIFI_AVAILABLE) or self.has(SPI_ETH_AVAILABLE) or self.has(ETH_AVAILABLE)


@dataclass(frozen=True, slots=True)
class Reaction:
    """What the event task does about a message, in this order: flags, pause, connect, and in the end the bits."""

    set_: Status = Status.NONE
    clear: Status = Status.NONE
    pause_ns: int = 0
    connect: bool = False
    bits: NetEvent = NetEvent.NONE

    @property
    def changes_flags(self) -> bool:
        """Whether ``status_set`` is called, even if it changes nothing."""
        return bool(self.set_ or self.clear)


REACTIONS: Final[Mapping[SystemEvent, Reaction]] = {
    SystemEvent.SCAN_DONE: Reaction(bits=NetEvent.WIFI_SCAN_END),
    SystemEvent.STA_START: Reaction(clear=WIFI_AVAILABLE, connect=True),
    SystemEvent.STA_STOP: Reaction(clear=WIFI_AVAILABLE),
    SystemEvent.STA_CONNECTED: Reaction(set_=Status.WIFI_CONNECTED),
    SystemEvent.STA_GOT_IP: Reaction(set_=Status.WIFI_HAS_IP, bits=NetEvent.WIFI_CONNECTED),
    SystemEvent.STA_LOST_IP: Reaction(clear=Status.WIFI_HAS_IP),
    SystemEvent.STA_WPS_ER_SUCCESS: Reaction(connect=True),
    SystemEvent.STA_WPS_ER_FAILED: Reaction(),
    SystemEvent.STA_WPS_ER_TIMEOUT: Reaction(),
    SystemEvent.STA_WPS_ER_PIN: Reaction(),
    SystemEvent.AP_START: Reaction(),
    SystemEvent.AP_STOP: Reaction(clear=Status.WIFI_CONNECTED | Status.WIFI_INITED),
    SystemEvent.GOT_IP6: Reaction(bits=NetEvent.WIFI_CONNECTED),
    SystemEvent.ETH_START: Reaction(set_=Status.ETH_STARTED, clear=ETH_AVAILABLE),
    SystemEvent.ETH_STOP: Reaction(clear=Status.ETH_STARTED | ETH_AVAILABLE),
    SystemEvent.ETH_CONNECTED: Reaction(set_=Status.ETH_CONNECTED, clear=Status.ETH_HAS_IP),
    SystemEvent.ETH_DISCONNECTED: Reaction(clear=ETH_AVAILABLE, bits=NetEvent.ETH_CANT_CONNECT),
    SystemEvent.ETH_GOT_IP: Reaction(set_=Status.ETH_HAS_IP, bits=NetEvent.ETH_CONNECTED),
    SystemEvent.SPI_ETH_START: Reaction(set_=Status.SPI_ETH_STARTED, clear=SPI_ETH_AVAILABLE),
    SystemEvent.SPI_ETH_CONNECTED: Reaction(set_=Status.SPI_ETH_CONNECTED, clear=Status.SPI_ETH_HAS_IP),
    SystemEvent.SPI_ETH_DISCONNECTED: Reaction(clear=SPI_ETH_AVAILABLE, bits=NetEvent.ETH_CANT_CONNECT),
    SystemEvent.SPI_ETH_GOT_IP: Reaction(set_=Status.SPI_ETH_HAS_IP, bits=NetEvent.SPI_ETH_CONNECTED),
}
"""Everything but STA_DISCONNECTED, which `EventHandler.react` decides. The SPI controller's lost link sets the bit of
the RMII one: a slip of the firmware."""

_STATION_EVENTS: Final = frozenset(
    {
        SystemEvent.STA_START,
        SystemEvent.STA_STOP,
        SystemEvent.STA_CONNECTED,
        SystemEvent.STA_DISCONNECTED,
        SystemEvent.STA_GOT_IP,
        SystemEvent.STA_LOST_IP,
    }
)
_ETHERNET_EVENTS: Final = frozenset(
    {
        SystemEvent.ETH_START,
        SystemEvent.ETH_STOP,
        SystemEvent.ETH_CONNECTED,
        SystemEvent.ETH_DISCONNECTED,
        SystemEvent.ETH_GOT_IP,
        SystemEvent.SPI_ETH_START,
        SystemEvent.SPI_ETH_CONNECTED,
        SystemEvent.SPI_ETH_DISCONNECTED,
        SystemEvent.SPI_ETH_GOT_IP,
    }
)


class EventHandler:
    """``event_handler`` of ``net.c``: the flags, and the count of failed attempts of synchronous starts."""

    def __init__(self, status: StatusWord) -> None:
        self._status = status
        self._retries = 0

    @property
    def retries(self) -> int:
        """Failed attempts counted so far. Only the failure of a synchronous start sets it back."""
        return self._retries

    def react(self, event: SystemEvent) -> Reaction:
        """Change the flags as ``event`` demands, and return what else is to be done."""
        reaction = self._disconnected() if event is SystemEvent.STA_DISCONNECTED else REACTIONS[event]
        if reaction.changes_flags:
            self._status.change(set_=reaction.set_, clear=reaction.clear)
        return reaction

    def _disconnected(self) -> Reaction:
        status = self._status
        if status.has(Status.WIFI_SYNC) and self._retries > CONNECT_RETRIES:
            self._retries = 0
            return Reaction(clear=Status.WIFI_CONNECTED, bits=NetEvent.WIFI_CANT_CONNECT)
        if not status.has(Status.WIFI_STARTED):
            return Reaction(clear=Status.WIFI_CONNECTED)
        if status.has(Status.WIFI_SYNC):
            self._retries += 1
        return Reaction(clear=Status.WIFI_CONNECTED, pause_ns=RECONNECT_PAUSE_NS, connect=True)


def callback_of(event: SystemEvent, status: StatusWord) -> tuple[str, str] | None:
    """Return what `net.callback` is told about ``event``, such as ``("wf", "up")``; None if it is not called."""
    if event in _STATION_EVENTS:
        interface, mask = "wf", WIFI_AVAILABLE
    elif event in _ETHERNET_EVENTS:
        interface, mask = "en", ETH_AVAILABLE
    else:
        return None
    if status.has(mask) == status.had(mask):
        return None
    return interface, "up" if status.has(mask) else "down"
