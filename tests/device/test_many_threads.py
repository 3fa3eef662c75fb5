"""Many Lua threads at once: the same console in every run, and a million requests while memory is short."""

from __future__ import annotations

import os

import pytest

from tests.device.stage import Stage, on_stage, printed

STRESS = int(os.environ.get("LUATWIN_STRESS", "1"))
"""How many times as long as usual it goes on; `make stress` says 20."""

PARTS = [{"type": "hall-flow", "name": "f", "pin": 4, "flow": 6}]

CROWD = """
local m, e = thread.createmutex(), event.create()
local function say(...) m:lock() print(...) m:unlock() end

for i = 1, 20 do
  thread.start(function()
    for step = 1, 6 do
      say('thread', i, step, thread.self(), math.random(1000))
      thread.sleepms(i * 3 % 20)
      if i % 7 == 0 then for _ = 1, 30000 do end end
      if i % 3 == 0 then collectgarbage() end
    end
    if i == 5 then for n = 1, 10 do say('event', n, e:wait()) end e:done() end
    if i % 4 == 0 then error('end of ' .. i) end
  end, 2048 + i % 3 * 1024, 10 + i % 12, i % 2, 'worker' .. i)
end

local timers = {}
for i = 1, 5 do
  local count = 0
  timers[i] = tmr.attach(i * 7, function(t)
    count = count + 1
    print('timer', i, count, t == timers[i])
    if count == 20 then t:stop() end
  end)
  timers[i]:start()
end
local fast = 0
local hardware = tmr.attach(tmr.TMR0, 5000, function(t)
  fast = fast + 1
  if fast % 10 == 0 then print('hardware', fast) end
  if fast == 100 then t:stop() end
end)
hardware:start()

local edges = 0
pio.pin.setdir(pio.INPUT, 4)
pio.pin.interrupt(4, function() edges = edges + 1 if edges % 5 == 0 then print('edge', edges) end
  if edges == 50 then pio.pin.interrupt(4) end end, pio.pin.IntrPosEdge)
net.callback(function(change) print('network', change.interface, change.type) end)
net.wf.setup(net.wf.mode.STA, 'home', 'secret-password') net.wf.start()

while not net.connected() do tmr.sleepms(50) end
for step = 1, 40 do tmr.sleepms(25) e:broadcast() print('main', step, os.clock()) end
thread.list()
for name in pairs({alpha = 1, beta = 2, gamma = 3, [0.5] = 4}) do print(name) end
"""


def console_of(seed: int) -> str:
    async def play(stage: Stage) -> str:
        await stage.boot()
        assert stage.seconds > 1
        return printed(stage.console)

    return on_stage(play, script=CROWD, parts=PARTS, board="GENERIC", seed=seed)


def test_twenty_threads_with_timers_and_callbacks_write_the_same_console_twice():
    first = console_of(seed=1)
    for who in (
        "thread\t20\t",
        "timer\t5\t20",
        "hardware\t100",
        "edge\t",
        "network\twf\tup",
        "event\t10\ttrue",
        "end of 16",
        "main\t40",
    ):
        assert who in first, first
    assert console_of(seed=1) == first


PRESSURE = """
local rounds, done = {rounds}, 0
local kept = setmetatable({{}}, {{__mode = 'v'}})
local bodies = {{
  function() return thread.self() end,
  function(i) kept[i % 50] = {{('x'):rep(100 + i % 100)}} return thread.self() end,
  function() local co = coroutine.wrap(function() coroutine.yield(thread.self()) end) return co() end,
  function() setmetatable({{}}, {{__gc = function() thread.self() end}}) return thread.self() end,
  function() local _, id = pcall(thread.self) return id end,
  function() local id table.sort({{2, 1}}, function(a, b) id = thread.self() return a < b end) return id end,
}}
for n = 1, 20 do
  thread.start(function()
    local body, me = bodies[n % 4 == 0 and n // 4 + 1 or 1 + n % 2], thread.self()
    for i = 1, rounds do
      if body(i) ~= me then error('the answer of another thread') end
    end
    done = done + 1
  end, 2048)
end
while done < 20 do collectgarbage() tmr.sleepms(3) end
print(os.stats('mem') > 20000)
"""


@pytest.mark.slow
def test_a_million_requests_while_memory_is_short_and_garbage_collected():
    """Each of 20 threads asks 50,000 times and must get its own answer; their stacks leave Lua 160 KB."""

    async def play(stage: Stage) -> None:
        assert await stage.printed() == "true\r\n"
        assert [event["why"] for event in stage.of_kind("thread.end")] == ["returned"] * 20

    on_stage(play, script=PRESSURE.format(rounds=50_000 * STRESS), board="GENERIC")
