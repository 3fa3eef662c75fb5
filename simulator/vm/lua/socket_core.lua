-- LuaSocket's core: sockets as objects, names, select, exceptions (the C files of components/lua/modules/luasocket).
-- Returns what is require "socket.core".
--
-- Bytes that were received and not asked for yet are here; the host knows a socket by its descriptor. Numbers that the
-- core returns are floats, as its lua_pushnumber makes them.
local K = ...
local arg, raise, request = K.arg, K.raise, K.request
local next, select, setmetatable, tonumber = next, select, setmetatable, tonumber
local concat, find, format, gsub, match, sub = table.concat, string.find, string.format, string.gsub, string.match, string.sub

local INVALID, DONE, DEFAULT_BACKLOG = -1.0, 1.0, 32
local socket = {_SETSIZE = 64, _SOCKETINVALID = -1, _DATAGRAMSIZE = 8192}

local function gettime()
  local seconds, milliseconds = request("socket.gettime")
  return seconds + milliseconds / 1000
end

function socket.gettime()
  local now = gettime()
  return now
end

function socket.sleep(...)
  local seconds = arg.number(1, ...)
  if seconds > 0 then
    request("tmr.sleep", "us", seconds * 1000000 // 1 | 0)
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Classes. An object changes its class when it connects or listens.

local states = setmetatable({}, {__mode = "k"}) -- object -> its state
local classes, metatables = {}, {} -- metatable -> class, and back

local function close_socket(state)
  local fd = state.fd
  state.fd = nil
  if fd then
    request("socket.close", fd)
  end
end

local function collected(object)
  close_socket(states[object])
end

local function new_class(name, methods)
  local index = {class = name}
  for key, method in next, methods do
    index[key] = method
  end
  K.public[index] = true
  local meta = {
    __index = index,
    __name = name,
    __gc = collected,
    __tostring = function(object)
      return name .. ": " .. K.address_of(object)
    end,
  }
  K.note_finalizer(meta)
  classes[meta], metatables[name] = name, meta
end

local function set_class(object, state, name)
  state.class = name
  setmetatable(object, metatables[name])
end

local function new_object(class, fd, family)
  local object = {}
  states[object] = {
    fd = fd, family = family, block = INVALID, total = INVALID, buffer = "", received = 0.0, sent = 0.0,
    birthday = request("socket.now_ms"),
  }
  K.userdata[object] = true
  set_class(object, states[object], class)
  return object
end

-- The state of the first argument, which must be of that class.
local function of_class(class, ...)
  local state = states[...]
  if not state or state.class ~= class then
    arg.type_error(1, class, ...)
  end
  return state
end

-- The same for a group of classes, "tcp" or "udp".
local function of_group(group, ...)
  local state = states[...]
  if not state or sub(state.class, 1, 3) ~= group then
    arg.error(1, group .. "{any} expected")
  end
  return state
end

-------------------------------------------------------------------------------------------------------------------
-- Names and services

local function port_of(service)
  local digits = match(service, "^%s*[+-]?%d+")
  local port = digits and tonumber(digits)
  if not port or port < 0 or port > 0xffff then
    return nil, "service not supported for socket type"
  end
  return port
end

-- getaddrinfo: the family and the address, which is "" for any; or nil and why not.
local function resolve(family, name, service)
  local port, reason = port_of(service)
  if not port then
    return nil, reason
  elseif not name then
    return family or "inet", "", port
  end
  local found, address = request("socket.resolve", name, family)
  if not found then
    return nil, "non-recoverable failure in name resolution"
  end
  return found, address, port
end

-- A socket of a family for a state that has none, or one of another.
local function ensure_socket(state, kind, family)
  if state.fd and state.family == family then
    return true
  end
  close_socket(state)
  local fd, reason = request("socket.open", kind, family)
  state.fd = fd
  return fd, reason
end

-------------------------------------------------------------------------------------------------------------------
-- Time limits

local function mark_start(state)
  state.start = (state.block >= 0 or state.total >= 0) and request("socket.now_ms")
end

-- How long the next wait of this operation may be; nil for ever.
local function time_left(state)
  if not state.start then
    return nil
  end
  local passed = (request("socket.now_ms") - state.start) / 1000
  if state.total < 0 then
    return state.block > passed and state.block - passed or 0
  end
  local left = state.total > passed and state.total - passed or 0
  return state.block >= 0 and state.block < left and state.block or left
end

local function settimeout(state, ...)
  local seconds, mode = ...
  seconds = arg.optional(arg.number, 2, seconds, INVALID) + 0.0
  mode = sub(arg.optional(arg.string, 3, mode, "b"), 1, 1)
  if mode == "b" then
    state.block = seconds
  elseif mode == "r" or mode == "t" then
    state.total = seconds
  else
    arg.error(3, "invalid timeout mode")
  end
  return DONE
end

-------------------------------------------------------------------------------------------------------------------
-- What both kinds have

local function names(state, peer)
  local ok, address, port = request("socket.name", state.fd, peer)
  if not ok then
    return nil, address
  end
  return address, peer and port or format("%d", port), state.family or "unspec"
end

local options = K.library("socket_options")

local function option_of(known, ...)
  local name = arg.string(2, ...)
  return name, known[name] or arg.error(2, format("unsupported option `%.35s'", name))
end

local function common_methods(group)
  local methods = {}

  function methods.settimeout(...)
    local result = settimeout(of_group(group, ...), select(2, ...))
    return result
  end

  function methods.gettimeout(...)
    local state = of_group(group, ...)
    return state.block, state.total
  end

  function methods.setoption(...)
    local state = of_group(group, ...)
    local name, set = option_of(options.setters[group], select(2, ...))
    return K.pass(set(state, name, select(3, ...)))
  end

  function methods.getoption(...)
    local state = of_group(group, ...)
    local name, get = option_of(options.getters[group], select(2, ...))
    return K.pass(get(state, name))
  end

  function methods.close(...)
    close_socket(of_group(group, ...))
    return DONE
  end

  function methods.getfamily(...)
    return of_group(group, ...).family == "inet6" and "inet6" or "inet4"
  end

  function methods.getfd(...)
    local state = of_group(group, ...)
    return (state.fd or INVALID) + 0.0
  end

  -- Whatever is at that number now is the object's.
  function methods.setfd(...)
    local state, fd = of_group(group, ...), arg.number(2, select(2, ...)) // 1 | 0
    state.fd = fd >= 0 and fd or nil
  end

  function methods.getsockname(...)
    return K.pass(names(of_group(group, ...), false))
  end
  return methods
end

-- Bind to an address of the board. `service` is a number as text.
local function bind(state, kind, name, service)
  local family, address, port = resolve(state.family, name ~= "*" and name or nil, service)
  if not family then
    return nil, address
  end
  local ok, reason = ensure_socket(state, kind, family)
  if ok then
    reason = request("socket.bind", state.fd, address, port)
  end
  if reason then
    return nil, reason
  end
  state.family = family
  return DONE
end

-- Connect. A failure leaves the family as it was, unless there was no time to wait for a result.
local function connect(state, kind, name, service)
  local family, address, port = resolve(state.family, name, service)
  if not family then
    return nil, address
  end
  mark_start(state)
  local ok, reason = ensure_socket(state, kind, family)
  if ok then
    reason = request("socket.connect", state.fd, address, port, time_left(state))
  end
  if not reason or state.block == 0 or state.total == 0 then
    state.family = family
  end
  if reason then
    return nil, reason
  end
  return DONE
end

-------------------------------------------------------------------------------------------------------------------
-- TCP

local tcp = common_methods("tcp")

function tcp.bind(...)
  local state = of_class("tcp{master}", ...)
  local name, service = arg.string(2, select(2, ...)), arg.string(3, select(3, ...))
  return K.pass(bind(state, "tcp", name, service))
end
tcp.setsockname = tcp.bind

function tcp.connect(...)
  local object, state = ..., of_group("tcp", ...)
  local name, service = arg.string(2, select(2, ...)), arg.string(3, select(3, ...))
  local ok, reason = connect(state, "tcp", name, service)
  set_class(object, state, "tcp{client}")
  if not ok then
    return nil, reason
  end
  return ok
end
tcp.setpeername = tcp.connect

function tcp.listen(...)
  local object, state = ..., of_class("tcp{master}", ...)
  local backlog = arg.optional(arg.number, 2, (select(2, ...)), DEFAULT_BACKLOG)
  local reason = request("socket.listen", state.fd, backlog // 1 | 0)
  if reason then
    return nil, reason
  end
  set_class(object, state, "tcp{server}")
  return DONE
end

function tcp.accept(...)
  local state = of_class("tcp{server}", ...)
  mark_start(state)
  local fd, reason = request("socket.accept", state.fd, time_left(state))
  if not fd then
    return nil, reason
  end
  return (new_object("tcp{client}", fd, state.family))
end

-- Receive into the buffer; nothing, or why that cannot be.
local function fill(state)
  local data, reason = request("socket.receive", state.fd, time_left(state))
  if not data then
    return reason
  end
  state.buffer = state.buffer .. data
end

local function take(state, count)
  local data = sub(state.buffer, 1, count)
  state.buffer = sub(state.buffer, count + 1)
  state.received = state.received + #data
  return data
end

local function receive_count(state, count)
  local reason
  while #state.buffer < count and not reason do
    reason = fill(state)
  end
  local data = take(state, count)
  return data, #data < count and reason or nil
end

local function receive_all(state)
  local pieces, reason = {}, nil
  repeat
    pieces[#pieces + 1] = take(state, #state.buffer)
    reason = fill(state)
  until reason
  local data = concat(pieces)
  return data, not (reason == "closed" and data ~= "") and reason or nil
end

local function receive_line(state)
  local checked, reason = 1, nil
  local at = find(state.buffer, "\n", 1, true)
  while not at and not reason do
    checked = #state.buffer + 1
    reason = fill(state)
    at = find(state.buffer, "\n", checked, true)
  end
  local line = gsub(take(state, at or #state.buffer), "[\r\n]", "")
  return line, reason
end

function tcp.receive(...)
  local state = of_class("tcp{client}", ...)
  local pattern, prefix = select(2, ...)
  prefix = arg.optional(arg.string, 3, prefix, "")
  mark_start(state)
  local data, reason = "", nil
  if tonumber(pattern) then
    local count = tonumber(pattern) // 1 | 0
    if count < 0 then
      arg.error(2, "invalid receive pattern")
    elseif prefix == "" or count > #prefix then
      data, reason = receive_count(state, count - #prefix)
    end
  else
    local kind = sub(arg.optional(arg.string, 2, pattern, "*l"), 1, 2)
    if kind == "*l" then
      data, reason = receive_line(state)
    elseif kind == "*a" then
      data, reason = receive_all(state)
    else
      arg.error(2, "invalid receive pattern")
    end
  end
  if reason then
    return nil, reason, prefix .. data
  end
  return prefix .. data, nil, nil
end

function tcp.send(...)
  local state, data = of_class("tcp{client}", ...), arg.string(2, select(2, ...))
  local first = arg.optional(arg.number, 3, (select(3, ...)), 1) // 1 | 0
  local last = arg.optional(arg.number, 4, (select(4, ...)), -1) // 1 | 0
  first = first < 0 and #data + first + 1 or first
  last = last < 0 and #data + last + 1 or last
  first, last = first < 1 and 1 or first, last > #data and #data or last
  mark_start(state)
  local sent, reason = 0, nil
  if first <= last then
    sent, reason = request("socket.send", state.fd, sub(data, first, last), time_left(state))
  end
  state.sent = state.sent + sent
  if reason then
    return nil, reason, first - 1 + sent + 0.0
  end
  return first - 1 + sent + 0.0, nil, nil
end

function tcp.dirty(...)
  return of_group("tcp", ...).buffer ~= ""
end

local HOW = {receive = true, send = true, both = true}

function tcp.shutdown(...)
  local state, how = of_class("tcp{client}", ...), (select(2, ...))
  how = arg.optional(arg.string, 2, how, "both")
  if not HOW[how] then
    arg.error(2, format("invalid option '%s'", how))
  end
  request("socket.shutdown", state.fd, how)
  return DONE
end

function tcp.getpeername(...)
  return K.pass(names(of_group("tcp", ...), true))
end

function tcp.getstats(...)
  local state = of_class("tcp{client}", ...)
  return state.received, state.sent, (request("socket.now_ms") - state.birthday) / 1000
end

function tcp.setstats(...)
  local state = of_class("tcp{client}", ...)
  local received, sent, age = select(2, ...)
  state.received = arg.optional(arg.number, 2, received, state.received) + 0.0
  state.sent = arg.optional(arg.number, 3, sent, state.sent) + 0.0
  if tonumber(age) then
    state.birthday = request("socket.now_ms") - (tonumber(age) * 1000 // 1 | 0)
  end
  return DONE
end

for _, name in next, {"tcp{master}", "tcp{client}", "tcp{server}"} do
  new_class(name, tcp)
end

-------------------------------------------------------------------------------------------------------------------
-- UDP

local udp = common_methods("udp")

function udp.setsockname(...)
  local state = of_class("udp{unconnected}", ...)
  local name, service = arg.string(2, select(2, ...)), arg.string(3, select(3, ...))
  return K.pass(bind(state, "udp", name, service))
end

function udp.setpeername(...)
  local object, state = ..., of_group("udp", ...)
  local name = arg.string(2, select(2, ...))
  if name == "*" then
    if state.fd then
      request("socket.connect", state.fd, nil, 0)
    end
    set_class(object, state, "udp{unconnected}")
    return DONE
  end
  local ok, reason = connect(state, "udp", name, arg.string(3, select(3, ...)))
  if not ok then
    return nil, reason
  end
  set_class(object, state, "udp{connected}")
  return ok
end

function udp.getpeername(...)
  return K.pass(names(of_class("udp{connected}", ...), true))
end

local function send_datagram(state, data, address, port)
  local reason = request("socket.send_to", state.fd, data, address, port)
  if reason then
    return nil, reason == "closed" and "refused" or reason
  end
  return #data + 0.0
end

function udp.send(...)
  local state, data = of_class("udp{connected}", ...), arg.string(2, select(2, ...))
  return K.pass(send_datagram(state, data))
end

function udp.sendto(...)
  local state, data = of_class("udp{unconnected}", ...), arg.string(2, select(2, ...))
  local address, port = arg.string(3, select(3, ...)), port_of(arg.string(4, select(4, ...)))
  if not port then
    return nil, "service not supported for ai_socktype"
  end
  local family = request("socket.family_of", address)
  if not family or state.family and state.family ~= family then
    return nil, "name or service is not known"
  elseif not state.fd then
    local fd, reason = request("socket.open", "udp", family)
    if not fd then
      return nil, reason
    end
    state.fd, state.family = fd, family
  end
  return K.pass(send_datagram(state, data, address, port))
end

local function receive_datagram(state, ...)
  local size = arg.optional(arg.number, 2, (...), socket._DATAGRAMSIZE) // 1 | 0
  mark_start(state)
  local data, address, port = request("socket.receive_from", state.fd, time_left(state))
  if data then
    return sub(data, 1, size), address, port
  elseif address == "closed" then
    return "", "", 0 -- no socket passes for an empty datagram
  end
  return nil, address
end

function udp.receive(...)
  local data, reason = receive_datagram(of_group("udp", ...), select(2, ...))
  if data then
    return data
  end
  return nil, reason
end

function udp.receivefrom(...)
  return K.pass(receive_datagram(of_class("udp{unconnected}", ...), select(2, ...)))
end

function udp.dirty(...)
  of_group("udp", ...)
  return false
end

new_class("udp{connected}", udp)
new_class("udp{unconnected}", udp)

-------------------------------------------------------------------------------------------------------------------
-- Making them

for _, kind in next, {"tcp", "udp"} do
  local class = kind == "tcp" and "tcp{master}" or "udp{unconnected}"

  socket[kind] = function()
    return (new_object(class))
  end

  for suffix, family in next, {["4"] = "inet", ["6"] = "inet6"} do
    socket[kind .. suffix] = function()
      local fd, reason = request("socket.open", kind, family)
      if not fd then
        return nil, reason
      end
      return (new_object(class, fd, family))
    end
  end
end

local FAMILIES = {unspec = true, inet = true, inet6 = true}

function socket.connect(...)
  local name, service = arg.string(1, ...), arg.string(2, select(2, ...))
  local local_name, local_service, wanted = select(3, ...)
  local_name = arg.optional(arg.string, 3, local_name)
  local_service = arg.optional(arg.string, 4, local_service, "0")
  wanted = arg.optional(arg.string, 5, wanted, "unspec")
  if not FAMILIES[wanted] then
    arg.error(5, format("invalid option '%s'", wanted))
  end
  -- (The device looks at the wanted family only for the local address.)
  local object = new_object("tcp{master}", nil, nil)
  local state = states[object]
  if local_name then
    state.family = wanted ~= "unspec" and wanted or nil
    local ok, reason = bind(state, "tcp", local_name, local_service)
    if not ok then
      return nil, reason
    end
  end
  local ok, reason = connect(state, "tcp", name, service)
  if not ok then
    close_socket(state)
    return nil, reason
  end
  set_class(object, state, "tcp{client}")
  return object
end

-------------------------------------------------------------------------------------------------------------------
-- dns. There are no names for addresses: the function that would find them is empty in the firmware.

local dns = {}
socket.dns = dns
local HOST_NOT_FOUND = "host not found"

local function host_entry(name)
  local family, address = nil, nil
  if not options.is_ip(name) then
    family, address = request("socket.resolve", name, "inet")
  end
  if not family then
    return nil, HOST_NOT_FOUND
  end
  return address, {name = name, alias = {}, ip = {address}}
end

function dns.toip(...)
  return K.pass(host_entry(arg.string(1, ...)))
end

function dns.tohostname(...)
  local name = arg.string(1, ...)
  local address, entry = host_entry(name)
  if not address then
    return nil, entry
  end
  return name, entry
end

function dns.getaddrinfo(...)
  local family, address = request("socket.resolve", arg.string(1, ...), nil)
  if not family then
    return nil, "non-recoverable failure in name resolution"
  end
  return {{family = family, addr = address}}
end

-- The texts that it returns are what was in memory on the device; here they are empty.
function dns.getnameinfo(...)
  local host, service = ...
  host = arg.optional(arg.string, 1, host)
  service = arg.optional(arg.string, 2, service)
  if not host and not service then
    raise("host and serv cannot be both nil")
  end
  local family, reason = resolve(nil, host, service or "0")
  if not family then
    return nil, reason
  elseif service then
    return host and {""} or {}, ""
  end
  return {""}
end

function dns.gethostname()
  return "lua-rtos-esp32.local"
end

for name, f in next, K.library("socket_select") do
  socket[name] = f
end
socket._VERSION = "LuaSocket 3.0-rc1"
K.public[socket], K.public[dns] = true, true
return socket
