"""Fake models for the documentation: they know what `tools/scene.py` draws, so that no weights are needed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
from tools.scene import HEIGHT, HORIZON, WIDTH

_THINGS = ("house", "tree", "sun", "sign")
_GROUND = ("background", "road", "pavement", "house", "tree")
_CLASSES = ("street", "village", "sunset")
_HOUSES = [
    (70 + 66 * i, HORIZON - 8 - high, 138 + 66 * i, HORIZON + 18) for i, high in enumerate((78, 102, 86, 70, 94))
]
_OBJECTS = [
    *((0, box, 0.97 - 0.02 * i) for i, box in enumerate(_HOUSES)),
    (1, (16, 130, 88, 236), 0.95),
    (1, (402, 138, 474, 244), 0.94),
    (2, (332, 68, 380, 116), 0.99),
    (3, (218, 194, 322, 214), 0.88),
]
_LABELS: dict[Task, tuple[str, ...]] = {
    "detect": _THINGS, "faces": ("face",), "persons": ("person",), "segment": _GROUND, "classify": _CLASSES,
    "attributes": (),
}  # fmt: skip


class Same(NamedTuple):
    """The fit of a network whose input is the picture itself."""

    matrix: NDArray[np.float64]
    size: Size = Size(WIDTH, HEIGHT)


class SceneModels:
    """One model for each task, which knows only the street."""

    def find(self, task: Task | None, name: str | None) -> Model:
        """The model of a task, whatever its name."""
        image = Input(name="image", size=(WIDTH, HEIGHT))
        return Model(
            name=name or "scene", title="What is drawn", task=task or "detect", decoder="", files=(), licence="",
            source="", revision="1", memory=0, cost=1, input=image,
        )  # fmt: skip

    def labels(self, model: Model) -> tuple[str, ...]:
        """The names of what is drawn."""
        return _LABELS[model.task]

    def identity(self, model: Model) -> dict[str, Any]:
        """Its name."""
        return {"name": model.name}

    def see(
        self,
        model: Model,
        pixels: Pixels,
        wanted: DetectionOptions,
        deadline: Deadline,  # noqa: ARG002
    ) -> tuple[Prediction, Same]:
        """What is drawn in the street."""
        scale = np.diag((pixels.shape[1] / WIDTH, pixels.shape[0] / HEIGHT, 1.0))
        return _prediction(model.task, wanted), Same(scale)

    def see_each(
        self, model: Model, parts: Sequence[Pixels], wanted: DetectionOptions, deadline: Deadline
    ) -> list[Prediction]:
        """What is drawn, for each part."""
        return [self.see(model, part, wanted, deadline)[0] for part in parts]


def _prediction(task: Task, wanted: DetectionOptions) -> Prediction:
    if task == "segment":
        return ClassMap(_ground())
    if task == "attributes":
        return AttributeValues((ValueOf("lightness", number=62.0), ValueOf("style", label="filled", score=0.97)))
    if task == "classify":
        return Classification(np.arange(3)[: wanted.most], np.array([0.81, 0.12, 0.04], np.float32)[: wanted.most])
    drawn = _OBJECTS if task == "detect" else []
    objects = [item for item in drawn if wanted.classes is None or item[0] in wanted.classes]
    boxes, scores, classes = ([item[i] for item in objects[: wanted.most]] for i in (1, 2, 0))
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), np.array(classes, np.intp)
    )


def _ground() -> NDArray[np.uint8]:
    """The road with its pavement, and boxes for houses and trees."""
    plane = np.zeros((HEIGHT, WIDTH), np.uint8)
    plane[HORIZON + 18 : HORIZON + 30], plane[HORIZON + 30 :] = 2, 1
    for index, (left, top, right, bottom), _ in _OBJECTS:
        if index < 2:
            plane[top:bottom, left:right] = 3 + index
    return plane
