-- A bad update, and how the board gets rid of it by itself.
--
-- For firmware of the hardened profile:  luatwin run lua/demo/rollback.lua --profile hardened
-- As /autorun.lua it runs at every start. The update is on trial until `ota.confirm()`; this one fails its self-test
-- and never confirms, so the next reset, whatever the cause, brings the previous firmware back.
local SSID, PASSWORD = "luatwin", "virtual-wifi"

if not ota then
  error("this firmware cannot confirm an update: run with --profile hardened", 0)
end

-- What a real script would look at: sensors, radio, the server it has to reach. Here the newer firmware is the bad one.
local function self_test()
  return nvs.read("demo", "good", "") == select(4, os.version())
end

local commit = select(4, os.version())
print("running " .. ota.running() .. ", commit " .. commit .. ", state " .. tostring(ota.state()))

if ota.state() == "pending_verify" then
  print("first start of an update: self-test ...")
  if self_test() then
    ota.confirm()
    print("confirmed: " .. ota.state())
  else
    print("self-test failed; nothing is confirmed, and the board restarts")
    os.exit()
  end
elseif ota.state(ota.next()) == "aborted" then
  print("back again: the update in " .. ota.next() .. " was not confirmed and is never started again")
else
  nvs.write("demo", "good", commit)
  net.wf.setup(net.wf.mode.STA, SSID, PASSWORD)
  net.wf.start(false)
  while not net.connected() do
    tmr.sleepms(100)
  end
  net.ota()
end
