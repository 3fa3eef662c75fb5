-- net.service.can: frames of the CAN bus over TCP, which is not there (components/lua/modules/net/net_service_can.inc).
local K = ...
local arg, raise, request = K.arg, K.raise, K.request
local select = select

local can = {}

function can.start(...)
  for i = 1, 3 do
    arg.integer(i, select(i, ...))
  end
  raise("net.service.can.start is not simulated yet")
end

function can.stop()
  raise(request("net.exception", "can", "GatewayNotStarted"))
end

function can.running()
  return false
end

return K.module("net.service.can", can)
