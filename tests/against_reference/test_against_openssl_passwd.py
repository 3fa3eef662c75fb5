"""The password hash of os.passwd against ``openssl passwd -1``."""

from __future__ import annotations

import subprocess

import pytest

from simulator.console.md5_crypt import hash_password

pytestmark = pytest.mark.real


@pytest.mark.parametrize("password", [b"", b"a", b"secret", "é☃".encode(), b"0123456789abcdef", b"x" * 64])
@pytest.mark.parametrize("salt", [b"./09AZaz", b"x"])
def test_the_hash_is_openssls(password, salt):
    made = subprocess.run(
        ["openssl", "passwd", "-1", "-salt", salt.decode(), "-stdin"],
        input=password + b"\n",
        capture_output=True,
        check=True,
    )
    assert hash_password(password, salt) == made.stdout.strip()
