-- string, table, math, utf8 and coroutine: Lua's own, where the host would not show.
local K = ...
local arg, c_function, raise, raw, request = K.arg, K.c_function, K.raise, K.raw, K.request
local next, select, tonumber = next, select, tonumber
local find, gmatch, gsub = string.find, string.gmatch, string.gsub
local to_integer, max_integer = math.tointeger, math.maxinteger
local type = raw.type
local unpack = table.unpack

local function copy(library)
  local contents = {}
  for name, value in next, library do
    contents[name] = value
  end
  return contents
end

-------------------------------------------------------------------------------------------------------------------
-- string

local strings = copy(string)
local base = K.base_library
base.string = K.module("string", strings)
strings.__index, strings.__metatable = base.string, base.string -- in the table on the device, too
raw.debug.setmetatable("", {__index = strings, __metatable = base.string})

local format, dump = c_function(string.format), c_function(string.dump)
local PLAIN = {boolean = true, ["nil"] = true, number = true, string = true}

-- %s calls our tostring, because the host's prints the host's addresses.
local function with_texts(pattern, ...)
  local values, i = {...}, 0
  if type(pattern) == "string" then
    for conversion in gmatch(pattern, "%%[-+ #0]*%d*%.?%d*(.?)") do
      if conversion ~= "%" then
        i = i + 1
        if conversion == "s" and not PLAIN[type(values[i])] then
          values[i] = K.tostring(values[i])
        end
      end
    end
  end
  local text = format(pattern, unpack(values, 1, select("#", ...)))
  return text
end

function strings.format(...)
  for i = 2, select("#", ...) do
    if not PLAIN[type((select(i, ...)))] then
      local text = with_texts(...)
      return text
    end
  end
  local text = format(...)
  return text
end

-- A long and a size_t have four bytes on the ESP32.
local FOUR_BYTES = {l = "i4", L = "I4", T = "I4", s = "s4"} -- an s with a number stays as it is

local function on_board(f)
  f = c_function(f)
  return function(pattern, ...)
    if type(pattern) == "string" and find(pattern, "[lLTs]") then
      pattern = gsub(gsub(pattern, "[lLT]", FOUR_BYTES), "s%d*", FOUR_BYTES)
    end
    return K.pass(f(pattern, ...))
  end
end

for _, name in next, {"pack", "packsize", "unpack"} do
  strings[name] = on_board(string[name])
end

function strings.dump(...)
  arg["function"](1, ...)
  if not K.is_script_function((...)) then
    raise("unable to dump given function")
  end
  local bytecode = K.request("bytecode.from_host", (dump(...)))
  return bytecode
end

-------------------------------------------------------------------------------------------------------------------
-- math: not what needs compatibility with 5.2. The host's generator is one for the whole process, and the device has
-- one for each Lua thread.

local maths = copy(math)
for _, name in next, {"cosh", "sinh", "tanh", "pow", "frexp", "ldexp", "log10"} do
  maths[name] = nil
end

-- What luaL_checkinteger makes of a value, nothing if it refuses it.
local function whole(value)
  return to_integer(type(value) == "string" and tonumber(value) or value)
end

function maths.random(...)
  local count, low, high = select("#", ...), ...
  if count == 0 then
    return (request("math.random"))
  elseif count == 1 then
    low, high = 1, low
  end
  low, high = whole(low), whole(high)
  if count <= 2 and low and high and low <= high and (low >= 0 or high <= max_integer + low) then
    return (request("math.random", low, high))
  end
  request("math.random") -- a number is gone before the arguments are looked at
  if count > 2 then
    raise("wrong number of arguments")
  end
  for i = 1, count do
    arg.integer(i, (select(i, ...)))
  end
  arg.error(1, low > high and "interval is empty" or "interval too large")
end

function maths.randomseed(...)
  request("math.randomseed", arg.number(1, ...) + 0.0)
end

base.math = K.module("math", maths)
base.table = K.module("table", copy(table))
base.utf8 = K.module("utf8", copy(utf8))
base.coroutine = K.module("coroutine", K.coroutine)
