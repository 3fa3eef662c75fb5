-- mqtt: a client of MQTT (components/lua/modules/middleware/mqtt.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local select, setmetatable = select, setmetatable

local mqtt, methods = {}, {}
local new, number_of, numbers
new, number_of, numbers = K.handle_type("mqtt.cli", methods, function(client)
  request("mqtt.destroy", numbers[client])
end)

-- The same number for the same function, to see whether it is subscribed twice.
local functions, last_function = setmetatable({}, {__mode = "k"}), 0

local function identity(f)
  if not functions[f] then
    last_function = last_function + 1
    functions[f] = last_function
  end
  return functions[f]
end

function mqtt.client(...)
  local id, host, port = arg.string(1, ...), arg.string(2, select(2, ...)), arg.integer(3, select(3, ...))
  local secure = arg.boolean(4, select(4, ...))
  local authorities = arg.optional(arg.string, 5, (select(5, ...)))
  local persistence, folder = false, nil
  if select("#", ...) > 5 then
    persistence = arg.boolean(6, select(6, ...))
    folder = arg.optional(arg.string, 7, (select(7, ...)))
  end
  local number = request("mqtt.client", id, host, port, secure, authorities, persistence, folder)
  return new(number)
end

function methods.connect(...)
  local number = number_of(...)
  local user, password, clean = arg.string(2, select(2, ...)), arg.string(3, select(3, ...)), false
  if select("#", ...) >= 4 then
    clean = arg.boolean(4, select(4, ...))
  end
  request("mqtt.connect", number, user, password, clean)
end

function methods.connected(...)
  local connected = request("mqtt.connected", number_of(...))
  return connected
end

function methods.disconnect(...)
  request("mqtt.disconnect", number_of(...))
end

-- The device takes the client's lock before it looks at the function, and does not give it back if that is none.
function methods.subscribe(...)
  local number, topic, qos = number_of(...), arg.string(2, select(2, ...)), arg.integer(3, select(3, ...))
  request("mqtt.check_qos", number, "CannotSubscribeToTopic", qos)
  request("mqtt.lock", number)
  local f = arg["function"](4, select(4, ...))
  local callback = request("mqtt.subscribe", number, topic, qos, identity(f))
  if callback then
    K.driver_callback(callback, 4, select(4, ...))
    request("mqtt.send_subscription", number)
  end
end

function methods.publish(...)
  local number, topic, payload = number_of(...), arg.string(2, select(2, ...)), arg.string(3, select(3, ...))
  local qos, retained = arg.integer(4, select(4, ...)), false
  request("mqtt.check_qos", number, "CannotPublishToTopic", qos)
  if select("#", ...) >= 5 then
    retained = arg.boolean(5, select(5, ...))
  end
  request("mqtt.publish", number, topic, payload, qos, retained)
end

K.base_library.mqtt = K.module("mqtt", mqtt)
