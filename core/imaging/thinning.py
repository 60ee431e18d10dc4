"""Thinning a shape to lines one pixel wide, 64 pixels at once.

Source: Guo and Hall, "Parallel thinning with two-subiteration algorithms", 1989, https://doi.org/10.1145/62065.62074.
"""

import numpy as np
from numpy.typing import NDArray

from core.imaging.shapes import Shape

Words = NDArray[np.uint64]
"""64 pixels of a row each: bit i is the pixel i places to the right of the first."""
Places = NDArray[np.int64]
Sides = tuple[Words, Words, Words, Words]

_BITS, _BYTES = 64, 8
_ONE, _LAST = np.uint64(1), np.uint64(_BITS - 1)
_PART = 8192
"""Words that are looked at together: all that is made of them stays in a cache."""


def thinned(shape: Shape) -> Shape:
    """The skeleton of a shape (0 and 255), as connected as the shape was.

    A pass looks only beside words of which one of the last two passes took something: any other was looked at two
    passes ago, by the same rule and with the same neighbours.
    """
    field = _packed(shape)
    words, across = field.reshape(-1), field.shape[1]
    near = np.array([down + right for down in (-across, 0, across) for right in (-1, 0, 1)])
    look = before = np.flatnonzero(words)
    marked, turn = np.zeros(words.size, np.bool_), 0
    while look.size:
        taken = _take(words, look, across, turn)
        marked[np.concatenate((taken, before))[:, None] + near] = True
        look = np.flatnonzero(marked & (words > 0))
        marked.fill(False)
        before, turn = taken, 1 - turn
    kept = field.view(np.uint8)[1:-1, _BYTES:]
    return np.unpackbits(kept, axis=1, count=shape.shape[1], bitorder="little") * np.uint8(255)


def _packed(shape: Shape) -> Words:
    """A shape as rows of words, in a frame of empty ones."""
    bits = np.packbits(shape > 0, axis=1, bitorder="little")
    field = np.zeros((shape.shape[0] + 2, -(-shape.shape[1] // _BITS) + 2), np.uint64)
    field.view(np.uint8)[1:-1, _BYTES : _BYTES + bits.shape[1]] = bits
    return field


def _take(words: Words, look: Places, across: int, turn: int) -> Places:
    """Take away what one pass takes of the words at `look`; the places of those that changed."""
    parts = [look[start : start + _PART] for start in range(0, look.size, _PART)]
    gone = np.concatenate([_gone(words, part, across, turn) for part in parts])
    changed = gone > 0
    words[look[changed]] ^= gone[changed]
    return look[changed]


def _gone(words: Words, look: Places, across: int, turn: int) -> Words:
    """The pixels that a pass takes; the second one (`turn` 1) is the first one turned by half.

    A pixel goes where that breaks nothing (one run of neighbours), shortens no end (both counts of pairs at least 2)
    and does not eat from both sides at once.
    """
    north_west, north, north_east = _around(words, look - across)
    west, own, east = _around(words, look)
    south_west, south, south_east = _around(words, look + across)
    if turn:
        north_west, north, north_east, west, east, south_west, south, south_east = (
            south_east, south, south_west, east, west, north_east, north, north_west,
        )  # fmt: skip
    pairs = (east | north_east, north | north_west, west | south_west, south | south_east)
    others = (north_east | north, north_west | west, south_west | south, south_east | east)
    runs = (others[0] & ~east, others[1] & ~north, others[2] & ~west, others[3] & ~south)
    full = _all(pairs) & _all(others)
    kept = east & (north_east | north | ~south_east)
    return own & _one(runs) & _two(pairs) & _two(others) & ~(full | kept)


def _around(words: Words, places: Places) -> tuple[Words, Words, Words]:
    """For each pixel of the words at these places the one to its left, itself, and the one to its right."""
    own = words[places]
    left, right = words[places - 1] >> _LAST, words[places + 1] << _LAST
    return own << _ONE | left, own, own >> _ONE | right


def _all(sides: Sides) -> Words:
    a, b, c, d = sides
    return a & b & c & d


def _one(sides: Sides) -> Words:
    """Where exactly one is set: an odd number, and not three."""
    a, b, c, d = sides
    return (a ^ b ^ c ^ d) & ~(a & b | c & d)


def _two(sides: Sides) -> Words:
    """Where at least two are set."""
    a, b, c, d = sides
    either = (a | b) & (c | d)
    return either | a & b | c & d
