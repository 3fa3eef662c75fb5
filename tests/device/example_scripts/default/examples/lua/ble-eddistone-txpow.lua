-- The transmit power that a beacon at a distance of one metre has to be set to: the mean of what is received, and 41 dB.

local sum, count = 0, 0

bt.attach(bt.mode.BLE)
bt.scan.start(function(frame)
    if frame.type == bt.frameType.EddystoneUID or frame.type == bt.frameType.EddystoneURL then
        count = count + 1
        sum = sum + frame.rssi
        print("TX POW: " .. sum / count + 41)
    end
end)
