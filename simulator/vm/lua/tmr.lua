-- tmr: delays, sleeps and timers (components/lua/modules/sys/tmr.c).
local K = ...
local arg, request = K.arg, K.request
local next, select, setmetatable = next, select, setmetatable
local to_integer = math.tointeger

local tmr = {}

-- Both wait; a delay keeps its core busy, so Ctrl-C cannot shorten it.
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
K.public[methods] = true
local timers = setmetatable({}, {__mode = "k"}) -- timer -> the number that the host knows

local function number_of(...)
  local number = timers[...]
  if not number then
    arg.type_error(1, "tmr.timer", ...)
  end
  return number
end

local PERIOD_MS_MIN, PERIOD_US_MIN = 1, 500

-- A period: any number, of which the whole part counts.
local function period(least, ...)
  local whole = to_integer(arg.number(...) // 1) or 0
  request("tmr.check_period", whole, least)
  return whole
end

-- attach(period_ms, fn): a software timer. attach(id, period_us, fn): hardware timer 0 to 3.
function tmr.attach(...)
  local callback, number
  if select("#", ...) == 3 then
    local unit, micros = arg.integer(1, ...), period(PERIOD_US_MIN, 2, select(2, ...))
    callback = arg["function"](3, select(3, ...))
    number = request("tmr.attach_hardware", unit, micros)
  else
    local millis = period(PERIOD_MS_MIN, 1, ...)
    callback = arg["function"](2, select(2, ...))
    number = request("tmr.attach_software", millis)
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
