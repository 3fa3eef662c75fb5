-- The base library of Lua RTOS: Lua 5.3's functions on the board's console and file system, and try().
local K = ...
local arg, finish, is_absent, raise, raw, request = K.arg, K.finish, K.is_absent, K.raise, K.raw, K.request
local error, getmetatable, next, rawget, rawlen, rawset, select, setmetatable, tostring =
  error, getmetatable, next, rawget, rawlen, rawset, select, setmetatable, tostring
local concat, pack, unpack = table.concat, table.pack, table.unpack
local find, format, gsub, match, sub = string.find, string.format, string.gsub, string.match, string.sub
local to_integer = math.tointeger
local raw_load, raw_pcall, type = raw.load, raw.pcall, raw.type
local real_metatable = raw.debug.getmetatable -- whatever __metatable says
local rotables, userdata = K.rotables, K.userdata

local base = K.base_library
base._VERSION = "Lua 5.3"
for _, name in next, {"assert", "error", "ipairs", "rawequal", "select", "tonumber"} do
  base[name] = _G[name]
end
base.pcall, base.xpcall = K.pcall, K.xpcall

-- A function of the host's C library that ours is a wrapper of: its errors get the name and the position that they
-- would have without the wrapper.
local function c_function(f)
  local function checked(ok, ...)
    if ok then
      return ...
    end
    local message = ...
    if type(message) == "string" then
      local index, text = match(message, "^bad argument #(%d+) to '[^']*' %((.*)%)$")
      if index then
        arg.error(to_integer(index), text)
      elseif find(message, "^invalid ") then
        raise(message)
      end
    end
    error(message, 0)
  end
  return function(...)
    return checked(raw_pcall(f, ...))
  end
end
K.c_function = c_function

function base.type(...)
  return K.type(arg.any(1, ...))
end

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
  return address == 0 and "0x0" or format("0x%08x", address)
end
K.address_of, K.addresses = address_of, addresses

-- A value that a script wants called: if it cannot be, the error has no position, as out of a C function.
local function callable(value)
  if type(value) ~= "function" then
    local meta = real_metatable(value)
    if not meta or rawget(meta, "__call") == nil then
      error(format("attempt to call a %s value", K.type(value)), 0)
    end
  end
  return value
end
K.callable = callable

-- luaL_tolstring
local function to_string(value)
  local meta = real_metatable(value)
  local convert = meta and rawget(meta, "__tostring")
  if convert ~= nil then
    local text = callable(convert)(value)
    local kind = type(text)
    if kind ~= "string" and kind ~= "number" then
      raise("'__tostring' must return a string")
    end
    return text .. ""
  end
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "number" or kind == "boolean" or kind == "nil" then
    return tostring(value)
  end
  local name = meta and rawget(meta, "__name")
  return (type(name) == "string" and name or K.type(value)) .. ": " .. address_of(value)
end
K.tostring = to_string

function base.tostring(...)
  local text = to_string(arg.any(1, ...))
  return text
end

-- For an error value that is no text, what lua.c says.
function K.error_text(value)
  return format("(error object is a %s value)", K.type(value))
end

-------------------------------------------------------------------------------------------------------------------
-- print: one write to the console. (The device writes each value separately, so that the output of another Lua
-- thread may fall in between; that it never does here is one of the orders the device allows.)

local globals = K.globals

local function printable(value)
  local convert = rawget(globals, "tostring")
  if convert == nil then
    return to_string(value)
  end
  local text = callable(convert)(value)
  if type(text) ~= "string" and type(text) ~= "number" then
    raise("'tostring' must return a string to 'print'")
  end
  return text
end

function base.print(...)
  local count = select("#", ...)
  if count == 1 then
    request("console.write", printable((...)) .. "\n")
    return
  end
  local texts = {...}
  for i = 1, count do
    texts[i] = printable(texts[i])
  end
  request("console.write", concat(texts, "\t", 1, count) .. "\n")
end

-------------------------------------------------------------------------------------------------------------------
-- Tables and metatables

-- Whether it is a table on the device, too.
local function is_table(value)
  return type(value) == "table" and not rotables[value] and not userdata[value]
end

local function check_table(count, ...)
  if not is_table((...)) then
    arg.type_error(1, "table", ...)
  elseif is_absent(count, ...) then
    arg.error(select("#", ...) + 1, "value expected")
  end
end

function base.rawget(...)
  check_table(2, ...)
  local t, key = ...
  return rawget(t, key)
end

function base.rawset(...)
  check_table(3, ...)
  local t, key, value = ...
  return rawset(t, key, value)
end

function base.rawlen(value)
  if rotables[value] then
    return #value
  elseif type(value) ~= "string" and not is_table(value) then
    arg.error(1, "table, rotable, or string expected")
  end
  return rawlen(value)
end

local function check_any_table(...)
  local value = ...
  if not is_table(value) and not rotables[value] then
    arg.error(1, "table or rotable expected, got " .. (is_absent(1, ...) and "no value" or K.type(value)))
  end
end

function base.next(...)
  check_any_table(...)
  local t, key = ...
  if rotables[t] then
    t = K.all_contents(t)
  end
  return next(t, key)
end

-- (What it returns for a table is the host's `next`, for speed.)
function base.pairs(...)
  check_any_table(...)
  local t = ...
  if rotables[t] then
    return base.next, t, nil
  end
  local meta = real_metatable(t)
  local iterate = meta and rawget(meta, "__pairs")
  if iterate ~= nil then
    local f, s, v = callable(iterate)(t)
    return f, s, v
  end
  return next, t, nil
end

function base.getmetatable(...)
  local value = arg.any(1, ...)
  if rotables[value] then
    return nil
  end
  return getmetatable(value)
end

function base.setmetatable(...)
  local t, meta = ...
  if not is_table(t) then
    arg.type_error(1, "table", ...)
  elseif not is_table(meta) and (meta ~= nil or is_absent(2, ...)) then
    arg.error(2, "nil or table expected")
  end
  local old = real_metatable(t)
  if old and rawget(old, "__metatable") ~= nil then
    raise("cannot change a protected metatable")
  end
  K.note_finalizer(meta)
  return setmetatable(t, meta)
end

local raw_collectgarbage = c_function(raw.collectgarbage)

function base.collectgarbage(what, ...)
  if what == "stop" or what == "restart" then
    K.set_collecting(what == "restart")
  end
  local answer = raw_collectgarbage(what, ...)
  return answer
end

-------------------------------------------------------------------------------------------------------------------
-- Chunks

local BYTECODE = "\27" -- how it begins

function K.is_bytecode(chunk)
  return sub(chunk, 1, 1) == BYTECODE
end

-- The lexer of the device keeps comments for its block annotations, and so takes them for strings.
local function compiled(f, message)
  if f then
    return f
  elseif message == "reader function must return a string" then
    message = K.where() .. message
  elseif type(message) == "string" then
    message = gsub(message, "unfinished long comment", "unfinished long string")
  end
  return nil, message
end

function K.compile(source, name)
  return compiled(raw_load(source, name, "t"))
end

-- What f_parser of ldo.c says if chunks of this kind may not be loaded.
local function refusal(mode, kind)
  if mode and not find(mode, sub(kind, 1, 1), 1, true) then
    return format("attempt to load a %s chunk (mode is '%s')", kind, mode)
  end
end

-- Load bytecode. The host is asked whether it is what it looks like: Lua itself would run anything. The environment may
-- follow.
local function load_bytecode(chunk, name, mode, ...)
  local message = refusal(mode, "binary")
  if message then
    return nil, message
  end
  local bytecode, fault = request("bytecode.to_host", chunk)
  if bytecode then
    return raw_load(bytecode, name, "b", ...)
  end
  name = find(name, "^[@=]") and sub(name, 2) or K.is_bytecode(name) and "binary string" or name
  return nil, format("%s: %s precompiled chunk", name, fault)
end

local checked_load = c_function(raw_load)

-- Load what a function returns piece by piece.
local function load_pieces(read, name, mode, ...)
  local pieces -- of bytecode; false for text
  local function reader()
    local piece = read()
    if pieces == nil then
      local is_text = type(piece) ~= "string" or not K.is_bytecode(piece)
      pieces = not is_text and {}
      local message = is_text and refusal(mode, "text")
      if message then
        error(message, 0)
      end
    end
    while pieces and type(piece) == "string" and piece ~= "" do
      pieces[#pieces + 1] = piece
      piece = read()
    end
    return piece -- after bytecode the end, so that an empty text is loaded; or what is none
  end
  local f, message = finish(checked_load(reader, name, "t", ...))
  if f and pieces then
    return load_bytecode(concat(pieces), name or "=(load)", mode, ...)
  end
  return f, message
end

local function load_text(text, name, mode, ...)
  local message = refusal(mode, "text")
  if message then
    return nil, message
  end
  return finish(checked_load(text, name, "t", ...))
end

function base.load(...)
  local chunk, name, mode = ...
  if type(chunk) == "number" then
    chunk = chunk .. ""
  elseif type(chunk) ~= "string" then
    arg["function"](1, ...)
  end
  name, mode = arg.optional(arg.string, 2, name), arg.optional(arg.string, 3, mode)
  if name == K.chunk_name then
    name = name .. " "
  end
  if type(chunk) ~= "string" then
    return compiled(load_pieces(chunk, name, mode, select(4, ...)))
  elseif K.is_bytecode(chunk) then
    return compiled(load_bytecode(chunk, name or chunk, mode, select(4, ...)))
  end
  return compiled(load_text(chunk, name, mode, select(4, ...)))
end

-- luaL_loadfilex: the function, or nil and the message. Behind the mode the environment may follow.
function K.source_of(path)
  local source, reason = request("fs.load", path)
  if not source then
    return nil, format("cannot open %s: %s", path, reason)
  end
  source = gsub(source, "^\239\187\191", "") -- a UTF-8 byte order mark
  source = gsub(source, "^#[^\n]*", "") -- "#!" line
  return (gsub(source, "^\n" .. BYTECODE, BYTECODE))
end

function K.load_source(source, name, mode, ...)
  return compiled((K.is_bytecode(source) and load_bytecode or load_text)(source, name, mode, ...))
end

local function load_file(path, ...)
  local source, reason = K.source_of(path)
  if not source then
    return nil, reason
  end
  return K.load_source(source, "@" .. path, ...)
end
K.load_file = load_file

function base.loadfile(...)
  local path, mode = arg.string(1, ...), select(2, ...)
  return K.pass(load_file(path, arg.optional(arg.string, 2, mode), select(3, ...)))
end

function base.dofile(...)
  local chunk, message = load_file(arg.string(1, ...))
  if not chunk then
    error(message, 0)
  end
  return K.pass(chunk())
end

-------------------------------------------------------------------------------------------------------------------
-- try(f [, catch [, finally]])

-- Take "<where>:<line>: [<code>:]<message>" apart as lbaselib_adds.inc does: the code is the decimal number two
-- characters after the second colon. What is behind a number without a colon is read from address 1, which ends the
-- firmware. (What it has for a code without a place is whatever was in memory.)
local function parse_error(message)
  local place, line, rest = match(message, "^([^:]*):([^:]*):.?(.*)$")
  if not place then
    return match(message, "^([^:]*):"), nil, nil, message
  end
  local code, behind = match(rest, "^%s*([+-]?%d+)(.*)$")
  if not code then
    return place, line, nil, rest
  end
  local text = match(behind, ":(.*)$") or request("lua.crash", 1)
  code = to_integer(code)
  return place, line, code ~= 0 and code or nil, text
end

function base.try(...)
  arg.any(1, ...)
  for i = 1, select("#", ...) do
    arg["function"](i, (select(i, ...)))
  end
  local f, catch, finally = ...
  local ok, message = K.c_pcall(f)
  if not ok then
    message = type(message) == "number" and message .. "" or message
    if type(message) ~= "string" then
      request("lua.crash", 0) -- it looks for a colon in what is no text
    end
  end
  if not ok and catch then
    if not K.c_pcall(catch, parse_error(message)) then
      raise(message)
    end
  end
  if finally then
    local done, reason = K.c_pcall(finally)
    if not done then
      raise(to_string(reason))
    end
  end
end
