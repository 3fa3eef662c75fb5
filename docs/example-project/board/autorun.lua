-- A greenhouse: a fan that keeps it cool, and a firmware that keeps itself up to date.
local greenhouse = require("greenhouse")

local FAN = pio.GPIO26
local CHECKS = 30 -- how often to look before asking for an update

pio.pin.setdir(pio.OUTPUT, FAN)
pio.pin.setval(0, FAN)
local air = sensor.attach("BME280", i2c.I2C0, 0x76)

local starts = nvs.read("greenhouse", "starts", 0) + 1
nvs.write("greenhouse", "starts", starts)
print("start " .. starts)

local running = false
for _ = 1, CHECKS do
  local temperature = air:read("temperature")
  local wanted = greenhouse.fan(temperature, running)
  if wanted ~= running then
    running = wanted
    pio.pin.setval(running and 1 or 0, FAN)
    print((running and "fan on at " or "fan off at ") .. math.floor(temperature))
  end
  tmr.sleepms(1000)
end

net.wf.setup(net.wf.mode.STA, "luatwin", "virtual-wifi")
net.wf.start(true)
for _ = 1, 20 do
  if net.connected() then
    break
  end
  tmr.sleepms(500)
end
if net.connected() then
  net.ota()
else
  print("no network")
end
print("done")
