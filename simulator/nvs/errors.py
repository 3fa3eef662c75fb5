"""How a call of NVS fails: with a code that the app sees, or by taking the whole device with it."""

from __future__ import annotations

from simulator.formats.esp_err import EspError


class NvsError(EspError):
    """An ``nvs_*`` function answered with ``code``. Codes of the flash below come as the `EspError` of the chip."""


class NvsFatalError(Exception):
    """ESP-IDF's code does not survive what is in flash.

    That takes bytes which no NVS has written, with one exception: a blob that is set again after its key was erased can
    meet a chunk that was left over, and then reading it fails.

    An assertion fails, and ``abort()`` restarts the device (``CONFIG_OPTIMIZATION_ASSERTIONS_ENABLED``, which all
    boards have); or, if ``hangs``, the call never returns.
    """

    def __init__(self, message: str, *, hangs: bool = False) -> None:
        super().__init__(message)
        self.hangs = hangs
