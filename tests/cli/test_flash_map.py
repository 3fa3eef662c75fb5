"""The picture of a chip on a terminal: colours, blocks, names beside the rows, and what is worn."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from simulator.cli.flash_map import print_map
from simulator.errors import UsageError
from simulator.flash.timing import ENDURANCE_ERASES
from simulator.flash_file import read_wear, wear_file, write_wear
from simulator.formats import ImageState, OtaData, SelectEntry
from simulator.inspection import inspect_flash
from simulator.testing import build_flash, small_firmware

OTADATA = OtaData().with_entry(0, SelectEntry.make(1, ImageState.UNDEFINED)).to_bytes()
FLASH = build_flash({"factory": small_firmware(), "ota_0": small_firmware(), "otadata": OTADATA})
UNDERLINED = "\x1b[4;"


def drawn(erase_counts: list[int] | None, *, terminal: bool = True) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120, color_system="standard" if terminal else None)
    print_map(console, Path("f.bin"), inspect_flash(FLASH), erase_counts)
    return out.getvalue()


def counts(**by_sector: int) -> list[int]:
    worn = [0] * (len(FLASH) // 4096)
    for sector, erases in by_sector.items():
        worn[int(sector[1:], 16)] = erases
    return worn


def test_a_terminal_shows_blocks_and_names_what_begins_in_a_row() -> None:
    rows = [line for line in drawn(None).splitlines() if line.startswith("\x1b[2m0x")]
    assert len(rows) == 16
    assert all(row.count("█") + row.count("░") == 64 for row in rows)
    assert "ota_0" in next(row for row in rows if "0x100000" in row)
    assert "(runs)" in next(row for row in rows if "0x100000" in row)
    assert "(next update)" in next(row for row in rows if "0x200000" in row)


def test_worn_sectors_are_underlined_and_tired_ones_are_red() -> None:
    assert UNDERLINED not in drawn(counts()).split("worn", 1)[1]
    assert UNDERLINED in drawn(counts(s110=1)).split("worn", 1)[1]
    tired = drawn(counts(s110=ENDURANCE_ERASES // 10))
    assert "\x1b[1;4;31m█" in tired


def test_the_busiest_sector_is_told_with_its_share_of_life() -> None:
    assert "The busiest sector, at 0xd000 in otadata, was erased 250 times: 0.250% of its life." in drawn(
        counts(sd=250)
    )
    assert "was erased 1 time:" in drawn(counts(sd=1), terminal=False)


def test_nobody_knows_the_wear_of_a_chip_that_was_only_read() -> None:
    plain = drawn(None, terminal=False)
    assert "How worn the chip is cannot be read from it" in plain
    assert "worn" not in plain.split("area", 1)[1].split("\n")[0]
    assert "\x1b[" not in plain


def test_wear_is_read_as_it_was_written_and_only_from_our_own_files(tmp_path: Path) -> None:
    file = tmp_path / "f.bin"
    assert read_wear(file, sector_count=1024) is None
    write_wear(file, [0] * 1024)
    assert not wear_file(file).exists()
    write_wear(file, counts(sd=3, s10=70_000))
    assert read_wear(file, sector_count=1024) == counts(sd=3, s10=70_000)
    with pytest.raises(UsageError, match="does not fit a chip of 16 sectors"):
        read_wear(file, sector_count=16)
    for text in ("", "[]", '{"erase_counts": 1}', '{"erase_counts": {"x": 1}}', '{"erase_counts": {"1": null}}'):
        wear_file(file).write_text(text)
        with pytest.raises(UsageError, match="holds no erase counts"):
            read_wear(file, sector_count=1024)
