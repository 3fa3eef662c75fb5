"""Anti-rollback: an app says its secure version, the eFuses say the lowest that may run (``esp_efuse_fields.c``)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from simulator.boot.log import BootLine, BootLog
from simulator.efuses import Efuses, Fuse
from simulator.formats.esp_err import EspErr

_TAG: Final = "efuse"


def update_secure_version(
    efuses: Efuses, version: int, *, bits: int, log: BootLog
) -> Generator[BootLine, None, EspErr]:
    """Raise the eFuse to the secure version of an app (``esp_efuse_update_secure_version``); return its code.

    ``bits`` is the width of the field by the build's configuration.
    """
    burned = efuses.secure_version(bits)
    if version > bits:
        yield log.error(_TAG, f"Max secure version is {bits}. Given {version} version can not be written.")
        return EspErr.ESP_ERR_INVALID_ARG
    if efuses.read(Fuse.CODING_SCHEME):
        yield log.error(_TAG, "Anti rollback is not supported with a 3/4 coding scheme.")
        return EspErr.ESP_ERR_NOT_SUPPORTED
    if version > burned:
        efuses.burn_secure_version(version)
        yield log.info(_TAG, f"Anti-rollback is set. eFuse field is updated({version}).")
    elif version < burned:
        message = f"secure_version of app is lower that eFuse field({burned})."
        yield log.error(_TAG, f"Anti-rollback is not set. {message}")
        return EspErr.ESP_FAIL
    return EspErr.ESP_OK
