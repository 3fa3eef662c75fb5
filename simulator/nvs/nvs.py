"""The NVS of a partition, in ESP-IDF's words (``nvs_api.cpp``): init, open, get, set, erase, commit.

Keys, names and texts are ``str``; bytes that are no UTF-8 travel as surrogate escapes, as in paths. Like every C
string they end before the first NUL. A call that fails raises `EspError` with the code that ESP-IDF returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partialmethod
from typing import Final, NamedTuple

from simulator.flash_view import FlashView
from simulator.formats.esp_err import EspErr
from simulator.formats.nvs import (
    ENTRY_COUNT,
    INTEGER_TYPES,
    Item,
    ItemType,
    PageState,
    integer_from_bytes,
    integer_to_bytes,
)
from simulator.nvs.errors import NvsError, NvsFatalError
from simulator.nvs.storage import Storage

_TYPE_NAMES: Final = {type_: type_.name.lower() for type_ in (*INTEGER_TYPES.values(), ItemType.STRING, ItemType.BLOB)}

Value = int | str | bytes


class NvsStats(NamedTuple):
    """What ``nvs_get_stats`` tells. Erased entries count as free, and so do those of the page that stays free."""

    used_entries: int
    free_entries: int
    total_entries: int
    namespace_count: int


@dataclass(frozen=True, slots=True)
class NvsEntry:
    """One value. ``type`` is ``u8`` to ``i64``, ``string`` or ``blob``; ``value`` is None if it cannot be read."""

    namespace: str
    key: str
    type: str
    value: Value | None


class Nvs:
    """The NVS in the partition that ``view`` shows. It can be used after `init`.

    Where a real device would restart or hang, every call raises `NvsFatalError`.
    """

    def __init__(self, view: FlashView) -> None:
        self._view = view
        self._storage: Storage | None = None
        self._handles: set[NvsHandle] = set()

    def init(self) -> None:
        """Load the partition: ``nvs_flash_init``. Does nothing if that was done before.

        Raises ``ESP_ERR_NVS_NO_FREE_PAGES``, ``ESP_ERR_NVS_NEW_VERSION_FOUND`` or a code of the flash; an app is meant
        to `erase` then.
        """
        if self._storage is None:
            self._storage = Storage(self._view)

    def deinit(self) -> None:
        """Forget what is in RAM and close all handles: ``nvs_flash_deinit``."""
        if self._storage is None:
            raise NvsError(EspErr.ESP_ERR_NVS_NOT_INITIALIZED)
        self._handles.clear()
        self._storage = None

    def erase(self) -> None:
        """Erase the partition: ``nvs_flash_erase``. What is in RAM stays, so this is for before `init`."""
        self._view.erase(0, self._view.size_bytes)

    def open(self, namespace: str, *, read_only: bool = False) -> NvsHandle:
        """Open a namespace: ``nvs_open``. It is created unless ``read_only``.

        Raises ``ESP_ERR_NVS_NOT_INITIALIZED``, ``ESP_ERR_NVS_NOT_FOUND``, ``ESP_ERR_NVS_KEY_TOO_LONG`` if the name of
        a new one has more than 15 bytes, ``ESP_ERR_NVS_NOT_ENOUGH_SPACE``. A longer name opens the namespace whose
        name is its beginning.
        """
        storage = self._loaded()
        name = _to_c(namespace)
        index = storage.namespace(name)
        if index is None:
            if read_only:
                raise NvsError(EspErr.ESP_ERR_NVS_NOT_FOUND)
            index = storage.create_namespace(name)
        handle = NvsHandle(storage, index, self._handles, read_only=read_only)
        self._handles.add(handle)
        return handle

    def put(self, entry: NvsEntry) -> None:
        """Store a value as `entries` returns it. One that could not be read is left out."""
        if entry.value is None:
            return
        with self.open(entry.namespace) as handle:
            if isinstance(entry.value, str):
                handle.set_str(entry.key, entry.value)
            elif isinstance(entry.value, bytes):
                handle.set_blob(entry.key, entry.value)
            else:
                handle.set_integer(INTEGER_TYPES[entry.type], entry.key, entry.value)

    def stats(self) -> NvsStats:
        """Count entries and namespaces: ``nvs_get_stats``."""
        storage = self._loaded()
        if any(page.state is PageState.INVALID for page in storage.pages.in_use):
            raise NvsError(EspErr.ESP_ERR_INVALID_STATE)
        if any(page.state is PageState.FREEING for page in storage.pages.in_use):
            raise NvsFatalError("the garbage of two pages was being collected")
        used = sum(page.used_entries for page in storage.pages.in_use)
        total = storage.pages.count * ENTRY_COUNT
        return NvsStats(used, total - used, total, len(storage.namespaces))

    def entries(self) -> Iterator[NvsEntry]:
        """Return every value in the order in which they lie in flash, and change nothing; a blob is where its index is.

        ESP-IDF has no such function at the pinned revision; this is for tools.
        """
        storage = self._loaded()
        names = {index: _to_text(name) for name, index in reversed(storage.namespaces)}
        items = list(storage.entries())
        chunks = {  # of two with one number the first counts, as for the getters
            (item.namespace, item.name, item.chunk): value
            for item, value in reversed(items)
            if item.type == ItemType.BLOB_DATA
        }
        for item, value in items:
            namespace = names.get(item.namespace)
            if namespace is None or item.type == ItemType.BLOB_DATA:
                continue
            key = _to_text(item.name)
            if item.type == ItemType.BLOB_INDEX:
                yield NvsEntry(namespace, key, "blob", _joined(item, chunks))
            elif item.type in _TYPE_NAMES:
                shown: Value | None = value
                if item.type == ItemType.STRING and isinstance(value, bytes):
                    shown = _to_text(value.partition(b"\0")[0])
                yield NvsEntry(namespace, key, _TYPE_NAMES[ItemType(item.type)], shown)

    def _loaded(self) -> Storage:
        if self._storage is None:
            raise NvsError(EspErr.ESP_ERR_NVS_NOT_INITIALIZED)
        return self._storage


class NvsHandle:
    """An open namespace. Made by `Nvs.open`.

    For every integer type there is a ``set_`` and a ``get_``, named as in ESP-IDF. Setting a value raises
    ``ESP_ERR_NVS_KEY_TOO_LONG`` (more than 15 bytes), ``ESP_ERR_NVS_NOT_ENOUGH_SPACE``, ``ESP_ERR_NVS_READ_ONLY``,
    ``ESP_ERR_NVS_REMOVE_FAILED`` if the flash failed when the old value was to be erased, and OverflowError if the
    number does not fit its type. Getting one raises ``ESP_ERR_NVS_NOT_FOUND``, also if the key has another type.
    On a closed handle everything raises ``ESP_ERR_NVS_INVALID_HANDLE``.
    """

    def __init__(self, storage: Storage, namespace: int, opened: set[NvsHandle], *, read_only: bool) -> None:
        self._storage = storage
        self._namespace = namespace
        self._opened = opened
        self._read_only = read_only

    def close(self) -> None:
        """Give the handle back; a second time does nothing."""
        self._opened.discard(self)

    def __enter__(self) -> NvsHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def set_integer(self, type_: ItemType, key: str, value: int) -> None:
        """Store a number; see the class."""
        self._check_writable()
        self._storage.write(self._namespace, type_, _to_c(key), integer_to_bytes(type_, value))
        self._storage.commit()

    def get_integer(self, type_: ItemType, key: str) -> int:
        """Return a number; see the class."""
        self._check_open()
        return integer_from_bytes(type_, self._read(type_, _to_c(key), 0))

    set_u8 = partialmethod(set_integer, ItemType.U8)
    set_i8 = partialmethod(set_integer, ItemType.I8)
    set_u16 = partialmethod(set_integer, ItemType.U16)
    set_i16 = partialmethod(set_integer, ItemType.I16)
    set_u32 = partialmethod(set_integer, ItemType.U32)
    set_i32 = partialmethod(set_integer, ItemType.I32)
    set_u64 = partialmethod(set_integer, ItemType.U64)
    set_i64 = partialmethod(set_integer, ItemType.I64)
    get_u8 = partialmethod(get_integer, ItemType.U8)
    get_i8 = partialmethod(get_integer, ItemType.I8)
    get_u16 = partialmethod(get_integer, ItemType.U16)
    get_i16 = partialmethod(get_integer, ItemType.I16)
    get_u32 = partialmethod(get_integer, ItemType.U32)
    get_i32 = partialmethod(get_integer, ItemType.I32)
    get_u64 = partialmethod(get_integer, ItemType.U64)
    get_i64 = partialmethod(get_integer, ItemType.I64)

    def set_str(self, key: str, value: str) -> None:
        """Store a text of at most 3999 bytes, else ``ESP_ERR_NVS_VALUE_TOO_LONG``. A read-only handle can, too."""
        self._check_open()
        self._storage.write(self._namespace, ItemType.STRING, _to_c(key), _to_c(value) + b"\0")
        self._storage.commit()

    def set_blob(self, key: str, value: bytes) -> None:
        """Store bytes, at most 4000 for each page but one, else ``ESP_ERR_NVS_VALUE_TOO_LONG``.

        A read-only handle can, too.
        """
        self._check_open()
        self._storage.write_blob(self._namespace, _to_c(key), value)
        self._storage.commit()

    def get_str(self, key: str, length: int | None = None) -> str:
        """Return a text. ``ESP_ERR_NVS_INVALID_LENGTH`` if a buffer of ``length`` bytes is too small."""
        return _to_text(self._get(ItemType.STRING, key, length).partition(b"\0")[0])

    def get_blob(self, key: str, length: int | None = None) -> bytes:
        """Return a blob. ``ESP_ERR_NVS_INVALID_LENGTH`` if a buffer of ``length`` bytes is too small."""
        return self._get(ItemType.BLOB, key, length)

    def str_length(self, key: str) -> int:
        """Return the bytes of a text with its NUL: ``nvs_get_str`` without a buffer."""
        return self._length(ItemType.STRING, _to_c(key))

    def blob_length(self, key: str) -> int:
        """Return the bytes of a blob: ``nvs_get_blob`` without a buffer. The blob may yet prove to be damaged."""
        return self._length(ItemType.BLOB, _to_c(key))

    def erase_key(self, key: str) -> None:
        """Erase the first item under a key; ``ESP_ERR_NVS_NOT_FOUND`` if there is none.

        Of a blob that is one chunk, at this revision: its length can still be asked, and the next `get_blob` finds it
        damaged and erases the rest.
        """
        self._check_writable()
        if not self._storage.erase(self._namespace, _to_c(key)):
            raise NvsError(EspErr.ESP_ERR_NVS_NOT_FOUND)
        self._storage.commit()

    def erase_all(self) -> None:
        """Erase every key of the namespace."""
        self._check_writable()
        self._storage.erase_namespace(self._namespace)
        self._storage.commit()

    def commit(self) -> None:
        """Do nothing: what was set is in flash already."""
        self._check_open()

    def used_entry_count(self) -> int:
        """Return how many entries the namespace has in use: ``nvs_get_used_entry_count``."""
        self._check_open()
        return self._storage.used_entries(self._namespace)

    def _check_open(self) -> None:
        if self not in self._opened:
            raise NvsError(EspErr.ESP_ERR_NVS_INVALID_HANDLE)

    def _check_writable(self) -> None:
        self._check_open()
        if self._read_only:
            raise NvsError(EspErr.ESP_ERR_NVS_READ_ONLY)

    def _get(self, type_: ItemType, key: str, length: int | None) -> bytes:
        self._check_open()
        name = _to_c(key)
        needed = self._length(type_, name)
        if length is not None and length < needed:
            raise NvsError(EspErr.ESP_ERR_NVS_INVALID_LENGTH)
        return self._read(type_, name, needed)

    def _length(self, type_: ItemType, key: bytes) -> int:
        self._check_open()
        length = self._storage.size(self._namespace, type_, key)
        if length is None:
            raise NvsError(EspErr.ESP_ERR_NVS_NOT_FOUND)
        return length

    def _read(self, type_: ItemType, key: bytes, length: int) -> bytes:
        data = self._storage.read(self._namespace, type_, key, length)
        if data is None:
            raise NvsError(EspErr.ESP_ERR_NVS_NOT_FOUND)
        return data


def _joined(index: Item, chunks: Mapping[tuple[int, bytes, int], object]) -> bytes | None:
    """Return the blob whose index this is, None if it is not complete."""
    parts = [
        chunks.get((index.namespace, index.name, number))
        for number in range(index.chunk_start, index.chunk_start + index.chunk_count)
    ]
    blob = b"".join(part for part in parts if isinstance(part, bytes))
    return blob if None not in parts and len(blob) == index.blob_size else None


def _to_c(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape").partition(b"\0")[0]


def _to_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
