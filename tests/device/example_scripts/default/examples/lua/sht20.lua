-- What an SHT20 says of the air, once.

local SENSOR = 0x40
local MEASURE_TEMPERATURE, MEASURE_HUMIDITY = 0xF3, 0xF5

bus = bus or i2c.attach(i2c.I2C1, i2c.MASTER, 100000)

-- Polynomial x^8 + x^5 + x^4 + 1: the rest is 0 if the message has arrived as it was sent.
function is_whole(word, check)
    local rest = word << 8 | check
    for bit = 23, 8, -1 do
        if rest & 1 << bit ~= 0 then
            rest = rest ~ 0x131 << bit - 8
        end
    end
    return rest & 0xFF == 0
end

function measure(command)
    bus:start()
    bus:address(SENSOR, false)
    bus:write(command)
    bus:stop()

    tmr.delay(10)

    bus:start()
    bus:address(SENSOR, true)
    local high = bus:read()
    local low = bus:read()
    local check = bus:read()
    bus:stop()

    local word = high << 8 | low
    return is_whole(word, check) and word or nil
end

local function scaled(word, span, offset)
    return word and word * span / 65536.0 + offset
end

-- In hPa; Magnus' formula, over water or over ice.
local function saturation(celsius)
    local slope, zero = 7.5, 237.3
    if celsius < 0 then
        slope, zero = 7.6, 240.7
    end
    return 6.1078 * math.exp(math.log(10) * slope * celsius / (zero + celsius))
end

-- In g/m3.
local function water(celsius, percent)
    local vapour = percent / 100 * saturation(celsius)
    return math.exp(math.log(10) * 5) * 18.016 / 8314.3 * vapour / (celsius + 273.15)
end

local celsius = scaled(measure(MEASURE_TEMPERATURE), 175.72, -46.85)
local percent = scaled(measure(MEASURE_HUMIDITY), 125.0, -6.0)

if celsius and percent then
    print("Temperature: " .. string.format("%.2f", celsius) .. " C")
    print("Humidity rel.: " .. string.format("%.2f", percent) .. " %")
    print("Humidity abs.: " .. string.format("%.2f", water(celsius, percent)) .. " g/m3")
end
