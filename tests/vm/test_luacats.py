"""The annotations for editors: what they are made of, and that the committed ones are what is made."""

from __future__ import annotations

import re

import pytest

from simulator.vm.api import entries
from simulator.vm.api_data.types import PARAMETERS_OF, RETURNS
from simulator.vm.luacats import files, parameters_of
from tests.helpers import ROOT

COMMITTED = ROOT / "lua" / "library"
PATHS = {entry.path for entry in entries()}


def test_the_committed_annotations_are_what_the_catalogue_gives() -> None:
    committed = {
        path.relative_to(COMMITTED).as_posix(): path.read_text(encoding="utf-8") for path in COMMITTED.rglob("*.lua")
    }
    assert committed == files(), "run: rm -r lua/library; luatwin api --luacats lua/library"


def names(signature: str) -> list[str]:
    return [" ".join(f"{name}{'?' * optional}" for name, optional, _ in way) for way in parameters_of(signature)]


@pytest.mark.parametrize(
    ("signature", "ways"),
    [
        ("()", [""]),
        ("(...)", ["..."]),
        ("(a, b)", ["a b"]),
        ('([path="/"])', ["path?"]),
        ("(name [, count=10 [, interval=1]])", ["name count? interval?"]),
        ("(mode, ssid [, ip, mask])", ["mode ssid ip? mask?"]),
        ("(list, [pos,] value)", ["list pos? value"]),
        ("(ms, fn | id, us, fn)", ["ms fn", "id us fn"]),
        ("(handle, ... | handles)", ["handle ...", "handles"]),
        ("(v1, ..., v3)", ["v1 v2 v3"]),
        ("(host, local, end)", ["host local_ end_"]),
        ("([level, ...])", ["level? ..."]),
        ("(filter, ..., sink)", ["filter ..."]),
    ],
)
def test_a_signature_is_taken_apart(signature: str, ways: list[str]) -> None:
    assert names(signature) == ways


def test_defaults_are_kept() -> None:
    ((server, port),) = parameters_of('([server="pool.ntp.org" [, port=-1]])')
    assert (server.default, port.default) == ('"pool.ntp.org"', "-1")


def test_types_are_given_for_functions_that_exist() -> None:
    assert {*RETURNS, *PARAMETERS_OF} <= PATHS
    for path, types in PARAMETERS_OF.items():
        signature = next(entry.signature for entry in entries() if entry.path == path)
        known = {parameter.name for way in parameters_of(signature) for parameter in way}
        assert types.keys() <= known, path


def test_every_handle_that_a_function_returns_has_its_methods() -> None:
    text = "\n".join(files().values())
    classes = set(re.findall(r"^---@class (\S+)$", text, re.MULTILINE))
    returned = {name for types in RETURNS.values() for name in re.findall(r"[a-z]\w*\.[\w.]+", types)}
    assert returned <= classes


def test_every_function_of_the_firmware_is_there_and_no_function_of_lua() -> None:
    made = files()
    assert "function tmr.attach(ms, fn) end" in made["tmr.lua"]
    assert (
        "---@return tmr.timer\n---@overload fun(id: integer, us: integer, fn: function): tmr.timer" in made["tmr.lua"]
    )
    assert "function os.board() end" in made["os.lua"]
    assert "function os.time" not in made["os.lua"]
    assert "string.lua" not in made
    assert made["socket.lua"].endswith("\nreturn socket\n")
    assert "---@class socket.url\nlocal url = {}\n" in made["socket/url.lua"]
    assert "function url.parse(" in made["socket/url.lua"]
    assert made["socket/url.lua"].endswith("\nreturn url\n")
    assert 'bt.chann["37"] = 1' in made["bt.lua"]
