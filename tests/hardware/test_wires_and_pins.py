from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.errors import UsageError
from simulator.hardware.gpio import Interrupt, OnInterrupt
from simulator.hardware.wire import Strength, Wave
from tests.hardware.clock import Table


def test_a_wire_that_nobody_drives_reads_low() -> None:
    table = Table()
    assert table.bench.wire(4).driver == "pull4"  # a strapping pull of the chip
    assert table.level(26) == 0
    assert table.bench.wire(26).driver is None


@pytest.mark.parametrize(
    ("drives", "level"),
    [
        ([(3300, Strength.PULL)], 1),
        ([(3300, Strength.PULL), (0, Strength.RESISTOR)], 0),
        ([(0, Strength.PULL), (3300, Strength.RESISTOR)], 1),
        ([(3300, Strength.RESISTOR), (0, Strength.DRIVEN)], 0),
        ([(3300, Strength.DRIVEN), (0, Strength.RESISTOR)], 1),
        ([(3300, Strength.DRIVEN), (0, Strength.DRIVEN)], 0),
    ],
)
def test_the_strongest_drive_decides_and_of_equal_ones_the_lower(
    drives: list[tuple[int, Strength]], level: int
) -> None:
    wire = Table().bench.wire(26)
    for number, (millivolts, strength) in enumerate(drives):
        wire.drive(f"source {number}", millivolts, 0, strength=strength)
    assert wire.level(0) == level


def test_between_low_and_high_an_input_keeps_its_level() -> None:
    wire = Table().bench.wire(26)
    levels = []
    for millivolts in (0, 1650, 2400, 2500, 1650, 900, 800):
        wire.drive("generator", millivolts, 0)
        levels.append(wire.level(0))
    assert levels == [0, 0, 0, 1, 1, 1, 0]


def test_two_outputs_against_each_other_are_a_short_circuit_that_the_event_tells() -> None:
    table = Table({"type": "pir-motion-sensor", "name": "eye", "pin": 26, "motion": 1})
    table.output(26, 0)
    assert table.bench.wire(26).is_shorted
    assert table.events[-1]["short"] == ["eye", "gpio26"]


def test_an_event_says_which_pin_changed_who_drives_it_and_when() -> None:
    table = Table()
    table.now_ns = 5
    table.output(26, 1)
    assert table.events == [
        {"n": 0, "t": 0, "board": "b0", "kind": "pin", "gpio": 0, "level": 1, "by": "pull0", "at": 0},
        {"n": 1, "t": 0, "board": "b0", "kind": "pin", "gpio": 5, "level": 1, "by": "pull5", "at": 0},
        {"n": 2, "t": 0, "board": "b0", "kind": "pin", "gpio": 15, "level": 1, "by": "pull15", "at": 0},
        {"n": 3, "t": 5, "board": "b0", "kind": "pin", "gpio": 26, "level": 1, "by": "gpio26", "at": 5},
    ]


@pytest.mark.parametrize("gpio", [24, 28, 31, 40, -1])
def test_a_pin_that_the_chip_does_not_have_is_refused_by_number(gpio: int) -> None:
    with pytest.raises(UsageError, match=f"GPIO{gpio}"):
        Table().bench.wire(gpio)


def test_an_output_reads_low_because_its_input_is_off() -> None:
    table = Table()
    table.output(26, 1)
    assert (table.level(26), table.gpio.read(26), table.gpio.latch(26)) == (1, 0, 1)


def test_a_latch_appears_when_the_pin_becomes_an_output() -> None:
    table = Table()
    table.gpio.set_latch(26, 1)
    assert table.level(26) == 0
    table.gpio.configure(26, output=True)
    assert table.level(26) == 1
    table.gpio.configure(26, output=False)
    assert table.level(26) == 0


def test_pins_34_to_39_have_no_pulls() -> None:
    table = Table()
    for gpio in (33, 34):
        table.gpio.configure(gpio, output=False)
        table.gpio.set_pull(gpio, 1)
    assert (table.gpio.read(33), table.gpio.read(34)) == (1, 0)


def test_a_pin_of_a_peripheral_does_not_show_its_latch() -> None:
    table = Table()
    table.output(26, 0)
    table.gpio.route(26, output=True)
    table.gpio.drive(26, 1)
    table.gpio.set_latch(26, 0)
    assert table.level(26) == 1
    table.gpio.configure(26, output=True)  # and takes it back
    assert table.level(26) == 0


def test_a_reset_lets_go_of_every_pin_and_forgets_every_interrupt() -> None:
    table = Table({"type": "pushbutton", "name": "b", "pin": 4})
    heard: list[int] = []
    table.output(26, 1)
    table.gpio.configure(4, output=False)
    table.gpio.set_pull(4, 1)
    table.gpio.attach_interrupt(4, Interrupt.NEGEDGE, lambda level, _at: heard.append(level))
    table.gpio.play(26, Wave(0, 100, 50))
    table.gpio.close()
    table["b"].set_control("pressed", 1)
    assert (table.level(26), table.bench.wire(26).wave, heard) == (0, None, [])


def test_interrupts_come_at_their_kind_of_edge_with_level_and_time() -> None:
    heard: list[tuple[str, int, int]] = []

    def note(name: str) -> OnInterrupt:
        return lambda level, at_ns: heard.append((name, level, at_ns))

    table = Table({"type": "pushbutton", "name": "b", "pin": 4, "pull": True})
    for kind in (Interrupt.POSEDGE, Interrupt.NEGEDGE, Interrupt.ANYEDGE):
        heard.clear()
        table.now_ns = 0
        table.gpio.configure(4, output=False)
        table.gpio.attach_interrupt(4, kind, note(kind.name))
        table.wait_ms(1)
        table["b"].set_control("pressed", 1)
        table.wait_ms(1)
        table["b"].set_control("pressed", 0)
        assert (
            heard
            == {
                Interrupt.POSEDGE: [("POSEDGE", 1, 2_000_000)],
                Interrupt.NEGEDGE: [("NEGEDGE", 0, 1_000_000)],
                Interrupt.ANYEDGE: [("ANYEDGE", 0, 1_000_000), ("ANYEDGE", 1, 2_000_000)],
            }[kind]
        )


def test_of_the_edges_while_an_interrupt_is_masked_one_is_latched() -> None:
    heard: list[int] = []
    table = Table({"type": "slide-switch", "name": "s", "pin": 4, "pull": True})
    table.gpio.configure(4, output=False)
    table.gpio.attach_interrupt(4, Interrupt.ANYEDGE, lambda level, _at: heard.append(level))
    table.gpio.mask_interrupt(4)
    for value in (1, 0, 1):
        table["s"].set_control("value", value)
    assert heard == []
    table.gpio.unmask_interrupt(4)
    assert heard == [0]
    table.gpio.unmask_interrupt(4)
    assert heard == [0]


def test_a_level_interrupts_as_long_as_it_lasts() -> None:
    heard: list[int] = []
    table = Table({"type": "pushbutton", "name": "b", "pin": 4, "pull": True})

    def serve(level: int, _at_ns: int) -> None:
        heard.append(level)
        table.gpio.mask_interrupt(4)

    table.gpio.configure(4, output=False)
    table.gpio.attach_interrupt(4, Interrupt.LOW_LEVEL, serve)
    table["b"].set_control("pressed", 1)
    table.gpio.unmask_interrupt(4)
    table["b"].set_control("pressed", 0)
    table.gpio.unmask_interrupt(4)
    assert heard == [0, 0]


def test_a_jumper_makes_one_wire_of_two_pins() -> None:
    table = Table({"type": "jumper", "name": "j", "pin": 26, "to": 27})
    table.gpio.configure(27, output=False)
    table.output(26, 1)
    assert table.gpio.read(27) == 1
    assert [event["gpio"] for event in table.events[-2:]] == [26, 27]


def test_what_is_due_happens_in_order_and_each_as_of_its_own_moment() -> None:
    table = Table()
    happened: list[tuple[str, int]] = []

    def note(name: str) -> Callable[[int], None]:
        return lambda at_ns: happened.append((name, at_ns))

    for due_ns, name in ((30, "c"), (10, "a"), (20, "gone"), (10, "b")):
        appointment = table.bench.at(due_ns, note(name))
        appointment.cancelled = name == "gone"
    assert table.bench.deadline_ns == 10
    table.bench.advance(25)
    assert happened == [("a", 10), ("b", 10)]
    assert table.bench.deadline_ns == 30
    assert not table.bench.is_quiet
    table.bench.advance(30)
    assert table.bench.deadline_ns is None
    assert table.bench.is_quiet
