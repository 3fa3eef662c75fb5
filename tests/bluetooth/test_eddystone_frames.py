from __future__ import annotations

import pytest

from simulator.bluetooth.eddystone import Uid, Url, decode, encode_url, uid_frame, url_frame

NAMESPACE, INSTANCE = bytes(range(10)), b"abcdef"


def test_a_beacon_with_an_id_fills_the_frame_and_is_read_back() -> None:
    frame = uid_frame(-20, NAMESPACE, INSTANCE)
    assert frame.hex() == "0201060303aafe1716aafe00ec000102030405060708096162636465660000"
    assert decode(frame) == Uid(-20, NAMESPACE, INSTANCE)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (b"https://www.example.com/", (1, b"example\x00")),
        (b"http://www.example.org", (0, b"example\x08")),
        (b"http://a.info/b.net/c", (2, b"a\x04b\x03c")),
        (b"https://x.gov.biz", (3, b"x\x0d\x0c")),
        (b"ftp://x", (0, b"ftp://x")),
    ],
)
def test_schemes_and_domains_become_one_byte(url: bytes, code: tuple[int, bytes]) -> None:
    assert encode_url(url) == code


@pytest.mark.parametrize("url", [b"https://www.example.com/", b"http://a.info/b.net/c", b"https://x.gov.biz"])
def test_a_url_survives_the_frame_also_with_zeros_behind_it(url: bytes) -> None:
    frame = url_frame(5, *encode_url(url))
    assert decode(frame) == decode(frame.ljust(31, b"\0")) == Url(5, url)


def test_a_scheme_that_has_no_code_is_read_back_with_the_first_one_in_front() -> None:
    assert decode(url_frame(0, *encode_url(b"ftp://x"))) == Url(0, b"http://www.ftp://x")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x02\x01\x06",
        uid_frame(0, NAMESPACE, INSTANCE)[:-2] + b"\0\1",  # reserved bytes that are not zero
        uid_frame(0, NAMESPACE, INSTANCE).replace(b"\xaa\xfe\x00", b"\xaa\xfe\x20"),  # telemetry
        uid_frame(0, NAMESPACE, INSTANCE)[7:],  # no list of services in front
    ],
)
def test_everything_else_is_unknown(data: bytes) -> None:
    assert decode(data) is None


def test_an_element_that_is_not_known_puts_the_firmware_out_of_step() -> None:
    frame = uid_frame(-20, NAMESPACE, INSTANCE)
    assert decode(b"\x02\x0a\x00" + frame[3:]) is None
    padded = b"\x02\x0a\x00" + b"\x01" + frame[:3] + frame[3:]  # as if the element had one byte more
    assert decode(padded[:4] + frame) is not None


@pytest.mark.parametrize("length", range(32))
def test_a_frame_that_breaks_off_is_read_as_if_zeros_followed(length: int) -> None:
    decode(uid_frame(-20, NAMESPACE, INSTANCE)[:length])
    decode(url_frame(-20, *encode_url(b"https://www.example.com/abc"))[:length])
