"""LuaSocket as a board has it against LuaSocket itself, in a Lua 5.3 of the distribution.

The same script runs on both: there on this host's sockets, here on the virtual network, with the same server at the
other end. The distribution has a later release, so what that one has changed is not asked.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio

from tests.device.stage import JOIN, Stage, on_stage
from tests.vm.lua_host import Host, files

pytestmark = pytest.mark.real

_TIMEOUT_S = 60
Listen = Callable[[], Awaitable[tuple[int, trio.abc.Listener[trio.abc.HalfCloseableStream]]]]


def lua() -> str:
    found = shutil.which("lua5.3")
    assert found, "lua5.3 is not installed; it is in the package of that name, and LuaSocket in lua-socket"
    return found


# -- what needs no network ------------------------------------------------------------------------------------------

SHOW = """
local function show(value)
  if type(value) == "table" then
    local keys, items = {}, {}
    for key in pairs(value) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    for i, key in ipairs(keys) do items[i] = tostring(key) .. "=" .. show(value[key]) end
    return "{" .. table.concat(items, ",") .. "}"
  elseif type(value) == "string" then
    return "'" .. value:gsub("[^ -~]", function(c) return ("\\\\%d"):format(c:byte()) end) .. "'"
  end
  return tostring(value)
end
local function try(f, ...)
  local results = table.pack(pcall(f, ...))
  for i = 1, results.n do results[i] = show(results[i]) end
  print(table.concat(results, " "))
end
"""


def quoted(data: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


def assert_same(tmp_path: Path, chunk: str) -> None:
    """Hold what a chunk prints on a machine of ours against what it prints there, line by line."""
    script = tmp_path / "cases.lua"
    script.write_text(SHOW + chunk)
    real = subprocess.run([lua(), script], capture_output=True, encoding="utf-8", check=True, timeout=_TIMEOUT_S)
    with Host(replies=files(cases=SHOW + chunk)) as host:
        host.run("dofile('/cases.lua')")
        assert not host.errors, host.errors
        ours = host.written.decode()
    lines = [line for line in chunk.splitlines() if line.startswith("try")]
    pairs = list(zip(lines, real.stdout.splitlines(), ours.splitlines(), strict=True))
    assert [pair for pair in pairs if pair[1] != pair[2]] == []


def test_encodings_of_mail_make_the_same_of_every_piece(tmp_path: Path) -> None:
    chance = random.Random(3)
    alphabet = [
        b"a",
        b"=",
        b" ",
        b"\t",
        b"\r",
        b"\n",
        b"\r\n",
        b"=\r\n",
        b"=4",
        b"=3D",
        b".",
        b"\xff",
        b"\0",
        b"QUJD",
        b"==",
    ]

    def text() -> bytes:
        return b"".join(chance.choices(alphabet, k=chance.randint(0, 8)))

    lines = ["local mime = require('mime')"]
    for _ in range(1500):
        name = chance.choice(["b64", "unb64", "qp", "unqp"])
        second = quoted(text()) if chance.random() < 0.7 else "nil"
        lines.append(f"try(mime.{name}, {quoted(text())}, {second})")
        name = chance.choice(["wrp", "qpwrp"])
        lines.append(f"try(mime.{name}, {chance.randint(0, 6)}, {quoted(text())}, {chance.randint(4, 7)})")
        lines.append(f"try(mime.dot, {chance.randint(0, 2)}, {quoted(text())})")
        lines.append(f"try(mime.eol, {chance.choice([0, 10, 13])}, {quoted(text())}, '|')")
    for call in (
        "b64",
        "b64, nil, 'x'",
        "wrp, 3, nil, 5",
        "wrp, 5, nil, 5",
        "qpwrp, 2",
        "eol, 13",
        "dot, 1",
        "qp, 'a b', nil, 'M'",
    ):
        lines.append(f"try(mime.{call})")
    assert_same(tmp_path, "\n".join(lines))


def test_filters_make_the_same_of_a_text_in_blocks(tmp_path: Path) -> None:
    chance = random.Random(4)
    head = """
local ltn12, mime = require("ltn12"), require("mime")
ltn12.BLOCKSIZE = 3
local function from_source(text, ...)
  local sink, list = ltn12.sink.table()
  local done, reason = ltn12.pump.all(ltn12.source.chain(ltn12.source.string(text), ...), sink)
  return table.concat(list), #list, done, reason
end
local function into_sink(text, filter)
  local sink, list = ltn12.sink.table()
  local done, reason = ltn12.pump.all(ltn12.source.string(text), ltn12.sink.chain(filter, sink))
  return table.concat(list), #list, done, reason
end
"""
    filters = [
        'mime.encode("base64")', 'mime.encode("quoted-printable")', 'mime.decode("base64")', "mime.stuff()",
        'mime.wrap("base64", 5)', 'mime.wrap("quoted-printable")', "mime.normalize()",
        'mime.encode("quoted-printable", "binary")',
    ]  # fmt: skip
    lines = []
    for _ in range(400):
        text = bytes(chance.choice(b"ab=. \r\n\xff") for _ in range(chance.randint(0, 40)))
        chain = ", ".join(chance.choices(filters, k=chance.randint(1, 3)))
        lines.append(f"try(from_source, {quoted(text)}, {chain})")
        lines.append(f"try(into_sink, {quoted(text)}, ltn12.filter.chain({chain}))")
    lines += [
        "try(function() local s = ltn12.source.rewind(ltn12.source.string('ab')) s('1') s('2') return s(), s(),"
        " s(), s() end)",
        "try(function() local s = ltn12.source.cat(ltn12.source.string('a'), ltn12.source.string('b')) return"
        " s(), s(), s() end)",
        "try(function() return ltn12.pump.all(ltn12.source.error('why'), ltn12.sink.null()) end)",
        "try(function() return ltn12.pump.all(ltn12.source.string('x'), ltn12.sink.error('why')) end)",
        "try(function() return ltn12.source.file(nil)() end)",
        "try(function() return ltn12.sink.file(nil, 'r')('x') end)",
        "try(function() local s = ltn12.source.simplify(function() return 'a', function() return nil, 'b' end"
        " end) return s(), s() end)",
        "try(function() local s = ltn12.sink.simplify(function() return 1, function() return nil, 'b' end end)"
        " return s('x'), s('x') end)",
    ]
    assert_same(tmp_path, head + "\n".join(lines))


URLS = [
    "http://user:pass@www.example.com:8080/a/b;p=1?q=2#f", "//host/path", "/path?query", "path", "?q", "#f",
    "mailto:a@b",
    "http://[::1]:80/x", "http://host:/x", "http://user@host", "ftp://h/x;type=i", "http://h?a?b#c#d", "a:b:c",
    "http:",
    "http://u:p:q@h", "http://@h", "x/../y/./z/..", "../a", "",
]  # fmt: skip


def test_urls_are_taken_apart_and_put_together_the_same(tmp_path: Path) -> None:
    lines = ["local url, headers = require('socket.url'), require('socket.headers')"]
    for text in URLS:
        lines.append(f"try(url.parse, {quoted(text.encode())})")
        lines.append(f"try(url.parse, {quoted(text.encode())}, {{host = 'h', port = 1, path = '/p', user = 'u'}})")
        lines.append(f"try(function(u) return url.build(url.parse(u) or {{}}) end, {quoted(text.encode())})")
        lines.append(f"try(url.parse_path, {quoted(text.encode())})")
        lines.append(f"try(function(u) return url.build_path(url.parse_path(u)) end, {quoted(text.encode())})")
        lines.append(f"try(function(u) return url.build_path(url.parse_path(u), 1) end, {quoted(text.encode())})")
    lines += [
        f"try(url.{name}, {quoted(data)})"
        for name in ("escape", "unescape")
        for data in (bytes(range(256)), b"%41%zz%4", b"")
    ]
    lines += [
        f"try(url.absolute, 'http://a/b/c/d;p?q#f', '{relative}')"
        for relative in (
            "g",
            "./g",
            "g/",
            "/g",
            "//g",
            "?y",
            "#s",
            "g#s",
            ";x",
            "..",
            "../",
            "../g",
            "../..",
            "../../g",
            "http:g",
            "",
        )
    ]
    lines.append("try(function() return headers.canonic end)")
    assert_same(tmp_path, "\n".join(lines))


# -- what talks to a server -----------------------------------------------------------------------------------------


@dataclass
class Server:
    """What is at the other end. ``heard`` is what came on each connection, line by line."""

    serve: Callable[[trio.abc.HalfCloseableStream, Server, Listen], Awaitable[None]]
    heard: list[list[str]] = field(default_factory=list)

    async def connection(self, stream: trio.abc.HalfCloseableStream, listen: Listen) -> None:
        self.heard.append([])
        try:
            await self.serve(stream, self, listen)
            await stream.aclose()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass


class Lines:
    """A stream read line by line."""

    def __init__(self, stream: trio.abc.HalfCloseableStream, heard: list[str]) -> None:
        self.stream, self.heard, self._data = stream, heard, b""

    async def line(self) -> str:
        while b"\n" not in self._data:
            data = await self.stream.receive_some()
            if not data:
                raise trio.BrokenResourceError
            self._data += bytes(data)
        line, _, self._data = self._data.partition(b"\n")
        self.heard.append(line.decode().rstrip("\r"))
        return self.heard[-1]

    async def rest(self, count: int) -> bytes:
        while len(self._data) < count:
            self._data += bytes(await self.stream.receive_some())
        taken, self._data = self._data[:count], self._data[count:]
        return taken


def run_there(server: Server, script: str) -> str:
    async def main() -> str:
        listeners = []

        async def listen() -> tuple[int, trio.abc.Listener[trio.abc.HalfCloseableStream]]:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            listeners.append(listener)
            return listener.socket.getsockname()[1], listener

        port, listener = await listen()

        async def handler(stream: trio.abc.HalfCloseableStream) -> None:
            await server.connection(stream, listen)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, handler, [listener])
            with trio.fail_after(_TIMEOUT_S):
                chunk = f"HOST, PORT = '127.0.0.1', {port} {script}"
                finished = await trio.run_process([lua(), "-e", chunk], capture_stdout=True)
            nursery.cancel_scope.cancel()
        for opened in listeners:
            await opened.aclose()
        return finished.stdout.decode().replace("\r", "").replace(str(port), "PORT")

    return trio.run(main)


def run_here(server: Server, script: str) -> str:
    async def play(stage: Stage) -> str:
        host = stage.world.network.add_host("127.0.0.2", "127.0.0.2")  # so that the Host header is as long
        ports = iter(range(40_001, 40_100))

        async def listen() -> tuple[int, trio.abc.Listener[trio.abc.HalfCloseableStream]]:
            port = next(ports)
            return port, host.listen(port)

        async def handler(stream: trio.abc.HalfCloseableStream) -> None:
            await server.connection(stream, listen)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, handler, [host.listen(40_000)])
            shown = (await stage.printed()).replace("\r", "")
            nursery.cancel_scope.cancel()
        return shown.replace("40000", "PORT").replace("127.0.0.2", "127.0.0.1")

    return on_stage(play, script=JOIN + f"HOST, PORT = '127.0.0.2', 40000 {script}")


def assert_same_with_server(serve: Callable[..., Awaitable[None]], script: str) -> None:
    there, here = Server(serve), Server(serve)
    printed_there, printed_here = run_there(there, script), run_here(here, script)
    assert printed_here == printed_there
    assert [sorted(lines) for lines in map(_comparable, here.heard)] == [
        sorted(lines) for lines in map(_comparable, there.heard)
    ]


def _comparable(lines: list[str]) -> list[str]:
    """What was heard, without addresses and the release."""
    return [
        line.split("LuaSocket")[0] if "LuaSocket" in line else line
        for line in lines
        if not line.startswith(("Host:", "Transfer-Encoding:"))
    ]


async def pieces(stream: trio.abc.HalfCloseableStream, server: Server, listen: Listen) -> None:
    """Echoes lines; ``wait`` is answered with two halves of a line some time apart, ``end`` with the end."""
    lines = Lines(stream, server.heard[-1])
    while True:
        line = await lines.line()
        if line == "end":
            return
        if line == "wait":
            await stream.send_all(b"ab")
            await trio.sleep(0.4)
            await stream.send_all(b"cd\n")
        else:
            await stream.send_all(f"{line}\r\n".encode())


@pytest.mark.parametrize(
    "script",
    [
        'print(c:send("hello\\n")) print(c:receive()) print(c:getpeername()) print(c:getfamily())',
        'print(c:send("abcdef\\n", 2, -2)) c:send("\\n") print(c:receive(3)) print(c:receive("*l", "pre"))',
        'c:send("one\\ntwo\\nend\\n") print(c:receive("*a")) print(c:receive("*a")) print(c:receive(1))',
        'c:send("x\\nend\\n") print(c:receive(0)) print(c:receive(99, "ab"))',
        'c:settimeout(0.2) print(c:gettimeout()) c:send("wait\\n") print(c:receive(5)) socket.sleep(0.4)'
        ' print(c:receive())',
        'c:settimeout(0.2, "t") print(c:gettimeout()) print(c:receive())',
        'c:settimeout(0) print(c:receive()) print(c:settimeout()) print(c:gettimeout())',
        'c:send("x\\n") print(#socket.select({c}, nil, 5)) print(c:dirty()) c:receive(1) print(c:dirty())'
        ' local r, s, e = socket.select({c}, {c}, 0) print(r[1] == c, r[c], s[c], e)',
        'print(select("#", socket.select({c}, nil, 0.1)), (select(3, socket.select({c}, nil, 0.1))))',
        'print(c:close()) print(c:getfd()) print(c:send("x")) print(c:receive()) print(c:close())'
        ' print(#socket.select({c}, {c}, 0))',
        'print(c:shutdown("send")) print(c:send("x")) print(c:receive())',
        'print(c:getoption("keepalive")) print(c:setoption("keepalive", true)) print(c:getoption("keepalive"))'
        ' print(c:getoption("tcp-nodelay"), c:getoption("linger").on, c:getoption("error"))',
        'c:send("x\\n") c:receive() local r, s, age = c:getstats() print(r, s, age < 9) print(c:setstats(1, 2, 3))'
        ' r, s, age = c:getstats() print(r, s, age >= 3 and age < 12)',
        'local next = socket.source("by-length", c, 3) c:send("abcde\\n") print(next(), next(), (c:receive(2)))',
        'local put = socket.sink("close-when-done", c) print(put("one\\n")) print((c:receive())) print(put(),'
        ' c:getfd())',
        'print(pcall(c.receive, c, "*x"))',
        'print(socket.skip(2, 1, 2, 3, 4)) print(socket.try(5, 6)) print(socket.protect(function()'
        ' socket.try(nil, "why") end)())',
        'print(pcall(socket.protect(function() error("mine", 0) end)))',
        'local d = socket.tcp() d:settimeout(0) print(d:connect(HOST, PORT)) local _, s = socket.select(nil,'
        ' {d}, 5) print(#s, d:getoption("error"))',
        'print(socket.tcp():getfd(), socket.tcp():getfamily(), tostring(socket.tcp()):match("^[^:]*"),'
        ' tostring(c):match("^[^:]*"))',
        'local l = socket.bind(HOST == "127.0.0.2" and "*" or HOST, 0) local a, p, f = l:getsockname()'
        ' print(type(p), f, tostring(l):match("^[^:]*"))'
        ' l:settimeout(0.1) print(l:accept()) print(socket.tcp():getsockname() == nil)',
    ],
)  # fmt: skip
def test_a_socket_answers_the_same(script: str) -> None:
    assert_same_with_server(
        pieces, f'local socket = require("socket") local c = assert(socket.connect(HOST, PORT)) {script}'
    )


RESPONSES = {
    "/plain": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nX-A: 2\r\n\r\nhello",
    "/close": b"HTTP/1.0 200 Fine\r\n\r\nuntil the end",
    "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n7\r\n,"
    b" world\r\n0\r\nTrailer: t\r\n\r\n",
    "/folded": b"HTTP/1.1 404 Not Found\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nno",
    "/continue": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    "/moved": b"HTTP/1.1 302 Found\r\nLocation: /plain\r\n\r\n",
    "/loop": b"HTTP/1.1 301 Moved\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n",
    "/nobody": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/old": b"just text",
    "/bad": b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
    "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
    "/empty": b"",
}


async def http(stream: trio.abc.HalfCloseableStream, server: Server, listen: Listen) -> None:
    lines = Lines(stream, server.heard[-1])
    _, target, _ = (await lines.line()).split(" ")
    length = 0
    while header := await lines.line():
        if header.lower().startswith("content-length:"):
            length = int(header.split(":")[1])
    server.heard[-1].append((await lines.rest(length)).decode())
    if target == "/upload":
        while (await lines.line()) != "0":
            pass
        target = "/plain"
    await stream.send_all(RESPONSES.get(target, RESPONSES["/plain"]))


RESULT = """
local function show(body, code, headers, status)
  print(body, code, status)
  local names = {}
  for name in pairs(headers or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do print(name, headers[name]) end
end
local http, ltn12 = require("socket.http"), require("ltn12")
local function at(path) return "http://" .. HOST .. ":" .. PORT .. path end
"""


@pytest.mark.parametrize(
    "call",
    [
        *(f'show(http.request(at("{path}")))' for path in RESPONSES),
        'show(http.request(at("/form"), "a=1&b=2"))',
        'show(http.request{url = at("/plain"), method = "HEAD"})',
        'show(http.request{url = at("/moved"), redirect = false})',
        'show(http.request{url = at("/x?q#f"), headers = {["X-Mine"] = "y", Host = "other"}, sink ='
        " ltn12.sink.table()})",
        'show(http.request{url = "http://me:se%20cret@" .. HOST .. ":" .. PORT .. "/"})',
        'show(http.request{url = at("/upload"), method = "PUT", source = ltn12.source.string("chunky")})',
        'show(http.request{url = "http://far.example/x", proxy = at("")})',
    ],
)
def test_an_http_client_says_and_understands_the_same(call: str) -> None:
    assert_same_with_server(http, RESULT + call)


async def ftp(stream: trio.abc.HalfCloseableStream, server: Server, listen: Listen) -> None:
    lines = Lines(stream, server.heard[-1])
    await stream.send_all(b"220-Welcome\r\n 220 to\r\n220 this\r\n")
    files = {"note.txt": b"contents\r\nof it\r\n"}
    data: trio.abc.Listener[trio.abc.HalfCloseableStream] | None = None
    while True:
        command, _, argument = (await lines.line()).partition(" ")
        match command:
            case "USER":
                await stream.send_all(b"331 Password?\r\n" if argument != "nobody" else b"230 In\r\n")
            case "PASS":
                await stream.send_all(b"230 In\r\n" if argument != "wrong" else b"530 Out\r\n")
            case "EPSV":
                port, data = await listen()
                await stream.send_all(f"229 Entering Extended Passive Mode (|||{port}|)\r\n".encode())
            case "RETR" | "STOR" | "NLST" if data is not None:
                if command == "RETR" and argument not in files:
                    await stream.send_all(b"550 No such file\r\n")
                    continue
                await stream.send_all(b"150 Here\r\n")
                channel = await data.accept()
                if command == "STOR":
                    received = b""
                    async for piece in channel:
                        received += bytes(piece)
                    server.heard[-1].append(received.decode())
                else:
                    await channel.send_all(files.get(argument, b"note.txt\r\n"))
                await channel.aclose()
                await stream.send_all(b"226 Done\r\n")
            case "TYPE" | "QUIT" | "NOOP":
                await stream.send_all(b"200 Fine\r\n")
            case _:
                await stream.send_all(b"502 What?\r\n")


@pytest.mark.parametrize(
    "call",
    [
        'ftp.get("ftp://me:pw@" .. HOST .. ":" .. PORT .. "/note.txt;type=i")',
        'ftp.get("ftp://" .. HOST .. ":" .. PORT .. "/none.txt")',
        'ftp.get("ftp://me:wrong@" .. HOST .. ":" .. PORT .. "/note.txt")',
        'ftp.get("ftp://nobody@" .. HOST .. ":" .. PORT .. "/note.txt;type=z")',
        'ftp.get("http://x/y")',
        'ftp.put("ftp://me:pw@" .. HOST .. ":" .. PORT .. "/up.txt;type=a", "sent data")',
        'ftp.get{host = HOST, port = PORT, command = "nlst", user = "nobody", sink = require("ltn12").sink.table()}',
        'ftp.command{host = HOST, port = PORT, command = {"noop", "xyzzy"}, argument = {nil, "a"}, check = {200,'
        ' "5.."}}',
        'ftp.command{host = HOST, port = PORT, command = "xyzzy", check = 200}',
    ],
)
def test_an_ftp_client_says_and_understands_the_same(call: str) -> None:
    assert_same_with_server(ftp, f'local ftp = require("socket.ftp") print({call})')


async def smtp(stream: trio.abc.HalfCloseableStream, server: Server, listen: Listen) -> None:
    lines = Lines(stream, server.heard[-1])
    await stream.send_all(b"220 here\r\n")
    while True:
        command, _, argument = (await lines.line()).partition(" ")
        match command:
            case "EHLO":
                await stream.send_all(b"250-here\r\n250-AUTH CRAM LOGIN PLAIN\r\n250 SIZE\r\n")
            case "AUTH" if argument == "LOGIN":
                for _ in range(2):
                    await stream.send_all(b"334 go on\r\n")
                    await lines.line()
                await stream.send_all(b"235 in\r\n")
            case "RCPT" if "nobody" in argument:
                await stream.send_all(b"550 nobody\r\n")
            case "DATA":
                await stream.send_all(b"354 go on\r\n")
                while await lines.line() != ".":
                    pass
                await stream.send_all(b"250 kept\r\n")
            case "QUIT":
                await stream.send_all(b"221 bye\r\n")
                return
            case _:
                await stream.send_all(b"250 fine\r\n")


MESSAGE = """smtp.message{headers = {date = "now", subject = "s"}, body = "line\\r\\n.dot\\r\\n"}"""


@pytest.mark.parametrize(
    "more",
    [
        'rcpt = "<to@b>"',
        'rcpt = {"<one@b>", "<two@b>"}, user = "me", password = "secret"',
        'rcpt = "<nobody@b>"',
        'rcpt = "<to@b>", domain = "my.domain"',
    ],
)
def test_a_mail_is_sent_the_same(more: str) -> None:
    mail = f'{{from = "<a@b>", server = HOST, port = PORT, source = {MESSAGE}, {more}}}'
    script = f'local smtp = require("socket.smtp") print(smtp.send({mail}))'
    assert_same_with_server(smtp, script)


def test_a_message_of_parts_is_put_together_the_same(tmp_path: Path) -> None:
    chunk = """
local smtp, ltn12 = require("socket.smtp"), require("ltn12")
local function whole(message)
  message.headers = message.headers or {}
  message.headers.date = "now"
  local sink, list = ltn12.sink.table()
  ltn12.pump.all(smtp.message(message), sink)
  local text = table.concat(list):gsub("LuaSocket[^\\r]*", "LS"):gsub('boundary="([^"]*)"', "boundary")
  text = text:gsub("%-%-%d+==%d+", "--B")
  local lines = {}
  for line in text:gmatch("[^\\r\\n]+") do lines[#lines + 1] = line end
  table.sort(lines)
  return lines
end
try(whole, {body = "x"})
try(whole, {body = ltn12.source.string("from a source"), headers = {["Content-Type"] = "text/html"}})
try(whole, {body = {preamble = "before", epilogue = "after", {body = "1", headers = {x = "y"}}, {body = "2"}}})
"""
    assert_same(tmp_path, chunk)
