-- cjson: JSON (components/lua/modules/lua-cjson/lua_cjson.c, which the firmware has changed for integers).
-- Returns a table of its own each time, so that require "cjson" and require "cjson.safe" have settings of their own.
local K = ...
local arg, raise, raw = K.arg, K.raise, K.raw
local concat, next, rawget, select, setmetatable, tonumber = table.concat, next, rawget, select, setmetatable, tonumber
local byte, find, format, gsub, lower, match, sub =
  string.byte, string.find, string.format, string.gsub, string.lower, string.match, string.sub
local char = string.char
local floor, huge, math_type, to_integer = math.floor, math.huge, math.type, math.tointeger
local raw_type = raw.type
local INT_MAX = 2147483647

-- A pointer to nothing on the device. There is no better light userdata to be had here than one of the debug library.
local null = K.json_null
if not null then
  local is_kept
  null = raw.debug.upvalueid(function() return is_kept end, 1)
  K.json_null = null
  K.addresses[null] = 0
end

-------------------------------------------------------------------------------------------------------------------
-- Settings

local DEFAULTS = {
  encode_sparse_convert = false, encode_sparse_ratio = 2, encode_sparse_safe = 10, encode_max_depth = 1000,
  encode_invalid_numbers = false, encode_number_precision = 14, encode_keep_buffer = true,
  decode_invalid_numbers = true, decode_max_depth = 1000,
}

local function check_count(most, ...)
  if select("#", ...) > most then
    arg.error(most + 1, "found too many arguments")
  end
end

-- Set a number if there is one, and return the setting. Whichever argument it is, an error names the first.
local function integer_option(settings, name, index, low, high, value)
  if value ~= nil then
    value = arg.integer(index, value)
    if value < low or value > high then
      arg.error(1, format("expected integer between %d and %d", low, high))
    end
    settings[name] = value
  end
  return settings[name]
end

local SWITCH = {off = false, on = true}
local SWITCH_OR_NULL = {off = false, on = true, null = "null"}

local function enum_option(settings, name, words, value)
  if value ~= nil then
    if raw_type(value) ~= "boolean" then
      local word = arg.string(1, value)
      value = words[word]
      if value == nil then
        arg.error(1, format("invalid option '%s'", word))
      end
    end
    settings[name] = value
  end
  return settings[name]
end

local function settings_functions(settings)
  local functions = {}

  function functions.encode_sparse_array(...)
    check_count(3, ...)
    local convert, ratio, safe = ...
    return enum_option(settings, "encode_sparse_convert", SWITCH, convert),
      integer_option(settings, "encode_sparse_ratio", 2, 0, INT_MAX, ratio),
      integer_option(settings, "encode_sparse_safe", 3, 0, INT_MAX, safe)
  end

  for name, high in next, {encode_max_depth = INT_MAX, decode_max_depth = INT_MAX, encode_number_precision = 14} do
    functions[name] = function(...)
      check_count(1, ...)
      local value = integer_option(settings, name, 1, 1, high, (...))
      return value
    end
  end

  for name, words in next, {
    encode_keep_buffer = SWITCH, encode_invalid_numbers = SWITCH_OR_NULL, decode_invalid_numbers = SWITCH,
  } do
    functions[name] = function(...)
      check_count(1, ...)
      local value = enum_option(settings, name, words, (...))
      return value
    end
  end
  return functions
end

-------------------------------------------------------------------------------------------------------------------
-- Encoding

local ESCAPES = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["/"] = "\\/", ["\b"] = "\\b", ["\t"] = "\\t", ["\n"] = "\\n", ["\f"] = "\\f",
  ["\r"] = "\\r", ["\127"] = "\\u007f",
}
for code = 0, 31 do
  ESCAPES[char(code)] = ESCAPES[char(code)] or format("\\u%04x", code)
end

local function quoted(text)
  return '"' .. gsub(text, '[%c"\\/\127]', ESCAPES) .. '"'
end

local function cannot(value, reason)
  raise(format("Cannot serialise %s: %s", K.type(value), reason))
end

local function number_text(settings, number)
  if math_type(number) == "integer" then
    return format("%d", number)
  elseif number ~= number or number == huge or number == -huge then
    local allowed = settings.encode_invalid_numbers
    if not allowed then
      cannot(number, "must not be NaN or Infinity")
    elseif allowed == "null" then
      return "null"
    end
    return number ~= number and "NaN" or number > 0 and "Infinity" or "-Infinity"
  end
  return format("%." .. settings.encode_number_precision .. "g", number)
end

-- How many elements an array has; nothing for a table that is none.
local function array_length(settings, t)
  local max, items = 0, 0
  for key in next, t do
    if raw_type(key) ~= "number" or key < 1 or floor(key) ~= key then
      return nil
    end
    max, items = key > max and key or max, items + 1
  end
  if settings.encode_sparse_ratio > 0 and max > items * settings.encode_sparse_ratio
      and max > settings.encode_sparse_safe then
    if not settings.encode_sparse_convert then
      cannot(t, "excessively sparse array")
    end
    return nil
  end
  return max
end

local append_value

local function append_array(settings, pieces, t, length, depth)
  pieces[#pieces + 1] = "["
  for i = 1, length do
    if i > 1 then
      pieces[#pieces + 1] = ","
    end
    append_value(settings, pieces, rawget(t, i), depth)
  end
  pieces[#pieces + 1] = "]"
end

local function append_object(settings, pieces, t, depth)
  local separator = "{"
  for key, value in next, t do
    local kind = raw_type(key)
    if kind == "number" then
      key = '"' .. number_text(settings, key) .. '":'
    elseif kind == "string" then
      key = quoted(key) .. ":"
    else
      cannot(key, "table key must be a number or string")
    end
    pieces[#pieces + 1] = separator .. key
    separator = ","
    append_value(settings, pieces, value, depth)
  end
  pieces[#pieces + 1] = separator == "{" and "{}" or "}"
end

function append_value(settings, pieces, value, depth)
  local kind = K.type(value)
  if kind == "string" then
    pieces[#pieces + 1] = quoted(value)
  elseif kind == "number" then
    pieces[#pieces + 1] = number_text(settings, value)
  elseif kind == "boolean" then
    pieces[#pieces + 1] = value and "true" or "false"
  elseif kind == "nil" or value == null then
    pieces[#pieces + 1] = "null"
  elseif kind == "table" then
    depth = depth + 1
    if depth > settings.encode_max_depth then
      raise(format("Cannot serialise, excessive nesting (%d)", depth))
    end
    local length = array_length(settings, value)
    if length and length > 0 then
      append_array(settings, pieces, value, length, depth)
    else
      append_object(settings, pieces, value, depth)
    end
  else
    cannot(value, "type not supported")
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Decoding. A parser has the text, which ends at the first NUL, and the position of the next character.

local SINGLE = {
  ["{"] = "T_OBJ_BEGIN", ["}"] = "T_OBJ_END", ["["] = "T_ARR_BEGIN", ["]"] = "T_ARR_END", [","] = "T_COMMA",
  [":"] = "T_COLON", [""] = "T_END",
}
local UNESCAPED = {
  ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", t = "\t", n = "\n", f = "\f", r = "\r",
}

local function utf8_text(code)
  if code < 0x80 then
    return char(code)
  elseif code < 0x800 then
    return char(0xc0 | code >> 6, 0x80 | code & 0x3f)
  elseif code < 0x10000 then
    return char(0xe0 | code >> 12, 0x80 | code >> 6 & 0x3f, 0x80 | code & 0x3f)
  end
  return char(0xf0 | code >> 18, 0x80 | code >> 12 & 0x3f, 0x80 | code >> 6 & 0x3f, 0x80 | code & 0x3f)
end

-- The text of the escape at a position, and the position behind it; nothing if it is none.
local function unicode_escape(text, at)
  local high = match(text, "^\\u(%x%x%x%x)", at)
  local code = high and tonumber(high, 16)
  if not code then
    return nil
  elseif code & 0xf800 ~= 0xd800 then
    return utf8_text(code), at + 6
  end
  local low = match(text, "^\\u(%x%x%x%x)", at + 6)
  low = low and tonumber(low, 16)
  if code & 0x400 ~= 0 or not low or low & 0xfc00 ~= 0xdc00 then
    return nil
  end
  return utf8_text(((code & 0x3ff) << 10 | low & 0x3ff) + 0x10000), at + 12
end

-- Tokens: a kind, a value, and where it begins. Of an error the value says what was found in its place.

local function string_token(parser, start)
  local text, at, pieces = parser.text, start + 1, {}
  while true do
    local stop = find(text, '["\\]', at)
    if not stop then
      return "T_ERROR", "unexpected end of string", #text + 1
    end
    pieces[#pieces + 1] = sub(text, at, stop - 1)
    local letter = sub(text, stop + 1, stop + 1)
    if byte(text, stop) == 34 then
      parser.at = stop + 1
      return "T_STRING", concat(pieces), start
    elseif letter == "u" then
      local piece, behind = unicode_escape(text, stop)
      if not piece then
        return "T_ERROR", "invalid unicode escape code", stop
      end
      pieces[#pieces + 1], at = piece, behind
    elseif UNESCAPED[letter] then
      pieces[#pieces + 1], at = UNESCAPED[letter], stop + 2
    else
      return "T_ERROR", "invalid escape code", stop
    end
  end
end

-- What strtod makes of the text at a position: the number, and how long it is.
local function float_at(text, at)
  local sign = match(text, "^[+-]?", at)
  local start = at + #sign
  local digits = match(text, "^0[xX]%x+%.?%x*", start) or match(text, "^0[xX]%.%x+", start)
  local exponent = digits and match(text, "^[pP][+-]?%d+", start + #digits)
  if not digits then
    digits = match(text, "^%d+%.?%d*", start) or match(text, "^%.%d+", start)
    exponent = digits and match(text, "^[eE][+-]?%d+", start + #digits)
  end
  local number
  if digits then
    number = tonumber((find(digits, ".", 1, true) and digits or digits .. ".") .. (exponent or ""))
    digits = digits .. (exponent or "")
  else
    local word = lower(sub(text, start, start + 7))
    if word == "infinity" then
      number, digits = huge, word
    elseif sub(word, 1, 3) == "inf" then
      number, digits = huge, "inf"
    elseif sub(word, 1, 3) == "nan" then
      number, digits = 0 / 0, "nan"
    else
      return nil
    end
  end
  return sign == "-" and -number or number, #sign + #digits
end

-- Only what looks like an integer up to a blank, a comma, a brace or the end is one.
local function number_token(parser, start)
  local text = parser.text
  local digits = match(text, "^%d+", start)
  local behind = digits and start + #digits
  if digits and (behind > #text or find(text, "^[ ,}]", behind)) then
    parser.at = behind
    return "T_INTEGER", to_integer(tonumber(digits)) or INT_MAX, start
  end
  local number, length = float_at(text, start)
  if not number then
    return "T_ERROR", "invalid number", start
  end
  parser.at = start + length
  return "T_NUMBER", number, start
end

-- Whether it is a number that JSON does not have.
local function is_invalid_number(text, at)
  return find(text, "^%+", at) or find(text, "^%-?0[xX%d]", at) or find(text, "^%-?[iI][nN][fF]", at)
    or find(text, "^%-?[nN][aA][nN]", at)
end

local function next_token(parser)
  local text = parser.text
  local start = find(text, "[^ \t\r\n]", parser.at) or #text + 1
  parser.at = start
  local letter = sub(text, start, start)
  if SINGLE[letter] then
    if letter ~= "" then
      parser.at = start + 1
    end
    return SINGLE[letter], nil, start
  elseif letter == '"' then
    return string_token(parser, start)
  elseif find(letter, "[%-%d]") then
    if not parser.settings.decode_invalid_numbers and is_invalid_number(text, start) then
      return "T_ERROR", "invalid number", start
    end
    return number_token(parser, start)
  end
  local word = match(text, "^true", start) or match(text, "^false", start) or match(text, "^null", start)
  if word then
    parser.at = start + #word
    if word == "null" then
      return "T_NULL", null, start
    end
    return "T_BOOLEAN", word == "true", start
  elseif find(letter, "[iInN+]") and parser.settings.decode_invalid_numbers and is_invalid_number(text, start) then
    return number_token(parser, start)
  end
  return "T_ERROR", "invalid token", start
end

local function expected(what, kind, value, at)
  raise(format("Expected %s but found %s at character %d", what, kind == "T_ERROR" and value or kind, at))
end

local SIMPLE = {T_STRING = true, T_INTEGER = true, T_NUMBER = true, T_BOOLEAN = true, T_NULL = true}
local parse_value

local function descend(parser)
  parser.depth = parser.depth + 1
  if parser.depth > parser.settings.decode_max_depth then
    raise(format("Found too many nested data structures (%d) at character %d", parser.depth, parser.at - 1))
  end
end

local function parse_object(parser)
  descend(parser)
  local object = {}
  local kind, value, at = next_token(parser)
  while kind ~= "T_OBJ_END" do
    if kind ~= "T_STRING" then
      expected("object key string", kind, value, at)
    end
    local key = value
    kind, value, at = next_token(parser)
    if kind ~= "T_COLON" then
      expected("colon", kind, value, at)
    end
    object[key] = parse_value(parser, next_token(parser))
    kind, value, at = next_token(parser)
    if kind == "T_COMMA" then
      kind, value, at = next_token(parser)
      if kind == "T_OBJ_END" then
        expected("object key string", kind, value, at)
      end
    elseif kind ~= "T_OBJ_END" then
      expected("comma or object end", kind, value, at)
    end
  end
  parser.depth = parser.depth - 1
  return object
end

local function parse_array(parser)
  descend(parser)
  local array, count = {}, 0
  local kind, value, at = next_token(parser)
  while kind ~= "T_ARR_END" do
    count = count + 1
    array[count] = parse_value(parser, kind, value, at)
    kind, value, at = next_token(parser)
    if kind == "T_COMMA" then
      kind, value, at = next_token(parser)
      if kind == "T_ARR_END" then
        expected("value", kind, value, at)
      end
    elseif kind ~= "T_ARR_END" then
      expected("comma or array end", kind, value, at)
    end
  end
  parser.depth = parser.depth - 1
  return array
end

function parse_value(parser, kind, value, at)
  if SIMPLE[kind] then
    return value
  elseif kind == "T_OBJ_BEGIN" then
    return parse_object(parser)
  elseif kind == "T_ARR_BEGIN" then
    return parse_array(parser)
  end
  expected("value", kind, value, at)
end

-------------------------------------------------------------------------------------------------------------------
-- The table

local function check_one(...)
  if select("#", ...) ~= 1 then
    arg.error(1, "expected 1 argument")
  end
end

local function new()
  local settings = setmetatable({}, {__index = DEFAULTS})
  local cjson = settings_functions(settings)
  cjson._NAME, cjson._VERSION, cjson.null = "cjson", "2.1devel", null
  cjson.new = new

  function cjson.encode(...)
    check_one(...)
    local pieces = {}
    append_value(settings, pieces, (...), 0)
    return concat(pieces)
  end

  function cjson.decode(...)
    check_one(...)
    local text = arg.string(1, ...)
    if #text >= 2 and find(sub(text, 1, 2), "\0", 1, true) then
      raise("JSON parser does not support UTF-16 or UTF-32")
    end
    local parser = {text = match(text, "^[^\0]*"), at = 1, depth = 0, settings = settings}
    local value = parse_value(parser, next_token(parser))
    local kind, found, at = next_token(parser)
    if kind ~= "T_END" then
      expected("the end", kind, found, at)
    end
    return value
  end

  K.public[cjson] = true
  return cjson
end

return new()
