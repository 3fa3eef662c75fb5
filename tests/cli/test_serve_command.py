"""`luatwin serve`: what it says, how it ends, and what it refuses to start with."""

from __future__ import annotations

import json
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
from tests.helpers import luatwin, run_process
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


@pytest.mark.real
def test_a_hardened_board_is_updated_by_a_real_server_whose_authority_it_knows(tmp_path: Path) -> None:
    folder = tmp_path / "firmware"
    folder.mkdir()
    assert (
        luatwin(
            "image", "build", folder / "next.bin", "--size", "32K", "--commit", "1" * 40, "--profile", "hardened"
        ).code
        == 0
    )
    board = ("run", "lua/demo/ota.lua", "--image-size", "32K", "--profile", "hardened", "--json")
    with serving("--firmware", folder, "--port", "0", "--authority-out", tmp_path / "ca.pem") as server:
        address = ("--server", server.url.replace("127.0.0.1", "localhost"))
        stranger = luatwin(*board, *address).result
        known = luatwin(*board, *address, "--ca", tmp_path / "ca.pem").result
    assert stranger["running"] == "factory"
    assert "the server's certificate is no good" in stranger["trouble"]
    assert known["running"] == "ota_0"
    assert known["commit"] == "1" * 40


def trusting_all() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.real
def test_a_download_is_finished_before_the_server_ends(folder: Path) -> None:
    image = build_firmware(MANIFEST, size_bytes=1024 * KIB)
    (folder / "only.bin").write_bytes(image)
    with serving("--firmware", folder, "--port", "0") as server:
        with socket.create_connection(("127.0.0.1", server.port)) as plain, trusting_all().wrap_socket(plain) as tls:
            tls.sendall(b"GET /?firmware=N1ESP32-OTA&commit=0000000 HTTP/1.1\r\nHost: a\r\n\r\n")
            received = tls.recv(1000)
            server.process.send_signal(signal.SIGTERM)
            while data := tls.recv(65536):
                received += data
        assert received.endswith(image)
        _, said = server.process.communicate(timeout=20)
        code = server.process.returncode
    assert (code, said) == (0, "luatwin serve: finishing 1 downloads, for 30.000 s at most\n")


@pytest.mark.real
def test_a_second_signal_ends_it_at_once(folder: Path) -> None:
    (folder / "only.bin").write_bytes(build_firmware(MANIFEST, size_bytes=1024 * KIB))
    with (
        serving("--firmware", folder, "--port", "0", "--fault", "drip@0%") as server,
        socket.create_connection(("127.0.0.1", server.port)) as plain,
        trusting_all().wrap_socket(plain) as tls,
    ):
        tls.sendall(b"GET /?firmware=N1ESP32-OTA&commit=0000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        tls.recv(1000)
        server.process.send_signal(signal.SIGINT)
        assert server.process.stderr is not None
        assert server.process.stderr.readline().startswith("luatwin serve: finishing 1 downloads")
        assert server.stop(signal.SIGINT)[0] == 0


@pytest.mark.real
def test_every_connection_is_a_line_of_the_access_log(folder: Path, tmp_path: Path) -> None:
    with serving(
        *("--firmware", folder, "--port", "0", "--access-log", tmp_path / "log", "--log-format", "json"),
        *("--rollout", "0%"),
    ) as server:
        httpx.get(f"{server.url}/?firmware=N1ESP32-OTA&commit=0000000", verify=False)
        metrics = httpx.get(f"{server.url}/metrics", verify=False).text
        server.stop()
    first, second = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert (first["status"], first["firmware"], first["commit"], first["complete"]) == (
        471,
        "N1ESP32-OTA",
        "0000000",
        True,
    )
    assert second["target"] == "/metrics"
    assert 'luatwin_ota_answers_total{status="471"} 1' in metrics


@pytest.mark.real
def test_boards_that_are_named_get_the_update_and_the_list_may_change(folder: Path, tmp_path: Path) -> None:
    boards = tmp_path / "boards"
    boards.write_text("192.0.2.0/24\n")
    with serving("--firmware", folder, "--port", "0", "--boards", boards) as server:
        question = f"{server.url}/?firmware=N1ESP32-OTA&commit=0000000"
        before = httpx.get(question, verify=False).status_code
        boards.write_text("127.0.0.1\n")
        assert (before, httpx.get(question, verify=False).status_code) == (471, 200)
        boards.write_text("nobody\n")
        assert httpx.get(question, verify=False).status_code == 200
        assert "still the boards from before: " in server.stop()[2]


@pytest.mark.real
@pytest.mark.parametrize(("option", "works", "fails"), [("--legacy-tls", "1.1", "1.2"), ("--modern-tls", "1.2", "1.1")])
def test_which_versions_of_tls_it_speaks_can_be_set(option: str, works: str, fails: str, folder: Path) -> None:
    with serving("--firmware", folder, "--port", "0", option) as server:
        codes = [
            run_process(
                *("curl", "-ks", "--ciphers", "DEFAULT:@SECLEVEL=0", f"--tlsv{version}", "--tls-max", version),
                *("-o", folder / "answer", server.url),
            ).returncode
            for version in (works, fails)
        ]
    assert codes[0] == 0
    assert codes[1] != 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rollout", "half"], "--rollout 'half': write a share of the addresses, such as 10%"),
        (["--rollout", "101%"], "--rollout '101%': write a share of the addresses, such as 10%"),
        (["--rate-limit", "20"], "--rate-limit '20': write how often in a second, minute or hour, such as 20/m"),
        (["--boards", "{tmp}/none"], "{tmp}/none: No such file or directory"),
        (["--grace", "soon"], "'soon' is not a time"),
        (["--access-log", "{tmp}/no/log"], "{tmp}/no/log: No such file or directory"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    options: list[str], message: str, folder: Path, tmp_path: Path
) -> None:
    finished = luatwin(
        "serve", "--firmware", folder, "--port", "0", *(option.format(tmp=tmp_path) for option in options)
    )
    assert finished.code == 2
    assert finished.err.startswith(f"luatwin: {message.format(tmp=tmp_path)}")
