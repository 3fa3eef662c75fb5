-- What tests/repeat.py runs: threads, timers, files, addresses, random numbers and an update, all at once.
local names = {}
for i = 1, 20 do names["name" .. i * 7919] = i end
for name, i in pairs(names) do io.write(name, "=", i, " ") end
print(tostring(names), tostring(print), os.time(), os.clock())
local file = io.open("/notes.txt", "a") file:write(os.resetreason(), "\\n") file:close()
local m = thread.createmutex()
for i = 1, 3 do
  thread.start(function()
    for step = 1, 5 do
      m:lock() print("thread", i, step, os.clock(), math.random(1000)) m:unlock()
      thread.sleepms(i * 7)
    end
  end)
end
local ticks = 0
local timer = tmr.attach(10, function(t)
  ticks = ticks + 1
  print("tick", ticks)
  if ticks == 20 then t:detach() end
end)
timer:start()
net.callback(function(event) print("callback", event.interface, event.type) end)
for i = 1, 300000 do local _ = i * i end
-- Update this board over the air.
--
-- Run as /autorun.lua it also runs after the restart into the new firmware, where the server has nothing newer.
local SSID, PASSWORD = "luatwin", "virtual-wifi"

local board_type, board_subtype, brand = os.board()
local _, _, build_time, commit = os.version()
print("board type:    " .. board_type)
print("board subtype: " .. board_subtype)
print("brand:         " .. (brand ~= "" and brand or "(none)"))
print("firmware:      " .. commit .. ", built " .. os.date("%d %b %Y", build_time))

print("joining " .. SSID .. " ...")
net.wf.setup(net.wf.mode.STA, SSID, PASSWORD)
net.wf.start(false)
while not net.connected() do
  tmr.sleepms(100)
end
local wifi = net.wf.stat(true)
print("joined, address " .. wifi.ip .. ", gateway " .. wifi.gw)

if ota and ota.state() == "pending_verify" then
  ota.confirm() -- the hardened profile: an update that got this far can be updated again, so it may stay
  print("this update is confirmed")
end

local outcome, why = net.ota() -- the stock firmware returns nothing
print(why and "not updated: " .. why or "this board is up to date")
