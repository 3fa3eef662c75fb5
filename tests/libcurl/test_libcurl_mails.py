"""How a mail is written, and how somebody proves who he is: what can be worked out without a server."""

from __future__ import annotations

import base64
import email
import email.policy
from email.message import EmailMessage

import pytest

from simulator.device.drivers.quickmail import Letter, compose
from simulator.libcurl.sasl import Cancelled, mechanism
from simulator.rng import Rng


def letter(*attachments: tuple[bytes, bytes], text: bytes = b"Hello") -> Letter:
    return Letter(b"me@a.example", [b"you@b.example", b""], [b"x@c.example", b"y@d.example"], b"Hi", text,
                  list(attachments), 1_700_000_000.5)  # fmt: skip


def read(mail: bytes) -> EmailMessage:
    message = email.message_from_bytes(mail, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_mail_has_the_headers_of_libquickmail_and_its_text() -> None:
    assert b"".join(compose(letter(), Rng(0))) == (
        b"User-Agent: libquickmail v0.1.25\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\nFrom: <me@a.example>\r\n"
        b"To: <you@b.example>\r\nCc: <x@c.example>,\r\n\t<y@d.example>\r\nSubject: Hi\r\nImportance: Low\r\n"
        b"X-Priority: 5\r\nX-MSMail-Priority: Low\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n"
        b"Content-Disposition: inline\r\n\r\nHello"
    )


@pytest.mark.parametrize("size", [1, 2, 3, 743, 744, 745, 5000])
def test_attachments_arrive_as_they_were(size: int) -> None:
    content = bytes(range(256)) * 20
    mail = b"".join(compose(letter((b"/sd/pic.bin", content[:size]), (b"b", b"B")), Rng(0)))
    message = read(mail)
    text, first, second = message.iter_parts()
    assert text.get_payload() == "Hello"
    assert (first.get_filename(), first.get_content()) == ("pic.bin", content[:size])
    assert (second.get_filename(), second.get_content()) == ("b", b"B")


def test_the_bits_that_fill_a_group_are_those_of_the_group_before() -> None:
    """libquickmail leaves its buffer as it was: behind the ``d`` of ``abcd`` are bits of ``b`` where zeros belong."""
    mail = b"".join(compose(letter((b"f", b"abcd")), Rng(0)))
    assert b"\r\n\r\nYWJjZG==\r\n" in mail  # as the library itself writes it; the rest of us writes YWJjZA==


def test_a_long_text_goes_out_in_pieces_of_256_bytes() -> None:
    sizes = [len(piece) for piece in compose(letter(text=b"t" * 600), Rng(0))]
    assert sizes[2:] == [256, 256, 88]


def dialogue(offered: str, *challenges: str) -> list[str]:
    found = mechanism(frozenset(offered.split()), "user", "secret", "abc")
    assert found is not None
    name, answers = found
    next(answers)
    return [name, *(answers.send(challenge) for challenge in challenges)]


def test_login_and_plain_tell_the_password() -> None:
    assert dialogue("PLAIN LOGIN", "", "") == ["LOGIN", "dXNlcg==", "c2VjcmV0"]
    assert dialogue("PLAIN X", "") == ["PLAIN", base64.b64encode(b"\0user\0secret").decode()]


def test_cram_md5_and_digest_md5_prove_that_it_is_known() -> None:
    """The numbers are those of RFC 2195 and RFC 2831, with their names and passwords."""
    found = mechanism(frozenset({"CRAM-MD5", "LOGIN"}), "tim", "tanstaaftanstaaf", "")
    assert found is not None
    name, answers = found
    next(answers)
    challenge = base64.b64encode(b"<1896.697170952@postoffice.reston.mci.net>").decode()
    answer = base64.b64decode(answers.send(challenge))
    assert (name, answer) == ("CRAM-MD5", b"tim b913a602c7eda7a495b4e6e7334d3890")
    challenge = base64.b64encode(
        b'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8'
    ).decode()
    found = mechanism(frozenset({"DIGEST-MD5", "CRAM-MD5"}), "chris", "secret", "OA6MHXh6VqTrRk")
    assert found is not None
    name, answers = found
    next(answers)
    answer = base64.b64decode(answers.send(challenge))
    assert name == "DIGEST-MD5"
    assert answer.startswith(b'username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh"')
    assert answers.send("") == ""


def test_what_cannot_be_answered_is_cancelled() -> None:
    with pytest.raises(Cancelled):
        dialogue("CRAM-MD5", "?")
    with pytest.raises(Cancelled):
        dialogue("DIGEST-MD5", base64.b64encode(b'algorithm=md5,qop="auth"').decode())
    assert mechanism(frozenset({"GSSAPI"}), "user", "secret", "") is None
