-- event: broadcasts to Lua threads (components/lua/modules/sys/event.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local next, select = next, select

local event, methods = {}, {}
local new, number_of = K.handle_type("event.ins", methods, function(_, number)
  request("event.collected", number)
end)

function event.create()
  local number = request("event.create")
  return new(number)
end

function methods.broadcast(...)
  local number, waits = number_of(...), false
  if select("#", ...) == 2 then
    waits = arg.boolean(2, select(2, ...))
  end
  local sent = request("event.broadcast", number, waits)
  return sent
end

for _, name in next, {"wait", "pending"} do
  methods[name] = function(...)
    local value = request("event." .. name, number_of(...))
    return value
  end
end

for _, name in next, {"done", "disable", "enable"} do
  methods[name] = function(...)
    request("event." .. name, number_of(...))
  end
end

K.base_library.event = K.module("event", event)
