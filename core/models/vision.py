"""From a model's prediction, in the coordinates of its input, to findings in those of the picture."""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NoReturn, Protocol

import msgspec
import numpy as np

from core.errors import UnknownModelError
from core.findings.findings import MASK_PIXELS, VOID, Attribute, Findings, Keypoint, Label, Object, Segment
from core.findings.masks import Mask, Plane
from core.findings.matrices import Matrix, project, warped
from core.findings.region import Region
from core.language.values import Tiles
from core.limits import Deadline
from core.models.model import Model, Task
from core.models.prediction import AttributeValues, Classification, ClassMap, DetectionOptions, Detections, Prediction
from core.models.scaled import Placed, Scaled, scaled_for
from core.models.seams import joined, within_room
from core.models.tiles import Window, windows_of
from core.picture import Picture, Pixels, Size

MAKES = {"detect": "objects", "faces": "objects", "persons": "objects", "segment": "segments", "classify": "labels"}
"""The kind of findings that the steps of a task produce."""
WHOLE = Tiles(1)
"""A picture looked at as a whole."""


class InputFit(Protocol):
    """How a picture became a network's input."""

    @property
    def size(self) -> Size:
        """Size of the network's input."""
        ...

    @property
    def matrix(self) -> Matrix:
        """Network's input to picture, 3×3, edge coordinates."""
        ...


class Models(Protocol):
    """The models that a run may use; the caller passes them in."""

    def find(self, task: Task | None, name: str | None) -> Model:
        """The model of this name, or the task's default; UnknownModelError (400) if there is none."""
        ...

    def labels(self, model: Model) -> tuple[str, ...]:
        """Names of the model's classes, in their order, without loading the network."""
        ...

    def see(
        self, model: Model, pixels: Pixels, wanted: DetectionOptions, deadline: Deadline
    ) -> tuple[Prediction, InputFit]:
        """The model's prediction for pixels (grey, BGR or BGRA). Errors: 503, 429, 504 with a code for each cause."""
        ...

    def see_each(
        self, model: Model, parts: Sequence[Pixels], wanted: DetectionOptions, deadline: Deadline
    ) -> list[Prediction]:
        """The model's prediction for each part of a picture, each as if it were alone. Errors: those of `see`."""
        ...

    def identity(self, model: Model) -> dict[str, Any]:
        """Everything about the model that affects its predictions, as JSON."""
        ...


class _NoModels:
    def find(self, task: Task | None, name: str | None) -> NoReturn:
        raise UnknownModelError(name or task or "", ())

    def labels(self, model: Model) -> NoReturn:
        raise UnknownModelError(model.name, ())

    def see(self, model: Model, pixels: Pixels, wanted: DetectionOptions, deadline: Deadline) -> NoReturn:  # noqa: ARG002
        raise UnknownModelError(model.name, ())

    def see_each(
        self,
        model: Model,
        parts: Sequence[Pixels],  # noqa: ARG002
        wanted: DetectionOptions,  # noqa: ARG002
        deadline: Deadline,  # noqa: ARG002
    ) -> NoReturn:
        raise UnknownModelError(model.name, ())

    def identity(self, model: Model) -> NoReturn:
        raise UnknownModelError(model.name, ())


NO_MODELS: Models = _NoModels()
"""For callers without models."""


class VisionInput(msgspec.Struct, frozen=True):
    """What a vision step gets: the picture, its model, and the names of the model's classes."""

    picture: Picture
    model: Model
    labels: tuple[str, ...]
    models: Models
    deadline: Deadline

    def wanted(
        self, score: float | None, iou: float | None, most: int, classes: Iterable[str] = ()
    ) -> DetectionOptions:
        """The options for the decoder; None is the model's own default."""
        names = set(classes)
        indices = frozenset(index for index, label in enumerate(self.labels) if label in names) if names else None
        chosen = (self.model.score if score is None else score, self.model.iou if iou is None else iou)
        return DetectionOptions(*chosen, most, indices)

    def see(self, wanted: DetectionOptions, tiles: Tiles = WHOLE) -> Findings:
        """What the model finds, in the picture's coordinates; of several windows each object once."""
        windows = windows_of(tiles, self.picture.size, self.model.input)
        if len(windows) == 1:
            return self._window(windows[0], wanted)
        found, room = [], MASK_PIXELS
        scaled = scaled_for(self.picture.pixels, windows[-1].size, self.model.input)
        for window in windows:
            alike = scaled if window.size == windows[-1].size else None
            seen = self._scaled_window(alike, window, wanted) if alike else self._window(window, wanted)
            objects, room = within_room(seen.objects or (), room)
            found.append(objects)
        return Findings(objects=tuple(joined(windows, found, self.picture.size, wanted.iou, wanted.most)))

    def _window(self, window: Window, wanted: DetectionOptions) -> Findings:
        """What the model finds in a part of the picture, in the part's coordinates."""
        pixels = self.picture.pixels[window.top : window.bottom, window.left : window.right]
        prediction, fit = self.models.see(self.model, pixels, wanted, self.deadline)
        return findings_of(prediction, fit, self.model, self.labels, window.size)

    def _scaled_window(self, scaled: Scaled, window: Window, wanted: DetectionOptions) -> Findings:
        """As `_window`, of a part that is scaled already."""
        pixels, matrix = scaled.cut(window)
        prediction, fit = self.models.see(self.model, pixels, wanted, self.deadline)
        placed = Placed(fit.size, matrix @ fit.matrix)
        return findings_of(prediction, placed, self.model, self.labels, window.size)

    def described(self, classes: Iterable[str], margin: float, most: int) -> Findings:
        """All findings, the best `most` objects of these classes with what the model tells of each."""
        found = self.picture.findings
        chosen = sorted(found.of(classes), key=lambda seen: -seen.score)[:most]
        boxes = (_crop(seen.region, margin, self.picture.size) for seen in chosen)
        crops = [self.picture.pixels[top:bottom, left:right] for left, top, right, bottom in boxes]
        predictions = self.models.see_each(self.model, crops, self.wanted(None, None, 1), self.deadline)
        told = {id(seen): self._told(seen, one) for seen, one in zip(chosen, predictions, strict=True)}
        objects = (told.get(id(seen), seen) for seen in found.objects or ())
        return msgspec.structs.replace(found, objects=tuple(objects))

    def _told(self, seen: Object, prediction: Prediction) -> Object:
        """The object with the model's attributes; those that the same model told before are replaced."""
        values = prediction.values if isinstance(prediction, AttributeValues) else ()
        kept = tuple(one for one in seen.attributes or () if one.model != self.model.name)
        own = (
            Attribute(model=self.model.name, name=one.name, number=one.number, label=one.label, score=one.score)
            for one in values
        )
        return msgspec.structs.replace(seen, attributes=(*kept, *own))


def _crop(region: Region, margin: float, size: Size) -> tuple[int, int, int, int]:
    """The pixels of the upright box around a region and a margin, inside the picture, at least one."""
    left, top, right, bottom = region.bounds
    across, down = (right - left) * margin, (bottom - top) * margin
    lefts = int(min(max(left - across, 0), size.width - 1))
    tops = int(min(max(top - down, 0), size.height - 1))
    rights, bottoms = math.ceil(right + across), math.ceil(bottom + down)
    return lefts, tops, max(lefts + 1, min(rights, size.width)), max(tops + 1, min(bottoms, size.height))


def labels_of(models: Models, model: Model) -> tuple[str, ...]:
    """The names of a model's classes as a pipeline writes them: "hotdog, hot dog, red hot" is `hotdog`.

    Spaces become `_`. Models that find faces have the one class `face`.
    """
    if model.task == "faces":
        return ("face",)
    return _written(models.labels(model))


@lru_cache(maxsize=64)
def _written(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("_".join(label.partition(",")[0].split()) for label in labels)


def findings_of(prediction: Prediction, fit: InputFit, model: Model, labels: tuple[str, ...], size: Size) -> Findings:
    """A prediction as findings of a picture of this size."""
    if isinstance(prediction, Detections):
        return Findings(objects=_objects(prediction, fit, model, labels, size))
    if isinstance(prediction, AttributeValues):
        return Findings()
    if isinstance(prediction, Classification):
        pairs = zip(prediction.classes.tolist(), prediction.scores.tolist(), strict=True)
        return Findings(
            labels=tuple(
                Label(label=_name(labels, index), index=index, score=score, model=model.name) for index, score in pairs
            )
        )
    return Findings(segments=(_segment(prediction, fit.matrix, model, labels, size),))


def _name(labels: tuple[str, ...], index: int) -> str:
    """The name of a class; its number if it has none. A model with one class finds only that class."""
    if len(labels) == 1:
        return labels[0]
    return labels[index] if 0 <= index < len(labels) else str(index)


def _segment(prediction: ClassMap, matrix: Matrix, model: Model, labels: tuple[str, ...], size: Size) -> Segment:
    return Segment(
        model=model.name, labels=labels, map=warped(prediction.map, matrix, size.width, size.height, outside=VOID)
    )


def _objects(seen: Detections, fit: InputFit, model: Model, labels: tuple[str, ...], size: Size) -> tuple[Object, ...]:
    """Detections as objects, without those that lie wholly in the padding around the picture."""
    if not len(seen.boxes):  # of most windows of a large picture
        return ()
    matrix, classes, scores = fit.matrix, seen.classes.tolist(), seen.scores.tolist()
    boxes = project(seen.boxes.reshape(-1, 2), matrix).clip(0, np.array(size, np.float64)).reshape(-1, 4).tolist()
    kept = [number for number, (left, top, right, bottom) in enumerate(boxes) if right > left and bottom > top]
    masks = _masks(seen, kept, fit, size)
    return tuple(
        Object(
            label=_name(labels, classes[number]),
            index=classes[number],
            score=scores[number],
            region=Region.box(*boxes[number]),
            model=model.name,
            keypoints=_keypoints(seen, number, matrix, model),
            mask=mask,
        )
        for number, mask in zip(kept, masks, strict=True)
    )


def _keypoints(seen: Detections, number: int, matrix: Matrix, model: Model) -> tuple[Keypoint, ...] | None:
    if seen.keypoints is None:
        return None
    points = seen.keypoints[number]
    places = project(points[:, :2], matrix).tolist()
    scores = points[:, 2].tolist()
    return tuple(
        Keypoint(model.keypoints[index] if index < len(model.keypoints) else str(index), x, y, score)
        for index, ((x, y), score) in enumerate(zip(places, scores, strict=True))
    )


def _masks(seen: Detections, kept: Iterable[int], fit: InputFit, size: Size) -> Iterator[Mask | None]:
    """A mask for each of these objects, until all together have MASK_PIXELS; further ones have none."""
    room = MASK_PIXELS
    for number in kept:
        mask = _mask(seen.masks[number], fit, size) if seen.masks is not None and room > 0 else None
        room -= mask.bits.size if mask else 0
        yield mask


def _mask(plane: Plane, fit: InputFit, size: Size) -> Mask:
    """A mask over the whole network input, converted to one of the picture, cropped to the object's pixels."""
    left, top, right, bottom = _around(plane)
    grown = np.diag((fit.size.width / plane.shape[1], fit.size.height / plane.shape[0], 1.0))
    small = Mask(left, top, np.ascontiguousarray(plane[top:bottom, left:right]))
    return small.follow(fit.matrix @ grown, *size, smooth=True)


def _around(plane: Plane) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the pixels that are set, with a margin of one."""
    rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
    if not len(rows):
        return 0, 0, 0, 0
    tops, lefts = (np.maximum(places[0] - 1, 0) for places in (rows, columns))
    bottoms, rights = (min(places[-1] + 2, side) for places, side in zip((rows, columns), plane.shape, strict=True))
    return int(lefts), int(tops), int(rights), int(bottoms)
