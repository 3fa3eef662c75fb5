"""The steps that do something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import trio

from simulator.device.device import Device
from simulator.errors import UsageError
from simulator.faults import Fault
from simulator.firmware import build_for, next_manifest, read_manifest
from simulator.ota_protocol import Firmware
from simulator.play.scene import Scene
from simulator.scenario.steps import (
    ControlTable,
    ScreenshotTable,
    ServerTable,
    TouchedTable,
    TouchPointTable,
    TouchTable,
)
from simulator.units import NS_PER_S

CUT_NS: Final = NS_PER_S
"""How long the power is away after a cut."""

Act = Callable[[Scene, Device, Any], Awaitable[str | None]]
"""Returns what is not as it should be, None if all is well. Raises `UsageError` for what is not there."""


async def _delay(_scene: Scene, _device: Device, duration_ns: int) -> None:
    await trio.sleep(duration_ns / NS_PER_S)


async def _write_serial(_scene: Scene, device: Device, data: bytes) -> None:
    device.receive(data)


async def _set_control(scene: Scene, device: Device, table: ControlTable) -> None:
    scene.part(device, table.part_id).set_control(table.control_name, table.value)


# -- power ------------------------------------------------------------------------------------------------------------


async def _power(scene: Scene, device: Device, what: str) -> None:
    if what == "on":
        if device.has_power:
            raise UsageError(f"{device.name} has power")
        scene.world.power_on(device)
        return
    if not device.has_power:
        raise UsageError(f"{device.name} has no power")
    match what:
        case "off":
            device.power_off()
            await device.is_off.wait()
        case "cut":
            device.power_cut()
            await trio.sleep(CUT_NS / NS_PER_S)
            scene.world.power_on(device)
        case "brownout":
            device.brown_out()


async def _reset(_scene: Scene, device: Device, held_ns: int) -> None:
    device.hold_in_reset()
    await trio.sleep(held_ns / NS_PER_S)
    device.release_from_reset()


# -- faults and the server --------------------------------------------------------------------------------------------


async def _fault(scene: Scene, _device: Device, fault: Fault | None) -> None:
    if fault is None:
        scene.world.lift_faults()
    else:
        scene.world.inject(fault)


async def _server(scene: Scene, device: Device, table: ServerTable) -> None:
    if table.command is not None:
        scene.world.switch_server(is_on=table.command == "start")
    elif table.respond is not None:
        scene.world.inject(table.respond)
    elif table.publish == "next":
        scene.world.publish(_next_image(scene, device))
    else:
        assert table.publish is not None
        scene.world.publish((scene.folder / table.publish).read_bytes())


def _next_image(scene: Scene, device: Device) -> bytes:
    """Return the firmware after the one that is published for a board."""
    published = published_for(scene, device)
    if published is None or not published.image:
        raise UsageError(f"nothing is published for {device.name} that another firmware could follow")
    request = scene.requests[device.name]
    manifest = next_manifest(read_manifest(published.image))
    return build_for(device.board, manifest, size_bytes=request.image_bytes, key=request.key)


def published_for(scene: Scene, device: Device) -> Firmware | None:
    """Return what the server offers a board, as it runs now."""
    return scene.world.catalogue.newest(device.boots[-1].firmware) if device.boots else None


# -- screens ----------------------------------------------------------------------------------------------------------


async def _take_screenshot(scene: Scene, device: Device, table: ScreenshotTable) -> str | None:
    from simulator.hardware.parts.display_parts import ScreenPart

    part = scene.part(device, table.part_id)
    if not isinstance(part, ScreenPart):
        raise UsageError(f"part {part.name!r} ({part.type_name}) is no display")
    picture = part.picture
    if picture is None:
        return f"nothing has been shown on {part.name}"
    if table.save_to is not None:
        (scene.folder / table.save_to).write_bytes(picture.png())
    if table.compare_with is None:
        return None
    return _difference((picture.width, picture.height), picture.rgb(), scene, table.compare_with)


def _difference(size: tuple[int, int], pixels: bytes, scene: Scene, name: str) -> str | None:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(scene.folder / name) as wanted:
            wanted_size, wanted_pixels = wanted.size, wanted.convert("RGB").tobytes()
    except (OSError, UnidentifiedImageError) as error:
        raise UsageError(f"{scene.folder / name} cannot be compared with: {error}") from error
    if wanted_size != size:
        return f"the display has {size[0]}x{size[1]} pixels, and {name} has {wanted_size[0]}x{wanted_size[1]}"
    for index in range(0, len(pixels), 3):
        here, there = pixels[index : index + 3], wanted_pixels[index : index + 3]
        if here != there:
            y, x = divmod(index // 3, size[0])
            return f"the display is not as in {name}: at x={x} y={y} it is #{here.hex()}, not #{there.hex()}"
    return None


async def _touch(scene: Scene, device: Device, table: TouchTable) -> None:
    await _touch_press(scene, device, table)
    part = scene.part(device, table.part_id)
    scene.later(table.duration, lambda: part.set_control("pressed", 0))
    if table.wait:
        await trio.sleep(table.duration / NS_PER_S)


async def _touch_press(scene: Scene, device: Device, table: TouchPointTable) -> None:
    await _touch_move(scene, device, table)
    scene.part(device, table.part_id).set_control("pressed", 1)


async def _touch_move(scene: Scene, device: Device, table: TouchPointTable) -> None:
    part = scene.part(device, table.part_id)
    part.set_control("x", table.x)
    part.set_control("y", table.y)


async def _touch_release(scene: Scene, device: Device, table: TouchedTable) -> None:
    scene.part(device, table.part_id).set_control("pressed", 0)


ACTS: Final[Mapping[str, Act]] = {
    "delay": _delay,
    "write-serial": _write_serial,
    "set-control": _set_control,
    "power": _power,
    "reset": _reset,
    "wifi": _fault,
    "net": _fault,
    "fault": _fault,
    "server": _server,
    "take-screenshot": _take_screenshot,
    "touch": _touch,
    "touch-press": _touch_press,
    "touch-move": _touch_move,
    "touch-release": _touch_release,
}
"""By the name of the step."""
