"""Watches a board while things go wrong, and says what is broken: half an app started, something stored that is lost.

What has to be there is known from the journal: whenever NVS or file system has told its caller that something is done,
all that is in the partition is *committed*. Code whose power has gone works on in the dark to its next rest
(`simulator.flash.faulty_chip`), and what it commits there is what was *under way*: each key and file may be as
committed or as that. At every reset it is looked at what is really there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from simulator.boards import Board
from simulator.errors import FormatError
from simulator.events import Event
from simulator.flash import SECTOR_BYTES, AppImage, FlashChip, FlashOperation, FlashSnapshot
from simulator.flash.faulty_chip import FaultyFlashChip
from simulator.flash.partition import partition_table_on
from simulator.sweep.boot_check import KnownApps, Starts
from simulator.sweep.stored import Loss, Store, stores_of
from simulator.units import format_duration

Promise: TypeAlias = Literal["boots", "keeps", "recovers"]
"""It starts a whole app, old or new; it keeps what was committed; when all is well again, an update completes."""

SPIFFS: Final = "spiffs"


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that was not kept, at a simulated time, and how, in words for people."""

    promise: Promise
    why: str
    time_ns: int

    def __str__(self) -> str:
        return f"at {format_duration(self.time_ns)}: {self.why}"

    def to_json(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {"promise": self.promise, "why": self.why, "t": self.time_ns}


class Watch:
    """Watches one board: it is the journal of its chip, and hears its events.

    ``broken`` is what it has found, ``in_part`` what SPIFFS has left in part: it changes files in place, so a file that
    was being written when the power went may be anything.
    """

    def __init__(self, board: Board, chip: FlashChip, apps: KnownApps) -> None:
        self.apps = apps
        self.broken: list[Broken] = []
        self.in_part: list[Loss] = []
        self._chip = chip
        self._stores = {store.partition.offset: store for store in stores_of(board, partition_table_on(chip))}
        self._committed = dict.fromkeys(self._stores, chip.snapshot())
        self._under_way: dict[int, FlashSnapshot] = {}

    # -- the journal of the chip ----------------------------------------------------------------------------------

    def record(self, operation: FlashOperation) -> None:
        """Hear of an operation, which alone says nothing."""

    def commit(self, address: int) -> None:
        """Take note that what is in a partition now has to survive; or, in the dark, may be what is found."""
        if address not in self._stores:
            return
        if isinstance(self._chip, FaultyFlashChip) and self._chip.is_dark:
            # To code in the dark the chip is one that does as it is told, and so it looks then.
            self._under_way.setdefault(address, FlashChip.snapshot(self._chip))
        else:
            self._committed[address] = self._chip.snapshot()

    # -- what happens to the board --------------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Hear of an event, before anything else happens."""
        match event:
            case {"kind": "reset", "t": time_ns}:
                self.look(time_ns)
            case {"kind": "boot.app", "t": time_ns, "label": label, "offset": offset}:
                self._judge(label, offset, time_ns)

    def look(self, time_ns: int) -> None:
        """Compare what is stored with what was committed; from now on it is what is there that counts."""
        found = self._chip.snapshot()
        for address, store in self._stores.items():
            committed = self._committed[address]
            if store.cells(found) != store.cells(committed):
                self._compare(store, found, committed, self._under_way.get(address, committed), time_ns)
                self._committed[address] = found
        self._under_way.clear()

    def _compare(
        self,
        store: Store,
        found: FlashSnapshot,
        committed: FlashSnapshot,
        under_way: FlashSnapshot,
        time_ns: int,
    ) -> None:
        for loss in store.losses(*map(store.contents, (found, committed, under_way))):
            if store.kind == SPIFFS and not loss.was_committed:
                self.in_part.append(loss)
            else:
                self.tell("keeps", f"{store.partition.label}: {loss.name or 'all of it'} {loss.what}", time_ns)

    def _judge(self, label: str, offset: int, time_ns: int) -> None:
        table = partition_table_on(FlashChip.from_snapshot(self._chip.snapshot()))
        partition = next(entry for entry in table.entries if entry.offset == offset)
        sectors = self._chip.snapshot().sectors[offset // SECTOR_BYTES : partition.end // SECTOR_BYTES]
        try:
            starts = self.apps.judge(AppImage.from_bytes(b"".join(sectors)))
        except FormatError as error:
            self.tell("boots", f"{label} is started, which is no sound app: {error}", time_ns)
            return
        if starts is Starts.HALF:
            self.tell("boots", f"{label} is started, and holds neither the old app nor the new one", time_ns)

    def tell(self, promise: Promise, why: str, time_ns: int) -> None:
        """Note that a promise was not kept."""
        self.broken.append(Broken(promise, why, time_ns))
