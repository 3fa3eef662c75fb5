"""The own names of a board: probed, announced, answered for, and given up if somebody else has them (``mdns.c``).

Theory of operation
-------------------
A timer ticks every 100 ms from the start. At a tick one packet is sent whose time has come, searches ask again, and
those without time left end. When the interface comes up, or there is a new name, it asks three times whether anybody
has that name (*probing*) and then tells everybody three times (*announcing*); from then on it answers.

Whoever says something else of the same host is compared with: the higher address wins, whoever was there first. Who
loses while probing takes another name, with a number behind it; who loses later probes again, and then finds out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from ipaddress import IPv4Address
from typing import Final, Literal, TypeAlias

from simulator.mdns.packets import (
    DISCOVERY,
    DOMAIN,
    PORT,
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
Send: TypeAlias = "Callable[[bytes, Endpoint | None], None]"
"""Sends bytes to one host, or with None to the group."""

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

_TTL_S: Final = {Kind.PTR: PTR_TTL_S, Kind.TXT: 4500, Kind.SRV: 120, Kind.A: 120}

_What: TypeAlias = Literal["PTR", "TXT", "SRV", "A", "SDPTR"]
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


@dataclass(slots=True)
class _Plan:
    """A packet that is going to be sent."""

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
        self.state = State.OFF
        self._rng = rng
        self._send = send
        self._renamed = renamed
        self._address = ""
        self._plans: list[_Plan] = []
        self._searches: list[Search] = []
        self._probed: list[Service] = []
        self._probes_host = False
        self._is_probe_running = False
        self._failures = 0
        self._shared_step = 0
        self._started_ns = self._ticked_ns = now_ns

    # -- what the board wants -------------------------------------------------------------------------------------

    def interface_up(self, address: str, now_ns: int) -> None:
        """There is an interface with ``address``."""
        self._address = address
        self._init_probe(self.services, include_host=True, now_ns=now_ns)

    def interface_down(self) -> None:
        """There is none any more."""
        self._plans.clear()
        self._address = ""
        self.state = State.OFF

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
        self._probe([service], include_host=False, now_ns=now_ns)

    def remove_service(self, service: Service) -> None:
        """Offer ``service`` no more."""
        self.services.remove(service)
        self._send_bye([service], include_host=False)
        self._forget_plans_of(service)

    def close(self) -> None:
        """End everything; only services that are called like the board are told of."""
        self._send_final_bye(include_host=False)
        self.services.clear()
        self.interface_down()
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
                self._send_packet(search.question(), None)

    def _end_search(self, search: Search) -> None:
        self._searches.remove(search)
        search.is_over = True

    def _send_planned(self, plan: _Plan, now_ns: int) -> None:
        """Send what was planned, and plan what comes after it (``_mdns_tx_handle_packet``)."""
        self._dispatch(plan)
        match self.state:
            case State.PROBE_1 | State.PROBE_2:
                plan.asks_privately = False
                self._plan(plan, PROBE_PAUSE_NS, now_ns)
            case State.PROBE_3:
                self._probes_host = self._is_probe_running = False
                self._probed = []
                self._failures = 0
                self._plan(_announcement(plan.authorities), PROBE_PAUSE_NS, now_ns)
            case State.ANNOUNCE_1 | State.ANNOUNCE_2:
                self._plan(plan, ANNOUNCE_PAUSE_NS, now_ns)
            case State.ANNOUNCE_3:
                pass
            case _:
                return
        self.state = State(self.state + 1)

    def _plan(self, plan: _Plan, after_ns: int, now_ns: int) -> None:
        plan.due_ns = now_ns + after_ns
        self._plans.append(plan)

    # -- probing --------------------------------------------------------------------------------------------------

    def _probe(self, services: list[Service], *, include_host: bool, now_ns: int, anew: bool = False) -> None:
        """``_mdns_probe_all_pcbs``."""
        if not self._address:
            return
        if anew:
            self._probed = []
            self._is_probe_running = False
        self._init_probe(services, include_host=include_host, now_ns=now_ns)

    def _init_probe(self, services: list[Service], *, include_host: bool, now_ns: int) -> None:
        """``_mdns_init_pcb_probe``: begin to ask for names, besides those that are being asked for."""
        self._plans.clear()
        if not self.host:
            self.state = State.RUNNING
            return
        if self.state.is_probing:
            self._probed = [service for service in services if service not in self._probed] + self._probed
        else:
            self._probed = list(services)
        self._probes_host = self._probes_host or include_host
        self._is_probe_running = True
        plan = _Plan(is_answer=False, authorities=[_Item("SRV", service) for service in self._probed])
        plan.probes += self._probed
        if self._probes_host:
            plan.probes.append(None)
            plan.authorities.append(_Item("A"))
        first_ns = FIRST_PROBE_AFTER_FAILURES_NS if self._failures > FAILURES_MAX else FIRST_PROBE_NS
        self._plan(plan, first_ns + self._rng.integer(0, _RANDOM_MS_MAX) * NS_PER_MS, now_ns)
        self.state = State.PROBE_1

    def _restart_all(self, now_ns: int) -> None:
        self._plans.clear()
        self._probe(self.services, include_host=True, now_ns=now_ns, anew=True)

    def _restart_nameless(self, now_ns: int) -> None:
        if self._nameless:
            self._probe(self._nameless, include_host=False, now_ns=now_ns, anew=True)

    @property
    def _nameless(self) -> list[Service]:
        return [service for service in self.services if not service.instance]

    def _rename(self, service: Service | None, now_ns: int) -> None:
        """Take another name for what was lost: the service's own, that of all services, or that of the host."""
        self._failures += 1
        if service is not None and service.instance:
            lost, service.instance = service.instance, mangled(service.instance)
            self._renamed(lost, service.instance)
            self._probe([service], include_host=False, now_ns=now_ns)
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
        items = [_Item("PTR", service, is_bye=True) for service in services]
        if include_host:
            items.append(_Item("A", flush=True, is_bye=True))
        self._dispatch(_Plan(answers=items))

    def _forget_plans_of(self, service: Service) -> None:
        """``_mdns_remove_scheduled_service_packets``."""
        if service in self._probed:
            self._probed.remove(service)
        if self.state.is_probing and not self._probed and not self._probes_host:
            self._is_probe_running = False
            self.state = State.RUNNING
        for plan in tuple(self._plans):
            had_answers = bool(plan.answers)
            plan.probes = [probed for probed in plan.probes if probed is not service]
            for section in (plan.answers, plan.authorities, plan.additional):
                section[:] = [item for item in section if item.service is not service]
            if had_answers and not plan.answers and not self.state.is_probing:
                self.state = State.RUNNING
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
        self._send_packet(
            Packet(
                plan.is_answer,
                questions,
                [self._record(item) for item in plan.answers],
                [self._record(item) for item in plan.authorities],
                [self._record(item) for item in plan.additional],
            ),
            plan.target,
        )

    def _send_packet(self, packet: Packet, target: Endpoint | None) -> None:
        data = encode(packet) if self._address else None
        if data is not None:
            self._send(data, target)

    def _record(self, item: _Item) -> Record:
        service = item.service
        if service is None:
            record = Record(Name(self.host), Kind.A, self._address, _TTL_S[Kind.A], item.flush)
        elif item.kind == "PTR":
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

    def receive(self, data: bytes, sender: Endpoint, now_ns: int) -> None:
        """Look at a packet (``mdns_parse_packet``)."""
        packet = decode(data)
        if packet is None or (packet.is_answer and sender[1] != PORT) or (packet.questions and not self.host):
            return
        ours = [question for question in packet.questions if self._is_ours(question)]
        asked = _Asked(ours, is_probe=any(_is_probe(question) for question in ours))
        if packet.questions and not ours:
            return
        may_reply = True
        for record in packet.answers:
            may_reply &= self._take(record, packet, asked, now_ns)
        for record in packet.authorities:
            may_reply &= not self._is_ours_by_name(record.name) or self._take(record, packet, asked, now_ns)
        for record in packet.additional:
            may_reply &= self._take(record, packet, asked, now_ns)
        if packet.is_answer:
            for search in tuple(self._searches):
                if search.has_enough:
                    self._end_search(search)
        if may_reply and self.state > State.PROBE_3 and asked.questions:
            self._answer(asked, sender, now_ns)

    def _is_ours(self, question: Question) -> bool:
        if question.name.is_same(DISCOVERY) and question.kind == Kind.PTR:
            return bool(self.services)
        return self._is_ours_by_name(question.name)

    def _is_ours_by_name(self, name: Name) -> bool:
        if not name.service:
            return bool(self.host) and name.host.lower() == self.host.lower()
        service = self.find(name.service, name.protocol)
        return service is not None and (not name.host or name.is_same(self._name_of(service)))

    def _take(self, record: Record, packet: Packet, asked: _Asked, now_ns: int) -> bool:
        """Look at what somebody says of a name; return whether questions may still be answered."""
        if not self._is_ours_by_name(record.name):
            if packet.is_answer and not packet.questions:
                for search in self._searches:
                    search.take(record)
            return True
        service = self.find(record.name.service, record.name.protocol) if record.name.service else None
        if record.kind is Kind.PTR or (asked.questions and not asked.is_probe):
            asked.forget_known(record)
            return True
        verdict = self._compare(record, service)
        if verdict <= 0 or not (asked.is_probe or packet.is_answer):
            return True
        if not self._is_probe_running:
            if record.kind is Kind.SRV and service is not None:
                self._send_bye([service], include_host=False)
            lost = [service] if service is not None else []
            self._init_probe(lost, include_host=record.kind is not Kind.SRV, now_ns=now_ns)
        elif record.kind is not Kind.TXT:
            self._rename(service, now_ns)
        return False

    def _compare(self, record: Record, service: Service | None) -> int:
        """Return 1 if who said ``record`` wins, -1 if we do, 0 if we say the same."""
        match record.data:
            case str() if service is None:
                theirs, ours = IPv4Address(record.data), IPv4Address(self._address)
                return (theirs > ours) - (theirs < ours) if int(theirs) else 1
            case Target() if service is not None:
                return _verdict(target_data(record.data), target_data(Target(0, 0, service.port, self.host)))
            case bytes() if service is not None:
                return _verdict(record.data, txt_data(service))
        return 0

    def _answer(self, asked: _Asked, sender: Endpoint, now_ns: int) -> None:
        """``_mdns_create_answer_from_parsed_packet``."""
        flush = sender[1] == PORT
        plan, is_shared = _Plan(), False
        for question in asked.questions:
            if question.name.is_same(DISCOVERY):
                is_shared = True
                for offered in self.services:
                    _add(plan.answers, _Item("PTR", offered))  # not "SDPTR", which was asked for
                continue
            service = self.find(question.name.service, question.name.protocol) if question.name.service else None
            if service is None:
                if question.kind in (Kind.A, Kind.AAAA, Kind.ANY):
                    _add(plan.answers, _Item("A", flush=flush))
            elif question.kind in (Kind.PTR, Kind.ANY):
                is_shared |= question.kind == Kind.PTR or not asked.is_probe
                for item in (_Item("PTR", service), _Item("SRV", service, flush), _Item("TXT", service, flush)):
                    _add(plan.answers, item)
                _add(plan.additional if is_shared else plan.answers, _Item("A", flush=flush))
            elif question.kind == Kind.SRV:
                _add(plan.answers, _Item("SRV", service, flush))
                _add(plan.additional, _Item("A", flush=flush))
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


def _add(section: list[_Item], item: _Item) -> None:
    if not any(other.kind == item.kind and other.service is item.service for other in section):
        section.append(item)


def _announcement(probed: list[_Item]) -> _Plan:
    """Return what tells everybody of names that were probed, from the authorities of the probe."""
    plan = _Plan()
    for item in probed:
        if item.service is None:
            plan.answers.append(_Item("A", flush=True))
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
