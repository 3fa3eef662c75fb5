"""net.curl.ftp against a scripted server on the virtual network; what it tells is what libcurl 7.54.1 told of one."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import pytest
import trio

from simulator.network import VirtualStream
from simulator.ota_server import made_credentials, server_context
from tests.device.stage import JOIN, Stage, on_stage

QUIET = "local curl = net.curl curl.verbose(0) curl.progress(0) "
DATA_PORT = 2021


class FtpServer:
    """Knows one user and a few files; what it is told and what it gets is kept."""

    def __init__(self, files: Mapping[str, bytes] | None = None, replies: Mapping[str, bytes] | None = None) -> None:
        self.files = dict(files or {})
        self.replies = replies or {}
        self.commands: list[str] = []
        self.directory = "/"
        self.tls: ssl.SSLContext | None = None
        self._data: VirtualStream | None = None
        self._has_data, self._is_done = trio.Event(), trio.Event()

    def put_up(self, stage: Stage) -> None:
        stage.world.add_server("ftp.example", self.serve, port=21)
        stage.world.add_server("data.example", self._hold, port=DATA_PORT)
        self.address = stage.world.network.names["data.example"][0]

    async def _hold(self, stream: VirtualStream) -> None:
        self._data = stream
        self._has_data.set()
        await self._is_done.wait()

    async def serve(self, stream: trio.abc.Stream) -> None:
        await stream.send_all(b"220-Hello\r\n220 ready\r\n")
        pending = b""
        while True:
            data = bytes(await stream.receive_some())
            if not data:
                return
            pending += data
            while b"\r\n" in pending:
                line, _, pending = pending.partition(b"\r\n")
                self.commands.append(line.decode())
                await self._answer(stream, *line.decode().partition(" ")[::2])
                if line == b"AUTH TLS" and self.tls is not None:
                    stream = trio.SSLStream(stream, self.tls, server_side=True, https_compatible=True)

    async def _answer(self, stream: trio.abc.Stream, verb: str, argument: str) -> None:
        path = self.directory.rstrip("/") + "/" + argument
        numbers = f"{self.address.replace('.', ',')},{DATA_PORT >> 8},{DATA_PORT & 255}"
        usual = {
            "AUTH": b"234 go on" if argument == "TLS" and self.tls is not None else b"500 what?",
            "PBSZ": b"200 so be it",
            "PROT": b"200 so be it",
            "USER": b"331 password, please",
            "PASS": b"230 in" if argument == "secret" else b"530 no",
            "PWD": b'257 "/" is where you are',
            "CWD": b"250 there",
            "PASV": b"227 Entering Passive Mode (%s)" % numbers.encode(),
            "TYPE": b"200 so be it",
            "SIZE": b"213 %d" % len(self.files[path]) if path in self.files else b"550 no such file",
            "QUIT": b"221 bye",
        }
        reply = self.replies.get(verb, usual.get(verb))
        if verb == "CWD":
            self.directory = path
        if verb in ("RETR", "LIST", "NLST", "STOR") and reply is None:
            await self._transfer(stream, verb, path)
            return
        await stream.send_all((reply or b"500 what?") + b"\r\n")

    async def _transfer(self, stream: trio.abc.Stream, verb: str, path: str) -> None:
        await self._has_data.wait()
        assert self._data is not None
        data: trio.abc.Stream = self._data
        if verb == "RETR" and path not in self.files:
            await stream.send_all(b"550 no such file\r\n")
            return
        await stream.send_all(b"150 here it comes\r\n")
        if "PROT P" in self.commands:
            assert self.tls is not None
            data = trio.SSLStream(data, self.tls, server_side=True, https_compatible=True)
        if verb == "STOR":
            self.files[path] = b""
            while piece := await data.receive_some():
                self.files[path] += bytes(piece)
        else:
            await data.send_all(self.files[path] if verb == "RETR" else "".join(self.files).encode())
        if isinstance(data, trio.SSLStream):
            await data.aclose()
        self._is_done.set()
        await stream.send_all(b"226 done\r\n")


def printed(script: str, server: FtpServer, files: Mapping[str, str] | None = None) -> str:
    """Return what a board that has joined prints."""

    async def play(stage: Stage) -> str:
        server.put_up(stage)
        return (await stage.printed()).replace("\r", "")

    return on_stage(play, board="M5STACK", script=JOIN + script, files=files)


def get(path: str, more: str = "") -> str:
    return f'{QUIET} print(curl.ftp(0, "ftp://ftp.example/{path}", "me", "secret"{more}))'


def test_a_file_is_got_and_everything_is_told() -> None:
    server = FtpServer({"/sub/a.txt": b"hello"})
    script = 'net.curl.progress(0) net.curl.ftp(0, "ftp://ftp.example/sub/a.txt", "me", "secret")'
    assert printed(script, server) == (
        "* timeout on name lookup is not supported\n== OPEN socket 54: 2,1,0\n*   Trying 203.0.113.1...\n"
        "* TCP_NODELAY set\n* Connected to ftp.example (203.0.113.1) port 21 (#0)\n< 220-Hello\n< 220 ready\n"
        "> AUTH SSL\n< 500 what?\n> AUTH TLS\n< 500 what?\n> USER me\n< 331 password, please\n> PASS secret\n< 230 in\n"
        "> PWD\n< 257 \"/\" is where you are\n* Entry path is '/'\n> CWD sub\n* ftp_perform ends with SECONDARY: 0\n"
        "< 250 there\n> PASV\n* Connect data stream passively\n"
        "< 227 Entering Passive Mode (203,0,113,2,7,229)\n== OPEN socket 55: 2,1,0\n*   Trying 203.0.113.2...\n"
        "* TCP_NODELAY set\n* Connecting to 203.0.113.2 (203.0.113.2) port 2021\n"
        "* Connected to ftp.example (203.0.113.2) port 21 (#0)\n> TYPE I\n< 200 so be it\n> SIZE a.txt\n< 213 5\n"
        "> RETR a.txt\n< 150 here it comes\n* Maxdownload = -1\n* Getting file with size: 5\n"
        '* Remembering we are in dir "sub/"\n== CLOSE socket 55, ret=0\n< 226 done\n> QUIT\n< 221 bye\n'
        "* Closing connection 0\n== CLOSE socket 54, ret=0\n"
    )


def test_the_answers_are_the_header_and_the_content_comes_as_a_text_or_in_a_file() -> None:
    shown = printed(get("a.txt"), FtpServer({"/a.txt": b"hello"}))
    assert shown.startswith("true\t220-Hello\n220 ready\n500 what?\n")
    assert shown.endswith("150 here it comes\n226 done\n221 bye\n\thello\n")
    script = get("a.txt", ', "/got"') + ' print(io.open("/got"):read("a") == ("x"):rep(9000))'
    assert printed(script, FtpServer({"/a.txt": b"x" * 9000})).endswith("\tReceived to file.\ntrue\n")


@pytest.mark.parametrize(("path", "command"), [("", "LIST"), ("sub/", "LIST"), (";type=d", "NLST")])
def test_a_path_that_names_no_file_is_listed(path: str, command: str) -> None:
    server = FtpServer({"/a": b"", "/b": b""})
    assert printed(get(path), server).endswith("\t/a/b\n")
    assert server.commands[-4:] == ["PASV", "TYPE A", command, "QUIT"]


def test_directories_are_entered_one_by_one_and_a_second_slash_means_the_root() -> None:
    for path, expected in {"a/b/c": ["CWD a", "CWD b"], "/a/c": ["CWD /", "CWD a"], "a//c": ["CWD a"],
                           "/": ["CWD /"], "a%20b/c": ["CWD a b"]}.items():  # fmt: skip
        server = FtpServer()
        printed(get(path), server)
        assert [command for command in server.commands if command.startswith("CWD")] == expected


def test_a_file_is_stored() -> None:
    server = FtpServer()
    content = "0123456789" * 900
    script = f'{QUIET} print(curl.ftp(1, "ftp://ftp.example/sub/up.bin", "me", "secret", "/a.bin"))'
    assert printed(script, server, files={"/a.bin": content}).endswith("226 done\n221 bye\n\t\n")
    assert server.files["/sub/up.bin"] == content.encode()
    assert server.commands[-4:] == ["PASV", "TYPE I", "STOR up.bin", "QUIT"]


@pytest.mark.parametrize(
    ("replies", "path", "text", "last"),
    [
        ({"PASS": b"530 no"}, "a", "Login denied", "PASS secret"),
        ({}, "nothing", "Remote file not found", "QUIT"),
        ({"CWD": b"550 no"}, "sub/a", "Access denied to remote resource", "QUIT"),
        ({"PASV": b"500 no"}, "a", "FTP: unknown PASV reply", "QUIT"),
        ({"PASV": b"227 guess"}, "a", "FTP: unknown 227 response format", "PASV"),
        ({"TYPE": b"500 no"}, "a", "FTP: couldn't set file type", "QUIT"),
        ({"RETR": b"425 no"}, "a", "FTP: couldn't retrieve (RETR failed) the specified file", "QUIT"),
        ({"SIZE": b"213 400000"}, "a", "Maximum file size exceeded", "QUIT"),
        ({"SIZE": b"213 9"}, "a", "Transferred a partial file", "RETR a"),
        ({"PASV": b"227 (203,0,113,2,1,1)"}, "a", "Couldn't connect to server", "PASV"),
    ],
)
def test_what_goes_wrong_has_libcurls_name(replies: dict[str, bytes], path: str, text: str, last: str) -> None:
    server = FtpServer({"/a": b"hello"}, replies)
    assert printed(get(path), server) == f"false\t{text}\terror\n"
    assert server.commands[-1] == last


@pytest.mark.parametrize("upload", [0, 1])
def test_tls_is_used_for_commands_and_data_if_the_server_has_it(upload: int) -> None:
    server = FtpServer({"/a": b"hello" * 2000})
    server.tls = server_context(made_credentials("ftp.example"))
    script = f"""
        net.curl.progress(0)
        local ok, _, body = net.curl.ftp({upload}, "ftp://ftp.example/a", "me", "secret", "/f")
        print(ok, #io.open("/f"):read("a"))
    """
    shown = printed(script, server, files={"/f": "world"} if upload else None)
    assert shown.endswith("\ntrue\t5\n" if upload else "\ntrue\t10000\n")
    assert server.files["/a"] == (b"world" if upload else b"hello" * 2000)
    assert server.commands[:6] == ["AUTH SSL", "AUTH TLS", "USER me", "PASS secret", "PBSZ 0", "PROT P"]
    assert shown.count("* SSL connected\n") == 2
    assert "* Doing the SSL/TLS handshake on the data stream\n" in shown
    assert "* mbedTLS: Set min SSL version to TLS 1.0\n* mbedTLS re-using session\n" in shown


def test_get_takes_a_file_as_nobody_in_particular() -> None:
    server = FtpServer({"/a": b"hello"}, {"PASS": b"230 in", "EPSV": b"229 Extended (|||2021|)"})
    printed(QUIET + 'curl.get("ftp://ftp.example/a")', server)
    assert server.commands[:4] == ["USER anonymous", "PASS ftp@example.com", "PWD", "EPSV"]


def test_mistakes() -> None:
    script = (
        QUIET
        + """
print((select(2, pcall(curl.ftp, 0, "ftp://x"))))
print((select(2, pcall(curl.ftp, 1, "ftp://ftp.example/a", "u", "p"))))
print((select(2, pcall(curl.ftp, 1, "ftp://ftp.example/a", "u", "p", "/none"))))
print(curl.ftp(1, "ftp://ftp.example/sub/", "me", "secret", "/autorun.lua"))
"""
    )
    assert printed(script, FtpServer()).splitlines() == [
        "bad argument #3 to '?' (string expected, got no value)",
        "bad argument #5 to '?' (string expected, got no value)",
        "Error opening file",
        "false\tURL using bad/illegal format or missing URL\terror",
    ]
