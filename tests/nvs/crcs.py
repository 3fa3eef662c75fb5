"""CRCs of NVS made right again, for damage that is to go deeper than they."""

from __future__ import annotations

from simulator.formats import rom_crc32
from simulator.formats.nvs import PAGE_BYTES


def mend_crc(contents: bytearray, *, offset: int) -> None:
    """Make the header, or the entry, in which ``offset`` lies pass its check."""
    page = offset - offset % PAGE_BYTES
    if offset < page + 32:
        contents[page + 28 : page + 32] = rom_crc32(bytes(contents[page + 4 : page + 28])).to_bytes(4, "little")
    elif offset >= page + 64:
        entry = offset - offset % 32
        covered = bytes(contents[entry : entry + 4] + contents[entry + 8 : entry + 32])
        contents[entry + 4 : entry + 8] = rom_crc32(covered).to_bytes(4, "little")
