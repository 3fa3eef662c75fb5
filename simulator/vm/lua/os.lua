-- os: Lua's own functions on the board's clock and files, and what Lua RTOS adds
-- (components/lua/src/loslib.c, components/lua/modules/sys/loslib_adds.inc).
local K = ...
local arg, pass, raise, request = K.arg, K.pass, K.raise, K.request
local next, pcall, select, type = next, K.raw.pcall, select, type
local find, match, format, sub = string.find, string.match, string.format, string.sub
local raw_date, to_integer, unpack = K.raw.date, math.tointeger, table.unpack

local os = {}

-- Functions that take no arguments and only ask.
for _, name in next, {"board", "version", "cpu", "flashEUI", "bootcount", "resetreason", "luainterpreter", "clock",
  "factoryreset", "partitions", "clear", "pwd", "dmesg", "passwd", "locks"} do
  os[name] = function()
    return pass(request("os." .. name))
  end
end

function os.luarunning()
  return true
end

function os.stats(...)
  K.raw.collectgarbage()
  if ... == "mem" then
    local free = request("os.free_memory")
    return free
  end
  request("os.stats_print")
end

-------------------------------------------------------------------------------------------------------------------
-- Time

local MAX_FIELD = 0x7fffffff // 2 -- L_MAXDATEFIELD
local FIELDS = {"sec", "min", "hour", "day", "month", "year"} -- in the order in which they are looked at
local DEFAULTS = {sec = 0, min = 0, hour = 12}

local function field(t, name)
  local value = t[name]
  local integer = to_integer(value == nil and DEFAULTS[name] or value)
  if not integer then
    raise(format(value == nil and "field '%s' missing in date table" or "field '%s' is not an integer", name))
  elseif integer > MAX_FIELD or integer < -MAX_FIELD then
    raise(format("field '%s' is out-of-bound", name))
  end
  return integer
end

local function epoch_of(t)
  local values = {}
  for i, name in next, FIELDS do
    values[i] = field(t, name)
  end
  local sec, min, hour, day, month, year = unpack(values)
  local epoch = request("os.mktime", year, month, day, hour, min, sec)
  return epoch
end

function os.time(...)
  local t = ...
  if t == nil then
    local now = request("os.now")
    return now
  end
  local epoch = epoch_of(arg.table(1, ...))
  if not epoch then
    raise("time result cannot be represented in this installation")
  end
  for name, value in next, raw_date("!*t", epoch) do
    t[name] = value
  end
  return epoch
end

function os.date(...)
  local pattern, when = ...
  pattern = arg.optional(arg.string, 1, pattern, "%c")
  when = arg.optional(arg.integer, 2, when) or request("os.now")
  if sub(pattern, 1, 1) ~= "!" then
    pattern = "!" .. pattern -- the board has no time zone
  end
  local ok, result = pcall(raw_date, pattern, when)
  if not ok then
    arg.error(1, match(result, "%((.*)%)$") or result)
  end
  return result
end

function os.difftime(...)
  return arg.integer(1, ...) - arg.integer(2, select(2, ...)) + 0.0
end

function os.settime(...)
  local epoch
  if select("#", ...) == 1 then
    epoch = epoch_of(arg.table(1, ...))
  else
    local values = {}
    for i = 1, 6 do
      values[i] = arg.integer(i, select(i, ...))
    end
    local hour, min, sec, month, day, year = unpack(values)
    epoch = request("os.mktime", year, month, day, hour, min, sec)
  end
  if not epoch then
    raise("parameters given cannot be set as system time")
  end
  request("os.settime", epoch)
  return epoch
end

function os.uptime(as_table)
  if as_table then
    local current, days, hours, mins, secs = request("os.uptime")
    return {current = current, days = days, hours = hours, mins = mins, secs = secs}
  end
  request("os.print_uptime")
end

function os.sleep(...)
  request("cpu.sleep", arg.integer(1, ...))
end

function os.exit(...)
  local code = ...
  if type(code) == "boolean" then
    request("os.exit", code)
  else
    request("os.exit", arg.optional(arg.integer, 1, code, 0) == 0)
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Files

for name, default in next, {cd = "/", mkdir = false, ls = false, df = "/"} do
  os[name] = function(path)
    return pass(request("os." .. name, arg.optional(arg.string, 1, path, default or nil)))
  end
end

for _, name in next, {"exists", "remove", "cat", "more", "edit"} do
  os[name] = function(...)
    return pass(request("os." .. name, arg.string(1, ...)))
  end
end

for _, name in next, {"rename", "cp"} do
  os[name] = function(...)
    return pass(request("os." .. name, arg.string(1, ...), arg.string(2, select(2, ...))))
  end
end

function os.format(...)
  local path = arg.string(1, ...)
  local kind = request("fs.format_name", path)
  if not kind then
    request("console.write", path .. " can't be formatted\r\n")
    return
  end
  local key
  repeat
    request("console.write", "\r\027[2KAll data in " .. path .. " will be erased. Continue? [y/n]: ")
    key = request("console.read")
  until find(key, "^[YyNn]")
  request("console.write", "\n")
  if find(key, "^[Yy]") then
    request("console.write", "Formatting " .. path .. " as " .. kind .. " file system ...\r\n")
    request("os.format", path)
  else
    request("console.write", "Formatting canceled\r\n")
  end
end

function os.tmpname()
  local path = request("os.tmpname")
  if not path then
    raise("unable to generate a unique filename")
  end
  return path
end

-------------------------------------------------------------------------------------------------------------------
-- Console and log

-- Switches: exactly one argument sets, otherwise the state is returned.
for _, name in next, {"shell", "history", "logcons"} do
  os[name] = function(...)
    if select("#", ...) == 1 then
      request("os." .. name, arg.boolean(1, ...))
      return
    end
    local state = request("os." .. name)
    return state
  end
end

function os.loglevel(...)
  local count = select("#", ...)
  if count == 0 then
    local mask = request("os.loglevel")
    return mask
  end
  local seen, levels = {}, {}
  for i = 1, count do
    local level = arg.integer(i, select(i, ...))
    if not seen[level] then
      seen[level] = true
      levels[#levels + 1] = level
    end
  end
  request("os.loglevel", unpack(levels, 1, #levels < 10 and #levels or 10)) -- there are nine; a tenth is wrong
end

function os.syslog(...)
  local message, level = arg.string(1, ...), select(2, ...)
  request("os.syslog", message, arg.optional(arg.integer, 2, level, 3))
end

K.optional_functions["os.rsyslog"] = function(...)
  local host = request("os.rsyslog", select("#", ...) == 1 and arg.string(1, ...) or nil)
  if host then
    return host
  end
end

function os.stdout(path)
  return pass(request("os.stdout", arg.optional(arg.string, 1, path)))
end

-- Without a text the host sends one. The firmware calls what `load` returns first with what it returns second: a chunk
-- with nil, or else nil.
function os.run(code)
  code = arg.optional(arg.string, 1, code, "")
  if code == "" then
    code = request("os.receive_chunk")
  end
  local chunk, message = K.compile(code, code)
  local ok, reason = K.pcall(chunk, message)
  if not ok then
    raise(K.tostring(reason))
  end
end

function os.execute() end

function os.getenv(...)
  if arg.string(1, ...) == "PATH" then
    return "/"
  end
  return nil
end

function os.setlocale(locale)
  if locale == nil or locale == "" or locale == "C" or locale == "POSIX" then
    return "C"
  end
  return nil
end

K.base_library.os = K.module("os", os)
