"""The CSV that ESP-IDF's partition generator reads (``nvs_partition_gen.py``), both ways.

::

    key,type,encoding,value
    storage,namespace,,
    volume,data,u8,11
    certificate,file,binary,certificate.der

Encodings are ``u8`` to ``i64``, ``string``, and for blobs ``binary`` (the text itself), ``hex2bin`` and ``base64``.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from simulator.errors import DescriptionError, Problem
from simulator.formats.nvs import INTEGER_TYPES, NAME_LENGTH_MAX, integer_to_bytes
from simulator.nvs.nvs import NvsEntry

_COLUMNS: Final = ["key", "type", "encoding", "value"]
_ENCODINGS: Final = (*INTEGER_TYPES, "string", "binary", "hex2bin", "base64")


def to_csv(entries: Iterable[NvsEntry]) -> str:
    """Return ``entries`` as the generator reads them, blobs in hex. Those that could not be read are left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    namespace = None
    for entry in entries:
        if entry.value is None:
            continue
        if entry.namespace != namespace:
            namespace = entry.namespace
            writer.writerow([namespace, "namespace", "", ""])
        if isinstance(entry.value, bytes):
            writer.writerow([entry.key, "data", "hex2bin", entry.value.hex()])
        else:
            writer.writerow([entry.key, "data", entry.type, entry.value])
    return text.getvalue()


def from_csv(
    text: str, path: Path | str = "nvs.csv", *, read_file: Callable[[str], bytes] | None = None
) -> list[NvsEntry]:
    """Return the values that a CSV describes, in its order. ``read_file`` reads what rows of type ``file`` name.

    Raises `DescriptionError` with every problem found.
    """
    entries: list[NvsEntry] = []
    problems: list[Problem] = []
    namespace = ""
    reader = csv.reader(io.StringIO(text))
    header = [column.strip() for column in next(reader, [])]
    if header != _COLUMNS:
        problems.append(Problem(path=path, line=1, message=f"the first line is not {','.join(_COLUMNS)}"))
    for row in reader:
        if not any(row):
            continue
        key, type_, encoding, value = [*row, "", "", "", ""][:4]
        try:
            if len(key.encode()) > NAME_LENGTH_MAX or not key:
                raise ValueError(f"{key!r} has no length of 1 to {NAME_LENGTH_MAX} bytes")  # noqa: TRY301
            if type_ == "namespace":
                namespace = key
                continue
            entries.append(_entry(namespace, key, type_, encoding, value, read_file))
        except ValueError as error:
            problems.append(Problem(path=path, line=reader.line_num, message=str(error)))
    if problems:
        raise DescriptionError(problems)
    return entries


def _entry(
    namespace: str, key: str, type_: str, encoding: str, value: str, read_file: Callable[[str], bytes] | None
) -> NvsEntry:
    if not namespace:
        raise ValueError(f"{key} stands before the first namespace")
    if type_ == "data":
        raw = value.encode("utf-8", "surrogateescape")
    elif type_ == "file" and read_file is not None:
        raw = read_file(value)
    else:
        raise ValueError(f"{type_!r} is none of namespace, data{', file' if read_file else ''}")
    if encoding not in _ENCODINGS:
        raise ValueError(f"{encoding!r} is none of {', '.join(_ENCODINGS)}")
    if encoding in INTEGER_TYPES:
        number = int(raw.decode(), 0)
        try:
            integer_to_bytes(INTEGER_TYPES[encoding], number)
        except OverflowError:
            raise ValueError(f"{number} is no {encoding}") from None
        return NvsEntry(namespace, key, encoding, number)
    if encoding == "string":
        return NvsEntry(namespace, key, encoding, raw.decode("utf-8", "surrogateescape"))
    return NvsEntry(namespace, key, "blob", _decode_blob(encoding, raw))


def _decode_blob(encoding: str, raw: bytes) -> bytes:
    try:
        if encoding == "hex2bin":
            return binascii.unhexlify(raw.strip())
        if encoding == "base64":
            return base64.b64decode(raw)
    except binascii.Error as error:
        raise ValueError(f"no {encoding}: {error}") from error
    return raw
