-- sensor: sensors by name (components/lua/modules/hw/sensor.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local byte, gmatch, sub = string.byte, string.gmatch, string.sub
local select = select
local unpack = table.unpack

local sensor, methods = {}, {}
local new, number_of = K.handle_type("sensor.ins", methods, function(handle)
  methods.detach(handle)
end)

-- What a request answers with once it is done. One that has had to sleep says that it is not, and is asked to go on.
local function finished(done, ...)
  if done then
    return ...
  end
  return finished(request("sensor.go_on"))
end

local PORT = {9600, 8, 0, 1} -- what may be left out of a serial port: speed, data bits, parity, stop bits

function sensor.attach(...)
  local id = arg.string(1, ...)
  local kinds, values = request("sensor.arguments", id), {}
  for i = 1, #kinds do
    if sub(kinds, i, i) == "o" then
      values[i] = arg.optional(arg.integer, i + 1, (select(i + 1, ...)), PORT[i - 1])
    else
      values[i] = arg.integer(i + 1, select(i + 1, ...))
    end
  end
  local number = finished(request("sensor.attach", id, unpack(values)))
  return new(number)
end

-- Names and types in turn, from 0 as on the device.
local function types(text)
  local list, row, name = {}, 0, nil
  for part in gmatch(text, "%Z+") do
    if name then
      list[row], row, name = {id = name, type = part}, row + 1, nil
    else
      name = part
    end
  end
  return list
end

local function catalogue(...)
  local list, row = {}, 0
  for i = 1, select("#", ...), 6 do
    local id, callback, interface, names, provides, properties = select(i, ...)
    list[row] = {
      callback = callback,
      id = id,
      interface = interface,
      interface_name = names,
      properties = types(properties),
      provides = types(provides),
    }
    row = row + 1
  end
  return list
end

function sensor.list(...)
  if K.wants_table(...) then
    return catalogue(request("sensor.catalogue"))
  end
  request("sensor.list")
end

-- Four bytes from their hexadecimal digits on, as a number of 32 bits.
local function word(digits, first)
  local number = 0
  for i = first, first + 7 do
    local code = byte(digits, i)
    number = number << 4 | (code < 58 and code - 48 or code - 87)
  end
  return number
end

local function devices(id, ...)
  local list = {}
  for i = 1, select("#", ...), 2 do
    local rom, model = select(i, ...)
    local row = i // 2
    list[row] = {addressh = word(rom, 1), addressl = word(rom, 9), device = row + 1, id = id, model = model}
  end
  return list
end

function sensor.enumerate(...)
  local interface = arg.integer(1, ...)
  if interface ~= sensor.OWire then
    request("sensor.interface_not_supported")
  end
  local pin, as_table = arg.integer(2, select(2, ...)), false
  if select("#", ...) == 3 then
    as_table = arg.boolean(3, select(3, ...))
  end
  if as_table then
    return devices(finished(request("sensor.enumerate", pin, true)))
  end
  finished(request("sensor.enumerate", pin, false))
end

-- Of anything but a handle it says nothing.
function methods.detach(...)
  request("sensor.detach", number_of(...))
end

function methods.acquire(...)
  finished(request("sensor.acquire", number_of(...)))
end

function methods.read(...)
  local number = number_of(...)
  return K.pass(finished(request("sensor.read", number, arg.string(2, select(2, ...)))))
end

local CHECKS = {double = arg.number, float = arg.number, int = arg.integer}

function methods.set(...)
  local number, name = number_of(...), arg.string(2, select(2, ...))
  local check, value = CHECKS[request("sensor.setting_type", number, name)], 0
  if check then
    value = check(3, select(3, ...))
  end
  finished(request("sensor.set", number, name, value))
end

function methods.get(...)
  local number = number_of(...)
  local value = finished(request("sensor.get", number, arg.string(2, select(2, ...))))
  return value
end

-- The callback gets a table of what has changed.
function methods.callback(...)
  local number = number_of(...)
  arg["function"](2, select(2, ...))
  local id = request("sensor.callback", number)
  K.driver_callback(id, 2, select(2, ...))
  local f = K.callbacks[id][1]
  K.callbacks[id] = {function(...)
    local news = {}
    for i = 1, select("#", ...), 2 do
      local name, value = select(i, ...)
      news[name] = value
    end
    f(news)
  end}
end

K.base_library.sensor = K.module("sensor", sensor)
