-- socket: what LuaSocket adds to its core in Lua (fs/lib/lua/socket.lua in components/lua/modules/luasocket): bind,
-- and LTN12 sources and sinks for sockets.
local K = ...
local require = K.require
local error, ipairs, setmetatable, tostring, type = error, ipairs, setmetatable, K.tostring, K.type
local socket = require("socket.core")

socket.BLOCKSIZE = 2048
socket.try = socket.newtry()

for suffix, family in next, {["4"] = "inet", ["6"] = "inet6"} do
  socket["connect" .. suffix] = function(address, port, local_address, local_port)
    return K.pass(socket.connect(address, port, local_address, local_port, family))
  end
end

-- A listening socket, or nil and why not.
local function listening(entry, port, backlog)
  local server, reason = (entry.family == "inet" and socket.tcp4 or socket.tcp6)()
  if not server then
    return nil, reason
  end
  server:setoption("reuseaddr", true)
  local done
  done, reason = server:bind(entry.addr, port)
  if done then
    done, reason = server:listen(backlog)
  end
  if done then
    return server
  end
  server:close()
  return nil, reason
end

function socket.bind(host, port, backlog)
  local entries, reason = socket.dns.getaddrinfo(host == "*" and "0.0.0.0" or host)
  for _, entry in ipairs(entries or {}) do
    local server
    server, reason = listening(entry, port, backlog)
    if server then
      return server
    end
  end
  return nil, reason
end

-- A function that calls the one that a table has for its first argument; without a text the default.
function socket.choose(choices)
  return function(name, first, second)
    if type(name) ~= "string" then
      name, first, second = "default", name, first
    end
    local make = choices[name]
    if not make then
      error("unknown key (" .. tostring(name) .. ")", 3)
    end
    return make(first, second)
  end
end

-- Sources and sinks are called like functions, and socket.select can wait for them.
function K.socket_end(object, call)
  return setmetatable({
    getfd = function()
      return object:getfd()
    end,
    dirty = function()
      return object:dirty()
    end,
  }, {__call = call})
end

local sources, sinks = {}, {}

-- Exactly so many bytes, in blocks.
sources["by-length"] = function(object, length)
  return K.socket_end(object, function()
    if length <= 0 then
      return nil
    end
    local chunk, reason = object:receive(length < socket.BLOCKSIZE and length or socket.BLOCKSIZE)
    if reason then
      return nil, reason
    end
    length = length - #chunk
    return chunk
  end)
end

-- What comes until the other side closes; then this side does.
sources["until-closed"] = function(object)
  local is_done = false
  return K.socket_end(object, function()
    if is_done then
      return nil
    end
    local chunk, reason, partial = object:receive(socket.BLOCKSIZE)
    if not reason then
      return chunk
    elseif reason ~= "closed" then
      return nil, reason
    end
    is_done = true
    object:close()
    return partial
  end)
end
sources.default = sources["until-closed"]

sinks["keep-open"] = function(object)
  return K.socket_end(object, function(_, chunk)
    if chunk then
      return object:send(chunk)
    end
    return 1
  end)
end
sinks.default = sinks["keep-open"]

sinks["close-when-done"] = function(object)
  return K.socket_end(object, function(_, chunk)
    if chunk then
      return object:send(chunk)
    end
    object:close()
    return 1
  end)
end

socket.sourcet, socket.sinkt = sources, sinks
socket.source, socket.sink = socket.choose(sources), socket.choose(sinks)
return socket
