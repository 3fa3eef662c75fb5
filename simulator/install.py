"""Puts this checkout into the environment it runs in: ``.venv/bin/python -m simulator.install [--dev]``.

What pip alone does not get right is Lua: it takes lupa's wheel, which counts in 64 bits. So lupa is built from source
with the board's numbers first, and then the rest is installed around it. Without a C compiler the wheel stays, and a
line says what that means. Run again, this looks at what is there, mends what is not, and otherwise touches nothing: no
pip, no network, a tenth of a second.

It runs before anything is installed, hence only the standard library.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
_PROJECT: Final = ROOT / "pyproject.toml"
_STATE: Final = Path(sys.prefix) / "luatwin.json"
_BUILD_LOG: Final = Path(sys.prefix) / "lupa-build.log"

_DIFFERENCES: Final = ROOT / "simulator" / "vm" / "exact_lua.h"

#: Builds lupa's own copies of Lua with our differences. ``CFLAGS`` takes the place of the flags that Python itself was
#: built with, so it names those that matter: without ``-O2`` Lua runs at half the speed. LuaJIT is left out, because it
#: has no 32-bit numbers.
EXACT_BUILD: Final = {
    "CFLAGS": f'-O2 -DNDEBUG -fwrapv -include "{_DIFFERENCES}"',
    "LUPA_NO_LUAJIT": "true",
}


def main(arguments: list[str]) -> int:
    """Install what is missing and return the exit code; ``--dev`` adds what the tests and linters need."""
    if sys.prefix == sys.base_prefix:
        _say("this is not a virtual environment; use make, or python -m venv .venv first")
        return 2
    dev = "--dev" in arguments
    try:
        _ensure_exact_lua()
        _ensure_package(dev=dev)
    except subprocess.CalledProcessError as error:
        _say(f"pip failed with exit code {error.returncode}; its own words are above")
        return 1
    return 0


def _ensure_exact_lua() -> None:
    """Build lupa with the board's numbers, unless it is there or cannot be built here."""
    if _lua_is_exact():
        return
    missing = _missing_for_a_build()
    if missing:
        _say(f"no {missing} here, so Lua counts in 64 bits and not in 32 as on the board (see luatwin doctor)")
        return
    _say("building Lua with the board's 32-bit numbers: a minute, once")
    command = [*_pip("install", "--no-deps", "--force-reinstall", "--no-cache-dir", "--no-binary", "lupa"), _lupa()]
    with _BUILD_LOG.open("wb") as log:
        built = subprocess.run(
            command, env={**os.environ, **EXACT_BUILD}, stdout=log, stderr=subprocess.STDOUT, check=False
        )
    if built.returncode or not _lua_is_exact():
        _say(f"that failed ({_BUILD_LOG} says why), so Lua counts in 64 bits and not in 32 as on the board")


def _lua_is_exact() -> bool:
    """Ask a process of its own: this one may have to replace what it would have loaded. No lupa is not exact."""
    probe = ROOT / "simulator" / "vm" / "numerics.py"
    return subprocess.run([sys.executable, "-P", probe], stderr=subprocess.DEVNULL, check=False).returncode == 0


def _missing_for_a_build() -> str:
    """Return what the machine lacks for building lupa, or nothing."""
    compilers = [*(sysconfig.get_config_var("CC") or "").split()[:1], "cc", "gcc", "clang"]
    if not any(map(shutil.which, compilers)):
        return "C compiler"
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        return "Python.h"
    return ""


def _lupa() -> str:
    """Return the requirement of lupa that the project declares."""
    requirements: list[str] = tomllib.loads(_PROJECT.read_text())["project"]["dependencies"]
    return next(requirement for requirement in requirements if requirement.startswith("lupa"))


def _ensure_package(*, dev: bool) -> None:
    """Install this checkout in place, with what it needs, unless the last installation did the same or more."""
    if _STATE.is_file() and _STATE.read_text() in (_state(dev=dev), _state(dev=True)):
        return
    _say("installing LuaTwin" + (", the test tools" if dev else "") + " and what they need")
    _STATE.unlink(missing_ok=True)
    subprocess.run([*_pip("install"), "--editable", ".[dev]" if dev else "."], cwd=ROOT, check=True)
    _STATE.write_text(_state(dev=dev))


def _state(*, dev: bool) -> str:
    """Return what an installation depends on: where the checkout lies, what it requires, how much was asked for."""
    project = hashlib.sha256(_PROJECT.read_bytes()).hexdigest()
    return json.dumps({"checkout": str(ROOT), "project": project, "dev": dev})


def _pip(*words: str) -> list[str]:
    """Return a pip command that prints errors only."""
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", *words, "-qq"]


def _say(message: str) -> None:
    sys.stderr.write(f"luatwin: {message}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
