---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Servo motors on a PWM channel at 50 Hz. Not in every build: servo.
---@class servo
servo = {}

---Open and centre a servo. Not in every build: servo.
---@param pin integer
---@return servo.ins
function servo.attach(pin) end

---@class servo.ins
local servo_ins = {}

---Free the channel. Not in every build: servo.
function servo_ins:detach() end

---Degrees up to 180, else the pulse in microseconds. Not in every build: servo.
---@param value number
function servo_ins:write(value) end

---The codes of the errors of servo. Not in every build: servo.
---@class servo.error
servo.error = {}

---can't setup Not in every build: servo.
servo.error.CannotSetup = 218103808

---not enough memory Not in every build: servo.
servo.error.NotEnoughtMemory = 218103809
