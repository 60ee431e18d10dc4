"""Steps drawn at random from the registry: any filter or measure, with any values its parameters allow."""

import math
from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin

import cv2
import numpy as np

from core.filter import Filter
from core.language.parameters import Parameter
from core.language.values import Aspect, Color, FileName, Length, PictureName, Point
from core.registry import filters

Rng = np.random.Generator
STEPS = {name: known for name, known in filters().items() if known.task is None and name != "redact"}
"""All that may stand around a model and what hides."""
_LONGEST = 160
"""Longest side that is asked for, pixels: chains are many."""
_CUBE = b"LUT_3D_SIZE 2\n" + b"".join(
    b"%g %g %g\n" % (0.9 * (i & 1), 0.8 * (i >> 1 & 1), 1.0 * (i >> 2)) for i in range(8)
)


def second(name: str) -> bytes:
    """A second picture, or a table, of whatever name."""
    if name.endswith("cube"):
        return _CUBE
    pixels = np.random.default_rng(len(name)).integers(0, 256, (9, 14, 4), np.uint8)
    pixels[:, :7] = (255, 255, 255, 255)
    return bytes(cv2.imencode(".png", pixels)[1])


def step(rng: Rng, names: list[str] | None = None) -> dict[str, Any]:
    """One step in JSON, of all there are or of those named: its example's values, or any."""
    known = STEPS[str(rng.choice(names or list(STEPS)))]
    shown: dict[str, Any] = {"filter": known.name}
    for parameter in known.parameters:
        if parameter.required or rng.random() < 0.5:
            shown[parameter.name] = value(rng, known, parameter)
    if known.name == "resize" and not {"width", "height"} & set(shown):
        shown["width"] = int(rng.integers(8, _LONGEST))
    if known.name == "perspective":
        shown["points"] = _quad(rng)
    return shown


def value(rng: Rng, known: Filter, parameter: Parameter) -> Any:
    """A value that the parameter allows."""
    if parameter.many:
        return [_one(rng, known, parameter) for _ in range(int(rng.integers(1, 4)))]
    return _one(rng, known, parameter)


def _one(rng: Rng, known: Filter, parameter: Parameter) -> Any:
    if get_origin(parameter.kind) is Literal:
        return str(rng.choice(get_args(parameter.kind)))
    return _MADE.get(parameter.kind, _number)(rng, known, parameter)


def _number(rng: Rng, known: Filter, parameter: Parameter) -> float:
    low, high = float(parameter.minimum or 0), float(parameter.maximum or 0)
    if known.makes == "geometry" and parameter.kind is int:
        high = min(high, _LONGEST)
    if parameter.kind is float:
        return round(low + (high - low) * float(rng.random()) ** (1 if low < 0 else 2), 3)
    number = math.floor(low + (high - low + 1) * float(rng.random()) ** 2)
    return int(min(number | 1, high) if "not" in parameter.extra else min(number, high))


def _color(rng: Rng, *_: Any) -> str:
    return bytes(rng.integers(0, 256, 3 + int(rng.integers(2)), np.uint8)).hex()


def _length(rng: Rng, *_: Any) -> str:
    return f"{int(rng.integers(0, 101))}p" if rng.random() < 0.5 else str(int(rng.integers(0, 60)))


def _point(rng: Rng, *_: Any) -> str:
    return f"{_length(rng)}:{_length(rng)}"


def _quad(rng: Rng) -> list[str]:
    corners = np.array([(0, 0), (100, 0), (100, 100), (0, 100)]) + rng.integers(-25, 26, (4, 2))
    return [f"{x}p:{y}p" for x, y in corners]


_MADE: dict[Any, Callable[..., Any]] = {
    Color: _color,
    Length: _length,
    Point: _point,
    Aspect: lambda rng, *_: f"{int(rng.integers(1, 9))}:{int(rng.integers(1, 9))}",
    PictureName: lambda *_: "logo",
    FileName: lambda *_: "table.cube",
    bool: lambda rng, *_: bool(rng.integers(2)),
    str: lambda *_: "object",
}
