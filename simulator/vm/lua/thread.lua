-- thread: Lua threads, each a FreeRTOS task (components/lua/modules/sys/thread.c).
local K = ...
local arg, raise, request = K.arg, K.raise, K.request
local format, ipairs, pairs, setmetatable = string.format, ipairs, pairs, setmetatable

local thread = {Lock = 0, RecursiveLock = 1}

local function new_thread(suspended, f, stack, priority, cpu, name)
  stack = arg.optional(arg.integer, 2, stack, -1)
  priority = arg.optional(arg.integer, 3, priority, -1)
  cpu = arg.optional(arg.integer, 4, cpu, -1)
  name = arg.optional(arg.string, 5, name, "lua_thread")
  request("thread.check", stack, priority, cpu)
  arg.func(1, f)
  local id = request("thread.reserve", stack, priority, cpu, name)
  K.threads[id] = f
  request("thread.begin", id, suspended)
  return id
end

function thread.start(...)
  local id = new_thread(false, ...)
  return id
end

function thread.create(...)
  local id = new_thread(true, ...)
  return id
end

function thread.self()
  local id = request("thread.self")
  return id
end

function thread.status(id)
  local status = request("thread.status", arg.integer(1, id))
  if status then
    return status
  end
end

for _, name in pairs {"suspend", "resume", "stop"} do
  thread[name] = function(id)
    request("thread." .. name, arg.optional(arg.integer, 1, id, -1))
  end
end

for name, unit in pairs {sleep = "s", sleepms = "ms", sleepus = "us", usleep = "us"} do
  thread[name] = function(count)
    request("tmr.sleep", unit, arg.integer(1, count))
  end
end

local COLUMNS = {"thid", "type", "name", "status", "core", "prio", "stack_size", "free_stack", "used_stack"}
local RULE = ("-"):rep(95) .. "\n"
local HEADER = "           |        |                  |        |      |      |            STACK               \n"
  .. "THID       | TYPE   | NAME             | STATUS | CORE | PRIO |   SIZE     FREE     USED       \n"
local ROW = "%10d   %-6s   %-16s   %-6s   % 4d   % 4d   % 6d   % 6d   % 6d (% 3d%%)   \n"

function thread.list(as_table, monitor, all)
  if as_table and monitor then
    raise(request("thread.exception", "CannotMonitorAsTable"))
  end
  local rows = {}
  local values = table.pack(request("thread.list", all and true or false))
  for first = 1, values.n, #COLUMNS do
    local row = {}
    for i, column in ipairs(COLUMNS) do
      row[column] = values[first + i - 1]
    end
    rows[#rows + 1] = row
  end
  if as_table then
    return rows
  end
  if monitor then
    raise("thread.list: monitoring the threads is not simulated yet")
  end
  request("console.write", RULE .. HEADER .. RULE)
  for _, row in ipairs(rows) do
    local percent = row.used_stack * 100 // row.stack_size
    request("console.write", format(ROW, row.thid, row.type, row.name, row.status, row.core, row.prio,
      row.stack_size, row.free_stack, row.used_stack, percent))
  end
end

local mutex_methods = {}
local mutex_meta = {__index = mutex_methods, __name = "thread.mutex"}
local mutexes = setmetatable({}, {__mode = "k"})

function thread.createmutex(kind)
  kind = arg.optional(arg.integer, 1, kind, thread.RecursiveLock)
  local mutex = setmetatable({}, mutex_meta)
  mutexes[mutex] = request("mutex.create", kind)
  K.userdata[mutex] = true
  return mutex
end

for _, name in pairs {"lock", "unlock", "trylock"} do
  mutex_methods[name] = function(mutex)
    local id = mutexes[mutex]
    if not id then
      arg.error(1, "thread.mutex expected, got " .. K.type(mutex))
    end
    local held = request("mutex." .. name, id)
    if name == "trylock" then
      return held
    end
  end
end

thread.error = K.module("thread.error", K.error_tables.thread)
K.base_library.thread = K.module("thread", thread)
