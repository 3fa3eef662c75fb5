"""The event log as a file that holds all it takes to run it again: ``--events`` writes it, ``luatwin replay`` reads it.

The first line is the header. Its field ``recording`` has what the run began with (`Setting`) and what a user wanted of
it (`Request`), by value and not by name: the bytes of scripts, flash files and descriptions, so that a recording is
good even if they have changed since. What the simulator makes itself (a new chip, the next firmware) is told by how it
is made. Text is text; other bytes are compressed with bzip2, whose output is the same everywhere. The key that signs
firmware is not in it: what was signed is.

Then come the events, in their order, each as its subscribers got it. The last one, ``end``, also has ``log_sha256``:
the digest of all lines between the header and itself. A run that somebody interrupted has no such line, and can be run
again as far as it goes.
"""

from __future__ import annotations

import base64
import bz2
import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NoReturn

from simulator import __version__
from simulator.boards import Board, load_board
from simulator.boards.construct import DoubtError, construct
from simulator.boards.load import board_ids
from simulator.efuses import Efuses
from simulator.errors import FormatError, LuaTwinError, UsageError
from simulator.events import Event, to_json_line
from simulator.faults import parse_fault
from simulator.flash.chip import FlashChip
from simulator.flash.timing import FlashTiming
from simulator.flash_file import CHIP_SIZES
from simulator.ota_protocol import Firmware
from simulator.setting import NewChip, Request, Setting, next_firmware, put_around

EVENT_FORMAT: Final = 1
LARGEST_INPUT_BYTES: Final = max(CHIP_SIZES)
"""No input that a recording holds is larger; what unpacks to more is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """The fields of a `Request` that are kept, as JSON has them."""

    name: str | None
    arguments: tuple[str, ...]
    access_points: tuple[tuple[str, ...], ...]
    lora_key: str
    faults: tuple[str, ...]
    holds: tuple[tuple[int, ...], ...]
    flash_timing: FlashTiming
    timeout_ns: int
    bootloader_log_level: str | None

    @classmethod
    def of(cls, request: Request) -> _Wanted:
        """Return what is kept of ``request``."""
        values = {field.name: getattr(request, field.name) for field in dataclasses.fields(cls)}
        return cls(**{**values, "faults": tuple(fault.text for fault in request.faults)})


class LogLines:
    """Turns events into the lines of a log, one after the other, and keeps the digest of them."""

    __slots__ = ("_digest",)

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The digest of all lines so far, in hexadecimal."""
        return self._digest.hexdigest()

    def line(self, event: Event) -> bytes:
        """Return the line of the next ``event``, with its line end. The last one has the digest of those before."""
        if event["kind"] == "end":
            event = {**event, "log_sha256": self.sha256}
        line = (to_json_line(event) + "\n").encode("utf-8", "backslashreplace")
        self._digest.update(line)
        return line


class EventFile:
    """Writes a log into a file while the block lasts: the header at once, then every event that `write` is given."""

    def __init__(self, path: Path, request: Request, setting: Setting, *, is_steered: bool = False) -> None:
        self._path = path
        self._header = to_json_line(header(request, setting, is_steered=is_steered)) + "\n"
        self._lines = LogLines()

    def __enter__(self) -> EventFile:
        self._file = self._path.open("wb")
        self._file.write(self._header.encode("utf-8", "backslashreplace"))
        return self

    def write(self, event: Event) -> None:
        """Append ``event``."""
        self._file.write(self._lines.line(event))

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._file.close()


def header(request: Request, setting: Setting, *, is_steered: bool = False) -> Event:
    """Return the first line of the log of a run that has not begun yet, and that somebody may steer from outside."""
    return {
        "kind": "header",
        "format": EVENT_FORMAT,
        "version": __version__,
        "seed": request.seed,
        "argv": list(request.argv),
        "inputs": setting.inputs,
        "recording": _recording(request, setting, is_steered=is_steered),
    }


def _recording(request: Request, setting: Setting, *, is_steered: bool) -> dict[str, Any]:
    why_not = _why_not(request, setting, is_steered=is_steered)
    if why_not:
        return {"why_not": why_not}
    return {
        "wanted": dataclasses.asdict(_Wanted.of(request)),
        "board": _board_changes(setting.board),
        "chip": _chip(setting),
        "efuses": setting.efuses and _packed(setting.efuses.to_bytes()),
        "published": _published(setting),
        "authority": _packed(setting.authority),
        "hardware": {
            str(path): {name: _packed(data) for name, data in contents.items()}
            for path, contents in setting.hardware.items()
        },
        "parts": request.parts,
        "sources": setting.sources,
    }


def _why_not(request: Request, setting: Setting, *, is_steered: bool) -> str:
    """Return why a run cannot be repeated from what is written down; empty if it can."""
    if request.server is not None:
        return "a real update server took part (--server), and what it says next time is its own business"
    if is_steered:
        return "it was steered from outside, by keyboard, serial port or scenario, and how is not written down"
    if request.described:
        return "what is around the board was described in a scenario"
    if any(Path(name).is_absolute() for name in setting.board.hardware):
        return "its board file names hardware of its own; give the description with --hardware instead"
    return ""


def _board_changes(board: Board) -> dict[str, Any]:
    """Return what differs from the shipped board of the same id; all of it if there is none."""
    fields = dataclasses.asdict(board)
    if board.id not in board_ids():
        return fields
    shipped = dataclasses.asdict(load_board(board.id))
    return {name: value for name, value in fields.items() if name == "id" or value != shipped[name]}


def _as_made(setting: Setting) -> NewChip | None:
    """Return how the chip was made, if it still is as it was then."""
    made = setting.made
    return made if made and made.make(setting.board)[0].snapshot() == setting.chip.snapshot() else None


def _chip(setting: Setting) -> dict[str, Any]:
    made = _as_made(setting)
    if made is None:
        erased = {str(sector): count for sector, count in enumerate(setting.chip.erase_counts) if count}
        return {
            "contents": _packed(setting.chip.to_bytes()),
            "erase_counts": erased,
            "operation_count": setting.chip.operation_count,
        }
    return {
        "files": {path: _packed(data) for path, data in made.files.items()},
        "is_whole": made.is_whole,
        "image_bytes": made.image_bytes,
        "profile": made.profile,
    }


def _published(setting: Setting) -> dict[str, Any] | None:
    firmware = setting.firmware
    if firmware is None:
        return None
    if setting.is_next_firmware and _as_made(setting) is not None:
        return {"is_next": True}
    return {"ids": firmware.ids, "commit": firmware.commit, "image": _packed(firmware.image)}


def _packed(data: bytes) -> str | dict[str, str]:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"bz2": base64.b64encode(bz2.compress(data)).decode()}


def _unpacked(value: str | Mapping[str, str]) -> bytes:
    """Return the bytes again. Raises ValueError and its like if that is none of ours."""
    if isinstance(value, str):
        return value.encode()
    decompressor = bz2.BZ2Decompressor()
    data = decompressor.decompress(base64.b64decode(value["bz2"], validate=True), LARGEST_INPUT_BYTES)
    if not decompressor.eof:
        raise ValueError(f"an input has more than {LARGEST_INPUT_BYTES} bytes, or is cut off")
    return data


# -- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recording:
    """What is in a recording: the header, and the line of each event with its line end."""

    path: Path
    header: Event
    lines: tuple[bytes, ...]

    @classmethod
    def read(cls, path: Path) -> Recording:
        """Return what is in the file. Raises `UsageError` if it is no event log, and OSError if it cannot be read."""
        first, *lines = path.read_bytes().splitlines(keepends=True) or [b""]
        try:
            header = json.loads(first)
            is_ours = header["kind"] == "header" and header["format"] == EVENT_FORMAT
        except (ValueError, TypeError, LookupError, RecursionError):
            is_ours = False
        if not is_ours:
            raise UsageError(
                f"{path}:1: this is no event log of format {EVENT_FORMAT}; luatwin run --events writes one"
            )
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()  # what was being written when the process ended
        return cls(path, header, tuple(lines))

    @property
    def argv(self) -> list[str]:
        """The command line it was recorded with, without the files that were written."""
        return [str(word) for word in self.header.get("argv", ())]

    @property
    def version(self) -> str:
        """The release of LuaTwin that wrote it."""
        return str(self.header.get("version"))

    @property
    def is_whole(self) -> bool:
        """Whether the run was recorded to its end."""
        return bool(self.lines) and b'"kind": "end"' in self.lines[-1]

    def event(self, n: int) -> Event:
        """Return the event with the number ``n``. Raises `UsageError` if its line is none."""
        try:
            event: Event = json.loads(self.lines[n])
            is_sound = event["n"] == n and isinstance(event["t"], int) and isinstance(event["kind"], str)
        except (ValueError, TypeError, LookupError, RecursionError):
            is_sound = False
        if not is_sound:
            raise UsageError(f"{self.path}:{n + 2}: this is not the line of event {n} any more")
        return event

    def check(self) -> None:
        """Compare the lines with the digest in the last one, if there is one. Raises `UsageError` if they differ."""
        if not self.is_whole:
            return
        digest = hashlib.sha256(b"".join(self.lines[:-1])).hexdigest()
        if self.event(len(self.lines) - 1).get("log_sha256") != digest:
            raise UsageError(f"{self.path}: it was changed after it was recorded: its lines have the SHA-256 {digest}")

    def changed_sources(self) -> list[Path]:
        """Return the files that the user named and that hold something else now; one that has gone is none of them."""
        sources = self.header.get("recording", {}).get("sources", {})
        return [path for name, digest in sources.items() if (path := Path(name)).is_file() and _sha256(path) != digest]

    def restored(self) -> tuple[Request, Setting]:
        """Return what the run began with. Raises `UsageError` if that is not, or no longer, in the recording."""
        kept = self.header.get("recording")
        if kept is None:
            self._refuse(f"LuaTwin {self.version} did not write down what it takes to run it again")
        try:
            if "why_not" in kept:
                self._refuse(f"this run cannot be repeated: {kept['why_not']}")
            request = _request_of(kept, self.header)
            return request, _setting_of(kept, request)
        except (DoubtError, ValueError, TypeError, LookupError, AttributeError, OSError, FormatError) as error:
            raise UsageError(f"{self.path}:1: the recording is damaged: {error!r}") from error
        except LuaTwinError as error:
            raise UsageError(f"{self.path}:1: {error}") from error

    def _refuse(self, why: str) -> NoReturn:
        raise UsageError(f"{self.path}: {why}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _request_of(kept: Mapping[str, Any], header: Event) -> Request:
    wanted: _Wanted = construct(_Wanted, kept["wanted"])
    return Request(
        name=wanted.name,
        arguments=wanted.arguments,
        access_points=tuple((ssid, password) for ssid, password in wanted.access_points),
        lora_key=wanted.lora_key,
        faults=tuple(map(parse_fault, wanted.faults)),
        holds=tuple((gpio, duration_ns) for gpio, duration_ns in wanted.holds),
        flash_timing=wanted.flash_timing,
        timeout_ns=wanted.timeout_ns,
        bootloader_log_level=wanted.bootloader_log_level,
        seed=construct(int, header["seed"]),
        argv=construct(tuple[str, ...], header["argv"]),
    )


def _setting_of(kept: Mapping[str, Any], request: Request) -> Setting:
    board = _board_of(kept["board"])
    efuses = kept["efuses"] and Efuses.from_bytes(_unpacked(kept["efuses"]))
    chip = kept["chip"]
    if "contents" in chip:
        contents = _unpacked(chip["contents"])
        counts = [0] * (len(contents) // 4096)
        for sector, count in chip["erase_counts"].items():
            counts[int(sector)] = count
        setting = Setting(board, FlashChip(len(contents), contents, erase_counts=counts), None, 0, efuses)
        setting.chip.operation_count = construct(int, chip["operation_count"])
    else:
        made = NewChip(
            files={path: _unpacked(data) for path, data in chip["files"].items()},
            is_whole=chip["is_whole"],
            image_bytes=chip["image_bytes"],
            profile=chip["profile"],
        )
        setting = Setting(board, *made.make(board), board.secure_version, efuses, made)
    setting.chip.timing = request.flash_timing
    setting.authority = _unpacked(kept["authority"])
    texts = {Path(name): _unpacked(data) for files in kept["hardware"].values() for name, data in files.items()}
    if texts or kept["parts"]:
        setting.parts, setting.hardware = put_around(
            board, [Path(path) for path in kept["hardware"]], kept["parts"], texts.__getitem__
        )
    setting.firmware = _firmware_of(kept["published"], setting)
    return setting


def _board_of(changes: Mapping[str, Any]) -> Board:
    fields = dict(changes)
    if fields["id"] in board_ids():
        fields = {**dataclasses.asdict(load_board(fields["id"])), **fields}
    board: Board = construct(Board, json.loads(json.dumps(fields)))
    return board


def _firmware_of(published: Mapping[str, Any] | None, setting: Setting) -> Firmware | None:
    if published is None:
        return None
    if "is_next" not in published:
        return Firmware(ids=tuple(published["ids"]), commit=published["commit"], image=_unpacked(published["image"]))
    made, installed = setting.made, setting.installed
    if made is None or installed is None:
        raise ValueError("the next firmware, but the chip was not made here")
    return next_firmware(setting, installed, made.profile, image_bytes=made.image_bytes)
