"""A chip that fails: its power goes at a certain operation, its sectors stick or wear out, its bits are weak.

A chip becomes one where it is (`faulty`), since partition views, file systems and whoever saves it hold it already;
so an ordinary chip need not ask before every operation whether it fails.

Code goes on a little after its power has gone: from the flash operation that was cut to the next thing that takes
time. From then on the chip is *dark*. To that code it behaves as if nothing had happened, so that the code takes no
way that it takes on no board; but what is in the chip is what the cut has left, and that is all that remains when the
code has come to rest (`FaultyFlashChip.settle`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from simulator.flash.chip import SECTOR_BYTES, FlashChip, FlashOperation, FlashSnapshot, MappedBytes, erase_commands
from simulator.flash.cut import Cut, apply_cut, random_bits, sectors_of
from simulator.flash.damage import DISTURBING_READS, WORN_SHARE, Damage, Flaw
from simulator.flash.timing import TYPICAL, FlashTiming
from simulator.rng import Rng
from simulator.units import MIB


class FaultyFlashChip(FlashChip):
    """A `FlashChip` that fails as it is told to; see `simulator.flash.damage` for what that means.

    An operation that is cut has had its number: the next one, when power is back, has the number after it. Its journal
    holds what was asked of it, not what became of it.
    """

    __slots__ = ()

    _damage: Damage

    def __init__(
        self,
        size_bytes: int = 4 * MIB,
        contents: bytes = b"",
        *,
        timing: FlashTiming = TYPICAL,
        erase_counts: Sequence[int] = (),
    ) -> None:
        super().__init__(size_bytes, contents, timing=timing, erase_counts=erase_counts)
        self._damage = Damage()

    # -- what is going to go wrong --------------------------------------------------------------------------------

    def cut_at(self, cut: Cut, then: Callable[[], None]) -> None:
        """Let the power go at an operation that is still to come. ``then`` is called when it has gone."""
        self._damage.cuts[cut.operation] = (cut, then)

    @property
    def cuts_to_come(self) -> tuple[Cut, ...]:
        """The cuts that have not come yet."""
        return tuple(cut for cut, _ in self._damage.cuts.values())

    def before_operation(self, number: int, then: Callable[[], None]) -> None:
        """Call ``then`` just before the operation with this number."""
        self._damage.due.setdefault(number, []).append(then)

    def damage_next(self, flaw: Flaw, chosen: Callable[[int], None] = lambda _sector: None) -> None:
        """Let the sector be stuck or worn that is worked on next; ``chosen`` hears which that is, by its index.

        Of several it is the first. A worn one is one that is being erased.
        """
        self._damage.wanted.append((flaw, chosen))

    def damage_sector(self, flaw: Flaw, sector: int) -> None:
        """Let a sector, given by its index, be stuck or worn from now on."""
        if flaw == "stuck":
            self._damage.stuck.add(sector)
        else:
            self._damage.worn[sector] = random_bits(Rng(sector, "worn"), 1 - WORN_SHARE)

    def repair(self, flaw: Flaw) -> None:
        """Let no sector be stuck, or worn, any more, and none become so."""
        damage = self._damage
        damage.wanted = [entry for entry in damage.wanted if entry[0] != flaw]
        (damage.stuck if flaw == "stuck" else damage.worn).clear()

    def forget_what_is_to_come(self) -> None:
        """Let no power cut come that was to come, nothing happen before an operation, and no more sector fail."""
        for coming in (self._damage.cuts, self._damage.due, self._damage.wanted):
            coming.clear()

    def let_reading_disturb(self, *, on: bool) -> None:
        """Let reading disturb what is read, or not any more."""
        self._damage.disturbs = on

    # -- without power --------------------------------------------------------------------------------------------

    @property
    def is_dark(self) -> bool:
        """Whether the power is gone, and what is done now is done in vain."""
        return self._damage.is_dark

    def go_dark(self) -> None:
        """The power goes now, between two operations. Harmless if it has gone."""
        self._damage.is_dark = True

    def settle(self) -> None:
        """The code that worked on in the dark has come to rest: be what the power cut has left. Harmless otherwise."""
        damage = self._damage
        if not damage.is_dark:
            return
        left = damage.left
        damage.is_dark, damage.left = False, None
        damage.readings.clear()
        if left is not None:
            self.restore(left)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong with it, and nothing is going to be."""
        return self._damage.is_none

    # -- what a chip does -----------------------------------------------------------------------------------------

    def snapshot(self) -> FlashSnapshot:
        """Return the state of the chip; while it is dark what the cut has left."""
        if self._damage.left is not None:
            return self._damage.left
        snapshot = super().snapshot()
        weak = self._damage.weak
        return replace(snapshot, weak=tuple(sorted(weak.items()))) if weak else snapshot

    def to_bytes(self) -> bytes:
        """Return the contents of the whole chip, weak bits as they fell first; while it is dark what the cut left."""
        return super().to_bytes() if self._damage.left is None else self._damage.left.to_bytes()

    def restore(self, snapshot: FlashSnapshot) -> None:
        """Go back to the state of ``snapshot``, with its weak bits; in the dark too, which then leaves that."""
        super().restore(snapshot)
        if self._damage.left is not None:
            self._damage.left = snapshot
        self._damage.weak = dict(snapshot.weak)

    def program(self, address: int, data: bytes) -> None:
        """Program as a chip does, unless something goes wrong."""
        length = len(data)
        self._check_range(address, length)
        if length:
            self._perform(FlashOperation(self.operation_count, "program", address, length, bytes(data)))

    def erase(self, address: int, length: int) -> None:
        """Erase as a chip does, unless something goes wrong."""
        self._check_erase(address, length)
        for start, size in erase_commands(address, length):
            self._perform(FlashOperation(self.operation_count, "erase", start, size, b""))

    def _perform(self, operation: FlashOperation) -> None:
        damage = self._damage
        if damage.is_dark:
            if damage.left is None:
                damage.left = self.snapshot()
            self._carry_out(operation)
            return
        for then in damage.due.pop(operation.index, ()):
            then()
        self._choose(operation)
        cut, told = damage.cuts.pop(operation.index, (None, None))
        if cut is None or cut.phase == "after":
            self._carry_out_damaged(operation)
        if cut is None or told is None:
            return
        if cut.phase != "after":
            damage.left = self._left_by(operation, cut)
        damage.is_dark = True
        if cut.phase != "after":
            self._carry_out(operation)
            self.operation_count += 1
        told()

    def _choose(self, operation: FlashOperation) -> None:
        """Damage the sector that an operation is about, if that was to be the next."""
        damage = self._damage
        for entry in tuple(damage.wanted):
            flaw, chosen = entry
            if flaw == "stuck" or operation.kind == "erase":
                damage.wanted.remove(entry)
                sector = sectors_of(operation)[0]
                self.damage_sector(flaw, sector)
                chosen(sector)

    def _carry_out(self, operation: FlashOperation) -> None:
        if operation.kind == "program":
            super().program(operation.address, operation.data)
        else:
            super().erase(operation.address, operation.length)

    def _carry_out_damaged(self, operation: FlashOperation) -> None:
        damage = self._damage
        sectors = sectors_of(operation)
        if not any(index in flawed for flawed in (damage.stuck, damage.worn, damage.weak) for index in sectors):
            self._carry_out(operation)
            return
        _, kind, address, length, data = operation
        self.restore(self._left_by(operation, Cut(operation.index, "after")))
        self._busy_ns += self.timing.program_ns(address, length) if kind == "program" else self.timing.erase_ns(length)
        self._finish(kind, address, length, data)

    def _left_by(self, operation: FlashOperation, cut: Cut) -> FlashSnapshot:
        """Return what an operation leaves that is cut, if it is, in sectors that may be damaged."""
        before, damage = self.snapshot(), self._damage
        after = apply_cut(before, operation, cut)
        sectors = list(after.sectors)
        for index in sectors_of(operation):
            if index in damage.stuck:
                sectors[index] = before.sectors[index]
            elif index in damage.worn and operation.kind == "erase" and cut.phase == "after":
                sectors[index] = damage.worn[index]
        return replace(after, sectors=tuple(sectors))

    def _finish(self, kind: Literal["erase", "program"], address: int, length: int, data: bytes) -> None:
        if not self._damage.is_dark:
            super()._finish(kind, address, length, data)

    # -- reading --------------------------------------------------------------------------------------------------

    def map(self, address: int, length: int) -> MappedBytes:
        """Return what `read_mapped` returns, in the same simulated time; a copy where bits are weak."""
        mapped = super().map(address, length)
        if not self._is_changed_by_reading or address + length > self.size_bytes:
            return mapped
        return mapped._replace(sectors=tuple(self._sense(address // SECTOR_BYTES, mapped.sectors)))

    def _contents(self, address: int, length: int) -> bytes:
        if not self._is_changed_by_reading or not length:
            return super()._contents(address, length)
        first, stop = address // SECTOR_BYTES, -(-(address + length) // SECTOR_BYTES)
        sensed = b"".join(self._sense(first, self._freeze(first, stop)))
        return sensed[address % SECTOR_BYTES :][:length]

    @property
    def _is_changed_by_reading(self) -> bool:
        return bool(self._damage.weak) or self._damage.disturbs

    def _sense(self, first: int, sectors: Sequence[bytes]) -> Iterator[bytes]:
        """Yield what is read of sectors, the first of which has the index ``first``, and let reading disturb them."""
        damage = self._damage
        for index, sector in enumerate(sectors, first):
            number = damage.readings[index] = damage.readings.get(index, 0) + 1
            mask = damage.weak.get(index)
            if mask is None:
                yield sector
            else:
                weak = int.from_bytes(mask, "little") & int.from_bytes(
                    Rng(index, "weak", str(number)).bytes(SECTOR_BYTES), "little"
                )
                firm = int.from_bytes(sector, "little") & ~int.from_bytes(mask, "little")
                yield (firm | weak).to_bytes(SECTOR_BYTES, "little")
            if damage.disturbs and not damage.is_dark and number % DISTURBING_READS == 0:
                rng = Rng(index, "disturbed", str(number))
                bit = 1 << rng.integer(0, 7)
                self._program_sector(index, rng.integer(0, SECTOR_BYTES - 1), bytes([0xFF ^ bit]))


def faulty(chip: FlashChip) -> FaultyFlashChip:
    """Return ``chip``, which can fail from now on."""
    if not isinstance(chip, FaultyFlashChip):
        chip._damage = Damage()  # noqa: SLF001 (the place that a chip has for this)
        chip.__class__ = FaultyFlashChip
    assert isinstance(chip, FaultyFlashChip)
    return chip


def settle(chip: FlashChip) -> None:
    """Settle ``chip`` if it can fail, and make it an ordinary one again if nothing is wrong with it any more."""
    if isinstance(chip, FaultyFlashChip):
        chip.settle()
        if type(chip) is FaultyFlashChip and chip.is_sound:
            chip.__class__ = FlashChip  # type: ignore[assignment]  # as it was before `faulty`
