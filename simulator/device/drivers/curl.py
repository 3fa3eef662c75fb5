"""net.curl: requests, files and mails by `simulator.libcurl` (``components/lua/modules/net/net_service_curl.inc``).

What a script sets is kept by Lua and comes with each call. The library of the device speaks a few protocols more than
ours; a URL with one of those is an error that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias

import trio

from simulator.device.calls import call
from simulator.device.drivers.quickmail import Letter, compose
from simulator.device.drivers.shared import Driver, Shared
from simulator.filesystem import FileSystemError, OpenFile
from simulator.libcurl import (
    AUTHORITIES,
    Counts,
    CurlError,
    Easy,
    Field,
    Form,
    FtpOptions,
    FtpTransfer,
    HttpTransfer,
    Mail,
    NotHereError,
    Settings,
    Sink,
    SmtpTransfer,
    Surroundings,
    Transfer,
    Url,
    parse,
)

HEADER_BYTES_MAX: Final = 512
BODY_BYTES_MAX: Final = 2048
PROGRESS_S: Final = 0.1
"""The delay in the callback for the progress."""
MUCH_BYTES: Final = 1_000_000
MUCH_PERIOD_S: Final = 5
"""Of more than so much the progress is printed only so often."""

_CODINGS: Final = "deflate, gzip"
_FILE, _JSON = b"_FILE_", b"_JSON_"
_ANONYMOUS: Final = FtpOptions("anonymous", "ftp@example.com", extended_passive=True)

_Maker: TypeAlias = Callable[[Easy, Url, Sink], Transfer]
Answer: TypeAlias = tuple[Any, ...]


class _Options(NamedTuple):
    """What a script can set. 0 seconds are no limit and no progress."""

    is_verbose: int
    progress_s: int
    timeout_s: int
    bytes_max: int


class CurlDriver(Driver):
    """Carries out the transfers."""

    name: ClassVar[str] = "curl"

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._rng = shared.radio.rng.child("curl")

    @call("curl.get")
    async def _get(self, url: bytes, path: bytes | None, *options: int) -> Answer:
        """Answer with success, header and body, or with what is wrong."""
        makers: dict[str, _Maker] = {
            "http": lambda easy, url, sink: HttpTransfer(easy, url, sink, accepts=_CODINGS),
            "ftp": lambda easy, url, sink: FtpTransfer(easy, url, sink, _login_of(url)),
        }
        return await self._transfer(url, path, _Options(*options), makers)

    @call("curl.post")
    async def _post(self, url: bytes, *values: Any) -> Answer:
        """Send a form; its names and values follow the options. Answers with success, header and body."""
        boundary = "-" * 24 + self._rng.bytes(8).hex()
        fields = [self._field(name, value) for name, value in zip(values[4::2], values[5::2], strict=True)]
        form = Form(boundary, [found for found in fields if found is not None])
        await self.shared.network.files.settle()
        makers: dict[str, _Maker] = {
            "http": lambda easy, url, sink: HttpTransfer(easy, url, sink, form=form, accepts=_CODINGS)
        }
        return await self._transfer(url, None, _Options(*values[:4]), makers)

    def _field(self, name: bytes, value: bytes) -> Field | None:
        """Return a field of a form; files that are empty or not there are left out."""
        if name.startswith(_FILE):
            content = self._load(value)
            return Field(name[len(_FILE) :] or b"file", content, path=value) if content else None
        if name.startswith(_JSON):
            return Field(name[len(_JSON) :] or b"json", value, type="application/json")
        return Field(name, value)

    @call("curl.ftp")
    async def _ftp(
        self, uploads: bool, url: bytes, user: bytes, password: bytes, path: bytes | None, *options: int
    ) -> Answer:
        """Store a file, or get one or a list. Answers with success, header and content."""
        content = None
        if uploads:
            content = self._load(path or b"")
            if not content:
                return (None, b"Error opening file")
            await self.shared.network.files.settle()
            path = None
        asked = FtpOptions(user.decode("latin-1"), password.decode("latin-1"), content, tries_tls=True)
        makers: dict[str, _Maker] = {"ftp": lambda easy, url, sink: FtpTransfer(easy, url, sink, asked)}
        return await self._transfer(url, path, _Options(*options), makers)

    @call("curl.sendmail")
    async def _sendmail(self, server: bytes, port: int, is_secure: bool, *values: Any) -> Answer:
        """Send a mail; the options, user, password, subject and text are followed by three lists. Answers with a text.

        Each list begins with its length: those it goes to, those who get a copy, and the paths of files.
        """
        is_verbose, progress_s, timeout_s = values[:3]
        options = _Options(is_verbose, progress_s, timeout_s, bytes_max=0)
        user, password, subject, text = values[3:7]
        lists, rest = [], list(values[7:])
        while rest:
            size = rest[0]
            lists.append(rest[1 : 1 + size])
            rest = rest[1 + size :]
        to, copies, paths = lists
        attachments = [(path, content) for path in paths if (content := self._load(path))]
        await self.shared.network.files.settle()
        letter = Letter(user, to, copies, subject, text, attachments, self.shared.network.epoch())
        mail = Mail(
            user.decode("latin-1"),
            tuple(address.decode("latin-1") for address in (*to, *copies) if address),
            password.decode("latin-1"),
            self._rng.bytes(16).hex(),
            compose(letter, self._rng),
        )
        url = b"%s://%s:%d" % (b"smtps" if is_secure else b"smtp", server, port & 0xFFFF_FFFF)
        job = _Job(self.shared, options, is_mail=True)
        return await job.send(url.decode("latin-1"), mail)

    async def _transfer(self, url: bytes, path: bytes | None, options: _Options, makers: dict[str, _Maker]) -> Answer:
        file = None
        if path is not None:
            try:
                file = self.shared.network.files.open(path, "wb")
            except FileSystemError:
                return (None, b"Error opening file")
        try:
            return await _Job(self.shared, options, file).run(url.decode("latin-1"), makers)
        finally:
            if file is not None:
                file.close()

    def _load(self, path: bytes) -> bytes:
        try:
            return self.shared.network.files.load(path)
        except FileSystemError:
            return b""


def _login_of(url: Url) -> FtpOptions:
    if url.user is None:
        return _ANONYMOUS
    return FtpOptions(url.user, url.password or "", extended_passive=True)


@dataclass
class _Job:
    """One transfer for a script, with the callbacks that the module gives the library."""

    shared: Shared
    options: _Options
    file: OpenFile | None = None
    """Where what is received goes, instead of to the script."""
    is_mail: bool = False
    _body: bytearray = field(default_factory=bytearray)
    _told_s: float = 0.0
    _told: tuple[int, int] = (0, 0)
    _period_s: float = 0.0

    def __post_init__(self) -> None:
        self._period_s = self.options.progress_s

    async def run(self, text: str, makers: dict[str, _Maker]) -> Answer:
        """Get or send what a URL says; return success, header and body as a script gets them."""
        easy = self._easy()
        header = b""
        failure: CurlError | None = None
        try:
            url = self._parse(easy, text)
            make = makers.get(url.scheme.removesuffix("s"))
            if make is None:
                return _not_here(url.scheme.upper())
            transfer = make(easy, url, self._take)
            await transfer.run()
            header = bytes(transfer.header)
        except CurlError as error:
            failure = error
        if self.options.progress_s:
            self._write("\r\n")
        await self.shared.network.files.settle()
        if failure is not None:
            if self.options.is_verbose:
                self._write(f"curl_easy_perform failed: {failure}\r\n")
            return False, str(failure).encode(), b"error"
        body = b"Received to file." if self.file is not None else _text(bytes(self._body[:BODY_BYTES_MAX]))
        return True, _text(header[:HEADER_BYTES_MAX]), body

    async def send(self, text: str, mail: Mail) -> Answer:
        """Send a mail; return success and a text as a script gets them."""
        easy = self._easy()
        failure: CurlError | None = None
        try:
            await SmtpTransfer(easy, self._parse(easy, text), self._print, mail).run()
        except NotHereError as error:
            return _not_here(error.what)
        except CurlError as error:
            failure = error
        self._write("\r\n")
        return (True, b"OK") if failure is None else (False, str(failure).encode())

    def _easy(self) -> Easy:
        options, shared = self.options, self.shared
        progress = None
        if options.progress_s:
            progress = self._tell_of_mail if self.is_mail else self._tell
        settings = Settings(
            timeout_s=options.timeout_s,
            bytes_max=options.bytes_max,
            is_verbose=bool(options.is_verbose),
            tells_sockets=not self.is_mail,
            progress=progress,
        )
        surroundings = Surroundings(
            shared.network.interface, shared.console.write, shared.network.emit, self._authorities
        )
        return Easy(settings, surroundings)

    def _parse(self, easy: Easy, text: str) -> Url:
        try:
            return parse(text, easy.info)
        except CurlError:
            easy.info("Closing connection -1")
            raise

    def _authorities(self) -> bytes | None:
        try:
            return self.shared.network.files.load(AUTHORITIES.encode())
        except FileSystemError:
            return None

    def _write(self, text: str) -> None:
        self.shared.write(text)

    def _take(self, data: bytes) -> bool:
        if self.file is None:
            self._body += data
            return True
        try:
            self.file.write(data)
        except FileSystemError:
            return False
        return True

    def _print(self, data: bytes) -> bool:
        self.shared.console.write(data)
        return True

    async def _tell(self, now_s: float, counts: Counts) -> bool:
        """Print the progress if it is time; return whether more has come than may (``xferinfo``)."""
        if self._period_s and now_s - self._told_s >= self._period_s and (counts.up or counts.down):
            text = "" if self._told_s else "\r\n"
            self._told_s = now_s
            if max(counts.up_total, counts.down_total) > MUCH_BYTES:
                self._period_s = max(self._period_s, MUCH_PERIOD_S)
            text += f"* TIME: {now_s:0.1f}"
            if counts.up and counts.up != self._told[0]:
                text += f" UP: {counts.up}" + (f" of {counts.up_total}" if counts.up_total else "")
            if counts.down and counts.down != self._told[1]:
                text += f"  DOWN: {counts.down}" + (f" of {counts.down_total}" if counts.down_total else "")
            self._told = (counts.up, counts.down)
            self._write(f"{text}\r\n")
            if (counts.up and counts.up == counts.up_total) or (counts.down and counts.down == counts.down_total):
                self._period_s = 0
        await trio.sleep(PROGRESS_S)
        return counts.down > self.options.bytes_max

    async def _tell_of_mail(self, now_s: float, counts: Counts) -> bool:
        """Print how much of a mail has been sent if it is time (``xferinfo`` of ``quickmail.c``)."""
        if now_s - self._told_s >= self.options.progress_s:
            first = "" if self._told_s else "\r\n"
            self._write(f"{first}TIME: {now_s:0.1f} UP: {counts.up}\r")
            self._told_s = now_s
        return False


def _not_here(what: str) -> Answer:
    return (None, f"LuaTwin has no {what} here, which the device's libcurl has".encode())


def _text(data: bytes) -> bytes:
    """Return what of it is a text for C."""
    return data.partition(b"\0")[0]
