from __future__ import annotations

import pytest

from simulator.lora import DataRate, LoraAir, Modulation, Transmission

MS = 1_000_000
SF7, SF8 = DataRate.SF7.modulation, DataRate.SF8.modulation


def frame(begin_ms: float = 0, *, hz: int = 868_100_000, modulation: Modulation = SF7, dbm: int = -80) -> Transmission:
    return Transmission("n", hz, modulation, int(begin_ms * MS), int((begin_ms + 50) * MS), bytes([int(begin_ms)]), dbm)


def heard(*frames: Transmission) -> list[Transmission]:
    air = LoraAir()
    received: list[Transmission] = []
    air.add_receiver(received.append)
    for one in frames:
        air.begin(one)
    for one in sorted(frames, key=lambda one: one.end_ns):
        air.end(one)
    return received


def test_two_frames_at_once_on_one_channel_drown_each_other() -> None:
    assert heard(frame(0), frame(49)) == []


@pytest.mark.parametrize("other", [frame(50), frame(20, hz=868_300_000), frame(20, modulation=SF8)])
def test_frames_that_differ_in_time_channel_or_rate_do_not_disturb(other: Transmission) -> None:
    assert heard(frame(0), other) == [frame(0), other]


def test_the_much_stronger_one_survives() -> None:
    assert heard(frame(0, dbm=-74), frame(20, dbm=-80)) == [frame(0, dbm=-74)]
    assert heard(frame(0, dbm=-75), frame(20, dbm=-80)) == []


def test_who_has_left_hears_nothing() -> None:
    air = LoraAir()
    received: list[Transmission] = []
    leave = air.add_receiver(received.append)
    leave()
    air.begin(frame())
    air.end(frame())
    assert received == []


class Station:
    def __init__(self, transmission: Transmission) -> None:
        self.transmission = transmission

    def sent(self, frequency_hz: int, modulation: Modulation, open_ns: int, close_ns: int) -> Transmission | None:
        same = (frequency_hz, modulation) == (self.transmission.frequency_hz, self.transmission.modulation)
        return self.transmission if same and self.transmission.is_caught(open_ns, close_ns) else None


def test_a_node_hears_what_a_station_sends_in_its_window_if_it_is_strong_enough() -> None:
    for dbm, expected in ((-127, True), (-128, False)):
        air, down = LoraAir(), frame(100, dbm=dbm)
        air.add_station(Station(down))
        assert (air.listen(868_100_000, SF7, 101 * MS, 106 * MS) == down) is expected
        assert air.listen(868_300_000, SF7, 101 * MS, 106 * MS) is None


@pytest.mark.parametrize(
    ("open_ms", "is_caught"),
    [(94, False), (96, False), (99.5, True), (101.5, True), (108, True), (109, False), (200, False)],
)
def test_a_receiver_has_to_hear_four_symbols_of_the_preamble(open_ms: float, is_caught: bool) -> None:
    assert frame(100).is_caught(int(open_ms * MS), int((open_ms + 5.12) * MS)) is is_caught
