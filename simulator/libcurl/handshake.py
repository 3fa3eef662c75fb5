"""TLS as mbedTLS does it for libcurl, and what it says of a handshake and of a certificate (``vtls/mbedtls.c``)."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import trio
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, SignatureAlgorithmOID

from simulator.network.tls import library_client_context

_END_OF_CONNECTION: Final = "(-0x7280) SSL - The connection indicated an EOF"
_INVALID_RECORD: Final = "(-0x7200) SSL - An invalid SSL record was received"
_FATAL_ALERT: Final = "(-0x7780) SSL - A fatal alert message was received from our peer"
_RESET: Final = "(-0x0050) NET - Connection was reset by peer"


class HandshakeFailed(Exception):  # noqa: N818 (it is an outcome)
    """A handshake did not succeed; the text is what mbedTLS calls it, its number first."""


@cache
def client_context() -> ssl.SSLContext:
    """Return the context of all transfers: any version that the library speaks, and no certificate is checked."""
    return library_client_context()


async def shake_hands(tls: trio.SSLStream[trio.abc.Stream]) -> None:
    """Do the handshake. Raises `HandshakeFailed`."""
    try:
        await tls.do_handshake()
    except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
        raise HandshakeFailed(_name_of(error.__cause__)) from error


def _name_of(cause: BaseException | None) -> str:
    if isinstance(cause, ssl.SSLEOFError):
        return _END_OF_CONNECTION
    if isinstance(cause, ssl.SSLError):
        reason = cause.reason or ""
        if "UNEXPECTED_EOF" in reason:
            return _END_OF_CONNECTION
        return _FATAL_ALERT if "ALERT" in reason else _INVALID_RECORD
    return _RESET


def cipher_of(tls: trio.SSLStream[trio.abc.Stream]) -> str:
    """Return what mbedTLS calls the cipher suite."""
    name = tls.cipher()[0]
    exchange, _, rest = name.rpartition("-AES") if "-AES" in name else name.rpartition("-CHACHA20")
    if not rest:
        return f"TLS-{name}"
    exchange = exchange or "RSA"
    if "CHACHA20" in name:
        return f"TLS-{exchange}-WITH-CHACHA20-POLY1305-SHA256"
    bits, *mode = rest.split("-")
    if len(mode) == 1:  # AES128-SHA: the mode goes without saying
        mode = ["CBC", *mode]
    return f"TLS-{exchange}-WITH-AES-{bits}-{'-'.join(mode)}"


def certificate_lines(der: bytes) -> list[str]:
    """Return what ``mbedtls_x509_crt_info`` of mbedTLS 2.13 prints of a certificate."""
    certificate = x509.load_der_x509_certificate(der)
    number = f"{certificate.serial_number:x}"
    number = number if len(number) % 2 == 0 else f"0{number}"
    pairs = [number[first : first + 2].upper() for first in range(0, len(number), 2)]
    shown = ":".join(pairs[:28] if len(pairs) > 32 else pairs) + ("...." if len(pairs) > 32 else "")
    key, bits = _key_of(certificate)
    lines = [
        f"cert. version     : {certificate.version.value + 1}",
        f"serial number     : {shown}",
        f"issuer name       : {_name(certificate.issuer)}",
        f"subject name      : {_name(certificate.subject)}",
        f"issued  on        : {certificate.not_valid_before_utc:%Y-%m-%d %H:%M:%S}",
        f"expires on        : {certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%S}",
        f"signed using      : {_SIGNATURES.get(certificate.signature_algorithm_oid, '???')}",
        f"{key + ' key size':<18}: {bits} bits",
    ]
    by_kind = {type(extension.value): extension.value for extension in certificate.extensions}
    for kind, show in _EXTENSIONS.items():
        if kind in by_kind:
            lines.append(show(by_kind[kind]))
    return lines


_SIGNATURES: Final = {
    SignatureAlgorithmOID.RSA_WITH_SHA1: "RSA with SHA1",
    SignatureAlgorithmOID.RSA_WITH_SHA256: "RSA with SHA-256",
    SignatureAlgorithmOID.RSA_WITH_SHA384: "RSA with SHA-384",
    SignatureAlgorithmOID.RSA_WITH_SHA512: "RSA with SHA-512",
    SignatureAlgorithmOID.ECDSA_WITH_SHA256: "ECDSA with SHA256",
    SignatureAlgorithmOID.ECDSA_WITH_SHA384: "ECDSA with SHA384",
    SignatureAlgorithmOID.ECDSA_WITH_SHA512: "ECDSA with SHA512",
}
_NAMES: Final = {
    NameOID.COMMON_NAME: "CN",
    NameOID.COUNTRY_NAME: "C",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.EMAIL_ADDRESS: "emailAddress",
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.DOMAIN_COMPONENT: "DC",
}
_KEY_USES: Final = {
    "digital_signature": "Digital Signature",
    "content_commitment": "Non Repudiation",
    "key_encipherment": "Key Encipherment",
    "data_encipherment": "Data Encipherment",
    "key_agreement": "Key Agreement",
    "key_cert_sign": "Key Cert Sign",
    "crl_sign": "CRL Sign",
}
_EXTENDED_USES: Final = {
    ExtendedKeyUsageOID.SERVER_AUTH: "TLS Web Server Authentication",
    ExtendedKeyUsageOID.CLIENT_AUTH: "TLS Web Client Authentication",
    ExtendedKeyUsageOID.CODE_SIGNING: "Code Signing",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "E-mail Protection",
    ExtendedKeyUsageOID.TIME_STAMPING: "Time Stamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSP Signing",
}


def _name(name: x509.Name) -> str:
    return ", ".join(f"{_NAMES.get(part.oid, '??')}={part.value!s}" for part in name)


def _key_of(certificate: x509.Certificate) -> tuple[str, int]:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "EC", key.key_size
    return "???", key.key_size if isinstance(key, dsa.DSAPublicKey) else 0


def _constraints(value: x509.BasicConstraints) -> str:
    length = f", max_pathlen={value.path_length}" if value.path_length else ""
    return f"basic constraints : CA={str(value.ca).lower()}{length}"


def _other_names(value: x509.SubjectAlternativeName) -> str:
    return f"subject alt name  : {', '.join(value.get_values_for_type(x509.DNSName))}"


def _key_uses(value: x509.KeyUsage) -> str:
    return f"key usage         : {', '.join(text for use, text in _KEY_USES.items() if getattr(value, use))}"


def _extended_uses(value: x509.ExtendedKeyUsage) -> str:
    return f"ext key usage     : {', '.join(_EXTENDED_USES.get(use, '???') for use in value)}"


_EXTENSIONS: Final[dict[type[x509.ExtensionType], Callable[[Any], str]]] = {
    x509.BasicConstraints: _constraints,
    x509.SubjectAlternativeName: _other_names,
    x509.KeyUsage: _key_uses,
    x509.ExtendedKeyUsage: _extended_uses,
}
"""What is printed of a certificate's extensions, in this order."""


def authorities_trouble(data: bytes | None) -> str | None:
    """Return what is wrong with a file of certificates that was read, or None; ``data`` is None if it is not there."""
    if data is None:
        return "(-0x3E00) PK - Read/write of file failed"
    if b"-----BEGIN CERTIFICATE-----" in data:
        return None
    return "(-0x2180) X509 - The CRT/CRL/CSR format is invalid, e.g. different type expected"
