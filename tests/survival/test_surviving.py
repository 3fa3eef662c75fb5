"""What a board must come through, what it is excused for, and what is found if it does not."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.boot.ota import Ota
from simulator.chaos import Plan, draw_plan
from simulator.errors import UsageError
from simulator.faults import parse_fault
from simulator.flash import PartitionView, WriteGuard
from simulator.formats.nvs import ItemType
from simulator.formats.partition_table import Partition
from simulator.network.redirect import ServerAddress
from simulator.nvs.page import Query
from simulator.nvs.storage import Storage
from simulator.setting import Request
from simulator.survival import Arena, run_seeds, smallest_plan
from simulator.sweep.sweep import BaseRunError
from simulator.units import KIB, NS_PER_S
from simulator.world import World
from tests.helpers import ROOT

UPDATE = ROOT / "lua" / "demo" / "ota.lua"
LOGGER = ROOT / "scenarios" / "power" / "updating_logger.lua"
WITH_LITTLEFS = "WHITECAT-ESP32-LORA-GW-OTA"


def updating(**options: Any) -> Request:
    return Request(**{"script": UPDATE, "image_bytes": 32 * KIB, **options})


def plan_of(*texts: str) -> Plan:
    return tuple(map(parse_fault, texts))


def promises(arena: Arena, *faults: str) -> list[str]:
    return [broken.promise for broken in arena.run(plan_of(*faults)).broken]


# -- boards that keep their promises ------------------------------------------------------------------------------


def test_a_board_to_which_nothing_happens_updates_itself_twice_and_once_more_when_all_is_over() -> None:
    survival = Arena(updating()).run(())
    assert (survival.broken, survival.unrest, survival.in_part) == ((), "", ())
    assert [boot.label for boot in survival.report.boots] == ["factory", "ota_0", "ota_1", "ota_1", "ota_0"]
    assert len({boot.commit for boot in survival.report.boots}) == 4


def test_the_course_of_a_run_tells_what_there_is_to_spoil() -> None:
    course = Arena(updating(profile="hardened")).course
    assert course.profile == "hardened"
    assert course.image_bytes <= 32 * KIB
    assert course.operations > sum(map(len, course.decisive)) > 2
    assert Arena(Request(chunk="print(1)")).course.image_bytes == 0


@pytest.mark.parametrize("profile", ["stock", "hardened"])
@pytest.mark.parametrize("board", ["N1ESP32-OTA", WITH_LITTLEFS], ids=["spiffs", "lfs"])
def test_a_board_that_writes_all_the_time_survives_whatever_is_drawn(board: str, profile: Any) -> None:
    arena = Arena(updating(script=LOGGER, board=board, profile=profile))
    for seed in range(6):
        survival = arena.run(draw_plan(seed, arena.course))
        assert survival.broken == (), [fault.text for fault in survival.plan]


def test_a_stock_board_that_hangs_is_excused_for_that_but_must_be_whole_when_its_power_comes_back() -> None:
    survival = Arena(updating()).run(plan_of("truncate-clean@50%"))
    assert survival.unrest == "net.ota(): closed without close_notify; the loop never ends"
    assert survival.remarks == [f"the board did not come to rest when all was lifted: {survival.unrest}"]
    assert survival.broken == ()
    assert survival.report.boots[-1].label != "factory"


def test_a_hardened_board_does_not_hang() -> None:
    survival = Arena(updating(profile="hardened")).run(plan_of("truncate-clean@50%", "truncate-clean@70%"))
    assert (survival.broken, survival.unrest) == ((), "")


def test_faults_that_come_late_are_waited_for() -> None:
    survival = Arena(Request(chunk="print(1)")).run(plan_of("power-cut@30s+20s", "reset@70s"))
    assert survival.broken == ()
    assert len(survival.report.boots) == 4
    assert survival.report.simulated_ns > 70 * NS_PER_S


def test_a_fault_that_lasts_for_ever_is_lifted() -> None:
    survival = Arena(updating()).run(plan_of("ap-down@0s", "http-500", "dhcp-timeout"))
    assert survival.broken == ()
    assert survival.report.boots[-1].label == "ota_1" or len(survival.report.boots) > 1


def test_what_spiffs_has_half_written_is_told_but_nothing_else_may_be_touched() -> None:
    arena = Arena(Request(chunk='local f = io.open("/a", "w") for i = 1, 40 do f:write(("x"):rep(400)) end f:close()'))
    outcomes = [arena.run(plan_of(f"power-cut@flash-op:{number}:torn:0.5")) for number in range(0, 120, 10)]
    assert all(survival.broken == () for survival in outcomes)
    assert {name for survival in outcomes for name in survival.in_part} <= {"/a"}


# -- boards that break them ---------------------------------------------------------------------------------------

TWICE = 'nvs.write("app", "n", 1) nvs.write("app", "n", 2)'


def erase_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let NVS erase the old value before it writes the new one."""
    right = Storage.write_blob

    def wrong(self: Storage, namespace: int, key: bytes, data: bytes) -> None:
        query = Query(namespace, ItemType.BLOB_INDEX, key)
        found = self.find(query)
        if found is not None:
            found.page.erase_item(query)
        right(self, namespace, key, data)

    monkeypatch.setattr(Storage, "write_blob", wrong)


def test_a_value_that_is_gone_for_a_moment_is_found_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Arena(Request(chunk=TWICE))
    (numbers,) = right.course.decisive
    assert not any(promises(right, f"power-cut@flash-op:{number}:torn") for number in numbers)
    erase_first(monkeypatch)
    wrong = Arena(Request(chunk=TWICE))
    found = {
        broken.why
        for number in wrong.course.decisive[0]
        for broken in wrong.run(plan_of(f"power-cut@flash-op:{number}")).broken
    }
    assert found == {"nvs: app.n is gone"}


def test_from_a_plan_that_fails_the_smallest_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    erase_first(monkeypatch)
    arena = Arena(Request(chunk=TWICE))
    guilty = next(number for number in arena.course.decisive[0] if promises(arena, f"power-cut@flash-op:{number}"))
    plan = plan_of(
        *("slow@2s+300ms", "reset@3s", f"power-cut@flash-op:{guilty}:before+7654ms", "ap-down@1234ms+5s"),
        *("brownout@9s", f"power-cut@flash-op:{guilty + 30}:after"),
    )
    broken = arena.run(plan).broken
    smallest, runs = smallest_plan(arena, plan, broken)
    assert [fault.text for fault in smallest] == [f"power-cut@flash-op:{guilty}:before+1s"]
    assert runs < 40
    assert arena.run(smallest).broken[0].why == broken[0].why == "nvs: app.n is gone"


def test_an_update_after_which_neither_entry_of_otadata_counts_for_a_moment_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = PartitionView.erase

    def wrong(self: PartitionView, offset: int, length: int) -> None:
        if self.partition.label == "otadata":
            offset, length = 0, self.partition.size
        right(self, offset, length)

    monkeypatch.setattr(PartitionView, "erase", wrong)
    arena = Arena(updating())
    found = [broken for seed in range(16) for broken in arena.run(draw_plan(seed, arena.course)).broken]
    assert {broken.why for broken in found} == {"factory is started, which was not selected and was not about to be"}
    assert {broken.promise for broken in found} == {"boots"}


def test_an_update_over_the_running_app_is_found_bricking(monkeypatch: pytest.MonkeyPatch) -> None:
    def running(self: Ota) -> Partition:
        return self.running

    monkeypatch.setattr(Ota, "next_update_partition", running)
    monkeypatch.setattr(WriteGuard, "check", lambda *_: None)
    arena = Arena(updating(factory_partition=False, profile="hardened"))
    assert "boots" in promises(arena, "power-cut@flash-op:3:after")


def test_a_board_that_finds_no_way_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "lift_faults", lambda _self: None)
    arena = Arena(updating())
    (broken,) = arena.run(plan_of("http-500")).broken
    assert broken.promise == "recovers"
    assert "factory runs with commit" in broken.why
    (broken,) = arena.run(plan_of("dhcp-timeout")).broken
    assert "does not come to rest within" in broken.why


def test_a_script_that_cannot_start_twice_is_found() -> None:
    arena = Arena(Request(chunk='if nvs.exists("app", "n") then error("again") end nvs.write("app", "n", 1)'))
    (broken,) = arena.run(()).broken
    assert (broken.promise, broken.why) == ("recovers", "script error: /autorun.lua:1: again")


# -- seeds --------------------------------------------------------------------------------------------------------


def test_seeds_come_to_the_same_in_one_process_and_in_two_and_twice() -> None:
    arena = Arena(updating())
    seeds = range(5)
    one, two, again = (list(run_seeds(arena, seeds, jobs=jobs)) for jobs in (1, 2, 1))
    assert one == two == again
    assert [result.seed for result in one] == list(seeds)
    assert len({result.plan for result in one}) == len(seeds)


def test_faults_that_were_asked_for_come_on_top_of_those_that_are_drawn() -> None:
    always = plan_of("reset@500ms")
    arena = Arena(Request(chunk="print(1)"))
    (with_them,) = run_seeds(arena, [3], jobs=1, always=always)
    assert with_them.plan == (*always, *draw_plan(3, arena.course))


def test_a_run_that_does_not_end_by_itself_cannot_be_judged() -> None:
    with pytest.raises(BaseRunError):
        Arena(Request(chunk="while true do tmr.delay(1) end", timeout_ns=NS_PER_S))


def test_a_real_server_is_nothing_to_play_with() -> None:
    with pytest.raises(UsageError, match="a real server does what it does"):
        Arena(updating(server=ServerAddress.parse("https://192.0.2.1")))
