---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---URLs, a Lua file of the file system.
---@class socket.url
local url = {}

---The version.
url._VERSION = "URL 1.0.3"

---A URL as seen from another.
---@param base integer
---@param relative any
---@return any ...
function url.absolute(base, relative) end

---Put a URL together.
---@param table any
---@return any ...
function url.build(table) end

---Put a path together.
---@param segments table
---@param unsafe? any
---@return any ...
function url.build_path(segments, unsafe) end

---Replace what is special.
---@param text string
---@return any ...
function url.escape(text) end

---Take a URL apart.
---@param url string
---@param default? any
---@return any ...
function url.parse(url, default) end

---Take a path apart.
---@param path string
---@return any ...
function url.parse_path(path) end

---Undo escape.
---@param text string
---@return any ...
function url.unescape(text) end

return url
