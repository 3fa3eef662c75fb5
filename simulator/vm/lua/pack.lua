-- pack: values as hex text (components/lua/modules/sys/lpack.c). First come the number of values and their types, two
-- to a byte, then the values themselves.
local K = ...
local arg, pass, raise = K.arg, K.pass, K.raise
local concat, unpack = table.concat, table.unpack
local byte, format, gsub, rep, sub = string.byte, string.format, string.gsub, string.rep, string.sub
local pack_bytes, unpack_bytes = string.pack, string.unpack
local math_type, select = math.type, select

local FLOAT, INTEGER, NIL, BOOLEAN, STRING = 0, 1, 2, 3, 4
local NUMBER_BYTES = 4
local COUNT_MAX = 255 -- what the byte for it holds; more wraps around

local function to_hex(bytes)
  return (gsub(bytes, ".", function(c)
    return format("%02X", byte(c))
  end))
end

-- A digit that is none counts as 0, and so do small letters; a text that is too short goes on with NULs, which are none.
local function digit(c)
  return c and (c >= 48 and c <= 57 and c - 48 or c >= 65 and c <= 70 and c - 55) or 0
end

local function from_hex(text, first, count)
  local bytes = {}
  for i = 1, count do
    local high, low = byte(text, first + 2 * i - 2, first + 2 * i - 1)
    bytes[i] = digit(high) * 16 + digit(low)
  end
  return string.char(unpack(bytes, 1, count))
end

local function packed(value, index)
  local kind = math_type(value)
  if kind == "integer" then
    return INTEGER, to_hex(pack_bytes("<i4", value))
  elseif kind == "float" then
    return FLOAT, to_hex(pack_bytes("<f", value))
  elseif value == nil then
    return NIL, ""
  elseif value == true or value == false then
    return BOOLEAN, value and "01" or "00"
  elseif K.type(value) == "string" then
    return STRING, to_hex((gsub(value, "%z.*", ""))) .. "00"
  end
  raise(format("unsupported type (argument %d)", index))
end

local function pack_values(...)
  local count = select("#", ...)
  if count == 0 then
    raise("missing arguments")
  end
  local types, values = {}, {}
  for i = 1, count do
    types[i], values[i] = packed((select(i, ...)), i)
  end
  return format("%02X", count & COUNT_MAX) .. concat(types) .. rep("0", count % 2) .. concat(values)
end

local function unpack_values(text)
  local count = byte(from_hex(text, 1, 1))
  local at = 3 + count + count % 2
  local values = {}
  for i = 1, count do
    local kind = digit(byte(text, 2 + i))
    if kind == FLOAT then
      values[i] = unpack_bytes("<f", from_hex(text, at, NUMBER_BYTES))
      at = at + 2 * NUMBER_BYTES
    elseif kind == INTEGER then
      values[i] = unpack_bytes("<i4", from_hex(text, at, NUMBER_BYTES))
      at = at + 2 * NUMBER_BYTES
    elseif kind == BOOLEAN then
      values[i] = from_hex(text, at, 1) ~= "\0"
      at = at + 2
    elseif kind == STRING then
      local length = 0
      while at + 2 * length <= #text and sub(text, at + 2 * length, at + 2 * length + 1) ~= "00" do
        length = length + 1
      end
      values[i] = gsub(from_hex(text, at, length), "%z.*", "")
      at = at + 2 * length + 2
    end
  end
  return count, values
end

local pack = {}

function pack.pack(...)
  return pass(pack_values(...))
end

function pack.unpack(...)
  local text, only_first = ...
  if text == nil and select("#", ...) > 0 then
    return nil
  end
  local count, values = unpack_values(arg.string(1, ...))
  if only_first == true then
    return values[1], count > 1 and pack_values(unpack(values, 2, count)) or nil
  end
  return unpack(values, 1, count)
end

K.base_library.pack = K.module("pack", pack)
