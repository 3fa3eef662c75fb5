-- rcswitch: remote-controlled switches (components/lua/modules/hw/rcswitch.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local select = select

local rcswitch = {}

function rcswitch.send(...)
  local code, pin = arg.integer(1, ...), arg.optional(arg.integer, 2, (select(2, ...)), 12)
  local pulse = arg.optional(arg.integer, 3, (select(3, ...)), 330)
  local protocol = arg.optional(arg.integer, 4, (select(4, ...)), 1)
  request("rcswitch.send", code, pin, pulse, protocol, arg.optional(arg.integer, 5, (select(5, ...)), 24))
end

local BACKGROUND = 0
local callback -- the number of the one that is stored

local function forget_callback()
  if callback then
    request("rcswitch.forget")
    K.callbacks[callback] = nil
    callback = nil
  end
end

function rcswitch.receive(...)
  local pin, time = arg.optional(arg.integer, 1, (...), 14), arg.optional(arg.integer, 2, (select(2, ...)), 500)
  if time ~= BACKGROUND or select("#", ...) <= 2 then
    return K.pass(request("rcswitch.receive", pin, time))
  end
  forget_callback()
  arg["function"](3, select(3, ...))
  callback = request("rcswitch.listen", pin)
  K.driver_callback(callback, 3, select(3, ...))
end

function rcswitch.stop()
  forget_callback()
  request("rcswitch.stop")
end

K.base_library.rcswitch = K.module("rcswitch", rcswitch)
