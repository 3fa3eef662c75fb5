"""mqtt on a board, against a broker on the virtual network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from simulator.mqtt import PacketType
from simulator.mqtt.packets import PROTOCOL_3_1, PROTOCOL_3_1_1
from tests.device.mqtt_broker import Broker
from tests.device.stage import JOIN, Stage, on_stage

CLIENT = 'local c = mqtt.client("b", "broker.example", 1883, false) '
PERSISTENT = 'local c = mqtt.client("b", "broker.example", 1883, false, nil, true, "/mq") '
SHOW = "function show(...) print(...) end "


def lines(
    script: str, broker: Broker | None = None, meanwhile: Callable[[Stage], Awaitable[None]] | None = None
) -> list[str]:
    """Return what a board that has joined prints; ``broker`` is at broker.example."""

    async def play(stage: Stage) -> list[str]:
        stage.world.add_server("broker.example", (broker or Broker()).serve, port=1883)
        async with trio.open_nursery() as nursery:
            if meanwhile is not None:
                nursery.start_soon(meanwhile, stage)
            shown = (await stage.printed()).replace("\r", "").splitlines()
            await stage.wait(1)  # what the board has sent is still on its way
            nursery.cancel_scope.cancel()
        return shown

    return on_stage(play, script=JOIN + SHOW + script)


def error_of(script: str, call: str, broker: Broker | None = None) -> str:
    return lines(f"{script} print((select(2, pcall(function() {call} end)):gsub('^.-:%d+: ', '')))", broker)[-1]


def test_a_message_comes_with_the_lengths_first_and_the_extra_argument_last() -> None:
    script = CLIENT + 'c:subscribe("a/b", 0, show, 7) c:connect("", "") c:publish("a/b", "hello", 0) tmr.sleep(1)'
    assert lines(script) == ["5\thello\t3\ta/b\t7"]


def test_what_connect_says_to_the_broker() -> None:
    broker = Broker()
    lines(CLIENT + 'c:connect("me", "secret", true) c:disconnect()', broker)
    (connect,) = broker.connects
    assert (connect.version, connect.keep_alive_s, connect.texts) == (PROTOCOL_3_1_1, 20, [b"b", b"me", b"secret"])
    assert connect.flags == 0b1100_0010
    assert broker.kinds() == ["CONNECT", "DISCONNECT"]


def test_without_user_and_password_the_session_is_kept_and_there_are_none() -> None:
    broker = Broker()
    lines(CLIENT + 'c:connect("", "")', broker)
    assert (broker.connects[0].flags, broker.connects[0].texts) == (0, [b"b"])


def test_everything_that_waits_is_sent_before_a_disconnect() -> None:
    broker = Broker()
    script = CLIENT + 'c:connect("", "") for i = 1, 3 do c:publish("t", i .. "", 0) end c:disconnect()'
    assert lines(script + " print(c:connected())", broker) == ["false"]
    assert broker.kinds() == ["CONNECT", "PUBLISH", "PUBLISH", "PUBLISH", "DISCONNECT"]


def test_a_script_may_end_before_its_message_has_left() -> None:
    broker = Broker()
    lines(CLIENT + 'c:connect("", "") c:publish("t", "last", 0)', broker)
    assert broker.kinds() == ["CONNECT", "PUBLISH"]


def test_the_newest_subscription_is_called_first_and_the_same_function_once() -> None:
    script = CLIENT + (
        'local function one() print(1) end c:subscribe("t", 0, one) c:subscribe("t", 0, one)'
        'c:subscribe("#", 0, function() print(2) end) c:connect("", "") c:publish("t", "", 0) tmr.sleep(1)'
    )
    # The broker sends the message once for each of its two subscriptions at most; ours sends it once.
    assert lines(script) == ["2", "1"]


def test_a_payload_ends_at_its_first_nul_when_sent_and_not_when_received() -> None:
    broker = Broker()

    async def meanwhile(stage: Stage) -> None:
        while not broker.subscriptions[b"b"]:
            await trio.sleep(0.1)
        await broker.publish(b"t", b"a\0b")

    script = CLIENT + (
        'c:subscribe("t", 0, function(n, p) print(n, #p) end) c:connect("", "") tmr.sleep(1) c:publish("t", "x\\0y", 0)'
        "tmr.sleep(1)"
    )
    assert lines(script, broker, meanwhile) == ["3\t3", "1\t1"]


@pytest.mark.parametrize(
    ("script", "call", "text"),
    [
        (CLIENT, 'c:publish("t", "p", 1)', "201326596:can't publish to topic (enable persistence for a qos > 0)"),
        (CLIENT, 'c:subscribe("t", 1, show)', "201326595:can't subscribe to topic (enable persistence for a qos > 0)"),
        (CLIENT, 'c:publish("t", "p", 0)', "201326596:can't publish to topic (client is disconnected)"),
        (PERSISTENT, 'c:publish("t", "p", 1)', "201326596:can't publish to topic (client is disconnected)"),
        (
            PERSISTENT + 'c:connect("", "") ',
            'c:publish("t", "p", 3)',
            "201326596:can't publish to topic (a qos parameter is not 0, 1 or 2)",
        ),
        (
            CLIENT + 'c:connect("", "") ',
            'c:publish("\\xff", "p", 0)',
            "201326596:can't publish to topic (an invalid UTF-8 string has been detected)",
        ),
        (
            "",
            'mqtt.client("\\xff", "h", 1, false)',
            "201326592:can't create client (an invalid UTF-8 string has been detected)",
        ),
        (
            "io.open('/file', 'w'):close() ",
            'mqtt.client("b", "h", 1, false, nil, true, "/file/x")',
            "201326592:can't create client (persistence error)",
        ),
        (CLIENT, "c:connect('', '', 1)", "bad argument #3 to 'connect' (boolean expected, got number)"),
        (CLIENT, "c:subscribe('t', 0)", "bad argument #3 to 'subscribe' (function expected, got no value)"),
        ("", "mqtt.client('b', 'h', 1)", "bad argument #4 to 'client' (boolean expected, got no value)"),
        (CLIENT, "c.connected({})", "bad argument #1 to 'connected' (mqtt.cli expected, got table)"),
        (
            'local c = mqtt.client("b", "nobody.example", 1883, false)',
            'c:connect("", "")',
            "201326594:can't connect (timeout)",
        ),
    ],
)  # fmt: skip
def test_errors_are_those_of_the_device(script: str, call: str, text: str) -> None:
    assert error_of(script, call) == text


def test_without_a_network_it_is_not_even_tried() -> None:
    script = f'{CLIENT} local t = os.clock() print(pcall(c.connect, c, "", ""))'
    assert on_stage(Stage.printed, script=script) == "false\t201326594:can't connect (network not started)\r\n"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "unacceptable protocol version"),
        (2, "identifier rejected"),
        (3, "server unavailable"),
        (4, "bad username or password"),
        (5, "not authorized"),
    ],
)
def test_a_refusal_of_the_broker_is_told_when_both_versions_were_refused(code: int, words: str) -> None:
    broker = Broker(codes=[code, code])
    assert error_of(CLIENT, 'c:connect("", "")', broker) == f"201326594:can't connect (connection refused, {words})"
    assert [connect.version for connect in broker.connects] == [PROTOCOL_3_1_1, PROTOCOL_3_1]


def test_the_older_version_is_enough() -> None:
    broker = Broker(codes=[1])
    assert lines(CLIENT + 'c:connect("", "") print(c:connected())', broker) == ["true"]


def test_a_connection_that_is_refused_raises_nothing() -> None:
    script = 'local c = mqtt.client("b", "broker.example", 1884, false) c:connect("", "") print(c:connected())'
    assert lines(script) == ["false"]


def test_a_second_connect_waits_in_vain_and_leaves_the_connection() -> None:
    script = CLIENT + 'c:connect("", "") print(pcall(c.connect, c, "", "")) print(c:connected())'
    assert lines(script) == ["false\t201326594:can't connect (timeout)", "true"]


def test_a_lost_connection_comes_back_and_nothing_is_subscribed_again() -> None:
    broker = Broker()

    async def meanwhile(stage: Stage) -> None:
        while not broker.subscriptions[b"b"]:
            await trio.sleep(0.1)
        broker.drop()

    script = CLIENT + (
        'c:subscribe("t", 0, show) c:connect("", "", true) tmr.sleep(1) print(c:connected()) tmr.sleep(10)'
        'print(c:connected()) c:publish("t", "x", 0) tmr.sleep(1) c:disconnect() c:connect("", "", true)'
        'c:publish("t", "y", 0) tmr.sleep(1)'
    )
    assert lines(script, broker, meanwhile) == ["false", "true", "1\ty\t1\tt"]
    assert broker.kinds() == [
        *("CONNECT", "SUBSCRIBE", "CONNECT", "PUBLISH", "DISCONNECT", "CONNECT", "SUBSCRIBE", "PUBLISH"),
    ]  # fmt: skip


def test_attempts_come_ever_later_and_at_multiples_of_three_seconds() -> None:
    broker = Broker()

    async def meanwhile(stage: Stage) -> None:
        while not broker.streams:
            await trio.sleep(0.1)
        broker.codes = [3] * 12
        broker.drop()

    lines(CLIENT + 'c:connect("", "") tmr.sleep(60) print(c:connected())', broker, meanwhile)
    first, *again = broker.times(PacketType.CONNECT)
    # Each but the first is two, one for each version of the protocol.
    assert [round(at - first) for at in again[::2]] == [3, 6, 12, 21, 33, 45, 57]


def test_pings_keep_it_alive() -> None:
    broker = Broker()
    assert lines(CLIENT + 'c:connect("", "") tmr.sleep(70) print(c:connected())', broker) == ["true"]
    start, *_ = broker.times(PacketType.CONNECT)
    assert [round(at - start) for at in broker.times(PacketType.PINGREQ)] == [21, 42, 63]


def test_a_broker_that_does_not_answer_pings_is_left_and_found_again() -> None:
    broker = Broker(answers_pings=False)
    script = CLIENT + 'c:connect("", "") tmr.sleep(25) print(c:connected()) tmr.sleep(4) print(c:connected())'
    assert lines(script, broker) == ["false", "true"]
    assert broker.kinds() == ["CONNECT", "DISCONNECT", "CONNECT"]


def test_messages_of_quality_two_arrive_once_each_way() -> None:
    broker = Broker()

    async def meanwhile(stage: Stage) -> None:
        while b"t" not in broker.subscriptions[b"b"]:
            await trio.sleep(0.1)
        await broker.publish(b"t", b"in", qos=2, id_=9)

    script = PERSISTENT + 'c:subscribe("t", 2, show) c:connect("", "") c:publish("u", "out", 2) tmr.sleep(1)'
    assert lines(script, broker, meanwhile) == ["2\tin\t1\tt"]
    assert sorted(broker.kinds()) == ["CONNECT", "PUBCOMP", "PUBLISH", "PUBREC", "PUBREL", "SUBSCRIBE"]


def test_what_was_not_acknowledged_is_in_a_file_and_sent_again_after_a_restart() -> None:
    broker = Broker(acknowledges=False)
    script = PERSISTENT + (
        'if os.resetreason() == 1 then c:connect("", "") c:publish("t", "kept", 1) tmr.sleep(1)'
        'print(io.open("/mq/b-broker.example-1883/s-1.msg") ~= nil) os.exit()'
        'end c:connect("", "") tmr.sleep(1)'
    )
    lines(script, broker)
    first, second = (packet for _, packet in broker.received if packet.type is PacketType.PUBLISH)
    assert (first.flags, second.flags) == (0b0010, 0b1010)
    assert first.rest == second.rest == b"\0\x01t\0\x01kept"


def test_messages_wait_while_there_is_no_connection_and_at_most_a_hundred() -> None:
    broker = Broker()
    script = PERSISTENT + (
        'net.wf.stop() pcall(c.connect, c, "", "") for i = 1, 100 do c:publish("t", i .. "", 0) end '
        'print(pcall(c.publish, c, "t", "too much", 0)) net.wf.start(false) tmr.sleep(40)'
    )
    assert lines(script, broker) == ["false\t201326596:can't publish to topic (no more messages can be buffered)"]
    assert broker.kinds().count("PUBLISH") == 100


def test_a_callback_that_takes_long_holds_everything_up() -> None:
    broker = Broker()
    script = CLIENT + (
        'c:subscribe("t", 0, function() tmr.sleep(5) print("called") end) c:connect("", "") c:publish("t", "", 0)'
        'tmr.sleep(1) c:publish("u", "", 0) tmr.sleep(8)'
    )
    assert lines(script, broker) == ["called"]
    first, second = broker.times(PacketType.PUBLISH)
    assert second - first > 4.9


def test_to_subscribe_in_a_callback_is_a_deadlock_and_to_publish_is_none() -> None:
    broker = Broker()
    script = CLIENT + (
        'c:subscribe("t", 0, function() c:publish("u", "", 0) print(c:connected()) c:subscribe("v", 0, show) end)'
        'c:connect("", "") c:publish("t", "", 0) thread.start(function() tmr.sleep(1) end) tmr.sleep(30)'
    )

    async def play(stage: Stage) -> str:
        stage.world.add_server("broker.example", broker.serve, port=1883)
        stage.power_on()
        await stage.wait(60)
        return stage.console

    assert on_stage(play, script=JOIN + SHOW + script).replace("\r", "").endswith("true\n\n/ > ")
    assert broker.kinds() == ["CONNECT", "SUBSCRIBE", "PUBLISH"]


def test_a_client_that_is_collected_leaves_the_broker() -> None:
    broker = Broker()
    lines(f"do {CLIENT} c:connect('', '') end collectgarbage() collectgarbage() tmr.sleep(1)", broker)
    assert broker.kinds() == ["CONNECT", "DISCONNECT"]


def test_a_board_that_loses_power_says_no_goodbye() -> None:
    broker = Broker()

    async def play(stage: Stage) -> None:
        stage.world.add_server("broker.example", broker.serve, port=1883)
        await stage.boot()
        stage.board.power_off()
        await stage.wait(5)

    on_stage(play, script=JOIN + CLIENT + 'c:connect("", "")')
    assert broker.kinds() == ["CONNECT"]
