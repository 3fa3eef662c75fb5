"""`luatwin serve` and nginx, each sending the same 1 MiB over TLS to the same client, in real time.

The client is curl with 20 connections at a time, each for one download, as boards make them. Without nginx and curl
there is nothing to compare with, and the row is left out.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.report import README, Row, at_least
from benchmarks.timing import Effort, medians
from simulator.boards import load_board
from simulator.firmware import build_for, first_manifest
from simulator.ota_server import made_credentials
from simulator.units import MIB

_PARALLEL = 20
_CLEAN = {**os.environ, "PYTHONWARNINGS": "ignore"}


def measure(effort: Effort) -> list[Row]:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None or shutil.which("curl") is None:
        print("serving: nginx or curl is missing, so there is nothing to compare with", file=sys.stderr)
        return []
    downloads = min(10 * effort.boards, 200)
    with TemporaryDirectory() as name:
        folder = Path(name)
        board = load_board("N1ESP32-OTA")
        (folder / "index.bin").write_bytes(build_for(board, first_manifest(board), size_bytes=1 * MIB))
        credentials = made_credentials()
        (folder / "cert.pem").write_bytes(credentials.chain)
        (folder / "key.pem").write_bytes(credentials.key)
        with _ours(folder) as our_url, _nginx(nginx, folder) as their_url:
            ours_s, theirs_s = medians(
                effort, lambda: _download(our_url, downloads), lambda: _download(their_url, downloads)
            )
    return [
        Row(
            what="luatwin serve, 1 MiB over TLS",
            value=theirs_s / ours_s,
            unit="of nginx's rate",
            aim=at_least(1 / 3),
            detail=f"{downloads / ours_s:.0f} downloads/s, nginx {downloads / theirs_s:.0f}",
        )
    ]


def _download(url: str, count: int) -> float:
    """Fetch ``url`` so often, and return the seconds."""
    command = [
        "curl",
        "--silent",
        "--no-progress-meter",
        "--fail",
        "--insecure",
        "--parallel",
        "--parallel-max",
        str(_PARALLEL),
    ]
    command += ["--header", "Connection: close", "--output", os.devnull, f"{url}&n=[1-{count}]"]
    started = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _ours(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "simulator.cli", "serve", "--firmware", str(folder), "--port", "0"]
    command += ["--cert", str(folder / "cert.pem"), "--key", str(folder / "key.pem"), "--modern-tls"]
    with subprocess.Popen(command, cwd=README.parent, stderr=subprocess.PIPE, encoding="utf-8", env=_CLEAN) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[-1]
        try:
            yield f"{url}/?firmware=N1ESP32-OTA&commit=0000000"
        finally:
            process.terminate()


@contextmanager
def _nginx(program: str, folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; default_type application/octet-stream; client_body_temp_path {folder}/t1;\n"
        f"proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4;\n"
        f"scgi_temp_path {folder}/t5; server {{ listen 127.0.0.1:{port} ssl; root {folder}; index index.bin;\n"
        f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; ssl_session_cache off; }} }}\n"
    )
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            while not _answers(port):
                time.sleep(0.02)
            yield f"https://127.0.0.1:{port}/?"
        finally:
            process.terminate()
