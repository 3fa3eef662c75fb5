"""Which driver uses which resource: the locks of Lua RTOS (``components/sys/sys/driver.c``).

A lock belongs to a *unit* of a driver, such as ``pwm0`` or the bus ``i2c256``. Whoever wants a resource that another
unit holds is refused, and loses everything that it held. Pins can be locked, and units of i2c, owire, pwm, rmt and
uart; what asks for a unit of another driver, such as adc or spi, always gets it, and nobody takes note.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from simulator.vm.exceptions import LuaError

GPIO: Final = "gpio"

_BUSES: Final = ("spi", "i2c")
"""Units of these drivers count ``bus * 256 + device``; in texts they mostly go by the number of the bus."""


class Unit(NamedTuple):
    """A unit of a driver: what holds locks, and what can be locked."""

    driver: str
    number: int

    def __str__(self) -> str:
        return f"{self.driver}{self.number >> 8 if self.driver in _BUSES else self.number}"


class _Lock(NamedTuple):
    owner: Unit
    tag: str | None


class LockedError(LuaError):
    """A resource is used by somebody else. The text is the device's and has no code."""


class Locks:
    """The locks of one board, in the order of the firmware's list of drivers."""

    def __init__(self) -> None:
        self._locks: dict[Unit, _Lock] = {}

    def take(self, owner: Unit, *targets: tuple[Unit, str | None]) -> None:
        """Lock resources for ``owner``, one after the other, each with a tag that `listing` shows or None.

        Raises `LockedError` at the first one that another owner has; ``owner`` then loses all its locks.
        """
        for target, tag in targets:
            lock = self._locks.get(target)
            if lock is not None and lock.owner != owner:
                self.release_all(owner)
                raise LockedError(f"{target.driver}{target.number} is used by {lock.owner}")
            if lock is None:
                self._locks[target] = _Lock(owner, tag)

    def take_gpio(self, owner: Unit, gpio: int, tag: str | None = None) -> None:
        """Lock a pin. Raises `LockedError`."""
        self.take(owner, (Unit(GPIO, gpio), tag))

    def release(self, target: Unit) -> None:
        """Unlock a resource, whoever has it: the firmware does not ask."""
        self._locks.pop(target, None)

    def release_gpio(self, gpio: int) -> None:
        """Unlock a pin."""
        self.release(Unit(GPIO, gpio))

    def release_all(self, owner: Unit) -> None:
        """Unlock everything that ``owner`` has."""
        self._locks = {target: lock for target, lock in self._locks.items() if lock.owner != owner}

    def owner_of_gpio(self, gpio: int) -> Unit | None:
        """Return who has locked a pin."""
        lock = self._locks.get(Unit(GPIO, gpio))
        return None if lock is None else lock.owner

    def listing(self) -> Iterator[str]:
        """Yield the lines that ``os.locks()`` prints, without line ends."""
        for driver in sorted({target.driver for target in self._locks}):
            yield driver
            for target in sorted(target for target in self._locks if target.driver == driver):
                owner, tag = self._locks[target]
                yield f"  {target} locked by {owner}{f' ({tag})' if tag else ''}"
            yield ""
