"""Firmware that no honest server would offer: old, of another board, or somebody else's. All of it boots."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Final

from simulator.boards import load_board
from simulator.firmware import SMALLEST_IMAGE_BYTES, Manifest, build_for, read_manifest
from simulator.ota_protocol import Catalogue, Firmware

OTHER_BOARD: Final = "ESP32THING-OTA"
ONE_MORE_BOARD: Final = "GENERIC-OTA"
"""The other board for those that are an `OTHER_BOARD`."""
_A_DAY_S: Final = 24 * 3600
_LONG_AGO_S: Final = 365 * _A_DAY_S


def older(offer: Firmware) -> Firmware:
    """Return a firmware from before everything that a board may have."""
    manifest = read_manifest(offer.image)
    return _rebuilt(offer, manifest, commit=_commit_after(manifest, "previous"), seconds=-_LONG_AGO_S)


def installed(offer: Firmware, commit: str) -> Firmware:
    """Return the firmware that a board says it has: the offer, built a day earlier from that commit.

    It is the offer itself if ``commit`` is abbreviated, for that names no firmware that could be built.
    """
    manifest = read_manifest(offer.image)
    if len(commit) != len(manifest.commit):
        return offer
    return _rebuilt(offer, manifest, commit=commit.lower(), seconds=-_A_DAY_S)


def for_another_board(offer: Firmware) -> Firmware:
    """Return the same firmware as another board has it."""
    manifest = read_manifest(offer.image)
    other = load_board(ONE_MORE_BOARD if manifest.documented_id == OTHER_BOARD else OTHER_BOARD)
    theirs = Manifest.of(other, commit=manifest.commit, build_time=manifest.build_time)
    return Firmware.of(theirs, build_for(other, theirs, size_bytes=max(len(offer.image), SMALLEST_IMAGE_BYTES)))


def rogue_catalogue(catalogue: Catalogue) -> Catalogue:
    """Return what somebody offers who wants the boards for himself: newer than each firmware of ``catalogue``."""
    rogue = Catalogue()
    for offer in catalogue.offers:
        if offer.image:
            manifest = read_manifest(offer.image)
            rogue.publish(_rebuilt(offer, manifest, commit=_commit_after(manifest, "rogue"), seconds=_A_DAY_S))
    return rogue


def _commit_after(manifest: Manifest, word: str) -> str:
    return hashlib.sha1(f"{manifest.commit} {word}".encode(), usedforsecurity=False).hexdigest()


def _rebuilt(offer: Firmware, manifest: Manifest, *, commit: str, seconds: int) -> Firmware:
    forged = dataclasses.replace(manifest, commit=commit, build_time=manifest.build_time + seconds)
    return Firmware.of(
        forged, build_for(load_board(manifest.board), forged, size_bytes=max(len(offer.image), SMALLEST_IMAGE_BYTES))
    )
