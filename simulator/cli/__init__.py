"""The command ``luatwin``: arguments to calls, verdicts to exit codes. It decides nothing else.

One module per command, imported when the command is used and not before, because the time to the first byte of a
board's console is part of what the command is for; `COMMANDS` is the list. What a command returns is its exit code
(None is 0); what it raises is turned into words and an exit code here, in `main`, and nowhere else. Nothing imports
this package. Read `simulator.cli.boot` first: it is a whole command on one page.

Exit codes: 0 as expected, 1 a script error or a failed expectation, 2 bad usage, file or configuration, 3 an invariant
broke, 42 a limit was reached; and as every program, 70 for a bug of ours and 130 for Ctrl-C.
"""

from __future__ import annotations

import gc
import shlex
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn

import click

from simulator import __version__
from simulator.cli.options import Group, Settings, say, verbose_option
from simulator.errors import LuaTwinError

#: Command: where it is (``module:attribute``), and what ``luatwin --help`` says about it without importing it.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "run": ("simulator.cli.run:run", "Power on a board and run a script on it."),
    "test": ("simulator.cli.test:test", "Replay scenario files."),
    "sweep": ("simulator.cli.sweep:sweep", "Cut the power at every flash operation: what breaks?"),
    "repl": ("simulator.cli.repl:repl", "The board's interactive console in this terminal."),
    "serial": ("simulator.cli.serial:serial", "The board's UART0 for other people's programs."),
    "replay": ("simulator.cli.replay:replay", "Run a recorded run again, and prove that it is the same."),
    "serve": ("simulator.cli.serve:serve", "The OTA server on a real port, for any board."),
    "check-server": (
        "simulator.cli.check_server:check_server",
        "Does that OTA server work for a real board?",
    ),
    "image": ("simulator.cli.image:image", "Build a firmware image, or tell what is in one."),
    "flash": ("simulator.cli.flash:flash", "Look into a 4 MB flash file, take parts out, put parts in."),
    "boot": ("simulator.cli.boot:boot", "What would the bootloader do with this flash?"),
    "boards": ("simulator.cli.boards:boards", "The catalogue of boards."),
    "parts": ("simulator.cli.parts:parts", "What can be put around a board, by type."),
    "api": ("simulator.cli.api:api", "The Lua API, with the status of every function."),
    "faults": ("simulator.cli.faults:faults", "What can go wrong, by name."),
    "doctor": ("simulator.cli.doctor:doctor", "What of this installation works, and how to mend it."),
}

_USAGE_EXIT_CODE: Final = 2
_BUG_EXIT_CODE: Final = 70  # EX_SOFTWARE of sysexits.h
_INTERRUPT_EXIT_CODE: Final = 130  # 128 + SIGINT, what a shell reports


class _Commands(Group):
    """The commands of `COMMANDS`, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        gc.disable()  # importing leaves no garbage, and looking for it takes a tenth of the time
        try:
            command = getattr(import_module(module), attribute)
        finally:
            gc.enable()
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="luatwin", message="%(prog)s %(version)s")
@verbose_option
def cli() -> None:
    """The digital twin of an ESP32 that runs Lua RTOS and updates itself over the air."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run ``luatwin`` with ``arguments`` (those of the process by default) and exit as the contract says."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    settings = Settings()
    try:
        code = cli.main(arguments, prog_name="luatwin", standalone_mode=False, obj=settings)
    except BaseException as error:
        code = _report(_cause(error), arguments, verbose=settings.verbose)
    sys.exit(code)


def _cause(error: BaseException) -> BaseException:
    """Return the one exception in a nest of groups, or the outermost group that holds several."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _report(error: BaseException, arguments: Sequence[str], *, verbose: bool) -> int:
    """Say on stderr what went wrong and return the exit code; what is no error passes through."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return _USAGE_EXIT_CODE
        case click.ClickException():
            return _say_usage_error(error)
        case click.Abort() | KeyboardInterrupt():
            return _INTERRUPT_EXIT_CODE
        case LuaTwinError():
            code, message = error.exit_code, str(error)
        case OSError(filename=str(filename)):
            code, message = _USAGE_EXIT_CODE, f"{filename}: {error.strerror}"
        case Exception() | BaseExceptionGroup():
            traceback.print_exception(error)
            say(f"this is a bug in LuaTwin {__version__}; please report it with the lines above and the command:")
            say(shlex.join(["luatwin", *arguments]))
            return _BUG_EXIT_CODE
        case _:
            raise error
    if verbose:
        traceback.print_exception(error)
    say(message)
    return code


def _say_usage_error(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    where = context.command_path if context else "luatwin"
    click.echo(f"{where}: {error.format_message()}", err=True)
    if context:
        click.echo(f"Try '{where} --help'.", err=True)
    return _USAGE_EXIT_CODE
