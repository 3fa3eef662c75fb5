"""Makes the faults of `simulator.faults` happen in a world.

Faults of radio and network are done here, to the access points, the name server and the links; those of the update
server are done by its `Conduct`. Every fault that comes into force, and every one that is over, is an event ``fault``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

import trio

from simulator.events import EventLog
from simulator.faults import Always, AtByte, AtFlashOp, AtShare, AtTime, Fault, FaultKind
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


class Injector:
    """Brings faults about in one world.

    ``names`` are the names under which the update server is found, ``host`` its interface (None: it is a real server).
    ``rogue`` puts up a server of somebody else's, ``portal`` a captive portal; both return its address.
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
        after_flash_operation: Callable[[int, Callable[[], None]], None],
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
        self._after_flash_operation = after_flash_operation
        self._started_s = started_s

    def add(self, fault: Fault) -> None:
        """Let ``fault`` come into force when it is to."""
        match fault.when:
            case Always():
                self._begin(fault)
            case AtTime(time_ns):
                self._later(self._started_s + time_ns / NS_PER_S, lambda: self._begin(fault))
            case AtFlashOp(number):
                self._after_flash_operation(number, lambda: self._begin(fault))
            case AtShare() | AtByte():
                self.conduct.add_due(fault)

    def _later(self, at_s: float, then: Callable[[], None]) -> None:
        async def wait() -> None:
            await trio.sleep_until(at_s)
            then()

        self._nursery.start_soon(wait)

    def _begin(self, fault: Fault) -> None:
        kind = fault.kind
        self._tell(kind, "begin" if kind.lasts else "strike")
        if kind.layer.is_of_server:
            self.conduct.begin(kind)
            undo: Undo = partial(self.conduct.end, kind)
        else:
            undo = getattr(self, "_" + kind.name.replace("-", "_"))()
        if fault.duration_ns is not None:
            self._later(trio.current_time() + fault.duration_ns / NS_PER_S, partial(self._end, kind, undo))

    def _end(self, kind: FaultKind, undo: Undo) -> None:
        undo()
        self._tell(kind, "end")

    def _tell(self, kind: FaultKind, what: str) -> None:
        if self._events.wanted:
            self._events.emit(EVENT_BOARD, "fault", name=kind.name, what=what)

    # -- what is done: one method for each fault, which returns how it is undone ---------------------------------

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
        names = self._network.names
        before = {name: names.get(name, []) for name in self._names()}
        names.update(dict.fromkeys(before, addresses))
        return partial(names.update, before)

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
