"""Reading .cube colour tables.

Source: Adobe, "Cube LUT Specification", version 1.0, 2013. The words `LUT_1D_INPUT_RANGE` and `LUT_3D_INPUT_RANGE`
are DaVinci Resolve's.
"""

import io
from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float32]

MOST_BYTES = 16 * 1024 * 1024
_SIZES = {"LUT_1D_SIZE": (2, 65536), "LUT_3D_SIZE": (2, 65)}
_RANGES = {"LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE"}
_WORDS = {"TITLE", "DOMAIN_MIN", "DOMAIN_MAX", *_SIZES, *_RANGES}


class CubeError(ValueError):
    """The bytes are no .cube table we read; the text says why."""


def read_cube(data: bytes) -> Table:
    """The table over inputs from 0 to 1; its last axis is red, green, blue, 0 to 1 (beyond is allowed).

    1D: shape (256, 3), one row for each 8-bit input. 3D: shape (n, n, n, 3), indexed by blue, green, red; n ≤ 65.
    """
    if len(data) > MOST_BYTES:
        raise CubeError(f"more than {MOST_BYTES // 2**20} MiB")
    lines = _lines(data)
    head, first = _head(lines)
    size, lattice = _size(head)
    values = _values(first, lines, size**3 if lattice else size)
    if lattice:
        return _lattice(values.reshape(size, size, size, 3), *_domain(head))
    return _curves(values, *_domain(head))


def _lines(data: bytes) -> Iterator[str]:
    """Lines that say something."""
    for line in io.BytesIO(data.removeprefix(b"\xef\xbb\xbf")):
        text = line.decode("ascii", "replace").strip()
        if text and not text.startswith("#"):
            yield text


def _head(lines: Iterator[str]) -> tuple[dict[str, list[str]], str]:
    """The words before the table with what follows each, and the first line of the table."""
    head: dict[str, list[str]] = {}
    for line in lines:
        word, *rest = line.split()
        if not word[0].isalpha():
            return head, line
        if word in head or word not in _WORDS:
            raise CubeError(f"the word {word[:24]} is unknown or comes twice")
        head[word] = rest
    raise CubeError("no table")


def _size(head: dict[str, list[str]]) -> tuple[int, bool]:
    """The side of the table, and whether it is a lattice."""
    words = [word for word in _SIZES if word in head]
    if len(words) != 1:
        raise CubeError("needs either LUT_1D_SIZE or LUT_3D_SIZE")
    low, high = _SIZES[words[0]]
    text = " ".join(head[words[0]])
    if not (text.isascii() and text.isdigit() and len(text) < 9 and low <= int(text) <= high):
        raise CubeError(f"{words[0]} must be from {low} to {high}")
    return int(text), words[0] == "LUT_3D_SIZE"


def _numbers(rows: list[str], columns: int) -> NDArray[np.float64]:
    """Rows of finite numbers, `columns` of them in each."""
    try:
        values = np.loadtxt(rows, np.float64, comments=None, ndmin=2)
    except ValueError:
        raise CubeError("a row is not a list of numbers") from None
    if values.shape[1] != columns or not np.isfinite(values).all() or np.abs(values).max() > 1e6:
        raise CubeError(f"a row is not {columns} finite numbers")
    return values


def _values(first: str, lines: Iterator[str], count: int) -> NDArray[np.float64]:
    rows = [first, *islice(lines, count)]
    if len(rows) != count:
        raise CubeError(f"the table must have {count} rows")
    return _numbers(rows, 3)


def _domain(head: dict[str, list[str]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the first and the last entry stand for, for red, green and blue."""
    edges = [" ".join(head[word]) or "-" for word in _RANGES & head.keys()]
    low, high = _numbers(edges, 2)[0] if edges else (0.0, 1.0)
    low = _numbers([" ".join(head.get("DOMAIN_MIN", [str(low)] * 3)) or "-"], 3)[0]
    high = _numbers([" ".join(head.get("DOMAIN_MAX", [str(high)] * 3)) or "-"], 3)[0]
    if not (high - low > 1e-6).all():
        raise CubeError("the upper end of the domain must lie above its lower end")
    return low, high


def _curves(values: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> Table:
    inputs = np.arange(256) / 255
    places = [np.linspace(low[channel], high[channel], len(values)) for channel in range(3)]
    columns = [np.interp(inputs, places[channel], values[:, channel]) for channel in range(3)]
    return np.stack(columns, axis=1).astype(np.float32)


def _lattice(values: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> Table:
    """The lattice itself, or, where its domain is not 0 to 1, one of 65 points a side that is."""
    if (low != 0).any() or (high != 1).any():
        for axis, channel in enumerate((2, 1, 0)):
            values = _resampled(values, axis, low[channel], high[channel])
    return values.astype(np.float32)


def _resampled(values: NDArray[np.float64], axis: int, low: float, high: float) -> NDArray[np.float64]:
    last = values.shape[axis] - 1
    places = np.clip((np.linspace(0, 1, 65) - low) / (high - low) * last, 0, last)
    below = np.minimum(places.astype(int), last - 1)
    share = (places - below).reshape([-1 if at == axis else 1 for at in range(4)])
    return np.take(values, below, axis) * (1 - share) + np.take(values, below + 1, axis) * share
