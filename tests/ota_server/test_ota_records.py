"""The access log and the counts."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.ota_protocol import Catalogue, Firmware
from simulator.ota_server import AccessLog, Metrics
from simulator.ota_server.records import Record

NOW = datetime(2026, 11, 24, 10, 18, 21, tzinfo=UTC)


def record(**fields: Any) -> Record:
    usual: dict[str, Any] = {
        "address": "192.0.2.7", "tls": "TLSv1.1", "method": "GET", "target": "/?firmware=A&commit=0000000",
        "agent": None, "status": 200, "sent_bytes": 1000, "complete": True, "seconds": 1.23456, "firmware": "A",
        "commit": "0000000", "offered": "abc",
    }  # fmt: skip
    return Record(**{**usual, **fields})


def line(form: Any, **fields: Any) -> str:
    file = io.StringIO()
    AccessLog(file, form, lambda: NOW)(record(**fields))
    return file.getvalue()


def test_the_combined_form_is_the_one_of_web_servers() -> None:
    assert line("combined", agent="curl") == (
        '192.0.2.7 - - [24/Nov/2026:10:18:21 +0000] "GET /?firmware=A&commit=0000000 HTTP/1.1" 200 1000 "-" "curl"\n'
    )
    assert line("combined", method=None, target=None, status=None, sent_bytes=0) == (
        '192.0.2.7 - - [24/Nov/2026:10:18:21 +0000] "-" - 0 "-" "-"\n'
    )


@pytest.mark.parametrize("evil", ['/" 200 1 "', "/\nfake line", "/\\", "/\x1b[2J"])
def test_nobody_can_write_lines_of_his_own_into_the_log(evil: str) -> None:
    assert line("combined", target=evil).count("\n") == 1
    assert line("combined", target=evil).count('"') == 6
    assert "\x1b" not in line("combined", target=evil)
    assert json.loads(line("json", target=evil))["target"] == evil


def test_the_json_form_has_everything() -> None:
    row = json.loads(line("json"))
    assert row["time"] == "2026-11-24T10:18:21.000+00:00"
    assert row["seconds"] == 1.235
    assert set(row) == {"time", *Record.__dataclass_fields__}


def test_prometheus_can_read_the_counts() -> None:
    metrics = Metrics()
    metrics(record())
    metrics(record(complete=False, sent_bytes=10))
    metrics(record(status=471, offered=None, sent_bytes=5))
    metrics(record(status=None, offered=None, sent_bytes=0))
    catalogue = Catalogue()
    catalogue.publish(Firmware(ids=("A", "B"), commit="abc", image=bytes(7)))
    rows = metrics.text(open_connections=3, evicted=4, catalogue=catalogue).splitlines()
    assert [row for row in rows if not row.startswith("#")] == [
        'luatwin_ota_answers_total{status="200"} 2',
        'luatwin_ota_answers_total{status="471"} 1',
        'luatwin_ota_downloads_total{end="broken"} 1',
        'luatwin_ota_downloads_total{end="complete"} 1',
        "luatwin_ota_sent_bytes_total 1015",
        "luatwin_ota_silent_connections_total 1",
        "luatwin_ota_evicted_connections_total 4",
        "luatwin_ota_open_connections 3",
        'luatwin_ota_firmware{firmware="A",commit="abc"} 7',
        'luatwin_ota_firmware{firmware="B",commit="abc"} 7',
    ]
    names = {row.partition(" ")[0].partition("{")[0] for row in rows if not row.startswith("#")}
    assert {row.split()[2] for row in rows if row.startswith("# TYPE")} == names
