import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from core.codecs import png, png_data
from core.errors import DamagedImageError, TooMuchWorkError
from tests.conftest import made_picture
from tests.core.codecs.support import first, pillow_file

IEND = png._pack(b"IEND", b"")


def _file() -> bytes:
    return pillow_file("PNG")


@pytest.mark.parametrize("length", [2**20, 2**29, 2**31 - 1, 2**32 - 1])
@pytest.mark.parametrize("name", [b"tEXt", b"IDAT", b"iCCP"])
def test_a_chunk_that_claims_more_than_there_is(length: int, name: bytes, root: object) -> None:
    """OpenCV would make room for it."""
    for place in (33, len(_file()) - 12):
        file = _file()[:place] + struct.pack(">I4s", length, name) + _file()[place:]
        with pytest.raises(DamagedImageError):
            first(file)


def test_data_that_inflates_to_too_little() -> None:
    rows = zlib.decompress(b"".join(content for name, content in png.png_chunks(_file()) if name == b"IDAT"))
    short = _file()[:33] + png._pack(b"IDAT", zlib.compress(rows[: len(rows) // 2])) + IEND
    with pytest.raises(DamagedImageError):
        first(short)


def test_data_that_inflates_to_far_too_much() -> None:
    long = _file()[:33] + png._pack(b"IDAT", zlib.compress(bytes(100_000_000))) + IEND
    assert np.array_equal(first(long), np.zeros((64, 96, 3)))


def test_what_libpng_gets_is_no_longer_than_the_rows() -> None:
    """It would read a stream to its end, long after the last row."""
    long = _file()[:33] + png._pack(b"IDAT", zlib.compress(bytes(100_000_000))) + IEND
    given = b"".join(content for name, content in png.png_chunks(png._essential(long)) if name == b"IDAT")
    assert zlib.decompress(given) == bytes(64 * (1 + 96 * 3))


_KINDS = {
    f"{name}-{depth}": (color, depth)
    for name, color, depths in (
        ("grey", 0, (1, 2, 4, 8, 16)), ("rgb", 2, (8, 16)), ("palette", 3, (1, 2, 4, 8)), ("grey-alpha", 4, (8, 16)),
        ("rgba", 6, (8, 16)),
    )
    for depth in depths
}  # fmt: skip
_SIDES = {f"{wide}x{high}": (wide, high) for wide, high in ((1, 1), (2, 3), (5, 1), (1, 7), (3, 2), (17, 9), (8, 8))}


@pytest.mark.parametrize("kind", _KINDS.values(), ids=_KINDS)
@pytest.mark.parametrize("side", _SIDES.values(), ids=_SIDES)
@pytest.mark.parametrize("interlaced", [False, True], ids=["", "interlaced"])
def test_how_long_the_rows_are(side: tuple[int, int], kind: tuple[int, int], *, interlaced: bool) -> None:
    """libpng, which reads every stream of that length and none that is a byte shorter, is the reference."""
    color, depth = kind
    head = struct.pack(">II5B", *side, depth, color, 0, 0, interlaced)
    palette = png._pack(b"PLTE", bytes(6)) if color == 3 else b""
    length = png_data.length(head)

    def file(rows: int) -> np.ndarray | None:
        packed = png._pack(b"IDAT", zlib.compress(bytes(rows)))
        data = png.SIGNATURE + png._pack(b"IHDR", head) + palette + packed + IEND
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)

    assert file(length) is not None
    assert file(length - 1) is None


SPOILED = {
    "a-wrong-sum-of-the-data": lambda file: file[: file.index(b"IDAT") + 9] + b"~" + file[file.index(b"IDAT") + 10 :],
    "a-sum-of-zeros": lambda file: file[: file.index(b"IEND") - 8] + bytes(4) + file[file.index(b"IEND") - 4 :],
    "no-data": lambda file: file[:33] + IEND,
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_damaged_data(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(DamagedImageError):
        first(spoil(_file()))


TIDY = {
    "behind-the-end": lambda file: file + b"x" * 100,
    "unknown-chunks": lambda file: file[:33] + png._pack(b"abCd", b"x") + file[33:],
    "text-bomb": lambda file: file[:33] + png._pack(b"zTXt", b"k\0\0" + zlib.compress(bytes(10**7))) + file[33:],
    "wrong-sum-beside-the-picture": lambda file: file[:33] + png._pack(b"tEXt", b"a\0b")[:-4] + b"oops" + file[33:],
    "one-frame-of-an-animation": lambda file: file[:33] + png._pack(b"acTL", struct.pack(">II", 1, 0)) + file[33:],
    "animation-said-too-late": lambda file: file[:-12] + png._pack(b"acTL", struct.pack(">II", 9, 0)) + IEND,
}


@pytest.mark.parametrize("spoil", TIDY.values(), ids=TIDY.keys())
def test_what_lies_beside_the_picture(spoil: object) -> None:
    assert callable(spoil)
    assert np.array_equal(first(spoil(_file())), made_picture(3))


def test_an_animation_that_lacks_frames() -> None:
    file = _file()[:33] + png._pack(b"acTL", struct.pack(">II", 5, 0)) + _file()[33:]
    with pytest.raises(DamagedImageError):
        first(file)


def test_many_chunks_take_no_time() -> None:
    many = _file()[:33] + png._pack(b"abCd", b"") * 200_000 + _file()[33:]
    with pytest.raises(TooMuchWorkError):
        first(many)
