---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Encodings of mail, a Lua file of the file system.
---@class mime
local mime = {}

---The version.
mime._VERSION = "MIME 1.0.3"

return mime
