---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Encodings of mail, a Lua file of the file system.
---@class mime
local mime = {}

---The version.
mime._VERSION = "MIME 1.0.3"

---To base64, in pieces.
---@param text string
---@param more? any
---@return any ...
function mime.b64(text, more) end

---A filter that decodes.
---@param name string
---@return any ...
function mime.decode(name) end

---Double dots at begins of lines.
---@param state any
---@param text? string
---@return any ...
function mime.dot(state, text) end

---A filter that encodes.
---@param name string
---@param mode? integer
---@return any ...
function mime.encode(name, mode) end

---One kind of line ends.
---@param context any
---@param text? string
---@param marker? any
---@return any ...
function mime.eol(context, text, marker) end

---A filter for line ends.
---@param marker? any
---@return any ...
function mime.normalize(marker) end

---To quoted-printable, in pieces.
---@param text string
---@param more? any
---@param marker? any
---@return any ...
function mime.qp(text, more, marker) end

---Break lines of quoted-printable.
---@param left any
---@param text? string
---@param length? integer by default 76
---@return any ...
function mime.qpwrp(left, text, length) end

---A filter that doubles dots.
---@return any ...
function mime.stuff() end

---From base64, in pieces.
---@param text string
---@param more? any
---@return any ...
function mime.unb64(text, more) end

---From quoted-printable, in pieces.
---@param text string
---@param more? any
---@return any ...
function mime.unqp(text, more) end

---A filter that breaks lines.
---@param name? string
---@param length? integer
---@return any ...
function mime.wrap(name, length) end

---Break lines.
---@param left any
---@param text? string
---@param length? integer by default 76
---@return any ...
function mime.wrp(left, text, length) end

return mime
