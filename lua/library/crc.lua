---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Cyclic redundancy checks as the ROM computes them.
---@class crc
crc = {}

---Eight bits, polynomial 0x07 reflected.
---@param s string
---@param init? integer by default 0xFF
---@return integer
function crc.crc8(s, init) end

---Sixteen bits, polynomial 0x1021 reflected.
---@param s string
---@param init? integer by default 0xFFFF
---@return integer
function crc.crc16(s, init) end

---Thirty-two bits; init 0 gives the common CRC-32.
---@param s string
---@param init? integer by default 0xFFFFFFFF
---@return integer
function crc.crc32(s, init) end
