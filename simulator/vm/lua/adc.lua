-- adc: analogue inputs (components/lua/modules/hw/adc.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request

local adc, methods = {}, {}
local new, number_of = K.handle_type("adc.chan", methods)

function adc.attach(...)
  local unit, channel, resolution, vref, max = ...
  unit = arg.integer(1, ...)
  channel = arg.integer(2, select(2, ...))
  resolution = arg.optional(arg.integer, 3, resolution, 0)
  vref = arg.optional(arg.integer, 4, vref, 0)
  max = arg.optional(arg.integer, 5, max, 0)
  local number = request("adc.attach", unit, channel, resolution, vref, max)
  return new(number)
end

function adc.calibrate(...)
  local count = request("adc.calibrate", arg.integer(1, ...), arg.integer(2, select(2, ...)),
    arg.integer(3, select(3, ...)), arg.integer(4, select(4, ...)))
  return count
end

function methods.read(...)
  return K.pass(request("adc.read", number_of(...)))
end

K.base_library.adc = K.module("adc", adc)
