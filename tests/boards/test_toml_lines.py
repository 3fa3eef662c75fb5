"""Where the keys of a TOML document stand."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.boards.toml_lines import KeyPath, key_lines
from simulator.resources import data_dir

DOCUMENT = '''\
# a comment with [brackets] and key = "value"
name = "a # b = [c]"   # 2
'quoted.key' = 1       # 3
"esc\\u0061ped" = 'x'

dotted.one.two = 1     # 6
dotted . "one" . three = 2
list = [ # 8
  1,
  [2, 3], # 10
  "]", { a = 1, "b.c" = [ 4 ] }, # 11
]
text = """
[not.a.table]
key = 1 \\""" ""still text"""
raw = \'\'\'
x = "1"\'\'\'
after = 1979-05-27T07:32:00Z # 18

[table."a.b"]          # 20
inline = { x = { y = 1 }, z = "}" } # 21
empty = []
none = {}
[[items]]              # 24
n = 1
[items.inner]          # 26
n = 2
[[items]]              # 28
n = 3
[[items.deep]]         # 30
n = 4
[table]
last = true'''

LINES = {
    ("name",): 2,
    ("quoted.key",): 3,
    ("escaped",): 4,
    ("dotted",): 6,
    ("dotted", "one"): 6,
    ("dotted", "one", "two"): 6,
    ("dotted", "one", "three"): 7,
    ("list",): 8,
    ("list", 0): 9,
    ("list", 1): 10,
    ("list", 1, 0): 10,
    ("list", 1, 1): 10,
    ("list", 2): 11,
    ("list", 3): 11,
    ("list", 3, "a"): 11,
    ("list", 3, "b.c"): 11,
    ("list", 3, "b.c", 0): 11,
    ("text",): 13,
    ("raw",): 16,
    ("after",): 18,
    ("table",): 20,
    ("table", "a.b"): 20,
    ("table", "a.b", "inline"): 21,
    ("table", "a.b", "inline", "x"): 21,
    ("table", "a.b", "inline", "x", "y"): 21,
    ("table", "a.b", "inline", "z"): 21,
    ("table", "a.b", "empty"): 22,
    ("table", "a.b", "none"): 23,
    ("items",): 24,
    ("items", 0): 24,
    ("items", 0, "n"): 25,
    ("items", 0, "inner"): 26,
    ("items", 0, "inner", "n"): 27,
    ("items", 1): 28,
    ("items", 1, "n"): 29,
    ("items", 1, "deep"): 30,
    ("items", 1, "deep", 0): 30,
    ("items", 1, "deep", 0, "n"): 31,
    ("table", "last"): 33,
}


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Return the way to everything in ``value``."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*path, index))


def test_every_key_and_item_has_its_line() -> None:
    assert key_lines(DOCUMENT) == LINES
    assert set(paths(tomllib.loads(DOCUMENT))) == set(LINES)


def test_line_ends_of_windows_count_once() -> None:
    assert key_lines(DOCUMENT.replace("\n", "\r\n")) == LINES


@pytest.mark.parametrize("file", sorted(data_dir("boards").rglob("*.toml")), ids=lambda file: file.stem)
def test_finds_in_every_board_file_what_tomllib_finds(file: Any) -> None:
    text = file.read_text(encoding="utf-8")
    lines = key_lines(text)
    assert set(lines) == set(paths(tomllib.loads(text)))
    for path, line in lines.items():
        if isinstance(path[-1], str):
            assert path[-1] in text.splitlines()[line - 1]


KEYS = st.sampled_from(["a", "b-1", '"q.u"', "'lit # '", "a.b", ' a . "x\\ty"'])
SCALARS = st.sampled_from(
    ["1", "-0x1F", "1.5e3", "true", "1979-05-27", '"s#]}"', "'l\\'", '""', '"""m\n"" = [\n"""', "'''m\n''x\n'''", "inf"]
)
SPACES = st.sampled_from(["", " ", "\t"])


def lists(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def written(items: list[str], gap: str) -> str:
        return f"[{gap}" + f"{gap},{gap}".join(items) + f"{gap}]"

    return st.builds(written, st.lists(values, max_size=3), st.sampled_from(["", " ", "\n", " # ], \n"]))


def tables(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.builds(lambda key, value: f"{key} = {value}", KEYS, values)
    return st.builds(lambda items: "{ " + ", ".join(items) + " }", st.lists(pairs, max_size=3))


VALUES = st.recursive(SCALARS, lambda inner: lists(inner) | tables(inner), max_leaves=6)
ASSIGNMENTS = st.builds(lambda key, gap, value: f"{key}{gap}={gap}{value}", KEYS, SPACES, VALUES)
HEADERS = st.builds(lambda key: f"[{key}]", KEYS) | st.builds(lambda key: f"[[{key}]] # ]", KEYS)


@given(st.lists(ASSIGNMENTS | HEADERS | st.sampled_from(["", "# [x]", "  # y = '"]), max_size=8))
def test_finds_in_any_document_what_tomllib_finds(statements: list[str]) -> None:
    text = "\n".join(statements)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # keys that clash: nothing that this module is ever given
    lines = key_lines(text)
    assert set(lines) == set(paths(document))
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
