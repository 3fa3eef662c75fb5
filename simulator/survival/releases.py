"""What the maker of a board publishes while the board is in use: one firmware after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulator.events import Event
from simulator.firmware import Manifest, build_for, next_manifest, read_manifest
from simulator.ota_protocol import Firmware
from simulator.setting import Request, Setting
from simulator.world import World

RELEASES: Final = 2
"""How many updates there are while things go wrong: the first from the factory, and one over a slot that was used."""


class Releases:
    """Publishes a newer firmware when the newest one was started; ``published`` hears of its image.

    The built-in server has the first from the beginning. ``newest`` is the firmware that a board is to run in the end;
    None if there is nothing to be updated.
    """

    def __init__(
        self,
        request: Request,
        setting: Setting,
        world: World,
        published: Callable[[bytes], None] = lambda _image: None,
    ) -> None:
        self._request = request
        self._setting = setting
        self._world = world
        self._published = published
        self._left = RELEASES - 1
        images = [offer.image for offer in world.catalogue.offers if offer.image]
        self.newest: Manifest | None = read_manifest(images[0]) if images else None
        self._image_bytes = request.image_bytes if request.publish == "auto" else len(images[0]) if images else 0

    def hear(self, event: Event) -> None:
        """Hear of an event, before the app that is started can ask for more."""
        if (
            self._left
            and self.newest is not None
            and event["kind"] == "boot.app"
            and event["commit"] == self.newest.commit
        ):
            self._left -= 1
            self._publish_newer()

    def publish_last(self) -> None:
        """Publish a firmware that is newer than all before, and no other any more. Nothing if there never was one."""
        self._left = 0
        if self.newest is not None:
            self._publish_newer()

    def _publish_newer(self) -> None:
        assert self.newest is not None
        board, setting = self._setting.board, self._setting
        self.newest = next_manifest(self.newest)
        image = build_for(
            board,
            self.newest,
            size_bytes=self._image_bytes,
            secure_version=max(board.secure_version, setting.secure_version),
            key=self._request.key,
        )
        self._world.catalogue.publish(Firmware.of(self.newest, image))
        self._published(image)
