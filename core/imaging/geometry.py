"""Moves of a picture as data: a filter decides one, the runner applies it to pixels and findings alike.

Matrices are 3×3 and map old to new *edge* coordinates: pixel i covers [i, i + 1), its centre is i + 0.5. One helper
(`core.findings.matrices.centres`) converts for `cv2.warp…`, which count pixel centres as whole numbers.
"""

from typing import Any, Protocol

import cv2
import msgspec
import numpy as np

from core.findings.coverage import Reach
from core.findings.matrices import Matrix, centres
from core.imaging.alpha import premultiplied, straight
from core.imaging.pixels import three_axes
from core.imaging.scaling import INTERPOLATIONS, reach_of, resized, scaled
from core.language.values import WHITE, Color
from core.picture import Pixels, Size


class Box(msgspec.Struct, frozen=True):
    """A rectangle of whole pixels; it may reach over the picture's edges."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def whole(cls, size: Size) -> "Box":
        """All of a picture."""
        return cls(0, 0, size.width, size.height)


class Geometry(Protocol):
    """A move: the size it makes, its matrix, and its application."""

    @property
    def size(self) -> Size:
        """Size of the result."""
        ...

    @property
    def matrix(self) -> Matrix:
        """Old to new edge coordinates; the third coordinate is positive wherever the result shows something."""
        ...

    @property
    def reach(self) -> Reach:
        """From how far around the place of a new pixel's middle old ones are mixed in: across and down, old pixels."""
        ...

    @property
    def shown(self) -> Box:
        """The part of the result that shows any of the picture."""
        ...

    @property
    def background(self) -> Color | None:
        """Colour of what was not covered; None where that cannot be, or is left to the picture."""
        ...

    def apply(self, pixels: Pixels) -> Pixels:
        """The moved pixels; what was not covered is transparent where there is alpha, else `background`."""
        ...


SHRINKS = 0.75
"""A warp to less than this share of the size averages areas first: alone it reads only the nearest pixels."""


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Cut `window` out, scale it to `target`, lay that on a canvas: crop, resize, pad and their mixtures.

    `window` must overlap the picture; what of it lies outside is background. All of `window` is scaled, so what will
    not show is cut by the window and not by the canvas. `background` None is transparent with alpha and white without.
    `kernel` is a key of INTERPOLATIONS, or `auto`: `crisp`, or of light, for each axis area to shrink and cubic to
    enlarge. `linear`: what is mixed is light.
    """

    window: Box
    target: Box
    canvas: Size
    background: Color | None = None
    kernel: str = "auto"
    linear: bool = False

    @property
    def size(self) -> Size:
        """The canvas."""
        return self.canvas

    @property
    def matrix(self) -> Matrix:
        """Scale and shift."""
        across, down = self.target.width / self.window.width, self.target.height / self.window.height
        left, top = self.target.x - self.window.x * across, self.target.y - self.window.y * down
        return np.array([[across, 0, left], [0, down, top], [0, 0, 1]], np.float64)

    @property
    def reach(self) -> Reach:
        """That of the scaling."""
        return reach_of(
            Size(self.window.width, self.window.height),
            Size(self.target.width, self.target.height),
            self.kernel,
            linear=self.linear,
        )

    @property
    def shown(self) -> Box:
        """What of the target lies on the canvas."""
        left, top = max(self.target.x, 0), max(self.target.y, 0)
        right = min(self.target.x + self.target.width, self.canvas.width)
        bottom = min(self.target.y + self.target.height, self.canvas.height)
        return Box(left, top, max(right - left, 0), max(bottom - top, 0))

    def apply(self, pixels: Pixels) -> Pixels:
        """Slice, `cv2.resize`, `cv2.copyMakeBorder`, each only where needed."""
        cut = _window(pixels, self.window, self.background)
        scaled = resized(cut, Size(self.target.width, self.target.height), self.kernel, linear=self.linear)
        shown = Box(-self.target.x, -self.target.y, *self.canvas)
        return np.ascontiguousarray(_window(scaled, shown, self.background))


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A lossless turn by `quarters` × 90° clockwise, after a mirror from left to right where `mirror` says so."""

    before: Size
    quarters: int = 0
    mirror: bool = False
    background: Color | None = None

    @property
    def size(self) -> Size:
        """Width and height, exchanged by odd quarters."""
        width, height = self.before
        return Size(height, width) if self.quarters % 2 else self.before

    @property
    def matrix(self) -> Matrix:
        """A signed permutation and a shift."""
        width, height = self.before
        matrix = np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1]], np.float64) if self.mirror else np.eye(3)
        for _ in range(self.quarters % 4):
            matrix = np.array([[0, -1, height], [1, 0, 0], [0, 0, 1]], np.float64) @ matrix
            width, height = height, width
        return matrix

    @property
    def reach(self) -> Reach:
        """None: pixels stay whole."""
        return 0.0, 0.0

    @property
    def shown(self) -> Box:
        """All of it."""
        return Box.whole(self.size)

    def apply(self, pixels: Pixels) -> Pixels:
        """`cv2.flip` and `cv2.rotate`."""
        quarters, mirror = self.quarters % 4, self.mirror
        if mirror and quarters == 2:
            return three_axes(cv2.flip(pixels, 0))
        moved = cv2.flip(pixels, 1) if mirror else pixels
        if quarters:
            moved = cv2.rotate(
                moved, [cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE][quarters - 1]
            )
        return three_axes(moved)


class Warp(msgspec.Struct, frozen=True, kw_only=True):
    """Any affine or projective move; `forward` is 3×3 in edge coordinates, row by row."""

    forward: tuple[float, ...]
    canvas: Size
    background: Color | None = None
    kernel: str = "linear"

    @property
    def size(self) -> Size:
        """The canvas."""
        return self.canvas

    @property
    def matrix(self) -> Matrix:
        """The move as given."""
        return np.array(self.forward, np.float64).reshape(3, 3)

    @property
    def reach(self) -> Reach:
        """That of the kernel, and of the areas that are averaged first."""
        taps = _WARP_TAPS[self.kernel]
        if self.kernel == "nearest":
            return taps, taps
        across, down = (1.0 if scale > SHRINKS else scale for scale in scales(self.matrix, self.canvas))
        return _warp_reach(across, taps), _warp_reach(down, taps)

    @property
    def shown(self) -> Box:
        """All of the canvas: at the picture's edges its pixels are mixed with what lies around."""
        return Box.whole(self.canvas)

    def apply(self, pixels: Pixels) -> Pixels:
        """`cv2.warpAffine` or `cv2.warpPerspective`, premultiplied; area-averaged first where it shrinks much."""
        matrix = self.matrix
        whole = self.kernel == "nearest" or _keeps_pixels(matrix)
        source = pixels if whole else premultiplied(pixels)
        if not whole:
            source, matrix = shrunk(source, matrix, self.canvas)
        matrix = centres(matrix)
        kernel = "nearest" if whole else "linear" if self.kernel in {"auto", "area"} else self.kernel
        options: Any = {
            "flags": INTERPOLATIONS[kernel],
            "borderMode": cv2.BORDER_CONSTANT,
            "borderValue": _fill(pixels.shape[2], self.background, premultiply=not whole),
        }
        if np.allclose(matrix[2], (0, 0, 1)):
            moved = cv2.warpAffine(source, matrix[:2], self.canvas, **options)
        else:
            moved = cv2.warpPerspective(source, matrix, self.canvas, **options)
        del source
        return three_axes(moved) if whole else straight(three_axes(moved))


def _keeps_pixels(matrix: Matrix) -> bool:
    """Whether pixels stay whole: a turn by quarters, a mirror, and a shift by whole pixels, or some of it."""
    near = np.rint(matrix)
    turn = np.abs(near[:2, :2])
    single = (turn.sum(axis=0) == 1).all() and (turn.sum(axis=1) == 1).all()
    return bool(single) and np.allclose(matrix, near, rtol=0, atol=1e-6) and np.array_equal(near[2], (0, 0, 1))


def no_change(size: Size) -> Placement:
    """The move that leaves a picture as it is."""
    return Placement(window=Box.whole(size), target=Box.whole(size), canvas=size)


def crop_geometry(box: Box) -> Placement:
    """The move that keeps `box`."""
    return Placement(window=box, target=Box(0, 0, box.width, box.height), canvas=Size(box.width, box.height))


def scale_geometry(size: Size, target: Size, kernel: str = "auto") -> Placement:
    """The move that scales all of a picture of `size` to `target`."""
    return Placement(window=Box.whole(size), target=Box.whole(target), canvas=target, kernel=kernel)


def rotation(size: Size, angle: float, *, expand: bool, background: Color | None = None) -> Geometry:
    """The move that turns by `angle` degrees clockwise about the centre; quarter turns are lossless.

    `expand` grows the canvas to hold all of the picture. Without it a quarter turn about the centre may fall between
    pixels: then it is moved by half a pixel, up and to the left.
    """
    quarters, rest = divmod(angle, 90)
    exact = rest == 0
    if exact and (expand or quarters % 2 == 0):
        return Turn(before=size, quarters=int(quarters) % 4)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turn = np.array([[cos, -sin], [sin, cos]])
    turn = np.rint(turn) if exact else turn
    canvas = size
    if expand:
        canvas = Size(*(max(1, int(np.ceil(side - 1e-6))) for side in np.abs(turn) @ size))
    shift = np.array(canvas) / 2 - turn @ (np.array(size) / 2)
    shift = np.floor(shift) if exact else shift
    forward = (*turn[0], shift[0], *turn[1], shift[1], 0, 0, 1)
    kernel = "nearest" if exact else "linear"
    return Warp(forward=tuple(map(float, forward)), canvas=canvas, background=background, kernel=kernel)


def _fill(channels: int, background: Color | None, *, premultiply: bool = False) -> tuple[int, ...]:
    """`background` as OpenCV wants it; without alpha a see-through colour is laid on white, as the picture would be."""
    if channels == 4:
        *color, alpha = (background or Color(0, 0, 0, 0)).bgra
        return (*(round(c * alpha / 255) if premultiply else c for c in color), alpha)
    ground = background or WHITE
    blue, green, red = (round((c * ground.alpha + 255 * (255 - ground.alpha)) / 255) for c in ground.bgr)
    return (blue, green, red) if channels == 3 else (round(0.114 * blue + 0.587 * green + 0.299 * red),)


def _window(pixels: Pixels, box: Box, background: Color | None) -> Pixels:
    """The pixels of `box`: a view where it lies inside, else a copy with background around."""
    height, width, channels = pixels.shape
    left, top = max(-box.x, 0), max(-box.y, 0)
    right, bottom = max(box.x + box.width - width, 0), max(box.y + box.height - height, 0)
    inside = pixels[max(box.y, 0) : max(box.y + box.height, 0), max(box.x, 0) : max(box.x + box.width, 0)]
    if not (left or top or right or bottom):
        return inside
    fill = _fill(channels, background)
    return three_axes(cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_CONSTANT, value=fill))


def shrunk(pixels: Pixels, matrix: Matrix, canvas: Size) -> tuple[Pixels, Matrix]:
    """Premultiplied pixels made smaller along each axis that `matrix` shrinks much, and the matrix for them."""
    height, width, _ = pixels.shape
    sides = zip((width, height), scales(matrix, canvas), strict=True)
    small = Size(*(side if scale > SHRINKS else max(1, int(np.ceil(side * scale))) for side, scale in sides))
    back = np.diag((width / small.width, height / small.height, 1.0))
    return scaled(pixels, small, "auto"), matrix @ back


_WARP_TAPS = {"nearest": 0.1, "linear": 0.6, "auto": 0.6, "area": 0.6, "cubic": 1.6, "lanczos": 3.6}
"""Old pixels; a tenth is for OpenCV, which places them to a 32nd of a pixel."""


def _warp_reach(scale: float, taps: float) -> float:
    """How far old pixels are mixed in along an axis that is first made smaller by `scale`; 1 where it is not."""
    return taps if scale == 1.0 else (0.5 + taps + 0.5) / scale + 2.0  # 2: halvings, and the small side's rounding


def scales(matrix: Matrix, canvas: Size) -> tuple[float, float]:
    """How much `matrix` scales the old picture's x and y axes: the most at any corner of the canvas."""
    corners = np.array([[0, canvas.width, canvas.width, 0], [0, 0, canvas.height, canvas.height], [1, 1, 1, 1]])
    depth = np.abs(np.linalg.inv(matrix)[2] @ corners)
    steps = matrix[:2, :2, None] - corners[:2, None, :] * matrix[2, :2, None]
    across, down = (np.hypot(*steps) * depth).max(axis=1)
    return float(across), float(down)
