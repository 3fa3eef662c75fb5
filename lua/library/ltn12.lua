---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Sources, sinks and filters, a Lua file of the file system.
---@class ltn12
local ltn12 = {}

---Bytes of a block.
ltn12.BLOCKSIZE = 2048

---The version.
ltn12._VERSION = "LTN12 1.0.3"

---Filters.
---@class ltn12.filter
ltn12.filter = {}

---One behind the other.
---@param filter function
---@param ... any
---@return any ...
function ltn12.filter.chain(filter, ...) end

---A filter of a function with a context.
---@param low function
---@param context? any
---@param extra? string
---@return any ...
function ltn12.filter.cycle(low, context, extra) end

---What moves data.
---@class ltn12.pump
ltn12.pump = {}

---Until the end.
---@param source function
---@param sink function
---@param step? function
---@return any ...
function ltn12.pump.all(source, sink, step) end

---One chunk.
---@param source function
---@param sink function
---@return any ...
function ltn12.pump.step(source, sink) end

---Sinks.
---@class ltn12.sink
ltn12.sink = {}

---Filters in front of one.
---@param filter function
---@param ... any
---@return any ...
function ltn12.sink.chain(filter, ...) end

---One that fails.
---@param message string
---@return any ...
function ltn12.sink.error(message) end

---Into a file.
---@param handle integer
---@param message? string
---@return any ...
function ltn12.sink.file(handle, message) end

---Into nothing.
---@return any ...
function ltn12.sink.null() end

---Of one that returns the next.
---@param sink function
---@return any ...
function ltn12.sink.simplify(sink) end

---Into a table.
---@param table? any
---@return any ...
function ltn12.sink.table(table) end

---Sources.
---@class ltn12.source
ltn12.source = {}

---One after the other.
---@param source function
---@param ... any
---@return any ...
function ltn12.source.cat(source, ...) end

---One with filters behind.
---@param source function
---@param filter function
---@param ... any
---@return any ...
function ltn12.source.chain(source, filter, ...) end

---Nothing.
---@return any ...
function ltn12.source.empty() end

---One that fails.
---@param message string
---@return any ...
function ltn12.source.error(message) end

---Out of a file.
---@param handle integer
---@param message? string
---@return any ...
function ltn12.source.file(handle, message) end

---One that takes chunks back.
---@param source function
---@return any ...
function ltn12.source.rewind(source) end

---Of one that returns the next.
---@param source function
---@return any ...
function ltn12.source.simplify(source) end

---Out of a text.
---@param text string
---@return any ...
function ltn12.source.string(text) end

return ltn12
