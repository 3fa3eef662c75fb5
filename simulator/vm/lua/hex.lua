-- Hexadecimal texts, as the modules of radios take and give them (components/lua/common/hex.c, sys/misc/hex_string.c).
local K = ...
local char, find, format, gsub, match, rep, sub =
  string.char, string.find, string.format, string.gsub, string.match, string.rep, string.sub
local tonumber = tonumber

-- A text as C sees it, that is up to the first NUL, or nil if it is not a whole number of bytes in hexadecimal.
function K.hex_text(text)
  text = match(text, "^[^\0]*")
  if #text % 2 == 0 and not find(text, "%X") then
    return text
  end
end

-- The first `count` bytes of a text of K.hex_text's; what it lacks is zeros.
function K.from_hex(text, count)
  local digits = sub(text .. rep("00", count), 1, 2 * count)
  return (gsub(digits, "%x%x", function(byte)
    return char(tonumber(byte, 16))
  end))
end

function K.to_hex(bytes)
  return (gsub(bytes, ".", function(byte)
    return format("%02X", string.byte(byte))
  end))
end
