"""The console of a board, byte for byte: what it prints at boot, how it edits a line, what it does with each byte.

Pure: bytes in, bytes out; no clock, no UART, no Lua. Who waits for bytes and runs the lines is `simulator.device`;
which errors there are is `simulator.vm.exceptions`. Not here: the panic text and the host's file transfer.
Read `line_editor` first, then `control` (what happens before a byte gets there) and `shell` (what happens after). The
commands that take the screen or ask questions (`pager`, `editor`, `passwd`) are programs in the sense of `program`.
"""

from __future__ import annotations

from simulator.console.control import ConsoleInput, Mode, Reaction
from simulator.console.history import History, HistoryStore
from simulator.console.line_editor import LineEditor, Outcome, continuation_prompt, main_prompt
from simulator.console.newline import to_wire
from simulator.console.shell import COMMANDS, CommandCall, LuaLine, ShellCommand, ShellLine, Usage
from simulator.console.syslog import LOG_ALL, MASK_AT_BOOT, Level, Log, mask_of_levels

__all__ = [
    "COMMANDS",
    "LOG_ALL",
    "MASK_AT_BOOT",
    "CommandCall",
    "ConsoleInput",
    "History",
    "HistoryStore",
    "Level",
    "LineEditor",
    "Log",
    "LuaLine",
    "Mode",
    "Outcome",
    "Reaction",
    "ShellCommand",
    "ShellLine",
    "Usage",
    "continuation_prompt",
    "main_prompt",
    "mask_of_levels",
    "to_wire",
]
