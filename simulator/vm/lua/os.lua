-- os: Lua's own functions on the board's clock and files, and what Lua RTOS adds
-- (components/lua/src/loslib.c, components/lua/modules/sys/loslib_adds.inc).
local K = ...
local arg, pass, raise, request = K.arg, K.pass, K.raise, K.request
local pairs, select, tonumber, type = pairs, select, tonumber, type
local format = string.format
local raw_date = os.date

local os = {
  LOG_EMERG = 0, LOG_ALERT = 1, LOG_CRIT = 2, LOG_ERR = 3, LOG_WARNING = 4, LOG_NOTICE = 5, LOG_INFO = 6,
  LOG_DEBUG = 7, LOG_ALL = 255,
}

-- Functions that take no arguments and only ask.
for _, name in pairs {"board", "version", "cpu", "flashEUI", "bootcount", "resetreason", "luainterpreter", "clock",
  "factoryreset", "partitions", "clear", "pwd", "dmesg", "stats_print"} do
  os[name] = function()
    return pass(request("os." .. name))
  end
end
local print_stats = os.stats_print
os.stats_print = nil

function os.luarunning()
  return true
end

function os.stats(what)
  if what == "mem" then
    local free = request("os.free_memory")
    return free
  end
  print_stats()
end

-------------------------------------------------------------------------------------------------------------------
-- Time

local FIELDS = {
  {"year", nil}, {"month", nil}, {"day", nil}, {"hour", 12}, {"min", 0}, {"sec", 0},
}

-- The fields of a time table, as getfield of loslib.c takes them.
local function time_fields(t)
  local values = {}
  for i, field in pairs(FIELDS) do
    local name, default = field[1], field[2]
    local value = t[name]
    local integer = math.tointeger(tonumber(value))
    if value ~= nil and not integer then
      raise(format("field '%s' is not an integer", name))
    elseif not integer then
      if default == nil then
        raise(format("field '%s' missing in date table", name))
      end
      integer = default
    end
    values[i] = integer
  end
  return values[1], values[2], values[3], values[4], values[5], values[6]
end

function os.time(t)
  if t == nil then
    local now = request("os.now")
    return now
  end
  arg.table(1, t)
  local epoch = request("os.mktime", time_fields(t))
  if not epoch then
    raise("time result cannot be represented in this installation")
  end
  local normalised = raw_date("!*t", epoch)
  for name, value in pairs(normalised) do
    t[name] = value
  end
  return epoch
end

function os.date(pattern, when)
  pattern = arg.optional(arg.string, 1, pattern, "%c")
  when = arg.optional(arg.integer, 2, when) or request("os.now")
  if pattern:sub(1, 1) == "!" then
    pattern = pattern:sub(2)
  end
  local ok, text = K.raw.pcall(raw_date, "!" .. pattern, when) -- the board has no time zone
  if not ok then
    arg.error(1, (text:match("%((.*)%)$") or text))
  end
  return text
end

function os.difftime(a, b)
  return arg.number(1, a) - arg.optional(arg.number, 2, b, 0) + 0.0
end

function os.settime(...)
  local epoch
  if K.type((...)) == "table" then
    epoch = request("os.mktime", time_fields((...)))
  else
    local hour, min, sec, month, day, year = ...
    epoch = request("os.mktime", arg.integer(6, year), arg.integer(4, month), arg.integer(5, day),
      arg.integer(1, hour), arg.integer(2, min), arg.integer(3, sec))
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

function os.sleep(seconds)
  request("os.sleep", arg.integer(1, seconds, seconds == nil))
end

function os.exit(code)
  if code == nil or code == true or code == 0 then
    request("os.exit", true)
  elseif code == false then
    request("os.exit", false)
  else
    request("os.exit", arg.integer(1, code) == 0)
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Files

function os.cd(path)
  return pass(request("os.cd", arg.optional(arg.string, 1, path, "/")))
end

function os.mkdir(path)
  return pass(request("os.mkdir", arg.optional(arg.string, 1, path, "")))
end

function os.ls(path)
  return pass(request("os.ls", arg.optional(arg.string, 1, path, "")))
end

function os.df(path)
  return pass(request("os.df", arg.optional(arg.string, 1, path, "/")))
end

for _, name in pairs {"exists", "remove", "cat"} do
  os[name] = function(path)
    path = arg.string(1, path, path == nil)
    return pass(request("os." .. name, path))
  end
end

for _, name in pairs {"rename", "cp"} do
  os[name] = function(from, to)
    from = arg.string(1, from)
    to = arg.string(2, to, to == nil)
    return pass(request("os." .. name, from, to))
  end
end

local YES, NO = {y = true, Y = true}, {n = true, N = true}

function os.format(path)
  path = arg.string(1, path, path == nil)
  local kind = request("fs.format_name", path)
  if not kind then
    request("console.write", path .. " can't be formatted\r\n")
    return
  end
  local key
  repeat
    request("console.write", "\r\027[2KAll data in " .. path .. " will be erased. Continue? [y/n]: ")
    key = request("console.read")
  until YES[key] or NO[key]
  request("console.write", "\n")
  if YES[key] then
    request("console.write", "Formatting " .. path .. " as " .. kind .. " file system ...\r\n")
    request("os.format", path)
  else
    request("console.write", "Formatting canceled\r\n")
  end
end

function os.tmpname()
  raise("unable to generate a unique filename")
end

-------------------------------------------------------------------------------------------------------------------
-- Console and log

-- Switches: exactly one argument sets, otherwise the state is returned.
for _, name in pairs {"shell", "history", "logcons"} do
  os[name] = function(...)
    if select("#", ...) == 1 then
      request("os." .. name, arg.boolean(1, (...)))
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
  local levels = {...}
  for i = 1, count do
    levels[i] = arg.integer(i, levels[i])
  end
  request("os.loglevel", table.unpack(levels, 1, count))
end

function os.syslog(message, level)
  request("os.syslog", arg.string(1, message), arg.optional(arg.integer, 2, level, os.LOG_ERR))
end

function os.rsyslog(host)
  local current = request("os.rsyslog", arg.optional(arg.string, 1, host))
  if current then
    return current
  end
end

function os.stdout(path)
  return pass(request("os.stdout", arg.optional(arg.string, 1, path)))
end

function os.locks()
  request("os.locks")
end

-- Without a text the host sends one. One that does not compile is called all the same, and is nil.
function os.run(code)
  code = arg.optional(arg.string, 1, code, "")
  if code == "" then
    code = request("os.receive_chunk")
  end
  local ok, reason = K.pcall(K.base_library.load(code))
  if not ok then
    raise(K.tostring(reason))
  end
end

function os.execute() end

function os.getenv(name)
  if arg.string(1, name) == "PATH" then
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
