"""The keys of secure boot, as ``espsecure generate-signing-key`` and its kin write them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from simulator.errors import UsageError
from simulator.signatures.scheme_v1 import PUBLIC_KEY_BYTES, public_key_bytes, sign_v1
from simulator.signatures.scheme_v2 import RSA_BITS, public_key_digest, sign_v2

Scheme: TypeAlias = Literal["v1", "v2"]


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """The public half of a key.

    ``data`` is what a device has of it: for v1 the 64 bytes of the key itself, which are linked into bootloader and
    app; for v2 the SHA-256 of the key, which is burned into the eFuses.
    """

    scheme: Scheme
    data: bytes


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, from a PEM file. Equal if the public halves are."""

    public: VerificationKey
    _private: Any = field(repr=False, compare=False)

    @property
    def scheme(self) -> Scheme:
        """Which secure boot it is for: an ECDSA key for v1, an RSA key for v2."""
        return self.public.scheme

    def sign(self, data: bytes) -> bytes:
        """Return ``data`` signed, as ``espsecure sign-data`` does. The same key and data give the same bytes."""
        if self.scheme == "v1":
            return data + sign_v1(self._private, hashlib.sha256(data).digest())
        return data + sign_v2(self._private, data)


def load_key(data: bytes) -> SigningKey | VerificationKey:
    """Return the key in the contents of a file: a PEM private or public key, or the 64 bytes of a public key for v1.

    Raises `UsageError` if it is none that secure boot can use.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    if len(data) == PUBLIC_KEY_BYTES:
        return VerificationKey("v1", data)
    try:
        if b"PRIVATE KEY-----" in data:
            return _signing_key(serialization.load_pem_private_key(data, password=None))
        key = serialization.load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(f"this is no key in PEM form without a password: {str(error).splitlines()[0]}") from error
    return _verification_key(key)


def _signing_key(key: Any) -> SigningKey:
    return SigningKey(_verification_key(key.public_key()), key)


def _verification_key(key: Any) -> VerificationKey:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return VerificationKey("v1", public_key_bytes(key))
    if isinstance(key, rsa.RSAPublicKey) and key.key_size == RSA_BITS:
        return VerificationKey("v2", public_key_digest(key))
    raise UsageError("this key is none for secure boot, which has ECDSA on NIST P-256 (v1) and RSA-3072 (v2)")
