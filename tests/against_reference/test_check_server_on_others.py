"""``luatwin check-server`` on servers that others wrote: nginx, and Python's own behind TLS."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from simulator.network.tls import allow_stock_clients
from simulator.ota_server import made_credentials
from tests.helpers import luatwin

pytestmark = pytest.mark.real

LEGACY = "ssl_protocols TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT:@SECLEVEL=0;"
QUESTION = "if ($arg_commit = '') { return 470; } if ($arg_commit ~* ^0123) { return 471; }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an image as what a web server sends for ``/``, and with a certificate."""
    assert luatwin("image", "build", tmp_path / "index", "--size", "64K", "--commit", "0123456789" * 4).code == 0
    credentials = made_credentials()
    (tmp_path / "cert.pem").write_bytes(credentials.chain)
    (tmp_path / "key.pem").write_bytes(credentials.key)
    return tmp_path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def nginx(folder: Path, in_server: str = "", in_location: str = "") -> Iterator[str]:
    """Run nginx with its defaults and a line more, and yield its URL."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program, "nginx is missing: apt-get install nginx-light"
    port = free_port()
    (folder / "nginx.conf").write_text(
        f"""
        {"user root;" if os.geteuid() == 0 else ""} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
        events {{}}
        http {{
            access_log off; default_type application/octet-stream;
            client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
            uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
            server {{
                listen 127.0.0.1:{port} ssl; {in_server}
                ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
                root {folder}; index index;
                location / {{ {in_location} }}
            }}
        }}
        """
    )
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield f"https://127.0.0.1:{port}"
        finally:
            process.terminate()


@contextmanager
def python_server(folder: Path) -> Iterator[str]:
    """Run the server of Python's standard library behind TLS that a board can speak."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    allow_stock_clients(context)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    (folder / "index").rename(folder / "index.html")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def rows_of(url: str) -> tuple[int, dict[str, dict[str, Any]]]:
    finished = luatwin("check-server", url, "--json")
    return finished.code, {row["what"]: row for row in json.loads(finished.out)["findings"]}


def failing(rows: dict[str, dict[str, Any]]) -> set[str]:
    return {what for what, row in rows.items() if row["verdict"] == "fails"}


def test_nginx_as_it_comes_speaks_no_tls_that_a_board_speaks(folder: Path) -> None:
    with nginx(folder) as url:
        code, rows = rows_of(url)
    assert code == 1
    assert failing(rows) == {"TLS version", "newest commit"}, "and a file is always the newest"
    assert rows["TLS version"]["found"] in ("no TLS 1.1 (TLSv1.3 works)", "no TLS 1.1 (TLSv1.2 works)")
    assert rows["image"]["verdict"] == "ok", "what can be looked at in another way is"


def test_nginx_can_be_set_up_so_that_a_board_can_be_updated(folder: Path) -> None:
    with nginx(folder, LEGACY + QUESTION) as url:
        code, rows = rows_of(url)
    assert (code, failing(rows)) == (0, set())


def test_nginx_that_compresses_sends_what_no_board_can_read(folder: Path) -> None:
    with nginx(folder, LEGACY + QUESTION, "add_header Content-Encoding gzip;") as url:
        code, rows = rows_of(url)
    assert (code, failing(rows)) == (1, {"body"})


def test_a_server_with_several_names_that_needs_to_be_told_which_is_found_out(folder: Path) -> None:
    with nginx(folder, f"{LEGACY} server_name other.example; ssl_reject_handshake on;") as url:
        code, rows = rows_of(url)
    assert code == 1
    assert "TLS version" in failing(rows)


def test_the_server_of_python_writes_a_header_that_no_board_sees(folder: Path) -> None:
    with python_server(folder) as url:
        code, rows = rows_of(url)
    assert code == 1
    assert failing(rows) == {"newest commit"}
    assert (rows["Content-Type"]["verdict"], rows["Content-Type"]["found"]) == ("note", "written Content-type")
