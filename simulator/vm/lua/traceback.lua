-- Tracebacks as lauxlib.c of Lua RTOS writes them. Built-in modules are not tables in package.loaded there, so most C
-- functions are named by how they were called ("in field 'ota'").
local K = ...
local group, is_hidden, is_ours, rotables = K.group, K.is_hidden, K.is_ours, K.rotables
local concat, format = table.concat, string.format
local getinfo, next, rawequal, rawget, type = K.raw.getinfo, next, rawequal, rawget, K.raw.type

local FIRST_FRAMES, LAST_FRAMES = 10, 11 -- LEVELS1 and LEVELS2 of lauxlib.c
local ENOUGH_LEVELS = 60 -- for that many frames

-- The name of a function that is in _G, or in a table there that is loaded as a module.
local function global_name(f)
  local globals = K.globals
  for name, value in next, globals do
    if type(name) == "string" then
      if rawequal(value, f) then
        return name
      end
    end
  end
  local package = rawget(globals, "package")
  local loaded = type(package) == "table" and rawget(package, "loaded")
  if type(loaded) ~= "table" then
    return nil
  end
  for module, contents in next, loaded do
    if type(module) == "string" and type(contents) == "table" and not rotables[contents] then
      for name, value in next, contents do
        if type(name) == "string" and rawequal(value, f) then
          return module .. "." .. name
        end
      end
    end
  end
end

local function frame_text(info)
  local ours = is_ours(info)
  local text
  if ours then
    text = "[C]:"
  elseif info.currentline > 0 then
    text = format("%s:%d:", info.short_src, info.currentline)
  else
    text = info.short_src .. ":"
  end
  local what, name = info.namewhat, info.name
  local global = global_name(info.func)
  if global then
    text = format("%s in function '%s'", text, global)
  elseif what ~= "" then
    text = format("%s in %s '%s'", text, what, name)
  elseif info.what == "main" and not ours then
    text = text .. " in main chunk"
  elseif info.what ~= "C" and not ours then
    text = format("%s in function <%s:%d>", text, info.short_src, info.linedefined)
  else
    text = text .. " in ?"
  end
  if info.istailcall then
    text = text .. "\n\t(...tail calls...)"
  end
  return text
end

-- The texts of the frames from `level` of the caller on, `limit` groups at most.
local function texts(level, co, limit)
  local lines, info = {}, nil
  if not co then
    level = level + 1
  end
  for _ = 1, limit do
    info, level = group(level, co)
    if not info then
      break
    elseif not is_hidden(info) then
      lines[#lines + 1] = frame_text(info)
    end
  end
  return lines
end

-- The deepest level of the caller.
local function last_level(co)
  local function is_there(level)
    if co then
      return getinfo(co, level, "l")
    end
    return getinfo(level + 2, "l")
  end
  local there, beyond = 1, 2
  while is_there(beyond) do
    there, beyond = beyond, beyond * 2
  end
  while there + 1 < beyond do
    local middle = (there + beyond) // 2
    if is_there(middle) then
      there = middle
    else
      beyond = middle
    end
  end
  return there
end

-- luaL_traceback: from level `n` on as a script counts, of the running function or of the coroutine `co`.
function K.traceback(message, n, co)
  local level = co and 0 or 1
  for i = 1, n do
    local info, behind = group(level, co)
    while info and i > 1 and is_hidden(info) do
      info, behind = group(behind, co)
    end
    level = behind
    if not level then
      break
    end
  end
  local first, last = {}, nil
  if level then
    local deepest = last_level(co)
    if deepest - level < 2 * ENOUGH_LEVELS then
      first = texts(level, co, deepest)
    else -- deep recursion: look at both ends only
      first, last = texts(level, co, ENOUGH_LEVELS), texts(deepest - ENOUGH_LEVELS, co, ENOUGH_LEVELS)
    end
  end
  if #first > FIRST_FRAMES + LAST_FRAMES + 1 then
    last = last or first
  end
  local lines = {(message and message .. "\n" or "") .. "stack traceback:"}
  for i = 1, last and FIRST_FRAMES or #first do
    lines[#lines + 1] = first[i]
  end
  if last then
    lines[#lines + 1] = "..."
    for i = #last - LAST_FRAMES + 1, #last do
      lines[#lines + 1] = last[i]
    end
  end
  return concat(lines, "\n\t")
end
