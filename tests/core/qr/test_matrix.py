"""Modules to text: every version and level, damage, and segments by hand."""

import numpy as np
import pytest

from core.qr.errors import UnreadableError
from core.qr.matrix import read_matrix
from core.qr.reedsolomon import corrected
from core.qr.segments import read_segments
from core.qr.tables import BLOCKS, CORRECTION, alignment_places, data_order
from tests.core.qr.support import LEVELS, modules

CAPACITIES = {1: 26, 2: 44, 6: 172, 7: 196, 14: 581, 21: 1156, 32: 2465, 40: 3706}
"""Codewords by version: ISO/IEC 18004:2015, table 1."""


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("version", [1, 2, 6, 7, 9, 10, 13, 14, 20, 22, 26, 27, 32, 36, 40])
def test_every_version(version: int, level: str) -> None:
    text = "Hi" if version == 1 else f"äöü {version}{level}"
    assert read_matrix(modules(text, version, level)) == text


@pytest.mark.parametrize(("version", "count"), CAPACITIES.items())
def test_number_of_codewords(version: int, count: int) -> None:
    assert len(data_order(version)[0]) // 8 == count
    for level in LEVELS:
        assert count // BLOCKS[level][version - 1] > CORRECTION[level][version - 1]


@pytest.mark.parametrize(
    ("version", "places"),
    [(1, []), (2, [6, 18]), (7, [6, 22, 38]), (21, [6, 28, 50, 72, 94]), (32, [6, 34, 60, 86, 112, 138]),
     (40, [6, 30, 58, 86, 114, 142, 170])],
)  # fmt: skip
def test_alignment_places_of_annex_e(version: int, places: list[int]) -> None:
    assert alignment_places(version) == places


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("0123456789012345", "numeric"), ("7", "numeric"), ("42", "numeric"), ("007" * 60, "numeric"),
        ("AC-42", "alphanumeric"), ("HTTPS://EXAMPLE.ORG/$%*+-.:", "alphanumeric"), ("A", "alphanumeric"),
        ("lower case, a comma", "byte"), ("Grüße 你好", "eci"), ("x" * 1500, "byte"),
    ],
    ids=lambda value: value[:12],
)  # fmt: skip
def test_modes(text: str, mode: str) -> None:
    assert read_matrix(modules(text, mode=mode)) == text


@pytest.mark.parametrize(("level", "share"), [("L", 0.004), ("M", 0.009), ("Q", 0.018), ("H", 0.025)])
def test_damage_is_corrected(level: str, share: float) -> None:
    matrix = modules("what is written stays", 6, level)
    damage = np.random.default_rng(4).random(matrix.shape) < share
    damage[:9, :9] = False
    assert damage.any()
    assert read_matrix(matrix ^ damage) == "what is written stays"


def test_a_hole_in_the_middle_is_corrected() -> None:
    matrix = modules("a logo may lie here", 6, "H")
    matrix[16:25, 16:25] = True
    assert read_matrix(matrix) == "a logo may lie here"


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_unreadable(seed: int) -> None:
    for side in (21, 45, 177):
        with pytest.raises(UnreadableError):
            read_matrix(np.random.default_rng(seed).random((side, side)) < 0.5)


def remainder(data: list[int], count: int) -> list[int]:
    """Reed-Solomon codewords by long division, multiplying without tables."""

    def times(one: int, other: int) -> int:
        product = 0
        for bit in range(7, -1, -1):
            product = (product << 1) ^ (0x11D if product & 128 else 0) ^ (one if other >> bit & 1 else 0)
        return product

    generator, root = [1], 1
    for _ in range(count):
        generator = [a ^ times(b, root) for a, b in zip([*generator, 0], [0, *generator], strict=True)]
        root = times(root, 2)
    rest = [0] * count
    for value in data:
        factor = value ^ rest[0]
        rest = [a ^ times(factor, b) for a, b in zip([*rest[1:], 0], generator[1:], strict=True)]
    return rest


@pytest.mark.parametrize("count", [7, 10, 18, 30])
def test_reed_solomon_corrects_half_its_codewords_and_no_more(count: int) -> None:
    chance = np.random.default_rng(count)
    data = chance.integers(0, 256, 60).tolist()
    block = data + remainder(data, count)
    assert corrected(block, count) == data
    for wrong in (1, 2, count // 2):
        broken = list(block)
        for place in chance.choice(len(block), wrong, replace=False):
            broken[place] ^= int(chance.integers(1, 256))
        assert corrected(broken, count) == data
    broken = [value ^ 1 if place % 3 == 0 else value for place, value in enumerate(block)]
    with pytest.raises(UnreadableError):
        corrected(broken, count)


def packed(*fields: tuple[int, int]) -> bytes:
    text = "".join(f"{value:0{bits}b}" for value, bits in fields)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (packed((8, 4), (2, 8), (0x0D9F, 13), (0x1AAA, 13), (0, 4)), "点茗"),
        (packed((4, 4), (2, 8), (0xE9, 8), (0x21, 8), (0, 4)), "é!"),
        (packed((7, 4), (9, 8), (4, 4), (1, 8), (0xE1, 8), (0, 4)), "α"),
        (packed((7, 4), (0x8000 | 999, 16), (4, 4), (1, 8), (65, 8)), "A"),
        (packed((3, 4), (0x12, 16), (1, 4), (2, 10), (42, 7), (0, 4)), "42"),
        (packed((5, 4), (2, 4), (2, 9), (10 * 45 + 11, 11), (0, 4)), "AB"),
        (packed((1, 4), (1, 10), (5, 4), (4, 4), (1, 8), (66, 8)), "5B"),
        (b"", ""),
    ],
    ids=["kanji", "Latin-1 by custom", "ECI Greek", "unknown ECI", "structured append", "FNC1", "two", "nothing"],
)
def test_segments(data: bytes, text: str) -> None:
    assert read_segments(data, 1) == text


@pytest.mark.parametrize(
    "data",
    [packed((4, 4), (200, 8), (65, 8)), packed((6, 4), (0, 8)), packed((2, 4), (2, 9), (2047, 11))],
    ids=["cut short", "unknown mode", "no such letter"],
)
def test_wrong_segments(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_segments(data, 1)
