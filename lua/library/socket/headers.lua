---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Spelling of header names, a Lua file of the file system.
---@class socket.headers
local headers = {}

---Names in lower case to how they are spelled.
---@type any
headers.canonic = nil

return headers
