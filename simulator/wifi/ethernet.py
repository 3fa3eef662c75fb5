"""The wire: a socket with or without a cable, and the two controllers that Lua RTOS knows.

RMII is the chip's own MAC with a LAN8720 outside; ``components/ethernet/emac_main.c`` (ESP-IDF cc9b06d4) asks the
PHY every 2 s whether there is a link, counted from the start. SPI is an ENC424J600, which interrupts when the link
changes (``components/sys/drivers/ENC424J600.c``). How long two ends negotiate is our choice. No board of the
catalogue has the SPI controller, and two (M5STACK, ADAFRUIT-HUZZAH32) are built for a PHY that the bare board lacks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import Enum
from typing import ClassVar, Final

from simulator.links import LinkQuality
from simulator.units import NS_PER_MS, NS_PER_S, NS_PER_US
from simulator.wifi.events import Emit, Post, SystemEvent
from simulator.wifi.lan import Lan
from simulator.wifi.subscribers import Subscribers

NEGOTIATION_NS: Final = 1_500 * NS_PER_MS
"""From cable in, or PHY reset, until the PHY reports a link. Our choice; 100BASE-TX takes one to two seconds."""

CHECK_LINK_NS: Final = 2 * NS_PER_S
"""``CONFIG_EMAC_CHECK_LINK_PERIOD_MS``."""

RMII_LINK: Final = LinkQuality(latency_ns=200 * NS_PER_US, bandwidth_bps=60_000_000)
SPI_LINK: Final = LinkQuality(latency_ns=500 * NS_PER_US, bandwidth_bps=8_000_000)
"""What a wire does to bytes: less than its 100 Mbit/s, because the chip or the SPI bus is slower. Our choice."""


class EthernetPort:
    """The socket of one board. ``lan`` is what the cable leads to, None means no cable; ``phy`` whether the PHY is
    there at all. Plugging tells the controller, as `wifi.air.Air` tells the stations.
    """

    def __init__(self, lan: Lan | None = None, *, phy: bool = True) -> None:
        self._lan = lan
        self._subscribers = Subscribers()
        self.phy: Final = phy

    @property
    def lan(self) -> Lan | None:
        """Where the cable leads to."""
        return self._lan

    def subscribe(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call ``changed`` whenever the cable changes; returns the function that ends it."""
        return self._subscribers.add(changed)

    def plug(self, lan: Lan) -> None:
        """Connect the board with ``lan``."""
        self._change(lan)

    def unplug(self) -> None:
        """Pull the cable."""
        self._change(None)

    def _change(self, lan: Lan | None) -> None:
        self._lan = lan
        self._subscribers.tell()


class EthernetController(ABC):
    """What the two controllers share: the PHY, and telling the driver. ``link`` is what the wire does to bytes."""

    link: ClassVar[LinkQuality]
    link_up: ClassVar[SystemEvent]
    link_down: ClassVar[SystemEvent]

    def __init__(self, port: EthernetPort, *, post: Post, emit: Emit) -> None:
        self._port = port
        self._post = post
        self._emit = emit
        self._linked = False
        self._negotiated_ns: int | None = None
        self._last_lan: Lan | None = None

    @property
    def last_lan(self) -> Lan | None:
        """Where the cable led to when the link came up last."""
        return self._last_lan

    @property
    def passes_bytes(self) -> bool:
        """Whether the link that the driver was told of is really there."""
        return self._linked

    @property
    @abstractmethod
    def is_settling(self) -> bool:
        """Whether the driver will soon be told something about the link."""

    @property
    @abstractmethod
    def deadline_ns(self) -> int | None:
        """When `advance` has something to do, if nothing else happens before."""

    @abstractmethod
    def start(self, now_ns: int) -> None:
        """Switch it on."""

    @abstractmethod
    def cable_changed(self, now_ns: int) -> None:
        """Look again: the cable was plugged or pulled."""

    @abstractmethod
    def advance(self, now_ns: int) -> None:
        """Do everything that is due until ``now_ns``."""

    def _negotiate(self, now_ns: int) -> None:
        """Let the PHY begin anew, after a reset or with another cable."""
        self._negotiated_ns = now_ns + NEGOTIATION_NS if self._port.lan is not None else None

    def _report(self, *, linked: bool) -> None:
        self._linked = linked
        if linked:
            self._last_lan = self._port.lan
        self._emit("eth.connected" if linked else "eth.disconnected")
        self._post(self.link_up if linked else self.link_down)


class EmacStatus(Enum):
    """``emac_config.emac_status``."""

    NOT_INIT = "not installed"
    INIT = "installed"
    START = "running"
    STOP = "stopped"


class Emac(EthernetController):
    """The RMII controller. It polls the PHY; checks that cannot find anything are not made."""

    link = RMII_LINK
    link_up = SystemEvent.ETH_CONNECTED
    link_down = SystemEvent.ETH_DISCONNECTED

    def __init__(self, port: EthernetPort, *, post: Post, emit: Emit) -> None:
        super().__init__(port, post=post, emit=emit)
        self._status = EmacStatus.NOT_INIT
        self._started_ns = 0
        self._check_ns: int | None = None
        self._dropped = False

    @property
    def passes_bytes(self) -> bool:
        """See above; until the next check the driver does not know of a cable that was pulled, or plugged again."""
        return self._linked and not self._dropped

    @property
    def is_settling(self) -> bool:
        """Whether a check is due that will find, or may find, the link changed."""
        return self._check_ns is not None

    @property
    def deadline_ns(self) -> int | None:
        """When the next check is due."""
        return self._check_ns

    def install(self) -> bool:
        """``esp_eth_init``; returns False if there is no PHY, whose clock it needs."""
        if self._port.phy:
            self._status = EmacStatus.INIT
        return self._port.phy

    def start(self, now_ns: int) -> None:
        """``esp_eth_enable``; does nothing if it is not installed or runs already."""
        if self._status in (EmacStatus.NOT_INIT, EmacStatus.START):
            return
        self._status = EmacStatus.START
        self._started_ns = now_ns
        self._dropped = False
        self._negotiate(now_ns)
        self._emit("eth.start")
        self._post(SystemEvent.ETH_START)
        self._schedule(now_ns)

    def stop(self) -> None:
        """``esp_eth_disable``; says that the link is down even if it never was up."""
        if self._status is not EmacStatus.START:
            return
        self._status = EmacStatus.STOP
        self._check_ns = None
        self._report(linked=False)
        self._emit("eth.stop")
        self._post(SystemEvent.ETH_STOP)

    def cable_changed(self, now_ns: int) -> None:
        """Let the PHY negotiate; it remembers for one check that the link was down (its status bit latches low)."""
        self._negotiate(now_ns)
        self._dropped = self._linked
        if self._status is EmacStatus.START:
            self._schedule(now_ns)

    def advance(self, now_ns: int) -> None:
        """Make the checks that are due."""
        while self._check_ns is not None and self._check_ns <= now_ns:
            due_ns = self._check_ns
            linked = self._negotiated_ns is not None and self._negotiated_ns <= due_ns and not self._dropped
            self._dropped = False
            if linked != self._linked:
                self._report(linked=linked)
            self._schedule(due_ns)

    def _schedule(self, now_ns: int) -> None:
        """Set the next check, if it can find anything."""
        if self._dropped or self._linked != (self._port.lan is not None):
            checks = (now_ns - self._started_ns) // CHECK_LINK_NS + 1
            self._check_ns = self._started_ns + checks * CHECK_LINK_NS
        else:
            self._check_ns = None


class SpiEthernet(EthernetController):
    """The SPI controller. It cannot be switched off; it interrupts when its link changes."""

    link = SPI_LINK
    link_up = SystemEvent.SPI_ETH_CONNECTED
    link_down = SystemEvent.SPI_ETH_DISCONNECTED

    def __init__(self, port: EthernetPort, *, post: Post, emit: Emit) -> None:
        super().__init__(port, post=post, emit=emit)
        self._attached = False

    @property
    def is_settling(self) -> bool:
        """Whether the PHY is negotiating."""
        return self.deadline_ns is not None

    @property
    def deadline_ns(self) -> int | None:
        """When the PHY will have negotiated."""
        return self._negotiated_ns if self._attached and not self._linked else None

    def start(self, now_ns: int) -> None:
        """Post the message upon which the event task attaches it; the hardware does nothing yet."""
        self._emit("eth.start")
        self._post(SystemEvent.SPI_ETH_START)

    def attach(self, now_ns: int) -> None:
        """``enc424j600_init``: reset the PHY and let it negotiate."""
        self._attached = True
        self._linked = False
        self._negotiate(now_ns)

    def cable_changed(self, now_ns: int) -> None:
        """Interrupt at once if the link is gone; another cable has to be negotiated."""
        self._negotiate(now_ns)
        if self._linked:
            self._report(linked=False)

    def advance(self, now_ns: int) -> None:
        """Interrupt if the link has come up."""
        due_ns = self.deadline_ns
        if due_ns is not None and due_ns <= now_ns:
            self._report(linked=True)
