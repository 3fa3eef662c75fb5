"""Lua's own test suite, which is no part of this repository: it lies in the source package of lupa, beside the Lua
that LuaTwin is built from.

``python -m tests.lua_suite`` fetches it; `make install-dev` does, so that the tests need no network. It is kept in the
environment, once for each version of lupa.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from simulator.install import EXACT_BUILD

_FILES = "lua53/testes/*.lua"


def folder() -> Path:
    """Return the folder of the suite's files, after fetching them if need be. Raises `OSError` if that fails."""
    lupa = version("lupa")
    kept = Path(sys.prefix, "luatwin-lua-suite", f"lupa-{lupa}")
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        with (kept.parent / "lock").open("w") as lock:  # several processes may want it at once
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                _fetch(lupa, kept)
    return kept


def _fetch(lupa: str, kept: Path) -> None:
    with TemporaryDirectory(dir=kept.parent) as work:
        options = ["-qq", "--disable-pip-version-check", "--no-deps", "--no-binary", "lupa", "--dest", work]
        command = [sys.executable, "-m", "pip", "download", *options, f"lupa=={lupa}"]
        done = subprocess.run(command, env={**os.environ, **EXACT_BUILD}, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(
                f"Lua's test suite is in the source package of lupa {lupa}, and pip could not fetch that:\n"
                f"{done.stderr.strip().rpartition(chr(10))[2]}\n"
                "It is needed once. Where the package index can be reached, run: python -m tests.lua_suite"
            )
        (archive,) = Path(work).glob("lupa*.tar.gz")
        files = Path(work, "files")
        files.mkdir()
        with tarfile.open(archive) as tar:
            for member in tar:
                path = Path(member.name)
                content = tar.extractfile(member) if path.match(_FILES) else None
                if content is not None:
                    (files / path.name).write_bytes(content.read())
        files.rename(kept)


if __name__ == "__main__":
    try:
        folder()
    except OSError as error:
        sys.exit(f"luatwin: {error}")
