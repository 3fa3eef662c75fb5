"""lora: nodes and gateways as scripts have them (reference: hardware API, section 24)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.lora import LoraNetwork, Node
from tests.device.stage import JOIN as JOIN_WIFI
from tests.device.stage import Stage, on_stage, printed_by, staged

BOARD = "N1ESP32"
DEVKIT = "TTGO-LORA32"
KEY, EUI = "796B86B4C9DC0252FA32457B1315E284", "70B3D57EF0001E32"
ADDRESS, NWK, APP = "26011BDA", "00112233445566778899AABBCCDDEEFF", "FFEEDDCCBBAA99887766554433221100"

ATTACH = "lora.attach(lora.BAND868)\n"
OTAA = f"{ATTACH}lora.setAppEui('{EUI}') lora.setAppKey('{KEY}')\n"
ABP = f"{ATTACH}lora.setDevAddr('{ADDRESS}') lora.setNwksKey('{NWK}') lora.setAppsKey('{APP}')\n"
QUIET = "os.loglevel(os.LOG_ERR)\n"
TRY = "local function try(f, ...) print(select(2, pcall(f, ...))) end\n"


def run(script: str, *, board: str = BOARD) -> str:
    """Return what a board prints that is alone in the world."""
    return printed_by(QUIET + script, board=board)


def with_network(play: Any = None, *, script: str, **options: Any) -> Any:
    """Run a script near a network that lets in who has the key, and knows the personalized node."""

    async def main(stage: Stage) -> Any:
        network = stage.world.add_lora_network(any_app_key=KEY)
        node = network.add_personalized(ADDRESS, NWK, APP)
        return await (Stage.printed(stage) if play is None else play(stage, network, node))

    return on_stage(main, script=QUIET + script, board=BOARD, **options)


def lines(text: str) -> list[str]:
    """Return the lines of a text in which some end with two carriage returns."""
    return [line for line in text.replace("\r", "\n").split("\n") if line]


def of_network(stage: Stage, kind: str) -> list[dict[str, Any]]:
    return [event for event in stage.events if event["board"] == "lora" and event["kind"] == kind]


# -- what is checked ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("lora.setDr(5)", "100663300:not setup"),
        ("lora.setDevAddr('26011BDA')", "100663300:not setup"),
        ("lora.join()", "100663300:not setup"),
        ("lora.tx(false, 1, '00')", "100663300:not setup"),
        ("lora.setAppKey('0')", "invalid hexadecimal number"),
        ("lora.setAppKey('0g')", "invalid hexadecimal number"),
        ("lora.setDr(8)", "100663305:invalid data rate value (0 to 7)"),
        ("lora.setDr(-1)", "100663305:invalid data rate value (0 to 7)"),
        ("lora.setReTx(8)", "100663305:invalid data rate value (0 to 8)"),
        ("lora.setAdr(1)", "bad argument #1 to 'setAdr' (boolean expected, got number)"),
        ("lora.tx(1, 1, '00')", "bad argument #1 to 'tx' (boolean expected, got number)"),
        ("lora.tx(false, 0, '00')", "100663305:invalid port number"),
        ("lora.tx(false, 224, '00')", "100663305:invalid port number"),
        ("lora.tx(false, 1, '0')", "100663305:invalid data"),
        ("lora.whenReceived(1)", "bad argument #1 to 'whenReceived' (function expected, got number)"),
        ("lora.attach(433)", "100663307:invalid band for your location"),
        ("lora.attach(868, 2)", "100663303:can't setup (invalid type)"),
        ("lora.attach(868, lora.GATEWAY, nil, nil, nil, 6)", "100663306:invalid data rate for your location"),
        ("lora.attach(868, lora.GATEWAY, nil, nil, 868000000)", "100663309:invalid frequency for your location"),
    ],
)
def test_what_cannot_be_is_refused_in_the_device_s_words(call: str, error: str) -> None:
    script = f"local ok, why = pcall(function() {call} end) print(why)"
    assert run(script) == f"/autorun.lua:2: {error}\r\n"


def test_settings_can_be_read_before_and_after_attaching() -> None:
    getters = "print(lora.getDevAddr(), lora.getAppEui(), lora.getDr(), lora.getAdr(), lora.getReTx())\n"
    script = (
        getters + OTAA + getters + "lora.setDr(0) lora.setAdr(true) lora.setReTx(3) lora.setDevAddr('1bda')\n" + getters
    )
    assert run(script, board=DEVKIT).splitlines() == [
        "00000000\t0000000000000000\t0\tfalse\t0",
        f"00000000\t{EUI}\t5\tfalse\t0",
        f"00001BDA\t{EUI}\t0\ttrue\t3",
    ]


def test_the_device_s_id_is_that_of_the_flash_chip_where_the_build_reads_it() -> None:
    script = ATTACH + TRY + "print(lora.getDevEui() == os.flashEUI():upper()) try(lora.setDevEui, '01')"
    assert run(script).splitlines() == [
        "true",
        "100663305:invalid argument (in this board DevEui is assigned automatically)",
    ]
    assert run(ATTACH + "lora.setDevEui('0102') print(lora.getDevEui())", board=DEVKIT) == "0000000000000102\r\n"


def test_pins_of_the_radio_are_taken() -> None:
    script = TRY + "pwm.attach(4, 1000, 0) try(lora.attach, 868)"
    assert run(script) == "gpio4 is used by pwm0\r\n"
    assert run(TRY + ATTACH + "try(pwm.attach, 16, 1000, 0)") == "gpio16 is used by lora0\r\n"


def test_attaching_is_logged_and_only_once() -> None:
    script = "lora.attach(868) lora.attach(868)"
    assert lines(printed_by(script, board=BOARD)) == [
        "spi3 at pins miso=GPIO19/mosi=GPIO23/clk=GPIO18",
        "lmic is at spi3, pin cs=GPIO5",
    ]


def test_a_radio_that_the_firmware_leaves_out_attaches_without_a_word() -> None:
    assert run(ATTACH + TRY + "try(lora.join)", board="PYCOM-FIPY") == "100663300:not setup\r\n"


def test_a_gateway_of_several_channels_says_that_it_is_missing() -> None:
    script = "os.loglevel(os.LOG_ERR) lora.attach()"
    assert "lora.attach: the gateway of an SX1301 is not simulated yet" in printed_by(
        script, board="WHITECAT-ESP32-LORA-GW"
    )


# -- joining ------------------------------------------------------------------------------------------------------


def test_a_node_joins_and_has_an_address() -> None:
    async def play(stage: Stage, network: LoraNetwork, _node: Node) -> None:
        assert await stage.printed() == "joined\ttrue\r\n"
        (join,) = of_network(stage, "lora.join")
        assert join["dev_eui"] == stage.board.flash_unique_id.hex()
        assert stage.of_kind("lora.transmit")[0]["rate"] == "SF7BW125"
        assert 5 < stage.seconds < 16

    with_network(
        play, script=OTAA + "lora.setDr(0) lora.join(lora.OTAA) print('joined', lora.getDevAddr() ~= '00000000')"
    )


def test_without_keys_there_is_nothing_to_join_with() -> None:
    script = ATTACH + TRY + f"try(lora.join) try(lora.tx, false, 1, '') lora.setAppEui('{EUI}') try(lora.join)"
    assert run(script).splitlines() == ["100663296:keys are not configured"] * 3


def test_nobody_answers_and_the_node_tries_again_once_a_minute() -> None:
    async def play(stage: Stage) -> None:
        assert (await stage.printed()).splitlines() == ["100663299:not joined", "100663299:not joined"]
        await stage.wait(200)
        moments = [event["t"] / 1e9 for event in stage.events if event["kind"] == "lora.transmit"]
        assert len(moments) == 4
        assert moments[1] - moments[0] == pytest.approx(61.7, abs=0.2)

    on_stage(play, script=QUIET + OTAA + TRY + "try(lora.join) try(lora.tx, false, 1, '00')", board=BOARD)


def test_an_attempt_that_failed_meanwhile_ends_the_next_join_at_once() -> None:
    script = (
        OTAA
        + TRY
        + """
    try(lora.join)
    tmr.sleep(100)
    local began = os.clock()
    try(lora.join)
    print(os.clock() - began < 2)"""
    )
    assert run(script).splitlines() == ["100663299:not joined", "100663299:not joined", "true"]


def test_a_network_that_comes_later_lets_the_node_in_behind_the_script_s_back() -> None:
    async def play(stage: Stage, network: LoraNetwork, _node: Node) -> None:
        network.is_on = False
        stage.power_on()
        await stage.wait(30)
        network.is_on = True
        assert await stage.board.finished()
        assert "100663299:not joined\r\ntrue\r\n" in stage.console

    script = OTAA + TRY + "try(lora.join) tmr.sleep(120) lora.join() print(lora.getDevAddr() ~= '00000000')"
    with_network(play, script=script)


# -- data ---------------------------------------------------------------------------------------------------------


def test_a_personalized_node_sends_without_joining() -> None:
    async def play(stage: Stage, _network: LoraNetwork, node: Node) -> None:
        assert await stage.printed() == "sent\r\n"
        assert [(uplink.counter, uplink.port, uplink.payload) for uplink in node.uplinks] == [
            (1, 5, b"\x01\x02"),
            (2, 6, b""),
        ]
        assert stage.seconds > 2 * 5, "each is complete some seconds after its windows"

    with_network(play, script=ABP + "lora.join() lora.tx(false, 5, '0102') lora.tx(false, 6, '') print('sent')")


def test_data_rate_and_time_on_air_follow_the_setting() -> None:
    async def play(stage: Stage, _network: LoraNetwork, node: Node) -> None:
        await stage.boot()
        rates = [str(uplink.modulation) for uplink in node.uplinks]
        assert rates == ["SF12BW125", "SF9BW125", "SF7BW125"]
        airtimes = [event["airtime_us"] for event in stage.of_kind("lora.transmit")]
        assert airtimes == [1155072, 164864, 46336]

    with_network(play, script=ABP + "for _, dr in ipairs{0, 3, 5} do lora.setDr(dr) lora.tx(false, 1, '') end")


def test_the_duty_cycle_makes_a_node_wait() -> None:
    async def play(stage: Stage, _network: LoraNetwork, node: Node) -> None:
        await stage.boot()
        first, second, third = (uplink.time_ns / 1e9 for uplink in node.uplinks)
        assert third - second == pytest.approx(100 * 1.155, abs=1)
        assert second - first == pytest.approx(100 * 1.155, abs=1)

    with_network(play, script=ABP + "lora.setDr(0) for i = 1, 3 do lora.tx(false, 1, '') end")


def test_a_downlink_calls_the_function_before_the_frame_counts_as_sent() -> None:
    async def play(stage: Stage, _network: LoraNetwork, node: Node) -> str:
        node.send(99, b"hi")
        return await stage.printed()

    script = (
        ABP
        + """
    lora.whenReceived(function(port, data, extra) print(port, data, extra) tmr.sleep(2) print("done") end, "more")
    lora.tx(false, 1, "00")
    print("sent")"""
    )
    assert with_network(play, script=script).splitlines() == ["1\t6869\tmore", "done", "sent"]


def test_a_confirmed_frame_returns_when_it_is_acknowledged_and_loses_what_comes_with_it() -> None:
    async def play(stage: Stage, _network: LoraNetwork, node: Node) -> str:
        node.send(1, b"lost")
        return await stage.printed()

    script = ABP + "lora.whenReceived(print) lora.tx(true, 1, '00') print('acknowledged')"
    assert with_network(play, script=script) == "acknowledged\r\n"


def test_a_confirmed_frame_that_nobody_acknowledges_fails_after_one_attempt() -> None:
    async def play(stage: Stage) -> None:
        assert await stage.printed() == "100663304:transmission fail ack not received\r\n"
        assert len(stage.of_kind("lora.transmit")) == 1

    on_stage(play, script=QUIET + ABP + TRY + "try(lora.tx, true, 1, '00')", board=BOARD)


def test_repetitions_get_slower_and_keep_their_counter() -> None:
    async def play(stage: Stage, network: LoraNetwork, node: Node) -> None:
        network.is_on = False
        stage.power_on()
        while len(stage.of_kind("lora.transmit")) < 3:
            await stage.wait(1)
        await stage.wait(1)
        network.is_on = True
        assert await stage.board.finished()
        rates = [event["rate"] for event in stage.of_kind("lora.transmit")]
        assert rates == ["SF7BW125", "SF7BW125", "SF8BW125", "SF8BW125"]
        assert [(uplink.counter, str(uplink.modulation)) for uplink in node.uplinks] == [(1, "SF8BW125")]
        assert stage.console.endswith("acknowledged\r\n\r\n/ > ")

    with_network(play, script=ABP + "lora.setReTx(5) lora.tx(true, 1, '00') print('acknowledged')")


def test_fifty_one_bytes_arrive_fifty_two_do_not_and_more_never_end() -> None:
    async def play(stage: Stage, _network: LoraNetwork, node: Node) -> None:
        stage.power_on()
        await stage.wait(1000)
        assert [len(uplink.payload) for uplink in node.uplinks] == [51, 0]
        assert [uplink.port for uplink in node.uplinks] == [1, None]
        assert "52 sent" in stage.console
        assert "53 sent" not in stage.console

    script = (
        ABP
        + """
    for _, length in ipairs{51, 52, 53} do
      lora.tx(false, 1, string.rep("00", length))
      print(length .. " sent")
    end"""
    )
    with_network(play, script=script)


def test_while_one_thread_sends_the_settings_wait() -> None:
    script = (
        ABP
        + """
    thread.start(function() lora.tx(false, 1, "00") print("sent") end)
    tmr.sleepms(100)
    print(lora.getDr())"""
    )
    assert with_network(script=script).splitlines() == ["sent", "5"]


def test_a_node_that_was_without_power_is_not_heard_until_its_counter_has_caught_up() -> None:
    async def play(stage: Stage, _network: LoraNetwork, node: Node) -> None:
        await stage.boot()
        assert [uplink.counter for uplink in node.uplinks] == [1, 2]
        stage.board.power_off()
        await stage.board.is_off.wait()
        await stage.boot()
        assert [uplink.counter for uplink in node.uplinks] == [1, 2]
        assert [event["why"] for event in of_network(stage, "lora.refused")] == ["counter", "counter"]

    with_network(play, script=ABP + "lora.tx(false, 1, '') lora.tx(false, 1, '')")


def test_session_and_counter_survive_deep_sleep_and_no_other_reset() -> None:
    async def play(stage: Stage, _network: LoraNetwork, _node: Node) -> None:
        stage.power_on()
        await stage.wait(100)
        assert stage.console.count("slept") == 1
        assert "restarted\t00000000" in stage.console
        assert [event["counter"] for event in of_network(stage, "lora.uplink")] == [1, 2]

    script = (
        OTAA
        + """
    if os.resetreason() == 5 then
      print("slept", lora.getDevAddr() ~= "00000000")
      lora.tx(false, 1, "02")
      os.exit(1)
    elseif os.resetreason() == 1 then
      lora.join()
      lora.tx(false, 1, "01")
      os.sleep(1)
    end
    print("restarted", lora.getDevAddr())"""
    )
    with_network(play, script=script)


# -- what the network wants -----------------------------------------------------------------------------------------


def test_a_confirmed_downlink_is_acknowledged_with_a_counter_that_the_next_frame_uses_again() -> None:
    async def play(stage: Stage, _network: LoraNetwork, node: Node) -> None:
        node.send(1, b"x", confirmed=True)
        await stage.boot()
        ups = of_network(stage, "lora.uplink")
        assert [(up["counter"], up["ack"], up["port"]) for up in ups] == [(1, False, 1), (2, True, None)]
        assert [event["why"] for event in of_network(stage, "lora.refused")] == ["counter"]

    with_network(play, script=ABP + "lora.tx(false, 1, '01') tmr.sleep(30) lora.tx(false, 1, '02')")


def test_commands_of_the_network_are_obeyed_and_answered_with_the_next_frame() -> None:
    async def play(stage: Stage, _network: LoraNetwork, node: Node) -> None:
        node.order(bytes.fromhex("06" + "0330070001"))  # device status; SF9, channels 0 to 2
        await stage.boot()
        first, second = of_network(stage, "lora.uplink")
        assert first["options"] == ""
        assert second["options"][:4] == "06ff"
        assert second["options"][6:] == "0307"
        assert (first["rate"], second["rate"]) == ("SF7BW125", "SF9BW125")

    with_network(play, script=ABP + "lora.setAdr(true) lora.tx(false, 1, '01') lora.tx(false, 1, '02')")


def test_the_second_window_of_a_joined_node_is_the_network_s_and_of_a_personalized_one_is_not() -> None:
    async def play(stage: Stage, network: LoraNetwork, node: Node) -> str:
        network.window = 2
        node.send(1, b"x")
        network.on_uplink = lambda sender, _uplink: sender.send(1, b"y") if sender is not node else None
        return await stage.printed()

    received = "lora.whenReceived(function(_, data) print(data) end) lora.tx(false, 1, '') print('sent')"
    assert with_network(play, script=OTAA + "lora.join()" + received).splitlines() == ["79", "sent"]
    assert with_network(play, script=ABP + received).splitlines() == ["sent"]


def test_many_unanswered_frames_make_the_node_slower_and_ask_to_rejoin() -> None:
    async def play(stage: Stage) -> None:
        await stage.boot()
        rates = [event["rate"] for event in stage.of_kind("lora.transmit")]
        lengths = [event["length"] for event in stage.of_kind("lora.transmit")]
        assert lengths[:37] == [13] * 37
        assert lengths[37] == 23, "a request to rejoin"
        assert (rates[36], rates[37]) == ("SF7BW125", "SF8BW125")

    script = ABP + "lora.setAdr(true) for i = 1, 38 do lora.tx(false, 1, '') end"
    on_stage(play, script=QUIET + script, board=BOARD)


# -- what it prints -----------------------------------------------------------------------------------------------


def test_the_log_of_a_frame_at_the_highest_level() -> None:
    script = QUIET + ABP + "os.loglevel(os.LOG_ALL) lora.tx(true, 1, '0102') os.loglevel(os.LOG_ERR)"

    async def play(stage: Stage) -> str:
        stage.world.add_lora_network().add_personalized(ADDRESS, NWK, APP)
        return await stage.printed()

    lines = on_stage(play, script=script, board=BOARD).replace("\r", "\n").split("\n")
    ticks, texts = zip(*(line.split(": ", 1) for line in lines if line), strict=True)
    frequency = texts[1].split("freq=")[1].partition(",")[0]
    assert list(texts) == [
        "engineUpdate, opmode=0x808 (OP_TXDATA | OP_NEXTCHNL)",
        f"TXMODE, freq={frequency}, len=15, SF=7, BW=125, CR=4/5, IH=0",
        f"RXMODE_SINGLE, freq={frequency}, SF=7, BW=125, CR=4/5, IH=0",
        "Received downlink, window=RX1, port=-1, ack=1",
        "engineUpdate, opmode=0x800 (OP_NEXTCHNL)",
    ]
    sent, opened = int(ticks[1]), int(ticks[2])
    assert opened - sent == pytest.approx((0.046336 + 1 + 0.0015) * 50_000, abs=10)


def test_the_same_seed_gives_the_same_frames() -> None:
    def events(seed: int) -> list[Any]:
        async def play(stage: Stage, _network: LoraNetwork, _node: Node) -> list[Any]:
            await stage.boot()
            return [event for event in stage.events if event["kind"].startswith("lora.")]

        return list(with_network(play, script=OTAA + "lora.join() lora.tx(false, 1, '01')", seed=seed))

    assert events(1) == events(1)
    assert events(1) != events(2)


# -- two boards ---------------------------------------------------------------------------------------------------


SLOWLY = f"{QUIET}{ABP}lora.setDr(0) lora.tx(false, 1, '01')"


@staged(board=BOARD, script=SLOWLY)
async def test_two_nodes_that_send_at_once_on_one_channel_drown_each_other(stage: Stage) -> None:
    network = stage.world.add_lora_network()
    nodes = network.add_personalized(ADDRESS, NWK, APP), network.add_personalized("26011BDB", NWK, APP)
    stage.world.power_on(stage.world.new_board(BOARD, script=SLOWLY.replace(ADDRESS, "26011BDB")))
    await stage.boot()
    first, second = [event for event in stage.events if event["kind"] == "lora.transmit"]
    assert second["t"] < first["t"] + 1000 * first["airtime_us"]
    assert first["frequency"] == second["frequency"], "with this seed they take the same one of three"
    assert [len(node.uplinks) for node in nodes] == [0, 0]


GATEWAY = f"{QUIET}{JOIN_WIFI}os.loglevel(os.LOG_ALL)\nlora.attach(lora.BAND868, lora.GATEWAY)\n"


@staged(board=BOARD, script=GATEWAY)
async def test_a_board_that_is_a_gateway_forwards_what_it_hears_on_its_channel(stage: Stage) -> None:
    network = stage.world.add_lora_network()
    network.is_on = False
    node = network.add_personalized(ADDRESS, NWK, APP)
    printed = await stage.printed()
    mac = stage.board.base_mac
    assert lines(printed)[:11] == [
        "lora gw: starting",
        "lora gw: dr=5, sf=7, freq=868.1 MHz",
        "spi3 at pins miso=GPIO19/mosi=GPIO23/clk=GPIO18",
        "lora gw: single gateway at spi3, pin cs=GPIO5",
        "lora gw: DIO0 IRQ attached, at pin GPIO4",
        "lora gw: DIO1 IRQ attached, at pin GPIO16",
        "lora gw: DIO2 IRQ attached, at pin GPIO17",
        "lora gw: waiting for network",
        "lora gw: network available",
        "lora gw: network coordinator set to router.eu.thethings.network:1700",
        f"lora gw: gateway EUI {mac[:3].hex()}fffe{mac[3:].hex()}",
    ]
    script = QUIET + ABP + "for i = 1, 12 do lora.tx(false, 1, '01') end"
    stage.world.power_on(stage.world.new_board(BOARD, script=script))
    await stage.wait(200)
    sent = [event["frequency"] for event in stage.events if event["kind"] == "lora.transmit"]
    assert 0 < len(node.uplinks) == sent.count(868_100_000) < 12
    assert {uplink.gateway for uplink in node.uplinks} == {f"{mac[:3].hex()}fffe{mac[3:].hex()}"}
    assert {uplink.rssi_dbm for uplink in node.uplinks} == {-60}, "20 dB too much, as the firmware reckons"
    logged = {"lora gw: -> PUSH_DATA", "lora gw: <- PUSH_ACK", "lora gw: -> PULL_DATA", "lora gw: <- PULL_ACK"}
    assert logged <= set(lines(stage.console))


def test_a_gateway_needs_a_network_and_a_server() -> None:
    nowhere = TRY + "try(lora.attach, 868, lora.GATEWAY)"
    assert run(nowhere) == "100663303:can't setup (no network connection available)\r\n"
    assert run(JOIN_WIFI + nowhere) == ("100663303:can't setup (can't resolve network coordinator hostname / port)\r\n")


def test_a_gateway_refuses_what_is_for_nodes() -> None:
    async def play(stage: Stage) -> str:
        stage.world.add_lora_network()
        return await stage.printed()

    calls = "".join(
        f"try(lora.{call})\n"
        for call in ("join", "tx", "setDr", "setAppKey", "setAdr", "getDr", "getDevEui", "whenReceived")
    )
    script = QUIET + TRY + JOIN_WIFI + "lora.attach(868, lora.GATEWAY)\n" + calls
    assert on_stage(play, script=script, board=BOARD).splitlines() == (
        ["100663308:not allowed (only allowed for nodes)"] * 8
    )


def test_what_a_gateway_reports_is_what_the_protocol_wants() -> None:
    async def play(stage: Stage) -> list[bytes]:
        host = stage.world.network.add_host("collector", "203.0.113.99")
        socket = host.open_datagrams(1700)
        script = QUIET + JOIN_WIFI + "lora.attach(868, lora.GATEWAY, 'collector')"
        stage.world.power_on(stage.world.new_board(BOARD, script=script))
        await stage.wait(20)
        stage.power_on()
        received: list[bytes] = []
        while len(received) < 6:
            data, _sender = await socket.receive_from()
            received.append(data)
        return received

    script = QUIET + ABP + "for i = 1, 30 do lora.tx(false, 1, '01') end"
    datagrams = on_stage(play, script=script, board=BOARD)
    assert {(data[0], data[3]) for data in datagrams} == {(1, 0), (1, 2)}
    assert len({data[4:12] for data in datagrams}) == 1
    reports = [json.loads(data[12:]) for data in datagrams if data[3] == 0]
    packets = [packet for report in reports for packet in report.get("rxpk", ())]
    assert packets
    assert packets[0]["freq"] == 868.1
    assert (packets[0]["datr"], packets[0]["codr"], packets[0]["size"]) == ("SF7BW125", "4/5", 14)
    statistics = [report["stat"] for report in reports if "stat" in report]
    assert statistics[0]["rxnb"] == 0
