-- The options of LuaSocket's sockets (options.c in components/lua/modules/luasocket), whatever the host makes of them.
-- Returns by kind of socket the functions that set one and those that get one: f(state, name, value).
local K = ...
local arg, request = K.arg, K.request
local match = string.match
local gmatch, next, select, tonumber, type = string.gmatch, next, select, tonumber, K.raw.type
local DONE = 1.0

local function done(fails)
  if fails then
    return nil, "setsockopt failed"
  end
  return DONE
end

local function set_switch(state, name, ...)
  return done(not request("socket.set_option", state.fd, name, arg.boolean(3, ...)))
end

local function set_number(state, name, ...)
  local value = tonumber((...)) or 0
  return done(not request("socket.set_option", state.fd, name, value // 1 | 0))
end

local function set_linger(state, name, ...)
  local value = arg.table(3, ...)
  if type(value.on) ~= "boolean" then
    arg.error(3, "boolean 'on' field expected")
  elseif not tonumber(value.timeout) then
    arg.error(3, "number 'timeout' field expected")
  end
  return done(not request("socket.set_option", state.fd, name, value.on and tonumber(value.timeout) // 1 | 0 or -1))
end

local function is_ip(text)
  local found = match(text, "^%d+%.%d+%.%d+%.%d+$")
  for octet in gmatch(found or "256", "%d+") do
    if tonumber(octet) > 255 then
      return false
    end
  end
  return true
end

local function set_ip(state, name, ...)
  local address = arg.string(3, ...)
  if address ~= "*" and not is_ip(address) then
    arg.error(3, "ip expected")
  end
  return done(not request("socket.set_option", state.fd, name, address == "*" and "0.0.0.0" or address))
end

local function fields_of_membership(...)
  local value = arg.table(3, ...)
  if type(value.multiaddr) ~= "string" then
    arg.error(3, "string 'multiaddr' field expected")
  end
  return value.multiaddr, value.interface
end

local function set_membership(state, name, ...)
  local group, interface = fields_of_membership(...)
  if not is_ip(group) then
    arg.error(3, "invalid 'multiaddr' ip address")
  elseif type(interface) ~= "string" then
    arg.error(3, "string 'interface' field expected")
  elseif interface ~= "*" and not is_ip(interface) then
    arg.error(3, "invalid 'interface' ip address")
  end
  local joins = name == "ip-add-membership"
  interface = interface == "*" and "0.0.0.0" or interface
  return done(not request("socket.set_membership", state.fd, joins, group, interface))
end

-- lwIP expects another structure than LuaSocket makes, so it never works.
local function set_membership_6(_, _, ...)
  local group, interface = fields_of_membership(...)
  if request("socket.family_of", group) ~= "inet6" then
    arg.error(3, "invalid 'multiaddr' ip address")
  elseif interface ~= nil and not tonumber(interface) then
    arg.error(-1, "number 'interface' field expected")
  end
  return done(true)
end

local function get_option(state, name)
  local ok, value = request("socket.get_option", state.fd, name)
  if not ok then
    return nil, "getsockopt failed"
  end
  return value
end

local function get_linger(state, name)
  local seconds, reason = get_option(state, name)
  if not seconds then
    return nil, reason
  end
  return {on = seconds >= 0, timeout = seconds >= 0 and seconds or 0}
end

local setters = {
  tcp = {
    keepalive = set_switch, reuseaddr = set_switch, reuseport = set_switch, ["tcp-nodelay"] = set_switch,
    ["ipv6-v6only"] = set_switch, linger = set_linger,
  },
  udp = {
    dontroute = set_switch, broadcast = set_switch, reuseaddr = set_switch, reuseport = set_switch,
    ["ip-multicast-if"] = set_ip, ["ip-multicast-ttl"] = set_number, ["ip-multicast-loop"] = set_switch,
    ["ip-add-membership"] = set_membership, ["ip-drop-membership"] = set_membership,
    ["ipv6-unicast-hops"] = set_number, ["ipv6-multicast-hops"] = set_number, ["ipv6-multicast-loop"] = set_switch,
    ["ipv6-add-membership"] = set_membership_6, ["ipv6-drop-membership"] = set_membership_6, ["ipv6-v6only"] = set_switch,
  },
}
local getters = {
  tcp = {
    keepalive = get_option, reuseaddr = get_option, reuseport = get_option, ["tcp-nodelay"] = get_option,
    linger = get_linger, error = get_option,
  },
  udp = {
    dontroute = get_option, broadcast = get_option, reuseaddr = get_option, reuseport = get_option,
    ["ip-multicast-if"] = get_option, ["ip-multicast-loop"] = get_option, error = get_option,
    ["ipv6-unicast-hops"] = get_option, ["ipv6-multicast-hops"] = get_option, ["ipv6-multicast-loop"] = get_option,
    ["ipv6-v6only"] = get_option,
  },
}

return {setters = setters, getters = getters, is_ip = is_ip}
