"""math.random: the numbers of newlib's generator, of which every task has its own."""

from __future__ import annotations

import pytest

from simulator.device.rand import Rand
from tests.device.stage import Stage, printed_by, staged

FROM_THE_START = [1481765933, 1085377743, 1270216262, 1191391529, 812669700, 553475508]
"""What ``rand`` of newlib returns in a program that never calls ``srand``."""


def test_the_generator_is_newlib_s() -> None:
    rand = Rand()
    assert [rand.next() for _ in FROM_THE_START] == FROM_THE_START
    rand.seed(1)
    assert rand.next() == FROM_THE_START[0]


def test_scripts_get_its_numbers_as_shares_and_within_limits() -> None:
    script = "print(math.random(), math.random(1000), math.random(-5, 5), math.random('0x10'), math.random(10.0))"
    share, *others = (number / 2**31 for number in FROM_THE_START)
    limits = ((1, 1000), (-5, 5), (1, 16), (1, 10))
    drawn = [low + int(other * (high - low + 1)) for other, (low, high) in zip(others, limits, strict=False)]
    assert printed_by(script) == "\t".join([f"{share:.7g}", *map(str, drawn)]) + "\r\n"


def test_the_widest_interval_gives_every_bit() -> None:
    script = "print(math.random(0, math.maxinteger), math.random(math.mininteger, -1))"
    assert printed_by(script) == f"{FROM_THE_START[0]}\t{FROM_THE_START[1] - 2**31}\r\n"


def test_a_share_close_to_one_is_one_because_a_float_has_24_bits() -> None:
    assert printed_by("math.randomseed(7802352) print(math.random(), math.random(0, math.maxinteger))").startswith(
        "1.0\t"
    )


def test_of_a_seed_count_the_bits_that_a_float_holds_and_the_first_number_is_dropped() -> None:
    script = """
local function first(seed) math.randomseed(seed) return math.random(1000000) end
print(first(1), first(1600000001) == first(1600000000), first(1e20) == first(math.maxinteger), first(2) == first(2.9))
"""
    second = int(FROM_THE_START[1] / 2**31 * 1_000_000) + 1
    assert printed_by(script) == f"{second}\ttrue\ttrue\ttrue\r\n"


def test_every_lua_thread_begins_anew_and_the_callbacks_of_timers_share_theirs() -> None:
    script = """
math.randomseed(7)
for _ = 1, 2 do
  thread.start(function() print(math.random(1000), coroutine.wrap(function() return math.random(1000) end)()) end)
  tmr.sleepms(10)
end
local function say() print("timer", math.random(1000)) end
local one, other = tmr.attach(10, say), tmr.attach(15, say)
one:start() other:start() tmr.sleepms(18) one:stop() other:stop()
"""
    first, second = (int(number / 2**31 * 1000) + 1 for number in FROM_THE_START[:2])
    assert printed_by(script) == (f"{first}\t{second}\r\n{first}\t{second}\r\ntimer\t{first}\r\ntimer\t{second}\r\n")


@pytest.mark.parametrize(
    "mistake",
    [
        "math.random(0)",
        "math.random(1, 2, 3)",
        "math.random({})",
        "math.random(math.mininteger, 1)",
        "math.random(1.5)",
    ],
)
def test_a_call_that_is_refused_costs_a_number(mistake: str) -> None:
    second = int(FROM_THE_START[1] / 2**31 * 1000) + 1
    assert printed_by(f"print(pcall(function() {mistake} end) or math.random(1000))") == f"{second}\r\n"


@staged(script="print(math.random(1000))")
async def test_the_prompt_goes_on_with_them_when_the_interpreter_starts_again(stage: Stage) -> None:
    first, second = (int(number / 2**31 * 1000) + 1 for number in FROM_THE_START[:2])
    assert await stage.printed() == f"{first}\r\n"
    for line in (b"if true then\r", b"pwd\r"):  # a shell command inside a statement
        await stage.type(line)
    assert f"Executing /autorun.lua ...\r\n{second}\r\n" in stage.console
