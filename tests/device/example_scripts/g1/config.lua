-- A LoRa gateway at a cable.

config.ethernet = true
config.sntp = true
config.lora.gw = true

config.data.wifi = {ssid = "", pass = ""}
config.data.ethernet = {}
config.data.http = {httpPort = 80, httpsPort = 0, caFile = "", keyFile = ""}
config.data.can.gw = {port = 1333, speed = 1000}
