---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---The app slots, and whether an update stays. Not in Lua RTOS: firmware of the hardened profile has it. Not in every build: hardened.
---@class ota
ota = {}

---Keep the running app: cancels the rollback. Not in every build: hardened.
---@return boolean
function ota.confirm() end

---Label of the slot that the next update goes to. Not in every build: hardened.
---@return string
function ota.next() end

---Declare the running app bad and restart into the previous one. Not in every build: hardened.
function ota.reject() end

---Label of the slot that runs. Not in every build: hardened.
---@return string
function ota.running() end

---Image state of a slot: new, pending_verify, valid, invalid, aborted. Not in every build: hardened.
---@param label? string
---@return string
function ota.state(label) end
