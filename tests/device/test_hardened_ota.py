"""``net.ota()`` of the hardened profile: what it refuses, how it resumes, and what it tells the script."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
import trio

from simulator.boards import load_board
from simulator.device.update import UpdateRefusedError
from simulator.device.update.checks import HEAD_BYTES, check_head, check_size
from simulator.device.update.slot_writer import NAMESPACE
from simulator.device.update.trials import TRIALS_MAX
from simulator.firmware import build_for, first_manifest, next_manifest
from simulator.flash import Nvs, PartitionView
from simulator.http import Ending, RawResponse, Request, Response, serve_connection
from simulator.ota_server import made_credentials, server_context
from simulator.units import KIB
from tests.device.stage import JOIN, Stage, on_stage
from tests.device.updates import FACTORY, SERVER, app_slots

Result = TypeVar("Result")

IMAGE_BYTES = 256 * KIB
OLD = first_manifest(FACTORY, profile="hardened")
NEW = next_manifest(OLD)
IMAGE = build_for(FACTORY, NEW, size_bytes=IMAGE_BYTES)
NEWER = build_for(FACTORY, next_manifest(NEW), size_bytes=IMAGE_BYTES)

UPDATE = f"""\
{JOIN}
print("result", net.ota())
"""


def updating(play: Callable[[Stage], Awaitable[Result]], script: str = UPDATE, image: bytes = IMAGE) -> Result:
    """Play with a new hardened board for which there is ``image``."""

    async def main(stage: Stage) -> Result:
        stage.world.publish(image)
        return await play(stage)

    return on_stage(main, board=FACTORY, script=script, profile="hardened")


def answers(stage: Stage) -> list[tuple[int, int]]:
    """Status and length of each answer of the update server."""
    return [(e["status"], e["length"]) for e in stage.events if e["kind"] == "server.response"]


def firsts(stage: Stage) -> list[int]:
    """Where each part of an image began."""
    return [event["first"] for event in stage.of_kind("ota.begin")]


def labels(stage: Stage) -> list[str]:
    return [boot.label for boot in stage.board.boots]


async def served(stage: Stage, handler: Callable[[Request], Awaitable[Response | RawResponse]]) -> Stage:
    """Boot with a server that answers so, and return when the board is idle."""

    async def serve(stream: trio.abc.Stream) -> None:
        context = server_context(made_credentials(SERVER))
        await serve_connection(trio.SSLStream(stream, context, server_side=True), handler)

    stage.world.add_server(SERVER, serve)
    await stage.boot()
    return stage


def assert_updated(stage: Stage) -> None:
    assert labels(stage)[-1] == "ota_0"
    assert app_slots(stage)["ota_0"] == IMAGE.rstrip(b"\xff")


@pytest.mark.parametrize("fault", ["truncate-clean@30%", "truncate-reset@byte:100000", "tcp-reset@99%"])
def test_a_broken_download_is_taken_up_where_it_broke(fault: str) -> None:
    async def play(stage: Stage) -> Stage:
        stage.world.inject(fault)
        await stage.boot()
        return stage

    stage = updating(play)
    assert_updated(stage)
    begin, resumed = firsts(stage)
    assert begin == 0
    assert 0 < resumed < IMAGE_BYTES
    assert answers(stage)[:2] == [(200, IMAGE_BYTES), (206, IMAGE_BYTES - resumed)]
    assert len(stage.of_kind("ota.retry")) == 1


def test_several_breaks_cost_several_connections_and_no_byte_twice() -> None:
    async def play(stage: Stage) -> Stage:
        for share in (10, 20, 40, 80):
            stage.world.inject(f"truncate-reset@{share}%")
        await stage.boot()
        return stage

    stage = updating(play)
    assert_updated(stage)
    assert firsts(stage) == [0, *(IMAGE_BYTES * share // 100 for share in (10, 20, 40, 80))]


def test_after_a_power_cut_the_download_goes_on_from_the_last_whole_block() -> None:
    async def play(stage: Stage) -> Stage:
        stage.power_on()
        while not stage.of_kind("ota.progress") or stage.of_kind("ota.progress")[-1]["written"] < 128 * KIB:
            await trio.sleep(0.05)
        stage.board.power_off()
        await stage.boot()
        return stage

    stage = updating(play)
    assert_updated(stage)
    assert labels(stage) == ["factory", "factory", "ota_0"]
    begin, resumed = firsts(stage)
    assert begin == 0
    assert resumed in (64 * KIB, 128 * KIB)
    assert answers(stage)[1] == (206, IMAGE_BYTES - resumed)


@pytest.mark.parametrize("step", range(8))
def test_wherever_the_power_is_cut_the_board_boots_and_ends_on_the_new_firmware(step: int) -> None:
    async def play(stage: Stage) -> Stage:
        cut = trio.Event()
        stage.board.after_flash_operation(3 + 10 * step, cut.set)
        stage.power_on()
        with trio.move_on_after(30):
            await cut.wait()
        stage.board.power_off()
        await stage.boot()
        return stage

    assert_updated(updating(play))


def test_what_the_server_has_meanwhile_is_not_mixed_with_what_it_had() -> None:
    async def play(stage: Stage) -> Stage:
        stage.power_on()
        while len(stage.of_kind("ota.progress")) < 2:
            await trio.sleep(0.05)
        stage.board.power_off()
        stage.world.publish(NEWER)
        await stage.boot()
        return stage

    stage = updating(play)
    assert app_slots(stage)["ota_0"] == NEWER.rstrip(b"\xff")
    assert firsts(stage) == [0, 0]


def test_what_is_published_between_two_connections_is_not_mixed_with_what_was_there() -> None:
    async def play(stage: Stage) -> Stage:
        stage.world.inject("truncate-reset@byte:100001")
        stage.power_on()
        while not stage.of_kind("ota.retry"):
            await trio.sleep(0.01)
        stage.world.publish(NEWER)
        assert await stage.board.finished()
        return stage

    stage = updating(play)
    assert labels(stage)[-1] == "ota_0"
    assert app_slots(stage)["ota_0"] == NEWER.rstrip(b"\xff")
    assert firsts(stage) == [0, 0]


def test_what_was_changed_on_its_way_is_fetched_again() -> None:
    async def play(stage: Stage) -> Stage:
        stage.world.inject("corrupt-byte@50%")
        await stage.boot()
        return stage

    stage = updating(play)
    assert_updated(stage)
    assert [event["why"] for event in stage.of_kind("ota.retry")] == [
        "the SHA-256 of what arrived is not the one that the server names"
    ]
    assert firsts(stage) == [0, 0]


def test_a_part_of_another_image_is_not_added_to_what_is_there() -> None:
    """By a server that looks at ``Range`` and not at ``If-Range``."""
    requests: list[Request] = []

    async def handler(request: Request) -> Response | RawResponse:
        requests.append(request)
        headers = [("Content-Type", "application/octet-stream"), ("ETag", '"old"' if len(requests) == 1 else '"new"')]
        if len(requests) == 1:
            head = "HTTP/1.1 200 OK\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
            return RawResponse(
                chunks=[(0, f"{head}Content-Length: {IMAGE_BYTES}\r\n\r\n".encode()), (0, IMAGE[:100_000]), Ending.CUT]
            )
        wanted = request.header("range")
        if wanted is None:
            return Response(status=200, reason="OK", headers=tuple(headers), body=NEWER)
        first = int(wanted.removeprefix("bytes=").removesuffix("-"))
        headers.append(("Content-Range", f"bytes {first}-{IMAGE_BYTES - 1}/{IMAGE_BYTES}"))
        return Response(status=206, reason="Partial Content", headers=tuple(headers), body=NEWER[first:])

    stage = updating(lambda stage: served(stage, handler))
    assert labels(stage)[-1] == "ota_0"
    assert app_slots(stage)["ota_0"] == NEWER.rstrip(b"\xff")
    assert [request.header("range") is None for request in requests[:3]] == [True, False, True]


def test_an_update_that_is_done_leaves_no_note_for_the_next() -> None:
    async def play(stage: Stage) -> Stage:
        await stage.boot()
        return stage

    stage = updating(play)
    assert_updated(stage)
    partition = stage.board.partition_table().find("nvs")
    assert partition is not None
    nvs = Nvs(PartitionView(stage.board.chip, partition))
    nvs.init()
    keys = {entry.key for entry in nvs.entries() if entry.namespace == NAMESPACE}
    assert "etag" in keys
    assert "done" not in keys


def test_a_server_that_knows_neither_parts_nor_digests_is_asked_for_the_whole_again() -> None:
    requests: list[Request] = []
    octets = (("Content-Type", "application/octet-stream"),)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {octets[0][1]}\r\nContent-Length: {len(IMAGE)}\r\n\r\n"

    async def handler(request: Request) -> Response | RawResponse:
        requests.append(request)
        if len(requests) == 1:
            return RawResponse(chunks=[(0, head.encode()), (0, IMAGE[:100_000]), Ending.CUT])
        return Response(status=200, reason="OK", headers=octets, body=IMAGE)

    assert_updated(updating(lambda stage: served(stage, handler)))
    assert [request.header("range") for request in requests[:2]] == [None, None]


def test_an_update_on_trial_has_to_decide_before_the_next() -> None:
    async def play(stage: Stage) -> Stage:
        await stage.boot()
        return stage

    stage = updating(play)
    assert "result\trefused\tthe running firmware has not confirmed itself yet\r\n" in stage.console


def test_an_update_that_does_not_confirm_itself_in_three_trials_is_not_installed_again() -> None:
    async def play(stage: Stage) -> Stage:
        await stage.boot()
        for _ in range(TRIALS_MAX):
            assert "did not confirm itself" not in stage.console
            await stage.type(b"os.exit()\r")
        return stage

    stage = updating(play)
    assert labels(stage) == ["factory", "ota_0", "factory", "ota_0", "factory", "ota_0", "factory"]
    commit = NEW.commit[:12]
    assert f"result\trefused\tcommit {commit} was started before and did not confirm itself\r\n" in stage.console


def test_an_update_that_rejects_itself_has_no_second_trial() -> None:
    async def play(stage: Stage) -> Stage:
        await stage.boot()
        await stage.type(b"ota.reject()\r")
        return stage

    stage = updating(play)
    assert labels(stage) == ["factory", "ota_0", "factory"]
    assert "was started before and did not confirm itself" in stage.console


def test_another_update_has_trials_of_its_own() -> None:
    async def play(stage: Stage) -> Stage:
        await stage.boot()
        for _ in range(TRIALS_MAX):
            await stage.type(b"os.exit()\r")
        stage.world.publish(NEWER)
        await stage.type(b"net.ota()\r")
        await stage.type(b"os.exit()\r")
        return stage

    stage = updating(play)
    assert labels(stage)[-4:] == ["factory", "ota_0", "factory", "ota_0"]
    assert app_slots(stage)["ota_0"] == NEWER.rstrip(b"\xff")


def test_a_board_that_has_the_newest_is_told_so() -> None:
    async def play(stage: Stage) -> Stage:
        await stage.boot()
        await stage.type(b"ota.confirm() print('again', net.ota())\r")
        return stage

    stage = updating(play)
    assert "again\tcurrent\tnil\r\n" in stage.console


def test_a_board_without_network_or_without_ota_gets_the_errors_of_the_stock_firmware() -> None:
    async def play(stage: Stage) -> str:
        return await stage.printed()

    script = "print(pcall(function() net.ota() end))"
    assert "150994944:network is not available" in updating(play, script=script)
    board = load_board("N1ESP32")
    said = on_stage(play, board=board, script=script, profile="hardened")
    assert "150994958:OTA is not enabled in this build" in said


def test_the_wait_before_the_next_attempt_grows_and_is_not_the_same_for_every_board() -> None:
    async def play(stage: Stage) -> list[int]:
        stage.world.inject("http-500")
        await stage.boot()
        return [event["wait_ms"] for event in stage.of_kind("ota.retry")]

    waits = [on_stage(play, board=FACTORY, script=UPDATE, profile="hardened", seed=seed) for seed in (1, 2)]
    assert waits[0] != waits[1]
    for seconds, longest in zip(waits[0], (1, 2, 4, 8, 16), strict=True):
        assert longest * 500 <= seconds <= longest * 1000


# -- the checks ---------------------------------------------------------------------------------------------------


def test_a_newer_firmware_for_the_board_is_wanted() -> None:
    assert check_head(IMAGE[:HEAD_BYTES], FACTORY, OLD, refused_before=None) == NEW


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"", "this is no firmware image"),
        (b"\xe9" * 20, "this is no firmware image"),
        (b"<html>" + bytes(HEAD_BYTES), "this is no firmware image"),
        (IMAGE[:12] + b"\x05\x00" + IMAGE[14:HEAD_BYTES], "this firmware is for another chip"),
        (IMAGE[:200], "this firmware does not say what it is"),
        (IMAGE[:HEAD_BYTES].replace(b'"board"', b'"bored"'), "this firmware does not say what it is: the manifest is"),
    ],
)
def test_what_is_no_firmware_is_refused_by_its_first_bytes(head: bytes, why: str) -> None:
    with pytest.raises(UpdateRefusedError, match=why):
        check_head(head, FACTORY, OLD, refused_before=None)


@pytest.mark.parametrize(
    ("manifest", "refused_before", "why"),
    [
        (OLD, None, "is installed already"),
        (dataclasses.replace(NEW, build_time=OLD.build_time - 1), None, "is older than the installed firmware"),
        (dataclasses.replace(NEW, type="ESP32THING", firmware="ESP32-THING-OTA"), None, "is for ESP32THING-OTA, the"),
        (NEW, NEW, "was started before and did not confirm itself"),
    ],
)
def test_what_the_board_has_or_does_not_want_is_refused(manifest, refused_before, why: str) -> None:
    head = build_for(FACTORY, manifest, size_bytes=64 * KIB)[:HEAD_BYTES]
    with pytest.raises(UpdateRefusedError, match=why):
        check_head(head, FACTORY, OLD, refused_before=refused_before)


@pytest.mark.parametrize("size", [0, 23, 1001])
def test_an_image_has_a_size_that_can_be(size: int) -> None:
    check_size(1000, 1000)
    with pytest.raises(UpdateRefusedError):
        check_size(size, 1000)
