-- The first 101 bytes of a memory 24C256 get their own addresses, and are read back.

local MEMORY = 0x51

bus = i2c.attach(i2c.I2C0, i2c.MASTER, 400000)

-- While it writes it does not acknowledge its address.
function wait_until_written()
    local answered = false
    while not answered do
        try(function()
            bus:start()
            bus:address(MEMORY, false)
            bus:stop()
            answered = true
        end)
    end
end

function put(position, byte)
    bus:start()
    bus:address(MEMORY, false)
    bus:write(0x00, position, byte)
    bus:stop()
    wait_until_written()
end

function get(position)
    bus:start()
    bus:address(MEMORY, false)
    bus:write(0x00, position)
    bus:start()
    bus:address(MEMORY, true)
    local byte = bus:read()
    bus:stop()
    return byte
end

for position = 0, 100 do
    put(position, position)
end

for position = 0, 100 do
    local byte = get(position)
    if byte ~= position then
        error("position " .. position .. " has " .. byte)
    end
end
