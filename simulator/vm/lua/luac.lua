-- compile and decompile (components/lua/modules/sys/lbaselib_adds.inc, components/lua/src/luac.c). What is wrong with a
-- file is printed, and is no error.
local K = ...
local arg, raise, request = K.arg, K.raise, K.request
local select = select
local dump = K.raw.dump

-- Without a destination the file is listed.
local function luac(path, destination)
  local source, reason = K.source_of(path)
  local chunk
  if source then
    chunk, reason = K.load_source(source, "@" .. path)
  end
  if chunk then
    request("bytecode.luac", destination, dump(chunk), not K.is_bytecode(source) and source or nil)
  else
    request("console.write", "luac: " .. reason .. "\n")
  end
end

function K.base_library.compile(...)
  local path, destination = arg.string(1, ...), select(2, ...)
  destination = arg.optional(arg.string, 2, destination, "")
  if path == destination then
    raise(path .. " and " .. destination .. " are identical. Can't compile.")
  end
  luac(path, destination == "" and path .. "c" or destination)
end

function K.base_library.decompile(...)
  luac(arg.string(1, ...))
end
