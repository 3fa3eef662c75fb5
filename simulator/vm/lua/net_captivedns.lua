-- net.service.captivedns: every name leads to the board's access point
-- (components/lua/modules/net/net_service_captivedns.inc).
local K = ...
local raise, request = K.raise, K.request

local captivedns = {}

function captivedns.start()
  local problem = request("captivedns.start")
  if problem then
    raise(problem)
  end
end

function captivedns.stop()
  request("captivedns.stop")
end

function captivedns.running()
  local running = request("captivedns.running")
  return running
end

return K.module("net.service.captivedns", captivedns)
