---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Mail client, a Lua file of the file system.
---@class socket.smtp
local smtp = {}

---What it says it is.
smtp.DOMAIN = "localhost"

---The port by default.
smtp.PORT = 25

---The server by default.
smtp.SERVER = "localhost"

---Seconds that it waits at most.
smtp.TIMEOUT = 60

---The time zone by default.
smtp.ZONE = "-0000"

---A source of a message.
---@param table any
---@return any ...
function smtp.message(table) end

---A connection.
---@param host? string
---@param port? integer by default 25
---@param create? function
---@return any ...
function smtp.open(host, port, create) end

---Send a mail.
---@param table any
---@return any ...
function smtp.send(table) end

return smtp
