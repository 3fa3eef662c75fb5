"""ota: which app slot runs, and what becomes of it. Only firmware of the hardened profile has this module.

With rollback an update is on trial until it confirms itself: whatever resets the board before that brings the previous
firmware back. The stock firmware cannot confirm (nothing in Lua RTOS calls these functions of ESP-IDF), so a stock
build with rollback falls back after every update. The functions are those of ``app_update/esp_ota_ops.c``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import trio

from simulator.boot import Steps
from simulator.boot.ota import Ota
from simulator.device.calls import bytes_of, call, text_of
from simulator.device.calls.console import ConsoleCalls
from simulator.device.calls.slots import SlotCalls
from simulator.device.calls.system import Identity
from simulator.device.outcome import Restart
from simulator.flash import FlashChip
from simulator.formats import EspErr, EspError, ImageState
from simulator.formats.partition_table import Partition
from simulator.vm.exceptions import LuaError

_STATES: Final = {int(state): state.name.lower().encode() for state in ImageState}


class RunningAppCalls(SlotCalls):
    """``ota.*`` of the hardened profile. An error of ESP-IDF is ``<code>:<name>``."""

    def __init__(
        self, identity: Identity, chip: FlashChip, slots: Ota, console: ConsoleCalls, emit: Callable[..., None]
    ) -> None:
        super().__init__(identity, chip, slots, console)
        self._emit = emit

    @call("ota.running")
    def _running(self) -> tuple[bytes]:
        return (bytes_of(self.identity.running.label),)

    @call("ota.next")
    def _next(self) -> tuple[bytes | None]:
        target = self.slots.next_update_partition()
        return (None if target is None else bytes_of(target.label),)

    @call("ota.state")
    def _state(self, label: bytes | None) -> tuple[bytes | None]:
        """Answer with the image state of a slot, the running one by default; nil for one that nobody selected."""
        partition = self.identity.running if label is None else self._slot(text_of(label))
        try:
            state = self.slots.state_of(partition)
        except EspError:
            return (None,)
        return (_STATES.get(state, b"undefined"),)

    @call("ota.confirm")
    async def _confirm(self) -> None:
        await self._decide(self.slots.mark_app_valid())
        self._emit("ota.confirm", partition=self.identity.running.label)

    @call("ota.reject")
    async def _reject(self) -> None:
        await self._decide(self.slots.mark_app_invalid())
        self._emit("ota.reject", partition=self.identity.running.label)
        self.kernel.end(Restart())
        await trio.sleep_forever()

    async def _decide(self, work: Steps[Any]) -> None:
        """Write the decision into otadata, but only about the app that runs: ESP-IDF asks only what was selected."""
        if self.slots.boot_partition() != self.identity.running:
            raise _lua_error(EspError(EspErr.ESP_ERR_INVALID_STATE))
        try:
            await self.carry_out(work)
        except EspError as error:
            raise _lua_error(error) from error

    def _slot(self, label: str) -> Partition:
        slots = self.identity.table.app_partitions
        for slot in slots:
            if slot.label == label:
                return slot
        raise LuaError(f"no app slot '{label}'; there are {', '.join(slot.label for slot in slots)}")


def _lua_error(error: EspError) -> LuaError:
    return LuaError(f"{error.code:d}:{error.code.name}")
