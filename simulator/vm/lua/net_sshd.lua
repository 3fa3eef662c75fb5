-- net.service.ssh: the prompt over SSH, which is not there (components/lua/modules/net/net_service_ssh.inc).
local K = ...
local raise = K.raise

local sshd = {}

function sshd.start()
  raise("net.service.ssh.start is not simulated yet (there is no SSH here)")
end

function sshd.stop() end -- of what does not run

function sshd.running()
  return false
end

return K.module("net.service.ssh", sshd)
