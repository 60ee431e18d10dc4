"""The part of a row that is searched, packed so that a million of them are read in a moment."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from catalog.row import Row, folded

Numbers = NDArray[np.int64]

PACKED = np.dtype([
    ("hashed", "?"), ("width", "<u2"), ("height", "<u2"), ("format", "<u4"), ("camera", "<u4"), ("labels", "<u4"),
    ("added", "<i8"), ("at", "<i8"), ("bytes", "<i8"), ("phash", "<u8"), ("name1", "<u8"), ("name2", "<u8"),
])  # fmt: skip
"""`format`, `camera`: codes of words, 0 for none. `labels`: how many codes of labels go with it.
`name1`, `name2`: the first 16 bytes of the folded name as numbers that sort alike."""
NAME_BYTES = 16
CODE = np.dtype("<u4")


def packed(row: Row, code: Callable[[str], int]) -> tuple[bytes, bytes]:
    """A row's facets and the codes of its labels, as bytes; `code` knows or makes a word's code."""
    labels = sorted({code(label) for label in row.labels})
    first, second = name_numbers(folded(row.name).encode())
    facets = np.array(
        (row.phash is not None, row.width, row.height, code(row.format), code(row.camera) if row.camera else 0,
         len(labels), row.added, row.at, row.bytes, int(row.phash or "0", 16), first, second),
        PACKED,
    )  # fmt: skip
    return facets.tobytes(), np.array(labels, CODE).tobytes()


def name_numbers(name: bytes, fill: bytes = b"\0") -> tuple[int, int]:
    """The first 16 bytes as two numbers; a shorter name is filled up."""
    start = name[:NAME_BYTES].ljust(NAME_BYTES, fill)
    return int.from_bytes(start[:8], "big"), int.from_bytes(start[8:], "big")
