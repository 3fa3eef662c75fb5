"""What commands share: options of one name and meaning, a group that knows what you meant, and words on stderr."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from simulator.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_BOARD: Final = "N1ESP32-OTA"


@dataclass(slots=True)
class Settings:
    """What holds for the whole command line; the ``obj`` of its click context."""

    verbose: bool = False


class Group(click.Group):
    """A group of commands that answers an unknown one with the nearest it has."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that ``args`` start with; a usage error names the nearest, or all there are."""
        name, names = args[0], self.list_commands(ctx)
        if name not in names and not name.startswith("-"):
            near = difflib.get_close_matches(name, names, n=1)
            advice = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}"
            ctx.fail(f"no command {name!r}; {advice}")
        return super().resolve_command(ctx, args)


def _set_verbose(ctx: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Settings).verbose = True


#: ``-v`` adds the traceback to an error. A command reads it from ``ctx.obj`` and takes no parameter for it.
verbose_option = click.option(
    "-v", "--verbose", is_flag=True, is_eager=True, expose_value=False, callback=_set_verbose, help="Say more."
)

#: ``--json`` arrives as the parameter ``as_json``.
json_option = click.option("--json", "as_json", is_flag=True, help="The result as one JSON object on stdout.")


def board_options(command: Command, *, of_flash: bool = False) -> Command:
    """Give ``command`` the parameters ``board`` (an id or a board file) and ``sdkconfig`` (a path or None).

    ``of_flash``: ``board`` is None if it is not given, because a flash file may tell.
    """
    default = f"that of the flash, or {DEFAULT_BOARD}" if of_flash else DEFAULT_BOARD
    board = click.option(
        "--board",
        default=None if of_flash else DEFAULT_BOARD,
        metavar="ID",
        help=f"See luatwin boards.  [default: {default}]",
    )
    for option in (
        click.option("--sdkconfig", type=click.Path(path_type=Path), metavar="FILE", help="Its build options."),
        board,
    ):
        command = option(command)
    return command


def say(line: str) -> None:
    """Write a line of our own to stderr, which the board's console is not part of."""
    click.echo(f"luatwin: {line}", err=True)


def words_without(flags: Set[str], options: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words of this process's command line without these flags, and without these options and their values.

    In two parts: those before ``--``, if there is one, and those from there on, which nobody has looked at.
    """
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    kept: list[str] = []
    before = iter(words[:end])
    for word in before:
        if word in options:
            next(before, None)
        elif not (
            word in flags
            or word.startswith(tuple(f"{option}=" for option in options if option.startswith("--")))
            or (word[:2] in options and word[2:].isdecimal())
        ):
            kept.append(word)
    return kept, words[end:]


def read_signing_key(path: Path | None) -> Any:
    """Return the `SigningKey` in the PEM file that an option names, None if it names none. Raises `UsageError`."""
    if path is None:
        return None
    from simulator.signatures import SigningKey, load_key  # its library is costly to import

    try:
        key = load_key(path.read_bytes())
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    if not isinstance(key, SigningKey):
        raise UsageError(f"{path}: this is a public key; signing takes the private one")
    return key
