"""Composition: filters that lay a second picture, or words, over the picture."""

from typing import Annotated, Literal, cast

import cv2
import numpy as np

from core.cost import Cost
from core.errors import MissingGlyphsError
from core.imaging.compositing import Mode, over, painted, with_alpha
from core.imaging.geometry import Box, Placement, scale_geometry
from core.imaging.gravity import Gravity, placed
from core.imaging.lettering import lettering
from core.imaging.runs import missing
from core.language.values import WHITE, Color, Length, PictureName, Point, doc, ranged
from core.picture import Picture, Pixels, Size
from core.registry import image_filter

OPACITY = ranged(0, 100, "Opacity, percent")


def _size(pixels: Pixels) -> Size:
    return Size(pixels.shape[1], pixels.shape[0])


def _layer(picture: PictureName) -> Pixels:
    """The pixels of a second picture: the runner hands over a `Picture` where the signature names one."""
    return cast("Picture", picture).pixels


def _near(length: float, size: Size) -> int:
    """A length in whole pixels, at most the longer side: further away nothing is to be seen."""
    return round(max(-max(size), min(length, max(size))))


@image_filter(
    cost=Cost(pixel=2.5, second=1.5, fixed=100),
    memory=4,
    alpha="own",
    color=True,
    smooth=True,
    example="overlay:logo,10p:10p,80",
    reach=0,
)
def overlay(
    pixels: Pixels,
    picture: Annotated[PictureName, doc("Name of the second picture")],
    at: Annotated[Point, doc("Where its top left corner lies, pixels or percent")] = Point(Length(0), Length(0)),
    opacity: Annotated[float, OPACITY] = 100.0,
) -> Pixels:
    """Lay a second picture over this one, in its own size.

    What lies outside is cut off. Source: https://www.w3.org/TR/compositing-1/ (source over).
    """
    x, y = at.of(*_size(pixels))
    return over(pixels, _layer(picture), round(x), round(y), opacity=opacity)


@image_filter(
    cost=lambda tile, **_: Cost(pixel=26 if tile else 2.5, second=4.5, fixed=100, grey=1.0),
    memory=5,
    alpha="own",
    color=True,
    smooth=True,
    example="watermark:logo,southeast,70",
    reach=0,
)
def watermark(
    pixels: Pixels,
    picture: Annotated[PictureName, doc("Name of the mark")],
    position: Annotated[Gravity, doc("Where the mark lies")] = "southeast",
    opacity: Annotated[float, OPACITY] = 60.0,
    scale: Annotated[float, ranged(0, 100, "Width, percent of the picture's; 0 keeps the mark's own size")] = 20.0,
    margin: Annotated[Length, doc("Distance from the edges, pixels or percent of the shorter side")] = Length(
        3, percent=True
    ),
    tile: Annotated[bool, doc("Repeat the mark over the whole picture, `margin` apart")] = False,
) -> Pixels:
    """Lay a mark over the picture: in a corner, or all over it.

    A scaled mark is never higher than the picture.
    Source: https://www.w3.org/TR/compositing-1/ (source over).
    """
    size = _size(pixels)
    mark = _scaled(_layer(picture), size, scale)
    gap = _near(margin.of(min(size)), size)
    if tile:
        return over(pixels, _tiled(mark, size, max(gap, 0)), opacity=opacity)
    box = placed(size, _size(mark), position, gap)
    return over(pixels, mark, box.x, box.y, opacity=opacity)


def _scaled(mark: Pixels, size: Size, scale: float) -> Pixels:
    """The mark at `scale` percent of the picture's width, or less where it would be higher than the picture."""
    if scale == 0:
        return mark
    before = _size(mark)
    factor = min(size.width * scale / 100 / before.width, size.height / before.height)
    return scale_geometry(before, Size(*(max(1, round(side * factor)) for side in before))).apply(mark)


def _tiled(mark: Pixels, size: Size, gap: int) -> Pixels:
    """A picture of `size` full of marks, `gap` apart."""
    high, wide = mark.shape[:2]
    edged = cv2.copyMakeBorder(with_alpha(mark), 0, 1, 0, 1, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    whole_pixels = edged.view(np.uint32)[:, :, 0]
    down, across = (
        np.minimum((np.arange(whole) - gap // 2) % (side + gap), side)
        for whole, side in ((size.height, high), (size.width, wide))
    )
    return whole_pixels[:, across][down][:, :, None].view(np.uint8)


_BLENDING = {"hard_light": 39.0, "overlay": 39.0, "dodge": 55.0, "burn": 55.0, "soft_light": 62.0}


@image_filter(
    cost=lambda mode, opacity, **_: Cost(
        pixel=_BLENDING.get(mode, 23.0) if opacity else 3.0, second=3.7, fixed=100, grey=1.0
    ),
    memory=5,
    alpha="own",
    color=True,
    example="blend:logo,multiply,80",
    reach=0,
)
def blend(
    pixels: Pixels,
    picture: Annotated[PictureName, doc("Name of the second picture")],
    mode: Annotated[Mode, doc("How its colours mix with those below")] = "multiply",
    opacity: Annotated[float, OPACITY] = 100.0,
    fit: Annotated[
        Literal["fill", "cover"], doc("How it gets this picture's size: stretched, or cut where it is too long")
    ] = "fill",
) -> Pixels:
    """Mix a second picture into this one, scaled to its size.

    Source: https://www.w3.org/TR/compositing-1/#blending (dodge and burn are its color-dodge and color-burn).
    """
    size, layer = _size(pixels), _layer(picture)
    window = _middle(_size(layer), size) if fit == "cover" else Box.whole(_size(layer))
    fitted = Placement(window=window, target=Box.whole(size), canvas=size).apply(layer)
    return over(pixels, fitted, opacity=opacity, mode=mode)


def _middle(size: Size, target: Size) -> Box:
    """The largest box in the middle of a picture that has the form of `target`."""
    width = min(size.width, max(1, round(size.height * target.width / target.height)))
    height = min(size.height, max(1, round(size.width * target.height / target.width)))
    return placed(size, Size(width, height), "center")


@image_filter(
    cost=Cost(pixel=5, fixed=600, grey=1.0),
    memory=5,
    alpha="own",
    color=True,
    smooth=True,
    example="text:Darkroom,south,15p",
    reach=0,
)
def text(
    pixels: Pixels,
    text: Annotated[str, doc("The words; lines may be broken with newlines")],
    position: Annotated[Gravity, doc("Where the words lie")] = "south",
    size: Annotated[Length, doc("Height of a letter with its accents, pixels or percent of the height")] = Length(
        8, percent=True
    ),
    color: Annotated[Color, doc("Colour of the words")] = WHITE,
    background: Annotated[Color | None, doc("Colour of a box behind the words; left out: none")] = None,
    opacity: Annotated[float, OPACITY] = 100.0,
    margin: Annotated[Length, doc("Distance from the edges, pixels or percent of the shorter side")] = Length(
        3, percent=True
    ),
    at: Annotated[Point | None, doc("Top left corner, pixels or percent, instead of position and margin")] = None,
    weight: Annotated[int, ranged(100, 900, "Weight of the font: 400 is regular, 700 bold")] = 500,
) -> Pixels:
    """Write words on the picture, in any script that a font has.

    The font that ships has Latin, Greek, Cyrillic, Hebrew, Chinese, Japanese and Korean. Others, such as Arabic, Thai
    and emoji (in one colour), are drawn with fonts that the operator names (`DARKROOM_FONTS`), joined and in order;
    without one the error names what is missing. Lines wider than the picture are broken between words; what is still
    too long is cut off.
    Source: https://docs.opencv.org/5.x/d6/d6e/group__imgproc__draw.html (FontFace, putText).
    """
    whole = _size(pixels)
    gap = _near(margin.of(min(whole)), whole)
    align = next((side for side in ("west", "east") if side in position), "center")
    lacking = missing(text)
    if lacking:
        raise MissingGlyphsError(lacking)
    letters = lettering(text, size.of(whole.height), whole, align=align, weight=weight, margin=max(gap, 0))
    if letters is None:
        return pixels
    box = placed(whole, _size(letters), position, gap)
    x, y = (round(place) for place in (at.of(*whole) if at else (box.x, box.y)))
    if background is not None:
        pixels = painted(pixels, background, np.full_like(letters, 255), x, y, opacity=opacity)
    return painted(pixels, color, letters, x, y, opacity=opacity)
