---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Remote-controlled switches at 433 MHz.
---@class rcswitch
rcswitch = {}

---Time of receive: in the background.
rcswitch.BACKGROUND = 0

---Wait for a code, or call a function.
---@param pin? integer by default 14
---@param ms? integer by default 500
---@param callback? function
---@param arg? any
---@return integer?
function rcswitch.receive(pin, ms, callback, arg) end

---Send a code.
---@param code integer
---@param pin? integer by default 12
---@param pulse? integer by default 330
---@param protocol? integer by default 1
---@param bits? integer by default 24
function rcswitch.send(code, pin, pulse, protocol, bits) end

---Stop to receive.
function rcswitch.stop() end

---The codes of the errors of rcswitch.
---@class rcswitch.error
rcswitch.error = {}

---can't start rcswitch listen thread
rcswitch.error.CannotStartThread = 553648128
