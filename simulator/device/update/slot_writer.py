"""An image on its way into a slot: written as it comes, hashed as it is written, and resumed after a power cut.

The slot is erased a block at a time, just ahead of the data. How far the image got is noted in NVS whenever a block is
full, with the tag that the server gave it; after a power cut what is noted is read back, hashed, and not fetched again.
A note costs one item of NVS for each 64 KiB.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from simulator.device.update.checks import check_size
from simulator.flash import PartitionView
from simulator.flash.chip import SECTOR_BYTES
from simulator.formats import EspError
from simulator.nvs import Nvs, NvsFatalError

BLOCK_BYTES: Final = 64 * 1024
"""What is erased by one command, and the distance of two notes."""
NAMESPACE: Final = "ota"


class SlotWriter:
    """One image into one slot. ``etag`` is the server's name for exactly these bytes, empty if it gave none."""

    def __init__(self, view: PartitionView, nvs: Nvs | None) -> None:
        self._view = view
        self._nvs = nvs
        self._hash = hashlib.sha256()
        self._pending = bytearray()
        self._programmed = 0
        self.etag = ""

    @property
    def label(self) -> str:
        """The slot's label."""
        return self._view.partition.label

    @property
    def slot_offset(self) -> int:
        """Where the slot begins in the flash."""
        return self._view.partition.offset

    @property
    def slot_bytes(self) -> int:
        """How long an image may be."""
        return self._view.size_bytes

    @property
    def programmed_bytes(self) -> int:
        """How much of the image is in the flash."""
        return self._programmed

    @property
    def received_bytes(self) -> int:
        """How much of the image is here, in flash or about to be: where the next part has to begin."""
        return self._programmed + len(self._pending)

    @property
    def sha256(self) -> bytes:
        """The SHA-256 of what was received."""
        return self._hash.digest()

    def resume(self) -> None:
        """Take up what an earlier run of the board left in the slot, if it noted anything."""
        label, etag, done = self._noted()
        if label != self.label or not etag or not 0 < done <= self._view.size_bytes:
            return
        self.etag = etag
        self._programmed = done
        self._hash.update(self._view.read(0, done))

    def head(self, length: int) -> bytes:
        """Return the first bytes of what is in the slot."""
        return self._view.read(0, min(length, self._programmed))

    def restart(self, etag: str) -> None:
        """Begin anew with the image that the server calls ``etag``."""
        self._hash = hashlib.sha256()
        self._pending.clear()
        self._programmed = 0
        self.etag = etag

    def write(self, data: bytes) -> Iterator[None]:
        """Take the next bytes of the image, stopping after every flash command so that time can pass.

        Raises `UpdateRefusedError` if they do not fit into the slot, and `EspError` if the flash refuses.
        """
        check_size(self.received_bytes + len(data), self.slot_bytes)
        self._hash.update(data)
        self._pending += data
        while len(self._pending) >= SECTOR_BYTES:
            yield from self._program(SECTOR_BYTES)

    def finish(self) -> Iterator[None]:
        """Write what is left of the last sector. Stops and raises as `write`."""
        if self._pending:
            yield from self._program(len(self._pending))

    def forget(self) -> None:
        """Leave no note behind: the next update begins from the first byte."""
        if self._nvs is not None and self._noted()[2]:
            with suppress(EspError), self._nvs.open(NAMESPACE) as handle:
                handle.erase_key("done")

    def _program(self, length: int) -> Iterator[None]:
        offset = self._programmed
        if offset % BLOCK_BYTES == 0:
            if offset:
                self._note(offset)
                yield
            for start, size in self._view.erase_commands(offset, min(BLOCK_BYTES, self._view.size_bytes - offset)):
                self._view.erase(start, size)
                yield
        self._view.program(offset, bytes(self._pending[:length]))
        del self._pending[:length]
        self._programmed += length
        yield

    def _note(self, done: int) -> None:
        """Note how far the image got. A board whose NVS is full or broken updates all the same."""
        if self._nvs is None or not self.etag:
            return
        with suppress(EspError), self._nvs.open(NAMESPACE) as handle:
            if done == BLOCK_BYTES:
                handle.set_str("slot", self.label)
                handle.set_str("etag", self.etag)
            handle.set_u32("done", done)

    def _noted(self) -> tuple[str, str, int]:
        if self._nvs is not None:
            with suppress(EspError, NvsFatalError), self._nvs.open(NAMESPACE, read_only=True) as handle:
                return handle.get_str("slot"), handle.get_str("etag"), handle.get_u32("done")
        return "", "", 0
