-- debug: of Lua's own library what cannot reach the functions of the machine, its hook and the registry. Stack levels
-- are those of the device (frames.lua), and functions of ours are C functions.
local K = ...
local arg, raise, raw, request = K.arg, K.raise, K.raw, K.request
local is_ours, is_script_function, rotables = K.is_ours, K.is_script_function, K.rotables
local find, match, select = string.find, string.match, select
local raw_debug, type = raw.debug, raw.type

K.library("traceback")

local debug = {}

-- The coroutine that a function was given first, if it was, and the index of what follows.
local function target(...)
  if type((...)) == "thread" then
    return (...), 2
  end
  return nil, 1
end

local function is_script_frame(info)
  return info.what ~= "C" and not is_ours(info)
end

-------------------------------------------------------------------------------------------------------------------
-- getinfo

local C_FUNCTION = {
  S = {source = "=[C]", short_src = "[C]", what = "C", linedefined = -1, lastlinedefined = -1},
  l = {currentline = -1},
  u = {nups = 0, nparams = 0, isvararg = true},
  t = {istailcall = false},
}

-- What the device tells of one of our functions. `frame` is what getinfo gives for its stack level, if it has one.
local function c_function(f, what, frame)
  local info = {}
  for option, facts in pairs(C_FUNCTION) do
    if find(what, option, 1, true) then
      for name, value in pairs(facts) do
        info[name] = value
      end
    end
  end
  if find(what, "n", 1, true) then
    info.name, info.namewhat = frame and frame.name, frame and frame.namewhat or ""
  end
  if find(what, "f", 1, true) and (not frame or K.is_public(f)) then
    info.func = f -- what a script cannot call by a name it gets no hold of here either
  end
  return info
end

function debug.getinfo(...)
  local co, first = target(...)
  local subject, what = select(first, ...)
  what = arg.optional(arg.string, first + 1, what, "flnStu")
  if find(what, "[^SlnrutLf]") then
    arg.error(first + 1, "invalid option")
  end
  if type(subject) == "function" then
    if not is_script_function(subject) and is_ours(raw_debug.getinfo(subject, "S")) then
      return c_function(subject, what)
    end
    return raw_debug.getinfo(subject, what)
  end
  local frame, level = K.level(arg.integer(first, select(first, ...)), co)
  if not frame then
    return nil
  elseif is_ours(frame) then
    return c_function(frame.func, what, frame)
  elseif co then
    return raw_debug.getinfo(co, level, what)
  end
  local info = raw_debug.getinfo(level, what)
  return info
end

-------------------------------------------------------------------------------------------------------------------
-- Locals

function debug.getlocal(...)
  local co, first = target(...)
  local subject, index = select(first, ...)
  index = arg.integer(first + 1, select(first + 1, ...))
  local name, value
  if type(subject) == "function" then
    return is_script_function(subject) and raw_debug.getlocal(subject, index) or nil
  end
  local frame, level = K.level(arg.integer(first, subject), co)
  if not frame then
    arg.error(first, "level out of range")
  elseif is_script_frame(frame) then
    if co then
      name, value = raw_debug.getlocal(co, level, index)
    else
      name, value = raw_debug.getlocal(level, index)
    end
  end
  return name, value
end

function debug.setlocal(...)
  local co, first = target(...)
  local subject, index, value = select(first, ...)
  index = arg.integer(first + 1, select(first + 1, ...))
  local frame, level = K.level(arg.integer(first, subject), co)
  local name
  if not frame then
    arg.error(first, "level out of range")
  elseif is_script_frame(frame) then
    if co then
      name = raw_debug.setlocal(co, level, index, value)
    else
      name = raw_debug.setlocal(level, index, value)
    end
  end
  return name
end

-------------------------------------------------------------------------------------------------------------------
-- Upvalues, of the functions of scripts

local function is_c_function(f)
  return type(f) == "function" and raw_debug.getinfo(f, "S").what == "C"
end

function debug.getupvalue(...)
  local f, index = arg["function"](1, ...), arg.integer(2, select(2, ...))
  if is_script_function(f) or is_c_function(f) then
    local name, value = raw_debug.getupvalue(f, index)
    if type(value) == "userdata" then
      value = nil -- which is for C functions alone
    end
    if name then
      return name, value
    end
  end
end

function debug.setupvalue(...)
  local f, index, value = arg["function"](1, ...), arg.integer(2, select(2, ...)), arg.any(3, select(3, ...))
  if is_script_function(f) then
    local name = raw_debug.setupvalue(f, index, value)
    return name
  end
end

-- The arguments `i` and `i + 1`: a function of a script and the number of an upvalue that it has.
local function upvalue(i, ...)
  local f, index = arg["function"](i, select(i, ...)), arg.integer(i + 1, select(i + 1, ...))
  if not is_script_function(f) or not raw_debug.getupvalue(f, index) then
    arg.error(i + 1, "invalid upvalue index")
  end
  return f, index
end

function debug.upvalueid(...)
  local f, index = ...
  if not is_c_function(f) then
    f, index = upvalue(1, ...)
  elseif not raw_debug.getupvalue(f, arg.integer(2, select(2, ...))) then
    arg.error(2, "invalid upvalue index")
  end
  local id = raw_debug.upvalueid(f, index)
  return id
end

function debug.upvaluejoin(...)
  local f, n = upvalue(1, ...)
  raw_debug.upvaluejoin(f, n, upvalue(3, ...))
end

-------------------------------------------------------------------------------------------------------------------
-- Metatables, tracebacks, and what is as on a board on which nothing was set

function debug.getmetatable(...)
  local value = arg.any(1, ...)
  if rotables[value] then
    return nil
  end
  local meta = raw_debug.getmetatable(value)
  if type(value) == "string" and meta and meta.__metatable == K.base_library.string then
    return meta.__metatable
  end
  return meta
end

function debug.setmetatable(...)
  local value, meta = ...
  if meta ~= nil or K.is_absent(2, ...) then
    if type(meta) ~= "table" or rotables[meta] then
      arg.error(2, "nil or table expected")
    end
  end
  if not rotables[value] then
    K.note_finalizer(meta)
    raw_debug.setmetatable(value, meta)
  end
  return value
end

local user_values = K.raw.setmetatable({}, {__mode = "k"})

function debug.getuservalue(...)
  return user_values[(...)]
end

function debug.setuservalue(...)
  local value = ...
  if not K.userdata[value] then
    arg.type_error(1, "userdata", ...)
  end
  user_values[value] = arg.any(2, select(2, ...))
  return value
end

-------------------------------------------------------------------------------------------------------------------
-- Commands from the console, each of which ends with a line feed (Ctrl-J; what the Enter key sends is no end)

local COMMAND_BYTES_MAX = 249

-- The io library, which has the console; it is loaded when it is first used, and a script may have its place by then.
local function load_io()
  local there = rawget(K.globals, "io")
  K.library("io")
  if there ~= nil then
    rawset(K.globals, "io", there)
  end
end

function debug.debug()
  if not K.typed_line then
    load_io()
  end
  while true do
    request("console.write", "lua_debug> ")
    local command = K.typed_line(COMMAND_BYTES_MAX)
    if command == "cont\n" then
      return
    end
    local f, message = K.load_source(match(command, "^[^\0]*"), "=(debug command)")
    local ok = f ~= nil
    if f then
      ok, message = K.base_library.pcall(f)
    end
    if not ok then
      local is_text = type(message) == "string" or type(message) == "number"
      request("console.write", (is_text and message or "(null)") .. "\n")
    end
  end
end

function debug.gethook()
  return nil, "", 0
end

function debug.traceback(...)
  local co, first = target(...)
  local message, level = select(first, ...)
  if message ~= nil and type(message) ~= "string" and type(message) ~= "number" then
    return message
  end
  level = arg.optional(arg.integer, first + 1, level, co and 0 or 1)
  local text = K.traceback(message, level, co)
  return text
end

K.base_library.debug = K.module("debug", debug)
