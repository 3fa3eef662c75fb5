"""net.ota() as the hardened profile does it: what arrives is checked before it counts, what breaks is taken up again.

Where the stock firmware prints a line, restarts, or hangs, this one tells the script: ``net.ota()`` returns

- ``"current"``: there is nothing newer;
- ``"refused", why``: there is something, and the board does not want it: wrong board, older, without a good signature;
- ``"failed", why``: the server could not be made to deliver;

and does not return if the update succeeded, for then the board restarts into it. The new firmware is on trial until it
calls ``ota.confirm()``.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

import trio

from simulator.boot.ota import Ota
from simulator.device.calls import bytes_of, call
from simulator.device.calls.console import ConsoleCalls
from simulator.device.calls.slots import SlotCalls
from simulator.device.calls.system import Identity
from simulator.device.net_driver import NetDriver
from simulator.device.outcome import Restart
from simulator.device.update import DownloadBrokenError, UpdateRefusedError
from simulator.device.update.checks import HEAD_BYTES, check_head
from simulator.device.update.slot_writer import SlotWriter
from simulator.device.update.trials import Trials
from simulator.errors import FormatError
from simulator.firmware import Manifest
from simulator.firmware.manifest import leading_manifest
from simulator.flash import FlashChip
from simulator.formats import EspError, ImageState
from simulator.formats.partition_table import Partition
from simulator.network import NetworkInterface
from simulator.network.trace import event_trace
from simulator.nvs import Nvs
from simulator.rng import Rng
from simulator.vm.exceptions import DriverError

if TYPE_CHECKING:
    from simulator.device.update.server import UpdateServer

Result = tuple[bytes, ...]


class HardenedOtaCalls(SlotCalls):
    """``net.ota`` of the hardened profile. ``trust`` makes the TLS context that knows which authority is pinned."""

    def __init__(
        self,
        identity: Identity,
        chip: FlashChip,
        slots: Ota,
        driver: NetDriver,
        interface: NetworkInterface,
        console: ConsoleCalls,
        nvs: Nvs | None,
        trust: Callable[[], ssl.SSLContext],
        rng: Rng,
        emit: Callable[..., None],
    ) -> None:
        super().__init__(identity, chip, slots, console)
        self._driver = driver
        self._interface = interface
        self._nvs = nvs
        self._trials = Trials(nvs)
        self._trust = trust
        self._rng = rng
        self._emit = emit

    @call("net.ota")
    async def _ota(self) -> Result:
        if not self.identity.board.ota:
            raise DriverError("net", "OTANotEnabled")
        target = self.slots.next_update_partition()
        if target is None:
            raise DriverError("net", "NoOTA")
        self._driver.check_available()
        try:
            if not await self._update(target):
                await self.print("No new firmware available\r\n")
                return (b"current",)
        except UpdateRefusedError as error:
            return await self._tell(b"refused", str(error))
        except DownloadBrokenError as error:
            return await self._tell(b"failed", str(error))
        await self.print("Restarting ...\r\n")
        self.kernel.end(Restart())
        return await trio.sleep_forever()

    async def _tell(self, outcome: bytes, why: str) -> Result:
        self._emit("ota.fail", outcome=outcome.decode(), why=why)
        await self.print(f"\nUpdate {outcome.decode()}: {why}\r\n")
        return outcome, bytes_of(why)

    def _is_on_trial(self) -> bool:
        try:
            return self.slots.rollback and self.slots.state_of(self.identity.running) == ImageState.PENDING_VERIFY
        except EspError:
            return False

    async def _update(self, target: Partition) -> bool:
        """Fetch, check and select what the server has. Returns False if it has nothing newer."""
        from simulator.device.update.download import Download  # httpx is costly to import

        if self._is_on_trial():
            raise UpdateRefusedError("the running firmware has not confirmed itself yet")
        board, installed = self.identity.board, self.identity.manifest
        await self.print(f"Connecting to https://{board.ota_server} ...\r\n")
        self._emit("ota.check", server=board.ota_server, firmware=board.ota_firmware_id, commit=installed.commit)
        refused_before = self._gave_up(target)
        writer = SlotWriter(self.slots.view(target), self._nvs)
        download = Download(
            self._server(),
            writer,
            check=lambda head: check_head(head, board, installed, refused_before=refused_before),
            settle=self.let_flash_finish,
            report=self._report,
            emit=self._emit,
            trace=lambda: event_trace(self._emit),
            rng=self._rng,
        )
        try:
            is_newer = await download.fetch()
            if is_newer:
                await self._activate(target)
        except UpdateRefusedError:
            writer.forget()
            raise
        except EspError as error:
            writer.forget()
            raise UpdateRefusedError(f"the flash refuses: {error}") from error
        writer.forget()
        await self.let_flash_finish()
        return is_newer

    async def _report(self, written: int, size_bytes: int | None) -> None:
        size = "" if size_bytes is None else f" of {size_bytes}"
        await self.print(f"\rWritten {written}{size} bytes")

    def _gave_up(self, target: Partition) -> Manifest | None:
        """Return what is in the slot if it was started, did not stay, and gets no other chance."""
        try:
            state = self.slots.state_of(target)
        except EspError:
            return None
        if state not in {ImageState.ABORTED, ImageState.INVALID}:
            return None
        manifest = self._written(target)
        if manifest is not None and state == ImageState.ABORTED and not self._trials.are_over(manifest.commit):
            return None
        return manifest

    def _written(self, target: Partition) -> Manifest | None:
        """Return the manifest of what is in the slot, None if there is none to be read."""
        try:
            return leading_manifest(self.chip.read(target.offset, HEAD_BYTES))
        except FormatError:
            return None

    def _server(self) -> UpdateServer:
        from simulator.device.update.server import UpdateServer  # httpx is costly to import

        board = self.identity.board
        return UpdateServer(
            self._interface,
            self._trust(),
            host=board.ota_server,
            firmware_id=board.ota_firmware_id,
            commit=self.identity.manifest.commit,
        )

    async def _activate(self, target: Partition) -> None:
        """Verify what was written, its signature included, and make it the boot partition."""
        await self.print("\nVerifying ...\r\n")
        manifest = self._written(target)
        if manifest is not None and self.slots.rollback:
            self._trials.begin(manifest.commit)
        try:
            await self.carry_out(self.slots.set_boot_partition(target))
        except EspError as error:
            why = self.error_lines[-1] if self.error_lines else str(error)
            raise UpdateRefusedError(f"the image is not sound: {why}") from error
        self._emit("ota.activate", partition=target.label)
