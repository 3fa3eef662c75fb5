-- The main Lua thread: start-up scripts, then the prompt (components/lua/src/lua.c, lua_adds.inc, shell.c).
local K = ...
local request, raw = K.request, K.raw
local compile, error, pcall, rawget, xpcall, type = K.compile, error, raw.pcall, rawget, raw.xpcall, raw.type
local find, gmatch, sub = string.find, string.gmatch, string.sub
local pack, unpack = table.pack, table.unpack
local base, globals = K.base_library, K.globals

local function write(text)
  request("console.write", text)
end

-- report of lua.c, with the program's name in front for the boot scripts.
local function report(message, prefix)
  if type(message) == "string" or type(message) == "number" then
    request("lua.error", (prefix or "") .. message, prefix and "script" or "prompt")
  end
end

-- msghandler of lua.c: what the prompt and the boot scripts run under.
local function message_handler(message)
  if K.is_off() then
    return message
  end
  if type(message) ~= "string" and type(message) ~= "number" then
    local meta = raw.debug.getmetatable(message)
    local convert = meta and rawget(meta, "__tostring")
    local text = convert ~= nil and convert(message)
    if type(text) == "string" then
      return text
    end
    message = K.error_text(message)
  end
  if not K.traceback then
    K.library("traceback")
  end
  local text = K.traceback(message, 1) -- no tail call: levels are counted from here
  return text
end

-- docall of lua.c: Ctrl-C reaches a chunk only while it runs.
local function call(chunk, ...)
  request("lua.running", true)
  local results = pack(xpcall(chunk, message_handler, ...))
  request("lua.running", false)
  return results
end

local function run_script(path)
  if not request("fs.readable", path) then
    return
  end
  write("Executing " .. path .. " ...\n")
  local chunk, message = K.load_file(path)
  if not chunk then
    report(message, "lua: ")
    return
  end
  local results = call(chunk, request("script.arguments"))
  if not results[1] then
    report(results[2], "lua: ")
  end
end

-- The text of a prompt: a global overrides it.
local function prompt(name, default)
  local value = rawget(globals, name)
  if type(value) == "string" or type(value) == "number" then
    return value .. ""
  end
  return default
end

-- The function that a shell command names: "os.cat" or "dofile".
local function command_function(path)
  local value = base
  for name in gmatch(path, "[^.]+") do
    value = value[name]
  end
  return value
end

-- Run a line as a shell command if it is one; returns the line that is left for Lua. In the middle of a statement the
-- firmware looks for the result in the wrong place, and shows none.
local function shell(line, continues)
  local answer = pack(request("console.shell", line))
  local kind, what, shows_result = answer[1], answer[2], answer[3]
  if kind == "lua" then
    return what
  elseif kind == "usage" then
    write(what)
    return "", false
  end
  local results = pack(pcall(command_function(what), unpack(answer, 4, answer.n)))
  local first, second = results[2], results[3]
  if continues or not shows_result then
    return "", true
  elseif first == nil and type(second) == "string" then
    write(second .. "\r\n")
  elseif (type(first) == "string" or type(first) == "number") and rawget(globals, "_PROMPT") == nil then
    write(first .. "\r\n")
  end
  return "", true
end

-- A line from the editor; nil when Ctrl-C threw it away. A shell command in the middle of a statement is carried out,
-- but its stack handling throws the statement away, and joining the lines then fails where nothing protects it.
local function read_line(text, continues)
  local line = request("console.read_line", text)
  if not line or not request("os.shell") then
    return line
  end
  local rest, was_command = shell(line, continues)
  if was_command and continues then
    error("attempt to concatenate a nil value", 0)
  end
  return rest
end

-- A complete statement or expression, as a function; or nil and the message; or nil alone if there is none.
local function read_chunk()
  local line = read_line(prompt("_PROMPT", request("os.pwd") .. " > "))
  if not line then
    write("\n")
    return nil
  end
  if sub(line, 1, 1) == "=" then
    line = "return " .. sub(line, 2)
  end
  local chunk = compile("return " .. line .. ";", "=stdin")
  if chunk then
    return chunk
  end
  while true do
    local message
    chunk, message = compile(line, "=stdin")
    if chunk then
      return chunk
    end
    if not find(message, "<eof>$") then
      return nil, message
    end
    local more = read_line(prompt("_PROMPT2", ">> "), true)
    if not more then
      return nil
    end
    line = line .. "\n" .. more
  end
end

local function prompt_loop()
  while true do
    local chunk, message = read_chunk()
    if chunk then
      local results = call(chunk)
      if not results[1] then
        report(results[2])
      elseif results.n > 1 then
        local ok, reason = pcall(globals.print, unpack(results, 2, results.n))
        if not ok then
          local text = (type(reason) == "string" or type(reason) == "number") and reason or "(null)"
          report("error calling 'print' (" .. text .. ")")
        end
      end
    else
      report(message)
    end
  end
end

function K.main()
  write("Lua RTOS beta 0.1 powered by Lua 5.3.4\n")
  if request("console.scripts_aborted") then
    write("Lua RTOS-boot-scripts-aborted-ESP32\r\n")
  else
    write("\n")
    run_script("/system.lua")
    run_script("/autorun.lua")
    write("\n")
  end
  request("lua.boot_done")
  prompt_loop()
end
