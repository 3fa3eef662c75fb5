---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Segment displays. Not in every build: sdisplay.
---@class sdisplay
sdisplay = {}

---Chipset. Not in every build: sdisplay.
sdisplay.TM1637 = 1

---Chipset. Not in every build: sdisplay.
sdisplay.HT16K3 = 2

---Start a display on its pins or address. Not in every build: sdisplay.
---@param chipset integer
---@param ... any
---@return sdisplay.ins
function sdisplay.attach(chipset, ...) end

---@class sdisplay.ins
local sdisplay_ins = {}

---All dark. Not in every build: sdisplay.
function sdisplay_ins:clear() end

---The same as setbrightness. Not in every build: sdisplay.
---@param n integer
function sdisplay_ins:setBrightness(n) end

---Choose the brightness. Not in every build: sdisplay.
---@param n integer
function sdisplay_ins:setbrightness(n) end

---Show a text or number. Not in every build: sdisplay.
---@param text string|number
function sdisplay_ins:write(text) end

---The codes of the errors of sdisplay. Not in every build: sdisplay.
---@class sdisplay.error
sdisplay.error = {}

---invalid chipset Not in every build: sdisplay.
sdisplay.error.InvalidChipset = 318767104

---timeout Not in every build: sdisplay.
sdisplay.error.TimeOut = 318767105

---invalid brightness Not in every build: sdisplay.
sdisplay.error.InvalidBrightness = 318767106

---not enough memory Not in every build: sdisplay.
sdisplay.error.NotEnoughMemory = 318767107

---invalid digits Not in every build: sdisplay.
sdisplay.error.InvalidDigits = 318767108
