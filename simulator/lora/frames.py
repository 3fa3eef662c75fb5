"""The frames of LoRaWAN 1.0.2 as bytes: joining, and data in both directions, with their keys and checks.

Section numbers below are those of the specification. Identifiers (EUIs) are bytes in the order in which people write
them; on the air they go the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

KEY_BYTES: Final = 16
EUI_BYTES: Final = 8
MIC_BYTES: Final = 4
BLOCK_BYTES: Final = 16
JOIN_REQUEST_BYTES: Final = 23
JOIN_ACCEPT_BYTES: Final = 17
JOIN_ACCEPT_WITH_CHANNELS_BYTES: Final = JOIN_ACCEPT_BYTES + BLOCK_BYTES
DATA_BYTES_MIN: Final = 12
OPTIONS_BYTES_MAX: Final = 15

_TYPE_SHIFT: Final = 5
_MAJOR_BITS: Final = 0b11
_OPTIONS_AT: Final = 8
_KEY_NETWORK, _KEY_APPLICATION = 1, 2


class FrameType(IntEnum):
    """What a frame is (4.2.1)."""

    JOIN_REQUEST = 0
    JOIN_ACCEPT = 1
    UNCONFIRMED_UP = 2
    UNCONFIRMED_DOWN = 3
    CONFIRMED_UP = 4
    CONFIRMED_DOWN = 5
    REJOIN = 6
    PROPRIETARY = 7

    @property
    def header(self) -> bytes:
        """The first byte of such a frame."""
        return bytes((self << _TYPE_SHIFT,))

    @property
    def is_down(self) -> bool:
        """Whether it is data for a node."""
        return self in (FrameType.UNCONFIRMED_DOWN, FrameType.CONFIRMED_DOWN)


class Control(IntEnum):
    """Bits of the frame control byte (4.3.1)."""

    ADR = 0x80
    ADR_ACK_REQUEST = 0x40
    ACK = 0x20
    PENDING = 0x10
    OPTIONS_LENGTH = 0x0F


def frame_type(data: bytes) -> FrameType | None:
    """Return what a frame says it is; None if it is empty or of another major version."""
    return FrameType(data[0] >> _TYPE_SHIFT) if data and not data[0] & _MAJOR_BITS else None


def _encrypt_blocks(key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 (as the specification has it)
    return encryptor.update(data) + encryptor.finalize()


def _decrypt_blocks(key: bytes, data: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.ECB()).decryptor()  # noqa: S305
    return decryptor.update(data) + decryptor.finalize()


def _mic(key: bytes, data: bytes) -> bytes:
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()[:MIC_BYTES]


def session_key(kind: int, app_key: bytes, app_nonce: bytes, net_id: bytes, dev_nonce: int) -> bytes:
    """Return a session key (6.2.5): 1 for the network's, 2 for the application's."""
    seed = bytes((kind,)) + app_nonce + net_id + dev_nonce.to_bytes(2, "little")
    return _encrypt_blocks(app_key, seed.ljust(BLOCK_BYTES, b"\0"))


@dataclass(frozen=True, slots=True)
class Session:
    """What node and network share after joining."""

    dev_addr: int
    nwk_skey: bytes
    app_skey: bytes


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """A node that asks to join (6.2.4)."""

    app_eui: bytes
    dev_eui: bytes
    dev_nonce: int

    def to_bytes(self, app_key: bytes, kind: FrameType = FrameType.JOIN_REQUEST) -> bytes:
        """Return the frame."""
        body = kind.header + self.app_eui[::-1] + self.dev_eui[::-1] + self.dev_nonce.to_bytes(2, "little")
        return body + _mic(app_key, body)

    @classmethod
    def from_bytes(cls, data: bytes) -> JoinRequest | None:
        """Return what is asked; None if it is no such frame. Whether it is true `is_signed_with` tells."""
        if len(data) != JOIN_REQUEST_BYTES or frame_type(data) is not FrameType.JOIN_REQUEST:
            return None
        return cls(data[8:0:-1], data[16:8:-1], int.from_bytes(data[17:19], "little"))


def is_signed_with(key: bytes, data: bytes) -> bool:
    """Return whether a frame of joining ends with the code that ``key`` gives."""
    return _mic(key, data[:-MIC_BYTES]) == data[-MIC_BYTES:]


@dataclass(frozen=True, slots=True)
class JoinAccept:
    """A network that lets a node in (6.2.5). ``channels`` are frequencies in Hz, at most five."""

    app_nonce: bytes
    net_id: bytes
    dev_addr: int
    rx2_data_rate: int
    rx_delay_s: int
    channels: tuple[int, ...] = ()

    def to_bytes(self, app_key: bytes) -> bytes:
        """Return the frame: it is decrypted, so that a node only ever has to encrypt."""
        body = self.app_nonce + self.net_id + self.dev_addr.to_bytes(4, "little")
        body += bytes((self.rx2_data_rate, self.rx_delay_s))
        if self.channels:
            body += b"".join((hz // 100).to_bytes(3, "little") for hz in self.channels).ljust(BLOCK_BYTES, b"\0")
        header = FrameType.JOIN_ACCEPT.header
        return header + _decrypt_blocks(app_key, body + _mic(app_key, header + body))

    @classmethod
    def from_bytes(cls, data: bytes, app_key: bytes) -> JoinAccept | None:
        """Return what was granted; None if it is no such frame or not for the owner of this key."""
        if frame_type(data) is not FrameType.JOIN_ACCEPT:
            return None
        if len(data) not in (JOIN_ACCEPT_BYTES, JOIN_ACCEPT_WITH_CHANNELS_BYTES):
            return None
        plain = data[:1] + _encrypt_blocks(app_key, data[1:])
        if not is_signed_with(app_key, plain):
            return None
        listed = plain[13:28] if len(plain) > JOIN_ACCEPT_BYTES else b""
        channels = tuple(int.from_bytes(listed[at : at + 3], "little") * 100 for at in range(0, len(listed), 3))
        return cls(plain[1:4], plain[4:7], int.from_bytes(plain[7:11], "little"), plain[11] & 0x0F, plain[12], channels)

    def session(self, app_key: bytes, dev_nonce: int) -> Session:
        """Return the session that begins with it."""
        keys = (
            session_key(kind, app_key, self.app_nonce, self.net_id, dev_nonce)
            for kind in (_KEY_NETWORK, _KEY_APPLICATION)
        )
        return Session(self.dev_addr, *keys)


@dataclass(frozen=True, slots=True)
class DataFrame:
    """Data up or down (4.3). ``counter`` has 32 bits, of which 16 go over the air; no ``port``: no payload either."""

    kind: FrameType
    dev_addr: int
    counter: int
    control: int = 0
    options: bytes = b""
    port: int | None = None
    payload: bytes = b""

    @property
    def is_confirmed(self) -> bool:
        """Whether the other side shall acknowledge it."""
        return self.kind in (FrameType.CONFIRMED_UP, FrameType.CONFIRMED_DOWN)

    def has(self, bit: Control) -> bool:
        """Return whether a bit of the control byte is set."""
        return bool(self.control & bit)

    def to_bytes(self, session: Session) -> bytes:
        """Return the frame."""
        body = self.kind.header + self.dev_addr.to_bytes(4, "little")
        body += bytes((self.control & ~Control.OPTIONS_LENGTH | len(self.options),))
        body += (self.counter & 0xFFFF).to_bytes(2, "little") + self.options
        if self.port is not None:
            body += bytes((self.port,)) + _cipher(session, self.port, self.kind, self.counter, self.payload)
        return body + _data_mic(session, self.kind, self.counter, body)

    @classmethod
    def from_bytes(cls, data: bytes, session: Session, counter_from: int) -> DataFrame | None:
        """Return a frame whose counter is the next that fits from ``counter_from`` on; None if it is not the session's.

        ``counter_from`` may be negative: less than it fits then as well.
        """
        header = DataHeader.from_bytes(data)
        if header is None or header.dev_addr != session.dev_addr:
            return None
        counter = counter_from + (header.counter_low - counter_from & 0xFFFF)
        if _data_mic(session, header.kind, counter, data[:-MIC_BYTES]) != data[-MIC_BYTES:]:
            return None
        body = data[_OPTIONS_AT + len(header.options) : -MIC_BYTES]
        port = body[0] if body else None
        payload = b"" if port is None else _cipher(session, port, header.kind, counter, body[1:])
        return cls(header.kind, header.dev_addr, counter, header.control, header.options, port, payload)


@dataclass(frozen=True, slots=True)
class DataHeader:
    """What a data frame says to everybody."""

    kind: FrameType
    dev_addr: int
    control: int
    counter_low: int
    options: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> DataHeader | None:
        """Return it; None if this is no data frame."""
        kind = frame_type(data)
        if kind not in _DATA_TYPES or len(data) < DATA_BYTES_MIN:
            return None
        control = data[5]
        options_end = _OPTIONS_AT + (control & Control.OPTIONS_LENGTH)
        if options_end > len(data) - MIC_BYTES:
            return None
        return cls(
            kind,
            int.from_bytes(data[1:5], "little"),
            control,
            int.from_bytes(data[6:8], "little"),
            data[_OPTIONS_AT:options_end],
        )


_DATA_TYPES: Final = (
    FrameType.UNCONFIRMED_UP,
    FrameType.CONFIRMED_UP,
    FrameType.UNCONFIRMED_DOWN,
    FrameType.CONFIRMED_DOWN,
)


def _block(first: int, kind: FrameType, dev_addr: int, counter: int, last: int) -> bytes:
    """Return the block that goes into a check (4.4) and into each part of the cipher (4.3.3)."""
    return (
        bytes((first, 0, 0, 0, 0, int(kind.is_down)))
        + dev_addr.to_bytes(4, "little")
        + (counter & 0xFFFF_FFFF).to_bytes(4, "little")
        + bytes((0, last))
    )


def _data_mic(session: Session, kind: FrameType, counter: int, body: bytes) -> bytes:
    return _mic(session.nwk_skey, _block(0x49, kind, session.dev_addr, counter, len(body)) + body)


def _cipher(session: Session, port: int, kind: FrameType, counter: int, payload: bytes) -> bytes:
    """Encrypt or decrypt; port 0 belongs to the network."""
    key = session.app_skey if port else session.nwk_skey
    count = -(-len(payload) // BLOCK_BYTES)
    blocks = b"".join(_block(0x01, kind, session.dev_addr, counter, number + 1) for number in range(count))
    stream = _encrypt_blocks(key, blocks) if count else b""
    return bytes(byte ^ pad for byte, pad in zip(payload, stream, strict=False))
