"""The TLS of stock boards, on this host and on one that has lost it."""

from __future__ import annotations

import ssl

import pytest

from simulator.network import tls


@pytest.fixture
def _without_tls_1_1(monkeypatch: pytest.MonkeyPatch):
    """Let a security level that forbids the trial handshake stand for an OpenSSL that was built without TLS 1.1."""
    monkeypatch.setattr(tls, "_ANONYMOUS_CIPHERS", "AECDH-AES256-SHA:@SECLEVEL=1")
    tls.stock_tls_version.cache_clear()
    tls.stock_client_context.cache_clear()
    yield
    tls.stock_tls_version.cache_clear()
    tls.stock_client_context.cache_clear()


def test_this_host_speaks_what_the_boards_speak():
    """If this fails, the OpenSSL of this host has lost TLS 1.1: everything works, but not as on a board."""
    assert tls.stock_tls_version() is ssl.TLSVersion.TLSv1_1


def test_the_client_speaks_one_version_and_checks_nothing():
    context = tls.stock_client_context()
    assert context.minimum_version is context.maximum_version is tls.stock_tls_version()
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname
    assert tls.stock_client_context() is context


@pytest.mark.usefixtures("_without_tls_1_1")
def test_where_tls_1_1_is_gone_1_2_takes_its_place():
    assert tls.stock_tls_version() is ssl.TLSVersion.TLSv1_2
    assert tls.stock_client_context().maximum_version is ssl.TLSVersion.TLSv1_2


def test_a_server_takes_stock_boards_and_the_newest_clients():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.allow_stock_clients(context)
    assert context.minimum_version is tls.stock_tls_version()
    assert context.maximum_version is ssl.TLSVersion.MAXIMUM_SUPPORTED
