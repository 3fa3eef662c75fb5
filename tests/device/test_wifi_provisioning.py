"""net.wf without a password in the script: WPS, SmartConfig, and WPA2 Enterprise."""

from __future__ import annotations

import re

import pytest

from simulator.wifi import Authenticator, SmartConfigMessage
from simulator.wifi.provisioning import WPS_WALK_NS, is_wps_pin
from tests.device.stage import PASSWORD, SSID, Stage, on_stage, printed, printed_by, staged
from tests.wifi.school import pupil, school, server

WPS_BOARD = "ADAFRUIT-HUZZAH32"  # its build keeps credentials in NVS, so it has WPS
PHONE = SmartConfigMessage(SSID, PASSWORD, "192.168.1.77")

LOGGED = "\r\n\r"
"""How a logged line ends if the message had a line end."""

# -- WPS --------------------------------------------------------------------------------------------------------------


@staged(board=WPS_BOARD, script="net.wf.startwps() while not net.connected() do tmr.sleepms(100) end print(os.clock())")
async def test_a_board_joins_the_access_point_whose_button_is_pressed(stage: Stage) -> None:
    [home] = stage.world.air
    stage.power_on()
    await stage.wait(40)
    assert not home.stations
    stage.world.press_wps(home)
    assert await stage.board.finished()
    assert 40 < float(printed(stage.console)) < 60
    assert [event["state"] for event in stage.of_kind("wifi.wps")] == ["search", "success"]
    assert len(home.stations) == 1


@staged(board=WPS_BOARD, script="net.wf.startwps()")
async def test_the_search_by_button_goes_on_after_two_minutes_until_the_radio_is_stopped(stage: Stage) -> None:
    await stage.boot()
    await stage.wait(WPS_WALK_NS / 1e9 + 5)
    assert [event["state"] for event in stage.of_kind("wifi.wps")] == ["search", "timeout", "search"]
    await stage.type(b"net.wf.stop()\r")
    await stage.wait(WPS_WALK_NS / 1e9 + 5)
    assert len(stage.of_kind("wifi.wps")) == 3


@staged(board=WPS_BOARD, script="net.wf.startwps() tmr.sleep(200)")
async def test_a_pressed_button_does_not_stay_pressed(stage: Stage) -> None:
    [home] = stage.world.air
    stage.world.press_wps(home)
    await stage.wait(WPS_WALK_NS / 1e9 - 1)
    assert home.wps
    stage.world.press_wps(home)
    await stage.wait(2)
    assert home.wps
    await stage.wait(WPS_WALK_NS / 1e9)
    assert home.wps is None


@staged(board=WPS_BOARD, script="net.wf.startwps()")
async def test_what_was_found_is_kept_for_the_next_start(stage: Stage) -> None:
    [home] = stage.world.air
    await stage.boot()
    stage.world.press_wps(home)
    await stage.wait(60)
    assert [event["key"] for event in stage.of_kind("nvs.set")] == ["sta.ssid", "sta.pswd", "sta.chan"]
    stage.board.power_off()
    await stage.board.is_off.wait()
    stage.power_on()
    await stage.wait(20)
    await stage.type(b"net.wf.stop() net.wf.startwps(net.wf.wpstype.DISABLE, print)\r")
    await stage.wait(20)
    assert "\r\ntrue\r\n" in await stage.type(b"=net.connected()\r")


@staged(board=WPS_BOARD, script='net.wf.setup(net.wf.mode.AP, "mine", "secret-word", nil, 6)')
async def test_an_access_point_is_kept_too_and_written_only_when_it_changes(stage: Stage) -> None:
    await stage.boot()
    written = len(stage.of_kind("nvs.set"))
    assert written == 6
    await stage.type(b"net.wf.setup(net.wf.mode.AP, 'mine', 'secret-word', nil, 7)\r")
    assert [event["key"] for event in stage.of_kind("nvs.set")[written:]] == ["ap.chan"]


@staged(script=f'net.wf.setup(net.wf.mode.STA, "{SSID}", "{PASSWORD}")')
async def test_other_builds_keep_nothing(stage: Stage) -> None:
    await stage.boot()
    assert not stage.of_kind("nvs.set")


PIN_SCRIPT = """\
net.wf.startwps(net.wf.wpstype.PIN, function(pin) print("pin", pin, thread.self() ~= nil) end)
"""


@staged(board=WPS_BOARD, script=PIN_SCRIPT + "tmr.sleep(1) while not net.connected() do tmr.sleepms(100) end")
async def test_the_pin_goes_to_the_function_and_typed_into_the_access_point_lets_the_board_in(stage: Stage) -> None:
    [home] = stage.world.air
    stage.power_on()
    while "pin\t" not in stage.console:
        await stage.wait(0.1)
    pin = stage.console.partition("pin\t")[2][:8]
    assert is_wps_pin(pin)
    assert stage.of_kind("wifi.wps") == [{"state": "search", "pin": pin}]
    stage.world.press_wps(home, pin)
    assert await stage.board.finished()
    assert len(home.stations) == 1


@staged(board=WPS_BOARD, script=PIN_SCRIPT)
async def test_with_another_pin_the_board_tries_again_with_a_new_one(stage: Stage) -> None:
    [home] = stage.world.air
    stage.world.press_wps(home, "12345670")
    stage.power_on()
    await stage.wait(30)
    pins = [event["pin"] for event in stage.of_kind("wifi.wps") if event["state"] == "search"]
    assert len(set(pins)) == len(pins) > 2
    assert re.findall(r"pin\t(\d+)\t", stage.console) == pins
    assert not home.stations


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("net.wf.startwps(net.wf.wpstype.PIN)", "bad argument #2 to 'startwps' (function expected, got no value)"),
        ("net.wf.startwps(0)", "bad argument #2 to 'startwps' (function expected, got no value)"),
        ("net.wf.startwps('x')", "bad argument #1 to 'startwps' (number expected, got string)"),
        ("net.wf.startsc()", "bad argument #1 to 'startsc' (function expected, got no value)"),
    ],
)
def test_the_function_has_to_be_one(code: str, answer: str) -> None:
    text = printed_by(f"print(select(2, pcall(function() {code} end)))", board=WPS_BOARD)
    assert text == f"/autorun.lua:1: {answer}\r\n"


def test_builds_without_credentials_in_nvs_have_no_wps() -> None:
    assert printed_by("print(net.wf.startwps, type(net.wf.startsc))") == "nil\tfunction\r\n"


@staged(board=WPS_BOARD, script="net.wf.startwps(net.wf.wpstype.DISABLE, print) tmr.sleep(2)")
async def test_disabled_wps_starts_the_station_and_searches_nothing(stage: Stage) -> None:
    await stage.boot()
    assert stage.kinds("wifi.") == ["wifi.start"]


# -- SmartConfig ------------------------------------------------------------------------------------------------------

LISTEN = 'net.wf.startsc(function(ssid, password) print("got", ssid, password) end)\n'


@staged(script=LISTEN)
async def test_a_phone_tells_a_board_its_access_point(stage: Stage) -> None:
    await stage.boot()
    assert "got" not in stage.console
    stage.world.air.send_smart_config(PHONE)
    await stage.wait(20)
    assert stage.console.endswith(f"got\t{SSID}\t{PASSWORD}\r\nRemote IP: 192.168.1.77\r\n")
    assert stage.kinds("wifi.") == [
        *("wifi.start", "wifi.smartconfig", "wifi.auth", "wifi.connected", "wifi.got_ip"),
    ]


@staged(script=f"{LISTEN} tmr.sleep(1) {LISTEN} tmr.sleep(1) net.wf.stop()")
async def test_a_stopped_radio_listens_to_no_phone(stage: Stage) -> None:
    stage.world.air.send_smart_config(PHONE)
    await stage.boot()
    await stage.wait(30)
    assert "got" not in stage.console
    assert [event["state"] for event in stage.of_kind("wifi.smartconfig")] == ["listen", "listen"]


@staged(script=LISTEN)
async def test_with_a_wrong_password_the_phone_hears_nothing(stage: Stage) -> None:
    stage.world.air.send_smart_config(SmartConfigMessage(SSID, "a-wrong-password", PHONE.phone_address))
    stage.power_on()
    await stage.wait(60)
    assert f"got\t{SSID}\ta-wrong-password\r\n" in stage.console
    assert "Remote IP" not in stage.console
    await stage.type(b"net.wf.stop()\r")


@staged(script=f'net.wf.setup(net.wf.mode.APSTA, "mine", "")\nnet.wf.start()\n{LISTEN}')
async def test_smart_config_leaves_an_access_point_of_the_board_up(stage: Stage) -> None:
    await stage.boot()
    stage.world.air.send_smart_config(PHONE)
    await stage.wait(20)
    assert "Remote IP: 192.168.1.77\r\n" in stage.console
    assert "mine" in [point.ssid for point in stage.world.air]


# -- WPA2 Enterprise --------------------------------------------------------------------------------------------------

FILES = {"/ca.pem": school().pem, "/client.pem": pupil().pem, "/client.key": pupil().key_pem(b"pw")}
SCHOOL = Authenticator(
    users={"anna": "secret"},
    client_certificates=frozenset({pupil().pem}),
    certificates=server().pem,
)


def enterprise_script(arguments: str) -> str:
    return (
        f'net.wf.setup(net.wf.mode.STAENT, "school", {arguments})\n'
        "net.wf.start()\nfor i = 1, 50 do tmr.sleepms(100) end print(net.connected()) net.wf.stop()"
    )


@pytest.mark.parametrize(
    ("arguments", "is_let_in"),
    [
        ('"anonymous", "anna", "secret"', True),
        ('"anonymous", "anna", "secret", "/ca.pem"', True),
        ('"anonymous", "anna", "secret", "/client.key"', False),
        ('"anonymous", "anna", "wrong"', False),
        ('"anonymous", "anna", "secret", "/ca.pem", "", "", "", net.wf.timecheck.ENABLE', False),  # it is 2022
        ('"anonymous", "anna", "secret", "/ca.pem", "", "", "", net.wf.timecheck.DISABLE', True),
        ('"anonymous", "", "", "", "/client.pem", "/client.key", "pw"', True),
        ('"anonymous", "", "", "", "/client.pem", "/client.key", "wrong"', False),
        ('"anonymous", "", "", "", "/client.pem", ""', False),  # a certificate without its key is none
    ],
)
def test_a_station_proves_who_it_is(arguments: str, is_let_in: bool) -> None:
    async def play(stage: Stage) -> str:
        stage.world.add_access_point("school", authenticator=SCHOOL)
        return await stage.printed()

    text = on_stage(play, script=enterprise_script(arguments), files=FILES)
    assert text.splitlines()[-1] == ("true" if is_let_in else "false")


def test_the_look_at_dates_stays_as_it_was_set_last() -> None:
    async def play(stage: Stage) -> str:
        stage.world.add_access_point("school", authenticator=SCHOOL)
        return await stage.printed()

    login = '"anonymous", "anna", "secret", "", "", "", ""'
    script = f"""
for _, check in ipairs {{net.wf.timecheck.ENABLE, net.wf.timecheck.DEFAULT, net.wf.timecheck.DISABLE}} do
  net.wf.setup(net.wf.mode.STAENT, "school", {login}, check)
  net.wf.start() tmr.sleep(5) print(net.connected()) net.wf.stop()
end"""
    assert on_stage(play, script=script) == "false\r\nfalse\r\ntrue\r\n"


@pytest.mark.parametrize(("position", "what"), [(3, "cacert"), (4, "certificate"), (5, "privkey")])
def test_a_file_that_is_not_there_is_an_invalid_argument(position: int, what: str) -> None:
    files = ", ".join('"/missing"' if index == position else '""' for index in range(3, 6))
    script = f"""print(pcall(net.wf.setup, net.wf.mode.STAENT, "school", "a", "b", "c", {files}))"""
    assert printed_by(script) == (
        f"wifi_setup_enterprise: get_file_content({what}) error ESP_ERR_INVALID_ARG{LOGGED}"
        "false\t134217744:invalid argument\r\n"
    )


def test_names_of_more_than_128_bytes_are_invalid() -> None:
    script = """for _, name in ipairs {("x"):rep(128), ("x"):rep(129)} do
      print(pcall(net.wf.setup, net.wf.mode.STAENT, "school", name, name, ""))
    end"""
    assert printed_by(script) == "true\r\nfalse\t134217744:invalid argument\r\n"


@staged(
    script="""os.loglevel(os.LOG_ALL)
net.wf.setup(net.wf.mode.STAENT, "school", "me", "anna", "secret", "/ca.pem", "/client.pem", "/client.key", "pw", 1)
net.wf.setup(net.wf.mode.STA, "home", "secret-password")""",
    files=FILES,
)
async def test_the_log_tells_all_but_the_passwords(stage: Stage) -> None:
    said = [
        *("certificate time check disabled", "ca-cert set", "client certificate + key with password set"),
        *("identity set to: me", "user set to: anna", "password set", "enabled", "disabled"),
    ]
    assert await stage.printed() == "".join(f"wpa2 enterprise {text}{LOGGED}" for text in said)


STATIC = ", ".join(f'net.packip("{ip}")' for ip in ("192.168.1.50", "255.255.255.0", "192.168.1.1"))


@staged(script=enterprise_script(f'"a", "anna", "secret", nil, nil, nil, nil, nil, {STATIC}'))
async def test_the_address_comes_after_the_certificates(stage: Stage) -> None:
    stage.world.add_access_point("school", authenticator=SCHOOL)
    assert (await stage.printed()).splitlines()[-1] == "true"
    [got] = stage.of_kind("wifi.got_ip")
    assert got["ip"] == "192.168.1.50"
