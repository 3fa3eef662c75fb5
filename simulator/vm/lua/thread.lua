-- thread: Lua threads, each a FreeRTOS task (components/lua/modules/sys/thread.c).
local K = ...
local arg, raise, request = K.arg, K.raise, K.request
local format, next, pack, rep, select, setmetatable =
  string.format, next, table.pack, string.rep, select, setmetatable

local thread = {}
local RECURSIVE_LOCK = 1

-- The numbers are checked before the function.
local function new_thread(is_suspended, ...)
  local stack, priority, cpu, name = select(2, ...)
  stack = arg.optional(arg.integer, 2, stack)
  priority = arg.optional(arg.integer, 3, priority)
  cpu = arg.optional(arg.integer, 4, cpu)
  name = arg.optional(arg.string, 5, name, "lua_thread")
  request("thread.check", stack, priority, cpu)
  local f = arg["function"](1, ...)
  local id, has_room = request("thread.reserve", stack, priority, cpu, name)
  if not has_room then -- the garbage here is not that of the device, so none of it shall count
    K.raw.collectgarbage()
  end
  K.threads[id] = f
  request("thread.begin", id, is_suspended)
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

function thread.status(...)
  local status = request("thread.status", arg.integer(1, ...))
  if status then
    return status
  end
end

for _, name in next, {"suspend", "resume", "stop"} do
  thread[name] = function(id)
    request("thread." .. name, arg.optional(arg.integer, 1, id, -1))
  end
end

for name, unit in next, {sleep = "s", sleepms = "ms", sleepus = "us", usleep = "us"} do
  thread[name] = function(...)
    request("tmr.sleep", unit, arg.integer(1, ...))
  end
end

local COLUMNS = {"thid", "type", "name", "status", "core", "prio", "stack_size", "free_stack", "used_stack"}
local RULE = rep("-", 95) .. "\n"
local HEADER = "           |        |                  |        |      |      |            STACK               \n"
  .. "THID       | TYPE   | NAME             | STATUS | CORE | PRIO |   SIZE     FREE     USED       \n"
local ROW = "%10d   %-6s   %-16s   %-6s   % 4d   % 4d   % 6d   % 6d   % 6d (% 3d%%)   \n"

function thread.list(as_table, monitor, all)
  if as_table and monitor then
    raise(request("thread.exception", "CannotMonitorAsTable"))
  end
  local rows = {}
  local values = pack(request("thread.list", all and true or false))
  for first = 1, values.n, #COLUMNS do
    local row = {}
    for i, column in next, COLUMNS do
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
  for _, row in next, rows do
    local percent = row.used_stack * 100 // row.stack_size
    request("console.write", format(ROW, row.thid, row.type, row.name, row.status, row.core, row.prio,
      row.stack_size, row.free_stack, row.used_stack, percent))
  end
end

local mutex_methods = {}
local mutex_meta = {__index = mutex_methods, __name = "thread.mutex"}
K.named[mutex_methods] = "method"
local mutexes = setmetatable({}, {__mode = "k"}) -- mutex -> the number that the host knows

function thread.createmutex(kind)
  kind = arg.optional(arg.integer, 1, kind, RECURSIVE_LOCK)
  local mutex = setmetatable({}, mutex_meta)
  mutexes[mutex] = request("mutex.create", kind)
  K.userdata[mutex] = true
  return mutex
end

for _, name in next, {"lock", "unlock", "trylock"} do
  mutex_methods[name] = function(...)
    local number = mutexes[...]
    if not number then
      arg.type_error(1, "thread.mutex", ...)
    end
    local held = request("mutex." .. name, number)
    if name == "trylock" then
      return held
    end
  end
end

K.base_library.thread = K.module("thread", thread)
