-- Modules: read-only tables in flash, "rotables", a type of its own on the device; here tables that pass for one.
--
-- What the documented API has and our files lack comes from the catalogue (simulator.vm.api) when a script first looks
-- for a name that is not there: constants and tables of constants as they are, functions as functions that say that
-- they are not simulated yet. Most of our files are loaded on first use, too.
local K = ...
local raise = K.raise
local match = string.match
local next, rawget, setmetatable = next, rawget, setmetatable
local type = K.raw.type

local rotables = {} -- the table that a script gets -> its path, "net.wf"
local rotable_contents = {} -- and -> the table with what is in it
local paths = {} -- contents -> path, as long as the catalogue was not asked
K.rotables, K.rotable_contents = rotables, rotable_contents

-- Tables of ours that pass for userdata: files, timers, mutexes.
K.userdata = setmetatable({}, {__mode = "k"})

function K.type(...)
  local value = ...
  if rotables[value] then
    return "rotable"
  elseif K.userdata[value] then
    return "userdata"
  end
  return type(value)
end

-- `note` says more, or is 0.
local function not_simulated(path, note)
  return function()
    raise(path .. " is not simulated yet" .. (note ~= 0 and " (" .. note .. ")" or ""))
  end
end

-- Modules within others that have a file of ours, which returns them.
local INNER_FILES = {
  ["net.curl"] = "net_curl", ["net.http"] = "net_http", ["net.scp"] = "net_scp", ["net.service.can"] = "net_can",
  ["net.service.captivedns"] = "net_captivedns", ["net.service.http"] = "net_web_server",
  ["net.service.mdns"] = "net_mdns", ["net.service.sntp"] = "net_sntp", ["net.service.ssh"] = "net_sshd",
  ["net.service.telnet"] = "net_telnet", ["net.ssh"] = "net_ssh",
}

-- Functions of ours that some builds lack, by their path: only the catalogue knows which.
K.optional_functions = {}

-- Add to a module what the catalogue has and our file has not.
local function complete_module(contents)
  local path = paths[contents]
  paths[contents] = nil
  setmetatable(contents, nil)
  K.add_members(path, function(name, kind, value)
    if contents[name] ~= nil then
      return
    end
    local member = path .. "." .. name
    if kind == "function" then
      value = K.optional_functions[member] or not_simulated(member, value)
    elseif kind == "table" then
      value = INNER_FILES[member] and K.library(INNER_FILES[member]) or K.module(member, {})
    end
    contents[name] = value
  end)
end

local incomplete = {__index = function(contents, name)
  if type(name) ~= "string" then
    return nil
  end
  complete_module(contents)
  return contents[name]
end}

local function all_contents(module)
  local contents = rotable_contents[module]
  if paths[contents] then
    complete_module(contents)
  end
  return contents
end
K.all_contents = all_contents

local function refuse_assignment(module)
  local path = rotables[module]
  local field = match(path, "%.([^.]+)$")
  raise("attempt to index a rotable value (" .. (field and "field" or "global") .. " '" .. (field or path) .. "')")
end

local function count(module)
  local total = 0
  for _ in next, all_contents(module) do
    total = total + 1
  end
  return total
end

-- Make the module `path` of `contents`.
function K.module(path, contents)
  local module = setmetatable({}, {
    __index = contents,
    __newindex = refuse_assignment,
    __len = count,
    __metatable = false,
    __name = "rotable",
  })
  rotables[module] = path
  rotable_contents[module] = contents
  paths[contents] = path
  K.public[contents] = true
  setmetatable(contents, incomplete)
  return module
end

-------------------------------------------------------------------------------------------------------------------
-- The global names: the base library, the modules, and those that wait in files of ours or in the catalogue.

-- Those that every build has and many scripts use; the file of any other module that has one goes by its name, too.
local FILES = {
  compile = "luac", debug = "debug", decompile = "luac", fs = "fs", io = "io", net = "net", nvs = "nvs", os = "os",
  package = "package", require = "package", thread = "thread", tmr = "tmr",
}

local base, globals = {}, _G
K.base_library, K.globals = base, globals

local waiting_modules = {} -- names of modules that have nothing but what the catalogue says

local is_complete = false

local function complete_base()
  is_complete = true
  K.add_members("_G", function(name, kind, value)
    if FILES[name] or rawget(base, name) ~= nil then
      return
    elseif kind == "table" then
      waiting_modules[name] = true
    else
      base[name] = kind == "function" and not_simulated(name, value) or value
    end
  end)
end
K.public[base] = true

setmetatable(base, {__index = function(_, name)
  if FILES[name] then
    K.library(FILES[name])
    return rawget(base, name) or rawget(globals, name)
  elseif type(name) ~= "string" then
    if type(name) ~= "number" then
      K.arg.type_error(2, "string", name)
    end
    return nil
  end
  if not is_complete then
    complete_base()
  end
  if waiting_modules[name] then
    waiting_modules[name] = nil
    if K.has_library(name) then
      K.library(name)
    else
      base[name] = K.module(name, {})
    end
  end
  return rawget(base, name)
end})
