from __future__ import annotations

import pytest

from simulator.hardware import LockedError, Locks, Unit

PWM0, PWM1, I2C0, UART1 = Unit("pwm", 0), Unit("pwm", 1), Unit("i2c", 0), Unit("uart", 1)


def test_a_pin_that_another_unit_has_is_refused_in_the_words_of_the_device() -> None:
    locks = Locks()
    locks.take_gpio(PWM0, 26)
    with pytest.raises(LockedError, match=r"^gpio26 is used by pwm0$"):
        locks.take_gpio(PWM1, 26)


def test_the_same_unit_may_lock_again() -> None:
    locks = Locks()
    locks.take_gpio(PWM0, 26)
    locks.take_gpio(PWM0, 26)


def test_whoever_is_refused_loses_all_that_it_had() -> None:
    locks = Locks()
    locks.take_gpio(PWM0, 26)
    locks.take_gpio(UART1, 12, "RX")
    with pytest.raises(LockedError):
        locks.take(UART1, (Unit("gpio", 13), "TX"), (Unit("gpio", 26), None))
    assert locks.owner_of_gpio(12) is None
    assert locks.owner_of_gpio(13) is None
    assert locks.owner_of_gpio(26) == PWM0


def test_buses_go_by_their_number_as_owners_but_not_as_what_is_wanted() -> None:
    locks = Locks()
    locks.take_gpio(Unit("i2c", 1 << 8), 33, "SDA")
    with pytest.raises(LockedError, match=r"^gpio33 is used by i2c1$"):
        locks.take_gpio(PWM0, 33)
    locks.take(Unit("sensor", 0), (Unit("i2c", 257), "BME280"))
    with pytest.raises(LockedError, match=r"^i2c257 is used by sensor0$"):
        locks.take(Unit("sensor", 1), (Unit("i2c", 257), "BME280"))


def test_unlocking_does_not_ask_who_locked() -> None:
    locks = Locks()
    locks.take_gpio(PWM0, 26)
    locks.release_gpio(26)
    locks.take_gpio(PWM1, 26)
    locks.release_all(PWM1)
    assert list(locks.listing()) == []


def test_the_listing_is_that_of_os_locks() -> None:
    locks = Locks()
    locks.take_gpio(I2C0, 22, "SDA")
    locks.take_gpio(PWM0, 3)
    locks.take(Unit("sensor", 2), (Unit("uart", 1), "GPS"))
    assert list(locks.listing()) == [
        *("gpio", "  gpio3 locked by pwm0", "  gpio22 locked by i2c0 (SDA)", ""),
        *("uart", "  uart1 locked by sensor2 (GPS)", ""),
    ]
