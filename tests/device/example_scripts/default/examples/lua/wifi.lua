-- Who is on the air, and what the network does.

net.wf.scan()

net.wf.setup(net.wf.mode.STA, "CITILAB", "wifi@citilab")
net.wf.start()

net.service.sntp.start()
net.service.sntp.stop()

print("whitecarboard.org: " .. net.lookup("whitecatboard.org"))

net.ping("8.8.8.8")
