"""Models that see what a test tells them to, in shares of the picture."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import UnknownModelError
from core.findings.matrices import Matrix
from core.imaging.alpha import flattened
from core.limits import Deadline
from core.models.model import Input, Model, Task
from core.models.prediction import (
    AttributeValues,
    Classification,
    ClassMap,
    DetectionOptions,
    Detections,
    Prediction,
    ValueOf,
)
from core.picture import Pixels, Size

SIDE = 100
"""Side of every fake network's input, pixels: its boxes are percents of the picture."""
Box = tuple[float, float, float, float]
FACES = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
LABELS: dict[str, tuple[str, ...]] = {
    "shapes": ("circle", "square", "triangle", "star"),
    "things": ("person", "dog", "hot dog", "car"),
    "outlines": ("person", "dog"),
    "retail": ("face",),
    "walkers": ("person",),
    "street": ("background", "road", "curb", "mark"),
    "names": ("tabby cat, tabby", "hot dog", "macaw"),
    "ages": (),
    "moods": (),
}
TASKS: dict[str, Task] = {
    "shapes": "detect", "things": "detect", "outlines": "detect", "retail": "faces", "walkers": "persons",
    "street": "segment", "names": "classify", "ages": "attributes", "moods": "attributes",
}  # fmt: skip


class Seen(NamedTuple):
    """One object that a fake sees: percents of the picture's sides."""

    index: int
    box: Box
    score: float = 0.9


SEES: dict[str, tuple[Seen, ...]] = {
    "shapes": (Seen(0, (10, 20, 40, 60)), Seen(3, (55, 30, 90, 80), 0.7)),
    "things": (Seen(0, (10, 10, 40, 90)), Seen(0, (60, 30, 80, 70), 0.6), Seen(1, (45, 50, 70, 95), 0.5)),
    "outlines": (Seen(0, (20, 20, 80, 80)),),
    "retail": (Seen(0, (15, 15, 35, 45)), Seen(0, (60, 20, 75, 45), 0.8)),
    "walkers": (Seen(0, (10, 10, 40, 90)),),
}


class Scaled(NamedTuple):
    """The fit of a picture that was stretched to the network's input."""

    matrix: Matrix
    size: Size = Size(SIDE, SIDE)


class FakeModels:
    """What a run may ask. `sees` replaces what a model sees; `frames` and `maps` give each call its own."""

    def __init__(
        self,
        *,
        frames: dict[str, list[tuple[Seen, ...]]] | None = None,
        maps: list[NDArray[np.uint8]] | None = None,
        **sees: tuple[Seen, ...],
    ) -> None:
        self.maps = maps
        self.sees = {**SEES, **sees}
        self.frames = frames or {}
        self.asked: list[tuple[str, DetectionOptions]] = []
        self.shown: list[tuple[str, Size]] = []
        self.revision = "1"
        self.cost = 1.0

    def find(self, task: Task | None, name: str | None) -> Model:
        """The model of this name, or the first of the task."""
        known = [model for model, other in TASKS.items() if task in {None, other}]
        if name is not None and name not in known:
            raise UnknownModelError(name, known)
        return self._model(name or known[0])

    def _model(self, name: str) -> Model:
        return Model(
            name=str(name), title=name, task=TASKS[name], decoder="yolox", files=(), licence="Apache-2.0", source="",
            revision="1", memory=1, cost=self.cost, input=Input(name="image", size=(SIDE, SIDE)), labels=LABELS[name],
            keypoints=FACES if name == "retail" else (),
        )  # fmt: skip

    def labels(self, model: Model) -> tuple[str, ...]:
        """The names of its classes."""
        return LABELS[model.name]

    def identity(self, model: Model) -> dict[str, Any]:
        """Name and revision."""
        return {"name": model.name, "revision": self.revision}

    def see(
        self, model: Model, pixels: Pixels, wanted: DetectionOptions, deadline: Deadline
    ) -> tuple[Prediction, Scaled]:
        """What was told, whatever the pixels."""
        deadline.check(model.name)
        self.asked.append((model.name, wanted))
        height, width = pixels.shape[:2]
        self.shown.append((model.name, Size(width, height)))
        if model.task == "attributes":
            return attributes(model.name, pixels), Scaled(np.eye(3))
        return self._prediction(model, wanted), Scaled(np.diag((width / SIDE, height / SIDE, 1.0)))

    def see_each(
        self, model: Model, parts: Sequence[Pixels], wanted: DetectionOptions, deadline: Deadline
    ) -> list[Prediction]:
        """What was told of each part."""
        return [self.see(model, part, wanted, deadline)[0] for part in parts]

    def _prediction(self, model: Model, wanted: DetectionOptions) -> Prediction:
        if model.task == "segment":
            return ClassMap(street() if self.maps is None else self.maps.pop(0))
        if model.task == "classify":
            return Classification(
                np.array([1, 0, 2])[: wanted.most], np.array([0.8, 0.15, 0.05], np.float32)[: wanted.most]
            )
        told = self.frames[model.name].pop(0) if model.name in self.frames else self.sees[model.name]
        kept = [
            seen
            for seen in told
            if seen.score >= wanted.score and (wanted.classes is None or seen.index in wanted.classes)
        ]
        return detections(kept[: wanted.most], keypoints=model.name == "retail", masks=model.name == "outlines")


def attributes(name: str, pixels: Pixels) -> AttributeValues:
    """An age that is the mean of the pixels' first channel, or a mood by whether that is dark."""
    mean = float(flattened(pixels, (255, 255, 255))[:, :, 0].mean())
    if name == "ages":
        return AttributeValues((ValueOf("age", number=mean),))
    return AttributeValues((ValueOf("mood", label="sad" if mean < 100 else "glad", score=0.75),))


def detections(seen: list[Seen], *, keypoints: bool = False, masks: bool = False) -> Detections:
    """Boxes; with keypoints in a cross within each, with an ellipse within each as its mask."""
    boxes = np.array([one.box for one in seen], np.float32).reshape(-1, 4)
    return Detections(
        boxes,
        np.array([one.score for one in seen], np.float32),
        np.array([one.index for one in seen], np.intp),
        np.array([cross(one.box) for one in seen], np.float32).reshape(-1, 5, 3) if keypoints else None,
        np.array([ellipse(one.box) for one in seen], np.uint8).reshape(-1, SIDE, SIDE) if masks else None,
    )


def cross(box: Box) -> list[tuple[float, float, float]]:
    """Five points of a face."""
    left, top, right, bottom = box
    places = ((0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75))
    return [(left + x * (right - left), top + y * (bottom - top), 0.9) for x, y in places]


def ellipse(box: Box) -> NDArray[np.uint8]:
    """255 inside the ellipse that fills a box."""
    left, top, right, bottom = box
    across = (np.arange(SIDE) + 0.5 - (left + right) / 2) / ((right - left) / 2)
    down = (np.arange(SIDE) + 0.5 - (top + bottom) / 2) / ((bottom - top) / 2)
    return np.where(across[None, :] ** 2 + down[:, None] ** 2 <= 1, 255, 0).astype(np.uint8)


def street() -> NDArray[np.uint8]:
    """Background above, a road below with a mark on it, curbs at both sides."""
    plane = np.zeros((SIDE, SIDE), np.uint8)
    plane[50:] = 1
    plane[50:, :10] = plane[50:, 90:] = 2
    plane[60:90, 45:55] = 3
    return plane
