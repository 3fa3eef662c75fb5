-- thread: Lua threads, each a FreeRTOS task (components/lua/modules/sys/thread.c).
local K = ...
local arg, is_absent, raise, request = K.arg, K.is_absent, K.raise, K.request
local next, pack, select, setmetatable = next, table.pack, select, setmetatable

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

-- The argument `index`: false if it is absent.
local function flag(index, ...)
  return not is_absent(1, ...) and arg.boolean(index, ...)
end

function thread.list(...)
  local as_table, monitored = flag(1, ...), flag(2, select(2, ...))
  local all = flag(3, select(3, ...))
  if as_table and monitored then
    raise(request("thread.exception", "CannotMonitorAsTable"))
  elseif monitored then
    request("thread.monitor", all)
  elseif not as_table then
    request("thread.print_list", all)
  else
    local rows, values = {}, pack(request("thread.list", all))
    for first = 1, values.n, #COLUMNS do
      local row = {}
      for i, column in next, COLUMNS do
        row[column] = values[first + i - 1]
      end
      rows[#rows + 1] = row
    end
    return rows
  end
end

local mutex_methods = {}
local mutex_meta = {__index = mutex_methods, __name = "thread.mutex"}
K.public[mutex_methods] = true
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
