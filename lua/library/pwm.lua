---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Pulse width modulation. Not in every build: pwm.
---@class pwm
pwm = {}

---The unit. Not in every build: pwm.
pwm.PWM0 = 0

---A channel. Not in every build: pwm.
pwm.PWM_CH0 = 0

---A channel. Not in every build: pwm.
pwm.PWM_CH1 = 1

---A channel. Not in every build: pwm.
pwm.PWM_CH2 = 2

---A channel. Not in every build: pwm.
pwm.PWM_CH3 = 3

---A channel. Not in every build: pwm.
pwm.PWM_CH4 = 4

---A channel. Not in every build: pwm.
pwm.PWM_CH5 = 5

---A channel. Not in every build: pwm.
pwm.PWM_CH6 = 6

---A channel. Not in every build: pwm.
pwm.PWM_CH7 = 7

---A channel. Not in every build: pwm.
pwm.PWM_CH8 = 8

---A channel. Not in every build: pwm.
pwm.PWM_CH9 = 9

---A channel. Not in every build: pwm.
pwm.PWM_CH10 = 10

---A channel. Not in every build: pwm.
pwm.PWM_CH11 = 11

---A channel. Not in every build: pwm.
pwm.PWM_CH12 = 12

---A channel. Not in every build: pwm.
pwm.PWM_CH13 = 13

---A channel. Not in every build: pwm.
pwm.PWM_CH14 = 14

---A channel. Not in every build: pwm.
pwm.PWM_CH15 = 15

---Take the next channel; it does not start. Not in every build: pwm.
---@param pin integer
---@param frequency number
---@param duty number
---@return pwm.inst
function pwm.attach(pin, frequency, duty) end

---@class pwm.inst
local pwm_inst = {}

---Free the channel. Not in every build: pwm.
function pwm_inst:detach() end

---Choose the duty, 0 to 1. Not in every build: pwm.
---@param duty number
function pwm_inst:setduty(duty) end

---Choose the frequency, for both channels of the timer. Not in every build: pwm.
---@param frequency number
function pwm_inst:setfreq(frequency) end

---Begin. Not in every build: pwm.
function pwm_inst:start() end

---Pause, pin low. Not in every build: pwm.
function pwm_inst:stop() end

---The codes of the errors of pwm. Not in every build: pwm.
---@class pwm.error
pwm.error = {}

---can't setup Not in every build: pwm.
pwm.error.CannotSetup = 117440512

---invalid unit Not in every build: pwm.
pwm.error.InvalidUnit = 117440513

---invalid channel Not in every build: pwm.
pwm.error.InvalidChannel = 117440514

---invalid duty Not in every build: pwm.
pwm.error.InvalidDuty = 117440515

---invalid frequency Not in every build: pwm.
pwm.error.InvalidFrequency = 117440516
