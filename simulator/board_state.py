"""What a board is like at one moment: power, app slots, otadata, what would start next, network, Lua threads.

Looking changes nothing that a script or the event log could see. A `BoardState` is made of plain values, so that it can
be printed, sent to another process, or drawn on a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from simulator.device.device import Device
from simulator.device.state import NetworkState, RecentOperation, ThreadState
from simulator.dump import boot_config_in
from simulator.inspection import AppSlot, FlashReport, explain_otadata, inspect_flash


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaState:
    """Something that lies in flash: bootloader, partition table, a partition."""

    name: str
    kind: str
    offset: int
    size_bytes: int
    used_share: float
    """Of its sectors, 0 to 1."""
    content: str
    """What is in an app slot; empty for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextBoot:
    """What the bootloader would do at a reset now."""

    label: str | None
    """None: nothing starts."""
    commit: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardState:
    """A board at a moment, just after the event ``n``. ``time_ns`` counts from the start of the world."""

    n: int
    time_ns: int
    board: str
    stage: str
    """What it does: is off, boots, or runs an app."""
    running: str | None
    """The slot that the app which runs is in."""
    commit: str | None
    reset: str | None
    """Why it was reset the last time that an app started."""
    boot_count: int
    areas: tuple[AreaState, ...]
    otadata: tuple[str, ...]
    """Both select entries in words, and what comes of them."""
    next_boot: NextBoot
    network: NetworkState | None
    threads: tuple[ThreadState, ...]
    operations: tuple[str, ...]
    """The last ones on the flash chip, the last at the end."""
    events: tuple[dict[str, Any], ...]
    """The last ones, that of the moment at the end."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            **asdict(self),
            "network": None if self.network is None else self.network._asdict(),
            "threads": [thread._asdict() for thread in self.threads],
        }


def board_state(device: Device, time_ns: int, events: Sequence[dict[str, Any]]) -> BoardState:
    """Return what ``device`` is like at ``time_ns``, when the last of ``events`` has happened."""
    report = flash_report(device)
    runs_app = device.runs_app
    last = device.boots[-1] if device.boots else None
    return BoardState(
        n=events[-1]["n"] if events else -1,
        time_ns=time_ns,
        board=device.board.documented_id,
        stage=_stage(device),
        running=last.label if last and runs_app else None,
        commit=last.commit if last and runs_app else None,
        reset=last.reason.name if last else None,
        boot_count=len(device.boots),
        areas=_areas(report),
        otadata=tuple(explain_otadata(report)),
        next_boot=next_boot(report),
        network=device.network(),
        threads=tuple(device.threads()),
        operations=operation_words(device.recent_operations, report),
        events=tuple(events),
    )


def flash_report(device: Device) -> FlashReport:
    """Return what is in the flash of ``device``, with the bootloader and the eFuses that it has."""
    flash = device.chip.to_bytes()  # reading from the chip itself takes simulated time
    return inspect_flash(flash, boot_config_in(flash, device.board), efuses=device.efuses)


def next_boot(report: FlashReport) -> NextBoot:
    """Return what would start at a reset, and why."""
    manifest = report.running.manifest if report.running else None
    return NextBoot(label=report.boot.label, commit=manifest.commit if manifest else None, why=report.boot.why)


def operation_words(operations: Sequence[RecentOperation], report: FlashReport) -> tuple[str, ...]:
    """Return operations on a flash chip in words, with the area that each was in."""
    return tuple(
        f"#{index} {kind} of {length} bytes at 0x{address:x} ({_area_at(address, report)})"
        for index, kind, address, length in operations
    )


def _area_at(address: int, report: FlashReport) -> str:
    return next((area.name for area in report.areas if area.offset <= address < area.end), "no partition")


def _stage(device: Device) -> str:
    if device.is_off.is_set():
        return "is off"
    if device.stuck.is_set():
        return f"is stuck: {device.why_stuck}"
    if not device.runs_app:
        return "boots"
    return "is idle" if device.idle.is_set() else "runs its app"


def _areas(report: FlashReport) -> tuple[AreaState, ...]:
    slots = {slot.partition.label: slot for slot in report.slots}
    return tuple(
        AreaState(
            name=area.name,
            kind=area.kind,
            offset=area.offset,
            size_bytes=area.size_bytes,
            used_share=report.used_sectors(area) / max(1, len(area.sectors)),
            content=_content(slots[area.name]) if area.name in slots else "",
        )
        for area in report.areas
    )


def _content(slot: AppSlot) -> str:
    if slot.fault:
        return slot.fault
    if slot.manifest is None:
        return "an image that is not ours"
    return f"{slot.manifest.documented_id} {slot.manifest.commit[:8]}, {slot.manifest.profile}"
