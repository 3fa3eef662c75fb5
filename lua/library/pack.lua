---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Values as hex text. Not in every build: pack.
---@class pack
pack = {}

---Numbers, texts, booleans and nils as hex digits. Not in every build: pack.
---@param ... any
---@return string
function pack.pack(...) end

---The values, or the first one and the rest. Not in every build: pack.
---@param hex string
---@param first? boolean
---@return any ...
function pack.unpack(hex, first) end
