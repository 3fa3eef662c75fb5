"""What libcurl makes of a URL (``parseurlandfillconn`` and what follows it in ``lib/url.c`` of 7.54.1).

It forgives a lot, and tells of it. Texts are latin-1: a URL is bytes to it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from simulator.libcurl.c_text import leading_integer
from simulator.libcurl.failure import CurlError, Failure

PORTS: Final = {"http": 80, "https": 443, "ftp": 21, "ftps": 990, "smtp": 25, "smtps": 465}
"""The protocols that are carried, and their ports."""
OTHER_PROTOCOLS: Final = frozenset(
    ("dict", "file", "gopher", "imap", "imaps", "pop3", "pop3s", "rtsp", "telnet", "tftp"),
)
"""What the library of the device speaks besides (``net.curl.info(true)`` names them)."""
SECURE: Final = frozenset(("https", "ftps", "smtps"))

_WITH_SCHEME: Final = re.compile(r"([^\n/:]{1,15}):(/{1,3})([^\n/?#]+)([^\n]*)")
_WITHOUT_SCHEME: Final = re.compile(r"([^\n/?#]+)([^\n]*)")
_SCHEME_ALONE: Final = re.compile(r"[^\n/:]{1,15}:/{1,3}")
_BY_NAME: Final = {"ftp.": "ftp", "dict.": "dict", "ldap.": "ldap", "imap.": "imap", "smtp.": "smtp", "pop3.": "pop3"}
"""How a host has to begin for another protocol than HTTP, if the URL names none."""
_BRACKETED: Final = re.compile(r"\[([0-9a-fA-F:.]{1,45})\](.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Url:
    """Where a transfer goes. ``path`` begins with a slash and has the query in it.

    ``shown`` is the host as written, ``host`` what is looked up. ``user`` and ``password`` are None if there are none
    in the URL.
    """

    scheme: str
    shown: str
    host: str
    port: int
    path: str
    user: str | None
    password: str | None

    @property
    def is_secure(self) -> bool:
        """Whether TLS comes before anything else."""
        return self.scheme in SECURE

    @property
    def has_usual_port(self) -> bool:
        """Whether the port is the one that need not be named."""
        return self.port == PORTS[self.scheme]


def parse(text: str, info: Callable[[str], None]) -> Url:
    """Return what ``text`` stands for; ``info`` is told what is odd about it and why it is refused.

    Raises `CurlError`. The scheme is one of `PORTS` or of `OTHER_PROTOCOLS`, of which nothing else is looked at.
    """
    if re.search(r"[\r\n]", text):
        raise _refused("Illegal characters found in URL", info)
    if text.startswith(":"):
        raise _refused("Bad URL, colon is first character", info)
    if text[:5].lower() == "file:":
        return Url("file", "", "", 0, text[5:], None, None)
    found = _WITH_SCHEME.match(text)
    if found:
        scheme, slashes, host, path = found.groups()
        if slashes != "//":
            plural = "es" if len(slashes) > 1 else ""
            info(f"Unwillingly accepted illegal URL using {len(slashes)} slash{plural}!")
        prefix = f"{scheme}://"
    else:
        if _SCHEME_ALONE.match(text):
            raise _refused("Bad URL", info)
        found = _WITHOUT_SCHEME.match(text)
        if not found:
            raise _refused("<url> malformed", info)
        host, path = found.groups()
        scheme = next((name for start, name in _BY_NAME.items() if host[:5].lower().startswith(start)), "http")
        prefix = ""
    whole = path
    path = without_dots(path) if path.startswith("/") else "/" + path
    if path != whole:
        info(f"Rebuilt URL to: {prefix}{host}{path}")
    if scheme.lower() not in PORTS and scheme.lower() not in OTHER_PROTOCOLS:
        info(f'Protocol "{scheme}" not supported or disabled in libcurl')
        raise CurlError(Failure.UNSUPPORTED_PROTOCOL)
    scheme, path = scheme.lower(), path.partition("#")[0]
    if scheme in OTHER_PROTOCOLS:
        return Url(scheme, host, host, 0, path, None, None)
    login, at, host = host.partition("@") if "@" in host else ("", "", host)
    user, colon, password = login.partition(":")
    host, port = _host_and_port(host, PORTS[scheme], info)
    return Url(
        scheme,
        host,
        host.removesuffix("."),
        port,
        path,
        unquote(user, "latin-1") if at else None,
        unquote(password, "latin-1") if colon else None,
    )


def _host_and_port(host: str, usual: int, info: Callable[[str], None]) -> tuple[str, int]:
    found = _BRACKETED.fullmatch(host)
    if found:
        name, rest = found.groups()
        colon, digits = rest[:1] == ":", rest[1:]
    else:
        if _is_ipv6_address(host):
            raise _refused("IPv6 numerical address used in URL without brackets", info)
        name, colon_text, digits = host.partition(":")
        colon = bool(colon_text)
    if not colon:
        return name, usual
    port, length = leading_integer(digits.encode("latin-1"))
    if not 0 <= port <= 0xFFFF:
        raise _refused("Port number out of range", info)
    if length < len(digits):
        raise _refused(f"Port number ended with '{digits[length]}'", info)
    return name, port if length else usual


def _is_ipv6_address(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _refused(why: str, info: Callable[[str], None]) -> CurlError:
    info(why)
    return CurlError(Failure.URL_MALFORMAT)


def without_dots(path: str) -> str:
    """Return a path without the segments ``.`` and ``..``, which the query may have (RFC 3986, section 5.2.4)."""
    rest, question, query = path.partition("?")
    done = ""
    while rest:
        if rest.startswith(("./", "../")):
            rest = rest.partition("/")[2]
        elif rest.startswith("/./") or rest == "/.":
            rest = "/" + rest[3:]
        elif rest.startswith("/../") or rest == "/..":
            rest = "/" + rest[4:]
            done = done.rpartition("/")[0]
        elif rest in (".", ".."):
            rest = ""
        else:
            end = rest.find("/", 1)
            end = len(rest) if end < 0 else end
            done, rest = done + rest[:end], rest[end:]
    return done + question + query
