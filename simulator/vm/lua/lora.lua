-- lora: LoRaWAN nodes and gateways (components/lua/modules/middleware/lora.c).
local K = ...
K.needs("handles")
K.needs("hex")
local arg, raise, request = K.arg, K.raise, K.request
local from_hex, hex_text, to_hex = K.from_hex, K.hex_text, K.to_hex
local next, rep, select = next, string.rep, select

local NODE, GATEWAY = 0, 1
local RATE_MAX, PORT_MAX = 7, 223
local PAYLOAD_MAX = 0xff -- what its length has room for

local lora = {}

function lora.attach(...)
  local chip = request("lora.chip")
  if chip == "SX1272" then
    return -- the firmware leaves all of it out
  elseif chip == "SX1301" then
    raise("lora.attach: the gateway of an SX1301 is not simulated yet")
  end
  local _, role, host, port, frequency, rate = ...
  local band = arg.integer(1, ...)
  role = arg.optional(arg.integer, 2, role, NODE)
  if role == NODE then
    request("lora.attach", band)
  elseif role == GATEWAY then
    host = arg.optional(arg.string, 3, host, "router.eu.thethings.network")
    port = arg.optional(arg.integer, 4, port, 1700)
    frequency = arg.optional(arg.integer, 5, frequency, 868100000)
    rate = arg.optional(arg.integer, 6, rate, 5)
    request("lora.gateway", band, host, port, frequency, rate)
  else
    request("lora.refuse", "CannotSetup", "invalid type")
  end
end

-- A text in hexadecimal, with zeros in front until it has so many digits.
local function padded(text, digits)
  text = hex_text(text)
  if not text then
    raise("invalid hexadecimal number")
  end
  return rep("0", digits - #text) .. text
end

for name, digits in next, {
  setAppEui = 16, setAppKey = 32, setAppsKey = 32, setDevAddr = 8, setDevEui = 16, setNwksKey = 32,
} do
  lora[name] = function(...)
    request("lora.node")
    request("lora.set", name, from_hex(padded(arg.string(1, ...), digits), digits // 2))
  end
end

for name, range in next, {setDr = "0 to 7", setReTx = "0 to 8"} do
  lora[name] = function(...)
    request("lora.node")
    local value = arg.integer(1, ...)
    if value < 0 or value > RATE_MAX then
      raise("100663305:invalid data rate value (" .. range .. ")")
    end
    request("lora." .. name, value)
  end
end

function lora.setAdr(...)
  request("lora.node")
  request("lora.setAdr", arg.boolean(1, ...))
end

for _, name in next, {"getAppEui", "getDevAddr", "getDevEui"} do
  lora[name] = function()
    request("lora.node")
    local value = request("lora.get", name)
    return K.pass(to_hex(value))
  end
end

for _, name in next, {"getAdr", "getDr", "getReTx"} do
  lora[name] = function()
    request("lora.node")
    local value = request("lora.get", name)
    return value
  end
end

function lora.join()
  request("lora.node")
  request("lora.join")
end

function lora.tx(...)
  request("lora.node")
  local confirmed, port = arg.boolean(1, ...), arg.integer(2, select(2, ...))
  local data = arg.string(3, select(3, ...))
  if port < 1 or port > PORT_MAX then
    raise("100663305:invalid port number")
  end
  data = hex_text(data)
  if not data then
    raise("100663305:invalid data")
  end
  request("lora.tx", confirmed, port, from_hex(data, #data // 2 & PAYLOAD_MAX))
end

function lora.whenReceived(...)
  request("lora.node")
  local f = arg["function"](1, ...)
  local number = request("lora.whenReceived")
  K.driver_callback(number, 1, function(port, payload, ...)
    f(port, to_hex(payload), ...)
  end, select(2, ...))
end

K.base_library.lora = K.module("lora", lora)
