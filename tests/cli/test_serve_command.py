"""`luatwin serve`: what it says, how it ends, and what it refuses to start with."""

from __future__ import annotations

import signal
import socket
import ssl
from pathlib import Path

import httpx
import pytest

from simulator.boards import load_board
from simulator.firmware import build_firmware, first_manifest
from simulator.ota_server import made_credentials
from simulator.units import KIB
from tests.helpers import luatwin
from tests.serve_process import serving

MANIFEST = first_manifest(load_board("N1ESP32-OTA"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "firmware"
    folder.mkdir()
    (folder / "only.bin").write_bytes(build_firmware(MANIFEST, size_bytes=64 * KIB))
    return folder


@pytest.mark.real
@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGTERM])
def test_says_one_line_when_it_is_ready_and_ends_cleanly(folder: Path, stop_signal: signal.Signals) -> None:
    with serving("--firmware", folder, "--port", "0") as server:
        assert server.greeting == f"luatwin serve: serving 1 firmware from {folder} on https://127.0.0.1:{server.port}"
        assert server.port > 0
        assert server.stop(stop_signal) == (0, "", "")


@pytest.mark.real
def test_says_every_answer_if_it_is_asked_to(folder: Path) -> None:
    with serving("--firmware", folder, "--port", "0", "-v") as server:
        for commit in (MANIFEST.commit, "0000000"):
            httpx.get(f"{server.url}/?firmware=N1ESP32-OTA&commit={commit}", verify=False)
        _, _, said = server.stop()
    image_bytes = (folder / "only.bin").stat().st_size
    assert said.splitlines()[1::2] == [
        f"luatwin serve:   471, 91 bytes: {MANIFEST.commit} is the newest firmware",
        f"luatwin serve:   200, {image_bytes} bytes: commit {MANIFEST.commit}",
    ]
    assert said.splitlines()[0].endswith(f"GET /?firmware=N1ESP32-OTA&commit={MANIFEST.commit}")


@pytest.mark.real
def test_uses_a_certificate_from_files(folder: Path, tmp_path: Path) -> None:
    credentials = made_credentials("127.0.0.1")
    for name in ("chain", "key", "authority"):
        (tmp_path / f"{name}.pem").write_bytes(getattr(credentials, name))
    files = ("--cert", tmp_path / "chain.pem", "--key", tmp_path / "key.pem")
    with serving("--firmware", folder, "--port", "0", *files) as server:
        trusting = ssl.create_default_context(cafile=tmp_path / "authority.pem")
        response = httpx.get(f"{server.url}/?firmware=N1ESP32-OTA", verify=trusting)
    assert response.status_code == 470


@pytest.mark.real
def test_a_port_in_use_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finished = luatwin("serve", "--firmware", folder, "--port", str(port))
    assert (finished.code, finished.out) == (2, "")
    assert finished.err == f"luatwin: port {port} of 127.0.0.1 is in use\n"


@pytest.mark.real
def test_a_host_that_is_not_this_one_is_named(folder: Path) -> None:
    finished = luatwin("serve", "--firmware", folder, "--port", "0", "--host", "192.0.2.1")
    assert finished.code == 2
    assert finished.err.startswith("luatwin: port 0 of 192.0.2.1 cannot be used: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing option '--firmware'"),
        (["--firmware", "nowhere"], "nowhere is not a folder"),
        (["--firmware", "tests/cli"], "there is no firmware (*.bin) in tests/cli"),
        (["--firmware", ".", "--port", "65536"], "65536 is not in the range 0<=x<=65535"),
        (["--firmware", ".", "--cert", "c.pem"], "--cert and --key belong together"),
    ],
)
def test_a_command_line_that_cannot_be_is_refused(arguments: list[str], message: str) -> None:
    finished = luatwin("serve", *arguments)
    assert (finished.code, finished.out) == (2, "")
    assert message in finished.err


def test_a_certificate_that_does_not_fit_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("chain.pem", "key.pem"):
        (tmp_path / name).write_text("nonsense")
    finished = luatwin("serve", "--firmware", folder, "--cert", tmp_path / "chain.pem", "--key", tmp_path / "key.pem")
    assert finished.code == 2
    assert "are no certificate and its key" in finished.err
