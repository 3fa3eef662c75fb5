"""TCP connections inside the virtual network: pieces of bytes with a time at which they arrive.

Theory of operation. A connection is two pipes, one each way. Sending does not move bytes: it computes from the links
on the way when the piece will be there (`Route.arrival`) and appends it to the pipe with that time. The receiver
looks at the first piece: if its time has come it takes it, otherwise it sleeps until then. So a transfer costs one
sleep a piece and no task of its own, and a connection in which nothing moves costs nothing.

The sender waits while `WINDOW_BYTES` or more are under way or unread, and goes on when half of that is left, which
halves the number of times it has to be woken and keeps the link busy meanwhile.

How a connection ends:

* closed by one end: the other receives what was sent before, then ``b""``; what it sends itself breaks, as TCP's
  answer to data for a closed socket is a reset;
* reset by one end: the other breaks one latency later, when it has read what arrived before; the rest is lost;
* the link of one end is lost: that end breaks at once, and nobody tells the other, which is half open. What that sends
  goes nowhere, fills the window and breaks when TCP has retransmitted long enough; if it only listens, keep-alive
  probes notice much later. Both limits are those of the usual server, Linux;
* the lost end comes back with its address and knows nothing of the connection: the next byte that the other sends, or
  repeats, or probes with, is answered with a reset.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from operator import index
from typing import Final

import trio
from trio.lowlevel import Abort

from simulator.network._route import Route
from simulator.network.interface import Connection
from simulator.network.tap import Flow

WINDOW_BYTES: Final = 128 * 1024
"""How much may be under way or unread before the sender has to wait."""

RETRANSMISSION_LIMIT_S: Final = 924.6
"""How long Linux repeats unacknowledged data before the connection fails (``tcp_retries2`` = 15)."""
KEEPALIVE_S: Final = 7200.0
KEEPALIVE_LIMIT_S: Final = KEEPALIVE_S + 9 * 75.0
"""When Linux's keep-alive asks a silent peer, and gives it up (``tcp_keepalive_time``, ``_probes``, ``_intvl``)."""
REPETITION_S_MIN: Final = 0.2
REPETITION_S_MAX: Final = 120.0
"""Between two repetitions on Linux (``TCP_RTO_MIN``, ``TCP_RTO_MAX``); each takes twice as long as the one before."""


class _Sleeper:
    """At most one task that waits for the other end or for a moment."""

    __slots__ = ("_task",)

    def __init__(self) -> None:
        self._task: trio.lowlevel.Task | None = None

    async def sleep(self, until: float) -> None:
        """Return when `wake` is called or at ``until`` (trio's clock; may be infinite). Always a checkpoint."""
        if until == inf:
            await self._park()
        else:
            with trio.CancelScope(deadline=until):
                await self._park()

    async def _park(self) -> None:
        def abort(_: object) -> Abort:
            self._task = None
            return Abort.SUCCEEDED

        self._task = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(abort)

    def wake(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task)


class Pipe:
    """One direction of a connection: what is under way or unread, who waits for it, and since when it is broken."""

    __slots__ = (
        "arrivals",
        "eof_at",
        "flow",
        "last_arrival",
        "lost",
        "reader",
        "reader_breaks_at",
        "reader_closed",
        "reader_is_alone_at",
        "route",
        "unread_bytes",
        "writer",
        "writer_breaks_at",
        "writer_is_alone_at",
    )

    def __init__(self, route: Route, flow: Flow | None = None) -> None:
        self.route = route
        self.flow = flow
        self.arrivals: deque[tuple[float, bytes]] = deque()
        self.unread_bytes = 0
        self.eof_at = inf
        self.lost = False
        self.reader_closed = False
        self.reader_breaks_at = inf
        self.writer_breaks_at = inf
        self.reader_is_alone_at = inf
        self.writer_is_alone_at = inf
        """When who asks a silent peer knows that nobody is there."""
        self.last_arrival = -inf
        self.reader = _Sleeper()
        self.writer = _Sleeper()

    def put(self, piece: bytes) -> None:
        """Send ``piece``. A link that loses everything makes this pipe one that loses everything, for good."""
        self.unread_bytes += len(piece)
        if not self.lost:
            arrival = self.last_arrival = self.route.arrival(len(piece))
            if arrival < inf:
                self.arrivals.append((arrival, piece))
                self.reader.wake()
                if self.flow is not None:
                    self.flow.data(piece, trio.current_time(), arrival)
            else:
                self.lost = True
                self.leave_reader(trio.current_time() + KEEPALIVE_LIMIT_S)

    def put_eof(self) -> None:
        """Send the end of the stream, unless it was sent before."""
        if self.eof_at == inf and not self.lost:
            self.eof_at = self.route.arrival(0)
            self.reader.wake()
            if self.flow is not None and self.eof_at < inf:
                self.flow.end(trio.current_time(), self.eof_at)

    def take(self, max_bytes: int | None, now: float) -> bytes:
        """Return what has arrived by ``now``, which must be something."""
        arrivals = self.arrivals
        due, piece = arrivals.popleft()
        if max_bytes is None:
            if arrivals and arrivals[0][0] <= now:
                pieces = [piece]
                while arrivals and arrivals[0][0] <= now:
                    pieces.append(arrivals.popleft()[1])
                piece = b"".join(pieces)
        elif len(piece) > max_bytes:
            arrivals.appendleft((due, piece[max_bytes:]))
            piece = piece[:max_bytes]
        self.unread_bytes -= len(piece)
        if self.unread_bytes <= WINDOW_BYTES // 2:
            self.writer.wake()
        return piece

    def lose(self, arriving_after: float) -> None:
        """Drop what would arrive after that moment, and whatever is sent from now on."""
        self.lost = True
        while self.arrivals and self.arrivals[-1][0] > arriving_after:
            self.arrivals.pop()
        if self.eof_at > arriving_after:
            self.eof_at = inf

    def close_reader(self) -> None:
        """Nobody will read this any more: what is sent from now on breaks."""
        self.reader_closed = True
        self.lose(-inf)
        self.reader.wake()
        self.writer.wake()

    def tell_reset(self, at: float) -> None:
        """Tell who listens that a reset is on its way."""
        if self.flow is not None:
            self.flow.reset(trio.current_time(), at)

    def break_reader(self, at: float) -> None:
        """Receiving fails from ``at`` on, once everything that arrived has been read."""
        self.reader_breaks_at = min(self.reader_breaks_at, at)
        self.reader.wake()

    def leave_reader(self, at: float) -> None:
        """From ``at`` on receiving fails for who asks whether anybody is there."""
        self.reader_is_alone_at = min(self.reader_is_alone_at, at)
        self.reader.wake()

    def leave_writer(self, at: float) -> None:
        """From ``at`` on sending fails for who asks whether anybody is there."""
        self.writer_is_alone_at = min(self.writer_is_alone_at, at)
        self.writer.wake()

    def break_writer(self, at: float) -> None:
        """Sending fails from ``at`` on."""
        self.writer_breaks_at = min(self.writer_breaks_at, at)
        self.writer.wake()


class VirtualStream(Connection):
    """One end of a virtual TCP connection; the other end has the same two pipes the other way round.

    ``local`` and ``remote`` are (address, port). ``on_end`` is called once when this end is closed or broken for good.
    """

    __slots__ = (
        "_closed",
        "_incoming",
        "_on_end",
        "_outgoing",
        "_receiving",
        "_sending",
        "_sent_eof",
        "_vanished_at",
        "local",
        "remote",
    )

    def __init__(
        self,
        incoming: Pipe,
        outgoing: Pipe,
        *,
        local: tuple[str, int],
        remote: tuple[str, int],
        on_end: Callable[[VirtualStream], object],
    ) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._on_end = on_end
        self.local = local
        self.remote = remote
        self._closed = False
        self._sent_eof = False
        self._sending = False
        self._receiving = False
        self._vanished_at = inf
        self.keeps_alive = True

    @property
    def acknowledged_at(self) -> float:
        """See `Connection.acknowledged_at`. The other end acknowledges at once, which is our choice."""
        return inf if self._outgoing.lost else self._outgoing.last_arrival + self._incoming.route.latency_s

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """As trio's. Returns when the data is under way, not when it has arrived."""
        with self._only_sender(), memoryview(data) as view:
            await trio.lowlevel.checkpoint()
            self._check_sendable()
            outgoing = self._outgoing
            position, length = 0, len(view)
            while position < length:
                if outgoing.unread_bytes >= WINDOW_BYTES:
                    await self._wait_for_window()
                piece = bytes(view[position : position + outgoing.route.piece_bytes])
                position += len(piece)
                outgoing.put(piece)
                if outgoing.lost:
                    self._break(trio.current_time() + RETRANSMISSION_LIMIT_S)

    async def wait_send_all_might_not_block(self) -> None:
        """As trio's."""
        with self._only_sender():
            await trio.lowlevel.checkpoint()
            self._check_sendable()
            await self._wait_for_window()

    async def send_eof(self) -> None:
        """As trio's: the other end gets ``b""`` after what was sent before."""
        with self._only_sender():
            await trio.lowlevel.checkpoint()
            if not self._sent_eof:
                self._check_sendable()
                self._sent_eof = True
                self._outgoing.put_eof()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """As trio's. Without ``max_bytes``, everything that has arrived."""
        if max_bytes is not None and index(max_bytes) < 1:
            raise ValueError("max_bytes must be >= 1")
        if self._receiving:
            raise trio.BusyResourceError("another task is receiving from this stream")
        self._receiving = True
        try:
            incoming = self._incoming
            waited = False
            while True:
                if self._closed:
                    raise trio.ClosedResourceError
                now = trio.current_time()
                next_at = incoming.arrivals[0][0] if incoming.arrivals else incoming.eof_at
                if next_at > now:
                    breaks_at = incoming.reader_breaks_at
                    if self.keeps_alive:
                        breaks_at = min(breaks_at, incoming.reader_is_alone_at)
                    if breaks_at <= now:
                        raise trio.BrokenResourceError
                    await incoming.reader.sleep(min(next_at, breaks_at))
                    waited = True
                elif not waited:
                    await trio.lowlevel.checkpoint()
                    waited = True
                else:
                    return incoming.take(max_bytes, now) if incoming.arrivals else b""
        finally:
            self._receiving = False

    async def aclose(self) -> None:
        """Close both directions. What was sent still arrives."""
        self._outgoing.put_eof()
        self._end()
        await trio.lowlevel.checkpoint()

    def reset(self) -> None:
        """Close at once as a TCP reset does: what has not left yet is lost, the other end breaks a latency later."""
        if not self._closed:
            arrives_at = trio.current_time() + self._outgoing.route.latency_s
            self._outgoing.lose(arrives_at)
            self._outgoing.tell_reset(arrives_at)
            self._outgoing.break_reader(arrives_at)
            self._incoming.break_writer(arrives_at)
            self._end()

    def reset_behind_data(self) -> None:
        """See `Connection.reset_behind_data`; as somebody on the way does who has let everything pass so far."""
        if not self._closed:
            arrives_at = self._outgoing.route.arrival(0)
            self._outgoing.lost = True  # what is sent from now on
            self._outgoing.tell_reset(arrives_at)
            self._outgoing.break_reader(arrives_at)
            self._incoming.break_writer(arrives_at)
            self._end()

    def vanish(self) -> None:
        """The link under this end is gone: this end breaks at once, and nobody tells the other end."""
        now = self._vanished_at = trio.current_time()
        self._incoming.lose(-inf)
        self._outgoing.lose(now)
        self._break(now)
        self._outgoing.leave_reader(now + KEEPALIVE_LIMIT_S)
        self._incoming.leave_writer(now + KEEPALIVE_LIMIT_S)
        self._on_end(self)

    @property
    def is_ended(self) -> bool:
        """Whether the other end has been closed."""
        return self._outgoing.reader_closed

    def deny(self) -> None:
        """Answer whatever the other end of this vanished one sends from now on with a reset."""
        if self._incoming.unread_bytes:
            repeats_at, pause = self._vanished_at, REPETITION_S_MIN
            while repeats_at <= trio.current_time():
                repeats_at += pause
                pause = min(2 * pause, REPETITION_S_MAX)
            self._incoming.break_writer(repeats_at)
            self._outgoing.break_reader(repeats_at)
        else:
            self._incoming.reader_closed = True
            self._outgoing.leave_reader(self._vanished_at + KEEPALIVE_S)

    def _end(self) -> None:
        if not self._closed:
            self._closed = True
            self._incoming.close_reader()
            self._outgoing.writer.wake()
            self._on_end(self)

    def _break(self, at: float) -> None:
        self._incoming.break_reader(at)
        self._outgoing.break_writer(at)

    @property
    def _writer_breaks_at(self) -> float:
        outgoing = self._outgoing
        if self.keeps_alive:
            return min(outgoing.writer_breaks_at, outgoing.writer_is_alone_at)
        return outgoing.writer_breaks_at

    def _check_sendable(self) -> None:
        if self._closed or self._sent_eof:
            raise trio.ClosedResourceError
        if self._outgoing.reader_closed or trio.current_time() >= self._writer_breaks_at:
            raise trio.BrokenResourceError

    async def _wait_for_window(self) -> None:
        while self._outgoing.unread_bytes >= WINDOW_BYTES:
            await self._outgoing.writer.sleep(self._writer_breaks_at)
            self._check_sendable()

    @contextmanager
    def _only_sender(self) -> Iterator[None]:
        if self._sending:
            raise trio.BusyResourceError("another task is sending on this stream")
        self._sending = True
        try:
            yield
        finally:
            self._sending = False
