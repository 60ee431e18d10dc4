"""Drawing what vision found over the picture."""

from typing import Annotated, Any, Literal

import numpy as np

from core.cost import Cost
from core.findings.findings import Label, Object
from core.imaging.alpha import premultiplied, straight
from core.imaging.drawing import Brush, color_of, dots, name, outline, tint_classes, tinted
from core.language.values import Color, doc, ranged
from core.picture import Picture, Pixels
from core.registry import image_filter

What = Literal["boxes", "names", "scores", "points", "masks", "maps", "labels"]
_ALL: tuple[What, ...] = ("boxes", "names", "scores", "points", "masks", "maps", "labels")


def _classes(classes: tuple[str, ...], **_: Any) -> tuple[str, ...]:
    return classes


@image_filter(
    cost=Cost(pixel=0.5, fixed=30, each=150, alpha=30),
    memory=6,
    alpha="own",
    color=True,
    example="detect/draw",
    findings="any",
    classes=_classes,
    revision=2,
    reach=0,
)
def draw(
    picture: Picture,
    what: Annotated[tuple[What, ...], doc("What is drawn; left out, all that was found")] = _ALL,
    classes: Annotated[tuple[str, ...], doc("Classes that are drawn; left out, all")] = (),
    color: Annotated[Color | None, doc("One colour for all; left out, one for each class")] = None,
    opacity: Annotated[float, ranged(0, 100, "Opacity of masks and maps, percent")] = 45.0,
    scale: Annotated[float, ranged(0.1, 10, "Size of lines and letters, beside what suits the picture")] = 1.0,
) -> Pixels:
    """Draw what was found: boxes with names and scores, points, masks, and class maps as colours over the picture.

    Lines and letters grow with the picture; where it is too small for letters that can be read, there are none.
    Source: https://docs.opencv.org/5.x/d6/d6e/group__imgproc__draw.html.
    """
    findings, wanted, brush = picture.findings, set(what), Brush.of(picture.size, scale)
    canvas = picture.pixels
    for segment in findings.segments or () if "maps" in wanted else ():
        canvas = tint_classes(canvas, segment, classes, opacity)
    canvas = canvas.copy() if canvas is picture.pixels else canvas
    objects = sorted(findings.of(classes), key=lambda seen: seen.score)  # the surest on top
    for seen in objects if "masks" in wanted else ():
        tinted(canvas, seen, color or color_of(seen.index), opacity)
    # Lines are drawn on premultiplied pixels: on straight ones their soft edges would mix with what is hidden.
    before = premultiplied(canvas)
    drawn = canvas if before is canvas else before.copy()
    for seen in objects:
        _drawn(drawn, seen, wanted, color or color_of(seen.index), brush)
    if "labels" in wanted and brush.letter:
        _listed(drawn, findings.labels or (), classes, color, brush)
    if drawn is not canvas:
        np.copyto(canvas, straight(drawn), where=(drawn != before).any(axis=2, keepdims=True))
    return canvas


def _drawn(canvas: Pixels, seen: Object, wanted: set[What], color: Color, brush: Brush) -> None:
    if "boxes" in wanted:
        outline(canvas, seen, color, brush.line)
    if "points" in wanted:
        dots(canvas, seen.keypoints or (), color, brush.line)
    text = _text(seen, wanted)
    if text and brush.letter:
        left, top, _, _ = seen.region.clipped(canvas.shape[1], canvas.shape[0])
        name(canvas, text, (left, top), color, brush.letter)


def _text(seen: Object | Label, wanted: set[What]) -> str:
    words = [seen.label.replace("_", " ")] * ("names" in wanted)
    if isinstance(seen, Object) and seen.track is not None and "names" in wanted:
        words.append(f"#{seen.track}")
    words += [f"{seen.score:.2f}"] * ("scores" in wanted)
    if isinstance(seen, Object) and "names" in wanted:
        words += [told.label or f"{told.name} {told.number:.0f}" for told in seen.attributes or ()]
    return " ".join(words)


def _listed(
    canvas: Pixels, labels: tuple[Label, ...], classes: tuple[str, ...], color: Color | None, brush: Brush
) -> None:
    """What the whole picture shows, line by line from its upper left corner."""
    top = 0.0
    for label in labels:
        if top + 2 * brush.letter > canvas.shape[0]:
            return
        if not classes or label.label in classes:
            text = _text(label, {"names", "scores"})
            name(canvas, text, (0, top), color or color_of(label.index), brush.letter, above=False)
            top += 1.6 * brush.letter
