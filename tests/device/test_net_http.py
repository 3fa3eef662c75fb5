"""net.http: what scripts fetch by HTTPS, from servers that answer with exact bytes."""

from __future__ import annotations

import pytest
import trio

from simulator.testing import Client, Script, scripted
from tests.device.stage import JOIN, ROM, Stage, on_stage, printed_by
from tests.device.updates import answers, drop, head, sends

SERVER = "files.example"
TEXT = head(Content_Type="text/plain", Content_Length=5) + b"hello"


def fetched(*scripts: Script, script: str, **options: str) -> str:
    """Return what a board that has joined prints; ``scripts`` are the server's, one for each request."""

    async def play(stage: Stage) -> str:
        stage.world.add_server(SERVER, scripted(*scripts))
        return await stage.printed()

    return on_stage(play, script=JOIN + script, files=dict(options)).replace("\r", "")


def numbered(chunks: int) -> tuple[bytes, bytes]:
    """An answer whose body is so many chunks that begin with their numbers; the head has a record of its own."""
    body = b"".join(b"%-1024d" % number for number in range(1, chunks + 1))
    return head(Content_Length=len(body)), body


def test_get_returns_the_code_and_the_body_in_chunks() -> None:
    script = 'local code, chunks = net.http.get("files.example", "/a") print(code, #chunks, chunks[1])'
    assert fetched(answers(TEXT), script=script) == "200\t1\thello\n"


def test_get_asks_for_what_the_firmware_asks_for() -> None:
    seen = []

    async def keep(client: Client) -> None:
        seen.append(await client.receive_request())
        await client.send(TEXT)

    fetched(keep, script='net.http.get("Files.example", "/A b?c")')
    assert seen == [b"GET /A b?c HTTP/1.1\r\nHost: Files.example:443 \r\n\r\n"]


@pytest.mark.parametrize("answer", [head("404 Not Found"), head(Content_Length=0)])
def test_get_returns_the_code_alone_where_there_is_no_body_to_read(answer: bytes) -> None:
    script = 'print(select("#", net.http.get("files.example", "/")))'
    assert fetched(answers(answer), script=script) == "1\n"


def test_get_checks_the_content_type_only_if_it_is_told_one() -> None:
    script = """print(net.http.get("files.example", "/", "text/plain"))
print(pcall(net.http.get, "files.example", "/", "text/html"))"""
    first, second = fetched(answers(TEXT), script=script).splitlines()
    assert first.startswith("200\ttable: ")
    assert second == ("false\t150994956:invalid content (Content-Type is 'text/plain', expected 'text/html')")


@pytest.mark.parametrize(
    ("chunks", "shown"),
    [
        (255, "2 255 nil 1 255"),
        (256, "1"),
        (257, "2 255 256 257 255"),
        (258, "2 255 256 257 255"),
    ],
)
def test_the_index_of_a_chunk_wraps_after_255(chunks: int, shown: str) -> None:
    script = """local answer = table.pack(net.http.get("files.example", "/"))
local t = answer[2]
local function number(i) return t[i] and math.tointeger(tonumber(t[i])) end
if not t then print(answer.n) return end
print(answer.n, #t, number(0), number(1), number(255))"""
    assert fetched(answers(*numbered(chunks)), script=script).split() == shown.split()


def test_get_without_network_cannot_resolve_the_name() -> None:
    script = f"""net.wf.setup(net.wf.mode.STA, "home", "{"x" * 8}")
print(pcall(net.http.get, "files.example", "/"))"""
    assert printed_by(script) == "false\t150994948:name cannot be resolved\r\n"


def test_a_server_that_says_goodbye_in_the_middle_leaves_a_string_that_is_too_big() -> None:
    script = 'print(pcall(net.http.get, "files.example", "/"))'
    half = head(Content_Length=1000) + b"half"
    assert fetched(answers(half), script=script) == "false\tmemory allocation error: block too big\n"


def test_a_server_that_drops_the_connection_leaves_the_loop_running_for_ever() -> None:
    async def play(stage: Stage) -> None:
        half = head(Content_Length=1000) + b"half"
        stage.world.add_server(SERVER, scripted(sends(half, then=drop)))
        stage.power_on()
        with trio.move_on_after(600):
            await stage.board.finished()
        assert stage.console.endswith("asking\r\n")

    on_stage(play, script=f'{JOIN} print("asking") net.http.get("{SERVER}", "/") print("never")')


def test_a_status_line_without_a_code_is_a_null_pointer() -> None:
    async def play(stage: Stage) -> None:
        stage.world.add_server(SERVER, scripted(answers(b"HTTP/1.1\r\n\r\n")))
        console = await stage.boot()
        assert console.count(ROM) == 2
        assert "LoadProhibited" in console

    on_stage(play, script=f'if os.resetreason() == 1 then {JOIN} net.http.get("{SERVER}", "/") end')


# -- download ---------------------------------------------------------------------------------------------------------

FETCH = 'print(pcall(net.http.download, "files.example", "/", "text/plain", "/f.txt"%s)) '
SHOW = 'local f = io.open("/f.txt") print(f and f:read("a"))'


def test_download_writes_the_body_into_a_file() -> None:
    assert fetched(answers(TEXT), script=FETCH % "" + SHOW) == "true\t200\nhello\n"


def test_download_makes_no_file_for_another_code() -> None:
    assert fetched(answers(head("404 Not Found")), script=FETCH % "" + SHOW) == "true\t404\nnil\n"


@pytest.mark.parametrize("overwrite", ["", ", false", ", true, 1"])
def test_download_refuses_to_overwrite_before_it_connects(overwrite: str) -> None:
    async def play(stage: Stage) -> str:
        return await stage.printed()  # there is no server

    printed = on_stage(play, script=JOIN + FETCH % overwrite + SHOW, files={"/f.txt": "old"}).replace("\r", "")
    assert printed == "false\t637534208:output file already exists, aborting\nold\n"


def test_download_overwrites_when_it_is_told_to() -> None:
    assert fetched(answers(TEXT), script=FETCH % ", true" + SHOW, **{"/f.txt": "something old"}).endswith("hello\n")


def test_download_into_a_folder_that_is_not_there_logs_and_raises() -> None:
    async def play(stage: Stage) -> str:
        stage.world.add_server(SERVER, scripted(answers(TEXT)))
        return await stage.printed()

    script = JOIN + "os.loglevel(os.LOG_ALL) " + FETCH.replace("/f.txt", "/no/such/folder/f.txt") % ""
    assert on_stage(play, script=script) == (
        "Error opening output file /no/such/folder/f.txt for writing\r\n\r"
        "false\t637534209:can't open output file for writing\r\n"
    )


def test_a_download_that_breaks_off_leaves_no_file() -> None:
    half = head(Content_Type="text/plain", Content_Length=1000) + b"half"
    assert fetched(answers(half), script=FETCH % "" + SHOW) == (
        "Error writing to output file /f.txt\nfalse\t637534210:can't write to output file\nnil\n"
    )
