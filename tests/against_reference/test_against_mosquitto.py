"""mqtt against Eclipse Mosquitto: a real broker on a real port, and its own clients at the other end."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
import trio

from simulator.firmware import SMALLEST_IMAGE_BYTES
from simulator.network.redirect import ServerAddress
from simulator.ota_server import made_credentials
from simulator.world import World, run_in_world
from tests.device.stage import JOIN, PASSWORD, SSID, printed

pytestmark = pytest.mark.real

_START_TIMEOUT_S = 20
_RUN_TIMEOUT_S = 60
USER, SECRET = "board", "secret"


def tool(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/bin")
    assert found, f"{name} is not installed; it is in the package mosquitto or mosquitto-clients"
    return found


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@dataclass(frozen=True)
class Broker:
    """Where it listens: for everybody, with TLS, and for those who know the password."""

    plain: int
    tls: int
    closed: int

    def run(self, name: str, *options: str) -> list[str]:
        """Run one of the clients of mosquitto, and return the lines that it prints."""
        words = [tool(name), "-p", str(self.plain), *options]
        finished = subprocess.run(words, check=True, timeout=_RUN_TIMEOUT_S, capture_output=True, encoding="utf-8")
        return finished.stdout.splitlines()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("mosquitto")
    credentials = made_credentials("localhost", "127.0.0.1")
    for name, data in {"chain": credentials.chain, "key": credentials.key}.items():
        (folder / name).write_bytes(data)
    (folder / "passwords").touch()
    subprocess.run([tool("mosquitto_passwd"), "-b", folder / "passwords", USER, SECRET], check=True, timeout=60)
    ports = Broker(*free_ports(3))
    (folder / "mosquitto.conf").write_text(
        f"""\
user {getpass.getuser()}
queue_qos0_messages true
per_listener_settings true
listener {ports.plain} 127.0.0.1
allow_anonymous true
listener {ports.tls} 127.0.0.1
allow_anonymous true
certfile {folder}/chain
keyfile {folder}/key
listener {ports.closed} 127.0.0.1
allow_anonymous false
password_file {folder}/passwords
"""
    )
    with subprocess.Popen([tool("mosquitto"), "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(ports.closed)
            yield ports
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    give_up = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < give_up:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise AssertionError(f"mosquitto does not listen on port {port}")


def shown_by(script: str, *, files: dict[str, str] | None = None, then: list[str] | None = None) -> list[str]:
    """Return what a board on the host's sockets prints. ``then`` is a command that is run when it says "ready"."""

    async def main(world: World) -> list[str]:
        world.add_access_point(SSID, PASSWORD)
        board = world.new_board(
            script=JOIN + "function show(...) print(...) end " + script, files=files, image_bytes=SMALLEST_IMAGE_BYTES
        )
        world.power_on(board)
        with trio.fail_after(_RUN_TIMEOUT_S):
            if then is not None:
                while b"ready\r\n" not in board.console:
                    await trio.sleep(0.05)
                await trio.run_process(then, capture_stdout=True)
            assert await board.finished(), board.why_stuck
        return printed(board.console.decode()).split("\r\n")[:-1]

    return run_in_world(main, server=ServerAddress("localhost", 1))


def client(port: int, more: str = "", name: str = "b") -> str:
    return f'local c = mqtt.client("{name}", "localhost", {port}, {more or "false"}) '


PERSISTENT = 'false, nil, true, "/mq"'


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_what_a_board_publishes_arrives(broker: Broker, qos: int) -> None:
    session = ["-c", "-i", f"reader{qos}", "-t", "out/#", "-q", "2"]
    broker.run("mosquitto_sub", *session, "-E")  # the broker keeps from now on what comes
    script = client(broker.plain, PERSISTENT) + f'c:connect("", "") c:publish("out/x", "hello", {qos})'
    shown_by(script + f'c:publish("out/y", ("z"):rep(5000), {qos}) tmr.sleepms(300) c:disconnect()')
    got = broker.run("mosquitto_sub", *session, "-F", "%q %r %t %p", "-C", "2", "-W", "20")
    assert got == [f"{qos} 0 out/x hello", f"{qos} 0 out/y {'z' * 5000}"]


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_what_others_publish_reaches_the_callback(broker: Broker, qos: int) -> None:
    script = client(broker.plain, PERSISTENT) + (
        f'local n = 0 c:subscribe("in/+", {qos}, function(...) show(...) n = n + 1 end, "extra") c:connect("", "")'
        'tmr.sleepms(200) print("ready") while n == 0 do tmr.sleepms(20) end'
    )
    then = [tool("mosquitto_pub"), "-p", str(broker.plain), "-t", "in/x", "-m", "hello", "-q", str(qos)]
    assert shown_by(script, then=then) == ["ready", "5\thello\t4\tin/x\textra"]


def test_a_retained_message_waits_for_who_subscribes(broker: Broker) -> None:
    shown_by(client(broker.plain) + 'c:connect("", "") c:publish("kept", "1", 0, true) c:disconnect()')
    script = client(broker.plain) + 'c:subscribe("kept", 0, show) c:connect("", "") tmr.sleepms(300)'
    assert shown_by(script) == ["1\t1\t4\tkept"]


def test_a_session_that_is_not_clean_keeps_messages_while_the_board_is_away(broker: Broker) -> None:
    script = client(broker.plain, PERSISTENT, name="away") + (
        'c:subscribe("mail", 1, show) c:connect("", "") tmr.sleepms(200) c:disconnect() print("ready") tmr.sleepms(500)'
        'c:connect("", "") tmr.sleepms(300)'
    )
    then = [tool("mosquitto_pub"), "-p", str(broker.plain), "-t", "mail", "-m", "m", "-q", "1"]
    assert shown_by(script, then=then) == ["ready", "1\tm\t4\tmail"]


def test_a_wrong_password_is_told(broker: Broker) -> None:
    script = client(broker.closed) + f'print((pcall(c.connect, c, "{USER}", "{SECRET}")), c:connected()) c:disconnect()'
    assert shown_by(script + 'print(pcall(c.connect, c, "me", "wrong"))') == [
        "true\ttrue",
        "false\t201326594:can't connect (connection refused, not authorized)",
    ]


def test_with_tls_a_certificate_is_checked_only_if_there_is_a_file_to_check_it_with(broker: Broker) -> None:
    authority = made_credentials("localhost", "127.0.0.1").authority.decode()
    other = made_credentials("other.example").authority.decode()
    script = """
        for _, file in ipairs{"none", "/ca.pem", "/other.pem", "/missing.pem"} do
            local c = mqtt.client("s", "localhost", PORT, true, file ~= "none" and file or nil)
            c:connect("", "") print(file, c:connected()) c:disconnect()
        end
    """.replace("PORT", str(broker.tls))
    assert shown_by(script, files={"/ca.pem": authority, "/other.pem": other}) == [
        "none\ttrue",
        "/ca.pem\ttrue",
        "/other.pem\tfalse",
        "/missing.pem\tfalse",
    ]


@pytest.mark.parametrize("clean", [True, False])
def test_after_a_loss_it_comes_back_and_only_the_broker_remembers_what_was_subscribed(
    broker: Broker, clean: bool
) -> None:
    name = f"lost{clean}"
    script = (
        client(broker.plain, name=name)
        + f"""
        c:subscribe("news", 0, show) c:connect("", "", {str(clean).lower()}) tmr.sleepms(200) print("ready")
        while c:connected() do tmr.sleepms(20) end
        while not c:connected() do tmr.sleepms(20) end
        c:publish("news", "n", 0) tmr.sleepms(300)
    """
    )
    # Another client of the same name makes the broker drop the board.
    keep = [] if clean else ["-c"]
    usurper = [tool("mosquitto_sub"), "-p", str(broker.plain), "-i", name, *keep, "-t", "x", "-E"]
    assert shown_by(script, then=usurper) == (["ready"] if clean else ["ready", "1\tn\t4\tnews"])
