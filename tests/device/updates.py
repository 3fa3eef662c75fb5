"""A board that asks for an update, and a server that answers with exact bytes: for the tests of ``net.ota``."""

from __future__ import annotations

import dataclasses
import re
import ssl
from collections.abc import Callable
from typing import Any

import trio

from simulator.boards import Board, load_board
from simulator.device.device import otadata_fields
from simulator.firmware import SMALLEST_IMAGE_BYTES, build_for, first_manifest, next_manifest
from simulator.formats.otadata import OtaData
from simulator.formats.partition_table import Partition
from simulator.testing import Client, Script, scripted
from tests.device.stage import JOIN, ROM, Stage, on_stage

SERVER = "ota.whitecatboard.org"
PIECE = 1024

FACTORY = dataclasses.replace(load_board("N1ESP32-OTA"), factory_partition=True)
"""The board of most tests: a factory app, two slots, and the firmware's own error lines compiled out."""
TALKATIVE = dataclasses.replace(FACTORY, log_level="ERROR")
"""The same with ESP-IDF's error lines."""
RUNNING, FIRST, SECOND = FACTORY.partition_table().app_partitions

OLD, NEW = first_manifest(FACTORY), next_manifest(first_manifest(FACTORY))
IMAGE = build_for(FACTORY, NEW, size_bytes=SMALLEST_IMAGE_BYTES)

UPDATE = f"""{JOIN}
if os.resetreason() == 1 then
  print("ready")
  print("result", pcall(function() return select("#", net.ota()) end))
end
"""
"""Joins, and asks for an update once after power-on; the call is on line 7."""

# -- what is printed --------------------------------------------------------------------------------------------------

CONNECTING = f"Connecting to https://{SERVER} ...\r\r\n"
COMMIT = f"Current firmware commit is {OLD.commit}\r\r\n"
ENDING = "\r\nEnding OTA update ...\r\r\n"
RESTARTING = "Restarting ...\r\r\n"
UPDATED = f"{ENDING}Changing boot partition ...\r\r\nUpdated\r\r\n{RESTARTING}"
RETURNED = "result\ttrue\t0\r\n"
"""The call returned, and it returned nothing."""


def raised(error: str) -> str:
    """The call raised ``error``, which has its position in front."""
    return f"result\tfalse\t/autorun.lua:7: {error}\r\n"


def begin(running: Partition = RUNNING, target: Partition = FIRST) -> str:
    """The lines before the first chunk."""
    return (
        f"Running partition is {running.label}, at offset 0x{running.offset:08x}\r\r\n"
        f"Writing partition is {target.label}, at offset 0x{target.offset:08x}\r\r\n"
        "Begin OTA update ...\r\r\n"
    )


def progress(size: int, offset: int = FIRST.offset) -> str:
    """The progress of a download of ``size`` bytes: one line on a terminal, one text for each chunk on the wire."""
    return "".join(
        f"\rChunk written successfully in partition at offset 0x{at:08x}" for at in range(offset, offset + size, PIECE)
    )


def unsuccessful(code: int, offset: int = FIRST.offset) -> str:
    """The line about a chunk that the flash refused."""
    return f"\r\nChunk written unsuccessfully in partition (offset 0x{offset:08x}), error {code}\r\r\n"


def error_line(tag: str, text: str) -> str:
    """An error line of ESP-IDF; its time stamp is a ``#``."""
    return f"\x1b[0;31mE (#) {tag}: {text}\x1b[0m\r\n"


def without_times(console: str) -> str:
    """Return what a board printed with a ``#`` for the time stamp of each error line."""
    return re.sub(r"E \(\d+\)", "E (#)", console)


# -- servers ----------------------------------------------------------------------------------------------------------


def head(status: str = "200 OK", **headers: object) -> bytes:
    """The head of an answer; an underscore in a header's name is a hyphen."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def octets(size: int) -> bytes:
    """The head of an answer with an image of ``size`` bytes."""
    return head(Content_Type="application/octet-stream", Content_Length=size)


def sends(*records: bytes, then: Script) -> Script:
    """A server that reads the request, sends this much and then does something else."""

    async def script(client: Client) -> None:
        await client.receive_request()
        await client.send(*records)
        await then(client)

    return script


def answers(*records: bytes) -> Script:
    """A server that sends this and says goodbye."""
    return sends(*records, then=close)


def offers(image: bytes) -> Script:
    """A server that has this image."""
    return answers(octets(len(image)), image)


async def close(client: Client) -> None:
    """Say goodbye."""
    await client.close()


async def drop(client: Client) -> None:
    """Close TCP without close_notify."""
    await client.drop()


async def reset(client: Client) -> None:
    """Reset the connection, when what was sent before has arrived."""
    await trio.sleep(0.1)
    client.reset()


async def stall(_client: Client) -> None:
    """Say nothing more, for ever."""


# -- the board --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Update:
    """What one call of ``net.ota`` did."""

    stage: Stage
    printed: str
    """What the call printed, and its result if it returned."""
    restarted: bool
    seconds: float
    """How long it took, if it returned."""

    @property
    def slots(self) -> dict[str, bytes]:
        """What the app slots hold, by label."""
        return app_slots(self.stage)

    @property
    def why_failed(self) -> list[str]:
        """What the board's events say about it."""
        return [event["why"] for event in self.stage.of_kind("ota.fail")]


def installed(board: Board) -> bytes:
    """Return the image that a new board is made with."""
    return build_for(board, first_manifest(board), size_bytes=SMALLEST_IMAGE_BYTES)


def app_slots(stage: Stage) -> dict[str, bytes]:
    """Return what the app slots hold, by label, up to where they are erased."""
    chip, table = stage.board.chip, stage.board.partition_table()
    return {slot.label: chip.read(slot.offset, slot.size).rstrip(b"\xff") for slot in table.app_partitions}


def select_entries(stage: Stage) -> list[str | None]:
    """Return both select entries in flash, such as ``1 VALID``; None for an erased one."""
    partition = stage.board.partition_table().otadata
    assert partition is not None
    fields = otadata_fields(OtaData.from_bytes(stage.board.chip.read(partition.offset, partition.size)))
    return [f"{entry['seq']} {entry['state']}" if entry else None for entry in fields]


def update(
    *scripts: Script,
    board: Board | str = FACTORY,
    context: ssl.SSLContext | None = None,
    prepare: Callable[[Stage], None] | None = None,
    lua: str = UPDATE,
) -> Update:
    """Let a new board call ``net.ota`` once, and wait until it is done or has restarted.

    Each of ``scripts`` serves one connection, the last one every other too.
    """

    async def play(stage: Stage) -> Update:
        if scripts:
            stage.world.add_server(SERVER, scripted(*scripts, context=context))
        if prepare is not None:
            prepare(stage)
        return await watch(stage)

    return on_stage(play, board=board, script=lua)


async def watch(stage: Stage) -> Update:
    """Power on and return what the first call of ``net.ota`` did."""
    text = (await stage.boot()).partition("ready\r\n")[2]
    done, rom, _ = text.partition(ROM)
    times = [
        event["t"]
        for event in stage.events
        if event["kind"] == "console" and event["text"].startswith(("ready", "result"))
    ]
    return Update(
        stage,
        done if rom else done.partition("\r\n/ > ")[0],
        restarted=bool(rom),
        seconds=(times[1] - times[0]) / 1e9 if len(times) > 1 else 0.0,
    )


def returning(*scripts: Script, **options: Any) -> Update:
    """Be `update` for a call that returns, which changes neither what boots next nor any other slot."""
    done = update(*scripts, **options)
    assert not done.restarted
    assert select_entries(done.stage) == [None, None]
    assert done.slots["factory"] == installed(done.stage.board.board)
    assert done.slots["ota_1"] == b""
    assert done.stage.of_kind("ota.activate") == []
    return done
