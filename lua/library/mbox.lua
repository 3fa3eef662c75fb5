---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Mail boxes, a Lua file of the file system.
---@class mbox
local mbox = {}

---The messages of a box, taken apart.
---@param text string
---@return any ...
function mbox.parse(text) end

---Name and address of a sender.
---@param text string
---@return any ...
function mbox.parse_from(text) end

---Name and value of a header.
---@param text string
---@return any ...
function mbox.parse_header(text) end

---Headers by name.
---@param text string
---@return any ...
function mbox.parse_headers(text) end

---Headers and body, taken apart.
---@param text string
---@return any ...
function mbox.parse_message(text) end

---Headers one by one.
---@param text string
---@return any ...
function mbox.split_headers(text) end

---Messages one by one.
---@param text string
---@return any ...
function mbox.split_mbox(text) end

---Headers and body.
---@param text string
---@return any ...
function mbox.split_message(text) end

return mbox
