---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---I2C buses. Not in every build: i2c.
---@class i2c
i2c = {}

---Mode that attaches but cannot transfer. Not in every build: i2c.
i2c.SLAVE = 0

---Mode. Not in every build: i2c.
i2c.MASTER = 1

---A bus. Not in every build: i2c.
i2c.I2C0 = 0

---A bus. Not in every build: i2c.
i2c.I2C1 = 1

---Open a device of a bus. Not in every build: i2c.
---@param id integer
---@param mode integer
---@param speed? number by default 400000
---@return i2c.trans
function i2c.attach(id, mode, speed) end

---Print or return the pins. Not in every build: i2c.
---@param astable? boolean
---@return table?
function i2c.pins(astable) end

---Choose the pins. Not in every build: i2c.
---@param id integer
---@param sda integer
---@param scl integer
function i2c.setpins(id, sda, scl) end

---@class i2c.trans
local i2c_trans = {}

---Queue the address. Not in every build: i2c.
---@param address integer
---@param read boolean
function i2c_trans:address(address, read) end

---Free the device. Not in every build: i2c.
function i2c_trans:detach() end

---Run what is queued and read. Not in every build: i2c.
---@param count? integer by default 1
---@param asstring? boolean
---@return integer|string ...
function i2c_trans:read(count, asstring) end

---Change the speed until the next start. Not in every build: i2c.
---@param hz integer
function i2c_trans:setspeed(hz) end

---Begin a transaction. Not in every build: i2c.
function i2c_trans:start() end

---Run what is queued; bus errors appear here. Not in every build: i2c.
function i2c_trans:stop() end

---Queue bytes. Not in every build: i2c.
---@param ... any
function i2c_trans:write(...) end

---The codes of the errors of i2c. Not in every build: i2c.
---@class i2c.error
i2c.error = {}

---can't setup Not in every build: i2c.
i2c.error.CannotSetup = 50331648

---is not setup Not in every build: i2c.
i2c.error.NotSetup = 50331649

---invalid unit Not in every build: i2c.
i2c.error.InvalidUnit = 50331650

---invalid operation Not in every build: i2c.
i2c.error.InvalidOperation = 50331651

---not enough memory Not in every build: i2c.
i2c.error.NotEnoughtMemory = 50331652

---invalid transaction Not in every build: i2c.
i2c.error.InvalidTransaction = 50331653

---not ack received Not in every build: i2c.
i2c.error.AckNotReceived = 50331654

---timeout Not in every build: i2c.
i2c.error.Timeout = 50331655

---pin not allowed Not in every build: i2c.
i2c.error.PinNowAllowed = 50331656

---cannot change pin map once the I2C unit has an attached device Not in every build: i2c.
i2c.error.CannotChangePinMap = 50331658

---no more devices allowed Not in every build: i2c.
i2c.error.NoMoreDevicesAllowed = 50331659
