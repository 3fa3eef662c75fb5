"""The Whitecat tools' protocol through a pseudo-terminal, reset included; see docs/serial.md for the real ``wcc``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT
from tests.serve_process import running
from tests.whitecat_on_terminal import SIZES

pytestmark = [pytest.mark.real, pytest.mark.slow]

SMALL = ("--image-size", "16K")
TIMEOUT_S = 60

RESETS = """\
import serial, sys
from esptool.reset import ClassicReset, HardReset
with serial.Serial(sys.argv[1], 115200, timeout=5) as port:
    assert (port.dtr, port.rts) == (True, True)
    ClassicReset(port, 0.05)()
    assert port.read_until(b"download\\r\\n").endswith(b"waiting for download\\r\\n")
    HardReset(port)()
    assert port.read_until(b"/ > ").endswith(b"/ > ")
"""


@pytest.fixture(scope="module")
def modem_lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that gives our pseudo-terminals their lines."""
    library = tmp_path_factory.mktemp("preload") / "modem_lines.so"
    source = ROOT / "simulator" / "serial_port" / "modem_lines.c"
    flags = ["-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "-o", library, source], check=True)
    return library


def with_lines(library: Path, *command: str) -> str:
    """Run a Python program with the library preloaded and return what it printed."""
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, timeout=TIMEOUT_S, check=True
    ).stdout.decode()


def test_a_client_of_the_protocol_resets_identifies_lists_uploads_and_downloads(modem_lines):
    with running("serial", *SMALL, "--pty", "--speed", "5") as process:
        found = json.loads(with_lines(modem_lines, "-m", "tests.whitecat_on_terminal", process.url))
    assert found["first line"] == "ets Jun  8 2016 00:22:57"
    assert found["last line"] == "Lua RTOS-boot-scripts-aborted-ESP32"
    assert found["board"] == ["N1ESP32", "OTA", ""]
    assert found["intact"] == list(SIZES)
    assert {f"f{size}": size for size in SIZES}.items() <= found["files"].items()


def test_esptool_resets_a_board_on_a_pseudo_terminal_with_the_lines_preloaded(modem_lines):
    with running("serial", *SMALL, "--pty") as process:
        with_lines(modem_lines, "-c", RESETS, process.url)


def test_other_terminals_have_no_lines_with_the_library_either(modem_lines):
    probe = """\
import fcntl, os, pty, termios
far, near = pty.openpty()
try:
    fcntl.ioctl(near, termios.TIOCMGET, bytes(4))
except OSError as error:
    print(error.errno == 25)
"""
    assert with_lines(modem_lines, "-c", probe) == "True\n"
