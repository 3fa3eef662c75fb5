-- socket.tp: what FTP and mail have in common, commands and replies with a number (fs/lib/lua/socket/tp.lua in
-- components/lua/modules/luasocket).
local K = ...
local ipairs, setmetatable, tonumber, type = ipairs, setmetatable, tonumber, K.type
local find, match, upper = string.find, string.match, string.upper
local socket, ltn12 = K.require("socket"), K.require("ltn12")

local tp = {TIMEOUT = 60}
socket.tp = tp

-- A reply: its number as text, and all its lines; or nil and what is wrong.
local function get_reply(control)
  local line, reason = control:receive()
  if reason then
    return nil, reason
  end
  local code, separator = match(line, "^(%d%d%d)(.?)")
  if not code then
    return nil, "invalid server reply"
  end
  local reply = line
  while separator == "-" do
    line, reason = control:receive()
    if reason then
      return nil, reason
    end
    reply = reply .. "\n" .. line
    if find(line, "^" .. code .. " ") then
      break
    end
  end
  return code, reply
end

local methods = {}

-- Wait for a reply with a number that fits a pattern or one of several; or let a function judge.
function methods:check(wanted)
  local code, reply = get_reply(self.c)
  if not code then
    return nil, reply
  elseif type(wanted) == "function" then
    return wanted(tonumber(code), reply)
  end
  for _, pattern in ipairs(type(wanted) == "table" and wanted or {wanted}) do
    if find(code, pattern) then
      return tonumber(code), reply
    end
  end
  return nil, reply
end

function methods:command(name, argument)
  return self.c:send(upper(name) .. (argument and " " .. argument or "") .. "\r\n")
end

function methods:sink(sink, pattern)
  return sink(self.c:receive(pattern))
end

function methods:source(source, step)
  return ltn12.pump.all(source, socket.sink("keep-open", self.c), step or ltn12.pump.step)
end

function methods:send(data)
  return self.c:send(data)
end

function methods:receive(pattern)
  return self.c:receive(pattern)
end

function methods:getpeername()
  return self.c:getpeername()
end

-- The address of the other side, too: the library's own slip.
methods.getsockname = methods.getpeername

function methods:getfd()
  return self.c:getfd()
end

function methods:dirty()
  return self.c:dirty()
end

function methods:getcontrol()
  return self.c
end

function methods:close()
  self.c:close()
  return 1
end

local meta = {__index = methods}

function tp.connect(host, port, timeout, create)
  local control, reason = (create or socket.tcp)()
  if not control then
    return nil, reason
  end
  control:settimeout(timeout or tp.TIMEOUT)
  local connected
  connected, reason = control:connect(host, port)
  if not connected then
    control:close()
    return nil, reason
  end
  return setmetatable({c = control}, meta)
end

return tp
