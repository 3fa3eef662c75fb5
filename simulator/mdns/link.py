"""Where multicast DNS speaks: an interface, by IPv4 or by IPv6 (``mdns_private.h``)."""

from __future__ import annotations

from typing import Final, NamedTuple

GROUP: Final = "224.0.0.251"
GROUP_6: Final = "ff02::fb"
PORT: Final = 5353

INTERFACES: Final = ("STA", "AP", "ETH", "SPI_ETH")
"""In the order of ``tcpip_adapter_if_t``, in which the component goes over them."""
_OTHER: Final = {"STA": "ETH", "ETH": "STA"}
"""Who may be in the same network."""


class Link(NamedTuple):
    """One of `INTERFACES`, and whether by IPv6."""

    interface: str
    is_ip6: bool = False

    @property
    def order(self) -> tuple[int, bool]:
        """Where it comes among all."""
        return (INTERFACES.index(self.interface), self.is_ip6)

    @property
    def protocol(self) -> str:
        """As a script sees it."""
        return "IPv6" if self.is_ip6 else "IPv4"

    @property
    def group(self) -> str:
        """The address of everybody who takes part."""
        return GROUP_6 if self.is_ip6 else GROUP

    @property
    def other(self) -> Link | None:
        """The same of the interface that may be in the same network."""
        interface = _OTHER.get(self.interface)
        return Link(interface, self.is_ip6) if interface is not None else None
