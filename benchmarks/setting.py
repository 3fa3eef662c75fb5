"""The boards that are measured, and one way to run many of them in one world.

What is made once for every board of a kind (flash contents, images, certificates) is made before anything is measured:
it is cached by the simulator itself, and every measurement has a round that is not counted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from simulator.boards import Board, load_board
from simulator.device.device import Device
from simulator.device.manufacture import AUTORUN, new_chip, stock_files
from simulator.events import Event
from simulator.firmware import build_for, first_manifest, next_manifest
from simulator.flash import FlashChip
from simulator.flash.chip import FlashSnapshot
from simulator.ota_protocol import Firmware
from simulator.resources import data_dir
from simulator.session import DEFAULT_PASSWORD, DEFAULT_SSID
from simulator.world import World, run_in_world

BOARD: Final = dataclasses.replace(load_board("N1ESP32-OTA"), factory_partition=True)


@dataclass(frozen=True)
class Setting:
    """Boards of one kind: the script they run, the size of their images, and whether there is a newer firmware."""

    script: bytes
    image_bytes: int
    board: Board = BOARD

    @classmethod
    def updating(cls, image_bytes: int) -> Setting:
        """Return boards that run the demo: join, update over HTTPS, restart, find nothing newer."""
        return cls((data_dir("lua") / "demo" / "ota.lua").read_bytes(), image_bytes)

    @cached_property
    def update(self) -> Firmware:
        """What the server has: the firmware after the one the boards are made with."""
        manifest = next_manifest(first_manifest(self.board))
        return Firmware.of(manifest, build_for(self.board, manifest, size_bytes=self.image_bytes))

    @cached_property
    def manufactured(self) -> FlashSnapshot:
        """The flash of a new board."""
        files = {**stock_files(), AUTORUN: self.script}
        return new_chip(self.board, first_manifest(self.board), files, image_bytes=self.image_bytes).snapshot()

    def run(self, count: int = 1, *, heard_event: Callable[[Event], None] | None = None) -> list[Device]:
        """Power on ``count`` boards in a new world, wait until each is idle, and return them."""

        async def main(world: World) -> list[Device]:
            if heard_event is not None:
                world.events.subscribe(heard_event)
            devices = self.power_on(world, count)
            for device in devices:
                await device.idle.wait()
            return devices

        return run_in_world(main)

    def power_on(self, world: World, count: int) -> list[Device]:
        """Power on ``count`` more boards in ``world``, near an access point and with a server that has the update."""
        if not world.boards:
            world.add_access_point(DEFAULT_SSID, DEFAULT_PASSWORD)
            world.catalogue.publish(self.update)
        devices = [world.add_board(self.board, FlashChip.from_snapshot(self.manufactured)) for _ in range(count)]
        for device in devices:
            world.power_on(device)
        return devices
