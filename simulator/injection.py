"""Makes the faults of `simulator.faults` happen in a world.

Faults of power and flash are done to the first board. Faults of radio and network are done here, to the access points,
the name server and the links; those of the update server are done by its `Conduct`. Every fault that comes into force,
and every one that is over, is an event ``fault``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

import trio

from simulator.device.device import Device
from simulator.events import EventLog
from simulator.faults import Always, AtByte, AtCut, AtFlashOp, AtShare, AtTime, Fault, FaultKind, Layer
from simulator.flash import faulty
from simulator.network import VirtualInterface, VirtualNetwork
from simulator.network.virtual import WIRED
from simulator.ota_server.conduct import Conduct
from simulator.units import NS_PER_S
from simulator.wifi import Air, Lan
from simulator.wifi.radio import SILENCE

EVENT_BOARD: Final = "world"
"""What stands in the field ``board`` of the events about faults."""
WEAK_DBM: Final = -90
OTHER_PASSWORD: Final = "not what the board has been told"  # noqa: S105 (nobody's)

Undo: TypeAlias = Callable[[], object]


@dataclass(slots=True)
class _InForce:
    """A fault that lasts, and how often it was begun and has not ended: it ends with the last of them."""

    undo: Undo
    times: int = 1


class Injector:
    """Brings faults about in one world.

    ``board`` is whose power and flash fail, ``power_on`` gives it power. ``names`` are the names under which the update
    server is found, ``host`` its interface (None: it is a real server). ``rogue`` puts up a server of somebody else's,
    ``portal`` a captive portal; both return its address.
    """

    def __init__(
        self,
        *,
        air: Air,
        network: VirtualNetwork,
        host: VirtualInterface | None,
        names: Callable[[], list[str]],
        rogue: Callable[[], str],
        portal: Callable[[], str],
        events: EventLog,
        nursery: trio.Nursery,
        board: Device,
        power_on: Callable[[Device], None],
        started_s: float,
    ) -> None:
        self.conduct = Conduct()
        self.conduct.struck = self._begin
        self._air = air
        self._network = network
        self._host = host
        self._names = names
        self._rogue = rogue
        self._portal = portal
        self._events = events
        self._nursery = nursery
        self._board = board
        self._power_on = power_on
        self._started_s = started_s
        self._timers: dict[trio.CancelScope, None] = {}
        self._is_calm = trio.Event()
        self._is_calm.set()
        self._in_force: dict[FaultKind, _InForce] = {}
        self._name_answers: list[list[str]] = []
        """Where the names of the update server lead instead, of which the last counts."""
        self._has_cut = False
        """Whether it was a power cut that took the power from the board."""
        self._lifted = 0
        """How often everything was lifted; what was to come before then does not come any more."""

    def add(self, fault: Fault) -> None:
        """Let ``fault`` come into force when it is to."""
        match fault.when:
            case Always():
                self._begin(fault)
            case AtTime(time_ns):
                self._later(self._started_s + time_ns / NS_PER_S, lambda: self._begin(fault))
            case AtFlashOp(number) if fault.kind.layer is Layer.FLASH:
                faulty(self._board.chip).before_operation(number, lambda: self._begin(fault))
            case AtFlashOp(number):
                lifted = self._lifted
                self._board.after_flash_operation(
                    number, lambda: self._begin(fault) if lifted == self._lifted else None
                )
            case AtCut(cut):
                self._board.cut_at(cut, lambda: self._begin(fault))
            case AtShare() | AtByte():
                self.conduct.add_due(fault)

    @property
    def is_calm(self) -> bool:
        """Whether no fault is to begin or to end at a time."""
        return self._is_calm.is_set()

    async def calm(self) -> None:
        """Return when no fault is to begin or to end at a time. Others may still strike, wherever they are to."""
        await self._is_calm.wait()

    def lift(self) -> None:
        """End every fault that is in force, and let none come that was to come."""
        self._lifted += 1
        for timer in self._timers:
            timer.cancel()
        self.conduct.forget()
        self._board.forget_faults()
        for kind, state in tuple(self._in_force.items()):
            for _ in range(state.times):
                self._end(kind)

    def _later(self, at_s: float, then: Callable[[], None]) -> None:
        timer, lifted = trio.CancelScope(), self._lifted
        self._timers[timer] = None
        if self._is_calm.is_set():
            self._is_calm = trio.Event()

        async def wait() -> None:
            with timer:
                await trio.sleep_until(at_s)
            if lifted == self._lifted:
                then()
            del self._timers[timer]
            if not self._timers:
                self._is_calm.set()

        self._nursery.start_soon(wait)

    def _begin(self, fault: Fault) -> None:
        kind = fault.kind
        self._tell(kind, "begin" if kind.lasts else "strike")
        if kind.layer in (Layer.POWER, Layer.FLASH):
            self._befall(fault)
        elif not kind.lasts:
            self.conduct.begin(kind)
        if not kind.lasts:
            return
        state = self._in_force.get(kind)
        if state is None:
            self._in_force[kind] = _InForce(self._do(kind))
        else:
            state.times += 1
        if fault.duration_ns is not None:
            self._later(trio.current_time() + fault.duration_ns / NS_PER_S, partial(self._end, kind))

    def _do(self, kind: FaultKind) -> Undo:
        if kind.layer.is_of_server:
            self.conduct.begin(kind)
            return partial(self.conduct.end, kind)
        undo: Undo = getattr(self, "_" + kind.name.replace("-", "_"))()
        return undo

    def _end(self, kind: FaultKind) -> None:
        """End a fault, unless it was begun a second time that is not over yet."""
        state = self._in_force[kind]
        state.times -= 1
        if not state.times:
            del self._in_force[kind]
            state.undo()
        self._tell(kind, "end")

    def _tell(self, kind: FaultKind, what: str, **more: int) -> None:
        if self._events.wanted:
            self._events.emit(EVENT_BOARD, "fault", name=kind.name, what=what, **more)

    # -- what befalls the board, each time that one of these faults begins; and how it is undone ------------------

    def _befall(self, fault: Fault) -> None:
        board, kind = self._board, fault.kind
        match kind.name:
            case "power-cut":
                self._has_cut = self._has_cut or board.has_power
                board.power_cut(fault.when.cut if isinstance(fault.when, AtCut) else None)
            case "brownout":
                board.brown_out()
            case "reset":
                board.hold_in_reset()
                board.release_from_reset()
            case "stuck-sector":
                faulty(board.chip).damage_next("stuck", lambda sector: self._tell(kind, "sector", sector=sector))
            case "worn-sector":
                faulty(board.chip).damage_next("worn", lambda sector: self._tell(kind, "sector", sector=sector))
            case "read-disturb":
                faulty(board.chip).let_reading_disturb(on=True)

    def _power_cut(self) -> Undo:
        def restore() -> None:
            if self._has_cut and not self._board.has_power:
                self._power_on(self._board)
            self._has_cut = False

        return restore

    def _stuck_sector(self) -> Undo:
        return lambda: faulty(self._board.chip).repair("stuck")

    def _worn_sector(self) -> Undo:
        return lambda: faulty(self._board.chip).repair("worn")

    def _read_disturb(self) -> Undo:
        return lambda: faulty(self._board.chip).let_reading_disturb(on=False)

    # -- what is done in the world: one method for each fault, which returns how it is undone --------------------

    def _ap_down(self) -> Undo:
        points = [point for point in self._air if point.is_on]
        for point in points:
            self._air.switch_off(point)

        def undo() -> None:
            for point in points:
                self._air.switch_on(point)

        return undo

    def _weak_signal(self) -> Undo:
        points = list(self._air)

        def dampen(ceiling_dbm: int | None) -> None:
            for point in points:
                self._air.dampen(point, ceiling_dbm)

        dampen(WEAK_DBM)
        return partial(dampen, None)

    def _auth_fail(self) -> Undo:
        before = [(point, point.password) for point in self._air if point.auth.uses_passphrase]
        for point, _ in before:
            self._air.set_password(point, OTHER_PASSWORD)

        def undo() -> None:
            for point, password in before:
                self._air.set_password(point, password)

        return undo

    def _dhcp_timeout(self) -> Undo:
        lans = self._lans()

        def switch(*, on: bool) -> None:
            for lan in lans:
                lan.dhcp = on

        switch(on=False)
        return partial(switch, on=True)

    def _dns_nxdomain(self) -> Undo:
        return self._lead_to([])

    def _dns_wrong(self) -> Undo:
        return self._lead_to([self._rogue()])

    def _lead_to(self, addresses: list[str]) -> Undo:
        if not self._name_answers:
            names = self._network.names
            self._usual_names = {name: names.get(name, []) for name in self._names()}
        self._name_answers.append(addresses)
        self._answer_names()

        def undo() -> None:
            self._name_answers.remove(addresses)
            self._answer_names()

        return undo

    def _answer_names(self) -> None:
        answers = self._name_answers
        for name, usual in self._usual_names.items():
            self._network.names[name] = answers[-1] if answers else usual

    def _captive_portal(self) -> Undo:
        portals, address, lans = self._network.portals, self._portal(), self._lans()
        portals.update(dict.fromkeys(lans, address))

        def undo() -> None:
            for lan in lans:
                portals.pop(lan, None)

        return undo

    def _lans(self) -> list[Lan]:
        return [self._air.lan, *(point.lan for point in self._air if point.lan is not None)]

    def _tcp_refused(self) -> Undo:
        assert self._host is not None
        self._host.refuses = True
        return partial(setattr, self._host, "refuses", False)

    def _blackhole(self) -> Undo:
        assert self._host is not None
        self._host.link.set_quality(SILENCE)
        return partial(self._host.link.set_quality, WIRED)
