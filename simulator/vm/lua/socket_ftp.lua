-- socket.ftp: an FTP client (fs/lib/lua/socket/ftp.lua in components/lua/modules/luasocket).
local K = ...
local require = K.require
local concat, find, format, gsub, match = table.concat, string.find, string.format, string.gsub, string.match
local ipairs, next, setmetatable, type = ipairs, next, setmetatable, K.type
local socket, url, tp, ltn12 = require("socket"), require("socket.url"), require("socket.tp"), require("ltn12")

local ftp = {TIMEOUT = 60, USER = "ftp", PASSWORD = "anonymous@anonymous.org"}
socket.ftp = ftp
local PORT = 21

local methods = {}
local meta = {__index = methods}

function ftp.open(server, port, create)
  local session = setmetatable({tp = socket.try(tp.connect(server, port or PORT, ftp.TIMEOUT, create))}, meta)
  session.try = socket.newtry(function()
    session:close()
  end)
  return session
end

-- Send a command, and return number and text of a reply that is as wanted.
local function ask(session, wanted, ...)
  session.try(session.tp:command(...))
  return session.try(session.tp:check(wanted))
end

-- After a preliminary reply comes the final one.
local function await_end(session, code)
  if find(code, "1..") then
    session.try(session.tp:check("2.."))
  end
end

-------------------------------------------------------------------------------------------------------------------
-- The data connection: the client makes it (passive), or the server does.

function methods:portconnect()
  self.try(self.server:settimeout(ftp.TIMEOUT))
  self.data = self.try(self.server:accept())
  self.try(self.data:settimeout(ftp.TIMEOUT))
end

function methods:pasvconnect()
  self.data = self.try(socket.tcp())
  self.try(self.data:settimeout(ftp.TIMEOUT))
  self.try(self.data:connect(self.pasvt.address, self.pasvt.port))
end

local function become_passive(session, address, port)
  session.pasvt = {address = address, port = port}
  if session.server then
    session.server:close()
    session.server = nil
  end
  return address, port
end

function methods:pasv()
  local _, reply = ask(self, "2..", "pasv")
  local a, b, c, d, high, low = match(reply, "(%d+)%D(%d+)%D(%d+)%D(%d+)%D(%d+)%D(%d+)")
  self.try(low, reply)
  return become_passive(self, format("%d.%d.%d.%d", a, b, c, d), high * 256 + low)
end

function methods:epsv()
  local _, reply = ask(self, "229", "epsv")
  local _, _, _, port = match(reply, "%((.)(.-)%1(.-)%1(.-)%1%)")
  self.try(port, "invalid epsv response")
  return become_passive(self, (self.tp:getpeername()), port)
end

local function become_active(session, address, port)
  session.pasvt = nil
  if address then
    return address, port
  end
  session.server = session.try(socket.bind((session.try(session.tp:getsockname())), 0))
  address, port = session.try(session.server:getsockname())
  session.try(session.server:settimeout(ftp.TIMEOUT))
  return address, port
end

-- The library divides by a function that Lua 5.3 does not have, so this always fails.
function methods:port(address, port)
  address, port = become_active(self, address, port)
  K.callable(math.mod)(port, 256)
end

function methods:eprt(family, address, port)
  address, port = become_active(self, address, port)
  ask(self, "2..", "eprt", format("|%s|%s|%d|", family, address, port))
  return 1
end

-------------------------------------------------------------------------------------------------------------------
-- Commands

function methods:greet()
  await_end(self, (self.try(self.tp:check{"1..", "2.."})))
  return 1
end

function methods:login(user, password)
  if ask(self, {"2..", 331}, "user", user or ftp.USER) == 331 then
    ask(self, "2..", "pass", password or ftp.PASSWORD)
  end
  return 1
end

function methods:cwd(directory)
  ask(self, 250, "cwd", directory)
  return 1
end

function methods:type(kind)
  ask(self, 200, "type", kind)
  return 1
end

function methods:quit()
  ask(self, "2..", "quit")
  return 1
end

function methods:close()
  if self.data then
    self.data:close()
  end
  if self.server then
    self.server:close()
  end
  return self.tp:close()
end

-- Begin to move data by a command, and return the first reply.
local function begin_transfer(session, what, default)
  session.try(session.pasvt or session.server, "need port or pasv first")
  if session.pasvt then
    session:pasvconnect()
  end
  local argument = what.argument or url.unescape((gsub(what.path or "", "^[/\\]", "")))
  return ask(session, {"1..", "2.."}, what.command or default, argument ~= "" and argument or nil)
end

function methods:send(what)
  local code = begin_transfer(self, what, "stor")
  if not self.pasvt then
    self:portconnect()
  end
  local sink = socket.sink("close-when-done", self.data)
  self.try(ltn12.pump.all(what.source, sink, what.step or ltn12.pump.step))
  await_end(self, code)
  self.data:close()
  local _, sent = self.data:getstats()
  self.data = nil
  return sent
end

function methods:receive(what)
  local code, reply = begin_transfer(self, what, "retr")
  if code >= 200 and code <= 299 then
    what.sink(reply)
    return 1
  end
  if not self.pasvt then
    self:portconnect()
  end
  self.try(ltn12.pump.all(socket.source("until-closed", self.data), what.sink, what.step or ltn12.pump.step))
  await_end(self, code)
  self.data:close()
  self.data = nil
  return 1
end

-------------------------------------------------------------------------------------------------------------------
-- Everything at once

-- What a table asks for; its URL says what it does not say itself.
local function completed(given)
  if not given.url then
    return given
  end
  local what = url.parse(given.url)
  for name, value in next, given do
    what[name] = value
  end
  return what
end

local function session_for(what)
  local session = ftp.open(socket.try(what.host, "missing hostname"), what.port, what.create)
  session:greet()
  session:login(what.user, what.password)
  return session
end

local function transfer(given, move)
  local what = completed(given)
  local session = session_for(what)
  if what.type then
    session:type(what.type)
  end
  session:epsv()
  local result = session[move](session, what)
  session:quit()
  return result, session:close()
end

function ftp.genericform(address)
  local what = socket.try(url.parse(address, {path = "/", scheme = "ftp"}))
  socket.try(what.scheme == "ftp", "wrong scheme '" .. what.scheme .. "'")
  socket.try(what.host, "missing hostname")
  if what.params then
    what.type = match(what.params, "^type=(.)$")
    socket.try(what.type == "a" or what.type == "i", "invalid type '" .. (what.type or "nil") .. "'")
  end
  return what
end

ftp.put = socket.protect(function(what, body)
  if type(what) == "string" then
    what = ftp.genericform(what)
    what.source = ltn12.source.string(body)
  end
  return (transfer(what, "send"))
end)

ftp.get = socket.protect(function(what)
  if type(what) ~= "string" then
    local _, closed = transfer(what, "receive")
    return closed
  end
  what = ftp.genericform(what)
  local pieces = {}
  what.sink = ltn12.sink.table(pieces)
  transfer(what, "receive")
  return concat(pieces)
end)

ftp.command = socket.protect(function(given)
  local what = completed(given)
  socket.try(what.host, "missing hostname")
  socket.try(what.command, "missing command")
  local session = session_for(what)
  local is_list = type(what.command) == "table"
  local commands = is_list and what.command or {what.command}
  local arguments = is_list and (what.argument or {}) or {what.argument}
  local checks = is_list and (what.check or {}) or {what.check}
  for i, command in ipairs(commands) do
    session.try(session.tp:command(command, arguments[i]))
    if checks[i] then
      session.try(session.tp:check(checks[i]))
    end
  end
  session:quit()
  return session:close()
end)

return ftp
