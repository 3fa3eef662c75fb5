"""bt: what scripts advertise and hear (reference: hardware API, section 25)."""

from __future__ import annotations

import pytest

from simulator.bluetooth import Beacon
from tests.device.stage import Stage, on_stage, printed_by, staged

UUID = "2f234454-cf6d-4a0f-adf2-f4911ba9ffa6"

ATTACH = "bt.attach(bt.mode.BLE)\n"
TRY = "local function try(f, ...) print(select(2, pcall(f, ...))) end\n"
BEACON_DATA = "0201060303AAFE1716AAFE00EC00112233445566778899AABBCCDDEEFF0000"


def heard(script: str, *beacons: Beacon, seconds: float = 20) -> str:
    """Return what a board prints that scans for so long."""

    async def play(stage: Stage) -> str:
        for beacon in beacons:
            stage.world.add_beacon(beacon)
        return await stage.printed()

    return on_stage(play, script=f"{ATTACH}{script}\ntmr.sleep({seconds})\n")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("try(bt.scan.start, print)", "520093698:is not setup"),
        ("try(bt.scan.stop)", "520093698:is not setup"),
        ("try(bt.advertise.stop)", "520093698:is not setup"),
        ("try(bt.advertise.start, 100, 100, 3, 0, 0, '', 7, 0, '')", "520093698:is not setup"),
        ("try(bt.attach, 4)", "520093697:invalid mode"),
        ("try(bt.attach, -1)", "520093697:invalid mode"),
        ("try(bt.attach, bt.mode.Dual)", "520093696:can't setup"),
        ("bt.attach(1) try(bt.scan.stop)", "520093703:can't stop scanning"),
        ("bt.attach(1) bt.scan.start(print) try(bt.scan.start, print)", "520093702:can't start scanning"),
    ],
)
def test_what_cannot_be_is_refused_in_the_device_s_words(call: str, error: str) -> None:
    assert printed_by(TRY + call) == error + "\r\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("100, 100, 3, 0, 0, 'x', 7, 0, ''", "520093700:invalid argument (peer address must be in hex string format)"),
        ("100, 100, 3, 0, 0, '0', 7, 0, ''", "520093700:invalid argument (peer address must be in hex string format)"),
        (
            "100, 100, 3, 0, 0, '', 7, 0, 'xy'",
            "520093700:invalid argument (advertise data must be in hex string format)",
        ),
        (f"100, 100, 3, 0, 0, '', 7, 0, '{'00' * 31}'", "520093707:advertising data must be less then 31 bytes"),
        ("19, 100, 3, 0, 0, '', 7, 0, ''", "520093704:can't start advertising"),
        ("100, 10241, 3, 0, 0, '', 7, 0, ''", "520093704:can't start advertising"),
        ("200, 100, 3, 0, 0, '', 7, 0, ''", "520093704:can't start advertising"),
        ("100, 100, 5, 0, 0, '', 7, 0, ''", "520093704:can't start advertising"),
        ("100, 100, 3, bt.ownaddr.Random, 0, '', 7, 0, ''", "520093704:can't start advertising"),
        ("100, 100, 3, bt.ownaddr.PrivateRandom, 0, '', 7, 0, ''", "520093704:can't start advertising"),
        ("100, 100, 3, 0, 0, '', 0, 0, ''", "520093704:can't start advertising"),
        ("100, 100, 3, 0, 0, '', 7, 0", "bad argument #9 to 'start' (string expected, got no value)"),
    ],
)
def test_advertising_checks_its_arguments(arguments: str, error: str) -> None:
    script = f"{ATTACH}local ok, why = pcall(function() bt.advertise.start({arguments}) end) print(why)"
    assert printed_by(script) == f"/autorun.lua:2: {error}\r\n"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("uid('xx', 0, '', '')", "520093700:invalid argument (address must be in hex string format)"),
        ("uid('', 0, '0', '')", "520093700:invalid argument (namespace must be in hex string format)"),
        ("uid('', 0, '', '0')", "520093700:invalid argument (instance must be in hex string format)"),
        ("uid('', 21, '', '')", "520093706:invalid tx power"),
        ("uid('', -101, '', '')", "520093706:invalid tx power"),
        ("url('xx', 0, '')", "520093700:invalid argument (address must be in hex string format)"),
        ("url('', 0, 'http://12345678901234567')", "520093700:invalid argument (not enough space to encode url)"),
    ],
)
def test_beacons_check_their_arguments(call: str, error: str) -> None:
    script = f"local ok, why = pcall(function() bt.service.eddystone.{call} end) print(why)"
    assert printed_by(script) == f"/autorun.lua:1: {error}\r\n"


def test_the_power_of_a_beacon_is_a_signed_byte() -> None:
    assert printed_by("print(type(bt.service.eddystone.uid('', 256 - 20, '', '')))") == "userdata\r\n"


def test_a_second_attach_counts_for_nothing() -> None:
    assert printed_by(f"{ATTACH}bt.attach(77) bt.attach(bt.mode.Classic) print('still there')") == "still there\r\n"


def test_a_frame_of_another_kind_has_its_raw_bytes_alone() -> None:
    script = """
    bt.scan.start(function(t)
      if done then return end
      done = true
      local names = {}
      for name in pairs(t) do names[#names + 1] = name end
      table.sort(names)
      print(table.concat(names, " "), t.type, t.rssi, t.len, t.raw)
    end)"""
    raw = "0201061AFF4C0002152F234454CF6D4A0FADF2F4911BA9FFA600010002C5"
    assert heard(script, Beacon.ibeacon(UUID, 1, 2, rssi_dbm=-71)) == f"len raw rssi type\t0\t-71\t30\t{raw}\r\n"


def test_an_eddystone_frame_has_its_fields_and_a_distance() -> None:
    script = """
    local seen = {}
    bt.scan.start(function(t)
      if seen[t.type] then return end
      seen[t.type] = true
      if t.type == bt.frameType.EddystoneUID then
        print(t.namespace, t.instance, t.txPower, t.distance)
      else
        print(t.url, t.txPower, t.distance)
      end
    end)"""
    uid = Beacon.eddystone_uid("00112233445566778899", "aabbccddeeff", power_dbm=-20, rssi_dbm=-60)
    url = Beacon.eddystone_url("https://www.example.com/", power_dbm=-20, rssi_dbm=-40)
    assert sorted(heard(script, uid, url).splitlines()) == [
        "00112233445566778899\tAABBCCDDEEFF\t-20\t1.0",
        "https://www.example.com/\t-20\t0.1",
    ]


def test_a_beacon_that_moves_away_arrives_weaker_and_then_not_at_all() -> None:
    async def play(stage: Stage) -> list[int]:
        beacon = stage.world.add_beacon(Beacon.eddystone_url("https://example.com", interval_ms=20))
        stage.power_on()
        for rssi_dbm in (-50, -90, -100):
            beacon.rssi_dbm = rssi_dbm
            await stage.wait(30)
        return [event["rssi"] for event in stage.of_kind("bt.report")]

    levels = on_stage(play, script=f"{ATTACH}bt.scan.start(function() end)")
    assert set(levels) == {-50, -90}
    assert levels == sorted(levels, reverse=True)


def test_after_stopping_nothing_is_reported_and_scanning_can_begin_again() -> None:
    script = f"""{ATTACH}
    local count = 0
    bt.scan.start(function() count = count + 1 end)
    tmr.sleep(30)
    bt.scan.stop()
    local before = count
    tmr.sleep(30)
    print(before > 0, count == before)
    bt.scan.start(function() again = true end)
    tmr.sleep(30)
    print(count == before, again)
    """

    async def play(stage: Stage) -> str:
        stage.world.add_beacon(Beacon.eddystone_url("https://example.com"))
        return await stage.printed()

    assert on_stage(play, script=script) == "true\ttrue\r\ntrue\ttrue\r\n"


def test_a_refused_second_start_has_taken_the_reports_over() -> None:
    script = """
    local first, second = 0, 0
    bt.scan.start(function() first = first + 1 end)
    pcall(bt.scan.start, function() second = second + 1 end)
    tmr.sleep(30)
    print(first, second > 0)"""
    assert heard(script, Beacon.eddystone_url("https://example.com"), seconds=0) == "0\ttrue\r\n"


def test_errors_in_the_function_vanish() -> None:
    script = "bt.scan.start(function() count = (count or 0) + 1 error('never seen') end) tmr.sleep(30) print(count > 1)"
    assert heard(script, Beacon.eddystone_url("https://example.com"), seconds=0) == "true\r\n"


def test_reports_that_a_slow_function_leaves_waiting_are_lost_after_the_tenth() -> None:
    script = """
    local count = 0
    bt.scan.start(function() count = count + 1 if count == 1 then tmr.sleep(60) end end)
    tmr.sleep(70)
    bt.scan.stop()
    tmr.sleep(1)
    print(count)"""
    lines = heard(script, Beacon.eddystone_url("https://example.com", interval_ms=20), seconds=0)
    assert 11 <= int(lines) < 25


# -- two boards ---------------------------------------------------------------------------------------------------


@staged(script=f"{ATTACH}bt.scan.start(function(t) last = t.raw end)\ntmr.sleep(60)\nprint(last)")
async def test_one_board_hears_what_another_advertises(stage: Stage) -> None:
    data = "0201060403AABBCC"
    other = stage.world.new_board(script=f"{ATTACH}bt.advertise.start(100, 100, 3, 0, 0, '', 7, 0, '{data}')")
    stage.world.power_on(other)
    assert await stage.printed() == f"{data}\r\n"
    (started,) = [event for event in stage.events if event["kind"] == "bt.advertise"]
    assert (started["board"], started["type"], started["data"]) == ("b1", "NONCONN_IND", data.lower())
    assert (started["interval_ms"], started["channels"]) == (100, [37, 38, 39])
    report = stage.of_kind("bt.report")[0]
    assert (report["address"], report["data"]) == (started["address"], data.lower())


@staged(script=f"{ATTACH}bt.scan.start(function() end)\ntmr.sleep(100)\nbt.scan.stop()")
async def test_a_board_that_loses_its_power_is_silent(stage: Stage) -> None:
    other = stage.world.new_board(script=f"{ATTACH}bt.advertise.start(20, 20, 3, 0, 0, '', 7, 0, '00')")
    stage.world.power_on(other)
    stage.power_on()
    await stage.wait(40)
    assert stage.of_kind("bt.report")
    other.power_off()
    await other.is_off.wait()
    count = len(stage.of_kind("bt.report"))
    await stage.wait(40)
    assert len(stage.of_kind("bt.report")) == count
    assert list(stage.world.airwaves.bluetooth) == []


BEACON = "beacon = bt.service.eddystone.uid('', -20, '00112233445566778899', 'aabbccddeeff')\n"


@staged(script=f"{BEACON}beacon:start()\ntmr.sleep(10)\nbeacon:stop()\ntmr.sleep(1)")
async def test_a_beacon_is_advertised_while_it_is_started(stage: Stage) -> None:
    await stage.boot()
    (started,) = stage.of_kind("bt.advertise")
    assert (started["type"], started["data"]) == ("NONCONN_IND", BEACON_DATA.lower())
    assert started["interval_ms"] == 156.25
    assert len(stage.of_kind("bt.advertise.stop")) == 1


@staged(
    script="""
    local a = bt.service.eddystone.url("", -20, "https://a.com")
    local b = bt.service.eddystone.url("", -20, "https://b.com")
    a:start()
    b:start()
    tmr.sleep(3)
    """
)
async def test_two_beacons_take_turns(stage: Stage) -> None:
    await stage.boot()
    letters = [bytes.fromhex(event["data"])[14:15] for event in stage.of_kind("bt.advertise")]
    assert letters[:4] == [b"a", b"b", b"a", b"b"]
    assert len(letters) == pytest.approx(2 * 3 / 0.6, abs=2)


@staged(script=f"{BEACON}beacon:start()\ntmr.sleep(1)\nbeacon = nil\ncollectgarbage()\ntmr.sleep(1)")
async def test_a_beacon_that_is_collected_is_silent(stage: Stage) -> None:
    await stage.boot()
    assert len(stage.of_kind("bt.advertise.stop")) == 1


@staged(script=f"{ATTACH}{BEACON}bt.advertise.start(100, 100, 3, 0, 0, '', 7, 0, 'aa')\ntmr.sleep(1)")
async def test_the_task_of_the_beacons_ends_whatever_else_is_advertised(stage: Stage) -> None:
    await stage.boot()
    assert stage.kinds("bt.adv") == ["bt.advertise", "bt.advertise.stop"]


def test_a_used_handle_has_to_be_a_beacon() -> None:
    script = f"{BEACON}local ok, why = pcall(function() beacon.start(1) end) print(why)"
    assert printed_by(script) == ("/autorun.lua:2: bad argument #1 to 'start' (eddystone.ins expected, got number)\r\n")


def test_scanning_is_no_reason_to_wait() -> None:
    async def play(stage: Stage) -> float:
        await stage.boot()
        return stage.seconds

    assert on_stage(play, script=f"{ATTACH}bt.scan.start(function() end)") < 2
