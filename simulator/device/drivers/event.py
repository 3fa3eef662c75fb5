"""event: Lua threads that wait for a broadcast (``components/lua/modules/sys/event.c``).

A thread listens from its first wait until it says that it is done. Each listener has room for one message; whoever
sends a second one waits until the first has been taken. Who ends without being done goes on listening.

Listeners are in a list with gaps (``sys/list.c``): one that leaves makes a gap, and the next to come fills the newest.
Both who searches the list and who sends along it begin at the first place, and give up at once if that is a gap. So as
long as the first listener is away the others hear nothing, and who waits again has a second place.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, ClassVar

from simulator.device.calls import call
from simulator.device.drivers.shared import Driver
from simulator.device.kernel import DONE, WAIT, Kernel, Task


@dataclass(slots=True, eq=False)
class _Listener:
    task: Task
    message: bool | None = None
    """What waits to be taken: True for a broadcast, False for the end of the event."""
    waits: bool = False
    is_awaited: bool = False
    """Whether a sender waits for it to be done."""


@dataclass(slots=True)
class _Sender:
    """A broadcast, or a disabling, that is under way: at which place of the list it is."""

    task: Task
    message: bool
    awaits: bool
    answer: tuple[Any, ...]
    place: int | None = 0
    is_announced: bool = False
    """Whether the listener at the place knows that it is awaited."""


@dataclass(slots=True)
class _Event:
    listeners: list[_Listener | None] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    pending: int = 0
    is_disabled: bool = False
    sending: list[_Sender] = field(default_factory=list)
    """Who waits for room."""
    awaiting: deque[_Sender] = field(default_factory=deque)
    """Who waits for listeners to be done."""
    confirmations: int = 0
    """What listeners have said and no sender has heard yet."""

    def find(self, task: Task) -> _Listener | None:
        """Return the listener of a thread as far as the search gets to it."""
        place: int | None = 0
        while place is not None and (listener := self.at(place)) is not None:
            if listener.task is task:
                return listener
            place = self.after(place)
        return None

    def at(self, place: int) -> _Listener | None:
        """Return the listener at a place; None for a gap, and for the first place of an empty list."""
        return self.listeners[place] if place < len(self.listeners) else None

    def after(self, place: int) -> int | None:
        """Return the next place that is no gap, if there is one."""
        return next((i for i in range(place + 1, len(self.listeners)) if self.listeners[i] is not None), None)

    def found_or_new(self, task: Task) -> _Listener:
        """Return the listener of a thread, a new one if it is not found."""
        listener = self.find(task)
        if listener is None:
            listener = _Listener(task)
            if self.gaps:
                self.listeners[self.gaps.pop()] = listener
            else:
                self.listeners.append(listener)
        return listener

    def remove(self, listener: _Listener) -> None:
        """Let a listener leave a gap."""
        place = self.listeners.index(listener)
        self.listeners[place] = None
        self.gaps.append(place)


class EventDriver(Driver):
    """The events."""

    name: ClassVar[str] = "event"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._events: dict[int, _Event] = {}
        self._last_number = 0

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts: there are no events."""
        super().connect(kernel)
        self._events.clear()

    @call("event.create")
    def _create(self) -> tuple[Any, ...]:
        self._last_number += 1
        self._events[self._last_number] = _Event()
        return (self._last_number,)

    @call("event.collected")
    def _collected(self, number: int) -> None:
        del self._events[number]

    # -- listening ------------------------------------------------------------------------------------------------

    @call("event.wait")
    def _wait(self, number: int) -> Any:
        event = self._events[number]
        if event.is_disabled:
            return (False,)
        listener = event.found_or_new(self.kernel.current)
        if listener.message is None:
            listener.waits = True
            return WAIT
        message, listener.message = listener.message, None
        self._send_on(event)
        return (message,)

    @call("event.done")
    def _done(self, number: int) -> None:
        event, task = self._events[number], self.kernel.current
        if event.found_or_new(task).is_awaited:
            event.confirmations += 1
        leaving = event.find(task)
        if leaving is not None:
            event.remove(leaving)
        self._send_on(event)

    # -- sending --------------------------------------------------------------------------------------------------

    @call("event.broadcast")
    def _broadcast(self, number: int, awaits: bool) -> Any:
        event = self._events[number]
        if event.is_disabled:
            return (False,)
        return self._send(event, _Sender(self.kernel.current, message=True, awaits=awaits, answer=(True, True)))

    @call("event.disable")
    def _disable(self, number: int) -> Any:
        event = self._events[number]
        event.is_disabled = True
        return self._send(event, _Sender(self.kernel.current, message=False, awaits=True, answer=DONE))

    @call("event.enable")
    def _enable(self, number: int) -> None:
        self._events[number].is_disabled = False

    @call("event.pending")
    def _pending(self, number: int) -> tuple[Any, ...]:
        return (self._events[number].pending > 0,)

    def _send(self, event: _Event, sender: _Sender) -> Any:
        event.sending.append(sender)
        self._send_on(event)
        return WAIT

    def _send_on(self, event: _Event) -> None:
        """Let the senders go along the list as far as there is room."""
        for sender in tuple(event.sending):
            while sender.place is not None and (listener := event.at(sender.place)) is not None:
                if not sender.is_announced:
                    sender.is_announced = True
                    listener.is_awaited = sender.awaits
                    event.pending += sender.awaits
                if listener.message is not None:
                    break
                self._tell(listener, sender.message)
                sender.place = event.after(sender.place)
                sender.is_announced = False
            else:
                event.sending.remove(sender)
                self._await(event, sender)
        while event.awaiting and event.confirmations:
            event.confirmations -= 1
            event.pending -= 1
            self._await(event, event.awaiting.popleft())

    def _await(self, event: _Event, sender: _Sender) -> None:
        """Let a sender wait for one more to be done, or go on. Of several that wait only one goes on at the end."""
        if sender.awaits and event.pending:
            event.awaiting.append(sender)
        elif self.kernel.has(sender.task):
            self.kernel.answer(sender.task, sender.answer)

    def _tell(self, listener: _Listener, message: bool) -> None:
        if listener.waits and self.kernel.has(listener.task):
            listener.waits = False
            self.kernel.answer(listener.task, (True, message))
        else:
            listener.message = message
