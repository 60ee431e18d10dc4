import io
import struct
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from core import codecs
from core.errors import DarkroomError
from tests.conftest import made_picture
from tests.core.codecs.support import (
    LIMITS,
    decibels,
    first,
    pillow_file,
    pillow_image,
    pillow_save,
    rgba,
    shown,
    written,
)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_modes(mode: str, compression: str) -> None:
    image = pillow_image(made_picture(3 if mode == "P" else 4)).convert(mode)
    file = pillow_save(image, "TIFF", compression=compression)
    got = first(file)
    assert got.shape[2] == codecs.probe(file, LIMITS).channels == {"1": 1, "L": 1, "RGBA": 4, "LA": 4}.get(mode, 3)
    assert decibels(rgba(got), np.asarray(image.convert("RGBA"))) >= 45


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("deep", [False, True], ids=["8-bit", "16-bit"])
def test_orientation_of_either_decoder(orientation: int, deep: bool) -> None:
    grey = made_picture(1)[:, :, 0]
    image = Image.fromarray(grey.astype(np.uint16) * 257 if deep else grey)
    file = pillow_save(image, "TIFF", tiffinfo={274: orientation})
    with Image.open(io.BytesIO(file)) as theirs:
        theirs.load()
        expected = np.asarray(theirs)
    expected = (expected // 257).astype(np.uint8) if deep else expected
    assert np.array_equal(first(file)[:, :, 0], expected)
    assert codecs.probe(file, LIMITS).size == tuple(reversed(expected.shape))


def test_written_alpha_is_declared_straight() -> None:
    with Image.open(io.BytesIO(written(made_picture(4), "tiff"))) as theirs:
        assert theirs.tag_v2[338] == (2,)
        assert np.array_equal(np.asarray(theirs), shown(made_picture(4)))


def _with_tag(file: bytes, tag: int, value: int) -> bytes:
    place = struct.unpack_from("<I", file, 4)[0] + 2
    for entry in range(place, place + 12 * 30, 12):
        if struct.unpack_from("<H", file, entry)[0] == tag:
            return file[: entry + 2] + struct.pack("<HII", 4, 1, value) + file[entry + 12 :]
    raise KeyError(tag)


VALUES = (0, 1, 7, 65535, 2**32 - 1)
READ, DAMAGED, LARGE, UNKNOWN = "read", "damaged_image", "too_many_pixels", "not_an_image"
TAGS = {  # what comes of each of the values; a picture may still be read where the tag says what is not so
    256: (DAMAGED, READ, READ, LARGE, LARGE),
    257: (DAMAGED, READ, READ, LARGE, LARGE),
    258: (UNKNOWN, READ, READ, UNKNOWN, UNKNOWN),
    259: (UNKNOWN, READ, DAMAGED, UNKNOWN, UNKNOWN),
    262: (READ, READ, UNKNOWN, UNKNOWN, UNKNOWN),
    273: (READ, READ, READ, DAMAGED, DAMAGED),
    277: (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
    278: (DAMAGED, READ, READ, READ, READ),
    279: (READ, READ, READ, READ, READ),
}


def _outcome(file: bytes) -> str:
    try:
        first(file)
    except DarkroomError as error:
        return error.code
    return READ


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("value", VALUES)
def test_lying_tags(tag: int, value: int) -> None:
    assert _outcome(_with_tag(pillow_file("TIFF"), tag, value)) == TAGS[tag][VALUES.index(value)]


LOOPS = {
    "no-directory": b"II*\0\0\0\0\0",
    "directory-in-the-header": b"II*\0\2\0\0\0" + bytes(100),
    "directory-behind-the-end": b"MM\0*\xff\xff\xff\xff",
    "next-is-itself": b"II*\0\x08\0\0\0" + struct.pack("<H", 0) + struct.pack("<I", 8),
    "huge-counts": b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 256, 3, 2**32 - 1, 8) + bytes(4),
    "many-entries": b"II*\0\x08\0\0\0\xff\xff" + bytes(2_000_000),
}


@pytest.mark.parametrize("file", LOOPS.values(), ids=LOOPS.keys())
def test_strange_directories(file: bytes) -> None:
    assert _outcome(file) == DAMAGED


def test_entries_that_each_claim_the_file() -> None:
    """A thousand times eight megabytes, were they copied."""
    body = b"".join(struct.pack("<HHII", tag, 1, 8_000_000, 0) for tag in range(40_000, 41_000))
    file = (b"II*\0\x08\0\0\0" + struct.pack("<H", 1000) + body + bytes(4)).ljust(8_000_000, b"\0")
    tracemalloc.start()
    with pytest.raises(DarkroomError):
        codecs.probe(file, LIMITS)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "I;16"])
def test_big_tiff(mode: str) -> None:
    grey = Image.fromarray(made_picture(1)[:, :, 0].astype(np.uint16) * 257)
    image = grey if mode == "I;16" else pillow_image(made_picture(4)).convert(mode)
    big, small = (pillow_save(image, "TIFF", big_tiff=big, tiffinfo={274: 6}) for big in (True, False))
    assert big[:4] == b"II+\0"
    assert np.array_equal(first(big), first(small))


@pytest.mark.parametrize("length", [4, 8, 15, 16, 24, 40])
def test_a_big_tiff_that_is_cut_short_is_damage(length: int) -> None:
    assert _outcome(pillow_file("TIFF", big_tiff=True)[:length]) == DAMAGED
