---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Lua threads: coroutines on tasks of their own, sharing one Lua state.
---@class thread
thread = {}

---Type of a mutex that its holder cannot lock again.
thread.Lock = 0

---Type of a mutex that its holder can lock again.
thread.RecursiveLock = 1

---Make a suspended thread; its id.
---@param fn function
---@param stack? integer
---@param priority? integer
---@param cpu? integer
---@param name? string
---@return integer
function thread.create(fn, stack, priority, cpu, name) end

---Make a mutex.
---@param type? integer by default RecursiveLock
---@return thread.mutex
function thread.createmutex(type) end

---Print the threads, or return them as a table.
---@param table? boolean
---@param monitor? boolean
---@param all? boolean
---@return table?
function thread.list(table, monitor, all) end

---Continue one thread or all.
---@param id? integer
function thread.resume(id) end

---The caller's id.
---@return integer
function thread.self() end

---Sleep s seconds; other threads run.
---@param s number
function thread.sleep(s) end

---Sleep ms milliseconds.
---@param ms integer
function thread.sleepms(ms) end

---Sleep us microseconds; busy below one millisecond.
---@param us integer
function thread.sleepus(us) end

---Make and run a thread; its id.
---@param fn function
---@param stack? integer
---@param priority? integer
---@param cpu? integer
---@param name? string
---@return integer
function thread.start(fn, stack, priority, cpu, name) end

---running, suspended or nothing; wrong after suspend, as on the device.
---@param id integer
---@return string?
function thread.status(id) end

---Delete one thread or all, wherever it is.
---@param id? integer
function thread.stop(id) end

---Suspend one thread or all.
---@param id? integer
function thread.suspend(id) end

---The same as sleepus.
---@param us integer
function thread.usleep(us) end

---@class thread.mutex
local thread_mutex = {}

---Wait for the mutex and take it.
function thread_mutex:lock() end

---Take the mutex if it is free; whether it was.
---@return boolean
function thread_mutex:trylock() end

---Give the mutex back.
function thread_mutex:unlock() end

---The codes of the errors of thread.
---@class thread.error
thread.error = {}

---not enough memory
thread.error.NotEnoughtMemory = 234881024

---not allowed
thread.error.NotAllowed = 234881025

---non-existent thread
thread.error.NonExistentThread = 234881026

---cannot start thread
thread.error.CannotStart = 234881027

---invalid stack size
thread.error.InvalidStackSize = 234881028

---invalid priority
thread.error.InvalidPriority = 234881029

---invalid CPU affinity
thread.error.InvalidCPUAffinity = 234881030

---you can't monitor thread as table
thread.error.CannotMonitorAsTable = 234881031

---invalid thread id
thread.error.InvalidThreadId = 234881032

---cannot get tasklist
thread.error.GetTaskList = 234881033
