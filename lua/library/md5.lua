---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---MD5 digests.
---@class md5
md5 = {}

---Digest of a file in small hex digits.
---@param path string
---@return string?
---@return string?
---@return integer?
function md5.file(path) end

---Digest of a text in small hex digits.
---@param s string
---@return string
function md5.string(s) end
