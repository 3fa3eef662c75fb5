-- io: files on the board's file system, and the console as stdin, stdout and stderr
-- (components/lua/src/liolib.c, components/lua/modules/sys/liolib_adds.inc).
--
-- A file is a table that passes for userdata. The host keeps the open file under a number; buffering for reads is
-- here, because lines and numbers are read a character at a time.
local K = ...
local arg, is_absent, pass, raise, request = K.arg, K.is_absent, K.pass, K.raise, K.request
local next, rawset, select, setmetatable, tonumber = next, rawset, select, setmetatable, tonumber
local type = K.raw.type
local concat, pack, unpack = table.concat, table.pack, table.unpack
local find, format, match, sub = string.find, string.format, string.match, string.sub
local number_type = math.type

local READ_CHUNK = 512 -- bytes asked of the file system at a time
local CONSOLE = {} -- in place of the number of an open file

local methods = {}
local meta = {__index = methods, __name = "FILE*"}
local state = setmetatable({}, {__mode = "k"}) -- file -> {handle=, buffer=, failure=}

local function new_file(handle)
  local file = setmetatable({}, meta)
  K.userdata[file] = true
  state[file] = {handle = handle, buffer = ""}
  return file
end

-- The state of the file that a function was given.
local function state_of(...)
  local s = state[...]
  if not s then
    arg.type_error(1, "FILE*", ...)
  end
  return s
end

local function opened(...)
  local s = state_of(...)
  if not s.handle then
    raise("attempt to use a closed file")
  end
  return s
end

function meta.__tostring(...)
  if not state_of(...).handle then
    return "file (closed)"
  end
  return "file (" .. K.address_of((...)) .. ")"
end

function meta.__gc(...)
  local s = state_of(...)
  if s.handle and s.handle ~= CONSOLE then
    request("fs.close", s.handle)
  end
end

-- luaL_fileresult: true, or nil, text and errno.
local function result(ok, text, errno)
  if ok then
    return true
  end
  return nil, text, errno
end

-------------------------------------------------------------------------------------------------------------------
-- Reading

-- Make sure that the buffer holds `count` bytes, or as many as there are.
local function fill(s, count)
  while #s.buffer < count do
    local data, text, errno
    if s.handle == CONSOLE then
      data = request("console.read")
    else
      local missing = count - #s.buffer
      data, text, errno = request("fs.read", s.handle, missing > READ_CHUNK and missing or READ_CHUNK)
    end
    if not data then
      s.failure = {text, errno}
      return
    elseif data == "" then
      return
    end
    s.buffer = s.buffer .. data
  end
end

local function take(s, count)
  local data = sub(s.buffer, 1, count)
  s.buffer = sub(s.buffer, count + 1)
  return data
end

-- On the console a line ends at CR, and what is typed is echoed.
local function read_typed_line(s, keep_end)
  local typed = {}
  while true do
    fill(s, 1)
    local c = take(s, 1)
    if c == "" or c == "\r" then
      return concat(typed) .. (keep_end and c or "")
    end
    request("console.write", c)
    typed[#typed + 1] = c
  end
end

local function read_line(s, keep_end)
  if s.handle == CONSOLE then
    return read_typed_line(s, keep_end)
  end
  local from = 1
  while true do
    local at = find(s.buffer, "\n", from, true)
    if at then
      local line = take(s, at)
      return keep_end and line or sub(line, 1, -2)
    end
    from = #s.buffer + 1
    fill(s, from)
    if #s.buffer < from then
      local rest = take(s, #s.buffer)
      return rest ~= "" and rest or nil
    end
  end
end

local function read_all(s)
  local size = READ_CHUNK
  repeat
    fill(s, size)
    size = size * 2
  until #s.buffer < size // 2
  return take(s, #s.buffer)
end

local LONGEST_NUMERAL = 200 -- L_MAXLENNUM of liolib.c

-- What of a text looks like the beginning of a number, in the steps of l_read_number: nothing is given back, even if
-- it turns out to be none.
local function numeral(text)
  local head = match(text, "^[+-]?0[xX]") or match(text, "^[+-]?")
  local is_hexadecimal = find(head, "[xX]")
  local digits = is_hexadecimal and "^%x*" or "^%d*"
  local whole = match(text, digits, #head + 1)
  local point = match(text, "^%.?", #head + #whole + 1)
  local fraction = point == "" and "" or match(text, digits, #head + #whole + 2)
  local exponent = ""
  if whole .. fraction ~= "" then
    exponent = match(text, is_hexadecimal and "^[pP][+-]?%d*" or "^[eE][+-]?%d*", #head + #whole + #point + #fraction + 1) or ""
  end
  return head .. whole .. point .. fraction .. exponent
end

local function read_number(s)
  fill(s, 1)
  while find(s.buffer, "^%s") do
    take(s, 1)
    fill(s, 1)
  end
  if s.handle == CONSOLE then -- a character at a time: nobody waits for what comes behind the number
    while #s.buffer < LONGEST_NUMERAL and numeral(s.buffer) == s.buffer do
      fill(s, #s.buffer + 1)
    end
  else
    fill(s, LONGEST_NUMERAL)
  end
  local text = take(s, #numeral(sub(s.buffer, 1, LONGEST_NUMERAL)))
  return #text < LONGEST_NUMERAL and tonumber(text) or nil
end

local function read_bytes(s, count)
  fill(s, count == 0 and 1 or count)
  if s.buffer == "" then
    return nil
  end
  return take(s, count)
end

-- g_read. `...` are the formats, `index` the number of the first as an argument.
local function read(s, index, ...)
  s.failure = nil
  local results, count = {}, select("#", ...)
  if count == 0 then
    results[1], count = read_line(s, false), 1
  end
  for i = 1, select("#", ...) do
    local what = (select(i, ...))
    local value
    if type(what) == "number" then
      value = read_bytes(s, arg.integer(index + i - 1, what))
    else
      local letter = match(arg.string(index + i - 1, what), "^%*?(.)")
      if letter == "n" then
        value = read_number(s)
      elseif letter == "l" then
        value = read_line(s, false)
      elseif letter == "L" then
        value = read_line(s, true)
      elseif letter == "a" then
        value = read_all(s)
      else
        arg.error(index + i - 1, "invalid format")
      end
    end
    results[i] = value
    if value == nil then
      count = i
      break
    end
  end
  if s.failure then
    return nil, s.failure[1], s.failure[2]
  end
  return unpack(results, 1, count)
end

-------------------------------------------------------------------------------------------------------------------
-- Writing

-- g_write. `...` are the values, `index` the number of the first as an argument.
local function write(file, s, index, ...)
  for i = 1, select("#", ...) do
    local value = (select(i, ...))
    if type(value) == "number" then
      value = format(number_type(value) == "integer" and "%d" or "%.7g", value) -- no ".0" here
    else
      value = arg.string(index + i - 1, value)
    end
    if s.handle == CONSOLE then
      request("console.write", value)
    else
      if s.buffer ~= "" then -- writing goes where reading stopped
        request("fs.seek", s.handle, "cur", -#s.buffer)
        s.buffer = ""
      end
      local ok, text, errno = request("fs.write", s.handle, value)
      if not ok then
        return nil, text, errno
      end
    end
  end
  return file
end

-------------------------------------------------------------------------------------------------------------------
-- Methods

local function close(file, s)
  if s.handle == CONSOLE then
    return nil, "cannot close standard file"
  end
  local ok, text, errno = request("fs.close", s.handle)
  state[file].handle = nil
  return result(ok, text, errno)
end

local function flush(s)
  if s.handle == CONSOLE then
    return true
  end
  return result(request("fs.flush", s.handle))
end

function methods.close(...)
  return pass(close((...), opened(...)))
end

function methods.flush(...)
  return pass(flush(opened(...)))
end

function methods.read(...)
  return pass(read(opened(...), 2, select(2, ...)))
end

function methods.write(...)
  return pass(write((...), opened(...), 2, select(2, ...)))
end

local function option(index, value, default, ...)
  value = arg.optional(arg.string, index, value, default)
  for _, known in next, {...} do
    if value == known then
      return value
    end
  end
  arg.error(index, format("invalid option '%s'", value))
end

function methods.seek(...)
  local s = opened(...)
  local whence, offset = select(2, ...)
  whence = option(2, whence, "cur", "set", "cur", "end")
  offset = arg.optional(arg.integer, 3, offset, 0)
  if s.handle == CONSOLE then
    return nil, "Illegal seek", 29
  end
  if whence == "cur" then
    offset = offset - #s.buffer
  end
  s.buffer = ""
  local position, text, errno = request("fs.seek", s.handle, whence, offset)
  if position then
    return position
  end
  return nil, text, errno
end

function methods.setvbuf(...)
  opened(...)
  option(2, arg.string(2, select(2, ...)), nil, "no", "full", "line")
  return true -- the board's streams are unbuffered whatever is asked
end

local FORMATS_MAX = 250 -- MAXARGLINE of liolib.c

local function line_reader(file, closes_at_end, ...)
  local formats = pack(...)
  if formats.n > FORMATS_MAX then
    arg.error(FORMATS_MAX + 2, "too many arguments")
  end
  return function()
    local s = state[file]
    if not s.handle then
      raise("file is already closed")
    end
    local results = pack(read(s, 2, unpack(formats, 1, formats.n)))
    if results[1] == nil then
      if s.failure then
        raise(results[2])
      elseif closes_at_end then
        close(file, s)
      end
    end
    return unpack(results, 1, results.n)
  end
end

function methods.lines(...)
  opened(...)
  local reader = line_reader((...), false, select(2, ...))
  return reader
end

-------------------------------------------------------------------------------------------------------------------
-- The library

local contents = {}
local io = setmetatable({}, {__index = contents})
local stdin, stdout, stderr = new_file(CONSOLE), new_file(CONSOLE), new_file(CONSOLE)
io.stdin, io.stdout, io.stderr = stdin, stdout, stderr
local default = {input = stdin, output = stdout}

local function default_file(which)
  local s = state[default[which]]
  if not s.handle then
    raise(format("standard %s file is closed", which))
  end
  return s
end

local function open(path, mode)
  local handle, text, errno = request("fs.open", path, mode)
  if not handle then
    return nil, text, errno
  end
  K.note_finalizer(meta)
  return new_file(handle)
end

local function open_or_raise(path, mode)
  local file, text = open(path, mode)
  if not file then
    raise(format("cannot open file '%s' (%s)", path, sub(text, #path + 3)))
  end
  return file
end

function contents.open(...)
  local path, mode = arg.string(1, ...), select(2, ...)
  mode = arg.optional(arg.string, 2, mode, "r")
  if not match(mode, "^[rwa]%+?b*$") then
    arg.error(2, "invalid mode")
  end
  local file, text, errno = open(path, mode)
  if file then
    return file
  end
  return nil, text, errno
end

function contents.close(...)
  if is_absent(1, ...) then
    return pass(close(default.output, opened(default.output)))
  end
  return pass(close((...), opened(...)))
end

function contents.read(...)
  return pass(read(default_file("input"), 1, ...))
end

function contents.write(...)
  return pass(write(default.output, default_file("output"), 1, ...))
end

function contents.flush()
  return pass(flush(default_file("output")))
end

for which, mode in next, {input = "r", output = "w"} do
  contents[which] = function(...)
    local file = ...
    if type(file) == "string" or type(file) == "number" then
      default[which] = open_or_raise(file .. "", mode)
    elseif file ~= nil then
      opened(...)
      default[which] = file
    end
    return default[which]
  end
end

function contents.lines(...)
  local reader
  if ... == nil then
    opened(default.input)
    reader = line_reader(default.input, false, select(2, ...))
  else
    reader = line_reader(open_or_raise(arg.string(1, ...), "r"), true, select(2, ...))
  end
  return reader
end

function contents.popen(...)
  arg.string(1, ...)
  raise("'popen' not supported")
end

local temporary_files = 0

-- It has no name any more when a script gets it, as in newlib. Most boards have no /tmp.
function contents.tmpfile()
  local path = format("/tmp/tffffffff.%x", temporary_files) -- of the process -1
  temporary_files = temporary_files + 1
  local file, text, errno = open(path, "w+b")
  if not file then
    return nil, sub(text, #path + 3), errno
  end
  request("os.remove", path)
  return file
end

function contents.type(...)
  local s = state[arg.any(1, ...)]
  if not s then
    return nil
  end
  return s.handle and "file" or "closed file"
end

-- nil, or {type = "file" or "directory", size = bytes}
function contents.attributes(...)
  local kind, size = request("fs.stat", arg.string(1, ...))
  if not kind then
    return nil
  end
  return {type = kind, size = size}
end

-- The console as a wire for files
for _, name in next, {"receive", "send"} do
  contents[name] = function(path)
    path = arg.optional(arg.string, 1, path, "")
    if path ~= "" then
      return pass(request("io." .. name, path))
    end
  end
end

-- fgets(stdin): a line with its LF, the only end that it has here; not echoed, and cut after `limit` bytes.
function K.typed_line(limit)
  local s, line = state[stdin], ""
  repeat
    fill(s, 1)
    local c = take(s, 1)
    line = line .. c
  until c == "\n" or #line == limit
  return line
end

K.public[contents], K.public[methods] = true, true
K.io = io
rawset(K.globals, "io", io)
if K.package then
  K.package.loaded.io = io
end
