-- net.service.sntp: the clock, set by a time server (components/lua/modules/net/net_service_sntp.inc).
local K = ...
local arg, request = K.arg, K.request

local sntp = {}

function sntp.start(server)
  request("net.service.sntp.start", arg.optional(arg.string, 1, server, "pool.ntp.org"))
end

function sntp.stop()
  request("net.service.sntp.stop")
end

function sntp.running()
  local running = request("net.service.sntp.running")
  return running
end

return K.module("net.service.sntp", sntp)
