---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Notes and tones.
---@class sound
sound = {}

---Generator.
sound.PWM = 1

---Generator, pins 25 and 26.
sound.DAC = 2

---Open a device.
---@param generator string
---@param pin integer
---@return sound.device
function sound.attach(generator, pin) end

---@class sound.device
local sound_device = {}

---Free the device.
function sound_device:detach() end

---Play a note.
---@param note integer
---@param octave integer
function sound_device:playnote(note, octave) end

---Wait for a note's length.
---@param length integer
function sound_device:playsilence(length) end

---Play a tone.
---@param hz integer
---@param ms integer
function sound_device:playtone(hz, ms) end

---Choose the volume, 0 to 1.
---@param volume number
function sound_device:setvolume(volume) end

---Choose the tempo.
---@param upper integer
---@param lower integer
---@param bpm integer
function sound_device:timesignature(upper, lower, bpm) end
