"""net.service.http: the web server for files and Lua pages (``components/http/httpsrv.c``).

One task for each port serves one request after the other, and Lua pages run in it. What is said of a request is what
the firmware does; that it resets a connection in which something is left unread is not.
"""

from __future__ import annotations

import re
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, ClassVar, Final, NamedTuple

import trio

from simulator.console import Level
from simulator.device.calls import bytes_of, call, text_of
from simulator.device.calls.timers import CallbackQueue
from simulator.device.drivers.acceptor import Acceptor, Stream
from simulator.device.drivers.lua_pages import EndlessPageError, preprocess
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import Kernel
from simulator.device.outcome import Restart
from simulator.filesystem import FileSystemError, FileType
from simulator.network.tls import library_server_context

LOOK_S: Final = 1.0
"""How often the server looks whether it is to stop: the time limit for accepting."""
RECEIVE_TIMEOUT_S: Final = 60.0
LINGER_S: Final = 2.0
RESTART_S: Final = 0.002
BUFFER_BYTES: Final = 1024
TEXT_BYTES_MAX: Final = 2047
"""What fits into the largest buffer for a text that is sent."""
CHUNK_BYTES_MAX: Final = 2045
ERROR_CHARACTERS_MAX: Final = 255
STACK_BYTES: Final = 10_240
PRIORITY: Final = 18
CORE: Final = 1
"""``CONFIG_LUA_RTOS_HTTP_SERVER_*`` of the boards."""

FILE_PIECE_BYTES: Final = 1436
FILE_PIECE_S: Final = 0.01
"""Files go out in writes of four bytes, the size of a pointer. Here they go out in segments, each of which takes about
as long (our estimate: 30 microseconds a write)."""

_DOCUMENT_ROOTS: Final = {"EVK-NINA-W": "/", "TRAVIS-ESP32-EVB-OTA": "/sd/www"}
_DOCUMENT_ROOT: Final = "/www"
"""``CONFIG_LUA_RTOS_HTTP_SERVER_DOCUMENT_ROOT`` by source id, and of all other boards."""

_TYPES: Final = {
    "html": "text/html",
    "htm": "text/html",
    "txt": "text/html",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "png": "image/png",
    "css": "text/css",
    "au": "audio/basic",
    "wav": "audio/wav",
    "avi": "video/x-msvideo",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "mp3": "audio/mpeg",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}
_HEAD: Final = """\
HTTP/1.1 {status} {title}\r
Server: lua-rtos-http-server/1.0\r
{extra}{type}{length}\r
Connection: close\r
Cache-Control: no-cache, no-store, must-revalidate\r
no-cache\r
0\r
\r
"""
_ERROR: Final = """\
<HTML><HEAD><TITLE>{status} {title}</TITLE></HEAD>\r
<BODY><H4>{status} {title}</H4>\r
{text}\r
</BODY></HTML>\r
"""
_LIST_HEAD: Final = (
    '<TH style="width: 250;text-align: left;">Name</TH><TH style="width: 100px;text-align: right;">Size</TH>'
)


_AnyStream = Stream | trio.SSLStream[Stream]


class _Request(NamedTuple):
    method: bytes
    path: bytes
    data: bytes


class _Gone(Exception):  # noqa: N818 (it is an outcome)
    """The client is not there any more."""


@dataclass(slots=True)
class _Connection:
    """A connection, and what of its answer was sent. ``port`` is that of the server."""

    stream: _AnyStream
    port: int
    is_secure: bool
    remote: tuple[str, int]
    has_headers: bool = False
    page_ended: trio.Event = field(default_factory=trio.Event)
    received: bytes = b""

    async def line(self, room: int) -> bytes | None:
        """Return what comes up to a line feed, to the end or to ``room`` bytes; None if that is nothing or too late."""
        while b"\n" not in self.received[:room] and len(self.received) < room:
            with trio.move_on_after(RECEIVE_TIMEOUT_S) as wait:
                try:
                    data = bytes(await self.stream.receive_some())
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    return None
            if wait.cancelled_caught:
                return None
            if not data:
                break
            self.received += data
        end = self.received.find(b"\n", 0, room) + 1 or min(room, len(self.received))
        line, self.received = self.received[:end], self.received[end:]
        return line.split(b"\0", 1)[0] or None

    async def send(self, text: str | bytes) -> None:
        data = text if isinstance(text, bytes) else bytes_of(text)
        try:
            await self.stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise _Gone from error

    async def headers(
        self, status: int, title: str, extra: str = "", type_: str | None = "text/html", length: int = -1
    ) -> None:
        await self.send(
            _HEAD.format(
                status=status,
                title=title,
                extra=f"{extra}\r\n" if extra else "",
                type="" if type_ is None else f"Content-Type: {type_}\r\n",
                length=f"Content-Length: {length}" if length >= 0 else "Transfer-Encoding: chunked",
            )
        )

    async def error(self, status: int, title: str, text: str, extra: str = "") -> None:
        page = bytes_of(_ERROR.format(status=status, title=title, text=text))
        await self.headers(status, title, extra, length=len(page))
        await self.send(page)

    async def chunk(self, text: str | bytes) -> None:
        """Send a chunk, as far as it fits into the buffer. An empty one would be the end, and is not sent."""
        data = (text if isinstance(text, bytes) else bytes_of(text))[:CHUNK_BYTES_MAX]
        if data:
            await self.send(b"%x\r\n%s\r\n" % (len(data), data))


class HttpServerDriver(Driver):
    """The server: a normal port and a secure one."""

    name: ClassVar[str] = "httpd"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._root = _DOCUMENT_ROOTS.get(self.shared.board.id, _DOCUMENT_ROOT)
        self._callback_id = self.shared.new_callback_id()
        self._acceptors: dict[str, Acceptor] = {}
        self._ports = {"normal": 0, "secure": 0}
        self._context: ssl.SSLContext | None = None
        self._stops = False
        self._wants_restart = False
        self._connections: dict[int, _Connection] = {}
        self._numbers = count(1)
        self._queue: CallbackQueue

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts; the server of the old one ends."""
        super().connect(kernel)
        self._stop()
        for connection in self._connections.values():
            connection.page_ended.set()
        self._queue = self.shared.new_queue("http", stack_bytes=STACK_BYTES, priority=PRIORITY, core=CORE)

    # -- what scripts call ----------------------------------------------------------------------------------------

    @call("httpd.callback")
    def _callback(self) -> tuple[Any, ...]:
        """Answer with the number of the function that runs pages."""
        return (self._callback_id,)

    @call("httpd.start")
    async def _start(self, port: int, secure_port: int, certificate: bytes | None, key: bytes | None) -> None:
        """Begin to serve, unless the server runs; wait for one that is ending."""
        if self._is_running and not self._stops:
            return
        for acceptor in self._acceptors.values():
            await acceptor.rests.wait()
        self._stops = False
        self._make_root()
        self.shared.network.driver.initialise()
        if port:
            self._listen("normal", port)
        if secure_port and certificate is not None and key is not None and self._load(certificate, key):
            self._listen("secure", secure_port)
        await self.shared.network.files.settle()

    def _make_root(self) -> None:
        made = ""
        for name in self._root.strip("/").split("/"):
            made = f"{made}/{name}"
            with suppress(FileSystemError):
                file_system, inner = self.shared.network.files.locate(bytes_of(made))
                file_system.mkdir(inner)

    def _load(self, certificate: bytes, key: bytes) -> bool:
        """Make the context of the secure port; say so in the log if that cannot be."""
        files = self.shared.network.files
        try:
            loaded = [files.load(path) for path in (certificate, key)]
        except FileSystemError:
            self._log(Level.ERR, "couldn't load SSL certificate")
            return False
        try:
            self._context = library_server_context(*loaded)
        except (ssl.SSLError, ValueError):
            self._log(Level.ERR, "couldn't set SSL certificate")
            return False
        return True

    def _listen(self, kind: str, port: int) -> None:
        acceptor = self._acceptors.get(kind)
        if acceptor is None:
            serve = self._serve_normal if kind == "normal" else self._serve_secure
            acceptor = Acceptor(self.shared.network, serve, look_s=LOOK_S, ended=lambda: self._ended(kind))
            self._acceptors[kind] = acceptor
        self._ports[kind] = port
        try:
            acceptor.start(port)
        except OSError:
            self._log(Level.ERR, f"couldn't bind to port {port}")
        else:
            self._log(Level.INFO, f"server listening on port {port}")

    def _ended(self, kind: str) -> None:
        self._log(Level.INFO, f"server shutting down on port {self._ports[kind]}")

    def _log(self, level: Level, text: str) -> None:
        self.shared.console.log(level, bytes_of(f"http: {text}\n"))

    @call("httpd.stop")
    def _stop(self) -> None:
        if self._is_running:
            self._stops = True
        for acceptor in self._acceptors.values():
            acceptor.stop()

    @property
    def _is_running(self) -> bool:
        return any(not acceptor.rests.is_set() for acceptor in self._acceptors.values())

    @call("httpd.running")
    def _running(self) -> tuple[Any, ...]:
        return (self._is_running,)

    @call("httpd.headers")
    async def _headers(
        self, number: int, status: int, title: bytes, extra: bytes | None, type_: bytes, length: int
    ) -> tuple[Any, ...]:
        """Send headers unless that was done; answer with whether they were sent."""
        connection = self._connections[number]
        if connection.has_headers:
            return (0,)
        connection.has_headers = True
        with suppress(_Gone):
            await connection.headers(status, text_of(title), text_of(extra or b""), text_of(type_), length)
        return (1,)

    @call("httpd.print")
    async def _print(self, number: int, text: bytes) -> None:
        connection = self._connections[number]
        with suppress(_Gone):
            if not connection.has_headers:
                connection.has_headers = True
                await connection.headers(200, "OK")
            await connection.chunk(text)

    @call("httpd.failed")
    async def _failed(self, number: int, message: bytes, is_logged: bool) -> None:
        """Tell that a page could not be loaded, or did not run to its end, whatever was sent before."""
        text = f"FATAL ERROR: {text_of(message)}"[:ERROR_CHARACTERS_MAX]
        with suppress(_Gone):
            await self._connections[number].error(500, "Internal Server Error", text)
        if is_logged:
            self._log(Level.ERR, f"couldn't execute lua script, {text}")

    @call("httpd.page_ended")
    async def _page_ended(self, number: int, has_run: bool) -> None:
        connection = self._connections[number]
        if has_run:
            with suppress(_Gone):
                await connection.send("0\r\n\r\n")
        connection.page_ended.set()
        await trio.lowlevel.checkpoint()

    @call("httpd.reboot")
    def _reboot(self) -> None:
        self._wants_restart = True

    # -- requests -------------------------------------------------------------------------------------------------

    async def _serve_normal(self, stream: Stream) -> None:
        await self._serve(_Connection(stream, self._ports["normal"], False, _remote_of(stream)))

    async def _serve_secure(self, stream: Stream) -> None:
        assert self._context is not None
        tls = trio.SSLStream(stream, self._context, server_side=True)
        try:
            with trio.fail_after(RECEIVE_TIMEOUT_S):
                await tls.do_handshake()
        except (trio.BrokenResourceError, trio.TooSlowError):
            self._log(Level.ERR, "couldn't accept SSL connection - SSL_get_error() returned: 1")
            await trio.aclose_forcefully(stream)
            return
        await self._serve(_Connection(tls, self._ports["secure"], True, _remote_of(stream)))

    async def _serve(self, connection: _Connection) -> None:
        number = next(self._numbers)
        self._connections[number] = connection
        try:
            with suppress(_Gone):
                await self._answer(number, connection)
        finally:
            del self._connections[number]
            closed = trio.Event()
            self.shared.network.nursery.start_soon(_close, connection.stream, closed)
        if self._wants_restart:
            await closed.wait()  # the last bytes leave a real board in the time that it waits here
            await trio.sleep(RESTART_S)
            self.kernel.end(Restart(forgets=True))

    async def _answer(self, number: int, connection: _Connection) -> None:
        first = await connection.line(BUFFER_BYTES - 1)
        if first is None:
            await connection.error(400, "Bad Request", "Got empty request buffer.")
            return
        request = await _understood(connection, first)
        if request.method.upper() not in (b"GET", b"POST"):
            await connection.error(501, "Not supported", "Method is not supported.")
            return
        found = self._find(request.path, b"", b".lua", b".html")
        if found is None:
            await connection.error(404, "Not Found", "File not found.")
        elif found[1] is FileType.FILE:
            await self._send_file(number, connection, request, found[0])
        elif not request.path.endswith(b"/"):
            location = f"Location: {text_of(request.path)}/"
            await connection.error(302, "Found", "Directories must end with a slash.", location)
        else:
            index = self._find(request.path, b"index.lua", b"index.html")
            if index is not None and index[1] is FileType.FILE:
                await self._send_file(number, connection, request, index[0])
            else:
                await self._send_listing(connection, request.path)

    def _find(self, path: bytes, *endings: bytes) -> tuple[bytes, FileType] | None:
        """Return the first of the paths with these endings that there is, and its type."""
        for ending in endings:
            whole = _joined(bytes_of(self._root), path, ending)
            with suppress(FileSystemError):
                file_system, inner = self.shared.network.files.locate(whole)
                return whole, file_system.stat(inner).type
        return None

    async def _send_file(self, number: int, connection: _Connection, request: _Request, path: bytes) -> None:
        if path.endswith(b".lua"):
            await self._run_page(number, connection, request, path)
            return
        files = self.shared.network.files
        try:
            data = files.load(path)
        except FileSystemError:
            await connection.error(403, "Forbidden", "Access denied.")
            return
        await files.settle()
        type_ = _TYPES.get(text_of(path).rpartition(".")[2]) if b"." in path else None
        await connection.headers(200, "OK", type_=type_, length=len(data))
        for first in range(0, len(data), FILE_PIECE_BYTES):
            await connection.send(data[first : first + FILE_PIECE_BYTES])
            await trio.sleep(FILE_PIECE_S)

    async def _send_listing(self, connection: _Connection, path: bytes) -> None:
        name = text_of(path)
        chunk = connection.chunk
        await connection.headers(200, "OK")
        await chunk(f"<HTML><HEAD><TITLE>Index of {name}</TITLE></HEAD><BODY>")
        await chunk(f"<H4>Index of {name}</H4>")
        for piece in ("<TABLE>", "<TR>", _LIST_HEAD, "</TR>"):
            await chunk(piece)
        if len(path) > 1:
            for piece in ("<TR>", '<TD><A HREF="..">..</A></TD><TD></TD>', "</TR>"):
                await chunk(piece)
        file_system, inner = self.shared.network.files.locate(_joined(bytes_of(self._root), path, b""))
        for entry in file_system.listdir(inner):
            slash = "/" if entry.type is FileType.DIRECTORY else ""
            shown = f"{entry.name}{slash}"
            for piece in ("<TR>", "<TD>", f'<A HREF="{shown}">', f"{shown}</A>{'' if slash else ' '}"):
                await chunk(piece)
            await chunk("</TD>")
            await chunk('<TD style="text-align: right;">')
            if not slash:
                await chunk(str(entry.size_bytes))
            await chunk("</TD>")
            await chunk("</TR>")
        await chunk("</TABLE>")
        await chunk("</BODY></HTML>")
        await connection.send("0\r\n\r\n")

    async def _run_page(self, number: int, connection: _Connection, request: _Request, path: bytes) -> None:
        """Run a page; its program is kept beside it, and made anew only if the file system knows that it is older."""
        program = path + b"p"
        try:
            self._make_program(path, program)
        except FileSystemError:
            pass  # that it cannot be loaded is told then
        except EndlessPageError:
            await trio.sleep_forever()
        await self.shared.network.files.settle()
        remote, port = connection.remote
        swapped = int.from_bytes(port.to_bytes(2, "little"), "big")  # as it is in the address, and nobody turns it
        method = b"GET" if request.method.upper() == b"GET" else b"POST"
        self._queue.put(
            self._callback_id, number, program, method, request.path, request.data, connection.port,
            int(connection.is_secure), remote.encode(), swapped, path,
        )  # fmt: skip
        await connection.page_ended.wait()

    def _make_program(self, path: bytes, program: bytes) -> None:
        files = self.shared.network.files
        file_system, inner = files.locate(path)
        written_s = file_system.stat(inner).modified_s
        with suppress(FileSystemError):
            program_system, inner_program = files.locate(program)
            if program_system.stat(inner_program).modified_s >= written_s:
                return
        made = preprocess(file_system.read_file(inner))
        program_system, inner_program = files.locate(program)
        program_system.write_file(inner_program, made)


def _remote_of(stream: Stream) -> tuple[str, int]:
    address, port, *_ = getattr(stream, "remote", ("", 0))
    return address, port


async def _understood(connection: _Connection, first: bytes) -> _Request:
    """Return what the first line asks for. A POST's data are the first line behind the headers that is not empty."""
    method, _, rest = first.lstrip(b" ").partition(b" ")
    path, _, protocol = rest.lstrip(b" ").partition(b" ")
    if not path:
        method, path = method.rstrip(b"\r\n"), b"/"
    elif not protocol.split(b"\r")[0]:
        path = path.rstrip(b"\r\n") or b"/"
    data = b""
    if method.upper() == b"GET":
        path, _, data = path.partition(b"?")
    elif method.upper() == b"POST":
        room = BUFFER_BYTES
        while (header := await connection.line(BUFFER_BYTES - 1)) is not None and header.strip(b"\r\n"):
            length = re.match(rb"content-length: *(\d*)", header, re.IGNORECASE)
            if length is not None:
                room = min(int(length[1] or 0) + 1, BUFFER_BYTES)
        while (line := await connection.line(max(room - 1, 0))) is not None:
            if line.strip(b"\r\n"):
                data = line
                break
    return _Request(method, path, data)


def _joined(root: bytes, path: bytes, ending: bytes) -> bytes:
    """Return where a path of a request is, which cannot leave the root (``filepath_merge``)."""
    segments: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            segments = segments[:-1]
        elif segment not in (b"", b"."):
            segments.append(segment)
    base = b"/" + root.strip(b"/")
    whole = b"/".join([base.rstrip(b"/"), *segments])
    if ending.startswith(b"."):
        return (whole or b"/") + ending
    return whole + b"/" + ending if ending else whole or b"/"


async def _close(stream: _AnyStream, closed: trio.Event) -> None:
    """Close, and give the client time to read what was sent: what it sends now would make the host reset it."""
    try:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError), trio.move_on_after(LINGER_S):
            if isinstance(stream, trio.SSLStream):
                await stream.aclose()
                return
            await stream.send_eof()
            while await stream.receive_some():
                pass
    finally:
        closed.set()
        await trio.aclose_forcefully(stream)
