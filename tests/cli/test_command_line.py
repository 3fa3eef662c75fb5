"""The command `luatwin` itself: what is imported, what is said, and which exit code a failure has."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from importlib import import_module

import click
import pytest

from simulator import __version__, cli
from simulator.cli.options import verbose_option
from simulator.errors import DescriptionError, Problem, SimulatorInternalError, UsageError
from tests.helpers import Finished, luatwin, run_luatwin, run_python


def replace_boot(body: Callable[[], int | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `luatwin boot` a command that does ``body``."""
    command = click.command()(verbose_option(body))
    monkeypatch.setitem(cli.COMMANDS, "boot", (f"{__name__}:stand_in", ""))
    monkeypatch.setattr(import_module(__name__), "stand_in", command, raising=False)


def failing_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `luatwin boot` a command that raises ``error``."""

    def fail() -> None:
        raise error

    replace_boot(fail, monkeypatch)


def test_the_version_is_that_of_the_package() -> None:
    finished = run_luatwin("--version")
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, f"luatwin {__version__}\n", "")


def test_version_and_help_import_no_room_and_nothing_slow() -> None:
    program = """
import json, sys
from simulator.cli import main
try:
    main([sys.argv[1]])
except SystemExit:
    print(json.dumps(sorted(sys.modules)))
"""
    for option in ("--version", "--help"):
        modules = set(json.loads(run_python("-c", program, option).stdout.splitlines()[-1]))
        assert {name for name in modules if name.startswith("simulator.")} == {
            "simulator.cli",
            "simulator.cli.options",
            "simulator.errors",
        }
        assert not modules & {"trio", "rich", "httpx", "pydantic", "lupa", "ssl"}


@pytest.mark.real
def test_the_version_is_there_at_once() -> None:
    def cpu_seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run_luatwin("--version")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # CPU time and the best of five: the machine may be busy with the other tests.
    assert min(cpu_seconds() for _ in range(5)) < 0.15


def test_help_lists_every_command() -> None:
    listed = luatwin("--help").out
    for name, (_, summary) in cli.COMMANDS.items():
        assert f"  {name} " in listed
        assert summary in listed


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_where_the_table_says_and_explains_itself(name: str) -> None:
    explained = luatwin(name, "--help")
    assert explained.code == 0, explained.err
    assert explained.out.startswith(f"Usage: luatwin {name}")


def test_an_unknown_command_suggests_the_nearest() -> None:
    message = "luatwin: no command 'bords'; did you mean 'boards'?\nTry 'luatwin --help'.\n"
    assert luatwin("bords") == Finished(2, "", message)


def test_an_unknown_command_near_none_lists_them_all() -> None:
    finished = luatwin("xyzzy")
    assert finished.code == 2
    assert f"there are: {', '.join(cli.COMMANDS)}\n" in finished.err


def test_an_unknown_option_names_the_command_it_was_given_to() -> None:
    finished = luatwin("doctor", "--jsn")
    assert finished.code == 2
    message, advice = finished.err.splitlines()
    assert message.startswith("luatwin doctor: No such option")
    assert "--jsn" in message
    assert advice == "Try 'luatwin doctor --help'."


def test_no_command_at_all_shows_the_help() -> None:
    finished = luatwin()
    assert finished.code == 2
    assert finished.err.startswith("Usage: luatwin [OPTIONS] COMMAND")


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UsageError("no such access point: 'home'"), 2, "luatwin: no such access point: 'home'\n"),
        (
            DescriptionError([Problem(path="a.yaml", line=3, message="x"), Problem(path="a.yaml", message="y")]),
            2,
            "luatwin: a.yaml:3: x\na.yaml: y\n",
        ),
        (FileNotFoundError(2, "No such file or directory", "f.bin"), 2, "luatwin: f.bin: No such file or directory\n"),
        (ExceptionGroup("nursery", [ExceptionGroup("inner", [UsageError("deep")])]), 2, "luatwin: deep\n"),
        (BaseExceptionGroup("nursery", [KeyboardInterrupt()]), 130, ""),
    ],
)
def test_what_a_user_can_mend_is_said_without_a_traceback(
    error: BaseException, code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_with(error, monkeypatch)
    assert luatwin("boot") == Finished(code, "", message)


@pytest.mark.parametrize("arguments", [("-v", "boot"), ("boot", "-v"), ("boot", "--verbose")])
def test_verbose_adds_the_traceback(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    failing_with(UsageError("no such file"), monkeypatch)
    finished = luatwin(*arguments)
    assert finished.code == 2
    lines = finished.err.splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[-1] == "luatwin: no such file"


def test_ctrl_c_is_130_and_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    failing_with(KeyboardInterrupt(), monkeypatch)
    assert luatwin("boot") == Finished(130, "", "\n")


@pytest.mark.parametrize(
    "error",
    [
        SimulatorInternalError("two boards have one name"),
        ZeroDivisionError("division by zero"),
        ExceptionGroup("nursery", [UsageError("one"), UsageError("two")]),
    ],
)
def test_a_bug_shows_where_it_is_and_asks_for_a_report(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_with(error, monkeypatch)
    finished = luatwin("boot")
    assert finished.code == 70
    lines = finished.err.splitlines()
    assert "Traceback (most recent call last):" in lines[0]
    assert "please report it" in lines[-2]
    assert lines[-1] == "luatwin: luatwin boot"


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (1, 1), (42, 42)])
def test_the_exit_code_is_what_the_command_returns(
    returned: int | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_boot(lambda: returned, monkeypatch)
    assert luatwin("boot") == Finished(code, "", "")
