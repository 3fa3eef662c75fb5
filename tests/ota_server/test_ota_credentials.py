"""Certificates: made ones that clients accept, and files that may be wrong."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.errors import UsageError
from simulator.ota_server import Credentials, load_credentials, made_credentials, server_context


def test_credentials_are_made_once_per_set_of_names():
    assert made_credentials() is made_credentials()
    assert made_credentials("a.example") is not made_credentials()


def test_a_certificate_has_what_a_real_board_can_use_and_nothing_of_this_host():
    certificate = x509.load_pem_x509_certificate(made_credentials("ota.example", "192.0.2.7").chain)
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048
    assert certificate.serial_number == 2
    assert (certificate.not_valid_before_utc.year, certificate.not_valid_after_utc.year) == (2020, 2049)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["ota.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]


def test_certificates_differ_in_their_keys_and_not_in_their_size():
    made = [made_credentials.__wrapped__() for _ in range(2)]
    certificates = [ssl.PEM_cert_to_DER_cert(credentials.chain.decode()) for credentials in made]
    assert len(set(certificates)) == 2
    assert len({len(certificate) for certificate in certificates}) == 1


def write(folder: Path, credentials: Credentials) -> tuple[Path, Path]:
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(credentials.chain)
    key.write_bytes(credentials.key)
    return chain, key


def test_credentials_can_come_from_files(tmp_path: Path):
    credentials = load_credentials(*write(tmp_path, made_credentials()))
    assert server_context(credentials).get_ca_certs() == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(UsageError, match=r"nowhere\.pem: No such file"):
        load_credentials(tmp_path / "nowhere.pem", tmp_path / "nowhere.pem")


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials(chain=made_credentials().chain, key=made_credentials("other").key),
        Credentials(chain=b"nonsense", key=made_credentials().key),
        Credentials(chain=made_credentials().chain, key=b""),
    ],
    ids=["key of another certificate", "no certificate", "no key"],
)
def test_files_that_do_not_fit_are_named(tmp_path: Path, credentials: Credentials):
    with pytest.raises(UsageError, match=r"chain\.pem and .*key\.pem are no certificate and its key"):
        load_credentials(*write(tmp_path, credentials))


def test_no_key_is_left_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    server_context.__wrapped__(made_credentials())
    assert list(tmp_path.iterdir()) == []
