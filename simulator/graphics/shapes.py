"""Shapes, with the algorithms, the order of pixels and the mistakes of ``components/gdisplay/primitives``.

Coordinates are pixels from the top left, angles degrees. ``stroke`` is the colour of the border and ``fill`` that of
what is inside; None draws the border only. Where the device keeps a value in 16 bits, so do we: a shape that is far
too large ends as it does there.
"""

from __future__ import annotations

from math import cos, inf, sin
from typing import Final

from simulator.c_numbers import int16, int32, quotient, single
from simulator.graphics.screen import Screen

_RADIANS: Final = 0.01745329252
"""DEG_TO_RAD of ``gdisplay.h``, a little less than the real one."""
_HALF_TURN: Final = 3.14159265359

UPPER_RIGHT, UPPER_LEFT, LOWER_LEFT, LOWER_RIGHT = 1, 2, 4, 8
"""Parts of an ellipse."""

_ELLIPSE_POINTS_MAX: Final = 0x10000
_ARC_PIECES_MAX: Final = 50
"""An arc is cut into pieces by recursion, for which the device has stack for about so many."""


class EndlessShapeError(Exception):
    """A shape that the device never finishes."""


# -- lines ----------------------------------------------------------------------------------------------------------


def line(screen: Screen, x0: int, y0: int, x1: int, y1: int, colour: int) -> None:
    """Draw a line, both ends included."""
    if x0 == x1:
        screen.vline(x0, min(y0, y1), abs(y1 - y0) + 1, colour)
        return
    if y0 == y1:
        screen.hline(min(x0, x1), y0, abs(x1 - x0) + 1, colour)
        return
    x0, y0, x1, y1 = map(int16, (x0, y0, x1, y1))
    is_steep = abs(y1 - y0) > abs(x1 - x0)
    if is_steep:
        x0, y0, x1, y1 = y0, x0, y1, x1
    if x0 > x1:
        x0, y0, x1, y1 = x1, y1, x0, y0
    dx, dy = x1 - x0, abs(y1 - y0)
    error, step = dx >> 1, 1 if y0 < y1 else -1
    start, length = x0, 0
    screen.begin()
    for x in range(x0, x1 + 1):
        length += 1
        error -= dy
        if error < 0:
            error += dx
            _run(screen, start, y0, length, colour, is_steep=is_steep)
            length = 0
            y0 += step
            start = x + 1
    if length:
        _run(screen, start, y0, length, colour, is_steep=is_steep)
    screen.end()


def _run(screen: Screen, start: int, other: int, length: int, colour: int, *, is_steep: bool) -> None:
    if is_steep:
        screen.vline(other, start, length, colour)
    else:
        screen.hline(start, other, length, colour)


def line_by_angle(screen: Screen, x: int, y: int, length: int, angle: int, turn: int, colour: int) -> None:
    """Draw a line from a point on; ``turn`` is added to the angle. One without length goes backwards."""
    start = min(0, length - 1)
    radians = (angle + turn) * _RADIANS
    if start == 0:
        line(screen, x, y, int(x + length * cos(radians)), int(y + length * sin(radians)), colour)
        return
    end = start + length
    line(
        screen,
        int(x + start * cos(radians)),
        int(y + start * sin(radians)),
        int(x + end * cos(radians)),
        int(y + end * sin(radians)),
        colour,
    )


# -- rectangles -----------------------------------------------------------------------------------------------------


def rectangle(screen: Screen, x: int, y: int, width: int, height: int, stroke: int, fill: int | None = None) -> None:
    """Draw a rectangle; a negative size reaches to the left or up."""
    if width < 0:
        width = -width
        x -= width
    if height < 0:
        height = -height
        y -= height
    screen.begin()
    screen.hline(x, y, width, stroke)
    screen.hline(x, y + height - 1, width, stroke)
    screen.vline(x, y, height, stroke)
    screen.vline(x + width - 1, y, height, stroke)
    if fill is not None:
        screen.block(x + 1, y + 1, width - 2, height - 2, fill)
    screen.end()


def round_rectangle(
    screen: Screen, x: int, y: int, width: int, height: int, radius: int, stroke: int, fill: int | None = None
) -> None:
    """Draw a rectangle with round corners."""
    screen.begin()
    if fill is not None:
        rectangle(screen, x + radius, y, width - 2 * radius, height, fill, fill)
        inner = height - 2 * radius - 1
        _fill_halves(screen, x + width - radius - 1, y + radius, radius, fill, left=False, longer=inner)
        _fill_halves(screen, x + radius, y + radius, radius, fill, right=False, longer=inner)
    right, bottom = x + width - radius - 1, y + height - radius - 1
    screen.hline(x + radius, y, width - 2 * radius, stroke)
    screen.hline(x + radius, y + height - 1, width - 2 * radius, stroke)
    screen.vline(x, y + radius, height - 2 * radius, stroke)
    screen.vline(x + width - 1, y + radius, height - 2 * radius, stroke)
    _corner(screen, x + radius, y + radius, radius, -1, -1, stroke)
    _corner(screen, right, y + radius, radius, 1, -1, stroke)
    _corner(screen, right, bottom, radius, 1, 1, stroke)
    _corner(screen, x + radius, bottom, radius, -1, 1, stroke)
    screen.end()


def _circle_points(radius: int) -> list[tuple[int, int]]:
    """Return the points of an eighth of a circle but the first, in the order in which they are drawn."""
    points = []
    f, step_x, step_y = 1 - radius, 1, -2 * radius
    x, y = 0, radius
    while x < y:
        if f >= 0:
            y -= 1
            step_y += 2
            f += step_y
        x += 1
        step_x += 2
        f += step_x
        points.append((x, y))
    return points


def _corner(screen: Screen, x: int, y: int, radius: int, right: int, down: int, colour: int) -> None:
    """Draw a quarter of a circle: ``right`` and ``down`` are 1 or, for the other side, -1."""
    for dx, dy in _circle_points(int16(radius)):
        steep, flat = (x + right * dx, y + down * dy), (x + right * dy, y + down * dx)
        first, second = (steep, flat) if right > 0 else (flat, steep)
        screen.pixel(*first, colour)
        screen.pixel(*second, colour)


def _fill_halves(
    screen: Screen, x: int, y: int, radius: int, colour: int, *, left: bool = True, right: bool = True, longer: int = 0
) -> None:
    """Fill a circle with vertical lines but for the one through its middle, each ``longer`` by so many pixels."""
    radius, longer = int16(radius), int16(longer)
    f, step_x, step_y = 1 - radius, 1, -2 * radius
    dx, dy = 0, radius
    leftmost = x - radius

    def bars(distance: int, height: int) -> None:
        if right:
            screen.vline(x + distance, y - height, 2 * height + 1 + longer, colour)
        if left:
            screen.vline(x - distance, y - height, 2 * height + 1 + longer, colour)

    while dx < dy:
        if f >= 0:
            bars(dy, dx)
            leftmost = x - dy
            dy -= 1
            step_y += 2
            f += step_y
        dx += 1
        step_x += 2
        f += step_x
        if x - dx > leftmost:
            bars(dx, dy)


# -- round shapes ---------------------------------------------------------------------------------------------------


def circle(screen: Screen, x: int, y: int, radius: int, stroke: int, fill: int | None = None) -> None:
    """Draw a circle. ``radius`` is not negative."""
    screen.begin()
    if fill is not None:
        screen.vline(x, y - radius, 2 * radius + 1, fill)
        _fill_halves(screen, x, y, radius, fill)
    pixel = screen.pixel
    for dx, dy in ((0, radius), (0, -radius), (radius, 0), (-radius, 0)):
        pixel(x + dx, y + dy, stroke)
    for dx, dy in _circle_points(min(radius, 0x7FFF)):
        for down in (dy, -dy):
            pixel(x + dx, y + down, stroke)
            pixel(x - dx, y + down, stroke)
        for down in (dx, -dx):
            pixel(x + dy, y + down, stroke)
            pixel(x - dy, y + down, stroke)
    screen.end()


def ellipse(
    screen: Screen, x: int, y: int, radius_x: int, radius_y: int, stroke: int, fill: int | None = None, parts: int = 15
) -> None:
    """Draw an ellipse, or those of its quarters that ``parts`` has. Raises `EndlessShapeError`, if both radii are 0."""
    points = _ellipse_points(radius_x, radius_y)
    screen.begin()
    if fill is not None:
        for dx, dy in points:
            for part, column, top in (
                (UPPER_RIGHT, x + dx, y - dy),
                (UPPER_LEFT, x - dx, y - dy),
                (LOWER_RIGHT, x + dx, y),
                (LOWER_LEFT, x - dx, y),
            ):
                if parts & part:
                    screen.vline(column, top, dy + 1, fill)
    for dx, dy in points:
        for part, column, row in (
            (UPPER_RIGHT, x + dx, y - dy),
            (UPPER_LEFT, x - dx, y - dy),
            (LOWER_RIGHT, x + dx, y + dy),
            (LOWER_LEFT, x - dx, y + dy),
        ):
            if parts & part:
                screen.pixel(column, row, stroke)
    screen.end()


def _ellipse_points(radius_x: int, radius_y: int) -> list[tuple[int, int]]:
    """Return the points of a quarter of an ellipse: the steep part, then the flat one, each from its end.

    The device looks for the ends with products that it keeps in 32 bits, and so may look for ever.
    """
    twice_xx, twice_yy = int32(2 * radius_x * radius_x), int32(2 * radius_y * radius_y)
    points: list[tuple[int, int]] = []
    x, y, error = radius_x & 0xFFFF, 0, 0
    step_x = int32((1 - 2 * radius_x) * radius_y * radius_y)
    step_y = int32(radius_x * radius_x)
    stop_x, stop_y = int32(twice_yy * radius_x), 0
    while stop_x >= stop_y:
        if len(points) == _ELLIPSE_POINTS_MAX:
            raise EndlessShapeError(f"an ellipse with the radii {radius_x} and {radius_y}")
        points.append((x, y))
        y = (y + 1) & 0xFFFF
        stop_y = int32(stop_y + twice_xx)
        error = int32(error + step_y)
        step_y = int32(step_y + twice_xx)
        if int32(2 * error + step_x) > 0:
            x = (x - 1) & 0xFFFF
            stop_x = int32(stop_x - twice_yy)
            error = int32(error + step_x)
            step_x = int32(step_x + twice_yy)
    x, y, error = 0, radius_y & 0xFFFF, 0
    step_x = int32(radius_y * radius_y)
    step_y = int32((1 - 2 * radius_y) * radius_x * radius_x)
    stop_x, stop_y = 0, int32(twice_xx * radius_y)
    while stop_x <= stop_y:
        if len(points) == 2 * _ELLIPSE_POINTS_MAX:
            raise EndlessShapeError(f"an ellipse with the radii {radius_x} and {radius_y}")
        points.append((x, y))
        x = (x + 1) & 0xFFFF
        stop_x = int32(stop_x + twice_yy)
        error = int32(error + step_x)
        step_x = int32(step_x + twice_yy)
        if int32(2 * error + step_y) > 0:
            y = (y - 1) & 0xFFFF
            stop_y = int32(stop_y - twice_xx)
            error = int32(error + step_y)
            step_y = int32(step_y + twice_xx)
    return points


def arc(
    screen: Screen,
    x: int,
    y: int,
    radius: int,
    thickness: int,
    start: float,
    end: float,
    stroke: int,
    fill: int | None = None,
    *,
    offset: float,
) -> None:
    """Draw an arc ``thickness`` wide, or with ``fill`` a sector with a thin border; ``offset`` turns it."""
    thickness = min(max(thickness, 1), radius)
    screen.begin()
    if fill is not None:
        _arc(screen, x, y, radius, radius, start, end, fill, offset)
        thickness = 1
    _arc(screen, x, y, radius, thickness, start, end, stroke, offset)
    screen.end()


def _arc(
    screen: Screen, x: int, y: int, radius: int, thickness: int, start: float, end: float, colour: int, offset: float
) -> None:
    """Draw an arc in pieces that do not cross 0 degrees. The offset is added to each piece again, as on the device."""
    pieces = [(start, end)]
    for _ in range(_ARC_PIECES_MAX):
        if not pieces:
            break
        start, end = pieces.pop()
        first, last = _turned(start, offset), _turned(end, offset)
        if first > last:
            pieces += [(0.0, _scaled(last)), (_scaled(first), 360.0)]
        else:
            _arc_piece(screen, x, y, radius, thickness, first, last, colour)


def _scaled(angle: float) -> float:
    """Return an angle of which 360 make a circle in degrees: almost the same."""
    return single(single(angle / 360) * 360)


def _turned(angle: float, offset: float) -> float:
    angle = single(_scaled(angle) + offset)
    while angle < 0:
        angle = single(angle + 360)
    while angle > 360:
        angle = single(angle - 360)
    return angle


def _arc_piece(
    screen: Screen, x: int, y: int, radius: int, thickness: int, first: float, last: float, colour: int
) -> None:
    """Draw one piece column by column: in each are at most two lines, one above and one below the centre."""
    ends = [(single(cos(angle * _RADIANS)), single(sin(angle * _RADIANS))) for angle in (first, last)]
    inner = radius - thickness
    across = [int(single(distance * end[0])) for distance in (radius, inner) for end in ends]
    down = [int(single(distance * end[1])) for distance in (radius, inner) for end in ends]
    left, right, top, bottom = min(-1, *across), max(across), min(down), max(down)
    if first < 90 < last:
        bottom = radius
    if first < 180 < last:
        left = -radius
    if first < 270 < last:
        top = -radius
    (first_cos, first_sin), (last_cos, last_sin) = ends
    first_slope = _ratio(first_cos, first_sin)
    last_slope = -1_000_000.0 if last == 360 else _ratio(last_cos, last_sin)
    inner_squared, outer_squared = inner * inner, radius * radius
    rows = {dy: (single(dy * first_slope), single(dy * last_slope)) for dy in range(top, bottom + 1) if dy}

    def is_inside(dx: int, dy: int) -> bool:
        if not inner_squared <= dx * dx + dy * dy < outer_squared:
            return False
        if dy == 0:
            on_right = first == 0 and dx > 0
            return (on_right or (first <= 180 and dx < 0)) and (on_right or (last >= 180 and dx < 0))
        at_first, at_last = rows[dy]
        if dy > 0:
            return first < 180 and dx <= at_first and (last >= 180 or dx >= at_last)
        return (first <= 180 or dx >= at_first) and last > 180 and dx <= at_last

    for dx in range(left, right + 1):
        _arc_column(screen, x + dx, y, top, bottom, colour, [is_inside(dx, dy) for dy in range(top, bottom + 1)])


def _arc_column(screen: Screen, x: int, y: int, top: int, bottom: int, colour: int, inside: list[bool]) -> None:
    """Draw the lines of one column.

    The device guesses where the lower line ends from the length of the upper one, and looks again only if that fails;
    a line of which it has found the start alone when it reaches the bottom is drawn only if it has looked.
    """
    upper = lower = upper_end = 0
    has_upper = has_upper_end = has_lower = is_searching = False
    dy = top
    while dy <= bottom:
        if inside[dy - top]:
            if not has_upper:
                has_upper, upper = True, dy
            elif has_upper_end and not has_lower:
                has_lower, lower = True, dy
                dy += upper_end - upper - 1
                if dy > bottom - 1:
                    dy, is_searching = lower, True
            elif has_lower:
                is_searching = True
        elif has_upper and not has_upper_end:
            has_upper_end, upper_end = True, dy - 1
            screen.vline(x, y + upper, dy - upper, colour)
            if dy >= 0:
                break
            dy = -dy  # what is in the middle is empty
        elif has_lower:
            if is_searching:
                screen.vline(x, y + lower, dy - lower, colour)
                is_searching = False
                break
            dy, is_searching = lower, True
        dy += 1
    if has_upper and not has_upper_end:
        screen.vline(x, y + upper, bottom - upper + 1, colour)
    elif has_lower and is_searching:
        screen.vline(x, y + lower, bottom - lower + 1, colour)


def _ratio(dividend: float, divisor: float) -> float:
    return single(dividend / divisor) if divisor else inf if dividend > 0 else -inf


# -- shapes with corners --------------------------------------------------------------------------------------------


def triangle(
    screen: Screen, x0: int, y0: int, x1: int, y1: int, x2: int, y2: int, stroke: int, fill: int | None = None
) -> None:
    """Draw a triangle. One whose corners are in a row of pixels is filled and has no border."""
    screen.begin()
    if fill is not None:
        (x0, y0), (x1, y1), (x2, y2) = sorted_corners = _from_the_top((x0, y0), (x1, y1), (x2, y2))
        if y0 == y2:
            columns = [int16(column) for column, _ in sorted_corners]
            screen.hline(min(columns), y0, max(columns) - min(columns) + 1, fill)
            screen.end()
            return
        _fill_triangle(screen, x0, y0, x1, y1, x2, y2, fill)
    line(screen, x0, y0, x1, y1, stroke)
    line(screen, x1, y1, x2, y2, stroke)
    line(screen, x2, y2, x0, y0, stroke)
    screen.end()


def _from_the_top(*corners: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the corners by their rows; of two in the same row the first one stays first."""
    return sorted(corners, key=lambda corner: corner[1])


def _fill_triangle(screen: Screen, x0: int, y0: int, x1: int, y1: int, x2: int, y2: int, fill: int) -> None:
    dx01, dy01 = int16(x1 - x0), int16(y1 - y0)
    dx02, dy02 = int16(x2 - x0), int16(y2 - y0)
    dx12, dy12 = int16(x2 - x1), int16(y2 - y1)

    def fill_row(first: int, last: int, y: int) -> None:
        a, b = sorted((int16(first), int16(last)))
        screen.hline(a, y, b - a + 1, fill)

    flat = y1 if y1 == y2 else y1 - 1
    for y in range(y0, flat + 1):
        fill_row(x0 + quotient(dx01 * (y - y0), dy01), x0 + quotient(dx02 * (y - y0), dy02), y)
    for y in range(flat + 1, y2 + 1):
        fill_row(x1 + quotient(dx12 * (y - y1), dy12), x0 + quotient(dx02 * (y - y0), dy02), y)


def polygon(
    screen: Screen, x: int, y: int, sides: int, radius: int, rotation: int, stroke: int, fill: int | None = None
) -> None:
    """Draw a regular polygon of at least three sides. Where 360 is no multiple of them, it is not quite regular."""
    sides = max(sides, 3)
    corners = [_around(x, y, index * (360 // sides) + rotation, radius) for index in range(sides)]
    following = [*corners[1:], corners[0]]
    screen.begin()
    if fill is not None:
        _outline(screen, corners, fill)
        for corner, next_corner in zip(corners, following, strict=True):
            triangle(screen, x, y, *corner, *next_corner, fill, fill)
    _outline(screen, corners, stroke)
    screen.end()


def _outline(screen: Screen, corners: list[tuple[int, int]], colour: int) -> None:
    for corner, next_corner in zip(corners, [*corners[1:], corners[0]], strict=True):
        line(screen, *corner, *next_corner, colour)


def _around(x: int, y: int, angle: float, distance: float) -> tuple[int, int]:
    """Return the point at a distance; 0 degrees are up, and they go counterclockwise."""
    radians = single(angle) * _RADIANS + _HALF_TURN
    return int(x + sin(radians) * distance), int(y + cos(radians) * distance)


_STAR_POINTS: Final = 5
_STAR_ANGLE: Final = 360 // _STAR_POINTS


def star(screen: Screen, x: int, y: int, radius: int, factor: float, stroke: int, fill: int | None = None) -> None:
    """Draw a star with five points; ``factor``, 1 to 4, is how much closer to the centre the inner corners are."""
    inner = single(single(radius) / min(max(factor, 1.0), 4.0))
    outer_corners = [_around(x, y, (index + 1) * _STAR_ANGLE, radius) for index in range(_STAR_POINTS)]
    inner_corners = [_around(x, y, (index + 0.5) * _STAR_ANGLE, inner) for index in range(_STAR_POINTS)]
    screen.begin()
    if fill is not None:
        for index in range(_STAR_POINTS):
            before, after = _star_neighbours(index)
            triangle(screen, x, y, *inner_corners[before], *outer_corners[index], fill, fill)
            triangle(screen, x, y, *outer_corners[index], *inner_corners[after], fill, fill)
    for index in range(_STAR_POINTS):
        before, after = _star_neighbours(index)
        line(screen, *outer_corners[index], *inner_corners[after], stroke)
        line(screen, *inner_corners[before], *outer_corners[index], stroke)
    screen.end()


def _star_neighbours(index: int) -> tuple[int, int]:
    """Return the inner corners that an outer one is connected with."""
    if index + 1 < _STAR_POINTS:
        return index, index + 1
    return 0, index
