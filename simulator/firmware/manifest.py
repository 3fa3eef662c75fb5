"""The manifest: what a firmware image of the twin is, written inside the image itself.

A real image of Lua RTOS holds its identity as strings that the linker put somewhere; ours has them in one place, right
behind the app descriptor in the first segment, so that the app that runs is whatever the bootloader found in flash::

     0                16            20
    +----------------+-------------+----------------------------+
    | "LUATWIN-APP 1"| length (u32)| JSON, UTF-8                |
    | NUL padded     | of the JSON | keys sorted, no spaces     |
    +----------------+-------------+----------------------------+
"""

from __future__ import annotations

import dataclasses
import json
import re
import struct
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, get_args

from simulator.boards import Board
from simulator.boards.ids import documented_form
from simulator.boards.schema import LogLevel, Profile
from simulator.errors import FormatError, UsageError
from simulator.formats.app_descriptor import APP_DESCRIPTOR_BYTES
from simulator.formats.image import HEADER_BYTES, SEGMENT_HEADER_BYTES, AppImage
from simulator.signatures import VerificationKey

MARKER: Final = b"LUATWIN-APP 1\0\0\0"
MANIFEST_REACH_BYTES: Final = 4096
"""How much of the start of an image holds its manifest."""
_LENGTH: Final = struct.Struct("<I")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_PUBLIC_KEY: Final = re.compile(r"([0-9a-f]{128})?")

_WORDS: Final = {
    "ota_id_form": ("documented", "source"),
    "log_level": get_args(LogLevel),
    "profile": get_args(Profile),
    "secure_boot": ("none", "v1", "v2"),
}


class ManifestFault(Enum):
    """Why an image has no usable manifest."""

    ABSENT = "absent"
    MALFORMED = "malformed"


class ManifestError(FormatError):
    """The image is no firmware that the twin can run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What was compiled into a firmware.

    ``commit`` is 40 lower-case hexadecimal digits (``BUILD_COMMIT``), ``build_time`` Unix seconds (``BUILD_TIME``);
    the rest has the meaning of the same fields of `Board`. A firmware of the hardened profile has rollback.
    """

    board: str
    commit: str
    build_time: int
    firmware: str
    brand: str
    type: str
    subtype: str
    ota: bool
    ota_server: str
    ota_id_form: str
    log_level: str
    profile: Profile = "stock"
    rollback: bool = False
    anti_rollback: bool = False
    secure_version_bits: int = 32
    secure_boot: str = "none"
    secure_boot_key: str = ""

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            if type(getattr(self, name)) is not kind:
                raise TypeError(f"{name} {getattr(self, name)!r} is no {kind.__name__}")
        if not _COMMIT.fullmatch(self.commit):
            raise ValueError(f"commit {self.commit!r} is not 40 lower-case hexadecimal digits")
        if not 0 <= self.build_time < 1 << 32:
            raise ValueError(f"build time {self.build_time} is no 32-bit number")
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise ValueError(f"{name} {getattr(self, name)!r} is none of {', '.join(words)}")
        if not 1 <= self.secure_version_bits <= 32:
            raise ValueError(f"a secure version has no {self.secure_version_bits} bits")
        if not _PUBLIC_KEY.fullmatch(self.secure_boot_key) or (self.secure_boot == "v1") is not bool(
            self.secure_boot_key
        ):
            raise ValueError(f"{self.secure_boot_key!r} is no key for secure boot {self.secure_boot}")

    @classmethod
    def of(cls, board: Board, *, commit: str, build_time: int) -> Manifest:
        """Return what a build for ``board`` has compiled in."""
        options = {name: getattr(board, name) for name in (*_BOARD_OPTIONS, *BOOT_OPTIONS)}
        return cls(board=board.id, commit=commit, build_time=build_time, **options).with_profile(board.profile)

    def with_profile(self, profile: Profile) -> Manifest:
        """Return the manifest of the same sources built with ``profile``: hardened firmware has rollback."""
        return dataclasses.replace(self, profile=profile, rollback=self.rollback or profile == "hardened")

    @property
    def documented_id(self) -> str:
        """``[brand-]type[-subtype]``."""
        return documented_form(self.brand, self.type, self.subtype)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids under which an update server may be asked for this firmware: both forms, none empty, none twice."""
        return tuple(dict.fromkeys(form for form in (self.documented_id, self.firmware) if form))

    def signed_with(self, key: VerificationKey) -> Manifest:
        """Return the manifest of a firmware that is signed with ``key``: built for a board with that secure boot.

        Raises `UsageError` if it is built for another one.
        """
        secure_boot_key = key.data.hex() if key.scheme == "v1" else ""
        if self.secure_boot == "none":
            return dataclasses.replace(self, secure_boot=key.scheme, secure_boot_key=secure_boot_key)
        if self.secure_boot != key.scheme:
            raise UsageError(
                f"the key is for secure boot {key.scheme}, the firmware for secure boot {self.secure_boot}"
            )
        if self.secure_boot_key != secure_boot_key:
            raise UsageError("the key is not the one that the firmware verifies signatures with")
        return self

    def apply(self, board: Board) -> Board:
        """Return ``board`` with the options that this firmware was built with: hardware stays, identity changes.

        What it shares with the bootloader stays too (`BOOT_OPTIONS`): the bootloader may have been built otherwise.
        """
        options: dict[str, Any] = {name: getattr(self, name) for name in _BOARD_OPTIONS}
        if not self.ota:
            options["factory_partition"] = False
        return dataclasses.replace(board, **options)

    def to_bytes(self) -> bytes:
        """Return the manifest as it stands in an image."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True, separators=(",", ":")).encode()
        return MARKER + _LENGTH.pack(len(text)) + text


_KINDS: Final = {
    field.name: {"int": int, "bool": bool}.get(str(field.type), str) for field in dataclasses.fields(Manifest)
}
_BOARD_OPTIONS: Final = (
    *("firmware", "brand", "type", "subtype", "ota", "ota_server", "ota_id_form", "log_level", "profile"),
)
BOOT_OPTIONS: Final = ("rollback", "anti_rollback", "secure_version_bits", "secure_boot", "secure_boot_key")
"""What app and bootloader have to agree on. They are no part of the board that an app runs on: see `Manifest.apply`."""


def embedded_manifest(image: AppImage) -> Manifest | None:
    """Return the manifest that stands in an image, None if none does.

    Raises `ManifestError` if there is one that is malformed.
    """
    return _manifest_in(image.segments[0].data) if image.segments else None


def leading_manifest(data: bytes) -> Manifest | None:
    """Return the manifest in the first bytes of an image, which need not be there whole; None if there is none.

    The first `MANIFEST_REACH_BYTES` are enough. Raises `ManifestError` as `embedded_manifest`.
    """
    return _manifest_in(data[HEADER_BYTES + SEGMENT_HEADER_BYTES :])


def _manifest_in(first: bytes) -> Manifest | None:
    start = APP_DESCRIPTOR_BYTES + len(MARKER)
    if first[APP_DESCRIPTOR_BYTES:start] != MARKER:
        return None
    start += _LENGTH.size
    try:
        (length,) = _LENGTH.unpack(first[start - _LENGTH.size : start])
        return Manifest(**json.loads(first[start : start + length]))
    except (struct.error, ValueError, TypeError, RecursionError) as error:
        raise ManifestError(
            f"the manifest is malformed: {error}", reason=ManifestFault.MALFORMED, offset=start
        ) from error
