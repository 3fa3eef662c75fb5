-- uart: serial ports (components/lua/modules/hw/uart.c).
local K = ...
K.needs("handles")
local arg, raise, request = K.arg, K.raise, K.request
local char, format, match = string.char, string.format, string.match
local math_type, select, type = math.type, select, type

local uart = {}

local function attach(...)
  local id, bauds, bits = arg.integer(1, ...), arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...))
  local parity, stop = arg.integer(4, select(4, ...)), arg.integer(5, select(5, ...))
  local buffer = arg.optional(arg.integer, 6, (select(6, ...)), 1024)
  local flags = 3
  if select("#", ...) == 7 then
    flags = arg.integer(7, select(7, ...))
  end
  request("uart.attach", id, bauds, bits, parity, stop, buffer, flags)
end

function uart.attach(...)
  attach(...)
end

function uart.setup(...)
  K.deprecated("uart.setup", "uart.attach")
  attach(...)
end

function uart.setpins(...)
  request("uart.setpins", arg.integer(1, ...), arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...)))
end

function uart.pins(...)
  local list = K.list_pins("UART", K.wants_table(...), {"rx", "tx"}, request("uart.pins"))
  if list then
    return list
  end
end

function uart.write(...)
  local id = arg.integer(1, ...)
  request("uart.check", id)
  for i = 2, select("#", ...) do
    local value = select(i, ...)
    if type(value) == "number" then
      -- What has no integer value counts as 0.
      local byte = math_type(value) == "integer" and value or math.tointeger(value) or 0
      if byte < 0 or byte > 255 then
        raise(format("invalid argument %d (not a byte)", i))
      end
      request("uart.write", id, char(byte))
    elseif type(value) == "string" then
      request("uart.write", id, match(value, "^[^\0]*"))
    else
      raise(format("invalid argument %d", i))
    end
  end
end

function uart.read(...)
  local id, what = arg.integer(1, ...), arg.string(2, select(2, ...))
  request("uart.check", id)
  local timeout = arg.optional(arg.integer, 3, (select(3, ...)), -1)
  local value = request("uart.read", id, what, timeout)
  return value
end

for _, name in next, {"consume", "lock", "unlock"} do
  uart[name] = function(...)
    request("uart." .. name, arg.integer(1, ...))
  end
end

K.base_library.uart = K.module("uart", uart)
