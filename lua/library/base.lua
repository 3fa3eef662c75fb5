---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Print how well the cache of the built-in tables works.
function cache() end

---Write a script's stripped bytecode to a file.
---@param source string
---@param destination? string
function compile(source, destination) end

---Print a listing of a bytecode file.
---@param source string
function decompile(source) end

---Run f; catch gets place, line, code and message.
---@param f function
---@param catch? function
---@param finally? function
function try(f, catch, finally) end
