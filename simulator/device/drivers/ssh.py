"""ssh: what copying files and running commands by SSH does before the first byte of it (``net_ssh.inc``)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar, Final

import trio

from simulator.device.calls import call, text_of
from simulator.device.drivers.shared import Driver
from simulator.filesystem import FileSystemError
from simulator.network import CannotConnectError, NameNotFoundError

_PORTS: Final = range(1, 65536)
"""What ``getaddrinfo`` of lwIP takes for a port."""


class SshDriver(Driver):
    """A client that finds servers and says nothing to them."""

    name: ClassVar[str] = "ssh"

    @call("ssh.reach")
    async def _reach(self, host: bytes, port: int, file: bytes | None) -> tuple[Any, ...] | None:
        """Find a host and connect to it, after a look at a file; returns what is wrong, of a file also its number."""
        network = self.shared.network
        addresses: list[str] = []
        if port in _PORTS:
            with suppress(NameNotFoundError):
                addresses = await network.interface.resolve(text_of(host))
        if not addresses:
            return (b"can't resolve name",)
        if file is not None:
            try:
                network.files.open(file, "rb").close()
            except FileSystemError as error:
                return network.files.failed(error, file)
            await network.files.settle()
        try:
            stream = await network.interface.connect(addresses[0], port)
        except CannotConnectError:
            return (b"can't connect",)
        network.emit("net.connect", host=text_of(host), port=port)
        with suppress(trio.BrokenResourceError):
            await stream.aclose()
        return None
