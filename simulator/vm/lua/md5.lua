-- md5: digests of texts and files (components/lua/modules/sys/md5.c).
local K = ...
local arg, pass, request = K.arg, K.pass, K.request

local md5 = {}

function md5.string(...)
  return pass(request("md5.string", arg.string(1, ...)))
end

function md5.file(...)
  return pass(request("md5.file", arg.string(1, ...)))
end

K.base_library.md5 = K.module("md5", md5)
