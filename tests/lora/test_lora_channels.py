from __future__ import annotations

from simulator.lora import DataRate
from simulator.lora.channels import TICKS_PER_S, Channels
from simulator.rng import Rng

CENTI_HZ = {868_100_000, 868_300_000, 868_500_000}


def fresh(*, joining: bool = False) -> Channels:
    channels = Channels.after_reset(Rng(1))
    channels.restart(1000, joining=joining)
    return channels


def frequencies(channels: Channels, rate: DataRate, count: int = 8) -> list[int]:
    found = []
    for _ in range(count):
        channels.choose(1000, rate)
        found.append(channels.frequency_hz)
    return found


def test_a_session_begins_with_three_channels_in_turn() -> None:
    found = frequencies(fresh(), DataRate.SF7, 6)
    assert set(found) == CENTI_HZ
    assert found[:3] == found[3:]


def test_one_may_send_for_a_hundredth_of_the_time_and_join_for_a_thousandth() -> None:
    for joining, share in ((False, 100), (True, 1000)):
        channels = fresh(joining=joining)
        assert channels.choose(1000, DataRate.SF7) == 1000
        channels.use(1000, 50)
        assert channels.choose(1100, DataRate.SF7) == 1000 + 50 * share


def test_channels_of_the_network_have_the_share_of_their_frequency() -> None:
    channels = fresh()
    assert channels.add(3, 867_100_000)
    assert channels.add(4, 869_525_000)
    assert not channels.add(16, 867_100_000)
    assert channels.enable_only(0b01000)
    channels.choose(1000, DataRate.SF7)
    channels.use(1000, 10)
    assert channels.choose(1000, DataRate.SF7) == 11_000
    assert channels.frequency_hz == 867_100_000


def test_the_band_whose_time_is_another_wins_even_if_it_is_later() -> None:
    channels = fresh()
    channels.add(3, 867_100_000)
    channels.choose(1000, DataRate.SF7)
    assert channels.frequency_hz == 867_100_000, "all are free, so it is the first one"
    channels.use(1000, 10)
    for _ in range(3):
        free_at = channels.choose(1000, DataRate.SF7)
        assert channels.frequency_hz in CENTI_HZ
        channels.use(free_at, 1000)
    assert channels.choose(1000, DataRate.SF7) > 300_000, "although 867.1 MHz is free from 11000 on"


def test_only_known_channels_can_be_enabled() -> None:
    channels = fresh()
    assert not channels.enable_only(0)
    assert not channels.enable_only(0b1111)
    assert channels.enable_only(0b010)
    assert set(frequencies(channels, DataRate.SF7)) == {868_300_000}
    assert not channels.enable_only(0b001), "what is off stays unknown"


def test_a_rate_that_no_channel_has_goes_out_on_the_last_channel() -> None:
    channels = fresh()
    channels.choose(1000, DataRate.SF7)
    before = channels.frequency_hz
    assert channels.choose(1000, DataRate.FSK) in (0, 1000)
    assert channels.frequency_hz == before


def test_after_the_reset_there_is_a_channel_for_every_rate() -> None:
    channels = Channels.after_reset(Rng(1))
    assert set(frequencies(channels, DataRate.SF7B)) == {868_300_000}
    assert set(frequencies(channels, DataRate.FSK)) == {868_800_000}
    assert len(set(frequencies(channels, DataRate.SF12, 16))) == 8
    assert TICKS_PER_S == 50_000
