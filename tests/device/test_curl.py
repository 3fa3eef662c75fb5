"""net.curl on a board that has it, against servers on the virtual network."""

from __future__ import annotations

import gzip
import re
from collections.abc import Awaitable, Callable

import pytest
import trio

from simulator.network import VirtualStream
from tests.device.stage import JOIN, Stage, on_stage

QUIET = "local curl = net.curl curl.verbose(0) curl.progress(0) "
Serve = Callable[[VirtualStream], Awaitable[None]]


class Server:
    """Answers one request with what it is told, and keeps the request."""

    def __init__(self, *pieces: bytes, pause_s: float = 0.0) -> None:
        self.pieces = pieces
        self.pause_s = pause_s
        self.request = b""

    async def serve(self, stream: VirtualStream) -> None:
        while not self._is_whole():
            self.request += bytes(await stream.receive_some())
        for piece in self.pieces:
            await trio.sleep(self.pause_s)
            await stream.send_all(piece)
        await stream.aclose()

    def _is_whole(self) -> bool:
        head, end, body = self.request.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        return bool(end) and len(body) >= int(length[1] if length else 0)


def answer(body: bytes, *more: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"X-Case: Kept", *more, b"Content-Length: %d" % size, b"", body])


def printed(script: str, serve: Serve | None = None, files: dict[str, str] | None = None) -> str:
    """Return what a board that has joined prints; ``serve`` serves port 80 of ``server.example``."""

    async def play(stage: Stage) -> str:
        if serve is not None:
            stage.world.add_server("server.example", serve, port=80)
        return (await stage.printed()).replace("\r", "")

    return on_stage(play, board="M5STACK", script=JOIN + script, files=files)


GET = QUIET + 'print(curl.get("http://server.example/a?b=c"))'


def test_get_sends_libcurls_headers_and_returns_header_and_body() -> None:
    server = Server(answer(b"hello"))
    assert printed(GET, server.serve) == ("true\tHTTP/1.1 200 OK\nX-Case: Kept\nContent-Length: 5\n\n\thello\n")
    assert server.request == (
        b"GET /a?b=c HTTP/1.1\r\nHost: server.example\r\nAccept: */*\r\nAccept-Encoding: deflate, gzip\r\n\r\n"
    )


def test_an_address_needs_no_scheme_and_a_redirect_is_not_followed() -> None:
    server = Server(b"HTTP/1.1 302 Found\r\nLocation: http://server.example/b\r\nContent-Length: 0\r\n\r\n")
    script = QUIET + 'local ok, head = curl.get("server.example/a#there") print(ok, head:match("[^\\r]*"))'
    assert printed(script, server.serve) == "true\tHTTP/1.1 302 Found\n"
    assert server.request.startswith(b"GET /a HTTP/1.1\r\n")


def test_a_compressed_body_is_unpacked() -> None:
    server = Server(answer(gzip.compress(b"plain"), b"Content-Encoding: gzip"))
    assert printed(GET, server.serve).endswith("\tplain\n")


def test_header_and_body_are_cut_to_their_buffers_and_at_the_first_nul() -> None:
    server = Server(answer(b"b" * 5000, b"X-Long: " + b"h" * 600))
    script = QUIET + 'local ok, head, body = curl.get("http://server.example/") print(ok, #head, #body)'
    assert printed(script, server.serve) == "true\t512\t2048\n"
    assert printed(GET, Server(answer(b"a\0b")).serve).endswith("\ta\n")


def test_a_file_gets_the_whole_body() -> None:
    script = QUIET + (
        'local ok, _, body = curl.get("http://server.example/", "/got") print(ok, body) '
        'local f = io.open("/got") print(#f:read("a")) '
    )
    assert printed(script, Server(answer(b"b" * 5000)).serve) == "true\tReceived to file.\n5000\n"


def test_post_sends_a_form_with_texts_files_and_json() -> None:
    server = Server(answer(b""))
    fields = '{temp = 24, _JSON_ = "{}", _FILE_pic = "/a.jpg", _FILE_ = "/none", skipped = "", [true] = "x"}'
    printed(f'{QUIET} curl.post("http://server.example/p", {fields})', server.serve, files={"/a.jpg": "JPEG"})
    head, _, body = server.request.partition(b"\r\n\r\n")
    boundary = re.search(rb"boundary=(-{24}[0-9a-f]{16})$", head)
    assert boundary is not None
    assert head == (
        b"POST /p HTTP/1.1\r\nHost: server.example\r\nAccept: */*\r\nAccept-Encoding: deflate, gzip\r\n"
        b"Content-Length: %d\r\nExpect: 100-continue\r\nContent-Type: multipart/form-data; boundary=%s"
        % (len(body), boundary[1])
    )
    *parts, last = body.split(b"--" + boundary[1])
    assert last == b"--\r\n"
    assert sorted(parts) == [
        b"",
        b'\r\nContent-Disposition: form-data; name="json"\r\nContent-Type: application/json\r\n\r\n{}\r\n',
        b'\r\nContent-Disposition: form-data; name="pic"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\nJPEG\r\n',
        b'\r\nContent-Disposition: form-data; name="temp"\r\n\r\n24\r\n',
    ]


def test_a_post_of_nothing_has_no_form() -> None:
    server = Server(answer(b""))
    printed(f'{QUIET} curl.post("http://server.example/")', server.serve)
    assert server.request.endswith(b"Accept-Encoding: deflate, gzip\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("http://nobody.example/", "Couldn't resolve host name"),
        ("http://server.example:81/", "Couldn't connect to server"),
        ("http://203.0.113.99/", "Couldn't connect to server"),
        ("nonsense://server.example/", "Unsupported protocol"),
        ("http:///a", "URL using bad/illegal format or missing URL"),
        ("http://server.example:port/", "URL using bad/illegal format or missing URL"),
    ],
)
def test_what_does_not_work_is_named_as_libcurl_does(address: str, text: str) -> None:
    assert printed(f'{QUIET} print(curl.get("{address}"))', Server(b"").serve) == f"false\t{text}\terror\n"


def test_a_server_without_tls_is_named_as_libcurl_does() -> None:
    async def serve(stream: VirtualStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"220 what is this?\r\n")
        await stream.receive_some()

    script = QUIET + 'print(curl.get("https://server.example:80/"))'
    assert printed(script, serve) == "false\tSSL connect error\terror\n"


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([], "Server returned nothing (no headers, no data)"),
        ([answer(b"abc", length=5)], "Transferred a partial file"),
        ([answer(b"x", length=300_001)], "Maximum file size exceeded"),
        ([answer(b"not gzip", b"Content-Encoding: gzip")], "Unrecognized or bad HTTP Content or Transfer-Encoding"),
    ],
)
def test_a_bad_answer_is_named_as_libcurl_does(pieces: list[bytes], text: str) -> None:
    assert printed(GET, Server(*pieces).serve) == f"false\t{text}\terror\n"


def test_the_time_limit_is_for_the_whole_transfer() -> None:
    script = (
        QUIET + 'curl.timeout(3) local t = os.clock() print(curl.get("http://server.example/")) print(os.clock() - t)'
    )
    lines = printed(script, Server(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", b"\r\n", pause_s=2).serve).splitlines()
    assert lines[0] == "false\tTimeout was reached\terror"
    assert 3 <= float(lines[1]) < 3.1


def test_while_progress_is_shown_more_than_the_limit_aborts_the_transfer() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"2000\r\n%s\r\n" % (b"x" * 8192) + b"0\r\n\r\n"
    )
    script = QUIET + 'curl.reclimit(4096) local ok, text = curl.get("http://server.example/") print(ok, text)'
    assert printed(script, Server(chunked).serve).startswith("true\t")
    script = script.replace("curl.progress(0)", "curl.progress(20)")
    assert printed(script, Server(chunked).serve) == "\nfalse\tOperation was aborted by an application callback\n"


def test_verbose_tells_of_sockets_and_failures() -> None:
    script = 'net.curl.progress(0) net.curl.get("http://server.example:81/") net.curl.get("http://nobody.example/")'
    assert printed(script, Server(b"").serve) == (
        "== OPEN socket 54: 2,1,0\n== CLOSE socket 54, ret=0\ncurl_easy_perform failed: Couldn't connect to server\n"
        "curl_easy_perform failed: Couldn't resolve host name\n"
    )


def test_progress_is_printed_each_second_and_each_look_takes_a_tenth_of_one() -> None:
    body = b"x" * 4096 * 3
    script = 'net.curl.verbose(0) net.curl.get("http://server.example/")'
    pieces = [answer(body[:4096], length=len(body)), body[:4096], body[:4096]]
    shown = printed(script, Server(*pieces, pause_s=1.1).serve)
    lines = [re.sub(r"(\d)\.\d ", r"\1.x ", line) for line in shown.splitlines()]
    assert lines == [
        "",
        "* TIME: 1.x  DOWN: 4096 of 12288",
        "* TIME: 2.x  DOWN: 8192 of 12288",
        "* TIME: 3.x  DOWN: 12288 of 12288",
        "",
    ]


def test_what_can_be_set() -> None:
    script = """
local curl = net.curl
print(curl.verbose(), curl.progress(), curl.timeout(), curl.reclimit(), curl.mailserver())
print(curl.verbose(2), curl.progress(20), curl.progress(21), curl.timeout(300), curl.timeout(301))
print(curl.reclimit(3 * 1024 * 1024), curl.reclimit(3 * 1024 * 1024 + 1))
print(curl.mailserver("mail.example", 25))
print((select(2, pcall(curl.mailserver, "abc", 25))))
print(curl.mailserver(false, 25))
print(curl.cleanup(), curl.info())
"""
    assert printed(script).splitlines()[-7:] == [
        "1\t1\t60\t300000\tsmtp.gmail.com\t465",
        "0\t20\t5\t300\t180",
        "3145728\t307200",
        "mail.example\t25",
        "Wrong parameter given!",
        "mail.example\t25",
        "nil\t7.54.1-DEV\t472577",
    ]


def test_mistakes() -> None:
    script = (
        QUIET + 'print((select(2, pcall(curl.timeout, {})))) print((select(2, pcall(curl.get, "http://x", "/none/x"))))'
    )
    assert printed(script, Server(b"").serve) == (
        "bad argument #1 to '?' (number expected, got table)\nError opening file\n"
    )


def test_info_prints_what_the_library_can_do() -> None:
    shown = printed("net.curl.info(true)").splitlines()
    assert shown[:3] == ["Curl version info", "  version: 7.54.1-DEV - 472577", "Host: LUA-RTOS-ESP32"]
    assert shown[-1] == "- tftp"
