-- An LED at GPIO26 blinks in a thread, and the prompt stays free.

local led = pio.GPIO26

thread.start(function()
    pio.pin.setdir(pio.OUTPUT, led)
    pio.pin.setpull(pio.NOPULL, led)
    while true do
        pio.pin.setval(1, led)
        tmr.delayms(100)
        pio.pin.setval(0, led)
        tmr.delayms(100)
    end
end)
