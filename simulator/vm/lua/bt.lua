-- bt: Bluetooth LE (components/lua/modules/bluetooth/bluetooth.c, bluetooth_eddystone.inc).
local K = ...
K.needs("handles")
K.needs("hex")
local arg, raise, request = K.arg, K.raise, K.request
local from_hex, to_hex = K.from_hex, K.to_hex
local select = select

local ADDRESS_BYTES, NAMESPACE_BYTES, INSTANCE_BYTES = 6, 10, 6

-- The argument at `index`, which is the first of those that follow, as bytes.
local function hex(what, index, ...)
  local text = K.hex_text(arg.string(index, ...))
  if not text then
    request("bt.invalid", what .. " must be in hex string format")
  end
  return text
end

local bt = {}

function bt.attach(...)
  request("bt.attach", arg.integer(1, ...))
end

local advertise = {}

function advertise.start(...)
  local min, max, kind = arg.integer(1, ...), arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...))
  local own = arg.integer(4, select(4, ...))
  arg.integer(5, select(5, ...))
  local peer = hex("peer address", 6, select(6, ...))
  local channels = arg.integer(7, select(7, ...))
  arg.integer(8, select(8, ...))
  local data = hex("advertise data", 9, select(9, ...))
  request("bt.advertise.start", min, max, kind, own, from_hex(peer, ADDRESS_BYTES), channels, from_hex(data, #data // 2))
end

function advertise.stop()
  request("bt.advertise.stop")
end

bt.advertise = K.module("bt.advertise", advertise)

-------------------------------------------------------------------------------------------------------------------
-- Scanning

local UID, URL = 1, 2
local scan = {}

function scan.start(...)
  local f = arg["function"](1, ...)
  local number, problem = request("bt.scan.start")
  K.callbacks[number] = {function(rssi, raw, power, distance, first, instance)
    local frame = {type = 0, rssi = rssi, raw = to_hex(raw), len = #raw, txPower = power, distance = distance}
    if instance then
      frame.type, frame.namespace, frame.instance = UID, to_hex(first), to_hex(instance)
    elseif first then
      frame.type, frame.url = URL, first
    end
    f(frame)
  end}
  if problem ~= "" then
    raise(problem)
  end
end

function scan.stop()
  request("bt.scan.stop")
end

bt.scan = K.module("bt.scan", scan)

-------------------------------------------------------------------------------------------------------------------
-- Beacons

local eddystone, methods = {}, {}
local new, number_of
new, number_of = K.handle_type("eddystone.ins", methods, function(beacon)
  request("bt.beacon.remove", number_of(beacon))
end)

-- What fits into an int8_t of a transmission power.
local function power_of(...)
  return (arg.integer(2, ...) + 128 & 0xff) - 128
end

function eddystone.uid(...)
  hex("address", 1, ...)
  local power = power_of(select(2, ...))
  local namespace = hex("namespace", 3, select(3, ...))
  local instance = hex("instance", 4, select(4, ...))
  local number = request("bt.beacon.uid", power, from_hex(namespace, NAMESPACE_BYTES), from_hex(instance, INSTANCE_BYTES))
  return new(number)
end

function eddystone.url(...)
  hex("address", 1, ...)
  local power = power_of(select(2, ...))
  local number = request("bt.beacon.url", power, string.match(arg.string(3, select(3, ...)), "^[^\0]*"))
  return new(number)
end

function methods.start(...)
  request("bt.beacon.start", number_of(...))
end

function methods.stop(...)
  request("bt.beacon.stop", number_of(...))
end

bt.service = K.module("bt.service", {eddystone = K.module("bt.service.eddystone", eddystone)})
K.base_library.bt = K.module("bt", bt)
