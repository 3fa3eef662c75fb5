-- net.scp: copying by SSH.
local K = ...
K.needs("net_ssh")

return K.module("net.scp", K.scp)
