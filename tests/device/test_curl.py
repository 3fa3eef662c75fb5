"""net.curl on a board that has it, against servers on the virtual network."""

from __future__ import annotations

import gzip
import re
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio

from simulator.network import VirtualStream
from simulator.ota_server import made_credentials
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
        ("http://", "URL using bad/illegal format or missing URL"),
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


def told(*pieces: bytes, call: str = 'get("http://server.example/")', pause_s: float = 0.0) -> str:
    """Return what libcurl tells of a transfer between the connection and its end."""
    shown = printed(f"net.curl.progress(0) net.curl.{call}", Server(*pieces, pause_s=pause_s).serve)
    before = (
        "* timeout on name lookup is not supported\n== OPEN socket 54: 2,1,0\n*   Trying 203.0.113.1...\n"
        "* TCP_NODELAY set\n* Connected to server.example (203.0.113.1) port 80 (#0)\n"
    )
    assert shown.startswith(before)
    end = "* Closing connection 0\n== CLOSE socket 54, ret=0\n"
    assert end in shown
    return shown[len(before) :].replace(end, "")


ASKED = "> GET / HTTP/1.1\nHost: server.example\nAccept: */*\nAccept-Encoding: deflate, gzip\n\n"


@pytest.mark.parametrize(
    ("answered", "lines"),
    [
        (answer(b"hello"), "< HTTP/1.1 200 OK\n< X-Case: Kept\n< Content-Length: 5\n< \n"),
        (b"hello there\nmore", ""),
        (b"HTTP/1.0 200 OK\r\n\r\nx", "* HTTP 1.0, assume close after body\n< HTTP/1.0 200 OK\n< \n"),
        (
            b"HTTP/1.1 200 OK\n\nx",
            "< HTTP/1.1 200 OK\n* no chunk, no close, no size. Assume close to signal end\n< \n",
        ),
        (
            b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nabc",
            "< HTTP/1.1 204 No\n< Content-Length: 5\n< \n"
            "* Excess found in a non pipelined read: excess = 3 url = / (zero-length body)\n",
        ),
        (
            b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabcde",
            "< HTTP/1.1 200 OK\n< Content-Length: 3\n< \n* Excess found in a non pipelined read: excess = 2, size = 3, "
            "maxdownload = 3, bytecount = 0\n",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nzz",
            "< HTTP/1.1 200 OK\n< Transfer-Encoding: chunked\n< \n* Leftovers after chunking: 2 bytes\n",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
            "< HTTP/1.1 200 OK\n< Content-Length: 5\n< \n* transfer closed with 2 bytes remaining to read\n"
            "curl_easy_perform failed: Transferred a partial file\n",
        ),
        (
            b"",
            "* Empty reply from server\ncurl_easy_perform failed: Server returned nothing (no headers, no data)\n",
        ),
    ],
)
def test_it_tells_what_libcurl_tells(answered: bytes, lines: str) -> None:
    assert told(answered) == ASKED + lines


def test_an_answer_that_is_no_http_is_all_body() -> None:
    assert printed(GET, Server(b"hello there\n", b"more", pause_s=0.5).serve) == "true\t\thello there\nmore\n"


def test_trailers_of_chunks_and_provisional_answers_belong_to_the_header() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n"
    shown = printed(GET, Server(b"HTTP/1.1 100 Continue\r\n\r\n" + chunked).serve)
    assert shown == ("true\tHTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nX: y\n\tabc\n")


class Holding:
    """Gets the header of a form, and the form when it has said what it has to say."""

    def __init__(self, *words: bytes) -> None:
        self.words = words
        self.waited_s = 0.0
        self.form = b""

    async def serve(self, stream: VirtualStream) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += bytes(await stream.receive_some())
        for word in self.words:
            await stream.send_all(word)
        began = trio.current_time()
        length = re.search(rb"Content-Length: (\d+)", request)
        assert length is not None
        with trio.move_on_after(5):
            while len(self.form) < int(length[1]):
                self.form += bytes(await stream.receive_some())
                self.waited_s = self.waited_s or trio.current_time() - began
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await stream.aclose()


POST = 'net.curl.progress(0) print((net.curl.post("http://server.example/", {a = "b"})))'


def test_a_form_is_sent_when_the_server_says_so_or_after_a_second() -> None:
    willing, silent = Holding(b"HTTP/1.1 100 Continue\r\n\r\n"), Holding()
    assert "Done waiting" not in printed(POST, willing.serve)
    assert "\n* Done waiting for 100-continue\n< HTTP/1.1 200 OK\n" in printed(POST, silent.serve)
    assert willing.waited_s < 0.1 < 0.9 < silent.waited_s < 1.1
    assert willing.form.endswith(b"--\r\n")
    assert silent.form.endswith(b"--\r\n")


def test_a_form_that_is_refused_is_not_sent() -> None:
    refusing = Holding(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
    shown = printed(POST, refusing.serve)
    assert "< Content-Length: 0\n* HTTP error before end of send, stop sending\n< \n" in shown
    assert shown.endswith("true\n")
    assert refusing.form == b""


def test_a_user_in_the_address_is_told_to_the_server() -> None:
    server = Server(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
    shown = printed('net.curl.progress(0) net.curl.get("http://u:p@server.example/")', server.serve)
    assert "* Server auth using Basic with user 'u'\n> GET / HTTP/1.1\n" in shown
    assert "< HTTP/1.1 401 No\n* Authentication problem. Ignoring this.\n< WWW-Authenticate" in shown
    assert b"\r\nHost: server.example\r\nAuthorization: Basic dTpw\r\nAccept: */*\r\n" in server.request


def test_failures_before_there_is_a_connection_are_told() -> None:
    script = 'net.curl.progress(0) net.curl.get("http://server.example:81/") net.curl.get("http://nobody.example/")'
    assert printed(script, Server(b"").serve) == (
        "* timeout on name lookup is not supported\n== OPEN socket 54: 2,1,0\n*   Trying 203.0.113.1...\n"
        "* TCP_NODELAY set\n* connect to 203.0.113.1 port 81 failed: Connection reset by peer\n"
        "== CLOSE socket 54, ret=0\n* Failed to connect to server.example port 81: Connection reset by peer\n"
        "* Closing connection 0\ncurl_easy_perform failed: Couldn't connect to server\n"
        "* timeout on name lookup is not supported\n* getaddrinfo(3) failed for nobody.example:80\n"
        "* Couldn't resolve host 'nobody.example'\n* Closing connection 0\n"
        "curl_easy_perform failed: Couldn't resolve host name\n"
    )


def test_a_connection_that_breaks_has_the_error_of_lwip() -> None:
    async def reset(stream: VirtualStream) -> None:
        await stream.receive_some()
        await stream.send_all(answer(b"abc", length=9))
        await trio.sleep(4)
        stream.reset()

    get = 'net.curl.progress(0) net.curl.get("http://server.example/") '
    last = "curl_easy_perform failed: Failure when receiving data from the peer\n"
    end = "\n* Closing connection 0\n== CLOSE socket 54, ret=0\n" + last
    assert printed(get, reset).endswith("* Recv failure: Connection reset by peer" + end)
    stop = "thread.start(function() tmr.sleep(2) net.wf.stop() end) "
    assert printed(stop + get, reset).endswith("* Recv failure: Software caused connection abort" + end)


def test_a_protocol_that_is_not_here_is_an_error_that_says_so() -> None:
    script = QUIET + 'print((select(2, pcall(curl.get, "gopher://server.example/"))))'
    assert printed(script) == "LuaTwin has no GOPHER here, which the device's libcurl has\n"


@pytest.mark.parametrize("words", [b"", b"\x16\x03\x03"])
def test_a_handshake_that_does_not_end_is_given_up_in_time(words: bytes) -> None:
    async def serve(stream: VirtualStream) -> None:
        await stream.receive_some()
        await stream.send_all(words)
        await trio.sleep(100)

    script = 'net.curl.progress(0) net.curl.timeout(3) print(net.curl.get("https://server.example:80/"))'
    shown = printed(script, serve)
    assert (
        "* Operation timed out after 3000 milliseconds with 0 out of 0 bytes received\n* Closing connection 0" in shown
    )
    assert shown.endswith("false\tTimeout was reached\terror\n")


def test_of_tls_it_tells_what_mbedtls_says() -> None:
    credentials = made_credentials("server.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder, "chain"), Path(folder, "key")
        chain.write_bytes(credentials.chain)
        key.write_bytes(credentials.key)
        context.load_cert_chain(chain, key)

    async def serve(stream: VirtualStream) -> None:
        tls = trio.SSLStream(stream, context, server_side=True)
        await tls.receive_some()
        await tls.send_all(answer(b"hello"))
        await tls.aclose()

    shown = printed('net.curl.progress(0) print(net.curl.get("https://server.example:80/"))', serve)
    assert (
        "* Error reading ca cert file /certs/ca-certificates.crt - mbedTLS: (-0x3E00) PK - Read/write of file failed\n"
        "* mbedTLS: Connecting to server.example:80\n* mbedTLS: Set min SSL version to TLS 1.0\n"
        "* mbedTLS: Handshake complete, cipher is TLS-ECDHE-RSA-WITH-"
    ) in shown
    assert (
        "* Dumping cert info:\n* cert. version     : 3\n* serial number     : 02\n"
        "* issuer name       : CN=LuaTwin certificate authority\n* subject name      : CN=server.example\n"
        "* issued  on        : 2020-01-01 00:00:00\n* expires on        : 2049-12-31 00:00:00\n"
        "* signed using      : RSA with SHA-256\n* RSA key size      : 2048 bits\n* basic constraints : CA=false\n"
        "* subject alt name  : server.example\n* key usage         : Digital Signature, Key Encipherment\n"
        "* ext key usage     : TLS Web Server Authentication\n\n* SSL connected\n> GET / HTTP/1.1\n"
    ) in shown
    assert shown.endswith("\thello\n")


def test_progress_is_printed_each_second_and_each_look_takes_a_tenth_of_one() -> None:
    body = b"x" * 4096 * 3
    script = 'net.curl.verbose(0) net.curl.get("http://server.example/")'
    pieces = [answer(body[:4096], length=len(body)), body[:4096], body[:4096]]
    shown = printed(script, Server(*pieces, pause_s=1.1).serve)
    lines = [re.sub(r"(\d)\.\d ", r"\1.x ", line) for line in shown.splitlines()]
    assert lines == [
        "",
        "* TIME: 1.x  DOWN: 4040 of 12288",
        "* TIME: 2.x  DOWN: 8192 of 12288",
        "* TIME: 3.x  DOWN: 12288 of 12288",
        "",
    ]


def test_while_nothing_comes_a_line_without_amounts_is_printed_all_the_same() -> None:
    pieces = [answer(b"x" * 100, length=200), b"x" * 100]
    shown = printed('net.curl.verbose(0) net.curl.get("http://server.example/")', Server(*pieces, pause_s=4).serve)
    lines = [re.sub(r"(\d)\.\d", r"\1.x", line) for line in shown.splitlines()]
    assert lines == ["", "* TIME: 4.x  DOWN: 100 of 200", "* TIME: 5.x", "* TIME: 6.x", "* TIME: 7.x", ""]


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
