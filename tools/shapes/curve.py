"""The training's losses as an SVG that reads on light and dark pages."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 40
LINES = (("box", "#d9480f"), ("objectness", "#1971c2"), ("classes", "#2f9e44"))
"""The losses' names and colours."""

Place = Callable[[float, float], str]
"""Step and loss to a place in the drawing."""


class Point(NamedTuple):
    """One point of the curve: the losses' means since the last one. `seconds` since training began."""

    step: int
    seconds: float
    box: float
    objectness: float
    classes: float


def curve(points: Sequence[Point]) -> str:
    """The losses over the steps, on a scale of powers of ten."""
    values = [value for point in points for value in point[2:] if value > 0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    last = points[-1].step

    def at(step: float, value: float) -> str:
        x = LEFT + (WIDTH - LEFT - RIGHT) * step / last
        y = TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log10(max(value, 10.0**low))) / (high - low)
        return f"{x:.1f},{y:.1f}"

    parts = [_level(at, power, last) for power in range(low, high + 1)]
    parts += [_line(at, points, index) for index in range(len(LINES))]
    parts += [_text(LEFT, HEIGHT - 14, "0"), _text(WIDTH - RIGHT, HEIGHT - 14, f"{last} steps", "end")]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    style = ' font-family="sans-serif" font-size="13" fill="#868e96" role="img"'
    return "\n".join([f"{head}{style}>", "<title>Losses while training</title>", *parts, "</svg>", ""])


def _level(at: Place, power: int, last: int) -> str:
    """A grid line at a power of ten."""
    start, end = at(0, 10.0**power), at(last, 10.0**power)
    label = _text(LEFT - 8, float(start.split(",")[1]) + 4, f"{10.0**power:g}", "end")
    return f'<polyline points="{start} {end}" fill="none" stroke="#868e96" stroke-opacity="0.3"/>\n{label}'


def _line(at: Place, points: Sequence[Point], index: int) -> str:
    name, color = LINES[index]
    places = " ".join(at(point.step, point[2 + index]) for point in points)
    label = _text(WIDTH - RIGHT - 90, TOP + 18 + 18 * index, name, color=color)
    return f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="2"/>\n{label}'


def _text(x: float, y: float, text: str, anchor: str = "start", color: str = "#868e96") -> str:
    return f'<text x="{x:g}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">{text}</text>'
