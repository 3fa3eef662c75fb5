-- net.service.http: the web server for files and Lua pages (components/http/httpsrv.c).
local K = ...
local arg, globals, raise, request = K.arg, K.globals, K.raise, K.request
local match = string.match
local next, rawget, rawset, select, setmetatable, type = next, rawget, rawset, select, setmetatable, K.raw.type

local http = {}
local HANDLE = "http_internal_handle" -- a global name while a page runs
local connections = setmetatable({}, {__mode = "k"}) -- its value -> the number that the host knows

-- The program of a page, run with what it is told of the request in global names.
local function run_page(number, program, method, uri, data, port, secure, address, remote_port, name)
  local chunk, message = K.load_file(program)
  if not chunk then
    request("httpd.failed", number, message, false)
    request("httpd.page_ended", number, false)
    return
  end
  local handle = {}
  K.userdata[handle], connections[handle] = true, number
  local names = {
    http_method = method, http_uri = uri, http_request = data, http_port = port, http_secure = secure,
    http_remote_addr = address, http_remote_port = remote_port, http_script_name = name, [HANDLE] = handle,
  }
  for key, value in next, names do
    rawset(globals, key, value)
  end
  local ok
  ok, message = K.pcall(chunk)
  if not ok then
    if type(message) ~= "string" and type(message) ~= "number" then
      message = "(null)"
    end
    request("httpd.failed", number, message .. "", true)
  end
  for key in next, names do
    rawset(globals, key, nil)
  end
  request("httpd.page_ended", number, true)
end

function http.start(...)
  local port, secure_port, certificate, key = ...
  port = arg.optional(arg.integer, 1, port, 80)
  secure_port = arg.optional(arg.integer, 2, secure_port, 443)
  certificate = arg.optional(arg.string, 3, certificate)
  key = arg.optional(arg.string, 4, key)
  K.callbacks[request("httpd.callback")] = {run_page}
  request("httpd.start", port, secure_port, certificate, key)
end

function http.stop()
  request("httpd.stop")
end

function http.running()
  local running = request("httpd.running")
  return running
end

-- The connection of the page that runs.
local function connection()
  local number = connections[rawget(globals, HANDLE)]
  if not number then
    raise("this function may only be called inside a lua script served by httpsrv")
  end
  return number
end

function http.print_chunk(...)
  local number = connection()
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if type(value) == "string" or type(value) == "number" then
      request("httpd.print", number, match(value .. "", "^[^\0]*"))
    end
  end
end

function http.set_headers(...)
  local code, title, extra, kind, length = ...
  code = arg.optional(arg.integer, 1, code, 200)
  title = arg.optional(arg.string, 2, title, "OK")
  extra = arg.optional(arg.string, 3, extra)
  kind = arg.optional(arg.string, 4, kind, "text/html")
  length = arg.optional(arg.integer, 5, length, -1)
  local sent = request("httpd.headers", connection(), code, title, extra, kind, length)
  return sent
end

function http.do_reboot()
  connection()
  request("httpd.reboot")
end

return K.module("net.service.http", http)
