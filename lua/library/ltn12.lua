---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Sources, sinks and filters, a Lua file of the file system.
---@class ltn12
local ltn12 = {}

return ltn12
