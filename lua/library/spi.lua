---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---SPI buses. Not in every build: spi.
---@class spi
spi = {}

---A bus. Not in every build: spi.
spi.SPI2 = 2

---A bus. Not in every build: spi.
spi.SPI3 = 3

---Mode that is refused. Not in every build: spi.
spi.SLAVE = 0

---Mode. Not in every build: spi.
spi.MASTER = 1

---Flag. Not in every build: spi.
spi.WRITE = 1

---Flag. Not in every build: spi.
spi.READ = 2

---Open a device of a bus. Not in every build: spi.
---@param id integer
---@param mode integer
---@param cs integer
---@param clock integer
---@param bits integer
---@param spimode integer
---@param flags? integer by default 3
---@return spi.ins
function spi.attach(id, mode, cs, clock, bits, spimode, flags) end

---Print or return the pins. Not in every build: spi.
---@param astable? boolean
---@return table?
function spi.pins(astable) end

---Choose the pins. Not in every build: spi.
---@param id integer
---@param miso integer
---@param mosi integer
---@param clk integer
function spi.setpins(id, miso, mosi, clk) end

---@class spi.ins
local spi_ins = {}

---Send what was written and release the bus. Not in every build: spi.
function spi_ins:deselect() end

---Free the device. Not in every build: spi.
function spi_ins:detach() end

---Send and receive; a table of bytes. Not in every build: spi.
---@param ... any
---@return table
function spi_ins:readwrite(...) end

---Take the bus. Not in every build: spi.
function spi_ins:select() end

---Collect bytes; nothing is sent yet. Not in every build: spi.
---@param ... any
function spi_ins:write(...) end

---The codes of the errors of spi. Not in every build: spi.
---@class spi.error
spi.error = {}

---invalid mode Not in every build: spi.
spi.error.InvalidMode = 83886080

---invalid unit Not in every build: spi.
spi.error.InvalidUnit = 83886081

---slave mode not allowed Not in every build: spi.
spi.error.SlaveNotAllowed = 83886082

---not enough memory Not in every build: spi.
spi.error.NotEnoughtMemory = 83886083

---pin not allowed Not in every build: spi.
spi.error.PinNowAllowed = 83886084

---no more devices allowed Not in every build: spi.
spi.error.NoMoreDevicesAllowed = 83886085

---invalid device Not in every build: spi.
spi.error.InvalidDevice = 83886086

---is not set up Not in every build: spi.
spi.error.DeviceNotSetup = 83886087

---device is not selected Not in every build: spi.
spi.error.DeviceNotSelected = 83886088

---cannot change pin map once the SPI unit has an attached device Not in every build: spi.
spi.error.CannotChangePinMap = 83886089
