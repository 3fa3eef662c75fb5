"""mqtt: a client of MQTT (``components/lua/modules/middleware/mqtt.c``), on the library of `mqtt_client`."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import trio

from simulator.device.calls import bytes_of, call, text_of
from simulator.device.calls.files import FileCalls
from simulator.device.drivers.mqtt_client import (
    BAD_UTF8,
    DEFAULT_PORT,
    Address,
    Client,
    Credentials,
    Library,
    MqttError,
    is_utf8,
)
from simulator.device.drivers.shared import Driver, Network
from simulator.device.kernel import DONE, WAIT, Kernel
from simulator.filesystem import Errno, FileSystem, FileSystemError
from simulator.mqtt import Message, topic_matches
from simulator.network.tls import library_client_context
from simulator.units import NS_PER_MS
from simulator.vm.exceptions import DriverError

TIMEOUT_S: Final = 20.0
"""How long ``connect`` and ``disconnect`` wait (``MQTT_CONNECT_TIMEOUT``)."""
INITIALISATION_WAIT_S: Final = 0.01
BUFFER_WAIT_MS: Final = 4000
BUFFER_POLL_MS: Final = 10
"""How long, and how often, ``publish`` looks whether there is room for a message."""
URI_CHARACTERS_MAX: Final = 249
SENDER_STACK_BYTES: Final = 3072
"""What the task of the sender takes of the stack of a Lua thread; the receiver, which calls back, has the rest."""

_DETAILS: Final = {
    -1: "client failure",
    -2: "persistence error",
    -3: "client is disconnected",
    -4: "maximum number of messages allowed to be simultaneously in-flight has been reached",
    -5: "an invalid UTF-8 string has been detected",
    -9: "a qos parameter is not 0, 1 or 2",
    -12: "no more messages can be buffered",
}
"""What is said of the result codes of the library."""
PERSISTENCE_ERROR: Final = -2

_REFUSALS: Final = {
    1: "connection refused, unacceptable protocol version",
    2: "connection refused, identifier rejected",
    3: "connection refused, server unavailable",
    4: "connection refused, bad username or password",
    5: "connection refused, not authorized",
}
"""What ``connect`` says of the return codes of a broker; all others, and failures of the network, are no error."""
_WANTS_PERSISTENCE: Final = "enable persistence for a qos > 0"


@dataclass(slots=True)
class _Subscription:
    topic: bytes
    qos: int
    function: int
    """Which function it is: the same number for the same one."""
    callback_id: int
    is_sent: bool = False


@dataclass(slots=True)
class _Handle:
    """What a script has as ``mqtt.cli``. ``mutex`` is not recursive, and is lost where the device loses it."""

    client: Client
    persistent: bool
    mutex: trio.Semaphore = field(default_factory=lambda: trio.Semaphore(1))
    subscriptions: list[_Subscription] = field(default_factory=list)
    """The newest first."""


class MqttDriver(Driver):
    """The clients of one run of the app."""

    name: ClassVar[str] = "mqtt"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._handles: dict[int, _Handle] = {}
        self._last_number = 0

    def connect(self, kernel: Kernel) -> None:
        """Serve an interpreter that starts; the clients of the old one were collected with it."""
        super().connect(kernel)
        for number in tuple(self._handles):
            self._destroy(number)
        self._library = Library(self.shared.network)
        self._queue = self.shared.new_queue(
            "mqtt_rcv", stack_bytes=self.shared.board.lua_thread.stack_size_bytes - SENDER_STACK_BYTES
        )

    @property
    def is_quiet(self) -> bool:
        """See `Driver.is_quiet`. What may come from a broker is not under way."""
        return not any(handle.client.is_busy for handle in self._handles.values())

    @call("mqtt.client")
    async def _client(
        self, client_id: bytes, host: bytes, port: int, secure: bool, authorities: bytes | None, persistent: bool,
        folder: bytes | None,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Make a client; nothing is connected yet."""
        client_id, host = _c_string(client_id), _c_string(host)
        if not is_utf8(client_id):
            raise _error("CannotCreateClient", BAD_UTF8)
        address = _address(host, port, secure=secure)
        files = self.shared.network.files
        store = None
        if persistent:
            name = b"%s-%s" % (client_id, _uri(host, port, secure=secure).replace(b":", b"-"))
            store = FileStore(files, b"%s/%s" % (_c_string(folder or b"."), name))
            if not store.is_there:
                raise _error("CannotCreateClient", PERSISTENCE_ERROR)
        self._last_number += 1
        number = self._last_number
        context = _contexts(self.shared.network, None if authorities is None else _c_string(authorities))
        client = Client(
            self._library,
            client_id,
            address,
            store=store,
            context=context,
            deliver=lambda message: self._deliver(handle, message),
            changed=lambda: self.kernel.wake(),
        )
        handle = self._handles[number] = _Handle(client, persistent)
        await files.settle()
        return (number,)

    @call("mqtt.destroy")
    def _destroy(self, number: int) -> None:
        handle = self._handles.pop(number, None)
        if handle is not None:
            handle.subscriptions.clear()
            handle.client.destroy()

    @call("mqtt.connected")
    def _connected(self, number: int) -> tuple[Any, ...]:
        return (self._handles[number].client.is_connected,)

    @call("mqtt.connect")
    async def _connect(self, number: int, user: bytes, password: bytes, clean: bool) -> None:
        handle = self._handles[number]
        if not await self.shared.network.driver.wait_for_initialisation(INITIALISATION_WAIT_S):
            raise DriverError("mqtt", "CannotConnect", "network not started")
        ended, codes = trio.Event(), [0]

        def failed(code: int) -> None:
            if not ended.is_set():
                codes[0] = code
                ended.set()

        async def succeeded() -> None:
            await self._send_subscriptions(handle)
            failed(0)

        credentials = Credentials(_c_string(user) or None, _c_string(password) or None, clean)
        # What is not UTF-8 is refused by the library, and nobody looks: the wait is in vain.
        if all(is_utf8(text) for text in credentials[:2] if text is not None):
            handle.client.connect(credentials, succeeded, failed)
        with trio.move_on_after(TIMEOUT_S):
            await ended.wait()
        async with handle.mutex:
            pass
        if not ended.is_set():
            raise DriverError("mqtt", "CannotConnect", "timeout")
        if codes[0] in _REFUSALS:
            raise DriverError("mqtt", "CannotConnect", _REFUSALS[codes[0]])

    @call("mqtt.disconnect")
    async def _disconnect(self, number: int) -> None:
        handle = self._handles[number]
        async with handle.mutex:
            pass
        left = handle.client.disconnect()
        if left is not None:
            with trio.move_on_after(TIMEOUT_S) as wait:
                await left.wait()
            if wait.cancelled_caught:
                raise DriverError("mqtt", "CannotDisconnect", "timeout")
        async with handle.mutex:
            for subscription in handle.subscriptions:
                subscription.is_sent = False

    @call("mqtt.check_qos")
    def _check_qos(self, number: int, error: bytes, qos: int) -> None:
        if qos > 0 and not self._handles[number].persistent:
            raise DriverError("mqtt", error.decode(), _WANTS_PERSISTENCE)

    @call("mqtt.lock")
    async def _lock(self, number: int) -> None:
        await self._handles[number].mutex.acquire()

    @call("mqtt.subscribe")
    def _subscribe(self, number: int, topic: bytes, qos: int, function: int) -> tuple[Any, ...]:
        """Add a subscription, with the mutex held, and give that back. Answer with the number for its callback, if it
        is a new one.
        """
        handle = self._handles[number]
        topic = _c_string(topic)
        if any((known.topic, known.qos, known.function) == (topic, qos, function) for known in handle.subscriptions):
            handle.mutex.release()
            return (None,)
        subscription = _Subscription(topic, qos, function, self.shared.new_callback_id())
        handle.subscriptions.insert(0, subscription)
        return (subscription.callback_id,)

    @call("mqtt.send_subscription")
    def _send_subscription(self, number: int) -> None:
        """Send the newest subscription if there is a connection. If that is refused the mutex is lost."""
        handle = self._handles[number]
        newest = handle.subscriptions[0]
        if handle.client.is_connected:
            self._subscribe_now(handle, newest)
        handle.mutex.release()

    async def _send_subscriptions(self, handle: _Handle) -> None:
        async with handle.mutex:
            for subscription in handle.subscriptions:
                if not subscription.is_sent:
                    with suppress(DriverError):
                        self._subscribe_now(handle, subscription)

    def _subscribe_now(self, handle: _Handle, subscription: _Subscription) -> None:
        try:
            handle.client.subscribe(subscription.topic, subscription.qos)
        except MqttError as error:
            raise _error("CannotSubscribeToTopic", error.code) from error
        subscription.is_sent = True

    @call("mqtt.publish")
    def _publish(self, number: int, topic: bytes, payload: bytes, qos: int, retained: bool) -> Any:
        """Let a message wait to be sent. If too many do, wait for some time whether it becomes better."""
        client, task = self._handles[number].client, self.kernel.current
        arguments = _c_string(topic), _c_string(payload), qos

        def publish() -> None:
            try:
                client.publish(*arguments, retained=retained)
            except MqttError as error:
                raise _error("CannotPublishToTopic", error.code) from error

        if not client.is_full:
            publish()
            return None
        give_up_ns = self.kernel.now_ns() + BUFFER_WAIT_MS * NS_PER_MS

        def look() -> None:
            now_ns = self.kernel.now_ns()
            if not self.kernel.has(task):
                return
            if client.is_full and now_ns < give_up_ns:
                self.kernel.at(now_ns + BUFFER_POLL_MS * NS_PER_MS, look)
                return
            try:
                publish()
            except DriverError as error:
                self.kernel.answer(task, (False, str(error).encode()))
            else:
                self.kernel.answer(task, DONE)

        look()
        return WAIT

    async def _deliver(self, handle: _Handle, message: Message) -> None:
        """Call every function whose subscription the message is for, the newest first; return when all are done."""
        async with handle.mutex:
            topic, payload = message
            for subscription in tuple(handle.subscriptions):
                if topic_matches(subscription.topic, topic):
                    self._queue.put(subscription.callback_id, len(payload), payload, len(topic), topic)
            while not self._queue.idle:
                await self._queue.drained.wait()


class FileStore:
    """Records as files of the board: the folder ``path``, and in it ``<key>.msg`` (``MQTTPersistenceDefault.c``)."""

    def __init__(self, files: FileCalls, path: bytes) -> None:
        self._files = files
        self._folder = path
        self.is_there = True
        """Whether the folder could be made."""
        made = ""
        for name in files.absolute(path).strip("/").split("/"):
            made = f"{made}/{name}"
            try:
                file_system, inner = files.locate(bytes_of(made))
                file_system.mkdir(inner)
            except FileSystemError as error:
                self.is_there &= error.errno == Errno.EEXIST

    def _locate(self, key: str) -> tuple[FileSystem, str]:
        return self._files.locate(b"%s/%s.msg" % (self._folder, key.encode()))

    def keys(self) -> list[str]:
        """See `Store.keys`."""
        try:
            file_system, inner = self._files.locate(self._folder)
            names = [entry.name for entry in file_system.listdir(inner)]
        except FileSystemError:
            return []
        return [name.removesuffix(".msg") for name in names if name.endswith(".msg")]

    def get(self, key: str) -> bytes:
        """See `Store.get`."""
        try:
            file_system, inner = self._locate(key)
            return file_system.read_file(inner)
        except FileSystemError:
            return b""

    def put(self, key: str, data: bytes) -> None:
        """See `Store.put`. What has no room is not kept, and nobody is told."""
        with suppress(FileSystemError):
            file_system, inner = self._locate(key)
            file_system.write_file(inner, data)

    def remove(self, key: str) -> None:
        """See `Store.remove`."""
        with suppress(FileSystemError):
            file_system, inner = self._locate(key)
            file_system.remove(inner)


def _contexts(network: Network, authorities: bytes | None) -> Callable[[], ssl.SSLContext]:
    """Return what gives the TLS context of a client: it is made at the first use, and kept once that has worked."""
    made: list[ssl.SSLContext] = []

    def context() -> ssl.SSLContext:
        if not made:
            data = None
            if authorities is not None:
                try:
                    data = network.files.load(authorities)
                except FileSystemError as error:
                    raise ssl.SSLError("no certificates") from error
            made.append(library_client_context(data))
        return made[0]

    return context


def _uri(host: bytes, port: int, *, secure: bool) -> bytes:
    scheme = b"ssl://" if secure else b"tcp://"
    return (scheme + b"%s:%d" % (host, port))[:URI_CHARACTERS_MAX].removeprefix(scheme)


def _address(host: bytes, port: int, *, secure: bool) -> Address:
    """Return what the library makes of the URI that the module makes of these."""
    name, colon, digits = _uri(host, port, secure=secure).rpartition(b":")
    if not colon:
        return Address(text_of(digits), DEFAULT_PORT, secure)
    return Address(text_of(name), int(digits) & 0xFFFF if digits.lstrip(b"-").isdigit() else 0, secure)


def _c_string(text: bytes) -> bytes:
    return text.split(b"\0", 1)[0]


def _error(name: str, code: int) -> DriverError:
    return DriverError("mqtt", name, _DETAILS[code])
