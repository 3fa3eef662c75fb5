"""A board as a gateway with one channel: what it receives goes to a server by UDP
(``components/lora/gateway/single_channel/gateway.c``).

The protocol is Semtech's packet forwarder, version 1. It only forwards what comes up: the firmware takes note of what
the server sends for nodes, and sends nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import trio

from simulator.console import Level
from simulator.device.drivers.shared import Network, Shared
from simulator.lora import Modulation, Transmission
from simulator.network import Datagrams, LinkDownError
from simulator.network.interface import Endpoint

FREQUENCIES_HZ: Final = (
    868_100_000, 868_300_000, 868_500_000, 867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000, 868_800_000,
)  # fmt: skip
RATES: Final = range(6)
ALIVE_S: Final = 30.0
"""How often it reports its statistics, and asks for frames to send."""
POLL_S: Final = 1.0
ACK_WAIT_S: Final = 0.2
ACK_TRIES: Final = 3
QUEUE_MAX: Final = 100

PROTOCOL_VERSION: Final = 1
PUSH_DATA, PUSH_ACK, PULL_DATA, PULL_RESP, PULL_ACK = range(5)

_BANDWIDTH_HZ: Final = 125_000
_RSSI_ERROR_DB: Final = 20
"""The firmware takes 137 from the register where a SX1276 wants 157."""
_SNR_DB: Final = 9.0
"""What is reported of every frame. Our choice: a good reception."""
_TOKEN_MAX: Final = 0xFFFF


class SingleChannelGateway:
    """The gateway of one board, with the EUI ``eui``, for the server at ``server``."""

    def __init__(self, shared: Shared, network: Network, server: Endpoint, eui: bytes) -> None:
        self._shared = shared
        self._network = network
        self._server = server
        self._eui = eui
        self._rng = shared.radio.rng.child("lora gateway")
        self._queue: list[Transmission] = []
        self._arrived = trio.lowlevel.ParkingLot()
        self._scope = trio.CancelScope()
        self._forwarded = self._received = 0
        self._frequency = 0
        self._modulation = Modulation(7, _BANDWIDTH_HZ)
        self._leave_air: Callable[[], None] = shared.radio.airwaves.lora.add_receiver(self._heard)
        network.nursery.start_soon(self._run, name="lora gateway")

    def tune(self, frequency: int, rate: int) -> None:
        """Listen to the frequency of this number, at this data rate."""
        self._frequency = frequency
        self._modulation = Modulation(12 - rate, _BANDWIDTH_HZ)

    def stop(self) -> None:
        """Be gone."""
        self._leave_air()
        self._scope.cancel()

    def _heard(self, frame: Transmission) -> None:
        tuned = (FREQUENCIES_HZ[self._frequency], self._modulation) == (frame.frequency_hz, frame.modulation)
        if tuned and frame.rssi_dbm >= frame.modulation.sensitivity_dbm and len(self._queue) < QUEUE_MAX:
            self._received += 1
            self._queue.append(frame)
            self._arrived.unpark_all()

    # -- the two tasks --------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        interface = self._network.interface
        up, down = interface.open_datagrams(), interface.open_datagrams()
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._keep_alive, down, name="lora gateway down")
                    await self._forward(up)
        finally:
            up.close()
            down.close()

    async def _forward(self, socket: Datagrams) -> None:
        """Send what has come, and every half minute how much that was."""
        last_report = -ALIVE_S
        while True:
            with trio.move_on_after(POLL_S if self._queue else self._until(last_report)):
                while not self._queue:
                    await self._arrived.park()
            parts = [self._describe(self._queue.pop(0))] if self._queue else []
            if trio.current_time() - last_report > ALIVE_S:
                last_report = trio.current_time()
                parts.append(self._statistics())
            if not parts:
                continue
            token = self._token()
            header = bytes((PROTOCOL_VERSION,)) + token + bytes((PUSH_DATA,)) + self._eui
            self._log("-> PUSH_DATA")
            if await self._send(socket, header + f"{{{','.join(parts)}}}".encode()):
                acknowledgement = bytes((PROTOCOL_VERSION,)) + token + bytes((PUSH_ACK,))
                self._forwarded += await self._is_acknowledged(socket, acknowledgement)

    @staticmethod
    def _until(last_report: float) -> float:
        return max(0.0, last_report + ALIVE_S - trio.current_time()) + POLL_S

    async def _is_acknowledged(self, socket: Datagrams, expected: bytes) -> bool:
        for _ in range(ACK_TRIES):
            with trio.move_on_after(ACK_WAIT_S):
                data, _sender = await socket.receive_from()
                if data[:4] == expected:
                    self._log("<- PUSH_ACK")
                    return True
        self._log("<- PUSH_ACK not received")
        return False

    async def _keep_alive(self, socket: Datagrams) -> None:
        """Tell the server where frames for nodes can be sent to, and take note of what it sends."""
        while True:
            token = self._token()
            request = bytes((PROTOCOL_VERSION,)) + token + bytes((PULL_DATA,)) + self._eui
            await self._send(socket, request)
            self._log("-> PULL_DATA")
            with trio.move_on_after(ALIVE_S):
                while True:
                    data, _sender = await socket.receive_from()
                    if data[3:4] == bytes((PULL_RESP,)):
                        self._log("<- PULL_RESP")
                    elif data[3:4] == bytes((PULL_ACK,)):
                        self._log("<- PULL_ACK" if data[1:3] == token else "<- PULL_ACK unexpected")

    async def _send(self, socket: Datagrams, data: bytes) -> bool:
        try:
            await socket.send_to(data, self._server)
        except LinkDownError:
            return False
        return True

    def _token(self) -> bytes:
        return self._rng.integer(0, _TOKEN_MAX).to_bytes(2, "big")

    def _log(self, text: str) -> None:
        self._shared.console.log(Level.DEBUG, f"lora gw: {text}".encode())

    # -- what it tells --------------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._network.epoch(), UTC)

    def _describe(self, frame: Transmission) -> str:
        now = self._now()
        return (
            f'"rxpk":[{{"time":"{now:%Y-%m-%dT%H:%M:%S}.00000Z","tmst":{int(now.timestamp())},'
            f'"chan":{self._frequency},"rfch":0,"freq":{frame.frequency_hz / 1e6:.5f},"stat":1,"modu":"LORA",'
            f'"datr":"{frame.modulation}","codr":"4/5","rssi":{frame.rssi_dbm + _RSSI_ERROR_DB},"lsnr":{_SNR_DB:.1f},'
            f'"size":{len(frame.data)},"data":"{base64.b64encode(frame.data).decode()}"}}]'
        )

    def _statistics(self) -> str:
        return (
            f'"stat":{{"time":"{self._now():%Y-%m-%d %H:%M:%S} GMT","lati":0.00000,"long":0.00000,"alti":0,'
            f'"rxnb":{self._received},"rxok":{self._received},"rxfw":{self._forwarded},"ackr":0.000000,"dwnb":0,"txnb":0}}'
        )
