-- sound: notes and tones (components/lua/modules/misc/sound.c).
local K = ...
K.needs("handles")
local arg, request = K.arg, K.request
local select = select

local sound, methods = {}, {}
local new, number_of, numbers = K.handle_type("sound.device", methods, function(_, number)
  request("sound.collected", number)
end)

function sound.attach(...)
  local number = request("sound.attach", arg.integer(1, ...), arg.integer(2, select(2, ...)))
  return new(number)
end

-- What is no device is ignored.
function methods.detach(...)
  local number = numbers[...]
  if number then
    request("sound.detach", number)
  end
end

function methods.timesignature(...)
  number_of(...)
  arg.integer(2, select(2, ...))
  request("sound.timesignature", arg.integer(3, select(3, ...)), arg.integer(4, select(4, ...)))
end

-- Texts end at their first NUL.
local function text(index, ...)
  return string.match(arg.string(index, ...), "^[^\0]*")
end

function methods.playnote(...)
  local number, note = number_of(...), text(2, select(2, ...))
  request("sound.playnote", number, note, arg.integer(3, select(3, ...)))
end

function methods.playtone(...)
  local number = number_of(...)
  request("sound.playtone", number, arg.integer(2, select(2, ...)), arg.integer(3, select(3, ...)))
end

function methods.playsilence(...)
  number_of(...)
  request("sound.playsilence", text(2, select(2, ...)))
end

function methods.setvolume(...)
  local number = number_of(...)
  request("sound.setvolume", number, arg.number(2, select(2, ...)))
end

K.base_library.sound = K.module("sound", sound)
