"""Multicast DNS and service discovery, as ESP-IDF's component ``mdns`` has them (cc9b06d4).

A model: no socket and no clock. `mdns.server` keeps the own names, answers and asks; `mdns.search` is what is being
asked for; `mdns.packets` is what goes over the network; `mdns.link` is where: an interface, by IPv4 or IPv6. Who drives
it sends what it wants sent, tells it what arrives, and lets it `MdnsServer.advance` at its deadline.
"""

from simulator.mdns.link import GROUP, PORT, Link
from simulator.mdns.search import Finding, Search
from simulator.mdns.server import MdnsServer, Service

__all__ = ["GROUP", "PORT", "Finding", "Link", "MdnsServer", "Search", "Service"]
