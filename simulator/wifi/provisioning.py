"""How a station is told its access point by other means than a script: WPS, and SmartConfig (ESP-Touch, AirKiss).

How they take part in time is `simulator.wifi.timed`. What happens is told as in `simulator.wifi.station`.

- WPS (``components/esp32/include/esp_wps.h``, ESP-IDF cc9b06d4): the station looks for an access point at which the
  button is pressed or its PIN was typed in, for two minutes (the "walk time" of the Wi-Fi Simple Configuration
  specification). Two access points with a pressed button at once are a failure ("session overlap").
- SmartConfig (``esp_smartconfig.h``): the station listens to all channels for somebody who sends name and password of
  an access point in the lengths of packets that it cannot read.

How long an exchange takes, and how long it takes to make out what a phone sends, is our choice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.units import NS_PER_S
from simulator.wifi.air import AccessPoint, Air
from simulator.wifi.events import Emit, Post, SystemEvent
from simulator.wifi.scan import SCAN_NS

WPS_WALK_NS: Final = 120 * NS_PER_S
WPS_EXCHANGE_NS: Final = 3 * NS_PER_S
SMART_CONFIG_NS: Final = 4 * NS_PER_S
PIN_DIGITS: Final = 8
_PIN_WEIGHTS: Final = (3, 1, 3, 1, 3, 1, 3)


def wps_pin(number: int) -> str:
    """Return a PIN: the last seven digits of ``number``, and the one that checks them (specification, 7.4.1)."""
    digits = f"{number % 10 ** (PIN_DIGITS - 1):0{PIN_DIGITS - 1}d}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, _PIN_WEIGHTS, strict=True))
    return f"{digits}{-total % 10}"


def is_wps_pin(text: str) -> bool:
    """Return whether ``text`` is a PIN, as somebody types it."""
    return len(text) == PIN_DIGITS and text.isascii() and text.isdecimal() and wps_pin(int(text[:-1])) == text


@dataclass(frozen=True, slots=True)
class SmartConfigMessage:
    """What a phone sends. ``phone_address`` is its own, to which the station answers in the end."""

    ssid: str
    password: str
    phone_address: str


class WpsEnrollee:
    """The station of one board, as far as it asks for an access point. ``found`` gets the one that has let it in."""

    def __init__(self, air: Air, *, found: Callable[[AccessPoint], None], post: Post, emit: Emit) -> None:
        self._air = air
        self._found = found
        self._post = post
        self._emit = emit
        self._pin: str | None = None
        self._partner: AccessPoint | None = None
        self._due_ns: int | None = None
        self._ends_ns = 0

    @property
    def is_active(self) -> bool:
        """Whether it searches, or speaks with an access point."""
        return self._due_ns is not None

    @property
    def is_answered(self) -> bool:
        """Whether somebody would let it in now."""
        return self.is_active and bool(self._partner or self._offers())

    @property
    def deadline_ns(self) -> int | None:
        """When `advance` has something to do."""
        return self._due_ns

    def start(self, pin: str | None, now_ns: int) -> None:
        """Begin to look for an access point at which somebody has typed ``pin``, or pressed the button."""
        self._pin, self._partner = pin, None
        self._due_ns, self._ends_ns = now_ns + SCAN_NS, now_ns + WPS_WALK_NS
        self._emit("wifi.wps", state="search", pin=pin)
        if pin is not None:
            self._post(SystemEvent.STA_WPS_ER_PIN)

    def stop(self) -> None:
        """End it, whatever it was about to do."""
        self._due_ns = self._partner = None

    def advance(self, now_ns: int) -> None:
        """Do everything that is due until ``now_ns``."""
        while self._due_ns is not None and self._due_ns <= now_ns:
            if self._partner is not None:
                self._end_exchange(self._partner)
            else:
                self._look_around(self._due_ns)

    def _look_around(self, now_ns: int) -> None:
        offers = self._offers()
        if len(offers) > 1 and self._pin is None:
            self._end(SystemEvent.STA_WPS_ER_FAILED, "overlap")
        elif offers:
            self._partner = offers[0]
            self._due_ns = now_ns + WPS_EXCHANGE_NS
        elif now_ns >= self._ends_ns:
            self._end(SystemEvent.STA_WPS_ER_TIMEOUT, "timeout")
        else:
            self._due_ns = now_ns + SCAN_NS

    def _offers(self) -> list[AccessPoint]:
        """Return the access points that let somebody in by this method, whoever it is."""
        return [point for point in self._air if self._air.hears(point) and self._is_method_of(point)]

    def _is_method_of(self, point: AccessPoint) -> bool:
        return point.wps is not None and (point.wps.pin is None) == (self._pin is None)

    def _end_exchange(self, partner: AccessPoint) -> None:
        offer = partner.wps
        if offer is None or offer.pin != self._pin or not self._air.hears(partner):
            self._end(SystemEvent.STA_WPS_ER_FAILED, "failed")
            return
        self._air.end_wps(partner)
        self._found(partner)
        self._end(SystemEvent.STA_WPS_ER_SUCCESS, "success")

    def _end(self, event: SystemEvent, state: str) -> None:
        self.stop()
        self._emit("wifi.wps", state=state, pin=self._pin)
        self._post(event)


class SmartConfigReceiver:
    """The station of one board, as far as it listens for a phone. ``found`` gets what that has sent."""

    def __init__(self, air: Air, *, found: Callable[[SmartConfigMessage], None], emit: Emit) -> None:
        self._air = air
        self._found = found
        self._emit = emit
        self._due_ns: int | None = None
        self.is_active = False
        """Whether it listens, or has found something and is not stopped yet."""

    @property
    def is_answered(self) -> bool:
        """Whether somebody sends."""
        return self._due_ns is not None

    @property
    def deadline_ns(self) -> int | None:
        """When `advance` has something to do."""
        return self._due_ns

    def start(self, now_ns: int) -> None:
        """Begin to listen."""
        self.is_active = True
        self._emit("wifi.smartconfig", state="listen")
        self.air_changed(now_ns)

    def stop(self) -> None:
        """End it."""
        self.is_active = False
        self._due_ns = None

    def air_changed(self, now_ns: int) -> None:
        """Look again whether anybody sends: it takes a while to make out what."""
        message = self._air.smart_config
        if not self.is_active or message is None:
            self._due_ns = None
        elif self._due_ns is None:
            self._due_ns = now_ns + SMART_CONFIG_NS

    def advance(self, now_ns: int) -> None:
        """Do everything that is due until ``now_ns``."""
        message = self._air.smart_config
        if self._due_ns is not None and self._due_ns <= now_ns and message is not None:
            self._due_ns = None
            self._emit("wifi.smartconfig", state="found", ssid=message.ssid)
            self._found(message)
