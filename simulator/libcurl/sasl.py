"""How libcurl proves to a mail server who it is (``lib/curl_sasl.c``, ``lib/vauth``), without a first answer.

A mechanism is a generator: it is sent what the server asks and yields what to answer.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Generator
from typing import Final, TypeAlias

Dialogue: TypeAlias = Generator[str, str, None]


class Cancelled(Exception):  # noqa: N818 (it is an outcome)
    """What the server asks cannot be answered: another mechanism is tried."""


def mechanism(offered: frozenset[str], user: str, password: str, nonce: str) -> tuple[str, Dialogue] | None:
    """Return the name of the best mechanism that a server offers, and the dialogue; None if there is none.

    ``nonce`` is random, for those that need it.
    """
    for name, make in _MECHANISMS.items():
        if name in offered:
            return name, make(user, password, nonce)
    return None


def _digest_md5(user: str, password: str, nonce: str) -> Dialogue:
    challenge = _decoded((yield ""))
    found = {name: quoted or bare for name, quoted, bare in _PAIR.findall(challenge)}
    if found.get("algorithm") != "md5-sess" or "auth" not in re.split(r"[ ,]+", found.get("qop", "")):
        raise Cancelled
    realm, server_nonce = found.get("realm", ""), found.get("nonce", "")
    uri = f"smtp/{realm}"
    login = _md5(f"{user}:{realm}:{password}").digest()
    secret = hashlib.md5(login + f":{server_nonce}:{nonce}".encode("latin-1"), usedforsecurity=False).hexdigest()
    purpose = _md5(f"AUTHENTICATE:{uri}").hexdigest()
    response = _md5(f"{secret}:{server_nonce}:00000001:{nonce}:auth:{purpose}").hexdigest()
    yield _encoded(
        f'username="{user}",realm="{realm}",nonce="{server_nonce}",cnonce="{nonce}",nc="00000001",'
        f'digest-uri="{uri}",response={response},qop=auth'
    )
    yield ""


def _cram_md5(user: str, password: str, _: str) -> Dialogue:
    challenge = _decoded((yield ""))
    digest = hmac.new(password.encode("latin-1"), challenge.encode("latin-1"), "md5").hexdigest()
    yield _encoded(f"{user} {digest}")


def _login(user: str, password: str, _: str) -> Dialogue:
    yield ""
    yield _encoded(user)
    yield _encoded(password)


def _plain(user: str, password: str, _: str) -> Dialogue:
    yield ""
    yield _encoded(f"\0{user}\0{password}")


_MECHANISMS: Final[dict[str, Callable[[str, str, str], Dialogue]]] = {
    "DIGEST-MD5": _digest_md5,
    "CRAM-MD5": _cram_md5,
    "LOGIN": _login,
    "PLAIN": _plain,
}
"""The best first."""
_PAIR: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^",]*))')


def _md5(text: str) -> hashlib._Hash:
    return hashlib.md5(text.encode("latin-1"), usedforsecurity=False)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("latin-1")).decode() or "="


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("latin-1")
    except binascii.Error as error:
        raise Cancelled from error
