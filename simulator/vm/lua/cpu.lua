-- cpu: the chip, deep sleep and what ends it (components/lua/modules/hw/cpu.c).
local K = ...
local arg, request = K.arg, K.request
local format, select = string.format, select

local EXT0, EXT1, TIMER, TOUCHPAD, ULP = 2, 3, 4, 5, 6
local WATCHPOINT_STORE = -2147483648

local cpu = {}

function cpu.model()
  return K.pass(request("os.cpu"))
end

function cpu.board()
  return K.pass(request("os.board"))
end

function cpu.resetreason()
  return K.pass(request("os.resetreason"))
end

function cpu.speed()
  return K.pass(request("cpu.speed"))
end

local SENSOR = 128 -- what the sensor of most chips says

function cpu.temperature()
  return (SENSOR - 64) / 1.8
end

function cpu.watchpoint(...)
  arg.integer(1, ...)
  local size = arg.optional(arg.integer, 2, (select(2, ...)), 4)
  arg.optional(arg.integer, 3, (select(3, ...)), WATCHPOINT_STORE)
  request("cpu.watchpoint", size)
end

-- The frames of the last panic, of pairs of addresses.
local function frames(...)
  local found, text = {}, ""
  for i = 1, select("#", ...), 2 do
    local pc, sp = select(i, ...)
    found[#found + 1] = {pc = pc, sp = sp}
    text = text .. format(" 0x%08x:0x%08x", pc, sp)
  end
  return found, text
end

function cpu.backtrace(...)
  local is_shown = select("#", ...) > 0 and arg.boolean(1, ...)
  local found, text = frames(request("cpu.backtrace"))
  if is_shown then
    request("console.write", "Backtrace:" .. (#found > 0 and text or " none") .. "\r\n")
  end
  if #found > 0 then
    return found
  end
end

-- The task watchdog is in no build.
local function nothing() end

cpu.watchdog = K.module("cpu.watchdog", {add = nothing, reset = nothing, remove = nothing})

-------------------------------------------------------------------------------------------------------------------
-- Deep sleep

function cpu.sleep(...)
  request("cpu.sleep", arg.integer(1, ...))
end

-- The radio is switched off properly, if it was on.
function cpu.deepsleep()
  K.pcall(request, "net.wf.stop")
  request("cpu.deepsleep")
end

function cpu.wakeupon(...)
  local cause = arg.integer(1, ...)
  if cause == EXT0 then
    request("cpu.wake_on_ext0", arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...)))
  elseif cause == EXT1 then
    request("cpu.wake_on_ext1", arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...)))
  elseif cause == TIMER then
    request("cpu.wake_on_timer", arg.integer(2, select(2, ...)))
  elseif cause == TOUCHPAD then
    request("cpu.wake_on_touch")
  elseif cause == ULP then
    request("cpu.wake_on_ulp")
  end
end

function cpu.wakeupreason()
  local cause = request("cpu.wakeup")
  return cause
end

function cpu.wakeupext1mask()
  local _, mask = request("cpu.wakeup")
  return mask
end

function cpu.wakeupext1pin()
  local _, mask = request("cpu.wakeup")
  if mask == 0 then
    return
  end
  local pin = 0
  while mask >> pin & 1 == 0 do
    pin = pin + 1
  end
  return pin
end

K.base_library.cpu = K.module("cpu", cpu)
