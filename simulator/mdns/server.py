"""The own names of a board: probed, announced, answered for, and given up if somebody else has them (``mdns.c``).

Theory of operation
-------------------
A timer ticks every 100 ms from the start. At a tick one packet is sent whose time has come, searches ask again, and
those without time left end. When the interface comes up, or there is a new name, it asks three times whether anybody
has that name (*probing*) and then tells everybody three times (*announcing*); from then on it answers.

Each link (an interface, by IPv4 or IPv6) probes, announces and answers for itself. The timer, the names and the
searches are common to all; of an interface are told both addresses on both links.

Whoever says something else of the same host is compared with: the higher address wins, whoever was there first. Who
loses while probing takes another name, with a number behind it; who loses later probes again, and then finds out. But
if that was the board itself, heard by station and cable in one network, the one that hears it falls silent, and the
other speaks for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from ipaddress import ip_address
from typing import Final, Literal, TypeAlias

from simulator.mdns.link import PORT, Link
from simulator.mdns.packets import (
    DISCOVERY,
    DOMAIN,
    Kind,
    Name,
    Packet,
    Question,
    Record,
    Target,
    decode,
    encode,
)
from simulator.mdns.search import PTR_TTL_S, REPEAT_NS, Search
from simulator.rng import Rng
from simulator.units import NS_PER_MS

Endpoint: TypeAlias = tuple[str, int]
Send: TypeAlias = "Callable[[Link, bytes, Endpoint | None], None]"
"""Sends bytes over a link to one host, or with None to the group."""

SERVICES_MAX: Final = 10
"""``CONFIG_MDNS_MAX_SERVICES``, which no board changes."""
TICK_NS: Final = 100 * NS_PER_MS
PROBE_PAUSE_NS: Final = 250 * NS_PER_MS
ANNOUNCE_PAUSE_NS: Final = 1000 * NS_PER_MS
FIRST_PROBE_NS: Final = 120 * NS_PER_MS
FIRST_PROBE_AFTER_FAILURES_NS: Final = 1000 * NS_PER_MS
FAILURES_MAX: Final = 5
_RANDOM_MS_MAX: Final = 127
_SHARED_PAUSE_NS: Final = 25 * NS_PER_MS
_SHARED_STEPS: Final = 4

_TTL_S: Final = {Kind.PTR: PTR_TTL_S, Kind.TXT: 4500, Kind.SRV: 120, Kind.A: 120, Kind.AAAA: 120}

_What: TypeAlias = Literal["PTR", "TXT", "SRV", "A", "AAAA", "SDPTR"]
"""Types of records, and the PTR records of `DISCOVERY`."""


class State(IntEnum):
    """``mdns_pcb_state_t``."""

    OFF = 0
    PROBE_1 = 1
    PROBE_2 = 2
    PROBE_3 = 3
    ANNOUNCE_1 = 4
    ANNOUNCE_2 = 5
    ANNOUNCE_3 = 6
    RUNNING = 7

    @property
    def is_probing(self) -> bool:
        """Whether it asks for its own names."""
        return State.OFF < self < State.ANNOUNCE_1


@dataclass(eq=False, slots=True)
class Service:
    """A service of the board, such as ``_http`` over ``_tcp``; without ``instance`` it is called like the board."""

    name: str
    protocol: str
    port: int
    instance: str = ""
    txt: list[tuple[bytes, bytes]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Item:
    """A record to be written when its packet is sent, from what is true by then."""

    kind: _What
    service: Service | None = None
    flush: bool = False
    is_bye: bool = False


@dataclass(eq=False, slots=True)
class _Pcb:
    """What goes on over one link."""

    link: Link
    state: State = State.OFF
    probed: list[Service] = field(default_factory=list)
    probes_host: bool = False
    is_probe_running: bool = False
    failures: int = 0


@dataclass(slots=True)
class _Plan:
    """A packet that is going to be sent."""

    pcb: _Pcb
    is_answer: bool = True
    probes: list[Service | None] = field(default_factory=list)
    """Whose names are asked for; None stands for the host."""
    asks_privately: bool = True
    answers: list[_Item] = field(default_factory=list)
    authorities: list[_Item] = field(default_factory=list)
    additional: list[_Item] = field(default_factory=list)
    target: Endpoint | None = None
    due_ns: int = 0


class MdnsServer:
    """One board's. ``rng`` delays its probes; ``send`` is called with what it sends.

    ``renamed`` is told of each name that is given up and the one in its place.
    """

    def __init__(self, now_ns: int, *, rng: Rng, send: Send, renamed: Callable[[str, str], None]) -> None:
        self.host = ""
        self.instance = ""
        self.services: list[Service] = []
        """The newest first."""
        self._rng = rng
        self._send = send
        self._renamed = renamed
        self._pcbs: dict[Link, _Pcb] = {}
        self._silent: set[Link] = set()
        """Those that another interface in the same network speaks for."""
        self._addresses: dict[Link, str] = {}
        self._plans: list[_Plan] = []
        self._searches: list[Search] = []
        self._shared_step = 0
        self._started_ns = self._ticked_ns = now_ns

    # -- what the board wants -------------------------------------------------------------------------------------

    def link_up(self, link: Link, address: str, now_ns: int) -> None:
        """Speak over ``link``, where the board has ``address``. It may have had another there."""
        self._addresses[link] = address
        self._enable(link, now_ns)

    def link_down(self, link: Link, now_ns: int) -> None:
        """Speak there no more. Who was silent for its sake does so again."""
        self._addresses.pop(link, None)
        had = self._drop(link)
        self._silent.discard(link)
        if had and link.other in self._silent:
            self._silent.remove(link.other)
            self._enable(link.other, now_ns)

    def state(self, link: Link) -> State:
        """Return how far it is over a link."""
        pcb = self._pcbs.get(link)
        return pcb.state if pcb is not None else State.OFF

    def _enable(self, link: Link, now_ns: int) -> None:
        """``_mdns_enable_pcb``."""
        pcb = self._pcbs.get(link)
        if pcb is None:
            pcbs = [*self._pcbs.values(), pcb := _Pcb(link)]
            self._pcbs = {pcb.link: pcb for pcb in sorted(pcbs, key=lambda pcb: pcb.link.order)}
        self._init_probe(pcb, self.services, include_host=True, now_ns=now_ns)

    def _drop(self, link: Link) -> bool:
        """Forget what goes on over a link; returns whether something did."""
        pcb = self._pcbs.pop(link, None)
        if pcb is not None:
            self._clear_plans(pcb)
        return pcb is not None

    def _clear_plans(self, pcb: _Pcb) -> None:
        self._plans = [plan for plan in self._plans if plan.pcb is not pcb]

    def set_host(self, host: str, now_ns: int) -> None:
        """Be called ``host`` from now on."""
        self._send_final_bye(include_host=True)
        self.host = host
        self._restart_all(now_ns)

    def set_instance(self, instance: str, now_ns: int) -> None:
        """Let services without a name of their own be called ``instance``."""
        self._send_final_bye(include_host=False)
        self.instance = instance
        self._restart_nameless(now_ns)

    def find(self, name: str, protocol: str) -> Service | None:
        """Return a service of the board."""
        wanted = Name("", name, protocol)
        return next((found for found in self.services if Name("", found.name, found.protocol).is_same(wanted)), None)

    def add_service(self, service: Service, now_ns: int) -> None:
        """Offer another service. There are at most `SERVICES_MAX`, each once."""
        self.services.insert(0, service)
        self._probe_all([service], include_host=False, now_ns=now_ns)

    def remove_service(self, service: Service) -> None:
        """Offer ``service`` no more."""
        self.services.remove(service)
        self._send_bye([service], include_host=False)
        self._forget_plans_of(service)

    def close(self) -> None:
        """End everything; only services that are called like the board are told of."""
        self._send_final_bye(include_host=False)
        self.services.clear()
        self._plans.clear()
        self._pcbs.clear()
        self._silent.clear()
        self._addresses.clear()
        for search in self._searches:
            search.is_over = True
        self._searches.clear()

    def search(self, search: Search) -> None:
        """Begin to ask; `Search.is_over` tells of the end."""
        self._searches.insert(0, search)

    # -- time -----------------------------------------------------------------------------------------------------

    @property
    def deadline_ns(self) -> int | None:
        """When `advance` has something to do."""
        times = [plan.due_ns for plan in self._plans]
        times += [min(search.asks_ns, search.ends_ns) for search in self._searches]
        return self._tick_after(min(times)) if times else None

    def advance(self, now_ns: int) -> None:
        """Do everything that is due until ``now_ns``."""
        while (deadline_ns := self.deadline_ns) is not None and deadline_ns <= now_ns:
            self._tick(deadline_ns)

    def _tick_after(self, time_ns: int) -> int:
        """Return the first tick that comes after ``time_ns``, and after the last one."""
        since_ns = max(time_ns, self._ticked_ns) - self._started_ns
        return self._started_ns + (since_ns // TICK_NS + 1) * TICK_NS

    def _tick(self, now_ns: int) -> None:
        self._ticked_ns = now_ns
        first = min(self._plans, key=lambda plan: plan.due_ns, default=None)
        if first is not None and first.due_ns < now_ns:
            self._plans.remove(first)
            self._send_planned(first, now_ns)
        for search in tuple(self._searches):
            if now_ns > search.ends_ns:
                self._end_search(search)
            elif now_ns > search.asks_ns:
                search.asks_ns = now_ns + REPEAT_NS
                for link in self._pcbs:
                    self._send_packet(link, search.question(link), None)

    def _end_search(self, search: Search) -> None:
        self._searches.remove(search)
        search.is_over = True

    def _send_planned(self, plan: _Plan, now_ns: int) -> None:
        """Send what was planned, and plan what comes after it (``_mdns_tx_handle_packet``)."""
        pcb = plan.pcb
        self._dispatch(plan)
        match pcb.state:
            case State.PROBE_1 | State.PROBE_2:
                plan.asks_privately = False
                self._plan(plan, PROBE_PAUSE_NS, now_ns)
            case State.PROBE_3:
                pcb.probes_host = pcb.is_probe_running = False
                pcb.probed = []
                pcb.failures = 0
                self._plan(_announcement(plan), PROBE_PAUSE_NS, now_ns)
            case State.ANNOUNCE_1 | State.ANNOUNCE_2:
                self._plan(plan, ANNOUNCE_PAUSE_NS, now_ns)
            case State.ANNOUNCE_3:
                pass
            case _:
                return
        pcb.state = State(pcb.state + 1)

    def _plan(self, plan: _Plan, after_ns: int, now_ns: int) -> None:
        plan.due_ns = now_ns + after_ns
        self._plans.append(plan)

    # -- probing --------------------------------------------------------------------------------------------------

    def _probe_all(self, services: list[Service], *, include_host: bool, now_ns: int, anew: bool = False) -> None:
        """``_mdns_probe_all_pcbs``."""
        for pcb in self._pcbs.values():
            if anew:
                pcb.probed = []
                pcb.is_probe_running = False
            self._init_probe(pcb, services, include_host=include_host, now_ns=now_ns)

    def _init_probe(self, pcb: _Pcb, services: list[Service], *, include_host: bool, now_ns: int) -> None:
        """``_mdns_init_pcb_probe``: begin to ask for names, besides those that are being asked for."""
        self._clear_plans(pcb)
        if not self.host:
            pcb.state = State.RUNNING
            return
        if pcb.state.is_probing:
            pcb.probed = [service for service in services if service not in pcb.probed] + pcb.probed
        else:
            pcb.probed = list(services)
        pcb.probes_host = pcb.probes_host or include_host
        pcb.is_probe_running = True
        plan = _Plan(pcb, is_answer=False, authorities=[_Item("SRV", service) for service in pcb.probed])
        plan.probes += pcb.probed
        if pcb.probes_host:
            plan.probes.append(None)
            plan.authorities += [_Item(kind) for kind, link in _addresses_of(pcb.link) if link in self._pcbs]
        first_ns = FIRST_PROBE_AFTER_FAILURES_NS if pcb.failures > FAILURES_MAX else FIRST_PROBE_NS
        self._plan(plan, first_ns + self._rng.integer(0, _RANDOM_MS_MAX) * NS_PER_MS, now_ns)
        pcb.state = State.PROBE_1

    def _announce_host(self, pcb: _Pcb, now_ns: int) -> None:
        """``_mdns_announce_pcb`` without services: tell of the addresses once more."""
        items = [_Item("A", flush=True), _Item("AAAA", flush=True)]
        if pcb.state.is_probing:
            self._init_probe(pcb, [], include_host=True, now_ns=now_ns)
        elif State.PROBE_3 < pcb.state < State.RUNNING:
            plan = next((plan for plan in self._plans if plan.pcb is pcb), None)
            if plan is not None:
                plan.additional = [item for item in plan.additional if item.kind not in ("A", "AAAA")]
                for item in items:
                    _add(plan.answers, item)
                pcb.state = State.ANNOUNCE_1
        elif pcb.state is State.RUNNING and self.host:
            pcb.state = State.ANNOUNCE_1
            self._plan(_Plan(pcb, answers=items), 0, now_ns)

    def _restart_all(self, now_ns: int) -> None:
        self._plans.clear()
        self._probe_all(self.services, include_host=True, now_ns=now_ns, anew=True)

    def _restart_nameless(self, now_ns: int) -> None:
        if self._nameless:
            self._probe_all(self._nameless, include_host=False, now_ns=now_ns, anew=True)

    @property
    def _nameless(self) -> list[Service]:
        return [service for service in self.services if not service.instance]

    def _rename(self, pcb: _Pcb, service: Service | None, now_ns: int) -> None:
        """Take another name for what was lost: the service's own, that of all services, or that of the host."""
        pcb.failures += 1
        if service is not None and service.instance:
            lost, service.instance = service.instance, mangled(service.instance)
            self._renamed(lost, service.instance)
            self._probe_all([service], include_host=False, now_ns=now_ns)
        elif service is not None and self.instance:
            lost, self.instance = self.instance, mangled(self.instance)
            self._renamed(lost, self.instance)
            self._restart_nameless(now_ns)
        else:
            lost, self.host = self.host, mangled(self.host)
            self._renamed(lost, self.host)
            self._restart_all(now_ns)

    # -- packets --------------------------------------------------------------------------------------------------

    def _send_final_bye(self, *, include_host: bool) -> None:
        if self._nameless:
            self._send_bye(self._nameless, include_host=include_host)

    def _send_bye(self, services: list[Service], *, include_host: bool) -> None:
        """``_mdns_send_bye``: who is still probing or announcing says nothing."""
        for pcb in self._pcbs.values():
            if pcb.state is State.RUNNING and self.host:
                self._send_bye_over(pcb, services, include_host=include_host)

    def _send_bye_over(self, pcb: _Pcb, services: list[Service], *, include_host: bool = False) -> None:
        items = [_Item("PTR", service, is_bye=True) for service in services]
        if include_host:
            items += [_Item("A", flush=True, is_bye=True), _Item("AAAA", flush=True, is_bye=True)]
        self._dispatch(_Plan(pcb, answers=items))

    def _forget_plans_of(self, service: Service) -> None:
        """``_mdns_remove_scheduled_service_packets``."""
        for pcb in self._pcbs.values():
            if service in pcb.probed:
                pcb.probed.remove(service)
            if pcb.state.is_probing and not pcb.probed and not pcb.probes_host:
                pcb.is_probe_running = False
                pcb.state = State.RUNNING
        for plan in tuple(self._plans):
            had_answers = bool(plan.answers)
            plan.probes = [probed for probed in plan.probes if probed is not service]
            for section in (plan.answers, plan.authorities, plan.additional):
                section[:] = [item for item in section if item.service is not service]
            if had_answers and not plan.answers and not plan.pcb.state.is_probing:
                plan.pcb.state = State.RUNNING
            if not (plan.probes or plan.answers or plan.authorities or plan.additional):
                self._plans.remove(plan)

    def _instance_of(self, service: Service) -> str:
        return service.instance or self.instance or self.host

    def _name_of(self, service: Service | None) -> Name:
        if service is None:
            return Name(self.host)
        return Name(self._instance_of(service), service.name, service.protocol)

    def _dispatch(self, plan: _Plan) -> None:
        questions: list[Question] = []
        for probed in plan.probes:
            question = Question(self._name_of(probed), Kind.ANY, plan.asks_privately)
            if question not in questions:
                questions.append(question)
        link = plan.pcb.link
        sections = (plan.answers, plan.authorities, plan.additional)
        records = [[record for item in section for record in self._records(item, link)] for section in sections]
        self._send_packet(link, Packet(plan.is_answer, questions, *records), plan.target)

    def _send_packet(self, link: Link, packet: Packet, target: Endpoint | None) -> None:
        data = encode(packet)
        if data is not None:
            self._send(link, data, target)

    def _records(self, item: _Item, link: Link) -> list[Record]:
        """Return what is said of ``item`` over ``link``: of an address nothing if there is none, or also the other."""
        if item.service is not None:
            return [self._record(item, item.service)]
        kind, of = (Kind.AAAA, Link(link.interface, True)) if item.kind == "AAAA" else (Kind.A, Link(link.interface))
        if of not in self._pcbs and of not in self._silent:
            return []
        links = [of, of.other] if of.other is not None and self._is_double(link) else [of]
        addresses = [self._addresses[link] for link in links if link in self._addresses]
        ttl_s = 0 if item.is_bye else _TTL_S[kind]
        return [Record(Name(self.host), kind, address, ttl_s, item.flush) for address in addresses]

    def _is_double(self, link: Link) -> bool:
        """``_mdns_if_is_dup``: whether one of two interfaces in the same network is silent."""
        interfaces = (link.interface, link.other.interface) if link.other is not None else ()
        return any(silent.interface in interfaces for silent in self._silent)

    def _record(self, item: _Item, service: Service) -> Record:
        if item.kind == "PTR":
            name = Name("", service.name, service.protocol)
            record = Record(name, Kind.PTR, self._name_of(service), _TTL_S[Kind.PTR])
        elif item.kind == "SDPTR":
            record = Record(DISCOVERY, Kind.PTR, Name("", service.name, service.protocol), _TTL_S[Kind.PTR], item.flush)
        elif item.kind == "SRV":
            target = Target(0, 0, service.port, self.host)
            record = Record(self._name_of(service), Kind.SRV, target, _TTL_S[Kind.SRV], item.flush)
        else:
            record = Record(self._name_of(service), Kind.TXT, txt_data(service), _TTL_S[Kind.TXT], item.flush)
        return replace(record, ttl_s=0) if item.is_bye else record

    # -- what arrives ---------------------------------------------------------------------------------------------

    def receive(self, link: Link, data: bytes, sender: Endpoint, now_ns: int) -> None:
        """Look at a packet that came over ``link`` (``mdns_parse_packet``)."""
        pcb = self._pcbs.get(link)
        packet = decode(data)
        if pcb is None or packet is None:
            return
        if (packet.is_answer and sender[1] != PORT) or (packet.questions and not self.host):
            return
        ours = [question for question in packet.questions if self._is_ours(question)]
        asked = _Asked(ours, is_probe=any(_is_probe(question) for question in ours))
        if packet.questions and not ours:
            return
        may_reply = True
        ours_to_come = [record for record in packet.authorities if self._is_ours_by_name(record.name)]
        for record in (*packet.answers, *ours_to_come, *packet.additional):
            may_reply &= self._take(pcb, record, packet, asked, now_ns)
            if link in self._silent:
                return  # the board has heard itself
        if packet.is_answer:
            for search in tuple(self._searches):
                if search.has_enough:
                    self._end_search(search)
        if may_reply and pcb.state > State.PROBE_3 and asked.questions:
            self._answer(pcb, asked, sender, now_ns)

    def _is_ours(self, question: Question) -> bool:
        if question.name.is_same(DISCOVERY) and question.kind == Kind.PTR:
            return bool(self.services)
        return self._is_ours_by_name(question.name)

    def _is_ours_by_name(self, name: Name) -> bool:
        if not name.service:
            return bool(self.host) and name.host.lower() == self.host.lower()
        service = self.find(name.service, name.protocol)
        return service is not None and (not name.host or name.is_same(self._name_of(service)))

    def _take(self, pcb: _Pcb, record: Record, packet: Packet, asked: _Asked, now_ns: int) -> bool:
        """Look at what somebody says of a name; return whether questions may still be answered."""
        if not self._is_ours_by_name(record.name):
            if packet.is_answer and not packet.questions:
                for search in self._searches:
                    if search.take(record, pcb.link) and not isinstance(record.data, str):
                        break  # only an address is of use to several
            return True
        service = self.find(record.name.service, record.name.protocol) if record.name.service else None
        if record.kind is Kind.PTR or (asked.questions and not asked.is_probe):
            asked.forget_known(record)
            return True
        if service is None and isinstance(record.data, str) and self._is_own(record.data, pcb.link):
            self._fall_silent(pcb.link, now_ns)
            return False
        verdict = self._compare(record, service, pcb.link)
        if verdict <= 0 or not (asked.is_probe or packet.is_answer):
            return True
        if not pcb.is_probe_running:
            if record.kind is Kind.SRV and service is not None:
                self._send_bye_over(pcb, [service])
            lost = [service] if service is not None else []
            self._init_probe(pcb, lost, include_host=record.kind is not Kind.SRV, now_ns=now_ns)
        elif record.kind is not Kind.TXT:
            self._rename(pcb, service, now_ns)
        return False

    def _is_own(self, address: str, link: Link) -> bool:
        """Whether ``address`` is that of the board's other interface in the same network, and the higher one."""
        of = Link(link.interface, ":" in address)
        ours, other = self._addresses.get(of), of.other
        if ours is None or other is None or address != self._addresses.get(other):
            return False
        return ip_address(address).packed > ip_address(ours).packed

    def _fall_silent(self, link: Link, now_ns: int) -> None:
        """``_mdns_dup_interface``: let the other interface in the same network speak."""
        for own in (Link(link.interface), Link(link.interface, True)):
            other = self._pcbs.get(own.other) if own.other is not None else None
            if other is not None:
                self._drop(own)
                self._silent.add(own)
                self._announce_host(other, now_ns)

    def _compare(self, record: Record, service: Service | None, link: Link) -> int:
        """Return 1 if who said ``record`` wins, -1 if we do, 0 if we say the same."""
        match record.data:
            case str() if service is None:
                theirs = ip_address(record.data).packed
                address = self._addresses.get(Link(link.interface, record.kind is Kind.AAAA))
                if address is None or not any(theirs):
                    return 1
                ours = ip_address(address).packed
                return (theirs > ours) - (theirs < ours)
            case Target() if service is not None:
                return _verdict(target_data(record.data), target_data(Target(0, 0, service.port, self.host)))
            case bytes() if service is not None:
                return _verdict(record.data, txt_data(service))
        return 0

    def _answer(self, pcb: _Pcb, asked: _Asked, sender: Endpoint, now_ns: int) -> None:
        """``_mdns_create_answer_from_parsed_packet``."""
        flush = sender[1] == PORT
        plan, is_shared = _Plan(pcb), False
        addresses = (_Item("A", flush=flush), _Item("AAAA", flush=flush))
        for question in asked.questions:
            if question.name.is_same(DISCOVERY):
                is_shared = True
                for offered in reversed(self.services):
                    _add(plan.answers, _Item("SDPTR", offered))
                continue
            service = self.find(question.name.service, question.name.protocol) if question.name.service else None
            if service is None:
                if question.kind in (Kind.A, Kind.AAAA, Kind.ANY):
                    _add(plan.answers, *addresses)
            elif question.kind in (Kind.PTR, Kind.ANY):
                is_shared |= question.kind == Kind.PTR or not asked.is_probe
                _add(plan.answers, _Item("PTR", service), _Item("SRV", service, flush), _Item("TXT", service, flush))
                _add(plan.additional if is_shared else plan.answers, *addresses)
            elif question.kind == Kind.SRV:
                _add(plan.answers, _Item("SRV", service, flush))
                _add(plan.additional, *addresses)
            elif question.kind == Kind.TXT:
                _add(plan.answers, _Item("TXT", service, flush))
        if not plan.answers:
            return
        if not flush or any(question.unicast for question in asked.questions):
            plan.target = sender
        if is_shared:
            self._plan(plan, _SHARED_PAUSE_NS * (1 + self._shared_step), now_ns)
            self._shared_step = (self._shared_step + 1) % _SHARED_STEPS
        else:
            self._dispatch(plan)


@dataclass(slots=True)
class _Asked:
    """What is asked of us. Who asks may know some of the answers."""

    questions: list[Question]
    is_probe: bool

    def forget_known(self, record: Record) -> None:
        """Answer no question to which ``record`` is the answer."""
        self.questions = [
            question
            for question in self.questions
            if question.kind != record.kind or not question.name.is_same(record.name)
        ]


def _is_probe(question: Question) -> bool:
    return question.kind == Kind.ANY and bool(question.name.host)


def _add(section: list[_Item], *items: _Item) -> None:
    for item in items:
        if not any(other.kind == item.kind and other.service is item.service for other in section):
            section.append(item)


def _addresses_of(link: Link) -> tuple[tuple[_What, Link], ...]:
    """Return the records of the addresses of an interface, with the link of each."""
    return ("A", Link(link.interface)), ("AAAA", Link(link.interface, True))


def _announcement(probe: _Plan) -> _Plan:
    """Return what tells everybody of the names in a probe."""
    plan = _Plan(probe.pcb)
    for item in probe.authorities:
        if item.service is None:
            plan.answers.append(_Item(item.kind, flush=True))
        else:
            plan.answers += [_Item("SDPTR", item.service), _Item("PTR", item.service)]
            plan.answers += [_Item("SRV", item.service, flush=True), _Item("TXT", item.service, flush=True)]
    return plan


def txt_data(service: Service) -> bytes:
    """Return the texts of a service with their lengths, in the order in which the list on the device has them."""
    texts = (key + b"=" + value for key, value in reversed(service.txt))
    return b"".join(bytes((len(text) & 0xFF,)) + text[: len(text) & 0xFF] for text in texts) or b"\0"


def target_data(target: Target) -> bytes:
    """Return where a service is, as the data of its record, which is what is compared."""
    numbers = b"".join(number.to_bytes(2, "big") for number in target[:3])
    labels = (label.encode("utf-8", "surrogateescape") for label in (target.host, DOMAIN))
    return numbers + b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def _verdict(theirs: bytes, ours: bytes) -> int:
    """Return 1 if they win, -1 if we do: whose data is longer, or greater."""
    left, right = (len(theirs), theirs), (len(ours), ours)
    return (left > right) - (left < right)


def mangled(name: str) -> str:
    """Return the next name after ``name``: with ``-2`` behind it, or a number that is one higher."""
    start, dash, number = name.rpartition("-")
    if dash and not number:
        return f"{start}-1"
    if not dash or not number.isascii() or not number.isdecimal():
        return f"{name}-2"
    return f"{start}-{int(number) + 1}"
