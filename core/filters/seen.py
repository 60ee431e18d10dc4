"""Filters that read what vision found, and hide it, cut it out or frame it."""

from functools import partial
from typing import Annotated, Any, Literal

import cv2
import numpy as np

from core.cost import Cost
from core.errors import BadParameterError, NeedsFindingsError
from core.filter import Reads
from core.findings.coverage import EVERYWHERE
from core.findings.findings import Findings, Object, Segment, Sighting
from core.findings.masks import Plane, cover
from core.imaging.alpha import emptied
from core.imaging.compositing import with_alpha
from core.imaging.geometry import Geometry, Placement, no_change
from core.imaging.geometry import crop_geometry as kept_box
from core.imaging.redaction import Area, How, area_of, areas_of, hidden
from core.imaging.spectrum import gaussian
from core.imaging.subject import around, keep_inside, largest, nothing_found, on_subject
from core.language.values import BLACK, Aspect, Color, doc, ranged
from core.picture import Picture, Pixels, Size
from core.registry import image_filter

_COSTS: dict[How, float] = {"fill": 10, "pixelate": 30, "blur": 32}
_KEPT_FRAMES = 3
"""For how many frames of an animation that lost an object it stays hidden."""


def _redact_reach(how: How, **_: Any) -> float:
    return 0 if how == "fill" else EVERYWHERE  # a mean of a block is all over it


def _classes(classes: tuple[str, ...], **_: Any) -> tuple[str, ...]:
    return classes


# --- redact --------------------------------------------------------------------------------------------------------


def _redact_cost(how: How, area: str, **_: Any) -> Cost:
    return Cost(pixel=_COSTS[how] + (40 if area == "mask" else 0), fixed=60, each=50)


def _redact_memory(how: How, area: str, **_: Any) -> float:
    return (6 if how == "blur" else 4.5) + (2 if area == "mask" else 0)


def _redact_reads(area: str, **_: Any) -> Reads:
    return "areas" if area == "mask" else "objects"


@image_filter(
    cost=_redact_cost,
    memory=_redact_memory,
    alpha="own",
    example="detect/redact",
    findings=_redact_reads,
    classes=_classes,
    linger=_KEPT_FRAMES,
    hides=True,
    reach=_redact_reach,
    revision=3,
)
def redact(
    picture: Picture,
    classes: Annotated[tuple[str, ...], doc("Classes to hide, such as person+car; left out, all that was found")] = (),
    how: Annotated[How, doc("One colour, or a few means of blocks: flowing, or as squares")] = "fill",
    area: Annotated[Literal["box", "mask"], doc("Hide boxes, or objects' masks and class maps")] = "box",
    margin: Annotated[float, ranged(0, 5, "What is hidden around it, as a share of its width and height")] = 0.1,
    color: Annotated[Color, doc("Colour of fill; opaque")] = BLACK,
    blocks: Annotated[int, ranged(1, 32, "Blocks along the longer side for blur and pixelate; fewer hide more")] = 8,
) -> Pixels:
    """Hide what was found: people, faces, plates, whatever the model before it finds.

    Nothing of what was found can be told from a filled area, or from what lies around it; from a blurred or pixelated
    one the means of its blocks can. Every pixel is hidden that holds any share of what was found: where steps between
    the model and `redact` scale, turn or blur the picture, the area grows by as far as they mix pixels (so it does by
    what steps before the model mix). Of an object that a crop leaves a sliver of, the sliver is hidden; where the
    picture's pixels end, what is hidden ends.

    A step whose result may depend on any pixel (`autocontrast`, `equalize`, `quantize`, `trim`, `deskew`, a `crop` by
    what the picture shows, a filter that does not declare its reach, …) is refused between the model and `redact`, and
    so is a measure (`palette`, `phash`, `qr`, …) anywhere before it: it would tell of what is hidden. The error,
    `redact_too_late`, names the order that is right. Before the model such a step is allowed: what it makes is the
    picture that is looked at, of which all but what is found stays. What the findings say stays in the answer.

    In an animation what up to three frames in a row have lost is hidden where the other frames tell that it is: between
    those that saw it on an even way, before the first and after the last as it moved there. Where it moves evenly all
    of it is hidden; where it speeds up or turns, some may be seen. Boxes and masks are followed by a box around, parts
    of class maps by their form.

    Where it cannot do what it was told, there is an error and no picture; where nothing was found, the picture stays
    as it is. A class map (`segment`) has no boxes: write `segment/redact:person,area=mask`. Without classes all that
    was found is hidden, of a map all but its background.
    Source: Hill et al., "On the (In)effectiveness of Mosaicing and Blurring as Tools for Document Redaction", 2016.
    """
    if color.alpha != 255:
        raise BadParameterError("redact.color", "an opaque colour", color)
    found, by_mask = picture.findings, area == "mask"
    if found.objects is None and not (by_mask and found.segments is not None):
        raise NeedsFindingsError('"redact" reads objects: put `detect`, `faces` or `persons` before it.')
    hide: list[Area] = []
    for sighting in found.sighted():
        hide += _hidden_objects(sighting, classes, picture.size, margin, by_mask=by_mask)
        if by_mask and sighting.segments:
            hide += areas_of(_where(sighting.segments, classes), margin, sighting.changes)
    return hidden(picture.pixels, hide, how, color, blocks)


def _hidden_objects(
    sighting: Sighting, classes: tuple[str, ...], size: Size, margin: float, *, by_mask: bool, masked: bool = True
) -> list[Area]:
    """The areas of the objects that a vision step saw, and of those that other frames tell of.

    `masked` refuses an object without a mask where masks are to be followed; else it is its region.
    """
    if sighting.objects is None and not by_mask:
        return []  # of a class map no boxes are hidden
    wanted = set(classes)
    objects = [seen for seen in sighting.objects or () if not wanted or seen.label in wanted]
    if by_mask and masked and any(seen.mask is None for seen in objects):
        raise NeedsFindingsError(
            '"redact" has area=mask, and the model before it makes no masks; leave `area` out.',
            parameter="redact.area",
        )
    lost = [seen for seen in sighting.lost if not wanted or seen.label in wanted]
    return [area_of(seen, size, margin, by_mask=by_mask, changes=sighting.changes) for seen in (*objects, *lost)]


def _where(segments: tuple[Segment, ...], classes: tuple[str, ...]) -> Plane:
    """255 where any of several class maps is of one of these classes, without classes of any but the background."""
    planes = [segment.where(classes) if classes else segment.foreground() for segment in segments]
    return planes[0] if len(planes) == 1 else np.maximum.reduce(planes)


# --- cutout and mask -----------------------------------------------------------------------------------------------


def areas(findings: Findings, classes: tuple[str, ...], size: Size, *, slivers: bool = False) -> Plane:
    """255 where an object or a class map is of one of these classes, as large as the picture.

    An object without a mask is its region. Without classes it is all objects, or, where only class maps were made, all
    of them but their background. `slivers` takes objects in of which a geometry has left too little to count.
    """
    plane = np.zeros((size.height, size.width), np.uint8)
    for seen in findings.showing(classes) if slivers else findings.of(classes):
        if seen.mask is None:
            cover(plane, seen.region)
            continue
        view = plane[seen.mask.rows, seen.mask.columns]
        np.maximum(view, seen.mask.bits, out=view)
    if classes or findings.objects is None:
        np.maximum(plane, mapped(findings, classes, size), out=plane)
    return plane


def _covered(findings: Findings, classes: tuple[str, ...], size: Size) -> Plane:
    """255 where a pixel holds anything of what `areas` tells, slivers and lost objects too: what is cut out is gone."""
    plane = np.zeros((size.height, size.width), np.uint8)
    for sighting in findings.sighted():
        maps = sighting.segments if classes or findings.objects is None else None
        hide = _hidden_objects(sighting, classes, size, 0, by_mask=True, masked=False)
        hide += areas_of(_where(maps, classes), 0, sighting.changes) if maps else []
        for area in hide:
            area.paint(plane, 0, 0)
    return plane


def mapped(findings: Findings, classes: tuple[str, ...], size: Size) -> Plane:
    """255 where a class map is of one of these classes, without classes of any but the background."""
    if not findings.segments:
        return np.zeros((size.height, size.width), np.uint8)
    return _where(findings.segments, classes)


@image_filter(
    cost=lambda feather, **_: Cost(pixel=5 + 2 * (feather > 0), fixed=50, grey=0.8),
    gives=4, detail=0.3, memory=4, alpha="own", example="detect/cutout", findings="areas", classes=_classes,
    linger=_KEPT_FRAMES, reach=0, revision=4,
)  # fmt: skip
def cutout(
    picture: Picture,
    classes: Annotated[tuple[str, ...], doc("Classes to keep; left out, everything that was found")] = (),
    invert: Annotated[bool, doc("Cut it out of the picture instead of the picture around it away")] = False,
    feather: Annotated[float, ranged(0, 100, "Softness of the edge, standard deviation, pixels")] = 0.0,
    missing: Annotated[Literal["clear", "error"], doc("Where nothing is found: all transparent, or a 422")] = "clear",
) -> Pixels:
    """Make everything transparent but what was found.

    An object is cut along its mask where the model makes one, else along its box. Alpha is multiplied, and no file
    holds a colour where it is 0: what was cut away is gone. A soft edge (`feather`) shows what it half covers. As for
    `redact`, what little a crop leaves of an object is part of what was found, and in an animation what is lost stays
    for three frames, where the others tell that it is. With `invert` every pixel goes that holds any share of what was
    found, as it does in `redact`.
    Source: https://www.w3.org/TR/compositing-1/#porterduffcompositingoperators_srcin.
    """
    plane = (_covered if invert else partial(areas, slivers=True))(picture.findings, classes, picture.size)
    if missing == "error" and not plane.any():
        raise nothing_found("cutout", "nothing of that")
    if feather:
        plane = gaussian(plane[:, :, None], feather).reshape(plane.shape)
    if invert:
        plane = cv2.bitwise_not(plane)
    result = with_alpha(picture.pixels)
    result = result.copy() if result is picture.pixels else result
    result[:, :, 3] = cv2.multiply(result[:, :, 3], plane, scale=1 / 255)
    return emptied(result)


@image_filter(
    cost=Cost(pixel=0.4, fixed=100, grey=1.0),
    gives=1,
    detail=0.05,
    memory=3,
    alpha="own",
    example="detect/mask",
    findings="areas",
    classes=_classes,
    revision=2,
    reach=0,
)
def mask(
    picture: Picture,
    classes: Annotated[tuple[str, ...], doc("Classes to show; left out, everything that was found")] = (),
    invert: Annotated[bool, doc("Black where it is and white around")] = False,
) -> Pixels:
    """A black picture that is white where something was found.

    Of an object its mask where the model makes one, else its box; of a class map the classes' own pixels.
    Source: https://docs.opencv.org/4.x/d3/d96/tutorial_basic_geometric_drawing.html.
    """
    plane = areas(picture.findings, classes, picture.size)
    return (cv2.bitwise_not(plane) if invert else plane)[:, :, None]


# --- crop_to -------------------------------------------------------------------------------------------------------

ANY = "object"


def _target(target: str, **_: Any) -> tuple[str, ...]:
    return () if target == ANY else (target,)


def _crop_to_reach(aspect: Aspect | None, missing: str, **_: Any) -> float:
    """Where nothing is found, the picture tells where a box of this aspect lies."""
    return EVERYWHERE if aspect is not None and missing == "smart" else 0


def _crop_to_bound(size: Size, **_: Any) -> Size:
    return size


@image_filter(
    cost=Cost(fixed=50),
    memory=3.5,
    bound=_crop_to_bound,
    example="detect/crop_to",
    findings="objects",
    classes=_target,
    reach=_crop_to_reach,
    revision=2,
)
def crop_to(
    picture: Picture,
    target: Annotated[str, doc("What to keep: `object` is anything, else a class such as `face` or `person`")] = ANY,
    pick: Annotated[Literal["largest", "best", "all"], doc("Which of several: by size, by score, or all")] = "largest",
    aspect: Annotated[Aspect | None, doc("Width to height of the box; the shorter side grows to it")] = None,
    margin: Annotated[float, ranged(0, 10, "Space around it, as a share of its width and height")] = 0.1,
    missing: Annotated[
        Literal["smart", "error"], doc("Where nothing is found: what draws attention, or a 422")
    ] = "smart",
) -> Geometry:
    """Cut the picture down to what was found.

    Every pixel that it touches is kept; an aspect is met to the nearest pixel, by the largest box of it where the
    picture is too small. In an animation the first frame decides. Without a finding, `smart` keeps the largest box of
    the aspect that draws most attention, as `crop` does, which without an aspect is all of the picture.
    Source: https://docs.imgproxy.net/usage/processing#gravity (object-oriented gravity).
    """
    size, found = picture.size, picture.findings.of(_target(target))
    if not found:
        if missing == "error":
            raise nothing_found("crop_to", f"no {target}")
        return _smart(picture, aspect)
    chosen: tuple[Object, ...] = found
    if pick != "all":
        chosen = (largest(found, size) if pick == "largest" else max(found, key=lambda seen: seen.score),)
    return kept_box(keep_inside(around(chosen, size), size, margin, aspect))


def _smart(picture: Picture, aspect: Aspect | None) -> Placement:
    if aspect is None:
        return no_change(picture.size)
    box = keep_inside((0.0, 0.0, float(picture.size.width), float(picture.size.height)), picture.size, 0, aspect)
    return kept_box(on_subject(picture, Size(box.width, box.height), ()))
