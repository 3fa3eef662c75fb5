"""NVS, ESP-IDF's key-value store, byte for byte as it writes it at the revision that Lua RTOS pins.

Knows pages, items, blobs and how they survive a power cut; knows neither Lua nor a flash chip: it is given a view of
its partition, and `simulator.flash` below it offers `Nvs` next to the chip for that reason. Synchronous, without time.
The layout of the bytes is `simulator.formats.nvs`. Read `nvs` first, then `storage`.
"""

from __future__ import annotations

from simulator.nvs.csv_form import from_csv, to_csv
from simulator.nvs.errors import NvsError, NvsFatalError
from simulator.nvs.nvs import Nvs, NvsEntry, NvsHandle, NvsStats

__all__ = [
    "Nvs",
    "NvsEntry",
    "NvsError",
    "NvsFatalError",
    "NvsHandle",
    "NvsStats",
    "from_csv",
    "to_csv",
]
