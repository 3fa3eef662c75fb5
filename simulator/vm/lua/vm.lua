-- vm: the switch for block messages (components/lua/modules/sys/vm.c). It has nothing to switch here: the annotations
-- that it is for are comments to this lexer, and instructions to the device's.
local K = ...

local vm = {}

function vm.blocks(...)
  K.arg.boolean(1, ...)
end

K.base_library.vm = K.module("vm", vm)
