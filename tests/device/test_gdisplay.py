"""gdisplay, as a script has it."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
from PIL import Image

from simulator.graphics.picture import Picture
from simulator.hardware.parts.display_parts import ScreenPart
from tests.device.stage import Stage, on_stage, printed_by, staged
from tests.device.test_pins_and_pulses import error_of, lines

TFT = "gdisplay.attach(gdisplay.ST7735, gdisplay.LANDSCAPE)"
BUFFERED = "gdisplay.attach(gdisplay.ST7735, gdisplay.LANDSCAPE, true)"
LCD = "gdisplay.attach(gdisplay.PCD8544)"
OLED = "gdisplay.attach(gdisplay.SSD1306_128_64)"
GLASS = {"type": "ssd1306", "name": "oled", "scl": 21, "sda": 22}

RED, BLUE, WHITE = 0xF800, 0x001F, 0xFFFF


def seen(script: str, part: str = "display", **options: Any) -> Picture:
    """What is on a display of a generic board after a script."""

    async def play(stage: Stage) -> Picture:
        await stage.boot()
        shown = stage.board.bench.part(part)
        assert isinstance(shown, ScreenPart)
        assert shown.picture is not None
        assert not stage.board.script_errors
        return shown.picture

    return on_stage(play, board="GENERIC", script=script, **options)


def pixel(picture: Picture, x: int, y: int) -> int:
    if picture.depth == "mono":
        return picture.pixels[y * picture.width + x]
    return int.from_bytes(picture.pixels[2 * (y * picture.width + x) :][:2], "big")


def lit(picture: Picture, dark: int = 0) -> set[tuple[int, int]]:
    """Where a picture is not dark."""
    wide = 1 if picture.depth == "mono" else 2
    pixels = [picture.pixels[place : place + wide] for place in range(0, len(picture.pixels), wide)]
    nothing = dark.to_bytes(wide, "big")
    return {(place % picture.width, place // picture.width) for place, one in enumerate(pixels) if one != nothing}


# -- errors ---------------------------------------------------------------------------------------------------------


NEED_A_DISPLAY = (
    *("clear()", "on()", "off()", "invert(true)", "lock()", "unlock()", "getscreensize()", "setcal(1, 2)"),
    *("setclipwin(1, 2, 3, 4)", "resetclipwin()", "getclipwin()", "rgb(1, 2, 3)", "hsb2rgb(1, 1, 1)"),
    *("setforeground(1)", "setbackground({1, 2, 3})", "setcolor(5)", "setfont(1)", "setfont('x')"),
    *("line(1, 2, 3, 4)", "rect(1, 2, 3, 4)", "circle(1, 2, 3)", "circle(1, 2, -3)", "arc(1, 2, 3, 4, 5, 6)"),
    *("write(1, 2, 'x')", "stringpos(1, 2, 'x')", "image(1, 2, 'x')", "qrcode(1, 2, 'x')", "gettouch()"),
    *("putpixel(1, 2, 3)", "ellipse(1, 2, 3, 4, 5)", "linebyangle(1, 2, 3, 4)", "poly(1, 2, 3, 4, 5)"),
    *("star(1, 2, 3, 4)", "triangle(1, 2, 3, 4, 5, 6)", "roundrect(1, 2, 3, 4, 5)", "getrawtouch()"),
)


def test_before_a_display_is_attached_it_has_to_be() -> None:
    tries = [f"print((select(2, pcall(load([[gdisplay.{call}]], '=x')))))" for call in NEED_A_DISPLAY]
    assert lines("\n".join(tries)) == ["x:1: 402653186:is not setup (init display first)"] * len(NEED_A_DISPLAY)


def test_some_things_can_be_done_without_a_display() -> None:
    script = """
        gdisplay.setorient(1) gdisplay.setrot(90) gdisplay.setwrap(1) gdisplay.settransp(false) gdisplay.setfixed(0)
        gdisplay.setangleoffset(400) gdisplay.putpixel(1, 2) gdisplay.ellipse(1, 2, 3, 4) gdisplay.setbrightness(3)
        print(gdisplay.gettype(), gdisplay.getpixel(0, 0), gdisplay.getfontheight(), gdisplay.getangleoffset())
        print(gdisplay.getfontsize()) print(gdisplay.getfontwidtht(), gdisplay.getline(1, "x"))
    """
    assert lines(script) == ["-1\t0\t0\t360.0", "0\t0", "0\tx"]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("gdisplay.attach(gdisplay.ILI9341, 4)", "402653194:invalid orientation"),
        ("gdisplay.attach(gdisplay.ILI9341, 1, 1)", "bad argument #3 to 'attach' (boolean expected, got number)"),
        ("gdisplay.init()", "bad argument #1 to 'init' (number expected, got no value)"),
        (f"{TFT} gdisplay.rect()", "402653188:point required"),
        (f"{TFT} gdisplay.rect(1)", "402653188:point required"),
        (f"{TFT} gdisplay.rect('a', 2)", "402653188:point required (point coordinate must be a number (x))"),
        (f"{TFT} gdisplay.rect(1, true)", "402653188:point required (point coordinate must be a number (y))"),
        (f"{TFT} gdisplay.rect({{1}}, 2)", "bad argument #-1 to 'rect' (number expected, got nil)"),
        (f"{TFT} gdisplay.rect(1, 2, 3)", "bad argument #4 to 'rect' (number expected, got no value)"),
        (f"{TFT} gdisplay.line({{1, 2}}, {{3, 4}}, nil)", "bad argument #3 to 'line' (number expected, got nil)"),
        (f"{TFT} gdisplay.line(1, 2, 3, 4, {{1, 2}})", "bad argument #-1 to 'line' (number expected, got nil)"),
        (f"{TFT} gdisplay.circle(1, 2, -1)", "402653190:radius must be > 0"),
        (f"{TFT} gdisplay.setforeground()", "402653187:color required"),
        (f"{TFT} gdisplay.rgb(1, 256, 3)", "402653185:invalid color (G component)"),
        (f"{TFT} gdisplay.write(1, 2, 'x')", "402653191:invalid font"),
        (f"{TFT} gdisplay.stringpos(1, 2, 'x')", "402653191:invalid font"),
        (f"{TFT} gdisplay.stringpos(1, 2, 3)", "bad argument #3 to 'stringpos' (string expected, got number)"),
        (f"{TFT} gdisplay.setwrap()", "402653197:boolean required"),
        (f"{TFT} gdisplay.setwrap(2)", "402653197:boolean required"),
        (f"{TFT} gdisplay.invert(1)", "bad argument #1 to 'invert' (boolean expected, got number)"),
        (f"{TFT} gdisplay.gettouch()", "402653198:can't setup"),
        (f"{TFT} gdisplay.setcal(1, 2)", "402653198:can't setup"),
        (f"{TFT} gdisplay.image(1, 2, '/none.bmp')", "402653192:image error (No such file or directory)"),
        (f"{TFT} gdisplay.image(1, 2, '/autorun.lua')", "402653192:image error (unknown image format)"),
        (f"{TFT} gdisplay.qrcode(1, 2, ('x'):rep(3000))", "402653200:qrcode encode error"),
        (f"{TFT} gdisplay.qrcode(1, 2, {{}})", "402653200:qrcode encode error"),
        (f"{TFT} gdisplay.qrcode(1, 2, 3)", "bad argument #3 to 'qrcode' (string expected, got number)"),
        (f"{LCD} gdisplay.setcolor(gdisplay.RED)", "402653185:invalid color (only 2 colors allowed)"),
        (f"{LCD} gdisplay.clear({{1, 2, 3}})", "402653185:invalid color (only 2 colors allowed)"),
        (f"{LCD} gdisplay.line(1, 2, 3, 4, gdisplay.rgb(255, 255, 255))",
         "402653185:invalid color (only 2 colors allowed)"),
        (OLED, "50331654:not ack received"),
        (f"p = pwm.attach(2, 1000, 0) {TFT}", "gpio2 is used by pwm0"),
        (f"p = pwm.attach(23, 1000, 0) {TFT}", "gpio23 is used by pwm0"),
        (f"p = pwm.attach(19, 1000, 0) {TFT}", "gpio19 is used by pwm0"),
        (f"{TFT} p = pwm.attach(26, 1000, 0)", "gpio26 is used by gdisplay0"),
        (f"{TFT} p = pwm.attach(15, 1000, 0)", "gpio15 is used by spi3"),
        ("gdisplay.attach(gdisplay.ILI9341) p = pwm.attach(21, 1000, 0)", "gpio21 is used by spi3"),
    ],
)  # fmt: skip
def test_gdisplay_refuses_in_the_words_of_the_device(call: str, text: str) -> None:
    assert error_of(call) == text


def test_a_display_can_be_attached_once_its_pins_are_free() -> None:
    script = f"""
        p = pwm.attach(2, 1000, 0)
        print((pcall(load("{TFT}"))))
        p:detach()
        {TFT}
        print(gdisplay.gettype(), gdisplay.getscreensize())
    """
    assert lines(script) == ["false", "1\t160\t128"]


def test_the_pins_of_a_display_are_in_the_list_of_locks() -> None:
    printed = printed_by(f"{TFT} os.locks()", board="GENERIC")
    for line in (
        "gpio2 locked by gdisplay0 (gdisplay - ST7735)",
        "gpio26 locked by gdisplay0 (gdisplay - ST7735)",
        "gpio15 locked by spi3 (CS)",
        "gpio19 locked by spi3 (MISO)",
    ):
        assert f"  {line}\r\r\n" in printed


@staged(board="GENERIC", script="gdisplay.attach(99)")
async def test_an_unknown_chipset_crashes_the_board(stage: Stage) -> None:
    stage.power_on()
    await stage.wait(3)
    assert "Guru Meditation Error: Core  0 panic'ed (LoadProhibited)" in stage.console
    assert len(stage.board.boots) > 1


@staged(board="GENERIC", script=f"{TFT} gdisplay.ellipse(20, 20, 0, 0)")
async def test_an_ellipse_without_size_hangs_the_board(stage: Stage) -> None:
    stage.power_on()
    assert not await stage.board.finished()
    assert stage.board.why_stuck == "gdisplay never finishes an ellipse with the radii 0 and 0"


# -- the display ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chipset", "portrait", "parts"),
    [
        *((name, (128, 160), []) for name in ("ST7735", "ST7735B", "ST7735G", "ST7735_18", "ST7735B_18", "ST7735G_18")),
        ("ST7735G_144", (128, 128), []),
        ("ST7735_096", (160, 80), []),
        ("ILI9341", (240, 320), []),
        ("PCD8544", (48, 84), []),
        ("SSD1306_128_32", (32, 128), [{**GLASS, "height": 32}]),
        ("SSD1306_128_64", (64, 128), [GLASS]),
        ("SSD1306_96_16", (16, 96), [{**GLASS, "width": 96, "height": 16}]),
    ],
)
def test_every_display_has_its_size_in_every_orientation(
    chipset: str, portrait: tuple[int, int], parts: list[dict[str, Any]]
) -> None:
    width, height = portrait
    script = f"""
        gdisplay.attach(gdisplay.{chipset}, gdisplay.PORTRAIT)
        print(gdisplay.gettype() == gdisplay.{chipset})
        for orientation = 0, 3 do
            gdisplay.setorient(orientation) print(gdisplay.getscreensize())
            print(gdisplay.getclipwin())
        end
    """
    sizes = [(width, height), (height, width)] * 2
    expected = [line for w, h in sizes for line in (f"{w}\t{h}", f"0\t0\t{w - 1}\t{h - 1}")]
    assert lines(script, parts=parts) == ["true", *expected]


def test_a_shape_without_colour_has_the_stroke_and_one_with_two_colours_is_filled() -> None:
    picture = seen(f"""
        {TFT}
        gdisplay.setstroke(gdisplay.RED)
        gdisplay.rect(0, 0, 4, 6)
        gdisplay.rect({{10, 0}}, 4, 6, gdisplay.BLUE)
        gdisplay.rect({{20, 0}}, 4, 6, gdisplay.BLUE, {{255, 255, 255}})
        gdisplay.rect("30", 0, 4.9, 6, gdisplay.BLUE, 0)
    """)
    corners = [pixel(picture, x, 0) for x in (0, 10, 20, 30)]
    insides = [pixel(picture, x, 2) for x in (1, 11, 21, 31)]
    assert corners == [RED, BLUE, BLUE, BLUE]
    assert insides == [0, 0, WHITE, 0]
    assert pixel(picture, 33, 2) == BLUE


def test_every_shape_leaves_something_on_the_panel() -> None:
    calls = [
        "putpixel(5, 5)", "setpixel({5, 5})", "line(1, 2, 30, 40)", "linebyangle(20, 20, 15, 45, {9, 99, 199}, 10)",
        "rect(1, 2, 8, 9)", "roundrect(1, 2, 20, 20, 5)", "circle(20, 20, 9)", "ellipse(20, 20, 9, 5)",
        "arc(20, 20, 9, 3, 0, 200)", "poly(20, 20, 5, 9, 10)", "star(20, 20, 9, 2)", "triangle(1, 2, 30, 9, 4, 40)",
    ]  # fmt: skip
    for call in calls:
        picture = seen(f"{TFT} gdisplay.{call}")
        assert lit(picture), call


def test_the_parts_of_an_ellipse_are_read_one_argument_late() -> None:
    quarter = "gdisplay.ellipse(20, 20, 9, 5, gdisplay.RED, gdisplay.BLUE, nil, 1)"
    whole = "gdisplay.ellipse(20, 20, 9, 5, gdisplay.RED, gdisplay.BLUE, 1)"
    assert min(y for _, y in lit(seen(f"{TFT} {quarter}"))) == min(y for _, y in lit(seen(f"{TFT} {whole}"))) == 15
    assert max(y for _, y in lit(seen(f"{TFT} {quarter}"))) == 20
    assert max(y for _, y in lit(seen(f"{TFT} {whole}"))) == 25


def test_a_rectangle_one_pixel_wider_than_high_loses_its_left_border_without_a_buffer() -> None:
    draw = "gdisplay.rect(10, 10, 8, 7, gdisplay.RED)"
    assert pixel(seen(f"{TFT} {draw}"), 10, 13) == 0
    assert pixel(seen(f"{BUFFERED} {draw}"), 10, 13) == RED


def test_pixels_can_be_read_from_a_buffer_only() -> None:
    script = "{} gdisplay.putpixel(3, 4, gdisplay.RED) print(gdisplay.getpixel({{3, 4}}), gdisplay.getpixel(-1, 0))"
    assert lines(script.format(TFT)) == ["0\t0"]
    assert lines(script.format(BUFFERED)) == [f"{RED}\t0"]


def test_clear_paints_the_window_and_only_then_opens_it_and_chooses_the_default_colours() -> None:
    script = f"""
        {TFT}
        gdisplay.setcolor(gdisplay.RED) gdisplay.setbackground(gdisplay.BLUE)
        gdisplay.setclipwin(0, 0, 9, 200) print(gdisplay.getclipwin())
        gdisplay.clear() print(gdisplay.getclipwin())
        gdisplay.putpixel(50, 50)
        gdisplay.setclipwin(-3, -1, -1, 500) print(gdisplay.getclipwin())
    """
    assert lines(script) == ["0\t0\t9\t127", "0\t0\t159\t127", "0\t0\t65535\t127"]
    picture = seen(script)
    assert (pixel(picture, 9, 9), pixel(picture, 10, 9), pixel(picture, 50, 50)) == (BLUE, 0, WHITE)


def test_colours_are_made_of_their_parts() -> None:
    script = f"""
        {TFT} print(gdisplay.rgb(255, 128, 0), gdisplay.hsb2rgb(120, 1, 1), gdisplay.hsb2rgb(400, 1, 1))
    """
    assert lines(script) == [f"{0xFC00}\t{0x07E0}\t0"]
    script = f"{LCD} print(gdisplay.rgb(255, 255, 255), gdisplay.rgb(0, 0, 0), gdisplay.hsb2rgb(10, 1, 1))"
    assert lines(script) == ["1\t0\t0"]


def test_invert_off_and_on_change_what_can_be_seen() -> None:
    tft = "gdisplay.attach(gdisplay.ILI9341) gdisplay.putpixel(0, 0, gdisplay.RED)"
    assert pixel(seen(tft), 0, 0) == RED
    assert pixel(seen(f"{tft} gdisplay.invert(true)"), 0, 0) == 0x07FF
    assert pixel(seen(f"{tft} gdisplay.off()"), 0, 0) == 0
    assert pixel(seen(f"{tft} gdisplay.off() gdisplay.on()"), 0, 0) == RED


@staged(board="M5STACK", script="gdisplay.attach(gdisplay.ILI9341) tmr.delayms(50) gdisplay.on()")
async def test_the_backlight_is_dark_until_the_display_is_switched_on(stage: Stage) -> None:
    await stage.boot()
    levels = [event["level"] for event in stage.of_kind("pin") if event.get("gpio") == 32]
    assert levels[-1] == 1


def test_a_second_attach_only_turns_the_display() -> None:
    script = f"""
        {TFT} gdisplay.setcolor(gdisplay.RED)
        gdisplay.attach(gdisplay.ILI9341, gdisplay.PORTRAIT)
        print(gdisplay.gettype(), gdisplay.getscreensize())
        gdisplay.putpixel(0, 0)
    """
    assert lines(script) == ["1\t128\t160"]
    assert pixel(seen(script), 0, 0) == WHITE


def test_a_display_whose_text_is_turned_cannot_be_turned() -> None:
    script = f"""
        {TFT} gdisplay.setrot(45) gdisplay.setorient(gdisplay.PORTRAIT) print(gdisplay.getscreensize())
        gdisplay.setrot(0) gdisplay.setorient(gdisplay.PORTRAIT) print(gdisplay.getscreensize())
    """
    assert lines(script) == ["160\t128", "128\t160"]


def test_what_is_locked_by_one_thread_is_drawn_by_another_but_shown_at_the_last_unlock() -> None:
    script = f"""
        {BUFFERED}
        local order = {{}}
        gdisplay.lock() gdisplay.lock()
        thread.start(function()
            gdisplay.putpixel(9, 9, gdisplay.RED)
            gdisplay.lock() order[#order + 1] = "other" gdisplay.unlock()
        end)
        tmr.delayms(50)
        order[#order + 1] = "first"
        gdisplay.unlock() tmr.delayms(50)
        order[#order + 1] = "second"
        gdisplay.unlock() tmr.delayms(50)
        print(table.concat(order, " "))
    """
    assert lines(script) == ["first second other"]

    async def play(stage: Stage) -> list[bool]:
        """Whether anything can be seen, every 10 ms."""
        stage.power_on()
        looks = []
        while stage.board.bench.parts.get("display") is None:
            await stage.wait(0.01)
        shown = stage.board.bench.part("display")
        assert isinstance(shown, ScreenPart)
        for _ in range(200):
            looks.append(shown.picture is not None and any(shown.picture.pixels))
            await stage.wait(0.01)
        return looks

    looks = on_stage(play, board="GENERIC", script=script)
    assert looks == sorted(looks)
    assert looks.count(False) > 10
    assert looks[-1]


def test_unlocking_what_is_not_locked_does_no_harm() -> None:
    assert lit(seen(f"{BUFFERED} gdisplay.unlock() gdisplay.unlock() gdisplay.putpixel(1, 1)")) == {(1, 1)}


# -- text -----------------------------------------------------------------------------------------------------------


def test_fonts_have_the_sizes_of_the_device() -> None:
    script = f"""
        {TFT}
        for _, font in ipairs {{"DEFAULT", "DEJAVU18", "DEJAVU24", "UBUNTU16", "COMIC24", "MINYA24", "TOONEY32", "7SEG",
                                "LCD"}} do
            gdisplay.setfont(gdisplay["FONT_" .. font])
            print(font, gdisplay.getfontwidtht(), gdisplay.getfontheight(), gdisplay.getfontsize())
        end
    """
    assert [line.split("\t")[:3] for line in lines(script)] == [
        ["DEFAULT", "11", "11"], ["DEJAVU18", "17", "18"], ["DEJAVU24", "22", "23"], ["UBUNTU16", "13", "16"],
        ["COMIC24", "23", "25"], ["MINYA24", "20", "21"], ["TOONEY32", "32", "32"], ["7SEG", "12", "21"],
        ["LCD", "5", "8"],
    ]  # fmt: skip


def test_text_is_written_at_its_position_and_stringpos_tells_almost_where() -> None:
    script = f"""
        {TFT} gdisplay.setfont(gdisplay.FONT_DEJAVU18)
        print(gdisplay.stringpos(10, 20, "Lua"))
        print(gdisplay.stringpos(gdisplay.CENTER, gdisplay.BOTTOM, "Lua"))
        print(gdisplay.stringpos(gdisplay.RIGHT, 120, "Lua"))
        gdisplay.write(10, 20, "Lua", gdisplay.RED)
        print(gdisplay.stringpos(gdisplay.LASTX, gdisplay.LASTY, "!"))
    """
    assert lines(script) == ["10\t20\t34\t18", "62\t108\t34\t18", "nil", "44\t20\t8\t18"]
    picture = seen(script)
    where = lit(picture)
    assert min(x for x, _ in where) >= 10
    assert max(x for x, _ in where) <= 44
    assert {pixel(picture, *point) for point in where} == {RED}


def test_the_last_position_means_nothing_to_write() -> None:
    script = f"""
        {TFT} gdisplay.setfont(gdisplay.FONT_DEFAULT)
        gdisplay.write(50, 50, "S") gdisplay.write(gdisplay.LASTX, gdisplay.LASTY, "M", gdisplay.BLUE)
    """
    picture = seen(script)
    blue = {point for point in lit(picture) if pixel(picture, *point) == BLUE}
    assert blue < {(x, y) for x in range(9) for y in range(9)}


@pytest.mark.parametrize(
    ("value", "same_as"),
    [
        ('"17"', '"17"'),
        ("17", '"17"'),
        ("17.0", '"17"'),
        ("1.5", '"0"'),
        ("{1.257, 2}", '"1.26"'),
        ('"ab\\0cd"', '"ab"'),
        ("true", '""'),
        ("{1, 2, 3}", '""'),
    ],
)
def test_what_is_written_of_a_value(value: str, same_as: str) -> None:
    script = f"{TFT} gdisplay.setfont(gdisplay.FONT_DEFAULT) gdisplay.write(5, 5, %s)"
    assert seen(script % value) == seen(script % same_as)


def test_text_without_transparency_has_a_background() -> None:
    script = f"{TFT} gdisplay.setfont(0) gdisplay.settransp(%s) gdisplay.write(5, 5, 'I', gdisplay.RED, gdisplay.BLUE)"
    assert {pixel(seen(script % "1"), x, 10) for x in range(12)} == {0, RED}
    assert {pixel(seen(script % "false"), x, 10) for x in range(12)} == {0, RED, BLUE}
    assert seen(script % '"yes"') == seen(script % "0")


def test_lines_break_at_the_edge_if_that_is_wanted() -> None:
    script = f"{TFT} gdisplay.setfont(0) gdisplay.setwrap(%s) gdisplay.write(100, 5, ('x'):rep(30))"
    assert max(y for _, y in lit(seen(script % "false"))) < 20
    assert max(y for _, y in lit(seen(script % "true"))) > 20


@staged(
    board="GENERIC",
    script=f"""
        os.logcons(true) os.loglevel(os.LOG_ALL)
        {TFT}
        gdisplay.setfont(gdisplay.FONT_LCD) gdisplay.setfont("/none.fon") print(gdisplay.getfontheight())
        gdisplay.setfont("/small.fon") print(gdisplay.getfontheight())
        gdisplay.setfont("/wrong.fon") print(gdisplay.getfontheight())
        gdisplay.setfont(8) print(gdisplay.getfontheight())
        gdisplay.setfont("/small.fon", 8) print(gdisplay.getfontheight())
        gdisplay.setfont(gdisplay.UBUNTU16_FONT) print(gdisplay.getfontheight())
    """,
    files={
        "/small.fon": bytes((8, 5, 32, 4)) + bytes(20) + b"RPH_font",
        "/wrong.fon": bytes((8, 5, 32, 4)) + bytes(21) + b"RPH_font",
    },
)
async def test_a_font_that_cannot_be_read_is_the_default_font_and_an_entry_in_the_log(stage: Stage) -> None:
    printed = await stage.printed()
    assert printed.replace("\r", "").split("\n")[-11:] == [
        *("Error opening font file '/none.fon'", "11", "5"),
        *("Font size error: found 24 expected 25)", "11"),
        *("Error opening font file '(null)'", "11"),
        *("Error opening font file '8'", "11", "11", ""),
    ]


# -- images ---------------------------------------------------------------------------------------------------------


def image_file(kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 8), (255, 0, 0)).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["BMP", "JPEG"])
def test_images_of_files_are_drawn(kind: str) -> None:
    picture = seen(f"{TFT} gdisplay.image({{5, 6}}, 'picture')", files={"/picture": image_file(kind)})
    assert lit(picture) == {(x, y) for x in range(5, 21) for y in range(6, 14)}
    assert pixel(picture, 10, 10) in (RED, 0xF820)  # JPEG may be off by a shade


def test_a_jpeg_file_that_cannot_be_decoded_leaves_the_display_locked() -> None:
    script = f"""
        {BUFFERED}
        print((select(2, pcall(gdisplay.image, 0, 0, "/p.jpg"))))
        gdisplay.putpixel(1, 1)
    """
    files = {"/p.jpg": image_file("JPEG", progressive=True)}
    assert "402653196:image processing error (prepare error)" in printed_by(script, board="GENERIC", files=files)
    assert not lit(seen(script, files=files))
    assert lit(seen(f"{script} gdisplay.unlock()", files=files))


@pytest.mark.parametrize(("scale", "side"), [("", 21), (", 0, 2", 42)])
def test_a_qr_code_has_the_colours_that_are_one_argument_late(scale: str, side: int) -> None:
    picture = seen(f"{TFT} gdisplay.qrcode(3, 4, 'LUA'{scale})")
    assert pixel(picture, 3, 4) == WHITE
    assert max(x for x, _ in lit(picture)) == 2 + side
    late = seen(f"{TFT} gdisplay.qrcode(3, 4, 'LUA', 0, 1, nil, gdisplay.RED, gdisplay.BLUE)")
    assert pixel(late, 3, 4) == RED
    assert pixel(late, 4, 5) == BLUE


def test_segments_of_a_qr_code_are_encoded_as_they_are_meant() -> None:
    one = "gdisplay.qrcode(0, 0, '0123')"
    same = "gdisplay.qrcode(0, 0, {{mode = gdisplay.MODE_NUMERIC, TEXT = '0123'}, {mode = 1}})"
    other = "gdisplay.qrcode(0, 0, {{mode = gdisplay.MODE_BYTE, val = '0123'}})"
    assert seen(f"{TFT} {one}") == seen(f"{TFT} {same}") != seen(f"{TFT} {other}")


# -- two colours ----------------------------------------------------------------------------------------------------


def test_an_lcd_is_bright_where_nothing_is_black() -> None:
    picture = seen(f"{LCD} gdisplay.line(0, 0, 9, 0, gdisplay.BLACK)")
    assert (picture.width, picture.height) == (84, 48)
    assert lit(picture, dark=1) == {(x, 0) for x in range(10)}


def test_an_oled_gets_its_bytes_over_the_bus() -> None:
    script = f"""
        {OLED} gdisplay.rect(0, 0, 128, 64) gdisplay.setfont(gdisplay.FONT_LCD) gdisplay.write(20, 30, "I")
    """
    picture = seen(script, "oled", parts=[GLASS])
    assert {(0, 0), (127, 63), (127, 0), (22, 33)} < lit(picture)
    assert (1, 1) not in lit(picture)


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [("LANDSCAPE", (1, 2)), ("LANDSCAPE_FLIP", (126, 61)), ("PORTRAIT", (2, 62)), ("PORTRAIT_FLIP", (125, 1))],
)
def test_an_oled_is_turned_by_turning_what_is_drawn(orientation: str, corner: tuple[int, int]) -> None:
    script = f"gdisplay.attach(gdisplay.SSD1306_128_64, gdisplay.{orientation}) gdisplay.putpixel(1, 2)"
    assert lit(seen(script, "oled", parts=[GLASS])) == {corner}


def test_turning_an_oled_lights_all_of_it() -> None:
    script = f"{OLED} gdisplay.setorient(gdisplay.PORTRAIT)"
    assert len(lit(seen(script, "oled", parts=[GLASS]))) == 128 * 64


def test_an_oled_is_found_at_the_address_that_is_the_fourth_of_four_arguments() -> None:
    glass = {**GLASS, "address": 0x3D}
    at = "gdisplay.attach(gdisplay.SSD1306_128_64, gdisplay.LANDSCAPE, false, 0x3D"
    assert lines(f"{at}) print(gdisplay.gettype())", parts=[glass]) == ["9"]
    assert error_of(f"{at}, 0)", parts=[glass]) == "50331654:not ack received"


def test_an_attempt_to_attach_an_oled_that_is_not_there_keeps_a_device_of_the_bus() -> None:
    script = f"for i = 1, 4 do print((select(2, pcall(load([[{OLED}]], '=x'))))) end"
    missing, full = "x:1: 50331654:not ack received", "x:1: 50331659:no more devices allowed"
    assert lines(script) == [*[missing] * 3, full]


def test_an_oled_can_be_inverted_and_switched_off() -> None:
    script = f"{OLED} gdisplay.putpixel(0, 0)"
    assert len(lit(seen(f"{script} gdisplay.invert(true)", "oled", parts=[GLASS]))) == 128 * 64 - 1
    assert lit(seen(f"{script} gdisplay.off()", "oled", parts=[GLASS])) == set()
    assert lit(seen(f"{script} gdisplay.off() gdisplay.on() gdisplay.invert(false)", "oled", parts=[GLASS])) == {(0, 0)}


# -- touch ----------------------------------------------------------------------------------------------------------

PANEL = {"type": "touch-panel", "name": "touch", "clk": 18, "mosi": 23, "miso": 19, "cs": 21}
CALIBRATION = "gdisplay.setcal(100 << 16 | 1950, 100 << 16 | 1950)"


@pytest.mark.parametrize(
    ("setting", "answer"),
    [
        ("", "0\t100\t59"),  # as if it stood upright
        ("gdisplay.setorient(gdisplay.LANDSCAPE)", "0\t59\t139"),
        ("gdisplay.setorient(gdisplay.LANDSCAPE_FLIP)", "0\t260\t100"),
        ("gdisplay.setorient(gdisplay.PORTRAIT_FLIP)", "0\t139\t260"),
    ],
)
def test_touches_are_converted_to_the_orientation_that_was_set_last(setting: str, answer: str) -> None:
    touched = {**PANEL, "pressed": 1, "x": 59, "y": 139}
    script = f"gdisplay.attach(gdisplay.ILI9341) {CALIBRATION} {setting} print(gdisplay.gettouch())"
    assert lines(script, parts=[touched]) == [answer]


def test_raw_touches_have_a_pressure_and_others_never_have() -> None:
    script = f"""
        gdisplay.attach(gdisplay.ILI9341)
        print(gdisplay.getrawtouch()) print(gdisplay.gettouch())
        {CALIBRATION} print(gdisplay.gettouch())
    """
    assert lines(script, parts=[{**PANEL, "pressed": 1, "x": 0, "y": 0}]) == ["500\t100\t100", "0\t0\t0", "0\t239\t0"]
    assert lines(script, parts=[PANEL]) == ["0\t0\t0"] * 3
    assert lines(script) == ["0\t0\t0"] * 3


def test_on_a_build_without_touch_panel_nothing_is_ever_touched() -> None:
    async def play(stage: Stage) -> str:
        return await stage.printed()

    script = "gdisplay.attach(gdisplay.ILI9341) gdisplay.setcal(1, 2) print(gdisplay.gettouch())"
    assert on_stage(play, board="M5STACK", script=script).endswith("0\t0\t0\r\n")


# -- events ---------------------------------------------------------------------------------------------------------


@staged(
    board="GENERIC",
    script=f"{TFT} for i = 0, 9 do gdisplay.putpixel(i, 0) end tmr.delayms(100) gdisplay.putpixel(5, 5)",
)
async def test_there_is_an_event_for_all_that_is_drawn_at_a_time(stage: Stage) -> None:
    await stage.boot()
    events = [event for event in stage.of_parts() if event["part"] == "display"]
    shown = stage.board.bench.part("display")
    assert isinstance(shown, ScreenPart)
    assert shown.picture is not None
    assert events[0]["type"] == "display"
    assert (events[0]["width"], events[0]["height"]) == (160, 128)
    assert 2 <= len(events) <= 3
    assert events[-1]["picture"] == shown.picture.sha256
    assert len(json.dumps(events[-1])) < 200


def test_a_display_that_is_on_the_bench_already_is_used() -> None:
    picture = seen(f"{TFT} gdisplay.putpixel(0, 0)", "lcd", parts=[{"type": "display", "name": "lcd", "cs": 15}])
    assert lit(picture) == {(0, 0)}


def test_drawing_takes_time() -> None:
    script = f"{TFT} local t = os.clock() gdisplay.clear() print(os.clock() - t > 0.01, os.clock() - t < 0.1)"
    assert lines(script) == ["true\ttrue"]


def test_an_oled_that_is_soldered_on_a_board_is_on_its_bench() -> None:
    async def play(stage: Stage) -> set[tuple[int, int]]:
        await stage.boot()
        shown = stage.board.bench.part("display")
        assert isinstance(shown, ScreenPart)
        assert shown.picture is not None
        return lit(shown.picture)

    assert on_stage(play, board="WEMOS-ESP32-OLED", script=f"{OLED} gdisplay.putpixel(3, 4)") == {(3, 4)}


@staged(board="WHITECAT-ESP32-N2-DEVKIT-OTA", script="gdisplay.attach(gdisplay.ILI9341)")
async def test_a_display_on_the_power_bus_switches_it_on(stage: Stage) -> None:
    await stage.boot()
    assert [event["level"] for event in stage.of_kind("pin") if event.get("gpio") == 27] == [1]


@pytest.mark.parametrize(
    ("library", "call", "what"),
    [
        ("PIL", "gdisplay.image(0, 0, '/p')", "JPEG files on a display need the package pillow"),
        ("qrcodegen", "gdisplay.qrcode(0, 0, 'x')", "QR codes on a display need the package qrcodegen"),
    ],
)
def test_a_library_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, library: str, call: str, what: str
) -> None:
    files = {"/p": image_file("JPEG")}
    monkeypatch.setitem(sys.modules, library, None)
    script = f"{BUFFERED} print((select(2, pcall(load([[{call}]])))) ) gdisplay.putpixel(0, 0)"
    said = f"{what}, which is not installed: pip install 'luatwin[display]'"
    assert said in printed_by(script, board="GENERIC", files=files)
    assert len(lit(seen(script, files=files))) == 1
