-- touch: touch pads (components/lua/modules/hw/touch.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local select, tonumber = select, tonumber
local unpack = table.unpack

local touch = {}

local HVOLT_2V7, LVOLT_0V5, HVOLT_ATTEN_1V = 3, 0, 1
local FILTER_PERIOD_MS = 10
local PADS = 10

-- What the voltages do to the counts is not simulated.
function touch.init(...)
  arg.optional(arg.integer, 1, (...), HVOLT_2V7)
  arg.optional(arg.integer, 2, (select(2, ...)), LVOLT_0V5)
  arg.optional(arg.integer, 3, (select(3, ...)), HVOLT_ATTEN_1V)
  local filtered, period = nil, FILTER_PERIOD_MS
  if select("#", ...) > 3 then
    filtered = arg.boolean(4, select(4, ...))
    period = arg.optional(arg.integer, 5, (select(5, ...)), FILTER_PERIOD_MS)
  end
  request("touch.init", filtered, period)
end

function touch.read()
  return K.pass(request("touch.read"))
end

-- What is no number is taken for 0.
function touch.wakethreshold(...)
  local counts = {}
  for i = 1, math.min(select("#", ...), PADS) do
    local count = select(i, ...)
    counts[i] = K.truncated(tonumber(count) or 0)
  end
  request("touch.wakethreshold", unpack(counts))
end

K.base_library.touch = K.module("touch", touch)
