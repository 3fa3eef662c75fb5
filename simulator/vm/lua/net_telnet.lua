-- net.service.telnet: a function that gets the lines of Telnet clients (components/telnet/telnetsrv.c).
local K = ...
local arg, globals, raise, request = K.arg, K.globals, K.raise, K.request
local match = string.match
local rawget, rawset, select, type = rawget, rawset, select, K.raw.type

local telnet = {}
local HANDLE = "telnet_internal_handle" -- a global name while the function runs
local connections = setmetatable({}, {__mode = "k"}) -- its value -> the number that the host knows

-- What the host calls with a connection, the client's address and a line.
local function callback(f)
  return function(number, address, line)
    local handle = {}
    K.userdata[handle], connections[handle] = true, number
    rawset(globals, HANDLE, handle)
    K.pcall(f, address, line)
    rawset(globals, HANDLE, nil)
  end
end

function telnet.start(...)
  local port = arg.optional(arg.integer, 1, (...), 23)
  local silence = 60
  if port ~= 0 then
    local f = arg["function"](2, select(2, ...))
    silence = arg.optional(arg.integer, 3, (select(3, ...)), 60)
    K.callbacks[request("telnet.callback")] = {callback(f)}
  end
  request("telnet.start", port, silence)
end

function telnet.stop()
  request("telnet.stop")
end

function telnet.running()
  local running = request("telnet.running")
  return running
end

function telnet.print(...)
  local number = connections[rawget(globals, HANDLE)]
  if not number then
    raise("this function may only be called inside a lua callback served by telnetsrv")
  end
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if type(value) == "string" or type(value) == "number" then
      request("telnet.print", number, match(value .. "", "^[^\0]*"))
    end
  end
end

return K.module("net.service.telnet", telnet)
