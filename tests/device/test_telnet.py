"""net.service.telnet: clients on the virtual network that talk to a function on a board."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import pytest
import trio

from simulator.network import ConnectRefusedError, VirtualInterface
from tests.device.stage import JOIN, Stage, on_stage

TELL: Final = JOIN + "t = net.service.telnet function tell(address, line) print(address, '[' .. line .. ']') "
START: Final = TELL + "end t.start(23, tell) print('up')"
ANSWER: Final = TELL + "t.print('you said ', line, nil, true, 1.5, '\\n') end t.start(23, tell) print('up')"
FOREVER: Final = "\nwhile true do tmr.sleepms(50) end"


class Client:
    """Somebody with a Telnet client."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.host: VirtualInterface = stage.world.network.add_host("client", "203.0.113.77")

    async def connect(self, port: int = 23) -> trio.abc.HalfCloseableStream:
        return await self.host.connect(self.stage.world.network.interface("b0").address, port)

    @property
    def told(self) -> list[str]:
        """The lines that the function was called with."""
        lines = self.stage.console.replace("\r", "").splitlines()
        return [line.removeprefix("203.0.113.77\t") for line in lines if line.startswith("203.0.113.77\t")]


def talk(visit: Callable[[Client], Awaitable[None]], *, script: str = START + FOREVER) -> None:
    """Run ``visit`` when the board's server runs."""

    async def play(stage: Stage) -> None:
        stage.power_on()
        while "up\r\n" not in stage.console:
            await trio.sleep(0.1)
        await visit(Client(stage))

    on_stage(play, script=script)


async def is_open(stream: trio.abc.ReceiveStream) -> bool:
    with trio.move_on_after(0.5):
        return await stream.receive_some() != b""
    return True


def test_the_function_gets_the_clients_address_and_each_line() -> None:
    async def visit(client: Client) -> None:
        stream = await client.connect()
        await stream.send_all(b"one\r\ntwo\n\nquite\0hidden\n")
        await trio.sleep(1)
        assert client.told == ["[one]", "[two]", "[]", "[quite]"]

    talk(visit)


def test_what_is_no_whole_line_when_the_server_looks_is_thrown_away() -> None:
    async def visit(client: Client) -> None:
        stream = await client.connect()
        for piece in (b"h", b"e", b"llo\n"):
            await stream.send_all(piece)
            await trio.sleep(0.5)
        assert client.told == ["[llo]"]

    talk(visit)


def test_a_long_line_comes_in_pieces() -> None:
    async def visit(client: Client) -> None:
        stream = await client.connect()
        await stream.send_all(b"x" * 300 + b"\n")
        await trio.sleep(1)
        assert [len(line) - 2 for line in client.told] == [255, 45]

    talk(visit)


def test_the_function_can_answer_with_texts_and_numbers() -> None:
    async def visit(client: Client) -> None:
        stream = await client.connect()
        await stream.send_all(b"hi\n")
        await trio.sleep(1)
        assert await stream.receive_some() == b"you said hi1.5\n"

    talk(visit, script=ANSWER + FOREVER)


def test_answers_go_to_the_client_that_is_being_served() -> None:
    async def visit(client: Client) -> None:
        first, second = await client.connect(), await client.connect()
        await first.send_all(b"first\n")
        await second.send_all(b"second\n")
        await trio.sleep(1)
        assert await first.receive_some() == b"you said first1.5\n"
        assert await second.receive_some() == b"you said second1.5\n"

    talk(visit, script=ANSWER + FOREVER)


def test_an_answer_ends_where_the_buffer_does() -> None:
    async def visit(client: Client) -> None:
        stream = await client.connect()
        await stream.send_all(b"go\n")
        await trio.sleep(1)
        assert await stream.receive_some() == b"y" * 255 + b"a"

    talk(visit, script=f"{TELL} t.print(('y'):rep(300), 'a\\0b') end t.start(23, tell) print('up') {FOREVER}")


@pytest.mark.parametrize("word", [b"QUIT\r\n", b"quit\n"])
def test_quit_ends_the_connection(word: bytes) -> None:
    async def visit(client: Client) -> None:
        stream = await client.connect()
        await stream.send_all(b"a\n" + word)
        await trio.sleep(1)
        assert client.told == ["[a]"]
        assert not await is_open(stream)

    talk(visit)


def test_a_connection_ends_when_nothing_was_said_for_longer_than_the_time_limit() -> None:
    async def visit(client: Client) -> None:
        stream = await client.connect()
        await trio.sleep(50)
        await stream.send_all(b"a\n")
        await trio.sleep(59)
        assert await is_open(stream)
        await trio.sleep(2)
        assert not await is_open(stream)

    talk(visit)


def test_the_time_limit_can_be_chosen_and_be_none() -> None:
    async def visit(client: Client) -> None:
        stream = await client.connect()
        await trio.sleep(3600)
        assert await is_open(stream)

    talk(visit, script=f"{TELL} end t.start(23, tell, 0) print('up') {FOREVER}")


def test_an_error_in_the_function_is_not_told_to_anybody() -> None:
    async def visit(client: Client) -> None:
        stream = await client.connect()
        await stream.send_all(b"a\n")
        await trio.sleep(1)
        await stream.send_all(b"b\n")
        await trio.sleep(1)
        assert client.told == ["[a]", "[b]"]
        assert "oh" not in client.stage.console.partition("up\r\n")[2]

    talk(visit, script=f"{TELL} error('oh') end t.start(23, tell) print('up') {FOREVER}")


def test_a_second_start_changes_the_function_and_not_the_port() -> None:
    async def visit(client: Client) -> None:
        with pytest.raises(ConnectRefusedError):
            await client.connect(2323)
        stream = await client.connect()
        await stream.send_all(b"x\n")
        await trio.sleep(1)
        assert client.told == []
        assert "other x" in client.stage.console

    talk(
        visit,
        script=f"{START} t.start(2323, function(_, l) print('other ' .. l) end) {FOREVER}",
    )


def test_the_server_can_be_stopped_and_says_so() -> None:
    async def visit(client: Client) -> None:
        await trio.sleep(1)
        console = client.stage.console.replace("\r", "")
        assert "telnet: server listening on port 23\n" in console
        assert "telnet: server shutting down on port 23\n" in console
        assert "\ntrue\tfalse\n" in console
        stream = await client.connect()  # the port stays, and nobody is behind it
        await stream.send_all(b"a\n")
        await trio.sleep(1)
        assert client.told == []

    talk(
        visit,
        script=f"{TELL} end t.start(23, tell) print('up') a = t.running() t.stop() print(a, t.running()) {FOREVER}",
    )


def test_a_port_in_use_is_only_logged() -> None:
    async def visit(client: Client) -> None:
        await trio.sleep(1)
        assert "couldn't bind to port 23\r\n" in client.stage.console
        assert "true\r\n" in client.stage.console

    talk(visit, script="s = require('socket').bind('*', 23)\n" + START + " print(t.running())")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("t.print('x')", "this function may only be called inside a lua callback served by telnetsrv"),
        ("t.start(23)", "bad argument #2 to 'start' (function expected, got no value)"),
        ("t.start('x', print)", "bad argument #1 to 'start' (number expected, got string)"),
    ],
)
def test_mistakes(call: str, text: str) -> None:
    async def visit(client: Client) -> None:
        await trio.sleep(1)
        assert text in client.stage.console

    talk(visit, script=f"{JOIN} t = net.service.telnet print('up') {call}")
