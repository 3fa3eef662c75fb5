"""Plays one case of a scenario: puts up its boards, carries out its steps, and says how it went."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import trio

from simulator.board_state import board_state
from simulator.device.device import Device
from simulator.errors import UsageError
from simulator.play import near_misses
from simulator.play.acts import ACTS
from simulator.play.checks import CHECKS
from simulator.play.record import Console, Cursor, Record, literally, pattern_of
from simulator.play.scene import Scene
from simulator.play.verdict import Failure, LuaError, Outcome, StepResult, Verdict
from simulator.scenario import BoardPlan, Case, Scenario, Step
from simulator.scenario.steps import STEPS, EventTable, PinTable
from simulator.session import Report, run_session
from simulator.setting import prepare
from simulator.units import NS_PER_S, format_duration
from simulator.world import World

EVENT_BOARD: Final = "scenario"
"""What stands in ``board`` in the events of a scenario itself."""
LINES_SHOWN: Final = 8
EVENTS_SHOWN: Final = 12
_GRACE_NS: Final = NS_PER_S
"""The session may last a little longer than the scenario, whose own end says what it was waiting for."""
COMPOUND: Final = ("repeat", "parallel")
"""The steps that hold others."""
_LUA_PLACE: Final = re.compile(r"(?P<path>/[^:\n]+):(?P<line>\d+):")


def play(
    scenario: Scenario,
    case: Case,
    *,
    events: Path | None = None,
    flash: Path | None = None,
    heard: Callable[[bytes], None] = lambda _data: None,
    began: Callable[[Step], None] = lambda _step: None,
) -> Verdict:
    """Play ``case`` and return how it went.

    ``heard`` gets the first board's console as it is sent, ``began`` gets each step that begins. ``events`` is where
    the event log goes, ``flash`` where the flash of the first board goes at the end. Raises `LuaTwinError` for what is
    wrong with what the boards begin with.
    """
    player = _Player(scenario, case, began)
    request = dataclasses.replace(case.request, events=events, flash=flash, timeout_ns=case.timeout_ns + _GRACE_NS)
    report = run_session(request, heard=heard, steer=player.steer, ends_when_stuck=False)
    return player.verdict(report)


class _StepFailed(Exception):  # noqa: N818 (it is no error of a program)
    def __init__(self, failure: Failure, outcome: Outcome) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.outcome = outcome


@dataclass(slots=True)
class _Player:
    """Plays one case."""

    scenario: Scenario
    case: Case
    began: Callable[[Step], None]
    results: list[StepResult] = field(default_factory=list)
    failure: Failure | None = None
    outcome: Outcome = Outcome.PASSED
    _scene: Scene = field(init=False)
    _ends_at_s: float = field(init=False)

    async def steer(self, world: World, first: Device) -> None:
        """Carry out all steps, or as many as go well."""
        async with trio.open_nursery() as nursery:

            def later(delay_ns: int, then: Callable[[], None]) -> None:
                async def wait() -> None:
                    await trio.sleep(delay_ns / NS_PER_S)
                    then()

                nursery.start_soon(wait)

            devices = {first.name: first}
            requests = {plan.name: plan.request for plan in self.case.boards}
            self._scene = Scene(world, devices, requests, Record(world.events), self.scenario.path.parent, later)
            self._ends_at_s = trio.current_time() + self.case.timeout_ns / NS_PER_S
            for plan in self.case.boards[1:]:
                devices[plan.name] = _put_up(world, plan)
            try:
                await self._carry_out_all(self.case.steps, Cursor())
            except _StepFailed as failed:
                self.failure, self.outcome = failed.failure, failed.outcome
            nursery.cancel_scope.cancel()

    def verdict(self, report: Report) -> Verdict:
        """Return how it went."""
        return Verdict(
            path=self.scenario.path,
            name=self.scenario.name,
            label=self.case.label,
            outcome=self.outcome,
            failure=self.failure,
            steps=tuple(self.results),
            consoles={name: bytes(device.console) for name, device in self._scene.devices.items()},
            report=report,
        )

    # -- steps ----------------------------------------------------------------------------------------------------

    async def _carry_out_all(self, steps: Iterable[Step], cursor: Cursor) -> None:
        for step in steps:
            first = self.case.boards[0].name
            if step.kind == "repeat":
                times, inner = step.value
                for _ in range(times):
                    await self._within(step, first, self._carry_out_all(inner, cursor))
            elif step.kind == "parallel":
                branches = [partial(self._carry_out_all, branch) for branch in step.value]
                await self._within(step, first, _all_at_once(branches, cursor))
            elif len(step.boards) > 1:
                await _all_at_once([partial(self._carry_out, step, board) for board in step.boards], cursor)
            else:
                await self._carry_out(step, step.boards[0] if step.boards else first, cursor)

    async def _carry_out(self, step: Step, board: str, cursor: Cursor) -> None:
        world = self._scene.world
        self.began(step)
        began_ns = world.now_ns()
        is_ok = False
        try:
            looks = self._looks(step, self._scene.devices[board], cursor)
            if looks is None:
                await self._within(step, board, self._do(step, board), cursor)
            else:
                await self._within(step, board, self._until(looks), cursor, looks)
            is_ok = True
        except UsageError as error:
            raise _StepFailed(self._failure(step, board, str(error)), Outcome.BROKEN) from error
        finally:
            ended_ns = world.now_ns()
            self.results.append(StepResult(step=step, board=board, began_ns=began_ns, ended_ns=ended_ns, is_ok=is_ok))
            world.events.emit(EVENT_BOARD, "expect", step=str(step), line=step.place.line, of=board, ok=is_ok)

    async def _within(
        self,
        step: Step,
        board: str,
        work: Awaitable[None],
        cursor: Cursor | None = None,
        looks: Callable[[], bool] | None = None,
    ) -> None:
        """Let ``work`` take as long as the step and the scenario may. What is found at the last moment counts."""
        own_s = math.inf if step.timeout_ns is None else trio.current_time() + step.timeout_ns / NS_PER_S
        # What holds other steps leaves it to them to say what was waited for when the scenario's time was up.
        end_s = math.inf if step.kind in COMPOUND else self._ends_at_s
        with trio.move_on_at(min(own_s, end_s)) as scope:
            await work
        if not scope.cancelled_caught or (looks is not None and looks()):
            return
        is_own = step.timeout_ns is not None and own_s < end_s
        limit_ns = self.case.timeout_ns if not is_own or step.timeout_ns is None else step.timeout_ns
        whose = "" if is_own else " that the scenario has"
        message, hints = self._what_did_not_come(step, board, cursor)
        failure = self._failure(step, board, f"{message} within {format_duration(limit_ns)}{whose}", hints)
        expects = STEPS[step.kind].waits or STEPS[step.kind].expects or is_own
        raise _StepFailed(failure, Outcome.FAILED if expects else Outcome.LIMIT)

    async def _until(self, looks: Callable[[], bool]) -> None:
        """Return when ``looks`` has found what it looks for; it is asked whenever something has happened."""
        while not looks():
            await self._scene.record.more()

    async def _do(self, step: Step, board: str) -> None:
        device = self._scene.devices[board]
        if step.kind == "expect-exit":
            await device.finished()
            complaint = _exit_complaint(device, step.value)
        elif step.kind in CHECKS:
            complaint = CHECKS[step.kind](self._scene, device, step.value)
        else:
            complaint = await ACTS[step.kind](self._scene, device, step.value)
        if complaint is not None:
            raise _StepFailed(self._failure(step, board, complaint), Outcome.FAILED)

    # -- waiting --------------------------------------------------------------------------------------------------

    def _looks(self, step: Step, device: Device, cursor: Cursor) -> Callable[[], bool] | None:
        """Return what tells whether that has come what a step waits for; None if it does not wait.

        A step that expects something waits for it if it has a timeout of its own.
        """
        match step.kind:
            case "wait-serial":
                return self._looks_for_text(*literally(step.value), device, cursor)
            case "wait-serial-regex":
                return self._looks_for_text(*pattern_of(step.value), device, cursor)
            case "wait-event":
                return self._looks_for_event(*_event_wanted(step, device.name), cursor)
            case "wait-pin":
                return self._looks_for_level(device, step.value)
            case kind if kind in CHECKS and step.timeout_ns is not None:
                return lambda: CHECKS[kind](self._scene, device, step.value) is None
            case _:
                return None

    def _looks_for_text(
        self, pattern: re.Pattern[str], reach: int, device: Device, cursor: Cursor
    ) -> Callable[[], bool]:  # fmt: skip
        console = Console(self._scene.record, cursor, device.name)
        return lambda: _move(cursor, console.find(pattern, reach))

    def _looks_for_event(self, kind: str, fields: Mapping[str, object], cursor: Cursor) -> Callable[[], bool]:
        record, looked_at = self._scene.record, cursor.copy()

        def looks() -> bool:
            found = record.find_event(looked_at, kind, fields)
            looked_at.move_to(Cursor(len(record.events)))
            return _move(cursor, found)

        return looks

    def _looks_for_level(self, device: Device, table: PinTable) -> Callable[[], bool]:
        """Look for a level, which is a state: it may have come before, and the cursor stays where it is."""
        gpio = self._scene.gpio(device, table)
        fields = {"board": device.name, "gpio": gpio, "level": table.level}
        has_come = self._looks_for_event("pin", fields, Cursor(len(self._scene.record.events)))
        return lambda: self._scene.level(device, gpio) == table.level or has_come()

    # -- what is said of a failure --------------------------------------------------------------------------------

    def _what_did_not_come(self, step: Step, board: str, cursor: Cursor | None) -> tuple[str, list[str]]:
        record, device = self._scene.record, self._scene.devices[board]
        match step.kind:
            case "wait-serial" if cursor is not None:
                hints = list(near_misses.of_text(record, cursor, board, step.value))
                return f"{board} did not print {step.value!r}", hints
            case "wait-serial-regex":
                return f"{board} printed nothing that matches {step.value!r}", []
            case "wait-event" if cursor is not None:
                kind, fields = _event_wanted(step, board)
                wanted = " ".join([kind, *(f"{name}={value!r}" for name, value in fields.items())])
                return f"there was no event {wanted}", list(near_misses.of_event(record, cursor, kind, fields))
            case "wait-pin":
                gpio = self._scene.gpio(device, step.value)
                return f"GPIO{gpio} did not become {step.value.level}", []
            case "expect-exit":
                return f"{board} did not come to rest", []
            case kind if kind in CHECKS:
                return CHECKS[kind](self._scene, device, step.value) or f"{step} did not come true", []
            case _:
                now_ns = self._scene.world.now_ns()
                cut_off = [result for result in self.results if not result.is_ok and result.ended_ns == now_ns]
                return f"{step} did not end", [f"was at line {one.step.place.line}: {one.step}" for one in cut_off]

    def _failure(self, step: Step, board: str, message: str, hints: Iterable[str] = ()) -> Failure:
        device = self._scene.devices[board]
        lines = [line for _, line in self._scene.record.lines(board)]
        while lines and not lines[-1].strip():
            lines.pop()
        return Failure(
            place=step.place,
            what=str(step),
            board=board,
            message=message,
            hints=(*hints, *_troubles(device)),
            console=tuple(lines[-LINES_SHOWN:]),
            time_ns=self._scene.world.now_ns(),
            lua_errors=tuple(self._lua_errors(device)),
            state=board_state(device, self._scene.world.now_ns(), self._scene.record.events[-EVENTS_SHOWN:]),
        )

    def _lua_errors(self, device: Device) -> Iterator[LuaError]:
        """Yield the errors of scripts that stand in files of the user's."""
        sources = next(plan.sources for plan in self.case.boards if plan.name == device.name)
        for error in device.script_errors:
            match = _LUA_PLACE.match(error)
            if match is not None and match["path"] in sources:
                source = sources[match["path"]]
                yield LuaError(source.path, source.lines_before + int(match["line"]), error.partition("\n")[0])


def _move(cursor: Cursor, found: Cursor | None) -> bool:
    """Move the cursor to what was found, if something was."""
    if found is not None:
        cursor.move_to(found)
    return found is not None


def _event_wanted(step: Step, board: str) -> tuple[str, dict[str, object]]:
    """Return the kind and the fields of the event that a step waits for: of ``board``, if the step names any."""
    table: EventTable = step.value
    fields = dict(table.fields)
    if step.boards:
        fields["board"] = board
    return table.kind, fields


def _troubles(device: Device) -> list[str]:
    """Return what a person should know of a board of which something is not as expected."""
    troubles = [f"script error: {error.splitlines()[0]}" for error in device.script_errors[-1:]]
    if device.trouble:
        troubles.append(device.trouble)
    if device.stuck.is_set():
        troubles.append(f"{device.name} is stuck: {device.why_stuck}")
    elif device.is_off.is_set():
        troubles.append(f"{device.name} has no power")
    return troubles


def _exit_complaint(device: Device, wanted: int) -> str | None:
    if device.stuck.is_set():
        code, why = (3 if device.is_bricked else 2), device.why_stuck
    else:
        code, why = (1 if device.script_errors else 0), "".join(device.script_errors[-1:]).partition("\n")[0]
    if code == wanted:
        return None
    return f"luatwin run would exit with {code}, not {wanted}" + (f": {why}" if why else "")


def _put_up(world: World, plan: BoardPlan) -> Device:
    """Put up one more board, with power."""
    setting = prepare(plan.request)
    if setting.firmware is not None:
        world.catalogue.publish(setting.firmware)
    device = world.add_board(
        setting.board,
        setting.chip,
        name=plan.name,
        arguments=plan.request.arguments,
        bootloader_log_level=plan.request.bootloader_log_level,
    )
    for gpio, duration_ns in plan.request.holds:
        device.hold(gpio, duration_ns)
    for part in setting.parts:
        device.bench.attach(part.make())
    world.power_on(device)
    return device


async def _all_at_once(calls: Iterable[Callable[[Cursor], Awaitable[None]]], cursor: Cursor) -> None:
    """Make all calls at once, each with a cursor of its own that begins at ``cursor``, which goes to the furthest.

    The first that fails ends the others.
    """
    cursors: list[Cursor] = []
    failures: list[_StepFailed] = []

    async def make(call: Callable[[Cursor], Awaitable[None]], own: Cursor) -> None:
        try:
            await call(own)
        except _StepFailed as failed:
            failures.append(failed)
            nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        for call in calls:
            cursors.append(cursor.copy())
            nursery.start_soon(make, call, cursors[-1])
    if failures:
        raise failures[0]
    cursor.move_to(max(cursors, default=cursor))
