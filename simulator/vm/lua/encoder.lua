-- encoder: rotary encoders (components/lua/modules/hw/encoder.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local select, type = select, type

local encoder, methods = {}, {}
local new, number_of = K.handle_type("encoder.enc", methods, function(_, number)
  request("encoder.collected", number)
  K.callbacks[number] = nil
end)

function encoder.attach(...)
  local a, b, sw = arg.integer(1, ...), arg.integer(2, select(2, ...)), -1
  if select("#", ...) < 3 or select(3, ...) ~= nil then
    sw = arg.integer(3, select(3, ...))
  end
  local has_callback = type((select(4, ...))) == "function"
  local number = request("encoder.attach", a, b, sw, has_callback)
  if has_callback then
    K.driver_callback(number, 4, select(4, ...))
  end
  return new(number)
end

function methods.read(...)
  return K.pass(request("encoder.read", number_of(...)))
end

-- It takes the handle itself for the number to write.
function methods.write(...)
  number_of(...)
  arg.error(1, "number expected, got userdata")
end

function methods.detach(...)
  local number = number_of(...)
  request("encoder.detach", number)
  K.callbacks[number] = nil
end

K.base_library.encoder = K.module("encoder", encoder)
