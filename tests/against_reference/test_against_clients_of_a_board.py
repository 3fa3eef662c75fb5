"""The servers of a board's own, on real sockets: pages for curl and for Python, and Telnet."""

from __future__ import annotations

import shutil
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable

import pytest
import trio

from simulator.device.device import Device
from simulator.firmware import SMALLEST_IMAGE_BYTES
from simulator.network.redirect import ServerAddress
from simulator.ota_server import made_credentials
from simulator.world import World, run_in_world
from tests.device.stage import JOIN, PASSWORD, SSID

pytestmark = pytest.mark.real

FOREVER = "print('up') while true do tmr.sleepms(20) end"
_TIMEOUT_S = 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


async def get(url: str, data: bytes | None = None, authority: bytes | None = None) -> str:
    """Return what Python's own client gets."""
    context = None if authority is None else ssl.create_default_context(cadata=authority.decode())

    def work() -> str:
        with urllib.request.urlopen(url, data, timeout=20, context=context) as answer:
            return bytes(answer.read()).decode()

    return await trio.to_thread.run_sync(work)


def with_board(script: str, files: dict[str, str | bytes], visit: Callable[[Device], Awaitable[None]]) -> None:
    """Run ``visit`` when a board with real sockets has printed ``up``."""

    async def main(world: World) -> None:
        world.add_access_point(SSID, PASSWORD)
        device = world.new_board(
            "N1ESP32-OTA", script=f"{JOIN}{script} {FOREVER}", files=files, image_bytes=SMALLEST_IMAGE_BYTES
        )
        world.power_on(device)
        with trio.fail_after(_TIMEOUT_S):
            while b"up\r\n" not in device.console:
                await trio.sleep(0.05)
            await visit(device)

    run_in_world(main, server=ServerAddress("localhost", 1))


def test_a_client_reads_files_pages_and_lists_and_sends_forms() -> None:
    port = free_port()
    text = "".join(f"line {number}\n" for number in range(2000))
    form = '<?lua print(http_method, " ", http_uri, " ", http_request, " ", http_remote_addr) ?>'

    async def visit(_: Device) -> None:
        home = f"http://127.0.0.1:{port}"
        assert await get(f"{home}/text.txt") == text
        assert await get(f"{home}/form?a=1&b=2") == "GET /form a=1&b=2 127.0.0.1"
        assert await get(f"{home}/form.lua", b"a=1&b=2") == "POST /form.lua a=1&b=2 127.0.0.1"
        assert '<A HREF="inner.txt">inner.txt</A>' in await get(f"{home}/sub")
        with pytest.raises(urllib.error.HTTPError, match="404: Not Found") as caught:
            await get(f"{home}/none")
        caught.value.close()

    with_board(
        f"net.service.http.start({port}, 0)",
        {"/www/text.txt": text, "/www/form.lua": form, "/www/sub/inner.txt": "x"},
        visit,
    )


def test_a_client_reads_pages_over_tls() -> None:
    port = free_port()
    credentials = made_credentials("localhost", "127.0.0.1")

    async def visit(_: Device) -> None:
        assert await get(f"https://127.0.0.1:{port}/x", authority=credentials.authority) == f"{port} 1"

    with_board(
        f"net.service.http.start(0, {port}, '/chain', '/key')",
        {
            "/chain": credentials.chain,
            "/key": credentials.key,
            "/www/x.lua": '<?lua print(http_port, " ", http_secure) ?>',
        },
        visit,
    )


def test_curl_does_not_like_the_two_lines_of_the_firmwares_headers_that_are_none() -> None:
    port = free_port()
    program = shutil.which("curl")
    assert program, "curl is not installed"

    async def visit(_: Device) -> None:
        words = [program, "--silent", "--show-error", "--max-time", "20", f"http://127.0.0.1:{port}/x"]
        finished = await trio.run_process(words, capture_stdout=True, capture_stderr=True, check=False)
        assert finished.stderr == b"curl: (8) Header without colon\n"

    with_board(f"net.service.http.start({port}, 0)", {"/www/x": "x"}, visit)


def test_a_telnet_client_of_the_host_is_answered_line_by_line() -> None:
    port = free_port()

    def chat() -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(b"hello\r\nquit\r\n")
            return client.makefile("rb").read()

    async def visit(device: Device) -> None:
        assert await trio.to_thread.run_sync(chat) == b"127.0.0.1 said hello\n"

    with_board(
        f"local t = net.service.telnet t.start({port}, function(a, l) t.print(a, ' said ', l, '\\n') end)", {}, visit
    )


def test_a_second_board_cannot_have_the_port_of_another_program() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        async def visit(device: Device) -> None:
            assert f"http: couldn't bind to port {port}\r\n".encode() in device.console

        with_board(f"net.service.http.start({port}, 0)", {}, visit)
