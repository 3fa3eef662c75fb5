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
local meta = {__index = methods, __name = "tmr.timer"}
K.named[methods] = "method"
local timers = setmetatable({}, {__mode = "k"}) -- timer -> the number that the host knows

local function number_of(...)
  local number = timers[...]
  if not number then
    arg.type_error(1, "tmr.timer", ...)
  end
  return number
end

-- attach(period_ms, fn): a software timer. attach(id, period_us, fn): hardware timer 0 to 3.
function tmr.attach(...)
  local callback, number
  if select("#", ...) == 3 then
    local unit, period = arg.integer(1, ...), arg.integer(2, select(2, ...))
    callback = arg["function"](3, select(3, ...))
    number = request("tmr.attach_hardware", unit, period)
  else
    local period = arg.integer(1, ...)
    callback = arg["function"](2, select(2, ...))
    number = request("tmr.attach_software", period)
  end
  local timer = setmetatable({}, meta)
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
