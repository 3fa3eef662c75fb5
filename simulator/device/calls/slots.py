"""What the calls that work on the app slots share: ESP-IDF's functions take time and print their own log."""

from __future__ import annotations

from typing import TypeVar

import trio

from simulator.boot import BootLine, LogLevel, Steps, render_line
from simulator.boot.ota import Ota
from simulator.device.calls import CallGroup
from simulator.device.calls.console import ConsoleCalls
from simulator.device.calls.system import Identity
from simulator.flash import FlashChip
from simulator.flash.chip import FlashArgumentError
from simulator.formats.esp_err import EspError
from simulator.units import NS_PER_MS, NS_PER_S

Result = TypeVar("Result")


class SlotCalls(CallGroup):
    """Carries out ``esp_ota_*`` functions on ``slots`` as a task of the device does."""

    def __init__(self, identity: Identity, chip: FlashChip, slots: Ota, console: ConsoleCalls) -> None:
        self.identity = identity
        self.chip = chip
        self.slots = slots
        self.console = console
        self.error_lines: list[str] = []
        """What ESP-IDF had to say during the last of its functions, whether the build prints it or not."""

    async def carry_out(self, work: Steps[Result]) -> Result:
        """Do the work of an ``esp_ota_*`` function, letting the time pass that its flash commands take."""
        self.error_lines = []
        try:
            for step in work:
                if isinstance(step, BootLine):
                    await self._print_app_log(step)
                await self.let_flash_finish()
        except EspError as error:
            await self.print_error_line(error)
            raise
        return work.result

    async def let_flash_finish(self) -> None:
        """Let the time pass that the chip was busy."""
        busy_ns = self.chip.take_busy_ns()
        if busy_ns:
            await trio.sleep(busy_ns / NS_PER_S)

    async def print_error_line(self, error: EspError) -> None:
        """Print the line that a function of ESP-IDF logs when it fails, if it logs one."""
        # What esp_partition_* refuse they refuse in silence; the text of that error is for us.
        if error.text and not isinstance(error, FlashArgumentError):
            await self._print_app_log(BootLine(LogLevel.ERROR, "esp_ota_ops", error.text))

    async def _print_app_log(self, line: BootLine) -> None:
        """Print a line of ESP-IDF's own log, if the build has its level compiled in.

        Lua RTOS switches it to ERROR when it starts, so no build shows more.
        """
        if line.level is LogLevel.ERROR:
            self.error_lines.append(f"{line.tag}: {line.text}")
        if line.level <= min(LogLevel.ERROR, LogLevel[self.identity.board.log_level]):
            time_ms = (self.kernel.now_ns() - self.identity.started_ns) // NS_PER_MS
            text = render_line(line, time_ms).replace("\r\n", "\n")
            self.console.pass_on(text)
            await self.print(text)

    async def print(self, text: str) -> None:
        """Print as the firmware's C code does."""
        await self.console.write_from_task(text)
