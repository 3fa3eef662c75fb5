"""The steps that expect something to be so now."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from simulator.boards.ids import did_you_mean
from simulator.device.calls.nvs import value_of_blob
from simulator.device.device import Device
from simulator.device.file_systems import storage_partition
from simulator.errors import UsageError
from simulator.flash_parts import is_nvs, read_files, read_values
from simulator.formats.otadata import ImageState
from simulator.play.acts import published_for
from simulator.play.scene import Scene, select_entry
from simulator.scenario.steps import BootTable, FileTable, NvsTable, PinTable
from simulator.units import format_size

_SHOWN_MAX: Final = 80
_STATES: Final = {
    "new": ImageState.NEW,
    "pending": ImageState.PENDING_VERIFY,
    "valid": ImageState.VALID,
    "invalid": ImageState.INVALID,
    "aborted": ImageState.ABORTED,
    "undefined": ImageState.UNDEFINED,
}

Check = Callable[[Scene, Device, Any], str | None]
"""Returns what is not as expected, None if all is. Raises `UsageError` for what is not there."""


def _expect_pin(scene: Scene, device: Device, table: PinTable) -> str | None:
    gpio = scene.gpio(device, table)
    level = scene.level(device, gpio)
    return None if level == table.level else f"GPIO{gpio} is {level}, not {table.level}"


def _expect_boot(scene: Scene, device: Device, table: BootTable) -> str | None:
    if not device.boots:
        return "no app has started yet"
    boot = device.boots[-1]
    if table.slot is not None and boot.label != table.slot:
        return f"the app in {boot.label} runs, not the one in {table.slot}"
    if table.commit is not None:
        commit = _commit(scene, device, table.commit)
        if not boot.commit.startswith(commit):
            return f"commit {boot.commit} runs, not {table.commit}" + (f" ({commit})" if commit != table.commit else "")
    if table.reset is not None and boot.reason.name != table.reset:
        return f"it was started by {boot.reason.name}, not {table.reset}"
    if table.state is not None:
        entry = select_entry(device)
        if entry is None:
            return f"no select entry counts, so none has the state {table.state}"
        if entry.ota_state != _STATES[table.state]:
            return f"the select entry that counts has the state {entry.state_name}, not {table.state}"
    return None


def _commit(scene: Scene, device: Device, word: str) -> str:
    if word == "installed":
        return device.boots[0].commit
    if word == "published":
        published = published_for(scene, device)
        if published is None:
            raise UsageError(f"nothing is published for {device.name}")
        return published.commit
    return word


def _expect_file(_scene: Scene, device: Device, table: FileTable) -> str | None:
    partition = storage_partition(device.board, device.partition_table())
    if partition is None:
        raise UsageError(f"{device.name} has no partition with files")
    stored = read_files(device.chip.to_bytes(), partition)
    files = {} if stored is None else stored.files
    damage = "" if stored is None or not stored.damage else f" (the file system is damaged: {stored.damage})"
    if table.path not in files:
        if not table.exists:
            return None
        hint = did_you_mean(table.path, files)
        return f"there is no {table.path} in the flash{hint}{damage}"
    if not table.exists:
        return f"there is {table.path} in the flash"
    data = files[table.path]
    return None if data is None else _expect_contents(table, data)


def _expect_contents(table: FileTable, data: bytes) -> str | None:
    text = data.decode("utf-8", "backslashreplace")
    if table.size is not None and len(data) != table.size:
        return f"{table.path} has {format_size(len(data))}, not {format_size(table.size)}"
    if table.equals is not None and text != table.equals:
        return f"{table.path} is {_shown(text)}, not {_shown(table.equals)}"
    if table.contains is not None and table.contains not in text:
        return f"{table.path} does not contain {table.contains!r}; it is {_shown(text)}"
    if table.matches is not None and not re.search(table.matches, text, re.MULTILINE):
        return f"{table.path} does not match {table.matches!r}; it is {_shown(text)}"
    return None


def _shown(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= _SHOWN_MAX else f"{shown[: _SHOWN_MAX - 1]}… ({len(text)} characters)"


def _expect_nvs(_scene: Scene, device: Device, table: NvsTable) -> str | None:
    partition = next((entry for entry in device.partition_table() if is_nvs(entry)), None)
    if partition is None:
        raise UsageError(f"{device.name} has no NVS partition")
    entries, damage = read_values(device.chip.to_bytes(), partition)
    if damage:
        return f"NVS cannot be read: {damage}"
    found = {entry.key: entry.value for entry in entries if entry.namespace == table.namespace}
    where = f"{table.namespace}.{table.key}"
    if table.key not in found:
        return f"there is no {where} in NVS{did_you_mean(table.key, found)}" if table.exists else None
    value = _lua_value(found[table.key])
    if not table.exists:
        return f"there is {where} = {value!r} in NVS"
    if table.value is not None and value != table.value:
        return f"{where} is {value!r}, not {table.value!r}"
    return None


def _lua_value(value: Any) -> Any:
    """Return what a script stored, if a script has; anything else as it is."""
    if not isinstance(value, bytes):
        return value
    how, *stored = value_of_blob(value)
    if how != b"value":
        return value
    return stored[0].decode("utf-8", "backslashreplace") if isinstance(stored[0], bytes) else stored[0]


CHECKS: Final[Mapping[str, Check]] = {
    "expect-pin": _expect_pin,
    "expect-boot": _expect_boot,
    "expect-file": _expect_file,
    "expect-nvs": _expect_nvs,
}
"""By the name of the step."""
