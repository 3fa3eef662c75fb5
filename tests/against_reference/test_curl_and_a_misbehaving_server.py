"""``luatwin serve --fault``, seen by curl: what is on the wire is what the fault is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import luatwin, run_process
from tests.serve_process import serving

pytestmark = pytest.mark.real

QUESTION = "/?firmware=N1ESP32-OTA&commit=" + "0" * 40
PARTIAL, RESET, TLS_FAILED = 18, 56, 35
"""What curl exits with: a file that is too short, a reset, a handshake that failed."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert luatwin("image", "build", tmp_path / "next.bin", "--size", "64K").code == 0
    return tmp_path


def fetch(folder: Path, fault: str, *options: str) -> tuple[int, str, bytes]:
    """Return curl's exit code, the head of the answer, and the body."""
    with serving("--firmware", folder, "--port", "0", "--fault", fault) as server:
        finished = run_process(
            *("curl", "--insecure", "--silent", "--max-time", "20", *options),
            *("--dump-header", folder / "head", "--output", folder / "body", server.url + QUESTION),
        )
    head, body = folder / "head", folder / "body"
    return (
        finished.returncode,
        head.read_text() if head.exists() else "",
        body.read_bytes() if body.exists() else b"",
    )


@pytest.mark.parametrize("fault", ["no-length", "chunked", "lower-case-headers"])
def test_what_http_allows_is_no_trouble_for_curl(fault: str, folder: Path) -> None:
    code, head, body = fetch(folder, fault)
    assert (code, body) == (0, (folder / "next.bin").read_bytes())
    assert ("Transfer-Encoding: chunked" in head) == (fault == "chunked")
    assert ("content-type: application/octet-stream" in head) == (fault == "lower-case-headers")
    assert ("content-length" in head.lower()) == (fault == "lower-case-headers")


@pytest.mark.parametrize(
    ("fault", "exit_codes", "length"),
    [
        ("truncate-clean@50%", {PARTIAL, RESET}, 32 * 1024),
        ("truncate-reset@byte:20000", {RESET}, 20_000),
        ("wrong-length", {PARTIAL}, 64 * 1024 - 16),
    ],
)
def test_an_image_that_ends_early_ends_where_it_was_to(
    fault: str, exit_codes: set[int], length: int, folder: Path
) -> None:
    code, _, body = fetch(folder, fault)
    image = (folder / "next.bin").read_bytes()
    assert code in exit_codes
    assert body == image[: len(body)]
    assert abs(len(body) - length) <= 32


def test_a_flipped_bit_is_one_bit_at_its_place(folder: Path) -> None:
    code, _, body = fetch(folder, "corrupt-byte@byte:1000")
    image = (folder / "next.bin").read_bytes()
    assert code == 0
    assert [(at, a ^ b) for at, (a, b) in enumerate(zip(image, body, strict=True)) if a != b] == [(1000, 1)]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("http-500", "500"),
        ("http-404", "404"),
        ("redirect", "302"),
        ("empty-200", "200"),
        ("wrong-content-type", "200"),
    ],
)
def test_another_answer_is_what_is_answered(fault: str, status: str, folder: Path) -> None:
    code, head, body = fetch(folder, fault)
    assert code == 0
    assert head.split()[1] == status
    assert body != (folder / "next.bin").read_bytes()


def test_a_server_of_tls_1_3_alone_turns_older_clients_away(folder: Path) -> None:
    assert fetch(folder, "tls-too-new", "--tls-max", "1.2")[0] == TLS_FAILED
    assert fetch(folder, "tls-too-new", "--tls-max", "1.3")[0] == 0
