"""An update in the middle of which the access point or the cable goes: what each profile makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import pytest
import trio

from simulator.boards import load_board
from simulator.boards.schema import Profile
from simulator.device.device import Device
from simulator.events import Event
from simulator.firmware import build_for, first_manifest, next_manifest
from simulator.units import KIB
from simulator.world import World, run_in_world

IMAGE_BYTES = 512 * KIB
HALF_BYTES = 128 * KIB
"""What is written when the link goes: the rest has not all been sent by then."""

BY_RADIO = 'net.wf.setup(net.wf.mode.STA, "home", "secret-password") net.wf.start()\n'
BY_CABLE = "net.en.setup() net.en.start()\n"
UPDATE = """
while not net.connected() do tmr.sleepms(100) end
if ota and ota.state() == "pending_verify" then ota.confirm() end
print("result", net.ota())
"""


class Told(NamedTuple):
    """What happened to a board."""

    events: list[Event]
    labels: list[str]
    console: str

    def of_kind(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["kind"] == kind]

    def firsts(self) -> list[int]:
        """The byte of the image with which each download began."""
        return [event.get("first", 0) for event in self.of_kind("ota.begin")]


def update(
    profile: Profile,
    board: str,
    join: str,
    lose: Callable[[World, Device], None],
    regain: Callable[[World, Device], None] = lambda _world, _device: None,
) -> Told:
    """Let a board update itself, and its link go in the middle of that and perhaps come back 15 s later."""

    async def main(world: World) -> Told:
        for channel in (6, 11):
            world.add_access_point("home", "secret-password", channel=channel)
        kind = dataclasses.replace(load_board(board), factory_partition=True)
        device = world.new_board(kind, script=join + UPDATE, image_bytes=IMAGE_BYTES, profile=profile)
        installed = first_manifest(kind, profile=profile)
        world.publish(build_for(kind, next_manifest(installed), size_bytes=IMAGE_BYTES))
        events: list[Event] = []
        half = trio.Event()

        def see(event: Event) -> None:
            events.append(event)
            if event["kind"] == "ota.progress" and event["written"] >= HALF_BYTES:
                half.set()

        world.events.subscribe(see)
        world.power_on(device)
        with trio.fail_after(600):
            await half.wait()
            lose(world, device)
            await trio.sleep(15)
            regain(world, device)
            assert await device.finished(), device.why_stuck
        return Told(events, [boot.label for boot in device.boots], device.console.decode("utf-8", "replace"))

    return run_in_world(main)


def first_point_off(world: World, _device: Device) -> None:
    world.air.switch_off(next(iter(world.air)))


def cable_out(_world: World, device: Device) -> None:
    device.ethernet.unplug()


def cable_in(world: World, device: Device) -> None:
    device.ethernet.plug(world.air.lan)


def test_a_hardened_board_goes_on_at_the_other_access_point_where_it_broke() -> None:
    told = update("hardened", "N1ESP32-OTA", BY_RADIO, first_point_off)
    assert [event["channel"] for event in told.of_kind("wifi.connected")] == [6, 11, 11]
    assert told.labels == ["factory", "ota_0"]
    first, second = told.firsts()
    assert (first, second >= HALF_BYTES) == (0, True)


def test_a_stock_board_crashes_and_begins_again_at_the_other_access_point() -> None:
    told = update("stock", "N1ESP32-OTA", BY_RADIO, first_point_off)
    assert [event["reason_name"] for event in told.of_kind("wifi.disconnected")] == ["BEACON_TIMEOUT"]
    assert [event["channel"] for event in told.of_kind("wifi.connected")] == [6, 11, 11]
    assert told.labels == ["factory", "factory", "ota_0"]
    assert told.of_kind("ota.fail")[0]["why"] == "read failed; writes on from RAM"


def test_a_hardened_board_goes_on_when_its_cable_is_back() -> None:
    told = update("hardened", "ESP32-EVB-OTA", BY_CABLE, cable_out, cable_in)
    assert told.labels == ["factory", "ota_0"]
    assert len(told.of_kind("eth.disconnected")) == 1
    first, second = told.firsts()
    assert (first, second >= HALF_BYTES) == (0, True)


def test_a_stock_board_crashes_and_begins_again_when_its_cable_is_back() -> None:
    told = update("stock", "ESP32-EVB-OTA", BY_CABLE, cable_out, cable_in)
    assert told.labels == ["factory", "factory", "ota_0"]
    assert len(told.of_kind("eth.disconnected")) == 1
    assert told.of_kind("ota.fail")[0]["why"] == "read failed; writes on from RAM"


@pytest.mark.parametrize(
    ("profile", "labels"), [("stock", ["factory", "factory", "ota_0"]), ("hardened", ["factory", "ota_0"])]
)
def test_a_cable_that_is_out_for_a_moment_is_out_for_the_driver_too(profile: Profile, labels: list[str]) -> None:
    def for_a_moment(world: World, device: Device) -> None:
        cable_out(world, device)
        cable_in(world, device)

    told = update(profile, "ESP32-EVB-OTA", BY_CABLE, for_a_moment)
    assert told.labels == labels
    assert len(told.of_kind("eth.disconnected")) == 1


def test_a_hardened_board_says_that_it_gave_up_if_the_cable_stays_out() -> None:
    told = update("hardened", "ESP32-EVB-OTA", BY_CABLE, cable_out)
    assert told.labels == ["factory"]
    assert "result\tfailed\tno address for" in told.console


def test_a_stock_board_that_waits_for_its_cable_says_to_look_at_it() -> None:
    told = update("stock", "ESP32-EVB-OTA", BY_CABLE.replace("start()", "start(false)"), cable_out)
    assert told.labels == ["factory", "factory"]
    assert "503316483:can't connect check cable" in told.console
