-- The main Lua thread: start-up scripts, then the prompt (components/lua/src/lua.c, lua_adds.inc, shell.c).
local K = ...
local request, raw = K.request, K.raw
local error, load, pcall, xpcall, type = error, load, raw.pcall, raw.xpcall, raw.type
local format, find, sub = string.format, string.find, string.sub
local pack, unpack = table.pack, table.unpack
local base = K.base_library

local function write(text)
  request("console.write", text)
end

-- l_message of lua.c: report an error, with the program's name in front for the boot scripts.
local function report(message, prefix)
  if message ~= nil then
    if type(message) ~= "string" and type(message) ~= "number" then
      message = "(error object is a " .. K.type(message) .. " value)"
    end
    request("lua.error", (prefix or "") .. message, prefix and "script" or "prompt")
  end
end

-- docall of lua.c: Ctrl-C reaches a chunk only while it runs.
local function call(chunk, ...)
  request("lua.running", true)
  local results = pack(xpcall(chunk, K.message_handler, ...))
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
  local value = K.globals[name]
  if type(value) == "string" or type(value) == "number" then
    return value .. ""
  end
  return default
end

-- The function that a shell command names: "os.cat" or "dofile".
local function command_function(path)
  local value = base
  for name in path:gmatch("[^.]+") do
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
  elseif (type(first) == "string" or type(first) == "number") and K.globals._PROMPT == nil then
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

-- A complete statement or expression, as a function, and whether it is an expression; or nil and the message; or nil
-- alone if there is none.
local function read_chunk()
  local line = read_line(prompt("_PROMPT", request("os.pwd") .. " > "))
  if not line then
    write("\n")
    return nil
  end
  if sub(line, 1, 1) == "=" then
    line = "return " .. sub(line, 2)
  end
  local chunk = load("return " .. line .. ";", "=stdin", "t")
  if chunk then
    return chunk, true
  end
  while true do
    local message
    chunk, message = load(line, "=stdin", "t")
    if chunk then
      return chunk, false
    end
    if not find(message, "<eof>$") and not find(message, "<eof>'$") then
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
      K.at_prompt = message
      local results = call(chunk)
      K.at_prompt = false
      if not results[1] then
        report(results[2])
      elseif results.n > 1 then
        local ok, reason = pcall(K.globals.print, unpack(results, 2, results.n))
        if not ok then
          report(format("error calling 'print' (%s)", K.tostring(reason)))
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
