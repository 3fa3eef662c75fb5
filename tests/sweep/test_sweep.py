"""What a sweep finds: nothing where nothing is wrong, and what was broken on purpose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulator.boards.schema import Profile
from simulator.boot import ResetReason
from simulator.errors import UsageError
from simulator.faults import parse_fault
from simulator.flash import parse_cut
from simulator.formats.nvs import ItemType
from simulator.formats.otadata import OtaData, SelectEntry
from simulator.nvs.page import Query
from simulator.nvs.storage import Storage
from simulator.session import run_session
from simulator.setting import Request
from simulator.sweep import Plan, Sweep, SweepReport, Torn
from simulator.sweep.sweep import BaseRunError
from simulator.units import KIB, NS_PER_S
from tests.helpers import ROOT

UPDATE = ROOT / "lua" / "demo" / "ota.lua"
COUNT_STARTS = 'nvs.write("app", "starts", nvs.read("app", "starts", 0) + 1)'


def updating(**options: Any) -> Request:
    return Request(script=UPDATE, image_bytes=32 * KIB, **options)


def swept(request: Request, plan: Plan | None = None, **options: Any) -> SweepReport:
    return Sweep(request, **options).run(plan or Plan())


def test_every_cut_of_a_stock_update_leaves_a_board_that_starts_and_updates_itself() -> None:
    report = swept(updating())
    assert report.operations == 52
    assert report.cuts == 5 * 52
    assert (report.total("old"), report.total("new")) == (report.cuts - 1, 1), "new only when otadata is whole"
    assert report.total("completed") == report.cuts
    assert (report.broken, report.failures, report.exit_code) == (0, [], 0)


def test_a_second_cut_in_any_run_after_a_first_one_does_no_harm_either() -> None:
    report = swept(updating(), Plan(depth=2, window="activation"))
    first, second = report.levels
    assert first.rows["otadata"]["operations"] == 2
    assert second.total("cuts") > 1000
    assert report.broken == 0


def test_what_is_known_is_what_would_be_computed() -> None:
    request, plan = updating(profile="hardened"), Plan(operations=(8, 19))
    pruned, whole = (swept(request, plan, prunes=prunes, torn=Torn(())) for prunes in (True, False))
    assert pruned.levels == whole.levels
    assert pruned.recoveries < pruned.cuts


def test_that_holds_for_bits_that_read_another_way_each_time() -> None:
    plan, torn = Plan(window="activation"), Torn((0.25, 0.75), ("weak",))
    pruned, whole = (swept(updating(), plan, prunes=prunes, torn=torn) for prunes in (True, False))
    assert pruned.levels == whole.levels
    assert pruned.recoveries < pruned.cuts


def test_a_script_that_cannot_start_twice_is_found() -> None:
    chunk = f'if nvs.exists("app", "starts") then error("I was here before") end {COUNT_STARTS}'
    report = swept(Request(chunk=chunk))
    assert report.exit_code == 3
    assert {problem for failure in report.failures for problem in failure.problems} == {
        "script error: /autorun.lua:1: I was here before"
    }


def test_a_value_that_is_erased_before_the_new_one_is_written_is_found_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Storage.write_blob

    def wrong(self: Storage, namespace: int, key: bytes, data: bytes) -> None:
        query = Query(namespace, ItemType.BLOB_INDEX, key)
        found = self.find(query)
        if found is not None:
            found.page.erase_item(query)
        right(self, namespace, key, data)

    request = Request(chunk=f"{COUNT_STARTS} {COUNT_STARTS}")
    assert swept(request).broken == 0
    monkeypatch.setattr(Storage, "write_blob", wrong)
    report = swept(request)
    assert report.total("lost")
    assert report.failures[0].problems == ("nvs: app.starts is gone",)


@pytest.mark.parametrize("profile", ["stock", "hardened"])
def test_a_board_whose_power_is_cut_while_it_runs_does_what_the_sweep_says(profile: Profile) -> None:
    """The sweep makes the state from the journal; the other board has a chip that fails, and power again after 1 s."""
    request = updating(profile=profile)
    sweep = Sweep(request)
    for cut in ("0:before", "7:torn:0.5", "15:after", "18:torn:0.25", "20:torn:0.75", "21:after", "23:torn:0.5"):
        _, verdict = sweep.examine((parse_cut(cut),))
        live = run_session(replace(request, faults=(parse_fault(f"power-cut@flash-op:{cut}"),)), heard=_ignore)
        labels = [boot.label for boot in live.boots]
        back = [boot.reason for boot in live.boots].index(ResetReason.POWERON_RESET, 1)
        assert verdict.recovery is not None
        assert (labels[back], tuple(labels[back:])) == (verdict.boot.label, verdict.recovery.boots), cut
        assert live.boots[-1].commit == verdict.recovery.commit


def _ignore(_console: bytes) -> None:
    """Hear nothing."""


def test_one_cut_is_told_in_full() -> None:
    failure, verdict = Sweep(updating()).examine((parse_cut("51:after"),))
    assert failure.operation == "program 32 bytes at 0x8f000 (otadata)"
    assert failure.boots == (
        "ota_0 (new): otadata[0] selects ota_0 (sequence 1, UNDEFINED), and otadata[1] is erased; ota_0 is started"
    )
    assert verdict.recovery is not None
    assert verdict.recovery.boots == ("ota_0",)
    assert verdict.problems == ()


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (Plan(operations=(3, 2)), "--ops 3-2: the run without a cut has the operations 0 to 51"),
        (Plan(operations=(0, 52)), "--ops 0-52: the run without a cut has the operations 0 to 51"),
    ],
)
def test_operations_that_are_not_there_cannot_be_cut(plan: Plan, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        swept(updating(), plan)


def test_a_cut_that_is_not_there_cannot_be_examined() -> None:
    sweep = Sweep(updating())
    with pytest.raises(UsageError, match="the run without a cut has the operations 0 to 51"):
        sweep.examine((parse_cut("52:before"),))
    with pytest.raises(UsageError, match="the run after 51:after has no flash operation"):
        sweep.examine((parse_cut("51:after"), parse_cut("0:before")))


def test_a_run_that_changes_nothing_or_does_not_end_cannot_be_swept() -> None:
    with pytest.raises(UsageError, match="nothing to cut"):
        swept(Request(chunk="print(1)"))
    with pytest.raises(UsageError, match="no update is started"):
        swept(Request(chunk=COUNT_STARTS), Plan(window="activation"))
    with pytest.raises(BaseRunError, match="does not end") as error:
        Sweep(Request(chunk="while true do tmr.delay(1) end", timeout_ns=NS_PER_S))
    assert error.value.exit_code == 42


def test_torn_operations_come_as_far_as_they_are_said_to() -> None:
    report = swept(updating(), torn=Torn((0.5,), ("prefix", "bits", "zeros")))
    erases = 18 + 1  # of the slot, which is erased whole, and of otadata
    assert report.cuts == (report.operations - erases) * 4 + erases * 5
    assert report.broken == 0


def test_a_hardened_update_survives_a_cut_in_its_trial_and_another_one_in_the_next() -> None:
    """It is rolled back both times, and the firmware is still not refused."""
    started = (21, 22)  # the bootloader notes that the update was started, and then the update confirms itself
    report = swept(updating(profile="hardened"), Plan(depth=2, operations=started), torn=Torn(()))
    assert report.levels[0].rows["otadata"]["falls back"]
    assert report.levels[1].rows["otadata"]["falls back"]
    assert report.total("completed") == report.cuts


def test_bits_that_read_another_way_each_time_do_no_harm() -> None:
    for profile in ("stock", "hardened"):
        report = swept(updating(profile=profile), Plan(window="activation"), torn=Torn(patterns=("weak",)))
        assert report.broken == 0


@pytest.fixture
def updated_once(tmp_path: Path) -> Request:
    """Ask for the second update of a board, from ota_0 to ota_1; in its factory slot is something older than both."""
    request = updating(flash=tmp_path / "flash.bin")
    run_session(request, heard=_ignore)
    return request


def test_what_starts_is_what_was_selected_or_is_about_to_be(updated_once: Request) -> None:
    report = swept(updated_once)
    assert report.levels[0].rows["ota_1"]["cuts"] > 200
    assert (report.total("falls back"), report.broken) == (0, 0)


def test_an_update_that_overwrites_the_selection_it_comes_from_is_found(
    updated_once: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = OtaData.next_write

    def wrong(self: OtaData, slot: int, count: int, *, rollback: bool) -> tuple[int, SelectEntry]:
        index, entry = right(self, slot, count, rollback=rollback)
        active = self.active()
        return index if active is None else active, entry

    monkeypatch.setattr(OtaData, "next_write", wrong)
    report = swept(updated_once)
    assert report.exit_code == 3
    assert {problem for failure in report.failures for problem in failure.problems} == {
        "factory is started, which was not selected and was not about to be"
    }


def test_rollback_may_fall_back_to_an_app_that_was_not_selected() -> None:
    """Bootloader and app rewrite the entry in place when the state of an app changes, as ESP-IDF does."""
    report = swept(updating(profile="hardened"))
    assert report.levels[0].rows["otadata"]["falls back"]
    assert report.total("falls back") == report.levels[0].rows["otadata"]["falls back"]
    assert report.broken == 0
