---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---JSON by require. cjson.safe is the same, and no safer. Not in every build: cjson.
---@class cjson
local cjson = {}

---The name. Not in every build: cjson.
cjson._NAME = "cjson"

---The version. Not in every build: cjson.
cjson._VERSION = "2.1devel"

---Stands for JSON's null. Not in every build: cjson.
---@type any
cjson.null = nil

---JSON to values. Not in every build: cjson.
---@param text string
---@return any ...
function cjson.decode(text) end

---Get or set whether hex and NaN are read. Not in every build: cjson.
---@param setting? boolean by default true
---@return any ...
function cjson.decode_invalid_numbers(setting) end

---Get or set how deep it may nest. Not in every build: cjson.
---@param depth? integer by default 1000
---@return any ...
function cjson.decode_max_depth(depth) end

---Values to JSON; floats show their single precision. Not in every build: cjson.
---@param value any
---@return string
function cjson.encode(value) end

---Get or set whether NaN is written. Not in every build: cjson.
---@param setting? "on"|"off"|"null"|boolean by default "off"
---@return any ...
function cjson.encode_invalid_numbers(setting) end

---Get or set whether the buffer is kept. Not in every build: cjson.
---@param keep? boolean by default true
---@return any ...
function cjson.encode_keep_buffer(keep) end

---Get or set how deep it may nest. Not in every build: cjson.
---@param depth? integer by default 1000
---@return any ...
function cjson.encode_max_depth(depth) end

---Get or set the digits of floats. Not in every build: cjson.
---@param digits? integer by default 14
---@return any ...
function cjson.encode_number_precision(digits) end

---Rules for gaps. Not in every build: cjson.
---@param convert? boolean by default false
---@param ratio? number by default 2
---@param safe? integer by default 10
---@return any ...
function cjson.encode_sparse_array(convert, ratio, safe) end

---A copy with settings of its own. Not in every build: cjson.
---@return table
function cjson.new() end

return cjson
