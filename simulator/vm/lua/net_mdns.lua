-- net.service.mdns: names and services of the local network (components/lua/modules/net/net_service_mdns.inc).
local K = ...
local arg, raise, request = K.arg, K.raise, K.request
local next, pack, select, unpack = next, table.pack, select, table.unpack
local find, format, type = string.find, string.format, type

local NAME_BYTES_MAX = 64
local TIMEOUT_SECONDS, RESULTS_MAX = 3, 20

local mdns = {}

local function check_length(text, error_name)
  if #text > NAME_BYTES_MAX then
    raise(request("net.exception", "mdns", error_name))
  end
end

-- The optional number at `index`; 0 is as good as none.
local function number(index, default, ...)
  local n = arg.optional(arg.integer, index, (...), default)
  return n == 0 and default or n
end

local function service_of(...)
  local service, protocol = arg.string(1, ...), arg.string(2, select(2, ...))
  return service, protocol
end

local function check_service(service, protocol)
  check_length(service, "ServiceTooLong")
  check_length(protocol, "ProtocolTooLong")
end

function mdns.start(...)
  local host, instance = ...
  host = arg.optional(arg.string, 1, host, "ESP32")
  instance = arg.optional(arg.string, 2, instance, nil)
  check_length(host, "HostnameTooLong")
  request("mdns.start", host, instance)
end

function mdns.stop()
  request("mdns.stop")
end

function mdns.running()
  local running = request("mdns.running")
  return running
end

function mdns.resolvehost(...)
  local host = arg.string(1, ...)
  local seconds = number(2, TIMEOUT_SECONDS, select(2, ...))
  check_length(host, "HostnameTooLong")
  local ipv6 = select("#", ...) > 2 and arg.boolean(3, select(3, ...))
  return K.pass(request("mdns.resolve_host", host, seconds, ipv6))
end

function mdns.findservice(...)
  local service, protocol = service_of(...)
  local seconds = number(3, TIMEOUT_SECONDS, select(3, ...))
  local max = number(4, RESULTS_MAX, select(4, ...))
  check_service(service, protocol)
  local values = pack(request("mdns.find_service", service, protocol, seconds, max))
  local rows, at = {}, 1
  while at <= values.n do
    local interface, ip, instance, host, port, address, texts = unpack(values, at, at + 6)
    at = at + 7
    local row = {interface = interface, protocol = ip}
    row.instance = instance ~= "" and instance or nil
    if host ~= "" then
      row.hostname = host
    end
    if port ~= 0 then
      row.port = format("%d", port)
    end
    if texts > 0 then
      row.txt = {}
      for i = at, at + 2 * texts - 1, 2 do
        row.txt[values[i]] = values[i + 1]
      end
      at = at + 2 * texts
    end
    if address ~= "" then
      row.ip = {[find(address, ":", 1, true) and "ipv6" or "ipv4"] = address}
    end
    rows[#rows + 1] = row
  end
  if rows[1] then
    return rows
  end
end

-- The texts in a table as key, value, key, value..., and how many entries are none.
local function texts_of(txt)
  local texts, ignored = {}, 0
  for key, value in next, txt do
    if type(key) == "string" and type(value) == "string" then
      texts[#texts + 1], texts[#texts + 2] = key, value
    else
      ignored = ignored + 1
    end
  end
  return texts, ignored
end

function mdns.addservice(...)
  local service, protocol = service_of(...)
  local port = arg.integer(3, select(3, ...))
  check_service(service, protocol)
  local instance, texts, ignored = nil, {}, 0
  if select("#", ...) > 3 then
    instance = arg.string(4, select(4, ...))
    check_length(instance, "InstanceTooLong")
    local txt = select(5, ...)
    if type(txt) == "table" then
      texts, ignored = texts_of(txt)
    end
  end
  request("mdns.add_service", service, protocol, port, instance, ignored, unpack(texts))
end

function mdns.removeservice(...)
  local service, protocol = service_of(...)
  check_service(service, protocol)
  request("mdns.remove_service", service, protocol)
end

return K.module("net.service.mdns", mdns)
