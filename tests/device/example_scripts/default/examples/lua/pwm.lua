-- The brightness of an LED at GPIO26 goes up and down.

thread.start(function()
    led = pwm.attach(pio.GPIO26, 10000, 0)
    led:start()
    local first, last, step = 0, 100, 1
    while true do
        for percent = first, last, step do
            led:setduty(percent / 100)
            tmr.delayms(10)
        end
        first, last, step = last, first, -step
    end
end)
