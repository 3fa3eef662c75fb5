"""The catalogue of the Lua API as annotations for lua-language-server (LuaCATS), one file a module.

What Lua 5.3 itself has is not written: the language server knows it. A file ends with a ``return`` where a script gets
the module from `require`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from simulator.vm.api import GLOBALS, Entry, entries, modules
from simulator.vm.api_data.types import PARAMETERS, PARAMETERS_OF, RETURNS

_OWN_NAMES: Final[Mapping[str, frozenset[str]]] = {
    GLOBALS: frozenset({"cache", "compile", "decompile", "try"}),
    "io": frozenset({"attributes", "receive", "send"}),
}
"""What the firmware adds to a library of Lua's."""

_STANDARD_OS: Final = frozenset(
    ["clock", "date", "difftime", "execute", "exit", "getenv", "remove", "rename", "setlocale", "time", "tmpname"]
)
_STANDARD: Final = frozenset({"coroutine", "debug", "math", "package", "string", "table", "utf8"})
_KEYWORDS: Final = frozenset({"end", "for", "function", "goto", "in", "local", "not", "or", "repeat", "then", "until"})
"""Words that no parameter can be called, as far as anybody tries."""

_SIGNATURES: Final[Mapping[str, str]] = {
    "gdisplay.qrcode": "(p, text [, ecc=ECC_LOW [, scale=1 [, ...]]])",
}
"""Where a line between two names is between two kinds of one parameter, not between two ways to call the function."""

_TOKEN: Final = re.compile(r"""\[|\]|,|\||\.\.\.|(?P<name>[A-Za-z_]\w*)(?:=(?P<default>"[^"]*"|[^],[|]+))?""")
_RANGE: Final = re.compile(r"\b([a-z]+)(\d+), \.\.\., \1(\d+)\b")
_ANYTHING: Final = "any ..."


_WITHOUT_A_FIELD: Final = (
    "cjson.safe",
    "cjson.util",
    *(f"socket.{name}" for name in ("ftp", "headers", "http", "smtp", "tp", "url")),
)
"""Modules within others that only `require` gives."""


class Parameter(NamedTuple):
    """A parameter; its ``name`` is ``...`` for any number. ``default`` is text as the catalogue has it."""

    name: str
    is_optional: bool
    default: str


def files() -> dict[str, str]:
    """Return the text of every file by its name."""
    by_file: dict[str, list[Entry]] = {}
    for entry in entries():
        if _is_ours(entry):
            by_file.setdefault(_file_of(entry), []).append(entry)
    return {name: "\n".join(_file(name, found)) + "\n" for name, found in sorted(by_file.items())}


def parameters_of(signature: str) -> list[list[Parameter]]:
    """Return the parameters of a function by its signature, a list for each way to call it.

    What comes behind ``...`` cannot be said in Lua and is left out.
    """
    text = _RANGE.sub(_every_number, signature[1:-1])
    ways: list[list[Parameter]] = [[]]
    depth = 0
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "[":
                depth += 1
            case "]":
                depth -= 1
            case "|":
                ways.append([])
            case "...":
                ways[-1].append(Parameter("...", is_optional=False, default=""))
            case ",":
                pass
            case _ if ways[-1] and ways[-1][-1].name == "...":
                pass
            case _:
                name = token["name"]
                name += "_" if name in _KEYWORDS else ""
                ways[-1].append(Parameter(name, depth > 0, (token["default"] or "").strip()))
    return ways


def _every_number(found: re.Match[str]) -> str:
    return ", ".join(f"{found[1]}{number}" for number in range(int(found[2]), int(found[3]) + 1))


def _is_ours(entry: Entry) -> bool:
    top = entry.module.partition(".")[0]
    if entry.module == GLOBALS and entry.kind == "table":
        return entry.name not in _STANDARD and entry.name not in ("io", "os")
    if top in _STANDARD or (top == "os" and entry.name in _STANDARD_OS):
        return False
    return top not in _OWN_NAMES or entry.name in _OWN_NAMES[top]


def _file_of(entry: Entry) -> str:
    """Return the name of the file that an entry goes to."""
    return _scope_of(entry).replace(".", "/") + ".lua"


def _scope_of(entry: Entry) -> str:
    """Return the module whose file an entry goes to: the outermost one, or one that only `require` gives."""
    path = entry.path if entry.kind == "table" else entry.module
    inner = next((name for name in _WITHOUT_A_FIELD if path == name or path.startswith(f"{name}.")), None)
    return "base" if path == GLOBALS else inner or path.partition(".")[0]


def _file(name: str, found: list[Entry]) -> Iterator[str]:
    scope = _scope_of(found[0])
    module = modules().get(scope)
    yield "---@meta"
    yield "-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit."
    handles: set[str] = set()
    for entry in found:
        yield ""
        if entry.kind == "method":
            handle = _handle_of(entry)
            if handle not in handles:
                handles.add(handle)
                yield from (f"---@class {handle}", f"local {_local_name(handle)} = {{}}", "")
        yield from _entry(entry, scope, is_local=module is not None and module.by_require)
    if module is not None and module.by_require:
        yield from ("", f"return {_written(scope, scope)}")


def _written(path: str, scope: str) -> str:
    """Return how a file writes a path: from the last name of its module on."""
    return path[scope.rfind(".") + 1 :] if path == scope or path.startswith(f"{scope}.") else path


def _handle_of(entry: Entry) -> str:
    return entry.path.partition(":")[0]


def _local_name(handle: str) -> str:
    return handle.replace(".", "_")


def _entry(entry: Entry, scope: str, *, is_local: bool) -> Iterator[str]:
    yield f"---{_description(entry)}"
    path = _written(entry.path, scope)
    if entry.kind == "table":
        yield f"---@class {entry.path}"
        yield f"{'local ' if is_local and entry.path == scope else ''}{path} = {{}}"
    elif entry.kind == "constant":
        yield from _constant(entry, path)
    else:
        yield from _function(entry, path)


def _description(entry: Entry) -> str:
    builds = "" if entry.condition == "always" else f" Not in every build: {entry.condition}."
    return entry.summary + builds


def _constant(entry: Entry, path: str) -> Iterator[str]:
    if not entry.name.isidentifier():
        path = f'{path.removesuffix(f".{entry.name}")}["{entry.name}"]'
    if entry.value is None:
        yield "---@type any"
        yield f"{path} = nil"
    elif isinstance(entry.value, str):
        yield f'{path} = "{entry.value}"'
    else:
        yield f"{path} = {entry.value!r}"


def _function(entry: Entry, path: str) -> Iterator[str]:
    first, *others = parameters_of(_SIGNATURES.get(entry.path, entry.signature))
    for parameter in first:
        name = parameter.name + "?" * parameter.is_optional
        yield f"---@param {name} {_type(entry.path, parameter)}{_default(parameter)}"
    results = [result for result in RETURNS.get(entry.path, _ANYTHING).split(", ") if result]
    for result in results:
        yield f"---@return {result}"
    for way in others:
        arguments = ", ".join(
            f"{parameter.name}{'?' * parameter.is_optional}: {_type(entry.path, parameter)}" for parameter in way
        )
        yield f"---@overload fun({arguments}){': ' if results else ''}{', '.join(results)}"
    if entry.kind == "method":
        path = f"{_local_name(_handle_of(entry))}:{entry.name.partition(':')[2]}"
    yield f"function {path}({', '.join(parameter.name for parameter in first)}) end"


def _type(path: str, parameter: Parameter) -> str:
    own = PARAMETERS_OF.get(path, {})
    if parameter.name in own:
        return own[parameter.name]
    if parameter.name in PARAMETERS:
        return PARAMETERS[parameter.name]
    return _type_of_default(parameter.default)


def _type_of_default(default: str) -> str:
    if default.startswith('"'):
        return "string"
    if default in ("true", "false"):
        return "boolean"
    return "integer" if default[:1].isdigit() or default[:1] == "-" else "any"


def _default(parameter: Parameter) -> str:
    return f" by default {parameter.default}" if parameter.default else ""
