"""SMTP as libcurl 7.54.1 speaks it (``lib/smtp.c``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from simulator.libcurl.easy import UNKNOWN, Easy
from simulator.libcurl.failure import CurlError, Failure, NotHereError
from simulator.libcurl.pingpong import PingPong, has_code
from simulator.libcurl.sasl import Cancelled, mechanism
from simulator.libcurl.transfer import Sink
from simulator.libcurl.url import Url

_OWN_NAME: Final = "localhost"
"""What the library calls the board, which has no ``gethostname``."""
_END_BYTES: Final = b".\r\n"


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent, from whom and to whom. ``nonce`` is random. Pieces are sent one by one."""

    sender: str
    recipients: tuple[str, ...]
    password: str
    nonce: str
    pieces: Iterator[bytes]


class SmtpTransfer(PingPong):
    """Sends one mail. With nobody to send it to, it asks for help."""

    def __init__(self, easy: Easy, url: Url, sink: Sink, mail: Mail) -> None:
        super().__init__(easy, url, sink)
        self._mail = mail
        self._offers: list[str] = []
        self._has_tls = False
        self._is_helped = False
        self._tail = b""
        """The last bytes that have been sent."""

    def code_of_last_line(self, line: bytes) -> int | None:
        """A code and a blank, or a code alone."""
        if not has_code(line):
            return None
        text = line.rstrip(b"\r\n")
        self._offers.append(text[4:].decode("latin-1"))
        if self._is_helped:
            self.take_body(line)
        return int(line[:3]) if line[3:4] == b" " or len(line) == len("250\r\n") else None

    # -- logging in -----------------------------------------------------------------------------------------------

    async def log_in(self) -> None:
        """Say hello, begin TLS if there is some, and prove who we are."""
        easy = self.easy
        if self.url.is_secure:
            await self.connect_tls()
            self._has_tls = True
        code = (await self.greeting()).code
        if code // 100 != 2:
            raise easy.fail(Failure.WEIRD_SERVER_REPLY, f"Got unexpected smtp-server response: {code}")
        if not await self._say_hello():
            return
        if "STARTTLS" in (offer[:8] for offer in self._offers) and not self._has_tls:
            await self.command("STARTTLS")
            if (await self.reply()).code == 220:
                await self.connect_tls()
                self._has_tls = True
                if not await self._say_hello():
                    return
        await self._authenticate()

    async def _say_hello(self) -> bool:
        """Return whether the server speaks of what it offers."""
        self._offers.clear()
        await self.command(f"EHLO {_OWN_NAME}")
        if (await self.reply()).code // 100 == 2:
            return True
        await self.command(f"HELO {_OWN_NAME}")
        code = (await self.reply()).code
        if code // 100 != 2:
            raise self.easy.fail(Failure.REMOTE_ACCESS_DENIED, f"Remote access denied: {code}")
        return False

    async def _authenticate(self) -> None:
        mail = self._mail
        lines = [offer[len("AUTH ") :] for offer in self._offers if offer.startswith("AUTH ")]
        if not lines or not mail.sender:
            return
        offered = frozenset(word for line in lines for word in line.split())
        while True:
            if "NTLM" in offered and not offered & {"DIGEST-MD5", "CRAM-MD5"}:
                raise NotHereError("NTLM")
            found = mechanism(offered, mail.sender, mail.password, mail.nonce)
            if found is None:
                self.easy.info("No known authentication mechanisms supported!")
                raise CurlError(Failure.LOGIN_DENIED)
            name, dialogue = found
            next(dialogue)
            await self.command(f"AUTH {name}")
            try:
                while True:
                    reply = await self.reply()
                    if reply.code == 235:
                        return
                    if reply.code != 334:
                        raise CurlError(Failure.LOGIN_DENIED)
                    await self.command(dialogue.send(reply.line[4:].strip().decode("latin-1")))
            except StopIteration as error:
                raise CurlError(Failure.LOGIN_DENIED) from error
            except Cancelled:
                await self.command("*")
                await self.reply()
                offered -= {name}

    # -- the mail -------------------------------------------------------------------------------------------------

    async def ask(self) -> bool:
        """Say from whom and to whom it is."""
        easy, mail = self.easy, self._mail
        easy.size = UNKNOWN
        if not mail.recipients:
            await self._ask_for_help()
            return False
        await self.command(f"MAIL FROM:<{mail.sender}>")
        await self._expect("MAIL")
        for recipient in mail.recipients:
            await self.command(f"RCPT TO:<{recipient}>")
            await self._expect("RCPT")
        await self.command("DATA")
        code = (await self.reply()).code
        if code != 354:
            raise easy.fail(Failure.SEND_ERROR, f"DATA failed: {code}")
        await easy.update()
        return True

    async def _expect(self, what: str) -> None:
        code = (await self.reply()).code
        if code // 100 != 2:
            raise self.easy.fail(Failure.SEND_ERROR, f"{what} failed: {code}")

    async def _ask_for_help(self) -> None:
        await self.command("HELP")
        self._is_helped = True
        code = (await self.reply()).code
        self._is_helped = False
        if code // 100 != 2:
            raise self.easy.fail(Failure.RECV_ERROR, f"Command failed: {code}")
        await self.easy.update()

    async def exchange(self) -> None:
        """Send the mail piece by piece."""
        easy, wire = self.easy, self.wire
        rest = b""
        is_over = False
        while True:
            if wire.is_writable and not is_over:
                rest = rest or self._escaped(next(self._mail.pieces, b""))
                is_over = not rest
                if rest:
                    sent = wire.write(rest)
                    easy.counts.up += sent
                    rest = rest[sent:]
            left_s = easy.left_s
            await easy.update()
            if is_over:
                await easy.update()
                return
            if left_s <= 0:
                easy.check_time()
            await easy.next_pass(lambda: wire.is_writable)

    def _escaped(self, piece: bytes) -> bytes:
        """Return a piece with a second dot where a line begins with one."""
        known = self._tail + piece
        escaped = known.replace(b"\r\n.", b"\r\n..")[len(self._tail) :]
        self._tail = known[-len("\r\n") :]
        return escaped

    async def end(self, failed: CurlError | None, is_premature: bool) -> None:
        """Mark the end of the mail, and hear what becomes of it."""
        if failed is not None or not self._mail.recipients:
            return
        end = _END_BYTES if self._tail == b"\r\n" else b"\r\n" + _END_BYTES
        await self.send_all(end)
        self.awaits_reply()
        if (await self.reply_at_once()).code != 250:
            raise CurlError(Failure.RECV_ERROR)

    async def part(self) -> None:
        """Say goodbye."""
        with suppress(CurlError):
            await self.command("QUIT")
            await self.reply_at_once()
