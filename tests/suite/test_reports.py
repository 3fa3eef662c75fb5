"""What ``luatwin test`` leaves for GitHub, and for people: marks, a summary, a page; and how it watches files."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.helpers import ROOT, luatwin

HEAD = "version: 1\nboard: N1ESP32-OTA\nimage-size: 16K\n"
GOOD = f"name: good\n{HEAD}lua: print('hello')\nsteps: [{{wait-serial: hello}}]\n"
BROKEN = f"name: broken\n{HEAD}steps: [{{dealy: 1s}}, {{delay: 5}}]\n"
BAD = f"name: bad\n{HEAD}script: app.lua\nsteps:\n  - wait-serial: 100%, <done>\n    timeout: 2s\n"
SLOW = f"name: slow\n{HEAD}timeout: 4s\nsteps: [{{delay: 5s}}]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which commands are given, with one scenario of each kind."""
    monkeypatch.chdir(tmp_path)
    Path("lua").mkdir()
    for name, text in {"bad": BAD, "broken": BROKEN, "good": GOOD, "slow": SLOW}.items():
        Path("lua", f"{name}.scenario.yaml").write_text(text)
    Path("lua", "app.lua").write_text("local a\nprint('<b>')\na.b = 1\n")
    return tmp_path


def test_on_github_lines_are_marked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.chdir("lua")
    marks = [line for line in luatwin("test", ".").out.splitlines() if line.startswith("::")]
    assert marks[0].startswith(
        "::error file=lua/bad.scenario.yaml,line=7,col=5,title=bad%3A wait-serial%3A 100%25%2C <done>::"
        "b0 did not print '100%25, <done>' within 2.000 s"
    )
    assert marks[0].endswith("%0Ato repeat: luatwin test bad.scenario.yaml")
    assert marks[1:4] == [
        "::error file=lua/app.lua,line=3,title=script error::/autorun.lua:3: attempt to index a nil value (local 'a')",
        "::error file=lua/broken.scenario.yaml,line=5,col=10,title=broken.scenario.yaml::"
        "unknown step dealy; did you mean delay?",
        "::error file=lua/broken.scenario.yaml,line=5,col=30,title=broken.scenario.yaml::"
        "steps[1].delay = 5 has no unit; write one of ns, us, ms, s, m, h (such as 500ms)",
    ]
    assert marks[4].startswith("::warning file=lua/slow.scenario.yaml,line=6,")
    assert len(marks) == 5


def test_on_github_there_is_a_summary(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    (folder / "summary.md").write_text("before\n")
    luatwin("test", ".", "--json")
    before, first, *rest = (folder / "summary.md").read_text().splitlines()
    assert before == "before"
    assert first.startswith("### LuaTwin: 1 of 4 scenarios passed in ")
    row = "| lua/bad.scenario.yaml:7:5 | fail | b0 did not print '100%, &lt;done&gt;' within 2.000 s"
    assert any(line.startswith(row) for line in rest)
    assert "    to repeat: luatwin test lua/bad.scenario.yaml" in rest


def test_elsewhere_nothing_is_marked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert "::error" not in luatwin("test", ".").out


class Page(HTMLParser):
    """What a page says, and what is odd about it."""

    VOID = ("meta",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.titles: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href") and str(value)[:1] != "#"]
        self.titles += [str(value) for name, value in attrs if name == "title"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_a_page_shows_steps_console_and_flash_of_what_failed(folder: Path) -> None:
    luatwin("test", ".", "--html", "out.html")
    page = Page(Path("out.html").read_text())
    assert (page.open, page.fetched) == ([], [])
    said = "\n".join(page.said)
    assert "1 of 4 scenarios passed" in said
    assert "wait-serial: 100%, <done>" in said
    assert "Console of b0" in said
    assert "<b>" in said
    assert "At a reset factory would start." in said
    assert any(title.startswith("factory: 1.125 MiB at 0xa0000") or "factory: " in title for title in page.titles)
    assert "unknown step dealy; did you mean delay?" in said


def test_a_page_needs_its_folder(folder: Path) -> None:
    finished = luatwin("test", ".", "--html", "no/out.html")
    assert (finished.code, finished.err) == (2, "luatwin: --html no/out.html: there is no folder no\n")


@pytest.mark.real
def test_files_are_watched_and_played_again(folder: Path) -> None:
    command = [sys.executable, "-u", "-P", "-m", "simulator.cli", "test", "--watch", "lua/bad.scenario.yaml"]
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    watchdog = threading.Timer(30, process.kill)  # or a watch that misses the change would keep us for ever
    watchdog.start()
    try:
        words: list[str] = []
        for line in process.stdout:
            if line.startswith(("FAIL", "PASS")):
                words.append(line.split()[0])
            if line.startswith("waiting for a change"):
                if len(words) == 2:
                    break
                (folder / "lua" / "app.lua").write_text("print('100%, <done>')\n")
        assert words == ["FAIL", "PASS"]
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
