-- rtc: a stack of values that survives deep sleep (components/lua/modules/hw/rtc.c).
local K = ...
local request = K.request
local math_type = math.type

local KINDS = {boolean = true, float = true, integer = true, ["nil"] = true}

local mem = {}

function mem.push(...)
  local value = ...
  local kind = math_type(value) or K.type(value)
  if select("#", ...) == 0 or not KINDS[kind] then
    request("rtc.refuse")
  end
  request("rtc.push", kind, value)
end

for _, name in next, {"pop", "size", "free"} do
  mem[name] = function()
    local value = request("rtc." .. name)
    return value
  end
end

K.base_library.rtc = K.module("rtc", {mem = K.module("rtc.mem", mem)})
