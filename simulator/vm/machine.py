"""The Lua machine: runs Lua until it needs the world, and then returns a request.

Theory of operation
-------------------
A `Machine` is one Lua universe: one global state, shared by all Lua threads. It knows no clock, no event loop and no
file; `LuaThread.resume` runs one Lua thread until it ends or asks for something, and returns that as a tuple of
``bytes``, numbers, booleans and None whose first item is the name of the request. The caller carries it out and
resumes the thread with the answer: ``(True, value...)``, or ``(False, message)`` to raise an error in the script.

A request leaves Lua in one of two ways. Normally the coroutine *yields* it, with a private tag; the wrapped
``coroutine.resume`` hands the tag upwards, so that coroutines of a script work. Where Lua cannot yield (a sort
comparator, a ``gsub`` callback, a finalizer, the count hook), a host callback *switches greenlets*: a Lua thread is
resumed inside a greenlet whose parent is the caller, its runner. A runner whose Lua thread is parked in a callback
belongs to that thread until it is resumed; all others are for anybody, so that parked Lua threads cost no greenlet.

What keeps lupa from crashing the interpreter (each rule was found by a crash):

* During a host callback lupa stores the calling ``lua_State`` and restores the old one afterwards, as if callbacks
  ended last in, first out. A greenlet switch breaks that order, so the coroutine is pinned in a Lua table until
  power-off, and switching is the exception. After start-up nothing runs in the main state, in which nothing is
  protected and of which lupa may have lost hold: no ``eval``, no call of a Lua function, not even a look into a table
  (for each of these lupa reads the global ``debug`` first, and a script may have put anything behind that).
* An object made from inside a coroutine points to that coroutine. A function that a script hands over is therefore
  stored by Lua into a table of the main state (``K.threads``, ``K.callbacks``) and fetched from there.
* What lupa does between two runs of Lua code is not protected: an error there, out of memory or out of a finalizer,
  ends the process. So there is always room for an answer (`Machine.make_room`), and the garbage collector rests while
  Lua is left and a script has finalizers (core.lua).
* A request has at most 30 values: lupa moves them without looking at the size of the stack. (An answer may have more.)
* A host callback never raises, and never returns a text while the heap may be full or a finalizer may run: an error
  while lupa pushes its result would leave the GIL taken for ever.
* Power-off: a thread parked in a yield is never resumed. One parked in a callback is resumed once with an error and
  unwinds, since ``pcall`` and its kin re-raise at once when the machine is off.
* `Machine.close` lets go in order: threads, every Lua object, the runtime. Host callbacks and Lua threads hold the
  machine by weak reference, because Python's cycle collector would close the Lua state before the last object lets go
  of it; so a machine that nobody closes is closed when its owner drops it.

Everything is ``bytes`` on the way in and out: Lua strings are bytes.
"""

from __future__ import annotations

import functools
import weakref
from pathlib import Path
from typing import Any, Final, TypeAlias

import greenlet
from lupa import lua53 as lupa

from simulator.boards import Board
from simulator.vm import bytecode
from simulator.vm.api import build_has_module, build_members

Value: TypeAlias = bytes | int | float | bool | None
Request: TypeAlias = tuple[Any, ...]
Answer: TypeAlias = tuple[Any, ...]

INSTRUCTIONS_PER_TICK: Final = 20_000
"""The count hook returns a ``tick`` request after so many virtual machine instructions (core.lua)."""

THREAD_END: Final = b"thread.end"
TICK: Final = b"tick"
"""The request of the count hook: source, line, and whether the Lua thread has let go of the lock since the last one.

The answer ``(True, True)`` says that others wait for the lock; the Lua thread then asks to `LET_GO` as soon as it can.
"""
LET_GO: Final = b"let go"

_AT_START: Final = ("start", "core", "frames", "modules", "base", "libraries", "repl")
"""The Lua files that every machine loads, in the order that start.lua takes them in. The others wait until needed."""

_LUA: Final = Path(__file__).parent / "lua"

_NO_LIMIT: Final = 0
_ROOM_BYTES: Final = 64 * 1024
"""Free memory in which any answer fits, not counting its texts."""

_OFF: Final[Answer] = (False, b"power off")


class _Tag:
    """Marks a yield as a request. In Lua it is an object that no script can make or get."""


_TAG: Final = _Tag()


@functools.cache
def _compiled(name: str) -> bytes:
    """Return the bytecode of one of our Lua files, compiled once a process: no debug information but our chunk name."""
    source = (_LUA / f"{name}.lua").read_bytes()
    return bytecode.renamed(bytecode.compile_stripped(source, b"=" + name.encode() + b".lua"), bytecode.FIRMWARE)


def _deny(_object: object, _name: object, _is_setting: bool) -> object:
    raise AttributeError


_idle_runners: list[greenlet.greenlet] = []
_IDLE_RUNNERS_MAX: Final = 8


def _take_runner() -> greenlet.greenlet:
    """Return an idle runner whose parent is the calling greenlet."""
    while _idle_runners:
        runner = _idle_runners.pop()
        if runner.parent is greenlet.getcurrent():
            return runner
    runner = greenlet.greenlet(_run)
    runner.switch()  # without a job: the arguments of the first switch live as long as the greenlet
    return runner


def _run() -> None:
    """Resume one Lua thread after the other, each until it yields or ends: the body of a runner."""
    park = greenlet.getcurrent().parent.switch
    send, answer = park()
    while True:
        try:
            request = send(answer)
        except (lupa.LuaError, lupa.LuaMemoryError) as error:
            request = (_TAG, THREAD_END, False, str(error).encode("utf-8", "replace"))
        send = answer = None  # an idle runner keeps no machine alive
        send, answer = park(request)


class LuaThread:
    """One Lua thread, parked between two calls of `resume`. Made by `Machine.start`."""

    __slots__ = ("_machine", "_runner", "_send", "id", "kind")

    def __init__(self, machine: Machine, kind: str, id_: int, arguments: tuple[Value, ...]) -> None:
        self.kind = kind
        self.id = id_
        self._machine = weakref.ref(machine)
        self._send: Any = functools.partial(self._begin, kind.encode(), id_, *arguments)
        self._runner: greenlet.greenlet | None = None
        """The runner in which it is parked, if it is parked in a host callback."""

    def _begin(self, *arguments: Any) -> Request:
        """Run for the first time, in a runner like every other time: the garbage collector may run here too."""
        *arguments_of_body, _answer = arguments
        machine = self._machine()
        assert machine is not None
        coroutine = machine.new_coroutine(*arguments_of_body)
        del machine  # nothing on the stack of a parked Lua thread keeps its machine
        self._send = coroutine.send
        request: Request = coroutine.send(None)
        return request

    @property
    def coroutine(self) -> Any:
        """The coroutine that it is in Lua; None before it has run, and when it has ended."""
        return getattr(self._send, "__self__", None)

    def resume(self, answer: Answer | None) -> Request:
        """Run until the next request and return it; ``(THREAD_END, ok, message)`` is the last one.

        ``answer`` goes to the request that the Lua thread waits for; it is None the first time.
        """
        machine = self._machine()
        assert machine is not None
        if answer is not None:
            answer = machine.make_room(answer)
        runner = self._runner
        if runner is None:
            runner = _take_runner()
            request: Request = runner.switch(self._send, answer)
        else:
            request = runner.switch(answer)
        if request[0] is not _TAG:  # from a host callback
            self._runner = runner
            return request
        self._release(runner)
        if request[1] == THREAD_END:
            machine.forget(self)
            self._send = None
        return request[1:]

    def _release(self, runner: greenlet.greenlet) -> None:
        self._runner = None
        if len(_idle_runners) < _IDLE_RUNNERS_MAX:
            _idle_runners.append(runner)

    def stop(self) -> None:
        """Never run it again, as deleting its FreeRTOS task does. What it locked stays locked."""
        machine = self._machine()
        if machine is not None:
            machine.unwind(self)

    def unwind(self) -> None:
        """Let it run out while the machine is off. Only the machine calls this."""
        if self._runner is not None:
            runner = self._runner
            runner.switch(_OFF)
            self._release(runner)
        self._send = None


class Machine:
    """A Lua universe with the API of Lua RTOS. Start Lua threads with `start`; `close` it when the power goes.

    ``board`` decides which parts of the API there are; without one all are, but Ethernet. ``heap_bytes`` is what
    scripts can allocate on top of the API itself (0: no limit), counted in the host's objects, which are about twice
    as large as the ESP32's.

    A machine is for the greenlet that made it: all calls have to come from there.
    """

    def __init__(self, board: Board | None = None, *, heap_bytes: int = 0) -> None:
        self._off = False
        self._alive: set[LuaThread] = set()
        self._heap_bytes = heap_bytes
        self._aside_bytes = 0
        self._api_parts: list[int] = []
        ethernet = board.ethernet if board is not None else None
        me = weakref.ref(self)

        def is_off() -> bool:
            machine = me()
            return machine is None or machine._off  # noqa: SLF001

        def request(*arguments: Any) -> Answer:
            if is_off():
                return _OFF
            answer: Answer = greenlet.getcurrent().parent.switch(arguments)
            machine = me()
            return answer if machine is None else machine.make_room(answer)

        def tick(source: bytes, line: int, has_let_go: bool) -> tuple[bool, bool]:
            goes_on, *others_wait = request(TICK, source, line, has_let_go)
            return bool(goes_on), True in others_wait

        def let_go() -> bool:
            return bool(request(LET_GO)[0])

        def settle() -> None:
            machine = me()
            if machine is not None:
                machine.limit_memory()

        def api_begins() -> None:
            machine = me()
            if machine is not None:
                machine.begin_api()

        def api_ends(garbage_bytes: int) -> None:
            machine = me()
            if machine is not None:
                machine.end_api(garbage_bytes)

        def library(name: bytes) -> bytes:
            return _compiled(name.decode())

        def has_library(name: bytes) -> bool:
            return (_LUA / f"{name.decode()}.lua").is_file()

        def members(module: bytes) -> tuple[bytes | int | float, ...]:
            return build_members(module.decode(), board)

        def has_module(name: bytes) -> bool:
            return build_has_module(name.decode("utf-8", "replace"), board)

        runtime = lupa.LuaRuntime(
            encoding=None,
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            attribute_filter=_deny,
            max_memory=_NO_LIMIT,
        )
        self._runtime: Any = runtime
        functions = (
            *(api_begins, api_ends, has_library, has_module, is_off),
            *(let_go, library, members, request, settle, tick),
        )
        host: dict[bytes, Any] = {function.__name__.encode(): function for function in functions}
        host[b"tag"] = _TAG
        host[b"ethernet"] = ethernet.interface.encode() if ethernet is not None else None
        load = runtime.eval(b"load")
        start, *files = [load(_compiled(name)) for name in _AT_START]
        self._thread_body: Any
        self._power_off: Any
        self._shared: Any
        """The table that our Lua files share, K."""
        self._thread_body, self._power_off, self._shared = start(runtime.table_from(host), *files)
        self._load: Any = load
        del load, start, files, host
        runtime.gccollect()  # what loading left behind is no part of a board's memory
        self._base_memory_bytes: int = runtime.get_memory_used()
        self.limit_memory()

    def start(self, kind: str, id_: int, *arguments: Value) -> LuaThread:
        """Return a new Lua thread, not yet run.

        ``kind`` is ``main`` (boot scripts and prompt), ``thread`` (the function that ``thread.start`` stored under
        ``id_``) or ``callback`` (the one stored under ``id_``, called with ``arguments``).
        """
        thread = LuaThread(self, kind, id_, arguments)
        self._alive.add(thread)
        return thread

    @property
    def heap_used_bytes(self) -> int:
        """What scripts have allocated on top of the API."""
        return max(0, int(self._runtime.get_memory_used()) - self._base_memory_bytes)

    def stack(self, thread: LuaThread) -> list[str]:
        """Return where the functions of scripts are on the stack of a parked Lua thread, ``autorun.lua:12``.

        Innermost first; none of one that has not run yet. It takes memory in the Lua state, as everything there does.
        """
        coroutine = thread.coroutine
        if coroutine is None:
            return []
        self._runtime.set_max_memory(_NO_LIMIT)
        look = self._load(_compiled("stack"))
        text: bytes = look.coroutine(self._shared, coroutine).send(None)
        self.limit_memory()
        return text.decode("utf-8", "replace").splitlines()

    def set_aside(self, bytes_: int) -> None:
        """Let scripts have so much less than the whole heap, because something else is there."""
        self._aside_bytes = bytes_
        self.limit_memory()

    def close(self) -> None:
        """Cut the power: stop every Lua thread and free the Lua state. Closing twice is harmless."""
        if self._runtime is None:
            return
        self._off = True
        for thread in sorted(self._alive, key=lambda t: t.id):
            thread.unwind()
        self._alive.clear()
        self._runtime.set_max_memory(_NO_LIMIT)
        with self._runtime.nogc():
            self._power_off.coroutine().send(None)
        self._thread_body = self._power_off = self._shared = self._load = None
        self._runtime = None

    def __del__(self) -> None:
        if getattr(self, "_power_off", None) is not None:
            self.close()

    # -- for Lua threads and host callbacks only ------------------------------------------------------------------

    def forget(self, thread: LuaThread) -> None:
        """Drop a Lua thread that has ended."""
        self._alive.discard(thread)

    def unwind(self, thread: LuaThread) -> None:
        """Stop one Lua thread for good. While it unwinds the machine counts as off, so that no ``pcall`` holds it."""
        if thread in self._alive:
            self._alive.discard(thread)
            was_off, self._off = self._off, True
            try:
                thread.unwind()
            finally:
                self._off = was_off

    def new_coroutine(self, *arguments: Any) -> Any:
        """Return a Lua coroutine that will run the body of a Lua thread."""
        self._runtime.set_max_memory(_NO_LIMIT)  # until it runs and settles
        return self._thread_body.coroutine(*arguments)

    def make_room(self, answer: Answer) -> Answer:
        """See that an answer can be pushed: lupa does that without protection. Lua settles when it has arrived.

        Where the limit had to be lifted, the answer begins with an integer in place of a boolean.
        """
        if not self._heap_bytes:
            return answer
        needed: int = self._runtime.get_memory_used() + _ROOM_BYTES
        if len(answer) > 1:
            for value in answer:
                if type(value) is bytes:
                    needed += len(value)
        if needed < self._base_memory_bytes + self._heap_bytes - self._aside_bytes:
            return answer
        self._runtime.set_max_memory(needed)
        return (int(answer[0]), *answer[1:])

    def limit_memory(self) -> None:
        """Let scripts have no more memory than the heap of the board."""
        if self._heap_bytes:
            self._runtime.set_max_memory(self._base_memory_bytes + self._heap_bytes - self._aside_bytes)

    def begin_api(self) -> None:
        """From here to `end_api` a part of the API is made: not the script's memory. Parts may hold parts."""
        self._api_parts.append(self._base_memory_bytes - int(self._runtime.get_memory_used()))
        self._runtime.set_max_memory(_NO_LIMIT)

    def end_api(self, garbage_bytes: int) -> None:
        """Now the part is there, and so much else that will be collected."""
        self._base_memory_bytes = self._api_parts.pop() + int(self._runtime.get_memory_used()) - garbage_bytes
        if not self._api_parts:
            self.limit_memory()
