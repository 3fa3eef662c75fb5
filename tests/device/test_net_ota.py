"""net.ota() against servers that answer with exact bytes: what is printed, what the script gets, what is in flash."""

from __future__ import annotations

import dataclasses
import re
import ssl
import warnings

import pytest
import trio

from simulator.boards import load_board
from simulator.device.device import CONSOLE_KEPT_BYTES
from simulator.device.manufacture import new_chip
from simulator.firmware import SMALLEST_IMAGE_BYTES, build_for, first_manifest
from simulator.network.tls import stock_tls_version
from simulator.ota_server.tls import made_credentials, server_context
from simulator.testing import Client, scripted
from tests.device.stage import JOIN, PASSWORD, SSID, Stage, on_stage, printed, printed_by, staged
from tests.device.updates import (
    COMMIT,
    CONNECTING,
    ENDING,
    FACTORY,
    FIRST,
    IMAGE,
    OLD,
    PIECE,
    RESTARTING,
    RETURNED,
    SERVER,
    TALKATIVE,
    UPDATE,
    UPDATED,
    answers,
    begin,
    close,
    drop,
    error_line,
    head,
    installed,
    octets,
    offers,
    progress,
    raised,
    reset,
    returning,
    select_entries,
    sends,
    stall,
    unsuccessful,
    update,
    watch,
    without_times,
)

BOTH = pytest.mark.parametrize("board", [FACTORY, TALKATIVE], ids=["log level NONE", "log level ERROR"])


# -- a valid image ----------------------------------------------------------------------------------------------------


@BOTH
def test_a_valid_image_is_written_selected_and_started(board):
    done = update(offers(IMAGE), board=board)
    assert done.restarted
    assert done.printed == CONNECTING + COMMIT + begin() + progress(len(IMAGE)) + UPDATED
    assert [(boot.reason, boot.label, boot.commit) for boot in done.stage.board.boots] == [
        (1, "factory", OLD.commit),
        (12, "ota_0", "a8c07d661cf8c9c285edb98eb5b35f77c01bdf62"),
    ]
    assert select_entries(done.stage) == ["1 UNDEFINED", None]
    assert done.slots == {"factory": installed(board), "ota_0": IMAGE, "ota_1": b""}


def test_an_update_is_told_in_events():
    stage = update(offers(IMAGE)).stage
    assert stage.kinds("ota.", "net.", "otadata", "reset", "boot.app") == [
        *("reset", "boot.app", "ota.check", "net.connect", "net.tls", "net.request", "net.response"),
        *("ota.begin", "ota.end", "otadata", "ota.activate", "net.close", "reset", "boot.app"),
    ]
    target = f"/?firmware=N1ESP32-OTA&commit={OLD.commit}"
    assert stage.of_kind("ota.check") == [{"server": SERVER, "firmware": "N1ESP32-OTA", "commit": OLD.commit}]
    assert stage.of_kind("net.request") == [{"method": "GET", "target": target}]
    assert stage.of_kind("net.response") == [{"status": 200, "length": len(IMAGE)}]
    assert stage.of_kind("ota.begin") == [{"partition": "ota_0", "offset": FIRST.offset, "size": len(IMAGE)}]
    assert stage.of_kind("ota.end") == [{"partition": "ota_0", "written": len(IMAGE)}]
    assert stage.of_kind("otadata") == [{"entries": [{"seq": 1, "state": "UNDEFINED", "crc_good": True}, None]}]
    assert stage.of_kind("ota.activate") == [{"partition": "ota_0"}]
    assert [event["reason"] for event in stage.of_kind("reset")] == [1, 12]


def test_the_whole_target_is_erased_and_every_chunk_is_written():
    stage = update(offers(IMAGE)).stage
    in_slot = range(FIRST.offset, FIRST.end)
    assert sum(event["len"] for event in stage.of_kind("flash.erase") if event["addr"] in in_slot) == FIRST.size
    written = [event["addr"] for event in stage.of_kind("flash.write") if event["addr"] in in_slot]
    assert written == list(range(FIRST.offset, FIRST.offset + len(IMAGE), PIECE))


def test_progress_of_a_long_download_is_told_as_it_goes():
    image = build_for(FACTORY, first_manifest(FACTORY), size_bytes=200 * 1024)
    written = [event["written"] for event in update(offers(image)).stage.of_kind("ota.progress")]
    assert len(written) > 5
    assert written == sorted(written)


def test_erasing_and_writing_take_their_time():
    stage = update(offers(IMAGE)).stage
    times = {event["kind"]: event["t"] / 1e9 for event in stage.events if event["kind"].startswith("ota.")}
    blocks = FIRST.size / 65536
    assert times["ota.end"] - times["ota.begin"] == pytest.approx(blocks * 0.150, abs=0.3)


@pytest.mark.parametrize(
    "content_type",
    ["application/octet-stream; charset=x", "application/octet-stream;", "application/octet-stream"],
)
def test_a_content_type_may_have_parameters(content_type):
    done = update(answers(head(Content_Type=content_type, Content_Length=len(IMAGE)), IMAGE))
    assert done.printed == CONNECTING + COMMIT + begin() + progress(len(IMAGE)) + UPDATED


def test_without_a_content_type_any_content_will_do():
    assert update(answers(head(Content_Length=len(IMAGE)), IMAGE)).restarted


def test_headers_in_lower_case_are_not_seen():
    answer = head(**{"content-type": "text/html"}, Content_Length=len(IMAGE))
    assert update(answers(answer, IMAGE)).printed.endswith(UPDATED)


def test_an_html_page_that_calls_itself_so_in_lower_case_stops_at_its_first_byte():
    done = returning(answers(head(**{"content-type": "text/html"}, Content_Length=6), b"<html>"))
    assert done.printed == CONNECTING + COMMIT + begin() + unsuccessful(5379) + RETURNED


def test_the_length_of_chunks_follows_the_records_of_the_server():
    parts = [IMAGE[:1], IMAGE[1:3000], IMAGE[3000:]]
    done = update(answers(octets(len(IMAGE)), *parts))
    offsets = [0, 1, 1025, 2049, *range(3000, len(IMAGE), PIECE)]
    chunks = "".join(progress(1, FIRST.offset + offset) for offset in offsets)
    assert done.printed == CONNECTING + COMMIT + begin() + chunks + UPDATED
    assert done.slots["ota_0"] == IMAGE


def test_what_comes_after_the_announced_length_is_never_looked_at():
    done = update(answers(octets(len(IMAGE)), IMAGE + b"and more"))
    assert done.printed.endswith(UPDATED)
    assert done.slots["ota_0"] == IMAGE


@pytest.mark.parametrize("names", [("somebody.else",), ("192.0.2.1",)], ids=["wrong name", "address"])
def test_any_certificate_will_do(names):
    assert update(offers(IMAGE), context=server_context(made_credentials(*names))).printed.endswith(UPDATED)


def test_an_empty_update_restarts_into_the_same_image():
    done = update(answers(octets(0)))
    assert done.restarted
    assert done.printed == CONNECTING + COMMIT + RESTARTING
    assert [boot.label for boot in done.stage.board.boots] == ["factory", "factory"]
    assert done.stage.kinds("ota.") == ["ota.check"]
    assert done.slots["ota_0"] == b""


# -- answers that are no update ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", ["404 Not Found", "500 Internal Server Error", "301 Moved", "206 Partial", "304 Not Modified", "0 x"]
)
def test_other_codes_are_silent(status):
    done = returning(answers(head(status, Location="https://elsewhere/", Content_Length=3), b"abc"))
    assert done.printed == CONNECTING + COMMIT + RETURNED
    assert done.stage.kinds("ota.") == ["ota.check"]


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ("470 Missing or bad arguments", "Missing or bad arguments\r\r\n"),
        ("471 No new firmware available", "No new firmware available\r\r\n"),
        ("471", "No new firmware available\r\r\n"),
    ],
)
def test_the_two_codes_of_the_update_server_have_a_line(status, line):
    done = returning(answers(head(status, Content_Type="text/html")))
    assert done.printed == CONNECTING + COMMIT + line + RETURNED


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [
        (" text/html", "text/html"),
        ("application/octet-stream", "pplication/octet-stream"),
        (" Application/Octet-Stream", "Application/Octet-Stream"),
        (" application/octet-streams", "application/octet-streams"),
    ],
)
def test_another_content_type_is_an_error_and_loses_its_first_character(content_type, shown):
    answer = f"HTTP/1.1 200 OK\r\nContent-Type:{content_type}\r\nContent-Length: {len(IMAGE)}\r\n\r\n".encode()
    done = returning(answers(answer, IMAGE))
    error = f"150994956:invalid content (Content-Type is '{shown}', expected 'application/octet-stream')"
    assert done.printed == CONNECTING + COMMIT + raised(error)


def test_a_long_content_type_is_cut_where_the_firmware_cuts_it():
    done = returning(answers(head(Content_Type="x" * 300, Content_Length=1)))
    error = "150994956:invalid content (" + f"Content-Type is '{'x' * 300}"[:179] + ")"
    assert done.printed == CONNECTING + COMMIT + raised(error)


@pytest.mark.parametrize("answer", [b"ICY 200 OK\r\n\r\n", b"<html>\r\n", b"http/1.1 200 OK\r\n\r\n"])
def test_what_is_not_http_is_an_error(answer):
    done = returning(answers(answer))
    assert done.printed == CONNECTING + COMMIT + raised("150994955:invalid response (not HTTP protocol)")
    assert done.why_failed == ["InvalidResponse (not HTTP protocol)"]


@pytest.mark.parametrize("ending", [close, drop, reset, stall])
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200"])
def test_a_status_line_that_never_comes_to_its_end_is_no_error(answer, ending):
    done = returning(sends(*([answer] if answer else []), then=ending))
    assert done.printed == CONNECTING + COMMIT + RETURNED
    assert done.seconds == pytest.approx(10 if ending is stall else 0, abs=0.5)


@pytest.mark.parametrize("ending", [close, drop, reset, stall])
@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Len"])
def test_headers_that_never_come_to_their_end_are_an_error(answer, ending):
    done = returning(sends(answer, then=ending))
    assert done.printed == CONNECTING + COMMIT + raised("150994955:invalid response (http response)")
    assert done.seconds == pytest.approx(10 if ending is stall else 0, abs=0.5)


@pytest.mark.parametrize("line", [b"Content-Length: 5\n", b"X: " + b"x" * 2048 + b"\r\n"])
def test_a_header_line_without_its_end_or_too_long_is_an_error(line):
    done = returning(answers(b"HTTP/1.1 200 OK\r\n" + line + b"\r\n"))
    assert done.printed == CONNECTING + COMMIT + raised("150994955:invalid response (http response)")


def test_a_status_line_without_a_code_crashes_the_board():
    done = update(answers(b"HTTP/1.1\r\n\r\n"))
    assert done.restarted
    assert done.printed.startswith(CONNECTING + COMMIT + "Guru Meditation Error: Core  0 panic'ed (LoadProhibited).")
    assert done.printed.endswith("\r\nRebooting...\r\n")
    assert [(boot.reason, boot.label) for boot in done.stage.board.boots] == [(1, "factory"), (12, "factory")]


def test_a_request_that_cannot_be_sent_is_no_error():
    async def leaves_after_the_handshake(client: Client) -> None:
        await client.shake_hands()
        await client.drop()

    assert returning(leaves_after_the_handshake).printed == CONNECTING + COMMIT + RETURNED


# -- images that are refused ------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("ending", [close, stall])
def test_what_does_not_begin_like_an_image_is_refused(board, ending):
    done = returning(sends(octets(2000), b"MZ" + bytes(1998), then=ending), board=board)
    logged = error_line("esp_ota_ops", "OTA image has invalid magic byte (expected 0xE9, saw 0x4d")
    expected = CONNECTING + COMMIT + begin() + (logged if board is TALKATIVE else "") + unsuccessful(5379) + RETURNED
    assert without_times(done.printed) == expected
    assert done.stage.of_kind("ota.fail") == [{"why": "chunk", "offset": FIRST.offset, "esp_err": 5379}]
    assert done.slots["ota_0"] == b""


@BOTH
def test_an_image_larger_than_the_slot_is_refused_where_the_slot_ends(board):
    done = returning(offers(b"\xe9" + bytes(FIRST.size)), board=board)
    expected = CONNECTING + COMMIT + begin() + progress(FIRST.size) + unsuccessful(260, FIRST.end) + RETURNED
    assert done.printed == expected  # on boards that log errors, too: esp_partition_write says nothing


@BOTH
def test_a_corrupt_image_is_refused_when_it_is_complete(board):
    corrupt = IMAGE[:5000] + bytes([IMAGE[5000] ^ 1]) + IMAGE[5001:]
    done = returning(offers(corrupt), board=board)
    refused = ENDING + "Failed\r\r\n" + RETURNED
    if board is TALKATIVE:
        found = re.search(r"Checksum failed. Calculated 0x[0-9a-f]+ read 0x[0-9a-f]+", done.printed)
        assert found
        refused = ENDING + error_line("esp_image", found[0]) + "Failed\r\r\n" + RETURNED
    assert without_times(done.printed) == CONNECTING + COMMIT + begin() + progress(len(corrupt)) + refused
    (failure,) = done.stage.of_kind("ota.fail")  # which tells the line that most builds do not print
    assert (failure["why"], failure["esp_err"]) == ("verification", 5379)
    assert re.fullmatch(r"esp_image: Checksum failed. Calculated 0x[0-9a-f]+ read 0x[0-9a-f]+", *failure["log"])
    assert done.slots["ota_0"] == corrupt


def test_an_image_with_a_wrong_digest_is_refused():
    wrong = IMAGE[:-1] + bytes([IMAGE[-1] ^ 1])
    done = returning(offers(wrong), board=TALKATIVE)
    assert error_line("esp_image", "Image hash failed - image is corrupt") in without_times(done.printed)
    assert done.printed.endswith("Failed\r\r\n" + RETURNED)


def test_a_build_with_more_log_shows_no_more_of_it_because_lua_rtos_turns_it_down():
    done = update(offers(IMAGE), board=dataclasses.replace(FACTORY, log_level="INFO"))
    assert done.printed == CONNECTING + COMMIT + begin() + progress(len(IMAGE)) + UPDATED


# -- connections that end inside the image ----------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("ending", [close, reset, stall])
def test_an_error_before_the_first_chunk_is_one_of_the_image(board, ending):
    """The buffer still holds the request, so its slash is taken for the first byte of the image."""
    done = returning(sends(octets(len(IMAGE)), then=ending), board=board)
    logged = error_line("esp_ota_ops", "OTA image has invalid magic byte (expected 0xE9, saw 0x2f")
    expected = CONNECTING + COMMIT + begin() + (logged if board is TALKATIVE else "") + unsuccessful(5379) + RETURNED
    assert without_times(done.printed) == expected


@pytest.mark.parametrize("ending", [close, reset, stall])
def test_an_error_after_a_chunk_writes_flash_from_ram_until_the_board_crashes(ending):
    done = update(sends(octets(len(IMAGE)), IMAGE[:3000], then=ending))
    assert done.restarted
    before = CONNECTING + COMMIT + begin() + progress(3000)
    assert done.printed.startswith(before + "Guru Meditation Error: Core  0 panic'ed (LoadStoreError).")
    assert "EXCVADDR: 0x40000000" in done.printed
    assert done.printed.endswith("\r\nRebooting...\r\n")
    assert [(boot.reason, boot.label) for boot in done.stage.board.boots] == [(1, "factory"), (12, "factory")]
    assert select_entries(done.stage) == [None, None]
    slots = done.slots
    assert slots["factory"] == installed(FACTORY)
    assert slots["ota_0"].startswith(IMAGE[:3000])
    assert len(slots["ota_0"]) > 250_000
    assert done.why_failed == ["read failed; writes on from RAM"]
    assert done.stage.of_kind("ota.activate") == []


def test_ram_that_reaches_the_end_of_the_chip_ends_the_call_instead():
    """From ota_0 to ota_1, the last slot, of which only a little is left."""
    board = load_board("N1ESP32-OTA")
    last = board.partition_table().ota_slots[1]
    received = b"\xe9" + bytes(last.size - 100 * 1024 - 1)
    done = update(sends(octets(last.size), received, then=close), board=board)
    assert not done.restarted
    assert done.printed.endswith(unsuccessful(65553, last.offset + len(received)) + RETURNED)
    assert select_entries(done.stage) == ["1 VALID", None]


@pytest.mark.parametrize("received", [0, 2048])
def test_a_connection_closed_without_goodbye_prints_one_line_for_ever(received):
    records = [octets(len(IMAGE)), IMAGE[:received]] if received else [octets(len(IMAGE))]
    line = progress(1, FIRST.offset + received)

    async def play(stage: Stage) -> None:
        stage.world.add_server(SERVER, scripted(sends(*records, then=drop)))
        stage.power_on()
        with trio.move_on_after(400):
            await stage.board.finished()
        assert not stage.board.idle.is_set()
        stage.board.receive(b"\x03")  # reaches nobody: the call never returns
        await trio.sleep(1)
        assert CONSOLE_KEPT_BYTES < len(stage.board.console) <= 2 * CONSOLE_KEPT_BYTES
        assert stage.console.endswith(line * 1000)
        stage.board.power_off()
        length = len(stage.board.console)
        await trio.sleep(10)
        assert len(stage.board.console) == length

    on_stage(play, board=FACTORY, script=UPDATE)


def test_an_image_without_a_length_is_followed_by_the_error_that_ends_it():
    """The size is whatever the stack held; here, more than ever comes."""
    done = update(answers(head(Content_Type="application/octet-stream"), IMAGE))
    assert done.printed.startswith(CONNECTING + COMMIT + begin() + progress(len(IMAGE)) + "Guru Meditation Error")
    assert done.slots["ota_0"].startswith(IMAGE)
    assert select_entries(done.stage) == [None, None]


def test_a_length_in_lower_case_is_none():
    done = update(answers(head(**{"content-length": str(len(IMAGE))}), IMAGE))
    assert "Guru Meditation Error: Core  0 panic'ed (LoadStoreError)" in done.printed


@pytest.mark.parametrize("received", [0, 2048])
def test_an_access_point_lost_in_the_download_is_an_error_like_any_other(received):
    records = [octets(len(IMAGE)), IMAGE[:received]] if received else [octets(len(IMAGE))]

    def prepare(stage: Stage) -> None:
        (point,) = stage.world.air

        async def sends_and_loses_the_board(client: Client) -> None:
            await client.receive_request()
            await client.send(*records)
            await trio.sleep(3)  # the board erases its flash meanwhile
            stage.world.air.switch_off(point)

        stage.world.add_server(SERVER, scripted(sends_and_loses_the_board))

    done = update(prepare=prepare)
    before = CONNECTING + COMMIT + begin() + progress(received)
    if received:
        assert done.printed.startswith(before + "Guru Meditation Error")
        assert [boot.label for boot in done.stage.board.boots] == ["factory", "factory"]
    else:
        assert done.printed == before + unsuccessful(5379) + RETURNED
    kinds = done.stage.kinds("wifi.disconnected", "ota.fail")
    assert kinds[:2] == ["wifi.disconnected", "ota.fail"]
    assert select_entries(done.stage) == [None, None]


def test_a_thread_that_updates_takes_its_connection_along_when_it_is_stopped():
    seen = []

    async def waits_for_the_end(client: Client) -> None:
        await client.receive_request()
        await client.send(octets(len(IMAGE)), IMAGE[:2048])
        with pytest.raises((trio.BrokenResourceError, trio.EndOfChannel)):
            await client.receive_request()
        seen.append("gone")

    lua = f"""{JOIN}
print("ready")
local id = thread.start(function() net.ota() end)
thread.sleep(6)
thread.stop(id)
"""

    async def play(stage: Stage) -> None:
        stage.world.add_server(SERVER, scripted(waits_for_the_end))
        await stage.boot()
        assert stage.console.endswith(progress(2048) + "\r\n/ > ")
        await trio.sleep(5)
        assert seen == ["gone"]

    on_stage(play, board=FACTORY, script=lua)


# -- before there is a connection -------------------------------------------------------------------------------------


def test_a_build_without_ota_says_so_whatever_the_network_does():
    lua = "print(pcall(function() net.ota() end))"
    error = "false\t/autorun.lua:%d: 150994958:OTA is not enabled in this build\r\n"
    assert printed_by(lua, board="N1ESP32") == error % 1
    assert printed_by(JOIN + lua, board="N1ESP32") == error % 4


def test_without_a_slot_for_it_there_is_no_update_even_without_a_network():
    async def play(stage: Stage) -> str:
        plain, with_ota = load_board("N1ESP32"), load_board("N1ESP32-OTA")
        files = {"/autorun.lua": b"print(pcall(function() net.ota() end))"}
        chip = new_chip(plain, first_manifest(with_ota), files, image_bytes=SMALLEST_IMAGE_BYTES)
        board = stage.world.add_board(plain, chip)
        stage.world.power_on(board)
        assert await board.finished()
        return printed(board.console.decode())

    assert on_stage(play) == "false\t/autorun.lua:1: 150994957:OTA partition not found\r\n"


@pytest.mark.parametrize("state", ["", 'net.wf.setup(net.wf.mode.STA, "nowhere", "secret-password") net.wf.start() '])
def test_without_a_network_it_fails_at_once_and_says_nothing(state):
    lua = f"{state}local before = os.clock()\nprint(pcall(function() net.ota() end))\nprint(os.clock() - before < 0.1)"
    assert printed_by(lua) == "false\t/autorun.lua:2: 150994944:network is not available\r\ntrue\r\n"


def test_called_by_c_the_error_has_no_position():
    assert printed_by("print(pcall(net.ota))") == "false\t150994944:network is not available\r\n"


def test_a_name_that_nobody_knows_is_an_error():
    done = returning(prepare=lambda stage: stage.world.network.names.pop(SERVER))
    assert done.printed == CONNECTING + raised("150994948:name cannot be resolved")


def test_a_server_that_is_not_there_takes_as_long_as_the_stack_tries():
    def prepare(stage: Stage) -> None:
        stage.world.network.names[SERVER] = ["198.51.100.1"]

    done = returning(prepare=prepare)
    assert done.printed == CONNECTING + raised("150994951:cannot connect to server")
    assert done.seconds == pytest.approx(18.5, abs=0.1)
    assert done.stage.of_kind("net.connect")[0]["error"] == "StockHttpError"


def test_a_host_that_refuses_is_an_error_at_once():
    def prepare(stage: Stage) -> None:
        stage.world.network.add_host("deaf", "198.51.100.1")
        stage.world.network.names[SERVER] = ["198.51.100.1"]

    done = returning(prepare=prepare)
    assert done.printed == CONNECTING + raised("150994951:cannot connect to server")
    assert done.seconds < 0.2


def test_the_second_address_is_tried_if_the_first_refuses():
    def prepare(stage: Stage) -> None:
        stage.world.network.add_host("deaf", "198.51.100.1")
        stage.world.network.names[SERVER].insert(0, "198.51.100.1")

    assert update(offers(IMAGE), prepare=prepare).printed.endswith(UPDATED)


@pytest.mark.parametrize(
    ("says", "seconds"), [(None, 10), (b"hello\r\n", 0), (b"", 0)], ids=["silent", "no TLS", "closed"]
)
def test_a_handshake_that_fails_is_an_error(says, seconds):
    async def no_tls(client: Client) -> None:
        if says is not None:
            await client.stream.send_all(says)
            await client.stream.aclose()

    done = returning(no_tls)
    assert done.printed == CONNECTING + raised("150994953:cannot connect SSL")
    assert done.seconds == pytest.approx(seconds, abs=0.2)


@pytest.mark.skipif(stock_tls_version() is not ssl.TLSVersion.TLSv1_1, reason="this OpenSSL has no TLS 1.1 to refuse")
def test_a_server_that_wants_tls_1_2_is_an_error():
    context = server_context.__wrapped__(made_credentials())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    done = returning(offers(IMAGE), context=context)
    assert done.printed == CONNECTING + raised("150994953:cannot connect SSL")


@pytest.mark.parametrize(
    ("form", "board", "firmware"),
    [
        ("documented", "N1ESP32-OTA", b"N1ESP32-OTA"),
        ("source", "N1ESP32-OTA", b"WHITECAT-ESP32-N1-OTA"),
        ("documented", "M5STACK-OTA", b"M5STACK-OTA"),
        ("source", "ESP32-EVB-OTA", b"ESP32-EVB-OTA"),
    ],
)
def test_the_request_names_the_firmware_and_its_commit_and_nothing_else(form, board, firmware):
    requests = []

    async def script(client: Client) -> None:
        requests.append(await client.receive_request())
        await client.send(head("471 No new firmware available"))

    update(script, board=dataclasses.replace(load_board(board), ota_id_form=form))
    target = b"/?firmware=%b&commit=%b" % (firmware, OLD.commit.encode())
    assert requests == [b"GET %b HTTP/1.1\r\nHost: ota.whitecatboard.org:443 \r\n\r\n" % target]


# -- joining ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ssid", "password"), [(SSID, "wrong-password"), ("nowhere", PASSWORD)])
def test_a_start_that_waits_fails_without_the_right_access_point(ssid, password):
    lua = f'''net.wf.setup(net.wf.mode.STA, "{ssid}", "{password}")
print(pcall(function() net.wf.start(false) end))
print(net.connected())
'''
    error = "false\t/autorun.lua:2: 134217729:can't connect, review your SSID / password\r\nfalse\r\n"
    assert printed_by(lua) == error


# -- the demo ---------------------------------------------------------------------------------------------------------


@staged(board=FACTORY, script=UPDATE)
async def test_the_built_in_server_offers_what_was_published(stage: Stage) -> None:
    stage.world.publish(IMAGE)
    done = await watch(stage)
    assert done.printed == CONNECTING + COMMIT + begin() + progress(len(IMAGE)) + UPDATED


@staged(board=FACTORY, script=UPDATE)
async def test_the_built_in_server_has_nothing_new_without_it(stage: Stage) -> None:
    done = await watch(stage)
    assert done.printed == CONNECTING + COMMIT + "Missing or bad arguments\r\r\n" + RETURNED
