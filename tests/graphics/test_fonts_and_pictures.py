from __future__ import annotations

import io
from array import array

import pytest
from PIL import Image

from simulator.graphics import images
from simulator.graphics.colours import from_hsb, from_rgb
from simulator.graphics.fonts import Font, FontFileError, FontKind, built_in, font_of_file
from simulator.graphics.glyphs import draw_glyph
from simulator.graphics.metrics import METRICS
from simulator.graphics.panel import MonoPanel, Panel
from simulator.graphics.picture import Picture
from simulator.graphics.qr_code import ALPHANUMERIC, BYTE, ECI, NUMERIC, QrCodeError, as_segments, qr_code
from simulator.graphics.screen import BufferedScreen, DirectScreen, MonoScreen

PRINTABLE = range(33, 127)


def panel_of(width: int, height: int) -> Panel:
    panel = Panel()
    panel.start(1, width, height)
    return panel


# -- fonts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", METRICS)
def test_a_character_fills_the_box_that_it_has_on_the_device(number: int) -> None:
    font = built_in(number)
    for code in PRINTABLE:
        glyph = font.glyph(code)
        assert glyph is not None
        rows = [glyph.bits[start : start + glyph.width] for start in range(0, len(glyph.bits), glyph.width or 1)]
        if rows:
            assert all(map(any, (rows[0], rows[-1], [row[0] for row in rows], [row[-1] for row in rows]))), chr(code)


@pytest.mark.parametrize("number", METRICS)
def test_no_two_letters_of_a_font_look_alike(number: int) -> None:
    font = built_in(number)
    letters = [chr(code) for code in PRINTABLE if chr(code).isalnum() and chr(code) not in "cosvwxz0Il"]
    assert len({font.glyph(ord(letter)) for letter in letters}) == len(letters)


def test_a_number_that_is_no_font_is_the_default_font() -> None:
    assert built_in(77).size == built_in(0).size == (11, 11)
    assert built_in(9).kind is FontKind.COLUMNS


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bytes(29), "Error getting font file size"),
        (bytes(30), "Font ID not found"),
        (bytes((8, 8, 32, 2)) + bytes(30) + b"RPH_font", "Font size error: found 20 expected 34)"),
        (bytes((0, 8, 0, 0, 65, 0, 8, 8, 0, 8)) + bytes(8) + b"\xff" + bytes(5) + b"RPH_font",
         "Font size error: found 19 expected 24)"),
        (bytes((0, 8, 0, 0)) + b"A\0\x08\x08\0\x08" + bytes(8) + b"B\0\x08\x08\0\x08" + b"RPH_font",
         "Font size error: found 32 expected 24)"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_font_is_refused_in_the_words_of_the_device(data: bytes, message: str) -> None:
    with pytest.raises(FontFileError) as refused:
        font_of_file(data)
    assert str(refused.value) == message


def test_a_font_for_a_file_is_read_as_it_was_made() -> None:
    made = built_in(2)
    font = font_of_file(made.data + b"RPH_font")
    assert [font.glyph(code) for code in PRINTABLE] == [made.glyph(code) for code in PRINTABLE]


def test_a_character_that_a_font_lacks_is_what_stands_behind_its_end() -> None:
    assert built_in(0).unknown.advance == 0
    assert font_of_file(built_in(0).data + b"RPH_font").unknown[:5] == (
        ord("R"),
        ord("P"),
        ord("H"),
        ord("_"),
        ord("f"),
    )


def test_a_pen_is_no_thicker_than_what_it_draws() -> None:
    assert draw_glyph("O", 2, 3, 9) == [[True, True], [True, True], [True, True]]
    assert draw_glyph("O", 0, 3, 1) == [[], [], []]


def test_a_font_whose_last_character_is_cut_ends_there() -> None:
    font = Font.of(bytes((0, 8, 0, 0, 65, 0, 8, 1, 0, 8)))
    glyph = font.glyph(65)
    assert glyph is not None
    assert not any(glyph.bits)


# -- what can be seen -----------------------------------------------------------------------------------------------


def test_a_png_file_has_the_pixels_of_the_picture() -> None:
    picture = Picture(2, 2, "rgb565", bytes.fromhex("F800 07E0 001F FFFF"))
    with Image.open(io.BytesIO(picture.png())) as image:
        assert (image.format, image.size, image.mode) == ("PNG", (2, 2), "RGB")
        assert image.tobytes() == bytes.fromhex("FF0000 00FF00 0000FF FFFFFF") == picture.rgb()
    assert Picture(2, 1, "mono", b"\0\1").rgb() == bytes(3) + b"\xff\xff\xff"


def test_what_is_on_the_glass_turns_with_the_panel() -> None:
    panel = panel_of(3, 2)
    panel.write(0, 0, 2, 1, array("H", range(6)))
    panel.turn(2)
    assert (panel.width, panel.height) == (2, 3)
    assert panel.picture().pixels == bytes.fromhex("0002 0005 0001 0004 0000 0003")
    panel.turn(1)
    assert panel.picture().pixels == bytes.fromhex("0000 0001 0002 0003 0004 0005")


def test_a_panel_that_is_off_is_black_and_one_that_is_inverted_shows_the_opposite() -> None:
    panel = panel_of(2, 1)
    panel.write(0, 0, 1, 0, array("H", (0xF800, 1)))
    panel.is_inverted = True
    assert panel.picture().pixels == bytes.fromhex("07FF FFFE")
    panel.is_on = False
    assert panel.picture().pixels == bytes(4)


@pytest.mark.parametrize(("lit", "shown"), [(1, "1000"), (0, "0111")])
def test_zeros_on_a_panel_of_two_colours_are_what_it_shows_when_it_is_off(lit: int, shown: str) -> None:
    panel = MonoPanel(4, 8, lit=lit)
    panel.memory[0] = 1

    def first_row() -> str:
        return "".join(map(str, panel.picture().pixels[:4]))

    off = shown[1] * 4
    assert first_row() == shown
    panel.is_mirrored = True
    assert first_row() == shown[::-1]
    panel.is_upside_down = True
    assert first_row() == off
    panel.is_on = False
    assert set(panel.picture().pixels) == {1 - lit}


def test_a_screen_without_buffer_cannot_be_read() -> None:
    panel = panel_of(4, 4)
    for screen, colour in ((DirectScreen(4, 4, panel.write), 0), (BufferedScreen(4, 4, panel.write), 7)):
        screen.pixel(1, 1, 7)
        assert screen.colour_at(1, 1) == colour
        assert screen.colour_at(-1, 1) == 0


def test_a_screen_of_two_colours_reads_two_bytes_of_its_buffer_as_a_pixel() -> None:
    screen = MonoScreen(16, 8, lambda pages: None, lit=1, orientation=1)
    screen.vline(0, 0, 8, 1)
    screen.pixel(1, 3, 1)
    assert [screen.colour_at(x, 0) for x in range(3)] == [0xFF08, 0, 0]
    assert screen.colour_at(0, 7) == 0


def test_what_is_held_back_by_a_lock_is_lost_when_the_screen_is_turned() -> None:
    panel = panel_of(4, 2)
    for kind in (DirectScreen, BufferedScreen):
        screen = kind(4, 2, panel.write)
        screen.begin()
        screen.hline(0, 0, 3, 9)
        screen.turn(0, 2, 4)
        screen.end()
        assert panel.picture().pixels == bytes(16)


# -- colours --------------------------------------------------------------------------------------------------------


def test_colours_keep_their_high_bits() -> None:
    assert (from_rgb(255, 0, 0), from_rgb(0, 255, 0), from_rgb(0, 0, 255)) == (0xF800, 0x07E0, 0x001F)
    assert from_rgb(7, 3, 7) == 0


@pytest.mark.parametrize(
    ("hsb", "rgb"),
    [
        ((0.0, 1.0, 1.0), (255, 0, 0)),
        ((60.0, 1.0, 1.0), (255, 255, 0)),
        ((120.0, 1.0, 1.0), (0, 255, 0)),
        ((200.0, 0.5, 1.0), (127, 212, 255)),
        ((240.0, 1.0, 0.5), (0, 0, 127)),
        ((330.0, 1.0, 1.0), (255, 0, 127)),
        ((360.0, 1.0, 1.0), (255, 0, 0)),
        ((400.0, 1.0, 1.0), (0, 0, 0)),
        ((77.0, 0.0, 0.5), (127, 127, 127)),
    ],
)
def test_hue_saturation_and_brightness_make_a_colour(
    hsb: tuple[float, float, float], rgb: tuple[int, int, int]
) -> None:
    assert from_hsb(*hsb) == rgb


# -- images ---------------------------------------------------------------------------------------------------------


def picture_of(name: str, width: int, height: int, mode: str = "RGB", **options: int) -> bytes:
    """Return a file of an image that is red above and blue below, or white and black."""
    image = Image.new("RGB", (width, height), (255, 0, 0))
    image.paste((0, 0, 255), (0, height // 2, width, height))
    out = io.BytesIO()
    image.convert(mode).save(out, name, **options)
    return out.getvalue()


def drawn(data: bytes, x: int, y: int, *, two_colours: bool = False) -> tuple[BufferedScreen, list[int]]:
    screen = BufferedScreen(32, 24, lambda *_: None)
    images.draw_bmp(screen, x, y, data, from_rgb, two_colours=two_colours)
    return screen, [screen.colour_at(column, row) for row in range(24) for column in range(32)]


@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_a_bmp_file_is_drawn_where_it_is_wanted(mode: str) -> None:
    screen, _ = drawn(picture_of("BMP", 8, 8, mode), -3, -5)
    assert screen.colour_at(12, 16) == 0xF800
    assert screen.colour_at(19, 23) == 0x001F
    assert screen.colour_at(11, 16) == screen.colour_at(20, 16) == screen.colour_at(12, 15) == 0


def test_a_bmp_file_of_two_colours_is_drawn_in_whole_bytes() -> None:
    screen, _ = drawn(picture_of("BMP", 32, 4, "1"), 0, 0, two_colours=True)
    assert len({screen.colour_at(x, 0) for x in range(32)}) == 2  # red is dithered
    assert {screen.colour_at(x, 3) for x in range(32)} <= {0, 0xFFFF}


def test_the_rows_of_a_bmp_file_are_taken_to_have_no_padding() -> None:
    straight, slanted = drawn(picture_of("BMP", 4, 8), 0, 0)[0], drawn(picture_of("BMP", 5, 8), 0, 0)[0]
    assert {straight.colour_at(x, 0) for x in range(4)} == {0xF800}
    assert len({slanted.colour_at(x, 4) for x in range(5)}) > 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({0: b""}, "reading header"),
        ({14: b"\x7c"}, "bad header size"),
        ({26: b"\x02"}, "only 1 color plane supported"),
        ({28: b"\x10"}, "only 1, 8 and 24 bits per pixel supported"),
        ({30: b"\x01"}, "compression not supported"),
    ],
)
def test_a_bmp_file_that_the_device_does_not_take_is_refused_with_its_reason(
    change: dict[int, bytes], reason: str
) -> None:
    data = bytearray(picture_of("BMP", 8, 8))
    for place, byte in change.items():
        data[place : place + 1] = byte
    with pytest.raises(images.ImageError) as refused:
        drawn(bytes(data) if change != {0: b""} else b"BM", 0, 0)
    assert str(refused.value) == reason


def test_an_image_that_is_not_on_the_screen_is_refused() -> None:
    with pytest.raises(images.ImageError, match=r"^image out of screen$"):
        drawn(picture_of("BMP", 8, 8), 31, 0)
    with pytest.raises(images.ImageError, match=r"^display only support 2 colors$"):
        drawn(picture_of("BMP", 8, 8), 0, 0, two_colours=True)


@pytest.mark.parametrize(
    ("x", "y", "scale_max", "corner", "size"),
    [
        (0, 0, 0, (0, 0), (32, 24)),
        (0, 0, 2, (0, 0), (16, 16)),
        (-3, -3, 3, (8, 4), (16, 16)),
        (-4, -5, 1, (0, 0), (32, 24)),
        (-4, -5, 2, (16, 8), (16, 16)),
        (8, 0, 5, (8, 0), (16, 16)),
    ],
)
def test_a_jpeg_file_is_halved_until_it_fits(
    x: int, y: int, scale_max: int, corner: tuple[int, int], size: tuple[int, int]
) -> None:
    screen = BufferedScreen(32, 24, lambda *_: None)
    images.draw_jpg(screen, x, y, picture_of("JPEG", 64, 64, quality=95), lambda *_: 1, scale_max=scale_max)
    lit = [(column, row) for row in range(24) for column in range(32) if screen.colour_at(column, row)]
    width, height = min(size[0], 32 - corner[0]), min(size[1], 24 - corner[1])
    assert lit == [(corner[0] + column, corner[1] + row) for row in range(height) for column in range(width)]


@pytest.mark.parametrize(
    "data",
    [
        picture_of("JPEG", 16, 16, progressive=1),
        picture_of("JPEG", 16, 16, "L"),
        picture_of("JPEG", 16, 16)[:40],
        b"\xff\xd8\xff\xd9",
        picture_of("JPEG", 16, 16).replace(b"\xff\xda", b"\xff\xfe", 1),
        picture_of("JPEG", 16, 16).replace(b"\x08\x00\x10\x00\x10\x03", b"\x08\xff\xff\xff\xff\x03", 1),
    ],
    ids=["progressive", "grey", "cut", "empty", "without a scan", "enormous"],
)
def test_a_jpeg_file_that_the_decoder_of_the_device_does_not_take_is_refused(data: bytes) -> None:
    with pytest.raises(images.DecodingError, match=r"^prepare error$"):
        images.draw_jpg(BufferedScreen(8, 8, lambda *_: None), 0, 0, data, from_rgb, scale_max=0)


def test_a_jpeg_file_whose_pixels_are_cut_is_not_drawn() -> None:
    data = picture_of("JPEG", 64, 64, quality=95)
    with pytest.raises(images.DecodingError, match=r"^decompression error$"):
        images.draw_jpg(BufferedScreen(8, 8, lambda *_: None), 0, 0, data[: len(data) - 60], from_rgb, scale_max=0)


def test_a_jpeg_file_has_its_colours() -> None:
    screen = BufferedScreen(32, 24, lambda *_: None)
    images.draw_jpg(screen, 0, 0, picture_of("JPEG", 16, 16, quality=100, subsampling=0), from_rgb, scale_max=0)
    assert screen.colour_at(3, 3) == 0xF800
    assert screen.colour_at(3, 12) == 0x001F


@pytest.mark.parametrize(("data", "kind"), [(b"BM", "bmp"), (b"\xff\xd8", "jpg"), (b"GIF8", None)])
def test_images_are_told_apart_by_their_first_bytes(data: bytes, kind: str | None) -> None:
    assert images.image_kind(data) == kind


# -- QR codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        (b"", []),
        (b"0123", [(NUMERIC, b"0123")]),
        (b"LUA RTOS $1.0/X", [(ALPHANUMERIC, b"LUA RTOS $1.0/X")]),
        (b"lua", [(BYTE, b"lua")]),
    ],
)
def test_a_text_becomes_the_segment_that_takes_the_least_room(text: bytes, segments: list[tuple[int, bytes]]) -> None:
    assert as_segments(text) == segments


def test_a_code_is_as_large_as_its_text_needs() -> None:
    assert len(qr_code(as_segments(b"https://example.com"), 0)) == 25
    assert len(qr_code([(BYTE, b"x" * 14)], 1)) == 21
    assert len(qr_code([(ECI, b" 26x"), (BYTE, b"x" * 14)], 1)) == 25
    assert len(qr_code([], 0)) == 21


@pytest.mark.parametrize(
    ("segments", "level"),
    [([(BYTE, b"x" * 2954)], 0), ([(NUMERIC, b"12a")], 0), ([(ALPHANUMERIC, b"lua")], 0), ([(BYTE, b"x")], 4)],
)
def test_what_is_no_code_is_refused(segments: list[tuple[int, bytes]], level: int) -> None:
    with pytest.raises(QrCodeError):
        qr_code(segments, level)
