---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Helpers, a Lua file of the file system. Not in every build: cjson.
---@class cjson.util
local util = {}

return util
