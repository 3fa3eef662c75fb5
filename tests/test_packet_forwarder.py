"""The server's side of Semtech's UDP protocol."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import trio

from simulator.lora import DataRate
from simulator.packet_forwarder import PORT, frames_in
from simulator.world import LORA_SERVER_NAME, World, run_in_world

PACKET = {"freq": 868.3, "datr": "SF9BW125", "rssi": -97, "data": base64.b64encode(b"\xe0hello").decode()}


def report(**changes: Any) -> bytes:
    return json.dumps({"rxpk": [{**PACKET, **changes}]}).encode()


def test_a_reported_frame_is_read() -> None:
    ((frame, rssi_dbm),) = frames_in(report(), "aa", 5)
    assert (frame.data, frame.frequency_hz, frame.modulation) == (b"\xe0hello", 868_300_000, DataRate.SF9.modulation)
    assert (frame.sender, frame.end_ns, rssi_dbm) == ("aa", 5, -97)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"rxpk": 5}',
        b'{"rxpk": [5]}',
        report(datr="FSK"),
        report(datr=50_000),
        report(freq="x"),
        report(data="*"),
        report(rssi=None),
        json.dumps({"rxpk": [{}]}).encode(),
    ],
)
def test_what_makes_no_sense_is_left_out(data: bytes) -> None:
    assert frames_in(data, "aa", 5) == []


def test_datagrams_are_acknowledged_as_the_protocol_wants() -> None:
    async def main(world: World) -> tuple[list[bytes], list[dict[str, Any]]]:
        events: list[dict[str, Any]] = []
        world.events.subscribe(events.append)
        world.add_lora_network()
        gateway = world.network.add_host("gateway", "203.0.113.77")
        socket = gateway.open_datagrams()
        (server,) = await gateway.resolve(LORA_SERVER_NAME)
        answers = []
        for request in (b"\1ab\0" + bytes(8) + report(), b"\2cd\2" + bytes(8)):
            await socket.send_to(request, (server, PORT))
            answers.append((await socket.receive_from())[0])
        for nonsense in (b"", b"\1ab\0", b"\3ab\0" + bytes(8), b"\1ab\5" + bytes(8)):
            await socket.send_to(nonsense, (server, PORT))
        with trio.move_on_after(5):
            answers.append((await socket.receive_from())[0])
        return answers, events

    answers, events = run_in_world(main)
    assert answers == [b"\1ab\1", b"\2cd\4"]
    assert [(event["board"], event["kind"]) for event in events] == [("lora", "lora.refused")]
