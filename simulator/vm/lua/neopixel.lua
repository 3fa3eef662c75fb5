-- neopixel: chains of lights (components/lua/modules/hw/neopixel.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local select = select
local unpack = table.unpack

local neopixel, methods = {}, {}
local new, number_of = K.handle_type("neopixel.inst", methods)

local function attach(...)
  local number = request("neopixel.attach", arg.integer(1, ...), arg.integer(2, select(2, ...)),
    arg.integer(3, select(3, ...)))
  return new(number)
end

function neopixel.attach(...)
  return K.pass(attach(...))
end

function neopixel.setup(...)
  K.deprecated("neopixel.setup", "neopixel.attach")
  return K.pass(attach(...))
end

function methods.setPixel(...)
  local number, values = number_of(...), {}
  for i = 2, 5 do
    values[i - 1] = arg.integer(i, select(i, ...))
  end
  request("neopixel.pixel", number, unpack(values))
end

function methods.update(...)
  request("neopixel.update", number_of(...))
end

-- The device takes a number and keeps an int of it.
function methods.setBrightness(...)
  local number = number_of(...)
  request("neopixel.brightness", number, K.truncated(arg.number(2, select(2, ...))))
end

K.base_library.neopixel = K.module("neopixel", neopixel)
