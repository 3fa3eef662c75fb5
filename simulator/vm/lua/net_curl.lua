-- net.curl: libcurl for scripts (components/lua/modules/net/net_service_curl.inc).
local K = ...
local arg, raise, request = K.arg, K.raise, K.request
local format, match = string.format, string.match
local next, rawget, rawlen, select, type = next, rawget, rawlen, select, K.raw.type
local math_type, unpack = math.type, table.unpack

local VERSION, NUMBER = "7.54.1-DEV", 0x073601
local ABOUT = [[
Curl version info
  version: %s - %d
Host: LUA-RTOS-ESP32
- IP V6 supported
- SSL supported
- LIBZ supported
- NTLM supported
- DEBUG NOT supported
- UNIX sockets NOT supported
Protocols:
]]
local PROTOCOLS = {
  "dict", "file", "ftp", "ftps", "gopher", "http", "https", "imap", "imaps", "pop3", "pop3s", "rtsp", "smtp",
  "smtps", "telnet", "tftp",
}
local IS_TEXT = {string = true, number = true} -- what C takes for a text

local curl = {}
local verbose, progress, timeout, limit = 1, 1, 60, 300000
local mail_server, mail_port = "smtp.gmail.com", 465

-- Texts of a C function end at their first NUL.
local function c_string(i, ...)
  return match(arg.string(i, select(i, ...)), "^[^\0]*")
end

-- What a transfer returns; nil and a text are an error.
local function result(ok, ...)
  if ok == nil then
    raise((...))
  end
  return ok, ...
end

function curl.get(...)
  local url, path = c_string(1, ...), nil
  if select("#", ...) > 1 then
    path = c_string(2, ...)
  end
  return result(request("curl.get", url, path, verbose, progress, timeout, limit))
end

-- Only fields whose key and value are texts or numbers count.
function curl.post(...)
  local url, fields = c_string(1, ...), (select(2, ...))
  local values, n = {}, 0
  if type(fields) == "table" then
    for key, value in next, fields do
      if IS_TEXT[type(key)] and IS_TEXT[type(value)] then
        key, value = match(key .. "", "^[^\0]*"), match(value .. "", "^[^\0]*")
        if key ~= "" and value ~= "" then
          values[n + 1], values[n + 2] = key, value
          n = n + 2
        end
      end
    end
  end
  return result(request("curl.post", url, verbose, progress, timeout, limit, unpack(values, 1, n)))
end

function curl.ftp(...)
  local uploads = arg.integer(1, ...) & 1 == 1
  local url, user, password = c_string(2, ...), c_string(3, ...), c_string(4, ...)
  local path
  if uploads or select("#", ...) > 4 then
    path = c_string(5, ...)
  end
  return result(request("curl.ftp", uploads, url, user, password, path, verbose, progress, timeout, limit))
end

-- Appends a list to `values`, its length first: of one text, or of the strings in a table.
local function append_list(values, listed)
  local n = #values + 1
  values[n] = 0
  if type(listed) == "table" then
    for i = 1, rawlen(listed) do
      local one = rawget(listed, i)
      if type(one) == "string" then
        values[#values + 1] = match(one, "^[^\0]*")
      end
    end
  elseif IS_TEXT[type(listed)] then
    values[#values + 1] = match(listed .. "", "^[^\0]*")
  end
  values[n] = #values - n
end

local function text_or(value, default)
  return IS_TEXT[type(value)] and match(value .. "", "^[^\0]*") or default
end

function curl.sendmail(options)
  if type(options) ~= "table" then
    raise("Table parameter expected!")
  end
  local user, password = text_or(options.user), nil
  if not user then
    return false, "user name not found"
  end
  password = text_or(options.pass)
  if not password then
    return false, "user password not found"
  end
  local subject = text_or(options.subj, "LUA_RTOS_ESP32")
  local to = options.to
  if not IS_TEXT[type(to)] and type(to) ~= "table" then
    return false, "recipient's email not found"
  end
  local values = {verbose, progress, timeout, user, password, subject}
  local copies, text = options.cc, text_or(options.msg, "Message from Lua_RTOS_ESP32")
  values[7] = text
  append_list(values, to)
  append_list(values, copies)
  local secure = options.secure ~= false
  local server, port = text_or(options.smtp, mail_server), options.port
  if math_type(port) ~= "integer" or port < 0 then
    port = mail_port
  end
  append_list(values, options.attach)
  return result(request("curl.sendmail", server, port, secure, unpack(values)))
end

function curl.verbose(...)
  if select("#", ...) > 0 then
    verbose = arg.integer(1, ...) & 1
  end
  return verbose
end

function curl.progress(...)
  if select("#", ...) > 0 then
    progress = arg.integer(1, ...) & 0xFF
    progress = progress > 20 and 5 or progress
  end
  return progress
end

function curl.timeout(...)
  if select("#", ...) > 0 then
    timeout = arg.integer(1, ...) & 0xFFFF
    timeout = timeout > 300 and 180 or timeout
  end
  return timeout
end

function curl.reclimit(...)
  if select("#", ...) > 0 then
    limit = arg.integer(1, ...) & 0xFFFFFFFF
    limit = limit > 3 * 1024 * 1024 and 300 * 1024 or limit
  end
  return limit
end

function curl.mailserver(...)
  local server, port = ...
  if select("#", ...) > 1 and IS_TEXT[type(server)] and math_type(port) == "integer" then
    server = server .. ""
    if #server <= 3 or #server >= 64 or port <= 0 or port >= 65536 then
      raise("Wrong parameter given!")
    end
    mail_server, mail_port = match(server, "^[^\0]*"), port
  end
  return mail_server, mail_port
end

function curl.cleanup()
end

function curl.info(...)
  if (...) == true then
    request("console.write", (format(ABOUT, VERSION, NUMBER):gsub("\n", "\r\n")))
    for i = 1, #PROTOCOLS do
      request("console.write", "- " .. PROTOCOLS[i] .. "\r\n")
    end
  end
  return VERSION, NUMBER
end

return K.module("net.curl", curl)
