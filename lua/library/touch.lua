---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Touch pads. Not in every build: touch.
---@class touch
touch = {}

---High voltage: no change. Not in every build: touch.
touch.HVOLT_KEEP = -1

---High voltage. Not in every build: touch.
touch.HVOLT_2V4 = 0

---High voltage. Not in every build: touch.
touch.HVOLT_2V5 = 1

---High voltage. Not in every build: touch.
touch.HVOLT_2V6 = 2

---High voltage. Not in every build: touch.
touch.HVOLT_2V7 = 3

---Low voltage: no change. Not in every build: touch.
touch.LVOLT_KEEP = -1

---Low voltage. Not in every build: touch.
touch.LVOLT_0V5 = 0

---Low voltage. Not in every build: touch.
touch.LVOLT_0V6 = 1

---Low voltage. Not in every build: touch.
touch.LVOLT_0V7 = 2

---Low voltage. Not in every build: touch.
touch.LVOLT_0V8 = 3

---Attenuation: no change. Not in every build: touch.
touch.HVOLT_ATTEN_KEEP = -1

---Attenuation. Not in every build: touch.
touch.HVOLT_ATTEN_1V5 = 0

---Attenuation. Not in every build: touch.
touch.HVOLT_ATTEN_1V = 1

---Attenuation. Not in every build: touch.
touch.HVOLT_ATTEN_0V5 = 2

---Attenuation. Not in every build: touch.
touch.HVOLT_ATTEN_0V = 3

---Start the pads. Not in every build: touch.
---@param refh? integer
---@param refl? integer
---@param atten? integer
---@param filter? integer
---@param period? integer by default 10
function touch.init(refh, refl, atten, filter, period) end

---Ten values. Not in every build: touch.
---@return integer ...
function touch.read() end

---Thresholds that wake from deep sleep. Not in every build: touch.
---@param v1 any
---@param v2 any
---@param v3 any
---@param v4 any
---@param v5 any
---@param v6 any
---@param v7 any
---@param v8 any
---@param v9 any
---@param v10 any
function touch.wakethreshold(v1, v2, v3, v4, v5, v6, v7, v8, v9, v10) end

---The codes of the errors of touch. Not in every build: touch.
---@class touch.error
touch.error = {}

---can't set FSM mode Not in every build: touch.
touch.error.CannotSetFsmMode = 536870912

---can't set group mask Not in every build: touch.
touch.error.CannotSetGroupMask = 536870913

---can't set trigger source Not in every build: touch.
touch.error.CannotSetTriggerSource = 536870914

---can't set threshold Not in every build: touch.
touch.error.CannotSetThreshold = 536870915
