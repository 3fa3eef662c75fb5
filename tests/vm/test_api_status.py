"""The table of what is there, held against a running machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.boards import load_board
from simulator.vm.api import GLOBALS, Entry, entries, members, modules
from tests.vm.lua_host import Host

AS_GLOBALS = [path for path, module in modules().items() if not module.by_require]
TABLES_IN_RAM = {"_G", "io", "package"}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """A board with everything; ``net.en`` needs one with Ethernet."""
    with Host() as host:
        yield host


@pytest.fixture(scope="module")
def ethernet_host() -> Iterator[Host]:
    with Host(board=load_board("WESP32")) as host:
        yield host


def kinds_in_lua(entry: Entry) -> set[str]:
    match entry.kind:
        case "table":
            return {"table"} if entry.path in TABLES_IN_RAM else {"rotable"}
        case "function":
            return {"function"}
        case _:
            return {"number", "string", "table", "userdata"}


@pytest.mark.parametrize("module", AS_GLOBALS)
def test_every_name_of_a_module_is_there_and_of_its_kind(host: Host, ethernet_host: Host, module: str) -> None:
    machine = ethernet_host if module.startswith("net.en") else host
    found = [entry for entry in members(module) if entry.kind != "method" and entry.name.isidentifier()]
    found = [entry for entry in found if entry.path not in modules() or not modules()[entry.path].by_require]
    found = [entry for entry in found if entry.path != "net.en"]
    assert {entry.path: machine.eval(f"type({entry.path})") for entry in found} == {
        entry.path: kind
        for entry in found
        for kind in kinds_in_lua(entry)
        if machine.eval(f"type({entry.path})") == kind
    }


@pytest.mark.parametrize("module", AS_GLOBALS)
def test_every_constant_has_its_value(host: Host, ethernet_host: Host, module: str) -> None:
    machine = ethernet_host if module.startswith("net.en") else host
    for entry in members(module):
        if entry.kind != "constant" or entry.value is None:
            continue
        if isinstance(entry.value, str):
            expected = "".join(f"\\x{byte:02x}" for byte in entry.value.encode("latin-1"))
            assert machine.eval(f'{module_access(entry)} == "{expected}"') == "true", entry.path
        elif entry.value == float("inf"):
            assert machine.eval(f"{module_access(entry)} == math.huge") == "true", entry.path
        else:
            assert machine.eval(f"{module_access(entry)} == {entry.value}") == "true", entry.path


def module_access(entry: Entry) -> str:
    return entry.name if entry.module == GLOBALS else f'{entry.module}["{entry.name}"]'


MISSING = [
    entry
    for entry in entries()
    if entry.status == "missing" and entry.kind == "function" and not modules()[entry.module].by_require
]


CHECKS_FIRST = {"net.scp.get", "net.scp.put", "net.ssh.exec"}
"""Missing, but not without a look at the arguments; these are tested on a board."""


def test_what_is_missing_says_so_and_says_its_name(host: Host) -> None:
    assert {entry.path for entry in MISSING} >= CHECKS_FIRST
    for entry in MISSING:
        if not entry.module.startswith("net.en") and entry.path not in CHECKS_FIRST:
            host.run(f"local _ = {entry.path}()")
            assert host.errors[0].partition("\n")[0] == (
                f"stdin:1: {entry.path} is not simulated yet" + (f" ({entry.note})" if entry.note else "")
            )


def test_what_is_there_does_not_say_that_it_is_missing(host: Host) -> None:
    there = [entry for entry in entries() if entry.kind == "function" and entry.status != "missing"]
    for entry in there:
        if not modules()[entry.module].by_require and not entry.module.startswith("net.en"):
            host.run(f"local _ = debug.getinfo({entry.path}, 'S').what")
            assert host.errors == [], entry.path


@pytest.mark.parametrize("name", [path for path, module in modules().items() if module.by_require and "." not in path])
def test_a_module_for_require_is_no_global(host: Host, name: str) -> None:
    assert host.eval(f"{name} == nil") == "true"


def test_names_of_other_builds_are_nil() -> None:
    with Host(board=load_board("WHITECAT-ESP32-LORA-GW")) as host:
        assert host.eval("pio, can, gdisplay, bt, adc") == "nil\tnil\tnil\tnil\tnil"
        assert host.eval("type(lora), lora.attach ~= nil, lora.BAND868") == "rotable\ttrue\tnil"
    with Host(board=load_board("GENERIC")) as host:
        assert host.eval("type(pio), lora, net.en") == "rotable\tnil\tnil"


BY_REQUIRE = [path for path, module in modules().items() if module.by_require]


@pytest.mark.parametrize("module", BY_REQUIRE)
def test_a_module_for_require_has_what_the_table_says(host: Host, module: str) -> None:
    outer = module if not module.startswith("ltn12.") else "ltn12"
    access = f"require('{outer}')" + module.removeprefix(outer)
    if module == "socket.dns":
        access = "require('socket').dns"
    for entry in members(module):
        if entry.kind == "function":
            assert host.eval(f"type({access}.{entry.name})") == "function", entry.path
        elif entry.kind == "constant" and isinstance(entry.value, str | int):
            expected = entry.value if isinstance(entry.value, str) else str(entry.value)
            assert host.eval(f"{access}.{entry.name}") == expected, entry.path
