"""The world a board lives in: clock, air, network, update server, events. The one place that wires them together.

A world is an async context manager inside a trio run; leaving it cuts the power of every board. `run_in_world` makes
the run as well, with the clock and the order of tasks that make it repeatable::

    async def main(world: World) -> None:
        world.add_access_point("home", "secret-password")
        board = world.new_board("N1ESP32-OTA", script="print(os.board())")
        world.power_on(board)
        await board.finished()
        print(board.console.decode())


    run_in_world(main, seed=7)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias, TypeVar

import trio

from simulator import __version__
from simulator.airwaves import Airwaves
from simulator.boards import Board, load_board
from simulator.boards.schema import Profile
from simulator.determinism import run_world
from simulator.device.device import Device, Surroundings
from simulator.device.manufacture import AUTORUN, new_chip, stock_files, with_secure_boot
from simulator.efuses import Efuses
from simulator.errors import UsageError
from simulator.events import EventLog
from simulator.firmware import DEFAULT_IMAGE_BYTES, first_manifest, read_manifest
from simulator.flash.chip import FlashChip
from simulator.hardware import Bench
from simulator.network import (
    NetworkInterface,
    RealInterface,
    VirtualListener,
    VirtualNetwork,
    VirtualStream,
    WorldClock,
)
from simulator.network.interface import HTTPS_PORT
from simulator.network.redirect import RedirectedInterface, ServerAddress
from simulator.network.stacks import LWIP
from simulator.ota_protocol import Catalogue, Firmware
from simulator.rng import Rng
from simulator.signatures import SigningKey
from simulator.units import NS_PER_S
from simulator.wifi import AccessPoint, Air, Authenticator, EthernetPort, Signal, Step, link_quality
from simulator.wifi.air import WpsOffer
from simulator.wifi.provisioning import PIN_DIGITS, WPS_WALK_NS, is_wps_pin

if TYPE_CHECKING:
    import ssl

    from simulator.bluetooth import Advertiser, Beacon
    from simulator.faults import Fault
    from simulator.hardware.parts import Part
    from simulator.injection import Injector
    from simulator.lora import LoraNetwork
    from simulator.network import VirtualInterface
    from simulator.ota_server import Credentials

Result = TypeVar("Result")

Handler: TypeAlias = Callable[[VirtualStream], Awaitable[None]]
"""Serves one connection, which is closed when it returns."""

_SERVERS: Final = "203.0.113"
"""Where servers are: a range reserved for documentation (RFC 5737)."""
_PHONE_PREFIX: Final = "02:00:01"
"""Of the addresses of phones: locally administered."""
ROGUE_NUMBER: Final = 253
PORTAL_NUMBER: Final = 252
LORA_SERVER_NAME: Final = "router.eu.thethings.network"
LORA_EVENT_BOARD: Final = "lora"
"""What stands in ``board`` in the events of a LoRaWAN network."""
UPDATE_SERVER_ADDRESS: Final = f"{_SERVERS}.254"
"""The address of the built-in update server."""


class World:
    """Everything around the boards.

    ``server`` is None for the built-in update server, which answers under every name that a board's firmware asks
    for; or the address of a real server, to which those names then lead over the host's sockets (that needs
    ``clock``). Access points and Ethernet cables are those of one house: its network is that of ``air``.
    ``authority`` is the certificate (PEM) that hardened firmware trusts, by default that of the built-in server.
    ``now_ns`` and the events count from the moment the world was entered.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        clock: WorldClock | None = None,
        server: ServerAddress | None = None,
        authority: bytes = b"",
    ) -> None:
        if server is not None and clock is None:
            raise UsageError("a real server needs a clock that waits for it; use run_in_world")
        self.seed = seed
        self.rng = Rng(seed)
        self.air = Air()
        self.airwaves = Airwaves()
        self.network = VirtualNetwork(self.rng.child("network"))
        self.events = EventLog(self.now_ns)
        self.catalogue = Catalogue()
        self.boards: list[Device] = []
        self._clock = clock
        self._server = server
        self._authority = authority
        self._served: set[str] = set()
        self._beacons = 0
        self._signals: dict[AccessPoint, trio.CancelScope] = {}
        self._signals_begun = 0
        self._phones = 0
        self._hosts = 0
        self._update_host: VirtualInterface | None = None
        self._started_s = 0.0
        self._exit = AsyncExitStack()
        self._nursery: trio.Nursery

    async def __aenter__(self) -> World:
        self._nursery = await self._exit.enter_async_context(trio.open_nursery())
        self._exit.callback(self._nursery.cancel_scope.cancel)
        self._exit.push_async_callback(self._cut_power)
        self._started_s = trio.current_time()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        try:
            return await self._exit.__aexit__(kind, error, traceback)
        except BaseExceptionGroup as group:
            if group.exceptions == (error,):
                return False  # what went wrong is the user's own error, and no group of one
            raise

    async def _cut_power(self) -> None:
        """Let the boards go down, in order, before their world does."""
        for board in self.boards:
            board.power_off()
            await board.is_off.wait()

    def at_rest(self, time_ns: int, then: Callable[[], None]) -> None:
        """Call ``then`` when everything up to ``time_ns`` has happened, and nothing after. At speed max only."""
        assert self._clock is not None, "it is in no run of its own"
        self._clock.at_rest(time_ns, then)

    def set_speed(self, speed: float | None) -> None:
        """Let so many simulated seconds pass in a second from now on; None is as fast as possible."""
        assert self._clock is not None, "it is in no run of its own"
        self._clock.set_speed(speed)

    def now_ns(self) -> int:
        """Return the simulated nanoseconds since the world was entered."""
        return round((trio.current_time() - self._started_s) * NS_PER_S)

    def add_access_point(
        self,
        ssid: str,
        password: str = "",
        *,
        channel: int = 1,
        rssi_dbm: int = -50,
        signal: Signal | None = None,
        authenticator: Authenticator | None = None,
    ) -> AccessPoint:
        """Put up an access point, received with ``rssi_dbm``, or with a ``signal`` that changes (`vary_signal`).

        With an ``authenticator`` it has WPA2 Enterprise. `simulator.wifi.Air` has everything else it can do.
        """
        point = self.air.add(
            AccessPoint(ssid, password, channel=channel, rssi_dbm=rssi_dbm, authenticator=authenticator)
        )
        if signal is not None:
            self.vary_signal(point, signal)
        return point

    def vary_signal(self, point: AccessPoint, signal: Signal) -> None:
        """Let the strength of ``point`` be what ``signal`` is, which begins now and takes the place of the one before.

        The seed decides what a random one does.
        """
        before = self._signals.pop(point, None)
        if before is not None:
            before.cancel()
        scope = self._signals[point] = trio.CancelScope()
        self._signals_begun += 1
        rng = self.rng.child("signal", str(self._signals_begun))
        self._nursery.start_soon(self._follow, point, signal.steps(rng), trio.current_time(), scope)

    def hold_captive(self, point: AccessPoint) -> Callable[[], None]:
        """Put a captive portal in front of what is behind ``point``; returns the function that lets its boards go.

        Until then every name leads them to a server with a certificate of its own, which sends them to its login page.
        Access points without a network of their own share one, and are captive together. Raises `UsageError` if the
        update server is a real one: its names are resolved by the host.
        """
        if self._server is not None:
            raise UsageError("a captive portal needs the built-in update server")
        assert point.lan is not None, "an access point that is in no air"
        lan = point.lan
        self.network.portals[lan] = self._put_up_portal()

        def let_go() -> None:
            self.network.portals.pop(lan, None)

        return let_go

    async def _follow(self, point: AccessPoint, steps: Iterator[Step], began_s: float, scope: trio.CancelScope) -> None:
        with scope:
            for step in steps:
                await trio.sleep_until(began_s + step.time_ns / NS_PER_S)
                if point not in self.air:
                    return
                self.air.set_rssi(point, step.rssi_dbm)

    def press_wps(self, point: AccessPoint, pin: str | None = None) -> None:
        """Press the WPS button of an access point, or type a station's PIN into it; it counts for two minutes.

        Raises `UsageError` for a PIN with a wrong check digit.
        """
        if pin is not None and not is_wps_pin(pin):
            raise UsageError(f"WPS PIN {pin!r}: it has {PIN_DIGITS} digits, of which the last checks the others")
        self._nursery.start_soon(self._offer_wps, point, self.air.offer_wps(point, pin))

    async def _offer_wps(self, point: AccessPoint, offer: WpsOffer) -> None:
        await trio.sleep(WPS_WALK_NS / NS_PER_S)
        if point.wps is offer:
            self.air.end_wps(point)

    def add_phone(self, point: AccessPoint) -> VirtualInterface:
        """Let a phone, or any other host that is no board, join an access point; returns what it has of the network.

        It stays as it is: when the access point goes it reaches nobody any more. Raises `UsageError` if it is not let
        in, or gets no address.
        """
        self._phones += 1
        mac = f"{_PHONE_PREFIX}:{self._phones.to_bytes(3, 'big').hex(':')}"
        assert point.lan is not None, "an access point that is in no air"
        lease = point.lan.offer(mac, self.now_ns()) if point.lan.dhcp else None
        if lease is None or point.is_full or not self.air.hears(point):
            raise UsageError(f"no phone can join {point!r}: it is full, not heard, or has no address for it")
        point.lan.acknowledge(mac, lease.address, self.now_ns())
        self.air.associate(point, mac)
        phone = self.network.interface(f"phone {self._phones}")
        phone.link_up(
            link_quality(point.rssi_dbm),
            lease.address,
            segment=point.lan,
            uplink=point.lan.uplink,
            name_servers=lease.dns,
        )
        return phone

    def add_beacon(self, beacon: Beacon) -> Advertiser:
        """Hang a Bluetooth beacon on the wall; returns what can be turned up, turned down and taken away again.

        ``rssi_dbm`` of the result is how strong every board receives it; ``airwaves.bluetooth.remove`` silences it.
        """
        self._beacons += 1
        rng = self.rng.child("beacon", str(self._beacons))
        return self.airwaves.bluetooth.add(beacon.advertiser(self._beacons, self.now_ns(), rng))

    def add_lora_network(self, *, any_app_key: str = "") -> LoraNetwork:
        """Put up a LoRaWAN network with a gateway, and return it, to be told of its nodes.

        With ``any_app_key``, in hexadecimal, every node is let in that has this key. Boards that are gateways find the
        server under the name that the firmware has for it. Raises `UsageError` for a key that is none.
        """
        from simulator.lora import LoraNetwork
        from simulator.packet_forwarder import PORT, serve_packet_forwarders

        def emit(kind: str, **fields: Any) -> None:
            self.events.emit(LORA_EVENT_BOARD, kind, **fields)

        network = LoraNetwork(self.airwaves.lora, self.rng.child("lora network"), emit, any_app_key=any_app_key)
        socket = self.network.add_host(LORA_SERVER_NAME, self._new_address()).open_datagrams(PORT)
        self._nursery.start_soon(serve_packet_forwarders, socket, network, self.now_ns)
        return network

    # -- boards ---------------------------------------------------------------------------------------------------

    def new_board(
        self,
        board: Board | str = "N1ESP32-OTA",
        *,
        script: str | bytes | None = None,
        files: Mapping[str, str | bytes] | None = None,
        name: str | None = None,
        arguments: tuple[str, ...] = (),
        image_bytes: int = DEFAULT_IMAGE_BYTES,
        profile: Profile | None = None,
        key: SigningKey | None = None,
    ) -> Device:
        """Put up a board fresh from the factory, without power, with the files that every new board has.

        An id stands for that board with a factory slot, if it has OTA at all; a `Board` is taken as it is. ``script``
        becomes its ``/autorun.lua``; ``files`` are others, by absolute path, and replace those of the same name.
        ``arguments`` are what the script gets, ``image_bytes`` is the size of the firmware, which is that of the
        board's profile or of ``profile``. With a ``key`` it is a board with secure boot, and its firmware is signed.
        Raises `LuaTwinError` for a board that is not known, and for files or firmware that do not fit.
        """
        kind = board
        if isinstance(kind, str):
            kind = load_board(kind)
            kind = dataclasses.replace(kind, factory_partition=kind.ota)
        contents = {**stock_files(), **(files or {})}
        if script is not None:
            contents[AUTORUN] = script
        encoded = {path: data.encode() if isinstance(data, str) else data for path, data in contents.items()}
        if key is not None and kind.secure_boot == "none":
            kind = with_secure_boot(kind, key)
        manifest = first_manifest(kind, profile=profile)
        chip = new_chip(kind, manifest, encoded, image_bytes=image_bytes, key=key)
        return self.add_board(kind, chip, name=name, arguments=arguments)

    def add_board(
        self,
        board: Board,
        chip: FlashChip,
        *,
        name: str | None = None,
        efuses: Efuses | None = None,
        arguments: tuple[str, ...] = (),
        bootloader_log_level: str | None = None,
    ) -> Device:
        """Put up a board with this flash, without power. ``name`` is what the events call it, ``b0`` and so on by
        default. ``efuses`` are those of a chip that was used before. What is soldered on the board is on its bench.
        """
        name = name or f"b{len(self.boards)}"
        surroundings = Surroundings(
            air=self.air,
            airwaves=self.airwaves,
            interface=self._interface(name, board),
            port=EthernetPort(self.air.lan),
            trust=self._trust,
            bench=Bench(now_ns=self.now_ns, events=self.events, board=name, furnish=_furniture(board)),
            events=self.events,
            rng=self.rng.child("board", name),
            now_ns=self.now_ns,
        )
        device = Device(
            name,
            board,
            chip,
            surroundings,
            efuses=efuses,
            arguments=arguments,
            bootloader_log_level=bootloader_log_level,
        )
        self.boards.append(device)
        return device

    def attach(self, device: Device, part: Part | Mapping[str, Any]) -> Part:
        """Connect a part to a board, given as such or by its description, and return it.

        Raises `UsageError` for a description with a mistake, and for a name that another part of the board has.
        """
        from simulator.hardware.parts import Part

        if isinstance(part, Part):
            made = part
        else:
            from simulator.descriptions import describe_part  # with pydantic, which takes time to import

            made = describe_part(part).make()
        device.bench.attach(made)
        return made

    def power_on(self, device: Device) -> None:
        """Give a board power. `Device.power_off` takes it away."""
        device.power_on(self._nursery)

    # -- servers --------------------------------------------------------------------------------------------------

    def add_server(self, name: str, handler: Handler, *, port: int = HTTPS_PORT) -> None:
        """Put up a host that the name server knows as ``name``, and let ``handler`` serve each connection to ``port``.

        A server under the name that a board's firmware asks for updates takes the place of the built-in one.
        """
        address = self._new_address()
        host = self.network.add_host(address, address)
        self.network.names[name.lower()] = [address]
        self._nursery.start_soon(trio.serve_listeners, handler, [host.listen(port)])

    def _new_address(self) -> str:
        self._hosts += 1
        return f"{_SERVERS}.{self._hosts}"

    def publish(self, image: bytes) -> None:
        """Let the built-in update server offer ``image`` to the boards that its firmware is for.

        Raises `FormatError` if it is no firmware of the twin.
        """
        self.catalogue.publish(Firmware.of(read_manifest(image), image))

    def switch_server(self, *, is_on: bool) -> None:
        """Let the built-in update server accept no more connections, or accept them again; those that are go on.

        Raises `UsageError` if the update server is a real one, or there is no board that would ask it.
        """
        if self._update_host is None:
            raise UsageError("there is no built-in update server: it is a real one, or there is no board yet")
        self._update_host.refuses = not is_on

    def _interface(self, name: str, board: Board) -> NetworkInterface:
        if self._server is not None:
            assert self._clock is not None
            return RedirectedInterface(RealInterface(self._clock), board.ota_server, self._server)
        self._serve_updates(board.ota_server)
        return self.network.interface(name, LWIP)

    # -- capture --------------------------------------------------------------------------------------------------

    @contextmanager
    def capture(self, file: BinaryIO) -> Iterator[None]:
        """Write what the virtual network carries into ``file`` for Wireshark (pcapng), while the block lasts."""
        from simulator.capture import Capture

        tap = Capture(file, origin_s=self._started_s, application=f"luatwin {__version__}")
        self.network.tap = tap
        try:
            yield
        finally:
            self.network.tap = None
            tap.close()

    # -- faults ---------------------------------------------------------------------------------------------------

    def inject(self, fault: Fault | str) -> None:
        """Let something go wrong, given as such or as a user writes it: ``"truncate-clean@50%"``.

        There has to be a board. Raises `UsageError` for a fault that is not known; and for one of network or server if
        the update server is a real one, which does what it does.
        """
        from simulator.faults import AtByte, AtShare, Layer, parse_fault  # most worlds have none

        found = parse_fault(fault) if isinstance(fault, str) else fault
        if self._server is not None and (
            found.kind.layer not in (Layer.POWER, Layer.FLASH, Layer.RADIO) or isinstance(found.when, AtShare | AtByte)
        ):
            raise UsageError(f"--fault {found.name}: a real server does what it does; this needs the built-in one")
        if not self.boards:
            raise UsageError(f"--fault {found.name}: there is no board yet")
        self._injector.add(found)

    def lift_faults(self) -> None:
        """End every fault that is in force, and forget those that were to come."""
        self._injector.lift()

    @property
    def has_faults_to_come(self) -> bool:
        """Whether a fault is to begin or to end at a time; those at a place of the download do not count."""
        return not self._injector.is_calm

    async def faults_are_over(self) -> None:
        """Return when no fault is to begin or to end at a time; one at a place of the download may still be to come."""
        await self._injector.calm()

    @cached_property
    def _injector(self) -> Injector:
        from simulator.injection import Injector

        return Injector(
            air=self.air,
            network=self.network,
            host=self._update_host,
            names=lambda: sorted(self._served),
            rogue=self._put_up_rogue,
            portal=self._put_up_portal,
            events=self.events,
            nursery=self._nursery,
            board=self.boards[0],
            power_on=self.power_on,
            started_s=self._started_s,
        )

    def _put_up_portal(self) -> str:
        """Put up a captive portal, unless there is one, and return its address."""
        from simulator.portal import PORTAL_NAME, serve_portal

        address = f"{_SERVERS}.{PORTAL_NUMBER}"
        if PORTAL_NAME not in self.network.names:
            self._nursery.start_soon(serve_portal, self.network.add_host(PORTAL_NAME, address))
        return address

    def _put_up_rogue(self) -> str:
        """Put up a server of somebody else's, who says that he is the update server, unless there is one.

        Returns its address.
        """
        address = f"{_SERVERS}.{ROGUE_NUMBER}"
        if address not in self.network.names:
            host = self.network.add_host(address, address)
            self._nursery.start_soon(self._run_rogue, host.listen(HTTPS_PORT))
        return address

    async def _run_rogue(self, listener: VirtualListener) -> None:
        from simulator.ota_server import OtaServer, made_credentials, rogue_catalogue, server_context

        credentials = made_credentials(*sorted(self._served), flaw="untrusted")
        server = OtaServer(rogue_catalogue(self.catalogue), server_context(credentials))
        await server.serve([listener])

    def _trust(self) -> ssl.SSLContext:
        """Return what a hardened firmware knows: the authority that is pinned in it, and no other."""
        from simulator.network.tls import checking_client_context

        return checking_client_context(self._authority or self._credentials.authority)

    @cached_property
    def _credentials(self) -> Credentials:
        """Those of the built-in update server; made, which takes time, when the first board asks."""
        from simulator.ota_server import made_credentials

        return made_credentials(*sorted(self._served))

    def _serve_updates(self, host_name: str) -> None:
        """Let the built-in update server answer under ``host_name``, unless somebody does."""
        if host_name.lower() in self.network.names:
            return
        if not self._served:
            host = self._update_host = self.network.add_host(host_name, UPDATE_SERVER_ADDRESS)
            # The server costs start-up time (certificates), and many scripts never ask it.
            self._nursery.start_soon(self._run_server, host.listen(HTTPS_PORT))
        self.network.names[host_name.lower()] = [UPDATE_SERVER_ADDRESS]
        self._served.add(host_name)

    async def _run_server(self, listener: VirtualListener) -> None:
        first = await listener.accept()
        from simulator.ota_server import OtaServer, server_context

        server = OtaServer(
            self.catalogue,
            server_context(self._credentials),
            events=self.events,
            conduct=self._injector.conduct,
            names=tuple(sorted(self._served)),
        )
        self._nursery.start_soon(server.serve_stream, first)
        await server.serve([listener])


def _furniture(board: Board) -> Callable[[], list[Part]] | None:
    """Return what makes the parts that are on every such board; None if there are none.

    Descriptions of somebody else's are read at once, so that their mistakes are told before anything runs.
    """

    def make() -> list[Part]:
        from simulator.descriptions import board_hardware  # with pydantic, which takes time to import

        return [part.make() for part in board_hardware(board)]

    if any(Path(name).is_absolute() for name in board.hardware):
        make()
    return make if board.hardware else None


def run_in_world(
    main: Callable[[World], Awaitable[Result]],
    *,
    seed: int = 0,
    speed: float | None = None,
    server: ServerAddress | None = None,
    authority: bytes = b"",
) -> Result:
    """Run ``main`` in a new world and return what it returns.

    ``speed`` is simulated seconds per second, None as fast as possible. The same ``seed`` and inputs give the same
    events, except where a real ``server`` has a say.
    """
    clock = WorldClock(speed)

    async def enter() -> Result:
        async with World(seed=seed, clock=clock, server=server, authority=authority) as world:
            return await main(world)

    return run_world(enter, seed=seed, clock=clock.trio_clock)
