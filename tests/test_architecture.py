"""The table of rooms, enforced: which room may import what, and what no file may hold.

`ROOMS` is the architecture. A room imports rooms above it, never sideways and never below. The kind says what else:
pure and model rooms see no time, no randomness, no thread, no socket and no file. If a test here is in the way of a
change, the change is usually in the wrong room.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.helpers import ROOT

PACKAGE = ROOT / "simulator"


class Kind(Enum):
    PURE = "values in, values out"
    MODEL = "state that changes; synchronous, given its time and its randomness"
    SHELL = "may await, and may meet the host"


@dataclass(frozen=True)
class Room:
    """A module or a package of `simulator`, and the distributions it may import besides the standard library."""

    name: str
    kind: Kind
    packages: set[str] = field(default_factory=set)


#: From top to bottom.
ROOMS = (
    Room("errors", Kind.PURE),
    Room("units", Kind.PURE),
    Room("c_numbers", Kind.PURE),
    Room("events", Kind.PURE),
    Room("links", Kind.PURE),
    Room("flash_view", Kind.PURE),
    Room("resources", Kind.PURE),
    Room("rng", Kind.MODEL),
    Room("install", Kind.SHELL),
    Room("flash_file", Kind.SHELL),
    Room("determinism", Kind.SHELL, {"trio"}),
    Room("formats", Kind.PURE),
    Room("efuses", Kind.MODEL),
    Room("efuse_file", Kind.SHELL),
    Room("signatures", Kind.PURE, {"cryptography"}),
    Room("boards", Kind.PURE, {"pydantic", "pydantic_core"}),
    Room("firmware", Kind.PURE),
    Room("nvs", Kind.MODEL),  # above flash: it is given a view of its partition, and flash repeats its name
    Room("flash", Kind.MODEL),
    Room("faults", Kind.PURE),
    Room("chaos", Kind.MODEL),
    Room("boot", Kind.MODEL),
    Room("filesystem", Kind.MODEL, {"littlefs"}),
    Room("dump", Kind.PURE),
    Room("flash_parts", Kind.PURE),
    Room("inspection", Kind.PURE),
    Room("wifi", Kind.MODEL, {"cryptography"}),
    Room("bluetooth", Kind.MODEL),
    Room("lora", Kind.MODEL, {"cryptography"}),
    Room("mdns", Kind.MODEL, {"dnslib"}),
    Room("airwaves", Kind.MODEL),
    Room("console", Kind.PURE),
    Room("graphics", Kind.MODEL, {"PIL", "qrcodegen"}),
    Room("ota_protocol", Kind.PURE),
    Room("mqtt", Kind.MODEL),
    Room("vm", Kind.MODEL, {"lupa", "greenlet"}),
    Room("hardware", Kind.MODEL),
    Room("descriptions", Kind.PURE, {"pydantic", "pydantic_core", "ruamel"}),
    Room("network", Kind.SHELL, {"trio", "httpx", "httpcore", "dnslib"}),
    Room("libcurl", Kind.SHELL, {"trio", "cryptography"}),
    Room("packet_forwarder", Kind.SHELL, {"trio"}),
    Room("http", Kind.SHELL, {"trio", "h11"}),
    Room("ota_server", Kind.SHELL, {"trio", "cryptography"}),
    Room("portal", Kind.SHELL, {"trio"}),
    Room("check_server", Kind.SHELL, {"trio", "cryptography"}),
    Room("device", Kind.SHELL, {"trio", "httpx"}),
    Room("serial_port", Kind.SHELL, {"trio"}),
    Room("capture", Kind.SHELL, {"trio"}),
    Room("injection", Kind.SHELL, {"trio"}),
    Room("world", Kind.SHELL, {"trio"}),
    Room("board_state", Kind.SHELL),
    Room("explain", Kind.SHELL),
    Room("screenshots", Kind.SHELL),
    Room("setting", Kind.SHELL),
    Room("scenario", Kind.PURE, {"pydantic", "pydantic_core"}),
    Room("recording", Kind.SHELL),
    Room("session", Kind.SHELL, {"trio"}),
    Room("replay", Kind.SHELL),
    Room("play", Kind.SHELL, {"trio", "PIL"}),
    Room("trial", Kind.SHELL),
    Room("sweep", Kind.SHELL),
    Room("survival", Kind.SHELL, {"trio"}),
    Room("suite", Kind.SHELL),
    Room("doctor", Kind.SHELL, {"trio"}),
    Room("cli", Kind.SHELL, {"trio", "click", "rich"}),
)
ROOM = {room.name: room for room in ROOMS}

#: Outside the table: the package's own ``__init__`` offers `World` lazily; the helpers for tests may import any room
#: and are imported by none.
OUTSIDE = {"__init__", "testing"}

#: Modules of the standard library that bring in time, randomness, threads, sockets or the host.
HOST_MODULES = {
    *("asyncio", "concurrent", "multiprocessing", "os", "random", "secrets", "select", "selectors", "shutil", "signal"),
    *("socket", "ssl", "subprocess", "tempfile", "threading", "time", "urllib.request"),
}
#: The files that are the exception, and why.
MAY_IMPORT = {"rng.py": {"random"}}  # it is where all randomness comes from
MAY_READ_FILES = {
    "boards/load.py",  # board files
    "boards/source.py",
    "boards/sdkconfig.py",  # an owner's build
    "descriptions/hardware.py",  # descriptions of what is around a board
    "scenario/read.py",  # scenarios, and the files that they name
    "vm/machine.py",  # the Lua that this room is partly written in
}

LINES_MAX = 700


class Module:
    """One file of `simulator`, parsed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.relative_to(PACKAGE).as_posix()
        self.room = self.name.partition("/")[0].removesuffix(".py")
        self.text = path.read_text(encoding="utf-8")

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(ast.parse(self.text)))

    @cached_property
    def imports(self) -> set[str]:
        """Every name of a module that is imported, in functions and for typing too."""
        names: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{self.name}:{node.lineno} imports relatively"
                assert node.module is not None
                if node.module == "simulator":
                    names |= {f"simulator.{alias.name}" for alias in node.names}
                else:
                    names.add(node.module)
        return names

    @cached_property
    def imports_when_run(self) -> set[tuple[str, str]]:
        """What is imported at any time, but for typing: from which module or package, and the name in it."""
        typing_only = {
            inner
            for node in self.nodes
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        return {
            (str(node.module), alias.name)
            for node in self.nodes
            if isinstance(node, ast.ImportFrom) and node not in typing_only
            for alias in node.names
        }

    @property
    def rooms(self) -> set[str]:
        """The other rooms it imports."""
        inside = {name.split(".")[1] for name in self.imports if name.startswith("simulator.")}
        return {room for room in inside if not room.startswith("__")} - {self.room}

    @property
    def packages(self) -> set[str]:
        """The distributions it imports."""
        return {name.partition(".")[0] for name in self.imports} - sys.stdlib_module_names - {"simulator"}

    @property
    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Every call of a plain name (``print``) or of a method (``.read_text``)."""
        for node in self.nodes:
            match node:
                case ast.Call(func=ast.Name(id=name)):
                    yield name, node
                case ast.Call(func=ast.Attribute(attr=name)):
                    yield f".{name}", node


MODULES = [Module(path) for path in sorted(PACKAGE.rglob("*.py"))]
IN_ROOMS = [module for module in MODULES if module.room in ROOM]
QUIET = [module for module in IN_ROOMS if ROOM[module.room].kind is not Kind.SHELL]


def offenders(modules: list[Module], offence: Callable[[Module], object]) -> dict[str, object]:
    """Return what ``offence`` finds wrong, by file."""
    return {module.name: wrong for module in modules if (wrong := offence(module))}


def test_every_file_is_in_a_room_of_the_table() -> None:
    assert offenders(MODULES, lambda module: module.room not in {*ROOM, *OUTSIDE}) == {}


def test_rooms_import_only_from_rooms_above_them() -> None:
    order = list(ROOM)

    def below(module: Module) -> set[str]:
        return {room for room in module.rooms if room not in order[: order.index(module.room)]}

    assert offenders(IN_ROOMS, below) == {}


def test_no_modules_import_each_other_in_a_circle_not_even_late() -> None:
    named = {"simulator." + module.name.removesuffix(".py").replace("/", "."): module for module in IN_ROOMS}
    named = {name.removesuffix(".__init__"): module for name, module in named.items()}

    def imported(source: str, name: str) -> str:
        return f"{source}.{name}" if f"{source}.{name}" in named else source

    graph = {
        name: {imported(*what) for what in module.imports_when_run} & named.keys() for name, module in named.items()
    }

    def circle() -> list[str]:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            return list(error.args[1])
        return []

    assert circle() == []


def test_rooms_import_only_the_packages_they_are_given() -> None:
    assert offenders(IN_ROOMS, lambda module: module.packages - ROOM[module.room].packages) == {}


@pytest.mark.parametrize("package", ["lupa", "greenlet"])
def test_only_the_lua_machine_knows_lua(package: str) -> None:
    assert {room.name for room in ROOMS if package in room.packages} == {"vm"}


def test_pure_and_model_rooms_await_nothing() -> None:
    def awaiting(module: Module) -> list[int]:
        kinds = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
        return [node.lineno for node in module.nodes if isinstance(node, kinds)]

    assert {room.name for room in ROOMS if "trio" in room.packages and room.kind is not Kind.SHELL} == set()
    assert offenders(QUIET, awaiting) == {}


def test_pure_and_model_rooms_see_no_time_no_randomness_and_no_host() -> None:
    def seen(module: Module) -> set[str]:
        forbidden = HOST_MODULES - MAY_IMPORT.get(module.name, set())
        return {name for name in module.imports if name in forbidden or name.partition(".")[0] in forbidden}

    def read_clocks(module: Module) -> list[int]:
        return [call.lineno for name, call in module.calls if name in (".now", ".utcnow", ".today")]

    assert offenders(QUIET, seen) == {}
    assert offenders(QUIET, read_clocks) == {}


def test_pure_and_model_rooms_touch_no_file() -> None:
    touching = {"open", ".read_text", ".read_bytes", ".write_text", ".write_bytes", ".glob", ".rglob", ".iterdir"}

    def touched(module: Module) -> list[int]:
        return [call.lineno for name, call in module.calls if name in touching]

    assert offenders([module for module in QUIET if module.name not in MAY_READ_FILES], touched) == {}


def test_all_randomness_comes_from_one_file() -> None:
    assert (
        offenders(
            [module for module in MODULES if module.name not in MAY_IMPORT],
            lambda module: module.imports & {"random", "secrets"},
        )
        == {}
    )


def test_nobody_prints() -> None:
    assert offenders(MODULES, lambda module: [call.lineno for name, call in module.calls if name == "print"]) == {}


def test_every_file_says_what_it_is_for() -> None:
    assert offenders(MODULES, lambda module: not ast.get_docstring(ast.parse(module.text))) == {}


def test_every_room_has_an_entrance() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_no_file_is_too_long_to_read() -> None:
    assert offenders(MODULES, lambda module: module.text.count("\n") > LINES_MAX) == {}


def repository_texts() -> Iterator[tuple[str, str]]:
    """Return the name and the text of every file of ours; golden data that is no text is left out."""
    names = [".ci", "benchmarks", "boards", "lua", "scenarios", "simulator", "tests"]
    for path in [*ROOT.glob("*"), *(path for name in names for path in (ROOT / name).rglob("*"))]:
        if path.is_file() and "__pycache__" not in path.parts:
            try:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a note to do something later", r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b"),
        ("a path of one machine", r"(?<![\w.])/(ro" r"ot|wo" r"rk|ho" r"me/\w+|opt/(wheels|pypi)|Users)/"),
        ("a host of a package registry", r"pypi\.o" r"rg|python" r"hosted|npm" r"js\.|deb\.debian|crates\.i" r"o\b"),
    ],
)
def test_the_repository_holds_no(what: str, pattern: str) -> None:
    found = {
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}": match[0]
        for name, text in repository_texts()
        for match in re.finditer(pattern, text)
    }
    assert found == {}, f"{what}: {found}"
