"""The client library of ``mqtt``: what Paho's MQTTAsync of the firmware does in its two tasks (``MQTTAsync.c``).

Theory of operation
-------------------
The library has a sender task and a receiver task for all clients. What a script sees of them:

* everything that a script asks for is put into a queue and is done later, one after the other;
* the receiver does one thing at a time, and a script's callback is a part of it: while one runs nothing is received,
  answered, sent or kept alive, on any client (`Library.receiving`);
* whatever is checked from time to time is checked every three seconds: whether to connect again, whether to send a
  ping, whether its answer has come.

Here each client has a task for its attempts to connect and its connection, which is there only while there is
something to wait for; the three seconds are counted, not polled.

How an attempt ends decides what the script hears. If the connection cannot even be tried, or its name is not found,
nobody is told. If it is refused, breaks, or the broker says no, the second version of the protocol is tried, and then
the failure is told. In any case it is tried again later, for ever.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from math import floor, inf
from typing import Final, NamedTuple

import trio

from simulator.device.drivers.shared import Network
from simulator.mqtt import Message, Packet, PacketReader, PacketType, Session, Store, packets
from simulator.mqtt.packets import PROTOCOL_3_1, PROTOCOL_3_1_1, BadPacketError
from simulator.network import LinkDownError, NameNotFoundError, NetworkError
from simulator.network.interface import connect_by_name

FAILURE: Final = -1
DISCONNECTED: Final = -3
BAD_UTF8: Final = -5
BAD_QOS: Final = -9
BUFFER_FULL: Final = -12
"""Result codes of ``MQTTAsync.h``."""

KEEP_ALIVE_S: Final = 20
CHECK_S: Final = 3
RETRY_S_MIN: Final = 1
RETRY_S_MAX: Final = 10
BUFFERED_MESSAGES_MAX: Final = 100
DEFAULT_PORT: Final = 1883

_BROKEN: Final = (trio.BrokenResourceError, trio.ClosedResourceError, BadPacketError)
"""How a connection ends that nobody leaves."""


class MqttError(Exception):
    """The library refuses what it was asked for, with one of its result ``code`` s."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Address(NamedTuple):
    """Where the broker is, and whether it speaks TLS."""

    host: str
    port: int
    secure: bool


class Credentials(NamedTuple):
    """What the last ``connect`` asked for."""

    user: bytes | None
    password: bytes | None
    clean: bool


class _Failed(Exception):  # noqa: N818 (it is an outcome)
    """An attempt came to nothing. ``code`` is what to tell the script, None if nothing."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Library:
    """What all clients have in common. ``started_at`` is when the first of them connected, on trio's clock."""

    network: Network
    receiving: trio.Lock = field(default_factory=trio.Lock)
    started_at: float | None = None

    def next_check(self, after: float) -> float:
        """Return the first moment later than ``after`` at which the library looks."""
        assert self.started_at is not None
        return self.started_at + CHECK_S * (floor((after - self.started_at) / CHECK_S) + 1)


class _Connection:
    """A connection to the broker. Both tasks send on it, one packet at a time."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.sent_at = self.received_at = trio.current_time()
        self.is_pinged = False
        """Whether the answer to a ping is outstanding."""
        self._reader = PacketReader()
        self._sending = trio.Lock()

    async def send(self, packet: Packet) -> None:
        async with self._sending:
            await self.stream.send_all(packet.to_bytes())
        self.sent_at = trio.current_time()

    async def receive(self) -> Packet:
        """Return the next packet. Raises `trio.BrokenResourceError` if there will be none, and `BadPacketError`."""
        while True:
            packet = self._reader.next()
            if packet is not None:
                self.received_at = trio.current_time()
                if packet.type is PacketType.PINGRESP:
                    self.is_pinged = False
                return packet
            data = await self.stream.receive_some()
            if not data:
                raise trio.BrokenResourceError("the broker has closed the connection")
            self._reader.feed(bytes(data))


class Client:
    """One client. ``deliver`` hands a message to the script and returns when the script has dealt with it; ``changed``
    is called when there is nothing more to do, or something again.
    """

    def __init__(
        self,
        library: Library,
        client_id: bytes,
        address: Address,
        *,
        store: Store | None,
        context: Callable[[], ssl.SSLContext],
        deliver: Callable[[Message], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self.session = Session(store)
        self._library = library
        self._network = library.network
        self._id = client_id
        self._address = address
        self._context = context
        self._deliver = deliver
        self._changed = changed
        self._buffers_offline = store is not None
        self._credentials = Credentials(None, None, clean=False)
        self._on_success: Callable[[], Awaitable[None]] | None = None
        self._on_failure: Callable[[int], None] = lambda _: None
        self._should_be_connected = False
        self._retry_s: int | None = None
        """The pause before the next attempt; None while everything is well."""
        self._failed_at = 0.0
        self._wake = trio.Event()
        """Set when the script wants a connection now."""
        self._is_attempting = False
        self._connection: _Connection | None = None
        self._until_lost = trio.CancelScope()
        self._says_goodbye = False
        self._leave_after: int | None = None
        """How many of the commands that wait are to be sent before the broker is left; None: it is not."""
        self._left = trio.Event()
        self._more_to_send = trio.Event()
        self._life = trio.CancelScope()
        self._is_alive = False

    # -- what the module asks for ---------------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted and the connection is not known to be lost."""
        return self._connection is not None

    @property
    def is_busy(self) -> bool:
        """Whether an attempt is under way, or packets wait that can be sent."""
        return self._wake.is_set() or self._is_attempting or (self.is_connected and bool(self.session.commands))

    @property
    def is_full(self) -> bool:
        """Whether so many messages wait that there is no room for another."""
        return self.session.waiting_messages >= BUFFERED_MESSAGES_MAX

    def connect(
        self, credentials: Credentials, on_success: Callable[[], Awaitable[None]], on_failure: Callable[[int], None]
    ) -> None:
        """``MQTTAsync_connect``: try to connect, in the background and for ever.

        ``on_success`` is called at the first success, ``on_failure`` at each failure that the library tells of. While
        connected, or while an attempt is under way, no new one begins.
        """
        if self._library.started_at is None:
            self._library.started_at = trio.current_time()
        self._credentials, self._on_success, self._on_failure = credentials, on_success, on_failure
        self._should_be_connected = True
        if not self.is_connected and not self._is_attempting:
            self._wake.set()
            if not self._is_alive:
                self._is_alive = True
                self._network.nursery.start_soon(self._run)

    def disconnect(self) -> trio.Event | None:
        """``MQTTAsync_disconnect``: leave the broker when everything that waits is sent; return what is set then.

        None if there is no connection; whoever tries to come back to one that was lost goes on with that.
        """
        self._should_be_connected = False
        if not self.is_connected:
            return None
        self._left = trio.Event()
        self._leave_after = len(self.session.commands)
        self._more_to_send.set()
        return self._left

    def destroy(self) -> None:
        """``MQTTAsync_destroy``: leave the broker at once, and stop for good."""
        self._says_goodbye = True
        self._life.cancel()

    def subscribe(self, topic: bytes, qos: int) -> None:
        """``MQTTAsync_subscribe``. Raises `MqttError`."""
        self._check(self.is_connected, topic, qos)
        self.session.add_subscribe(topic, qos)
        self._more_to_send.set()

    def publish(self, topic: bytes, payload: bytes, qos: int, *, retained: bool) -> None:
        """``MQTTAsync_send``. Raises `MqttError`, with `BUFFER_FULL` if it `is_full`."""
        buffers = self._buffers_offline and self._should_be_connected
        self._check(self.is_connected or buffers, topic, qos)
        if self.is_full:
            raise MqttError(BUFFER_FULL)
        self.session.add_publish(topic, payload, qos, retained=retained)
        self._more_to_send.set()

    def _check(self, is_possible: bool, topic: bytes, qos: int) -> None:
        if not is_possible:
            raise MqttError(DISCONNECTED)
        if not is_utf8(topic):
            raise MqttError(BAD_UTF8)
        if qos not in (0, 1, 2):
            raise MqttError(BAD_QOS)

    # -- the tasks ------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Connect, serve the connection, and again."""
        with self._life:
            while True:
                await self._wait_for_attempt()
                try:
                    async with self._new_connection() as connection:
                        await self._serve(connection)
                except _Failed as failed:
                    if failed.code is not None:
                        self._on_failure(failed.code)
                self._is_attempting = False
                if self._should_be_connected:
                    self._failed_at = trio.current_time()
                    self._retry_s = RETRY_S_MIN if self._retry_s is None else min(2 * self._retry_s, RETRY_S_MAX)
                self._changed()

    async def _wait_for_attempt(self) -> None:
        """Return when the script asks for a connection, or it is time to try again."""
        retry_at = inf
        if self._retry_s is not None:
            retry_at = self._library.next_check(max(self._failed_at + self._retry_s, trio.current_time()))
        with trio.move_on_at(retry_at):
            await self._wake.wait()
        self._wake = trio.Event()
        self._is_attempting = True

    @asynccontextmanager
    async def _new_connection(self) -> AsyncIterator[_Connection]:
        """Connect, in one version of the protocol or the other. Raises `_Failed`."""
        for version in (PROTOCOL_3_1_1, PROTOCOL_3_1):
            try:
                stream = await self._open()
                connection = _Connection(stream)
                try:
                    await self._introduce(connection, version)
                except BaseException:
                    await trio.aclose_forcefully(stream)
                    raise
            except _Failed:
                if version is PROTOCOL_3_1:
                    raise
                continue
            try:
                yield connection
            finally:
                await trio.aclose_forcefully(stream)
                self._network.emit("net.close")
            return

    async def _open(self) -> trio.abc.Stream:
        host, port, secure = self._address
        try:
            stream: trio.abc.Stream = await connect_by_name(self._network.interface, host, port)
        except NetworkError as error:
            self._network.emit("net.connect", host=host, port=port, error=type(error).__name__)
            raise _Failed(None if isinstance(error, NameNotFoundError | LinkDownError) else FAILURE) from error
        self._network.emit("net.connect", host=host, port=port)
        if not secure:
            return stream
        try:
            tls = trio.SSLStream(stream, self._context(), server_hostname=host)
            await tls.do_handshake()
        except (ssl.SSLError, ValueError, trio.BrokenResourceError) as error:
            await trio.aclose_forcefully(stream)
            self._network.emit("net.tls", error=type(error.__cause__ or error).__name__)
            raise _Failed(FAILURE) from error
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        self._network.emit("net.tls", version=tls.version())
        return tls

    async def _introduce(self, connection: _Connection, version: int) -> None:
        user, password, clean = self._credentials
        hello = packets.connect(
            self._id, version=version, clean=clean, keep_alive_s=KEEP_ALIVE_S, user=user, password=password
        )
        try:
            await connection.send(hello)
            answer = await connection.receive()
            code = answer.return_code if answer.type is PacketType.CONNACK else FAILURE
        except _BROKEN as error:
            raise _Failed(FAILURE) from error
        if code:
            raise _Failed(code)

    async def _serve(self, connection: _Connection) -> None:
        """Send and receive until the connection is lost or somebody leaves it."""
        self._connection, self._retry_s = connection, None
        try:
            async with trio.open_nursery() as nursery:
                self._until_lost = nursery.cancel_scope
                for task in (self._receive, self._send, self._keep_alive):
                    nursery.start_soon(self._until_it_breaks, task, connection)
        finally:
            self._connection = None
            if self._credentials.clean:
                self.session.forget()
            if self._says_goodbye:
                self._says_goodbye = False
                with trio.move_on_after(CHECK_S, shield=True), suppress(*_BROKEN):
                    await connection.send(packets.DISCONNECT)
            self._left.set()

    async def _until_it_breaks(self, task: Callable[[_Connection], Awaitable[None]], connection: _Connection) -> None:
        with suppress(*_BROKEN):
            await task(connection)
        self._until_lost.cancel()

    async def _receive(self, connection: _Connection) -> None:
        async with self._library.receiving:
            await self._welcome(connection)
        while True:
            packet = await connection.receive()
            async with self._library.receiving:
                answer, message = self.session.receive(packet)
                await self._network.files.settle()
                if answer is not None:
                    await connection.send(answer)
                if message is not None:
                    await self._deliver(message)

    async def _welcome(self, connection: _Connection) -> None:
        """Do what has to be done first on a new connection."""
        if self._credentials.clean:
            self.session.forget()
        for packet in self.session.repetitions():
            await connection.send(packet)
        on_success, self._on_success = self._on_success, None
        if on_success is not None:
            await on_success()
        self._is_attempting = False
        self._changed()

    async def _send(self, connection: _Connection) -> None:
        while True:
            while self.session.commands and self._leave_after != 0:
                async with self._library.receiving:
                    packet = self.session.take()
                    if self._leave_after is not None:
                        self._leave_after -= 1
                await self._network.files.settle()
                await connection.send(packet)
            if self._leave_after is not None:
                self._leave_after, self._says_goodbye = None, True
                return
            self._changed()
            self._more_to_send = trio.Event()
            await self._more_to_send.wait()

    async def _keep_alive(self, connection: _Connection) -> None:
        """Send a ping when nothing was sent or nothing received for too long, and leave if no answer comes."""
        while True:
            due = min(connection.sent_at, connection.received_at) + KEEP_ALIVE_S
            await trio.sleep_until(self._library.next_check(max(due, trio.current_time())))
            async with self._library.receiving:
                if min(connection.sent_at, connection.received_at) + KEEP_ALIVE_S > trio.current_time():
                    continue
                if connection.is_pinged:
                    self._says_goodbye = True
                    return
                connection.is_pinged = True
                await connection.send(packets.PING)


def is_utf8(text: bytes) -> bool:
    """Return whether ``text`` is valid UTF-8, which the library wants of names (``utf-8.c``)."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
