"""``--capture``, read by Wireshark's own tools."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.helpers import luatwin, run_process

pytestmark = pytest.mark.real

SMALL = ("--image-size", "64K")
DEMO = "lua/demo/ota.lua"


def tshark(file: Path, *arguments: str) -> list[str]:
    assert shutil.which("tshark"), "tshark is missing: apt-get install tshark"
    checks = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
    finished = run_process("tshark", "-r", file, *checks, *arguments)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()


def captured(folder: Path, *arguments: str) -> Path:
    file = folder / "net.pcapng"
    finished = luatwin("run", *SMALL, "--capture", file, *arguments)
    assert finished.code in (0, 1, 42), finished.err
    return file


def fields(*names: str) -> list[str]:
    return ["-T", "fields", *(part for name in names for part in ("-e", name))]


def assert_sound(file: Path) -> None:
    """Nothing is wrong with any packet: no checksum, no length, no gap, no repetition."""
    bad = "_ws.malformed or tcp.analysis.flags or tcp.checksum.status==0 or ip.checksum.status==0"
    assert tshark(file, "-Y", f"{bad} or udp.checksum.status==0 or _ws.expert.severity==error") == []


@pytest.mark.parametrize(("profile", "version"), [("stock", "TLSv1.1"), ("hardened", "TLSv1.3")])
def test_an_update_is_a_conversation_that_wireshark_understands(profile: str, version: str, tmp_path: Path) -> None:
    file = captured(tmp_path, DEMO, "--profile", profile)
    assert_sound(file)
    handshake = tshark(
        file, "-Y", "tls.handshake.type", "-T", "fields", "-e", "tls.handshake.type", "-e", "_ws.col.Protocol"
    )
    assert handshake[0].startswith("1\t"), "Client Hello"
    assert handshake[1].startswith("2"), "Server Hello"
    assert version in " ".join(handshake)
    assert len(tshark(file, "-Y", "tcp.flags.syn==1 and tcp.flags.ack==0")) == 2, (
        "the update, and the question behind it"
    )


def test_capinfos_finds_times_in_order_and_as_long_as_the_run_was(tmp_path: Path) -> None:
    told = run_process("capinfos", "-M", captured(tmp_path, DEMO)).stdout
    assert "Strict time order:   True" in told
    assert "Raw IP" in told
    assert "luatwin" in told
    first = float(tshark(tmp_path / "net.pcapng", "-c", "1", "-T", "fields", "-e", "frame.time_epoch")[0])
    assert 1 < first < 3, "simulated seconds"


def test_names_pings_and_datagrams_are_there_too(tmp_path: Path) -> None:
    script = tmp_path / "script.lua"
    script.write_text(
        'net.wf.setup(net.wf.mode.STA, "luatwin", "virtual-wifi") net.wf.start(false)\n'
        "while not net.connected() do tmr.sleepms(100) end\n"
        'net.lookup("ota.whitecatboard.org") pcall(net.lookup, "nobody.example")\n'
        'net.ping("203.0.113.254", 2)\n'
        'local udp = require("socket").udp() udp:sendto("hello", "203.0.113.254", 9)\n'
    )
    file = captured(tmp_path, str(script))
    assert_sound(file)
    assert tshark(file, "-Y", "dns.flags.response==1", "-T", "fields", "-e", "dns.qry.name", "-e", "dns.flags.rcode")[
        :2
    ] == [
        "ota.whitecatboard.org\t0",
        "nobody.example\t3",
    ]
    assert len(tshark(file, "-Y", "icmp.type==8")) == len(tshark(file, "-Y", "icmp.type==0")) == 2
    assert tshark(file, "-Y", "udp.port==9", "-T", "fields", "-e", "udp.length") == ["13"]


def test_multicast_dns_is_there_by_ip4_and_ip6(tmp_path: Path) -> None:
    script = tmp_path / "script.lua"
    script.write_text(
        'net.wf.setup(net.wf.mode.STA, "luatwin", "virtual-wifi") net.wf.start(false)\n'
        'while not net.connected() do tmr.sleepms(100) end net.service.mdns.start("kitchen") tmr.sleep(5)\n'
    )
    file = captured(tmp_path, str(script), "--board", "WESP32")
    assert_sound(file)
    told = [line.split("\t") for line in tshark(file, "-Y", "mdns", *fields("ip.dst", "ipv6.dst"))]
    assert {target or target_6 for target, target_6 in told} == {"224.0.0.251", "ff02::fb"}
    addresses = tshark(file, "-Y", "dns.aaaa", *fields("dns.aaaa"))
    assert addresses
    assert {address.startswith("fe80::") for address in addresses} == {True}


@pytest.mark.parametrize(
    ("fault", "shows"),
    [
        ("tcp-refused", "tcp.flags.reset==1"),
        ("truncate-reset@50%", "tcp.flags.reset==1"),
        ("truncate-clean@50%", "tcp.flags.fin==1"),
    ],
)
def test_what_goes_wrong_is_to_be_seen(fault: str, shows: str, tmp_path: Path) -> None:
    assert tshark(captured(tmp_path, DEMO, "--fault", fault), "-Y", shows) != []


def test_a_capture_changes_nothing(tmp_path: Path) -> None:
    logs = []
    for name, more in (("with", ("--capture", tmp_path / "net.pcapng")), ("without", ())):
        luatwin("run", *SMALL, DEMO, "--events", tmp_path / name, *more)
        logs.append((tmp_path / name).read_text().splitlines()[1:])
    assert logs[0] == logs[1]
