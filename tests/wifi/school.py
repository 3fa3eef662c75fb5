"""A school with WPA2 Enterprise: its authority, its server, its pupils' certificates, and others that are no good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

BEGINS, ENDS = datetime(2019, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
_SMALLEST_KEY_BITS: Final = 1024

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Identity:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def key_pem(self, password: bytes = b"") -> bytes:
        lock = BestAvailableEncryption(password) if password else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)

    def issue(
        self,
        name: str,
        *,
        is_authority: bool = False,
        path_length: int | None = None,
        begins: datetime = BEGINS,
        ends: datetime = ENDS,
    ) -> Identity:
        return _issue(name, self, is_authority=is_authority, path_length=path_length, begins=begins, ends=ends)


def _issue(
    name: str,
    issuer: Identity | None,
    *,
    is_authority: bool,
    path_length: int | None = None,
    begins: datetime = BEGINS,
    ends: datetime = ENDS,
    key: Key | None = None,
) -> Identity:
    key = key or rsa.generate_private_key(65537, _SMALLEST_KEY_BITS)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer is not None else subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(is_authority, path_length), critical=True)
        .sign(issuer.key if issuer is not None else key, SHA256())
    )
    return Identity(certificate, key)


def authority(name: str, *, elliptic: bool = False, begins: datetime = BEGINS, ends: datetime = ENDS) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1()) if elliptic else None
    return _issue(name, None, is_authority=True, begins=begins, ends=ends, key=key)


@cache
def school() -> Identity:
    return authority("school")


@cache
def server() -> Identity:
    return school().issue("radius.school")


@cache
def pupil() -> Identity:
    return school().issue("anna")


@cache
def stranger() -> Identity:
    """The authority of somebody else."""
    return authority("elsewhere")
