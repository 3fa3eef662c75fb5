"""What is asked for, and what was found (``_mdns_search_*`` in ``mdns.c``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from simulator.mdns.link import Link
from simulator.mdns.packets import Kind, Name, Packet, Question, Record, Target
from simulator.units import NS_PER_MS

REPEAT_NS: Final = 1000 * NS_PER_MS
PTR_TTL_S: Final = 4500


@dataclass(slots=True)
class Finding:
    """One host, or one instance of a service, as it was found over one link. What is not known yet is empty."""

    link: Link
    instance: str = ""
    host: str = ""
    port: int = 0
    txt: list[tuple[bytes, bytes]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    """The newest first."""


class Search:
    """A search for the address of a host (A or AAAA), or for a service (PTR).

    It ends when it has enough, or no time left. ``results_max`` 0 is no limit.
    """

    def __init__(self, name: Name, kind: Kind, *, timeout_ns: int, results_max: int, began_ns: int) -> None:
        self.name = name
        self.kind = kind
        self.ends_ns = began_ns + timeout_ns
        self.asks_ns = began_ns
        """When it asks next."""
        self.findings: list[Finding] = []
        """The newest first."""
        self.is_over = False
        self._results_max = results_max

    @property
    def has_enough(self) -> bool:
        """Whether there is room for nothing more."""
        return bool(self._results_max) and len(self.findings) >= self._results_max

    def question(self, link: Link) -> Packet:
        """Return the question to be sent over ``link``, with what is known of the answer from there."""
        packet = Packet(questions=[Question(self.name, self.kind, unicast=self.kind is not Kind.PTR)])
        if self.kind is Kind.PTR:
            for finding in self.findings:
                if finding.link == link and finding.instance and finding.host and finding.addresses:
                    instance = Name(finding.instance, self.name.service, self.name.protocol)
                    packet.answers.append(Record(self.name, Kind.PTR, instance, PTR_TTL_S))
        return packet

    def take(self, record: Record, link: Link) -> bool:
        """Look at what somebody says over ``link`` of a name that is not ours; returns whether it is looked for."""
        match record.data:
            case str():
                self._take_address(record, record.data, link)
                return True
            case Name() if self._is_service(record.name):
                self._instance(record.data.host, link)
            case Target() if self._is_service(record.name):
                found = self._instance(record.name.host, link)
                if found is not None and not found.host:
                    found.host, found.port = record.data.host, record.data.port
            case bytes() if self._is_service(record.name):
                found = self._instance(record.name.host, link)
                if found is not None and not found.txt:
                    found.txt = list(txt_items(record.data))
            case _:
                return False
        return True

    def _is_service(self, name: Name) -> bool:
        return self.kind is Kind.PTR and name.folded[1:] == self.name.folded[1:]

    def _take_address(self, record: Record, address: str, link: Link) -> None:
        host = record.name.host.lower()
        here = [finding for finding in self.findings if finding.link == link]
        if self.kind is Kind.PTR:
            found = next((finding for finding in here if finding.host.lower() == host), None)
        elif record.kind is self.kind and host == self.name.host.lower():
            found = here[0] if here else self._add(Finding(link))
        else:
            return
        if found is not None and address not in found.addresses:
            found.addresses.insert(0, address)

    def _instance(self, instance: str, link: Link) -> Finding | None:
        for finding in self.findings:
            if finding.link == link and finding.instance.lower() == instance.lower():
                return finding
        return self._add(Finding(link, instance))

    def _add(self, finding: Finding) -> Finding | None:
        if self.has_enough:
            return None
        self.findings.insert(0, finding)
        return finding


def txt_items(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values as ``_mdns_result_txt_create`` takes them apart; none if a length in ``data`` is wrong.

    One without ``=`` makes it lose its place: the next length is skipped, and the byte behind taken for it. What it
    reads behind the end is left out here.
    """
    if len(data) <= 1 or not _lengths_fit(data):
        return
    items: list[tuple[bytes, bytes]] = []
    index = 0
    while index < len(data):
        length = data[index]
        index += 1
        if not length:
            break
        if index + length > len(data):
            return
        key, _, value = data[index : index + length].partition(b"=")
        index += length if not key or len(key) < length else length + 1
        if key:
            items.append((key, value))
    yield from items


def _lengths_fit(data: bytes) -> bool:
    index = 0
    while index < len(data) and data[index]:
        index += 1 + data[index]
    return index <= len(data)
