"""net.curl.ftp against pyftpdlib: a real server on a real port, with the files in a folder."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio

from simulator.firmware import SMALLEST_IMAGE_BYTES
from simulator.network.redirect import ServerAddress
from simulator.world import World, run_in_world
from tests.device.stage import JOIN, PASSWORD, SSID, printed

pytestmark = pytest.mark.real

_RUN_TIMEOUT_S = 60
QUIET = "local curl = net.curl curl.verbose(0) curl.progress(0) "


@dataclass(frozen=True)
class Served:
    port: int
    folder: Path


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it builds on asyncore, which is old
        from pyftpdlib.authorizers import DummyAuthorizer
        from pyftpdlib.handlers import FTPHandler
        from pyftpdlib.servers import FTPServer
    logging.getLogger("pyftpdlib").setLevel(logging.ERROR)
    authorizer = DummyAuthorizer()
    authorizer.add_user("me", "secret", str(tmp_path), perm="elradfmwMT")
    handler = type("Handler", (FTPHandler,), {"authorizer": authorizer})
    server = FTPServer(("127.0.0.1", 0), handler)
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            server.serve_forever(timeout=0.05, blocking=False)
        server.close_all()

    thread = threading.Thread(target=serve)
    thread.start()
    yield Served(server.address[1], tmp_path)
    is_over.set()
    thread.join()


def shown_by(script: str, files: dict[str, str] | None = None) -> str:
    """Return what a board on the host's sockets prints."""

    async def main(world: World) -> str:
        world.add_access_point(SSID, PASSWORD)
        board = world.new_board("M5STACK", script=JOIN + script, files=files, image_bytes=SMALLEST_IMAGE_BYTES)
        world.power_on(board)
        with trio.fail_after(_RUN_TIMEOUT_S):
            assert await board.finished(), board.why_stuck
        return printed(board.console.decode()).replace("\r", "")

    return run_in_world(main, server=ServerAddress("localhost", 1))


def test_files_go_both_ways_and_directories_are_listed(served: Served) -> None:
    (served.folder / "sub").mkdir()
    (served.folder / "sub" / "a.txt").write_text("hello")
    script = (
        QUIET
        + f"""
        local url = "ftp://localhost:{served.port}"
        print((select(3, curl.ftp(0, url .. "/sub/a.txt", "me", "secret"))))
        print((curl.ftp(1, url .. "/sub/b.bin", "me", "secret", "/up.bin")))
        local ok, _, list = curl.ftp(0, url .. "/sub/", "me", "secret")
        print(ok, list:match("a.txt"), list:match("b.bin"))
        print(curl.ftp(0, url .. "/sub/b.bin", "me", "secret", "/down.bin"))
        print(io.open("/down.bin"):read("a") == io.open("/up.bin"):read("a"))
        print(curl.ftp(0, url .. "/none", "me", "secret"))
        print(curl.ftp(0, url .. "/", "me", "wrong"))
    """
    )
    content = "".join(chr(32 + i % 90) for i in range(20_000))
    lines = shown_by(script, {"/up.bin": content}).splitlines()
    assert lines[:3] == ["hello", "true", "true\ta.txt\tb.bin"]
    assert lines[-4:] == ["\tReceived to file.", "true", "false\tRemote file not found\terror",
                          "false\tLogin denied\terror"]  # fmt: skip
    assert (served.folder / "sub" / "b.bin").read_text() == content


def test_what_it_tells_is_what_libcurl_told_of_this_server(served: Served) -> None:
    (served.folder / "a.txt").write_text("hello file\n")
    shown = shown_by(f'net.curl.progress(0) net.curl.ftp(0, "ftp://localhost:{served.port}/a.txt", "me", "secret")')
    _, _, dialogue = shown.partition("> USER me\n")
    told = [line for line in dialogue.splitlines() if not line.startswith(("* Connecting", "< 227", "* Connected"))]
    assert told == [
        "< 331 Username ok, send password.",
        "> PASS secret",
        "< 230 Login successful.",
        "> PWD",
        '< 257 "/" is the current directory.',
        "* Entry path is '/'",
        "> PASV",
        "* Connect data stream passively",
        "* ftp_perform ends with SECONDARY: 0",
        "== OPEN socket 55: 2,1,0",
        "*   Trying 127.0.0.1...",
        "* TCP_NODELAY set",
        "> TYPE I",
        "< 200 Type set to: Binary.",
        "> SIZE a.txt",
        "< 213 11",
        "> RETR a.txt",
        "< 125 Data connection already open. Transfer starting.",
        "* Maxdownload = -1",
        "* Getting file with size: 11",
        '* Remembering we are in dir ""',
        "== CLOSE socket 55, ret=0",
        "< 226 Transfer complete.",
        "> QUIT",
        "< 221 Goodbye.",
        "* Closing connection 0",
        "== CLOSE socket 54, ret=0",
    ]
