-- i2c: transactions on I2C buses (components/lua/modules/hw/i2c.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local byte, char = string.byte, string.char
local select, tonumber, type = select, tonumber, type

local i2c, methods = {}, {}
local new, number_of, numbers = K.handle_type("i2c.trans", methods, function(handle)
  methods.detach(handle)
end)

function i2c.attach(...)
  local bus, mode, speed = arg.integer(1, ...), arg.integer(2, select(2, ...)), -1
  if select("#", ...) == 3 then
    speed = arg.integer(3, select(3, ...))
  end
  local number = request("i2c.attach", bus, mode, speed)
  return new(number)
end

function i2c.setpins(...)
  request("i2c.setpins", arg.integer(1, ...), arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...)))
end

function i2c.pins(...)
  local list = K.list_pins("I2C", K.wants_table(...), {"sda", "scl"}, request("i2c.pins"))
  if list then
    return list
  end
end

-- Of anything but a handle it says nothing.
function methods.detach(...)
  local number = numbers[...]
  if number then
    request("i2c.detach", number)
  end
end

function methods.setspeed(...)
  local number = number_of(...)
  request("i2c.setspeed", number, arg.integer(2, select(2, ...)))
end

function methods.start(...)
  request("i2c.start", number_of(...))
end

function methods.stop(...)
  request("i2c.stop", number_of(...))
end

function methods.address(...)
  local number = number_of(...)
  request("i2c.address", number, arg.integer(2, select(2, ...)), arg.boolean(3, select(3, ...)))
end

local READ_MAX = 128

function methods.read(...)
  local number, _, count = number_of(...), ...
  count = arg.optional(arg.integer, 2, count, 1) & 0xff
  count = count < 1 and 1 or count > READ_MAX and READ_MAX or count
  local as_string = select("#", ...) == 3 and arg.boolean(3, select(3, ...))
  local data = request("i2c.read", number, count)
  if as_string then
    return data
  end
  return byte(data, 1, count)
end

-- Numbers are bytes, also those that come as a text; of texts all bytes count, and nothing else does.
function methods.write(...)
  local number = number_of(...)
  for i = 2, select("#", ...) do
    local value = select(i, ...)
    local kind = type(value)
    if kind == "number" or kind == "string" and tonumber(value) then
      request("i2c.write", number, char(arg.integer(i, value) & 0xff))
    elseif kind == "string" and #value > 0 then
      request("i2c.write", number, value)
    end
  end
end

K.base_library.i2c = K.module("i2c", i2c)
