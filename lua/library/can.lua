---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---The CAN bus. Not in every build: can.
---@class can
can = {}

---The unit. Not in every build: can.
can.CAN0 = 0

---Frame with a short id. Not in every build: can.
can.STD = 0

---Frame with a long id. Not in every build: can.
can.EXT = 1

---Meant to receive a range of ids only. Not in every build: can.
---@param id integer
---@param from any
---@param to any
function can.addfilter(id, from, to) end

---Start at a speed in kbit/s. Not in every build: can.
---@param id integer
---@param kbps integer
---@param queue? integer by default 200
function can.attach(id, kbps, queue) end

---Print frames until Ctrl-C. Not in every build: can.
---@param id integer
function can.dump(id) end

---Wait for a frame. Not in every build: can.
---@param id integer
---@param timeout? integer
---@return integer?
---@return boolean?
---@return integer?
---@return string?
function can.receive(id, timeout) end

---Undo addfilter. Not in every build: can.
---@param id integer
---@param from any
---@param to any
function can.removefilter(id, from, to) end

---Send a frame. Not in every build: can.
---@param id integer
---@param msgid integer
---@param type integer
---@param length integer
---@param data string
function can.send(id, msgid, type, length, data) end

---Print or return the counters. Not in every build: can.
---@param astable? boolean
---@return table?
function can.stats(astable) end

---The codes of the errors of can. Not in every build: can.
---@class can.error
can.error = {}

---not enough memory Not in every build: can.
can.error.NotEnoughtMemory = 369098752

---invalid frame length Not in every build: can.
can.error.InvalidFrameLength = 369098753

---invalid unit Not in every build: can.
can.error.InvalidUnit = 369098754

---no more filters allowed Not in every build: can.
can.error.NoMoreFiltersAllowed = 369098755

---invalid filter Not in every build: can.
can.error.InvalidFilter = 369098756

---is not setup Not in every build: can.
can.error.NotSetup = 369098757

---can't start Not in every build: can.
can.error.CannotStart = 369098758

---gateway not started Not in every build: can.
can.error.GatewayNotStarted = 369098759

---invalid argument Not in every build: can.
can.error.InvalidArg = 369098760

---can API is not supported yet Not in every build: can.
can.error.NotSupport = 369098761

---error transmitting message Not in every build: can.
can.error.TransmitFail = 369098762

---invalid state Not in every build: can.
can.error.InvalidState = 369098763

---timeout transmitting message Not in every build: can.
can.error.TransmitTimeout = 369098764
