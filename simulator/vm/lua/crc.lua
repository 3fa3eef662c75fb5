-- crc: the cyclic redundancy checks of the chip's ROM (components/lua/modules/sys/crc.c).
local K = ...
local arg, pass, request = K.arg, K.pass, K.request
local next, select = next, select

local crc = {}

for bits, start in next, {[8] = 0xff, [16] = 0xffff, [32] = -1} do
  crc["crc" .. bits] = function(...)
    local text = arg.string(1, ...)
    return pass(request("crc", bits, text, arg.optional(arg.integer, 2, (select(2, ...)), start)))
  end
end

K.base_library.crc = K.module("crc", crc)
