"""The adapter in simulated time: the pace of the wire, programs that come and go, and the lines."""

from __future__ import annotations

from dataclasses import dataclass, field

import trio

from simulator.serial_port import Adapter
from tests.device.stage import PROMPT, Stage, staged

WIRE_BYTES_PER_S = 11_520


@dataclass
class Program:
    """A program at the other end of the adapter."""

    heard: bytearray = field(default_factory=bytearray)
    reads: bool = True
    _channel: tuple[trio.MemorySendChannel[bytes], trio.MemoryReceiveChannel[bytes]] = field(
        default_factory=lambda: trio.open_memory_channel[bytes](100)
    )

    async def receive(self) -> bytes:
        data = await self._channel[1].receive()
        if data == b"crash":
            raise trio.BrokenResourceError
        return data

    async def send(self, data: bytes) -> None:
        if not self.reads:
            await trio.sleep_forever()
        self.heard += data

    def says(self, data: bytes) -> None:
        self._channel[0].send_nowait(data)


async def connected(stage: Stage, nursery: trio.Nursery) -> tuple[Adapter, Program]:
    await stage.boot()
    adapter, program = Adapter(stage.board), Program()
    nursery.start_soon(adapter.serve, program)
    await trio.sleep(0)
    return adapter, program


@staged()
async def test_a_program_types_and_reads(stage):
    async with trio.open_nursery() as nursery:
        _, program = await connected(stage, nursery)
        program.says(b"print(1)\r")
        await trio.sleep(0.1)
        assert bytes(program.heard) == f"print(1)\r\n1\r\n{PROMPT}".encode()
        nursery.cancel_scope.cancel()


@staged()
async def test_pasted_text_takes_its_time_on_the_wire_and_none_of_it_is_lost(stage):
    text = f"n = (n or 0) + 1 --{'-' * 180}\r".encode() * 100
    async with trio.open_nursery() as nursery:
        _, program = await connected(stage, nursery)
        began_s = stage.seconds
        program.says(text)
        while program.heard.count(b"--\r\n") < 100:
            await trio.sleep(0.001)
        took_s = stage.seconds - began_s
        assert len(text) / WIRE_BYTES_PER_S <= took_s < 1.1 * len(text) / WIRE_BYTES_PER_S
        await trio.sleep(1)
        assert await stage.type(b"n\r") == f"n\r\n100\r\n{PROMPT}"
        nursery.cancel_scope.cancel()


@staged()
async def test_pasted_lines_that_print_more_than_they_are_long_overflow_the_queue_as_on_a_real_board(stage):
    text = b"n=(n or 0)+1 ls()\r" * 400
    async with trio.open_nursery() as nursery:
        _, program = await connected(stage, nursery)
        program.says(text)
        await trio.sleep(30)
        await stage.type(b"\x03")  # the end of the last line may be among what was lost
        answer = await stage.type(b"n\r")
        assert 50 < int(answer.split("\r\n")[1]) < 400
        nursery.cancel_scope.cancel()


@staged()
async def test_what_the_board_sends_while_nobody_is_connected_is_gone(stage):
    await stage.boot()
    adapter, program = Adapter(stage.board), Program()
    await stage.type(b"print('unheard')\r")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(adapter.serve, program)
        await trio.sleep(1)
        assert program.heard == b""
        nursery.cancel_scope.cancel()


@staged(script="while true do print(('x'):rep(1000)) tmr.sleepms(1) end")
async def test_a_program_that_does_not_read_stops_nobody_and_loses_what_is_too_much(stage):
    stage.power_on()
    adapter, program = Adapter(stage.board), Program(reads=False)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(adapter.serve, program)
        await trio.sleep(30)
        program.reads = True
        nursery.cancel_scope.cancel()
    assert len(stage.board.console) > 300_000


@staged()
async def test_a_program_that_has_stopped_sending_hears_the_answer(stage):
    async with trio.open_nursery() as nursery:
        _, program = await connected(stage, nursery)
        program.says(b"tmr.sleepms(500) print(2)\r")
        program.says(b"")
    assert program.heard.endswith(f"2\r\n{PROMPT}".encode())


@staged()
async def test_the_next_program_finds_the_board_where_the_last_one_left_it(stage):
    async with trio.open_nursery() as nursery:
        adapter, program = await connected(stage, nursery)
        program.says(b"x = 7\r")
        await trio.sleep(1)
        program.says(b"crash")
    async with trio.open_nursery() as nursery:
        program = Program()
        nursery.start_soon(adapter.serve, program)
        program.says(b"x\r")
        await trio.sleep(1)
        assert bytes(program.heard) == f"x\r\n7\r\n{PROMPT}".encode()
        nursery.cancel_scope.cancel()


@staged()
async def test_the_lines_do_not_wait_for_bytes_that_are_still_on_their_way(stage):
    async with trio.open_nursery() as nursery:
        adapter, program = await connected(stage, nursery)
        program.says(b"-" * 20_000)
        await trio.sleep(0.1)
        adapter.purge_to_board()
        adapter.lines.set_rts(True)
        await trio.sleep(0.01)
        adapter.lines.set_rts(False)
        await stage.board.finished()
        assert len(stage.board.boots) == 2
        assert stage.console.endswith(PROMPT)
        nursery.cancel_scope.cancel()


@staged()
async def test_a_program_that_dies_while_it_holds_the_board_in_reset_lets_it_go(stage):
    async with trio.open_nursery() as nursery:
        adapter, program = await connected(stage, nursery)
        adapter.lines.set_rts(True)
        program.says(b"crash")
    await stage.board.finished()
    assert len(stage.board.boots) == 2
