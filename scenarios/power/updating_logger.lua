-- A logger that writes whenever it starts, to NVS and to files, and then updates itself: for luatwin sweep --chaos, so
-- that power, radio and server may fail at any time and anything of it be under way.
local SSID, PASSWORD = "luatwin", "virtual-wifi"

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local boots = nvs.read("logger", "boots", 0) + 1
nvs.write("logger", "boots", boots)
nvs.write("logger", "name", "logger " .. boots)

os.mkdir("/data")
for index = 1, 8 do
  local reading = string.format("boot %d, reading %d: %s\n", boots, index, string.rep("x", 40 * index))
  write("/data/reading" .. index, reading)
  nvs.write("readings", "r" .. index, reading)
  local log = assert(io.open("/data/log", "a"))
  log:write(reading)
  log:close()
end
write("/data/settings.new", "boots = " .. boots .. "\n")
os.remove("/data/settings.old")
os.rename("/data/settings", "/data/settings.old")
os.rename("/data/settings.new", "/data/settings")
nvs.rm("readings", "r3")

net.wf.setup(net.wf.mode.STA, SSID, PASSWORD)
net.wf.start(false)
while not net.connected() do
  tmr.sleepms(100)
end
if ota and ota.state() == "pending_verify" then
  ota.confirm()
end
net.ota()
