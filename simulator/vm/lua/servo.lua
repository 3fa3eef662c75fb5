-- servo: servo motors (components/lua/modules/hw/servo.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local select = select

local servo, methods = {}, {}
local new, number_of = K.handle_type("servo.ins", methods, function(handle)
  methods.detach(handle)
end)

function servo.attach(...)
  local number = request("servo.attach", arg.integer(1, ...))
  return new(number)
end

function methods.write(...)
  local number = number_of(...)
  request("servo.write", number, arg.number(2, select(2, ...)))
end

function methods.detach(...)
  request("servo.detach", number_of(...))
end

K.base_library.servo = K.module("servo", servo)
