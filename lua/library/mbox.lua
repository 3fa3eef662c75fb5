---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Mail boxes, a Lua file of the file system.
---@class mbox
local mbox = {}

return mbox
