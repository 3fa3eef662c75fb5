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
from typing import Any, Final, Literal, get_args

from simulator.boards import Board
from simulator.boards.ids import documented_form
from simulator.boards.schema import LogLevel
from simulator.errors import FormatError
from simulator.formats.app_descriptor import APP_DESCRIPTOR_BYTES
from simulator.formats.image import AppImage

MARKER: Final = b"LUATWIN-APP 1\0\0\0"
_LENGTH: Final = struct.Struct("<I")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")

Profile = Literal["stock", "hardened"]

_WORDS: Final = {
    "ota_id_form": ("documented", "source"),
    "log_level": get_args(LogLevel),
    "profile": get_args(Profile),
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
    the rest has the meaning of the same fields of `Board`.
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

    @classmethod
    def of(cls, board: Board, *, commit: str, build_time: int, profile: Profile = "stock") -> Manifest:
        """Return what a build for ``board`` has compiled in."""
        options = {name: getattr(board, name) for name in _BOARD_OPTIONS}
        return cls(board=board.id, commit=commit, build_time=build_time, profile=profile, **options)

    @property
    def documented_id(self) -> str:
        """``[brand-]type[-subtype]``."""
        return documented_form(self.brand, self.type, self.subtype)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids under which an update server may be asked for this firmware: both forms, none empty, none twice."""
        return tuple(dict.fromkeys(form for form in (self.documented_id, self.firmware) if form))

    def apply(self, board: Board) -> Board:
        """Return ``board`` with the options that this firmware was built with: hardware stays, identity changes."""
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
_BOARD_OPTIONS: Final = ("firmware", "brand", "type", "subtype", "ota", "ota_server", "ota_id_form", "log_level")


def embedded_manifest(image: AppImage) -> Manifest | None:
    """Return the manifest that stands in an image, None if none does.

    Raises `ManifestError` if there is one that is malformed.
    """
    first = image.segments[0].data if image.segments else b""
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
