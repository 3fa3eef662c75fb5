"""The page about hardware: its examples do what it says, and its list of parts is the registry's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from simulator.descriptions import read_hardware
from simulator.descriptions.part_texts import KeyTexts, part_texts
from tests.helpers import ROOT, luatwin

PAGE = (ROOT / "docs" / "hardware.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def files(folder: Path) -> dict[str, str]:
    """Write the files that the page shows, and return them."""
    shown = {"bench.yaml": blocks("yaml")[0], "app.lua": blocks("lua")[0], "room.csv": blocks("csv")[0]}
    for name, text in shown.items():
        (folder / name).write_text(text)
    return shown


def key_text(key: KeyTexts) -> str:
    return f"`{key.name}` ({key.default})" if key.default else f"`{key.name}`"


def row_of_each_part() -> list[str]:
    rows = []
    for part in part_texts():
        summary = part.summary.replace("``", "`")
        keys = ", ".join(map(key_text, part.fields))
        controls = ", ".join(f"`{control.name}`" for control in part.controls)
        rows.append(re.sub(" +", " ", f"| `{part.type}` | {summary} | {keys} | {controls} |"))
    return rows


def test_the_list_of_parts_is_that_of_the_registry() -> None:
    table = re.findall(r"^\| `[^`]+` \|.*$", PAGE.partition("## Parts\n")[2], re.MULTILINE)
    assert "\n".join(table) == "\n".join(row_of_each_part())


def test_every_description_on_the_page_is_one(tmp_path: Path) -> None:
    files(tmp_path)
    for text in blocks("yaml"):
        path = tmp_path / "other.yaml"
        path.write_text(text)
        read_hardware(path)


def test_the_example_prints_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files(tmp_path)
    monkeypatch.chdir(tmp_path)
    (console,) = blocks("console")
    command, *lines, end = console.splitlines()
    program, *arguments = shlex.split(command.removeprefix("$ "))
    assert program == "luatwin"
    finished = luatwin(*arguments, "--image-size", "16K")
    assert end == f"[exit {finished.code}]"
    assert finished.out.endswith("\r\n".join(["/ > " + lines[0], *lines[1:], ""]))
    assert "air_sda" in (tmp_path / "trace.vcd").read_text()


def test_the_example_in_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = blocks("python")
    exec(compile(program, "docs/hardware.md", "exec"), {})
    assert capsys.readouterr().out == "{'temperature': 37.5} {}\n"


def test_the_mistake_on_the_page_is_told_so(tmp_path: Path) -> None:
    shown = files(tmp_path)["bench.yaml"].replace("pin: GPIO26}", "pin: GPIO26, active_high: true}")
    (tmp_path / "bench.yaml").write_text(shown)
    finished = luatwin("run", "--hardware", str(tmp_path / "bench.yaml"), "-e", "")
    assert finished.code == 2
    (said,) = (line for line in PAGE.splitlines() if line.startswith("luatwin: "))
    assert finished.err == f"{said.replace('bench.yaml', str(tmp_path / 'bench.yaml'))}\n"
