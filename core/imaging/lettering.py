"""Words as a sheet of coverage: drawn with the font that OpenCV carries, or, what that lacks, with the operator's."""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging import fonts
from core.imaging.runs import TextRun, runs_of
from core.picture import Size

Coverage = NDArray[np.uint8]

_LARGEST = 400
"""Height, pixels, up to which letters are drawn; larger ones are enlarged. OpenCV 5.0 crashes at 100,000."""
_ADVANCE, _ASCENT, _PAD = 1.3, 1.15, 0.3
"""From line to line, from the top to the first baseline, and around all; in heights."""
_LONGEST = 2000
"""Characters of a word that are looked at: no picture is wide enough for more."""
_ENDLESS = (-(1 << 24), 1 << 24)
"""OpenCV's own wrapping, which breaks words, never comes to pass."""


def lettering(text: str, height: float, room: Size, *, align: str, weight: int, margin: int) -> Coverage | None:
    """How much each pixel of a sheet is covered by the words, 0 to 255; None where nothing is to be seen.

    `height` is that of a line's letters, pixels; the sheet is as large as needed and at most as large as `room`, and
    words are wrapped to leave `margin` on both sides. `align` is `west`, `center` or `east`.
    """
    height = min(max(height, 1.0), float(max(room)))
    drawn = min(round(height), _LARGEST)
    factor = height / drawn if drawn == _LARGEST else 1.0
    inner = Size(*(max(1, int(side / factor)) for side in room))
    sheet = _Pen(drawn, weight).sheet(text, inner, align, int(2 * margin / factor))
    if sheet is None or factor == 1:
        return sheet
    size = (min(room.width, round(sheet.shape[1] * factor)), min(room.height, round(sheet.shape[0] * factor)))
    return cv2.resize(sheet, size, interpolation=cv2.INTER_CUBIC)


class _Pen:
    """The font in one height, pixels, and one weight.

    The weight is always given: 0 means the one that the thread used last.
    """

    def __init__(self, height: int, weight: int) -> None:
        self.font = cv2.FontFace("sans")
        self.height = height
        self.weight = weight
        self._sized: dict[fonts.Font, Any] = {}

    def width(self, line: str) -> int:
        """Width of a line, pixels."""
        return round(sum(self._width(run) for run in runs_of(line)))

    def _width(self, run: TextRun) -> float:
        if run.font is not None:
            return fonts.shaped(self._of(run.font), run.text, leftwards=run.leftwards).width
        box = cv2.getTextSize((0, 0), run.shown, (0, 0), self.font, self.height, self.weight, 0, _ENDLESS)
        return float(box[0] + box[2])

    def _of(self, font: fonts.Font) -> Any:
        if font not in self._sized:
            self._sized[font] = font.sized(self.height, self.weight)
        return self._sized[font]

    def _draw(self, sheet: Coverage, line: str, x: float, baseline: int) -> None:
        """TextRun by run from left to right."""
        for run in runs_of(line):
            if run.font is None:
                place = (int(x), baseline)
                cv2.putText(sheet, run.shown, place, (255,), self.font, self.height, self.weight, 0, _ENDLESS)
            else:
                sized = self._of(run.font)
                shaped = fonts.shaped(sized, run.text, leftwards=run.leftwards)
                np.maximum(sheet, fonts.coverage(sized, shaped, x, baseline, sheet.shape[:2]), out=sheet)
            x += self._width(run)

    def sheet(self, text: str, room: Size, align: str, spare: int) -> Coverage | None:
        """All lines drawn; None without any ink."""
        around, advance = _PAD * self.height, _ADVANCE * self.height
        most = int(room.height / advance) + 1
        lines = list(_first(most, self.wrapped(text, max(1, room.width - spare - 2 * around))))
        widths = [self.width(line) for line in lines]
        if not any(widths):
            return None
        wide = min(room.width, int(max(widths) + 2 * around))
        high = min(room.height, int(len(lines) * advance + around))
        sheet = np.zeros((max(1, high), max(1, wide)), np.uint8)
        for number, (line, width) in enumerate(zip(lines, widths, strict=True)):
            starts = {"west": around, "center": (wide - width) / 2, "east": wide - around - width}
            self._draw(sheet, line, starts[align], int(_ASCENT * self.height + number * advance))
        return sheet

    def wrapped(self, text: str, width: float) -> Iterator[str]:
        """The lines of a text, broken between words where they are wider than `width`."""
        for paragraph in unicodedata.normalize("NFC", text.replace("\t", "    ")).split("\n"):
            line = ""
            for word in paragraph.split(" "):
                longer = f"{line} {word[:_LONGEST]}" if line else word[:_LONGEST]
                if line and self.width(longer) > width:
                    yield line
                    longer = word[:_LONGEST]
                line = longer
            yield line


def _first(count: int, lines: Iterable[str]) -> Iterator[str]:
    for _, line in zip(range(count), lines, strict=False):
        yield line
