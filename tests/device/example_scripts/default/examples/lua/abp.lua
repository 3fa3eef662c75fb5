-- A LoRaWAN node with keys of its own sends a number, and prints what comes back.

os.loglevel(os.LOG_ALL)

lora.whenReceived(function(number, data)
    print("port " .. number)
    print("payload " .. data)
end)

lora.attach(lora.BAND868)
lora.setDevAddr("26011728")
lora.setNwksKey("5DD8013B282A725F51B1227F311EEFB1")
lora.setAppsKey("9F09A4C74BAEDCB06669A4AC1D7ACB68")
lora.setDr(5)
lora.setReTx(0)

lora.tx(false, 1, pack.pack(25.3))
