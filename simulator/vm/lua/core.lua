-- The core of the Lua machine: how a Lua thread asks for the world, and how errors look.
--
-- Every file in this folder is compiled with the chunk name "=[C]" and without debug information, so that a script,
-- an error position and a traceback see its functions as what they are on the device: C functions.
--
-- K is the private table of the machine; a script never gets hold of it. It carries what the files share.
--   K.request(name, ...)   ask the host; returns its answer or raises its error at the caller's position
--   K.arg.*                argument checks with the texts of lauxlib.c
--   K.module(name, t)      make a read-only module ("rotable") of t
local K, host, tick_host, is_off = ...

local error, getmetatable, ipairs, next, rawequal, rawget, select, setmetatable, tonumber, type =
  error, getmetatable, ipairs, next, rawequal, rawget, select, setmetatable, tonumber, type
local raw_pcall, raw_xpcall = pcall, xpcall
local co_create, co_resume, co_running = coroutine.create, coroutine.resume, coroutine.running
local co_yield, co_isyieldable = coroutine.yield, coroutine.isyieldable
local getinfo, sethook = debug.getinfo, debug.sethook
local concat, pack, unpack = table.concat, table.pack, table.unpack
local format = string.format
local to_integer, max_integer = math.tointeger, math.maxinteger

-- The tag of a yield that is meant for the host and not for a coroutine of the script. No script can get at it.
local REQUEST = {}
K.REQUEST = REQUEST

-- Coroutines that were switched away inside a host callback. lupa may go on using their lua_State, so they must not
-- be collected before power-off.
local pinned = {}

-- The coroutines that the host resumes, one for each Lua thread: for a script they are not coroutines.
local base = setmetatable({}, {__mode = "k"})
K.base = base

local HOOK_INSTRUCTIONS = 10000

-------------------------------------------------------------------------------------------------------------------
-- Frames. "Ours" are functions of this folder (stripped, so their source is "=?"), which stand for C functions.

local function is_ours(info)
  return info.source == "=?"
end

-- The level, counted for the caller's getinfo, of the outermost of our frames that the caller is in: the function
-- that the script called.
local function api_level()
  local level = 2
  while true do
    local info = getinfo(level + 1, "S")
    if not info or not is_ours(info) then
      return level - 1
    end
    level = level + 1
  end
end

-- A call typed alone at the prompt is compiled as "return f()". Of a C function this is no tail call, of ours it is
-- one: the chunk has left the stack, but there is only one line it can have been. (In a script the position of
-- `return net.ota()` is lost; everything else is right.)
local PROMPT_POSITION, PROMPT_FRAME = "stdin:1: ", "stdin:1: in main chunk"
local function called_from_prompt(api, caller)
  return api.istailcall and K.at_prompt and caller and caller.func == raw_xpcall
end

-- luaL_where(L, 1) of the function that the script called: "autorun.lua:3: ", or "" if a C function called it.
local function where()
  local level = api_level()
  local caller = getinfo(level + 1, "Slf")
  if caller and caller.currentline > 0 then
    return format("%s:%d: ", caller.short_src, caller.currentline)
  elseif called_from_prompt(getinfo(level, "t"), caller) then
    return PROMPT_POSITION
  end
  return ""
end

-- luaL_error: raise a text with the position of the caller of the function that the script called.
local function raise(message)
  error(where() .. message, 0)
end
K.raise = raise

-- `return pass(f())` returns what f returns, and keeps the calling function on the stack while f runs: a tail call
-- would take its name out of error texts and tracebacks.
function K.pass(...)
  return ...
end

-- The name of one of our functions when the way it was called does not tell: its name in its module.
local function own_name(f)
  for name, value in next, K.base_library do
    if rawequal(value, f) then
      return name, "global"
    end
    local contents = K.rotable_contents[value]
    for field, member in next, contents or {} do
      if rawequal(member, f) then
        return field, "field"
      end
      for inner, deep in next, K.rotable_contents[member] or {} do
        if rawequal(deep, f) then
          return inner, "field"
        end
      end
    end
  end
end

-- The name under which the script called the function, for "bad argument" texts.
local function called_as()
  local info = getinfo(api_level(), "nf")
  local name, what = info.name, info.namewhat
  if not name then
    name, what = own_name(info.func)
  end
  return name or "?", what
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

-------------------------------------------------------------------------------------------------------------------
-- Requests

local function answer(ok, ...)
  if ok then
    return ...
  end
  raise((...))
end

local function request(...)
  if co_isyieldable() then
    return answer(co_yield(REQUEST, ...))
  end
  pinned[co_running()] = true
  return answer(host(...))
end
K.request = request

-- The count hook: preemption, simulated CPU time, Ctrl-C and power-off of a loop that calls nothing.
local function tick()
  local info = getinfo(2, "Sl")
  pinned[co_running()] = true
  if not tick_host(info.short_src, info.currentline) then
    error("interrupted!", 0)
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Protected calls re-raise at once when the machine is off, so that no script can hold it up.

local function finish(ok, e, ...)
  if not ok and is_off() then
    error(e, 0)
  end
  return ok, e, ...
end

local function pcall(f, ...)
  return finish(raw_pcall(f, ...))
end

local function xpcall(f, handler, ...)
  if handler == nil then
    arg_error(2, "value expected")
  end
  return finish(raw_xpcall(f, function(...)
    if is_off() then
      return ...
    end
    return handler(...)
  end, ...))
end

-------------------------------------------------------------------------------------------------------------------
-- Coroutines of scripts hand requests upwards.

local function hand_up(co, ok, tag, ...)
  if ok and rawequal(tag, REQUEST) then
    return hand_up(co, co_resume(co, co_yield(REQUEST, ...)))
  end
  if not ok and is_off() then
    error(tag, 0)
  end
  return ok, tag, ...
end

local function resume(co, ...)
  if co_isyieldable() then
    return hand_up(co, co_resume(co, ...))
  end
  -- Resumed from a place that cannot yield (a sort comparator, say): serve the inner request here.
  local result = pack(co_resume(co, ...))
  while result[1] and rawequal(result[2], REQUEST) do
    pinned[co_running()] = true
    result = pack(co_resume(co, host(unpack(result, 3, result.n))))
  end
  if not result[1] and is_off() then
    error(result[2], 0)
  end
  return unpack(result, 1, result.n)
end

local function create(f)
  local co = co_create(f)
  sethook(co, tick, "", HOOK_INSTRUCTIONS)
  return co
end

local function wrapped(ok, e, ...)
  if ok then
    return e, ...
  end
  if type(e) == "string" then
    e = where() .. e
  end
  error(e, 0)
end

local function wrap(f)
  local co = create(f)
  return function(...)
    return wrapped(resume(co, ...))
  end
end

local function yield(...)
  if base[co_running()] then
    raise("attempt to yield from outside a coroutine")
  end
  return co_yield(...)
end

local raw_coroutine = coroutine
K.coroutine = {
  create = create,
  isyieldable = function()
    return co_isyieldable() and not base[co_running()]
  end,
  resume = resume,
  running = function()
    local co = co_running()
    return co, base[co] == "main"
  end,
  status = raw_coroutine.status,
  wrap = wrap,
  yield = yield,
}
K.pcall, K.xpcall = pcall, xpcall

-------------------------------------------------------------------------------------------------------------------
-- Tracebacks as lauxlib.c of Lua RTOS writes them. Built-in modules are not tables in package.loaded there, so C
-- functions are named by how they were called ("in field 'ota'").

-- The frames of a traceback from `level` of the caller on (or of the coroutine `co`), as the device has them: a run
-- of our functions and the C functions that they use or serve is one C function, the outermost of the run. The count
-- hook and the metamethods of read-only tables are part of the interpreter there, and no frames.
local function visible_frames(level, co)
  local frames, run = {}, nil
  if not co then
    level = level + 1
  end
  while true do
    local info
    if co then
      info = getinfo(co, level, "Slnft")
    else
      info = getinfo(level, "Slnft")
    end
    if info and (info.what == "C" or is_ours(info)) then
      run = info
      if not co and called_from_prompt(info, getinfo(level + 1, "f")) then
        frames[#frames + 1] = info
        frames[#frames + 1] = {text = PROMPT_FRAME}
        run = nil
      end
    else
      if run and run.namewhat ~= "hook" and not (run.namewhat == "metamethod" and is_ours(run)) then
        frames[#frames + 1] = run
      end
      run = nil
      if not info then
        return frames
      end
      frames[#frames + 1] = info
    end
    level = level + 1
  end
end

local searched_by_name -- the tables whose functions have a global name: {prefix, table}, ...
function K.set_named_tables(tables)
  searched_by_name = tables
end

local function global_name(f)
  for _, entry in ipairs(searched_by_name) do
    for name, value in next, entry[2] do
      if rawequal(value, f) and type(name) == "string" then
        return entry[1] .. name
      end
    end
  end
end

local function frame_text(info)
  if info.text then
    return info.text
  end
  local ours = is_ours(info)
  local text = ours and "[C]:" or info.short_src .. ":"
  if not ours and info.currentline > 0 then
    text = text .. format("%d:", info.currentline)
  end
  local name = global_name(info.func)
  if ours and not name and info.namewhat == "" and info.istailcall then
    info.name, info.namewhat = own_name(info.func)
    info.namewhat = info.namewhat or ""
  end
  if name then
    text = format("%s in function '%s'", text, name)
  elseif info.namewhat ~= "" then
    text = format("%s in %s '%s'", text, info.namewhat, info.name)
  elseif info.what == "main" and not ours then
    text = text .. " in main chunk"
  elseif info.what ~= "C" and not ours then
    text = format("%s in function <%s:%d>", text, info.short_src, info.linedefined)
  else
    text = text .. " in ?"
  end
  if info.istailcall and not ours then
    text = text .. "\n\t(...tail calls...)"
  end
  return text
end

local FIRST_FRAMES, LAST_FRAMES = 10, 11 -- LEVELS1 and LEVELS2 of lauxlib.c

local function traceback(message, level, co)
  local frames = visible_frames(co and level or level + 1, co)
  local lines = {(message and message .. "\n" or "") .. "stack traceback:"}
  for i, info in ipairs(frames) do
    if #frames > FIRST_FRAMES + LAST_FRAMES and i == FIRST_FRAMES + 1 then
      lines[#lines + 1] = "..."
    end
    if i <= FIRST_FRAMES or i > #frames - LAST_FRAMES or #frames <= FIRST_FRAMES + LAST_FRAMES then
      lines[#lines + 1] = frame_text(info)
    end
  end
  return concat(lines, "\n\t")
end
K.traceback = traceback

-- lua.c's message handler: what the prompt and the boot scripts run under.
function K.message_handler(message)
  if is_off() then
    return message
  end
  if type(message) ~= "string" and type(message) ~= "number" then
    local meta = getmetatable(message)
    if type(meta) == "table" and meta.__tostring then
      local ok, text = raw_pcall(K.tostring, message)
      if ok then
        return text
      end
    end
    message = format("(error object is a %s value)", K.type(message))
  end
  local text = traceback(message .. "", 2) -- no tail call: levels are counted from here
  return text
end

-------------------------------------------------------------------------------------------------------------------
-- Argument checks, with the texts of lauxlib.c

local function type_name(value)
  local meta = getmetatable(value)
  local name = type(meta) == "table" and rawget(meta, "__name")
  if type(name) == "string" then
    return name
  end
  return K.type(value)
end

local function type_error(index, expected, value, absent)
  arg_error(index, format("%s expected, got %s", expected, absent and "no value" or type_name(value)))
end

-- In all of these `absent` is whether the caller passed fewer arguments than `index`.
local arg = {error = arg_error}
K.arg = arg

function arg.integer(index, value, absent)
  local number = value
  if type(value) == "string" then
    number = tonumber(value)
  end
  if type(number) ~= "number" then
    type_error(index, "number", value, absent)
  end
  local integer = to_integer(number)
  if not integer then
    arg_error(index, "number has no integer representation")
  end
  return integer
end

function arg.number(index, value, absent)
  local number = value
  if type(value) == "string" then
    number = tonumber(value)
  end
  if type(number) ~= "number" then
    type_error(index, "number", value, absent)
  end
  return number
end

function arg.string(index, value, absent)
  local kind = type(value)
  if kind == "string" then
    return value
  end
  if kind ~= "number" then
    type_error(index, "string", value, absent)
  end
  return K.tostring(value)
end

function arg.boolean(index, value, absent)
  if type(value) ~= "boolean" then
    type_error(index, "boolean", value, absent)
  end
  return value
end

function arg.func(index, value, absent)
  if type(value) ~= "function" then
    type_error(index, "function", value, absent)
  end
  return value
end

function arg.table(index, value, absent)
  if K.type(value) ~= "table" then
    type_error(index, "table", value, absent)
  end
  return value
end

function arg.optional(check, index, value, default)
  if value == nil then
    return default
  end
  return check(index, value)
end

-------------------------------------------------------------------------------------------------------------------
-- Read-only tables in flash: a type of its own on the device.

local rotables = setmetatable({}, {__mode = "k"})
local rotable_contents = setmetatable({}, {__mode = "k"})

function K.type(...)
  local value = ...
  if rotables[value] then
    return "rotable"
  end
  if K.userdata[value] then
    return "userdata"
  end
  if value == nil and select("#", ...) == 0 then
    arg_error(1, "value expected")
  end
  return type(value)
end
-- Objects that are userdata on the device (files, timers, mutexes): tables of ours, kept apart here.
K.userdata = setmetatable({}, {__mode = "k"})

-- Make the read-only module `name` ("net.wf") of `contents`. A name that the documented API has and `contents`
-- lacks becomes a function that says so; every other name is nil.
function K.module(name, contents)
  local parent, own_name = name:match("^(.*)%.([^.]+)$")
  local assignment = format("attempt to index a rotable value (%s '%s')", parent and "field" or "global", own_name or name)
  local known_missing = setmetatable({}, {__index = function(_, key)
    if type(key) ~= "string" then
      return nil
    end
    local kind, text = request("api.lookup", name .. "." .. key)
    local found
    if kind == "function" then
      found = function()
        raise(text)
      end
    elseif kind == "constant" then
      found = text
    elseif kind == "module" then
      found = K.module(name .. "." .. key, {})
    end
    contents[key] = found
    return found
  end})
  setmetatable(contents, {__index = known_missing})
  local proxy = setmetatable({}, {
    __index = contents,
    __newindex = function()
      raise(assignment)
    end,
    __len = function()
      local count = 0
      for _ in next, contents do
        count = count + 1
      end
      return count
    end,
    __pairs = function()
      return next, contents, nil
    end,
    __metatable = false,
    __name = "rotable",
  })
  rotables[proxy] = name
  rotable_contents[proxy] = contents
  return proxy
end
K.rotables = rotables
K.rotable_contents = rotable_contents

-------------------------------------------------------------------------------------------------------------------
-- Lua threads. What a script hands over stays in tables of ours, under a number that the host knows: an object that
-- the host made from inside a coroutine would hold a pointer to that coroutine.

K.threads = {} -- id -> function, until the thread starts
K.callbacks = {} -- id -> {function, argument or nil}

-- The body of every Lua thread. `kind` is "main", "thread" or "callback": an error ends a thread with its message
-- alone, and a callback silently.
function K.thread_body(kind, id, ...)
  base[co_running()] = kind
  sethook(tick, "", HOOK_INSTRUCTIONS)
  local ok, message
  if kind == "main" then
    ok, message = raw_pcall(K.main)
  elseif kind == "thread" then
    local f = K.threads[id]
    K.threads[id] = nil
    ok, message = raw_pcall(f)
  else
    local callback = K.callbacks[id]
    if not callback then
      return REQUEST, "thread.end", true
    elseif callback[2] ~= nil then
      ok, message = raw_pcall(callback[1], callback[2])
    else
      ok, message = raw_pcall(callback[1], ...)
    end
  end
  if not ok and kind == "thread" and not is_off() then
    if type(message) ~= "string" and type(message) ~= "number" then
      message = "(null)"
    end
    request("lua.error", message .. "", "thread")
  end
  if not ok and type(message) ~= "string" then
    message = "(error object is a " .. K.type(message) .. " value)"
  end
  return REQUEST, "thread.end", ok, not ok and message or nil
end

K.raw = {
  arg_error = arg_error,
  pcall = raw_pcall,
  xpcall = raw_xpcall,
  type = type,
  getinfo = getinfo,
  is_ours = is_ours,
  max_integer = max_integer,
}
