---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Sensors by name. Not in every build: sensor.
---@class sensor
sensor = {}

---The one-wire interface. Not in every build: sensor.
sensor.OWire = 4

---Open a sensor on the pins or units it needs. Not in every build: sensor.
---@param id string
---@param ... any
---@return sensor.ins
function sensor.attach(id, ...) end

---Print or return the devices of a one-wire bus. Not in every build: sensor.
---@param interface integer
---@param pin integer
---@param astable? boolean
---@return table?
function sensor.enumerate(interface, pin, astable) end

---Print or return the sensors of the build. Not in every build: sensor.
---@param astable? boolean
---@return table?
function sensor.list(astable) end

---@class sensor.ins
local sensor_ins = {}

---Measure and keep it for the next read. Not in every build: sensor.
function sensor_ins:acquire() end

---Call fn with the values that changed. Not in every build: sensor.
---@param fn fun(values: table, arg?: any)
---@param arg? any
function sensor_ins:callback(fn, arg) end

---Free the sensor. Not in every build: sensor.
function sensor_ins:detach() end

---A setting, where the sensor has a getter. Not in every build: sensor.
---@param property string
---@return number|integer|table|nil
function sensor_ins:get(property) end

---A value, or all of them for "all". Not in every build: sensor.
---@param name string
---@return number|integer|table|nil
function sensor_ins:read(name) end

---Change a setting; failures are not reported. Not in every build: sensor.
---@param property string
---@param value number
function sensor_ins:set(property, value) end

---The codes of the errors of sensor. Not in every build: sensor.
---@class sensor.error
sensor.error = {}

---can't setup Not in every build: sensor.
sensor.error.CannotSetup = 167772160

---timeout Not in every build: sensor.
sensor.error.Timeout = 167772161

---not enough memory Not in every build: sensor.
sensor.error.NotEnoughtMemory = 167772162

---setup function is not defined Not in every build: sensor.
sensor.error.SetupUndefined = 167772163

---acquire function is not defined Not in every build: sensor.
sensor.error.AcquireUndefined = 167772164

---set function is not defined Not in every build: sensor.
sensor.error.SetUndefined = 167772165

---not found Not in every build: sensor.
sensor.error.NotFound = 167772166

---interface not supported Not in every build: sensor.
sensor.error.InterfaceNotSupported = 167772167

---sensor is not setup Not in every build: sensor.
sensor.error.NotSetup = 167772168

---invalid address Not in every build: sensor.
sensor.error.InvalidAddress = 167772169

---no more callbacks available Not in every build: sensor.
sensor.error.NoMoreCallbacks = 167772170

---invalid data Not in every build: sensor.
sensor.error.InvalidData = 167772171

---callbacks not allowed for this sensor Not in every build: sensor.
sensor.error.NoCallbacksAlowed = 167772172

---invalid value Not in every build: sensor.
sensor.error.InvalidValue = 167772173

---sensor detached Not in every build: sensor.
sensor.error.SensorDetached = 167772174
