"""What a server has to offer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from simulator.firmware import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware:
    """A firmware that can be offered: the ids it answers to, the commit it was built from, and its image."""

    ids: tuple[str, ...]
    commit: str
    image: bytes

    @classmethod
    def of(cls, manifest: Manifest, image: bytes) -> Firmware:
        """Return the firmware that an image with this manifest is."""
        return cls(ids=manifest.ids, commit=manifest.commit, image=image)

    @property
    def sha256(self) -> bytes:
        """The SHA-256 of the image."""
        return _sha256(self.image)


@lru_cache(maxsize=256)
def _sha256(image: bytes) -> bytes:
    return hashlib.sha256(image).digest()


class Catalogue:
    """Firmware by the ids it answers to; what is published later is newer."""

    def __init__(self) -> None:
        self._newest: dict[str, Firmware] = {}

    def publish(self, firmware: Firmware) -> None:
        """Offer ``firmware`` from now on to every board that asks for one of its ids."""
        for firmware_id in firmware.ids:
            self._newest[firmware_id] = firmware

    def replace(self, offers: Iterable[Firmware]) -> None:
        """Offer these from now on, and nothing else; of two for one id the later is newer."""
        self._newest = {firmware_id: firmware for firmware in offers for firmware_id in firmware.ids}

    def newest(self, firmware_id: str) -> Firmware | None:
        """Return the newest firmware that answers to ``firmware_id``, or None."""
        return self._newest.get(firmware_id)

    @property
    def offers(self) -> list[Firmware]:
        """Everything that can still be asked for, in the order of publication."""
        return list({id(firmware): firmware for firmware in self._newest.values()}.values())
