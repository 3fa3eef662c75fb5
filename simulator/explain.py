"""What every failure ends with: when it was, what the board did, its last flash operations, and what a reset starts.

How to repeat it is for the command to say, which knows what was typed.
"""

from __future__ import annotations

from typing import Final

from simulator.board_state import NextBoot, board_state
from simulator.device.device import Device
from simulator.units import format_duration

_OPERATIONS_SHOWN: Final = 3


def explain(device: Device, time_ns: int) -> tuple[str, ...]:
    """Return what is to be said of ``device`` as it is now, at ``time_ns``, in three lines."""
    state = board_state(device, time_ns, ())
    stage, _, _ = state.stage.partition(":")  # why it is stuck has been said
    app = f", app {state.running}{_commit(state.commit)}" if state.running else ""
    stacks = (f"{thread.name} at {thread.stack[0]}" for thread in state.threads if thread.stack)
    where = "".join(f", {place}" for place in stacks)
    operations = state.operations[-_OPERATIONS_SHOWN:]
    return (
        f"at {format_duration(time_ns)} {state.board} {stage}{app}{where}",
        f"last flash operations: {'; '.join(operations)}" if operations else "there was no flash operation",
        next_boot_words(state.next_boot),
    )


def next_boot_words(next_boot: NextBoot) -> str:
    """Return what a reset would start and why, as a sentence for people."""
    return f"a reset starts {next_boot.label or 'nothing'}{_commit(next_boot.commit)}: {next_boot.why}"


def _commit(commit: str | None) -> str:
    return f" (commit {commit[:8]})" if commit else ""
