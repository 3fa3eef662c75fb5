"""The set-up puts the exact Lua in, says when it cannot, and leaves alone what is already right.

A stand-in for the environment's Python records what it is asked to do, so that nothing is built or downloaded here;
that the real one works is what `make test` on a fresh clone shows.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from simulator import install
from simulator.vm.numerics import (
    everything_can_be_interrupted,
    firmware_calls_are_calls,
    numbers_are_exact,
    table_order_is_fixed,
)

STAND_IN = """\
#!/bin/sh
case "$*" in
    *numerics.py) test -e exact ;;
    *"--no-binary lupa"*) echo "build ${CFLAGS-} ${LUPA_NO_LUAJIT-}" >> calls; test ! -e broken && touch exact ;;
    *pip*) echo "install ${*##* --editable }" >> calls; test ! -e offline ;;
esac
"""

BUILD = f"build {install.EXACT_BUILD['CFLAGS']} true"


class Environment:
    """A virtual environment whose Python is the stand-in; markers are files in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str) -> int:
        return install.main(list(arguments))

    def mark(self, name: str) -> None:
        (self.folder / name).touch()

    @property
    def calls(self) -> list[str]:
        """Return what pip was asked since the last look."""
        log = self.folder / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    python = tmp_path / "python"
    python.write_text(STAND_IN.replace("#!/bin/sh", f"#!/bin/sh\ncd '{tmp_path}'"))
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(sys, "base_prefix", "elsewhere")
    monkeypatch.setattr(install, "_STATE", tmp_path / "luatwin.json")
    monkeypatch.setattr(install, "_BUILD_LOG", tmp_path / "lupa-build.log")
    return Environment(tmp_path)


def test_this_environment_counts_in_32_bits_as_the_board_does() -> None:
    assert numbers_are_exact(), "the 64-bit wheel of lupa is in: run make test, which puts the exact build in"


def test_this_environment_goes_through_tables_in_the_same_order_in_every_process() -> None:
    assert table_order_is_fixed(), "another build of lupa is in: run make test, which puts the exact build in"


def test_tests_run_with_a_lua_in_which_everything_can_be_interrupted():
    assert everything_can_be_interrupted(), "another build of lupa is in: run make test, which puts the exact build in"


def test_tests_run_with_a_lua_that_leaves_the_caller_of_the_firmware_on_the_stack():
    assert firmware_calls_are_calls(), "another build of lupa is in: run make test, which puts the exact build in"


def test_builds_lua_with_the_numbers_of_the_board_before_the_rest(environment: Environment) -> None:
    assert environment.run() == 0
    assert environment.calls == [BUILD, "install ."]


def test_touches_nothing_when_all_is_there(environment: Environment) -> None:
    environment.run("--dev")
    assert environment.calls
    assert environment.run() == environment.run("--dev") == 0
    assert environment.calls == []


def test_adds_the_test_tools_to_a_plain_installation(environment: Environment) -> None:
    environment.run()
    assert environment.calls
    environment.run("--dev")
    assert environment.calls == ["install .[dev]"]


def test_mends_an_environment_that_took_the_wheel(environment: Environment) -> None:
    environment.run()
    assert environment.calls
    (environment.folder / "exact").unlink()
    environment.run()
    assert environment.calls == [BUILD]


def test_goes_on_with_the_wheel_and_says_so_when_there_is_no_compiler(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert environment.run() == 0
    assert environment.calls == ["install ."]
    assert capfd.readouterr().err.splitlines()[0] == (
        "luatwin: no C compiler here, so Lua counts in 64 bits and not in 32 as on the board (see luatwin doctor)"
    )


def test_goes_on_with_the_wheel_and_names_the_log_when_the_build_fails(
    environment: Environment, capfd: pytest.CaptureFixture[str]
) -> None:
    environment.mark("broken")
    assert environment.run() == 0
    assert environment.calls == [BUILD, "install ."]
    assert f"{environment.folder / 'lupa-build.log'} says why" in capfd.readouterr().err


def test_a_failed_installation_is_an_error_and_is_tried_again(
    environment: Environment, capfd: pytest.CaptureFixture[str]
) -> None:
    environment.mark("offline")
    assert environment.run() == 1
    assert "pip failed with exit code 1" in capfd.readouterr().err
    (environment.folder / "offline").unlink()
    assert environment.run() == 0
    assert environment.calls == [BUILD, "install .", "install ."]


def test_a_checkout_that_moved_is_installed_again(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    environment.run()
    assert environment.calls
    moved = environment.folder / "moved"
    moved.mkdir()
    monkeypatch.setattr(install, "ROOT", moved)
    environment.run()
    assert environment.calls == ["install ."]


def test_refuses_to_install_into_the_python_of_the_system(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    assert environment.run() == 2
    assert environment.calls == []
    assert "not a virtual environment" in capfd.readouterr().err
