"""Parts on a serial line. ``tx`` and ``rx`` are the *board's* pins: a part listens to ``tx`` and sends to ``rx``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from simulator.errors import UsageError
from simulator.hardware.can import CanFrame, OnCanFrame
from simulator.hardware.parts.part import NO_PIN, Control, Count, Limits, OptionalPin, Part, Pin, switch
from simulator.hardware.serial import Parity, SerialFormat
from simulator.hardware.wire import SUPPLY_MV, Strength
from simulator.units import NS_PER_S


@dataclass(kw_only=True, eq=False)
class SerialPart(Part):
    """Something that sends and receives bytes."""

    rx: OptionalPin = NO_PIN
    tx: OptionalPin = NO_PIN
    baud: Count = 9600
    data_bits: Literal[5, 6, 7, 8] = 8
    parity: Parity = "none"
    stop_bits: Annotated[float, Limits(1, 2)] = 1
    _busy_until_ns: int = field(init=False, default=0, repr=False)

    @property
    def form(self) -> SerialFormat:
        """Return how it sends and what it understands."""
        return SerialFormat(self.baud, self.data_bits, self.parity, self.stop_bits)

    def connect(self) -> None:
        """Idle on one line and listen to the other."""
        if self.rx >= 0:
            wire = self.wire(self.rx)
            wire.drive(self.name, SUPPLY_MV, self.bench.now_ns(), strength=Strength.RESISTOR)
        if self.tx >= 0:
            self.wire(self.tx).on_serial.append(self._received)

    def _received(self, data: bytes, form: SerialFormat, at_ns: int) -> None:
        self.received(self.form.received(data, form), at_ns)

    def received(self, data: bytes, at_ns: int) -> None:
        """The board sent something."""

    def send(self, data: bytes, at_ns: int) -> None:
        """Send something, after what is being sent already; each byte arrives at its own time."""
        form = self.form
        start_ns = max(at_ns, self._busy_until_ns)
        self._busy_until_ns = start_ns + len(data) * form.frame_ns
        for number in range(len(data)):
            self._send_byte(data[number : number + 1], form, start_ns + (number + 1) * form.frame_ns)

    def _send_byte(self, byte: bytes, form: SerialFormat, end_ns: int) -> None:
        self.bench.at(end_ns, lambda now_ns: self.wire(self.rx).send(byte, form, now_ns))


@dataclass(kw_only=True, eq=False)
class UartPeer(SerialPart):
    r"""Whatever is at the other end of a cable. ``heard`` is what the board has sent.

    ``replies`` answers whole lines: line to answer, both without line ends; ``echo`` returns every byte. The control
    ``send`` sends a text, in which ``\n`` and so on stand for control characters.
    """

    type_name: ClassVar[str] = "uart-peer"
    text_controls: ClassVar[Mapping[str, str]] = {"send": "send a text to the board"}

    echo: bool = False
    replies: Mapping[str, str] = field(default_factory=dict)
    heard: bytearray = field(init=False, default_factory=bytearray, repr=False)
    _line: bytearray = field(init=False, default_factory=bytearray, repr=False)

    def received(self, data: bytes, at_ns: int) -> None:
        """Keep it, and answer."""
        self.heard += data
        self.bench.tell(self, received=data.decode("latin-1"))
        if self.echo:
            self.send(data, at_ns)
        for byte in data:
            if byte not in b"\r\n":
                self._line.append(byte)
                continue
            line, self._line = self._line.decode("latin-1"), bytearray()
            if line in self.replies:
                self.send(f"{self.replies[line]}\r\n".encode("latin-1"), at_ns)

    def text_given(self, name: str, text: str, at_ns: int) -> None:
        """Send the text."""
        del name
        self.send(text.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1"), at_ns)


@dataclass(kw_only=True, eq=False)
class Gps(SerialPart):
    """A GPS receiver: a sentence ``GPGGA`` each second."""

    type_name: ClassVar[str] = "gps"
    controls: ClassVar[Mapping[str, Control]] = {
        "latitude": Control("degrees, north positive", 41.5, -90, 90),
        "longitude": Control("degrees, east positive", 2.1, -180, 180),
        "altitude": Control("metres above sea level", 100, -500, 50_000),
        "satellites": Control("satellites in use", 8, 0, 12),
        "fix": Control("quality of the fix, 0: none", 1, 0, 2),
    }

    def connect(self) -> None:
        """Begin to send."""
        super().connect()
        self.bench.at(self.bench.now_ns() + NS_PER_S, self._tick, in_background=True)

    def _tick(self, at_ns: int) -> None:
        self.send(self.sentence(at_ns), at_ns)
        self.bench.at(at_ns + NS_PER_S, self._tick, in_background=True)

    def sentence(self, at_ns: int) -> bytes:
        """Return what it says now; its clock began at midnight."""
        values = self.values
        seconds = at_ns // NS_PER_S % 86_400
        clock = f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}.00"
        fields = ["", "", "", ""]
        if values["fix"]:
            fields = [
                *_degrees_minutes(values["latitude"], 2, "NS"),
                *_degrees_minutes(values["longitude"], 3, "EW"),
            ]  # fmt: skip
        height = f"{values['altitude']:.1f}"
        body = ",".join(
            ["GPGGA", clock, *fields, f"{values['fix']:.0f}", f"{values['satellites']:02.0f}", "1.0", height, "M"]
        )
        body += ",0.0,M,,"
        checksum = 0
        for byte in body.encode():
            checksum ^= byte
        return f"${body}*{checksum:02X}\r\n".encode()


def _degrees_minutes(degrees: float, width: int, letters: str) -> list[str]:
    whole, minutes = divmod(round(abs(degrees) * 60, 4), 60)  # there are no 60 minutes
    return [f"{whole:0{width}.0f}{minutes:07.4f}", letters[degrees < 0]]


@dataclass(kw_only=True, eq=False)
class Sds011(SerialPart):
    """A dust sensor SDS011: a frame each second."""

    type_name: ClassVar[str] = "sds011"
    controls: ClassVar[Mapping[str, Control]] = {
        "pm2.5": Control("micrograms per cubic metre", 12, 0, 999.9),
        "pm10": Control("micrograms per cubic metre", 20, 0, 1999.9),
    }

    device_id: Annotated[int, Limits(0, 0xFFFF)] = 0xA160

    def connect(self) -> None:
        """Begin to send."""
        super().connect()
        self.bench.at(self.bench.now_ns() + NS_PER_S, self._tick, in_background=True)

    def _tick(self, at_ns: int) -> None:
        self.send(self.frame(), at_ns)
        self.bench.at(at_ns + NS_PER_S, self._tick, in_background=True)

    def frame(self) -> bytes:
        """Return what it says now."""
        body = b"".join(round(10 * self.values[name]).to_bytes(2, "little") for name in ("pm2.5", "pm10"))
        body += self.device_id.to_bytes(2, "big")
        return b"\xaa\xc0" + body + bytes([sum(body) & 0xFF, 0xAB])


@dataclass(kw_only=True, eq=False)
class CanPeer(Part):
    """Another node on the CAN bus of the board's pins ``tx`` and ``rx``. ``heard`` are the frames of the board.

    ``echo`` sends each one back. Without a node that is ``listening`` nobody acknowledges. The control ``send`` sends a
    frame as the can-utils write it: ``123#0102``, with an extended identifier ``00000123#``.
    """

    type_name: ClassVar[str] = "can-node"
    controls: ClassVar[Mapping[str, Control]] = {"listening": switch("0 while it is off")._replace(initial=1)}
    text_controls: ClassVar[Mapping[str, str]] = {"send": "send a frame to the board, such as 123#0102"}

    tx: Pin
    rx: Pin
    kbps: Count = 500
    echo: bool = False
    heard: list[CanFrame] = field(init=False, default_factory=list, repr=False)
    on_frame: list[OnCanFrame] = field(init=False, default_factory=list, repr=False)
    """Called with every frame that it sends, and when it has been on the bus."""
    on_change: list[Callable[[int], None]] = field(init=False, default_factory=list, repr=False)
    """Called when it has been switched on or off."""
    _busy_until_ns: int = field(init=False, default=0, repr=False)

    def connect(self) -> None:
        """Join the bus."""
        self.bench.can_nodes.append((self.wire(self.tx), self.wire(self.rx), self))

    def control_changed(self, name: str, at_ns: int) -> None:
        """Listen or not."""
        del name
        for listener in tuple(self.on_change):
            listener(at_ns)

    def text_given(self, name: str, text: str, at_ns: int) -> None:
        """Send the frame. Raises `UsageError` if the text is none."""
        try:
            frame = CanFrame.from_text(text)
        except ValueError:
            raise UsageError(
                f"part {self.name!r} ({self.type_name}): {name} = {text!r} is no frame such as 123#0102 or 00000123#"
            ) from None
        self.send(frame, at_ns)

    @property
    def bit_rate(self) -> int:
        """Return its speed; 0 while it is off."""
        return 1000 * self.kbps if self.values["listening"] else 0

    def take(self, frame: CanFrame, at_ns: int) -> None:
        """The board has sent a frame."""
        self.heard.append(frame)
        self.bench.tell(self, frame=str(frame))
        if self.echo:
            self.send(frame, at_ns)

    def send(self, frame: CanFrame, at_ns: int) -> None:
        """Send a frame to the board, after what is being sent already."""
        self._busy_until_ns = max(at_ns, self._busy_until_ns) + frame.duration_ns(1000 * self.kbps)

        def arrive(now_ns: int) -> None:
            for listener in tuple(self.on_frame):
                listener(frame, now_ns)

        self.bench.at(self._busy_until_ns, arrive)
