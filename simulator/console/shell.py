"""The shell filter: which input lines are commands, and what a command's result shows.

While the shell is on, every line passes through it before Lua sees it, continuation lines too
(``components/lua/common/shell.c``). It knows nothing of Lua: *any* line whose first word is a command is taken, such
as ``do local x = 1 end``. Running the command is the machine's work; `read` decides and `result_text` reports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from simulator.console.history import LINE_BYTES_MAX

TOKENS_MAX: Final = 10
"""A command line with this many words goes to Lua untouched."""

SCRIPT_NAME_BYTES_MAX: Final = 64
"""``PATH_MAX``: a longer first word is no script's name."""

SCRIPT_ARGUMENTS_BYTES_MAX: Final = 250
"""Where the quoted arguments of a script are cut (between two characters, never inside a separator)."""


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """One command: the Lua function it calls, how many arguments it insists on, and its usage text.

    The usage is empty if nothing is required. ``shows_result`` is false for the two whose result the firmware looks
    for in the wrong place.
    """

    name: str
    function: str
    required: int = 0
    usage: str = ""
    shows_result: bool = True


COMMANDS: Final[Mapping[str, ShellCommand]] = {
    command.name: command
    for command in (
        ShellCommand("cat", "os.cat", 1, "cat filename"),
        ShellCommand("cd", "os.cd", 0, "cd path"),
        ShellCommand("clear", "os.clear"),
        ShellCommand("cp", "os.cp", 2, "cp from to"),
        ShellCommand("df", "os.df", 0, "df [target]"),
        ShellCommand("dir", "os.ls", 0, "dir [pattern]"),
        ShellCommand("dmesg", "os.dmesg"),
        ShellCommand("do", "dofile", 1, "do [lua script]"),
        ShellCommand("edit", "os.edit", 1, "edit [filename]"),
        ShellCommand("exit", "os.exit"),
        ShellCommand("ls", "os.ls", 0, "ls [pattern]"),
        ShellCommand("luac", "compile", 1, "luac source destination", shows_result=False),
        ShellCommand("luad", "decompile", 1, "luad source", shows_result=False),
        ShellCommand("mkdir", "os.mkdir", 1, "mkdir path"),
        ShellCommand("mkfs", "os.format", 1, "format path"),
        ShellCommand("more", "os.more", 1, "more filename"),
        ShellCommand("mount", "fs.mount", 2, "target filesystem"),
        ShellCommand("mv", "os.rename", 2, "mv old new"),
        ShellCommand("netstat", "net.stat"),
        ShellCommand("passwd", "os.passwd"),
        ShellCommand("ping", "net.ping", 1, "ping destination"),
        ShellCommand("pwd", "os.pwd"),
        ShellCommand("reboot", "os.exit"),
        ShellCommand("remove", "os.remove", 1, "remove filename"),
        ShellCommand("rename", "os.rename", 2, "rename old new"),
        ShellCommand("rm", "os.remove", 1, "rm filename"),
        ShellCommand("umount", "fs.umount", 1, "target"),
        ShellCommand("unlink", "os.remove", 1, "unlink filename"),
        ShellCommand("uptime", "os.uptime"),
    )
}

_COMMANDS_BY_WORD: Final = {name.encode(): command for name, command in COMMANDS.items()}
_WORD: Final = re.compile(rb"[^ \r\n]+")
_SPACES_OR_BYTE: Final = re.compile(rb" +|[^ ]", re.DOTALL)


class LuaLine(NamedTuple):
    """The line is Lua's: as typed, or rewritten to run a script by its name."""

    line: bytes


class CommandCall(NamedTuple):
    """Call ``command.function`` with the arguments, all strings; then go on with an empty line."""

    command: ShellCommand
    arguments: tuple[bytes, ...]


class Usage(NamedTuple):
    """Write ``text``; then go on with an empty line."""

    text: bytes


ShellLine: TypeAlias = LuaLine | CommandCall | Usage


def read(line: bytes, is_regular_file: Callable[[bytes], bool]) -> ShellLine:
    """Say what an input line is.

    ``is_regular_file`` is asked only for a first word that could be a script's name. It answers for the mode that
    the file system reports being exactly "regular file", which FAT's never is.
    """
    words = _WORD.findall(line)
    if not words:
        return LuaLine(line)
    command = _COMMANDS_BY_WORD.get(words[0])
    if command is None:
        return LuaLine(_script_call(line, words[0], is_regular_file) or line)
    if len(words) >= TOKENS_MAX:
        return LuaLine(line)
    if len(words) - 1 < command.required:
        return Usage(f"usage: {command.usage}\r\n".encode())
    return CommandCall(command, tuple(words[1:]))


def _script_call(line: bytes, name: bytes, is_regular_file: Callable[[bytes], bool]) -> bytes | None:
    """Return the Lua text that runs script ``name`` with the arguments of ``line``; None if it is no script.

    The arguments are looked for as many bytes from the start of the *line* as the name is long: leading spaces or an
    LF (terminals that send CR LF) shift the cut into the name.
    """
    if len(name) > SCRIPT_NAME_BYTES_MAX or not name.endswith((b".lua", b".luac")) or not is_regular_file(name):
        return None
    rest = line.rstrip(b" ")[len(name) :].lstrip(b" ")
    if not rest:
        return b'dofile("%b")' % name
    arguments = bytearray(b'"')
    for unit in _SPACES_OR_BYTE.findall(rest):
        if len(arguments) >= SCRIPT_ARGUMENTS_BYTES_MAX:
            break
        arguments += b'","' if unit.startswith(b" ") else unit
    arguments += b'"'
    return (b'assert(loadfile("%b"))(%b)' % (name, bytes(arguments)))[:LINE_BYTES_MAX]


def result_text(command: ShellCommand, results: Sequence[object], *, prompt_is_set: bool = False) -> bytes:
    r"""Return what is written about the results of a command typed on a first line, with its `\r\n`; often nothing.

    ``results`` is what the call returned, or only its error value: strings as bytes, nil as None. ``prompt_is_set``
    says that the global ``_PROMPT`` is not nil: the firmware then shows nothing but the message of a ``nil, message``
    pair. On a continuation line nothing is ever shown and the interpreter restarts.
    """
    if not command.shows_result:
        return b""
    first, second = (*results, None, None)[:2]
    if first is None and isinstance(second, bytes):
        return _c_string(second) + b"\r\n"
    if prompt_is_set or isinstance(first, bool):
        return b""
    if isinstance(first, bytes):
        return _c_string(first) + b"\r\n"
    if isinstance(first, int):
        return b"%d\r\n" % first
    if isinstance(first, float):
        return f"{first:.7g}\r\n".encode()
    return b""


def _c_string(text: bytes) -> bytes:
    return text.partition(b"\0")[0]
