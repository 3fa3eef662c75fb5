---@meta
-- Made by luatwin api --luacats from the catalogue of the Lua API; do not edit.

---Graphic displays. Not in every build: gdisplay.
---@class gdisplay
gdisplay = {}

---Orientation. Not in every build: gdisplay.
gdisplay.PORTRAIT = 0

---Orientation. Not in every build: gdisplay.
gdisplay.LANDSCAPE = 1

---Orientation. Not in every build: gdisplay.
gdisplay.PORTRAIT_FLIP = 2

---Orientation. Not in every build: gdisplay.
gdisplay.LANDSCAPE_FLIP = 3

---Position: where the last output ended. Not in every build: gdisplay.
gdisplay.LASTX = -1

---Position: where the last output ended. Not in every build: gdisplay.
gdisplay.LASTY = -2

---Position. Not in every build: gdisplay.
gdisplay.CENTER = -3

---Position. Not in every build: gdisplay.
gdisplay.RIGHT = -4

---Position. Not in every build: gdisplay.
gdisplay.BOTTOM = -5

---Font. Not in every build: gdisplay.
gdisplay.FONT_DEFAULT = 0

---Font. Not in every build: gdisplay.
gdisplay.FONT_DEJAVU18 = 1

---Font. Not in every build: gdisplay.
gdisplay.FONT_DEJAVU24 = 2

---Font. Not in every build: gdisplay.
gdisplay.FONT_UBUNTU16 = 3

---Font. Not in every build: gdisplay.
gdisplay.FONT_COMIC24 = 4

---Font. Not in every build: gdisplay.
gdisplay.FONT_MINYA24 = 5

---Font. Not in every build: gdisplay.
gdisplay.FONT_TOONEY32 = 6

---Font. Not in every build: gdisplay.
gdisplay.FONT_7SEG = 7

---Font. Not in every build: gdisplay.
gdisplay.FONT_LCD = 9

---Colour. Not in every build: gdisplay.
gdisplay.BLACK = 0

---Colour. Not in every build: gdisplay.
gdisplay.NAVY = 15

---Colour. Not in every build: gdisplay.
gdisplay.DARKGREEN = 992

---Colour. Not in every build: gdisplay.
gdisplay.DARKCYAN = 1007

---Colour. Not in every build: gdisplay.
gdisplay.MAROON = 30720

---Colour. Not in every build: gdisplay.
gdisplay.PURPLE = 30735

---Colour. Not in every build: gdisplay.
gdisplay.OLIVE = 31712

---Colour. Not in every build: gdisplay.
gdisplay.LIGHTGREY = 50712

---Colour. Not in every build: gdisplay.
gdisplay.DARKGREY = 31727

---Colour. Not in every build: gdisplay.
gdisplay.BLUE = 31

---Colour. Not in every build: gdisplay.
gdisplay.GREEN = 2016

---Colour. Not in every build: gdisplay.
gdisplay.CYAN = 2047

---Colour. Not in every build: gdisplay.
gdisplay.RED = 63488

---Colour. Not in every build: gdisplay.
gdisplay.MAGENTA = 63519

---Colour. Not in every build: gdisplay.
gdisplay.YELLOW = 65504

---Colour. Not in every build: gdisplay.
gdisplay.WHITE = 65535

---Colour. Not in every build: gdisplay.
gdisplay.ORANGE = 64800

---Colour. Not in every build: gdisplay.
gdisplay.GREENYELLOW = 45029

---Colour. Not in every build: gdisplay.
gdisplay.PINK = 63519

---Chipset, 128 x 160. Not in every build: gdisplay.
gdisplay.ST7735 = 1

---Chipset, 128 x 160. Not in every build: gdisplay.
gdisplay.ST7735_18 = 1

---Chipset, 128 x 160. Not in every build: gdisplay.
gdisplay.ST7735B = 2

---Chipset, 128 x 160. Not in every build: gdisplay.
gdisplay.ST7735B_18 = 2

---Chipset, 128 x 160. Not in every build: gdisplay.
gdisplay.ST7735G = 3

---Chipset, 128 x 160. Not in every build: gdisplay.
gdisplay.ST7735G_18 = 3

---Chipset, 128 x 128. Not in every build: gdisplay.
gdisplay.ST7735G_144 = 4

---Chipset, 160 x 80. Not in every build: gdisplay.
gdisplay.ST7735_096 = 5

---Chipset, 240 x 320. Not in every build: gdisplay.
gdisplay.ILI9341 = 6

---Chipset, 84 x 48, two colours. Not in every build: gdisplay.
gdisplay.PCD8544 = 7

---Chipset, two colours. Not in every build: gdisplay.
gdisplay.SSD1306_128_32 = 8

---Chipset, two colours. Not in every build: gdisplay.
gdisplay.SSD1306_128_64 = 9

---Chipset, two colours. Not in every build: gdisplay.
gdisplay.SSD1306_96_16 = 10

---Error correction of QR codes. Not in every build: gdisplay.
gdisplay.ECC_LOW = 0

---Error correction of QR codes. Not in every build: gdisplay.
gdisplay.ECC_MEDIUM = 1

---Error correction of QR codes. Not in every build: gdisplay.
gdisplay.ECC_QUARTILE = 2

---Error correction of QR codes. Not in every build: gdisplay.
gdisplay.ECC_HIGH = 3

---Kind of QR segment. Not in every build: gdisplay.
gdisplay.MODE_NUMERIC = 1

---Kind of QR segment. Not in every build: gdisplay.
gdisplay.MODE_ALPHANUM = 2

---Kind of QR segment. Not in every build: gdisplay.
gdisplay.MODE_BYTE = 4

---Kind of QR segment. Not in every build: gdisplay.
gdisplay.MODE_ECI = 7

---Draw an arc. Not in every build: gdisplay.
---@param p any
---@param r integer
---@param thick number
---@param start integer
---@param end_ any
---@param stroke? any
---@param fill? any
function gdisplay.arc(p, r, thick, start, end_, stroke, fill) end

---Start the display. Not in every build: gdisplay.
---@param chipset integer
---@param orientation? integer by default LANDSCAPE
---@param buffered? boolean
---@param i2caddress? integer
function gdisplay.attach(chipset, orientation, buffered, i2caddress) end

---Draw a circle. Not in every build: gdisplay.
---@param p any
---@param r integer
---@param stroke? any
---@param fill? any
function gdisplay.circle(p, r, stroke, fill) end

---Clear the screen and the settings of drawing. Not in every build: gdisplay.
---@param colour? integer
function gdisplay.clear(colour) end

---Draw an ellipse. Not in every build: gdisplay.
---@param p any
---@param rx number
---@param ry number
---@param stroke? any
---@param fill? any
---@param parts? integer by default 15
function gdisplay.ellipse(p, rx, ry, stroke, fill, parts) end

---The offset of angles. Not in every build: gdisplay.
---@return integer
function gdisplay.getangleoffset() end

---The corners of the clip window. Not in every build: gdisplay.
---@return integer
---@return integer
---@return integer
---@return integer
function gdisplay.getclipwin() end

---Height of the font. Not in every build: gdisplay.
---@return integer
function gdisplay.getfontheight() end

---Width and height of the font. Not in every build: gdisplay.
---@return integer
---@return integer
function gdisplay.getfontsize() end

---Width of the font; spelled so. Not in every build: gdisplay.
---@return integer
function gdisplay.getfontwidtht() end

---Returns its last argument. Not in every build: gdisplay.
---@param ... any
---@return any ...
function gdisplay.getline(...) end

---A pixel's colour. Not in every build: gdisplay.
---@param p any
---@return integer
function gdisplay.getpixel(p) end

---The touch panel's raw values. Not in every build: gdisplay.
---@return integer
---@return integer
---@return integer
function gdisplay.getrawtouch() end

---Width and height. Not in every build: gdisplay.
---@return integer
---@return integer
function gdisplay.getscreensize() end

---Where the panel is touched. Not in every build: gdisplay.
---@return integer
---@return integer
---@return integer
function gdisplay.gettouch() end

---The chipset; -1 before attach. Not in every build: gdisplay.
---@return integer
function gdisplay.gettype() end

---A colour by hue, saturation, brightness. Not in every build: gdisplay.
---@param h number
---@param s number
---@param b integer
---@return integer
function gdisplay.hsb2rgb(h, s, b) end

---Draw a JPG or BMP file. Not in every build: gdisplay.
---@param p any
---@param file string
---@param maxscale? integer by default 0
function gdisplay.image(p, file, maxscale) end

---The same as attach. Not in every build: gdisplay.
---@param chipset integer
---@param orientation? integer
---@param buffered? boolean
---@param i2caddress? integer
function gdisplay.init(chipset, orientation, buffered, i2caddress) end

---Invert the screen. Not in every build: gdisplay.
---@param on boolean
function gdisplay.invert(on) end

---Draw a line. Not in every build: gdisplay.
---@param p0 any
---@param p1 any
---@param colour? integer
function gdisplay.line(p0, p1, colour) end

---Draw a line by its angle. Not in every build: gdisplay.
---@param p any
---@param length integer
---@param angle integer
---@param colour? integer
---@param start? integer
function gdisplay.linebyangle(p, length, angle, colour, start) end

---Hold the panel back until unlock. Not in every build: gdisplay.
function gdisplay.lock() end

---Switch the screen off. Not in every build: gdisplay.
function gdisplay.off() end

---Switch the screen on. Not in every build: gdisplay.
function gdisplay.on() end

---Draw a polygon. Not in every build: gdisplay.
---@param p any
---@param sides integer
---@param r integer
---@param rotation number
---@param stroke? any
---@param fill? any
function gdisplay.poly(p, sides, r, rotation, stroke, fill) end

---Draw a pixel. Not in every build: gdisplay.
---@param p any
---@param colour? integer
function gdisplay.putpixel(p, colour) end

---Draw a QR code. Not in every build: gdisplay.
---@param p any
---@param text string|table
---@param ecc? integer by default ECC_LOW
---@param scale? integer by default 1
---@param ... any
function gdisplay.qrcode(p, text, ecc, scale, ...) end

---Draw a rectangle. Not in every build: gdisplay.
---@param p any
---@param w number
---@param h number
---@param stroke? any
---@param fill? any
function gdisplay.rect(p, w, h, stroke, fill) end

---Clip at the screen only. Not in every build: gdisplay.
function gdisplay.resetclipwin() end

---A colour by its parts. Not in every build: gdisplay.
---@param r integer
---@param g integer
---@param b integer
---@return integer
function gdisplay.rgb(r, g, b) end

---Draw a rounded rectangle. Not in every build: gdisplay.
---@param p any
---@param w number
---@param h number
---@param r integer
---@param stroke? any
---@param fill? any
function gdisplay.roundrect(p, w, h, r, stroke, fill) end

---Turn all angles. Not in every build: gdisplay.
---@param degrees number
function gdisplay.setangleoffset(degrees) end

---Choose the background. Not in every build: gdisplay.
---@param colour integer
function gdisplay.setbackground(colour) end

---Does nothing. Not in every build: gdisplay.
---@param n integer
function gdisplay.setbrightness(n) end

---Calibrate the touch panel. Not in every build: gdisplay.
---@param calx any
---@param caly any
function gdisplay.setcal(calx, caly) end

---Draw inside a window only. Not in every build: gdisplay.
---@param p0 any
---@param p1 any
function gdisplay.setclipwin(p0, p1) end

---Choose foreground and stroke. Not in every build: gdisplay.
---@param colour integer
function gdisplay.setcolor(colour) end

---All characters equally wide. Not in every build: gdisplay.
---@param on boolean
function gdisplay.setfixed(on) end

---Choose the font. Not in every build: gdisplay.
---@param font integer|string
---@overload fun(file: string)
function gdisplay.setfont(font) end

---Choose the foreground. Not in every build: gdisplay.
---@param colour integer
function gdisplay.setforeground(colour) end

---Turn the screen. Not in every build: gdisplay.
---@param orientation integer
function gdisplay.setorient(orientation) end

---The same as putpixel. Not in every build: gdisplay.
---@param p any
---@param colour? integer
function gdisplay.setpixel(p, colour) end

---Turn text. Not in every build: gdisplay.
---@param degrees number
function gdisplay.setrot(degrees) end

---Choose the stroke. Not in every build: gdisplay.
---@param colour integer
function gdisplay.setstroke(colour) end

---Text without background. Not in every build: gdisplay.
---@param on boolean
function gdisplay.settransp(on) end

---Break lines at the edge. Not in every build: gdisplay.
---@param on boolean
function gdisplay.setwrap(on) end

---Draw a star. Not in every build: gdisplay.
---@param p any
---@param r integer
---@param factor number
---@param stroke? any
---@param fill? any
function gdisplay.star(p, r, factor, stroke, fill) end

---Where write would put a text. Not in every build: gdisplay.
---@param p any
---@param text string
---@return any ...
function gdisplay.stringpos(p, text) end

---Draw a triangle. Not in every build: gdisplay.
---@param p0 any
---@param p1 any
---@param p2 any
---@param stroke? any
---@param fill? any
function gdisplay.triangle(p0, p1, p2, stroke, fill) end

---Refresh the panel. Not in every build: gdisplay.
function gdisplay.unlock() end

---Write a text or number. Not in every build: gdisplay.
---@param p any
---@param value string|number
---@param foreground? integer
---@param background? integer
function gdisplay.write(p, value, foreground, background) end

---The codes of the errors of gdisplay. Not in every build: gdisplay.
---@class gdisplay.error
gdisplay.error = {}

---invalid chipset Not in every build: gdisplay.
gdisplay.error.InvalidChipset = 402653184

---invalid color Not in every build: gdisplay.
gdisplay.error.InvalidColor = 402653185

---is not setup Not in every build: gdisplay.
gdisplay.error.NotSetup = 402653186

---color required Not in every build: gdisplay.
gdisplay.error.ColorRequired = 402653187

---point required Not in every build: gdisplay.
gdisplay.error.PointRequired = 402653188

---not enough memory Not in every build: gdisplay.
gdisplay.error.NotEnoughtMemory = 402653189

---radius must be > 0 Not in every build: gdisplay.
gdisplay.error.InvalidRadius = 402653190

---invalid font Not in every build: gdisplay.
gdisplay.error.InvalidFont = 402653191

---image error Not in every build: gdisplay.
gdisplay.error.ImageError = 402653192

---out of screen Not in every build: gdisplay.
gdisplay.error.OutOfScreen = 402653193

---invalid orientation Not in every build: gdisplay.
gdisplay.error.InvalidOrientation = 402653194

---missing file name Not in every build: gdisplay.
gdisplay.error.MissingFileName = 402653195

---image processing error Not in every build: gdisplay.
gdisplay.error.ProcessingError = 402653196

---boolean required Not in every build: gdisplay.
gdisplay.error.BooleanRequired = 402653197

---can't setup Not in every build: gdisplay.
gdisplay.error.TouchNotSupported = 402653198

---can't setup Not in every build: gdisplay.
gdisplay.error.CannotSetup = 402653198

---qrcode encode error Not in every build: gdisplay.
gdisplay.error.QREncodeError = 402653200
