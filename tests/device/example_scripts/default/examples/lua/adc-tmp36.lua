-- A TMP36 at GPIO32 tells the temperature, once a second.

sensor_pin = adc.attach(adc.ADC1, adc.ADC_CH4, 12)

while true do
    count, millivolts = sensor_pin:read()
    degrees = (millivolts - 500) / 10
    print("raw: " .. count .. "\t mvolts: " .. millivolts .. "\t temp: " .. string.format("%.2f", degrees))
    tmr.delay(1)
end
