"""What ESP-IDF's Wi-Fi driver keeps in NVS, with the keys of its closed library (namespace ``nvs.net80211``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from simulator.formats import EspError
from simulator.nvs import Nvs, NvsFatalError, NvsHandle
from simulator.wifi.esp_wifi import AccessPointConfig, EspWifiCode, EspWifiError
from simulator.wifi.events import Emit
from simulator.wifi.standard import AuthMode
from simulator.wifi.station import StationConfig

_NAMESPACE: Final = "nvs.net80211"
_SSID_BYTES: Final = 32
_PASSWORD_BYTES: Final = 65
_DEFAULT: Final = AccessPointConfig()
_AUTH_MODES: Final = {mode.value: mode for mode in AuthMode}


class NvsWifiMemory:
    """A `WifiMemory` in the board's NVS. ``emit`` writes an event for each value that has changed.

    Of what the library keeps these are the values that come from a script.
    """

    def __init__(self, nvs: Nvs, emit: Emit) -> None:
        self._nvs = nvs
        self._emit = emit

    def load(self) -> tuple[StationConfig, AccessPointConfig]:
        """See `WifiMemory.load`."""
        try:
            with self._open(read_only=True) as handle:
                station = StationConfig(
                    _ssid(handle, "sta.ssid"), _text(handle, "sta.pswd"), _number(handle, "sta.chan", 0)
                )
                access_point = AccessPointConfig(
                    _ssid(handle, "ap.ssid"),
                    _text(handle, "ap.passwd"),
                    _number(handle, "ap.chan", _DEFAULT.channel),
                    _AUTH_MODES.get(_number(handle, "ap.authmode", _DEFAULT.auth), _DEFAULT.auth),
                    bool(_number(handle, "ap.hidden", _DEFAULT.hidden)),
                    _number(handle, "ap.max.conn", _DEFAULT.stations_max),
                )
        except EspWifiError:  # nothing has been kept yet
            return StationConfig(), _DEFAULT
        return station, access_point

    def keep(self, config: StationConfig | AccessPointConfig) -> None:
        """See `WifiMemory.keep`."""
        with self._open() as handle:
            if isinstance(config, StationConfig):
                self._set_blob(handle, "sta.ssid", _ssid_blob(config.ssid))
                self._set_blob(handle, "sta.pswd", _bytes(config.password).ljust(_PASSWORD_BYTES, b"\0"))
                self._set_number(handle, "sta.chan", config.channel)
            else:
                self._set_blob(handle, "ap.ssid", _ssid_blob(config.ssid))
                self._set_blob(handle, "ap.passwd", _bytes(config.password).ljust(_PASSWORD_BYTES, b"\0"))
                self._set_number(handle, "ap.chan", config.channel)
                self._set_number(handle, "ap.authmode", config.auth)
                self._set_number(handle, "ap.hidden", config.hidden)
                self._set_number(handle, "ap.max.conn", config.stations_max)

    @contextmanager
    def _open(self, *, read_only: bool = False) -> Iterator[NvsHandle]:
        try:
            with self._nvs.open(_NAMESPACE, read_only=read_only) as handle:
                yield handle
        except (EspError, NvsFatalError) as error:
            raise EspWifiError(EspWifiCode.NVS) from error

    def _set_blob(self, handle: NvsHandle, key: str, value: bytes) -> None:
        with suppress(EspError):
            if handle.get_blob(key) == value:
                return
        handle.set_blob(key, value)
        self._emit("nvs.set", namespace=_NAMESPACE, key=key, type="blob")

    def _set_number(self, handle: NvsHandle, key: str, value: int) -> None:
        value &= 0xFF
        with suppress(EspError):
            if handle.get_u8(key) == value:
                return
        handle.set_u8(key, value)
        self._emit("nvs.set", namespace=_NAMESPACE, key=key, type="u8")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _ssid_blob(ssid: str) -> bytes:
    data = _bytes(ssid)
    return len(data).to_bytes(4, "little") + data.ljust(_SSID_BYTES, b"\0")


def _ssid(handle: NvsHandle, key: str) -> str:
    """Return an SSID, which is kept behind its length; empty if there is none."""
    try:
        blob = handle.get_blob(key)
    except EspError:
        return ""
    return blob[4 : 4 + int.from_bytes(blob[:4], "little")].decode("utf-8", "surrogateescape")


def _text(handle: NvsHandle, key: str) -> str:
    try:
        return handle.get_blob(key).partition(b"\0")[0].decode("utf-8", "surrogateescape")
    except EspError:
        return ""


def _number(handle: NvsHandle, key: str, default: int) -> int:
    try:
        return handle.get_u8(key)
    except EspError:
        return default
