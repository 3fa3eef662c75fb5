---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---The interpreter.
---@class vm
vm = {}

---Report the start, end and errors of annotated blocks on the console.
---@param on boolean
function vm.blocks(on) end
