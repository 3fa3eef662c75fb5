"""net.service.http: the board's own web server, as a browser on the virtual network sees it."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import Final

import pytest
import trio

from simulator.network import ConnectRefusedError, VirtualInterface
from simulator.ota_server import made_credentials
from tests.device.stage import JOIN, Stage, on_stage

START: Final = JOIN + "http = net.service.http http.start() print('up')"
FOREVER: Final = "\nwhile true do tmr.sleepms(50) end"
HEAD: Final = (
    "HTTP/1.1 {}\r\nServer: lua-rtos-http-server/1.0\r\n{}\r\nConnection: close\r\n"
    "Cache-Control: no-cache, no-store, must-revalidate\r\nno-cache\r\n0\r\n\r\n"
)
CHUNKED: Final = HEAD.format("200 OK", "Content-Type: text/html\r\nTransfer-Encoding: chunked")
BAD: Final = "<HTML><HEAD><TITLE>{0}</TITLE></HEAD>\r\n<BODY><H4>{0}</H4>\r\n{1}\r\n</BODY></HTML>\r\n"


class Browser:
    """Somebody who asks the board for pages."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.host: VirtualInterface = stage.world.network.add_host("browser", "203.0.113.77")

    async def connect(self, port: int = 80) -> trio.abc.HalfCloseableStream:
        return await self.host.connect(self.stage.world.network.interface("b0").address, port)

    async def send(self, request: str, port: int = 80) -> str:
        """Return everything that is answered to ``request``."""
        stream = await self.connect(port)
        await stream.send_all(request.encode())
        async with stream:
            return (await everything(stream)).decode()

    async def get(self, path: str) -> str:
        return await self.send(f"GET {path} HTTP/1.1\r\nHost: board\r\n\r\n")

    async def page(self, path: str) -> str:
        """Return the chunks of a page, put together."""
        answer = await self.get(path)
        assert answer.startswith(CHUNKED), answer
        return unchunked(answer[len(CHUNKED) :])


async def everything(stream: trio.abc.ReceiveStream) -> bytes:
    received = b""
    async for data in stream:
        received += data
    return received


def unchunked(body: str) -> str:
    text = ""
    while body:
        size, _, body = body.partition("\r\n")
        text += body[: int(size, 16)]
        assert body[int(size, 16) :].startswith("\r\n")
        body = body[int(size, 16) + 2 :]
        if size == "0":
            break
    assert not body
    return text


def browse(
    visit: Callable[[Browser], Awaitable[None]], *, script: str = START + FOREVER, files: dict[str, str] | None = None
) -> None:
    """Run ``visit`` when the board's server runs."""

    async def play(stage: Stage) -> None:
        stage.power_on()
        while "up\r\n" not in stage.console:
            await trio.sleep(0.1)
        await visit(Browser(stage))

    on_stage(play, script=script, files=files)


def bad(status: str, text: str, extra: str = "") -> str:
    """The whole answer with which the server refuses."""
    page = BAD.format(status, text)
    return HEAD.format(status, f"{extra}Content-Type: text/html\r\nContent-Length: {len(page)}") + page


def test_a_file_comes_with_the_firmwares_headers() -> None:
    async def visit(browser: Browser) -> None:
        text = "body {}\n" * 1000
        assert await browser.get("/a/style.css") == (
            HEAD.format("200 OK", f"Content-Type: text/css\r\nContent-Length: {len(text)}") + text
        )

    browse(visit, files={"/www/a/style.css": "body {}\n" * 1000})


@pytest.mark.parametrize(
    ("name", "type_"),
    [("x.txt", "text/html"), ("x.jpeg", "image/jpeg"), ("x.svg", "image/svg+xml"), ("x.js", None), ("x", None)],
)
def test_the_type_of_a_file_is_that_of_its_ending(name: str, type_: str | None) -> None:
    async def visit(browser: Browser) -> None:
        line = f"Content-Type: {type_}\r\n" if type_ else ""
        assert await browser.get(f"/{name}") == HEAD.format("200 OK", f"{line}Content-Length: 1") + "x"

    browse(visit, files={f"/www/{name}": "x"})


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("GET /none HTTP/1.1\r\n\r\n", bad("404 Not Found", "File not found.")),
        ("GET /../../etc/passwd HTTP/1.1\r\n\r\n", bad("404 Not Found", "File not found.")),
        ("PUT /a HTTP/1.1\r\n\r\n", bad("501 Not supported", "Method is not supported.")),
        (
            "GET /a HTTP/1.1\r\n\r\n",
            bad("302 Found", "Directories must end with a slash.", "Location: /a/\r\n"),
        ),
    ],
)
def test_what_cannot_be_served_is_refused(request_: str, answer: str) -> None:
    async def visit(browser: Browser) -> None:
        assert await browser.send(request_) == answer

    browse(visit, files={"/www/a/b.txt": "b"})


def test_a_client_that_closes_at_once_made_a_bad_request() -> None:
    async def visit(browser: Browser) -> None:
        stream = await browser.connect()
        await stream.send_eof()
        assert (await everything(stream)).decode() == bad("400 Bad Request", "Got empty request buffer.")

    browse(visit)


@pytest.mark.parametrize("path", ["/page", "/page.html", "/./x/../page"])
def test_an_html_page_needs_no_ending_and_its_path_may_go_up_and_down(path: str) -> None:
    async def visit(browser: Browser) -> None:
        assert (await browser.get(path)).endswith("\r\n\r\n<p>")

    browse(visit, files={"/www/page.html": "<p>"})


def test_a_lua_page_goes_before_an_html_page_of_that_name() -> None:
    async def visit(browser: Browser) -> None:
        assert await browser.page("/") == "lua"

    browse(visit, files={"/www/index.html": "html", "/www/index.lua": "lua\n"})


def test_a_directory_without_an_index_is_listed() -> None:
    async def visit(browser: Browser) -> None:
        size = '<TD style="text-align: right;">'
        assert await browser.page("/d/") == (
            "<HTML><HEAD><TITLE>Index of /d/</TITLE></HEAD><BODY><H4>Index of /d/</H4><TABLE><TR>"
            '<TH style="width: 250;text-align: left;">Name</TH><TH style="width: 100px;text-align: right;">Size</TH>'
            '</TR><TR><TD><A HREF="..">..</A></TD><TD></TD></TR>'
            f'<TR><TD><A HREF="a.txt">a.txt</A> </TD>{size}3</TD></TR>'
            f'<TR><TD><A HREF="sub/">sub/</A></TD>{size}</TD></TR></TABLE></BODY></HTML>'
        )

    browse(visit, files={"/www/d/a.txt": "abc", "/www/d/sub/b.txt": "b"})


PAGE: Final = """\
<p><?lua print(http_method, " ", http_uri, " ", http_request, " ", http_port, " ", http_secure) ?></p>
<?lua print(http_remote_addr, " ", http_script_name, " ", http_remote_port) print(nil, true, {}, 1.5) ?>
"""


def test_a_page_knows_its_request() -> None:
    async def visit(browser: Browser) -> None:
        stream = await browser.connect()
        port = stream.local[1]  # type: ignore[attr-defined]
        await stream.send_all(b"GET /x.lua?a=1&b=2 HTTP/1.1\r\n\r\n")
        answer = (await everything(stream)).decode()
        turned = port % 256 * 256 + port // 256
        assert unchunked(answer[len(CHUNKED) :]) == (
            f"<p>GET /x.lua a=1&b=2 80 0</p>203.0.113.77 /www/x.lua {turned}1.5"
        )

    browse(visit, files={"/www/x.lua": PAGE})


def test_the_names_of_a_request_are_gone_behind_it() -> None:
    async def visit(browser: Browser) -> None:
        await browser.get("/x.lua")
        await trio.sleep(1)
        assert "GET\r\nnil\tnil\r\n" in browser.stage.console

    script = START + " while not seen do tmr.sleepms(10) end print(seen) tmr.sleepms(500) print(http_uri, http_port)"
    browse(visit, script=script, files={"/www/x.lua": "<?lua seen = http_method ?>\n"})


@pytest.mark.parametrize(
    ("headers", "data", "seen"),
    [
        ("Content-Length: 7\r\n", "a=1&b=2", "a=1&b=2"),
        ("content-length:3\r\n", "a=1&b=2", "a=1"),
        ("", "a=1\nb=2", "a=1\n"),
        ("Content-Length: 0\r\n", "a=1", ""),
    ],
)
def test_the_data_of_a_form_are_one_line_of_the_length_that_was_announced(headers: str, data: str, seen: str) -> None:
    async def visit(browser: Browser) -> None:
        stream = await browser.connect()
        await stream.send_all(f"POST /x.lua HTTP/1.1\r\n{headers}\r\n{data}".encode())
        await stream.send_eof()
        answer = (await everything(stream)).decode()
        assert unchunked(answer[len(CHUNKED) :]) == f"POST [{seen}]"

    page = '<?lua net.service.http.print_chunk(http_method, " [", http_request, "]") ?>'
    browse(visit, files={"/www/x.lua": page})


def test_headers_are_set_once_and_before_the_first_text() -> None:
    async def visit(browser: Browser) -> None:
        answer = await browser.get("/x.lua")
        head = HEAD.format("404 Gone", "X-A: 1\r\nContent-Type: text/plain\r\nContent-Length: 5")
        assert answer == f"{head}1\r\n1\r\n1\r\n0\r\n0\r\n\r\n"

    page = '<?lua local s = net.service.http.set_headers print(s(404, "Gone", "X-A: 1", "text/plain", 5)) print(s()) ?>'
    browse(visit, files={"/www/x.lua": page})


def test_a_page_that_fails_is_answered_with_its_error_behind_what_it_has_said() -> None:
    async def visit(browser: Browser) -> None:
        answer = await browser.get("/x.lua")
        text = "FATAL ERROR: /www/x.luap:4: oh"
        assert answer == f"{CHUNKED}2\r\nhi\r\n{bad('500 Internal Server Error', text)}0\r\n\r\n"
        await trio.sleep(1)
        assert f"http: couldn't execute lua script, {text}\r\n" in browser.stage.console

    browse(visit, files={"/www/x.lua": 'hi\n<?lua error("oh") ?>\n'})


def test_a_page_that_is_no_lua_is_answered_with_what_is_wrong() -> None:
    async def visit(browser: Browser) -> None:
        text = "FATAL ERROR: /www/x.luap:3: unexpected symbol near 'end'"
        assert await browser.get("/x.lua") == bad("500 Internal Server Error", text)

    browse(visit, files={"/www/x.lua": "<?lua if ?>\n"})


def test_a_change_of_a_page_is_not_seen_because_files_have_no_dates() -> None:
    async def visit(browser: Browser) -> None:
        assert await browser.page("/x.lua") == "old"
        browser.stage.board.receive(b"\x03")
        await browser.stage.board.finished()
        await browser.stage.type(b"f = io.open('/www/x.lua', 'w') f:write('new') f:close()\r\n")
        assert await browser.page("/x.lua") == "old"
        await browser.stage.type(b"os.remove('/www/x.luap')\r\n")
        assert await browser.page("/x.lua") == "new"

    browse(visit, files={"/www/x.lua": "old\n"})


def test_a_page_can_restart_the_board_when_it_has_been_sent() -> None:
    async def visit(browser: Browser) -> None:
        assert await browser.page("/x.lua") == "bye"
        while browser.stage.console.count("up\r\n") < 2:
            await trio.sleep(0.1)
        assert await browser.page("/x.lua") == "bye"

    browse(visit, files={"/www/x.lua": "bye\n<?lua net.service.http.do_reboot() ?>\n"})


@pytest.mark.parametrize("name", ["print_chunk", "set_headers", "do_reboot"])
def test_functions_for_pages_are_for_pages(name: str) -> None:
    async def visit(browser: Browser) -> None:
        await trio.sleep(1)
        text = "this function may only be called inside a lua script served by httpsrv"
        assert text in browser.stage.console

    browse(visit, script=f"{START} print(pcall(http.{name}))")


def test_the_server_says_when_it_starts_and_stops_and_keeps_its_port() -> None:
    async def visit(browser: Browser) -> None:
        stage = browser.stage
        while "stopped\r\n" not in stage.console:
            await trio.sleep(0.1)
        assert "http: server listening on port 80\r\n" in stage.console
        assert "true\ttrue\tfalse\r\nstopped" in stage.console.replace("http: server shutting down on port 80\r\n", "")
        while "again" not in stage.console:
            await trio.sleep(0.1)
        assert (await browser.get("/")).startswith(CHUNKED)
        with pytest.raises(ConnectRefusedError):
            await browser.connect(8080)

    script = (
        START
        + "\nlocal a = http.running() http.stop() local b = http.running() tmr.sleep(2) print(a, b, http.running())"
        + "\nprint('stopped') http.start(8080) print('again')"
        + FOREVER
    )
    browse(visit, script=script)


def test_a_port_in_use_is_only_logged() -> None:
    async def visit(browser: Browser) -> None:
        assert "http: couldn't bind to port 80\r\n" in browser.stage.console

    browse(visit, script=f"s = require('socket').bind('*', 80)\n{START}")


def test_requests_wait_for_each_other() -> None:
    async def visit(browser: Browser) -> None:
        first = await browser.connect()
        await first.send_all(b"GET ")
        began = browser.stage.seconds
        answers = []

        async def ask() -> None:
            answers.append((await browser.get("/x"), browser.stage.seconds - began))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.sleep(5)
            await first.send_all(b"/x HTTP/1.1\r\n\r\n")
            assert (await everything(first)).endswith(b"\r\n\r\nx")
        ((answer, after_s),) = answers
        assert answer.endswith("\r\n\r\nx")
        assert after_s > 5

    browse(visit, files={"/www/x": "x"})


def test_pages_come_over_tls_too() -> None:
    credentials = made_credentials("board.example")
    context = ssl.create_default_context(cadata=credentials.authority.decode())

    async def visit(browser: Browser) -> None:
        tls = trio.SSLStream(await browser.connect(443), context, server_hostname="board.example")
        await tls.send_all(b"GET /x.lua HTTP/1.1\r\n\r\n")
        assert unchunked((await everything(tls)).decode()[len(CHUNKED) :]) == "443 1"
        assert await browser.page("/x.lua") == "80 0"
        assert "http: server listening on port 443\r\n" in browser.stage.console

    browse(
        visit,
        script=f"{JOIN} net.service.http.start(80, 443, '/c.pem', '/k.pem') print('up') {FOREVER}",
        files={
            "/c.pem": credentials.chain.decode(),
            "/k.pem": credentials.key.decode(),
            "/www/x.lua": '<?lua print(http_port, " ", http_secure) ?>',
        },
    )


@pytest.mark.parametrize(
    ("files", "said"),
    [({}, "couldn't load SSL certificate"), ({"/c": "x", "/k": "y"}, "couldn't set SSL certificate")],
)
def test_without_a_good_certificate_there_is_no_secure_port(files: dict[str, str], said: str) -> None:
    async def visit(browser: Browser) -> None:
        assert f"http: {said}\r\n" in browser.stage.console
        with pytest.raises(ConnectRefusedError):
            await browser.connect(443)
        assert (await browser.get("/")).startswith(CHUNKED)

    browse(visit, script=f"{JOIN} net.service.http.start(80, 443, '/c', '/k') print('up') {FOREVER}", files=files)
