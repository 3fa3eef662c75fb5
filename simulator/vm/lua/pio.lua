-- pio: pins and ports (components/lua/modules/hw/pio.c).
local K = ...
K.needs("handles")
local arg, raise, request = K.arg, K.raise, K.request
local next, select = next, select

local OUTPUT, INPUT = 0, 1
local PULLS = {[5] = true, [6] = true, [7] = true}

-- The pins that the chip has, for the check that the device makes, which looks at the low five bits of a number only.
local VALID = 0x0effffff
local PINS = 40

local function check_pin(index, ...)
  local pin = arg.integer(index, ...) & 0xff
  if VALID >> (pin & 31) & 1 == 0 then
    raise("invalid pin")
  end
  return pin
end

-- The arguments from `first` on, which are those that follow, as two masks.
local function masks(first, ...)
  local low, high, beyond = 0, 0, false
  for i = 1, select("#", ...) do
    local pin = check_pin(first + i - 1, (select(i, ...)))
    if pin < 32 then
      low = low | 1 << pin
    elseif pin < PINS then
      high = high | 1 << pin - 32
    else
      beyond = true
    end
  end
  if beyond then
    request("pio.invalid_pin")
  end
  return low, high
end

local function direction_of(...)
  local direction = arg.integer(1, ...)
  if direction ~= INPUT and direction ~= OUTPUT then
    raise("invalid direction")
  end
  return direction
end

local function pull_of(...)
  local pull = arg.integer(1, ...)
  if not PULLS[pull] then
    raise("invalid pull type")
  end
  return pull
end

local pin = {}

local function on_pins(name, value, first, ...)
  local low, high = masks(first, ...)
  if low ~= 0 or high ~= 0 then
    if value then
      request(name, value, low, high)
    else
      request(name, low, high)
    end
  end
end

function pin.setdir(...)
  on_pins("pio.direction", direction_of(...), 2, select(2, ...))
end

function pin.output(...)
  on_pins("pio.direction", OUTPUT, 1, ...)
end

function pin.input(...)
  on_pins("pio.direction", INPUT, 1, ...)
end

function pin.setpull(...)
  on_pins("pio.pull", pull_of(...), 2, select(2, ...))
end

function pin.setval(...)
  local value = arg.integer(1, ...)
  if value ~= 0 and value ~= 1 then
    raise("invalid pin value")
  end
  on_pins("pio.set", value, 2, select(2, ...))
end

function pin.sethigh(...)
  on_pins("pio.set", 1, 1, ...)
end

function pin.setlow(...)
  on_pins("pio.set", 0, 1, ...)
end

function pin.inv(...)
  on_pins("pio.invert", nil, 1, ...)
end

-- As many results as arguments, in the order of the pins. Where a pin is there twice the arguments fill up the front.
local function levels(count, arguments, ...)
  local found = select("#", ...)
  if found == count then
    return ...
  end
  local results = {table.unpack(arguments, found + 1, count)}
  for i = 1, found do
    results[count - found + i] = (select(i, ...))
  end
  return table.unpack(results, 1, count)
end

function pin.getval(...)
  local low, high = masks(1, ...)
  if low == 0 and high == 0 then
    return
  end
  return K.pass(levels(select("#", ...), {...}, request("pio.get", low, high)))
end

function pin.num(...)
  local results = {}
  for i = 1, select("#", ...) do
    results[i] = check_pin(i, (select(i, ...)))
  end
  return table.unpack(results)
end

function pin.interrupt(...)
  local gpio, _, kind, stack, priority = ...
  gpio = arg.integer(1, ...)
  kind = arg.optional(arg.integer, 3, kind, 1)
  stack = arg.optional(arg.integer, 4, stack, -1)
  priority = arg.optional(arg.integer, 5, priority, -1)
  arg["function"](2, select(2, ...))
  local number = request("pio.interrupt", gpio & 0xff, kind, stack, priority)
  K.driver_callback(number, 2, select(2, ...))
end

-------------------------------------------------------------------------------------------------------------------
-- Ports: a slip keeps the device from ever doing anything to port 1, which is the only one.

local port = {}

local function check_ports(first, ...)
  for i = 1, select("#", ...) do
    arg.integer(first + i - 1, (select(i, ...)))
  end
end

for name, check in next, {setdir = direction_of, setpull = pull_of} do
  port[name] = function(...)
    check(...)
    check_ports(2, select(2, ...))
  end
end

function port.setval(...)
  arg.integer(1, ...)
  check_ports(2, select(2, ...))
end

for _, name in next, {"output", "input", "sethigh", "setlow"} do
  port[name] = function(...)
    check_ports(1, ...)
  end
end

function port.getval(...)
  check_ports(1, ...)
  local results = {}
  for i = 1, select("#", ...) do
    results[i] = request("pio.port")
  end
  return table.unpack(results)
end

local function decode(...)
  return 1, arg.integer(1, ...) & 0xff
end

K.base_library.pio = K.module("pio", {
  decode = decode,
  pin = K.module("pio.pin", pin),
  port = K.module("pio.port", port),
})
