"""nvs: values that survive a reset, each a blob with a tag for its type (``components/lua/modules/sys/nvs.c``)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from math import copysign, inf
from typing import Any, Final

from simulator.device.calls import CallGroup, call, text_of
from simulator.device.calls.system import Identity
from simulator.device.outcome import Hang, Outcome, Restart
from simulator.device.panic import abort_text, corrupt_heap_text
from simulator.flash import FlashChip, PartitionView
from simulator.formats import EspErr, EspError
from simulator.formats.partition_table import SUBTYPE_NVS, TYPE_DATA
from simulator.nvs import Nvs, NvsError, NvsFatalError, NvsHandle
from simulator.vm.exceptions import LuaError

_PARTITION: Final = "nvs"
_INTEGER, _FLOAT, _BOOLEAN, _NIL, _STRING = (bytes((tag,)) for tag in range(1, 6))
_TYPE_NAMES: Final = {b"float": "number"}

_TEXTS: Final = {
    EspErr.ESP_ERR_INVALID_ARG: "258:fail",
    EspErr.ESP_ERR_NO_MEM: "257:not enough memory",
    EspErr.ESP_ERR_INVALID_STATE: "259:invalid state",
    EspErr.ESP_ERR_INVALID_SIZE: "260:invalid size",
    EspErr.ESP_ERR_NVS_NOT_FOUND: "261:key not found",
}
"""What a script sees of a code. A code that is not here raises no error."""

Result = tuple[Any, ...]


class NvsCalls(CallGroup):
    """The NVS of the partition ``nvs``; as every run of the app begins with `init`, one is made for each."""

    def __init__(self, identity: Identity, chip: FlashChip, emit: Callable[..., None]) -> None:
        self._manifest = identity.manifest
        self._chip = chip
        self._emit = emit
        partition = identity.table.first(TYPE_DATA, SUBTYPE_NVS, _PARTITION)
        self.nvs = Nvs(PartitionView(chip, partition)) if partition is not None else None
        """The store; None without a partition for it."""

    def init(self) -> Outcome | None:
        """Load it, and look at no error, as Lua RTOS. Returns how the run ends if the device does not survive that."""
        try:
            if self.nvs is not None:
                self.nvs.init()
        except EspError:
            pass
        except NvsFatalError as error:
            return self._outcome(error)
        return None

    @call("nvs.write")
    def _write(self, namespace: bytes, key: bytes, kind: bytes, value: Any) -> Any:
        return self._carry_out(lambda: self._write_value(namespace, key, kind, value))

    @call("nvs.read")
    def _read(self, namespace: bytes, key: bytes, has_default: bool) -> Any:
        return self._carry_out(lambda: self._read_value(namespace, key, has_default=has_default))

    @call("nvs.exists")
    def _exists(self, namespace: bytes, key: bytes) -> Any:
        def exists() -> Result:
            with self._open(namespace, read_only=True) as handle:
                handle.get_blob(text_of(key))
            return (True,)

        return self._carry_out(lambda: _or_false(exists))

    @call("nvs.rm")
    def _rm(self, namespace: bytes, key: bytes) -> Any:
        def remove() -> Result:
            with self._open(namespace) as handle:  # which creates the namespace
                handle.erase_key(text_of(key))
            self._emit("nvs.erase", namespace=text_of(namespace), key=text_of(key))
            return (True,)

        return self._carry_out(lambda: _or_false(remove))

    def _write_value(self, namespace: bytes, key: bytes, kind: bytes, value: Any) -> Any:
        try:
            with self._open(namespace) as handle:
                handle.set_blob(text_of(key), _encode(kind, value))
        except EspError as error:
            if error.code not in _TEXTS:
                # The buffer is given back, the error is not raised, and the buffer is given back again.
                return self.kernel.end(Restart(panic=corrupt_heap_text(self._manifest)))
            raise LuaError(_TEXTS[error.code]) from error
        type_ = _TYPE_NAMES.get(kind, kind.decode())
        self._emit("nvs.set", namespace=text_of(namespace), key=text_of(key), type=type_)
        return None

    def _read_value(self, namespace: bytes, key: bytes, *, has_default: bool) -> Result:
        try:
            handle = self._open(namespace, read_only=True)
            handle.blob_length(text_of(key))
        except EspError as error:
            if error.code == EspErr.ESP_ERR_NVS_NOT_FOUND and has_default:
                return (b"last",)
            return _nothing(error)
        try:
            blob = handle.get_blob(text_of(key))
        except EspError as error:
            return _nothing(error)  # here nobody thinks of the default
        finally:
            handle.close()
        return value_of_blob(blob)

    def _open(self, namespace: bytes, *, read_only: bool = False) -> NvsHandle:
        if self.nvs is None:
            raise NvsError(EspErr.ESP_ERR_NVS_NOT_INITIALIZED)
        return self.nvs.open(text_of(namespace), read_only=read_only)

    def _carry_out(self, action: Callable[[], Any]) -> Any:
        """Let the running Lua thread pay for what the flash chip did, and the device end if it does not survive it."""
        try:
            return action()
        except NvsFatalError as error:
            return self.kernel.end(self._outcome(error))
        finally:
            self.kernel.charge(self._chip.take_busy_ns())

    def _outcome(self, error: NvsFatalError) -> Outcome:
        return Hang(f"NVS: {error}") if error.hangs else Restart(panic=abort_text(self._manifest))


def _or_false(action: Callable[[], Result]) -> Result:
    try:
        return action()
    except EspError:
        return (False,)


def _nothing(error: EspError) -> Result:
    """Raise the error of ``nvs.read``, or return no value if its code has none."""
    if error.code in _TEXTS:
        raise LuaError(_TEXTS[error.code]) from error
    return (b"nothing",)


def _encode(kind: bytes, value: Any) -> bytes:
    """Return the tag and the C value: a 32-bit integer, a 32-bit float, an int, a zero byte, or a C string."""
    if kind == b"integer":
        return _INTEGER + struct.pack("<I", value & 0xFFFFFFFF)
    if kind == b"float":
        return _FLOAT + _float_bytes(value)
    if kind == b"boolean":
        return _BOOLEAN + struct.pack("<I", value)
    if kind == b"nil":
        return _NIL + b"\0"
    return _STRING + bytes(value).partition(b"\0")[0] + b"\0"


def _float_bytes(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:  # of a double, in a build of Lua that is not the board's
        return struct.pack("<f", copysign(inf, value))


def value_of_blob(blob: bytes) -> Result:
    """Return the value of a blob. What is missing in one that somebody else wrote is taken as 0."""
    tag, data = blob[:1], blob[1:]
    word = data[:4].ljust(4, b"\0")
    if tag == _INTEGER:
        return (b"value", int.from_bytes(word, "little", signed=True))
    if tag == _FLOAT:
        return (b"value", struct.unpack("<f", word)[0])
    if tag == _BOOLEAN:
        return (b"value", word != bytes(4))
    if tag == _NIL:
        return (b"value", None)
    if tag == _STRING:
        return (b"value", data.partition(b"\0")[0])
    return (b"last",)
