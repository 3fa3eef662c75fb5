-- Which threads can be suspended.

local function expect(name, works, call)
    print(name .. ": " .. (pcall(call) == works and "PASS" or "FAILED"))
end

expect("THREAD1", false, function() thread.suspend(0) end)
expect("THREAD2", false, function() thread.suspend(-2) end)
expect("THREAD3", true, function() thread.suspend() end)
expect("THREAD4", false, function() thread.suspend(1) end)
expect("THREAD5", false, function() thread.suspend(2) end)
expect("THREAD6", false, function() thread.suspend(0) end)

sleeper = thread.start(function()
    while true do
        tmr.delayms(4)
    end
end)

expect("THREAD7", true, function() thread.suspend(sleeper) end)
expect("THREAD8", true, function() thread.suspend(sleeper) end)
