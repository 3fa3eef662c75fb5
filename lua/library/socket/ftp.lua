---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---FTP client, a Lua file of the file system.
---@class socket.ftp
local ftp = {}

---The password by default.
ftp.PASSWORD = "anonymous@anonymous.org"

---Seconds that it waits at most.
ftp.TIMEOUT = 60

---The user by default.
ftp.USER = "ftp"

---Send commands.
---@param table any
---@return any ...
function ftp.command(table) end

---The table for a simple transfer.
---@param url string
---@return any ...
function ftp.genericform(url) end

---Fetch a file.
---@param url string
---@return any ...
---@overload fun(table: any): any ...
function ftp.get(url) end

---A connection.
---@param host string
---@param port? integer by default 21
---@param create? function
---@return any ...
function ftp.open(host, port, create) end

---Send a file.
---@param url string
---@param contents any
---@return any ...
---@overload fun(table: any): any ...
function ftp.put(url, contents) end

return ftp
