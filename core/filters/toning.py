"""Toning: filters that lay a palette of colours over the picture's light."""

import colorsys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from core.cost import Cost
from core.detail import Left
from core.errors import BadParameterError
from core.imaging.cube import CubeError, read_cube
from core.imaging.pixels import by_rows, grey, through_table, to_uint8
from core.language.values import Color, FileName, doc, ranged
from core.picture import Pixels
from core.registry import image_filter

if TYPE_CHECKING:
    from core.second import SecondFile


def _tinted(pixels: Pixels, table: NDArray[Any], amount: float) -> Pixels:
    """Luma through a table of 256 BGR colours, mixed with the picture itself."""
    colors = to_uint8(table).reshape(256, 1, 3)
    return by_rows(pixels, lambda part: _blended(part, cv2.applyColorMap(grey(part), colors), amount))


def _blended(pixels: Pixels, result: Pixels, amount: float) -> Pixels:
    """`amount` percent of the result over the picture it was made of."""
    return result if amount == 100 else cv2.addWeighted(pixels, 1 - amount / 100, result, amount / 100, 0)


def _between(dark: Color, light: Color, amount: float) -> Left:
    """The colours of both ends lie so far apart, beside black and white."""
    apart = max(abs(a - b) for a, b in zip(dark.bgr, light.bgr, strict=True)) / 255
    share = 1 - (1 - apart) * amount / 100
    return Left(lossy=share, exact=share**0.5)


@image_filter(
    cost=Cost(pixel=3.0, fixed=20),
    detail=_between,
    memory=3.5,
    color=True,
    smooth=True,
    example="duotone:1b2a6b,ffd24a",
    reach=0,
)
def duotone(
    pixels: Pixels,
    dark: Annotated[Color, doc("Colour of the shadows")] = Color(27, 42, 107),
    light: Annotated[Color, doc("Colour of the lights")] = Color(255, 210, 74),
    amount: Annotated[float, ranged(0, 100, "Strength, percent; 0 changes nothing")] = 100.0,
) -> Pixels:
    """Two colours: one for the shadows, one for the lights.

    Luma 0 becomes `dark`, 255 `light`, straight between them in sRGB.
    Source: https://helpx.adobe.com/photoshop/using/duotones.html (the idea).
    """
    share = np.arange(256)[:, None] / 255
    return _tinted(pixels, (1 - share) * np.array(dark.bgr) + share * np.array(light.bgr), amount)


@image_filter(cost=Cost(pixel=4.7, fixed=260), memory=3.5, color=True, smooth=True, example="colorize:c04020", reach=0)
def colorize(
    pixels: Pixels,
    color: Annotated[Color, doc("Its hue and saturation (HSL) are taken")] = Color(192, 64, 32),
    amount: Annotated[float, ranged(0, 100, "Strength, percent; 0 changes nothing")] = 100.0,
) -> Pixels:
    """One hue for the whole picture; black stays black and white stays white.

    HSL colour with hue and saturation of `color` and the picture's luma as lightness.
    Source: https://docs.gimp.org/en/gimp-filter-colorize.html, https://www.w3.org/TR/css-color-4/#hsl-to-rgb.
    """
    hue, _, saturation = colorsys.rgb_to_hls(color.red / 255, color.green / 255, color.blue / 255)
    shades = [colorsys.hls_to_rgb(hue, light / 255, saturation)[::-1] for light in range(256)]
    return _tinted(pixels, 255 * np.array(shades), amount)


@image_filter(cost=Cost(pixel=37, fixed=200), memory=4, color=True, example="lut:warm.cube", reach=0)
def lut(
    pixels: Pixels,
    table: Annotated[FileName, doc("A .cube file, sent as a part of that name or an asset")],
    amount: Annotated[float, ranged(0, 100, "Strength, percent; 0 changes nothing")] = 100.0,
) -> Pixels:
    """Colours through a lookup table in a .cube file.

    1D tables interpolate linearly, 3D tables (up to 65 a side) trilinearly. Errors: 400 where the table is wrong.
    Source: Adobe, Cube LUT Specification 1.0; https://pillow.readthedocs.io/en/stable/reference/ImageFilter.html.
    """
    try:
        colors = cast("SecondFile", table).read(read_cube)
    except CubeError as error:
        raise BadParameterError("lut.table", "a .cube table", error) from None
    if colors.ndim == 2:
        return _blended(pixels, through_table(pixels, 255 * colors[:, ::-1]), amount)
    lattice = _lattice(colors)
    return by_rows(pixels, lambda part: _blended(part, lattice(part), amount))


def _lattice(colors: NDArray[np.float32]) -> Callable[[Pixels], Pixels]:
    """Pillow's trilinear interpolation, its table turned from red, green, blue to our order."""
    from PIL import Image, ImageFilter

    turned = colors.transpose(2, 1, 0, 3)[..., ::-1].reshape(-1)
    table = ImageFilter.Color3DLUT(colors.shape[0], np.ascontiguousarray(turned))
    return lambda part: np.asarray(Image.fromarray(part).filter(table))
