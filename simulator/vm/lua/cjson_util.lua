-- cjson.util: values as texts, whole files, and tests (fs/lib/lua/cjson/util.lua in components/lua/modules/lua-cjson).
local K = ...
local error, format, ipairs, pairs, pcall = error, string.format, ipairs, pairs, pcall
local concat, remove, unpack = table.concat, table.remove, table.unpack
local tostring, type = tostring, type

local globals = K.globals
local null = K.require("cjson").null

local util = {}

-- Its errors name the line of the file on the board.
local function fail(line, ...)
  error("/lib/lua/cjson/util.lua:" .. line .. ": " .. format(...), 0)
end

-------------------------------------------------------------------------------------------------------------------
-- Values

local DEPTH_MAX = 50

-- The highest index of an array, 0 for an empty table, and -1 for what is none: with other keys, or mostly gaps.
local function array_size(values)
  local size, count = 0, 0
  for key in pairs(values) do
    if type(key) ~= "number" then
      return -1
    end
    count = count + 1
    size = key > size and key or size
  end
  return size > 2 * count and -1 or size
end

local shown

-- `indent` is false for one line.
local function table_shown(values, indent, depth)
  local outer = indent and "\n" .. indent or " "
  local inner = indent and outer .. "  " or " "
  local deeper = indent and indent .. "  "
  if depth >= DEPTH_MAX then
    return "Cannot serialise any further: too many nested tables"
  end
  local parts, size = {}, array_size(values)
  for i = 1, size do
    parts[#parts + 1] = shown(values[i], deeper, depth + 1)
  end
  if size < 0 then
    for key, value in pairs(values) do
      parts[#parts + 1] = format("[%s] = %s", shown(key, deeper, depth + 1), shown(value, deeper, depth + 1))
    end
  end
  return "{" .. inner .. concat(parts, "," .. inner) .. outer .. "}"
end

local PLAIN = {["nil"] = true, number = true, boolean = true}

function shown(value, indent, depth)
  local kind = type(value)
  if value == null then
    return "json.null"
  elseif kind == "string" then
    return format("%q", value)
  elseif PLAIN[kind] then
    return tostring(value)
  elseif kind == "table" then
    return table_shown(value, indent, depth)
  end
  return '"<' .. kind .. '>"'
end

function util.serialise_value(value, indent, depth)
  if indent == nil then
    indent = ""
  end
  return shown(value, indent, depth or 0)
end

local function are_equal(a, b)
  if type(a) ~= type(b) then
    return false
  elseif type(a) == "number" and a ~= a and b ~= b then
    return true
  elseif type(a) ~= "table" then
    return a == b
  end
  for key in pairs(a) do
    if b[key] == nil then
      return false
    end
  end
  for key, value in pairs(b) do
    if a[key] == nil or not are_equal(a[key], value) then
      return false
    end
  end
  return true
end

util.compare_values = are_equal

-------------------------------------------------------------------------------------------------------------------
-- Files

function util.file_load(path)
  local io = globals.io
  if path == nil then
    return io.stdin:read("*a")
  end
  local file, reason = io.open(path, "rb")
  if not file then
    fail(108, "Unable to read '%s': %s", path, reason)
  end
  local data = file:read("*a")
  file:close()
  if data == nil then
    fail(118, "Failed to read %s", path)
  end
  return data
end

function util.file_save(path, data)
  local io = globals.io
  if path == nil then
    io.stdout:write(data)
    return
  end
  local file, reason = io.open(path, "wb")
  if not file then
    fail(132, "Unable to write '%s': %s", path, reason)
  end
  file:write(data)
  file:close()
end

function util.run_script(script, env)
  env = env or {}
  local f = globals.load(script, nil, nil, env)
  if not f then
    fail(257, "Invalid syntax.")
  end
  f()
  return env
end

-------------------------------------------------------------------------------------------------------------------
-- Tests

local passed, total = 0, 0

function util.run_test_summary()
  return passed, total
end

local function print_values(name, values)
  globals.print(format("[%s] %s", name, shown(values, false, 0)))
end

local STATE = {[true] = ":success", [false] = ":error"}

function util.run_test(name, f, input, should_work, output)
  local results = {pcall(f, unpack(input))}
  local works = remove(results, 1)
  local is_right = works == should_work and are_equal(results, output)
  passed = passed + (is_right and 1 or 0)
  total = total + 1
  globals.print(format("==> Test [%d] %s: %s", total, name, is_right and "PASS" or "FAIL"))
  print_values("Input", input)
  if not is_right then
    print_values("Expected" .. (STATE[should_work] or ""), output)
  end
  print_values("Received" .. STATE[works], results)
  globals.print()
  return is_right, results
end

-- A test has at least four fields; what has fewer is run for what it does.
function util.run_test_group(tests)
  for _, test in ipairs(tests) do
    if test[4] ~= nil then
      util.run_test(unpack(test))
    else
      local name, f, input = unpack(test)
      if type(name) == "string" and name ~= "" then
        globals.print("==> " .. name)
      end
      f(unpack(input or {}))
      globals.print()
    end
  end
end

return util
