---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---HTTP client, a Lua file of the file system.
---@class socket.http
local http = {}

---Seconds that it waits at most.
http.TIMEOUT = 60

---What it says it is.
http.USERAGENT = "LuaSocket 3.0-rc1"

---The table for a simple request.
---@param url string
---@param body? string
---@return any ...
function http.genericform(url, body) end

---A connection.
---@param host string
---@param port? integer by default 80
---@param create? function
---@return any ...
function http.open(host, port, create) end

---Ask for a URL; body, code, headers, status line.
---@param url string
---@param body? string
---@return any ...
---@overload fun(table: any): any ...
function http.request(url, body) end

return http
