"""Where a scenario is played: the world, its boards by name, and what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.boards.ids import did_you_mean
from simulator.device.device import Device
from simulator.errors import UsageError
from simulator.flash.partition import partition_table_on
from simulator.formats.otadata import OTADATA_BYTES, OtaData, SelectEntry
from simulator.hardware.parts import Part
from simulator.hardware.parts.basic import Led
from simulator.play.record import Record
from simulator.scenario.steps import PinTable
from simulator.setting import Request
from simulator.world import World

CHIP_NAMES: Final = ("esp", "esp32")
"""What scenarios of wokwi-cli call the board itself."""
_PIN_PREFIXES: Final = ("GPIO", "IO", "D")


@dataclass(slots=True)
class Scene:
    """``folder`` is where the scenario is. ``later`` lets something happen after so many simulated nanoseconds."""

    world: World
    devices: dict[str, Device]
    requests: Mapping[str, Request]
    """What each board began with."""
    record: Record
    folder: Path
    later: Callable[[int, Callable[[], None]], None]

    def gpio(self, device: Device, table: PinTable) -> int:
        """Return the pin of the chip that a step means. Raises `UsageError` for one that there is not."""
        if table.gpio is not None:
            return table.gpio
        assert table.part_id is not None
        name = table.pin_name or ""
        if table.part_id in (device.name, *CHIP_NAMES):
            number = name.upper()
            for prefix in _PIN_PREFIXES:
                number = number.removeprefix(prefix)
            if not number.isdecimal():
                raise UsageError(f"the chip has no pin {name!r}; write its number, such as 26 or GPIO26")
            return int(number)
        part = self.part(device, table.part_id)
        pins = part.pins
        if isinstance(part, Led) and name == "A":
            return part.pin
        if name not in pins:
            hint = did_you_mean(name, pins) or f"; it has {', '.join(pins) or 'none'}"
            raise UsageError(f"part {part.name!r} ({part.type_name}) has no pin {name!r}{hint}")
        return pins[name]

    def part(self, device: Device, name: str) -> Part:
        """Return a part of a board. Raises `UsageError`."""
        return device.bench.part(name)

    def level(self, device: Device, gpio: int) -> int:
        """Return the level of a pin now. Raises `UsageError` for a pin that the chip does not have."""
        now_ns = self.world.now_ns()
        device.bench.advance(now_ns)
        return device.bench.wire(gpio).level(now_ns)


def select_entry(device: Device) -> SelectEntry | None:
    """Return the entry of otadata that counts; None if there is no otadata, or no such entry."""
    partition = partition_table_on(device.chip).otadata
    if partition is None:
        return None
    return OtaData.from_bytes(device.chip.read(partition.offset, OTADATA_BYTES)).active_entry
