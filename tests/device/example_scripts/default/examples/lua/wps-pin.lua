-- Shows the PIN that has to be typed into the access point.

net.wf.startwps(net.wf.wpstype.PIN, function(number)
    print("Enter the PIN " .. number .. " on your router.")
end)
