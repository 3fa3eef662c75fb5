"""TLS as the stock firmware speaks it, on hosts that would rather not.

The firmware's client asks for exactly TLS 1.1 and checks no certificate. OpenSSL 3 still has 1.1, but only at security
level 0 and only if it was built with it; where it is gone, 1.2 takes its place, and `stock_tls_version` says so.
"""

from __future__ import annotations

import base64
import ssl
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Final

_LEGACY_CIPHERS: Final = "DEFAULT:@SECLEVEL=0"
"""TLS 1.1 signs with SHA-1 and MD5, which OpenSSL 3 allows at security level 0 only."""
_BOARD_CIPHERS: Final = (
    ":".join(
        f"{exchange}{cipher}-SHA"
        for cipher in ("AES256", "AES128", "CAMELLIA256", "CAMELLIA128")
        for exchange in ("ECDHE-ECDSA-", "ECDHE-RSA-", "DHE-RSA-", "")
        if not (cipher.startswith("CAMELLIA") and exchange.startswith("ECDHE"))
    )
    + ":@SECLEVEL=0"
)
"""What TLS 1.1 has of the key exchanges and ciphers in ``esp_config.h`` of ESP-IDF cc9b06d4; 3DES is left out, which
OpenSSL has lost."""
_ANONYMOUS_CIPHERS: Final = "AECDH-AES256-SHA:@SECLEVEL=0"
_OP_LEGACY_SERVER_CONNECT: Final = getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
"""Accept servers without secure renegotiation, as mbedTLS does (``SSL_OP_LEGACY_SERVER_CONNECT`` of ``ssl.h``; Python
names it from 3.12 on)."""


@cache
def stock_tls_version() -> ssl.TLSVersion:
    """Return the version that a stock board speaks on this host: TLS 1.1, or 1.2 where OpenSSL has lost 1.1.

    Tried once, by a handshake in memory that needs no certificate.
    """
    version = ssl.TLSVersion.TLSv1_1
    try:
        _shake_hands(version)
    except (ssl.SSLError, ValueError):
        return ssl.TLSVersion.TLSv1_2
    return version


@cache
def stock_client_context() -> ssl.SSLContext:
    """Return the one context of all stock boards: exactly `stock_tls_version`, and no certificate is checked."""
    return _client_context(stock_tls_version())


def library_client_context(authorities: bytes | None = None) -> ssl.SSLContext:
    """Return a context for what speaks TLS by a library of the firmware (MQTT, curl): any version from 1.0 to 1.2.

    Without ``authorities``, certificates in PEM or one in DER, no certificate is checked; with them chain and name are.
    Raises `ssl.SSLError` or `ValueError` if they are none.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = authorities is not None
    context.verify_mode = ssl.CERT_NONE if authorities is None else ssl.CERT_REQUIRED
    context.set_ciphers(_LEGACY_CIPHERS)
    context.options |= _OP_LEGACY_SERVER_CONNECT
    _set_versions(context, minimum=ssl.TLSVersion.TLSv1, maximum=ssl.TLSVersion.TLSv1_2)
    if authorities is not None:
        context.load_verify_locations(cadata=authorities.decode() if b"-----BEGIN" in authorities else authorities)
    return context


@cache
def board_client_context() -> ssl.SSLContext:
    """Return a context that offers a server what a real board offers: TLS 1.1 and the ciphers of its mbedTLS."""
    context = _client_context(stock_tls_version())
    context.set_ciphers(_BOARD_CIPHERS)
    return context


@cache
def any_server_context() -> ssl.SSLContext:
    """Return a client's context that gets along with any server, and checks nothing: for looking at one."""
    context = _client_context(ssl.TLSVersion.TLSv1_2)
    _set_versions(context, minimum=ssl.TLSVersion.TLSv1, maximum=ssl.TLSVersion.MAXIMUM_SUPPORTED)
    return context


def reason_of(error: BaseException) -> str:
    """Return why a handshake failed, in OpenSSL's words and lower case."""
    cause = error.__cause__
    reason = getattr(cause, "reason", None)
    return str(reason).replace("_", " ").lower() if reason else str(cause or error) or "the connection broke"


def checking_client_context(authority: bytes) -> ssl.SSLContext:
    """Return the context of a client that checks certificate and host name, and trusts nobody but ``authority`` (PEM).

    TLS 1.2 or newer. Raises `ssl.SSLError` if there is no certificate in ``authority``.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which checks both
    _set_versions(context, minimum=ssl.TLSVersion.TLSv1_2, maximum=ssl.TLSVersion.MAXIMUM_SUPPORTED)
    context.load_verify_locations(cadata=authority.decode("ascii", "replace"))
    return context


def allow_only_boards(context: ssl.SSLContext) -> None:
    """Let a server's ``context`` speak what a real board offers, and nothing else."""
    context.set_ciphers(_BOARD_CIPHERS)
    _set_versions(context, minimum=stock_tls_version(), maximum=stock_tls_version())


def library_server_context(certificate: bytes, key: bytes) -> ssl.SSLContext:
    """Return a context for a server on a board, for any version from 1.0 to 1.2. Both are in DER or PEM.

    Raises `ssl.SSLError` or `ValueError` if they are not what they should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(_LEGACY_CIPHERS)
    _set_versions(context, minimum=ssl.TLSVersion.TLSv1, maximum=ssl.TLSVersion.TLSv1_2)
    with tempfile.TemporaryDirectory() as folder:  # OpenSSL takes keys from files only
        paths = Path(folder, "certificate"), Path(folder, "key")
        for path, data, label in zip(paths, (certificate, key), ("CERTIFICATE", "PRIVATE KEY"), strict=True):
            path.write_bytes(data if b"-----BEGIN" in data else _to_pem(data, label))
        context.load_cert_chain(*paths)
    return context


def _to_pem(data: bytes, label: str) -> bytes:
    text = base64.encodebytes(data).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n".encode()


def allow_stock_clients(context: ssl.SSLContext) -> None:
    """Let a server's ``context`` accept stock boards too, next to newer clients."""
    context.set_ciphers(_LEGACY_CIPHERS)
    _set_versions(context, minimum=stock_tls_version(), maximum=ssl.TLSVersion.MAXIMUM_SUPPORTED)


def is_end_without_notice(error: BaseException | None) -> bool:
    """Return whether ``error`` says that TCP was closed and TLS was not; Python 3.11.2 has no class for it."""
    return isinstance(error, ssl.SSLEOFError) or (
        isinstance(error, ssl.SSLError) and error.reason == "UNEXPECTED_EOF_WHILE_READING"
    )


def _shake_hands(version: ssl.TLSVersion) -> None:
    """Connect a client and a server of ``version``. Raises `ssl.SSLError` or `ValueError` if that cannot be done."""
    client_context, server_context = _client_context(version), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _set_versions(server_context, minimum=version, maximum=version)
    for context in (client_context, server_context):
        context.set_ciphers(_ANONYMOUS_CIPHERS)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    waiting = [
        client_context.wrap_bio(to_client, to_server),
        server_context.wrap_bio(to_server, to_client, server_side=True),
    ]
    while waiting:
        end = waiting.pop(0)
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(end)


def _client_context(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(_LEGACY_CIPHERS)
    context.options |= _OP_LEGACY_SERVER_CONNECT
    # Some Pythons (Debian's 3.11.2) set this, and then a connection that was cut looks like one that was closed.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    _set_versions(context, minimum=version, maximum=version)
    return context


def _set_versions(context: ssl.SSLContext, minimum: ssl.TLSVersion, maximum: ssl.TLSVersion) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # we know that TLS 1.1 is deprecated
        context.minimum_version = minimum
        context.maximum_version = maximum
