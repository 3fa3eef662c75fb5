"""Certificates of WPA2 Enterprise, as the station's supplicant looks at them (``x509v3.c`` and ``tlsv1_cred.c`` of
ESP-IDF's ``wpa_supplicant``): PEM or DER, and RSA alone.

Not here: who is let in (`simulator.wifi.air`).
"""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

_BEGIN: Final = b"-----BEGIN "


def is_trusted(chain: bytes, authorities: bytes, epoch: int | None) -> bool:
    """Return whether a server with ``chain``, its own certificate first, is trusted by who has ``authorities``.

    Without authorities everybody is, as far as the chain holds together. ``epoch`` is the time at which it has to be
    valid, as Unix seconds; None looks at no date. What is no certificate on either side is a failure.
    """
    try:
        certificates, trusted = _load(chain), _load(authorities) if authorities else []
    except ValueError:
        return False
    for index, certificate in enumerate(certificates):
        if epoch is not None and not _is_valid_at(certificate, epoch):
            return False
        following = certificates[index + 1 : index + 2]
        if following and not (_is_issuer(following[0], index) and _has_issued(following[0], certificate)):
            return False
        issuer = next((found for found in trusted if found.subject == certificate.issuer), None)
        if issuer is not None:
            return _is_issuer(issuer) and _has_issued(issuer, certificate)
    return bool(certificates) and not trusted


def is_key_of(certificate: bytes, key: bytes, password: bytes) -> bool:
    """Return whether ``key``, which may be locked with ``password``, is the private key of ``certificate``."""
    load_key = load_pem_private_key if _BEGIN in key else load_der_private_key
    try:
        try:
            private_key = load_key(key, None)
        except TypeError:  # it is locked
            private_key = load_key(key, password or b"\0")
        public_key = _load(certificate)[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    return (
        isinstance(private_key, RSAPrivateKey)
        and isinstance(public_key, RSAPublicKey)
        and private_key.public_key().public_numbers() == public_key.public_numbers()
    )


def _load(data: bytes) -> list[x509.Certificate]:
    if _BEGIN in data:
        return x509.load_pem_x509_certificates(data)
    return [x509.load_der_x509_certificate(data)]


def _is_valid_at(certificate: x509.Certificate, epoch: int) -> bool:
    begins, ends = certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
    return begins <= epoch <= ends


def _is_issuer(certificate: x509.Certificate, below: int = 0) -> bool:
    """``x509_valid_issuer``, with ``below`` certificates between it and the server's."""
    extensions = certificate.extensions
    try:
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
        if not constraints.ca or (constraints.path_length is not None and below > constraints.path_length):
            return False
    except x509.ExtensionNotFound:
        if certificate.version is x509.Version.v3:
            return False
    try:
        return extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """``x509_certificate_check_signature``, and that the names fit."""
    key, algorithm = issuer.public_key(), certificate.signature_hash_algorithm
    if certificate.issuer != issuer.subject or not isinstance(key, RSAPublicKey) or algorithm is None:
        return False
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True
