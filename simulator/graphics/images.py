"""Images from files on a screen (``components/gdisplay/image``).

BMP files are read with the mistakes of the device: rows are taken to follow each other without padding, from the
bottom up, and the palette to lie right before the pixels. JPEG files are decoded by a library; its colours differ
from the device's by a shade at most, and what the device's decoder does not take is refused as there.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from simulator.graphics.libraries import MissingLibraryError
from simulator.graphics.screen import Screen
from simulator.graphics.text import BOTTOM, CENTER, RIGHT

ToColour = Callable[[int, int, int], int]
"""Makes a colour of red, green and blue."""


class ImageError(Exception):
    """An image that the device does not draw. The text is its reason."""


class DecodingError(Exception):
    """A JPEG file that cannot be decoded. The text is the device's detail."""


class _BmpHeader(NamedTuple):
    pixels_at: int
    header_bytes: int
    width: int
    height: int
    planes: int
    bits: int
    compression: int
    colours: int


_BMP_HEADER: Final = struct.Struct("<10xIIiiHHI12xI4x")
_BMP_HEADERS: Final = (40, 108)


def image_kind(data: bytes) -> str | None:
    """Return ``bmp`` or ``jpg`` by the first two bytes, or None. Raises `ImageError` if there are not so many."""
    if len(data) < 2:
        raise ImageError("reading header")
    return {b"BM": "bmp", b"\xff\xd8": "jpg"}.get(data[:2])


def draw_bmp(screen: Screen, x: int, y: int, data: bytes, colour_of: ToColour, *, two_colours: bool) -> None:
    """Draw a BMP file. Raises `ImageError`."""
    header = _bmp_header(data, two_colours=two_colours)
    palette = _bmp_palette(header, data, colour_of) if header.bits < 24 else []
    if x == CENTER:
        x = int((screen.width - header.width) / 2)
    elif x == RIGHT:
        x = screen.width - header.width
    if y == CENTER:
        y = int((screen.height - header.height) / 2)
    elif y == BOTTOM:
        y = screen.height - header.height
    x, y = max(x, 0), max(y, 0)
    shown = min(x + header.width, screen.width) - x
    if shown <= 1 or y >= screen.height:
        raise ImageError("image out of screen")
    row_bytes, read_bytes = {
        1: ((header.width + 7) // 8, (shown + 7) // 8),
        8: (header.width, shown),
        24: (3 * header.width, 3 * shown),
    }[header.bits]
    screen.begin()
    for number in range(header.height - 1, -1, -1):
        start = header.pixels_at + number * row_bytes
        row = data[start : start + read_bytes]
        if len(row) < read_bytes or y >= screen.height:
            break
        for column, colour in enumerate(_bmp_row(header.bits, row, palette, colour_of)):
            screen.pixel(x + column, y, colour)
        y += 1
    screen.end()


def _bmp_header(data: bytes, *, two_colours: bool) -> _BmpHeader:
    if len(data) < _BMP_HEADER.size:
        raise ImageError("reading header")
    header = _BmpHeader(*_BMP_HEADER.unpack_from(data))
    if header.header_bytes not in _BMP_HEADERS:
        raise ImageError("bad header size")
    if header.planes != 1:
        raise ImageError("only 1 color plane supported")
    if header.bits not in (1, 8, 24):
        raise ImageError("only 1, 8 and 24 bits per pixel supported")
    if header.compression:
        raise ImageError("compression not supported")
    if two_colours and header.bits != 1:
        raise ImageError("display only support 2 colors")
    return header


def _bmp_palette(header: _BmpHeader, data: bytes, colour_of: ToColour) -> list[int]:
    count = header.colours or 1 << header.bits
    start = header.pixels_at - 4 * count
    if start < 0 or len(data) < header.pixels_at:
        raise ImageError("Invalid argument" if start < 0 else "Success")
    entries = (data[place : place + 3] for place in range(start, header.pixels_at, 4))
    colours = [colour_of(red, green, blue) for blue, green, red in entries]
    return colours + [0] * ((1 << header.bits) - count)


def _bmp_row(bits: int, row: bytes, palette: list[int], colour_of: ToColour) -> Iterator[int]:
    """Yield the colours of a row, of whole bytes."""
    if bits == 1:
        for byte in row:
            for bit in range(7, -1, -1):
                yield palette[byte >> bit & 1]
    elif bits == 8:
        for byte in row:
            yield palette[byte]
    else:
        for place in range(0, len(row), 3):
            blue, green, red = row[place : place + 3]
            yield colour_of(red, green, blue)


# -- JPEG -----------------------------------------------------------------------------------------------------------

_SCALE_MAX: Final = 3
_EDGE: Final = 5
"""An image begins no closer to the right and lower edge."""
_SEGMENT_BYTES_MAX: Final = 512
"""JD_SZBUF of ``tjpgd.h``: what the device's decoder can read of a segment that matters to it."""
_PIXELS_MAX: Final = 1 << 26
"""More are refused: on the device that would take many minutes, and here all of its memory."""
_SOF0, _SOF15, _DHT, _JPG, _DAC, _SOS, _DQT, _DRI = 0xC0, 0xCF, 0xC4, 0xC8, 0xCC, 0xDA, 0xDB, 0xDD


def draw_jpg(screen: Screen, x: int, y: int, data: bytes, colour_of: ToColour, *, scale_max: int) -> None:
    """Draw a JPEG file, halved up to ``scale_max`` times so that it fits.

    Raises `DecodingError`, after which pixels do not leave the screen any more, as on the device: it does not end what
    it has begun. Raises `MissingLibraryError` if Pillow is not installed.
    """
    if not 0 <= scale_max <= _SCALE_MAX:
        scale_max = _SCALE_MAX
    x = 0 if x < 0 and x not in (CENTER, RIGHT) else min(x, screen.width - _EDGE)
    y = 0 if y < 0 and y not in (CENTER, BOTTOM) else min(y, screen.height - _EDGE)
    screen.begin()
    width, height = _jpg_size(data)
    scale = 0

    def fit(free_width: int, free_height: int) -> int:
        for candidate in range(scale_max + 1):
            if width >> candidate <= free_width and height >> candidate <= free_height:
                return candidate
        return scale_max

    if x == CENTER:
        if screen.width < width and scale_max:
            scale, scale_max = fit(screen.width, screen.height), 0
        x = max(0, screen.width - (width >> scale)) >> 1
    if y == CENTER:
        if screen.height < height >> scale and scale_max:
            scale, scale_max = fit(screen.width, screen.height), 0
        y = max(0, screen.height - (height >> scale)) >> 1
    at_right, at_bottom = x == RIGHT, y == BOTTOM
    x, y = 0 if at_right else x, 0 if at_bottom else y
    if scale_max:
        scale = fit(screen.width - x, screen.height - y)
    if at_right:
        x = max(0, screen.width - (width >> scale))
    if at_bottom:
        y = max(0, screen.height - (height >> scale))
    try:
        shown_width, pixels = _jpg_pixels(data, 1 << scale, screen.width - x, screen.height - y)
    except MissingLibraryError:
        screen.end()
        raise
    for place, (red, green, blue) in enumerate(pixels):
        row, column = divmod(place, shown_width)
        screen.pixel(x + column, y + row, colour_of(red, green, blue))
    screen.end()


def _jpg_size(data: bytes) -> tuple[int, int]:
    """Return width and height. Raises `DecodingError` for what the device's decoder does not take (``jd_prepare``)."""
    size = None
    place = 2
    while place + 4 <= len(data):
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        segment = data[place + 4 : place + 2 + length]
        if data[place] != 0xFF or length <= 2 or len(segment) < length - 2:
            break
        place += 2 + length
        if marker in (_SOF0, _DHT, _DQT, _DRI, _SOS) and len(segment) > _SEGMENT_BYTES_MAX:
            break
        if marker == _SOF0:
            if not _is_taken(segment):
                break
            size = int.from_bytes(segment[3:5], "big"), int.from_bytes(segment[1:3], "big")
            if size[0] * size[1] > _PIXELS_MAX:
                break
        elif marker == _SOS:
            if size is None or not all(size) or segment[0] != 3:
                break
            return size
        elif _SOF0 < marker <= _SOF15 and marker not in (_DHT, _JPG, _DAC):
            break
    raise DecodingError("prepare error")


def _is_taken(frame: bytes) -> bool:
    """Whether the header of a frame is one for the device: three components, colour in full or in half."""
    return len(frame) >= 15 and frame[5] == 3 and frame[7] in (0x11, 0x21, 0x22) and frame[10] == frame[13] == 0x11


def _jpg_pixels(
    data: bytes, divisor: int, width_max: int, height_max: int
) -> tuple[int, Iterator[tuple[int, int, int]]]:
    """Return the width, and red, green and blue of every pixel of an image that is ``divisor`` times smaller, as far
    as it fits.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise MissingLibraryError("JPEG files on a display", "pillow") from error
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            decoded = image.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DecodingError("decompression error") from error
    width, height = min(decoded.width // divisor, width_max), min(decoded.height // divisor, height_max)
    if not width or not height:
        return 1, iter(())
    raw = decoded.crop((0, 0, width * divisor, height * divisor)).reduce(divisor).tobytes()
    return width, zip(raw[::3], raw[1::3], raw[2::3], strict=True)
