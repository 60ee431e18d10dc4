"""Morphology: filters that grow and shrink bright areas."""

import math
from typing import Annotated, Any, Literal

import cv2
from numpy.typing import NDArray

from core.cost import Cost
from core.detail import Left
from core.findings.coverage import EVERYWHERE
from core.imaging.shapes import shapes
from core.imaging.thinning import thinned
from core.language.values import doc, odd, ranged
from core.picture import Pixels
from core.registry import image_filter

Form = Literal["rect", "ellipse", "cross"]
KERNEL = odd(1, 99, "Side of the brush, pixels; odd")
FORM = doc("Form of the brush")
TIMES = ranged(1, 10, "How often it is done")
_FORMS: dict[Form, int] = {"rect": cv2.MORPH_RECT, "ellipse": cv2.MORPH_ELLIPSE, "cross": cv2.MORPH_CROSS}


def _once(kernel: int, form: Form, times: int) -> float:
    """A rectangle is done by rows and columns, all times at once; of other brushes each pixel costs."""
    if form == "rect":
        return 0.2 + 0.08 * kernel * times
    return (0.3 + (0.107 * kernel if form == "cross" else 0.032 * kernel**2)) * times


def _cost(kernel: int, form: Form, times: int) -> Cost:
    return Cost(pixel=_once(kernel, form, times), fixed=20 + 3 * kernel, grey=0.4)


def _twice(kernel: int, form: Form, times: int) -> Cost:
    return Cost(pixel=2 * _once(kernel, form, times), fixed=20 + 3 * kernel, grey=0.4)


def _detail(kernel: int, times: int, **_: Any) -> Left:
    reach = (kernel - 1) * times
    return Left(lossy=1 / (1 + reach / 20), exact=1 / (1 + reach / 11))


def _reach(kernel: int, times: int, **_: Any) -> float:
    return kernel // 2 * times


def _reach_twice(kernel: int, times: int, **_: Any) -> float:
    return 2 * _reach(kernel, times)


def _brush(kernel: int, form: Form) -> NDArray[Any]:
    return cv2.getStructuringElement(_FORMS[form], (kernel, kernel))


@image_filter(cost=_cost, detail=_detail, memory=4, alpha="premultiply", example="erode:5", reach=_reach)
def erode(
    pixels: Pixels,
    kernel: Annotated[int, KERNEL] = 3,
    form: Annotated[Form, FORM] = "rect",
    times: Annotated[int, TIMES] = 1,
) -> Pixels:
    """Shrink bright areas: each pixel becomes the darkest under the brush.

    Each channel by itself. Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (erode).
    """
    return cv2.erode(pixels, _brush(kernel, form), iterations=times)


@image_filter(cost=_cost, detail=_detail, memory=4, alpha="premultiply", example="dilate:5", reach=_reach)
def dilate(
    pixels: Pixels,
    kernel: Annotated[int, KERNEL] = 3,
    form: Annotated[Form, FORM] = "rect",
    times: Annotated[int, TIMES] = 1,
) -> Pixels:
    """Grow bright areas: each pixel becomes the brightest under the brush.

    Each channel by itself. Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (dilate).
    """
    return cv2.dilate(pixels, _brush(kernel, form), iterations=times)


@image_filter(cost=_twice, detail=_detail, memory=4.5, alpha="premultiply", example="open:5", reach=_reach_twice)
def open_(
    pixels: Pixels,
    kernel: Annotated[int, KERNEL] = 3,
    form: Annotated[Form, FORM] = "rect",
    times: Annotated[int, TIMES] = 1,
) -> Pixels:
    """Remove bright specks smaller than the brush: erode, then dilate.

    Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (morphologyEx, MORPH_OPEN).
    """
    return cv2.morphologyEx(pixels, cv2.MORPH_OPEN, _brush(kernel, form), iterations=times)


@image_filter(cost=_twice, detail=_detail, memory=4.5, alpha="premultiply", example="close:5", reach=_reach_twice)
def close(
    pixels: Pixels,
    kernel: Annotated[int, KERNEL] = 3,
    form: Annotated[Form, FORM] = "rect",
    times: Annotated[int, TIMES] = 1,
) -> Pixels:
    """Fill dark specks smaller than the brush: dilate, then erode.

    Source: https://docs.opencv.org/4.x/d4/d86/group__imgproc__filter.html (morphologyEx, MORPH_CLOSE).
    """
    return cv2.morphologyEx(pixels, cv2.MORPH_CLOSE, _brush(kernel, form), iterations=times)


_USUAL_LEVEL, _SPREAD, _BY_OTSU = 80, 20, 0.6
_BRIGHT, _DARK = 190.0, 380.0
"""Nanoseconds for each pixel of a shape: what is dark hangs together in larger ones."""


def _skeleton_cost(level: int | None, invert: bool) -> Cost:
    """By how much of a picture is likely to be in a shape."""
    above = _BY_OTSU if level is None else 1 / (1 + math.exp((level - _USUAL_LEVEL) / _SPREAD))
    below = _BY_OTSU if level is None else 1 - above
    return Cost(pixel=3 + (_DARK * below if invert else _BRIGHT * above), fixed=1500, grey=1.0, flat=0.3)


@image_filter(
    cost=_skeleton_cost,
    gives=1,
    detail=Left(lossy=0.6, exact=0.12, draws=0.15, values=0.1),
    memory=4.5,
    alpha="weigh",
    revision=2,
    example="skeleton",
    reach=EVERYWHERE,
)
def skeleton(
    pixels: Pixels,
    level: Annotated[int | None, ranged(0, 254, "Luma above which a pixel is in a shape; left out: by Otsu")] = None,
    invert: Annotated[bool, doc("Take dark shapes on a bright ground")] = False,
) -> Pixels:
    """Thin bright shapes to white lines one pixel wide, as connected as the shapes were.

    What is transparent is in no shape.
    Source: Guo and Hall, "Parallel thinning with two-subiteration algorithms", 1989, https://doi.org/10.1145/62065.62074.
    """
    return thinned(shapes(pixels, level, invert=invert))
