-- pwm: pulse width modulation (components/lua/modules/hw/pwm.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local select = select

local pwm, methods = {}, {}
local new, number_of = K.handle_type("pwm.inst", methods, function(handle)
  methods.detach(handle)
end)

function pwm.attach(...)
  local number = request("pwm.attach", arg.integer(1, ...), arg.integer(2, select(2, ...)),
    arg.number(3, select(3, ...)))
  return new(number)
end

function methods.start(...)
  request("pwm.start", number_of(...))
end

function methods.stop(...)
  request("pwm.stop", number_of(...))
end

function methods.detach(...)
  request("pwm.detach", number_of(...))
end

function methods.setduty(...)
  local number = number_of(...)
  request("pwm.setduty", number, arg.number(2, select(2, ...)))
end

-- The device takes the frequency as a number and cuts off its fraction.
function methods.setfreq(...)
  local number = number_of(...)
  request("pwm.setfreq", number, K.truncated(arg.number(2, select(2, ...))))
end

K.base_library.pwm = K.module("pwm", pwm)
