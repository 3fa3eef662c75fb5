"""gdisplay: graphic displays (``components/lua/modules/hw/gdisplay.c``, ``components/gdisplay/gdisplay.c``).

There is one display. What scripts choose is the firmware's and not the interpreter's: it stays until the chip is reset.
Shapes and text are `simulator.graphics`, what a display needs on the board is `display_controllers`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Final

from simulator.c_numbers import int8, single
from simulator.console import Level
from simulator.device.calls import call
from simulator.device.drivers.display_controllers import CONTROLLERS, TAKES_ADDRESS, Controller
from simulator.device.drivers.shared import CALL_NS, Driver
from simulator.device.kernel import DONE, WAIT, Task
from simulator.device.outcome import Hang
from simulator.filesystem import FileSystemError
from simulator.graphics import images, qr_code, shapes
from simulator.graphics.colours import from_hsb, from_rgb
from simulator.graphics.fonts import FONT_FILE, FontFileError, built_in, font_of_file
from simulator.graphics.libraries import MissingLibraryError
from simulator.graphics.metrics import FONT_DEFAULT
from simulator.graphics.screen import LANDSCAPE_FLIP, Screen
from simulator.graphics.text import NoFontError, Writer
from simulator.vm.exceptions import DriverError, LuaError

BLACK, WHITE = 0x0000, 0xFFFF

_PIXEL_NS: Final = 300
"""What the device calculates for a pixel (our estimate)."""
_IMAGE_PIXEL_NS: Final = 3_000
"""What it does for a pixel of an image besides (our estimate)."""
_ANGLE_OFFSET: Final = -90.0
_ANGLE_OFFSET_MAX: Final = 360.0


class GdisplayDriver(Driver):
    """The display, if one has been attached."""

    name: ClassVar[str] = "gdisplay"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._controller: Controller | None = None
        self._screen: Screen | None = None
        self._chipset = -1
        self._started: dict[int, Controller] = {}
        """Those that have been tried: what one has taken it keeps, even if it could not be started."""
        self._writer = Writer()
        self._foreground = self._background = self._stroke = BLACK
        self._angle_offset = _ANGLE_OFFSET
        self._holder: Task | None = None
        """Who has locked the display, how often, and who waits for it."""
        self._locks = 0
        self._waiting: deque[Task] = deque()

    # -- inside ---------------------------------------------------------------------------------------------------

    def _display(self) -> tuple[Controller, Screen]:
        if self._controller is None or self._screen is None:
            raise DriverError("gdisplay", "NotSetup", "init display first")
        return self._controller, self._screen

    def _draw(self, draw: Callable[..., None], *arguments: Any, **options: Any) -> None:
        """Draw on the display, and let the running Lua thread take the time for it."""
        _, screen = self._display()
        before = screen.drawn
        try:
            draw(screen, *arguments, **options)
        finally:
            self.shared.pay(CALL_NS + (screen.drawn - before) * _PIXEL_NS)

    def _colour(self, red: int, green: int, blue: int) -> int:
        """Return a colour of the display (``gdisplay_rgb_to_color``). Raises `DriverError`."""
        controller, _ = self._display()
        if controller.has_two_colours:
            if {red, green, blue} not in ({0}, {255}):
                raise DriverError("gdisplay", "InvalidColor", "only 2 colors allowed")
            return int(red == 255)
        for part, value in zip("RGB", (red, green, blue), strict=True):
            if not 0 <= value <= 255:
                raise DriverError("gdisplay", "InvalidColor", f"{part} component")
        return from_rgb(red, green, blue)

    def _choose_default_colours(self) -> None:
        self._stroke = self._foreground = WHITE
        self._background = BLACK

    # -- the display ----------------------------------------------------------------------------------------------

    @call("gdisplay.fail")
    def _fail(self, name: bytes, detail: bytes) -> None:
        raise DriverError("gdisplay", name.decode(), detail.decode())

    @call("gdisplay.takes_address")
    def _takes_address(self, chipset: int) -> tuple[Any, ...]:
        return (chipset in TAKES_ADDRESS,)

    @call("gdisplay.attach")
    def _attach(self, chipset: int, orientation: int, buffered: bool, address: int) -> Any:
        self.shared.pay()
        if chipset not in CONTROLLERS:
            return self.shared.crash("LoadProhibited")
        if orientation > LANDSCAPE_FLIP:
            raise DriverError("gdisplay", "InvalidOrientation")
        if self._screen is not None:
            self._screen.end_all()
            self._turn(orientation)
        else:
            self._start(chipset, orientation, address, buffered=buffered)
        self._choose_default_colours()
        return None

    def _start(self, chipset: int, orientation: int, address: int, *, buffered: bool) -> None:
        display = self.shared.board.display
        assert display is not None, "a build without gdisplay has no request for it"
        if display.backlight is not None:
            self.shared.gpio.set_latch(display.backlight, 0)
            self.shared.gpio.configure(display.backlight, output=True)
        if display.power_bus:
            for wait_ns in self.shared.power_bus.on():
                self.shared.pay(wait_ns)
        controller = self._started.get(chipset)
        if controller is None:
            controller = self._started[chipset] = CONTROLLERS[chipset](self.shared, chipset, display)
        self._screen = controller.start(orientation, address, buffered=buffered)
        self._controller = controller
        self._chipset = chipset
        self._writer.reset()

    def _turn(self, orientation: int) -> None:
        """Turn the display. The device looks at how text is turned to tell whether it can."""
        controller, screen = self._display()
        if self._writer.rotation > LANDSCAPE_FLIP:
            return
        self._clear_screen(WHITE if controller.has_two_colours else BLACK)
        controller.turn(orientation & 0xFF)
        screen.turn(orientation & 0xFF, *controller.size(orientation & 0xFF))

    def _clear_screen(self, colour: int) -> None:
        self._draw(lambda screen: screen.clear(colour))
        self._writer.cursor = (0, 0)

    @call("gdisplay.type")
    def _type(self) -> tuple[Any, ...]:
        return (self._chipset,)

    @call("gdisplay.size")
    def _size(self) -> tuple[Any, ...]:
        _, screen = self._display()
        return (screen.width, screen.height)

    @call("gdisplay.setorient")
    def _setorient(self, orientation: int) -> None:
        self.shared.pay()
        if self._screen is not None:
            self._turn(orientation)

    @call("gdisplay.on")
    def _switch(self, on: bool) -> None:
        controller, _ = self._display()
        controller.switch(on=on)
        if controller.display.backlight is not None:
            self.shared.gpio.set_latch(controller.display.backlight, int(on))

    @call("gdisplay.invert")
    def _invert(self, inverted: bool) -> None:
        controller, _ = self._display()
        controller.invert(inverted=inverted)

    @call("gdisplay.lock")
    def _lock(self) -> Any:
        self.shared.pay()
        self._display()
        task = self.kernel.current
        if self._holder is not None and self._holder is not task:
            self._waiting.append(task)
            return WAIT
        self._hold(task)
        return None

    def _hold(self, task: Task) -> None:
        _, screen = self._display()
        self._holder = task
        self._locks += 1
        screen.begin()

    @call("gdisplay.unlock")
    def _unlock(self) -> None:
        self._draw(lambda screen: screen.end())
        if self._holder is not self.kernel.current:
            return
        self._locks -= 1
        if self._locks:
            return
        self._holder = None
        while self._waiting and self._holder is None:
            task = self._waiting.popleft()
            if self.kernel.has(task):
                self._hold(task)
                self.kernel.answer(task, DONE)

    @call("gdisplay.clear")
    def _clear(self, colour: int | None) -> None:
        self._clear_screen(self._background if colour is None else colour)
        self._choose_default_colours()

    @call("gdisplay.setclipwin")
    def _setclipwin(self, x0: int, y0: int, x1: int, y1: int) -> None:
        _, screen = self._display()
        screen.set_window(x0, y0, x1, y1)

    @call("gdisplay.resetclipwin")
    def _resetclipwin(self) -> None:
        _, screen = self._display()
        screen.open_window()

    @call("gdisplay.getclipwin")
    def _getclipwin(self) -> tuple[Any, ...]:
        _, screen = self._display()
        return screen.window

    # -- colours --------------------------------------------------------------------------------------------------

    @call("gdisplay.rgb")
    def _rgb(self, red: int, green: int, blue: int) -> tuple[Any, ...]:
        return (self._colour(red, green, blue),)

    @call("gdisplay.checked")
    def _checked(self, colour: int) -> tuple[Any, ...]:
        """Return a colour as it came. Raises `DriverError` unless the display can show it."""
        controller, _ = self._display()
        if controller.has_two_colours and colour not in (BLACK, WHITE):
            raise DriverError("gdisplay", "InvalidColor", "only 2 colors allowed")
        return (colour,)

    @call("gdisplay.hsb")
    def _hsb(self, hue: float, saturation: float, brightness: float) -> tuple[Any, ...]:
        self._display()
        try:
            return (self._colour(*from_hsb(hue, saturation, brightness)),)
        except DriverError:
            return (BLACK,)  # nobody looks whether it is one

    @call("gdisplay.foreground")
    def _set_foreground(self, colour: int) -> None:
        self._foreground = colour

    @call("gdisplay.background")
    def _set_background(self, colour: int) -> None:
        self._background = colour

    @call("gdisplay.stroke")
    def _set_stroke(self, colour: int) -> None:
        self._stroke = colour

    def _stroke_or(self, colour: int | None) -> int:
        return self._stroke if colour is None else colour

    # -- shapes ---------------------------------------------------------------------------------------------------

    @call("gdisplay.putpixel")
    def _putpixel(self, x: int, y: int, colour: int | None) -> None:
        if self._screen is not None:  # before there is one the device draws nowhere
            self._draw(Screen.pixel, x, y, self._stroke_or(colour))

    @call("gdisplay.getpixel")
    def _getpixel(self, x: int, y: int) -> tuple[Any, ...]:
        return (0 if self._screen is None else self._screen.colour_at(x, y),)

    @call("gdisplay.line")
    def _line(self, x0: int, y0: int, x1: int, y1: int, colour: int | None) -> None:
        self._draw(shapes.line, x0, y0, x1, y1, self._stroke_or(colour))

    @call("gdisplay.linebyangle")
    def _linebyangle(self, x: int, y: int, length: int, angle: int, start: int, colour: int | None) -> None:
        self._draw(shapes.line_by_angle, x, y, length, angle, start, self._stroke_or(colour))

    @call("gdisplay.rect")
    def _rect(self, x: int, y: int, width: int, height: int, stroke: int | None, fill: int | None = None) -> None:
        self._draw(shapes.rectangle, x, y, width, height, self._stroke_or(stroke), fill)

    @call("gdisplay.roundrect")
    def _roundrect(
        self, x: int, y: int, width: int, height: int, radius: int, stroke: int | None, fill: int | None = None
    ) -> None:
        self._draw(shapes.round_rectangle, x, y, width, height, radius, self._stroke_or(stroke), fill)

    @call("gdisplay.circle")
    def _circle(self, x: int, y: int, radius: int, stroke: int | None, fill: int | None = None) -> None:
        self._display()
        if radius < 0:
            raise DriverError("gdisplay", "InvalidRadius")
        self._draw(shapes.circle, x, y, radius, self._stroke_or(stroke), fill)

    @call("gdisplay.ellipse")
    def _ellipse(
        self, x: int, y: int, radius_x: int, radius_y: int, parts: int, stroke: int | None, fill: int | None = None
    ) -> Any:
        if self._screen is None:
            return None
        try:
            self._draw(shapes.ellipse, x, y, radius_x, radius_y, self._stroke_or(stroke), fill, parts)
        except shapes.EndlessShapeError as error:
            return self.kernel.end(Hang(f"gdisplay never finishes {error}"))
        return None

    @call("gdisplay.arc")
    def _arc(
        self,
        x: int,
        y: int,
        radius: int,
        thickness: int,
        start: float,
        end: float,
        stroke: int | None,
        fill: int | None = None,
    ) -> None:
        self._draw(
            shapes.arc, x, y, radius, thickness, start, end, self._stroke_or(stroke), fill, offset=self._angle_offset
        )

    @call("gdisplay.poly")
    def _poly(
        self, x: int, y: int, sides: int, radius: int, rotation: int, stroke: int | None, fill: int | None = None
    ) -> None:
        self._draw(shapes.polygon, x, y, sides, radius, rotation, self._stroke_or(stroke), fill)

    @call("gdisplay.star")
    def _star(self, x: int, y: int, radius: int, factor: int, stroke: int | None, fill: int | None = None) -> None:
        self._draw(shapes.star, x, y, radius, factor, self._stroke_or(stroke), fill)

    @call("gdisplay.triangle")
    def _triangle(
        self,
        x0: int,
        y0: int,
        x1: int,
        y1: int,
        x2: int,
        y2: int,
        stroke: int | None,
        fill: int | None = None,
    ) -> None:
        self._draw(shapes.triangle, x0, y0, x1, y1, x2, y2, self._stroke_or(stroke), fill)

    @call("gdisplay.setangleoffset")
    def _setangleoffset(self, degrees: float) -> None:
        self._angle_offset = min(max(single(degrees), -_ANGLE_OFFSET_MAX), _ANGLE_OFFSET_MAX)

    @call("gdisplay.getangleoffset")
    def _getangleoffset(self) -> tuple[Any, ...]:
        return (self._angle_offset,)

    # -- text -----------------------------------------------------------------------------------------------------

    @call("gdisplay.setfont")
    def _setfont(self, number: int) -> None:
        self._display()
        if number == FONT_FILE:
            self.shared.console.log(Level.ERR, b"Error opening font file '(null)'")
        self._writer.font = built_in(number)

    @call("gdisplay.setfontfile")
    def _setfontfile(self, path: bytes) -> None:
        self._display()
        try:
            self._writer.font = font_of_file(self.shared.network.files.load(path))
        except FileSystemError:
            self.shared.console.log(Level.ERR, b"Error opening font file '%s'" % path)
        except FontFileError as error:
            self.shared.console.log(Level.ERR, str(error).encode())
        else:
            return
        self._writer.font = built_in(FONT_DEFAULT)

    @call("gdisplay.fontsize")
    def _fontsize(self) -> tuple[Any, ...]:
        return (0, 0) if self._writer.font is None else self._writer.font.size

    @call("gdisplay.setrot")
    def _setrot(self, degrees: int) -> None:
        if self._screen is not None:
            self._writer.rotation = degrees

    @call("gdisplay.setwrap")
    def _setwrap(self, on: bool) -> None:
        self._writer.wraps = on

    @call("gdisplay.settransp")
    def _settransp(self, on: bool) -> None:
        self._writer.is_transparent = on

    @call("gdisplay.setfixed")
    def _setfixed(self, on: bool) -> None:
        self._writer.is_fixed = on

    @call("gdisplay.write")
    def _write(self, x: int, y: int, text: bytes, foreground: int | None, background: int | None) -> None:
        chosen = self._text_colours(foreground, background)
        try:
            self._draw(self._writer.write, x, y, text, *chosen)
        except NoFontError:
            raise DriverError("gdisplay", "InvalidFont") from None

    @call("gdisplay.stringpos")
    def _stringpos(self, x: int, y: int, text: bytes) -> tuple[Any, ...]:
        _, screen = self._display()
        try:
            return self._writer.position(screen, x, y, text) or (None,)
        except NoFontError:
            raise DriverError("gdisplay", "InvalidFont") from None

    def _text_colours(self, foreground: int | None, background: int | None) -> tuple[int, int]:
        return (
            self._foreground if foreground is None else foreground,
            self._background if background is None else background,
        )

    # -- images ---------------------------------------------------------------------------------------------------

    @call("gdisplay.image")
    def _image(self, x: int, y: int, path: bytes, scale_max: int) -> None:
        controller, screen = self._display()
        two_colours = controller.has_two_colours
        before = screen.drawn
        try:
            data = self.shared.network.files.load(path)
            kind = images.image_kind(data)
            if kind == "bmp":
                images.draw_bmp(screen, x, y, data, self._image_colour(), two_colours=two_colours)
            elif kind is None:
                raise DriverError("gdisplay", "ImageError", "unknown image format")
            elif two_colours:
                raise DriverError("gdisplay", "ImageError", "display only support 2 colors")
            else:
                # What cannot be decoded leaves the display locked for ever.
                images.draw_jpg(screen, x, y, data, from_rgb, scale_max=int8(scale_max))
        except FileSystemError as error:
            raise DriverError("gdisplay", "ImageError", error.text) from error
        except images.ImageError as error:
            raise DriverError("gdisplay", "ImageError", str(error)) from error
        except images.DecodingError as error:
            raise DriverError("gdisplay", "ProcessingError", str(error)) from error
        except MissingLibraryError as error:
            raise LuaError(str(error)) from error
        finally:
            self.shared.pay(CALL_NS + (screen.drawn - before) * (_PIXEL_NS + _IMAGE_PIXEL_NS))

    def _image_colour(self) -> Callable[[int, int, int], int]:
        """Return what makes colours of a file: one that the display cannot show becomes the one before."""
        last = BLACK

        def colour_of(red: int, green: int, blue: int) -> int:
            nonlocal last
            try:
                last = self._colour(red, green, blue)
            except DriverError:
                return last
            return last

        return colour_of

    @call("gdisplay.qrcode")
    def _qrcode(
        self, x: int, y: int, level: int, scale: int, foreground: int | None, background: int | None, text: bytes
    ) -> None:
        segments = qr_code.as_segments(text.partition(b"\0")[0])
        self._draw_qr_code(x, y, segments, level, scale, self._text_colours(foreground, background))

    @call("gdisplay.qrsegments")
    def _qrsegments(
        self,
        x: int,
        y: int,
        level: int,
        scale: int,
        foreground: int | None,
        background: int | None,
        *flat: Any,
    ) -> None:
        segments = list(zip(flat[::2], flat[1::2], strict=True))
        if not segments:
            raise DriverError("gdisplay", "QREncodeError")
        self._draw_qr_code(x, y, segments, level, scale, self._text_colours(foreground, background))

    def _draw_qr_code(
        self, x: int, y: int, segments: list[tuple[int, bytes]], level: int, scale: int, colours: tuple[int, int]
    ) -> None:
        try:
            rows = qr_code.qr_code(segments, level)
        except qr_code.QrCodeError as error:
            raise DriverError("gdisplay", "QREncodeError") from error
        except MissingLibraryError as error:
            raise LuaError(str(error)) from error
        dark, bright = colours
        self._draw(qr_code.draw_qr_code, x, y, rows, max(scale, 1), dark, bright)

    # -- the touch panel ------------------------------------------------------------------------------------------

    @call("gdisplay.touch")
    def _touch(self, raw: bool) -> tuple[Any, ...]:
        self.shared.pay()
        controller, _ = self._display()
        return controller.touch(raw=raw)

    @call("gdisplay.setcal")
    def _setcal(self, x: int, y: int) -> None:
        controller, _ = self._display()
        controller.calibrate(x, y)
