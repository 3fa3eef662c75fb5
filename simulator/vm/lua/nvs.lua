-- nvs: values that survive a reset (components/lua/modules/sys/nvs.c).
local K = ...
local arg, raise, request = K.arg, K.raise, K.request
local math_type, select = math.type, select

local nvs = {}

-- The namespace and the key, which all functions start with.
local function names(count_min, ...)
  if select("#", ...) < count_min then
    raise("missing arguments")
  end
  local namespace, key = ...
  return arg.string(1, namespace), arg.string(2, key)
end

local STORED = {integer = true, float = true, boolean = true, ["nil"] = true, string = true}

function nvs.write(...)
  if select("#", ...) ~= 3 then
    raise("missing arguments")
  end
  local namespace, key = names(3, ...)
  local value = select(3, ...)
  local kind = math_type(value) or K.type(value)
  if not STORED[kind] then
    raise("value of unsupported type")
  end
  request("nvs.write", namespace, key, kind, value)
end

function nvs.read(...)
  local namespace, key = names(2, ...)
  local count = select("#", ...)
  local found, value = request("nvs.read", namespace, key, count == 3)
  if found == "value" then
    return value
  elseif found == "last" then
    -- What is on top of the stack: the default, or any other argument if the value's tag is an unknown one.
    return count == 2 and key or (select(count, ...))
  end
end

function nvs.exists(...)
  local exists = request("nvs.exists", names(2, ...))
  return exists
end

function nvs.rm(...)
  local removed = request("nvs.rm", names(2, ...))
  return removed
end

K.base_library.nvs = K.module("nvs", nvs)
