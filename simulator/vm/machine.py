"""The Lua machine: runs Lua until it needs the world, and then returns a request.

Theory of operation
-------------------
A `Machine` is one Lua universe: one global state, shared by all Lua threads. It knows no clock, no event loop and no
file; `LuaThread.resume` runs one Lua thread until it ends or asks for something, and returns that as a tuple of
``bytes``, numbers, booleans and None whose first item is the name of the request. The caller carries it out and
resumes the thread with the answer: ``(True, value...)``, or ``(False, message)`` to raise an error in the script.

A request leaves Lua in one of two ways. Normally the coroutine *yields* it, with a private tag; the wrapped
``coroutine.resume`` hands the tag upwards, so that coroutines of a script work. Where Lua cannot yield (a sort
comparator, a ``gsub`` callback, a finalizer, the count hook), a host callback *switches greenlets*: every Lua thread
is resumed inside a greenlet of its own whose parent is the caller.

What keeps lupa from crashing the interpreter (each rule was found by a crash):

* During a host callback lupa stores the calling ``lua_State`` and restores the old one afterwards, as if callbacks
  ended last in, first out. A greenlet switch breaks that order, so the coroutine is pinned in a Lua table until
  power-off, switching is the exception, and after start-up only tables and functions fetched from the main state at
  start are used, never ``eval``, ``execute``, ``globals`` or ``table``.
* An object made from inside a coroutine points to that coroutine. A function that a script hands over is therefore
  stored by Lua into a table of the main state (``K.threads``, ``K.callbacks``) and fetched from there.
* Power-off: a thread parked in a yield is never resumed. One parked in a callback is resumed once and unwinds, since
  ``pcall`` and its kin re-raise at once when the machine is off.
* `Machine.close` lets go in order: threads, every Lua object, the runtime. Host callbacks hold the machine by weak
  reference, because Python's cycle collector would close the Lua state before the last object lets go of it.

Everything is ``bytes`` on the way in and out: Lua strings are bytes.
"""

from __future__ import annotations

import functools
import weakref
from pathlib import Path
from typing import Any, Final, TypeAlias

import greenlet
from lupa import lua53 as lupa

from simulator.vm.exceptions import DRIVERS, error_table

Value: TypeAlias = bytes | int | float | bool | None
Request: TypeAlias = tuple[Any, ...]
Answer: TypeAlias = tuple[Any, ...]

INSTRUCTIONS_PER_TICK: Final = 10_000
"""The count hook returns a ``tick`` request after so many virtual machine instructions (core.lua)."""

THREAD_END: Final = b"thread.end"
TICK: Final = b"tick"

_LIBRARIES: Final = ("base", "io", "os", "net", "tmr", "thread", "nvs", "repl")


class PowerOffError(Exception):
    """Unwinds a Lua thread that was parked in a host callback; never seen outside this module."""


@functools.cache
def _compiled(name: str) -> bytes:
    """Return the bytecode of one of our Lua files without debug information, compiled once a process."""
    source = (Path(__file__).parent / "lua" / f"{name}.lua").read_bytes()
    compiler = lupa.LuaRuntime(encoding=None).eval(
        b"function(source, name) return string.dump(assert(load(source, name)), true) end"
    )
    return bytes(compiler(source, b"=" + name.encode() + b".lua"))


def _deny(_object: object, _name: object, _is_setting: bool) -> object:
    raise AttributeError


class LuaThread:
    """One Lua thread, parked between two calls of `resume`. Made by `Machine.start`."""

    __slots__ = ("_greenlet", "_machine", "id", "kind")

    def __init__(self, machine: Machine, function: Any, kind: str, id_: int) -> None:
        self.kind = kind
        self.id = id_
        self._machine = machine
        self._greenlet: Any = greenlet.greenlet(_body)
        self._greenlet.switch(function)

    def resume(self, answer: Answer | None) -> Request:
        """Run until the next request and return it; ``(THREAD_END, ok, message)`` is the last one.

        ``answer`` goes to the request that the Lua thread waits for; it is None the first time.
        """
        request: Request = self._greenlet.switch(answer)
        if request[0] == THREAD_END:
            self._machine.forget(self)
        return request

    def stop(self) -> None:
        """Never run it again, as deleting its FreeRTOS task does. What it locked stays locked."""
        self._machine.unwind(self)


_UNWIND: Final = object()


def _body(function: Any) -> Request:
    """Run inside the greenlet of a Lua thread: hand yielded requests to the parent, and answers back."""
    send = function.send
    switch = greenlet.getcurrent().parent.switch
    answer = switch(None)
    try:
        while answer is not _UNWIND:
            request = send(answer)
            # The first item is the private tag that marks the yield as ours.
            if request[1] == THREAD_END:
                return request[1:]  # type: ignore[no-any-return]
            answer = switch(request[1:])
    except PowerOffError:
        pass
    except (lupa.LuaError, lupa.LuaMemoryError) as error:
        return (THREAD_END, False, str(error).encode("utf-8", "replace"))
    return (THREAD_END, False, b"")


class Machine:
    """A Lua universe with the API of Lua RTOS. Start Lua threads with `start`; `close` it when the power goes.

    ``heap_bytes`` is what scripts can allocate on top of the API itself (0: no limit), counted in the host's objects,
    which are about twice as large as the ESP32's. ``ethernet`` is the Ethernet of the build: ``none``, ``rmii`` or
    ``spi``; without one there is no ``net.en``.
    """

    def __init__(self, *, heap_bytes: int = 0, ethernet: str = "none") -> None:
        self._off = False
        self._alive: set[LuaThread] = set()
        me = weakref.ref(self)

        def host(*request: Any) -> Any:
            if is_off():
                raise PowerOffError
            answer = greenlet.getcurrent().parent.switch(request)
            if answer is _UNWIND or is_off():
                raise PowerOffError
            return answer

        def tick(source: bytes, line: int) -> bool:
            return bool(host(TICK, source, line)[0])

        def is_off() -> bool:
            machine = me()
            return machine is None or machine._off  # noqa: SLF001

        runtime = lupa.LuaRuntime(
            encoding=None,
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            attribute_filter=_deny,
            max_memory=0,
        )
        self._runtime: Any = runtime
        kernel = runtime.table()
        kernel[b"ethernet"] = ethernet.encode()
        kernel[b"error_tables"] = runtime.table_from(
            {
                name.encode(): runtime.table_from({k.encode(): v for k, v in error_table(name).items()})
                for name in DRIVERS
            }
        )
        load = runtime.eval(b"load")
        start, core, *libraries = [load(_compiled(name)) for name in ("start", "core", *_LIBRARIES)]
        start(kernel, host, tick, is_off, core, *libraries)
        self._thread_body: Any = kernel[b"thread_body"]
        self._base_memory_bytes: int = runtime.get_memory_used()
        if heap_bytes:
            runtime.set_max_memory(self._base_memory_bytes + heap_bytes)

    def start(self, kind: str, id_: int, *arguments: Value) -> LuaThread:
        """Return a new Lua thread, not yet run.

        ``kind`` is ``main`` (boot scripts and prompt), ``thread`` (the function that ``thread.start`` stored under
        ``id_``) or ``callback`` (the one stored under ``id_``, called with ``arguments``).
        """
        thread = LuaThread(self, self._thread_body.coroutine(kind.encode(), id_, *arguments), kind, id_)
        self._alive.add(thread)
        return thread

    @property
    def heap_used_bytes(self) -> int:
        """What scripts have allocated on top of the API."""
        return max(0, int(self._runtime.get_memory_used()) - self._base_memory_bytes)

    def forget(self, thread: LuaThread) -> None:
        """Drop a Lua thread that has ended."""
        self._alive.discard(thread)

    def unwind(self, thread: LuaThread) -> None:
        """Stop one Lua thread for good. While it unwinds the machine counts as off, so that no ``pcall`` holds it."""
        if thread in self._alive:
            self._alive.discard(thread)
            was_off, self._off = self._off, True
            try:
                thread._greenlet.switch(_UNWIND)  # noqa: SLF001
            finally:
                self._off = was_off

    def close(self) -> None:
        """Cut the power: stop every Lua thread and free the Lua state. Closing twice is harmless."""
        self._off = True
        for thread in sorted(self._alive, key=lambda t: t.id):
            self.unwind(thread)
        self._thread_body = None
        self._runtime = None
