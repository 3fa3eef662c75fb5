-- One message to a broker.

net.wf.setup(net.wf.mode.STA, "CITILAB", "wifi@citilab")
net.wf.start()

broker = mqtt.client("100", "cssiberica.com", 1883, false)
broker:connect("", "")
broker:publish("/100", "hola", mqtt.QOS0)
