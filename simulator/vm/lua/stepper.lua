-- stepper: stepper motors (components/lua/modules/hw/stepper.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local next, select = next, select
local unpack = table.unpack

local stepper, methods = {}, {}
local new, number_of, numbers = K.handle_type("stepper.inst", methods)

local DEFAULTS = {200.0, 60.0, 1000.0, 2.0, 20.0} -- steps per unit, slowest, fastest, acceleration, jerk

function stepper.attach(...)
  local dir, step = arg.integer(1, ...), arg.integer(2, select(2, ...))
  local values = {}
  for i = 1, #DEFAULTS do
    values[i] = arg.optional(arg.number, i + 2, (select(i + 2, ...)), DEFAULTS[i])
  end
  local number = request("stepper.attach", dir, step, unpack(values))
  return new(number)
end

-- The bits of the motors in a table, or of those that are the arguments, nil not counted.
local function mask_of(...)
  local mask = 0
  local function add(index, handle)
    if not numbers[handle] then
      arg.type_error(index, "stepper.inst", handle)
    end
    mask = mask | 1 << numbers[handle]
  end
  local first = ...
  if K.type(first) == "table" then
    for _, handle in next, first do
      add(-1, handle) -- as counted on the device's stack
    end
    return mask
  end
  for i = 1, select("#", ...) do
    local handle = select(i, ...)
    if handle ~= nil then
      add(i, handle)
    end
  end
  return mask
end

function stepper.start(...)
  request("stepper.start", mask_of(...), true)
end

function stepper.startasync(...)
  request("stepper.start", mask_of(...), false)
end

function stepper.stop(...)
  mask_of(...)
  request("stepper.stop", true)
end

function stepper.stopasync(...)
  mask_of(...)
  request("stepper.stop", false)
end

function methods.move(...)
  local number = number_of(...)
  local units, speed = arg.number(2, select(2, ...)), arg.optional(arg.number, 3, (select(3, ...)))
  local acceleration = arg.optional(arg.number, 4, (select(4, ...)))
  local jerk = arg.optional(arg.number, 5, (select(5, ...)))
  request("stepper.move", number, units, speed, acceleration, jerk)
end

for name, what in next, {getdistance = "distance", getposition = "position", isrunning = "running"} do
  methods[name] = function(...)
    local value = request("stepper." .. what, number_of(...))
    return value
  end
end

function methods.setposition(...)
  local number = number_of(...)
  request("stepper.setposition", number, arg.number(2, select(2, ...)))
end

K.base_library.stepper = K.module("stepper", stepper)
