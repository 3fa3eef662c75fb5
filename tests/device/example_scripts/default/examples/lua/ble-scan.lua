-- Shows the Eddystone beacons in the air.

bt.attach(bt.mode.BLE)
bt.scan.start(function(frame)
    local distance = ". DISTANCE: " .. tostring(frame.distance) .. "."
    if frame.type == bt.frameType.EddystoneUID then
        local id = ". NAMESPACE: " .. frame.namespace .. ". INSTANCE: " .. frame.instance
        print("EddystoneUID. RSSI: " .. frame.rssi .. id .. distance)
    elseif frame.type == bt.frameType.EddystoneURL then
        print("EddystoneURL. RSSI " .. frame.rssi .. ". URL: " .. frame.url .. distance)
    end
end)
