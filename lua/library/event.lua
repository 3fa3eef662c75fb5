---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Broadcasts between Lua threads.
---@class event
event = {}

---Make an event.
---@return event.ins
function event.create() end

---@class event.ins
local event_ins = {}

---Wake every listener; wait until all are done.
---@param wait? boolean by default false
function event_ins:broadcast(wait) end

---Wake the listeners for the last time.
function event_ins:disable() end

---Say that this thread has dealt with the event, and stop listening.
function event_ins:done() end

---Make a disabled event work again.
function event_ins:enable() end

---Whether a waiting broadcast has listeners that are not done.
---@return boolean
function event_ins:pending() end

---Listen and wait for a broadcast; false if disabled.
---@return boolean
function event_ins:wait() end

---The codes of the errors of event.
---@class event.error
event.error = {}

---not enough memory
event.error.NotEnoughtMemory = 335544320
