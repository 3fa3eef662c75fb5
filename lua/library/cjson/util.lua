---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Helpers, a Lua file of the file system. Not in every build: cjson.
---@class cjson.util
local util = {}

---Whether two values are the same, tables by what is in them. Not in every build: cjson.
---@param a any
---@param b integer
---@return boolean
function util.compare_values(a, b) end

---A whole file, or what is typed. Not in every build: cjson.
---@param path? string
---@return string
function util.file_load(path) end

---Write a whole file, or print with nil for a path. Not in every build: cjson.
---@param path string
---@param text string
function util.file_save(path, text) end

---Run a text; returns the environment. Not in every build: cjson.
---@param text string
---@param environment? any
---@return table
function util.run_script(text, environment) end

---Call and compare, and print it. Not in every build: cjson.
---@param name string
---@param function_ any
---@param arguments any
---@param works any
---@param results any
---@return boolean
---@return table
function util.run_test(name, function_, arguments, works, results) end

---Run several. Not in every build: cjson.
---@param tests any
function util.run_test_group(tests) end

---How many went well, and how many there were. Not in every build: cjson.
---@return integer
---@return integer
function util.run_test_summary() end

---A value as Lua would read it. Not in every build: cjson.
---@param value any
---@param indent? string by default ""
---@return string
function util.serialise_value(value, indent) end

return util
