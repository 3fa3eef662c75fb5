-- tmr: delays, sleeps and timers (components/lua/modules/sys/tmr.c).
local K = ...
local arg, request = K.arg, K.request
local pairs, select, setmetatable = pairs, select, setmetatable

local tmr = {TMR0 = 0, TMR1 = 1, TMR2 = 2, TMR3 = 3}

-- Both wait; a delay keeps its core busy, so Ctrl-C cannot shorten it. Negative counts wrap to a very long wait on
-- the device; here they return at once.
for suffix, unit in pairs {[""] = "s", ms = "ms", us = "us"} do
  tmr["delay" .. suffix] = function(...)
    request("tmr.delay", unit, arg.integer(1, (...), select("#", ...) == 0))
  end
  tmr["sleep" .. suffix] = function(...)
    request("tmr.sleep", unit, arg.integer(1, (...), select("#", ...) == 0))
  end
end

local methods = {}
local meta = {__index = methods, __name = "tmr.ins"}
local timers = setmetatable({}, {__mode = "k"})

local function id_of(timer)
  local id = timers[timer]
  if not id then
    arg.error(1, "tmr.ins expected, got " .. K.type(timer))
  end
  return id
end

local SOFTWARE = -1 -- in place of the number of a hardware timer

-- attach(period_ms, fn): a software timer. attach(id, period_us, fn): hardware timer 0 to 3.
function tmr.attach(...)
  local count = select("#", ...)
  local unit, period, callback = SOFTWARE, ...
  if count == 3 then
    unit, period, callback = ...
    unit, period = arg.integer(1, unit), arg.integer(2, period)
    arg.func(3, callback)
  else
    period = arg.integer(1, period, count < 1)
    arg.func(2, callback, count < 2)
  end
  local timer = setmetatable({}, meta)
  local number = request("tmr.attach", unit, period)
  K.userdata[timer] = true
  timers[timer] = number
  K.callbacks[number] = {callback, timer} -- the callback gets the timer object itself
  return timer
end

function methods.start(timer)
  request("tmr.start", id_of(timer))
end

function methods.stop(timer)
  request("tmr.stop", id_of(timer))
end

function methods.detach(timer)
  local number = id_of(timer)
  request("tmr.detach", number)
  K.callbacks[number] = nil
  timers[timer] = nil
end

K.base_library.tmr = K.module("tmr", tmr)
