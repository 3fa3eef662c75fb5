"""Whom a station of WPA2 Enterprise trusts, and which key is a certificate's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from simulator.wifi.certificates import is_key_of, is_trusted
from tests.wifi.school import BEGINS, ENDS, authority, pupil, school, server, stranger

NOW = int(datetime(2020, 6, 1, tzinfo=UTC).timestamp())


@pytest.mark.parametrize("epoch", [None, NOW])
def test_who_was_certified_by_the_authority_is_trusted_and_nobody_else(epoch: int | None) -> None:
    assert is_trusted(server().pem, school().pem, epoch)
    assert is_trusted(server().der, school().der, epoch)
    assert is_trusted(server().pem, stranger().pem + school().pem, epoch)
    assert not is_trusted(server().pem, stranger().pem, epoch)


def test_without_an_authority_everybody_is_trusted_whose_chain_holds_together() -> None:
    assert is_trusted(server().pem, b"", NOW)
    assert is_trusted(server().pem + school().pem, b"", NOW)
    assert not is_trusted(server().pem + stranger().pem, b"", NOW)


@pytest.mark.parametrize(
    ("time", "is_valid"),
    [
        (BEGINS, True),
        (BEGINS - timedelta(seconds=1), False),
        (ENDS, True),
        (ENDS + timedelta(seconds=1), False),
    ],
)
@pytest.mark.parametrize("has_authority", [True, False])
def test_dates_count_when_they_are_looked_at(time: datetime, is_valid: bool, has_authority: bool) -> None:
    authorities = school().pem if has_authority else b""
    assert is_trusted(server().pem, authorities, int(time.timestamp())) is is_valid
    assert is_trusted(server().pem, authorities, None)


def test_the_dates_of_the_authority_itself_are_not_looked_at() -> None:
    old = authority("old", begins=BEGINS, ends=BEGINS + timedelta(days=1))
    assert is_trusted(old.issue("server").pem, old.pem, NOW)


def test_a_chain_leads_up_to_the_authority_one_by_one() -> None:
    department = school().issue("department", is_authority=True)
    room = department.issue("room")
    assert is_trusted(room.pem + department.pem, school().pem, NOW)
    assert not is_trusted(room.pem, school().pem, NOW)
    assert is_trusted(room.pem, department.pem, NOW)
    assert not is_trusted(room.pem + server().pem, school().pem, NOW)


def test_who_is_no_authority_cannot_certify() -> None:
    assert not is_trusted(server().issue("other").pem, server().pem, NOW)
    assert not is_trusted(server().issue("other").pem + server().pem, school().pem, NOW)


def test_an_authority_may_limit_how_long_the_chain_below_it_is() -> None:
    short = school().issue("short", is_authority=True, path_length=0)
    deep = short.issue("deep", is_authority=True)
    assert is_trusted(short.issue("leaf").pem + short.pem, school().pem, NOW)
    assert not is_trusted(deep.issue("leaf").pem + deep.pem + short.pem, school().pem, NOW)


def test_an_authority_of_the_same_name_with_another_key_is_another() -> None:
    assert not is_trusted(server().pem, authority("school").pem, NOW)


def test_only_rsa_is_understood() -> None:
    elliptic = authority("elliptic", elliptic=True)
    assert not is_trusted(elliptic.issue("server").pem, elliptic.pem, None)


@pytest.mark.parametrize("rubbish", [b"-- no certificate --", b"-----BEGIN CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_not_trusted(rubbish: bytes) -> None:
    assert not is_trusted(rubbish, b"", None)
    assert not is_trusted(server().pem, rubbish, None)


def test_a_key_belongs_to_one_certificate_and_may_be_locked() -> None:
    assert is_key_of(pupil().pem, pupil().key_pem(), b"")
    assert is_key_of(pupil().pem, pupil().key_pem(), b"not needed")
    assert is_key_of(pupil().pem, pupil().key_pem(b"pw"), b"pw")
    assert not is_key_of(pupil().pem, pupil().key_pem(b"pw"), b"wrong")
    assert not is_key_of(pupil().pem, pupil().key_pem(b"pw"), b"")
    assert not is_key_of(pupil().pem, server().key_pem(), b"")
    assert not is_key_of(pupil().pem, b"-- no key --", b"")
    assert not is_key_of(b"-- no certificate --", pupil().key_pem(), b"")
