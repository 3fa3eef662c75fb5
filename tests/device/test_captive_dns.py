"""net.service.captivedns: what who joins the board's access point is told about names."""

from __future__ import annotations

import pytest
from dnslib import QTYPE, DNSRecord

from simulator.device.drivers.captivedns import captive_answer
from simulator.network import NameNotFoundError
from tests.device.stage import JOIN, Stage, on_stage, printed, printed_by, staged

ADDRESS = "192.168.4.1"
ACCESS_POINT = 'net.wf.setup(net.wf.mode.AP, "portal", "")\nnet.wf.start()\n'
PORTAL = ACCESS_POINT + "net.service.captivedns.start()\n"


@pytest.mark.parametrize("kind", ["A", "AAAA", "TXT"])
def test_every_question_is_answered_with_the_address(kind: str) -> None:
    query = DNSRecord.question("www.example.com", kind)
    answer = DNSRecord.parse(captive_answer(query.pack(), ADDRESS))
    assert answer.header.id == query.header.id
    assert answer.header.qr
    assert answer.header.rd
    assert answer.q == query.q
    [record] = answer.rr
    assert (str(record.rname), record.rtype, record.ttl) == ("www.example.com.", QTYPE.A, 0)
    assert str(record.rdata) == ADDRESS


def two_questions() -> bytes:
    query = DNSRecord.question("one.example")
    query.add_question(DNSRecord.question("two.example").q)
    return bytes(query.pack())


def changed(offset: int, value: int) -> bytes:
    data = bytearray(DNSRecord.question("www.example.com").pack())
    data[offset] = value
    return bytes(data)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(bytes(11), id="less than a header"),
        pytest.param(changed(2, 0x81), id="an answer"),
        pytest.param(changed(2, 0x11), id="another operation"),
        pytest.param(changed(11, 1), id="an additional record"),  # what dig sends unless told not to
        pytest.param(two_questions(), id="two questions"),
    ],
)
def test_nothing_else_is_answered(query: bytes) -> None:
    assert captive_answer(query, ADDRESS) is None


@staged(script=PORTAL)
async def test_a_phone_behind_the_access_point_finds_every_name_on_the_board(stage: Stage) -> None:
    await stage.boot()
    phone = stage.world.add_phone(next(point for point in stage.world.air if point.ssid == "portal"))
    assert phone.address == "192.168.4.2"
    assert await phone.resolve("connectivitycheck.example") == [ADDRESS]
    assert stage.of_kind("net.captivedns") == [{"client": "192.168.4.2"}]
    await stage.type(b"net.service.captivedns.stop()\r")
    with pytest.raises(NameNotFoundError):
        await phone.resolve("connectivitycheck.example")


@staged(script=PORTAL + "print(net.service.captivedns.running()) net.service.captivedns.start()")
async def test_it_runs_until_the_chip_is_reset(stage: Stage) -> None:
    assert await stage.printed() == "true\r\n"  # and to start it again changes nothing
    phone = stage.world.add_phone(next(point for point in stage.world.air if point.ssid == "portal"))
    stage.board.power_off()
    await stage.board.is_off.wait()
    with pytest.raises(NameNotFoundError):
        await phone.resolve("connectivitycheck.example")
    assert not stage.of_kind("net.captivedns")


@staged(script=ACCESS_POINT + "local ok, why = pcall(net.service.captivedns.start) print(ok, why, os.clock())")
async def test_an_access_point_alone_lets_it_wait_until_that_has_an_address_of_ipv6(stage: Stage) -> None:
    ok, _, seconds = (await stage.printed()).split()
    assert ok == "true"
    assert float(seconds) == pytest.approx(2.1, abs=0.1)


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("", "150994944:network is not available"),
        (JOIN, "wrong wifi mode"),
        (
            ACCESS_POINT + 'local s = require("socket").udp() s:setsockname("*", 53)\n',
            "couldn't start captivedns service",
        ),
    ],
)
def test_it_says_why_it_cannot_start(before: str, why: str) -> None:
    text = printed_by(f"{before}print(pcall(function() net.service.captivedns.start() end))")
    line = before.count("\n") + 1
    assert text in (f"false\t/autorun.lua:{line}: {why}\r\n", f"false\t{why}\r\n")


def test_it_can_be_stopped_when_it_does_not_run() -> None:
    service = "net.service.captivedns"
    assert printed_by(f"{service}.stop() print({service}.running())") == "false\r\n"


def test_another_board_asks_it_too() -> None:
    async def play(stage: Stage) -> str:
        await stage.boot()
        join = 'net.wf.setup(net.wf.mode.STA, "portal", "") net.wf.start(false)'
        other = stage.world.new_board(script=f"{join} print(net.lookup('anything.example'))", name="other")
        stage.world.power_on(other)
        assert await other.finished()
        return printed(other.console.decode())

    assert on_stage(play, script=PORTAL) == f"{ADDRESS}\r\n"
