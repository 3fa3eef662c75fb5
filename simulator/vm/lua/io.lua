-- io: files on the board's file system, and the console as stdin, stdout and stderr.
--
-- A file is a table that passes for userdata. The host keeps the open file under a number; buffering for reads is
-- here, because lines and numbers are read a character at a time.
local K = ...
local arg, raise, request = K.arg, K.raise, K.request
local ipairs, rawget, select, setmetatable, tonumber, type = ipairs, rawget, select, setmetatable, tonumber, type
local concat, pack, unpack = table.concat, table.pack, table.unpack
local byte, find, format, match, sub = string.byte, string.find, string.format, string.match, string.sub

local READ_CHUNK = 512 -- bytes asked of the file system at a time
local CONSOLE = {} -- in place of the number of an open file

local methods = {}
local meta = {__index = methods, __name = "FILE*"}
local state = setmetatable({}, {__mode = "k"}) -- file -> {handle=, buffer=, standard=}

function meta.__tostring(file)
  if not state[file].handle then
    return "file (closed)"
  end
  return "file (" .. K.address_of(file) .. ")"
end

local function new_file(handle, standard)
  local file = setmetatable({}, meta)
  K.userdata[file] = true
  state[file] = {handle = handle, buffer = "", standard = standard}
  return file
end

function meta.__gc(file)
  local s = state[file]
  if s and s.handle and not s.standard then
    request("fs.close", s.handle)
  end
end

local function opened(file, index)
  local s = state[file]
  if not s then
    arg.error(index or 1, "FILE* expected, got " .. K.type(file))
  end
  if not s.handle then
    raise("attempt to use a closed file")
  end
  return s
end

-- A file's result: what was asked, or nil, text and errno.
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
    local data
    if s.handle == CONSOLE then
      data = request("console.read")
    else
      data = request("fs.read", s.handle, count - #s.buffer > READ_CHUNK and count - #s.buffer or READ_CHUNK)
    end
    if not data or data == "" then
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

local function read_line(s, keep_end)
  if s.handle == CONSOLE then
    -- The console ends a line at CR, and echoes what is typed.
    local typed = {}
    while true do
      fill(s, 1)
      local c = take(s, 1)
      if c == "" or c == "\r" then
        request("console.write", "\n")
        return concat(typed) .. (keep_end and "\n" or "")
      end
      request("console.write", c)
      typed[#typed + 1] = c
    end
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
  while true do
    fill(s, size)
    if #s.buffer < size then
      return take(s, #s.buffer)
    end
    size = size * 2
  end
end

local LONGEST_NUMERAL = 200 -- L_MAXLENNUM of liolib.c

local function read_number(s)
  fill(s, 1)
  while find(s.buffer, "^%s") do
    take(s, 1)
    fill(s, 1)
  end
  fill(s, LONGEST_NUMERAL)
  local head = sub(s.buffer, 1, LONGEST_NUMERAL)
  local text = match(head, "^[+-]?0[xX]%x*%.?%x*[pP][+-]?%d+") or match(head, "^[+-]?0[xX]%x*%.?%x*")
    or match(head, "^[+-]?%d*%.?%d*[eE][+-]?%d+") or match(head, "^[+-]?%d*%.?%d*")
  take(s, #text)
  return tonumber(text)
end

local function read_formats(s, first_index, ...)
  local count = select("#", ...)
  if count == 0 then
    return read_line(s, false)
  end
  local results = {}
  for i = 1, count do
    local what = (select(i, ...))
    local value
    if type(what) == "number" then
      local wanted = arg.integer(first_index + i - 1, what)
      if wanted == 0 then
        fill(s, 1)
        value = #s.buffer > 0 and "" or nil
      else
        fill(s, wanted)
        value = take(s, wanted)
        if value == "" then
          value = nil
        end
      end
    else
      local letter = match(arg.string(first_index + i - 1, what), "^%*?(.)")
      if letter == "n" then
        value = read_number(s)
      elseif letter == "l" then
        value = read_line(s, false)
      elseif letter == "L" then
        value = read_line(s, true)
      elseif letter == "a" then
        value = read_all(s)
      else
        arg.error(first_index + i - 1, "invalid format")
      end
    end
    results[i] = value
    if value == nil then
      return unpack(results, 1, i)
    end
  end
  return unpack(results, 1, count)
end

-------------------------------------------------------------------------------------------------------------------
-- Writing

local function write_values(file, s, first_index, ...)
  for i = 1, select("#", ...) do
    local text = arg.string(first_index + i - 1, (select(i, ...)))
    if s.handle == CONSOLE then
      request("console.write", text)
    else
      if s.buffer ~= "" then -- writing goes where reading stopped
        request("fs.seek", s.handle, "cur", -#s.buffer)
        s.buffer = ""
      end
      local ok, reason, errno = request("fs.write", s.handle, text)
      if not ok then
        return nil, reason, errno
      end
    end
  end
  return file
end

-------------------------------------------------------------------------------------------------------------------
-- Methods

function methods.close(file)
  local s = opened(file)
  if s.standard then
    return nil, "cannot close standard file"
  end
  local ok, text, errno = request("fs.close", s.handle)
  s.handle = nil
  return result(ok, text, errno)
end

function methods.flush(file)
  local s = opened(file)
  if s.standard then
    return true
  end
  return result(request("fs.flush", s.handle))
end

function methods.read(file, ...)
  return read_formats(opened(file), 2, ...)
end

function methods.write(file, ...)
  return write_values(file, opened(file), 2, ...)
end

function methods.seek(file, whence, offset)
  local s = opened(file)
  whence = arg.optional(arg.string, 2, whence, "cur")
  offset = arg.optional(arg.integer, 3, offset, 0)
  if whence ~= "set" and whence ~= "cur" and whence ~= "end" then
    arg.error(2, format("invalid option '%s'", whence))
  end
  if s.standard then
    return nil, "Illegal seek", 29
  end
  if whence == "cur" then
    offset = offset - #s.buffer
  end
  s.buffer = ""
  local position, text, errno = request("fs.seek", s.handle, whence, offset)
  return position, text, errno
end

function methods.setvbuf(file, mode)
  opened(file)
  arg.string(2, mode)
  return true -- the board's streams are unbuffered whatever is asked
end

local function line_reader(file, close_at_end, ...)
  local formats = pack(...)
  return function()
    local s = state[file]
    if not s.handle then
      raise("file is already closed")
    end
    local results = pack(read_formats(s, 2, unpack(formats, 1, formats.n)))
    if results[1] == nil and close_at_end then
      methods.close(file)
    end
    return unpack(results, 1, results.n)
  end
end

function methods.lines(file, ...)
  opened(file)
  local reader = line_reader(file, false, ...)
  return reader
end

-------------------------------------------------------------------------------------------------------------------
-- The library

local stdin, stdout, stderr = new_file(CONSOLE, true), new_file(CONSOLE, true), new_file(CONSOLE, true)
local default = {input = stdin, output = stdout}
local io = {stdin = stdin, stdout = stdout, stderr = stderr}

local function open(path, mode)
  local handle, text, errno = request("fs.open", path, mode)
  if not handle then
    return nil, text, errno
  end
  return new_file(handle)
end

function io.open(path, mode)
  path = arg.string(1, path)
  mode = arg.optional(arg.string, 2, mode, "r")
  if not match(mode, "^[rwa]%+?b?$") then
    arg.error(2, "invalid mode")
  end
  local file, text, errno = open(path, mode)
  return file, text, errno
end

function io.close(file)
  if file == nil then
    file = default.output
  end
  opened(file)
  local ok, text, errno = methods.close(file)
  return ok, text, errno
end

function io.read(...)
  return read_formats(opened(default.input), 1, ...)
end

function io.write(...)
  return write_values(default.output, opened(default.output), 1, ...)
end

function io.flush()
  return methods.flush(default.output)
end

local function choose(which, mode)
  return function(file)
    if file ~= nil then
      if type(file) == "string" then
        local opened_file, text = open(file, mode)
        if not opened_file then
          raise(text)
        end
        default[which] = opened_file
      else
        opened(file)
        default[which] = file
      end
    end
    return default[which]
  end
end
io.input, io.output = choose("input", "r"), choose("output", "w")

function io.lines(path, ...)
  if path == nil then
    return methods.lines(default.input, ...)
  end
  local file, text = open(arg.string(1, path), "r")
  if not file then
    raise(text)
  end
  return line_reader(file, true, ...)
end

function io.popen()
  raise("'popen' not supported")
end

function io.tmpfile()
  return nil, "Function not implemented", 88
end

function io.type(file)
  local s = state[file]
  if not s then
    return nil
  end
  return s.handle and "file" or "closed file"
end

-- nil, or {type = "file" or "directory", size = bytes}
function io.attributes(path)
  local kind, size = request("fs.stat", arg.string(1, path))
  if not kind then
    return nil
  end
  return {type = kind, size = size}
end

-------------------------------------------------------------------------------------------------------------------
-- The console as a wire for files

for _, name in ipairs {"receive", "send"} do
  io[name] = function(path)
    path = arg.optional(arg.string, 1, path, "")
    if path ~= "" then
      return K.pass(request("io." .. name, path))
    end
  end
end

K.io = io
