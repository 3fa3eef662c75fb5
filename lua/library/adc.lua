---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Analogue inputs. Not in every build: adc.
---@class adc
adc = {}

---The internal converter. Not in every build: adc.
adc.ADC1 = 1

---A channel. Not in every build: adc.
adc.ADC_CH0 = 0

---A channel. Not in every build: adc.
adc.ADC_CH1 = 1

---A channel. Not in every build: adc.
adc.ADC_CH2 = 2

---A channel. Not in every build: adc.
adc.ADC_CH3 = 3

---A channel. Not in every build: adc.
adc.ADC_CH4 = 4

---A channel. Not in every build: adc.
adc.ADC_CH5 = 5

---A channel. Not in every build: adc.
adc.ADC_CH6 = 6

---A channel. Not in every build: adc.
adc.ADC_CH7 = 7

---The external converter. Not in every build: mcp3008.
adc.MCP3008 = 2

---The external converter. Not in every build: mcp3208.
adc.MCP3208 = 2

---The external converter. Not in every build: ads1115.
adc.ADS1115 = 2

---The external converter. Not in every build: ads1015.
adc.ADS1015 = 2

---Open a channel. Not in every build: adc.
---@param unit integer
---@param channel integer
---@param resolution? integer by default 0
---@param vref? integer by default 0
---@param max? integer by default 0
---@return adc.chan
function adc.attach(unit, channel, resolution, vref, max) end

---Measure the reference voltage. Not in every build: adc.
---@param id1 integer
---@param gpio integer
---@param id2 integer
---@param channel2 integer
---@return any ...
function adc.calibrate(id1, gpio, id2, channel2) end

---@class adc.chan
local adc_chan = {}

---One conversion: raw value and millivolts. Not in every build: adc.
---@return integer
---@return number
function adc_chan:read() end

---The codes of the errors of adc. Not in every build: adc.
---@class adc.error
adc.error = {}

---invalid unit Not in every build: adc.
adc.error.InvalidUnit = 16777216

---invalid channel Not in every build: adc.
adc.error.InvalidChannel = 16777217

---invalid resolution Not in every build: adc.
adc.error.InvalidResolution = 16777218

---not enough memory Not in every build: adc.
adc.error.NotEnoughtMemory = 16777219

---invalid pin Not in every build: adc.
adc.error.InvalidPin = 16777220

---max value setup not allowed for this ADC Not in every build: adc.
adc.error.MaxSetupNotAllowed = 16777221

---vref value setup not allowed for this ADC Not in every build: adc.
adc.error.VrefSetupNotAllowed = 16777222

---invalid max value Not in every build: adc.
adc.error.InvalidMax = 16777223

---calibration is not allowed for this ADC Not in every build: adc.
adc.error.CannotCalibrate = 16777224

---calibration error Not in every build: adc.
adc.error.CalibrationError = 16777225
