-- mime.core: the encodings of mail, piece by piece (mime.c in components/lua/modules/luasocket).
--
-- What takes a text in pieces takes what was left over of it in front and returns what it made and what is left; when
-- there is no second text it is the end.
local K = ...
local arg = K.arg
local byte, char, find, gmatch, gsub, match, sub =
  string.byte, string.char, string.find, string.gmatch, string.gsub, string.match, string.sub
local concat, format, next, select, tonumber = table.concat, string.format, next, select, tonumber

local mime = {_VERSION = "MIME 1.0.3"}
local CRLF, SOFT_BREAK = "\r\n", "=\r\n"

-- A function of the library: step(text, is_end, option) returns what it makes of a text, and what is left.
local function in_pieces(step, default)
  return function(...)
    local first, second, option = ...
    first = arg.optional(arg.string, 1, first)
    if default then
      option = arg.optional(arg.string, 3, option, default)
    end
    if not first then
      return nil, nil
    end
    second = arg.optional(arg.string, 2, second)
    local made, left = step(first .. (second or ""), not second, option)
    if second then
      return made, left
    elseif made == "" then
      return nil, nil
    end
    return made, nil
  end
end

-------------------------------------------------------------------------------------------------------------------
-- Base64

local DIGITS, VALUES = {}, {["="] = 0}
for digit in gmatch("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", ".") do
  VALUES[digit] = #DIGITS == 0 and not DIGITS[0] and 0 or #DIGITS + 1
  DIGITS[VALUES[digit]] = digit
end

local function four_digits(three)
  local a, b, c = byte(three, 1, 3)
  local value = a << 16 | (b or 0) << 8 | (c or 0)
  return DIGITS[value >> 18] .. DIGITS[value >> 12 & 63] .. (b and DIGITS[value >> 6 & 63] or "=")
    .. (c and DIGITS[value & 63] or "=")
end

mime.b64 = in_pieces(function(text, is_end)
  local whole = is_end and #text or #text - #text % 3
  return gsub(sub(text, 1, whole), "..?.?", four_digits), sub(text, whole + 1)
end)

local function three_bytes(four)
  local value = 0
  for digit in gmatch(four, ".") do
    value = value << 6 | VALUES[digit]
  end
  local count = sub(four, 3, 3) == "=" and 1 or sub(four, 4, 4) == "=" and 2 or 3
  return sub(char(value >> 16 & 255, value >> 8 & 255, value & 255), 1, count)
end

mime.unb64 = in_pieces(function(text)
  text = gsub(text, "[^%w+/=]", "")
  local whole = #text - #text % 4
  return gsub(sub(text, 1, whole), "....", three_bytes), sub(text, whole + 1)
end)

-------------------------------------------------------------------------------------------------------------------
-- Quoted-printable

local function quoted(character)
  return format("=%02X", byte(character))
end

-- Of a blank or tab one has to see the next two characters, of a CR one.
mime.qp = in_pieces(function(text, is_end, marker)
  local pieces, at = {}, 1
  while at <= #text do
    local plain = match(text, "^[!-<>-~]+", at)
    local character = plain or sub(text, at, at)
    local needed = plain and 0 or character == "\r" and 1 or find(character, "[ \t]") and 2 or 0
    if #text - at < needed then
      break
    elseif plain then
      pieces[#pieces + 1] = plain
    elseif needed > 0 and sub(text, at + needed - 1, at + needed) == (needed == 2 and CRLF or "\r\n")
        and (needed == 2 or sub(text, at, at + 1) == CRLF) then
      pieces[#pieces + 1] = (needed == 2 and quoted(character) or "") .. marker
      at = at + needed
    else
      pieces[#pieces + 1] = needed == 2 and character or quoted(character)
    end
    at = at + #character
  end
  local left = sub(text, at)
  if is_end and left ~= "" then
    pieces[#pieces + 1] = gsub(left, "[^!-<>-~]", quoted) .. SOFT_BREAK
  end
  return concat(pieces), left
end, CRLF)

mime.unqp = in_pieces(function(text)
  local pieces, at = {}, 1
  while at <= #text do
    local character = sub(text, at, at)
    local length = character == "=" and 3 or character == "\r" and 2 or 1
    local group = sub(text, at, at + length - 1)
    if #group < length then
      break
    elseif length == 3 then
      local digits = match(group, "^=(%x%x)$")
      if digits then
        pieces[#pieces + 1] = char(tonumber(digits, 16))
      elseif group ~= SOFT_BREAK then
        pieces[#pieces + 1] = group
      end
    elseif group == CRLF or length == 1 and find(group, "[\t -~]") then
      pieces[#pieces + 1] = group
    end
    at = at + length
  end
  return concat(pieces), sub(text, at)
end)

-------------------------------------------------------------------------------------------------------------------
-- Lines. `left` is how many characters still fit in the line that is being written.

local function wrapping(mark, room)
  return function(...)
    local left = arg.number(1, ...) // 1 | 0
    local text, length = select(2, ...)
    text = arg.optional(arg.string, 2, text)
    length = arg.optional(arg.number, 3, length, 76) // 1 | 0
    if not text then
      return left < length and mark or nil, length + 0.0
    end
    local pieces = {}
    for character in gmatch(text, "[^\r]") do
      if character == "\n" then
        pieces[#pieces + 1] = CRLF
        left = length
      else
        if left <= room(character) then
          pieces[#pieces + 1] = mark
          left = length
        end
        pieces[#pieces + 1] = character
        left = left - 1
      end
    end
    return concat(pieces), left + 0.0
  end
end

mime.wrp = wrapping(CRLF, function()
  return 0
end)

mime.qpwrp = wrapping(SOFT_BREAK, function(character)
  return character == "=" and 3 or 1
end)

-- Ends of lines of any kind become a marker. The context is the CR or LF before, of which the other kind is a part.
function mime.eol(...)
  local before = arg.integer(1, ...)
  local text, marker = select(2, ...)
  text = arg.optional(arg.string, 2, text)
  marker = arg.optional(arg.string, 3, marker, CRLF)
  if not text then
    return nil, 0.0
  end
  local pieces = {}
  for plain, ending in gmatch(text, "([^\r\n]*)([\r\n]?)") do
    if plain ~= "" then
      pieces[#pieces + 1], before = plain, 0
    end
    local code = byte(ending) or 0
    if code ~= 0 and (before == 0 or before == code) then
      pieces[#pieces + 1] = marker
    end
    if code ~= 0 then
      before = before == 0 and code or 0
    end
  end
  return concat(pieces), before + 0.0
end

-- Doubles a dot at the begin of a line. State 1 is behind a CR, 2 behind a CRLF.
function mime.dot(...)
  local state, text = arg.number(1, ...) // 1 | 0, (select(2, ...))
  text = arg.optional(arg.string, 2, text)
  if not text then
    return nil, 2.0
  end
  local prefix = state == 2 and CRLF or state == 1 and "\r" or ""
  local stuffed = gsub(prefix .. text, "\r\n%.", "\r\n..")
  local whole = prefix .. text
  state = sub(whole, -2) == CRLF and 2 or sub(whole, -1) == "\r" and 1 or 0
  return sub(stuffed, #prefix + 1), state + 0.0
end

K.public[mime] = true
return mime
