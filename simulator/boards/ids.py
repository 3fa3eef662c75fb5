"""The two names of a firmware, and the nearest known name to a wrong one.

*Source form*: ``CONFIG_LUA_RTOS_FIRMWARE``, the name of the file under ``boards/``: ``WHITECAT-ESP32-N1-OTA``.
*Documented form*: what host tools put together from the three answers of ``os.board()``: ``N1ESP32-OTA``.
Neither can be derived from the other: a board file holds both.
"""

from __future__ import annotations

from collections.abc import Iterable


def documented_form(brand: str, type_: str, subtype: str) -> str:
    """Return ``[brand-]type[-subtype]``, as whitecat-console's ``main.go`` joins the answers of ``os.board()``."""
    return (f"{brand}-" if brand else "") + type_ + (f"-{subtype}" if subtype else "")


def option_form(firmware: str) -> str:
    """Return the sdkconfig option that selects ``firmware``, without ``CONFIG_`` (Lua RTOS ``gen_info.py``)."""
    return "LUA_RTOS_FIRMWARE_" + firmware.replace("-", "_")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean X?"`` for the name in ``known`` nearest to ``name``, or nothing if none is near.

    Upper and lower case count as near.
    """
    import difflib  # only for people who mistype: start-up does not pay for it

    spelling = {candidate.casefold(): candidate for candidate in known if candidate}
    near = difflib.get_close_matches(name.casefold(), spelling, n=1)
    return f"; did you mean {spelling[near[0]]}?" if near else ""
