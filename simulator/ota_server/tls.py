"""The server's certificate and its TLS context.

By default both are made here: a certificate authority of our own and a certificate signed by it, in memory, when the
first one is needed. RSA with 2048 bits throughout, because that is what the mbedTLS of a real board with TLS 1.1 can
use, and because RSA signatures always have the same length: the handshake is the same number of bytes in each run, so
it takes the same simulated time. Keys are random all the same, and serial numbers and dates do not depend on the host.
"""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulator.errors import UsageError
from simulator.network.tls import allow_only_boards, allow_stock_clients

DEFAULT_NAMES: Final = ("ota.whitecatboard.org", "localhost", "127.0.0.1")
"""The server that Lua RTOS asks if nobody configured another, and this host."""
OTHER_HOST: Final = "other.example"
"""Whom a certificate is for that has the flaw "wrong-host"."""
_KEY_BITS: Final = 2048
_NOT_BEFORE: Final = datetime(2020, 1, 1, tzinfo=UTC)
_EXPIRED: Final = datetime(2020, 12, 31, tzinfo=UTC)
_NOT_AFTER: Final = datetime(2049, 12, 31, tzinfo=UTC)
_AUTHORITY_SERIAL: Final = 1
_SERVER_SERIAL: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A certificate chain and its key, and the certificate of the authority that a client should trust, all PEM.

    ``authority`` is ``b""`` if it is not known, that is for certificates from files.
    """

    chain: bytes
    key: bytes
    authority: bytes = b""


TlsRange = Literal["any", "legacy", "modern", "newest"]
"""Stock boards (TLS 1.1) and newer clients; what a real board offers alone; TLS 1.2 and newer; TLS 1.3 alone."""
Flaw = Literal["expired", "wrong-host", "untrusted"]
"""What may be wrong with a certificate."""


@cache
def made_credentials(*names: str, flaw: Flaw | None = None) -> Credentials:
    """Return credentials for ``names`` (DNS names and IP addresses; `DEFAULT_NAMES` if there are none).

    With a ``flaw`` they are not good: expired in 2020, for another host, or signed by somebody who only calls himself
    the authority; ``authority`` is the good one all the same. Made once per process, names and flaw, which takes about
    a tenth of a second.
    """
    names = names or DEFAULT_NAMES
    authority_name, authority_key, authority = _authority(names)
    if flaw == "untrusted":
        authority_key = _new_key()
    if flaw == "wrong-host":
        names = (OTHER_HOST,)
    server_key = _new_key()
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    not_after = _EXPIRED if flaw == "expired" else _NOT_AFTER
    server = (
        _builder(server_name, authority_name, server_key.public_key(), _SERVER_SERIAL, not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return Credentials(
        chain=server.public_bytes(pem),
        key=server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        authority=authority.public_bytes(pem),
    )


def load_credentials(chain: Path, key: Path) -> Credentials:
    """Return the credentials in two PEM files. Raises `UsageError` if they cannot be read or used."""
    try:
        credentials = Credentials(chain=chain.read_bytes(), key=key.read_bytes())
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from error
    try:
        server_context(credentials)
    except ssl.SSLError as error:
        raise UsageError(f"{chain} and {key} are no certificate and its key: {error.reason or error}") from error
    return credentials


@cache
def server_context(credentials: Credentials, *, speaks: TlsRange = "any") -> ssl.SSLContext:
    """Return a server's context for ``credentials``.

    No session is ever resumed, so every connection is the same handshake. Raises `ssl.SSLError` for bad credentials.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if speaks == "any":
        allow_stock_clients(context)
    elif speaks == "legacy":
        allow_only_boards(context)
    else:
        context.minimum_version = ssl.TLSVersion.TLSv1_3 if speaks == "newest" else ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    with tempfile.NamedTemporaryFile() as file:  # readable by us only; `ssl` loads certificates from files alone
        file.write(credentials.chain + b"\n" + credentials.key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


@cache
def _authority(names: tuple[str, ...]) -> tuple[x509.Name, rsa.RSAPrivateKey, x509.Certificate]:
    """Return the name, the key and the certificate of the authority for servers called ``names``."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "LuaTwin certificate authority")])
    key = _new_key()
    certificate = (
        _builder(name, name, key.public_key(), _AUTHORITY_SERIAL, _NOT_AFTER)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return name, key, certificate


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, serial: int, not_after: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_encipherment=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
