-- sdisplay: segment displays (components/lua/modules/hw/sdisplay.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local select = select

local TM1637, HT16K33 = 1, 2

local sdisplay, methods = {}, {}
local new, number_of = K.handle_type("sdisplay.ins", methods)

-- Of a chipset that it does not know the device says nothing, and returns the last argument.
function sdisplay.attach(...)
  local chipset = arg.integer(1, ...) & 0xff
  local number
  if chipset == TM1637 then
    local clk, dio = arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...))
    number = request("sdisplay.tm1637", clk, dio, arg.optional(arg.integer, 4, (select(4, ...)), 4) & 0xff)
  elseif chipset == HT16K33 then
    local digits = arg.optional(arg.integer, 2, (select(2, ...)), 6) & 0xff
    number = request("sdisplay.ht16k33", digits, arg.optional(arg.integer, 3, (select(3, ...)), 0))
  else
    return (select(-1, ...))
  end
  return new(number)
end

function methods.write(...)
  local number = number_of(...)
  request("sdisplay.write", number, arg.string(2, select(2, ...)))
end

function methods.clear(...)
  request("sdisplay.clear", number_of(...))
end

-- The device keeps eight bits of it.
function methods.setbrightness(...)
  local number = number_of(...)
  request("sdisplay.setbrightness", number, arg.integer(2, select(2, ...)) & 0xff)
end
methods.setBrightness = methods.setbrightness

K.base_library.sdisplay = K.module("sdisplay", sdisplay)
