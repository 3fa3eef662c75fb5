---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---The same functions as cjson; they raise errors here too. Not in every build: cjson.
---@class cjson.safe
local safe = {}

return safe
