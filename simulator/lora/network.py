"""A LoRaWAN network: a server that knows its nodes, and the gateway on a roof that it hears and answers them with.

As The Things Network does it in Europe: eight channels, second window at SF9, frame counters that must rise. A downlink
waits for the next uplink of its node, because only then the node listens. Other gateways may bring frames too
(`LoraNetwork.forward`); the server takes the first copy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.errors import UsageError
from simulator.lora.air import NODE_RSSI_DBM, LoraAir, Transmission
from simulator.lora.channels import DEFAULT_HZ
from simulator.lora.frames import (
    EUI_BYTES,
    KEY_BYTES,
    OPTIONS_BYTES_MAX,
    Control,
    DataFrame,
    DataHeader,
    FrameType,
    JoinAccept,
    JoinRequest,
    Session,
    frame_type,
    is_signed_with,
)
from simulator.lora.mac import RX2_HZ
from simulator.lora.phy import FSK_SPREADING, DataRate, Modulation, airtime_ns
from simulator.rng import Rng
from simulator.units import NS_PER_S

NET_ID: Final = 0x000013
"""The Things Network's."""
JOIN_DELAY_S, DATA_DELAY_S = 5, 1
SECOND_WINDOW_S: Final = 1
RX2_RATE: Final = DataRate.SF9
MORE_CHANNELS_HZ: Final = (867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000)
COUNTER_GAP_MAX: Final = 16_384
"""``MAX_FCNT_GAP``: a counter that is farther ahead counts as one that is behind."""
DOWNLINK_BYTES_MAX: Final = 222

_FSK_HZ: Final = 868_800_000
_GATEWAY: Final = "gateway"
_COPIES_NS: Final = NS_PER_S
_SLOT_NS: Final = 10 * NS_PER_S
_PORTS: Final = range(1, 224)


@dataclass(frozen=True, slots=True)
class Uplink:
    """What a node has sent, as the application gets it. ``port`` is None for a frame without data."""

    time_ns: int
    counter: int
    port: int | None
    payload: bytes
    is_confirmed: bool
    modulation: Modulation
    frequency_hz: int
    rssi_dbm: int
    gateway: str


@dataclass(frozen=True, slots=True)
class _Downlink:
    port: int
    payload: bytes
    is_confirmed: bool


class Node:
    """A node as the server knows it, and what was heard from it. ``resets_counter``: it may begin to count again."""

    def __init__(
        self, dev_eui: bytes, app_eui: bytes, app_key: bytes, session: Session | None, *, resets_counter: bool = False
    ) -> None:
        self.dev_eui = dev_eui
        self.app_eui = app_eui
        self.app_key = app_key
        self.session = session
        self.resets_counter = resets_counter
        self.uplinks: list[Uplink] = []
        self.counter_up = -1
        """The last one that was taken."""
        self.counter_down = 0
        self.nonces: set[int] = set()
        self.queue: deque[_Downlink] = deque()
        self.commands = b""
        """What the network orders with its next downlink (LoRaWAN 1.0.2, 5)."""
        self.owes_ack = False
        self.owes_answer = False

    def send(self, port: int, payload: bytes, *, confirmed: bool = False) -> None:
        """Send data with the next frame down. Raises `UsageError` for a port or a length that no frame has."""
        if port not in _PORTS or len(payload) > DOWNLINK_BYTES_MAX:
            raise UsageError(
                f"a downlink has a port from {_PORTS.start} to {_PORTS.stop - 1} and at most {DOWNLINK_BYTES_MAX} "
                f"bytes, not port {port} and {len(payload)} bytes"
            )
        self.queue.append(_Downlink(port, payload, confirmed))

    def order(self, commands: bytes) -> None:
        """Send commands of the MAC layer with the next frame down. Raises `UsageError` if they are too long."""
        if len(self.commands + commands) > OPTIONS_BYTES_MAX:
            raise UsageError(f"a frame has room for {OPTIONS_BYTES_MAX} bytes of commands")
        self.commands += commands

    @property
    def wants_downlink(self) -> bool:
        """Whether there is anything to send."""
        return bool(self.queue or self.commands or self.owes_ack or self.owes_answer)

    def begin(self, session: Session) -> None:
        """Begin a session: everything counts from the beginning."""
        self.session = session
        self.counter_up, self.counter_down = -1, 0
        self.owes_ack = self.owes_answer = False

    def next_downlink(self) -> DataFrame:
        """Take what there is to send."""
        assert self.session is not None
        control = Control.ACK if self.owes_ack else 0
        options, self.commands = self.commands, b""
        self.owes_ack = self.owes_answer = False
        down = self.queue.popleft() if self.queue else None
        if self.queue:
            control |= Control.PENDING
        counter, self.counter_down = self.counter_down, self.counter_down + 1
        return DataFrame(
            FrameType.CONFIRMED_DOWN if down is not None and down.is_confirmed else FrameType.UNCONFIRMED_DOWN,
            self.session.dev_addr,
            counter,
            control,
            options,
            None if down is None else down.port,
            b"" if down is None else down.payload,
        )


@dataclass(slots=True)
class _Slot:
    """The two moments when a node listens, after the frame ``uplink``."""

    node: Node
    uplink: Transmission
    delay_s: int
    accept: bytes | None

    def window(self, number: int) -> tuple[int, int, Modulation]:
        """Return when the first or second window begins, on which frequency, and how one sends there."""
        begin_ns = self.uplink.end_ns + (self.delay_s + (number - 1) * SECOND_WINDOW_S) * NS_PER_S
        if number == 1:
            return begin_ns, self.uplink.frequency_hz, self.uplink.modulation
        return begin_ns, RX2_HZ, RX2_RATE.modulation


class LoraNetwork:
    """Server and gateway. ``rssi_dbm`` is how gateway and nodes receive each other, ``is_on`` whether it has power.

    ``window`` is the one in which it answers. ``emit`` writes an event, ``on_uplink`` hears what nodes send. With
    ``any_app_key``, in hexadecimal, a node that is not known is let in if it has this key.
    """

    def __init__(self, air: LoraAir, rng: Rng, emit: Callable[..., None], *, any_app_key: str = "") -> None:
        self._rng = rng
        self._emit = emit
        self._nodes: list[Node] = []
        self._slots: list[_Slot] = []
        self._copies: dict[bytes, int] = {}
        self.rssi_dbm = NODE_RSSI_DBM
        self.is_on = True
        self.window = 1
        self._any_app_key = _hex(any_app_key, KEY_BYTES) if any_app_key else b""
        self.on_uplink: Callable[[Node, Uplink], None] = lambda _node, _uplink: None
        air.add_receiver(self._heard_on_the_roof)
        air.add_station(self)

    def add_node(self, dev_eui: str, app_eui: str, app_key: str) -> Node:
        """Let a node join with these keys, in hexadecimal. Raises `UsageError` for what is none."""
        node = Node(_hex(dev_eui, EUI_BYTES), _hex(app_eui, EUI_BYTES), _hex(app_key, KEY_BYTES), None)
        self._nodes.append(node)
        return node

    def add_personalized(
        self, dev_addr: str, nwk_skey: str, app_skey: str, *, resets_counter: bool = False
    ) -> Node:  # fmt: skip
        """Know a node that never joins, in hexadecimal. Raises `UsageError` for what is none.

        Unless it ``resets_counter``, a node that has lost its power is not heard again until it has counted as far.
        """
        address = int.from_bytes(_hex(dev_addr, 4), "big")
        session = Session(address, _hex(nwk_skey, KEY_BYTES), _hex(app_skey, KEY_BYTES))
        node = Node(b"", b"", b"", session, resets_counter=resets_counter)
        self._nodes.append(node)
        return node

    # -- up -------------------------------------------------------------------------------------------------------

    def _heard_on_the_roof(self, transmission: Transmission) -> None:
        audible = self.rssi_dbm >= transmission.modulation.sensitivity_dbm
        if self.is_on and audible and _is_listened_to(transmission.frequency_hz, transmission.modulation):
            self.forward(transmission, _GATEWAY, self.rssi_dbm)

    def forward(self, transmission: Transmission, gateway: str, rssi_dbm: int) -> None:
        """Take a frame that a gateway has received, unless another one has brought it already."""
        data, now_ns = transmission.data, transmission.end_ns
        self._copies = {copy: at_ns for copy, at_ns in self._copies.items() if at_ns > now_ns - _COPIES_NS}
        if data in self._copies:
            return
        self._copies[data] = now_ns
        request = JoinRequest.from_bytes(data)
        header = DataHeader.from_bytes(data)
        if request is not None:
            self._join(request, transmission)
        elif header is not None and not header.kind.is_down:
            self._take(header, transmission, gateway, rssi_dbm)
        else:
            kind = frame_type(data)
            self._emit("lora.refused", why="not a frame for a network", type=kind.name if kind is not None else None)

    def _join(self, request: JoinRequest, transmission: Transmission) -> None:
        names = {"dev_eui": request.dev_eui.hex(), "app_eui": request.app_eui.hex()}
        node = self._joining(request)
        if node is None:
            self._emit("lora.refused", why="unknown node", **names)
        elif not is_signed_with(node.app_key, transmission.data):
            self._emit("lora.refused", why="wrong key", **names)
        elif request.dev_nonce in node.nonces:
            self._emit("lora.refused", why="the nonce was used before", **names)
        else:
            node.nonces.add(request.dev_nonce)
            net_id = NET_ID.to_bytes(3, "little")
            address = (NET_ID & 0x7F) << 25 | self._rng.integer(0, (1 << 25) - 1)
            accept = JoinAccept(self._rng.bytes(3), net_id, address, RX2_RATE, DATA_DELAY_S, MORE_CHANNELS_HZ)
            node.begin(accept.session(node.app_key, request.dev_nonce))
            self._slots.append(_Slot(node, transmission, JOIN_DELAY_S, accept.to_bytes(node.app_key)))
            self._emit("lora.join", **names, dev_addr=f"{address:08x}")

    def _joining(self, request: JoinRequest) -> Node | None:
        for node in self._nodes:
            if (node.dev_eui, node.app_eui) == (request.dev_eui, request.app_eui):
                return node
        if not self._any_app_key:
            return None
        node = Node(request.dev_eui, request.app_eui, self._any_app_key, None)
        self._nodes.append(node)
        return node

    def _take(self, header: DataHeader, transmission: Transmission, gateway: str, rssi_dbm: int) -> None:
        known = [node for node in self._nodes if node.session and node.session.dev_addr == header.dev_addr]
        why = "unknown address"
        for node in known:
            assert node.session is not None
            next_counter = node.counter_up + 1
            gap = header.counter_low - next_counter & 0xFFFF
            if gap > COUNTER_GAP_MAX and not (node.resets_counter and header.counter_low <= COUNTER_GAP_MAX):
                why = "counter"
                continue
            frame = DataFrame.from_bytes(transmission.data, node.session, next_counter if gap <= COUNTER_GAP_MAX else 0)
            if frame is None:
                why = "wrong key"
                continue
            self._accept(node, frame, transmission, gateway, rssi_dbm)
            return
        self._emit("lora.refused", why=why, dev_addr=f"{header.dev_addr:08x}", counter=header.counter_low)

    def _accept(self, node: Node, frame: DataFrame, sent: Transmission, gateway: str, rssi_dbm: int) -> None:
        node.counter_up = frame.counter
        node.owes_ack = node.owes_ack or frame.is_confirmed
        node.owes_answer = node.owes_answer or frame.has(Control.ADR_ACK_REQUEST)
        uplink = Uplink(
            sent.end_ns,
            frame.counter,
            frame.port,
            frame.payload,
            frame.is_confirmed,
            sent.modulation,
            sent.frequency_hz,
            rssi_dbm,
            gateway,
        )
        node.uplinks.append(uplink)
        self._slots.append(_Slot(node, sent, DATA_DELAY_S, None))
        self._emit(
            "lora.uplink",
            dev_addr=f"{frame.dev_addr:08x}",
            counter=frame.counter,
            port=frame.port,
            data=frame.payload.hex(),
            options=frame.options.hex(),
            confirmed=frame.is_confirmed,
            ack=frame.has(Control.ACK),
            rate=str(sent.modulation),
            frequency=sent.frequency_hz,
            rssi=rssi_dbm,
            gateway=gateway,
        )
        self.on_uplink(node, uplink)

    # -- down -----------------------------------------------------------------------------------------------------

    def sent(self, frequency_hz: int, modulation: Modulation, open_ns: int, close_ns: int) -> Transmission | None:
        """See `simulator.lora.air.Station`: what is sent is decided when the node begins to listen."""
        self._slots = [slot for slot in self._slots if slot.uplink.end_ns > open_ns - _SLOT_NS]
        if not self.is_on:
            return None
        for slot in self._slots:
            begin_ns, sends_on, sends_as = slot.window(self.window)
            if (sends_on, sends_as) != (frequency_hz, modulation) or not (slot.accept or slot.node.wants_downlink):
                continue
            probe = self._transmission(b"", sends_on, sends_as, begin_ns)
            if probe.is_caught(open_ns, close_ns):
                self._slots.remove(slot)
                return self._transmission(self._downlink(slot), sends_on, sends_as, begin_ns)
        return None

    def _transmission(self, data: bytes, frequency_hz: int, modulation: Modulation, begin_ns: int) -> Transmission:
        end_ns = begin_ns + airtime_ns(modulation, len(data), crc=False)
        return Transmission(_GATEWAY, frequency_hz, modulation, begin_ns, end_ns, data, self.rssi_dbm)

    def _downlink(self, slot: _Slot) -> bytes:
        if slot.accept is not None:
            return slot.accept
        node = slot.node
        assert node.session is not None
        frame = node.next_downlink()
        self._emit(
            "lora.downlink",
            dev_addr=f"{frame.dev_addr:08x}",
            counter=frame.counter,
            port=frame.port,
            data=frame.payload.hex(),
            options=frame.options.hex(),
            confirmed=frame.is_confirmed,
            ack=frame.has(Control.ACK),
            window=self.window,
        )
        return frame.to_bytes(node.session)


def _is_listened_to(frequency_hz: int, modulation: Modulation) -> bool:
    """Return whether the gateway's channels have such frames: eight for LoRa, one fast one, one for FSK."""
    if modulation.spreading == FSK_SPREADING:
        return frequency_hz == _FSK_HZ
    if modulation == DataRate.SF7B.modulation:
        return frequency_hz == DEFAULT_HZ[1]
    return frequency_hz in (*DEFAULT_HZ, *MORE_CHANNELS_HZ)


def _hex(text: str, length: int) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not hexadecimal") from error
    if len(value) != length:
        raise UsageError(f"{text!r}: this has {length} bytes, so {2 * length} digits")
    return value
