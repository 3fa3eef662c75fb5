"""Our eFuse files against espefuse, the tool that burns the eFuses of real boards: it reads ours, we read its."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.efuses import READ_PROTECT_BLOCK2, WRITE_PROTECT_BLOCK2, Efuses, Fuse
from tests.helpers import run_python
from tests.signatures.signing_keys import V2, V2_PEM

pytestmark = pytest.mark.real

MAC = bytes.fromhex("30aea4c38694")


def espefuse(file: Path, *arguments: str | Path) -> str:
    """Run espefuse on a virtual chip that has its eFuses in ``file``; it must succeed."""
    chip = ("--chip", "esp32", "--virt", "--path-efuse-file", file, "--do-not-confirm")
    finished = run_python("-m", "espefuse", *chip, *arguments)
    assert "No module named espefuse" not in finished.stderr, "espefuse is missing: pip install 'esptool>=5.1,<6'"
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def fields(file: Path) -> dict[str, Any]:
    """Return all that espefuse has to say about every field."""
    output = file.with_suffix(".json")
    espefuse(file, "summary", "--format", "json", "--file", output)
    found: dict[str, Any] = json.loads(output.read_text())
    return found


def written(efuses: Efuses, folder: Path) -> Path:
    file = folder / "efuses.bin"
    file.write_bytes(efuses.to_bytes())
    return file


def test_espefuse_reads_what_we_burn(tmp_path: Path) -> None:
    efuses = Efuses.manufactured(MAC, 3)
    efuses.burn_secure_version(3)
    for fuse in (Fuse.ABS_DONE_1, Fuse.CONSOLE_DEBUG_DISABLE, Fuse.JTAG_DISABLE, Fuse.UART_DOWNLOAD_DIS):
        efuses.burn(fuse, 1)
    efuses.burn(Fuse.BLOCK2, int.from_bytes(V2.public.data, "little"))
    shown = {name: field["value"] for name, field in fields(written(efuses, tmp_path)).items()}
    assert shown["MAC"].startswith("30:ae:a4:c3:86:94 (CRC 0x99 OK)")
    assert shown["WAFER_VERSION_MAJOR"] == 3
    assert shown["SECURE_VERSION"] == 0b111
    assert shown["BLOCK2"] == V2.public.data.hex(" ")
    flags = {name for name, value in shown.items() if value is True}
    assert {"ABS_DONE_1", "CONSOLE_DEBUG_DISABLE", "JTAG_DISABLE", "UART_DOWNLOAD_DIS"} <= flags
    assert not flags & {"ABS_DONE_0", "DISABLE_APP_CPU", "DISABLE_BT"}


def test_espefuse_sees_what_we_protect(tmp_path: Path) -> None:
    efuses = Efuses()
    efuses.burn(Fuse.RD_DIS, READ_PROTECT_BLOCK2)
    efuses.burn(Fuse.WR_DIS, WRITE_PROTECT_BLOCK2)
    shown = fields(written(efuses, tmp_path))
    access = {name: (shown[name]["readable"], shown[name]["writeable"]) for name in ("BLOCK1", "BLOCK2")}
    assert access == {"BLOCK1": (True, True), "BLOCK2": (False, False)}


def test_we_read_what_espefuse_burns(tmp_path: Path) -> None:
    file = written(Efuses.manufactured(MAC, 1), tmp_path)
    espefuse(file, "burn-efuse", "SECURE_VERSION", "0x1f", "ABS_DONE_0", "1", "FLASH_CRYPT_CNT", "1")
    key = tmp_path / "key.bin"
    key.write_bytes(bytes(range(32)))
    espefuse(file, "burn-key", "--no-protect-key", "secure_boot_v1", key)
    efuses = Efuses.from_bytes(file.read_bytes())
    assert efuses.secure_version() == 5
    assert efuses.read(Fuse.ABS_DONE_0) == 1
    assert efuses.read(Fuse.ABS_DONE_1) == 0
    assert efuses.read(Fuse.FLASH_CRYPT_CNT) == 1
    assert efuses.secure_boot_key() == bytes(range(32))
    assert (efuses.mac, efuses.is_mac_good) == (MAC, True)


def test_a_digest_that_espefuse_burns_is_the_one_of_the_key(tmp_path: Path) -> None:
    file = written(Efuses.manufactured(MAC, 3), tmp_path)
    key = tmp_path / "key.pem"
    key.write_bytes(V2_PEM)
    espefuse(file, "burn-key-digest", key)
    efuses = Efuses.from_bytes(file.read_bytes())
    assert efuses.block2() == V2.public.data
    before = efuses.read(Fuse.BLOCK2)
    efuses.burn(Fuse.BLOCK2, 2**256 - 1)
    assert efuses.read(Fuse.BLOCK2) == before, "espefuse protects the digest against writing"
