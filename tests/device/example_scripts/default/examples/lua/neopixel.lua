-- A green light runs to and fro on a chain of six.

local LAST = 5

thread.start(function()
    chain = neopixel.setup(neopixel.WS2812B, pio.GPIO14, LAST + 1)
    local place, step = 0, 1
    while true do
        chain:setPixel(place, 0, 255, 0)
        chain:update()
        tmr.delayms(100)
        chain:setPixel(place, 0, 0, 0)
        if place + step < 0 or place + step > LAST then
            step = -step
        end
        place = place + step
    end
end)
