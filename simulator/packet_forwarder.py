"""The server's side of Semtech's UDP protocol: what gateways of all kinds bring goes to a LoRaWAN network.

Versions 1 and 2 (``PROTOCOL.TXT`` of Semtech's packet_forwarder). Frames for nodes are not handed to such gateways: the
network answers by its own.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, Final

import trio

from simulator.lora import LoraNetwork, Modulation, Transmission
from simulator.network import Datagrams

PORT: Final = 1700
PUSH_DATA, PUSH_ACK, PULL_DATA, PULL_RESP, PULL_ACK = range(5)

_VERSIONS: Final = (1, 2)
_EUI_END: Final = 12


async def serve_packet_forwarders(socket: Datagrams, network: LoraNetwork, now_ns: Callable[[], int]) -> None:
    """Acknowledge what gateways send, and hand their frames to ``network``, until the socket is closed."""
    while True:
        try:
            data, sender = await socket.receive_from()
        except trio.ClosedResourceError:
            return
        if len(data) < _EUI_END or data[0] not in _VERSIONS or data[3] not in (PUSH_DATA, PULL_DATA):
            continue
        await socket.send_to(data[:3] + bytes((PUSH_ACK if data[3] == PUSH_DATA else PULL_ACK,)), sender)
        if data[3] == PUSH_DATA:
            for frame, rssi_dbm in frames_in(data[_EUI_END:], data[4:_EUI_END].hex(), now_ns()):
                network.forward(frame, frame.sender, rssi_dbm)


def frames_in(report: bytes, gateway: str, now_ns: int) -> list[tuple[Transmission, int]]:
    """Return the frames in what a gateway reports, with how strong each was; what makes no sense is left out."""
    try:
        told = json.loads(report)
        packets = told.get("rxpk", ())
        return [frame for packet in packets if (frame := _frame_of(packet, gateway, now_ns)) is not None]
    except (ValueError, AttributeError, TypeError):
        return []


def _frame_of(packet: dict[str, Any], gateway: str, now_ns: int) -> tuple[Transmission, int] | None:
    try:
        spreading, _, bandwidth = str(packet["datr"]).removeprefix("SF").partition("BW")
        modulation = Modulation(int(spreading), int(bandwidth) * 1000)
        frequency_hz, rssi_dbm = round(packet["freq"] * 1_000_000), int(packet["rssi"])
        data = base64.b64decode(packet["data"], validate=True)
    except (KeyError, ValueError, TypeError, binascii.Error):
        return None
    return Transmission(gateway, frequency_hz, modulation, now_ns, now_ns, data, rssi_dbm), rssi_dbm
