"""What the console UART's receive interrupt does with each byte, and the queue behind it.

Two bytes are special: 0x04 stops the boot scripts and is answered at interrupt level, 0x03 becomes a signal while
Lua code runs. Everything is dropped until the interpreter runs; in raw mode (file transfers) everything is data
(``components/sys/drivers/uart.c``). Signal and answer leave the interrupt through a queue of one, so of several such
bytes in one burst only the first has an effect outside, though each 0x04 sets the flag.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, NamedTuple

INTERRUPT_BYTE: Final = 0x03
ABORT_BYTE: Final = 0x04

QUEUE_BYTES: Final = 1024
"""``CONFIG_LUA_RTOS_CONSOLE_BUFFER_LEN`` of every board; what does not fit is lost."""

ANSWER_BOOTING: Final = b"Lua RTOS-booting-ESP32\r\n"
ANSWER_RUNNING: Final = b"Lua RTOS-running-ESP32\r\n"


class Mode(Enum):
    """What the console is used for."""

    BOOTING = "booting"  # the interpreter has never run since reset
    RUNNING = "running"  # from just before the line "Lua RTOS beta 0.1 powered by Lua 5.3.4" on, until reset
    RAW = "raw"  # io.receive, io.send, os.run


class _Rule(Enum):
    STORE = "store"
    DROP = "drop"
    ABORT = "set the flag and answer"
    SIGNAL = "signal if there is a handler, else store"


_RULES: Final[Mapping[tuple[Mode, int], _Rule]] = {
    (Mode.BOOTING, ABORT_BYTE): _Rule.ABORT,
    (Mode.BOOTING, INTERRUPT_BYTE): _Rule.DROP,
    (Mode.RUNNING, ABORT_BYTE): _Rule.ABORT,
    (Mode.RUNNING, INTERRUPT_BYTE): _Rule.SIGNAL,
}
_RULES_FOR_OTHER_BYTES: Final[Mapping[Mode, _Rule]] = {
    Mode.BOOTING: _Rule.DROP,
    Mode.RUNNING: _Rule.STORE,
    Mode.RAW: _Rule.STORE,
}


class Reaction(NamedTuple):
    """What a burst causes outside the queue: at most one of the two."""

    answer: bytes = b""
    """Bytes to send, raw."""
    interrupt: bool = False
    """Whether the interpreter's task gets SIGINT."""


class ConsoleInput:
    """The receiving side of the console. A chip reset makes a new one.

    ``running`` is set when the interpreter starts, ``raw`` around a file transfer, ``has_interrupt_handler`` while a
    Lua chunk runs (or ``net.ping``). ``abort_boot_scripts`` is never cleared: it also holds for an interpreter that
    restarts in place.
    """

    __slots__ = ("_queue", "abort_boot_scripts", "has_interrupt_handler", "raw", "running")

    def __init__(self) -> None:
        self.running = False
        self.raw = False
        self.has_interrupt_handler = False
        self.abort_boot_scripts = False
        self._queue = bytearray()

    @property
    def mode(self) -> Mode:
        """Which of the three sets of rules holds now."""
        if self.raw:
            return Mode.RAW
        return Mode.RUNNING if self.running else Mode.BOOTING

    def receive(self, burst: bytes) -> Reaction:
        """Handle the bytes of one receive interrupt: store, drop or act on each."""
        mode = self.mode
        otherwise = _RULES_FOR_OTHER_BYTES[mode]
        reaction = Reaction()
        for byte in burst:
            match _RULES.get((mode, byte), otherwise):
                case _Rule.STORE:
                    self._store(byte)
                case _Rule.SIGNAL if not self.has_interrupt_handler:
                    self._store(byte)
                case _Rule.SIGNAL:
                    reaction = reaction if any(reaction) else Reaction(interrupt=True)
                case _Rule.ABORT:
                    self.abort_boot_scripts = True
                    answer = ANSWER_RUNNING if self.running else ANSWER_BOOTING
                    reaction = reaction if any(reaction) else Reaction(answer=answer)
        return reaction

    def take(self, count: int = 1) -> bytes:
        """Take up to ``count`` bytes from the front of the queue; ``b""`` if it is empty."""
        taken = bytes(self._queue[:count])
        del self._queue[:count]
        return taken

    def discard(self) -> None:
        """Empty the queue."""
        self._queue.clear()

    def __len__(self) -> int:
        return len(self._queue)

    def _store(self, byte: int) -> None:
        if len(self._queue) < QUEUE_BYTES:
            self._queue.append(byte)
