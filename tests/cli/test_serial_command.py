"""``luatwin serial`` as a user types it. What other programs see of it is in against_reference."""

from __future__ import annotations

import os
import select
import signal
import socket
import time

import pytest

from tests.helpers import luatwin
from tests.serve_process import running

SMALL = ("--image-size", "16K")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "write one of --pty, --tcp HOST:PORT and --rfc2217 HOST:PORT"),
        (["--pty", "--tcp", ":0"], "write one of --pty, --tcp HOST:PORT and --rfc2217 HOST:PORT"),
        (["--tcp", "2217"], "--tcp '2217': write HOST:PORT, such as 127.0.0.1:2217; port 0 takes a free one"),
        (["--rfc2217", "localhost:70000"], "--rfc2217 'localhost:70000': write HOST:PORT"),
        (["--pty", "--speed", "max"], "--speed max: the other program lives in real time"),
        (["--pty", "nowhere.lua"], "nowhere.lua: there is no such script or folder"),
        (["--pty", "--board", "N1ESP23"], "did you mean"),
    ],
)
def test_what_a_user_got_wrong_is_named_and_exits_with_2(arguments, message):
    finished = luatwin("serial", *SMALL, *arguments)
    assert finished.code == 2
    assert message in finished.err
    assert len(finished.err.splitlines()) <= 3


@pytest.mark.real
def test_a_port_that_is_taken_is_said_in_a_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finished = luatwin("serial", *SMALL, "--tcp", f"127.0.0.1:{port}")
    assert (finished.code, finished.err) == (2, f"luatwin: port {port} of 127.0.0.1 is in use\n")


@pytest.mark.real
@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("option", "scheme"), [("--tcp", "socket"), ("--rfc2217", "rfc2217")])
def test_it_says_where_the_port_is_and_ends_cleanly_when_told(option, scheme, stop_signal):
    with running("serial", *SMALL, option, "127.0.0.1:0") as process:
        assert process.url.startswith(f"{scheme}://127.0.0.1:")
        with socket.create_connection(("127.0.0.1", process.port)):
            assert process.stop(stop_signal) == (0, "", "")


@pytest.mark.real
def test_a_board_without_firmware_stays_on_its_port(tmp_path):
    flash = tmp_path / "flash.bin"
    flash.write_bytes(b"\xff" * (4 << 20))
    with running("serial", "--board", "N1ESP32-OTA", "--pty", "--flash", flash) as process:
        time.sleep(1.5)  # three attempts to boot, after which it counts as bricked
        assert process.process.poll() is None
        assert process.stop()[0] == 0


@pytest.mark.real
def test_the_flash_file_is_kept_when_it_ends(tmp_path):
    flash = tmp_path / "flash.bin"
    script = tmp_path / "note.lua"
    script.write_text("local f = io.open('/note', 'w') f:write('kept') f:close() print('written')")
    with running("serial", script, *SMALL, "--tcp", "127.0.0.1:0", "--flash", flash) as process:
        with socket.create_connection(("127.0.0.1", process.port), timeout=10) as port:
            answer = b""
            while b"true" not in answer:
                port.sendall(b"os.exists('/note')\r")
                time.sleep(0.1)
                answer += port.recv(4096)
        assert process.stop()[0] == 0
    assert "kept\r\n" in luatwin("run", "--flash", flash, "-e", "os.cat('/note') print()").out


@pytest.mark.real
def test_the_pseudo_terminal_goes_with_it():
    """Its name says nothing: that may be somebody else's terminal now."""
    with running("serial", *SMALL, "--pty") as process:
        terminal = os.open(process.url, os.O_RDWR | os.O_NOCTTY)
        try:
            watch = select.poll()
            watch.register(terminal, 0)
            assert watch.poll(0) == []
            assert process.stop() == (0, "", "")
            assert watch.poll(0)[0][1] & select.POLLHUP
        finally:
            os.close(terminal)
