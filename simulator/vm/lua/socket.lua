-- LuaSocket: TCP and UDP sockets as objects (components/lua/modules/luasocket). Returns the table of `require "socket"`.
--
-- Bytes that were received and not asked for yet are here; the host knows a socket by its number.
local K = ...
local arg, pass, raise, request = K.arg, K.pass, K.raise, K.request
local error, next, select, setmetatable, tostring = error, next, select, setmetatable, tostring
local type = K.raw.type
local concat, pack, unpack = table.concat, table.pack, table.unpack
local find, format, gsub, sub = string.find, string.format, string.gsub, string.sub

local socket = {_VERSION = "LuaSocket 3.0-rc1", BLOCKSIZE = 2048, _SETSIZE = 64, _DATAGRAMSIZE = 8192}
local states = setmetatable({}, {__mode = "k"}) -- object -> its state
local NOT_CONNECTED = "Socket is not connected"

function socket.gettime()
  local seconds, milliseconds = request("socket.gettime")
  return seconds + milliseconds / 1000
end

function socket.sleep(seconds)
  seconds = arg.number(1, seconds)
  if seconds > 0 then
    request("tmr.sleep", "us", seconds * 1000000 // 1 | 0)
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Objects. The class changes: "tcp{master}" becomes "tcp{client}" or "tcp{server}".

local function class(methods)
  K.named[methods] = "method"
  return {
    __index = methods,
    __name = "socket",
    __tostring = function(object)
      return states[object].class .. ": " .. K.address_of(object)
    end,
  }
end

local tcp, udp = {}, {}
local tcp_meta, udp_meta = class(tcp), class(udp)

local function new_object(meta, name, handle)
  local object = setmetatable({}, meta)
  K.userdata[object] = true
  states[object] = {class = name, handle = handle, buffer = "", options = {}, received = 0, sent = 0}
  return object
end

-- The state of the first argument, which must be of a class or one of a group of classes.
local function state_of(expected, ...)
  local state = states[...]
  if not state or not find(state.class, expected, 1, true) then
    arg.error(1, (expected == "tcp" or expected == "udp") and expected .. "{any} expected" or expected .. " expected")
  end
  return state
end

function socket.tcp()
  return (new_object(tcp_meta, "tcp{master}"))
end
socket.tcp4 = socket.tcp

function socket.udp()
  return (new_object(udp_meta, "udp{unconnected}"))
end
socket.udp4 = socket.udp

-- Both classes

local function settimeout(expected, ...)
  local state, seconds, mode = state_of(expected, ...), select(2, ...)
  seconds = arg.optional(arg.number, 2, seconds, -1)
  mode = arg.optional(arg.string, 3, mode, "b")
  if mode == "b" then
    state.block = seconds >= 0 and seconds or nil
  elseif mode == "r" or mode == "t" then
    state.total = seconds >= 0 and seconds or nil
  else
    arg.error(3, "invalid timeout mode")
  end
  return 1
end

-- A call begins that may wait several times: the total limit is for all of them.
local function begin(state)
  state.deadline = state.total and request("socket.now_ms") + state.total * 1000
end

-- How long the next wait may be.
local function timeout(state)
  local left = state.deadline and (state.deadline - request("socket.now_ms")) / 1000
  if left and left < 0 then
    left = 0
  end
  if left and state.block then
    return left < state.block and left or state.block
  end
  return left or state.block
end

local function close(expected, ...)
  local state = state_of(expected, ...)
  if state.handle then
    local handle = state.handle
    state.handle = nil
    request("socket.close", handle)
  end
  return 1
end

-- Options are kept, and change nothing here.
local function options(expected, known)
  return function(...)
    local state, name = state_of(expected, ...), arg.string(2, select(2, ...))
    if not known[name] then
      arg.error(2, format("unsupported option `%.35s'", name))
    end
    state.options[name] = select(3, ...)
    return 1
  end, function(...)
    local state, name = state_of(expected, ...), arg.string(2, select(2, ...))
    if not known[name] then
      arg.error(2, format("unsupported option `%.35s'", name))
    end
    local value = state.options[name]
    return value == nil and false or value
  end
end

tcp.setoption, tcp.getoption = options("tcp", {
  keepalive = true, reuseaddr = true, reuseport = true, ["tcp-nodelay"] = true, ["ipv6-v6only"] = true, linger = true,
  error = true,
})
udp.setoption, udp.getoption = options("udp", {
  dontroute = true, broadcast = true, reuseaddr = true, reuseport = true, ["ip-multicast-if"] = true,
  ["ip-multicast-ttl"] = true, ["ip-multicast-loop"] = true, ["ip-add-membership"] = true,
  ["ip-drop-membership"] = true,
})

for name, methods in next, {tcp = tcp, udp = udp} do
  methods.settimeout = function(...)
    local done = settimeout(name, ...)
    return done
  end
  methods.gettimeout = function(...)
    local state = state_of(name, ...)
    return state.block or -1, state.total or -1
  end
  methods.close = function(...)
    local done = close(name, ...)
    return done
  end
  methods.getfamily = function(...)
    state_of(name, ...)
    return "inet"
  end
  methods.getfd = function(...)
    return state_of(name, ...).handle or -1
  end
  methods.dirty = function(...)
    return state_of(name, ...).buffer ~= ""
  end
end

-------------------------------------------------------------------------------------------------------------------
-- TCP

function tcp.connect(...)
  local state = state_of("tcp{master}", ...)
  begin(state)
  local handle, reason = request("socket.connect", arg.string(2, select(2, ...)), arg.integer(3, select(3, ...)),
    timeout(state))
  if not handle then
    return nil, reason
  end
  state.handle, state.class = handle, "tcp{client}"
  return 1
end
tcp.setpeername = tcp.connect

function tcp.bind(...)
  local state = state_of("tcp{master}", ...)
  arg.string(2, select(2, ...))
  state.port = arg.integer(3, select(3, ...))
  return 1
end
tcp.setsockname = tcp.bind

function tcp.listen(...)
  local state = state_of("tcp{master}", ...)
  local handle, reason = request("socket.listen", state.port or 0)
  if not handle then
    return nil, reason
  end
  state.handle, state.class = handle, "tcp{server}"
  return 1
end

function tcp.accept(...)
  local state = state_of("tcp{server}", ...)
  if not state.handle then
    return nil, "closed"
  end
  begin(state)
  local handle, reason = request("socket.accept", state.handle, timeout(state))
  if not handle then
    return nil, reason
  end
  return (new_object(tcp_meta, "tcp{client}", handle))
end

-- Receive into the buffer; nothing, or why that cannot be.
local function fill(state)
  if not state.handle then
    return "closed"
  end
  local data, reason = request("socket.receive", state.handle, timeout(state))
  if not data then
    return reason
  end
  state.buffer = state.buffer .. data
  state.received = state.received + #data
end

local function receive_count(state, count)
  local reason
  while #state.buffer < count and not reason do
    reason = fill(state)
  end
  local data = sub(state.buffer, 1, count)
  state.buffer = sub(state.buffer, count + 1)
  return data, #data < count and reason or nil
end

local function receive_all(state)
  local pieces, reason = {}, nil
  repeat
    pieces[#pieces + 1], state.buffer = state.buffer, ""
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
  local line = sub(state.buffer, 1, (at or #state.buffer + 1) - 1)
  state.buffer = sub(state.buffer, #line + 2)
  line = gsub(line, "\r", "")
  return line, reason
end

function tcp.receive(...)
  local state = state_of("tcp{client}", ...)
  local pattern, prefix = select(2, ...)
  prefix = arg.optional(arg.string, 3, prefix, "")
  begin(state)
  local data, reason
  if type(pattern) == "number" then
    data, reason = "", nil
    if prefix == "" or pattern > #prefix then
      data, reason = receive_count(state, arg.integer(2, pattern) - #prefix)
    end
  else
    local kind = sub(gsub(arg.optional(arg.string, 2, pattern, "*l"), "^%*", ""), 1, 1)
    if kind == "l" then
      data, reason = receive_line(state)
    elseif kind == "a" then
      data, reason = receive_all(state)
    else
      arg.error(2, "invalid receive pattern")
    end
  end
  if reason then
    return nil, reason, prefix .. data
  end
  return prefix .. data
end

function tcp.send(...)
  local state, data = state_of("tcp{client}", ...), arg.string(2, select(2, ...))
  local first = arg.optional(arg.integer, 3, (select(3, ...)), 1)
  local last = arg.optional(arg.integer, 4, (select(4, ...)), -1)
  if first < 0 then
    first = #data + first + 1
  end
  first = first < 1 and 1 or first
  if not state.handle then
    return nil, "closed", first - 1
  end
  begin(state)
  local sent, reason = request("socket.send", state.handle, sub(data, first, last), timeout(state))
  state.sent = state.sent + sent
  if reason then
    return nil, reason, first - 1 + sent
  end
  return first - 1 + sent
end

function tcp.shutdown(...)
  local state, how = state_of("tcp{client}", ...), (select(2, ...))
  how = arg.optional(arg.string, 2, how, "both")
  if how ~= "receive" and how ~= "send" and how ~= "both" then
    arg.error(2, format("invalid option '%s'", how))
  end
  if how ~= "receive" and state.handle then
    request("socket.shutdown", state.handle)
  end
  return 1
end

function tcp.getsockname(...)
  local state = state_of("tcp", ...)
  if not state.handle then
    return "0.0.0.0", state.port or 0, "inet"
  end
  local address, port = request("socket.names", state.handle)
  return address, port, "inet"
end

function tcp.getpeername(...)
  local state = state_of("tcp", ...)
  if not state.handle or state.class ~= "tcp{client}" then
    return nil, NOT_CONNECTED
  end
  local _, _, address, port = request("socket.names", state.handle)
  return address, port, "inet"
end

function tcp.getstats(...)
  local state = state_of("tcp", ...)
  return state.received, state.sent, 0
end

-------------------------------------------------------------------------------------------------------------------
-- UDP

local function udp_handle(state, port)
  if not state.handle then
    local handle, reason = request("socket.udp", port or 0)
    if not handle then
      return nil, reason
    end
    state.handle = handle
  end
  return state.handle
end

function udp.setsockname(...)
  local state = state_of("udp", ...)
  arg.string(2, select(2, ...))
  local handle, reason = udp_handle(state, arg.integer(3, select(3, ...)))
  if not handle then
    return nil, reason
  end
  return 1
end

function udp.setpeername(...)
  local state, name = state_of("udp", ...), arg.string(2, select(2, ...))
  local handle, reason = udp_handle(state)
  if not handle then
    return nil, reason
  elseif name == "*" then
    state.peer, state.class = nil, "udp{unconnected}"
    request("socket.udp_peer", handle, nil, 0)
    return 1
  end
  local port = arg.integer(3, select(3, ...))
  local address
  address, reason = request("socket.resolve", name)
  if not address then
    return nil, reason
  end
  state.peer, state.class = {address, port}, "udp{connected}"
  request("socket.udp_peer", handle, address, port)
  return 1
end

function udp.getsockname(...)
  local state = state_of("udp", ...)
  if not state.handle then
    return "0.0.0.0", 0, "inet"
  end
  local address, port = request("socket.names", state.handle)
  return address, port, "inet"
end

function udp.getpeername(...)
  local state = state_of("udp", ...)
  if not state.peer then
    return nil, NOT_CONNECTED
  end
  return state.peer[1], state.peer[2]
end

local function send_datagram(handle, data, address, port)
  local sent, reason = request("socket.send_to", handle, data, address, port)
  if not sent then
    return nil, reason
  end
  return sent
end

function udp.send(...)
  local state, data = state_of("udp", ...), arg.string(2, select(2, ...))
  if not state.peer then
    return nil, NOT_CONNECTED
  end
  return pass(send_datagram(state.handle, data, state.peer[1], state.peer[2]))
end

function udp.sendto(...)
  local state, data = state_of("udp{unconnected}", ...), arg.string(2, select(2, ...))
  local address, port = arg.string(3, select(3, ...)), arg.integer(4, select(4, ...))
  local handle, reason = udp_handle(state)
  if not handle then
    return nil, reason
  end
  return pass(send_datagram(handle, data, address, port))
end

local function receive_datagram(state, size)
  local handle, reason = udp_handle(state)
  if not handle then
    return nil, reason
  end
  begin(state)
  local data, address, port = request("socket.receive_from", handle, timeout(state))
  if not data then
    return nil, address
  end
  return sub(data, 1, size), address, port
end

function udp.receive(...)
  local state, size = state_of("udp", ...), arg.optional(arg.integer, 2, (select(2, ...)), socket._DATAGRAMSIZE)
  local data, reason = receive_datagram(state, size)
  if not data then
    return nil, reason
  end
  return data
end

function udp.receivefrom(...)
  local state = state_of("udp{unconnected}", ...)
  local size = arg.optional(arg.integer, 2, (select(2, ...)), socket._DATAGRAMSIZE)
  local data, address, port = receive_datagram(state, size)
  return data, address, port
end

for name, methods in next, {["tcp:setfd"] = tcp, ["tcp:setstats"] = tcp, ["udp:setfd"] = udp} do
  methods[sub(name, 5)] = function()
    raise("socket." .. name .. " is not simulated yet")
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Names, select, and what LuaSocket has in Lua

local dns = {}
socket.dns = dns

function dns.toip(...)
  local name = arg.string(1, ...)
  local found = pack(request("socket.resolve", name))
  if not found[1] then
    return nil, found[2]
  end
  found.n = nil
  return found[1], {name = name, alias = {}, ip = found}
end

for _, name in next, {"getaddrinfo", "gethostname", "getnameinfo", "tohostname"} do
  dns[name] = function()
    raise("socket.dns." .. name .. " is not simulated yet")
  end
end

for _, name in next, {"tcp6", "udp6", "connect6"} do
  socket[name] = function()
    raise("socket." .. name .. " is not simulated yet")
  end
end

-- select(recvt, sendt [, timeout]): a socket can always be sent to.
function socket.select(...)
  local readers, writers, seconds = ...
  seconds = arg.optional(arg.number, 3, seconds, nil)
  local readable, writable = {}, {}
  for i = 1, writers and #writers or 0 do
    writable[i], writable[writers[i]] = writers[i], i
  end
  local handles, by_handle, count = {}, {}, 0
  for i = 1, readers and #readers or 0 do
    local object = readers[i]
    local state = states[object]
    if state and state.buffer ~= "" then
      count = count + 1
      readable[count], readable[object] = object, count
    elseif state and state.handle then
      handles[#handles + 1] = state.handle
      by_handle[state.handle] = object
    end
  end
  local found = count + #writable > 0
  local ready = pack(request("socket.select", found and 0 or seconds, unpack(handles)))
  for i = 1, ready.n do
    local object = by_handle[ready[i]]
    count = count + 1
    readable[count], readable[object] = object, count
  end
  if count + #writable == 0 then
    return readable, writable, "timeout"
  end
  return readable, writable
end

function socket.connect(...)
  local object = new_object(tcp_meta, "tcp{master}")
  local done, reason = tcp.connect(object, ...)
  if not done then
    return nil, reason
  end
  return object
end
socket.connect4 = socket.connect

function socket.bind(...)
  local object = new_object(tcp_meta, "tcp{master}")
  tcp.bind(object, ...)
  local done, reason = tcp.listen(object)
  if not done then
    return nil, reason
  end
  return object
end

function socket.skip(...)
  return select(arg.integer(1, ...) + 2, ...)
end

-- What `try` raises and `protect` catches: a table with the message, as no script can make one.
local exceptions = setmetatable({}, {__mode = "k"})

function socket.newtry(...)
  local finalizer = ...
  return function(...)
    if ... then
      return ...
    end
    if finalizer then
      K.pcall(finalizer)
    end
    local exception = {(select(2, ...))}
    exceptions[exception] = true
    error(exception, 0)
  end
end
socket.try = socket.newtry()

function socket.protect(...)
  local f = arg["function"](1, ...)
  return function(...)
    local results = pack(K.pcall(f, ...))
    if results[1] then
      return unpack(results, 2, results.n)
    elseif exceptions[results[2]] then
      return nil, results[2][1]
    end
    error(results[2], 0)
  end
end

function socket.choose(choices)
  return function(name, first, second)
    if type(name) ~= "string" then
      name, first, second = "default", name, first
    end
    local make = choices[name or "nil"]
    if not make then
      error(format("unknown key (%s)", tostring(name)), 3)
    end
    return make(first, second)
  end
end

-------------------------------------------------------------------------------------------------------------------
-- LTN12 sources and sinks: functions that give and take a chunk, nil for the end

local sources, sinks = {}, {}

-- Exactly so many bytes, in blocks.
sources["by-length"] = function(object, length)
  return function()
    if length <= 0 then
      return nil
    end
    local chunk, reason = tcp.receive(object, length < socket.BLOCKSIZE and length or socket.BLOCKSIZE)
    if not chunk then
      return nil, reason
    end
    length = length - #chunk
    return chunk
  end
end

-- What comes until the other side closes; then this side does.
sources["until-closed"] = function(object)
  local is_done = false
  return function()
    if is_done then
      return nil
    end
    local chunk, reason, partial = tcp.receive(object, socket.BLOCKSIZE)
    if chunk then
      return chunk
    elseif reason ~= "closed" then
      return nil, reason
    end
    is_done = true
    tcp.close(object)
    return partial
  end
end
sources.default = sources["until-closed"]

sinks["keep-open"] = function(object)
  return function(chunk)
    if chunk then
      return pass(tcp.send(object, chunk))
    end
    return 1
  end
end
sinks.default = sinks["keep-open"]

sinks["close-when-done"] = function(object)
  return function(chunk)
    if chunk then
      return pass(tcp.send(object, chunk))
    end
    return pass(tcp.close(object))
  end
end

socket.sourcet, socket.sinkt = sources, sinks
socket.source, socket.sink = socket.choose(sources), socket.choose(sinks)

return socket
