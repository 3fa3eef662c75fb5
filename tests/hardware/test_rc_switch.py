"""Codes of remote-controlled switches: bits to pulses and back."""

from __future__ import annotations

import pytest

from simulator.hardware.rc_switch import PROTOCOLS, Pulse, Received, Receiver, protocol, pulses


def heard(*pieces: Pulse, receiver: Receiver | None = None, start_us: int = 0) -> list[Received]:
    """What a receiver makes of pulses; the level is low before and after."""
    receiver = receiver or Receiver()
    found, level, at_us = [], 0, start_us
    for new, length_us in (*pieces, (0, 0)):
        if new != level:
            received = receiver.edge(at_us)
            found += [received] if received is not None else []
            level = new
        at_us += length_us
    return found


@pytest.mark.parametrize("number", range(1, len(PROTOCOLS) + 1))
@pytest.mark.parametrize(("code", "bits"), [(5393, 24), (0xFFFFFE, 24), (1, 4), (0x80000001, 32)])
def test_a_code_that_is_sent_in_a_protocol_is_received_again(number: int, code: int, bits: int) -> None:
    how = protocol(number)
    if max(how.pause) * how.pulse_us <= 4300:
        how = how._replace(pulse_us=4400 // max(how.pause) + 1)
    found = heard(*pulses(code, bits, how, how.pulse_us))
    assert found
    assert {(received.code, received.bits) for received in found} == {(code, bits)}


def test_nothing_but_ones_in_the_inverted_protocol_are_taken_for_nothing_but_zeros_in_the_first() -> None:
    assert {received[:3] for received in heard(*pulses(0xFFFFFF, 24, protocol(6), 450))} == {(0, 24, 1)}


def test_bits_of_the_first_protocol_are_one_and_three_pulses_and_the_pause_is_31() -> None:
    assert list(pulses(0b10, 2, protocol(1), 100, repeats=1)) == [
        *((1, 300), (0, 100)),
        *((1, 100), (0, 300)),
        *((1, 100), (0, 3100)),
    ]


def test_an_inverted_protocol_begins_low() -> None:
    assert list(pulses(1, 1, protocol(6), 450, repeats=1)) == [*((0, 900), (1, 450)), *((0, 23 * 450), (1, 450))]


@pytest.mark.parametrize("number", [0, 8, 255])
def test_protocols_that_do_not_exist_are_the_first_one(number: int) -> None:
    assert protocol(number) is PROTOCOLS[0]


def test_every_second_pause_that_is_like_the_one_before_completes_a_code() -> None:
    [first, second] = heard(*pulses(5393, 24, protocol(1), 350, repeats=6))
    assert first == second == Received(5393, 24, 1, 350)
    assert heard(*pulses(5393, 24, protocol(1), 350, repeats=2)) == []


def test_pauses_of_another_length_do_not_count() -> None:
    pieces = [pulse for us in (300, 320, 340, 360) for pulse in pulses(5393, 24, protocol(1), us, repeats=1)]
    assert heard(*pieces) == []


def test_a_pulse_that_is_too_long_spoils_the_code() -> None:
    pieces = list(pulses(5393, 24, protocol(1), 350, repeats=4))
    pieces[2 * 25 + 4] = (1, 700)
    pieces[2 * 50 + 4] = (1, 700)
    assert heard(*pieces) == []


def test_noise_of_few_pulses_is_no_code() -> None:
    assert heard(*pulses(1, 2, protocol(1), 350)) == []


def test_a_code_that_is_too_long_starts_over() -> None:
    assert heard(*pulses(0x155555555, 33, protocol(1), 350)) == []
    receiver = Receiver()
    heard(*pulses(0x155555555, 33, protocol(1), 350), receiver=receiver)
    assert heard(*pulses(5, 24, protocol(1), 350), receiver=receiver, start_us=1_000_000)
