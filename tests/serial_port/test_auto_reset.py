"""DTR and RTS against EN and GPIO0: the sequences that tools send."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from simulator.serial_port import AutoReset


@dataclass
class Pins:
    """Takes note of what happens to a chip."""

    gpio0_low: bool = False
    story: list[str] = field(default_factory=list)

    def hold_in_reset(self) -> None:
        self.story.append("held")

    def release_from_reset(self) -> None:
        self.story.append("download" if self.gpio0_low else "boot")


def after(sequence: str) -> list[str]:
    """Return what a sequence such as ``R1 D0`` does, after the operating system has asserted both lines."""
    pins = Pins()
    lines = AutoReset(pins)
    for step in ("D1", "R1", *sequence.split()):
        (lines.set_dtr if step[0] == "D" else lines.set_rts)(step[1] == "1")
    return pins.story


@pytest.mark.parametrize(
    ("name", "sequence", "story"),
    [
        ("opening a port", "", []),
        ("wcc opens it: RTS off, then DTR off", "R0 D0", []),
        ("wcc resets: a pulse on RTS", "R0 D0 R0 R1 R0", ["held", "boot"]),
        ("esptool's classic reset", "D0 R1 D0 D1 R0 D1 D0", ["held", "download"]),
        ("esptool's hard reset", "R0 D0 R1 D0 R0 D0", ["held", "boot"]),
        ("esptool's hard reset when it has never touched the lines", "R1 D1 R0 D1", []),
        ("DTR off and on again while RTS holds the chip", "D0 D1 R0", ["held", "download"]),
    ],
)  # fmt: skip
def test_a_tools_sequence_does_what_it_does_on_a_devkit(name, sequence, story):
    assert after(sequence) == story, name


def test_gpio0_is_low_while_dtr_alone_is_asserted():
    pins = Pins()
    lines = AutoReset(pins)
    lines.set_dtr(True)
    assert pins.gpio0_low
    lines.set_rts(True)
    assert not pins.gpio0_low


def test_closing_the_port_lets_a_held_chip_go():
    pins = Pins()
    lines = AutoReset(pins)
    lines.set_rts(True)
    lines.let_go()
    assert pins.story == ["held", "boot"]
    assert (lines.dtr, lines.rts) == (False, False)
