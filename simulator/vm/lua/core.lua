-- The core of the Lua machine: how a Lua thread asks for the world, and what keeps it stoppable at every moment.
--
-- Every file in this folder is compiled without debug information, so that a script, an error position and a traceback
-- see its functions as what they are on the device: C functions (frames.lua).
--
-- K is the private table of the machine; a script never gets hold of it. It carries what the files share:
--   K.request(name, ...)     ask the host; returns its answer, or raises its error at the caller's position
--   K.arg.*, K.raise(text)   argument checks and errors with the texts of lauxlib.c
--   K.module(path, t)        make a read-only module ("rotable") of t
--   K.raw.*                  functions of the host's Lua that a script must not get
local HOST = ...
local K = {}

local error, getmetatable, next, rawget, rawset, select, setmetatable, type =
  error, getmetatable, next, rawget, rawset, select, setmetatable, type
local raw_pcall, raw_xpcall = pcall, xpcall
local collectgarbage, load = collectgarbage, load
local co_create, co_resume, co_running, co_status = coroutine.create, coroutine.resume, coroutine.running, coroutine.status
local co_yield, co_isyieldable = coroutine.yield, coroutine.isyieldable
local getinfo, sethook = debug.getinfo, debug.sethook
local pack, unpack = table.pack, table.unpack

local host, host_let_go, host_tick, is_off, settle = HOST.request, HOST.let_go, HOST.tick, HOST.is_off, HOST.settle
local host_library, host_members, api_begins, api_ends = HOST.library, HOST.members, HOST.api_begins, HOST.api_ends
K.ethernet, K.has_library, K.has_module, K.is_off = HOST.ethernet, HOST.has_library, HOST.has_module, is_off

-- The tag of a yield that is meant for the host and not for a coroutine of the script. No script can get at it.
local REQUEST = HOST.tag

local weak_keys = {__mode = "k"}

-- Coroutines that were switched away inside a host callback. lupa may go on using their lua_State, so they must not
-- be collected before power-off.
local pinned = {}

-- The coroutines that the host resumes, one for each Lua thread, with the kind of the thread: for a script they are
-- no coroutines.
local base = setmetatable({}, weak_keys)

-- Coroutines of scripts that have handed a request up and wait for the answer. On the device they are running.
local waiting = setmetatable({}, weak_keys)

K.raw = {
  collectgarbage = collectgarbage,
  date = os.date,
  debug = debug,
  dump = string.dump,
  getinfo = getinfo,
  getmetatable = getmetatable,
  load = load,
  pcall = raw_pcall,
  setmetatable = setmetatable,
  type = type,
  xpcall = raw_xpcall,
}

-------------------------------------------------------------------------------------------------------------------
-- Garbage. While Lua is left for the host no finalizer may run: lupa pushes answers without protection, and an error
-- in a finalizer would end the process. So once there are finalizers, the collector stops whenever Lua is left.

local script_collects = true -- what the script wants: collectgarbage("stop") makes it false
local has_finalizers = false
local finalized = setmetatable({}, weak_keys) -- the metatables with a finalizer

local function leave()
  if has_finalizers then
    collectgarbage("stop")
  end
end

local function enter()
  if has_finalizers and script_collects then
    collectgarbage("restart")
  end
end

-- Take note of a metatable that an object gets.
function K.note_finalizer(meta)
  if meta and rawget(meta, "__gc") ~= nil then
    finalized[meta] = true
    has_finalizers = true
  end
end

function K.set_collecting(wanted)
  script_collects = wanted
end

-- Closing the Lua state runs what finalizers are left, and nothing could stop an endless one.
function K.power_off()
  for meta in next, finalized do
    rawset(meta, "__gc", nil)
  end
  return true
end

-------------------------------------------------------------------------------------------------------------------
-- Requests. No more than 30 values: lupa moves them to a stack without a look at its size.

local function answer(ok, ...)
  enter()
  if ok ~= true and ok then -- an integer: the limit of the memory was lifted to get this through
    settle()
    ok = ok ~= 0
  end
  if ok then
    return ...
  end
  K.raise((...))
end

local function request(...)
  leave()
  if co_isyieldable() then
    return answer(co_yield(REQUEST, ...))
  end
  pinned[co_running()] = true
  return answer(host(...))
end
K.request = request

-- `return pass(f())` returns what f returns, and keeps the calling function on the stack while f runs: a tail call
-- would take its name out of error texts and tracebacks.
function K.pass(...)
  return ...
end

-------------------------------------------------------------------------------------------------------------------
-- The count hook: preemption, simulated CPU time, Ctrl-C and power-off of a loop that calls nothing.
--
-- The device has a lock around its Lua core, which every C function and whatever allocates memory lets go. Of that the
-- host sees only requests. So it is told whether memory was allocated since the last tick; and if others wait for the
-- lock, the hook waits for the next call of a C function to let go there.

local HOOK_INSTRUCTIONS = 20000
local HOOK_CALLS = 1000 -- which take about as long
local allocated = 0 -- what collectgarbage("count") said at the end of the last tick
local calls = 0 -- since then, if calls are looked at

-- Leave for the host from inside the hook: ask(...) returns whether the Lua thread goes on.
local function interrupt(ask, ...)
  pinned[co_running()] = true
  leave()
  local goes_on, others_wait = ask(...)
  enter()
  if not goes_on then
    error(K.position(getinfo(4, "Sl")) .. "interrupted!", 0)
  end
  return others_wait
end

-- No finalizer runs in the hook itself: an error in it would come from wherever the hook was called, and our own
-- functions that are at the bottom of a Lua thread have nobody who catches it.
local function tick(event)
  local memory = collectgarbage("count")
  local collects = has_finalizers and collectgarbage("isrunning")
  if collects then
    collectgarbage("stop")
  end
  local running = getinfo(2, "Sl")
  local is_c, is_ours = running.what == "C", K.is_ours(running)
  local caller = (is_c or is_ours) and getinfo(3, "Sl") -- of what is a C function on the device
  if event ~= "count" then -- a call, while others wait
    if caller and not K.is_ours(caller) then
      sethook(tick, "", HOOK_INSTRUCTIONS)
      interrupt(host_let_go) -- which ends as it is to be in a script: the collector works
      return
    end
    calls = calls + 1 -- when the count is full while the hook runs, as it is now most of the time, nobody hears of it
    if calls < HOOK_CALLS then
      if collects then
        collectgarbage("restart")
      end
      return
    end
  end
  calls = 0
  if is_ours or is_c and caller and K.is_ours(caller) then
    sethook(tick, "", 1) -- a C function is not interrupted; what called it is, as soon as it has returned
  else
    sethook(tick, "", HOOK_INSTRUCTIONS)
    local shown = caller or running -- it is in C while it matches a pattern (exact_lua.h)
    if interrupt(host_tick, shown.short_src, shown.currentline, is_c or memory ~= allocated) then
      sethook(tick, "c", HOOK_INSTRUCTIONS)
    end
    allocated = collectgarbage("count")
  end
  if collects then
    collectgarbage("restart")
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Protected calls re-raise at once when the machine is off, so that no script can hold it up.

local function finish(ok, ...)
  if not ok and is_off() then
    error((...), 0)
  end
  return ok, ...
end
K.finish = finish

function K.pcall(...)
  K.arg.any(1, ...)
  return finish(raw_pcall(...))
end

function K.xpcall(...)
  K.arg["function"](2, select(2, ...))
  return finish(raw_xpcall(...))
end

-------------------------------------------------------------------------------------------------------------------
-- Coroutines of scripts hand requests upwards.

local BUSY = "cannot resume non-suspended coroutine"

-- Coroutines -> how many C functions of the device are on their stack that call others and cannot be yielded out of.
local unyieldable = setmetatable({}, weak_keys)

local function leave_c_function(co, ...)
  unyieldable[co] = unyieldable[co] > 1 and unyieldable[co] - 1 or nil
  return ...
end

-- pcall(f, ...), out of which a script cannot yield.
function K.c_pcall(...)
  local co = co_running()
  unyieldable[co] = (unyieldable[co] or 0) + 1
  return leave_c_function(co, finish(raw_pcall(...)))
end

local go_on

local function hand_up(co, ok, ...)
  if ok and ... == REQUEST then
    waiting[co] = true
    return go_on(co, co_yield(...))
  end
  return finish(ok, ...)
end

function go_on(co, ...)
  waiting[co] = nil
  return hand_up(co, co_resume(co, ...))
end

local function resume(co, ...)
  if type(co) ~= "thread" then
    K.arg.error(1, "thread expected")
  elseif waiting[co] or base[co] then
    return false, BUSY
  elseif co_isyieldable() then
    return hand_up(co, co_resume(co, ...))
  end
  -- Resumed from a place that cannot yield (a sort comparator, say): serve the inner request here.
  local result = pack(co_resume(co, ...))
  while result[1] and result[2] == REQUEST do
    pinned[co_running()] = true
    waiting[co] = true
    local answered = pack(host(unpack(result, 3, result.n)))
    waiting[co] = nil
    result = pack(co_resume(co, unpack(answered, 1, answered.n)))
  end
  return finish(unpack(result, 1, result.n))
end

local function create(...)
  local co = co_create(K.arg["function"](1, ...))
  sethook(co, tick, "", HOOK_INSTRUCTIONS)
  return co
end

local function wrapped(ok, ...)
  if ok then
    return ...
  elseif type((...)) == "string" or type((...)) == "number" then
    K.raise((...))
  end
  error((...), 0)
end

K.coroutine = {
  create = create,
  resume = resume,

  isyieldable = function()
    local co = co_running()
    return co_isyieldable() and not base[co] and not unyieldable[co]
  end,

  running = function()
    local co = co_running()
    return co, base[co] == "main"
  end,

  status = function(co)
    if type(co) ~= "thread" then
      K.arg.error(1, "thread expected")
    elseif waiting[co] or base[co] and co ~= co_running() then
      return "normal"
    end
    local status = co_status(co)
    return status
  end,

  wrap = function(...)
    local co = create(...)
    return function(...)
      return K.pass(wrapped(resume(co, ...)))
    end
  end,

  yield = function(...)
    local co = co_running()
    local kind = base[co]
    if kind == "main" then
      error("attempt to yield from outside a coroutine", 0)
    elseif kind or unyieldable[co] then
      error("attempt to yield across a C-call boundary", 0)
    end
    return co_yield(...)
  end,
}

-------------------------------------------------------------------------------------------------------------------
-- Parts of the API are made when they are first needed: most boards never need most of them. What they take is the
-- machine's memory and not the script's, so the collector must not mix the two.

-- Call make(...), which makes a part of the API. It returns how many bytes of garbage it leaves, and what to return.
local function make_api(make, ...)
  collectgarbage("stop")
  api_begins()
  local garbage, made = make(...)
  api_ends(garbage)
  if script_collects then
    collectgarbage("restart")
  end
  return made
end

-- What a script has done to its globals is nothing to files that are loaded late.
local environment = {}
for name, value in next, _G do
  environment[name] = value
end
for _, name in next, {"bit32", "coroutine", "debug", "io", "os", "package", "python", "_G"} do
  environment[name] = nil
end

local function load_file(name)
  local bytecode = host_library(name)
  local garbage = 2 * #bytecode -- the text, and about as much for the main function
  return garbage, load(bytecode, name, "b", environment)(K)
end

local function add_members(add, name, kind, value, ...)
  if name then
    add(name, kind, value)
    return add_members(add, ...)
  end
  return 0
end

-- Load a file of this folder and return what it returns, which is the module if that is no global.
function K.library(name)
  return make_api(load_file, name)
end

-- Load a file that others build upon, once.
local loaded = {}

function K.needs(name)
  if not loaded[name] then
    loaded[name] = true
    K.library(name)
  end
end

-- Call add(name, kind, value) for everything that the catalogue has in a module.
function K.add_members(path, add)
  make_api(function()
    return add_members(add, host_members(path))
  end)
end

-------------------------------------------------------------------------------------------------------------------
-- Lua threads. What a script hands over stays in tables of ours, under a number that the host knows: an object that
-- the host made from inside a coroutine would hold a pointer to that coroutine.

K.threads = {} -- id -> function, until the thread starts
K.callbacks = {} -- id -> {function, argument or nil}

local function run(kind, id, ...)
  if kind == "main" then
    return raw_pcall(K.main)
  elseif kind == "thread" then
    local f = K.threads[id]
    K.threads[id] = nil
    return raw_pcall(f)
  end
  local callback = K.callbacks[id]
  if not callback then
    return true
  elseif callback[2] ~= nil then
    return raw_pcall(callback[1], callback[2])
  end
  return raw_pcall(callback[1], ...)
end

-- The body of every Lua thread. `kind` is "main", "thread" or "callback": an error ends a thread with its message
-- alone, and a callback silently. No finalizer runs but inside `run`, where its errors are caught: one that got out
-- would leave the collector at work while Lua is left.
function K.thread_body(kind, id, ...)
  settle()
  base[co_running()] = kind
  sethook(tick, "", HOOK_INSTRUCTIONS)
  enter()
  local ok, message = run(kind, id, ...)
  leave()
  if not ok and kind == "thread" and not is_off() then
    if type(message) ~= "string" and type(message) ~= "number" then
      message = "(null)"
    end
    request("lua.error", message .. "", "thread")
    leave()
  end
  if not ok and type(message) ~= "string" then
    message = K.error_text(message)
  end
  return REQUEST, "thread.end", ok, not ok and message or nil
end

return K
