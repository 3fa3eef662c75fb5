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
