"""A YAML document: its values, and where in the text each of them stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from simulator.errors import DescriptionError, Problem

KeyPath = tuple[Any, ...]
"""The keys and list positions that lead to a value."""


class Place(NamedTuple):
    """A place in a file, from 1; zeros if it is not known."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """What is in a file. ``values`` are plain: dictionaries, lists, texts, numbers, booleans and None."""

    path: Path | str
    values: Any
    key_places: Mapping[KeyPath, Place] = field(repr=False)
    value_places: Mapping[KeyPath, Place] = field(repr=False)

    def problem(self, key: Sequence[Any], message: str, *, of_key: bool = False) -> Problem:
        """Return what is wrong with a value, or with its key; the nearest around it that the text has is blamed."""
        place = self.place(key, of_key=of_key)
        return Problem(path=self.path, line=place.line, column=place.column, message=message)

    def place(self, key: Sequence[Any], *, of_key: bool = False) -> Place:
        """Return where a value stands, or its key; or else the nearest around it that the text has."""
        places = self.key_places if of_key else self.value_places
        for length in range(len(key), -1, -1):
            place = places.get(tuple(key[:length])) or self.value_places.get(tuple(key[:length]))
            if place is not None:
                return place
        return Place()


def parse_document(text: str, path: Path | str) -> Document:
    """Return the document in ``text``, which is that of ``path``. Raises `DescriptionError` if it is no YAML."""
    yaml = YAML(typ="safe", pure=True)
    try:
        node = yaml.compose(text)
        values = None if node is None else yaml.load(text)
    except MarkedYAMLError as error:
        place = _place(error.problem_mark) if error.problem_mark is not None else Place()
        message = " ".join(filter(None, (error.problem, error.context)))
        raise DescriptionError(
            [Problem(path=path, line=place.line, column=place.column, message=message or "no YAML")]
        ) from error
    except YAMLError as error:  # characters that cannot be in a text
        raise DescriptionError([Problem(path=path, message=str(error).partition("\n")[0])]) from error
    key_places: dict[KeyPath, Place] = {}
    value_places: dict[KeyPath, Place] = {}

    def note(node: Node, value: Any, key: KeyPath) -> None:
        value_places[key] = _place(node.start_mark)
        if isinstance(node, MappingNode) and isinstance(value, dict):
            for (key_node, value_node), (name, inner) in zip(node.value, value.items(), strict=False):
                key_places[*key, name] = _place(key_node.start_mark)
                note(value_node, inner, (*key, name))
        elif isinstance(node, SequenceNode) and isinstance(value, list):
            for index, (inner_node, inner) in enumerate(zip(node.value, value, strict=True)):
                note(inner_node, inner, (*key, index))

    if node is not None:
        note(node, values, ())
    return Document(path, values, key_places, value_places)


def _place(mark: StringMark) -> Place:
    return Place(mark.line + 1, mark.column + 1)
