"""HTTP as libcurl 7.54.1 speaks it (``lib/http.c``, ``lib/transfer.c``)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final

import trio

from simulator.libcurl.easy import UNKNOWN, Easy
from simulator.libcurl.failure import CurlError, Failure
from simulator.libcurl.form import Form
from simulator.libcurl.http_answer import BUFFER_BYTES, Answer
from simulator.libcurl.transfer import Sink, Transfer
from simulator.libcurl.url import Url

CONTINUE_S: Final = 1.0
"""How long a form waits for ``100 Continue`` (``expect_100_timeout``)."""


class HttpTransfer(Transfer):
    """GET, or POST if there is a form. ``accepts`` is what may be done to the body."""

    def __init__(
        self, easy: Easy, url: Url, sink: Sink, *, form: Form | None = None, accepts: str | None = None
    ) -> None:
        super().__init__(easy, url, sink)
        self._form = form
        self._accepts = accepts
        self._answer = Answer(easy, self, path=url.path, is_form=form is not None, has_login=url.user is not None)
        self._pieces: Iterator[bytes] = iter(())
        self._unsent: bytes | None = None
        """The next piece of a form, None behind the last."""
        self._asked_at = 0.0

    async def log_in(self) -> None:
        """Begin TLS if it is HTTPS."""
        if self.url.is_secure:
            await self.connect_tls()

    async def ask(self) -> bool:
        """Send the header of a request."""
        easy, form = self.easy, self._form
        head = self._head()
        easy.surroundings.emit("net.request", method="GET" if form is None else "POST", target=self.url.path)
        easy.show(b"> ", head)
        await self.send_all(head)
        easy.size = UNKNOWN
        self._asked_at = trio.current_time()
        if form is not None and form.size:
            easy.counts.up_total = form.size
            self._pieces = form.pieces(BUFFER_BYTES)
            self._unsent = next(self._pieces)
            self._answer.awaits_continue = True
            easy.expire(CONTINUE_S)
        await easy.update()
        return True

    def _head(self) -> bytes:
        url, form = self.url, self._form
        host = url.shown if url.has_usual_port else f"{url.shown}:{url.port}"
        lines = [f"{'GET' if form is None else 'POST'} {url.path} HTTP/1.1", f"Host: {host}"]
        if url.user is not None:
            self.easy.info(f"Server auth using Basic with user '{url.user}'")
            login = f"{url.user}:{url.password or ''}".encode("latin-1")
            lines.append(f"Authorization: Basic {base64.b64encode(login).decode()}")
        lines.append("Accept: */*")
        if self._accepts is not None:
            lines.append(f"Accept-Encoding: {self._accepts}")
        if form is not None:
            lines.append(f"Content-Length: {form.size}")
            if form.size:
                lines += ["Expect: 100-continue", f"Content-Type: multipart/form-data; boundary={form.boundary}"]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")

    async def exchange(self) -> None:
        """Receive the answer, and send the form when it is time."""
        easy, wire, answer = self.easy, self.wire, self._answer
        while True:
            has_moved = False
            if answer.is_receiving and wire.is_readable:
                has_moved = self._receive()
            if self._is_sending and wire.is_writable:
                self._send()
                has_moved = True
            if not has_moved and answer.awaits_continue and trio.current_time() - self._asked_at >= CONTINUE_S:
                answer.awaits_continue = False
                easy.info("Done waiting for 100-continue")
            is_over, left_s = not answer.is_receiving and not self._is_sending, easy.left_s
            await easy.update()
            if is_over:
                self.check_whole()
                answer.check_end()
                await easy.update()
                return
            if left_s <= 0:
                easy.check_time()
            await easy.next_pass(self._is_ready)

    @property
    def _is_sending(self) -> bool:
        answer = self._answer
        return self._unsent is not None and not answer.awaits_continue and not answer.is_refused

    def _is_ready(self) -> bool:
        wire = self.wire
        return (self._answer.is_receiving and wire.is_readable) or (self._is_sending and wire.is_writable)

    def _receive(self) -> bool:
        data = self.wire.read(self._answer.bytes_wanted)
        if data is None:
            return False
        self._answer.feed(data)
        if self._is_sending and not self._answer.is_receiving and self._answer.closes:
            self.easy.info("we are done reading and this is set to close, stop send")
            self._unsent = None
        return True

    def _send(self) -> None:
        piece = self._unsent or b""
        sent = self.wire.write(piece)
        self.easy.counts.up += sent
        self._unsent = piece[sent:] or next(self._pieces, None)

    async def end(self, failed: CurlError | None, is_premature: bool) -> None:
        """See whether there was an answer."""
        if failed is None and self._answer.is_nothing:
            raise self.easy.fail(Failure.GOT_NOTHING, "Empty reply from server")
