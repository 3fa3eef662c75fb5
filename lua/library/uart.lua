---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Serial ports. Not in every build: uart.
---@class uart
uart = {}

---A port. Not in every build: uart.
uart.UART0 = 0

---A port. Not in every build: uart.
uart.UART1 = 1

---A port. Not in every build: uart.
uart.UART2 = 2

---The console's port. Not in every build: uart.
uart.CONSOLE = 0

---Parity. Not in every build: uart.
uart.PARNONE = 0

---Parity. Not in every build: uart.
uart.PAREVEN = 1

---Parity. Not in every build: uart.
uart.PARODD = 2

---One and a half stop bits. Not in every build: uart.
uart.STOPHALF = 0

---One stop bit. Not in every build: uart.
uart.STOP1 = 1

---Two stop bits. Not in every build: uart.
uart.STOP2 = 2

---Open a port. Not in every build: uart.
---@param id integer
---@param bauds integer
---@param bits integer
---@param parity integer
---@param stop integer
---@param buffer? integer by default 1024
---@param flags? integer by default 3
---@return integer?
function uart.attach(id, bauds, bits, parity, stop, buffer, flags) end

---Throw received bytes away. Not in every build: uart.
---@param id integer
function uart.consume(id) end

---Take the port for this thread. Not in every build: uart.
---@param id integer
function uart.lock(id) end

---Print or return the pins. Not in every build: uart.
---@param astable? boolean
---@return table?
function uart.pins(astable) end

---Read a line or a byte. Not in every build: uart.
---@param id integer
---@param format "*l"|"*c"|"*el"
---@param timeout? integer
---@return integer|string|nil
function uart.read(id, format, timeout) end

---Choose the pins. Not in every build: uart.
---@param id integer
---@param rx number
---@param tx integer
function uart.setpins(id, rx, tx) end

---Old name of attach; warns. Not in every build: uart.
---@param id integer
---@param bauds integer
---@param bits integer
---@param parity integer
---@param stop integer
---@param buffer? any
---@param flags? integer
---@return integer?
function uart.setup(id, bauds, bits, parity, stop, buffer, flags) end

---Give the port back. Not in every build: uart.
---@param id integer
function uart.unlock(id) end

---Write bytes and texts. Not in every build: uart.
---@param id integer
---@param ... any
function uart.write(id, ...) end
