"""FTP as libcurl 7.54.1 speaks it, passive (``lib/ftp.c``)."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from simulator.libcurl.c_text import leading_integer
from simulator.libcurl.easy import UNKNOWN, Easy
from simulator.libcurl.failure import CurlError, Failure
from simulator.libcurl.pingpong import PingPong, Reply, has_code
from simulator.libcurl.transfer import Sink
from simulator.libcurl.url import Url
from simulator.libcurl.wire import Wire
from simulator.network.interface import is_ipv4_address

BUFFER_BYTES: Final = 4096
_LAST_WORD_S: Final = 60
"""How long the word about a transfer may take when it is over."""
_PASSIVE: Final = re.compile(rb"\s*(\d+),\s*(\d+),\s*(\d+),\s*(\d+),\s*(\d+),\s*(\d+)")
_EXTENDED: Final = re.compile(rb"\((.)\1\1(\d+)\1")
_SIZE_IN_TEXT: Final = re.compile(rb"\((\d+) bytes")
_KEEP_CONTROL: Final = frozenset(
    (
        Failure.FTP_WEIRD_PASV_REPLY,
        Failure.FTP_COULDNT_SET_TYPE,
        Failure.FTP_COULDNT_RETR_FILE,
        Failure.PARTIAL_FILE,
        Failure.UPLOAD_FAILED,
        Failure.REMOTE_ACCESS_DENIED,
        Failure.FILESIZE_EXCEEDED,
        Failure.REMOTE_FILE_NOT_FOUND,
    )
)
"""After these the connection for commands is as good as before, and it is left with QUIT."""


@dataclass(frozen=True, slots=True)
class FtpOptions:
    """What is asked of a server. ``upload`` is what to store there; ``tries_tls`` asks for TLS first."""

    user: str
    password: str
    upload: bytes | None = None
    tries_tls: bool = False
    extended_passive: bool = False


class FtpTransfer(PingPong):
    """Gets, lists or stores a file."""

    def __init__(self, easy: Easy, url: Url, sink: Sink, options: FtpOptions) -> None:
        super().__init__(easy, url, sink)
        self._options = options
        self._directories: list[str] = []
        self._file = ""
        self._is_ascii = self._lists_names = False
        self._data: Wire | None = None
        self._has_tls = False
        self._data_has_tls = False
        self._is_usable = False
        """Whether the connection for commands may be left with QUIT."""
        self._has_entered = True
        self._is_transferring = False
        self._sent = 0

    def code_of_last_line(self, line: bytes) -> int | None:
        """A code and a blank."""
        return int(line[:3]) if has_code(line) and line[3:4] == b" " else None

    # -- logging in -----------------------------------------------------------------------------------------------

    async def log_in(self) -> None:
        """Greet, log in, and ask where we are."""
        easy = self.easy
        if self.url.is_secure:
            await self._connector.do_tls(self.wire, self.url.host, self.url.port)
            self._has_tls = True
        greeting = await self.greeting()
        if greeting.code == 230:
            await self._logged_in()
            return
        if greeting.code != 220:
            text = f"Got a {greeting.code:03d} ftp-server response when 220 was expected"
            raise easy.fail(Failure.WEIRD_SERVER_REPLY, text)
        if self._options.tries_tls and not self._has_tls:
            await self._try_tls()
        await self.command(f"USER {self._options.user}")
        reply = await self.reply()
        if reply.code == 331:
            await self.command(f"PASS {self._options.password}")
            reply = await self.reply()
        if reply.code == 332:
            raise easy.fail(Failure.LOGIN_DENIED, "ACCT requested but none available")
        if reply.code // 100 != 2:
            raise easy.fail(Failure.LOGIN_DENIED, f"Access denied: {reply.code:03d}")
        await self._logged_in()

    async def _try_tls(self) -> None:
        for name in ("SSL", "TLS"):
            await self.command(f"AUTH {name}")
            if (await self.reply()).code in (234, 334):
                await self._connector.do_tls(self.wire, self.url.host, self.url.port)
                self._has_tls = True
                return

    async def _logged_in(self) -> None:
        easy = self.easy
        if self._has_tls:
            await self.command("PBSZ 0")
            await self.reply()
            await self.command("PROT P")
            self._data_has_tls = (await self.reply()).code // 100 == 2
        await self.command("PWD")
        reply = await self.reply()
        if reply.code != 257:
            return
        found = re.match(rb'[^"]*"((?:[^"]|"")*)', reply.line[4:])
        if not found:
            easy.info("Failed to figure out path")
            return
        entry = found[1].replace(b'""', b'"').decode("latin-1")
        easy.info(f"Entry path is '{entry}'")
        if not entry.startswith("/"):
            await self._ask_for_system()

    async def _ask_for_system(self) -> None:
        await self.command("SYST")
        reply = await self.reply()
        if reply.code == 215 and reply.line[4:].split()[:1] == [b"OS/400"]:
            await self.command("SITE NAMEFMT 1")
            if (await self.reply()).code == 250:
                await self.command("PWD")
                await self.reply()

    # -- asking ---------------------------------------------------------------------------------------------------

    async def ask(self) -> bool:
        """Go where the file is, make a connection for it, and ask for it."""
        easy = self.easy
        easy.size = UNKNOWN
        easy.counts.down_total = easy.counts.up_total = 0
        self._parse_path()
        self._is_usable = True
        await self._enter()
        await self._open_data_connection()
        await self._set_type()
        if self._options.upload is not None:
            await self._ask_to_store(self._options.upload)
        elif self._lists:
            await self._ask_for_list()
        else:
            await self._ask_for_content()
        if self._is_transferring:
            await self._begin_transfer()
        await easy.update()
        return self._is_transferring

    def _parse_path(self) -> None:
        path, has_type, kind = self.url.path[1:].partition(";type=")
        self._is_ascii = has_type != "" and kind[:1].upper() == "A"
        self._lists_names = has_type != "" and kind[:1].upper() == "D"
        *directories, file = path.split("/")
        if path == "/":
            self._directories = ["/"]
        else:
            self._directories = [self._decoded(name) for name in directories if name]
            if directories and not directories[0]:
                self._directories.insert(0, "/")
        self._file = self._decoded(file)
        if self._options.upload is not None and not self._file:
            raise self.easy.fail(Failure.URL_MALFORMAT, "Uploading to a URL without a file name!")

    def _decoded(self, part: str) -> str:
        data = unquote_to_bytes(part.encode("latin-1"))
        if any(byte < 0x20 for byte in data):
            raise CurlError(Failure.URL_MALFORMAT)
        return data.decode("latin-1")

    @property
    def _lists(self) -> bool:
        return self._lists_names or not self._file

    async def _enter(self) -> None:
        """Change to the directory of the file, and ask where its connection is to go."""
        easy = self.easy
        commands = [f"CWD {name}" for name in self._directories]
        commands.append("EPSV" if self._options.extended_passive else "PASV")
        for number, text in enumerate(commands):
            if number:
                reply = await self.reply()
                if reply.code // 100 != 2:
                    self._has_entered = False
                    text = "Server denied you to change to the given directory"
                    raise easy.fail(Failure.REMOTE_ACCESS_DENIED, text)
            await self.command(text)
            if text in ("EPSV", "PASV"):
                easy.info("Connect data stream passively")
            if not number:
                easy.info("ftp_perform ends with SECONDARY: 0")

    async def _open_data_connection(self) -> None:
        easy, connector = self.easy, self._connector
        reply = await self.reply()
        if self._options.extended_passive:
            if reply.code == 229:
                address, port = self.address, self._extended_port(reply)
            else:
                easy.info("Failed EPSV attempt. Disabling EPSV")
                await self.command("PASV")
                address, port = self._passive_endpoint(await self.reply())
        else:
            address, port = self._passive_endpoint(reply)
        self._data = await connector.begin(address, port)
        easy.info(f"Connecting to {address} ({address}) port {port}")
        await easy.update()
        url, data = self.url, self._data
        while not await connector.finish(data, address, port, url.shown, url.port):
            await easy.next_pass(lambda: data.is_connected or data.trouble is not None)

    def _passive_endpoint(self, reply: Reply) -> tuple[str, int]:
        if reply.code != 227:
            raise self.easy.fail(Failure.FTP_WEIRD_PASV_REPLY, f"Bad PASV/EPSV response: {reply.code:03d}")
        found = _PASSIVE.search(reply.line, 4)
        if not found:
            raise self.easy.fail(Failure.FTP_WEIRD_227_FORMAT, "Couldn't interpret the 227-response")
        *address, high, low = (int(number) for number in found.groups())
        text = ".".join(map(str, address))
        if not is_ipv4_address(text):
            raise self.easy.fail(Failure.FTP_CANT_GET_HOST, f"Can't resolve new host {text}:{(high << 8) + low}")
        return text, (high << 8) + low & 0xFFFF

    def _extended_port(self, reply: Reply) -> int:
        found = _EXTENDED.search(reply.line, 4)
        if not found:
            raise self.easy.fail(Failure.FTP_WEIRD_PASV_REPLY, "Weirdly formatted EPSV reply")
        port = int(found[2])
        if port > 0xFFFF:
            raise self.easy.fail(Failure.FTP_WEIRD_PASV_REPLY, "Illegal port number in EPSV reply")
        return port

    async def _set_type(self) -> None:
        is_list = self._options.upload is None and self._lists
        await self.command("TYPE A" if is_list or self._is_ascii else "TYPE I")
        code = (await self.reply()).code
        if code // 100 != 2:
            raise self.easy.fail(Failure.FTP_COULDNT_SET_TYPE, "Couldn't set desired mode")
        if code != 200:
            self.easy.info(f"Got a {code:03d} response code instead of the assumed 200")

    async def _ask_to_store(self, content: bytes) -> None:
        easy = self.easy
        await self.command(f"STOR {self._file}")
        code = (await self.reply()).code
        if code >= 400:
            raise easy.fail(Failure.UPLOAD_FAILED, f"Failed FTP upload: {code}")
        easy.counts.up_total = len(content)
        self._is_transferring = True

    async def _ask_for_list(self) -> None:
        await self.command("NLST" if self._lists_names else "LIST")
        reply = await self.reply()
        if reply.code == 450:  # nothing to list
            return
        self._check_opening(reply, Failure.FTP_COULDNT_RETR_FILE)
        self.easy.info("Maxdownload = -1")
        self._is_transferring = True

    async def _ask_for_content(self) -> None:
        easy = self.easy
        await self.command(f"SIZE {self._file}")
        reply = await self.reply()
        size = leading_integer(reply.line[4:])[0] if reply.code == 213 else UNKNOWN
        easy.counts.down_total = max(size, 0)
        if easy.settings.bytes_max and size > easy.settings.bytes_max:
            raise easy.fail(Failure.FILESIZE_EXCEEDED, "Maximum file size exceeded")
        await self.command(f"RETR {self._file}")
        reply = await self.reply()
        refused = Failure.REMOTE_FILE_NOT_FOUND if reply.code == 550 else Failure.FTP_COULDNT_RETR_FILE
        self._check_opening(reply, refused)
        if self._is_ascii:
            size = UNKNOWN
        elif size < 1:
            found = _SIZE_IN_TEXT.search(reply.line)
            size = int(found[1]) if found else UNKNOWN
        easy.info("Maxdownload = -1")
        easy.info(f"Getting file with size: {size}")
        easy.size = size
        easy.counts.down_total = max(size, 0) or easy.counts.down_total
        self._is_transferring = True

    def _check_opening(self, reply: Reply, refused: Failure) -> None:
        if reply.code not in (125, 150):
            raise self.easy.fail(refused, f"RETR response: {reply.code:03d}")

    async def _begin_transfer(self) -> None:
        assert self._data is not None
        if self._data_has_tls:
            self.easy.info("Doing the SSL/TLS handshake on the data stream")
            await self._connector.do_tls(self._data, self.url.host, self.url.port)

    # -- the transfer ---------------------------------------------------------------------------------------------

    async def exchange(self) -> None:
        """Send or receive the file, or receive a list."""
        easy, data = self.easy, self._data
        assert data is not None
        content = self._options.upload
        is_over = False
        while True:
            if content is not None:
                is_over = self._send(data, content)
            elif data.is_readable:
                is_over = self._receive(data)
            left_s = easy.left_s
            await easy.update()
            if is_over:
                if content is None:
                    self.check_whole()
                await easy.update()
                return
            if left_s <= 0:
                easy.check_time()
            await easy.next_pass(lambda: data.is_readable if content is None else data.is_writable)

    def _send(self, data: Wire, content: bytes) -> bool:
        """Send a piece if there is room, and return whether it was the last one."""
        if not data.is_writable:
            return False
        piece_end = self._sent - self._sent % BUFFER_BYTES + BUFFER_BYTES
        self._sent += data.write(content[self._sent : piece_end])
        self.easy.counts.up = self._sent
        if self._sent < len(content):
            return False
        self.easy.info("We are completely uploaded and fine")
        return True

    def _receive(self, data: Wire) -> bool:
        """Take what has come, and return whether there was nothing more."""
        easy = self.easy
        wanted = BUFFER_BYTES if easy.size == UNKNOWN else min(BUFFER_BYTES, easy.size - easy.received)
        piece = data.read(wanted) if wanted else b""
        if not piece:
            return piece is not None
        easy.received += len(piece)
        easy.counts.down = easy.received
        self.take_body(piece)
        return False

    async def end(self, failed: CurlError | None, is_premature: bool) -> None:
        """Close the connection for data, and hear how it went."""
        easy = self.easy
        is_lost = failed is not None and (is_premature or failed.failure not in _KEEP_CONTROL)
        if is_lost:
            self._is_usable = False
        elif self._has_entered:
            easy.info(f'Remembering we are in dir "{self._directory}"')
        if self._data is not None:
            await self._data.close()
        if is_lost:
            return
        if self._is_transferring and self._is_usable and not is_premature:
            await self._hear_of_transfer()
        content = self._options.upload
        if content is not None:
            if self._sent != len(content):
                text = f"Uploaded unaligned file size ({self._sent} out of {len(content)} bytes)"
                raise easy.fail(Failure.PARTIAL_FILE, text)
        elif easy.size not in (UNKNOWN, easy.received):
            raise easy.fail(Failure.PARTIAL_FILE, f"Received only partial file: {easy.received} bytes")

    @property
    def _directory(self) -> str:
        """The path as it is, without the file."""
        path = unquote_to_bytes(self.url.path[1:].partition(";type=")[0].encode("latin-1")).decode("latin-1")
        return path.removesuffix(self._file)

    async def _hear_of_transfer(self) -> None:
        easy = self.easy
        try:
            reply = await self.last_word("FTP response timeout", _LAST_WORD_S)
        except CurlError as error:
            if error.failure is Failure.OPERATION_TIMEDOUT:
                easy.info("control connection looks dead")
                self._is_usable = False
            raise
        if reply.code not in (226, 250):
            raise easy.fail(Failure.PARTIAL_FILE, f"server did not report OK, got {reply.code}")

    async def part(self) -> None:
        """Say goodbye."""
        if self._is_usable:
            with suppress(CurlError):
                await self.command("QUIT")
                await self.reply_at_once()
