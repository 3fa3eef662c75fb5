"""wifi: how `net.wf` joins without a password in the script (``net_wifi.inc``, ``wifi.c``): WPA2 Enterprise, WPS and
SmartConfig. All of it is in `simulator.device.net_driver`; here are files, log lines and callbacks.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from simulator.console import Level
from simulator.device.calls import call, text_of
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import Kernel
from simulator.filesystem import FileSystemError
from simulator.vm.exceptions import DriverError
from simulator.wifi import Enterprise

_TIME_CHECK_SAID: Final = {0: "enabled", 1: "disabled"}
"""``net.wf.timecheck``; with DEFAULT nothing is changed."""


class WifiDriver(Driver):
    """The station, as far as scripts have functions called by it."""

    name: ClassVar[str] = "wifi"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._looks_at_dates = False  # gl_disable_time_check of eap.c

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts."""
        super().connect(kernel)
        self._pin_callback = self.shared.new_callback_id()
        self._credentials_callback = self.shared.new_callback_id()
        self._pins = self.shared.new_queue("wifi_wps_pin")
        self._credentials = self.shared.new_queue("smartconfig")

    @call("wifi.setup_enterprise")
    async def _setup_enterprise(
        self,
        ssid: bytes,
        identity: bytes,
        username: bytes,
        password: bytes,
        ca_file: bytes,
        certificate_file: bytes,
        key_file: bytes,
        key_password: bytes,
        time_check: int,
        *address: int,
    ) -> None:
        ca_certificate = self._load("cacert", ca_file)
        certificate = self._load("certificate", certificate_file)
        key = self._load("privkey", key_file)
        has_certificate = bool(certificate_file and key_file)
        await self.shared.network.files.settle()
        if time_check in _TIME_CHECK_SAID:
            self._looks_at_dates = time_check == 0
        await self.shared.network.driver.wf_setup_enterprise(
            text_of(ssid),
            Enterprise(
                text_of(identity),
                text_of(username),
                text_of(password),
                ca_certificate,
                certificate if has_certificate and key else b"",
                key,
                key_password,
                self._epoch if self._looks_at_dates else None,
            ),
            *address,
        )
        if time_check in _TIME_CHECK_SAID:
            self._log(f"certificate time check {_TIME_CHECK_SAID[time_check]}")
        if ca_file:
            self._log("ca-cert set")
        if has_certificate:
            self._log(f"client certificate + key {'with password ' if key_password else ''}set")
        if identity:
            self._log(f"identity set to: {text_of(identity)}")
        if username:
            self._log(f"user set to: {text_of(username)}")
        if password:
            self._log("password set")
        self._log("enabled")

    def _epoch(self) -> int:
        return int(self.shared.network.epoch())

    def _log(self, text: str) -> None:
        self.shared.console.log(Level.DEBUG, f"wpa2 enterprise {text}\n".encode())

    def _load(self, what: str, path: bytes) -> bytes:
        """Return what is in a file, and nothing if there is none to be read."""
        if not path:
            return b""
        try:
            file_system, inner = self.shared.network.files.locate(path)
            return file_system.read_file(inner)
        except FileSystemError as error:
            text = f"wifi_setup_enterprise: get_file_content({what}) error ESP_ERR_INVALID_ARG\n"
            self.shared.console.log(Level.ERR, text.encode())
            raise DriverError("wifi", "InvalidArg") from error

    @call("wifi.start_wps")
    async def _start_wps(self, kind: int) -> tuple[int]:
        """Look for an access point by WPS; returns the number of the function that gets the PIN."""
        await self.shared.network.driver.wf_start_wps(kind, self._tell_pin)
        return (self._pin_callback,)

    def _tell_pin(self, pin: str) -> None:
        self._pins.put(self._pin_callback, pin.encode())

    @call("wifi.start_smart_config")
    async def _start_smart_config(self) -> tuple[int]:
        """Listen for a phone; returns the number of the function that gets what it sends."""
        await self.shared.network.driver.wf_start_smart_config(self._tell_credentials, self._tell_done)
        return (self._credentials_callback,)

    def _tell_credentials(self, ssid: str, password: str) -> None:
        self._credentials.put(self._credentials_callback, ssid.encode(), password.encode())

    def _tell_done(self, phone_address: str) -> None:
        self.shared.write(f"Remote IP: {phone_address}\n")
