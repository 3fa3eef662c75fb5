"""How an update should be done: what the hardened profile has in place of the stock ``net.ota()``.

`checks` decides from the first bytes whether an image is wanted, `slot_writer` brings it into the flash so that a
power cut loses little, `server` asks the update server; `simulator.device.calls.hardened_ota` puts them together.
Knows nothing of Lua. Read `checks` first.
"""

from __future__ import annotations


class UpdateRefusedError(Exception):
    """The update is not wanted, and asking again would not change that. The text says why."""


class DownloadBrokenError(Exception):
    """The server did not deliver; it may do so the next time. The text says what happened."""
