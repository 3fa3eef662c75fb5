---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---LuaSocket 3.0-rc1 by require, without unix and serial sockets.
---@class socket
local socket = {}

---The version.
socket._VERSION = "LuaSocket 3.0-rc1"

---A listening TCP socket.
---@param host string
---@param port integer
---@param backlog? integer
---@return socket.tcp?
---@return string?
function socket.bind(host, port, backlog) end

---Dispatch by the first argument's type.
---@param table table
---@return any ...
function socket.choose(table) end

---A connected TCP socket.
---@param host string
---@param port integer
---@param locaddr? string
---@param locport? any
---@param family? string
---@return socket.tcp?
---@return string?
function socket.connect(host, port, locaddr, locport, family) end

---The same over IPv4.
---@param host string
---@param port integer
---@param locaddr? string
---@param locport? any
---@return socket.tcp?
---@return string?
function socket.connect4(host, port, locaddr, locport) end

---The same over IPv6.
---@param host string
---@param port integer
---@param locaddr? string
---@param locport? any
---@return socket.tcp?
---@return string?
function socket.connect6(host, port, locaddr, locport) end

---Seconds since 1970.
---@return number
function socket.gettime() end

---Like try, with something to do on failure.
---@param finalizer function
---@return any ...
function socket.newtry(finalizer) end

---Turn exceptions of try into nil and a message.
---@param f function
---@return any ...
function socket.protect(f) end

---Wait for sockets.
---@param recvt table
---@param sendt table
---@param timeout? number
---@return table[]
---@return table[]
---@return string?
function socket.select(recvt, sendt, timeout) end

---An LTN12 sink.
---@param mode string
---@param socket any
---@return any ...
function socket.sink(mode, socket) end

---Drop the first d results.
---@param d integer
---@param ... any
---@return any ...
function socket.skip(d, ...) end

---Sleep s seconds.
---@param s number
---@return any ...
function socket.sleep(s) end

---An LTN12 source.
---@param mode string
---@param socket any
---@param length? integer
---@return any ...
function socket.source(mode, socket, length) end

---A TCP socket.
---@return socket.tcp?
---@return string?
function socket.tcp() end

---A TCP socket for IPv4.
---@return socket.tcp?
---@return string?
function socket.tcp4() end

---A TCP socket for IPv6.
---@return socket.tcp?
---@return string?
function socket.tcp6() end

---Raise an exception unless the first result is true.
---@param ... any
---@return any ...
function socket.try(...) end

---A UDP socket.
---@return socket.udp?
---@return string?
function socket.udp() end

---A UDP socket for IPv4.
---@return socket.udp?
---@return string?
function socket.udp4() end

---A UDP socket for IPv6.
---@return socket.udp?
---@return string?
function socket.udp6() end

---@class socket.tcp
local socket_tcp = {}

---Wait for a client.
---@return socket.tcp?
---@return string?
function socket_tcp:accept() end

---Choose the local address.
---@param address string
---@param port integer
---@return integer?
---@return string?
function socket_tcp:bind(address, port) end

---Close.
---@return integer?
---@return string?
function socket_tcp:close() end

---Connect.
---@param address string
---@param port integer
---@return integer?
---@return string?
function socket_tcp:connect(address, port) end

---Whether data is buffered.
---@return boolean
function socket_tcp:dirty() end

---inet or inet6.
---@return string
function socket_tcp:getfamily() end

---The descriptor.
---@return integer
function socket_tcp:getfd() end

---keepalive, reuseaddr, reuseport, tcp-nodelay, linger, error.
---@param option string
---@return any ...
function socket_tcp:getoption(option) end

---The other side's address.
---@return string?
---@return integer|string
---@return string?
function socket_tcp:getpeername() end

---The local address.
---@return string?
---@return integer|string
---@return string?
function socket_tcp:getsockname() end

---Bytes received and sent, and age.
---@return any ...
function socket_tcp:getstats() end

---The time limits.
---@return any ...
function socket_tcp:gettimeout() end

---Become a server.
---@param backlog? integer
---@return integer?
---@return string?
function socket_tcp:listen(backlog) end

---Read a line, a number of bytes or all.
---@param pattern? string|integer
---@param prefix? string
---@return string?
---@return string?
---@return string?
function socket_tcp:receive(pattern, prefix) end

---Write.
---@param data string
---@param i? integer
---@param j? integer
---@return integer?
---@return string?
---@return integer?
function socket_tcp:send(data, i, j) end

---Replace the descriptor.
---@param fd integer
---@return any ...
function socket_tcp:setfd(fd) end

---The options of getoption, and ipv6-v6only.
---@param option string
---@param value? any
---@return integer?
---@return string?
function socket_tcp:setoption(option, value) end

---Connect.
---@param address string
---@param port integer
---@return integer?
---@return string?
function socket_tcp:setpeername(address, port) end

---Choose the local address.
---@param address string
---@param port integer
---@return integer?
---@return string?
function socket_tcp:setsockname(address, port) end

---Set the statistics.
---@param received integer
---@param sent integer
---@param age integer
---@return any ...
function socket_tcp:setstats(received, sent, age) end

---Set a time limit.
---@param value number?
---@param mode? string
---@return integer?
---@return string?
function socket_tcp:settimeout(value, mode) end

---Close one or both directions.
---@param mode "receive"|"send"|"both"
---@return integer?
---@return string?
function socket_tcp:shutdown(mode) end

---@class socket.udp
local socket_udp = {}

---Close.
---@return integer?
---@return string?
function socket_udp:close() end

---inet or inet6.
---@return string
function socket_udp:getfamily() end

---The descriptor.
---@return integer
function socket_udp:getfd() end

---Read an option.
---@param option string
---@return any ...
function socket_udp:getoption(option) end

---The other side's address.
---@return string?
---@return integer|string
---@return string?
function socket_udp:getpeername() end

---The local address.
---@return string?
---@return integer|string
---@return string?
function socket_udp:getsockname() end

---The time limit.
---@return any ...
function socket_udp:gettimeout() end

---Read a datagram.
---@param size? integer
---@return string?
---@return string?
function socket_udp:receive(size) end

---Read a datagram and its sender.
---@param size? integer
---@return string?
---@return string
---@return integer?
function socket_udp:receivefrom(size) end

---Send to the chosen peer.
---@param data string
---@return integer?
---@return string?
function socket_udp:send(data) end

---Send to an address.
---@param data string
---@param ip string
---@param port integer
---@return integer?
---@return string?
function socket_udp:sendto(data, ip, port) end

---Replace the descriptor.
---@param fd integer
---@return any ...
function socket_udp:setfd(fd) end

---Set an option.
---@param option string
---@param value? any
---@return integer?
---@return string?
function socket_udp:setoption(option, value) end

---Choose or drop the peer.
---@param address string
---@param port? integer
---@return integer?
---@return string?
function socket_udp:setpeername(address, port) end

---Choose the local address.
---@param address string
---@param port integer
---@return integer?
---@return string?
function socket_udp:setsockname(address, port) end

---Set the time limit.
---@param value number?
---@return integer?
---@return string?
function socket_udp:settimeout(value) end

---Name resolution.
---@class socket.dns
socket.dns = {}

---All addresses of a name.
---@param address string
---@return any ...
function socket.dns.getaddrinfo(address) end

---The own name.
---@return string?
---@return string?
function socket.dns.gethostname() end

---Names of an address.
---@param address string
---@return any ...
function socket.dns.getnameinfo(address) end

---The name of an address.
---@param address string
---@return string?
---@return table|string
function socket.dns.tohostname(address) end

---The address of a name.
---@param address string
---@return string?
---@return table|string
function socket.dns.toip(address) end

return socket
