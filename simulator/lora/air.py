"""The air of a world as LoRa has it: frames on their way up, who receives them, and what the gateways send down.

A node tells when it begins to send and when it has ended (`begin`, `end`). What it gets in a window of its own it asks
for when that opens (`listen`): only then a gateway has to know what it has been sending at that moment.

Nodes do not hear nodes, nor gateways gateways: down goes with the signal inverted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from simulator.lora.phy import PREAMBLE_QUARTERS, Modulation
from simulator.units import NS_PER_S

NODE_RSSI_DBM: Final = -80
"""How a gateway and a node receive each other unless told otherwise. Our choice: the next house."""

CAPTURE_DB: Final = 6
"""Of two frames at the same time the stronger survives if it is so much stronger (Semtech AN1200.22)."""

_DETECTED_QUARTERS: Final = 16
"""A receiver has to hear so much of a preamble, in quarters of symbols (our choice)."""
_FORGOTTEN_NS: Final = 10 * NS_PER_S
"""The longest frame takes less than three seconds."""


@dataclass(frozen=True, slots=True)
class Transmission:
    """A frame on the air. ``rssi_dbm`` is how it arrives."""

    sender: str
    frequency_hz: int
    modulation: Modulation
    begin_ns: int
    end_ns: int
    data: bytes
    rssi_dbm: int

    def is_caught(self, open_ns: int, close_ns: int) -> bool:
        """Return whether a receiver that listens from ``open_ns`` to ``close_ns`` notices the preamble."""
        quarter_ns = self.modulation.symbol_ns / 4
        preamble_end_ns = self.begin_ns + PREAMBLE_QUARTERS * quarter_ns
        heard_ns = min(preamble_end_ns, close_ns) - max(self.begin_ns, open_ns)
        return heard_ns >= _DETECTED_QUARTERS * quarter_ns


class Station(Protocol):
    """A gateway that also sends."""

    def sent(self, frequency_hz: int, modulation: Modulation, open_ns: int, close_ns: int) -> Transmission | None:
        """Return what it sends that a receiver notices that listens then."""


class LoraAir:
    """The frames of a world."""

    def __init__(self) -> None:
        self._receivers: list[Callable[[Transmission], None]] = []
        self._stations: list[Station] = []
        self._recent: list[Transmission] = []

    def add_receiver(self, heard: Callable[[Transmission], None]) -> Callable[[], None]:
        """Tell ``heard`` of every frame of a node that nobody else drowned; returns the function that ends it."""
        self._receivers.append(heard)
        return lambda: self._receivers.remove(heard)

    def add_station(self, station: Station) -> None:
        """Let ``station`` send to nodes."""
        self._stations.append(station)

    def begin(self, transmission: Transmission) -> None:
        """A node begins to send."""
        horizon_ns = transmission.begin_ns - _FORGOTTEN_NS
        self._recent = [other for other in self._recent if other.end_ns > horizon_ns]
        self._recent.append(transmission)

    def end(self, transmission: Transmission) -> None:
        """A node has sent all of it: who is listening has received it, unless another node drowned it."""
        if not any(self._drowns(other, transmission) for other in self._recent):
            for heard in tuple(self._receivers):
                heard(transmission)

    def listen(self, frequency_hz: int, modulation: Modulation, open_ns: int, close_ns: int) -> Transmission | None:
        """Return the frame for nodes that a node notices that listens then; None if there is none."""
        for station in self._stations:
            sent = station.sent(frequency_hz, modulation, open_ns, close_ns)
            if sent is not None and sent.rssi_dbm >= modulation.sensitivity_dbm:
                return sent
        return None

    @staticmethod
    def _drowns(other: Transmission, wanted: Transmission) -> bool:
        return (
            other is not wanted
            and other.frequency_hz == wanted.frequency_hz
            and other.modulation == wanted.modulation
            and other.begin_ns < wanted.end_ns
            and wanted.begin_ns < other.end_ns
            and wanted.rssi_dbm < other.rssi_dbm + CAPTURE_DB
        )
