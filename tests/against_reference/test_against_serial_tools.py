"""Other people's serial tools against ``luatwin serial``: pyserial, esptool's resets, netcat, and plain bytes."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import subprocess
import termios
import time
from collections.abc import Iterator

import pytest
import serial
from esptool.reset import ClassicReset, HardReset

from tests.serve_process import ServeProcess, running

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\):DeprecationWarning")]

SMALL = ("--image-size", "16K")
PROMPT = b"/ > "
TIMEOUT_S = 10


@contextlib.contextmanager
def opened(process: ServeProcess, **options: bool) -> Iterator[serial.Serial]:
    """Open the port as pyserial does, and wait for the prompt."""
    with serial.serial_for_url(process.url, 115_200, timeout=TIMEOUT_S, **options) as port:
        port.write(b"\r")
        assert port.read_until(PROMPT).endswith(PROMPT)
        yield port


def test_pyserial_types_on_a_pseudo_terminal_again_and_again():
    with running("serial", *SMALL, "--pty") as process:
        for n in range(3):
            with opened(process, exclusive=True) as port:
                port.write(b"n = (n or 0) + 1 print(n)\r")
                assert port.read_until(PROMPT) == f"n = (n or 0) + 1 print(n)\r\n{n + 1}\r\n".encode() + PROMPT


def test_pyserial_types_through_a_socket_again_and_again():
    with running("serial", *SMALL, "--tcp", "127.0.0.1:0") as process:
        for _ in range(2):
            with opened(process) as port:
                port.write(b"os.board()\r")
                assert port.read_until(PROMPT) == b"os.board()\r\nN1ESP32\tOTA\t\r\n" + PROMPT


def test_pyserial_resets_the_board_over_rfc_2217_and_opening_alone_does_not():
    with running("serial", *SMALL, "--rfc2217", "127.0.0.1:0") as process:
        with opened(process) as port:
            port.write(b"x = 42\r")
            assert port.read_until(PROMPT).endswith(PROMPT)
        with opened(process) as port:
            port.write(b"x\r")
            assert b"42\r\n" in port.read_until(PROMPT)
            HardReset(port)()  # not with DTR on, as opening the port has left it
            port.timeout = 0.3
            assert port.read() == b""
            port.timeout, port.dtr = TIMEOUT_S, False
            HardReset(port)()
            boot = port.read_until(PROMPT)
            assert boot.startswith(b"ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13")
            port.write(b"x\r")
            assert b"nil\r\n" in port.read_until(PROMPT)


def test_esptools_reset_brings_the_chip_into_its_download_mode_and_back():
    with running("serial", *SMALL, "--rfc2217", "127.0.0.1:0") as process, opened(process) as port:
        ClassicReset(port, reset_delay=0.05)()
        assert port.read_until(b"download\r\n") == (
            b"ets Jun  8 2016 00:22:57\r\n\r\n"
            b"rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\nwaiting for download\r\n"
        )
        HardReset(port)()
        assert port.read_until(PROMPT).endswith(PROMPT)


def test_netcat_gets_the_answer_to_what_is_piped_in():
    netcat = shutil.which("nc")
    assert netcat is not None, "no nc here; with Debian: apt-get install netcat-openbsd"
    with running("serial", *SMALL, "--tcp", "127.0.0.1:0") as process:
        time.sleep(0.5)
        command = [netcat, "-q", "1", "127.0.0.1", str(process.port)]
        answer = subprocess.run(command, input=b"print(6 * 7)\r", capture_output=True, timeout=TIMEOUT_S, check=True)
    assert answer.stdout == b"print(6 * 7)\r\n42\r\n" + PROMPT


def test_a_terminal_program_that_sets_the_line_up_by_itself_gets_the_bytes_as_they_are():
    with running("serial", *SMALL, "--pty") as process:
        time.sleep(0.5)
        terminal = os.open(process.url, os.O_RDWR | os.O_NOCTTY)
        try:
            attributes = termios.tcgetattr(terminal)
            assert not attributes[3] & (termios.ECHO | termios.ICANON)
            os.write(terminal, b"x = io.write('\\0\\r\\n\\x11\\x13\\xff')\r")
            answer = b""
            while not answer.endswith(PROMPT) and select.select([terminal], [], [], TIMEOUT_S)[0]:
                answer += os.read(terminal, 1024)
            assert answer == b"x = io.write('\\0\\r\\n\\x11\\x13\\xff')\r\n\0\r\r\n\x11\x13\xff" + PROMPT
        finally:
            os.close(terminal)


def test_a_second_connection_is_served_when_the_first_has_gone():
    with running("serial", *SMALL, "--tcp", "127.0.0.1:0") as process:
        address = ("127.0.0.1", process.port)
        with socket.create_connection(address, TIMEOUT_S), socket.create_connection(address, TIMEOUT_S) as second:
            second.sendall(b"print('second')\r")
            second.settimeout(0.3)
            with pytest.raises(TimeoutError):
                second.recv(1)
        with socket.create_connection(address, TIMEOUT_S) as third:
            third.sendall(b"\r")
            assert third.recv(1)


def test_pasted_lines_that_are_more_than_the_boards_queue_holds_all_arrive():
    line = f"n = (n or 0) + 1 --{'-' * 180}"  # what is pasted must not make much more output than input
    with running("serial", *SMALL, "--tcp", "127.0.0.1:0") as process, opened(process) as port:
        port.write("\r".join([*[line] * 40, "print(n)"]).encode() + b"\r")
        assert port.read_until(b"print(n)\r\n").endswith(b"print(n)\r\n")
        assert port.read_until(PROMPT) == b"40\r\n" + PROMPT


def test_the_same_session_over_every_way_is_the_same():
    """The board does not know which way its bytes take."""
    typed = b"for i = 1, 3 do\rprint(i)\rend\rls\r"
    answers = set()
    for way in (["--pty"], ["--tcp", "127.0.0.1:0"], ["--rfc2217", "127.0.0.1:0"]):
        with running("serial", *SMALL, *way) as process, opened(process) as port:
            port.write(typed)
            answers.add(port.read_until(b"system.lua\r\n/ > "))
    assert len(answers) == 1
    assert answers.pop().startswith(b"for i = 1, 3 do\r\n>> print(i)\r\n>> end\r\n1\r\n2\r\n3\r\n")
