"""Drawn things that move through an animation whose model misses them in some frames: is all of them hidden?"""

from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from core.limits import Deadline, Limits
from core.models.model import Model
from core.models.prediction import ClassMap, DetectionOptions, Detections, Prediction
from core.picture import Origin, Picture, Pixels, Size
from core.pipeline import Pipeline
from core.run import Context, Run
from tests.core.fakes import FakeModels, Scaled

WIDTH, HEIGHT = 240, 180
Plane = NDArray[np.bool_]
Rng = np.random.Generator


class Mover(NamedTuple):
    """A disc or a square: where its middle is in each frame, its half side, and the frames that miss it."""

    places: NDArray[np.float64]
    half: int
    round: bool
    missed: frozenset[int]


def mover(
    rng: Rng, frames: int, gap: int, *, pull: float = 0.0, missed: Callable[[int, int], range] | None = None
) -> Mover:
    """One that crosses the picture in an even line (`pull` is pixels a frame² of acceleration), missed `gap` frames."""
    half, start = int(rng.integers(5, 14)), rng.uniform(40, (WIDTH - 40, HEIGHT - 40), 2)
    way, turn = rng.normal(0, 5, 2), rng.uniform(0, 2 * np.pi)
    time = np.arange(frames)[:, None]
    places = start + way * (time - frames / 2) + pull / 2 * np.array([np.cos(turn), np.sin(turn)]) * time**2
    lost = missed(frames, gap) if missed else range(first := int(rng.integers(2, frames - gap - 1)), first + gap)
    return Mover(places, half, bool(rng.integers(2)), frozenset(lost))


def plane_of(one: Mover, frame: int) -> Plane:
    """Its pixels in a frame."""
    x, y = (int(place) for place in np.rint(one.places[frame]))
    plane = np.zeros((HEIGHT, WIDTH), np.uint8)
    if one.round:
        cv2.circle(plane, (x, y), one.half, 1, -1)
    else:
        cv2.rectangle(plane, (x - one.half, y - one.half), (x + one.half, y + one.half), 1, -1)
    return plane > 0


class Watching(FakeModels):
    """A model that sees each mover to the pixel, but in the frames that miss it."""

    def __init__(self, movers: list[Mover]) -> None:
        super().__init__()
        self.movers, self.frame = movers, 0

    def see(
        self,
        model: Model,
        pixels: Pixels,  # noqa: ARG002 - it knows
        wanted: DetectionOptions,  # noqa: ARG002
        deadline: Deadline,
    ) -> tuple[Prediction, Scaled]:
        """What is seen in the next frame."""
        deadline.check(model.name)
        planes = [plane_of(one, self.frame) for one in self.movers if self.frame not in one.missed]
        planes = [plane for plane in planes if plane.any()]
        self.frame += 1
        return _told(model, planes), Scaled(np.eye(3), Size(WIDTH, HEIGHT))


def _told(model: Model, planes: list[Plane]) -> Prediction:
    if model.task == "segment":
        return ClassMap(np.any([np.zeros((HEIGHT, WIDTH), np.bool_), *planes], axis=0).astype(np.uint8))
    boxes = [cv2.boundingRect(plane.astype(np.uint8)) for plane in planes]
    count = len(boxes)
    return Detections(
        np.array([(x, y, x + wide, y + high) for x, y, wide, high in boxes], np.float32).reshape(-1, 4),
        np.full(count, 0.9, np.float32),
        np.zeros(count, np.intp),
        None,
        np.where(planes, np.uint8(255), np.uint8(0)) if model.name == "outlines" and count else None,
    )


def white_frames(count: int) -> list[Picture]:
    """An animation in which nothing is to be seen: what is hidden is black."""
    origins = [
        Origin(format="gif", size=Size(WIDTH, HEIGHT), channels=1, frames=count, frame=number)
        for number in range(count)
    ]
    return [Picture(pixels=np.full((HEIGHT, WIDTH, 1), 255, np.uint8), origin=origin) for origin in origins]


def uncovered(movers: list[Mover], frames: int, text: str, only_missed: bool = True) -> tuple[int, int]:
    """How many of their pixels are left uncovered in the frames that miss them, and how many there are."""
    context = Context(Limits(), Deadline(60), models=Watching(movers))
    left = whole = 0
    for number, picture in enumerate(Run(Pipeline.parse(text), context).frames(white_frames(frames))):
        for one in movers:
            if number in one.missed or not only_missed:
                plane = plane_of(one, number)
                left += int((picture.pixels[:, :, 0][plane] > 0).sum())
                whole += int(plane.sum())
    return left, whole


def share_uncovered(rng: Rng, pull: float, gap: int, text: str, times: int) -> float:
    """The share of pixels that are left uncovered, over so many movers with an acceleration."""
    sums: Any = np.zeros(2, np.int64)
    for _ in range(times):
        sums += uncovered([mover(rng, 12, gap, pull=pull)], 12, text)
    return float(sums[0] / max(sums[1], 1))
