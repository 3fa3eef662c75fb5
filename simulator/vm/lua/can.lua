-- can: frames on the CAN bus (components/lua/modules/hw/can.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local format = string.format
local next, select = next, select

local can = {}

function can.attach(...)
  local id, kbps = arg.integer(1, ...), arg.integer(2, select(2, ...))
  request("can.attach", id, kbps, arg.optional(arg.integer, 3, (select(3, ...)), 200))
end

function can.send(...)
  local id, identifier, kind = arg.integer(1, ...), arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...))
  local length, data = arg.integer(4, select(4, ...)), arg.string(5, select(5, ...))
  request("can.send", id, identifier, kind, length, data)
end

function can.receive(...)
  return K.pass(request("can.receive", arg.integer(1, ...), arg.optional(arg.integer, 2, (select(2, ...)), -1)))
end

for _, name in next, {"addfilter", "removefilter"} do
  can[name] = function(...)
    request("can." .. name, arg.integer(1, ...), arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...)))
  end
end

function can.dump(...)
  request("can.dump", arg.integer(1, ...))
end

local FIELDS = {
  "state", "msgs_to_tx", "msgs_to_rx", "tx_error_counter", "rx_error_counter", "tx_failed_count", "rx_missed_count",
  "arb_lost_count", "bus_error_count",
}
local TEXT = "State: running\r\nTX packets waiting: %d\r\nRX packets waiting: %d\r\nTX failed counter: %d\r\n"
  .. "RX missed counter: %d\r\nerrors:\r\n   TX error counter: %d\r\n   RX error counter: %d\r\n"
  .. "   bus: %d arbitration lost: %d\r\n"

function can.stats(...)
  local values, stats = {request("can.stats")}, {}
  for i = 1, #FIELDS do
    stats[FIELDS[i]] = values[i]
  end
  if K.wants_table(...) then
    return stats
  end
  request("console.write", format(TEXT, stats.msgs_to_tx, stats.msgs_to_rx, stats.tx_failed_count,
    stats.rx_missed_count, stats.tx_error_counter, stats.rx_error_counter, stats.bus_error_count,
    stats.arb_lost_count))
end

K.base_library.can = K.module("can", can)
