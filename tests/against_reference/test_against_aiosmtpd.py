"""net.curl.sendmail against aiosmtpd: a real server on a real port, with and without TLS and a login."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trio
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from simulator.firmware import SMALLEST_IMAGE_BYTES
from simulator.network.redirect import ServerAddress
from simulator.ota_server import made_credentials
from simulator.world import World, run_in_world
from tests.device.stage import JOIN, PASSWORD, SSID, printed

pytestmark = pytest.mark.real

_RUN_TIMEOUT_S = 60


class Mailbox:
    """Keeps the mails that come."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.ciphers: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # the name that it asks for
        self.mails.append(envelope)
        self.ciphers.append(session.ssl["cipher"][0] if session.ssl else "")
        return "250 taken"


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=data == LoginPassword(b"me@a.example", b"secret"), handled=False)


@contextmanager
def served(mailbox: Mailbox, **options: Any) -> Iterator[int]:
    """Yield the port of a server that wants a login."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has an opinion about logins without TLS
        controller = Controller(
            mailbox, hostname="127.0.0.1", port=port, authenticator=authenticate, auth_required=True, **options
        )
        controller.start()
        try:
            yield port
        finally:
            controller.stop()


def tls_context(folder: Path) -> ssl.SSLContext:
    credentials = made_credentials("localhost", "127.0.0.1")
    for name, data in {"chain": credentials.chain, "key": credentials.key}.items():
        (folder / name).write_bytes(data)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain", folder / "key")
    return context


def shown_by(fields: str, files: dict[str, bytes] | None = None) -> str:
    """Return what a board on the host's sockets prints of a mail."""
    script = (
        "net.curl.verbose(0) net.curl.progress(0) print(net.curl.sendmail{"
        f'user = "me@a.example", pass = "secret", to = "you@b.example", smtp = "localhost", {fields}}})'
    )

    async def main(world: World) -> str:
        world.add_access_point(SSID, PASSWORD)
        board = world.new_board("M5STACK", script=JOIN + script, files=files, image_bytes=SMALLEST_IMAGE_BYTES)
        world.power_on(board)
        with trio.fail_after(_RUN_TIMEOUT_S):
            assert await board.finished(), board.why_stuck
        return printed(board.console.decode()).replace("\r", "").strip()

    return run_in_world(main, server=ServerAddress("localhost", 1))


def test_a_mail_with_attachments_arrives_whole() -> None:
    mailbox = Mailbox()
    content = bytes(range(256)) * 30
    with served(mailbox, auth_require_tls=False) as port:
        fields = f'port = {port}, secure = false, cc = "c@x", msg = "One\\r\\n.\\r\\n..two", attach = "/f.bin"'
        assert shown_by(fields, {"/f.bin": content}) == "true\tOK"
    (envelope,) = mailbox.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("me@a.example", ["you@b.example", "c@x"])
    assert isinstance(envelope.content, bytes)
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    text, attachment = message.iter_parts()
    assert str(text.get_payload()).rstrip("\r\n") == "One\r\n.\r\n..two"
    assert (attachment.get_filename(), attachment.get_content()) == ("f.bin", content)


def test_a_wrong_password_is_no_login() -> None:
    with served(Mailbox(), auth_require_tls=False) as port:
        assert shown_by(f'port = {port}, secure = false, pass = "wrong"') == "false\tLogin denied"


def test_tls_is_begun_if_the_server_has_it(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with served(mailbox, tls_context=tls_context(tmp_path), require_starttls=True) as port:
        assert shown_by(f"port = {port}, secure = false") == "true\tOK"
    assert len(mailbox.mails) == 1


def test_tls_comes_first_if_the_mail_is_to_be_secure(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with served(mailbox, ssl_context=tls_context(tmp_path), auth_require_tls=False) as port:
        assert shown_by(f"port = {port}") == "true\tOK"
    assert len(mailbox.mails) == 1
