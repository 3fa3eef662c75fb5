---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---The processor: sleep, wake-up, reset reason, speed.
---@class cpu
cpu = {}

---Reset reason.
cpu.RESET_POWERON = 1

---Reset reason.
cpu.RESET_SW = 3

---Reset reason: woke from deep sleep.
cpu.RESET_DEEPSLEEP = 5

---Reset reason.
cpu.RESET_SDIO = 6

---Reset reason: watchdog.
cpu.RESET_TG0WDT_SYS = 7

---Reset reason: watchdog.
cpu.RESET_TG1WDT_SYS = 8

---Reset reason: watchdog.
cpu.RESET_RTCWDT_SYS = 9

---Reset reason.
cpu.RESET_INTRUSION = 10

---Reset reason: watchdog.
cpu.RESET_TGWDT_CPU = 11

---Reset reason: os.exit, an update, most panics.
cpu.RESET_SW_CPU = 12

---Reset reason: watchdog.
cpu.RESET_RTCWDT_CPU = 13

---Reset reason.
cpu.RESET_EXT_CPU = 14

---Reset reason: the supply was too low.
cpu.RESET_RTCWDT_BROWN_OUT = 15

---Reset reason: watchdog.
cpu.RESET_RTCWDT_RTC = 16

---Wake-up reason: none.
cpu.WAKEUP_NONE = 0

---Wake-up source: one pin.
cpu.WAKEUP_EXT0 = 2

---Wake-up source: several pins.
cpu.WAKEUP_EXT1 = 3

---Wake-up source: time.
cpu.WAKEUP_TIMER = 4

---Wake-up source: touch pad.
cpu.WAKEUP_TOUCHPAD = 5

---Wake-up source: the coprocessor.
cpu.WAKEUP_ULP = 6

---Watch reading.
cpu.WATCHPOINT_LOAD = 1073741824

---Watch writing.
cpu.WATCHPOINT_STORE = -2147483648

---Watch both.
cpu.WATCHPOINT_ACCESS = -1073741824

---The build's frequency in MHz.
cpu.SPEED_DEFAULT = 240

---240 MHz.
cpu.SPEED_FAST = 3

---160 MHz.
cpu.SPEED_MEDIUM = 2

---80 MHz.
cpu.SPEED_SLOW = 1

---Addresses of the last panic.
---@param print? boolean
---@return table?
function cpu.backtrace(print) end

---The same as os.board.
---@return string
---@return string
---@return string
function cpu.board() end

---Stop WiFi and sleep until a wake-up source fires.
function cpu.deepsleep() end

---The same as os.cpu.
---@return string
function cpu.model() end

---Why the chip restarted last.
---@return integer
function cpu.resetreason() end

---Deep sleep for s seconds, then boot.
---@param s number
function cpu.sleep(s) end

---The frequency in MHz.
---@param ... any
---@return integer
function cpu.speed(...) end

---The chip's temperature in degrees Celsius.
---@return number
function cpu.temperature() end

---The pins that woke it, as a mask.
---@return integer
function cpu.wakeupext1mask() end

---The pin that woke it.
---@return integer?
function cpu.wakeupext1pin() end

---Choose a wake-up source.
---@param type integer
---@param ... any
function cpu.wakeupon(type, ...) end

---What woke it.
---@return integer
function cpu.wakeupreason() end

---Panic at an access to memory.
---@param addr integer
---@param size? integer by default 4
---@param flags? integer by default WATCHPOINT_STORE
function cpu.watchpoint(addr, size, flags) end

---The task watchdog, which no board has switched on.
---@class cpu.watchdog
cpu.watchdog = {}

---Does nothing on the boards.
function cpu.watchdog.add() end

---Does nothing on the boards.
function cpu.watchdog.remove() end

---Does nothing on the boards.
function cpu.watchdog.reset() end

---The codes of the errors of cpu.
---@class cpu.error
cpu.error = {}

---can't wake on EXT0
cpu.error.CannotWakeOnExt0 = 469762048

---can't wake on EXT1
cpu.error.CannotWakeOnExt1 = 469762049

---can't wake on timer
cpu.error.CannotWakeOnTimer = 469762050

---can't wake on touch
cpu.error.CannotWakeOnTouch = 469762051

---can't wake on ULP
cpu.error.CannotWakeOnULP = 469762052

---can't set Watchpoint
cpu.error.CannotSetWatchpoint = 469762053

---invalid CPU speed
cpu.error.CPUSpeedInvalid = 469762054

---can't set CPU speed
cpu.error.CannotSetCPUSpeed = 469762055

---can't reset watchdog
cpu.error.CannotResetWatchdog = 469762056

---can't del watchdog
cpu.error.CannotDelWatchdog = 469762057

---can't add watchdog
cpu.error.CannotAddWatchdog = 469762058
