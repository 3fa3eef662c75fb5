"""Small sweeps: the power is cut at every flash operation of an update, or of a script that stores something.

They are `simulator.sweep` with what it looks for, and nothing that only these scenarios have: no number of operations,
no bytes. The run without a cut has to reach its goal too, else it would be no surprise that every other one ends as it.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from simulator.flash import FlashChip, Nvs, PartitionView
from simulator.flash.partition import partition_table_on
from simulator.formats import ImageState, SelectEntry
from simulator.session import Ending
from simulator.setting import Request, prepare
from simulator.sweep import Plan, Sweep, Torn
from simulator.units import KIB
from tests.mutants.mutant import ROOT
from tests.signatures.signing_keys import V2

_UPDATE: Final = Request(script=ROOT / "lua" / "demo" / "ota.lua", factory_partition=False)
_TORN: Final = Torn((0.5,))
_SMALL: Final = 32 * KIB
_VALUES_BEFORE: Final = 618
"""So many values, most of them replaced, leave one page of six blank, and one with room for little."""

_VALUES: Final = """\
local function write(key, value)
  nvs.write("app", key, value)
  assert(nvs.read("app", key) == value, key .. " is another value")
end
for turn = 1, 3 do
  write("count", nvs.read("app", "count", 0) + 1)
  write("text", ("turn " .. turn .. " "):rep(turn))
end
nvs.rm("app", "text")
"""
_SAVE: Final = """\
local function save(path, text, mode)
  local file = assert(io.open(path, mode or "w"))
  file:write(text)
  file:close()
end
"""
_REPLACE: Final = """\
if not os.exists("/config") then save("/config", ("old"):rep(300)) end
save("/config.new", ("new"):rep(400))
assert(os.rename("/config.new", "/config"))
"""
_LOG: Final = """\
for line = 1, 3 do save("/log", ("line " .. line .. "\\n"):rep(60), "a") end
os.remove("/log")
save("/short", "a few letters")
"""


def _fallen_back(folder: Path) -> Request:
    """Return a request for a board whose selected slot is empty: it runs from the other, and updates the selected."""
    chip = prepare(dataclasses.replace(_UPDATE, image_bytes=_SMALL)).chip
    partition = partition_table_on(chip).otadata
    assert partition is not None
    PartitionView(chip, partition).program(0, SelectEntry.make(2, ImageState.UNDEFINED).to_bytes())
    return dataclasses.replace(_UPDATE, factory_partition=None, flash=_kept(chip, folder), image_bytes=_SMALL)


def _values(folder: Path) -> Request:
    """Return a request for a board whose NVS is as good as full, so that garbage has to be collected."""
    chip = prepare(Request(chunk=_VALUES, image_bytes=_SMALL)).chip
    partition = partition_table_on(chip).find("nvs")
    assert partition is not None
    _fill(PartitionView(chip, partition))
    return Request(chunk=_VALUES, flash=_kept(chip, folder))


def _kept(chip: FlashChip, folder: Path) -> Path:
    flash = folder / "flash.bin"
    flash.write_bytes(chip.to_bytes())
    return flash


def _fill(view: PartitionView) -> None:
    nvs = Nvs(view)
    nvs.init()
    with nvs.open("filler") as handle:
        for number in range(_VALUES_BEFORE):
            handle.set_u32(f"kept{number}" if number % 40 == 0 else "replaced", number)


SCENARIOS: Final[dict[str, Callable[[Path], Request]]] = {
    "stock update": lambda _: dataclasses.replace(_UPDATE, image_bytes=_SMALL),
    "fallen back": _fallen_back,
    "hardened update": lambda _: dataclasses.replace(_UPDATE, image_bytes=96 * KIB, profile="hardened", key=V2),
    "values": _values,
    "littlefs": lambda _: Request(board="WHITECAT-ESP32-LORA-GW", chunk=_SAVE + _REPLACE + _LOG, image_bytes=_SMALL),
    "SPIFFS": lambda _: Request(board="N1ESP32", chunk=_SAVE + _LOG, image_bytes=_SMALL),
}
"""What is swept, given an empty folder."""


def problems(name: str) -> Iterator[str]:
    """Yield what is wrong with a scenario, without a cut and with one."""
    with tempfile.TemporaryDirectory() as folder:
        request = SCENARIOS[name](Path(folder))
        sweep = Sweep(request, torn=_TORN)
    result = sweep.base.result
    if result.ending is not Ending.IDLE:
        yield f"without a cut: {result.ending.value} {result.why}"
    yield from (f"without a cut: {error}" for error in result.script_errors)
    expected = ("ota_0", "ota_1") if request.script is not None else ("factory",)
    if result.boots != expected:  # no update, or a restart that nobody asked for
        yield f"without a cut: it boots {', '.join(result.boots)}"
    for failure in sweep.run(Plan()).failures:
        yield f"{failure.cuts[0]}: {'; '.join(failure.problems)}"


def main(*names: str) -> int:
    """Print the name and the first problem of each scenario that has any; return 1 if one has. No name: all."""
    found = False
    for name in names or SCENARIOS:
        try:
            problem = next(problems(name), None)
        except Exception as error:  # a sweep that fails is a problem too
            problem = f"{type(error).__name__}: {error}"
        if problem is not None:
            found = True
            sys.stdout.write(f"{name}: {problem.splitlines()[0]}\n")
    return int(found)
