"""From dark and light modules to text. Source: ISO/IEC 18004:2015, 7."""

import numpy as np
from numpy.typing import NDArray

from core.qr.errors import UnreadableError
from core.qr.reedsolomon import corrected
from core.qr.segments import read_segments
from core.qr.tables import BLOCKS, CORRECTION, LEVELS, data_order

Modules = NDArray[np.bool_]


def read_matrix(matrix: Modules) -> str:
    """The text of a square of modules, dark ones True; UnreadableError where it has none."""
    version = (matrix.shape[0] - 17) // 4
    level, mask = _format(matrix)
    rows, columns = data_order(version)
    bits = matrix[rows, columns] ^ _masked(mask, rows, columns)
    codewords = np.packbits(bits[: len(bits) // 8 * 8]).tolist()
    return read_segments(_data(codewords, version, level), version)


def _remainder(value: int, generator: int, bits: int) -> int:
    """The value with its BCH bits behind it."""
    rest = value
    for _ in range(bits):
        rest = rest << 1 ^ (generator if rest >> (bits - 1) & 1 else 0)
    return value << bits | rest


_FORMATS = np.array([_remainder(value, 0x537, 10) ^ 0x5412 for value in range(32)])


def _format(matrix: Modules) -> tuple[str, int]:
    """Error correction level and mask, from the better of the two copies (7.9)."""
    near = [*matrix[:6, 8], *matrix[7:9, 8], matrix[8, 7], *matrix[8, 5::-1]]
    far = [*matrix[8, :-9:-1], *matrix[-7:, 8]]
    seen = np.array([[sum(int(bit) << place for place, bit in enumerate(copy))] for copy in (near, far)])
    apart = np.bitwise_count(seen ^ _FORMATS)
    best = int(apart.min())
    if best > 3:
        raise UnreadableError
    value = int(np.argwhere(apart == best)[0, 1])
    return LEVELS[value >> 3], value & 7


def _masked(mask: int, y: NDArray[np.int64], x: NDArray[np.int64]) -> Modules:
    """Which modules the mask turns over (7.8.2)."""
    both = x * y
    return [
        (x + y) % 2, y % 2, x % 3, (x + y) % 3, (x // 3 + y // 2) % 2,
        both % 2 + both % 3, (both % 2 + both % 3) % 2, ((x + y) % 2 + both % 3) % 2,
    ][mask] == 0  # fmt: skip


def _data(codewords: list[int], version: int, level: str) -> bytes:
    """The data codewords: taken apart into blocks, each corrected (7.6)."""
    count, correction = BLOCKS[level][version - 1], CORRECTION[level][version - 1]
    short = len(codewords) // count - correction
    longer = len(codewords) % count
    sizes = [short + (index >= count - longer) for index in range(count)]
    blocks: list[list[int]] = [[] for _ in range(count)]
    stream = iter(codewords)
    for place in range(short + 1):
        for block, size in zip(blocks, sizes, strict=True):
            if place < size:
                block.append(next(stream))
    for _ in range(correction):
        for block in blocks:
            block.append(next(stream))
    return bytes(value for block in blocks for value in corrected(block, correction))
