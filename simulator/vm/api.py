"""The catalogue of the Lua API: every documented name of the firmware, what it is, which builds have it, its status.

The machine asks it for constants and for the names that exist on the board but not here yet; ``luatwin api`` shows
it. A name that is nil on the board is not in it. The data is in `simulator.vm.api_data`, the names of the builds'
conditions in `simulator.vm.api_builds`, and what is implemented in `simulator.vm.api_status`.
The ``error`` tables come from `simulator.vm.exceptions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from simulator.vm.api_builds import CONDITIONS
from simulator.vm.api_data import Kind, Member, ModuleData, Value, hardware, lua, network, system
from simulator.vm.api_status import STATUS, Status
from simulator.vm.exceptions import DRIVERS, ERROR_TABLES, error_table

if TYPE_CHECKING:
    from simulator.boards import Board

GLOBALS: Final = "_G"
"""The module of the base functions. Their path is the bare name."""

Half: TypeAlias = Literal["system", "hardware"]
"""The firmware itself with Lua and its network, or everything that is attached, built on top or talked to."""

_SYSTEM: Final = frozenset(
    (
        *("coroutine", "debug", "io", "math", "package", "string", "table", "utf8"),
        *("cpu", "crc", "event", "fs", "md5", "net", "nvs", "os", "pack", "thread", "tmr", "vm"),
    )
)
_OURS: Final = frozenset({"ota"})

_BY_REQUIRE: Final = frozenset({"socket", "ltn12", "mime", "mbox", "cjson"})


class Module(NamedTuple):
    """A table of the API. ``condition`` names the builds that have it; ``by_require``: it is no global."""

    path: str
    summary: str
    condition: str
    by_require: bool


class Entry(NamedTuple):
    """One name. ``path`` is how a script writes it, ``tmr.timer:start`` for a method of the type ``tmr.timer``.

    ``signature`` holds the parameters of functions and methods, ``value`` that of constants where it is known and a
    number or text. Tables are entries of the module that holds them, ``_G`` for the outermost.
    """

    path: str
    module: str
    name: str
    kind: Kind
    signature: str
    summary: str
    value: Value
    condition: str
    status: Status
    note: str


class Share(NamedTuple):
    """How many functions and methods there are, and how many of them are faithful."""

    faithful: int
    functions: int
    share: float


def lookup(path: str) -> Entry | None:
    """Return the entry of a path such as ``print``, ``net.wf.start``, ``net.wf.mode.STA`` or ``tmr.timer:stop``."""
    found = _index().get(path)
    return None if found is None else _entry(path, *found)


def entries() -> Iterator[Entry]:
    """Yield every entry: the modules in the order of the catalogue, and in each its members in theirs."""
    for path, found in _index().items():
        yield _entry(path, *found)


def modules() -> Mapping[str, Module]:
    """Return every module by its path, ``error`` tables included."""
    return _modules()[0]


def members(module: str) -> Iterator[Entry]:
    """Yield what a module holds, its tables included. Raises `KeyError` if there is no such module."""
    paths = _paths_by_module()
    for path in paths[module]:
        yield _entry(path, *_index()[path])


def constants(module: str) -> dict[str, int | float | str]:
    """Return the known constants of a module, name to value. Raises `KeyError` if there is no such module."""
    return {
        str(member[1]): member[2]
        for member in _modules()[1][module]
        if member[0] == "constant" and member[2] is not None
    }


def build_members(module: str, board: Board | None) -> tuple[bytes | int | float, ...]:
    """Return what the build of a board, or any build, has in a module, as the machine takes it.

    It is flat: name, kind (``function``, ``constant`` or ``table``) and value of one after the other; the value of a
    function is what is said of it if it is missing, or 0, that of a table is 0. Methods, constants without a known
    value and what only `require` finds are not in it, and a module that the build does not have is empty.
    """
    found, _ = _modules()
    if module not in found:
        return ()
    flat: list[bytes | int | float] = []
    if (
        module == "net.en.error"
        and board is not None
        and board.ethernet is not None
        and board.ethernet.interface == "spi"
    ):
        for exception, code in error_table("spi_eth").items():
            flat += (exception.encode(), b"constant", code)
        return tuple(flat)
    for path in _paths_by_module()[module]:
        kind, name, content, _, *condition = _index()[path][1]
        if kind == "method" or (module == GLOBALS and name in _BY_REQUIRE):
            continue
        value = content if kind == "constant" else _what_is_missing(path) if kind == "function" else 0
        if value is not None and _has(board, condition[0] if condition else found[module].condition):
            flat += (name.encode(), kind.encode(), value.encode("latin-1") if isinstance(value, str) else value)
    return tuple(flat)


def _what_is_missing(path: str) -> str | Literal[0]:
    status, note = STATUS.get(path, ("", ""))
    return note if status == "missing" and note else 0


def build_has_module(name: str, board: Board | None) -> bool:
    """Return whether `require` finds a module of this name in the firmware of a board, though it is no global."""
    module = modules().get(name)
    return module is not None and module.by_require and _has(board, module.condition)


def half_of(entry: Entry) -> Half | None:
    """Return which half of the API a name belongs to; None for what is not Lua RTOS's."""
    top = (entry.path if entry.module == GLOBALS else entry.module).partition(".")[0]
    if entry.module == GLOBALS or top in _SYSTEM:
        return "system"
    return None if top in _OURS else "hardware"


def shares_of(found: Iterable[Entry]) -> dict[Half, Share]:
    """Return how many of the functions and methods among ``found`` are faithful, for each half that has any."""
    counts: dict[Half, list[bool]] = {"system": [], "hardware": []}
    for entry in found:
        half = half_of(entry)
        if half is not None and entry.kind in ("function", "method"):
            counts[half].append(entry.status == "faithful")
    return {
        half: Share(sum(faithful), len(faithful), sum(faithful) / len(faithful))
        for half, faithful in counts.items()
        if faithful
    }


def _has(board: Board | None, condition: str) -> bool:
    return board is None or CONDITIONS[condition](board)


def _data() -> Iterable[ModuleData]:
    for part in (lua, system, network, hardware):
        yield from part.MODULES
    for path, driver in ERROR_TABLES.items():
        parent = path.rpartition(".")[0]
        exceptions = DRIVERS[driver]
        yield (
            path,
            "",
            f"The codes of the errors of {parent}.",
            tuple(("constant", name, exceptions.code(name), exceptions.text(name)) for name in exceptions.exceptions),
        )


@cache
def _modules() -> tuple[dict[str, Module], dict[str, tuple[Member, ...]]]:
    found: dict[str, Module] = {}
    held: dict[str, tuple[Member, ...]] = {}
    for path, condition, summary, content in _data():
        parent, _, _ = path.rpartition(".")
        found[path] = Module(path, summary, condition or found[parent].condition, path.split(".")[0] in _BY_REQUIRE)
        held[path] = content
    return found, held


@cache
def _index() -> dict[str, tuple[str, Member]]:
    """Path to the module that holds it and its data; tables are there as members of the outer module."""
    index: dict[str, tuple[str, Member]] = {}
    found, held = _modules()
    for path, module in found.items():
        if path != GLOBALS:
            outer, _, name = path.rpartition(".")
            index[path] = (outer or GLOBALS, ("table", name, None, module.summary, module.condition))
        prefix = "" if path == GLOBALS else f"{path}."
        for member in held[path]:
            index[f"{prefix}{member[1]}"] = (path, member)
    return index


@cache
def _paths_by_module() -> dict[str, list[str]]:
    paths: dict[str, list[str]] = {path: [] for path in _modules()[0]}
    for path, (module, _) in _index().items():
        paths[module].append(path)
    return paths


def _entry(path: str, module: str, member: Member) -> Entry:
    kind, name, content, summary, *own_condition = member
    callable_ = kind in ("function", "method")
    status, note = _status(path, module, is_table=kind == "table")
    return Entry(
        path=path,
        module=module,
        name=name,
        kind=kind,
        signature=str(content) if callable_ else "",
        summary=summary,
        value=None if callable_ else content,
        condition=own_condition[0] if own_condition else _modules()[0][module].condition,
        status=status,
        note=note,
    )


def _status(path: str, module: str, *, is_table: bool) -> tuple[Status, str]:
    """Return the status of the longest path of `STATUS` that covers ``path``."""
    covering = path
    while covering:
        if covering in STATUS:
            return STATUS[covering]
        covering = covering.rpartition(":" if ":" in covering else ".")[0]
    if module == GLOBALS and not is_table:
        return STATUS.get(GLOBALS, ("missing", ""))
    return "missing", ""
