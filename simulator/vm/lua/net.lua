-- net: WiFi, Ethernet, name resolution, ping and the over-the-air update
-- (components/lua/modules/net/net.c, net_wifi.inc, net_eth.inc, net_spi_eth.inc).
local K = ...
local arg, pass, raise, request = K.arg, K.pass, K.raise, K.request
local pack, select, tonumber, unpack = table.pack, select, tonumber, table.unpack
local format, match, rep = string.format, string.match, string.rep
local base = K.base_library

local function write(...)
  request("console.write", format(...))
end

local function raise_exception(driver, name)
  raise(request("net.exception", driver, name))
end

-------------------------------------------------------------------------------------------------------------------
-- IPv4 addresses as integers: the first octet is the low byte, as in memory.

local function to_integer(a, b, c, d)
  return a | b << 8 | c << 16 | d << 24
end

local function octets(n)
  return n & 255, n >> 8 & 255, n >> 16 & 255, n >> 24 & 255
end

local function dotted(n)
  return format("%d.%d.%d.%d", octets(n))
end

local function parse_dotted(text)
  local a, b, c, d = match(text, "^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
  a, b, c, d = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
  if not a or a > 255 or b > 255 or c > 255 or d > 255 then
    raise_exception("net", "InvalidIpAddr")
  end
  return to_integer(a, b, c, d)
end

local net = {}

function net.packip(...)
  if select("#", ...) == 1 then
    return pass(parse_dotted(arg.string(1, ...)))
  end
  local a, b, c, d = arg.integer(1, ...), arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...)),
    arg.integer(4, select(4, ...))
  if (a | b | c | d) & ~255 ~= 0 then
    raise_exception("net", "InvalidIpAddr")
  end
  return to_integer(a, b, c, d)
end

function net.unpackip(...)
  local n, what = arg.integer(1, ...), arg.string(2, select(2, ...))
  if what == "*n" then
    return octets(n)
  elseif what == "*s" then
    return dotted(n)
  end
  raise("invalid format")
end

-------------------------------------------------------------------------------------------------------------------
-- The network as a whole

function net.connected()
  local connected = request("net.connected")
  return connected
end

function net.lookup(...)
  local address = request("net.lookup", arg.string(1, ...))
  if select(2, ...) then
    return pass(parse_dotted(address))
  end
  return address
end

-- The arguments from `first` to `last`, 0 for those that are not there. (`...` are all of the function's.)
local function optional_integers(first, last, ...)
  local values = {select(first, ...)}
  for i = first, last do
    values[i - first + 1] = arg.optional(arg.integer, i, values[i - first + 1], 0)
  end
  return unpack(values, 1, last - first + 1)
end

function net.ping(...)
  request("net.ping", arg.string(1, ...), optional_integers(2, 5, ...))
end

local CALLBACK_ID = -1 -- the one slot that net.callback fills, however often it registers

function net.callback(...)
  local f = arg["function"](1, ...)
  local extra = pack(select(2, ...))
  K.callbacks[CALLBACK_ID] = {function(interface, change)
    f({interface = interface, type = change}, unpack(extra, 1, extra.n))
  end}
  request("net.callback", CALLBACK_ID)
end

function net.ota()
  local outcome, why = request("net.ota")
  if outcome then -- only the hardened profile tells
    return outcome, why
  end
end

-------------------------------------------------------------------------------------------------------------------
-- net.wf

local wf = {}
local AP, APSTA, STAENT = 2, 3, 999
local TIME_CHECK_DEFAULT = 2

-- The arguments after the name of the access point: identity, user name, password, the files of the authority's
-- certificate, the station's own and its key, the key's password, the check of dates, then as for a station.
local function setup_enterprise(ssid, ...)
  local values = {select(3, ...)}
  for i = 3, 9 do
    values[i - 2] = arg.optional(arg.string, i, values[i - 2], "")
  end
  values[8] = arg.optional(arg.integer, 10, values[8], TIME_CHECK_DEFAULT)
  for i = 11, 17 do
    values[i - 2] = arg.optional(arg.integer, i, values[i - 2], 0)
  end
  request("wifi.setup_enterprise", ssid, unpack(values, 1, 15))
end

function wf.setup(...)
  local mode, ssid, password = arg.integer(1, ...), arg.string(2, select(2, ...)), arg.string(3, select(3, ...))
  if mode == STAENT then
    setup_enterprise(ssid, ...)
    return
  end
  if mode == AP or mode == APSTA then
    local powersave, channel = optional_integers(4, 5, ...)
    local hidden = arg.optional(arg.boolean, 6, (select(6, ...)), false)
    request("net.wf.setup_ap", mode, ssid, password, powersave, channel, hidden)
  else
    request("net.wf.setup", mode, ssid, password, optional_integers(4, 10, ...))
  end
end

function wf.start(...)
  if select("#", ...) > 1 then
    raise_exception("wifi", "InvalidArg")
  end
  request("net.wf.start", arg.optional(arg.boolean, 1, (...), true))
end

function wf.stop()
  request("net.wf.stop")
end

local AUTH_NAMES = {[0] = "OPEN", "WEP", "WPA_PSK", "WPA2_PSK", "WPA_WPA2_PSK"}
local SCAN_FIELDS = 5

function wf.scan(as_table)
  local values = pack(request("net.wf.scan"))
  local rows, count = {}, 0
  for first = 1, values.n, SCAN_FIELDS do
    rows[count] = {
      ssid = values[first], rssi = values[first + 1], auth = values[first + 2], ch1 = values[first + 3], ch2 = values[first + 4],
    }
    count = count + 1
  end
  if as_table then
    return rows -- indexed from 0, as on the device
  end
  write("\r\n%sSSID  RSSI          AUTH  CH1  CH2\r\n%s\r\n", rep(" ", 27), rep("-", 61))
  local auth = "" -- a mode without a name shows the text of the row before
  for i = 0, count - 1 do
    local row = rows[i]
    auth = AUTH_NAMES[row.auth] or auth
    write("%31.31s  %4d %13.13s   %2d   %2d\r\n", row.ssid, row.rssi, auth, row.ch1, row.ch2)
  end
  write("\r\n")
end

function wf.stat(as_table)
  local mac, ip, netmask, gw, ip6 = request("net.wf.stat")
  if as_table then
    return {interface = "wf", ip = ip, gw = gw, netmask = netmask, mac = mac, ip6 = mac} -- ip6: the device's own slip
  end
  write("wf: mac address %s\r\n   ip address %s / netmask %s\r\n   gw address %s\r\n", mac, ip, netmask, gw)
  if ip6 ~= "" then
    write("  ip6 address %s\r\n", ip6)
  end
  write("\r\n")
end

local PUSH_BUTTON = 1

K.optional_functions["net.wf.startwps"] = function(...)
  local kind = arg.optional(arg.integer, 1, (...), PUSH_BUTTON)
  local f = kind ~= PUSH_BUTTON and arg["function"](2, select(2, ...)) or nil
  K.callbacks[request("wifi.start_wps", kind)] = f and {f}
end

function wf.startsc(...)
  local f = arg["function"](1, ...)
  K.callbacks[request("wifi.start_smart_config")] = {f}
end

net.wf = K.module("net.wf", wf)

-------------------------------------------------------------------------------------------------------------------
-- net.en, on boards with Ethernet

local ethernet = K.ethernet -- nil, "rmii" or "spi"
local en

if ethernet then
  en = {}

  function en.setup(...)
    request("net.en.setup", optional_integers(1, 5, ...))
  end

  function en.start(...)
    if select("#", ...) > 1 then
      raise_exception(ethernet == "spi" and "spi_eth" or "wifi", "InvalidArg") -- yes, WiFi's
    end
    request("net.en.start", arg.optional(arg.boolean, 1, (...), true))
  end

  function en.stop()
    request("net.en.stop")
  end

  function en.stat(as_table)
    local mac, ip, netmask, gw = request("net.en.stat")
    if as_table then
      return {interface = "en", ip = ip, gw = gw, netmask = netmask, mac = mac}
    end
    write("en: mac address %s\r\n   ip address %s netmask %s\r\n   gw address %s\r\n\r\n", mac, ip, netmask, gw)
  end

  net.en = K.module("net.en", en)
end

function net.stat(as_table)
  if as_table then
    local list = {[0] = wf.stat(true)} -- from 0, so # is 0 with WiFi alone
    if en then
      list[1] = en.stat(true)
    end
    return list
  end
  wf.stat()
  if en then
    en.stat()
  end
end

base.net = K.module("net", net)
