"""Random histories against a dictionary, with a remount after every step."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.filesystem import FileSystemError, FileType
from simulator.filesystem.memory import MemoryFlash
from simulator.filesystem.spiffs import SpiffsFileSystem

SIZES = {"block_size": 4096, "page_size": 256}
CAPACITY = 0x20000

Step = tuple[Any, ...]

NAMES = st.sampled_from(["/a", "/b.lua", "/d/x", "/d/y", "/long" + "g" * 50])
CONTENTS = st.builds(
    lambda length, seed: bytes((seed + index * 31) % 256 for index in range(length)),
    st.sampled_from([0, 1, 100, 251, 255, 256, 1000, 5000, 9000]),
    st.integers(0, 255),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), NAMES, CONTENTS),
        st.tuples(st.just("append"), NAMES, CONTENTS),
        st.tuples(st.just("overwrite"), NAMES, CONTENTS, st.integers(0, 9000)),
        st.tuples(st.just("remove"), NAMES),
        st.tuples(st.just("rename"), NAMES, NAMES),
    ),
    max_size=40,
)


def apply_to_model(model: dict[str, bytes], step: Step) -> None:
    kind, name, *rest = step
    if kind == "write":
        model[name] = rest[0]
    elif kind == "append":
        model[name] = model.get(name, b"") + rest[0]
    elif kind == "overwrite" and name in model:
        contents, offset = rest[0], min(rest[1], len(model[name]))
        model[name] = model[name][:offset] + contents + model[name][offset + len(contents) :]
    elif kind == "remove":
        model.pop(name, None)
    elif kind == "rename" and name in model and rest[0] not in model:
        model[rest[0]] = model.pop(name)


def apply_to_file_system(fs: SpiffsFileSystem, model: dict[str, bytes], step: Step) -> None:
    kind, name, *rest = step
    if kind in ("write", "append"):
        with fs.open(name, kind[0]) as file:
            file.write(rest[0])
            file.flush()
    elif kind == "overwrite":
        with fs.open(name, "r+") as file:
            file.seek(min(rest[1], len(model[name])))
            file.write(rest[0])
            file.flush()
    elif kind == "remove":
        fs.remove(name)
    else:
        fs.rename(name, rest[0])


@settings(max_examples=60, derandomize=True)
@given(STEPS)
def test_file_system_holds_what_a_dictionary_would(steps):
    flash = MemoryFlash(CAPACITY)
    SpiffsFileSystem.create(flash, **SIZES).mkdir("/d")
    model: dict[str, bytes] = {}
    for step in steps:
        fs = SpiffsFileSystem(flash, **SIZES)
        wanted = dict(model)
        apply_to_model(wanted, step)
        if wanted == model:  # the step may not be possible: no such file, or the new name is taken
            with suppress(FileSystemError):
                apply_to_file_system(fs, model, step)
        else:
            apply_to_file_system(fs, model, step)
            model = wanted
        fs = SpiffsFileSystem(flash, **SIZES)
        assert {name: fs.read_file(name) for name in model} == model
        root = {f"/{entry.name}": entry.size_bytes for entry in fs.listdir("/") if entry.type is FileType.FILE}
        below = {f"/d/{entry.name}": entry.size_bytes for entry in fs.listdir("/d")}
        assert root | below == {name: len(contents) for name, contents in model.items()}


@settings(max_examples=40, derandomize=True)
@given(STEPS)
def test_same_steps_leave_the_same_bytes(steps):
    images = []
    for _ in range(2):
        flash = MemoryFlash(CAPACITY)
        fs = SpiffsFileSystem.create(flash, **SIZES)
        fs.mkdir("/d")
        model: dict[str, bytes] = {}
        for step in steps:
            if step[0] != "overwrite" or step[1] in model:
                try:
                    apply_to_file_system(fs, model, step)
                except FileSystemError:
                    continue
                apply_to_model(model, step)
        images.append(flash.to_bytes())
    assert images[0] == images[1]
