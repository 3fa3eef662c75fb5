-- What stands for what on the call stack: error positions, argument checks, and stack levels as a script counts them.
--
-- "Ours" are the functions of this folder. With the functions of the host's C library that they use they stand for the
-- C functions of the device: a group of them on the stack, from one C function at most outwards over all of ours that
-- follow, is one function there, known by the outermost, which is the one that the script called. The body of a Lua
-- thread, outermost of all, is none.
local K = ...
local error, getmetatable, next, rawequal, rawget, select, tonumber, type =
  error, getmetatable, next, rawequal, rawget, select, tonumber, type
local format = string.format
local to_integer = math.tointeger
local getinfo = K.raw.getinfo

-- The name of all chunks of ours; `load` sees to it that no chunk of a script has it.
local OURS = "=[firmware]"
K.chunk_name = OURS

local function is_ours(info)
  return info.source == OURS
end
K.is_ours = is_ours

function K.is_script_function(f)
  if type(f) ~= "function" then
    return false
  end
  local info = getinfo(f, "S")
  return info.what ~= "C" and not is_ours(info)
end

-------------------------------------------------------------------------------------------------------------------
-- The stack as a script sees it

-- The group that begins at `level`, a level for the caller's getinfo: what getinfo says of its outermost function
-- with "Slnft", and the level behind it. Nothing at the end. `co`: the coroutine, if not the running one.
local function group(level, co)
  local info
  if co then
    info = getinfo(co, level, "Slnft")
  else
    info = getinfo(level + 1, "Slnft")
  end
  if not info then
    return nil
  elseif info.what ~= "C" and not is_ours(info) then
    return info, level + 1
  end
  while true do
    local outer
    if co then
      outer = getinfo(co, level + 1, "Slnft")
    else
      outer = getinfo(level + 2, "Slnft")
    end
    if not outer or not is_ours(outer) then
      break
    end
    info, level = outer, level + 1
  end
  if info.func == K.thread_body then
    return nil
  end
  return info, level + 1
end
K.group = group

-- Whether the device has no frame for a group: the count hook and the metamethods of read-only tables are parts of
-- its interpreter.
-- (But the first group of all may look like a metamethod: the message handler, if an operator failed.)
function K.is_hidden(info)
  return info.namewhat == "hook" or info.namewhat == "metamethod" and is_ours(info)
end

-- What getinfo says of level `n` as a script counts, and that level for the caller's getinfo. Nothing if the stack is
-- not that deep. Level 0 is the function of ours that the script called, or the innermost of the coroutine `co`.
function K.level(n, co)
  local info, level = group(co and 0 or 1, co)
  while info and n ~= 0 do
    info, level = group(level, co)
    if info and not K.is_hidden(info) then
      n = n - 1
    end
  end
  if info then
    return info, level - (co and 1 or 2)
  end
end

-- "autorun.lua:3: ", or "" for a C function or nothing.
function K.position(info)
  if info and info.currentline > 0 then
    return format("%s:%d: ", info.short_src, info.currentline)
  end
  return ""
end

-- The function of ours that the script called and, innermost, the one that called it; what getinfo says of them.
local function api_and_caller()
  local level = 2
  local api = getinfo(level, "Slnft")
  while true do
    local outer = getinfo(level + 1, "Slnft")
    if not outer or not is_ours(outer) then
      return api, outer
    end
    api, level = outer, level + 1
  end
end

-- luaL_where(L, 1): the position of the caller of the function that the script called.
local function where()
  local _, caller = api_and_caller()
  return K.position(caller)
end
K.where = where

-- luaL_error: raise a text with that position.
local function raise(message)
  error(where() .. message, 0)
end
K.raise = raise

-------------------------------------------------------------------------------------------------------------------
-- Argument checks, with the texts of lauxlib.c. After the index come the arguments from that one on: none at all is
-- another error than nil.

K.public = {} -- the tables of functions that a script can get at

-- Whether a script can call one of our functions by a name.
function K.is_public(f)
  for contents in next, K.public do
    for _, value in next, contents do
      if rawequal(value, f) then
        return true
      end
    end
  end
  return false
end

-- The name under which the script called the function, and how.
local function called_as()
  local info = api_and_caller()
  return info.name or "?", info.namewhat
end

local function arg_error(index, text)
  local name, what = called_as()
  if what == "method" then
    index = index - 1
    if index == 0 then
      raise(format("calling '%s' on bad self (%s)", name, text))
    end
  end
  raise(format("bad argument #%d to '%s' (%s)", index, name, text))
end

-- Whether the caller passed fewer than `count` arguments.
local function is_absent(count, ...)
  return select("#", ...) < count
end
K.is_absent = is_absent

local function type_name(value)
  local meta = getmetatable(value)
  local name = type(meta) == "table" and rawget(meta, "__name")
  if type(name) == "string" then
    return name
  elseif type(value) == "userdata" then -- an upvalue's identity: what else is userdata to a script is a table here
    return "light userdata"
  end
  return K.type(value)
end

local function type_error(index, expected, ...)
  local got = is_absent(1, ...) and "no value" or type_name((...))
  arg_error(index, format("%s expected, got %s", expected, got))
end

local arg = {error = arg_error, type_error = type_error}
K.arg = arg

function arg.number(index, ...)
  local value = ...
  local number = value
  if type(value) == "string" then
    number = tonumber(value)
  end
  if type(number) ~= "number" then
    type_error(index, "number", ...)
  end
  return number
end

function arg.integer(index, ...)
  local integer = to_integer((...))
  if integer then
    return integer
  end
  integer = to_integer(arg.number(index, ...))
  if not integer then
    arg_error(index, "number has no integer representation")
  end
  return integer
end

function arg.string(index, ...)
  local value = ...
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind ~= "number" then
    type_error(index, "string", ...)
  end
  return K.tostring(value)
end

function arg.any(index, ...)
  if is_absent(1, ...) then
    arg_error(index, "value expected")
  end
  return (...)
end

-- A type that has no text for other types: "boolean", "function", "table" or "thread".
for _, kind in next, {"boolean", "function", "table"} do
  arg[kind] = function(index, ...)
    local value = ...
    if K.type(value) ~= kind then
      type_error(index, kind, ...)
    end
    return value
  end
end

function arg.optional(check, index, value, default)
  if value == nil then
    return default
  end
  return check(index, value)
end
