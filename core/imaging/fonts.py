"""The operator's fonts, for what OpenCV's own does not have or cannot join: shaped and drawn by HarfBuzz.

The first font in the order of their names that has a character draws it. Sources: OpenType; HarfBuzz's hb-raster.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

ENDINGS = (".otf", ".ttf")
_PARTS = 64
"""Units of a pixel."""
_EM = 1.05
"""How large letters are beside those of OpenCV's font of the same height."""


class _Chosen:
    files: tuple[Path, ...] = ()
    when_changed: ClassVar[list[Callable[[], None]]] = []


def forgets(function: Callable[[], None]) -> None:
    """Have this called whenever other fonts are used."""
    _Chosen.when_changed.append(function)


def use(folder: Path | None) -> None:
    """Draw with the fonts of this folder from now on."""
    _Chosen.files = tuple(files_of(folder)) if folder else ()
    fonts.cache_clear()
    identity.cache_clear()
    for forget in _Chosen.when_changed:
        forget()


def files_of(folder: Path) -> list[Path]:
    """The files of a folder that are named like fonts, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS) if folder.is_dir() else []


@cache
def identity() -> tuple[str, ...]:
    """The checksums of all fonts: what is drawn depends on them."""
    return tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in _Chosen.files)


class Shaped(NamedTuple):
    """Glyphs at their places, in parts of a pixel, and how wide they are, pixels."""

    glyphs: list[tuple[int, int, int]]
    width: float


class Font:
    """One font: what it has, and how a run of text looks in it."""

    def __init__(self, path: Path) -> None:
        import uharfbuzz

        self._face: Any = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(path)))
        drawn = {"glyf", "CFF ", "CFF2"} & set(self._face.table_tags)
        self.characters = frozenset(self._face.unicodes if drawn else ())

    def sized(self, height: float, weight: int) -> Any:
        """It in a height, pixels, and a weight, if it has several."""
        import uharfbuzz

        font = uharfbuzz.Font(self._face)
        font.scale = (round(height * _EM * _PARTS),) * 2
        if self._face.has_var_data:
            font.set_variations({"wght": weight})
        return font


def shaped(font: Any, text: str, *, leftwards: bool) -> Shaped:
    """A run of text in one direction, its letters joined as the font says."""
    import uharfbuzz

    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if leftwards else "ltr"
    uharfbuzz.shape(font, buffer)
    glyphs, x = [], 0
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions or (), strict=True):
        glyphs.append((info.codepoint, x + position.x_offset, position.y_offset))
        x += position.x_advance
    return Shaped(glyphs, x / _PARTS)


def coverage(font: Any, run: Shaped, x: float, baseline: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """How much each pixel of a sheet of this height and width is covered by the run."""
    import uharfbuzz

    height, width = shape
    draw = uharfbuzz.RasterDraw()
    draw.scale_factor = (_PARTS, _PARTS)
    for glyph, across, up in run.glyphs:
        if -width * _PARTS <= across + x * _PARTS <= 2 * width * _PARTS:
            draw.transform = (1, 0, 0, 1, across + round(x * _PARTS), up)
            draw.draw_glyph(font, glyph)
    draw.extents = uharfbuzz.RasterExtents(0, baseline - height, width, height, 0)
    image = draw.render()
    drawn = np.frombuffer(image.buffer, np.uint8).reshape(height, image.extents.stride)
    return drawn[::-1, :width]


def is_font(path: Path) -> bool:
    """Whether a file is a font with outlines."""
    return bool(Font(path).characters)


@cache
def fonts() -> tuple[Font, ...]:
    """All fonts, opened; those that cannot be read have no characters."""
    return tuple(Font(path) for path in _Chosen.files)


def first_with(characters: set[str]) -> Font | None:
    """The first font that has all of these characters."""
    points = {ord(char) for char in characters}
    return next((font for font in fonts() if points <= font.characters), None)
