"""The server on a real port, asked by curl and by OpenSSL's own client."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.boards import load_board
from simulator.firmware import build_firmware, first_manifest, next_manifest
from tests.serve_process import ServeProcess, serving

pytestmark = pytest.mark.real

OLD = first_manifest(load_board("N1ESP32-OTA"))
NEW = next_manifest(OLD)
IMAGE = build_firmware(NEW)
GOOD = {"firmware": "N1ESP32-OTA", "commit": OLD.commit}


def tool(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is not installed; it is in the package of that name"
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("firmware")
    (folder / "new.bin").write_bytes(IMAGE)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[ServeProcess]:
    with serving("--firmware", folder, "--port", "0") as server:
        yield server


@dataclass(frozen=True)
class Answer:
    """The head of an answer as it was on the wire, line by line, and the body."""

    head: list[str]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head[0].split()[1])


def curl(*arguments: str) -> Answer:
    """Run curl without checking the certificate, as the stock firmware does not either."""
    command = [tool("curl"), "--silent", "--show-error", "--insecure", "--include", "--max-time", "30", *arguments]
    finished = subprocess.run(command, capture_output=True, check=False)
    assert finished.returncode == 0, finished.stderr.decode()
    head, _, body = finished.stdout.partition(b"\r\n\r\n")
    return Answer(head.decode().split("\r\n"), body)


def get(server: ServeProcess, arguments: dict[str, str]) -> Answer:
    query = "&".join(f"{name}={value}" for name, value in arguments.items())
    return curl(f"{server.url.replace('127.0.0.1', 'localhost')}/?{query}")


def post(server: ServeProcess, arguments: dict[str, str]) -> Answer:
    fields = [word for name, value in arguments.items() for word in ("--data", f"{name}={value}")]
    return curl("--request", "POST", *fields, f"{server.url}/")


ways = pytest.mark.parametrize("ask", [get, post])


@ways
def test_another_commit_gets_the_exact_bytes_with_the_headers_a_board_needs(ask, server: ServeProcess):
    answer = ask(server, GOOD)
    assert answer.head == [
        "HTTP/1.1 200 OK",
        "Content-Type: application/octet-stream",
        f"Content-Length: {len(IMAGE)}",
        "Connection: close",
    ]
    assert answer.body == IMAGE


@ways
def test_the_source_form_of_the_id_gets_the_same(ask, server: ServeProcess):
    assert ask(server, {**GOOD, "firmware": "WHITECAT-ESP32-N1-OTA"}).body == IMAGE


@ways
def test_the_newest_commit_gets_471(ask, server: ServeProcess):
    answer = ask(server, {**GOOD, "commit": NEW.commit})
    assert answer.head[0] == "HTTP/1.1 471 No new firmware available"


@ways
@pytest.mark.parametrize(
    "arguments",
    [{"firmware": "N1ESP32-OTA"}, {"commit": OLD.commit}, {}, {**GOOD, "firmware": "UNKNOWN"}, {**GOOD, "commit": "?"}],
    ids=["no commit", "no firmware", "nothing", "unknown firmware", "malformed commit"],
)
def test_missing_and_bad_arguments_get_470(ask, server: ServeProcess, arguments: dict[str, str]):
    assert ask(server, arguments).head[0] == "HTTP/1.1 470 Missing or bad arguments"


def test_other_methods_and_paths_are_refused(server: ServeProcess):
    refused = curl("--request", "DELETE", f"{server.url}/")
    assert refused.status == 405
    assert "Allow: GET, POST" in refused.head
    assert curl(f"{server.url}/etc/passwd").status == 404


@pytest.mark.parametrize("version", ["1.1", "1.2", "1.3"])
def test_every_version_of_tls_from_1_1_on_can_connect(server: ServeProcess, version: str):
    options = [f"--tlsv{version}", "--tls-max", version]
    if version == "1.1":
        options += ["--ciphers", "DEFAULT:@SECLEVEL=0"]
    assert curl(*options, f"{server.url}/?firmware=N1ESP32-OTA&commit={OLD.commit}").body == IMAGE


def test_the_request_of_a_real_board_is_answered_over_its_own_tls(server: ServeProcess):
    """OpenSSL's client sends the very bytes of the firmware, spaces included, and reports the handshake."""
    request = f"GET /?firmware=N1ESP32-OTA&commit={NEW.commit} HTTP/1.1\r\nHost: ota.whitecatboard.org:443 \r\n\r\n"
    finished = subprocess.run(
        [tool("openssl"), "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_1", "-noservername", "-ign_eof",
         "-cipher", "ECDHE-RSA-AES256-SHA:AES256-SHA:AES128-SHA:@SECLEVEL=0"],
        input=request.encode(), capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr.decode()
    report = finished.stdout.decode()
    assert "HTTP/1.1 471 No new firmware available\r\n" in report
    assert re.search(r"Protocol *: TLSv1\.1\n", report)
    assert "closed\n" in report, "the server said close_notify"


def test_a_download_can_be_repeated_side_by_side(server: ServeProcess):
    url = f"{server.url}/?firmware=N1ESP32-OTA&commit={OLD.commit}"
    command = [tool("curl"), "--silent", "--show-error", "--insecure", "--max-time", "30", url]
    downloads = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    for download in downloads:
        body, error = download.communicate()
        assert body == IMAGE, error.decode()
