"""net.ota(): the update, as the stock firmware does it, defects included (``net_ota`` in ``drivers/net.c``).

Nearly every failure is a printed line and a normal return. The order of the steps, what is printed and what is checked
when are those of the firmware; where it reads memory that it never filled, the choice made here is said in a comment.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Final

import trio

from simulator.boot.ota import Ota, OtaUpdate
from simulator.device.calls import call
from simulator.device.calls.console import ConsoleCalls
from simulator.device.calls.slots import SlotCalls
from simulator.device.calls.system import Identity
from simulator.device.net_driver import NetDriver
from simulator.device.outcome import Restart
from simulator.device.panic import exception_text
from simulator.flash import FlashChip
from simulator.flash.chip import SECTOR_BYTES
from simulator.formats.esp_err import EspErr, EspError
from simulator.formats.partition_table import Partition
from simulator.network import NetworkInterface
from simulator.network.trace import Trace, event_trace
from simulator.rng import Rng
from simulator.units import NS_PER_MS, NS_PER_S
from simulator.vm.exceptions import DriverError

_SLICE_NS: Final = 100 * NS_PER_MS  # how far the download may get ahead of the world before it waits for it
_READABLE_RAM_BYTES: Final = 0x40000000 - 0x3FFBE000
"""From where the buffer of a thread's stack may be to the end of DRAM; what is behind cannot be read byte-wise."""

_PROGRESS: Final = b"\rChunk written successfully in partition at offset 0x%08x"
MESSAGES: Final = {470: "Missing or bad arguments\r\n", 471: "No new firmware available\r\n"}
_UPGRADE: Final = 200


class OtaCalls(SlotCalls):
    """``net.ota`` of the stock profile."""

    def __init__(
        self,
        identity: Identity,
        chip: FlashChip,
        slots: Ota,
        driver: NetDriver,
        interface: NetworkInterface,
        console: ConsoleCalls,
        rng: Rng,
        emit: Callable[..., None],
    ) -> None:
        super().__init__(identity, chip, slots, console)
        self._driver = driver
        self._interface = interface
        self._rng = rng
        self._emit = emit

    @call("net.ota")
    async def _ota(self) -> None:
        board, manifest = self.identity.board, self.identity.manifest
        if not board.ota:
            raise DriverError("net", "OTANotEnabled")
        target = self.slots.next_update_partition()
        if target is None:
            raise DriverError("net", "NoOTA")
        self._driver.check_available()
        # httpx is costly to import, and most runs never come here.
        from simulator.network.stock_http import StockTransport
        from simulator.network.stock_response import StockHttpError, StockPanicError

        await self.print(f"Connecting to https://{board.ota_server} ...\r\n")
        self._emit("ota.check", server=board.ota_server, firmware=board.ota_firmware_id, commit=manifest.commit)
        try:
            code = await self._download(StockTransport(self._interface), target)
        except StockHttpError as error:
            self._emit("ota.fail", why=str(error))
            raise DriverError("net", error.failure.value, error.extra) from error
        except StockPanicError as error:
            self._emit("ota.fail", why=str(error))
            self.kernel.end(Restart(panic=exception_text(manifest, "LoadProhibited")))
            await trio.sleep_forever()
        if code == _UPGRADE:
            await self.print("Restarting ...\r\n")
            self.kernel.end(Restart())
            await trio.sleep_forever()

    async def _download(self, transport: Any, target: Partition) -> int | None:
        """Ask the server and do what it says. Returns 200 if the board must restart now, else anything."""
        import httpx

        board, manifest = self.identity.board, self.identity.manifest
        query = f"/?firmware={board.ota_firmware_id}&commit={manifest.commit}"
        url = f"https://{board.ota_server}{query}"
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            request = client.build_request("GET", url, extensions={"target": query.encode(), "trace": self._trace()})
            response = await client.send(request, stream=True)
            async with aclosing(response):
                answer, body = response.extensions["stock"], response.extensions["stock_body"]
                if answer.code != _UPGRADE:
                    # A status line that could not be read leaves the code unset; most likely it is none of these.
                    await self.print(MESSAGES.get(answer.code, ""))
                    return int(answer.code or 0)
                # Without Content-Length the size is whatever the stack held; here: larger than anything that comes.
                if answer.content_length == 0:
                    return _UPGRADE
                return await self._update(body, answer.content_length, target)

    def _trace(self) -> Trace:
        """Return a trace for one request: its steps become events, and one of them is told on the console."""
        record = event_trace(self._emit)
        commit_line = f"Current firmware commit is {self.identity.manifest.commit}\r\n".encode()

        async def trace(step: str, info: dict[str, Any]) -> None:
            if isinstance(info.get("exception"), trio.Cancelled):
                return  # a board without power notices nothing
            await record(step, info)
            if step == "connection.start_tls.complete":
                self.console.send(commit_line)  # no wait: the line before it is long out

        return trace

    async def _update(self, body: Any, size_bytes: int | None, target: Partition) -> int | None:
        """Write the body into ``target`` and select it. Returns 200 if the board must restart."""
        from simulator.network.stock_http import ReadEnd

        running = self.identity.running
        await self.print(f"Running partition is {running.label}, at offset 0x{running.offset:08x}\r\n")
        await self.print(f"Writing partition is {target.label}, at offset 0x{target.offset:08x}\r\n")
        await self.print("Begin OTA update ...\r\n")
        self._emit("ota.begin", partition=target.label, offset=target.offset, size=size_bytes)
        try:
            update = await self.carry_out(self.slots.begin(target))
        except EspError as error:
            self._emit("ota.fail", why=str(error), esp_err=int(error.code))
            await self.print(f"Failed, error {error.code:d}\r\n")
            return None
        if not await self._write_chunks(body, update, target):
            return None
        if body.end is ReadEnd.CLOSED:
            await self._print_the_same_line_for_ever(update)
        if body.end is ReadEnd.ERROR:
            await self._write_what_is_not_there(update)
            return None
        await self.print("\nEnding OTA update ...\r\n")
        return await self._activate(update, target)

    async def _write_chunks(self, body: Any, update: OtaUpdate, target: Partition) -> bool:
        """Write the body piece by piece, each with its line. Returns False if the flash refused one."""
        write, chip, console = update.write, self.chip, self.console
        owed_ns = 0
        async for piece in body:
            offset = target.offset + update.written_bytes
            try:
                write(piece)
            except EspError as error:
                await trio.sleep(owed_ns / NS_PER_S)
                await self._report_chunk_failure(update, error)
                return False
            owed_ns += chip.take_busy_ns()
            owed_ns += console.send(_PROGRESS % offset, ahead_ns=owed_ns)
            if owed_ns >= _SLICE_NS:
                self._emit("ota.progress", written=update.written_bytes)
                await trio.sleep(owed_ns / NS_PER_S)
                owed_ns = 0
        await trio.sleep(owed_ns / NS_PER_S)
        return True

    async def _report_chunk_failure(self, update: OtaUpdate, error: EspError) -> None:
        offset, code = update.partition.offset + update.written_bytes, error.code
        self._emit("ota.fail", why="chunk", offset=offset, esp_err=int(code))
        await self.print_error_line(error)
        await self.print(f"\nChunk written unsuccessfully in partition (offset 0x{offset:08x}), error {code:d}\r\n")

    async def _print_the_same_line_for_ever(self, update: OtaUpdate) -> None:
        """The peer closed without close_notify: a read of 0 bytes is no error for the loop, and so is a write of 0."""
        self._emit("ota.fail", why="closed without close_notify; the loop never ends")
        line = _PROGRESS % (update.partition.offset + update.written_bytes)
        while True:
            owed_ns = 0
            while owed_ns < _SLICE_NS:
                owed_ns += self.console.send(line, ahead_ns=owed_ns)
            await trio.sleep(owed_ns / NS_PER_S)

    async def _write_what_is_not_there(self, update: OtaUpdate) -> None:
        """A read failed: -1 becomes a length of 4 GiB.

        Before the first chunk the magic byte is looked for in the request text, which the buffer still holds. Later
        the length check wraps, and flash is written from RAM until the chip ends or the CPU reads where nothing is.
        What a real board has in its RAM nobody knows; here it is a stream of the board's own generator.
        """
        if not update.written_bytes:
            try:
                update.write(b"/")
            except EspError as error:
                await self._report_chunk_failure(update, error)
            return
        offset = update.partition.offset + update.written_bytes
        self._emit("ota.fail", why="read failed; writes on from RAM", offset=offset)
        ram = self._rng.child("ram")
        end = min(offset + _READABLE_RAM_BYTES, self.chip.size_bytes)
        for start in range(offset, end, SECTOR_BYTES):
            self.chip.program(start, ram.bytes(min(SECTOR_BYTES, end - start)))
            await self.let_flash_finish()
        if end == self.chip.size_bytes:
            await self._report_chunk_failure(update, EspError(EspErr.ESP_ERR_FLASH_OP_FAIL))
            return
        self.kernel.end(Restart(panic=exception_text(self.identity.manifest, "LoadStoreError", address=0x40000000)))
        await trio.sleep_forever()

    async def _activate(self, update: OtaUpdate, target: Partition) -> int | None:
        """Verify what was written and make it the boot partition. Returns 200 if the board must restart."""
        try:
            await self.carry_out(update.end())
        except EspError as error:
            self._emit("ota.fail", why="verification", esp_err=int(error.code), log=self.error_lines)
            await self.print("Failed\r\n")
            return None
        self._emit("ota.end", partition=target.label, written=update.written_bytes)
        await self.print("Changing boot partition ...\r\n")
        try:
            await self.carry_out(self.slots.set_boot_partition(target))
        except EspError as error:
            self._emit("ota.fail", why="activation", esp_err=int(error.code), log=self.error_lines)
            await self.print(f"Failed, err {error.code:d}\r\n")
            return _UPGRADE  # and restarts all the same
        self._emit("ota.activate", partition=target.label)
        await self.print("Updated\r\n")
        return _UPGRADE
