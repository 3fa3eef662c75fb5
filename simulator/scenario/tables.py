"""The tables of a scenario file around its steps."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from simulator.boards.schema import Profile
from simulator.descriptions.courses import Table
from simulator.scenario.steps import STEP_LIST
from simulator.scenario.values import Gpio, Size, StartFault, Time, Whole
from simulator.units import NS_PER_S

Scalar = str | int | float | bool
DEFAULT_TIMEOUT_NS: Final = 60 * NS_PER_S


def _file_in_table(value: Any) -> Any:
    return {"file": value} if isinstance(value, str) else value


class SourceTable(Table):
    """Where the contents of a file on the board come from: a file beside the scenario, or a text in it."""

    file: str | None = None
    text: str | None = None

    @model_validator(mode="after")
    def _check(self) -> SourceTable:
        if (self.file is None) == (self.text is None):
            raise ValueError("should be the name of a file, or a table with its text")
        return self


Source = Annotated[SourceTable, BeforeValidator(_file_in_table, json_schema_input_type=SourceTable | str)]
Texts = Annotated[tuple[str, ...], Field(strict=False)]


class BoardTable(Table):
    """A board: what ``luatwin run`` has options for, by their names. Files are beside the scenario."""

    board: str | None = None
    sdkconfig: str | None = None
    factory: bool | None = None
    """Whether a new board with OTA has a factory slot beside its two others."""
    profile: Profile | None = None
    script: str | None = None
    """A Lua file that becomes ``/autorun.lua``, or a folder that becomes the whole file system."""
    lua: str | None = None
    """The text of ``/autorun.lua``."""
    arguments: Texts = ()
    files: dict[str, Source] = Field({})
    """More files, by their path on the board."""
    hardware: Any = None
    """Parts around the board by their names, or the name of a file that describes them, or a list of such."""
    parts: Texts = ()
    """More parts, in the words of ``--part``."""
    hold: dict[Gpio, Time] = Field({})
    """Pins that are held low from power-on, and for how long."""
    image_size: Size | None = Field(None, alias="image-size")
    secure_boot: str | None = Field(None, alias="secure-boot")
    """The file with the key that signs the firmware."""
    boot_log: Literal["NONE", "ERROR", "WARN", "INFO", "DEBUG"] | None = Field(None, alias="boot-log")

    @model_validator(mode="after")
    def _check(self) -> BoardTable:
        if self.script is not None and self.lua is not None:
            raise ValueError("script and lua are two scripts, and there is one /autorun.lua")
        return self


class ScenarioTable(BoardTable):
    """A scenario. With ``boards`` the keys of a board are those of each that does not say otherwise."""

    name: str
    version: Literal[1]
    author: str = ""
    why: str = ""
    """Why it exists, in a line."""
    description: str = ""
    vars: dict[str, Scalar] = Field({})
    matrix: dict[str, list[Scalar]] = Field({}, alias="for")
    seed: Whole = 0
    timeout: Time = DEFAULT_TIMEOUT_NS
    """Of simulated time."""
    wall_timeout: Time | None = Field(None, alias="wall-timeout")
    boards: dict[str, BoardTable] = Field({})
    access_points: dict[str, str] = Field({}, alias="access-points")
    """Names and passwords."""
    lora_key: Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{32})?$")] = Field("", alias="lora-key")
    server: str = "built-in"
    publish: str = "auto"
    faults: list[StartFault] = Field([])
    """In the words of ``--fault``."""
    sweep: bool = False
    """Whether no power cut during it may brick a board."""
    steps: list[Any] = Field(json_schema_extra=STEP_LIST)
