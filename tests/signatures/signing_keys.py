"""Keys for the tests of secure boot: the same in every run, and good for nothing else, since here they are."""

from __future__ import annotations

from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from simulator.signatures import SigningKey, load_key

_V2_PRIMES: Final = (
    (
        "e53f943f074bdbd87a9bc7c3e4393b5d5081036983f9caa19c85b69d40694540580f34bc6eebcec02beeb370bd8f163b"
        "b84b8407f326b837b1813576102ca560392bbe336147e147212619003e38ffbf3e4310915c6bc4a2caa43b516b90c105"
        "993922c9fe5d8aa4cf2ddc24567d81382826da08e886b8592b1d4b40c68f95c84a4e97abfd6ad3d561f49e6e6397ca83"
        "46b5dd59b928db97d4232bda0bb73eab4f972794d47845fdd8a89cc7c2d0425a802e7199b526be0e75d8cc2c077a597f"
    ),
    (
        "d90a5a641e93d5374cb560d41284f5e6a0472aa09ff29660f6bb8cbf1a191a5e0f67b503844673c4739774d6e02e88a9"
        "cf8d245de9cb2556431f20bf43e82613e12dff1da0e344277e8a7f3746d484e83dcdde5d4751234ee3d133608763a4c3"
        "7eef4b3a1d9d4fe56d289b5e67d99046655272ce7c5553eba3ea49ace38d84614c902d8498238f1df94e20a4f9c28eb0"
        "fa576cc175b5e305744542effcd868afb5eada92bd7b334d9a1a341acbc56d197699126e962c04cc2933fe63ac2b39dd"
    ),
)

_OTHER_V2_PRIMES: Final = (
    (
        "f48543889d6b47dde3cb1d527fb3da8fb9f76c736e917e29582a26a1248418aad45a7cf959a5a3277711fdd02cec19e8"
        "9cad4e4e8f76a870e2a2c7de8239fe9a8402251d57a28b8c8ca07fd2f15035934c14ee9509943e646f5119eab67af9d2"
        "6e78cdde81e2f3b13ca3caf514cf8c0379f9ab419ca062345d1a3e69e7942b655bf32f5bcc272f52c189f934c2974441"
        "a39cc7981d54012eb7623a6ac821bf018350918555c7e958baf0d6f37a7d4d81b6401a26cbff72352519e3e4c76a6f83"
    ),
    (
        "bbe16207fb266a2b8f70470d69d21dcc35dceae422d7c8d7d70b436095d6a6c4177c8a59b97e4bd2cf80cdb2c8071943"
        "e9e8b2bf8ba8b7482b57bc824ea775ea36a5fe62f366f825772f519c09f0327e6251522bae60feb26ec86ed2555c3809"
        "ca13854a2762f9af3573460278705c815a31225583c837b9c6e1ec3cda2dae1965e623f0df4b45707095b09790a871f2"
        "9b06b23def5899ba5e4e1dffe52cd2f72f23c03914b625f029790509065e209c5a5c7aaf1f79ca49c8cab4e4613d3e35"
    ),
)


def _ecdsa_key(secret: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(secret, ec.SECP256R1())


def _rsa_key(primes: tuple[str, str]) -> rsa.RSAPrivateKey:
    p, q = (int(prime, 16) for prime in primes)
    d = pow(65537, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    dmp1, dmq1, iqmp = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, dmp1, dmq1, iqmp, public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _pem(key: Any) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    pem: bytes = key.private_bytes(encoding, form, serialization.NoEncryption())
    return pem


def _signing(pem: bytes) -> SigningKey:
    key = load_key(pem)
    assert isinstance(key, SigningKey)
    return key


V1_PEM: Final = _pem(_ecdsa_key(20230817))
V2_PEM: Final = _pem(_rsa_key(_V2_PRIMES))
OTHER_V1_PEM: Final = _pem(_ecdsa_key(4711))
V1: Final = _signing(V1_PEM)
OTHER_V1: Final = _signing(OTHER_V1_PEM)
V2: Final = _signing(V2_PEM)
OTHER_V2: Final = _signing(_pem(_rsa_key(_OTHER_V2_PRIMES)))
