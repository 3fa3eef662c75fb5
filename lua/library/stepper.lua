---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Stepper motors with ramps. Not in every build: stepper.
---@class stepper
stepper = {}

---Open a motor. Not in every build: stepper.
---@param dirpin integer
---@param steppin integer
---@param stepsperunit? integer by default 200
---@param minspeed? integer by default 60
---@param maxspeed? integer by default 1000
---@param maxacc? integer by default 2
---@param maxjerk? integer by default 20
---@return stepper.inst
function stepper.attach(dirpin, steppin, stepsperunit, minspeed, maxspeed, maxacc, maxjerk) end

---Run the planned moves to their end. Not in every build: stepper.
---@param handle stepper.inst
---@param ... any
---@overload fun(handles: table)
function stepper.start(handle, ...) end

---Run the planned moves. Not in every build: stepper.
---@param handle stepper.inst
---@param ... any
---@overload fun(handles: table)
function stepper.startasync(handle, ...) end

---Stop all motors and wait. Not in every build: stepper.
---@param handle? stepper.inst
---@param ... any
function stepper.stop(handle, ...) end

---Stop all motors. Not in every build: stepper.
---@param handle? stepper.inst
---@param ... any
function stepper.stopasync(handle, ...) end

---@class stepper.inst
local stepper_inst = {}

---Units still to go. Not in every build: stepper.
---@return number
function stepper_inst:getdistance() end

---The position in units. Not in every build: stepper.
---@return integer
function stepper_inst:getposition() end

---Whether it moves. Not in every build: stepper.
---@return boolean
function stepper_inst:isrunning() end

---Plan a move. Not in every build: stepper.
---@param units number
---@param speed? number
---@param acceleration? number
---@param jerk? number
function stepper_inst:move(units, speed, acceleration, jerk) end

---Meant to set the position. Not in every build: stepper.
---@param units number
function stepper_inst:setposition(units) end

---The codes of the errors of stepper. Not in every build: stepper.
---@class stepper.error
stepper.error = {}

---not enough memory Not in every build: stepper.
stepper.error.NotEnoughtMemory = 301989888

---invalid unit Not in every build: stepper.
stepper.error.InvalidUnit = 301989889

---no more units available Not in every build: stepper.
stepper.error.NoMoreUnits = 301989890

---unit is not setup Not in every build: stepper.
stepper.error.UnitNotSetup = 301989891

---invalid pin Not in every build: stepper.
stepper.error.InvalidPin = 301989892

---invalid direction Not in every build: stepper.
stepper.error.InvalidDirection = 301989893

---invalid acceleration Not in every build: stepper.
stepper.error.InvalidAcceleration = 301989894
