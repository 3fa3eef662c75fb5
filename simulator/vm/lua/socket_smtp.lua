-- socket.smtp: sending mail (fs/lib/lua/socket/smtp.lua in components/lua/modules/luasocket).
local K = ...
local require = K.require
local find, format, lower = string.find, string.format, string.lower
local ipairs, next, setmetatable, type = ipairs, next, setmetatable, K.type
local coroutine, os, random = K.coroutine, K.base_library.os, K.base_library.math.random
local socket, tp, ltn12, mime = require("socket"), require("socket.tp"), require("ltn12"), require("mime")
local canonic = require("socket.headers").canonic

local smtp = {TIMEOUT = 60, SERVER = "localhost", PORT = 25, DOMAIN = "localhost", ZONE = "-0000"}
socket.smtp = smtp

local methods = {}
local meta = {__index = methods}

function smtp.open(server, port, create)
  local control = socket.try(tp.connect(server or smtp.SERVER, port or smtp.PORT, smtp.TIMEOUT, create))
  local session = setmetatable({tp = control}, meta)
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

-- Returns what the server can do.
function methods:greet(domain)
  self.try(self.tp:check("2.."))
  local _, reply = ask(self, "2..", "EHLO", domain or smtp.DOMAIN)
  return reply
end

function methods:mail(from)
  return ask(self, "2..", "MAIL", "FROM:" .. from)
end

function methods:rcpt(to)
  return ask(self, "2..", "RCPT", "TO:" .. to)
end

function methods:data(source, step)
  ask(self, "3..", "DATA")
  self.try(self.tp:source(source, step))
  self.try(self.tp:send("\r\n.\r\n"))
  return self.try(self.tp:check("2.."))
end

function methods:quit()
  return ask(self, "2..", "QUIT")
end

function methods:close()
  return self.tp:close()
end

function methods:login(user, password)
  ask(self, "3..", "AUTH", "LOGIN")
  self.try(self.tp:send((mime.b64(user)) .. "\r\n"))
  self.try(self.tp:check("3.."))
  self.try(self.tp:send((mime.b64(password)) .. "\r\n"))
  return self.try(self.tp:check("2.."))
end

function methods:plain(user, password)
  return ask(self, "2..", "AUTH", "PLAIN " .. (mime.b64("\0" .. user .. "\0" .. password)))
end

function methods:auth(user, password, abilities)
  if not user or not password then
    return 1
  elseif find(abilities, "AUTH[^\n]+LOGIN") then
    return self:login(user, password)
  elseif find(abilities, "AUTH[^\n]+PLAIN") then
    return self:plain(user, password)
  end
  self.try(nil, "authentication not supported")
end

function methods:send(mail)
  self:mail(mail.from)
  for _, recipient in ipairs(type(mail.rcpt) == "table" and mail.rcpt or {mail.rcpt}) do
    self:rcpt(recipient)
  end
  self:data(ltn12.source.chain(mail.source, mime.stuff()), mail.step)
end

-------------------------------------------------------------------------------------------------------------------
-- Messages: a coroutine gives them piece by piece.

local give = coroutine.yield

local function lower_names(headers)
  local lowered = {}
  for name, value in next, headers or {} do
    lowered[lower(name)] = value
  end
  return lowered
end

local boundaries = 0

local function new_boundary()
  boundaries = boundaries + 1
  return format("%s%05d==%05u", os.date("%d%m%Y%H%M%S"), random(0, 99999), boundaries)
end

local function give_headers(headers)
  local text = "\r\n"
  for name, value in next, headers do
    text = (canonic[name] or name) .. ": " .. value .. "\r\n" .. text
  end
  give(text)
end

local give_message

local function give_parts(headers, body)
  local boundary = new_boundary()
  headers["content-type"] = (headers["content-type"] or "multipart/mixed") .. '; boundary="' .. boundary .. '"'
  give_headers(headers)
  if body.preamble then
    give(body.preamble)
    give("\r\n")
  end
  for _, part in ipairs(body) do
    give("\r\n--" .. boundary .. "\r\n")
    give_message(part)
  end
  give("\r\n--" .. boundary .. "--\r\n\r\n")
  if body.epilogue then
    give(body.epilogue)
    give("\r\n")
  end
end

function give_message(message)
  local headers, body = lower_names(message.headers), message.body
  if type(body) == "table" then
    give_parts(headers, body)
    return
  end
  headers["content-type"] = headers["content-type"] or 'text/plain; charset="iso-8859-1"'
  give_headers(headers)
  if type(body) ~= "function" then
    give(body)
    return
  end
  local chunk, reason = body()
  while chunk or reason do
    give(not reason and chunk or nil, reason)
    chunk, reason = body()
  end
end

-- A source of a message, to which the headers are added that every mail has.
function smtp.message(message)
  local headers = lower_names(message.headers)
  headers.date = headers.date or os.date("!%a, %d %b %Y %H:%M:%S ") .. (message.zone or smtp.ZONE)
  headers["x-mailer"] = headers["x-mailer"] or socket._VERSION
  headers["mime-version"] = "1.0"
  message.headers = headers
  local giver = coroutine.create(function()
    give_message(message)
  end)
  return function()
    local ok, chunk, reason = coroutine.resume(giver)
    if ok then
      return chunk, reason
    end
    return nil, chunk
  end
end

smtp.send = socket.protect(function(mail)
  local session = smtp.open(mail.server, mail.port, mail.create)
  local abilities = session:greet(mail.domain)
  session:auth(mail.user, mail.password, abilities)
  session:send(mail)
  session:quit()
  return session:close()
end)

return smtp
