---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---The coprocessor. Not in every build: ulp.
---@class ulp
ulp = {}

---A variable of the program. Not in every build: ulp.
---@param address integer
---@return ulp.var
function ulp.assign(address) end

---Hand the converter over. Not in every build: ulp.
---@param channel integer
---@param resolution? integer by default 0
---@param vref? integer by default 0
---@param max? integer by default 0
function ulp.enableadc(channel, resolution, vref, max) end

---Load a program. Not in every build: ulp.
---@param file string
---@param address? integer by default 0
function ulp.load(file, address) end

---Start the program. Not in every build: ulp.
---@param entry? integer by default 0
function ulp.run(entry) end

---Periods of waking. Not in every build: ulp.
---@param t1? integer by default 0
---@param t2? integer by default 0
---@param t3? integer by default 0
---@param t4? integer by default 0
function ulp.settimer(t1, t2, t3, t4) end

---Stop the program. Not in every build: ulp.
function ulp.stop() end

---Read or write a word. Not in every build: ulp.
---@param address integer
---@param value? any
---@return integer?
function ulp.valueat(address, value) end

---@class ulp.var
local ulp_var = {}

---Get or set where it is. Not in every build: ulp.
---@param address? integer
---@return integer?
function ulp_var:address(address) end

---Get or set what it holds. Not in every build: ulp.
---@param value? any
---@return integer?
function ulp_var:value(value) end

---The codes of the errors of ulp. Not in every build: ulp.
---@class ulp.error
ulp.error = {}

---can't load ulp binary Not in every build: ulp.
ulp.error.CannotLoadBinary = 486539264

---can't load ulp binary: invalid size Not in every build: ulp.
ulp.error.CannotLoadBinarySize = 486539265

---can't load ulp binary: invalid load addr Not in every build: ulp.
ulp.error.CannotLoadBinaryArg = 486539266

---can't load ulp binary: invalid binary Not in every build: ulp.
ulp.error.CannotLoadBinaryMagic = 486539267

---can't run ulp binary Not in every build: ulp.
ulp.error.CannotRunBinary = 486539268

---can't set timer 1 Not in every build: ulp.
ulp.error.CannotSetTimer1 = 486539269

---can't set timer 2 Not in every build: ulp.
ulp.error.CannotSetTimer2 = 486539270

---can't set timer 3 Not in every build: ulp.
ulp.error.CannotSetTimer3 = 486539271

---can't set timer 4 Not in every build: ulp.
ulp.error.CannotSetTimer4 = 486539272
