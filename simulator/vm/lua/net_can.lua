-- net.service.can: frames of the CAN bus over TCP (components/lua/modules/net/net_service_can.inc).
local K = ...
local arg, request = K.arg, K.request
local select = select

local can = {}

function can.start(...)
  request("can.start_gateway", arg.integer(1, ...), arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...)))
end

function can.stop()
  request("can.stop_gateway")
end

function can.running()
  return (request("can.gateway_runs"))
end

return K.module("net.service.can", can)
