-- gdisplay: graphic displays (components/lua/modules/hw/gdisplay.c).
local K = ...
K.needs("handles")
local arg, request, truncated = K.arg, K.request, K.truncated
local format, lower = string.format, string.lower
local next, pack, rawget, rawlen = next, table.pack, rawget, rawlen
local math_type, to_integer, to_number, unpack = math.type, math.tointeger, tonumber, table.unpack
local type = K.type

local gdisplay = {}

-------------------------------------------------------------------------------------------------------------------
-- Arguments. `args` are all of a call; `n` is where to look.

local function checked(check, args, n)
  if args.n < n then
    return check(n)
  end
  return check(n, args[n])
end

local function integer(args, n)
  return checked(arg.integer, args, n)
end

local function whole(args, n)
  return truncated(checked(arg.number, args, n))
end

local function optional(check, args, n, default)
  return arg.optional(check, n, args[n], default)
end

local function fail(name, detail)
  request("gdisplay.fail", name, detail or "")
end

-- A point, {x, y} or two arguments, and where the next argument is.
local function point(args, n)
  if args.n < n then
    fail("PointRequired")
  end
  local value = args[n]
  if type(value) == "table" then
    return truncated(arg.number(-1, rawget(value, 1))), truncated(arg.number(-1, rawget(value, 2))), n + 1
  elseif args.n < n + 1 then
    fail("PointRequired")
  elseif not to_number(value) then
    fail("PointRequired", "point coordinate must be a number (x)")
  elseif not to_number(args[n + 1]) then
    fail("PointRequired", "point coordinate must be a number (y)")
  end
  return truncated(to_number(value)), truncated(to_number(args[n + 1])), n + 2
end

-- A colour, an integer or {r, g, b}; nil if it is not there.
local function colour(args, n)
  local value = args[n]
  if args.n < n then
    return nil
  elseif type(value) == "table" then
    return request("gdisplay.rgb", arg.integer(-1, rawget(value, 1)) & 0xff, arg.integer(-1, rawget(value, 2)) & 0xff,
      arg.integer(-1, rawget(value, 3)) & 0xff)
  end
  return request("gdisplay.checked", integer(args, n))
end

local function needed_colour(args, n)
  if args.n < n then
    fail("ColorRequired")
  end
  return colour(args, n)
end

-- Whether a shape is filled, and its colours: it is only if both are there.
local function paint(args, n)
  local stroke = colour(args, n)
  if args.n > n then
    return stroke, colour(args, n + 1)
  end
  return stroke
end

local function boolean(args)
  local value = args[1]
  if args.n < 1 then
    fail("BooleanRequired")
  elseif type(value) == "boolean" then
    return value
  elseif math_type(value) == "integer" then
    if value & 0xff > 1 then
      fail("BooleanRequired")
    end
    return value & 0xff == 1
  end
  return false
end

-------------------------------------------------------------------------------------------------------------------
-- The display

function gdisplay.attach(...)
  local args = pack(...)
  local chipset, orientation = integer(args, 1) & 0xff, optional(arg.integer, args, 2, 1) & 0xff
  local buffered = args.n >= 3 and arg.boolean(3, args[3])
  local address = 0
  if args.n == 4 and request("gdisplay.takes_address", chipset) then
    address = integer(args, 4) & 0xff
  end
  request("gdisplay.attach", chipset, orientation, buffered, address)
end
gdisplay.init = gdisplay.attach

function gdisplay.gettype()
  local chipset = request("gdisplay.type")
  return chipset
end

function gdisplay.getscreensize()
  local width, height = request("gdisplay.size")
  return width, height
end

function gdisplay.setorient(...)
  request("gdisplay.setorient", arg.integer(1, ...) & 0xffff)
end

function gdisplay.setbrightness()
end

function gdisplay.on()
  request("gdisplay.on", true)
end

function gdisplay.off()
  request("gdisplay.on", false)
end

function gdisplay.invert(...)
  request("gdisplay.invert", arg.boolean(1, ...))
end

function gdisplay.lock()
  request("gdisplay.lock")
end

function gdisplay.unlock()
  request("gdisplay.unlock")
end

function gdisplay.clear(...)
  request("gdisplay.clear", colour(pack(...), 1))
end

function gdisplay.setclipwin(...)
  local args = pack(...)
  local x0, y0, n = point(args, 1)
  local x1, y1 = point(args, n)
  request("gdisplay.setclipwin", x0, y0, x1, y1)
end

function gdisplay.resetclipwin()
  request("gdisplay.resetclipwin")
end

function gdisplay.getclipwin()
  local x0, y0, x1, y1 = request("gdisplay.getclipwin")
  return x0, y0, x1, y1
end

-- What is left of it on the device.
function gdisplay.getline(...)
  local args = pack(...)
  return args[args.n]
end

-------------------------------------------------------------------------------------------------------------------
-- Colours

function gdisplay.rgb(...)
  local args = pack(...)
  local made = request("gdisplay.rgb", integer(args, 1), integer(args, 2), integer(args, 3))
  return made
end

function gdisplay.hsb2rgb(...)
  local args = pack(...)
  local made = request("gdisplay.hsb", checked(arg.number, args, 1), checked(arg.number, args, 2),
    checked(arg.number, args, 3))
  return made
end

function gdisplay.setforeground(...)
  request("gdisplay.foreground", needed_colour(pack(...), 1))
end

function gdisplay.setbackground(...)
  request("gdisplay.background", needed_colour(pack(...), 1))
end

function gdisplay.setstroke(...)
  request("gdisplay.stroke", needed_colour(pack(...), 1))
end

function gdisplay.setcolor(...)
  local chosen = needed_colour(pack(...), 1)
  request("gdisplay.foreground", chosen)
  request("gdisplay.stroke", chosen)
end

-------------------------------------------------------------------------------------------------------------------
-- Shapes

function gdisplay.putpixel(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  request("gdisplay.putpixel", x, y, colour(args, n))
end
gdisplay.setpixel = gdisplay.putpixel

function gdisplay.getpixel(...)
  local x, y = point(pack(...), 1)
  local found = request("gdisplay.getpixel", x, y)
  return found
end

function gdisplay.line(...)
  local args = pack(...)
  local x0, y0, n = point(args, 1)
  local x1, y1, m = point(args, n)
  request("gdisplay.line", x0, y0, x1, y1, colour(args, m))
end

function gdisplay.linebyangle(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  local length, angle = whole(args, n), whole(args, n + 1)
  local stroke = colour(args, n + 2)
  request("gdisplay.linebyangle", x, y, length, angle, truncated(optional(arg.number, args, n + 3, 0)), stroke)
end

function gdisplay.rect(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  request("gdisplay.rect", x, y, whole(args, n), whole(args, n + 1), paint(args, n + 2))
end

function gdisplay.roundrect(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  request("gdisplay.roundrect", x, y, whole(args, n), whole(args, n + 1), whole(args, n + 2), paint(args, n + 3))
end

function gdisplay.circle(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  request("gdisplay.circle", x, y, whole(args, n), paint(args, n + 1))
end

-- The parts are read one argument late: behind one that nobody looks at.
function gdisplay.ellipse(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  local radius_x, radius_y, parts = integer(args, n), integer(args, n + 1), 15
  if args.n == n + 5 then
    parts = integer(args, n + 5) & 0xff
  end
  request("gdisplay.ellipse", x, y, radius_x, radius_y, parts, paint(args, n + 2))
end

function gdisplay.arc(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  local radius, thickness = integer(args, n) & 0xffff, integer(args, n + 1) & 0xffff
  local first, last = checked(arg.number, args, n + 2), checked(arg.number, args, n + 3)
  request("gdisplay.arc", x, y, radius, thickness, first, last, paint(args, n + 4))
end

function gdisplay.poly(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  request("gdisplay.poly", x, y, integer(args, n) & 0xffff, integer(args, n + 1) & 0xffff, whole(args, n + 2),
    paint(args, n + 3))
end

function gdisplay.star(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  request("gdisplay.star", x, y, whole(args, n), whole(args, n + 1), paint(args, n + 2))
end

function gdisplay.triangle(...)
  local args = pack(...)
  local x0, y0, n = point(args, 1)
  local x1, y1, m = point(args, n)
  local x2, y2, last = point(args, m)
  request("gdisplay.triangle", x0, y0, x1, y1, x2, y2, paint(args, last))
end

function gdisplay.setangleoffset(...)
  request("gdisplay.setangleoffset", arg.number(1, ...))
end

function gdisplay.getangleoffset()
  local offset = request("gdisplay.getangleoffset")
  return offset
end

-------------------------------------------------------------------------------------------------------------------
-- Text

-- The name of a file is taken from the last argument.
function gdisplay.setfont(...)
  local args = pack(...)
  local font = args[1]
  if type(font) == "number" then
    request("gdisplay.setfont", integer(args, 1) & 0xff)
  elseif type(font) == "string" then
    local name = args[args.n]
    request("gdisplay.setfontfile", to_number(name) and name .. "" or type(name) == "string" and name or "(null)")
  else
    request("gdisplay.setfont", 0)
  end
end

function gdisplay.getfontsize()
  local width, height = request("gdisplay.fontsize")
  return width, height
end

function gdisplay.getfontheight()
  local _, height = request("gdisplay.fontsize")
  return height
end

function gdisplay.getfontwidtht()
  local width = request("gdisplay.fontsize")
  return width
end

function gdisplay.setrot(...)
  request("gdisplay.setrot", arg.integer(1, ...) & 0xffff)
end

function gdisplay.setwrap(...)
  request("gdisplay.setwrap", boolean(pack(...)))
end

function gdisplay.settransp(...)
  request("gdisplay.settransp", boolean(pack(...)))
end

function gdisplay.setfixed(...)
  request("gdisplay.setfixed", boolean(pack(...)))
end

-- What is written of a value: a float that is no whole number is 0, and {number, decimals} is rounded. nil: nothing.
local function text_of(value)
  local kind = type(value)
  if kind == "string" then
    return value
  elseif kind == "number" then
    return format("%d", to_integer(value) or 0)
  elseif kind == "table" and rawlen(value) == 2 then
    local number, decimals = arg.number(-1, rawget(value, 1)), arg.integer(-1, rawget(value, 2)) & 0xff
    return format("%." .. (decimals < 99 and decimals or 99) .. "f", number)
  end
end

function gdisplay.write(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  local foreground, background = colour(args, n + 1), colour(args, n + 2)
  local text = text_of(args[n])
  if text then
    request("gdisplay.write", x, y, text, foreground, background)
  end
end

function gdisplay.stringpos(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  if type(args[n]) ~= "string" then
    arg.type_error(n, "string", unpack(args, n, args.n))
  end
  local left, top, width, height = request("gdisplay.stringpos", x, y, args[n])
  if left then
    return left, top, width, height
  end
  return nil
end

-------------------------------------------------------------------------------------------------------------------
-- Images

function gdisplay.image(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  local name = checked(arg.string, args, n)
  request("gdisplay.image", x, y, name, optional(arg.integer, args, n + 1, 0))
end

local SEGMENTS_MAX = 10

-- The modes and texts of {{mode=..., text=...}, ...}, flat, as far as there is room for them. A segment without text
-- is none.
local function segments_of(list)
  local flat = {}
  for _, entry in next, list do
    local mode, text = 0, nil
    for key, value in next, entry do
      key = lower(key .. "")
      if key == "mode" then
        mode = to_integer(to_number(value) or 0) or 0
      elseif key == "text" or key == "val" or key == "value" then
        text = value .. ""
      end
    end
    if text and #flat < 2 * SEGMENTS_MAX then
      flat[#flat + 1], flat[#flat + 2] = mode, text
    end
  end
  return flat
end

-- Colours are read one argument late, too.
function gdisplay.qrcode(...)
  local args = pack(...)
  local x, y, n = point(args, 1)
  local what, segments = args[n], nil
  if type(what) == "table" then
    segments = segments_of(what)
  elseif type(what) ~= "string" then
    arg.type_error(n, "string", unpack(args, n, args.n))
  end
  local level = optional(arg.integer, args, n + 1, 0) & 0xff
  local scale = optional(arg.integer, args, n + 2, 1) & 0xff
  local foreground, background = colour(args, n + 4), colour(args, n + 5)
  if segments then
    request("gdisplay.qrsegments", x, y, level, scale, foreground, background, unpack(segments))
  else
    request("gdisplay.qrcode", x, y, level, scale, foreground, background, what)
  end
end

-------------------------------------------------------------------------------------------------------------------
-- The touch panel

function gdisplay.gettouch()
  local z, x, y = request("gdisplay.touch", false)
  return z, x, y
end

function gdisplay.getrawtouch()
  local z, x, y = request("gdisplay.touch", true)
  return z, x, y
end

function gdisplay.setcal(...)
  local args = pack(...)
  request("gdisplay.setcal", integer(args, 1), integer(args, 2))
end

K.base_library.gdisplay = K.module("gdisplay", gdisplay)
