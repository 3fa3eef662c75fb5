"""Where files are lost when the power is cut: nowhere on littlefs, and on SPIFFS where real SPIFFS loses them."""

from __future__ import annotations

from simulator.setting import Request
from simulator.sweep import Plan, Sweep, SweepReport, Torn
from simulator.units import KIB
from tests.helpers import ROOT

LOGGER = ROOT / "scenarios" / "power" / "logger.lua"
FILLER = ("/filler", bytes(range(256)) * 4 * 441)


def swept(board: str, first: int, last: int, *, files: tuple[tuple[str, bytes], ...] = ()) -> SweepReport:
    """Cut the logger at these operations."""
    request = Request(board=board, script=LOGGER, image_bytes=32 * KIB, files=files)
    return Sweep(request, torn=Torn((0.25,))).run(Plan(operations=(first, last)))


def test_a_logger_on_littlefs_loses_nothing_and_always_goes_on() -> None:
    report = swept("WHITECAT-ESP32-LORA-GW", 0, 45)
    assert report.levels[0].rows["storage"]["cuts"] > 80
    assert report.total("completed") == report.cuts
    assert report.broken == 0


def test_spiffs_loses_no_file_while_there_is_room_but_leaves_the_one_under_way_in_part() -> None:
    report = swept("N1ESP32", 6, 16)
    assert report.total("in part")
    assert report.broken == 0


def test_spiffs_loses_files_that_nobody_touched_while_it_collects_garbage() -> None:
    """A page that is moved is deleted before the index that lists it is written (``spiffs_gc_clean``)."""
    report = swept("N1ESP32", 380, 385, files=(FILLER,))
    assert report.total("lost")
    (problems,) = {failure.problems for failure in report.failures}
    assert problems == ("storage: /filler cannot be read: No such file or directory",)
