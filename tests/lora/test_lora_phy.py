from __future__ import annotations

import pytest

from simulator.lora import DataRate
from simulator.lora.phy import airtime_ns


@pytest.mark.parametrize(
    ("rate", "length", "milliseconds"),
    [
        # Semtech's LoRa calculator, explicit header, CRC, coding rate 4/5, preamble of 8 symbols.
        (DataRate.SF7, 23, 61.696),
        (DataRate.SF7, 64, 118.016),
        (DataRate.SF9, 23, 205.824),
        (DataRate.SF10, 23, 370.688),
        (DataRate.SF11, 23, 823.296),
        (DataRate.SF12, 23, 1482.752),
        (DataRate.SF12, 64, 2793.472),
        (DataRate.SF7B, 23, 30.848),
        (DataRate.FSK, 23, 5.44),
    ],
)
def test_time_on_air(rate: DataRate, length: int, milliseconds: float) -> None:
    assert airtime_ns(rate.modulation, length) / 1e6 == pytest.approx(milliseconds, abs=1e-6)


def test_a_frame_without_crc_is_shorter() -> None:
    assert airtime_ns(DataRate.SF12.modulation, 12, crc=False) == 991_232_000
    assert airtime_ns(DataRate.SF12.modulation, 12) == 1_155_072_000


def test_slower_rates_are_heard_farther() -> None:
    levels = [rate.modulation.sensitivity_dbm for rate in DataRate]
    assert levels == sorted(levels)
    assert (levels[0], levels[5], levels[6]) == (-141, -127, -124)


def test_rates_are_named_as_gateways_name_them() -> None:
    assert [str(rate.modulation) for rate in DataRate][4:] == ["SF8BW125", "SF7BW125", "SF7BW250", "FSK"]


def test_there_is_nothing_slower_than_the_slowest() -> None:
    assert DataRate.SF7.slower(2) is DataRate.SF9
    assert DataRate.SF11.slower(9) is DataRate.SF12
