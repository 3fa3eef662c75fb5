-- fs: mounting file systems (components/lua/modules/sys/fs.c).
local K = ...
local arg, request = K.arg, K.request
local select = select
local os = K.base_library.os

local fs = {format = os.format, usage = os.df}

function fs.mount(...)
  request("fs.mount", arg.string(1, ...), arg.string(2, select(2, ...)))
end

function fs.umount(...)
  request("fs.umount", arg.string(1, ...))
end

K.base_library.fs = K.module("fs", fs)
