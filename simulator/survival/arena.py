"""Runs a board through a plan of faults, lifts them, and looks whether it is whole: `Arena`.

A run has three acts. In the first things go wrong as planned, until the board has come to rest and no fault is to begin
or end any more; if it updates itself, a second update comes out as soon as it has the first. Then everything is lifted,
and the board may come to rest by itself; if it does not, that is no broken promise but the stock device as it is
(`net.ota` loops for ever after a truncated download), and it is only remarked. In the last act the power is taken away
and given back, and there is newer firmware than ever before: the board has to start, to have everything that was
committed, and to install that firmware.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import trio

from simulator.chaos import Course, Plan
from simulator.device.device import Device
from simulator.efuses import Efuses
from simulator.errors import UsageError
from simulator.flash import FlashChip, Journal
from simulator.flash.partition import partition_table_on
from simulator.session import Ending, Report, run_session
from simulator.setting import Request, Setting, prepare
from simulator.survival.releases import Releases
from simulator.survival.watch import Broken, Watch
from simulator.sweep.boot_check import KnownApps
from simulator.sweep.rehearsal import without_faults
from simulator.sweep.sweep import BaseRunError
from simulator.units import NS_PER_S, format_duration
from simulator.world import World

PATIENCE_NS: Final = 60 * NS_PER_S
"""How much longer than a run without faults a board may take in each act, besides what the faults last."""
_NO_LIMIT_NS: Final = 1_000_000 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Survival:
    """How a board came through a plan."""

    plan: Plan
    report: Report
    broken: tuple[Broken, ...]
    """The promises that were not kept; none: it has survived."""
    unrest: str
    """Why the board did not come to rest by itself when all was lifted; empty if it did."""
    in_part: tuple[str, ...]
    """The files that SPIFFS has left in part, because they were being written when the power went."""

    @property
    def remarks(self) -> list[str]:
        """What is to be said besides: it is no broken promise, for no board promises it."""
        remarks = [f"the board did not come to rest when all was lifted: {self.unrest}"] if self.unrest else []
        if self.in_part:
            remarks.append(f"SPIFFS has left in part what was being written: {', '.join(self.in_part)}")
        return remarks


class Arena:
    """A board and what is around it, made once, to be run through many plans: each run begins from the same state.

    Raises `LuaTwinError` for what is wrong with the request, and `BaseRunError` if the board comes to no rest even when
    nothing goes wrong. ``course`` is how such a run goes.
    """

    def __init__(self, request: Request) -> None:
        if request.server is not None:
            raise UsageError("--server: a real server does what it does; chaos needs the built-in one")
        self._request = request
        self._bare_request = dataclasses.replace(without_faults(request), holds=request.holds)
        self._setting = prepare(request)
        self._flash = self._setting.chip.snapshot()
        self._efuses = None if self._setting.efuses is None else self._setting.efuses.to_bytes()
        self.updates = False
        """Whether the board updates itself, if nothing goes wrong."""
        self.usual_errors: frozenset[str] = frozenset()
        """Those of its script, if nothing goes wrong."""
        self.course = self._measure()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of the flash file that was given."""
        return self._setting.remarks

    def _fresh_setting(self) -> Setting:
        return dataclasses.replace(
            self._setting,
            chip=FlashChip.from_snapshot(self._flash, timing=self._request.flash_timing),
            efuses=None if self._efuses is None else Efuses.from_bytes(self._efuses),
        )

    def _measure(self) -> Course:
        """Run the board without faults."""
        journal = Journal(self._flash)
        setting = self._fresh_setting()
        setting.chip.journal = journal

        async def update(world: World, device: Device) -> None:
            world.events.subscribe(Releases(self._request, setting, world).hear)
            await device.finished()

        report = run_session(self._bare_request, heard=_ignore, steer=update, setting=setting)
        if report.ending is Ending.TIMEOUT:
            raise BaseRunError(f"the run without a fault does not end: {report.why}", report.exit_code)
        if report.ending is Ending.STUCK:
            raise BaseRunError(f"the board is stuck without a fault: {report.why}", report.exit_code)
        self.updates = report.boots[-1].commit != report.boots[0].commit
        self.usual_errors = frozenset(report.script_errors)
        entries = partition_table_on(setting.chip).entries
        places: dict[str, list[int]] = {}
        for number, operation in enumerate(journal.operations):
            for entry in entries:
                if not entry.is_app and entry.offset <= operation.address < entry.end:
                    places.setdefault(entry.label, []).append(number)
        firmware = setting.firmware
        return Course(
            duration_ns=report.simulated_ns,
            operations=len(journal.operations),
            decisive=tuple(map(tuple, places.values())),
            image_bytes=len(firmware.image) if firmware is not None and self.updates else 0,
            profile=setting.installed.profile if setting.installed is not None else "stock",
        )

    def run(self, plan: Plan, *, heard: Callable[[bytes], None] = lambda _data: None) -> Survival:
        """Run the board through ``plan`` and return how it came through. Nothing is written on the host."""
        return self._run(self._bare_request, plan, heard)

    def run_as_asked(self, plan: Plan, *, heard: Callable[[bytes], None]) -> Survival:
        """The same, with the event log and everything else that was asked for, but for the flash file.

        That is where each run begins, so it stays as it is.
        """
        return self._run(dataclasses.replace(self._request, flash=None, efuses=None), plan, heard)

    def _run(self, request: Request, plan: Plan, heard: Callable[[bytes], None]) -> Survival:
        setting = self._fresh_setting()
        acts = _Acts(self, request, plan, setting)
        report = run_session(
            dataclasses.replace(request, faults=plan, timeout_ns=_NO_LIMIT_NS),
            heard=heard,
            steer=acts.play,
            ends_when_stuck=False,
            setting=setting,
        )
        in_part = sorted({loss.name for loss in acts.watch.in_part})
        return Survival(
            plan=plan, report=report, broken=tuple(acts.watch.broken), unrest=acts.unrest, in_part=tuple(in_part)
        )


class _Acts:
    """What happens in one run, act by act."""

    def __init__(self, arena: Arena, request: Request, plan: Plan, setting: Setting) -> None:
        self.unrest = ""
        self.watch: Watch
        self._releases: Releases
        self._arena = arena
        self._request = request
        self._setting = setting
        self._limit_ns = 3 * arena.course.duration_ns + PATIENCE_NS
        self._limit_of_faults_ns = self._limit_ns + sum(fault.duration_ns or 0 for fault in plan)

    async def play(self, world: World, device: Device) -> None:
        """Steer the run."""
        published = [offer.image for offer in world.catalogue.offers if offer.image]
        watch = Watch(device, KnownApps.of(device.chip, published), has_buttons=bool(self._request.holds))
        self.watch = device.chip.journal = watch
        self._releases = Releases(self._request, self._setting, world, watch.take_for_new)
        unsubscribe = [world.events.subscribe(hear) for hear in (watch.hear, self._releases.hear)]
        with trio.move_on_after(self._limit_of_faults_ns / NS_PER_S):
            await self._until_rest_and_calm(world, device)
        world.lift_faults()
        with trio.move_on_after(self._limit_ns / NS_PER_S):
            await device.finished()
        if not device.idle.is_set() and not device.stuck.is_set():
            self.unrest = _last_word(device)
        await self._start_again(world, device)
        watch.look(world.now_ns())
        for end in unsubscribe:
            end()

    async def _until_rest_and_calm(self, world: World, device: Device) -> None:
        """Return when nothing is going on any more, neither on the board nor with the faults that have their time."""
        while True:
            await world.faults_are_over()
            await device.finished()
            if not world.has_faults_to_come:
                return

    async def _start_again(self, world: World, device: Device) -> None:
        """Take the power away and give it back; the board has to start, and to update itself if it ever does."""
        device.power_off()
        await device.is_off.wait()
        self.watch.look(world.now_ns())
        self._releases.publish_last()
        goal = self._releases.newest if self._arena.updates else None
        boots_before, errors_before = len(device.boots), len(device.script_errors)
        world.power_on(device)
        with trio.move_on_after(self._limit_ns / NS_PER_S):
            await device.finished()
        now_ns = world.now_ns()
        if device.is_bricked:
            self.watch.tell("boots", f"bricked: {device.why_stuck}", now_ns)
        elif device.stuck.is_set():
            self.watch.tell("recovers", f"the board is stuck: {device.why_stuck}", now_ns)
        elif not device.idle.is_set():
            waited = format_duration(self._limit_ns)
            why = f"the board does not come to rest within {waited}: {_last_word(device)}"
            self.watch.tell("recovers", why, now_ns)
        elif len(device.boots) == boots_before:
            self.watch.tell("recovers", "the board is at rest, but no app was started", now_ns)
        elif goal is not None and device.boots[-1].commit != goal.commit:
            last = device.boots[-1]
            self.watch.tell("recovers", f"{last.label} runs with commit {last.commit}, not {goal.commit}", now_ns)
        for error in device.script_errors[errors_before:]:
            if error not in self._arena.usual_errors:
                self.watch.tell("recovers", f"script error: {error.splitlines()[0]}", now_ns)


def _last_word(device: Device) -> str:
    return device.trouble or f"last seen at {device.where() or 'no line of Lua'}"


def _ignore(_data: bytes) -> None:
    """Hear nothing."""
