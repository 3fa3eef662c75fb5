---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Rotary encoders. Not in every build: encoder.
---@class encoder
encoder = {}

---Open an encoder. Not in every build: encoder.
---@param a any
---@param b integer
---@param sw integer
---@param callback? fun(direction: integer, counter: integer, button: integer, arg?: any)
---@param arg? any
---@return encoder.enc
function encoder.attach(a, b, sw, callback, arg) end

---@class encoder.enc
local encoder_enc = {}

---Free the encoder. Not in every build: encoder.
function encoder_enc:detach() end

---Counter and button. Not in every build: encoder.
---@return integer
---@return integer
function encoder_enc:read() end

---Always raises. Not in every build: encoder.
---@param value any
function encoder_enc:write(value) end
