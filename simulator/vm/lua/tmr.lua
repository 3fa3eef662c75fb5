-- tmr: delays, sleeps and timers (components/lua/modules/sys/tmr.c).
local K = ...
local arg, request = K.arg, K.request
local next, select, setmetatable = next, select, setmetatable

local tmr = {}

-- Both wait; a delay keeps its core busy, so Ctrl-C cannot shorten it. Negative counts wrap to a very long wait on
-- the device; here they return at once.
for suffix, unit in next, {[""] = "s", ms = "ms", us = "us"} do
  tmr["delay" .. suffix] = function(...)
    request("tmr.delay", unit, arg.integer(1, ...))
  end
  tmr["sleep" .. suffix] = function(...)
    request("tmr.sleep", unit, arg.integer(1, ...))
  end
end

local methods = {}
local meta = {__index = methods, __name = "tmr.ins"}
K.named[methods] = "method"
local timers = setmetatable({}, {__mode = "k"}) -- timer -> the number that the host knows

local function number_of(...)
  local number = timers[...]
  if not number then
    arg.type_error(1, "tmr.ins", ...)
  end
  return number
end

local SOFTWARE = -1 -- in place of the number of a hardware timer

-- attach(period_ms, fn): a software timer. attach(id, period_us, fn): hardware timer 0 to 3.
function tmr.attach(...)
  local unit, first = SOFTWARE, 1
  if select("#", ...) == 3 then
    unit, first = arg.integer(1, ...), 2
  end
  local period = arg.integer(first, select(first, ...))
  local callback = arg["function"](first + 1, select(first + 1, ...))
  local timer = setmetatable({}, meta)
  local number = request("tmr.attach", unit, period)
  K.userdata[timer] = true
  timers[timer] = number
  K.callbacks[number] = {callback, timer} -- the callback gets the timer object itself
  return timer
end

function methods.start(...)
  request("tmr.start", number_of(...))
end

function methods.stop(...)
  request("tmr.stop", number_of(...))
end

function methods.detach(...)
  local number = number_of(...)
  request("tmr.detach", number)
  K.callbacks[number] = nil
  timers[...] = nil
end

K.base_library.tmr = K.module("tmr", tmr)
