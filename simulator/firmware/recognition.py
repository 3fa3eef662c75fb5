"""Firmware that somebody else built: what an image of the real Lua RTOS tells about itself.

It has no manifest; its identity is spread over strings and code. What helps is how Xtensa code reaches a constant:
``l32r`` loads it from the *literal pool* of the function, a few words of which are the addresses of its strings and
the numbers it uses, in the order of use and arguments before their format. So a text that is known leads to those that
are not::

    .flash.rodata    0x3f4031f8 "N1ESP32", 0x3f403204 "board type %s", ...
    literal pool     ..., 0x3f4031f8, 0x3f403204, ...   of the function that prints the board type

The texts are those of ``sys_init.c`` (banner and board type) and ``net.c`` (update), the ids those of
``firmwares.h``. Images of 2016 and 2017 that Lua RTOS had in its repository, and those of a fork, have exactly this
form. What no image tells is assumed, and `Recognition` says which is which.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import Final

from simulator.boards import Board, all_boards
from simulator.firmware.manifest import Manifest
from simulator.formats.app_descriptor import AppDescriptor
from simulator.formats.image import AppImage, Segment
from simulator.formats.memory_map import DRAM, DROM, LoadKind, load_kind

PROJECT: Final = "lua_rtos"
UNKNOWN_COMMIT: Final = "0" * 40
"""Stands for the commit of an image that does not tell it, as those of 2016 and 2017."""

_BANNER: Final = b"Lua RTOS %s"
_BOARD_TYPE: Final = b"board type %s\r\n"
_REQUEST: Final = b"/?firmware=%s&commit=%s"
_CONNECTING: Final = b"Connecting to https://%s ...\r\n"

_POOL_WORDS: Final = 12
"""So far apart at most are two literals of one call and its neighbours; 8 is the most that was seen."""
_LONGEST_STRING_BYTES: Final = 256
_PLACES: Final = 16
"""No text is looked for in more places than this; a real image has each of them once."""

_WORD: Final = struct.Struct("<I")
_PRINTABLE: Final = re.compile(r"[ -~]*")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_COMMIT_ANYWHERE: Final = re.compile(rb"(?<![0-9a-f])[0-9a-f]{40}(?=\0)")
_ABBREVIATED_COMMIT: Final = re.compile(r"(?:^|-g)([0-9a-f]{7,40})(?:-dirty)?$")
_VERSION: Final = re.compile(r"[ -~]*\d\.\d[ -~]*")
_NAME: Final = re.compile(r"[ !#-\[\]-~]{0,40}")
_ID: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_-]{3,40}")
_HOST: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_BUILD_TIMES: Final = range(
    int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()),  # Lua RTOS for the ESP32 is younger
    1 << 31,  # printed with %d
)

_LONGEST_BUILD_S: Final = 2 * 86_400
"""So far apart at most are the build time and the time in the descriptor, which is in the builder's own time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """An image of Lua RTOS that the twin did not build, and how much of it is known."""

    manifest: Manifest
    found: tuple[str, ...]
    """What the image says, in a few words each."""
    assumed: tuple[str, ...]
    """What it does not say, and was filled in."""


def recognise(image: AppImage) -> Recognition | None:
    """Return what an image of Lua RTOS tells about itself; None if it is no Lua RTOS. Never raises."""
    descriptor = image.app_descriptor
    program = _Program(image)
    if not program.has(_BANNER) and (descriptor is None or descriptor.project_name != PROJECT):
        return None
    return _Reading(program, descriptor).recognition()


def app_name(image: AppImage) -> str:
    """Return what an app calls itself: name and version of its descriptor."""
    descriptor = image.app_descriptor
    if descriptor is None:
        return "an app without a descriptor"
    words = (descriptor.project_name, descriptor.version)
    return " ".join(filter(_PRINTABLE.fullmatch, filter(None, words))) or "an app without a name"


class _Program:
    """The memory of a running image, as far as the image holds it."""

    def __init__(self, image: AppImage) -> None:
        self._segments = [segment for segment in image.segments if load_kind(segment.load_address) != LoadKind.SKIP]

    @cached_property
    def _data(self) -> list[Segment]:
        return [segment for segment in self._segments if segment.load_address in DROM or segment.load_address in DRAM]

    def has(self, text: bytes) -> bool:
        """Say whether a text is anywhere."""
        return any(text in segment.data for segment in self._data)

    def matches(self, pattern: re.Pattern[bytes]) -> list[str]:
        """Return the different texts that match, in the order of their first places."""
        found = (match[0] for segment in self._data for match in pattern.finditer(segment.data))
        return list(dict.fromkeys(text.decode("ascii") for text in islice(found, _PLACES)))

    def holds_string(self, text: str) -> bool:
        """Say whether a text is there as a string of its own."""
        return any(b"\0" + text.encode() + b"\0" in segment.data for segment in self._data)

    def words_near(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Yield the words around each address of ``text`` in a literal pool, with their distances from it.

        The nearest come first, and of two the one before it: -1, 1, -2, 2 and so on.
        """
        for address in islice(self._addresses(text), _PLACES):
            pointer = _WORD.pack(address)
            for segment, place in islice(self._places(pointer, self._segments, align=4), _PLACES):
                for distance in range(1, _POOL_WORDS + 1):
                    for offset in (-distance, distance):
                        start = place + offset * 4
                        if 0 <= start <= len(segment.data) - 4:
                            yield offset, _WORD.unpack_from(segment.data, start)[0]

    def strings_near(self, text: bytes) -> Iterator[tuple[int, str]]:
        """Yield the strings that lie at the addresses among `words_near`."""
        for offset, word in self.words_near(text):
            string = self._string_at(word)
            if string is not None:
                yield offset, string

    def _addresses(self, text: bytes) -> Iterator[int]:
        for segment, place in self._places(text, self._data):
            yield segment.load_address + place

    @staticmethod
    def _places(needle: bytes, segments: Iterable[Segment], *, align: int = 1) -> Iterator[tuple[Segment, int]]:
        for segment in segments:
            place = segment.data.find(needle)
            while place >= 0:
                if (segment.load_address + place) % align == 0:
                    yield segment, place
                place = segment.data.find(needle, place + 1)

    def _string_at(self, address: int) -> str | None:
        for segment in self._data:
            start = address - segment.load_address
            if 0 <= start < len(segment.data):
                end = segment.data.find(b"\0", start, start + _LONGEST_STRING_BYTES)
                text = segment.data[start:end].decode("latin-1")
                return text if end >= 0 and _PRINTABLE.fullmatch(text) else None
        return None


class _Reading:
    """One pass over an image; keeps what it found and what it had to assume."""

    def __init__(self, program: _Program, descriptor: AppDescriptor | None) -> None:
        self._program = program
        self._descriptor = descriptor
        self._ota = program.has(_REQUEST)
        self._found: list[str] = []
        self._assumed: list[str] = []

    def recognition(self) -> Recognition:
        version = next((text for _, text in self._program.strings_near(_BANNER) if _VERSION.fullmatch(text)), "")
        self._found.append(f"Lua RTOS {version}".strip())
        firmware = self._known("firmware", self._firmware())
        type_ = self._known("board type", self._board_type())
        commit = self._known("commit", self._commit()) or self._assume("commit", UNKNOWN_COMMIT)
        build_time = self._build_time()
        board = self._board(firmware, type_)
        if self._ota:
            server = self._known("update server", self._server()) or self._assume("update server", board.ota_server)
            firmware = firmware or self._assume("firmware", board.firmware)
        else:
            self._found.append("built without OTA")
            server = board.ota_server
        if type_ is None:
            type_ = self._assume("board type", board.type)
        self._assumed.append(f"log level {board.log_level}")
        manifest = Manifest(
            board=board.id,
            commit=commit,
            build_time=build_time,
            firmware=firmware or board.firmware,
            brand="",  # of every build (loslib_adds.inc)
            type=type_,
            subtype=board.subtype,
            ota=self._ota,
            ota_server=server,
            ota_id_form="source",  # what net.c sends
            log_level=board.log_level,
        )
        return Recognition(manifest=manifest, found=tuple(self._found), assumed=tuple(self._assumed))

    def _known(self, what: str, value: str | None) -> str | None:
        if value is not None:
            self._found.append(f"{what} {value or '(empty)'}")
        return value

    def _assume(self, what: str, value: str) -> str:
        self._assumed.append(f"{what} {value or '(empty)'}")
        return value

    def _firmware(self) -> str | None:
        """Return the id that the build sends to its update server; only builds with OTA have it in them."""
        known = {board.firmware for board in all_boards()}
        near = [text for _, text in self._program.strings_near(_REQUEST)]
        candidates = [text for text in near if _ID.fullmatch(text) and not _COMMIT.fullmatch(text)]
        listed = next((text for text in candidates if text in known), None)
        return listed or next(iter(candidates), None)

    def _board_type(self) -> str | None:
        known = {board.type for board in all_boards() if board.type}
        near = list(self._program.strings_near(_BOARD_TYPE))
        for offset, text in near:
            if text in known or (offset == -1 and _NAME.fullmatch(text)):
                return text
        there = [type_ for type_ in sorted(known) if self._program.holds_string(type_)]
        return there[0] if len(there) == 1 else None

    def _commit(self) -> str | None:
        near = next((text for _, text in self._program.strings_near(_BANNER) if _COMMIT.fullmatch(text)), None)
        if near:
            return near
        anywhere = self._program.matches(_COMMIT_ANYWHERE)
        if len(anywhere) == 1:
            return anywhere[0]
        abbreviated = _ABBREVIATED_COMMIT.search(self._descriptor.version) if self._descriptor else None
        return next((text for text in anywhere if abbreviated and text.startswith(abbreviated[1])), None)

    def _build_time(self) -> int:
        compiled = _compile_time(self._descriptor) if self._descriptor else None
        for _, word in self._program.words_near(_BANNER):
            if word in _BUILD_TIMES and (compiled is None or abs(word - compiled) <= _LONGEST_BUILD_S):
                self._found.append(f"build {word}")
                return word
        if compiled is None:
            self._assumed.append("build 0")
            return 0
        self._assumed.append(f"build {compiled} (the time in its descriptor, as if it were UTC)")
        return compiled

    def _server(self) -> str | None:
        strings = self._program.strings_near(_CONNECTING)
        return next((text for _, text in strings if _HOST.fullmatch(text)), None)

    def _board(self, firmware: str | None, type_: str | None) -> Board:
        """Return the board of the catalogue that the build is for, or the nearest."""
        boards = all_boards()
        for told, value in (("firmware", firmware), ("type", type_)):
            fitting = [board for board in boards if getattr(board, told) == value]
            board = next((board for board in fitting if board.ota == self._ota), next(iter(fitting), None))
            if board is not None:
                if told == "type":
                    self._assume("subtype", board.subtype)
                self._assumed.append(f"pins and equipment of {board.id}")
                return board
        generic = next(board for board in boards if board.id == ("GENERIC-OTA" if self._ota else "GENERIC"))
        self._assumed.append(f"a board like {generic.id}, as the catalogue has none of that name")
        return generic


def _compile_time(descriptor: AppDescriptor) -> int | None:
    try:
        when = datetime.strptime(f"{descriptor.date} {descriptor.time} +0000", "%b %d %Y %H:%M:%S %z")
    except ValueError:
        return None
    seconds = int(when.timestamp())
    return seconds if seconds in _BUILD_TIMES else None
