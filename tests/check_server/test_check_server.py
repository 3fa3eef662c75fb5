"""``luatwin check-server`` on our own server, which does one thing wrong at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import Finished, luatwin
from tests.serve_process import serving

ROWS = (
    *("address", "TLS version", "server name", "certificate", "certificate chain", "status", "Content-Type"),
    *("Content-Length", "body", "header lines", "image", "size", "firmware", "newest commit", "missing argument"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("firmware")
    assert luatwin("image", "build", path / "next.bin", "--size", "64K", "--commit", "0123456789" * 4).code == 0
    return path


def check(folder: Path, *options: str, of_server: tuple[str, ...] = ()) -> tuple[Finished, dict[str, dict[str, Any]]]:
    with serving("--firmware", folder, "--port", "0", *of_server) as server:
        finished = luatwin("check-server", server.url, "--json", *options)
    return finished, {row["what"]: row for row in json.loads(finished.out)["findings"]}


def failing(rows: dict[str, dict[str, Any]]) -> list[str]:
    return [what for what, row in rows.items() if row["verdict"] == "fails"]


def test_our_server_is_one_that_a_board_can_be_updated_by(folder: Path) -> None:
    finished, rows = check(folder)
    assert finished.code == 0
    assert tuple(rows) == ROWS
    assert {row["verdict"] for row in rows.values()} == {"ok"}
    assert rows["TLS version"]["found"].startswith("TLSv1.1, ")


@pytest.mark.parametrize(
    ("fault", "rows", "found"),
    [
        ("truncate-clean@50%", ["Content-Length", "image"], "32760 of 65520 bytes came (closed without close_notify)"),
        ("truncate-reset@50%", ["Content-Length", "image"], "32760 of 65520 bytes came (broken)"),
        ("wrong-length", ["Content-Length"], "65520 of 69616 bytes came (close_notify)"),
        ("no-length", ["Content-Length"], "none"),
        ("lower-case-headers", ["Content-Length"], "written content-length"),
        ("chunked", ["Content-Length", "body", "image"], "none"),
        ("empty-200", ["Content-Length", "image"], "0"),
        ("wrong-content-type", ["Content-Type", "image"], "text/html; charset=utf-8"),
        ("redirect", ["status"], "302 to http://portal.example/login"),
        ("http-404", ["status"], "404"),
        ("http-500", ["status"], "500"),
        ("corrupt-byte@50%", ["image"], "checksum is "),
        ("wrong-board", ["firmware"], "for ESP32THING-OTA"),
        ("replay", ["newest commit"], "200"),
        ("tls-too-new", ["TLS version"], "no TLS 1.1 (TLSv1.3 works)"),
    ],
)
def test_what_a_server_does_wrong_is_named(fault: str, rows: list[str], found: str, folder: Path) -> None:
    finished, seen = check(folder, of_server=("--fault", fault))
    assert finished.code == 1
    assert failing(seen) == rows
    assert seen[rows[0]]["found"].startswith(found)
    assert seen[rows[0]]["why"] or fault == "corrupt-byte@50%"


@pytest.mark.parametrize("fault", ["tls-expired", "tls-wrong-host", "tls-untrusted"])
def test_a_bad_certificate_is_good_enough_for_a_board(fault: str, folder: Path) -> None:
    assert check(folder, of_server=("--fault", fault))[0].code == 0


def test_an_image_that_is_too_large_for_the_board_is_named(folder: Path) -> None:
    _, rows = check(folder, "--board", "N1ESP32")
    assert rows["status"]["found"] == "470", "N1ESP32 has another firmware id"
    _, rows = check(folder, "--board", "N1ESP32", "--firmware", "N1ESP32-OTA")
    assert (rows["size"]["verdict"], rows["firmware"]["verdict"]) == ("open", "fails")


def test_people_get_a_table_and_a_sentence(folder: Path) -> None:
    with serving("--firmware", folder, "--port", "0", "--fault", "redirect") as server:
        finished = luatwin("check-server", server.url)
    assert finished.code == 1
    assert "a board follows no redirect" in " ".join(finished.out.split())
    assert finished.out.endswith(f"\na board would not be updated by {server.url}\n")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://localhost:1", "'http://localhost:1': write https://HOST[:PORT]; a board speaks only TLS"),
        ("localhost", "'localhost': write https://HOST[:PORT]"),
        ("https://localhost/path", "write https://HOST[:PORT] alone"),
        ("https://localhost:99999", "Port out of range"),
    ],
)
def test_what_is_no_address_of_a_server_is_bad_usage(url: str, message: str) -> None:
    finished = luatwin("check-server", url)
    assert finished.code == 2
    assert message in finished.err


def test_nobody_there_is_a_row_of_its_own() -> None:
    finished = luatwin("check-server", "https://127.0.0.1:1", "--json")
    assert finished.code == 1
    (row,) = json.loads(finished.out)["findings"]
    assert (row["what"], row["verdict"]) == ("address", "fails")
