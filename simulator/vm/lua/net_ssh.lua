-- net.ssh, and the functions of net.scp, up to the first byte of SSH (components/lua/modules/net/net_ssh.inc).
local K = ...
local arg, raise, request = K.arg, K.raise, K.request
local select = select

-- The arguments of all three functions: host, port, and texts up to the one at `last`. Returns host, port, first text.
local function checked(last, ...)
  local host, port = arg.string(1, ...), arg.integer(2, select(2, ...))
  for i = 3, last do
    arg.string(i, select(i, ...))
  end
  return host, port, (select(3, ...))
end

-- Find the host and connect to it, after a look at a file that is to be sent; then there is nobody who speaks SSH.
local function reach(path, host, port, file)
  local problem, why, number = request("ssh.reach", host, port, file)
  if number then
    return nil, why, number
  end
  raise(problem or path .. " is not simulated yet: the host is there, but SSH is not")
end

local scp, ssh = {}, {}

function scp.get(...)
  local host, port = checked(6, ...)
  return reach("net.scp.get", host, port)
end

function scp.put(...)
  return reach("net.scp.put", checked(6, ...))
end

function ssh.exec(...)
  local host, port = checked(5, ...)
  return reach("net.ssh.exec", host, port)
end

K.scp = scp

return K.module("net.ssh", ssh)
