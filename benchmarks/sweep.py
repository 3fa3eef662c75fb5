"""Cutting the power everywhere in an update of 1 MiB, and how many boots a core can check.

Everything here is done by one process; the command shares the work between as many as there are cores.
"""

from __future__ import annotations

from benchmarks.report import Row, at_least, at_most
from benchmarks.timing import FULL, Effort, cpu_s, median_cpu_s
from simulator.boards.schema import Profile
from simulator.resources import data_dir
from simulator.setting import Request
from simulator.sweep import Plan, Sweep, SweepReport
from simulator.units import KIB, MIB

_AIM_S = 60
_AIM_OF_TWO_CUTS_S = 600
_CHECKS_OPERATIONS = 200


def measure(effort: Effort) -> list[Row]:
    image_bytes = 1 * MIB if effort is FULL else 64 * KIB
    rows = [_everywhere(profile, image_bytes) for profile in ("stock", "hardened")]
    return [*rows, _twice(image_bytes), _boot_checks(effort, image_bytes)]


def _request(profile: Profile, image_bytes: int) -> Request:
    return Request(script=data_dir("lua") / "demo" / "ota.lua", profile=profile, image_bytes=image_bytes)


def _timed(request: Request, plan: Plan) -> tuple[float, SweepReport]:
    reports: list[SweepReport] = []
    return cpu_s(lambda: reports.append(Sweep(request).run(plan))), reports[0]


def _everywhere(profile: Profile, image_bytes: int) -> Row:
    elapsed_s, report = _timed(_request(profile, image_bytes), Plan())
    return Row(
        what=f"power cut everywhere in an OTA of {image_bytes >> 10} KiB, {profile}",
        value=elapsed_s,
        unit="s",
        aim=at_most(_AIM_S),
        detail=_counts(report),
    )


def _twice(image_bytes: int) -> Row:
    elapsed_s, report = _timed(_request("stock", image_bytes), Plan(depth=2, window="activation"))
    return Row(
        what="the same twice: while the update is activated, then anywhere, stock",
        value=elapsed_s,
        unit="s",
        aim=at_most(_AIM_OF_TWO_CUTS_S),
        detail=_counts(report),
    )


def _counts(report: SweepReport) -> str:
    return f"{report.cuts:,} cuts, {report.recoveries:,} different recoveries, {report.broken} broken"


def _boot_checks(effort: Effort, image_bytes: int) -> Row:
    request = _request("stock", image_bytes)
    whole, pruning = Sweep(request, prunes=False).examiner, Sweep(request).examiner
    operations = whole.base.operations[-max(1, round(_CHECKS_OPERATIONS * effort.loops)) :]
    starts = [whole.base.after(cut) for operation in operations for cut in whole.torn.cuts(operation)]
    each_s, known_s = (
        elapsed_s / len(starts)
        for elapsed_s in median_cpu_s(
            effort, lambda: [whole.boot(start) for start in starts], lambda: [pruning.boot(start) for start in starts]
        )
    )
    return Row(
        what="boot checks after a cut, each computed",
        value=1 / each_s,
        unit="/s",
        aim=at_least(2000),
        detail=f"{1 / known_s:,.0f}/s if what is known is not computed again",
    )
