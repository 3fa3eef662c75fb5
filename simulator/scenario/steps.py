"""Every step there is: its name, what it takes, and what it means.

The first ones are those of version 1 of wokwi-cli's automation scenarios (``packages/cli/src/scenario`` there), with
its names, old ones included (``pin`` and ``control`` for ``name``); the others are ours. `STEPS` has them all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from simulator.descriptions.courses import Table
from simulator.scenario.values import (
    AnyFault,
    Bytes,
    Gpio,
    Level,
    NetworkFault,
    RadioFault,
    ServerFault,
    Setting,
    Size,
    Time,
    Whole,
    Word,
)
from simulator.units import NS_PER_MS

RESET_NS: Final = 100 * NS_PER_MS
"""How long a reset button is held if nobody says."""


A_STEP: Final = {"$comment": "a step"}
"""Stands in the JSON Schema of a model where that of a step belongs."""
STEP_LIST: Final[dict[str, Any]] = {"items": A_STEP}


class PinTable(Table):
    """A pin, of a part or of the chip, and its level."""

    part_id: str | None = Field(None, alias="part-id")
    name: Word | None = None
    pin: Word | None = None
    gpio: Gpio | None = None
    value: Level | None = None
    expected: Level | None = None

    @model_validator(mode="after")
    def _check(self) -> PinTable:
        if (self.gpio is None) == (self.part_id is None or self.pin_name is None):
            raise ValueError("should say which pin: part-id and name, or gpio")
        if (self.value is None) == (self.expected is None):
            raise ValueError("needs a value: 0 or 1")
        return self

    @property
    def pin_name(self) -> str | None:
        """The part's name for it."""
        return self.name if self.name is not None else self.pin

    @property
    def level(self) -> int:
        """0 or 1."""
        level = self.value if self.value is not None else self.expected
        assert level is not None
        return level


class ControlTable(Table):
    """A control of a part, and what it is set to."""

    part_id: str = Field(alias="part-id")
    name: str | None = None
    control: str | None = None
    value: Setting

    @model_validator(mode="after")
    def _check(self) -> ControlTable:
        if self.name is None and self.control is None:
            raise ValueError("needs name: which control")
        return self

    @property
    def control_name(self) -> str:
        """Which control."""
        name = self.name if self.name is not None else self.control
        assert name is not None
        return name


class ScreenshotTable(Table):
    """A display, and what to do with the picture."""

    part_id: str = Field(alias="part-id")
    save_to: str | None = Field(None, alias="save-to")
    compare_with: str | None = Field(None, alias="compare-with")

    @model_validator(mode="after")
    def _check(self) -> ScreenshotTable:
        if self.save_to is None and self.compare_with is None:
            raise ValueError("needs save-to or compare-with")
        return self


class TouchedTable(Table):
    """A touch panel."""

    part_id: str = Field(alias="part-id")


class TouchPointTable(TouchedTable):
    """A place on a touch panel, in pixels."""

    x: float
    y: float


class TouchTable(TouchPointTable):
    """A tap."""

    duration: Time = 50 * NS_PER_MS
    wait: bool = False


class EventTable(Table):
    """An event: its kind, and the fields that it has to have."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    kind: str

    @property
    def fields(self) -> Mapping[str, Any]:
        """What has to be equal."""
        return self.model_extra or {}


class BootTable(Table):
    """What runs now. ``commit`` is one, or the beginning of one, or ``installed`` or ``published``."""

    slot: str | None = None
    commit: str | None = None
    state: Literal["new", "pending", "valid", "invalid", "aborted", "undefined"] | None = None
    """That of its select entry in otadata."""
    reset: str | None = None
    """Why the chip started, such as SW_CPU_RESET."""

    @model_validator(mode="after")
    def _check(self) -> BootTable:
        if not self.model_fields_set:
            raise ValueError("needs one of slot, commit, state and reset")
        return self


class FileTable(Table):
    """A file on the board, and what is to be in it."""

    path: str
    exists: bool = True
    equals: str | None = None
    contains: str | None = None
    matches: str | None = None
    """A regular expression, found anywhere."""
    size: Size | None = None

    @model_validator(mode="after")
    def _check(self) -> FileTable:
        wanted = self.model_fields_set - {"path", "exists"}
        if wanted and not self.exists:
            raise ValueError("cannot be without the file and know what is in it")
        if self.matches is not None:
            _checked_regex(self.matches)
        return self


class NvsTable(Table):
    """A value in the NVS of the board."""

    namespace: str
    key: str
    value: int | float | str | bool | None = None
    exists: bool = True


class ServerTable(Table):
    """Something that the built-in update server does from now on."""

    command: Literal["stop", "start"] | None = None
    publish: str | None = None
    """The next firmware for the board (``next``), or an image in a file."""
    respond: ServerFault | None = None

    @model_validator(mode="after")
    def _check(self) -> ServerTable:
        if len(self.model_fields_set) != 1:
            raise ValueError("should be stop, start, or a table with one of publish and respond")
        return self


class RepeatTable(Table):
    """Steps that are done again."""

    times: Annotated[Whole, Field(ge=1)]
    steps: list[Any] = Field(json_schema_extra=STEP_LIST)


def _checked_regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return text


def _in_table(key: str, model: type[Table]) -> BeforeValidator:
    """Let a text stand for a table with that text at ``key``."""
    return BeforeValidator(
        lambda value: {key: value} if isinstance(value, str) else value, json_schema_input_type=model | str
    )


def _reset_ns(value: Any) -> Any:
    return f"{RESET_NS}ns" if value in (None, True, {}) else value


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("should not be empty")
    return text


Text = Annotated[str, AfterValidator(_not_empty)]
Regex = Annotated[Text, AfterValidator(_checked_regex)]
Event = Annotated[EventTable, _in_table("kind", EventTable)]
Boot = Annotated[BootTable, _in_table("slot", BootTable)]
File = Annotated[FileTable, _in_table("path", FileTable)]
Server = Annotated[ServerTable, _in_table("command", ServerTable)]
Power = Literal["on", "off", "cut", "brownout"]
Branches = Annotated[list[list[Any]], Field(json_schema_extra={"items": {"type": "array", **STEP_LIST}})]
Reset = Annotated[Time, BeforeValidator(_reset_ns, json_schema_input_type=str | bool | None)]


@dataclass(frozen=True, slots=True)
class StepKind:
    """A step: what its value is, what it means, and why there is none of it here, if so."""

    name: str
    model: Any
    summary: str
    why_not: str = ""

    @property
    def waits(self) -> bool:
        """Whether it waits for something to happen."""
        return self.name.startswith("wait-")

    @property
    def expects(self) -> bool:
        """Whether it demands that something is so."""
        return self.name.startswith("expect-")


_KINDS: Final = (
    StepKind("delay", Time, "let so much simulated time pass"),
    StepKind("wait-serial", Text, "wait until the board has printed this text"),
    StepKind("write-serial", Bytes, "type this into the board's console: a text, or numbers of bytes"),
    StepKind("set-control", ControlTable, "set a control of a part, such as the pressed of a button"),
    StepKind("expect-pin", PinTable, "the level of a pin is this"),
    StepKind("take-screenshot", ScreenshotTable, "save what is on a display, or compare it with a picture"),
    StepKind("touch", TouchTable, "tap a touch panel"),
    StepKind("touch-press", TouchPointTable, "put a finger on a touch panel"),
    StepKind("touch-move", TouchPointTable, "move the finger"),
    StepKind("touch-release", TouchedTable, "lift the finger"),
    StepKind("expect-chip-output", Any, "", why_not="there are no custom chips, which would print it"),
    StepKind("wait-serial-regex", Regex, "wait until the board has printed something that matches"),
    StepKind("wait-event", Event, "wait for an event of this kind with these fields"),
    StepKind("wait-pin", PinTable, "wait until the level of a pin is this"),
    StepKind("expect-boot", Boot, "this is what runs: slot, commit, state of its select entry, reset reason"),
    StepKind("expect-file", File, "there is this file on the board, with this in it"),
    StepKind("expect-nvs", NvsTable, "this is in the board's NVS"),
    StepKind("expect-exit", Whole, "the board comes to rest, and luatwin run would exit with this"),
    StepKind(
        "power", Literal["on", "off", "cut", "brownout"], "give it power, or take it: for good, or for a second (cut)"
    ),
    StepKind("reset", Reset, "press the reset button, for this long"),
    StepKind("wifi", RadioFault, "let a fault of the radio happen"),
    StepKind("net", NetworkFault, "let a fault of the network happen"),
    StepKind("fault", AnyFault, "let any fault happen; none: lift them all"),
    StepKind("server", Server, "stop, start, publish or respond otherwise"),
    StepKind("repeat", RepeatTable, "do steps so many times"),
    StepKind("parallel", Branches, "do several lists of steps at once, until all are done"),
)

STEPS: Final[Mapping[str, StepKind]] = {kind.name: kind for kind in _KINDS}
"""Name to kind."""
