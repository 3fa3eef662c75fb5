"""net.service.can: the CAN bus over TCP, as far as the firmware's gateway gets with it."""

from __future__ import annotations

import pytest
import trio

from simulator.hardware.parts.serial_parts import CanPeer
from tests.device.stage import JOIN, Stage, staged
from tests.device.test_pins_and_pulses import error_of

NODE = {"type": "can-node", "name": "node", "tx": 12, "rx": 14}
START = JOIN + "net.service.can.start(0, 500, 2000) "
WAIT = "while true do tmr.sleepms(100) end"
TALKATIVE = {"/system.lua": "os.loglevel(os.LOG_INFO)"}


def node_of(stage: Stage) -> CanPeer:
    node = stage.board.bench.part("node")
    assert isinstance(node, CanPeer)
    return node


async def client_of(stage: Stage) -> trio.abc.HalfCloseableStream:
    """Wait for the gateway, and connect to it."""
    while b"gateway: started" not in stage.board.console:
        await stage.wait(0.1)
    host = stage.world.network.add_host("client", "203.0.113.77")
    return await host.connect(stage.world.network.interface("b0").address, 2000)


async def received(stream: trio.abc.HalfCloseableStream) -> bytes:
    data = b""
    with trio.move_on_after(2):
        data += bytes(await stream.receive_some())
    return data


@staged(board="GENERIC", parts=[NODE], files=TALKATIVE, script=START + WAIT)
async def test_only_extended_frames_are_forwarded_and_their_length_is_one(stage: Stage) -> None:
    stage.power_on()
    stream = await client_of(stage)
    await stage.wait(0.5)
    node_of(stage).text_given("send", "123#0102", stage.world.now_ns())
    node_of(stage).text_given("send", "12345678#0a0b0c", stage.world.now_ns())
    assert await received(stream) == bytes.fromhex("78563412 01 000000 0a0b0c0000000000")
    for line in ("can0 at pins tx=GPIO12, rx=GPIO14", "can0 gateway: started at port 2000",
                 "can0 gateway: client connected"):  # fmt: skip
        assert f"{line}\r\r\n" in stage.console


@staged(board="GENERIC", parts=[NODE], files=TALKATIVE, script=START + WAIT)
async def test_what_a_client_sends_does_not_reach_the_bus(stage: Stage) -> None:
    stage.power_on()
    stream = await client_of(stage)
    await stream.send_all(bytes.fromhex("23010000 02 000000 0102000000000000"))
    await stage.wait(1)
    assert node_of(stage).heard == []


@staged(board="GENERIC", parts=[NODE], files=TALKATIVE, script=START + WAIT)
async def test_when_a_client_has_gone_nobody_serves_the_next_one(stage: Stage) -> None:
    stage.power_on()
    first = await client_of(stage)
    await stage.wait(0.5)
    await first.aclose()
    for _ in range(2):  # the first one is answered with a reset
        node_of(stage).text_given("send", "12345678#", stage.world.now_ns())
        await stage.wait(0.5)
    assert "can0 gateway: can't write to socket" in stage.console
    host = stage.world.network.add_host("other", "203.0.113.78")
    await host.connect(stage.world.network.interface("b0").address, 2000)
    await stage.wait(1)
    assert stage.console.count("client connected") == 1


STOP = """
print(net.service.can.running())
net.service.can.stop()
print(net.service.can.running())
print((select(2, pcall(net.service.can.stop))))
net.service.can.start(0, 500, 2000)
"""


@staged(board="GENERIC", parts=[NODE], script=START + STOP)
async def test_it_stops_with_an_empty_frame_and_its_controller_stays_set_up(stage: Stage) -> None:
    lines = [line for line in (await stage.printed()).split("\r\n") if not line.startswith("can0 ")]
    assert lines[:3] == ["true", "false", "369098759:gateway not started"]
    assert lines[3].endswith("369098763:invalid state")
    assert [str(frame) for frame in node_of(stage).heard] == ["000#"]


@staged(
    board="GENERIC", parts=[NODE], files=TALKATIVE, script=START + "tmr.sleep(5) net.service.can.stop() print('over')"
)
async def test_with_a_client_stopping_waits_for_a_frame(stage: Stage) -> None:
    stage.power_on()
    await client_of(stage)
    await stage.wait(20)
    assert "over" not in stage.console
    node_of(stage).text_given("send", "123#", stage.world.now_ns())
    await stage.wait(1)
    assert "over" in stage.console


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("net.service.can.start(1, 500, 2000)", "369098754:invalid unit"),
        ("net.service.can.start(0, 500)", "bad argument #3 to 'start' (number expected, got no value)"),
        ("can.attach(0, 500) net.service.can.start(0, 500, 2000)", "369098763:invalid state"),
        ("net.service.can.stop()", "369098759:gateway not started"),
    ],
)
def test_it_refuses_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text
