"""The pytest plugin ``luatwin``: fixtures ``world`` and ``board``, and scenario files as tests.

`simulator.testing.live` has what the fixtures are. Every pytest of an environment with LuaTwin imports this file, so
it imports nothing of LuaTwin before somebody needs it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from simulator.play import Verdict
    from simulator.scenario import Case, Scenario
    from simulator.testing.live import LiveBoard, LiveWorld

SUFFIX: Final = ".scenario.yaml"
_WORLD: Final = pytest.StashKey["LiveWorld"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    group = parser.getgroup("luatwin")
    group.addoption("--luatwin-seed", type=int, default=None, metavar="N", help="seed of everything random in a world")
    group.addoption(
        "--ignore-unsupported", action="store_true", help="leave out steps of scenarios that make no sense here"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Say what our marker means."""
    config.addinivalue_line(
        "markers",
        "luatwin(board, *, script, files, ...): what the fixture board is; the arguments are those of World.new_board",
    )


# -- fixtures ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[LiveWorld]:
    """A world in simulated time, which stands still while the test computes."""
    from simulator.testing.live import LiveWorld

    live = LiveWorld(seed=request.config.getoption("--luatwin-seed") or 0)
    request.node.stash[_WORLD] = live
    yield live
    live.close()


@pytest.fixture
def board(request: pytest.FixtureRequest, world: LiveWorld) -> LiveBoard:
    """A board with power in the fixture ``world``. The marker ``luatwin`` says which, and what is on it."""
    marker = request.node.get_closest_marker("luatwin")
    return world.new_board(*marker.args, **marker.kwargs) if marker is not None else world.new_board()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a test that failed what repeats it, and what its boards have printed."""
    report = yield
    live = item.stash.get(_WORLD, None)
    if live is not None and report.when == "call" and report.failed:
        report.sections.append(("luatwin", f"repeat with --luatwin-seed {live.seed}"))
        for one in live.boards:
            report.sections.append((f"console of {one.name}", one.console))
    return report


# -- scenario files ---------------------------------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Take scenario files for what they are."""
    if file_path.name.endswith(SUFFIX):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


class ScenarioFile(pytest.File):
    """A scenario file, whose cases are tests."""

    def collect(self) -> Iterable[ScenarioItem]:
        """Yield a test for each case."""
        from simulator.errors import LuaTwinError
        from simulator.scenario import read_scenario

        try:
            scenario = read_scenario(self.path, ignore_unsupported=self.config.getoption("--ignore-unsupported"))
        except LuaTwinError as error:
            raise self.CollectError(str(error)) from error
        for case in scenario.cases:
            yield ScenarioItem.from_parent(self, name=case.label or scenario.name, scenario=scenario, case=case)


class ScenarioFailed(Exception):  # noqa: N818 (it is no error of a program)
    """A scenario did not go as its file says."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.place)
        self.verdict = verdict


class ScenarioItem(pytest.Item):
    """A case of a scenario file."""

    def __init__(self, *, scenario: Scenario, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self._scenario = scenario
        self._case = case

    def runtest(self) -> None:
        """Play it."""
        from simulator.suite.worker import play_with_cuts

        verdict = play_with_cuts(self._scenario, self._case)
        if verdict.failure is not None:
            raise ScenarioFailed(verdict)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what there is to say."""
        from simulator.errors import LuaTwinError

        match excinfo.value:
            case ScenarioFailed(verdict=verdict) if verdict.failure is not None:
                return "\n".join([verdict.place, f"step: {verdict.failure.what}", *verdict.failure.lines()])
            case LuaTwinError() as error:
                return str(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where it is and what it is called."""
        return self.path, None, f"{self.path.name}: {self.name}"
