"""Vision: steps that ask a model what is in the picture, and two that count and follow it. They change no pixels."""

from typing import Annotated, Any

import msgspec

from core.cost import Cost
from core.findings.findings import Findings
from core.findings.tracker import Tracker
from core.language.values import Tiles, doc, ranged
from core.models.vision import WHOLE, VisionInput
from core.picture import Moment, Picture
from core.registry import measure, vision

_SCORE = ranged(0, 1, "Least score that counts; left out, the model's own")
_IOU = ranged(0, 1, "Overlap of two boxes of a class above which the worse one goes; left out, the model's own")
_TILES = doc("Windows that are looked at beside the whole picture: auto by its size, 4 along the longer side, 4x2")
_MOST = ranged(1, 1000, "Most objects, the best first")


def _classes(classes: tuple[str, ...], **_: Any) -> tuple[str, ...]:
    return classes


@vision(task="detect", example="detect", ships=True, classes=_classes)
def detect(
    view: VisionInput,
    score: Annotated[float | None, _SCORE] = None,
    iou: Annotated[float | None, _IOU] = None,
    classes: Annotated[tuple[str, ...], doc("Classes to look for, such as person+hot_dog; left out, all")] = (),
    max: Annotated[int, _MOST] = 100,  # noqa: A002 - its name in the grammar
    tiles: Annotated[Tiles, _TILES] = WHOLE,
) -> Findings:
    """Find objects: what each is, where, and how sure that is.

    What is found is the same whatever the answer looks like: the picture is decoded in full, and of an animation every
    frame is looked at.
    A second `detect` adds its objects to those of the first.
    A network sees the picture scaled to its input (docs/models.md): of a panorama of 8,000 × 800 pixels the one that
    ships sees 320 × 32, in which a thing of 100 pixels is a dot of 4, and nothing is found. `tiles=auto` looks at
    windows about twice as large as the input too, up to 32, each sharing a third with its neighbours: a thing that a
    seam cuts is reported once. Each window is a run of the network, and counts as work.
    Source: https://docs.openvino.ai (the runtime), and for each model the address in docs/models.md.
    """
    return view.see(view.wanted(score, iou, max, classes), tiles)


@vision(task="faces", example="faces")
def faces(
    view: VisionInput,
    score: Annotated[float | None, _SCORE] = None,
    iou: Annotated[float | None, _IOU] = None,
    max: Annotated[int, _MOST] = 100,  # noqa: A002
    tiles: Annotated[Tiles, _TILES] = WHOLE,
) -> Findings:
    """Find faces: objects labelled `face`, with eyes, nose and mouth where the model knows them.

    Source: https://docs.openvino.ai (the runtime), and for each model the address in docs/models.md.
    """
    return view.see(view.wanted(score, iou, max), tiles)


@vision(task="persons", example="persons")
def persons(
    view: VisionInput,
    score: Annotated[float | None, _SCORE] = None,
    iou: Annotated[float | None, _IOU] = None,
    max: Annotated[int, _MOST] = 100,  # noqa: A002
    tiles: Annotated[Tiles, _TILES] = WHOLE,
) -> Findings:
    """Find persons, with a model that looks for nothing else.

    Source: https://docs.openvino.ai (the runtime), and for each model the address in docs/models.md.
    """
    return view.see(view.wanted(score, iou, max), tiles)


@vision(task="segment", memory=4, example="segment")
def segment(view: VisionInput) -> Findings:
    """Say for every pixel what it is: a class map, and each class's share of the picture.

    `draw` paints the map over the picture, `mask` makes a black and white picture of some of its classes.
    Source: https://docs.openvino.ai (the runtime), and for each model the address in docs/models.md.
    """
    return view.see(view.wanted(None, None, 1))


@vision(task="classify", example="classify")
def classify(
    view: VisionInput,
    top: Annotated[int, ranged(1, 100, "Most labels, the best first")] = 5,
    score: Annotated[float, ranged(0, 1, "Least score that counts")] = 0.0,
) -> Findings:
    """Say what the picture as a whole shows.

    Source: https://docs.openvino.ai (the runtime), and for each model the address in docs/models.md.
    """
    return view.see(view.wanted(score, None, top))


@vision(
    task="attributes", cost=Cost(fixed=100, each=40), memory=1, example="detect/attributes", ships=True,
    findings="objects", classes=_classes,
)  # fmt: skip
def attributes(
    view: VisionInput,
    classes: Annotated[tuple[str, ...], doc("Classes to look at, such as face; left out, all that was found")] = (),
    margin: Annotated[float, ranged(0, 5, "What is looked at around it, as a share of its width and height")] = 0.0,
    max: Annotated[int, ranged(1, 100, "Most objects, the best first; further ones get no attributes")] = 20,  # noqa: A002
) -> Findings:
    """Tell more of each object that was found before: age and gender of faces, the style of a shape.

    Each object is cut out of the picture, upright, and shown to the model; what it tells is in the object's
    `attributes`, a `value` or a `label` with its score, and goes with the object through every geometry. The network
    runs once an object: that is its cost.
    The model that ships tells of a drawn shape whether it is filled or outlined, and how light it is.
    Source: https://docs.openvino.ai (the runtime), and for each model the address in docs/models.md.
    """
    return view.described(classes, margin, max)


@measure(cost=Cost(fixed=10, each=2), memory=1, example="detect/count", findings="objects", classes=_classes, reach=0)
def count(
    picture: Picture,
    classes: Annotated[
        tuple[str, ...], doc("Classes to count, 0 where there is none; left out, all that are seen")
    ] = (),
) -> Findings:
    """Count the objects of each class.

    Of an animation every frame is looked at and counted for itself, whether or not the picture comes with the answer:
    `{"frames": [{"index": 0, "ms": 0, "counts": …}, …]}`. Nobody is followed from frame to frame; `track` does that.
    Source: the steps before it.
    """
    return Findings(counts=picture.findings.counted(classes))


@measure(cost=Cost(fixed=150, each=5), memory=1, example="detect/track", findings="objects", reach=0)
def track(
    moment: Moment,
    lost: Annotated[int, ranged(0, 300, "Frames for which an object that is not seen keeps its identity")] = 15,
    iou: Annotated[float, ranged(0.01, 1, "Overlap with where an object is expected from which it is the same")] = 0.3,
) -> Findings:
    """Give each object an identity that it keeps from frame to frame, in an animation or a stream.

    Objects of a class are matched with where those of the frames before should be now, if they go on as they did: the
    largest overlap first, then the nearest. `track` is the number of an object, from 1; `tracks` tells of each class
    how many different objects there have been so far. In a still every object is new.
    Source: Bewley et al., Simple online and realtime tracking, 2016, https://arxiv.org/abs/1602.00763, with the best
    pair first in place of the Hungarian method, and a constant velocity in place of the Kalman filter.
    """
    tracker: Tracker = moment.memory.setdefault("tracker", Tracker())
    findings = moment.picture.findings
    return msgspec.structs.replace(
        findings, objects=tracker.follow(findings.objects or (), lost, iou), tracks=dict(tracker.counts)
    )
