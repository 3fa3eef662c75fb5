-- Join the access point, and tell when the network comes and goes.
net.callback(function(interface, event)
  print("network", interface, event)
end)
net.wf.setup(net.wf.mode.STA, "luatwin", "virtual-wifi")
net.wf.start(false)
