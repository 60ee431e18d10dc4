"""What measures and vision saw, always in the coordinates of the picture as it is now."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Self, TypeVar

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.findings.coverage import Change, Sides
from core.findings.masks import Mask
from core.findings.matrices import Matrix, project, warped
from core.findings.region import KEPT_SHARE, Region

VOID = 255
"""What a class map says where nothing was seen."""
MASK_PIXELS = 64 * 1024 * 1024
"""Most pixels of all masks together; the objects after that keep their box and lose their mask."""
Item = TypeVar("Item")


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A measured thing that has a place, such as a QR code: its region follows the geometry, its facts stay."""

    region: Region
    facts: dict[str, Any]

    def follow(self, matrix: Matrix, width: int, height: int) -> "Mark | None":
        """The mark after a geometry step; None where too little of it is left."""
        region = self.region.follow(matrix, width, height)
        return msgspec.structs.replace(self, region=region) if region else None


class Keypoint(msgspec.Struct, frozen=True):
    """A named point of an object, such as an eye: pixels, and a score from 0 to 1. It may lie outside the picture."""

    name: str
    x: float
    y: float
    score: float


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """What a model tells of an object, such as its age: a `number`, or a `label` and its `score` from 0 to 1."""

    name: str
    model: str
    number: float | None = None
    label: str | None = None
    score: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The attribute in the shape of docs/http.md."""
        if self.number is not None:
            return {"name": self.name, "value": round(self.number, 4), "model": self.model}
        return {"name": self.name, "label": self.label, "score": round(self.score or 0.0, 4), "model": self.model}


class Object(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Something that a model saw. `label` is the class's name, `index` its number in the model, `score` 0 to 1.

    `track` is the identity that it keeps from frame to frame, where a step gave it one; `attributes` are what further
    models tell of it, `facts` what else is known, in JSON.
    """

    label: str
    index: int
    score: float
    region: Region
    model: str
    keypoints: tuple[Keypoint, ...] | None = None
    mask: Mask | None = None
    track: int | None = None
    attributes: tuple[Attribute, ...] | None = None
    facts: dict[str, Any] = {}

    def follow(self, matrix: Matrix, width: int, height: int, least: float = KEPT_SHARE) -> "Object | None":
        """The object after a geometry step; None where less than this share of it is left."""
        region = self.region.follow(matrix, width, height, least)
        if region is None:
            return None
        mask = self.mask.follow(matrix, width, height) if self.mask else None
        return msgspec.structs.replace(self, region=region, keypoints=self._points(matrix), mask=mask)

    def _points(self, matrix: Matrix) -> tuple[Keypoint, ...] | None:
        if not self.keypoints:
            return self.keypoints
        places = project([(point.x, point.y) for point in self.keypoints], matrix).tolist()
        return tuple(
            msgspec.structs.replace(point, x=x, y=y) for point, (x, y) in zip(self.keypoints, places, strict=True)
        )

    def to_json(self, width: int, height: int, *, masks: bool = False) -> dict[str, Any]:
        """The object in the shape of docs/http.md."""
        shown = {**_named(self), **self.region.to_json(width, height)}
        if self.track is not None:
            shown["track"] = self.track
        if self.attributes is not None:
            shown["attributes"] = [told.to_json() for told in self.attributes]
        if self.keypoints is not None:
            shown["keypoints"] = [
                {"name": p.name, "x": round(p.x, 2), "y": round(p.y, 2), "score": round(p.score, 4)}
                for p in self.keypoints
            ]
        if masks and self.mask is not None:
            shown["mask"] = self.mask.rle(width, height)
        return {**shown, **self.facts, "model": self.model}


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What the picture as a whole shows."""

    label: str
    index: int
    score: float
    model: str

    def to_json(self) -> dict[str, Any]:
        """The label in the shape of docs/http.md."""
        return {**_named(self), "model": self.model}


def _named(seen: Object | Label) -> dict[str, Any]:
    return {"label": seen.label, "class": seen.index, "score": round(seen.score, 4)}


_BACKGROUND = {"background", "bg", "void", "unlabeled", "unlabelled"}


def is_background(label: str) -> bool:
    """Whether a class stands for nothing in particular."""
    return label.casefold() in _BACKGROUND


class Segment(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A class for each pixel: `map` (height, width) of the picture's size holds indices into `labels`, or VOID."""

    model: str
    labels: tuple[str, ...]
    map: NDArray[np.uint8]

    def follow(self, matrix: Matrix, width: int, height: int) -> "Segment":
        """The map after a geometry step, each pixel the nearest one; what nothing covers is void."""
        return msgspec.structs.replace(self, map=warped(self.map, matrix, width, height, outside=VOID))

    def label(self, index: int) -> str:
        """The name of a class; its number where it has none."""
        return self.labels[index] if index < len(self.labels) else str(index)

    def where(self, classes: Iterable[str]) -> NDArray[np.uint8]:
        """255 where the pixel is of one of these classes, else 0."""
        wanted = set(classes)
        return self._where(lambda label: label in wanted)

    def foreground(self) -> NDArray[np.uint8]:
        """255 where the pixel is of any class, be it one without a name, but the background's."""
        return self._where(lambda label: not is_background(label))

    def _where(self, shown: Callable[[str], bool]) -> NDArray[np.uint8]:
        table = [255 * (index != VOID and shown(self.label(index))) for index in range(256)]
        return cv2.LUT(self.map, np.array(table, np.uint8))

    def share(self) -> dict[str, float]:
        """What part of the whole picture each class covers that is there, 0 to 1; void is the rest."""
        counts, found = np.bincount(self.map.ravel(), minlength=256), Counter[str]()
        for index in np.flatnonzero(counts[:VOID]).tolist():
            found[self.label(index)] += int(counts[index])
        return {label: round(count / self.map.size, 4) for label, count in found.items()}

    def png(self) -> bytes:
        """The map as an 8-bit grey PNG."""
        return bytes(cv2.imencode(".png", self.map)[1])

    def to_json(self, *, masks: bool = False) -> dict[str, Any]:
        """The map in the shape of docs/http.md; bytes stand for their base64."""
        shown: dict[str, Any] = {"model": self.model, "labels": list(self.labels), "share": self.share()}
        return {**shown, "map": self.png()} if masks else shown


class Sighting(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What one vision step saw, as it saw it, and what was done to the picture since: what hides things goes by this.

    `lost` are objects that an animation's other frames tell of, and this one does not.
    """

    objects: tuple[Object, ...] | None = None
    segments: tuple[Segment, ...] | None = None
    lost: tuple[Object, ...] = ()
    changes: tuple[Change, ...] = ()

    def after(self, change: Change) -> "Sighting":
        """The same after one more change of the picture."""
        last = self.changes[-1] if self.changes else None
        if last and _spreads(last) and _spreads(change):
            both = (last.reach[0] + change.reach[0], last.reach[1] + change.reach[1])
            return msgspec.structs.replace(self, changes=(*self.changes[:-1], Change.spread(change.after, both)))
        return msgspec.structs.replace(self, changes=(*self.changes, change))

    def moved(self, seen: Object) -> Object | None:
        """One of its objects in the picture as it is now; None where nothing of it shows."""
        moved: Object | None = seen
        for change in self.changes:
            moved = moved and moved.follow(change.matrix, *change.after, least=0)
        return moved


def _spreads(change: Change) -> bool:
    """Whether a change moves nothing."""
    return change.before == change.after and np.array_equal(change.matrix, np.eye(3))


class Findings(msgspec.Struct, frozen=True, eq=False):
    """Findings of one frame. None is what no step looked for, `()` what one saw nothing of.

    `measures` maps a measure's name to JSON values, in which lists may hold `Mark`s; `counts` a label to a number, and
    `tracks` a label to how many different objects there have been up to this frame.
    """

    measures: dict[str, Any] = {}
    objects: tuple[Object, ...] | None = None
    labels: tuple[Label, ...] | None = None
    segments: tuple[Segment, ...] | None = None
    counts: dict[str, int] | None = None
    tracks: dict[str, int] | None = None
    slivers: tuple[Object, ...] = ()
    """Objects of which a geometry has left too little to count as seen: what hides things hides them still."""
    sightings: tuple[Sighting, ...] = ()
    """What each vision step saw, as it saw it."""
    smear: tuple[float, float] = (0.0, 0.0)
    """How far the steps so far may have carried a pixel's value, across and down: pixels."""

    def with_measure(self, name: str, value: Any) -> Self:
        """These findings and one measure more (a measure that runs twice keeps its last result)."""
        return msgspec.structs.replace(self, measures={**self.measures, name: value})

    def with_seen(self, seen: "Findings", size: Sides | None = None) -> Self:
        """These findings and those of one vision step more: its objects, labels and maps come after ours.

        `size` is that of the picture that was looked at.
        """
        return msgspec.structs.replace(
            self,
            objects=_within(_joined(self.objects, seen.objects)),
            labels=_joined(self.labels, seen.labels),
            segments=_joined(self.segments, seen.segments),
            counts=self.counts if seen.counts is None else {**(self.counts or {}), **seen.counts},
            sightings=(*self.sighted(), *seen.since(size, self.smear)),
        )

    def sighted(self) -> tuple[Sighting, ...]:
        """The sightings; one of all that is known here, where it was not a vision step that made these findings."""
        known = self.objects is not None or self.segments is not None
        return self.sightings or (Sighting(objects=self.objects, segments=self.segments),) * known

    def since(self, size: Sides | None, smear: tuple[float, float]) -> tuple[Sighting, ...]:
        """The sightings of a picture of this size, in which a thing had been smeared so far before it was seen."""
        if size is None or not any(smear):
            return self.sighted()
        return tuple(sighting.after(Change.spread(size, smear)) for sighting in self.sighted())

    def of(self, classes: Iterable[str]) -> tuple[Object, ...]:
        """The objects of these classes; all of them where none is named."""
        wanted = set(classes)
        return tuple(seen for seen in self.objects or () if not wanted or seen.label in wanted)

    def showing(self, classes: Iterable[str]) -> tuple[Object, ...]:
        """The objects of these classes of which anything at all is in the picture, those that this frame lost too."""
        lost = [sighting.moved(seen) for sighting in self.sightings for seen in sighting.lost]
        hidden = (*self.slivers, *(seen for seen in lost if seen is not None))
        return (*self.of(classes), *msgspec.structs.replace(self, objects=hidden).of(classes))

    def counted(self, classes: tuple[str, ...]) -> dict[str, int]:
        """How many objects of each class there are: of those named, else of all that were seen."""
        found = Counter(seen.label for seen in self.of(classes))
        return {label: found[label] for label in classes or sorted(found)}

    @property
    def _places(self) -> bool:
        """Whether anything here may lie somewhere in the picture."""
        return self.objects is not None or self.segments is not None or bool(self.measures)

    def follow(self, matrix: Matrix, width: int, height: int) -> Self:
        """What the findings show after a geometry step to a picture of `width` × `height` pixels."""
        if not self._places:
            return self
        moved = [(seen, seen.follow(matrix, width, height)) for seen in self.objects or ()]
        lost = [seen for seen, after in moved if after is None]
        kept = tuple(after for _, after in moved if after is not None)
        return msgspec.structs.replace(
            self,
            slivers=_kept((*self.slivers, *lost), lambda seen: seen.follow(matrix, width, height, 0)) or (),
            measures={name: _follow(value, matrix, width, height) for name, value in self.measures.items()},
            objects=None if self.objects is None else _within(kept),
            segments=_kept(self.segments, lambda seen: seen.follow(matrix, width, height)),
        )

    def after(self, change: Change) -> Self:
        """The findings after a step that moves the picture, or mixes its pixels with those around them."""
        sightings = tuple(sighting.after(change) for sighting in self.sighted())
        moved = self.follow(change.matrix, *change.after) if self._places and not _spreads(change) else self
        smear = self.smear if change.everywhere else change.of(self.smear)
        return msgspec.structs.replace(moved, sightings=sightings, smear=smear)

    def to_json(self, width: int, height: int, *, masks: bool = False) -> dict[str, Any]:
        """The JSON shape of docs/http.md; a key is there where a step made it. `masks` shows masks and class maps."""
        shown: dict[str, Any] = {}
        if self.objects is not None:
            shown["objects"] = [seen.to_json(width, height, masks=masks) for seen in self.objects]
        if self.labels is not None:
            shown["labels"] = [seen.to_json() for seen in self.labels]
        if self.segments is not None:
            shown["segments"] = [seen.to_json(masks=masks) for seen in self.segments]
        if self.counts is not None:
            shown["counts"] = self.counts
        if self.tracks is not None:
            shown["tracks"] = self.tracks
        if self.measures:
            shown["measures"] = {name: _show(value, width, height) for name, value in self.measures.items()}
        return shown


def _joined(ours: tuple[Item, ...] | None, theirs: tuple[Item, ...] | None) -> tuple[Item, ...] | None:
    return ours if theirs is None else (*(ours or ()), *theirs)


def _kept(items: tuple[Item, ...] | None, move: Callable[[Item], Item | None]) -> tuple[Item, ...] | None:
    return None if items is None else tuple(moved for moved in map(move, items) if moved is not None)


def _within(objects: tuple[Object, ...] | None) -> tuple[Object, ...] | None:
    """The objects, without the masks that would take more than MASK_PIXELS."""
    if not objects or not any(seen.mask for seen in objects):
        return objects
    sizes = np.cumsum([seen.mask.bits.size if seen.mask else 0 for seen in objects])
    return tuple(
        seen if size <= MASK_PIXELS else msgspec.structs.replace(seen, mask=None)
        for seen, size in zip(objects, sizes, strict=True)
    )


def _follow(value: Any, matrix: Matrix, width: int, height: int) -> Any:
    if not isinstance(value, list) or not any(isinstance(item, Mark) for item in value):
        return value
    return [moved for mark in value if (moved := mark.follow(matrix, width, height)) is not None]


def _show(value: Any, width: int, height: int) -> Any:
    if not isinstance(value, list):
        return value
    return [{**item.facts, **item.region.to_json(width, height)} if isinstance(item, Mark) else item for item in value]
