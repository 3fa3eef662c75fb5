-- spi: devices on SPI buses (components/lua/modules/hw/spi.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local byte, char, concat = string.byte, string.char, table.concat
local math_type, select, type = math.type, select, type

local spi, methods = {}, {}
local new, number_of = K.handle_type("spi.ins", methods, function(handle)
  methods.detach(handle)
end)

function spi.attach(...)
  local bus, mode = arg.integer(1, ...), arg.integer(2, select(2, ...))
  local cs, clock = arg.integer(3, select(3, ...)), arg.integer(4, select(4, ...))
  arg.integer(5, select(5, ...)) -- bits of a word, of which there are always 8
  local spi_mode = arg.integer(6, select(6, ...)) & 0xff
  local flags = arg.optional(arg.integer, 7, (select(7, ...)), 3)
  local number = request("spi.attach", bus, mode == 1, cs, clock, spi_mode, flags)
  return new(number)
end

function spi.setpins(...)
  request("spi.setpins", arg.integer(1, ...), arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...)),
    arg.integer(4, select(4, ...)))
end

function spi.pins(...)
  local list = K.list_pins("SPI", K.wants_table(...), {"miso", "mosi", "clk"}, request("spi.pins"))
  if list then
    return list
  end
end

function methods.select(...)
  request("spi.select", number_of(...))
end

function methods.deselect(...)
  request("spi.deselect", number_of(...))
end

function methods.detach(...)
  request("spi.detach", number_of(...))
end

-- Integers are bytes; texts, and what Lua makes of a float, are sent as they are; nothing else is.
local function bytes_of(value)
  if math_type(value) == "integer" then
    return char(value & 0xff)
  elseif type(value) == "string" or type(value) == "number" then
    return value .. ""
  end
  return ""
end

function methods.write(...)
  local number = number_of(...)
  for i = 2, select("#", ...) do
    request("spi.write", number, bytes_of((select(i, ...))))
  end
end

function methods.readwrite(...)
  local number, parts = number_of(...), {}
  for i = 2, select("#", ...) do
    parts[i - 1] = bytes_of((select(i, ...)))
  end
  local received, list = request("spi.readwrite", number, concat(parts)), {}
  for i = 1, #received do
    list[i] = byte(received, i)
  end
  return list
end

K.base_library.spi = K.module("spi", spi)
