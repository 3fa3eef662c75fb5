from __future__ import annotations

import pytest

from simulator.hardware.adc import Attenuation, millivolts, reading
from simulator.hardware.ledc import Ledc
from simulator.hardware.wire import Wave
from tests.hardware.clock import Table

VREF_MV = 1108


@pytest.mark.parametrize(
    ("raw", "attenuation", "expected_mv"),
    [
        # By hand from the formulas and tables of esp_adc_cal.c.
        (0, Attenuation.DB_11, 142),
        (4095, Attenuation.DB_0, 1046),
        (2048, Attenuation.DB_6, 999),
        (2879, Attenuation.DB_11, 2478),
        (4095, Attenuation.DB_11, 3140),
    ],
)
def test_readings_mean_the_voltages_of_the_calibration_curve(
    raw: int, attenuation: Attenuation, expected_mv: int
) -> None:
    assert millivolts(raw, width=12, attenuation=attenuation, vref_mv=VREF_MV) == expected_mv


@pytest.mark.parametrize("attenuation", Attenuation)
def test_a_voltage_is_read_as_nearly_as_the_steps_allow(attenuation: Attenuation) -> None:
    low, high = (millivolts(raw, width=12, attenuation=attenuation, vref_mv=VREF_MV) for raw in (0, 4095))
    for pin_mv in range(low, high, 7):
        raw = reading(pin_mv, width=12, attenuation=attenuation, vref_mv=VREF_MV)
        assert abs(millivolts(raw, width=12, attenuation=attenuation, vref_mv=VREF_MV) - pin_mv) <= 1


def test_below_and_above_the_range_the_converter_is_at_its_ends() -> None:
    assert reading(0, width=12, attenuation=Attenuation.DB_11, vref_mv=VREF_MV) == 0
    assert reading(3300, width=12, attenuation=Attenuation.DB_11, vref_mv=VREF_MV) == 4095


def test_fewer_bits_are_the_upper_ones() -> None:
    full = reading(1000, width=12, attenuation=Attenuation.DB_11, vref_mv=VREF_MV)
    assert reading(1000, width=9, attenuation=Attenuation.DB_11, vref_mv=VREF_MV) == full >> 3


def test_pwm_comes_as_a_pulse_train_with_its_period_and_duty() -> None:
    table = Table({"type": "led", "name": "d", "pin": 26})
    ledc = Ledc(table.bench, table.gpio)
    assert ledc.set_timer(0, frequency_hz=1000, bits=15)
    ledc.set_channel(0, timer=0, duty=(1 << 15) // 4)
    ledc.connect(0, 26)
    assert table.bench.wire(26).wave == Wave(0, 1_000_000, 250_000)
    assert table["d"].state == {"on": True, "brightness": 0.25}
    ledc.set_duty(0, 0)
    assert table["d"].state == {"on": False, "brightness": 0.0}


@pytest.mark.parametrize(
    ("frequency_hz", "bits"), [(1, 15), (2441, 15), (2442, 14), (4882, 14), (9765, 13), (19531, 12), (78125, 10)]
)
def test_a_timer_takes_what_its_divider_can_make(frequency_hz: int, bits: int) -> None:
    table = Table()
    ledc = Ledc(table.bench, table.gpio)
    best = next(bits for bits in range(15, 9, -1) if ledc.set_timer(0, frequency_hz=frequency_hz, bits=bits))
    assert best == bits
    assert ledc.frequency_hz(0) == pytest.approx(frequency_hz, rel=0.005, abs=1)
    assert not ledc.set_timer(1, frequency_hz=78126, bits=10)


def test_a_paused_timer_leaves_its_pins_as_they_are() -> None:
    table = Table()
    ledc = Ledc(table.bench, table.gpio)
    ledc.set_timer(0, frequency_hz=1000, bits=10)
    ledc.set_channel(0, timer=0, duty=512)
    ledc.connect(0, 26)
    table.now_ns = 100_000
    ledc.pause(0)
    assert (table.bench.wire(26).wave, table.level(26)) == (None, 1)
    ledc.resume(0)
    assert table.bench.wire(26).wave is not None


def test_channels_from_8_on_do_not_exist_in_hardware() -> None:
    table = Table()
    ledc = Ledc(table.bench, table.gpio)
    ledc.set_timer(0, frequency_hz=1000, bits=10)
    ledc.set_channel(8, timer=0, duty=512)
    ledc.connect(8, 26)
    assert (table.bench.wire(26).wave, table.level(26)) == (None, 0)
