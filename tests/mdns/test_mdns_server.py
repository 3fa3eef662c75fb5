"""Names that are probed, announced, asked for and fought over."""

from __future__ import annotations

from itertools import pairwise

import pytest

from simulator.mdns import PORT, MdnsServer, Search, Service
from simulator.mdns.packets import DISCOVERY, Kind, Name, Packet, Question, Record, Target, encode
from simulator.mdns.server import SERVICES_MAX, State, mangled
from tests.mdns.house import CABLE, CABLE_6, PROBING_S, SETTLED_S, STATION, STATION_6, TICK_S, WEB, House, web

LOW, HIGH, OTHER = "192.168.1.2", "192.168.1.9", "192.168.1.77"

# -- a new name -------------------------------------------------------------------------------------------------------


def test_a_name_is_asked_for_three_times_and_told_three_times() -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    house.run(SETTLED_S)
    assert server.state(STATION) is State.RUNNING
    times = [time for time, *_ in house.said]
    assert [round(later - earlier, 3) for earlier, later in pairwise(times)] == [
        *(0.3, 0.3, 0.3, 1.1, 1.1),  # 250 ms and a second, and then to the first tick after that
    ]
    *probes, announced, _, _ = house.heard_from(LOW)
    address = Record(Name("kitchen"), Kind.A, LOW, 120)
    assert probes == [
        Packet(questions=[Question(Name("kitchen"), Kind.ANY, unicast=number == 0)], authorities=[address])
        for number in range(3)
    ]
    assert announced == Packet(is_answer=True, answers=[Record(Name("kitchen"), Kind.A, LOW, 120, flush=True)])


def test_without_a_name_nothing_is_said_and_nothing_answered() -> None:
    house = House()
    server = house.server(LOW)
    house.server(HIGH, "kitchen")
    house.run(SETTLED_S)
    assert server.state(STATION) is State.RUNNING
    assert not house.heard_from(LOW)
    assert house.address_of(server, "kitchen") == [HIGH]


def test_a_service_is_told_with_all_that_belongs_to_it() -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    house.run(SETTLED_S)
    house.said.clear()
    server.add_service(web(8080, "The web", path="/", x="1"), house.now_ns)
    house.run(PROBING_S)
    *_, probe, announced = house.heard_from(LOW)[:4]
    name = Name("The web", "_http", "_tcp")
    target = Target(0, 0, 8080, "kitchen")
    assert probe.authorities == [Record(name, Kind.SRV, target, 120)]
    assert announced.answers == [
        Record(DISCOVERY, Kind.PTR, WEB, 4500),
        Record(WEB, Kind.PTR, name, 4500),
        Record(name, Kind.SRV, target, 120, flush=True),
        Record(name, Kind.TXT, b"\x03x=1\x06path=/", 4500, flush=True),
    ]


def test_a_service_that_comes_while_names_are_probed_is_probed_with_them() -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    house.run(0.3)
    server.add_service(web(), house.now_ns)
    house.run(PROBING_S)
    last = house.heard_from(LOW)[3]
    assert [question.name for question in last.questions] == [Name("kitchen", "_http", "_tcp"), Name("kitchen")]


def test_with_a_new_interface_everything_is_said_again() -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    server.add_service(web(), house.now_ns)
    house.run(SETTLED_S)
    house.unplug(LOW)
    assert server.deadline_ns is None
    house.said.clear()
    house.plug(server, OTHER, STATION)
    house.run(SETTLED_S)
    assert len(house.said) == 6
    assert house.said[-1][2].answers[-1] == Record(Name("kitchen"), Kind.A, OTHER, 120, flush=True)


# -- who has it -------------------------------------------------------------------------------------------------------


def test_a_host_is_found_at_the_next_tick() -> None:
    house = House()
    asker, _ = house.server(LOW, "hall"), house.server(HIGH, "kitchen")
    house.run(SETTLED_S)
    house.said.clear()
    findings, seconds = house.find(asker, Name("KITCHEN"), Kind.A, results_max=1)
    assert [finding.addresses for finding in findings] == [[HIGH]]
    assert seconds <= TICK_S + 0.01
    [(_, _, question, everybody), (_, _, answer, asker_alone)] = house.said
    assert question == Packet(questions=[Question(Name("KITCHEN"), Kind.A, unicast=True)])
    assert answer.answers == [Record(Name("kitchen"), Kind.A, HIGH, 120, flush=True)]
    assert (everybody, asker_alone) == (None, (LOW, PORT))


def test_who_probes_does_not_answer_yet() -> None:
    house = House()
    asker = house.server(LOW, "hall")
    house.run(SETTLED_S)
    house.server(HIGH, "kitchen")
    _, seconds = house.find(asker, Name("kitchen"), Kind.A, results_max=1)
    assert 0.9 < seconds < 1.6


def test_a_search_asks_every_second_until_its_time_is_over() -> None:
    house = House()
    asker = house.server(LOW, "hall")
    house.run(SETTLED_S)
    house.said.clear()
    findings, seconds = house.find(asker, Name("nobody"), Kind.A, seconds=3)
    assert findings == []
    assert 3 < seconds <= 3 + TICK_S + 0.01
    assert [round(time - house.said[0][0], 3) for time, *_ in house.said] == [0, 1.1, 2.2]


def test_services_are_found_with_host_port_texts_and_address() -> None:
    house = House()
    asker = house.server(LOW, "hall")
    house.server(HIGH, "kitchen").add_service(web(8080, path="/", x="1"), house.now_ns)
    house.server(OTHER, "cellar").add_service(web(81, "The web"), house.now_ns)
    house.run(SETTLED_S)
    findings, seconds = house.find(asker, Name("", "_HTTP", "_tcp"), Kind.PTR)
    assert seconds > 3
    found = {finding.instance: finding for finding in findings}
    assert found.keys() == {"kitchen", "The web"}
    kitchen, cellar = found["kitchen"], found["The web"]
    assert (kitchen.host, kitchen.port, kitchen.addresses) == ("kitchen", 8080, [HIGH])
    assert kitchen.txt == [(b"x", b"1"), (b"path", b"/")]
    assert (cellar.host, cellar.port, cellar.addresses, cellar.txt) == ("cellar", 81, [OTHER], [])


def test_a_search_for_services_ends_when_it_has_enough() -> None:
    house = House()
    asker = house.server(LOW, "hall")
    for number in range(3, 6):
        house.server(f"192.168.1.{number}", f"host{number}").add_service(web(), house.now_ns)
    house.run(SETTLED_S)
    findings, seconds = house.find(asker, WEB, Kind.PTR, results_max=2)
    assert len(findings) == 2
    assert seconds < 0.5


def test_what_is_known_is_not_answered_again() -> None:
    house = House()
    asker = house.server(LOW, "hall")
    house.server(HIGH, "kitchen").add_service(web(), house.now_ns)
    house.run(SETTLED_S)
    house.said.clear()
    house.find(asker, WEB, Kind.PTR)
    questions = house.heard_from(LOW)
    assert [len(question.answers) for question in questions] == [0, 1, 1]
    assert len(house.heard_from(HIGH)) == 1


def test_who_offers_the_same_finds_the_others() -> None:
    house = House()
    asker = house.server(LOW, "hall")
    asker.add_service(web(), house.now_ns)
    house.server(HIGH, "kitchen").add_service(web(), house.now_ns)
    house.run(SETTLED_S)
    findings, _ = house.find(asker, WEB, Kind.PTR)
    assert [(finding.instance, finding.port) for finding in findings] == [("kitchen", 80)]


@pytest.mark.parametrize(
    ("question", "answers", "additional"),
    [
        (Question(Name("kitchen"), Kind.AAAA), ["A"], []),
        (Question(Name("web", "_http", "_tcp"), Kind.SRV), ["SRV"], ["A"]),
        (Question(Name("web", "_http", "_tcp"), Kind.TXT), ["TXT"], []),
        (Question(Name("web", "_http", "_tcp"), Kind.ANY), ["PTR", "SRV", "TXT", "A"], []),
        (Question(WEB, Kind.PTR), ["PTR", "SRV", "TXT"], ["A"]),
        (Question(DISCOVERY, Kind.PTR), ["PTR"], []),
        (Question(Name("web", "_ftp", "_tcp"), Kind.SRV), [], []),
        (Question(Name("other", "_http", "_tcp"), Kind.SRV), [], []),
        (Question(Name("kitchen"), Kind.NSEC), [], []),
        (Question(Name("kitchen", "_http", ""), Kind.ANY), [], []),
    ],
)
def test_questions_are_answered_with_what_belongs_to_them(
    question: Question, answers: list[str], additional: list[str]
) -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    server.add_service(web(instance="web"), house.now_ns)
    house.run(SETTLED_S)
    house.said.clear()
    data = encode(Packet(questions=[question]))
    assert data is not None
    server.receive(STATION, data, (OTHER, 50000), house.now_ns)
    house.run(1)
    said = [
        ([r.kind.name for r in packet.answers], [r.kind.name for r in packet.additional])
        for packet in house.heard_from(LOW)
    ]
    assert said == ([(answers, additional)] if answers else [])
    for _, _, packet, target in house.said:  # who asks from another port alone gets it, and keeps no names
        assert target == (OTHER, 50000)
        assert not any(record.flush for record in packet.answers)


def test_the_kinds_of_services_are_told_without_their_instances() -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    server.add_service(web(), house.now_ns)
    house.run(SETTLED_S)
    data = encode(Packet(questions=[Question(DISCOVERY, Kind.PTR)]))
    assert data is not None
    server.receive(STATION, data, (OTHER, PORT), house.now_ns)
    house.run(1)
    assert house.heard_from(LOW)[-1].answers == [Record(DISCOVERY, Kind.PTR, WEB, 4500)]


# -- two of one name --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [LOW, HIGH])
def test_the_higher_address_keeps_a_name_whoever_was_there_first(first: str) -> None:
    house = House()
    house.server(first, "ESP32")
    house.run(SETTLED_S)
    second = HIGH if first == LOW else LOW
    house.server(second, "ESP32")
    house.run(2 * SETTLED_S)
    assert house.servers[HIGH].host == "ESP32"
    assert house.servers[LOW].host == "ESP32-2"
    assert house.renamed == [("ESP32", "ESP32-2")]
    asker = house.server(OTHER, "asker")
    assert house.address_of(asker, "esp32") == [HIGH]
    assert house.address_of(asker, "esp32-2") == [LOW]


def test_three_of_one_name_get_two_numbers() -> None:
    house = House()
    for number in (2, 3, 4):
        house.server(f"192.168.1.{number}", "ESP32")
    house.run(4 * SETTLED_S)
    assert sorted(server.host for server in house.servers.values()) == ["ESP32", "ESP32-2", "ESP32-3"]


def test_an_instance_that_is_taken_gets_a_number() -> None:
    house = House()
    house.server(LOW, "a").add_service(web(80, "web"), house.now_ns)
    house.run(SETTLED_S)
    house.server(HIGH, "b").add_service(web(81, "web"), house.now_ns)
    house.run(3 * SETTLED_S)
    assert house.renamed == [("web", "web-2")]
    assert house.servers[LOW].services[0].instance == "web-2"  # the greater port wins


def test_a_name_for_all_services_that_is_taken_gets_a_number() -> None:
    house = House()
    for address, host, port in ((LOW, "a", 80), (HIGH, "b", 81)):
        server = house.server(address, host)
        server.set_instance("web", house.now_ns)
        server.add_service(web(port), house.now_ns)
        house.run(SETTLED_S)
    house.run(2 * SETTLED_S)
    assert house.renamed == [("web", "web-2")]
    assert house.servers[LOW].instance == "web-2"


@pytest.mark.parametrize(
    ("name", "next_"),
    [("a", "a-2"), ("a-2", "a-3"), ("a-9", "a-10"), ("a-b", "a-b-2"), ("a-", "a-1"), ("a-b-7", "a-b-8")],
)
def test_the_next_name_has_a_number(name: str, next_: str) -> None:
    assert mangled(name) == next_


# -- the end ----------------------------------------------------------------------------------------------------------


def test_a_service_that_is_removed_says_goodbye_and_is_not_found() -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    server.add_service(web(), house.now_ns)
    house.run(SETTLED_S)
    server.remove_service(server.services[0])
    assert house.heard_from(LOW)[-1].answers == [Record(WEB, Kind.PTR, Name("kitchen", "_http", "_tcp"), 0)]
    asker = house.server(HIGH, "asker")
    assert house.find(asker, WEB, Kind.PTR)[0] == []


@pytest.mark.parametrize("after_s", [0.1, 1.3])
def test_a_service_that_is_removed_while_it_is_new_is_told_of_no_more(after_s: float) -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    house.run(SETTLED_S)
    server.add_service(web(), house.now_ns)
    house.run(after_s)
    server.remove_service(server.services[0])
    house.said.clear()
    house.run(SETTLED_S)
    assert house.said == []
    assert server.state(STATION) is State.RUNNING


def test_a_service_that_is_removed_while_the_host_is_probed_leaves_the_host() -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    server.add_service(web(), house.now_ns)
    house.run(0.5)
    server.remove_service(server.services[0])
    house.said.clear()
    house.run(SETTLED_S)
    kinds = {record.kind for packet in house.heard_from(LOW) for record in packet.answers}
    assert kinds == {Kind.A}


def test_a_new_host_name_and_the_end_are_told_for_what_is_called_like_the_host() -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    server.add_service(web(), house.now_ns)
    server.add_service(Service("_ftp", "_tcp", 21, "files"), house.now_ns)
    house.run(SETTLED_S)
    house.said.clear()
    server.set_host("hall", house.now_ns)
    assert [(record.kind, record.ttl_s) for record in house.heard_from(LOW)[-1].answers] == [(Kind.PTR, 0), (Kind.A, 0)]
    house.run(SETTLED_S)
    house.said.clear()
    server.close()
    [bye] = house.heard_from(LOW)
    assert bye.answers == [Record(WEB, Kind.PTR, Name("hall", "_http", "_tcp"), 0)]
    assert server.deadline_ns is None


def test_the_end_ends_searches() -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    search = Search(Name("nobody"), Kind.A, timeout_ns=10**10, results_max=1, began_ns=0)
    server.search(search)
    server.close()
    assert search.is_over


def test_services_are_found_again_by_name_in_upper_case_or_lower() -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    service = web()
    server.add_service(service, house.now_ns)
    assert server.find("_HTTP", "_Tcp") is service
    assert server.find("_http", "_udp") is None
    assert SERVICES_MAX == 10


# -- several links ----------------------------------------------------------------------------------------------------

LOW_6, HIGH_6 = (f"fe80:0000:0000:0000:0000:00ff:fe00:000{digit}" for digit in "12")


def both_links(house: House, address: str, address_6: str, host: str) -> MdnsServer:
    server = house.server(address)
    house.plug(server, address_6, STATION_6)
    server.set_host(host, house.now_ns)
    return server


def test_each_link_probes_for_itself_and_tells_both_addresses() -> None:
    house = House()
    both_links(house, LOW, LOW_6, "kitchen")
    house.run(SETTLED_S)
    for address in (LOW, LOW_6):
        *probes, announced, _, _ = house.heard_from(address)
        assert len(probes) == 3
        assert announced.answers == [
            Record(Name("kitchen"), Kind.A, LOW, 120, flush=True),
            Record(Name("kitchen"), Kind.AAAA, LOW_6, 120, flush=True),
        ]


def test_one_packet_leaves_at_a_tick_whatever_the_link() -> None:
    house = House()
    both_links(house, LOW, LOW_6, "kitchen")
    house.run(SETTLED_S)
    times = [time for time, *_ in house.said]
    assert len(set(times)) == len(times) == 12


def test_a_service_is_found_over_each_link_that_both_have() -> None:
    house = House()
    server = both_links(house, LOW, LOW_6, "kitchen")
    server.add_service(web(8080), house.now_ns)
    asker = both_links(house, HIGH, HIGH_6, "asker")
    house.run(SETTLED_S)
    findings, _ = house.find(asker, WEB, Kind.PTR)
    assert {finding.link for finding in findings} == {STATION, STATION_6}
    for finding in findings:
        assert (finding.host, finding.port, finding.addresses) == ("kitchen", 8080, [LOW_6, LOW])
    last = [packet for packet in house.heard_from(HIGH) if packet.questions][-1]
    assert len(last.answers) == 1  # what is known of this link, and not of the other


def test_an_address_of_the_other_kind_is_none() -> None:
    house = House()
    both_links(house, LOW, LOW_6, "kitchen")
    asker = house.server(HIGH)
    house.run(SETTLED_S)
    findings, _ = house.find(asker, Name("kitchen"), Kind.AAAA, results_max=1)
    assert [finding.addresses for finding in findings] == [[LOW_6]]
    findings, _ = house.find(asker, Name("kitchen"), Kind.A, results_max=1)
    assert [finding.addresses for finding in findings] == [[LOW]]


def test_by_ip6_too_the_higher_address_keeps_its_name() -> None:
    house = House()
    for address in (LOW_6, HIGH_6):
        house.server(address, "kitchen", STATION_6)
    house.run(2 * SETTLED_S)
    assert [server.host for server in house.servers.values()] == ["kitchen-2", "kitchen"]


def test_a_board_that_hears_itself_over_another_interface_speaks_over_one() -> None:
    house = House()
    server = house.server(LOW, "kitchen")
    house.plug(server, HIGH, CABLE)
    house.run(SETTLED_S)
    assert house.renamed == []
    assert server.state(STATION) is State.OFF
    assert server.state(CABLE) is State.RUNNING
    assert house.heard_from(HIGH)[-1].answers == [
        Record(Name("kitchen"), Kind.A, HIGH, 120, flush=True),
        Record(Name("kitchen"), Kind.A, LOW, 120, flush=True),
    ]
    house.unplug(HIGH)
    house.run(SETTLED_S)
    assert server.state(STATION) is State.RUNNING
    assert house.heard_from(LOW)[-1].answers == [Record(Name("kitchen"), Kind.A, LOW, 120, flush=True)]


def test_whoever_falls_silent_does_so_by_each_protocol_that_the_other_speaks() -> None:
    house = House()
    server = both_links(house, LOW, LOW_6, "kitchen")
    house.plug(server, HIGH, CABLE)
    house.plug(server, HIGH_6, CABLE_6)
    house.run(2 * SETTLED_S)
    assert [server.state(link) for link in (STATION, STATION_6)] == [State.OFF, State.OFF]
    assert [server.state(link) for link in (CABLE, CABLE_6)] == [State.RUNNING, State.RUNNING]
    assert [record.data for record in house.heard_from(HIGH)[-1].answers] == [HIGH, LOW, HIGH_6, LOW_6]
