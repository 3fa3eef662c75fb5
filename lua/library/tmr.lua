---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Delays and periodic timers.
---@class tmr
tmr = {}

---Hardware timer.
tmr.TMR0 = 0

---Hardware timer.
tmr.TMR1 = 1

---Hardware timer.
tmr.TMR2 = 2

---Hardware timer.
tmr.TMR3 = 3

---Make a software or hardware timer, stopped.
---@param ms integer
---@param fn function
---@return tmr.timer
---@overload fun(id: integer, us: integer, fn: function): tmr.timer
function tmr.attach(ms, fn) end

---Busy-wait s seconds.
---@param s number
function tmr.delay(s) end

---Busy-wait ms milliseconds.
---@param ms integer
function tmr.delayms(ms) end

---Busy-wait us microseconds.
---@param us integer
function tmr.delayus(us) end

---Sleep s seconds; other threads run.
---@param s number
function tmr.sleep(s) end

---Sleep ms milliseconds.
---@param ms integer
function tmr.sleepms(ms) end

---Sleep us microseconds; busy below one millisecond.
---@param us integer
function tmr.sleepus(us) end

---@class tmr.timer
local tmr_timer = {}

---Free the timer.
function tmr_timer:detach() end

---Begin to call the function every period.
function tmr_timer:start() end

---Pause.
function tmr_timer:stop() end
