import numpy as np
import pytest

from core.errors import DarkroomError
from tests.core.codecs.support import first

GOOD = {
    "P1": (b"P1\n# made\n3 2\n1 0 1\n0 1 0\n", [[0, 255, 0], [255, 0, 255]]),
    "P1-without-spaces": (b"P1 3 2 101010", [[0, 255, 0], [255, 0, 255]]),
    "P2": (b"P2\n3 1\n15\n0 15 5\n", [[0, 255, 85]]),
    "P2-comment-inside": (b"P2 3 1 15 0 # zero\n15 5\n", [[0, 255, 85]]),
    "P3": (b"P3 1 1 255\n10 20 30\n", [[[30, 20, 10]]]),
    "P4": (b"P4\n10 1\n\xaa\x80", [[0, 255, 0, 255, 0, 255, 0, 255, 0, 255]]),
    "P5": (b"P5\n2 2\n255\n\0\1\2\3", [[0, 1], [2, 3]]),
    "P5-maximum-100": (b"P5\n2 1\n100\n\x32\x64", [[128, 255]]),
    "P5-16-bit": (b"P5\n2 1\n65535\n\xff\xff\x01\x01", [[255, 1]]),
    "P5-12-bit": (b"P5\n2 1\n4095\n\x0f\xff\x00\x10", [[255, 1]]),
    "P5-above-the-maximum": (b"P5\n1 1\n100\n\xff", [[255]]),
    "P6": (b"P6 2 1 255\n\1\2\3\4\5\6", [[[3, 2, 1], [6, 5, 4]]]),
    "P6-comments": (b"P6# a\n2 # b\n1\n# c\n255\n\1\2\3\4\5\6", [[[3, 2, 1], [6, 5, 4]]]),
    "P6-trailing": (b"P6 1 1 255\n\1\2\3and more", [[[3, 2, 1]]]),
    "P7-grey": (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n\7", [[7]]),
    "P7-bits": (b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n\0\1", [[0, 255]]),
    "P7-grey-alpha": (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 2\nMAXVAL 255\nENDHDR\n\7\x09", [[[7, 7, 7, 9]]]),
    "P7-rgba": (b"P7\n# x\nHEIGHT 1\nWIDTH 1\nMAXVAL 255\nDEPTH 4\nENDHDR\n\1\2\3\4", [[[3, 2, 1, 4]]]),
    "P7-indented": (b"P7\n  WIDTH 1\n\tHEIGHT 1\nDEPTH 1\n\nMAXVAL 255\n ENDHDR\n\7", [[7]]),
    "P7-carriage-returns": (b"P7\r\nWIDTH 1\r\nHEIGHT 1\r\nDEPTH 1\r\nMAXVAL 255\r\nENDHDR\r\n\7", [[7]]),
    "P7-end-in-a-comment": (b"P7\n# ENDHDR\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\n\7", [[7]]),
    "P7-end-in-a-name": (b"P7\nTUPLTYPE ENDHDR\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\n\7", [[7]]),
}


@pytest.mark.parametrize(("file", "expected"), GOOD.values(), ids=GOOD.keys())
def test_read(file: bytes, expected: list[list[int]]) -> None:
    wanted = np.array(expected, np.uint8)
    assert np.array_equal(first(file), wanted if wanted.ndim == 3 else wanted[:, :, None])


BAD = {
    "no-size": b"P6\n",
    "words": b"P2 3 1 15 one two three",
    "maximum-0": b"P5 1 1 0\n\0",
    "maximum-70000": b"P5 1 1 70000\n\0\0",
    "negative": b"P5 -1 1 255\n\0",
    "long-number": b"P5 " + b"9" * 5000 + b" 1 255\n",
    "short": b"P6 2 2 255\n\0\0\0",
    "short-text": b"P3 2 2 255\n1 2 3",
    "short-bits": b"P4 64 64\n\0",
    "depth-9": b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 9\nMAXVAL 255\nENDHDR\n\7",
    "no-depth": b"P7\nWIDTH 1\nHEIGHT 1\nMAXVAL 255\nENDHDR\n\7",
    "endless-header": b"P7\n" + b"# x\n" * 100_000,
    "endless-comment": b"P6 #" + b"x" * 100_000,
    "huge": b"P6 999999999 999999999 255\n",
}
CODES = {"depth-9": "not_an_image", "huge": "too_many_pixels"}
"""Those that are not damaged."""


@pytest.mark.parametrize("name", BAD)
def test_refused(name: str) -> None:
    with pytest.raises(DarkroomError) as refused:
        first(BAD[name])
    assert refused.value.code == CODES.get(name, "damaged_image")


def test_a_huge_number_in_text_is_as_bright_as_can_be() -> None:
    assert first(b"P2 1 1 255 " + b"9" * 400).tolist() == [[[255]]]
