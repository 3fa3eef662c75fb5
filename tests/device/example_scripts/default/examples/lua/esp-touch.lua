-- A phone tells the board its access point; where the next boot would look for it is NVS.

net.wf.startsc(function(name, password)
    print("SSID: " .. name)
    print("PASS: " .. password)
    nvs.write("wifi", "name", name)
    nvs.write("wifi", "pass", password)
end)
