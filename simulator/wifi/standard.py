"""Names and numbers of 802.11 as ESP-IDF's headers spell them.

Values from ``components/esp32/include/esp_wifi_types.h`` (ESP-IDF cc9b06d4), without the ``WIFI_`` prefixes. Two
names begin with a digit there; `DisconnectReason.label` gives them back.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

SSID_BYTES_MAX: Final = 32
"""What the driver copies of an SSID (``wifi_sta_config_t``)."""

PASSWORD_BYTES_MAX: Final = 64
"""What the driver copies of a password (``wifi_sta_config_t``)."""

PASSPHRASE_BYTES_MIN: Final = 8
"""A WPA passphrase has 8 to 63 characters; 64 is the key itself in hexadecimal."""


class WifiMode(IntEnum):
    """``wifi_mode_t``: what the radio is."""

    NULL = 0
    STA = 1
    AP = 2
    APSTA = 3

    @property
    def has_station(self) -> bool:
        """Whether the radio is (also) a station."""
        return self in (WifiMode.STA, WifiMode.APSTA)

    @property
    def has_access_point(self) -> bool:
        """Whether the radio is (also) an access point."""
        return self in (WifiMode.AP, WifiMode.APSTA)


class AuthMode(IntEnum):
    """``wifi_auth_mode_t``: how an access point lets stations in."""

    OPEN = 0
    WEP = 1
    WPA_PSK = 2
    WPA2_PSK = 3
    WPA_WPA2_PSK = 4
    WPA2_ENTERPRISE = 5

    @property
    def uses_passphrase(self) -> bool:
        """Whether both sides derive a key from a passphrase and prove it in a 4-way handshake."""
        return self in (AuthMode.WPA_PSK, AuthMode.WPA2_PSK, AuthMode.WPA_WPA2_PSK)

    @property
    def has_handshake(self) -> bool:
        """Whether keys are negotiated after associating, before the station counts as connected."""
        return self not in (AuthMode.OPEN, AuthMode.WEP)


class SecondChannel(IntEnum):
    """``wifi_second_chan_t``: where the other half of a 40 MHz channel lies."""

    NONE = 0
    ABOVE = 1
    BELOW = 2


class DisconnectReason(IntEnum):
    """``wifi_err_reason_t``: why a station lost its access point or never got one."""

    UNSPECIFIED = 1
    AUTH_EXPIRE = 2
    AUTH_LEAVE = 3
    ASSOC_EXPIRE = 4
    ASSOC_TOOMANY = 5
    NOT_AUTHED = 6
    NOT_ASSOCED = 7
    ASSOC_LEAVE = 8
    ASSOC_NOT_AUTHED = 9
    DISASSOC_PWRCAP_BAD = 10
    DISASSOC_SUPCHAN_BAD = 11
    IE_INVALID = 13
    MIC_FAILURE = 14
    FOURWAY_HANDSHAKE_TIMEOUT = 15
    GROUP_KEY_UPDATE_TIMEOUT = 16
    IE_IN_4WAY_DIFFERS = 17
    GROUP_CIPHER_INVALID = 18
    PAIRWISE_CIPHER_INVALID = 19
    AKMP_INVALID = 20
    UNSUPP_RSN_IE_VERSION = 21
    INVALID_RSN_IE_CAP = 22
    IEEE_802_1X_AUTH_FAILED = 23
    CIPHER_SUITE_REJECTED = 24
    BEACON_TIMEOUT = 200
    NO_AP_FOUND = 201
    AUTH_FAIL = 202
    ASSOC_FAIL = 203
    HANDSHAKE_TIMEOUT = 204

    @property
    def label(self) -> str:
        """The name as ESP-IDF writes it, such as ``4WAY_HANDSHAKE_TIMEOUT``."""
        return _NAMES_THAT_BEGIN_WITH_A_DIGIT.get(self, self.name)


_NAMES_THAT_BEGIN_WITH_A_DIGIT: Final = {
    DisconnectReason.FOURWAY_HANDSHAKE_TIMEOUT: "4WAY_HANDSHAKE_TIMEOUT",
    DisconnectReason.IEEE_802_1X_AUTH_FAILED: "802_1X_AUTH_FAILED",
}


def c_string(text: str, bytes_max: int) -> str:
    """Return what ``strncpy`` into ``bytes_max`` bytes leaves of ``text``: up to the first NUL, cut by bytes.

    Text is UTF-8; a byte that is not stays in the text as a lone surrogate, so that any SSID survives.
    """
    data = text.encode("utf-8", "surrogateescape").partition(b"\0")[0]
    return data[:bytes_max].decode("utf-8", "surrogateescape")
