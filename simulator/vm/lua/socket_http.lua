-- socket.http: an HTTP client (fs/lib/lua/socket/http.lua in components/lua/modules/luasocket). No HTTPS.
local K = ...
local require = K.require
local next, pack, setmetatable, tonumber, tostring, type, unpack =
  next, table.pack, setmetatable, tonumber, K.tostring, K.type, table.unpack
local concat, find, format, gsub, lower, match = table.concat, string.find, string.format, string.gsub, string.lower, string.match
local socket, url, ltn12, mime = require("socket"), require("socket.url"), require("ltn12"), require("mime")
local canonic = require("socket.headers").canonic

local http = {TIMEOUT = 60, USERAGENT = socket._VERSION}
socket.http = http
local PORT, PROXY_PORT, REDIRECTS_MAX = 80, 3128, 5

-------------------------------------------------------------------------------------------------------------------
-- Headers and chunks

-- Read headers into a table, by name in lower case.
local function receive_headers(object, headers)
  headers = headers or {}
  local line, reason = object:receive()
  while not reason and line ~= "" do
    local name, value = match(line, "^(.-):%s*(.*)")
    if not name then
      return nil, "malformed reponse headers"
    end
    line, reason = object:receive()
    while not reason and find(line, "^%s") do
      value = value .. line
      line, reason = object:receive()
    end
    name = lower(name)
    headers[name] = headers[name] and headers[name] .. ", " .. value or value
  end
  if reason then
    return nil, reason
  end
  return headers
end

socket.sourcet["http-chunked"] = function(object, headers)
  return K.socket_end(object, function()
    local line, reason = object:receive()
    if reason then
      return nil, reason
    end
    local size = tonumber((gsub(line, ";.*", "")), 16)
    if not size then
      return nil, "invalid chunk size"
    elseif size > 0 then
      local chunk
      chunk, reason = object:receive(size)
      if chunk then
        object:receive()
      end
      return chunk, reason
    end
    headers, reason = receive_headers(object, headers)
    if not headers then
      return nil, reason
    end
  end)
end

socket.sinkt["http-chunked"] = function(object)
  return K.socket_end(object, function(_, chunk)
    if not chunk then
      return object:send("0\r\n\r\n")
    end
    return object:send(format("%X\r\n", #chunk) .. chunk .. "\r\n")
  end)
end

-------------------------------------------------------------------------------------------------------------------
-- A connection

local methods = {}
local meta = {__index = methods}

function http.open(host, port, create)
  local object = socket.try((create or socket.tcp)())
  local connection = setmetatable({c = object}, meta)
  connection.try = socket.newtry(function()
    connection:close()
  end)
  connection.try(object:settimeout(http.TIMEOUT))
  connection.try(object:connect(host, port or PORT))
  return connection
end

function methods:sendrequestline(method, uri)
  return self.try(self.c:send(format("%s %s HTTP/1.1\r\n", method or "GET", uri)))
end

function methods:sendheaders(headers)
  local text = "\r\n"
  for name, value in next, headers do
    text = (canonic[name] or name) .. ": " .. value .. "\r\n" .. text
  end
  self.try(self.c:send(text))
  return 1
end

function methods:sendbody(headers, source, step)
  local mode = headers["content-length"] and "keep-open" or "http-chunked"
  return self.try(ltn12.pump.all(source or ltn12.source.empty(), socket.sink(mode, self.c), step or ltn12.pump.step))
end

-- The code and the line; or nil and what came in place of one.
function methods:receivestatusline()
  local line = self.try(self.c:receive(5))
  if line ~= "HTTP/" then
    return nil, line
  end
  line = self.try(self.c:receive("*l", line))
  local code = match(line, "HTTP/%d*%.%d* (%d%d%d)")
  return self.try(tonumber(code), line)
end

function methods:receiveheaders()
  return self.try(receive_headers(self.c))
end

function methods:receivebody(headers, sink, step)
  local length, encoding = tonumber(headers["content-length"]), headers["transfer-encoding"]
  local mode = length and "by-length" or "default"
  if encoding and encoding ~= "identity" then
    mode = "http-chunked"
  end
  local source = socket.source(mode, self.c, length)
  return self.try(ltn12.pump.all(source, sink or ltn12.sink.null(), step or ltn12.pump.step))
end

-- What comes from a server of the time before there were headers.
function methods:receive09body(status, sink, step)
  local source = ltn12.source.rewind(socket.source("until-closed", self.c))
  source(status)
  return self.try(ltn12.pump.all(source, sink, step))
end

function methods:close()
  return self.c:close()
end

-------------------------------------------------------------------------------------------------------------------
-- Requests

local function basic(user, password)
  return "Basic " .. (mime.b64(user .. ":" .. password))
end

local function all_headers(request, proxy)
  local headers = {
    ["user-agent"] = http.USERAGENT,
    host = (gsub(request.authority, "^.-@", "")),
    connection = "close, TE",
    te = "trailers",
  }
  if request.user and request.password then
    headers.authorization = basic(request.user, url.unescape(request.password))
  end
  if proxy and proxy.user and proxy.password then
    headers["proxy-authorization"] = basic(proxy.user, proxy.password)
  end
  for name, value in next, request.headers or {} do
    headers[lower(name)] = value
  end
  return headers
end

local DEFAULT = {host = "", port = PORT, path = "/", scheme = "http"}

-- The request with all that it needs: from its URL, from what it says itself, and by default.
local function completed(given)
  local request = given.url and url.parse(given.url, DEFAULT) or {}
  for name, value in next, given do
    request[name] = value
  end
  if request.port == "" then
    request.port = PORT
  end
  if not request.host or request.host == "" then
    socket.try(nil, "invalid host '" .. tostring(request.host) .. "'")
  end
  local proxy = request.proxy or http.PROXY
  proxy = proxy and url.parse(proxy)
  request.uri = given.uri or url.build(proxy and request or {
    path = socket.try(request.path, "invalid path 'nil'"),
    params = request.params,
    query = request.query,
    fragment = request.fragment,
  })
  request.headers = all_headers(request, proxy)
  if proxy then
    request.host, request.port = proxy.host, proxy.port or PROXY_PORT
  end
  return request
end

local REDIRECTIONS = {[301] = true, [302] = true, [303] = true, [307] = true}

local function is_redirected(request, code, headers)
  local location = gsub(headers.location or "", "%s", "")
  local scheme = match(location, "^([%w][%w%+%-%.]*)%:")
  return location ~= "" and (not scheme or scheme == "http") and request.redirect ~= false and REDIRECTIONS[code]
    and (not request.method or request.method == "GET" or request.method == "HEAD")
    and (request.nredirects or 0) < REDIRECTS_MAX
end

local function has_body(request, code)
  return request.method ~= "HEAD" and code ~= 204 and code ~= 304 and (code < 100 or code >= 200)
end

local function send_request(given)
  local request = completed(given)
  local connection = http.open(request.host, request.port, request.create)
  connection:sendrequestline(request.method, request.uri)
  connection:sendheaders(request.headers)
  if request.source then
    connection:sendbody(request.headers, request.source, request.step)
  end
  local code, status = connection:receivestatusline()
  if not code then
    connection:receive09body(status, request.sink, request.step)
    return 1, 200
  end
  local headers = connection:receiveheaders()
  while code == 100 do
    code, status = connection:receivestatusline()
    headers = connection:receiveheaders()
  end
  if is_redirected(request, code, headers) and not request.source then
    connection:close()
    local location = headers.location
    local results = pack(send_request {
      url = url.absolute(given.url, location),
      source = given.source,
      sink = given.sink,
      headers = given.headers,
      proxy = given.proxy,
      nredirects = (given.nredirects or 0) + 1,
      create = given.create,
    })
    results[3] = results[3] or {}
    results[3].location = results[3].location or location
    return unpack(results, 1, 4)
  end
  if has_body(request, code) then
    connection:receivebody(headers, request.sink, request.step)
  end
  connection:close()
  return 1, code, headers, status
end

-- The table for a request that is only a URL and perhaps the body of a form.
function http.genericform(address, body)
  local target = {}
  local request = {url = address, sink = ltn12.sink.table(target), target = target}
  if body then
    request.source = ltn12.source.string(body)
    request.headers = {["content-length"] = #body, ["content-type"] = "application/x-www-form-urlencoded"}
    request.method = "POST"
  end
  return request
end

http.request = socket.protect(function(request, body)
  if type(request) ~= "string" then
    return send_request(request)
  end
  local simple = http.genericform(request, body)
  local _, code, headers, status = send_request(simple)
  return concat(simple.target), code, headers, status
end)

return http
