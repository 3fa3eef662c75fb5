"""The annotations for editors through Lua 5.3's own compiler."""

from __future__ import annotations

import subprocess

import pytest

from tests.helpers import ROOT

pytestmark = pytest.mark.real


@pytest.mark.parametrize("path", sorted((ROOT / "lua" / "library").rglob("*.lua")), ids=lambda path: path.name)
def test_an_annotated_file_is_lua(path, tmp_path):
    subprocess.run(["luac5.3", "-o", tmp_path / "out", path], check=True)
