---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Log level.
os.LOG_EMERG = 0

---Log level.
os.LOG_ALERT = 1

---Log level.
os.LOG_CRIT = 2

---Log level of Lua errors.
os.LOG_ERR = 3

---Log level.
os.LOG_WARNING = 4

---Log level.
os.LOG_NOTICE = 5

---Log level of most drivers.
os.LOG_INFO = 6

---Log level.
os.LOG_DEBUG = 7

---Every log level.
os.LOG_ALL = 255

---Type, subtype and an empty text.
---@return string
---@return string
---@return string
function os.board() end

---How often it started since power-on, deep-sleep wakes only.
---@return integer
function os.bootcount() end

---Print a file.
---@param path string
---@return nil
---@return string?
---@return integer?
function os.cat(path) end

---Change the current directory.
---@param path? string by default "/"
---@return nil
---@return string?
---@return integer?
function os.cd(path) end

---Clear the screen.
function os.clear() end

---Copy a file.
---@param source string
---@param destination string
---@return true?
---@return string?
---@return integer?
function os.cp(source, destination) end

---The chip and its revision as a text.
---@return string
function os.cpu() end

---Free and total bytes of a file system.
---@param path? string by default "/"
---@return integer
---@return integer
function os.df(path) end

---Page through the log file of a memory card.
function os.dmesg() end

---The full-screen editor.
---@param path string
---@return nil
---@return string?
---@return integer?
function os.edit(path) end

---Whether a file or directory is there.
---@param path string
---@return boolean
function os.exists(path) end

---Meant to go back to the factory partition; only restarts.
function os.factoryreset() end

---The flash chip's unique id in hex, nil if the build does not read it.
---@return string?
function os.flashEUI() end

---Ask and format a file system.
---@param path string
function os.format(path) end

---Get or set whether the prompt keeps a history.
---@param on? boolean
---@return boolean?
function os.history(on) end

---Print which driver holds which pin or bus.
function os.locks() end

---Get or set whether the log goes to the console.
---@param on? boolean
---@return boolean?
function os.logcons(on) end

---Get the log mask, or admit everything up to the levels.
---@param level? integer
---@param ... any
---@return integer?
function os.loglevel(level, ...) end

---Print a directory, with one * as pattern.
---@param path? string
---@return nil
---@return string?
---@return integer?
function os.ls(path) end

---Whether the prompt was reached.
---@return boolean
function os.luainterpreter() end

---Whether the interpreter started.
---@return boolean
function os.luarunning() end

---Make a directory.
---@param path? string
---@return true?
---@return string?
---@return integer?
function os.mkdir(path) end

---Page through a file.
---@param path string
---@return nil
---@return string?
---@return integer?
function os.more(path) end

---Print the partition table with boot and running partition.
function os.partitions() end

---Set the password of remote shells, interactively.
function os.passwd() end

---The current directory.
---@return string
function os.pwd() end

---Why the chip restarted last.
---@return integer
function os.resetreason() end

---Get or set the remote log host. Not in every build: rsyslog.
---@param host? string
---@return string?
function os.rsyslog(host) end

---Run a text, or what the host sends over the console UART.
---@param code? string
function os.run(code) end

---Set the clock.
---@param t table
---@return integer
---@overload fun(hour: integer, min: integer, sec: integer, month: integer, day: integer, year: integer, isdst?: integer): integer
function os.settime(t) end

---Get or set whether lines pass through the shell.
---@param on? boolean
---@return boolean?
function os.shell(on) end

---Deep sleep for s seconds, then boot.
---@param s number
function os.sleep(s) end

---Print the free memory, or return it for "mem".
---@param what? string
---@return integer?
function os.stats(what) end

---Also append the console's output to a file, or stop that.
---@param path? string
function os.stdout(path) end

---Write to the log; the message is a C format.
---@param message string
---@param level? integer by default 3
function os.syslog(message, level) end

---Print the time since boot, or return it as a table.
---@param astable? boolean
---@return table?
function os.uptime(astable) end

---Name, version, build time and commit of the firmware.
---@return string
---@return string
---@return integer
---@return string
function os.version() end
