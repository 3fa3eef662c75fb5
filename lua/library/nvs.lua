---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Values in non-volatile storage. Not in every build: nvs.
---@class nvs
nvs = {}

---Whether a value is stored. Not in every build: nvs.
---@param namespace string
---@param key string
---@return boolean
function nvs.exists(namespace, key) end

---The stored value, with its type. Not in every build: nvs.
---@param namespace string
---@param key string
---@param default? any
---@return any ...
function nvs.read(namespace, key, default) end

---Remove a value; whether it was there. Not in every build: nvs.
---@param namespace string
---@param key string
---@return boolean
function nvs.rm(namespace, key) end

---Store an integer, float, boolean, nil or text. Not in every build: nvs.
---@param namespace string
---@param key string
---@param value integer|number|boolean|string|nil
function nvs.write(namespace, key, value) end
