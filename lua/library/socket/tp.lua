---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Common part of FTP and mail, a Lua file of the file system.
---@class socket.tp
local tp = {}

---Seconds that it waits at most.
tp.TIMEOUT = 60

---A connection.
---@param host string
---@param port integer
---@param timeout? number by default 60
---@param create? function
---@return any ...
function tp.connect(host, port, timeout, create) end

return tp
