---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Type and size of a file or directory; nil if it is not there.
---@param path string
---@return table?
function io.attributes(path) end

---Take a file from the host over the console UART.
---@param file string
---@return boolean
function io.receive(file) end

---Give a file to the host over the console UART.
---@param file string
---@return any ...
function io.send(file) end
