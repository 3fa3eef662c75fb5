"""RFC 2217 without a socket: the opening that pyserial sends, the commands, and pieces of any size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.serial_port import AutoReset
from simulator.serial_port.rfc2217 import ComPort
from tests.serial_port.test_auto_reset import Pins

OFFERS = "FFFB01 FFFB03 FFFB2C FFFD00 FFFD2C"


class Port:
    """An adapter that takes note of purges."""

    def __init__(self) -> None:
        self.pins = Pins()
        self.lines = AutoReset(self.pins)
        self.purged: list[str] = []

    def purge_to_host(self) -> None:
        self.purged.append("to host")

    def purge_to_board(self) -> None:
        self.purged.append("to board")


class Connection:
    """One connection whose offers have been sent."""

    def __init__(self) -> None:
        self.port = Port()
        self.protocol = ComPort(self.port)
        self.offers = self.protocol.answers()
        self.for_board = b""

    def client_sends(self, text: str) -> str:
        """Let the client send hex digits; return the answers as hex digits."""
        self.for_board += self.protocol.receive(bytes.fromhex(text))
        return self.protocol.answers().hex().upper()


@pytest.fixture
def connection() -> Connection:
    return Connection()


def hex_of(text: str) -> str:
    return text.replace(" ", "")


def test_the_server_offers_and_asks_for_the_com_port_option_first(connection):
    assert connection.offers == bytes.fromhex(OFFERS)


def test_the_opening_of_pyserial_is_answered_as_it_expects(connection):
    assert connection.client_sends("FFFD01 FFFB03 FFFD03 FFFD2C FFFB2C") == hex_of("FFFD03")
    assert connection.client_sends("FFFB00") == ""
    settings = "FFFA2C0100002580FFF0 FFFA2C0208FFF0 FFFA2C0301FFF0 FFFA2C0401FFF0"
    answers = "FFFA2C6500002580FFF0 FFFA2C6608FFF0 FFFA2C6701FFF0 FFFA2C6801FFF0"
    assert connection.client_sends(settings) == hex_of(answers)
    lines = "FFFA2C0501FFF0 FFFA2C0508FFF0 FFFA2C050BFFF0 FFFA2C0C01FFF0 FFFA2C0C02FFF0"
    answers = "FFFA2C6901FFF0 FFFA2C6908FFF0 FFFA2C690BFFF0 FFFA2C7001FFF0 FFFA2C7002FFF0"
    assert connection.client_sends(lines) == hex_of(answers)
    assert (connection.port.lines.dtr, connection.port.lines.rts) == (True, True)
    assert connection.port.purged == ["to host", "to board"]
    assert connection.for_board == b""


def test_an_option_that_nobody_needs_is_refused_once(connection):
    assert connection.client_sends("FFFD05 FFFB18") == hex_of("FFFC05 FFFE18")
    assert connection.client_sends("FFFE05 FFFC18") == ""


def test_an_option_can_be_taken_back(connection):
    assert connection.client_sends("FFFE01 FFFC00") == hex_of("FFFC01 FFFE00")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("01 00000000", "65 0001C200"),
        ("02 00", "66 08"),
        ("03 00", "67 01"),
        ("04 00", "68 01"),
        ("05 00", "69 01"),
        ("05 04", "69 06"),
        ("05 07", "69 09"),
        ("05 0A", "69 0C"),
        ("05 0D", "69 0E"),
        ("00", "64 4C75615477696E"),
        ("0B FFFF", "6F FFFF FFF0 FFFA2C 6B 00"),
        ("0A 00", "6E 00"),
    ],
)
def test_what_the_client_asks_is_answered(connection, asked, answer):
    assert connection.client_sends(f"FFFA2C {asked} FFF0") == hex_of(f"FFFA2C {answer} FFF0")


def test_a_speed_that_was_set_is_what_a_question_for_it_gets(connection):
    connection.client_sends("FFFA2C 01 000E1000 FFF0")
    assert connection.client_sends("FFFA2C 01 00000000 FFF0") == hex_of("FFFA2C 65 000E1000 FFF0")


def test_a_command_that_is_none_is_passed_over(connection):
    assert connection.client_sends("41 FFFA2C 63 01 FFF0 FFFA18 00 FFF0 FFF1 42") == ""
    assert connection.for_board == b"AB"


def test_esptools_way_into_the_download_mode(connection):
    for control in (9, 11, 9, 8, 12, 8, 9):
        connection.client_sends(f"FFFA2C05{control:02X}FFF0")
    assert connection.port.pins.story == ["held", "download"]


def test_a_byte_ff_is_doubled_in_both_directions(connection):
    assert connection.protocol.encode(b"a\xff\xffb") == b"a\xff\xff\xff\xffb"
    connection.client_sends("61 FFFF FFFF 62")
    assert connection.for_board == b"a\xff\xffb"


@given(st.lists(st.integers(1, 7), max_size=40), st.binary(max_size=20))
def test_the_pieces_in_which_it_arrives_make_no_difference(cuts, data):
    connection, whole = Connection(), Connection()
    stream = (
        b"x" + whole.protocol.encode(data) + bytes.fromhex("FFFD05 FFFA2C01000E10FFFFFFF0 41 FFFFFF FA2C0508FFF0 42")
    )
    expected = whole.protocol.receive(stream), whole.protocol.answers()
    received, answers = b"", b""
    for cut in [*cuts, len(stream)]:
        piece, stream = stream[:cut], stream[cut:]
        received += connection.protocol.receive(piece)
        answers += connection.protocol.answers()
    assert (received, answers) == expected
    assert connection.port.lines.dtr
