"""What can go wrong in a flash chip: the fault model, and what a chip that fails has to remember.

What NOR flash promises
    Nothing that was acknowledged is lost by a power cut. An operation that was under way when the power went is not
    acknowledged, and no data sheet says what it leaves, except that no other sector changes. So whoever stores
    something has to survive every state that is physically possible, and these are what is tried:

A program call that is cut
    The driver splits it into commands of at most 32 bytes, none across a page of 256 bytes
    (`simulator.flash.timing`), and the chip carries them out in order. ``prefix``: the first bytes are programmed, the
    others as they were; that contains every boundary of commands, and boundaries within one too, which is stricter
    than the chip. ``bits``: the same, but the command under way has cleared some of its bits and spared others: any
    subset, for a page is programmed in parallel. Only bits that were to be cleared can have been.

An erase that is cut
    The chip first programs all bits of the sectors to 0, so that they rise evenly, and then raises them all together
    until the slowest has arrived at 1. ``zeros`` is a cut in the first stage: the first bytes are 0, the others as
    they were. ``bits`` is one in the second: every bit of all the sectors is random, 1 with the chance of the share
    that the erase came far. ``prefix`` is no stage of a real chip but the classic of power-cut tests: the first bytes
    are erased, the others as they were; to a checksum it is the worst of the three, for what is left is whole.

Weak bits
    ``weak`` is ``bits``, with some of the bits left in between 0 and 1: they read either way, anew at every reading,
    until their sector is erased or they are programmed to 0. That is what an interrupted erase is dreaded for: a
    checksum is good once, and bad the next time. (A fixed random pattern would be ``bits``, which finds nothing that
    depends on reading twice.) A reading is decided by the sector and by how often it was read, not by the seed of
    the world, so that one line repeats it: the number of the operation and the pattern decide everything.

Sectors that fail
    A *stuck* sector does not change any more, whatever is done to it. A *worn* sector can be programmed, but some of
    its bits do not rise any more when it is erased. In both cases the driver says that all is well: ESP-IDF reads no
    status of the kind and verifies nothing (``spi_flash/flash_ops.c``; ``CONFIG_SPI_FLASH_VERIFY_WRITE`` is off).

Read disturb
    Off unless asked for, as it is next to nothing in real NOR flash. Then every `DISTURBING_READS` readings of a
    sector clear one of its bits. An erase heals it.

Brownout
    Too little voltage for the chip and perhaps enough for the CPU: what it does to an operation under way is what a
    cut does to it. Which reset comes of it is for `simulator.device`.

Who has to survive what
    The bootloader every cut, of its own writes too: of the two select entries one is always whole, and an image that
    is not whole is not started. An update every cut, and stuck and worn sectors in its slot: what cannot be verified
    is not selected. NVS every cut: each value is the old or the new one. A file system every cut of a file that is not
    open; SPIFFS, which has no checksums, promises nothing of a file that is. Stuck and worn sectors under NVS and
    SPIFFS lose what is in them, as on a real board; littlefs reads back what it writes and moves elsewhere, except
    from its first two blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from simulator.flash.chip import FlashSnapshot
from simulator.flash.cut import Cut

DISTURBING_READS: Final = 100
"""How many readings of a sector clear one of its bits while reading disturbs."""
WORN_SHARE: Final = 1 / 128
"""So many bits of a worn sector do not rise any more."""

Flaw: TypeAlias = Literal["stuck", "worn"]


@dataclass(slots=True)
class Damage:
    """What is wrong with a chip, and what is going to be."""

    due: dict[int, list[Callable[[], None]]] = field(default_factory=dict)
    """What is called just before an operation, by its number."""
    cuts: dict[int, tuple[Cut, Callable[[], None]]] = field(default_factory=dict)
    """Where the power goes, by the number of the operation, and who is told."""
    wanted: list[tuple[Flaw, Callable[[int], None]]] = field(default_factory=list)
    """What happens to the next sector that is worked on, and who is told which that was."""
    stuck: set[int] = field(default_factory=set)
    worn: dict[int, bytes] = field(default_factory=dict)
    """What erasing leaves of a worn sector, by its index."""
    weak: dict[int, bytes] = field(default_factory=dict)
    """The weak bits, by the sector."""
    disturbs: bool = False
    """Whether reading disturbs."""
    readings: dict[int, int] = field(default_factory=dict)
    """How often a sector was read, if that matters."""
    is_dark: bool = False
    """Whether the power is gone."""
    left: FlashSnapshot | None = None
    """While it is: what is in the chip, if anything was written since."""

    @property
    def is_none(self) -> bool:
        """Whether nothing is wrong and nothing is going to be."""
        going_on = (self.due, self.cuts, self.wanted, self.stuck, self.worn, self.weak, self.disturbs, self.is_dark)
        return not any(going_on)
