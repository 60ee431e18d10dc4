"""Models without a network, and slow references: plain loops over plain numbers, written from papers and documents."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from core.models.decoders import DECODERS
from core.models.model import Input, Model
from core.models.prediction import DetectionOptions, Detections, Prediction
from core.picture import Size

ALL = DetectionOptions(score=0.25, iou=0.45, most=100)
PACE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
STRIDES = (8, 16, 32)
Box = tuple[float, float, float, float]


class Seen(NamedTuple):
    """One object of a reference: box (left, top, right, bottom), score, class, and its place in the output."""

    box: Box
    score: float
    kind: int
    place: int = 0


def a_model(decoder: str, layout: str = "NCHW", **fields: Any) -> Model:
    about = Input(name="image", size=(64, 64), layout=layout)  # type: ignore[arg-type]
    given = {"title": "", "task": "detect", "files": (), "licence": "", "source": "", "revision": "", "memory": 1}
    return Model(name="made", decoder=decoder, cost=1, input=about, **{**given, **fields})


def decode(
    decoder: str, outputs: Sequence[NDArray[Any]], size: Size, wanted: DetectionOptions = ALL, **fields: Any
) -> Prediction:
    return DECODERS[decoder](outputs, a_model(decoder, **fields), size, wanted)


def detections(
    decoder: str, outputs: Sequence[NDArray[Any]], size: Size, wanted: DetectionOptions = ALL, **fields: Any
) -> Detections:
    found = decode(decoder, outputs, size, wanted, **fields)
    assert isinstance(found, Detections)
    assert (found.boxes.dtype, found.scores.dtype, found.classes.dtype) == (np.float32, np.float32, np.intp)
    assert len(found.boxes) == len(found.scores) == len(found.classes)
    assert np.array_equal(found.scores, np.sort(found.scores)[::-1])
    return found


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    across = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    down = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - across * down
    return across * down / union if union > 0 else 0.0


def naive_nms(seen: Iterable[Seen], iou: float, most: int) -> list[Seen]:
    """Each against each: what overlaps a better one of its class that stays goes. Python's sort is stable."""
    stays: list[Seen] = []
    for one in sorted(seen, key=lambda one: -one.score):
        if all(one.kind != other.kind or overlap(one.box, other.box) <= iou for other in stays):
            stays.append(one)
    return stays[:most]


def expected(seen: Iterable[Seen], size: Size, wanted: DetectionOptions = ALL, *, suppress: bool = True) -> list[Seen]:
    """What a decoder should give of all that a reference saw."""
    enough = [one for one in seen if one.score >= wanted.score and visible(one.box, size)]
    enough = [one for one in enough if wanted.classes is None or one.kind in wanted.classes]
    best = naive_nms(enough, wanted.iou if suppress else 1.0, wanted.most)
    return [one._replace(box=cut(one.box, size)) for one in best]


def cut(box: Box, size: Size) -> Box:
    left, top, right, bottom = box
    return (min(max(left, 0), size.width), min(max(top, 0), size.height),
            min(max(right, 0), size.width), min(max(bottom, 0), size.height))  # fmt: skip


def visible(box: Box, size: Size) -> bool:
    left, top, right, bottom = cut(box, size)
    return left < right and top < bottom


def assert_same(found: Detections, wanted: Sequence[Seen], within: float = 0.05) -> None:
    """The same objects in the same order; the design allows 1 pixel, and f32 needs far less."""
    assert found.classes.tolist() == [one.kind for one in wanted]
    assert found.scores.tolist() == [one.score for one in wanted] or np.allclose(
        found.scores, [one.score for one in wanted], atol=1e-5
    )
    assert np.abs(found.boxes - np.array([one.box for one in wanted]).reshape(-1, 4)).max(initial=0) <= within


def centred(box: Box) -> tuple[float, float, float, float]:
    """Centre x, centre y, width, height."""
    left, top, right, bottom = box
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def around(x: float, y: float, width: float, height: float) -> Box:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def places(size: Size) -> list[tuple[int, int, int]]:
    """(column, row, stride) of each cell: the finest grid first, row by row."""
    return [(column, row, stride) for stride in STRIDES
            for row in range(size.height // stride) for column in range(size.width // stride)]  # fmt: skip


def place_of(box: Box, stride: int, size: Size) -> int:
    """The number of the cell that holds the box's centre."""
    x, y, _, _ = centred(box)
    return places(size).index((int(x // stride), int(y // stride), stride))


def on_grid(box: Box, place: int, size: Size) -> list[float]:
    """The four raw numbers of a box at a cell: the inverse of what a decoder does."""
    column, row, stride = places(size)[place]
    x, y, width, height = centred(box)
    return [x / stride - column, y / stride - row, math.log(width / stride), math.log(height / stride)]


def off_grid(raw: Sequence[float], place: tuple[int, int, int]) -> Box:
    """A box of its four raw numbers."""
    column, row, stride = place
    x, y, width, height = (float(value) for value in raw)
    return around((column + x) * stride, (row + y) * stride, math.exp(width) * stride, math.exp(height) * stride)


OBJECTS = [
    Seen((10, 20, 60, 100), 0.9, 2),
    Seen((100.5, 30.25, 140.75, 55), 0.8, 0),
    Seen((12, 22, 61, 99), 0.7, 1),
    Seen((150, 100, 152, 103), 0.6, 2),
    Seen((-20, 90, 30, 140), 0.5, 1),
]
"""Objects to encode: one overlaps another of a different class, one is tiny, one reaches over two edges."""
SIZE = Size(192, 128)
