-- The base library of Lua RTOS: Lua 5.3's functions on the board's console and file system, and try().
local K = ...
local arg, raise, request, raw = K.arg, K.raise, K.request, K.raw
local assert, error, getmetatable, ipairs, load, next, pairs, rawget, rawset, select, setmetatable, tonumber, tostring =
  assert, error, getmetatable, ipairs, load, next, pairs, rawget, rawset, select, setmetatable, tonumber, tostring
local concat, unpack = table.concat, table.unpack
local format, find, match, sub = string.format, string.find, string.match, string.sub
local type, raw_pcall = raw.type, raw.pcall
local rotables, rotable_contents, userdata = K.rotables, K.rotable_contents, K.userdata

-------------------------------------------------------------------------------------------------------------------
-- tostring: addresses are counted, not taken from the host, so that the same run prints the same text.

local FIRST_ADDRESS, ADDRESS_STEP = 0x3ffb8e30, 0x20 -- in the heap of the ESP32's DRAM
local addresses, next_address = setmetatable({}, {__mode = "k"}), FIRST_ADDRESS

local function address_of(value)
  local address = addresses[value]
  if not address then
    address = next_address
    addresses[value] = address
    next_address = next_address + ADDRESS_STEP
  end
  return format("0x%08x", address)
end
K.address_of = address_of

local function to_string(...)
  local value = ...
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "number" or kind == "boolean" then
    return tostring(value)
  elseif kind == "nil" then
    if select("#", ...) == 0 then
      arg.error(1, "value expected")
    end
    return "nil"
  end
  if rotables[value] then
    return "rotable: " .. address_of(value)
  end
  local meta = getmetatable(value)
  if type(meta) == "table" then
    if meta.__tostring then
      local text = meta.__tostring(value)
      if type(text) ~= "string" then
        error("'__tostring' must return a string", 0)
      end
      return text
    end
    local name = rawget(meta, "__name")
    if type(name) == "string" then
      kind = name
    end
  end
  return kind .. ": " .. address_of(value)
end
K.tostring = to_string

local base = K.base_library
base.tostring = to_string
base.type = K.type
base.pcall = K.pcall
base.xpcall = K.xpcall

for _, name in ipairs {"assert", "error", "ipairs", "rawequal", "rawget", "rawset", "select", "tonumber"} do
  base[name] = _G[name]
end

local raw_collectgarbage = collectgarbage
function base.collectgarbage(...)
  local a, b, c = raw_collectgarbage(...)
  return a, b, c
end

base.getmetatable, base.setmetatable = getmetatable, setmetatable

function base.next(t, key)
  return next(rotable_contents[t] or t, key)
end

function base.pairs(...)
  local t = ...
  if t == nil then
    arg.error(1, "table or rotable expected, got " .. (select("#", ...) == 0 and "no value" or "nil"))
  end
  local contents = rotable_contents[t]
  if contents then
    return base.next, contents, nil
  end
  local meta = getmetatable(t)
  if type(meta) == "table" and meta.__pairs then
    local f, s, v = meta.__pairs(t)
    return f, s, v
  end
  if type(t) ~= "table" then
    arg.error(1, "table or rotable expected, got " .. K.type(t))
  end
  return next, t, nil
end

function base.rawlen(value)
  if rotable_contents[value] then
    return #value
  end
  if type(value) ~= "table" and type(value) ~= "string" then
    arg.error(1, "table, rotable, or string expected")
  end
  return rawlen(value)
end

-------------------------------------------------------------------------------------------------------------------
-- print: one write to the console. (The device writes each value separately, so that the output of another Lua
-- thread may fall in between; that it never does here is one of the orders the device allows.)

function base.print(...)
  local count = select("#", ...)
  if count == 1 then
    request("console.write", to_string((...)) .. "\n")
    return
  end
  local texts = {...}
  for i = 1, count do
    texts[i] = to_string(texts[i])
  end
  request("console.write", concat(texts, "\t", 1, count) .. "\n")
end

-------------------------------------------------------------------------------------------------------------------
-- Chunks. Only source text: what the host would do with bytecode that a script made up is anybody's guess.

local raw_load = load
function base.load(chunk, name, mode, ...)
  if type(chunk) ~= "string" and type(chunk) ~= "function" then
    arg.error(1, "function expected, got " .. K.type(chunk))
  end
  if mode == "b" then
    return nil, "attempt to load a text chunk (mode is 'b')"
  end
  local f, message
  if select("#", ...) > 0 then
    f, message = raw_load(chunk, name, "t", (...))
  else
    f, message = raw_load(chunk, name, "t")
  end
  return f, message
end

-- luaL_loadfilex: the function, or nil and the message.
local function load_file(path, env, ...)
  local source, reason = request("fs.load", path)
  if not source then
    return nil, format("cannot open %s: %s", path, reason)
  end
  source = source:gsub("^\239\187\191", "") -- a UTF-8 byte order mark
  source = source:gsub("^#[^\n]*", "") -- "#!" line
  if ... then
    return raw_load(source, "@" .. path, "t", env)
  end
  return raw_load(source, "@" .. path, "t")
end
K.load_file = load_file

function base.loadfile(path, mode, ...)
  path = arg.string(1, path)
  local f, message
  if select("#", ...) > 0 then
    f, message = load_file(path, (...), true)
  else
    f, message = load_file(path)
  end
  return f, message
end

function base.dofile(path)
  path = arg.string(1, path)
  local chunk, message = load_file(path)
  if not chunk then
    error(message, 0)
  end
  local results = table.pack(chunk())
  return unpack(results, 1, results.n)
end

-------------------------------------------------------------------------------------------------------------------
-- try(f [, catch [, finally]])

-- Take "<where>:<line>: [<code>:]<message>" apart as lbaselib_adds.inc does: the code is the decimal number two
-- characters after the second colon.
local function parse_error(message)
  local place, line, rest = match(message, "^([^:]*):([^:]*):(.*)$")
  if not place then
    return nil, nil, nil, message
  end
  rest = sub(rest, 2)
  local code, text = match(rest, "^(%d+):(.*)$")
  if code then
    return place, line, math.tointeger(tonumber(code)), text
  end
  return place, line, nil, rest
end

function base.try(f, catch, finally)
  arg.func(1, f)
  if catch ~= nil then
    arg.func(2, catch)
  end
  if finally ~= nil then
    arg.func(3, finally)
  end
  local ok, message = K.pcall(f)
  if not ok and catch then
    if type(message) ~= "string" then
      message = to_string(message)
    end
    local caught = K.pcall(catch, parse_error(message))
    if not caught then
      raise(message)
    end
  end
  if finally then
    local done, reason = K.pcall(finally)
    if not done then
      raise(to_string(reason))
    end
  end
end

-------------------------------------------------------------------------------------------------------------------
-- require and package

local SEARCH_PATH = "/lib/share/lua/?.lua;/lib/share/lua/?/init.lua;/lib/lua/?.lua;/lib/lua/?/init.lua;./?.lua;./?/init.lua"
local C_SEARCH_PATH = "/lib/lua/?.so;/lib/lua/loadall.so;./?.so"

local package = {
  config = "/\n;\n?\n!\n-\n",
  cpath = C_SEARCH_PATH,
  loaded = {},
  path = SEARCH_PATH,
  preload = {},
}

function package.loadlib()
  return nil, "dynamic libraries not enabled; check your Lua installation", "absent"
end

local function search_path(name, path, separator, replacement)
  if separator ~= "" then
    name = name:gsub("%" .. separator, replacement)
  end
  local tried = {}
  for template in path:gmatch("[^;]+") do
    local file = template:gsub("%?", (name:gsub("%%", "%%%%")))
    if request("fs.readable", file) then
      return file
    end
    tried[#tried + 1] = "\n\tno file '" .. file .. "'"
  end
  return nil, concat(tried)
end

function package.searchpath(name, path, separator, replacement)
  local file, tried = search_path(arg.string(1, name), arg.string(2, path), separator or ".", replacement or "/")
  return file, tried
end

local function search_preload(name)
  local loader = package.preload[name]
  if loader then
    return loader
  end
  return "\n\tno field package.preload['" .. name .. "']"
end

local function search_lua(name)
  if type(package.path) ~= "string" then
    raise("'package.path' must be a string")
  end
  local file, tried = search_path(name, package.path, ".", "/")
  if not file then
    return tried
  end
  local chunk, message = load_file(file)
  if not chunk then
    raise(format("error loading module '%s' from file '%s':\n\t%s", name, file, message))
  end
  return chunk, file
end

local function search_c(name)
  if type(package.cpath) ~= "string" then
    raise("'package.cpath' must be a string")
  end
  local file, tried = search_path(name, package.cpath, ".", "/")
  if not file then
    return tried
  end
  raise(format("error loading module '%s' from file '%s':\n\tdynamic libraries not enabled; check your Lua installation", name, file))
end

package.searchers = {search_preload, search_lua, search_c}

function base.require(name)
  name = arg.string(1, name)
  local loaded = package.loaded[name]
  if loaded then
    return loaded
  end
  local built_in = base[name]
  if rotables[built_in] then
    return built_in
  end
  if type(package.searchers) ~= "table" then
    raise("'package.searchers' must be a table")
  end
  local messages = {}
  for _, searcher in ipairs(package.searchers) do
    local loader, extra = searcher(name)
    if type(loader) == "function" then
      local value = loader(name, extra)
      if value ~= nil then
        package.loaded[name] = value
      elseif package.loaded[name] == nil then
        package.loaded[name] = true
      end
      return package.loaded[name]
    elseif type(loader) == "string" then
      messages[#messages + 1] = loader
    end
  end
  raise(format("module '%s' not found:%s", name, concat(messages)))
end

K.package = package

-------------------------------------------------------------------------------------------------------------------
-- string, table, math, utf8, debug

local string_library = {}
for name, f in pairs(string) do
  string_library[name] = f
end

-- %s of a table would print the host's address.
function string_library.format(pattern, ...)
  local count = select("#", ...)
  for i = 1, count do
    local kind = type((select(i, ...)))
    if kind ~= "string" and kind ~= "number" and kind ~= "boolean" and kind ~= "nil" then
      local values = {...}
      for j = i, count do
        kind = type(values[j])
        if kind ~= "string" and kind ~= "number" and kind ~= "boolean" and kind ~= "nil" then
          values[j] = to_string(values[j])
        end
      end
      return format(pattern, unpack(values, 1, count))
    end
  end
  return format(pattern, ...)
end

getmetatable("").__index = string_library

local table_library = {}
for name, f in pairs(table) do
  table_library[name] = f
end

-- math.random keeps its state in the C library of the host; the board has its own.
local math_library = {}
for name, f in pairs(math) do
  math_library[name] = f
end
for _, name in ipairs {"cosh", "sinh", "tanh", "pow", "frexp", "ldexp", "log10"} do
  math_library[name] = nil -- not built: no compatibility with 5.2
end
local random_state = 1
local function random_bits() -- xorshift32, 31 bits of it
  local x = random_state
  x = x ~ (x << 13)
  x = x ~ (x >> 17)
  x = x ~ (x << 5)
  random_state = x
  return x & 0x7fffffff
end
local RANDOM_FLOAT_BITS = 24 -- what a single-precision float holds

function math_library.random(...)
  local count = select("#", ...)
  local low, high
  if count == 0 then
    return (random_bits() >> (31 - RANDOM_FLOAT_BITS)) * (1.0 / (1 << RANDOM_FLOAT_BITS))
  elseif count == 1 then
    low, high = 1, arg.integer(1, (...))
  elseif count == 2 then
    local a, b = ...
    low, high = arg.integer(1, a), arg.integer(2, b)
  else
    raise("wrong number of arguments")
  end
  if low > high then
    arg.error(count, "interval is empty")
  end
  if low < 0 and high > raw.max_integer + low then
    arg.error(count, "interval too large")
  end
  return low + random_bits() % (high - low + 1)
end

function math_library.randomseed(seed)
  seed = arg.number(1, seed)
  random_state = math.tointeger(seed) or math.tointeger(seed // 1) or 1
  if random_state == 0 then
    random_state = 1
  end
end

local utf8_library = {}
for name, f in pairs(utf8) do
  utf8_library[name] = f
end

-- Of debug only what cannot reach the functions of the machine, its hook and the registry.
local raw_debug = debug
local debug_library = {
  getmetatable = function(value)
    if rotables[value] then
      return nil
    end
    return (raw_debug.getmetatable(value))
  end,
  setmetatable = function(value, meta)
    if rotables[value] then
      raise("attempt to index a rotable value")
    end
    return (raw_debug.setmetatable(value, meta))
  end,
  upvalueid = function(f, n)
    return (raw_debug.upvalueid(f, n))
  end,
}


function debug_library.getinfo(...)
  local co, what
  local subject = ...
  if type(subject) == "thread" then
    co, subject, what = ...
  else
    subject, what = ...
  end
  local info
  if co then
    info = raw_debug.getinfo(co, subject, what or "flnStu")
  elseif type(subject) == "function" then
    info = raw_debug.getinfo(subject, what or "flnStu")
  else
    info = raw_debug.getinfo(arg.integer(1, subject) + 1, what or "flnStu")
  end
  if info and info.source == "=?" then -- ours, which stand for C functions
    info.source, info.short_src, info.what = "=[C]", "[C]", "C"
    info.linedefined, info.lastlinedefined = -1, -1
  end
  if info and info.source == "=[C]" then
    info.currentline = info.currentline and -1
    if type(subject) ~= "function" then
      info.func = nil -- functions of the machine stay out of reach
    end
  end
  return info
end

local function is_script_function(f)
  local info = type(f) == "function" and raw_debug.getinfo(f, "S")
  return info and info.what ~= "C" and not raw.is_ours(info)
end

function debug_library.getlocal(...)
  local co, subject, index = ...
  if type(co) ~= "thread" then
    co, subject, index = nil, ...
  end
  local name, value
  if type(subject) == "function" then
    return is_script_function(subject) and raw_debug.getlocal(subject, index) or nil
  elseif co then
    local info = raw_debug.getinfo(co, subject, "S")
    if info and info.what ~= "C" and not raw.is_ours(info) then
      name, value = raw_debug.getlocal(co, subject, index)
    end
    return name, value
  end
  local level = arg.integer(1, subject) + 1
  local info = raw_debug.getinfo(level, "S")
  if not info then
    arg.error(1, "level out of range")
  end
  if info.what ~= "C" and not raw.is_ours(info) then
    name, value = raw_debug.getlocal(level, index)
  end
  return name, value
end

function debug_library.setlocal(...)
  local co, subject, index, value = ...
  if type(co) ~= "thread" then
    co, subject, index, value = nil, ...
  end
  local info, level
  if co then
    info = raw_debug.getinfo(co, subject, "S")
  else
    level = arg.integer(1, subject) + 1
    info = raw_debug.getinfo(level, "S")
  end
  if not info then
    arg.error(1, "level out of range")
  end
  if info.what == "C" or raw.is_ours(info) then
    return nil
  end
  local name
  if co then
    name = raw_debug.setlocal(co, subject, index, value)
  else
    name = raw_debug.setlocal(level, index, value)
  end
  return name
end

function debug_library.getupvalue(f, index)
  if not is_script_function(f) then
    return nil
  end
  local name, value = raw_debug.getupvalue(f, index)
  return name, value
end

function debug_library.setupvalue(f, index, value)
  if not is_script_function(f) then
    return nil
  end
  local name = raw_debug.setupvalue(f, index, value)
  return name
end

function debug_library.upvaluejoin(f, n, g, m)
  if not is_script_function(f) or not is_script_function(g) then
    arg.error(1, "Lua function expected")
  end
  raw_debug.upvaluejoin(f, n, g, m)
end

function debug_library.traceback(...)
  local co, message, level = ...
  if type(co) ~= "thread" then
    co, message, level = nil, ...
  end
  if message ~= nil and type(message) ~= "string" and type(message) ~= "number" then
    return message
  end
  level = arg.optional(arg.integer, co and 3 or 2, level, co and 0 or 1)
  local text = K.traceback(message and message .. "", co and level or level + 1, co)
  return text
end

-- What the board has and the twin cannot give without opening the machine.
for name, why in pairs {
  sethook = "the simulator's own count hook is in its place",
  gethook = "the simulator's own count hook is in its place",
  getregistry = "the registry holds the simulator",
  getuservalue = "no userdata of the board has one",
  setuservalue = "no userdata of the board has one",
  debug = "it would read the host's standard input",
} do
  debug_library[name] = function()
    raise(format("debug.%s is not available on a virtual board (%s)", name, why))
  end
end

base.string = K.module("string", string_library)
base.table = K.module("table", table_library)
base.math = K.module("math", math_library)
base.utf8 = K.module("utf8", utf8_library)
base.debug = K.module("debug", debug_library)
base.coroutine = K.module("coroutine", K.coroutine)
base._VERSION = "Lua 5.3"
