"""From a scenario file to a `Scenario`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from simulator.boards import load_board
from simulator.boards.ids import did_you_mean
from simulator.descriptions import describe_parts, parse_part, read_hardware
from simulator.descriptions.complaints import Complaint, dotted
from simulator.descriptions.yaml_document import Document, KeyPath, parse_document
from simulator.device.manufacture import AUTORUN, folder_files
from simulator.errors import DescriptionError, LuaTwinError, Problem, UsageError
from simulator.firmware import DEFAULT_IMAGE_BYTES
from simulator.hardware.parts import PartDescription
from simulator.network.redirect import ServerAddress
from simulator.scenario.judge import judge
from simulator.scenario.steps import STEPS, RepeatTable, ServerTable, StepKind
from simulator.scenario.story import BoardPlan, Case, Scenario, SourcePlace, Step
from simulator.scenario.tables import BoardTable, ScenarioTable
from simulator.scenario.values import Time, Word
from simulator.scenario.variables import Choice, choices, filled_in, with_choice
from simulator.setting import Request

FIRST_BOARD: Final = "b0"
"""What the only board of a scenario is called."""
ALL_BOARDS: Final = "all"

_STEP_KEYS: Final = ("name", "timeout", "board")
"""What every step can have besides what it does."""
_TEXT_MAX: Final = 100
_PLACEHOLDERS: Final[Mapping[str, Any]] = {"name": "", "version": 1, "steps": []}
"""Stand for what every scenario has, while the rest of one that is wrong is looked at."""


def read_scenario(
    path: Path, *, ignore_unsupported: bool = False, defaults: Mapping[str, Any] | None = None
) -> Scenario:  # fmt: skip
    """Return what is in the scenario file at ``path``.

    A step that makes no sense here is a mistake, or left out if ``ignore_unsupported``. ``defaults`` are what the file
    would say on top, such as ``{"board": "GENERIC"}``, for a file that does not; one of wokwi-cli says nothing. Raises
    `UsageError` if the file cannot be read, `DescriptionError` with everything that is wrong with it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"scenario {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DescriptionError([Problem(path=path, message="should be text in UTF-8")]) from error
    document = parse_document(text, path)
    reader = _Reader(document, ignore_unsupported=ignore_unsupported, defaults=defaults or {})
    reader.inputs[str(path)] = sha256(text.encode()).hexdigest()
    scenario = reader.scenario()
    if reader.problems:
        raise DescriptionError(sorted(reader.problems, key=lambda problem: (problem.line, problem.column)))
    assert scenario is not None, "a file that is wrong, and nothing is said of it"
    return scenario


@dataclass(slots=True)
class _Reader:
    """Reads one document, and collects what is wrong with it."""

    document: Document
    ignore_unsupported: bool
    defaults: Mapping[str, Any]
    problems: dict[Problem, None] = field(default_factory=dict)
    """In the order they were found, each once: every case of a matrix finds them again."""
    inputs: dict[str, str] = field(default_factory=dict)
    origins: Mapping[KeyPath, KeyPath] = field(default_factory=dict)
    board_names: tuple[str, ...] = ()

    def complain(self, complaint: Complaint) -> None:
        key = self.origins.get(complaint.key, complaint.key)
        self.problems[self.document.problem(key, complaint.message, of_key=complaint.is_of_key)] = None

    def scenario(self) -> Scenario | None:
        values = self.document.values
        if not isinstance(values, dict):
            self.complain(Complaint((), "should be a table with name, version and steps"))
            return None
        matrix = judge(dict[str, list[Any]], values.get("for", {}), ("for",), self.complain)
        variables = judge(dict[str, Any], values.get("vars", {}), ("vars",), self.complain)
        if matrix is None or variables is None:
            return None
        for name in [name for name, axis in matrix.items() if not axis]:
            self.complain(Complaint(("for", name), f"for.{name} has nothing to choose from"))
        table = None
        cases: list[Case] = []
        for choice in choices(matrix):
            table = self._table(values, variables, choice)
            cases.append(self._case(table, choice))
        if table is None:
            return None
        return Scenario(
            path=Path(self.document.path),
            name=table.name,
            why=table.why or table.description,
            author=table.author,
            wall_timeout_ns=table.wall_timeout,
            cases=tuple(cases),
            inputs=self.inputs,
        )

    def _table(self, values: Mapping[str, Any], variables: Mapping[str, Any], choice: Choice) -> ScenarioTable:
        chosen, self.origins = with_choice(values, choice)
        filled = {**self.defaults, **filled_in(chosen, {**variables, **choice.variables}, self.complain)}
        if "lua" in chosen and "script" not in chosen:
            filled.pop("script", None)
        while True:
            found: list[Complaint] = []
            table: ScenarioTable | None = judge(ScenarioTable, filled, (), found.append)
            if table is not None:
                return table
            for complaint in found:
                self.complain(complaint)
            # What is wrong with the rest is to be told, too.
            for complaint in found:
                filled = _without(filled, complaint.key or ("lua",))
            filled = {**_PLACEHOLDERS, **filled}

    # -- boards ---------------------------------------------------------------------------------------------------

    def _case(self, table: ScenarioTable, choice: Choice) -> Case:
        plans: list[BoardPlan] = []
        shared = {key: getattr(table, key) for key in table.model_fields_set & set(BoardTable.model_fields)}
        if table.boards:
            for name, own in table.boards.items():
                merged = _without_rivals(shared, own)
                merged.update({key: getattr(own, key) for key in own.model_fields_set})
                board = BoardTable.model_construct(set(merged), **merged)
                plans.append(self._plan(name, table, board, own, ("boards", name)))
        else:
            plans.append(self._plan(FIRST_BOARD, table, table, table, ()))
        self.board_names = tuple(plan.name for plan in plans)
        return Case(
            label=choice.label,
            boards=tuple(plans),
            steps=tuple(self._steps(table.steps, ("steps",))),
            timeout_ns=table.timeout,
            sweep_place=self.document.place(("sweep",), of_key=True) if table.sweep else None,
        )

    def _plan(
        self, name: str, table: ScenarioTable, board: BoardTable, own: BoardTable, at: KeyPath
    ) -> BoardPlan:  # fmt: skip
        """Return a board and what it begins with. What it does not have of its ``own`` stands on top of the file."""

        def place(key: str) -> KeyPath:
            return (*at, key) if key.replace("-", "_") in own.model_fields_set else (key,)

        if board.board is not None:
            self._attempt(partial(load_board, self._board_name(board.board)), place("board"))
        parts = self._hardware(board, place("hardware"))
        for number, text in enumerate(board.parts):
            self._attempt(partial(parse_part, text), (*place("parts"), number))
        request = Request(
            name=name,
            board=None if board.board is None else str(self._board_name(board.board)),
            sdkconfig=self._file(board.sdkconfig, place("sdkconfig")),
            factory_partition=board.factory,
            profile=board.profile,
            script=self._file(board.script, place("script"), may_be_folder=True),
            chunk=board.lua,
            arguments=board.arguments,
            files=tuple(self._files(board, place("files"))),
            described=tuple(parts),
            parts=board.parts,
            holds=tuple(board.hold.items()),
            key=self._key(board.secure_boot, place("secure-boot")),
            image_bytes=board.image_size or DEFAULT_IMAGE_BYTES,
            bootloader_log_level=board.boot_log,
            access_points=tuple(table.access_points.items()),
            lora_key=table.lora_key,
            server=self._server(table.server),
            publish=self._publish(table.publish),
            faults=tuple(table.faults),
            seed=table.seed,
            timeout_ns=table.timeout,
        )
        sources = dict(self._sources(board, request.script, place))
        return BoardPlan(name=name, request=request, sources=sources)

    def _sources(
        self, board: BoardTable, script: Path | None, place: Callable[[str], KeyPath]
    ) -> Iterator[tuple[str, SourcePlace]]:
        """Yield where files on the board come from."""
        if script is not None and script.is_dir():
            yield from ((path, SourcePlace(script / path[1:])) for path in folder_files(script))
        elif script is not None:
            yield AUTORUN, SourcePlace(script)
        elif board.lua is not None:
            yield AUTORUN, self._text_place(place("lua"), board.lua)
        for name, source in board.files.items():
            if source.file is not None:
                yield name, SourcePlace(self._beside(source.file))
            elif source.text is not None:
                yield name, self._text_place((*place("files"), name, "text"), source.text)

    def _text_place(self, key: KeyPath, text: str) -> SourcePlace:
        """Return where a text in the document stands: one of several lines begins below its key."""
        line = self.document.place(key).line
        return SourcePlace(Path(self.document.path), line if "\n" in text else line - 1)

    def _attempt(self, what: Callable[[], Any], key: KeyPath) -> Any:
        """Return what ``what`` returns, or complain of what it raises."""
        try:
            return what()
        except DescriptionError as error:
            self.problems.update(dict.fromkeys(error.problems))
        except LuaTwinError as error:
            self.complain(Complaint(key, f"{dotted(key)}: {str(error).removeprefix('--server ')}"))
        except OSError as error:
            self.complain(Complaint(key, f"{dotted(key)}: {error.filename}: {error.strerror}"))
        return None

    def _beside(self, name: str) -> Path:
        return Path(self.document.path).parent / name

    def _board_name(self, name: str | None) -> str | Path:
        assert name is not None
        return self._beside(name) if "/" in name or name.endswith(".toml") else name

    def _file(self, name: str | None, key: KeyPath, *, may_be_folder: bool = False) -> Path | None:
        """Return the path of a file beside the scenario, once it is known to be there."""
        if name is None:
            return None
        path = self._beside(name)
        if path.is_file():
            self.inputs[str(path)] = sha256(path.read_bytes()).hexdigest()
        elif not (may_be_folder and path.is_dir()):
            what = "file or folder" if may_be_folder else "file"
            self.complain(Complaint(key, f"{dotted(key)}: there is no {what} {path}"))
        return path

    def _files(self, board: BoardTable, key: KeyPath) -> Iterator[tuple[str, bytes]]:
        for name, source in board.files.items():
            if not name.startswith("/"):
                self.complain(Complaint((*key, name), f"{dotted(key)}: {name!r} should begin with /", is_of_key=True))
            if source.text is not None:
                yield name, source.text.encode()
                continue
            path = self._file(source.file, (*key, name))
            if path is not None and path.is_file():
                yield name, path.read_bytes()

    def _hardware(self, board: BoardTable, key: KeyPath) -> list[PartDescription]:
        def read(name: str) -> tuple[Path, str]:
            path = self._beside(name)
            data = path.read_bytes()
            self.inputs[str(path)] = sha256(data).hexdigest()
            return path, data.decode()

        def complain(complaint: Complaint) -> None:
            self.complain(Complaint((*key, *complaint.key), complaint.message, complaint.is_of_key))

        described = board.hardware
        if described is None:
            return []
        if isinstance(described, dict):
            return describe_parts(described, complain, read)
        names = [described] if isinstance(described, str) else described
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            complain(Complaint((), f"{dotted(key)} should be a table of parts, or files that describe some"))
            return []
        parts: list[PartDescription] = []
        for name in names:
            hardware = self._attempt(partial(read_hardware, self._beside(name)), key)
            if hardware is not None:
                self.inputs.update(hardware.inputs)
                parts += hardware.parts
        return parts

    def _key(self, name: str | None, key: KeyPath) -> Any:
        path = self._file(name, key)
        if path is None or not path.is_file():
            return None
        from simulator.signatures import SigningKey, load_key  # its library is costly to import

        found = self._attempt(lambda: load_key(path.read_bytes()), key)
        if found is not None and not isinstance(found, SigningKey):
            self.complain(Complaint(key, f"{dotted(key)}: {path} is a public key; signing takes the private one"))
        return found

    def _server(self, text: str) -> ServerAddress | None:
        return None if text == "built-in" else self._attempt(partial(ServerAddress.parse, text), ("server",))

    def _publish(self, text: str) -> Any:
        return text if text in ("auto", "none") else self._file(text, ("publish",))

    # -- steps ----------------------------------------------------------------------------------------------------

    def _steps(self, entries: list[Any], key: KeyPath) -> Iterator[Step]:
        for index, entry in enumerate(entries):
            step = self._step(entry, (*key, index))
            if step is not None:
                yield step

    def _step(self, entry: Any, key: KeyPath) -> Step | None:
        if not isinstance(entry, dict):
            self.complain(Complaint(key, f"{dotted(key)} should be a table with what to do, such as delay: 1s"))
            return None
        kind = self._kind_of(entry, key)
        name = judge(str, entry.get("name", ""), (*key, "name"), self.complain)
        timeout_ns = judge(Time, entry["timeout"], (*key, "timeout"), self.complain) if "timeout" in entry else None
        boards = self._boards_of(entry, key)
        if kind is None:
            return None
        at = (*key, kind.name)
        if kind.why_not:
            if not self.ignore_unsupported:
                hint = "; --ignore-unsupported leaves it out"
                self.complain(Complaint(at, f"{kind.name} makes no sense here: {kind.why_not}{hint}", is_of_key=True))
            return None
        value = judge(kind.model, entry[kind.name], at, self.complain)
        if isinstance(value, ServerTable) and value.publish not in (None, "next"):
            self._file(value.publish, (*at, "publish"))
        if isinstance(value, RepeatTable):
            value = (value.times, tuple(self._steps(value.steps, (*at, "steps"))))
        elif kind.name == "parallel" and value is not None:
            value = tuple(tuple(self._steps(branch, (*at, index))) for index, branch in enumerate(value))
        return Step(
            kind=kind.name,
            value=value,
            place=self.document.place(key),
            text=_text_of(kind.name, entry[kind.name]),
            name=name or "",
            timeout_ns=timeout_ns,
            boards=boards,
        )

    def _kind_of(self, entry: Mapping[Any, Any], key: KeyPath) -> StepKind | None:
        """Return the one thing that a step does, or complain."""
        found = [STEPS[name] for name in entry if name in STEPS]
        unknown = [name for name in entry if name not in STEPS and name not in _STEP_KEYS]
        for name in unknown:
            hint = did_you_mean(str(name), (*STEPS, *_STEP_KEYS)) or f"; there are {', '.join(STEPS)}"
            self.complain(Complaint((*key, name), f"unknown step {name}{hint}", is_of_key=True))
        if len(found) > 1:
            names = " and ".join(kind.name for kind in found)
            place = (*key, found[1].name)
            self.complain(Complaint(place, f"{dotted(key)}: a step does one thing, not {names}", is_of_key=True))
            return None
        if not found and not unknown:
            self.complain(Complaint(key, f"{dotted(key)} does nothing; there are {', '.join(STEPS)}"))
        return found[0] if found else None

    def _boards_of(self, entry: Mapping[Any, Any], key: KeyPath) -> tuple[str, ...]:
        if "board" not in entry:
            return ()
        value, at = entry["board"], (*key, "board")
        names = judge(list[Word], value if isinstance(value, list) else [value], at, self.complain) or []
        if names == [ALL_BOARDS]:
            return self.board_names
        for name in names:
            if name not in self.board_names:
                known = (*self.board_names, ALL_BOARDS)
                hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
                self.complain(Complaint(at, f"{dotted(at)}: there is no board {name!r} in this scenario{hint}"))
        return tuple(names)


def _without(values: dict[str, Any], key: KeyPath) -> dict[str, Any]:
    """Return the document without what is wrong at ``key``: all that is on top there, but of ``boards`` not all."""
    if key[0] == "boards" and len(key) > 1:
        boards = values["boards"]
        rest = {name: value for name, value in boards[key[1]].items() if name != key[2]} if len(key) > 2 else {}
        return {**values, "boards": {**boards, key[1]: rest}}
    return {name: value for name, value in values.items() if name != key[0]}


def _without_rivals(shared: Mapping[str, Any], own: BoardTable) -> dict[str, Any]:
    """Return what a board has from the top of the file: not a second script beside its own."""
    has_script = own.model_fields_set & {"script", "lua"}
    return {key: value for key, value in shared.items() if not (has_script and key in ("script", "lua"))}


def _text_of(kind: str, value: Any) -> str:
    """Return a step as one line."""
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = f"{kind}: {' '.join(shown.split())}"
    return text if len(text) <= _TEXT_MAX else f"{text[: _TEXT_MAX - 1]}…"
