"""The world a board lives in: clock, air, network, update server, events. The one place that wires them together.

A world is an async context manager inside a trio run; leaving it cuts the power of every board. `run_in_world` makes
the run as well, with the clock and the order of tasks that make it repeatable::

    async def main(world: World) -> None:
        world.add_access_point("home", "secret-password")
        board = world.add_board(new_board("N1ESP32-OTA", {"/autorun.lua": b"print(os.board())"}))
        world.power_on(board)
        await board.idle.wait()
        print(board.console.decode())


    run_in_world(main, seed=7)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, TypeVar

import trio

from simulator.boards import Board
from simulator.determinism import run_world
from simulator.device.device import Device, Surroundings
from simulator.errors import UsageError
from simulator.events import EventLog
from simulator.flash.chip import FlashChip
from simulator.network import NetworkInterface, RealInterface, VirtualListener, VirtualNetwork, WorldClock
from simulator.network.redirect import RedirectedInterface, ServerAddress
from simulator.ota_server.catalogue import Catalogue
from simulator.rng import Rng
from simulator.wifi import AccessPoint, Air, EthernetPort, Lan

Result = TypeVar("Result")

UPDATE_SERVER_ADDRESS: Final = "203.0.113.10"
"""The address of the built-in update server; from a range reserved for documentation (RFC 5737)."""
HTTPS_PORT: Final = 443


class World:
    """Everything around the boards.

    ``server`` is None for the built-in update server, which answers under every name that a board's firmware asks
    for; or the address of a real server, to which those names then lead over the host's sockets (that needs
    ``clock``). ``now_ns`` and the events count from the moment the world was entered.
    """

    def __init__(self, *, seed: int = 0, clock: WorldClock | None = None, server: ServerAddress | None = None) -> None:
        if server is not None and clock is None:
            raise UsageError("a real server needs a clock that waits for it; use run_in_world")
        self.seed = seed
        self.rng = Rng(seed)
        self.air = Air()
        self.network = VirtualNetwork(self.rng.child("network"))
        self.events = EventLog(self.now_ns)
        self.catalogue = Catalogue()
        self.boards: list[Device] = []
        self._clock = clock
        self._server = server
        self._served: set[str] = set()
        self._started_s = 0.0
        self._manager = trio.open_nursery()
        self._nursery: trio.Nursery

    async def __aenter__(self) -> World:
        self._nursery = await self._manager.__aenter__()
        self._started_s = trio.current_time()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        for board in self.boards:
            board.power_off()
        if error is None:
            # Let the boards go down in order before their world does.
            await trio.lowlevel.checkpoint()
        self._nursery.cancel_scope.cancel()
        return await self._manager.__aexit__(kind, error, traceback)

    def now_ns(self) -> int:
        """Return the simulated nanoseconds since the world was entered."""
        return round((trio.current_time() - self._started_s) * 1e9)

    def add_access_point(self, ssid: str, password: str = "", *, channel: int = 1, rssi_dbm: int = -50) -> AccessPoint:
        """Put up an access point with a network behind it. `simulator.wifi.Air` has everything else it can do."""
        number = len(list(self.air)) + 1
        lan = Lan(f"192.168.{number}.0/24")
        return self.air.add(AccessPoint(ssid, password, channel=channel, rssi_dbm=rssi_dbm, lan=lan))

    def add_board(
        self,
        board: Board,
        chip: FlashChip,
        *,
        name: str | None = None,
        arguments: tuple[str, ...] = (),
        bootloader_log_level: str | None = None,
    ) -> Device:
        """Put up a board, without power. ``name`` is what the events call it, ``b0`` and so on by default."""
        name = name or f"b{len(self.boards)}"
        rng = self.rng.child("board", name)
        surroundings = Surroundings(
            air=self.air,
            interface=self._interface(name, board),
            port=EthernetPort(Lan("192.168.200.0/24")),
            events=self.events,
            rng=rng,
            now_ns=self.now_ns,
        )
        device = Device(name, board, chip, surroundings, arguments=arguments, bootloader_log_level=bootloader_log_level)
        self.boards.append(device)
        return device

    def power_on(self, device: Device) -> None:
        """Give a board power."""
        device.power_on(self._nursery)

    def _interface(self, name: str, board: Board) -> NetworkInterface:
        if self._server is not None:
            assert self._clock is not None
            return RedirectedInterface(RealInterface(self._clock), board.ota_server, self._server)
        self._serve_updates(board.ota_server)
        return self.network.interface(name)

    def _serve_updates(self, host_name: str) -> None:
        """Let the built-in update server answer under ``host_name``."""
        if host_name in self._served:
            return
        if not self._served:
            host = self.network.add_host(host_name, UPDATE_SERVER_ADDRESS)
            # The server costs start-up time (certificates), and many scripts never ask it.
            self._nursery.start_soon(self._run_server, host.listen(HTTPS_PORT))
        self.network.names[host_name.lower()] = [UPDATE_SERVER_ADDRESS]
        self._served.add(host_name)

    async def _run_server(self, listener: VirtualListener) -> None:
        first = await listener.accept()
        from simulator.ota_server import OtaServer, made_credentials, server_context

        context = server_context(made_credentials(*sorted(self._served)))
        server = OtaServer(self.catalogue, context, events=self.events)
        self._nursery.start_soon(server.serve_stream, first)
        await server.serve([listener])


def run_in_world(
    main: Callable[[World], Awaitable[Result]],
    *,
    seed: int = 0,
    speed: float | None = None,
    server: ServerAddress | None = None,
) -> Result:
    """Run ``main`` in a new world and return what it returns.

    ``speed`` is simulated seconds per second, None as fast as possible. The same ``seed`` and inputs give the same
    events, except where a real ``server`` has a say.
    """
    clock = WorldClock(speed)

    async def enter() -> Result:
        async with World(seed=seed, clock=clock, server=server) as world:
            return await main(world)

    return run_world(enter, seed=seed, clock=clock.trio_clock)
