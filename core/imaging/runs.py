"""A line as runs of one font and one direction, in the order in which they are shown."""

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from typing import NamedTuple

import cv2
import numpy as np

from core.imaging import bidi, fonts
from core.picture import Pixels

_JOINER = "\u200d"
_SELECTORS = range(0xFE00, 0xFE10)
_FLAGS = range(0x1F1E6, 0x1F200)
_TONES = range(0x1F3FB, 0x1F400)
_UNKNOWN = "\U000fffff"
_TRIED, _KNOWN = 16, 4096
"""Height, pixels, at which it is looked whether OpenCV's font has a character, and how many of those are remembered."""
_MIRRORED = str.maketrans("()[]{}<>«»\u2039\u203a", ")(][}{><»«\u203a\u2039")
_LONGEST = 32
"""Characters of a cluster."""


class TextRun(NamedTuple):
    """Text in the order in which it is read, its font (None is OpenCV's), and whether it runs from right to left."""

    text: str
    font: fonts.Font | None
    leftwards: bool

    @property
    def shown(self) -> str:
        """Its characters from left to right, without those that are not to be seen."""
        parts = [part for part in ("".join(filter(_visible_or_space, one)) for one in clusters(self.text)) if part]
        return "".join(reversed(parts)).translate(_MIRRORED) if self.leftwards else "".join(parts)


def runs_of(line: str) -> list[TextRun]:
    """The runs of a line from left to right."""
    pieces, levels, place = [], bidi.bidi_levels(line, bidi.direction(line)), 0
    for one in clusters(line):
        pieces.append((levels[place], _font_of(one), one))
        place += len(one)
    found = [
        (level, TextRun("".join(one for _, _, one in group), font, leftwards=bool(level % 2)))
        for (level, font), group in groupby(_carried(pieces), key=lambda piece: piece[:2])
    ]
    return [run for _, run in bidi.ordered(found)]


def _carried(pieces: list[tuple[int, fonts.Font | None, str]]) -> Iterator[tuple[int, fonts.Font | None, str]]:
    """A space goes on in the font of what is before it, if that has one: letters join over no other gap."""
    before: fonts.Font | None = None
    for level, font, one in pieces:
        before = before if one.isspace() and before and ord(one[0]) in before.characters else font
        yield level, before, one


def missing(text: str) -> list[str]:
    """The characters for which there is no font, each once."""
    composed = unicodedata.normalize("NFC", text)
    lacking = (one for one in clusters(composed) if _font_of(one) is None and not _in_opencv(one))
    return list(dict.fromkeys(char for one in lacking for char in one if _visible(char)))


def clusters(text: str) -> Iterator[str]:
    """Characters with the marks behind them, and sequences of emoji."""
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not _goes_on(text[start:place], text[place]):
            yield text[start:place]
            start = place


def _goes_on(before: str, char: str) -> bool:
    flags = ord(char) in _FLAGS and len(before) == 1 and ord(before) in _FLAGS
    joined = before[-1] == _JOINER and _visible(char) and not char.isalpha()
    marked = unicodedata.category(char)[0] == "M" or char == _JOINER or ord(char) in _SELECTORS or ord(char) in _TONES
    if len(before) >= _LONGEST:
        return False
    return flags or joined or (marked and not before[-1].isspace())


def _visible(char: str) -> bool:
    """Whether there is something to be seen of it."""
    return unicodedata.category(char) not in {"Cc", "Cf", "Zs", "Zl", "Zp"} and ord(char) not in _SELECTORS


def _visible_or_space(char: str) -> bool:
    return _visible(char) or unicodedata.category(char) == "Zs"


@lru_cache(_KNOWN)
def _font_of(cluster: str) -> fonts.Font | None:
    """The font of a cluster: OpenCV's (None) for what stands alone, else the operator's, and OpenCV's as the last."""
    seen = {char for char in cluster if _visible(char)}
    if not seen or (len(seen) == 1 and _in_opencv(cluster)):
        return None
    return fonts.first_with(seen)


fonts.forgets(_font_of.cache_clear)


def _in_opencv(cluster: str) -> bool:
    """Whether OpenCV's font can draw it: it joins no letters, so that what has to be joined is none of its."""
    seen = [char for char in cluster if _visible(char)]
    return all(unicodedata.bidirectional(char) != "AL" and _has(char) for char in seen)


@lru_cache(_KNOWN)
def _has(char: str) -> bool:
    return char == "?" or not np.array_equal(_tried(char), _replacement())


@cache
def _replacement() -> Pixels:
    return _tried(_UNKNOWN)


def _tried(char: str) -> Pixels:
    sheet = np.zeros((2 * _TRIED, 3 * _TRIED), np.uint8)
    cv2.putText(sheet, char, (_TRIED // 2, int(1.5 * _TRIED)), (255,), cv2.FontFace("sans"), _TRIED, 400)
    return sheet
