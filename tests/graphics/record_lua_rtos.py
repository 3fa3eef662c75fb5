"""Makes `data/drawn_by_lua_rtos.json`: what the C code of Lua RTOS draws for random calls.

    python tests/graphics/record_lua_rtos.py FOLDER > tests/graphics/data/drawn_by_lua_rtos.json

FOLDER is a checkout of Lua-RTOS-ESP32 (the recording is of 6b455df4). Its ``components/gdisplay`` and the common part
of the display drivers are compiled with gcc for this machine, with a panel in memory in place of the SPI bus, and
``-ffp-contract=off``.
"""

from __future__ import annotations

import ctypes
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from zlib import crc32

SCREENS: tuple[dict[str, Any], ...] = (
    {"kind": "direct", "width": 128, "height": 160},
    {"kind": "buffered", "width": 128, "height": 160},
    {"kind": "mono", "width": 128, "height": 64, "orientation": 0, "lit": 1},
    {"kind": "mono", "width": 84, "height": 48, "orientation": 3, "lit": 0},
)
CALLS = 80

HEADERS = {
    "sdkconfig.h": """
        #pragma once
        #define CONFIG_LUA_RTOS_LUA_USE_GDISPLAY 1
        #define CONFIG_LUA_RTOS_GDISPLAY_CMD 2
        #define CONFIG_LUA_RTOS_GDISPLAY_BACKLIGHT -1
        #define CONFIG_LUA_RTOS_POWER_BUS_PIN -1
    """,
    "sys/driver.h": """
        #pragma once
        #include <stddef.h>
        #include <stdint.h>
        typedef struct { int number; } driver_error_t;
        #define DRIVER_EXCEPTION_BASE(x) (x << 24)
        #define GDISPLAY_DRIVER_ID 24
        #define GDISPLAY_DRIVER 24
        #define DRIVER_REGISTER_BEGIN(...)
        #define DRIVER_REGISTER_ERROR(...)
        #define DRIVER_REGISTER_END(...)
        driver_error_t *driver_error(int driver, int number, const char *detail);
    """,
    "sys/syslog.h": "#pragma once\n#define syslog(...)\n",
    "freertos/FreeRTOS.h": "",
    "freertos/task.h": "#pragma once\n#define portTICK_RATE_MS 1\n#define vTaskDelay(x)\n",
    "machine/endian.h": "#include <endian.h>\n",
    "drivers/power_bus.h": "",
    "drivers/gpio.h": """
        #pragma once
        #define gpio_ll_pin_clr(pin)
        #define gpio_ll_pin_set(pin)
        #define gpio_pin_output(pin)
        #define gpio_pin_set(pin)
        #define gpio_pin_clr(pin)
    """,
    "drivers/spi.h": """
        #pragma once
        #include <stdint.h>
        #define spi_ll_select(device)
        #define spi_ll_deselect(device)
        #define spi_ll_transfer(device, byte, read)
        #define spi_ll_bulk_write32(device, count, words)
        void spi_ll_bulk_write(int device, uint32_t count, uint8_t *bytes);
        void spi_ll_bulk_write16(int device, uint32_t count, uint16_t *words);
    """,
    **{
        f"drivers/{chip}.h": f"""
            #pragma once
            #include <sys/driver.h>
            driver_error_t *{chip}_init(uint8_t chipset, uint8_t orientation, uint8_t address);
            void ssd1306_update(int x0, int y0, int x1, int y1, uint8_t *buffer);
        """
        for chip in ("ili9341", "st7735", "pcd8544", "ssd1306")
    },
}

PANEL = """
    #include <sdkconfig.h>
    #include <gdisplay/gdisplay.h>
    #include <drivers/gdisplay.h>
    #include <drivers/spi.h>

    uint16_t panel[65536];
    uint8_t pages[4096];
    static int width, height, left, top, right, bottom, column, row;
    static driver_error_t error;

    driver_error_t *driver_error(int driver, int number, const char *detail) { return &error; }

    void spi_ll_bulk_write(int device, uint32_t count, uint8_t *bytes) { memcpy(pages, bytes, count); }

    void spi_ll_bulk_write16(int device, uint32_t count, uint16_t *words) {
        while (count--) {
            panel[row * width + column] = *words++;
            if (++column > right) { column = left; if (++row > bottom) row = top; }
        }
    }

    static void choose_window(uint8_t write, int x0, int y0, int x1, int y1) {
        gdisplay_caps_t *caps = gdisplay_ll_get_caps();
        if (x0 > caps->width || y0 > caps->height || x1 > caps->width || y1 > caps->height) return;
        left = column = x0; top = row = y0; right = x1; bottom = y1;
    }

    static void ignore(uint8_t value) { }

    static gdisplay_caps_t *common(void) {
        gdisplay_caps_t *caps = gdisplay_ll_get_caps();
        caps->addr_window = choose_window;
        caps->invert = caps->orientation = ignore;
        caps->interface = GDisplaySPIInterface;
        return caps;
    }

    driver_error_t *ili9341_init(uint8_t chipset, uint8_t orientation, uint8_t address) {
        gdisplay_caps_t *caps = common();
        caps->bytes_per_pixel = 2; caps->rdepth = caps->bdepth = 5; caps->gdepth = 6;
        caps->width = width; caps->height = height;
        gdisplay_ll_allocate_buffer(1920);
        return NULL;
    }

    driver_error_t *pcd8544_init(uint8_t chipset, uint8_t orientation, uint8_t lit) {
        gdisplay_caps_t *caps = common();
        caps->bytes_per_pixel = 0; caps->monochrome_white = lit; caps->orient = orientation;
        caps->phys_width = width; caps->phys_height = height;
        caps->width = orientation & 1 ? width : height; caps->height = orientation & 1 ? height : width;
        gdisplay_ll_allocate_buffer(width * height / 8);
        return NULL;
    }

    driver_error_t *st7735_init(uint8_t a, uint8_t b, uint8_t c) { return &error; }
    driver_error_t *ssd1306_init(uint8_t a, uint8_t b, uint8_t c) { return &error; }
    void ssd1306_update(int x0, int y0, int x1, int y1, uint8_t *buffer) { }

    void start(int is_mono, int a_width, int a_height, int orientation, int buffered, int lit) {
        width = a_width; height = a_height;
        gdisplay_init(is_mono ? CHIPSET_PCD8544 : CHIPSET_ILI9341, orientation, buffered, lit);
    }
"""


def build(source: Path, folder: Path) -> Path:
    """Compile what draws, and return the library."""
    components = folder / "components"
    shutil.copytree(source / "components" / "gdisplay", components / "gdisplay")
    for name, text in HEADERS.items():
        path = folder / "headers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in ("gdisplay.c", "gdisplay.h"):
        target = components / name if name.endswith(".c") else folder / "headers" / "drivers" / name
        shutil.copy(source / "components" / "sys" / "drivers" / name, target)
    (components / "panel.c").write_text(PANEL)
    parts = components / "gdisplay"
    sources = [components / "panel.c", components / "gdisplay.c", parts / "gdisplay.c", *parts.glob("fonts/*.c")]
    sources += parts.glob("primitives/*.c")
    includes = [folder / "headers", components, *(parts / name for name in ("primitives", "fonts", "image"))]
    library = folder / "drawing.so"
    subprocess.run(
        ["gcc", "-O1", "-w", "-ffp-contract=off", "-shared", "-fPIC", "-include", "stdio.h"]
        + [f"-I{include}" for include in includes]
        + ["-o", str(library), *map(str, sources), "-lm"],
        check=True,
    )
    return library


class LuaRtos:
    """The library, loaded anew: all of its state is global."""

    def __init__(self, library: Path, screen: dict[str, Any], fonts: dict[str, Path]) -> None:
        copy = Path(tempfile.mkdtemp(dir=library.parent)) / library.name
        shutil.copy(library, copy)
        self._c = ctypes.CDLL(str(copy))
        self._fonts = fonts
        width, height = screen["width"], screen["height"]
        self._is_mono = screen["kind"] == "mono"
        self._bytes = width * height // 8 if self._is_mono else 2 * width * height
        buffered = screen["kind"] == "buffered"
        self._c.start(self._is_mono, width, height, screen.get("orientation", 1), buffered, screen.get("lit", 0))

    @property
    def crc(self) -> int:
        memory = (ctypes.c_char * self._bytes).in_dll(self._c, "pages" if self._is_mono else "panel")
        return crc32(memory.raw)

    def call(self, name: str, *values: Any) -> Any:
        if name == "font_file":
            self._c.gdisplay_set_font(8, str(self._fonts[values[0]]).encode())
            return None
        if name == "set_font":
            values = (*values, 0)
        function = getattr(self._c, f"gdisplay_{name}")
        arguments = [
            value.encode("latin-1") if isinstance(value, str)
            else ctypes.c_float(value) if isinstance(value, float)
            else value
            for value in values
        ]  # fmt: skip
        results = {"string_pos": 4, "get_font_size": 2}.get(name, 0)
        out = [ctypes.c_int() for _ in range(results)]
        function(*arguments, *map(ctypes.byref, out))
        numbers = [number.value for number in out]
        if name == "string_pos":
            return None if numbers[:2] == [-1, -1] else numbers
        if name == "print":
            out = [ctypes.c_int(), ctypes.c_int()]
            self._c.gdisplay_get_cursor(*map(ctypes.byref, out))
            return [number.value for number in out]
        return numbers or None


class Scribbler:
    """Makes calls up."""

    def __init__(self, seed: int, *, two_colours: bool) -> None:
        self._random = random.Random(seed)
        self._two_colours = two_colours

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def colour(self) -> int:
        return self._random.choice((0, 0xFFFF)) if self._two_colours else self._random.randrange(0x10000)

    def point(self) -> tuple[int, int]:
        return self.number(-20, 150), self.number(-20, 180)

    def angle(self) -> float:
        return float(self._random.choice((0, 90, 180, 270, 360, self.number(-400, 700) / 2)))

    def shape(self) -> list[Any]:
        x, y = self.point()
        radius, colour, fill = self.number(0, 30), self.colour(), self.colour()
        width, height = self.number(-10, 60), self.number(-10, 60)
        if self.number(0, 3) == 0:
            height = width - 1  # the left border goes
        name = self._random.choice(sorted(self._shapes()))
        calls: dict[str, list[Any]] = {
            "set_pixel": [x, y],
            "hline": [x, y, width],
            "vline": [x, y, height],
            "line": [x, y, *self.point()],
            "line_by_angle": [x, y, self.number(-5, 80), self.number(-400, 400), self.number(-90, 90), 0],
            "rect": [x, y, width, height],
            "round_rect": [x, y, width, height, radius // 2],
            "circle": [x, y, radius],
            "ellipse": [x, y, self.number(1, 50), self.number(0, 50)],
            "arc": [x, y, radius, self.number(0, 40), self.angle(), self.angle()],
            "polygon": [x, y, self.number(0, 12), radius, self.number(-400, 400)],
            "star": [x, y, radius, float(self.number(0, 6))],
            "triangle": [x, y, *self.point(), *self.point()],
        }
        call: list[Any] = [
            name,
            *calls[name.removesuffix("_fill")],
            colour,
            *([fill] if name.endswith("_fill") else []),
        ]
        return [*call, self.number(0, 15)] if "ellipse" in name else call

    @staticmethod
    def _shapes() -> set[str]:
        filled = ("rect", "round_rect", "circle", "ellipse", "arc", "polygon", "star", "triangle")
        lines = {"set_pixel", "hline", "vline", "line", "line_by_angle"}
        return lines | set(filled) | {f"{name}_fill" for name in filled}

    def setting(self) -> list[Any]:
        left, top = self.number(0, 40), self.number(0, 40)
        return self._random.choice(
            (
                ["set_clip_window", left, top, left + self.number(0, 100), top + self.number(0, 100)],
                ["reset_clip_window"],
                ["set_angle_offset", float(self._random.choice((-90, 0, 45, 180)))],
                ["clear", self.colour()],
            )
        )

    def drawing(self) -> list[list[Any]]:
        """Return calls that draw; some of them within a lock."""
        calls: list[list[Any]] = []
        while len(calls) < CALLS:
            kind = self.number(0, 9)
            if kind == 0:
                calls.append(self.setting())
            elif kind == 1:
                calls += [["begin"], *(self.shape() for _ in range(self.number(1, 4))), ["end"]]
            else:
                calls.append(self.shape())
        return calls

    def writing(self, fonts: list[str], letters: str) -> list[list[Any]]:
        """Return calls that write with fonts from files, and with the one of seven segments."""
        calls: list[list[Any]] = [["font_file", fonts[0]]]
        for _ in range(CALLS):
            kind = self.number(0, 9)
            x = self._random.choice((self.number(-10, 120), -1, -3, -4))
            y = self._random.choice((self.number(-10, 120), -2, -3, -5))
            text = "".join(self._random.choice(letters) for _ in range(self.number(0, 12)))
            text = self._random.choice((text, text + "\n" + text, "-12.45/", "\r" + text, "1:2"))
            if kind < 6:
                calls.append(["print", x, y, text, self.colour(), self.colour()])
            elif kind == 6:
                calls.append(["string_pos", x, y, text])
            elif kind == 7:
                chosen: list[list[Any]] = [["set_font", 7], *(["font_file", name] for name in fonts)]
                calls.append(self._random.choice(chosen))
            else:
                name = self._random.choice(("set_wrap", "set_transparency", "set_force_fixed", "set_rotation"))
                value = self._random.choice((0, 0, 90, 45)) if name == "set_rotation" else self.number(0, 1)
                calls.append([name, value])
        return calls

    def measuring(self) -> list[list[Any]]:
        """Return calls that only measure with the fonts that are built in."""
        printable = "".join(map(chr, range(32, 127)))
        calls: list[list[Any]] = []
        for number in (0, 1, 2, 3, 4, 5, 6, 7, 9):
            calls += [["set_font", number], ["get_font_size"]]
            for fixed in (0, 1):
                calls.append(["set_force_fixed", fixed])
                calls += [["string_pos", 0, 0, character] for character in printable]
                calls.append(["string_pos", -3, -3, "Lua RTOS"])
                calls.append(["string_pos", -4, -5, "Lua"])
        return calls


def some_fonts() -> tuple[dict[str, bytes], str]:
    """Return fonts of noise, and the characters that they have."""
    noise, letters = random.Random(1), "0123456789abcdefghij.-/:"
    proportional = bytearray((0, 13, 0, 0))
    for letter in letters:
        width, height = noise.randint(1, 9), noise.randint(1, 12)
        bits = noise.randbytes((width * height - 1) // 8 + 1)
        left, advance = noise.choice((0, 1, 2, 255)), width + noise.randint(0, 3)
        proportional += bytes((ord(letter), noise.randint(0, 13 - height), width, height, left, advance)) + bits
    proportional.append(0xFF)
    first, count = ord("-"), ord("j") - ord("-") + 2
    fonts = {"proportional": bytes(proportional)}
    for name, width, height in (("narrow", 8, 8), ("wide", 16, 11)):
        fonts[name] = bytes((width, height, first, count)) + noise.randbytes(width * height * count // 8)
    return {name: data + b"RPH_font" for name, data in fonts.items()}, letters


def main(source: Path) -> None:
    """Record, and write the recording."""
    with tempfile.TemporaryDirectory() as folder:
        library = build(source, Path(folder))
        fonts, letters = some_fonts()
        files = {name: Path(folder) / name for name in fonts}
        for name, path in files.items():
            path.write_bytes(fonts[name])
        scenes = []
        for seed, screen in enumerate(SCREENS):
            scribbler = Scribbler(seed, two_colours=screen["kind"] == "mono")
            for calls in (scribbler.drawing(), scribbler.writing(sorted(fonts), letters)):
                device = LuaRtos(library, screen, files)
                scenes.append({"screen": screen, "calls": [[call, device.call(*call), device.crc] for call in calls]})
        device = LuaRtos(library, SCREENS[1], files)
        measured = [[call, device.call(*call)] for call in Scribbler(0, two_colours=False).measuring()]
        hexadecimal = {name: data.hex() for name, data in fonts.items()}
        json.dump({"fonts": hexadecimal, "scenes": scenes, "measured": measured}, sys.stdout, separators=(",", ":"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
