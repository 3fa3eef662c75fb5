---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Chains of coloured lights. Not in every build: neopixel.
---@class neopixel
neopixel = {}

---The controller. Not in every build: neopixel.
neopixel.WS2812B = 0

---Open a chain, all dark. Not in every build: neopixel.
---@param controller integer
---@param gpio integer
---@param pixels integer
---@return neopixel.inst
function neopixel.attach(controller, gpio, pixels) end

---Old name of attach; warns. Not in every build: neopixel.
---@param controller integer
---@param gpio integer
---@param pixels integer
---@return neopixel.inst
function neopixel.setup(controller, gpio, pixels) end

---@class neopixel.inst
local neopixel_inst = {}

---0 or 1; it starts at 0.2. Not in every build: neopixel.
---@param brightness number
function neopixel_inst:setBrightness(brightness) end

---Choose a colour; it is not sent yet. Not in every build: neopixel.
---@param index integer
---@param r integer
---@param g integer
---@param b integer
function neopixel_inst:setPixel(index, r, g, b) end

---Send. Not in every build: neopixel.
function neopixel_inst:update() end

---The codes of the errors of neopixel. Not in every build: neopixel.
---@class neopixel.error
neopixel.error = {}

---not enough memory Not in every build: neopixel.
neopixel.error.NotEnoughtMemory = 285212672

---invalid unit Not in every build: neopixel.
neopixel.error.InvalidUnit = 285212673

---invalid pixel Not in every build: neopixel.
neopixel.error.InvalidPixel = 285212674

---invalid controller Not in every build: neopixel.
neopixel.error.InvalidController = 285212676

---invalid RGB component Not in every build: neopixel.
neopixel.error.InvalidRGBComponent = 285212677

---invalid brightness Not in every build: neopixel.
neopixel.error.InvalidBrightness = 285212678
