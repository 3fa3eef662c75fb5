---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Memory that survives deep sleep; no clock.
---@class rtc
rtc = {}

---A stack of values.
---@class rtc.mem
rtc.mem = {}

---Bytes left.
---@return integer
function rtc.mem.free() end

---Take the last value.
---@return any ...
function rtc.mem.pop() end

---Put a number, boolean or nil.
---@param value any
function rtc.mem.push(value) end

---Bytes in all.
---@return integer
function rtc.mem.size() end

---The codes of the errors of rtc.
---@class rtc.error
rtc.error = {}

---not enough memory
rtc.error.NotEnoughMemory = 587202560

---empty memory
rtc.error.Empty = 587202561

---type not allowed
rtc.error.TypeNotAllowed = 587202562
