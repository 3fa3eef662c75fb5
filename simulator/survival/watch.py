"""Watches a board while things go wrong, and says what is broken: half an app started, something stored that is lost.

What has to be there is known from the journal: whenever NVS or file system has told its caller that something is done,
all that is in the partition is *committed*. Code whose power has gone works on in the dark to its next rest
(`simulator.flash.faulty_chip`), and what it commits there is what was *under way*: each key and file may be as
committed or as that. At every reset it is looked at what is really there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

from simulator.device.device import Device
from simulator.errors import FormatError
from simulator.events import Event
from simulator.explain import explain
from simulator.flash import SECTOR_BYTES, AppImage, FlashChip, FlashOperation, FlashSnapshot
from simulator.flash.faulty_chip import FaultyFlashChip
from simulator.flash.partition import partition_table_on
from simulator.sweep.boot_check import KnownApps, Starts, boot_config, check_boot
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
    explanation: tuple[str, ...]
    """What the board was doing then, its last flash operations, and what a reset starts; see `simulator.explain`."""

    def __str__(self) -> str:
        return f"at {format_duration(self.time_ns)}: {self.why}"

    def to_json(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            "promise": self.promise,
            "why": self.why,
            "t": self.time_ns,
            "explanation": list(self.explanation),
        }


class Watch:
    """Watches one board: it is the journal of its chip, and hears its events.

    ``broken`` is what it has found, ``in_part`` what SPIFFS has left in part: it changes files in place, so a file that
    was being written when the power went may be anything. The app that is selected in otadata is committed like
    everything else; but with rollback (ESP-IDF rewrites entries in place then), or if ``has_buttons`` with which a
    person can select another, any whole app may start.
    """

    def __init__(self, device: Device, apps: KnownApps, *, has_buttons: bool = False) -> None:
        chip = device.chip
        table = partition_table_on(chip)
        self.apps = apps
        self.broken: list[Broken] = []
        self.in_part: list[Loss] = []
        self._device = device
        self._chip = chip
        self._stores = {store.partition.offset: store for store in stores_of(device.board, table)}
        is_free = has_buttons or table.otadata is None or boot_config(chip, device.board).watches_first_boot
        self._selection = None if is_free or table.otadata is None else table.otadata.offset
        """Where it is written which app starts, if that is certain."""
        self._selected: set[str | None] = set()
        self._committed = dict.fromkeys((*self._stores, self._selection), chip.snapshot())
        self._under_way: dict[int, FlashSnapshot] = {}

    def take_for_new(self, image: bytes) -> None:
        """Let the app in ``image`` be one of those that may be started."""
        self.apps = replace(self.apps, new=(*self.apps.new, AppImage.from_bytes(image)))

    # -- the journal of the chip ----------------------------------------------------------------------------------

    def record(self, operation: FlashOperation) -> None:
        """Hear of an operation, which alone says nothing."""

    def commit(self, address: int) -> None:
        """Take note that what is in a partition now has to survive; or, in the dark, may be what is found."""
        if address not in self._committed:
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
        if self._selection is not None:
            committed = self._committed[self._selection]
            around = (committed, self._under_way.get(self._selection, committed))
            self._selected = set(map(self._starts, around))
            self._committed[self._selection] = found
        self._under_way.clear()

    def _starts(self, flash: FlashSnapshot) -> str | None:
        """Return the label of what starts with this flash."""
        chip, device = FaultyFlashChip.from_snapshot(flash), self._device
        return check_boot(chip, device.board, device.efuses.to_bytes(), self.apps).label

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
        if self._selection is not None and label not in self._selected:
            self.tell("boots", f"{label} is started, which was not selected and was not about to be", time_ns)
        if starts is Starts.HALF:
            self.tell("boots", f"{label} is started, and holds neither the old app nor the new one", time_ns)

    def tell(self, promise: Promise, why: str, time_ns: int) -> None:
        """Note that a promise was not kept."""
        self.broken.append(Broken(promise, why, time_ns, explain(self._device, time_ns)))
