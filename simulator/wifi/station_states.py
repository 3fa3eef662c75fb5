"""What a station may do when: the whole state machine as one table.

Two rules: nothing happens to a station that is not in `TRANSITIONS`, and only `next_state` moves it. Numbers, timers,
the air and the reasons for a disconnect are not here; `wifi.station` has them.

The states are those of ESP-IDF's log lines (``state: init -> auth``, ``auth -> assoc``, ``assoc -> run``) with two
that the driver does not name: OFF, and SCANNING for the search that each attempt begins with. HANDSHAKING is the
first part of ``run``. The order of things is section "Wi-Fi Station Connecting Scenario" of
``docs/en/api-guides/wifi.rst`` (ESP-IDF cc9b06d4).

An attempt is the way from IDLE through to CONNECTED. It ends there, or by FAILED back in IDLE; the driver tries
again only when it is told to, by another CONNECT. FAILED in CONNECTED is the loss of the access point.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from simulator.errors import SimulatorInternalError


class StationState(Enum):
    """Where a station stands."""

    OFF = "off"
    IDLE = "init"
    SCANNING = "scan"
    AUTHENTICATING = "auth"
    ASSOCIATING = "assoc"
    HANDSHAKING = "handshake"
    CONNECTED = "run"

    @property
    def is_connecting(self) -> bool:
        """Whether an attempt is under way: the driver then refuses to scan and to connect again."""
        return self not in (StationState.OFF, StationState.IDLE, StationState.CONNECTED)


class StationInput(Enum):
    """What can happen to a station."""

    START = "radio on"
    STOP = "radio off"
    CONNECT = "asked to connect"
    FOUND = "target heard in the scan"
    ACCEPTED = "access point answered yes, more to do"
    JOINED = "access point answered yes, nothing more to do"
    FAILED = "attempt failed or connection lost"


TRANSITIONS: Final[Mapping[StationState, Mapping[StationInput, StationState]]] = {
    StationState.OFF: {
        StationInput.START: StationState.IDLE,
    },
    StationState.IDLE: {
        StationInput.CONNECT: StationState.SCANNING,
        StationInput.STOP: StationState.OFF,
    },
    StationState.SCANNING: {
        StationInput.FOUND: StationState.AUTHENTICATING,
        StationInput.FAILED: StationState.IDLE,
        StationInput.STOP: StationState.OFF,
    },
    StationState.AUTHENTICATING: {
        StationInput.ACCEPTED: StationState.ASSOCIATING,
        StationInput.FAILED: StationState.IDLE,
        StationInput.STOP: StationState.OFF,
    },
    StationState.ASSOCIATING: {
        StationInput.ACCEPTED: StationState.HANDSHAKING,
        StationInput.JOINED: StationState.CONNECTED,
        StationInput.FAILED: StationState.IDLE,
        StationInput.STOP: StationState.OFF,
    },
    StationState.HANDSHAKING: {
        StationInput.JOINED: StationState.CONNECTED,
        StationInput.FAILED: StationState.IDLE,
        StationInput.STOP: StationState.OFF,
    },
    StationState.CONNECTED: {
        StationInput.FAILED: StationState.IDLE,
        StationInput.STOP: StationState.OFF,
    },
}


def next_state(state: StationState, happened: StationInput) -> StationState:
    """Return the state after ``happened``. A pair that is not in the table is a bug of ours."""
    try:
        return TRANSITIONS[state][happened]
    except KeyError:
        raise SimulatorInternalError(f"a station cannot get {happened.name} in {state.name}") from None
