-- ota: which app slot runs, and whether it stays. Only in firmware of the hardened profile; the device has no such
-- module.
local K = ...
local arg, request = K.arg, K.request

local ota = {}

function ota.running()
  local label = request("ota.running")
  return label
end

function ota.next()
  local label = request("ota.next")
  return label
end

function ota.state(...)
  local label = ...
  if label ~= nil then
    label = arg.string(1, label)
  end
  local state = request("ota.state", label)
  return state
end

function ota.confirm()
  request("ota.confirm")
end

function ota.reject()
  request("ota.reject")
end

K.base_library.ota = K.module("ota", ota)
