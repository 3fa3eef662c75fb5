"""The firmware's LoRaWAN stack: one node, from joining to receive windows (``components/lora/node/lmic``, EU868).

Theory of operation
-------------------
The stack does one thing at a time: a *job* that waits for a moment, or for the radio. `Mac._update` looks at the modes
that are set and begins what is due; a frame then goes through its stations by itself: sent, first window, second
window, and an event to whoever listens. Modes keep their names, because the firmware prints them.

Times are ticks of 20 microseconds since the radio was set up, as the firmware prints them. What the firmware logs at
level DEBUG goes to ``debug``. Nothing here waits: the host's `Clock` calls back.

What surprises people, all of it the firmware's:

- A frame that nobody answers is complete only three to six seconds after the second window.
- Joining begins after up to eight seconds, always at SF7, and goes on about once a minute after it has failed.
- After a session begins the link check counts again, although it was switched off: 37 unanswered frames later the rate
  falls and the node asks to rejoin, which no network answers.
- Of a downlink that has to be acknowledged, or has more behind it, the acknowledgement goes up by itself at once, with
  the counter that the next frame of the script then uses again.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, IntEnum, IntFlag, auto
from typing import Final, Protocol

from simulator.lora.air import NODE_RSSI_DBM, LoraAir, Transmission
from simulator.lora.channels import FREQUENCY_HZ_MAX, FREQUENCY_HZ_MIN, TICKS_PER_S, Channels
from simulator.lora.frames import MIC_BYTES, Control, DataFrame, FrameType, JoinAccept, JoinRequest, Session
from simulator.lora.phy import FSK_SPREADING, DataRate, Modulation, airtime_ns
from simulator.rng import Rng
from simulator.units import NS_PER_S

TICK_NS: Final = NS_PER_S // TICKS_PER_S
PAYLOAD_BYTES_MAX: Final = 52
"""What the buffer holds. With 52 bytes the frame is too long by one, and goes out without them."""
FRAME_BYTES_MAX: Final = 64
RX2_HZ: Final = 869_525_000
LINK_CHECK_OFF: Final = -128

_LINK_CHECK_START, _LINK_CHECK_RESUMED, _LINK_CHECK_DEAD = -12, 12, 24
_RAMP_UP: Final = 100
_JOIN_ACCEPT_DELAY_S: Final = 5
_SECOND_WINDOW_S: Final = 1
_SAFETY_S: Final = 3
_SAFETY_RANDOM_S: Final = 2
_RETRY_RANDOM_S: Final = 3
_JOIN_RANDOM_S: Final = 8
_WINDOW_SYMBOLS: Final = 5
_PREAMBLE_SYMBOLS: Final = 8
_FSK_TIMEOUT_TICKS: Final = 255 * 16  # RxTimeout2, in units of 16 bits at 50 kbit/s
_TX_DONE_TICKS: Final = 2  # "TXDONE FIXUP", 43 us
_RATE_STEPS: Final = (0, 0, 0, 1, 0, 1, 0, 1, 0, 0)
"""How many steps slower a confirmed frame goes when it is sent for the nth time."""
_REJOIN_COUNT_MAX: Final = 10
_MAX_RANDOM: Final = 0xFFFF
_DATA_HEADER_BYTES: Final = 8
_FSK_HALF_SYMBOL_US: Final = 80
_RSSI_OFFSET_DBM: Final = 32  # what the register and the firmware's constants add up to
_BATTERY_UNKNOWN: Final = 0xFF
_DEVICE_OFF: Final = 0xFF


class Mode(IntFlag):
    """What the stack is about to do (``OP_*``)."""

    NONE = 0
    JOINING = 0x0004
    TXDATA = 0x0008
    POLL = 0x0010
    REJOIN = 0x0020
    SHUTDOWN = 0x0040
    TXRXPEND = 0x0080
    RNDTX = 0x0100
    NEXTCHNL = 0x0800
    LINKDEAD = 0x1000


class Command(IntEnum):
    """The commands of the network that the stack knows and answers (LoRaWAN 1.0.2, 5)."""

    LINK_ADR = 0x03
    DUTY_CYCLE = 0x04
    SECOND_WINDOW = 0x05
    DEVICE_STATUS = 0x06
    NEW_CHANNEL = 0x07


_COMMAND_BYTES: Final = {
    0x02: 3,  # the answer to a link check
    Command.LINK_ADR: 5,
    Command.DUTY_CYCLE: 2,
    Command.SECOND_WINDOW: 5,
    Command.DEVICE_STATUS: 1,
    Command.NEW_CHANNEL: 6,
    0x11: 4,  # about pings, which are for nodes of class B
    0x12: 4,
}
_ANSWER_ORDER: Final = (
    Command.DUTY_CYCLE,
    Command.SECOND_WINDOW,
    Command.DEVICE_STATUS,
    Command.LINK_ADR,
    Command.NEW_CHANNEL,
)
_FREQUENCY_TAKEN, _RATE_TAKEN, _POWER_TAKEN = 1, 2, 4


class MacEvent(Enum):
    """What the stack tells (``EV_*``)."""

    JOINING = auto()
    JOINED = auto()
    JOIN_FAILED = auto()
    REJOIN_FAILED = auto()
    TX_COMPLETE = auto()
    LINK_DEAD = auto()
    LINK_ALIVE = auto()


class Window(Enum):
    """Where a frame came in."""

    NONE = "Other"
    FIRST = "RX1"
    SECOND = "RX2"


class Clock(Protocol):
    """The time of whoever runs the stack."""

    def now_ns(self) -> int:
        """Return the time."""

    def at(self, time_ns: int, fire: Callable[[int], None]) -> Callable[[], None]:
        """Call ``fire`` with the time when it has come; returns the function that cancels it."""


class Credentials(Protocol):
    """What a node joins with."""

    @property
    def join_keys(self) -> tuple[bytes, bytes, bytes]:
        """The application's EUI, the device's, and the application's key."""


class Mac:
    """The stack of one node, whose name on the air is ``name``. Its ticks count from ``started_ns``.

    ``told`` gets the events, ``debug`` the log lines; ``sent`` and ``received`` hear of frames.
    """

    def __init__(
        self,
        name: str,
        air: LoraAir,
        clock: Clock,
        rng: Rng,
        credentials: Credentials,
        *,
        started_ns: int,
        told: Callable[[MacEvent], None],
        debug: Callable[[str], None],
        sent: Callable[[Transmission], None],
        received: Callable[[Transmission], None],
    ) -> None:
        self._name = name
        self._air = air
        self._clock = clock
        self._rng = rng
        self._credentials = credentials
        self._told = told
        self._debug = debug
        self._sent = sent
        self._received = received
        self._start_ns = started_ns
        self._now_ns = clock.now_ns()
        self._cancel_job: Callable[[], None] = lambda: None
        self.session: Session | None = None
        self.mode = Mode.NONE
        self.adr = False
        self.attempts = 0
        """How often a confirmed frame is sent at most; 0 counts as once."""
        self.counter_up = 0
        self.payload_down = b""
        self.was_acknowledged = False
        self.was_refused = False
        """Whether a confirmed frame was not acknowledged."""
        self.is_confirmed = False
        self._rate = DataRate.SF12
        self._dev_nonce = rng.integer(0, _MAX_RANDOM)
        self._channels = Channels.after_reset(rng)
        self._link_check = LINK_CHECK_OFF
        self._adr_changed = False
        self._counter_down = 0
        self._ack_down = False
        self._attempt = 0
        self._rejoins = 0
        self._rx1_delay_s = 1
        self._rx2_rate = DataRate.SF9
        self._rx2_hz = RX2_HZ
        self._duty_rate = 0
        self._duty_free_at = 0
        self._answers: dict[Command, bytes] = {}
        self._margin = 0
        self._port = 0
        self._payload = b""
        self._tx_end = 0
        self._sent_rate = DataRate.SF7
        self._window = Window.NONE
        self._received_frame = b""
        self._rx_opens = 0
        self._received_dbm = 0
        self._modulation = DataRate.SF7.modulation
        self._frequency_hz = 0
        self._log("RXMODE_RSSI")  # where the first random numbers come from

    # -- what the driver calls ------------------------------------------------------------------------------------

    @property
    def ticks(self) -> int:
        """The stack's time."""
        return (self._now_ns - self._start_ns) // TICK_NS

    @property
    def rate(self) -> DataRate:
        """The data rate of the next frame."""
        return self._rate

    def enter(self, time_ns: int | None = None) -> None:
        """Bring the stack's time up to date, before anything is asked of it."""
        self._now_ns = max(self._now_ns, self._clock.now_ns() if time_ns is None else time_ns)

    def set_rate(self, rate: DataRate) -> None:
        """Choose the data rate."""
        if self._rate != rate:
            self._rate = rate
            self.mode |= Mode.NEXTCHNL

    def begin_session(self, session: Session) -> None:
        """Go on as if ``session`` had been joined just now (``LMIC_setSession``)."""
        self.session = session
        self._channels.restart(self.ticks, joining=False)
        self.mode &= ~(Mode.JOINING | Mode.REJOIN | Mode.TXRXPEND)
        self.mode |= Mode.NEXTCHNL
        self._just_joined()

    def listen_second_at(self, rate: DataRate) -> None:
        """Choose the data rate of the second window."""
        self._rx2_rate = rate

    def join(self) -> None:
        """Ask to join, until it is told to do something else. Nothing happens in a session."""
        if self.session is not None:
            return
        self._duty_rate = 0
        self.mode &= ~(Mode.REJOIN | Mode.LINKDEAD | Mode.NEXTCHNL)
        self._rejoins = self._attempt = 0
        self._channels.number = self._random_byte() % 3
        self._rate = DataRate.SF7
        self._channels.restart(self.ticks, joining=True)
        self._tx_end = self._channels.joining_free_at + self._random_delay(_JOIN_RANDOM_S)
        self.mode |= Mode.JOINING
        self._soon(lambda: self._report(MacEvent.JOINING))

    def send(self, port: int, payload: bytes, *, confirmed: bool) -> None:
        """Send; what is too long for the buffer is dropped without a word."""
        if len(payload) > PAYLOAD_BYTES_MAX:
            return
        self._port, self._payload, self.is_confirmed = port, payload, confirmed
        self.mode |= Mode.TXDATA
        if not self.mode & Mode.JOINING:
            self._attempt = 0
        self._update()

    def stop(self) -> None:
        """Be gone, as when the chip is reset: what is on the air is cut off."""
        self._cancel_job()

    # -- jobs and time --------------------------------------------------------------------------------------------

    def _at(self, ticks: int, job: Callable[[], None]) -> None:
        self._cancel_job()
        time_ns = self._start_ns + max(ticks, self.ticks + 1) * TICK_NS

        def fire(now_ns: int) -> None:
            self.enter(now_ns)
            job()

        self._cancel_job = self._clock.at(time_ns, fire)

    def _soon(self, job: Callable[[], None]) -> None:
        self._at(self.ticks + 1, job)

    def _random_byte(self) -> int:
        return self._rng.integer(0, 0xFF)

    def _random_delay(self, span_s: int) -> int:
        drawn = self._rng.integer(0, _MAX_RANDOM)
        delay = drawn if drawn <= TICKS_PER_S else drawn % TICKS_PER_S
        return delay + (drawn & 0xFF) % span_s * TICKS_PER_S

    def _log(self, text: str) -> None:
        self._debug(f"{self.ticks & 0xFFFF_FFFF}: {text}\n")

    # -- what to do next ------------------------------------------------------------------------------------------

    def _report(self, event: MacEvent) -> None:
        self._told(event)
        self._update()

    def _update(self) -> None:
        """Begin what is due (``engineUpdate``)."""
        self._log(f"engineUpdate, opmode=0x{int(self.mode):x} ({_mode_text(self.mode)})")
        if self.mode & (Mode.TXRXPEND | Mode.SHUTDOWN):
            return
        if self.session is None and not self.mode & Mode.JOINING:
            self.join()
            return
        if not self.mode & (Mode.JOINING | Mode.REJOIN | Mode.TXDATA | Mode.POLL):
            return
        now = self.ticks
        if self.mode & Mode.NEXTCHNL:
            self._tx_end = self._channels.choose(now, self._rate)
            self.mode &= ~Mode.NEXTCHNL
        begin = self._tx_end
        if self._duty_rate or self.mode & Mode.RNDTX:
            begin = max(begin, self._duty_free_at)
        if begin >= now + _RAMP_UP:
            self._at(begin - _RAMP_UP, self._update)
            return
        rate = self._rate
        if self.mode & Mode.REJOIN:
            rate = rate.slower(self._rejoins)
            frame, then = self._build_join_request(FrameType.REJOIN), self._join_request_sent
        elif self.mode & Mode.JOINING:
            frame, then = self._build_join_request(FrameType.JOIN_REQUEST), self._join_request_sent
        else:
            frame, then = self._build_data(), self._data_sent
        self.mode = self.mode & ~(Mode.POLL | Mode.RNDTX) | Mode.TXRXPEND | Mode.NEXTCHNL
        self._transmit(frame, rate, then)

    # -- the radio ------------------------------------------------------------------------------------------------

    def _transmit(self, frame: bytes, rate: DataRate, then: Callable[[], None]) -> None:
        modulation = rate.modulation
        duration_ns = airtime_ns(modulation, len(frame))
        ticks = round(duration_ns / TICK_NS)
        self._channels.use(self.ticks, ticks)
        if self._duty_rate:
            self._duty_free_at = self.ticks + (ticks << self._duty_rate)
        self._sent_rate, self._modulation, self._frequency_hz = rate, modulation, self._channels.frequency_hz
        transmission = Transmission(
            self._name,
            self._frequency_hz,
            modulation,
            self._now_ns,
            self._now_ns + duration_ns,
            frame,
            NODE_RSSI_DBM,
        )
        if modulation.spreading != FSK_SPREADING:
            self._log(f"TXMODE, freq={self._frequency_hz}, len={len(frame)}, {_modulation_text(modulation)}")
        self._air.begin(transmission)
        self._sent(transmission)

        def done() -> None:
            self._air.end(transmission)
            self._tx_end = self.ticks - _TX_DONE_TICKS
            self._soon(then)

        self._at(self.ticks + ticks, done)

    def _open_later(
        self, window: Window, delay_s: int, rate: DataRate, frequency_hz: int, then: Callable[[], None]
    ) -> None:
        """Listen when the network may answer, so long after the end of what was sent."""
        half_symbol = _half_symbol_ticks(rate)
        opens = self._tx_end + delay_s * TICKS_PER_S + (_PREAMBLE_SYMBOLS - _WINDOW_SYMBOLS) * half_symbol
        self._at(opens - _RAMP_UP, lambda: self._open(window, opens, rate, frequency_hz, then))

    def _open(
        self, window: Window, opens: int, rate: DataRate, frequency_hz: int, then: Callable[[], None]
    ) -> None:  # fmt: skip
        self._window, self._received_frame, self._rx_opens = window, b"", opens
        self._modulation, self._frequency_hz = rate.modulation, frequency_hz
        self._at(opens, lambda: self._listen(rate, then))

    def _listen(self, rate: DataRate, then: Callable[[], None]) -> None:
        modulation = self._modulation
        is_fsk = modulation.spreading == FSK_SPREADING
        if not is_fsk:
            self._log(f"RXMODE_SINGLE, freq={self._frequency_hz}, {_modulation_text(modulation)}")
        lasts = _FSK_TIMEOUT_TICKS if is_fsk else 2 * _WINDOW_SYMBOLS * _half_symbol_ticks(rate)
        found = self._air.listen(self._frequency_hz, modulation, self._now_ns, self._now_ns + lasts * TICK_NS)
        if found is None:
            self._at(self.ticks + lasts, lambda: self._soon(then))
            return

        def received() -> None:
            self._received_frame, self._received_dbm = found.data, found.rssi_dbm
            self._received(found)
            self._soon(then)

        self._at(-(-(found.end_ns - self._start_ns) // TICK_NS), received)

    # -- joining --------------------------------------------------------------------------------------------------

    def _build_join_request(self, kind: FrameType) -> bytes:
        app_eui, dev_eui, app_key = self._credentials.join_keys
        nonce = self._dev_nonce
        self._dev_nonce = nonce + 1 & _MAX_RANDOM
        return JoinRequest(app_eui, dev_eui, nonce).to_bytes(app_key, kind)

    def _join_request_sent(self) -> None:
        self._open_later(
            Window.FIRST, _JOIN_ACCEPT_DELAY_S, self._sent_rate, self._frequency_hz, self._first_join_window_closed
        )

    def _first_join_window_closed(self) -> None:
        if not self._received_frame or not self._process_join_accept():
            self._open_later(
                Window.SECOND,
                _JOIN_ACCEPT_DELAY_S + _SECOND_WINDOW_S,
                self._rx2_rate,
                self._rx2_hz,
                self._second_join_window_closed,
            )

    def _second_join_window_closed(self) -> None:
        if not self._received_frame or not self._process_join_accept():
            self._window = Window.NONE
            self._not_joined()

    def _process_join_accept(self) -> bool:
        _, _, app_key = self._credentials.join_keys
        accept = JoinAccept.from_bytes(self._received_frame, app_key)
        if accept is None:
            return False
        self._channels.restart(self.ticks, joining=False)
        for number, hz in enumerate(accept.channels, 3):
            if FREQUENCY_HZ_MIN <= hz <= FREQUENCY_HZ_MAX:
                self._channels.add(number, hz)
                self._log(f"Setup channel, idx={number}, freq={hz}")
        self.session = accept.session(app_key, self._dev_nonce - 1 & _MAX_RANDOM)
        if self.mode & Mode.REJOIN:
            self._rate = self._rate.slower(self._rejoins)
        self.mode &= ~(Mode.JOINING | Mode.REJOIN | Mode.TXRXPEND)
        self._attempt = 0
        self._just_joined()
        self._rx2_rate = DataRate(min(accept.rx2_data_rate, DataRate.FSK))
        self._rx1_delay_s = accept.rx_delay_s or 1
        self._report(MacEvent.JOINED)
        return True

    def _not_joined(self) -> None:
        if not self.mode & Mode.JOINING:
            self.mode &= ~(Mode.REJOIN | Mode.TXRXPEND)
            self._rejoins = min(self._rejoins + 1, _REJOIN_COUNT_MAX)
            self._report(MacEvent.REJOIN_FAILED)
            return
        self.mode &= ~Mode.TXRXPEND
        self._soon(lambda: self._report(MacEvent.JOIN_FAILED))

    def _just_joined(self) -> None:
        self._counter_down = self.counter_up = self._rejoins = 0
        self._ack_down = self._adr_changed = False
        self._answers.clear()
        self._link_check = _LINK_CHECK_START
        self._rx2_rate, self._rx2_hz = DataRate.SF12, RX2_HZ

    # -- data -----------------------------------------------------------------------------------------------------

    def _build_data(self) -> bytes:
        session = self.session
        assert session is not None, "data without a session"
        has_data = self.mode & (Mode.TXDATA | Mode.POLL) != Mode.POLL
        options = b"".join(self._answers[command] for command in _ANSWER_ORDER if command in self._answers)
        self._answers.clear()
        if self._adr_changed:
            self._link_check = max(self._link_check, 0)
            self._adr_changed = False
        length = _DATA_HEADER_BYTES + len(options) + (1 + len(self._payload) if has_data else 0) + MIC_BYTES
        has_data = has_data and length <= FRAME_BYTES_MAX
        control = Control.ACK if self._ack_down else 0
        control |= Control.ADR if self.adr else 0
        control |= Control.ADR_ACK_REQUEST if self._link_check >= 0 else 0
        if self._attempt == 0:
            self.counter_up += 1
        self._ack_down = False
        kind = FrameType.UNCONFIRMED_UP
        if has_data and self.is_confirmed:
            kind = FrameType.CONFIRMED_UP
            self._attempt = max(self._attempt, 1)
        return DataFrame(
            kind,
            session.dev_addr,
            self.counter_up - 1,
            control,
            options,
            self._port if has_data else None,
            self._payload if has_data else b"",
        ).to_bytes(session)

    def _data_sent(self) -> None:
        self._open_later(
            Window.FIRST, self._rx1_delay_s, self._sent_rate, self._frequency_hz, self._first_window_closed
        )

    def _first_window_closed(self) -> None:
        if not self._received_frame or not self._process_downlink():
            self._open_later(
                Window.SECOND,
                self._rx1_delay_s + _SECOND_WINDOW_S,
                self._rx2_rate,
                self._rx2_hz,
                self._second_window_closed,
            )

    def _second_window_closed(self) -> None:
        if self._received_frame:
            self._process_downlink()
            return
        # The gateway may be sending what was missed here, so nothing is sent for a while.
        self._window = Window.NONE
        self._at(self.ticks + _SAFETY_S * TICKS_PER_S + self._random_delay(_SAFETY_RANDOM_S), self._nothing_received)

    def _process_downlink(self) -> bool:
        """Take a frame; returns False if the second window has to be opened as well."""
        if not self._decode():
            if self._window is Window.FIRST:
                return False
            self._nothing_received()
            return True
        self._complete()
        return True

    def _nothing_received(self) -> None:
        self.was_acknowledged = self.was_refused = False
        self.payload_down = b""
        if self._attempt:
            if self._attempt < self.attempts:
                self._try_again()
                return
            self.was_refused = True
        if self._link_check != LINK_CHECK_OFF:
            self._link_check += 1
        self._complete()

    def _try_again(self) -> None:
        self._attempt += 1
        self.set_rate(self._rate.slower(_RATE_STEPS[self._attempt]))
        self._duty_free_at = self._rx_opens + self._random_delay(_RETRY_RANDOM_S)
        self.mode |= Mode.RNDTX
        self.mode &= ~Mode.TXRXPEND
        self._update()

    def _complete(self) -> None:
        self.mode &= ~(Mode.TXDATA | Mode.TXRXPEND)
        if self._window is not Window.NONE and self.mode & Mode.LINKDEAD:
            self.mode &= ~Mode.LINKDEAD
            self._report(MacEvent.LINK_ALIVE)
        self._report(MacEvent.TX_COMPLETE)
        if self._link_check > _LINK_CHECK_DEAD:
            self.set_rate(self._rate.slower())
            self._link_check = _LINK_CHECK_RESUMED
            self.mode |= Mode.REJOIN | Mode.LINKDEAD
            self._report(MacEvent.LINK_DEAD)

    def _decode(self) -> bool:
        """Take a downlink apart (``decodeFrame``)."""
        session = self.session
        assert session is not None, "a downlink without a session"
        frame = DataFrame.from_bytes(self._received_frame, session, self._counter_down)
        if frame is None or not frame.kind.is_down:
            self._log(f"Invalid downlink, window={self._window.value}")
            self.payload_down = b""
            return False
        self._counter_down = frame.counter + 1
        self._ack_down = frame.is_confirmed
        if frame.is_confirmed or frame.has(Control.PENDING):
            self.mode |= Mode.POLL
        self._adr_changed = False
        self._rejoins = 0
        if self._link_check != LINK_CHECK_OFF:
            self._link_check = _LINK_CHECK_START
        margin = self._received_dbm + _RSSI_OFFSET_DBM - self._modulation.sensitivity_dbm
        self._margin = min(max(margin, 0), 0xFE)
        self._obey(frame.options)
        acknowledges = frame.has(Control.ACK)
        self.was_acknowledged = bool(self._attempt) and acknowledges
        self.was_refused = bool(self._attempt) and not acknowledges
        self.payload_down = frame.payload
        port = -1 if frame.port is None else frame.port
        self._log(f"Received downlink, window={self._window.value}, port={port}, ack={int(acknowledges)}")
        return True

    # -- what the network orders ----------------------------------------------------------------------------------

    def _obey(self, options: bytes) -> None:
        """Follow the commands in a downlink, up to the first that is not known or breaks off."""
        while options:
            length = _COMMAND_BYTES.get(options[0])
            if length is None or len(options) < length:
                return
            command, body, options = options[0], options[1:length], options[length:]
            match command:
                case Command.LINK_ADR:
                    self._answer(Command.LINK_ADR, self._change_link(body))
                case Command.DUTY_CYCLE:
                    if body[0] == _DEVICE_OFF:
                        self.mode |= Mode.SHUTDOWN
                    self._duty_rate = body[0] & 0x0F
                    self._duty_free_at = self.ticks
                    self._answer(Command.DUTY_CYCLE)
                case Command.SECOND_WINDOW:
                    self._answer(Command.SECOND_WINDOW, self._change_second_window(body))
                case Command.DEVICE_STATUS:
                    self._answer(Command.DEVICE_STATUS, _BATTERY_UNKNOWN, self._margin)
                case Command.NEW_CHANNEL:
                    hz, rates = _frequency(body[1:4]), frozenset(range(body[4] & 0x0F, (body[4] >> 4) + 1))
                    is_new = hz and self._channels.add(body[0], hz, rates)
                    self._answer(Command.NEW_CHANNEL, _RATE_TAKEN | _FREQUENCY_TAKEN if is_new else 0)

    def _answer(self, command: Command, *values: int) -> None:
        self._answers[command] = bytes((command, *values))

    def _change_link(self, body: bytes) -> int:
        rate, mask, page = body[0] >> 4, int.from_bytes(body[1:3], "little"), body[3] & 0xF0
        taken = _POWER_TAKEN
        taken |= _FREQUENCY_TAKEN if not page and self._channels.enable_only(mask) else 0
        taken |= _RATE_TAKEN if rate <= DataRate.FSK else 0
        if taken == _POWER_TAKEN | _FREQUENCY_TAKEN | _RATE_TAKEN:
            self.set_rate(DataRate(rate))
        self._adr_changed = True
        return taken

    def _change_second_window(self, body: bytes) -> int:
        rate, hz = body[0] & 0x0F, _frequency(body[1:4])
        taken = (_RATE_TAKEN if rate <= DataRate.FSK else 0) | (_FREQUENCY_TAKEN if hz else 0)
        if taken == _RATE_TAKEN | _FREQUENCY_TAKEN:
            self._rx2_rate, self._rx2_hz = DataRate(rate), hz
        return taken


def _frequency(data: bytes) -> int:
    """Return a frequency in Hz; 0 for one that is not in the band."""
    hz = int.from_bytes(data, "little") * 100
    return hz if FREQUENCY_HZ_MIN <= hz <= FREQUENCY_HZ_MAX else 0


def _half_symbol_ticks(rate: DataRate) -> int:
    half_us = _FSK_HALF_SYMBOL_US if rate is DataRate.FSK else 128 << DataRate.FSK - rate
    return (half_us * TICKS_PER_S + 500_000) // 1_000_000


def _mode_text(mode: Mode) -> str:
    return " | ".join(f"OP_{one.name}" for one in mode)


def _modulation_text(modulation: Modulation) -> str:
    return f"SF={modulation.spreading}, BW={modulation.bandwidth_hz // 1000}, CR=4/5, IH=0"
