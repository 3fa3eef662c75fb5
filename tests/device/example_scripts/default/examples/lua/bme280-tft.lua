-- What a BME280 says of the air, on a display, twice a second.

local SHOWN = {"temperature", "humidity", "pressure"}

thread.start(function()
    gdisplay.attach(gdisplay.ST7735G, gdisplay.LANDSCAPE_FLIP, true)
    gdisplay.setfont(gdisplay.UBUNTU16_FONT)
    gdisplay.setforeground(gdisplay.WHITE)
    gdisplay.settransp(false)
    gdisplay.clear()
    local line_height = gdisplay.getfontheight() + 2

    air = sensor.attach("BME280", i2c.I2C0, 0x76, 400)
    while true do
        local values = {}
        for number, quantity in ipairs(SHOWN) do
            values[number] = air:read(quantity)
        end
        for number, quantity in ipairs(SHOWN) do
            local label = quantity:sub(1, 1):upper() .. ": "
            gdisplay.write(2, number * line_height, label .. string.format("%4.2f", values[number]))
        end
        tmr.delayms(500)
    end
end)
