-- require and package. C libraries cannot be loaded, but are looked for.
local K = ...
local arg, raise, request = K.arg, K.raise, K.request
local concat = table.concat
local find, format, gmatch, gsub, sub = string.find, string.format, string.gmatch, string.gsub, string.sub
local next, rawset, select, type = next, rawset, select, K.raw.type

local NO_LIBRARIES = "dynamic libraries not enabled; check your Lua installation"

local package = {
  config = "/\n;\n?\n!\n-\n",
  cpath = "/lib/lua/?.so;/lib/lua/loadall.so;./?.so",
  loaded = {},
  path = "/lib/share/lua/?.lua;/lib/share/lua/?/init.lua;/lib/lua/?.lua;/lib/lua/?/init.lua;./?.lua;./?/init.lua",
  preload = {},
}
local loaded, preload = package.loaded, package.preload

function package.loadlib(...)
  arg.string(1, ...)
  arg.string(2, select(2, ...))
  return nil, NO_LIBRARIES, "absent"
end

-- The file that a path of templates has for a name; or nil and the list of those that are not there.
local function search_path(name, path, separator, replacement)
  if separator ~= "" then
    name = gsub(name, gsub(separator, "%p", "%%%0"), (gsub(replacement, "%%", "%%%%")))
  end
  name = gsub(name, "%%", "%%%%")
  local tried = {}
  for template in gmatch(path, "[^;]+") do
    local file = gsub(template, "%?", name)
    if request("fs.readable", file) then
      return file
    end
    tried[#tried + 1] = "\n\tno file '" .. file .. "'"
  end
  return nil, concat(tried)
end

function package.searchpath(...)
  local name, path, separator, replacement = ...
  local file, tried = search_path(arg.string(1, ...), arg.string(2, select(2, ...)),
    arg.optional(arg.string, 3, separator, "."), arg.optional(arg.string, 4, replacement, "/"))
  if file then
    return file
  end
  return nil, tried
end

local function search(name, field)
  local path = package[field]
  if type(path) ~= "string" then
    raise(format("'package.%s' must be a string", field))
  end
  return search_path(name, path, ".", "/")
end

local function loading_failed(name, file, message)
  raise(format("error loading module '%s' from file '%s':\n\t%s", name, file, message))
end

local function search_preload(name)
  return preload[name] or format("\n\tno field package.preload['%s']", name)
end

local function search_lua(name)
  local file, tried = search(name, "path")
  if not file then
    return tried
  end
  local chunk, message = K.load_file(file)
  if not chunk then
    loading_failed(name, file, message)
  end
  return chunk, file
end

local function search_c(name)
  local file, tried = search(name, "cpath")
  if not file then
    return tried
  end
  loading_failed(name, file, NO_LIBRARIES)
end

-- "a.b" may be in the library of "a".
local function search_c_root(name)
  local dot = find(name, ".", 1, true)
  if dot then
    return search_c(sub(name, 1, dot - 1))
  end
end

package.searchers = {search_preload, search_lua, search_c, search_c_root}

-- Modules of the firmware that are no globals, each with a file of ours. A build may be without JSON.
local BUILT_IN = {cjson = "cjson", ["cjson.safe"] = "cjson", __socket = "socket_core", __mime = "mime_core"}
for name, file in next, BUILT_IN do
  if sub(name, 1, 2) == "__" or K.has_module(name) then
    preload[name] = function()
      return K.pass(K.library(file))
    end
  end
end

-- What the firmware's file system image has as Lua files. Ours are no files of the board, but one of the same name comes
-- first.
local FILES = {
  ["cjson.util"] = "cjson_util", ltn12 = "ltn12", mbox = "mbox", mime = "mime", ["mime.core"] = "__mime", socket = "socket",
  ["socket.core"] = "__socket", ["socket.ftp"] = "socket_ftp", ["socket.headers"] = "socket_headers",
  ["socket.http"] = "socket_http", ["socket.smtp"] = "socket_smtp", ["socket.tp"] = "socket_tp",
  ["socket.url"] = "socket_url",
}

local function find_loader(name)
  local searchers = package.searchers
  if type(searchers) ~= "table" then
    raise("'package.searchers' must be a table")
  end
  local messages = {}
  for i = 1, math.maxinteger do
    local searcher = searchers[i]
    if searcher == nil then
      break
    end
    local loader, extra = K.callable(searcher)(name)
    if type(loader) == "function" then
      return loader, extra
    elseif type(loader) == "string" then
      messages[#messages + 1] = loader
    end
  end
  local file = FILES[name]
  if file and (name ~= "cjson.util" or K.has_module(name)) then
    return function()
      return K.pass(BUILT_IN[file] and K.require(file) or K.library(file))
    end
  elseif K.has_module(name) then
    raise(name .. " is not simulated yet")
  end
  raise(format("module '%s' not found:%s", name, concat(messages)))
end

local function require(...)
  local name = arg.string(1, ...)
  if loaded[name] then
    return loaded[name]
  end
  local built_in = K.base_library[name] -- which loads it, if it waits in a file of ours
  if loaded[name] or K.rotables[built_in] then
    return loaded[name] or built_in
  end
  local loader, extra = find_loader(name)
  local value = loader(name, extra)
  if value ~= nil then
    loaded[name] = value
  elseif loaded[name] == nil then
    loaded[name] = true
  end
  return loaded[name]
end

K.require = require
loaded._G, loaded.io, loaded.package = K.globals, K.io, package
K.package = package
rawset(K.globals, "package", package)
rawset(K.globals, "require", require)
