-- Join the access point and update over the air; runs again after the restart into the new firmware.
net.wf.setup(net.wf.mode.STA, "luatwin", "virtual-wifi")
net.wf.start(false)
while not net.connected() do
  tmr.sleepms(100)
end
print("joined")
if ota and ota.state() == "pending_verify" then
  ota.confirm()
  print("confirmed")
end
local outcome, why = net.ota()
print("update:", outcome, why)
