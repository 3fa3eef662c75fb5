"""What commands share: the options ``-v`` and ``--json``, and a group that knows what you meant."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import click


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
