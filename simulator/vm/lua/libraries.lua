-- string, table, math, utf8 and coroutine: Lua's own, where the host would not show.
local K = ...
local arg, c_function, raise, raw = K.arg, K.c_function, K.raise, K.raw
local next, select = next, select
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
-- math: not what needs compatibility with 5.2, and numbers of the board's own. The host's generator is one for the
-- whole process.

local maths = copy(math)
for _, name in next, {"cosh", "sinh", "tanh", "pow", "frexp", "ldexp", "log10"} do
  maths[name] = nil
end

local ALL_BITS, POSITIVE_BITS = 0xffffffff, 0x7fffffff -- also where the host counts in 64 bits
local FLOAT_BITS = 24 -- what a single-precision float holds
local state = 1

local function random_bits() -- 31 bits of xorshift32
  local x = state
  x = (x ~ x << 13) & ALL_BITS
  x = x ~ x >> 17
  x = (x ~ x << 5) & ALL_BITS
  state = x
  return x & POSITIVE_BITS
end

function maths.random(...)
  local count = select("#", ...)
  if count == 0 then
    return (random_bits() >> 31 - FLOAT_BITS) * (1.0 / (1 << FLOAT_BITS))
  elseif count > 2 then
    raise("wrong number of arguments")
  end
  local low, high = 1, arg.integer(1, ...)
  if count == 2 then
    low, high = high, arg.integer(2, select(2, ...))
  end
  if low > high then
    arg.error(1, "interval is empty")
  elseif low < 0 and high > max_integer + low then
    arg.error(1, "interval too large")
  end
  local bits, size = random_bits(), high - low + 1
  return low + (size > 0 and bits % size or bits)
end

function maths.randomseed(...)
  local seed = arg.number(1, ...)
  state = (to_integer(seed) or to_integer(seed // 1) or 0) & ALL_BITS
  if state == 0 then
    state = 1 -- the one state that never leaves itself
  end
end

base.math = K.module("math", maths)
base.table = K.module("table", copy(table))
base.utf8 = K.module("utf8", copy(utf8))
base.coroutine = K.module("coroutine", K.coroutine)
