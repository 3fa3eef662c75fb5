"""``luatwin serve`` and ``luatwin serial`` in a process of their own, for tests that need a real port."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.helpers import ROOT

_STOP_TIMEOUT_S = 20


@dataclass
class ServeProcess:
    """What is ready. ``url`` is where, without a slash at the end; ``greeting`` is the line that it printed."""

    process: subprocess.Popen[str]
    greeting: str

    @property
    def url(self) -> str:
        return self.greeting.rpartition(" ")[2]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def stop(self, stop_signal: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        """Stop the server; return its exit code, what is on stdout, and what it said on stderr since it was ready."""
        self.process.send_signal(stop_signal)
        out, err = self.process.communicate(timeout=_STOP_TIMEOUT_S)
        return self.process.returncode, out, err


def serving(*arguments: str | Path) -> AbstractContextManager[ServeProcess]:
    """Run ``luatwin serve`` with ``arguments``; the block begins when it is ready and its end kills it."""
    return running("serve", *arguments)


@contextmanager
def running(*arguments: str | Path) -> Iterator[ServeProcess]:
    """Run ``luatwin`` with ``arguments`` of a command that first says where it is."""
    command = [sys.executable, "-m", "simulator.cli", *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            assert process.stderr is not None
            greeting = process.stderr.readline().rstrip("\n")
            assert "/" in greeting, greeting + process.stderr.read()
            yield ServeProcess(process, greeting)
        finally:
            process.kill()
